//! Sets, maps and verdict maps, and how an element is found in them (net/netfilter/nft_set_*.c).
//!
//! A map of kube-proxy's has an element for each of thousands of Services, so elements are not compared one by one.

use std::collections::HashMap;
use std::fmt;
use std::sync::OnceLock;

use super::datatype::Datatype;
use super::statement::{Statement, Verdict};

/// Values from the first to the last; a single value has both alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Interval {
    /// The first.
    pub first: u128,
    /// The last, which belongs to it.
    pub last: u128,
}

/// What is known of a value that is looked up: that it lies between these.
pub type Known = Interval;

impl Interval {
    /// One value.
    pub fn single(value: u128) -> Self {
        Self {
            first: value,
            last: value,
        }
    }

    /// The values of `bits` bits which begin with the first `length` bits of `value`.
    pub fn prefix(value: u128, length: u32, bits: u32) -> Self {
        let host = low_bits(bits.saturating_sub(length));
        Self {
            first: value & !host,
            last: value | host,
        }
    }

    /// The one value that it is.
    pub fn value(self) -> Option<u128> {
        (self.first == self.last).then_some(self.first)
    }

    /// Whether all of another lies in it.
    pub fn contains(self, other: Self) -> bool {
        self.first <= other.first && other.last <= self.last
    }

    /// Whether they have a value in common.
    pub fn meets(self, other: Self) -> bool {
        self.first <= other.last && other.first <= self.last
    }

    /// The length of the prefix that it is, in values of `bits` bits.
    pub fn prefix_length(self, bits: u32) -> Option<u32> {
        let host = self.last ^ self.first;
        let is_prefix = host & host.wrapping_add(1) == 0 && self.first & host == 0;
        is_prefix.then(|| bits.saturating_sub(host.count_ones()))
    }
}

fn low_bits(count: u32) -> u128 {
    u128::MAX.checked_shr(128 - count.min(128)).unwrap_or(0)
}

/// A set of a table, or one that is written out in a rule.
#[derive(Debug, Clone, PartialEq)]
pub struct Set {
    /// Its name; empty where it is written out in a rule.
    pub name: Box<str>,
    /// The kernel's number for it.
    pub handle: Option<u64>,
    /// Types of the key's parts.
    pub key: Vec<Datatype>,
    /// What a map has for a key.
    pub data: Option<DataTypes>,
    /// `interval`, `timeout`, `dynamic`, `constant`.
    pub flags: Vec<Box<str>>,
    /// Seconds that an element stays.
    pub timeout: Option<u64>,
    /// Most elements.
    pub size: Option<u64>,
    /// What somebody wrote of it.
    pub comment: Option<Box<str>>,
    /// Elements of it were lost or not understood: what is not found may still be there.
    pub incomplete: bool,
    /// In the order of the dump.
    pub elements: Vec<Element>,
    /// How an element is found.
    pub(super) index: Lazy,
}

/// What a map maps to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DataTypes {
    /// Verdicts.
    Verdicts,
    /// Values of these types.
    Values(Vec<Datatype>),
    /// Names of counters, quotas, ...
    Objects(Box<str>),
}

/// An element.
#[derive(Debug, Clone, PartialEq)]
pub struct Element {
    /// An interval for each part of the key; none for `*`, which stands for whatever else.
    pub key: Vec<Interval>,
    /// What a map has for it.
    pub data: Option<Data>,
    /// What somebody wrote of it.
    pub comment: Option<Box<str>>,
    /// Seconds that it stays.
    pub timeout: Option<u64>,
    /// Seconds that it stays from the moment of reading on.
    pub expires: Option<u64>,
    /// Its own counters and limits.
    pub statements: Vec<Statement>,
}

/// What a map has for a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Data {
    /// A verdict.
    Verdict(Verdict),
    /// A value or interval for each part.
    Values(Vec<Interval>),
    /// The name of an object.
    Object(Box<str>),
}

/// A set that a rule looks into.
#[derive(Debug, Clone, PartialEq)]
pub enum SetRef {
    /// One of the table's.
    Named(Box<str>),
    /// Written out in the rule.
    Anonymous(Box<Set>),
}

/// What was found in a set.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Found<'s> {
    /// This element.
    Element(&'s Element),
    /// None.
    Nothing,
    /// That depends on what is not known of the key.
    Doubtful,
}

/// An index which is made when it is first needed. Two sets are alike whether or not they have made theirs.
#[derive(Clone, Default)]
pub(super) struct Lazy(OnceLock<Index>);

impl fmt::Debug for Lazy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Index")
    }
}

impl PartialEq for Lazy {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

#[derive(Debug, Clone)]
enum Index {
    /// Keys of one part: elements by their first value. They do not overlap.
    Sorted(Vec<u32>),
    /// Keys of several parts: elements by the bits that all of their parts' prefixes fix, for each way to fix bits.
    Masked(Vec<Masked>),
}

#[derive(Debug, Clone)]
struct Masked {
    masks: Vec<u128>,
    elements: HashMap<Vec<u128>, Vec<u32>>,
}

impl Index {
    fn of(elements: &[Element]) -> Self {
        let numbered = || {
            (0u32..)
                .zip(elements)
                .filter(|(_, element)| !element.key.is_empty())
        };
        if numbered().all(|(_, element)| element.key.len() == 1) {
            let mut sorted: Vec<u32> = numbered().map(|(at, _)| at).collect();
            sorted.sort_by_key(|at| elements[*at as usize].key[0].first);
            return Self::Sorted(sorted);
        }
        let mut kinds: Vec<Masked> = Vec::new();
        let mut known: HashMap<Vec<u128>, usize> = HashMap::new();
        for (at, element) in numbered() {
            let masks: Vec<u128> = element.key.iter().map(|part| mask(*part)).collect();
            let fixed = element.key.iter().zip(&masks);
            let fixed: Vec<u128> = fixed.map(|(part, mask)| part.first & mask).collect();
            let kind = *known.entry(masks.clone()).or_insert_with(|| {
                kinds.push(Masked {
                    masks,
                    elements: HashMap::new(),
                });
                kinds.len() - 1
            });
            kinds[kind].elements.entry(fixed).or_default().push(at);
        }
        Self::Masked(kinds)
    }
}

/// The bits that all values of an interval have in common, where it is a prefix; none where it is not.
fn mask(part: Interval) -> u128 {
    match part.prefix_length(128) {
        Some(_) => !(part.first ^ part.last),
        None => 0,
    }
}

impl Set {
    /// A set that is written out in a rule.
    pub fn anonymous(key: Vec<Datatype>, data: Option<DataTypes>, elements: Vec<Element>) -> Self {
        Self {
            name: "".into(),
            handle: None,
            key,
            data,
            flags: Vec::new(),
            timeout: None,
            size: None,
            comment: None,
            incomplete: false,
            elements,
            index: Lazy::default(),
        }
    }

    /// Whether it has that flag.
    pub fn has_flag(&self, flag: &str) -> bool {
        self.flags.iter().any(|has| &**has == flag)
    }

    /// The element for a key.
    pub fn find(&self, key: &[Known]) -> Found<'_> {
        let exact = key.iter().all(|part| part.first == part.last);
        let found = match exact {
            true => self.exactly(key).map_or(Found::Nothing, Found::Element),
            false => self.roughly(key),
        };
        if found != Found::Nothing {
            return found;
        }
        match self.elements.iter().find(|element| element.key.is_empty()) {
            Some(any) => Found::Element(any),
            None => Found::Nothing,
        }
    }

    /// Elements which have one of these values, by their order; their keys have one part.
    pub fn within(&self, values: Interval) -> Vec<&Element> {
        let sorted = self.index.0.get_or_init(|| Index::of(&self.elements));
        let Index::Sorted(sorted) = sorted else {
            return Vec::new();
        };
        let element = |at: &u32| &self.elements[*at as usize];
        let begin = sorted.partition_point(|at| element(at).key[0].last < values.first);
        sorted[begin..]
            .iter()
            .map(element)
            .take_while(|element| element.key[0].first <= values.last)
            .collect()
    }

    fn exactly(&self, key: &[Known]) -> Option<&Element> {
        let is_it = |element: &&Element| {
            element.key.len() == key.len()
                && element
                    .key
                    .iter()
                    .zip(key)
                    .all(|(part, known)| part.contains(*known))
        };
        match self.index.0.get_or_init(|| Index::of(&self.elements)) {
            Index::Sorted(_) => match key {
                [one] => self.within(*one).into_iter().find(is_it),
                _ => None,
            },
            Index::Masked(kinds) => kinds.iter().find_map(|kind| {
                let fixed = key.iter().zip(&kind.masks);
                let fixed: Vec<u128> = fixed.map(|(part, mask)| part.first & mask).collect();
                let candidates = kind.elements.get(&fixed)?;
                candidates
                    .iter()
                    .map(|at| &self.elements[*at as usize])
                    .find(is_it)
            }),
        }
    }

    /// The element for a key of which not all is known.
    fn roughly(&self, key: &[Known]) -> Found<'_> {
        let fits = |holds: fn(Interval, Interval) -> bool| {
            self.elements.iter().find(|element| {
                element.key.len() == key.len()
                    && element
                        .key
                        .iter()
                        .zip(key)
                        .all(|(part, known)| holds(*part, *known))
            })
        };
        match fits(Interval::contains) {
            Some(element) => Found::Element(element),
            None if fits(Interval::meets).is_some() => Found::Doubtful,
            None => Found::Nothing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn element(key: &[(u128, u128)], number: u128) -> Element {
        let key = key.iter().map(|&(first, last)| Interval { first, last });
        Element {
            key: key.collect(),
            data: Some(Data::Values(vec![Interval::single(number)])),
            comment: None,
            timeout: None,
            expires: None,
            statements: Vec::new(),
        }
    }

    fn number(found: Found<'_>) -> Option<u128> {
        match found {
            Found::Element(element) => match &element.data {
                Some(Data::Values(values)) => values[0].value(),
                _ => None,
            },
            _ => None,
        }
    }

    /// Every key of a small space, asked of the index and of a search through all elements.
    #[test]
    fn finds_what_a_search_through_all_elements_finds() {
        let single: Vec<Element> = [(0, 0), (3, 5), (8, 11), (7, 7), (13, 14)]
            .iter()
            .zip(0..)
            .map(|(key, number)| element(&[*key], number))
            .collect();
        let double: Vec<Element> = [
            [(0, 3), (1, 1)],
            [(4, 7), (1, 1)],
            [(2, 2), (2, 6)],
            [(5, 9), (3, 3)],
            [(8, 8), (8, 8)],
        ]
        .iter()
        .zip(0..)
        .map(|(key, number)| element(key, number))
        .collect();
        for elements in [single, double] {
            let parts = elements[0].key.len();
            let set = Set::anonymous(vec![Datatype::Integer; parts], None, elements);
            for a in 0..16 {
                for b in 0..16 {
                    let key: Vec<Interval> = [a, b][..parts]
                        .iter()
                        .map(|v| Interval::single(*v))
                        .collect();
                    let all = set.elements.iter().find(|element| {
                        element
                            .key
                            .iter()
                            .zip(&key)
                            .all(|(part, known)| part.contains(*known))
                    });
                    assert_eq!(
                        number(set.find(&key)),
                        all.and_then(|element| number(Found::Element(element))),
                        "{key:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn what_is_known_in_part_is_found_only_where_it_makes_no_difference() {
        let set = Set::anonymous(
            vec![Datatype::Service],
            None,
            vec![element(&[(1024, 65535)], 1), element(&[(80, 80)], 2)],
        );
        let ask = |first, last| set.find(&[Interval { first, last }]);
        assert_eq!(number(ask(32768, 60999)), Some(1));
        assert_eq!(ask(1, 79), Found::Nothing);
        assert_eq!(ask(1, 80), Found::Doubtful);
    }

    #[test]
    fn whatever_else_is_an_element_too() {
        let set = Set::anonymous(
            vec![Datatype::Service],
            None,
            vec![element(&[], 9), element(&[(80, 80)], 2)],
        );
        assert_eq!(number(set.find(&[Interval::single(80)])), Some(2));
        assert_eq!(number(set.find(&[Interval::single(81)])), Some(9));
    }

    #[test]
    fn prefixes_are_intervals() {
        let ten = Interval::prefix(0x0a01_0203, 8, 32);
        assert_eq!((ten.first, ten.last), (0x0a00_0000, 0x0aff_ffff));
        assert_eq!(ten.prefix_length(32), Some(8));
        assert_eq!(Interval { first: 1, last: 2 }.prefix_length(32), None);
        assert_eq!(Interval::prefix(5, 0, 128).last, u128::MAX);
        assert_eq!(Interval::prefix(5, 0, 128).prefix_length(128), Some(0));
    }
}
