//! Looking a key up in a set or map (net/netfilter/nft_lookup.c), and elements that rules put in (nft_dynset.c).

use super::chain::Meeting;
use super::value::Value;
use crate::model::NetnsId;
use crate::model::nftables::{
    DynamicUpdate, Element, Expression, Found, Interval, Set, SetRef, TableFamily, UpdateKind,
};
use crate::walk::explore::Question;
use crate::walk::walker::Walk;

/// What a set has for a key.
pub(super) enum LookedUp<'c> {
    /// This element.
    Found(&'c Element, &'c Set),
    /// None.
    Nothing,
    /// Why that is not known.
    Unknown(String),
}

/// An element that a rule of this walk put into a set, or took out.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::walk) struct ChangedElement {
    netns: NetnsId,
    table: (TableFamily, Box<str>),
    set: Box<str>,
    key: Vec<Interval>,
    /// Whether it is in now; `None` where that is not known.
    present: Option<bool>,
}

/// Whether a key is in a set, by itself or by chance.
pub(super) enum Membership {
    Yes,
    No,
    Chance(f64),
    Unknown(String),
}

impl<'c> Walk<'c> {
    /// The set of that name, or written out; why it cannot be asked.
    fn set_of(&self, meeting: &Meeting<'_, '_, 'c>, set: &'c SetRef) -> Result<&'c Set, String> {
        match set {
            SetRef::Anonymous(set) => Ok(set),
            SetRef::Named(name) => meeting
                .base
                .table
                .set(name)
                .ok_or_else(|| format!("the set {name} was not read")),
        }
    }

    /// The element for the value of an expression. Where dice decide, they are thrown.
    pub(super) fn find_element(
        &mut self,
        meeting: &mut Meeting<'_, '_, 'c>,
        key: &'c Expression,
        set: &'c SetRef,
    ) -> LookedUp<'c> {
        let values = self.values(meeting, key);
        let set = match self.set_of(meeting, set) {
            Ok(set) => set,
            Err(why) => return LookedUp::Unknown(why),
        };
        if values.contains(&Value::Missing) {
            return LookedUp::Nothing;
        }
        if let [Value::Dice(range, how)] = values.as_slice() {
            return self.throw(meeting, set, *range, how);
        }
        let (known, why) = known(&values);
        if let Some(found) = self.changed(meeting, set, &known) {
            return found;
        }
        match set.find(&known) {
            Found::Element(element) => {
                meeting.comment = element.comment.as_deref().or(meeting.comment);
                LookedUp::Found(element, set)
            }
            Found::Doubtful => LookedUp::Unknown(why.unwrap_or_else(|| {
                format!("which element of {} is meant is not known", name(set))
            })),
            Found::Nothing if set.incomplete => {
                LookedUp::Unknown(format!("elements of {} were lost", name(set)))
            }
            Found::Nothing => LookedUp::Nothing,
        }
    }

    /// Whether the values are in a set.
    pub(super) fn is_in(
        &mut self,
        meeting: &Meeting<'_, '_, 'c>,
        values: &[Value],
        set: &'c SetRef,
    ) -> Membership {
        let set = match self.set_of(meeting, set) {
            Ok(set) => set,
            Err(why) => return Membership::Unknown(why),
        };
        if let [Value::Dice(range, _)] = values {
            let all = range.last - range.first + 1;
            let inside: u128 = shares(set, *range).iter().map(|(_, count)| count).sum();
            return Membership::Chance(inside as f64 / all as f64);
        }
        let (known, why) = known(values);
        match self.changed(meeting, set, &known) {
            Some(LookedUp::Found(..)) => return Membership::Yes,
            Some(LookedUp::Nothing) => return Membership::No,
            Some(LookedUp::Unknown(why)) => return Membership::Unknown(why),
            None => {}
        }
        match set.find(&known) {
            Found::Element(_) => Membership::Yes,
            Found::Doubtful => Membership::Unknown(
                why.unwrap_or_else(|| format!("whether it is in {} is not known", name(set))),
            ),
            Found::Nothing if set.incomplete => {
                Membership::Unknown(format!("elements of {} were lost", name(set)))
            }
            Found::Nothing => Membership::No,
        }
    }

    /// Takes one of the elements that the dice may show.
    fn throw(
        &mut self,
        meeting: &mut Meeting<'_, '_, 'c>,
        set: &'c Set,
        range: Interval,
        how: &str,
    ) -> LookedUp<'c> {
        let all = range.last - range.first + 1;
        let mut options = shares(set, range);
        let taken: u128 = options.iter().map(|(_, count)| count).sum();
        if taken < all {
            // An element for whatever else, or none.
            options.retain(|(element, _)| element.is_some());
            let any = set.elements.iter().find(|element| element.key.is_empty());
            options.push((any, all - taken));
        }
        let share = |count: u128| count as f64 / all as f64;
        let chosen = match options.as_slice() {
            [_] => 0,
            options => {
                self.write_native_path(meeting);
                let shares = options.iter().map(|(_, count)| share(*count)).collect();
                self.choices.choose(Question::Balance(shares))
            }
        };
        let Some(&(element, count)) = options.get(chosen) else {
            return LookedUp::Unknown("which number is thrown is not known".to_owned());
        };
        if options.len() > 1 {
            let gets = match element {
                Some(element) => set.print(element),
                None => "no element".to_owned(),
            };
            let gets = gets
                .split_once(" : ")
                .map_or(gets.as_str(), |(_, data)| data);
            self.note_balance(meeting, share(count), how, gets);
        }
        match element {
            Some(element) => LookedUp::Found(element, set),
            None => LookedUp::Nothing,
        }
    }

    /// What rules of this walk did to the element of that key.
    fn changed(
        &self,
        meeting: &Meeting<'_, '_, 'c>,
        set: &'c Set,
        key: &[Interval],
    ) -> Option<LookedUp<'c>> {
        let table = &meeting.base.table;
        let change = self.lists.nftables.iter().rev().find(|change| {
            change.netns == meeting.place.netns
                && change.table.0 == table.family
                && change.table.1 == table.name
                && change.set == set.name
                && change
                    .key
                    .iter()
                    .zip(key)
                    .all(|(one, other)| one.meets(*other))
        })?;
        let exact = change.key == key && key.iter().all(|part| part.value().is_some());
        match (change.present, exact) {
            (Some(false), true) => Some(LookedUp::Nothing),
            // The element that is there now has what the one before had, if there was one.
            (Some(true), true) => Some(match set.find(key) {
                Found::Element(element) => LookedUp::Found(element, set),
                _ if set.data.is_none() => LookedUp::Found(NEW_ELEMENT, set),
                _ => LookedUp::Unknown(format!("a rule before put it into {}", name(set))),
            }),
            _ => Some(LookedUp::Unknown(format!(
                "whether it is in {} depends on a rule before",
                name(set)
            ))),
        }
    }

    /// `add @set { ... }`: remembers the element. Tells what is in now, or why nothing is.
    pub(super) fn update(
        &mut self,
        meeting: &mut Meeting<'_, '_, 'c>,
        update: &'c DynamicUpdate,
    ) -> Option<Vec<Interval>> {
        let values = self.values(meeting, &update.key);
        if values.contains(&Value::Missing) {
            return None;
        }
        let (key, _) = known(&values);
        let exact = key.iter().all(|part| part.value().is_some());
        let table = meeting.base.table;
        self.lists.nftables.push(ChangedElement {
            netns: meeting.place.netns,
            table: (table.family, table.name.clone()),
            set: update.set.clone(),
            key: key.clone(),
            present: exact.then_some(update.kind != UpdateKind::Delete),
        });
        Some(key)
    }
}

/// An element that says no more than that it is there.
const NEW_ELEMENT: &Element = &Element {
    key: Vec::new(),
    data: None,
    comment: None,
    timeout: None,
    expires: None,
    statements: Vec::new(),
};

/// How many of the numbers each element has, by the order of the numbers.
fn shares(set: &Set, range: Interval) -> Vec<(Option<&Element>, u128)> {
    set.within(range)
        .into_iter()
        .filter_map(|element| {
            let part = element.key.first()?;
            let (first, last) = (part.first.max(range.first), part.last.min(range.last));
            Some((Some(element), last - first + 1))
        })
        .collect()
}

/// What is known of the values, and why that is not all.
fn known(values: &[Value]) -> (Vec<Interval>, Option<String>) {
    let mut why = None;
    let known = values
        .iter()
        .map(|value| match value {
            Value::Within(known) => {
                if known.value().is_none() && why.is_none() {
                    why = Some("the source port is not known".to_owned());
                }
                *known
            }
            Value::Dice(range, _) => *range,
            Value::Unknown(reason) => {
                why = Some(reason.clone());
                Interval {
                    first: 0,
                    last: u128::MAX,
                }
            }
            Value::Missing => Interval::single(0),
        })
        .collect();
    (known, why)
}

fn name(set: &Set) -> String {
    match &*set.name {
        "" => "the rule's set".to_owned(),
        name => format!("the set {name}"),
    }
}
