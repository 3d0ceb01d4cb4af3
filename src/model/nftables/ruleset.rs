//! Tables, chains and rules.

use std::collections::BTreeMap;

use super::datatype::Datatype;
use super::set::{DataTypes, Set};
use super::statement::Statement;

/// What a namespace holds of native nftables.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Ruleset {
    /// Where it was read: a file, or the tool that printed it.
    pub origin: String,
    /// In the order of the dump, which is that of their making.
    pub tables: Vec<Table>,
}

/// The address family of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TableFamily {
    /// IPv4 and IPv6.
    Inet,
    /// IPv4.
    Ip,
    /// IPv6.
    Ip6,
    /// ARP.
    Arp,
    /// Frames on bridges.
    Bridge,
    /// Packets at a device.
    Netdev,
}

impl TableFamily {
    /// Families by name.
    pub const NAMES: [(&'static str, Self); 6] = [
        ("inet", Self::Inet),
        ("ip", Self::Ip),
        ("ip6", Self::Ip6),
        ("arp", Self::Arp),
        ("bridge", Self::Bridge),
        ("netdev", Self::Netdev),
    ];

    /// The family of that name.
    pub fn named(name: &str) -> Option<Self> {
        let found = Self::NAMES.iter().find(|(known, _)| *known == name);
        found.map(|(_, family)| *family)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        let found = Self::NAMES.iter().find(|(_, known)| *known == self);
        found.map_or("", |(name, _)| name)
    }
}

/// A table.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// What its chains see.
    pub family: TableFamily,
    /// Its name.
    pub name: Box<str>,
    /// The kernel's number for it.
    pub handle: Option<u64>,
    /// `dormant`: its chains are not asked. `owner`: a program keeps it.
    pub flags: Vec<Box<str>>,
    /// In the order of the dump.
    pub chains: Vec<Chain>,
    /// Sets and maps.
    pub sets: Vec<Set>,
    /// Named counters, quotas, limits, helpers, and whatever else rules may name.
    pub objects: Vec<NamedObject>,
    /// Names of its flowtables.
    pub flowtables: Vec<Box<str>>,
    chains_by_name: BTreeMap<Box<str>, usize>,
    sets_by_name: BTreeMap<Box<str>, usize>,
}

/// A chain.
#[derive(Debug, Clone, PartialEq)]
pub struct Chain {
    /// Its name.
    pub name: Box<str>,
    /// The kernel's number for it.
    pub handle: Option<u64>,
    /// Where it hangs, unless it is only jumped to.
    pub base: Option<BaseChain>,
    /// Its rules.
    pub rules: Vec<Rule>,
    /// Whether its rules were read, and all of them.
    pub declared: Declared,
}

/// How much of a chain is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Declared {
    /// All of it.
    Whole,
    /// Rules of it were lost.
    Partly,
    /// That it is there.
    ByName,
}

/// Types of base chains.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ChainKind {
    /// Any packet.
    Filter,
    /// The first packet of a connection.
    Nat,
    /// What is sent here is routed again when the chain changed it.
    Route,
}

/// What becomes of a packet that no rule of a base chain stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Policy {
    /// It goes on.
    Accept,
    /// It ends.
    Drop,
}

/// Where a base chain hangs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseChain {
    /// Its type.
    pub kind: ChainKind,
    /// `prerouting`, `input`, `forward`, `output`, `postrouting`, `ingress`, `egress`.
    pub hook: Box<str>,
    /// Lower first.
    pub priority: i32,
    /// What becomes of a packet that no rule stopped.
    pub policy: Policy,
    /// The devices whose packets it sees, at `ingress` and `egress`.
    pub devices: Vec<Box<str>>,
}

/// A rule.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// Its place in the chain, from 1.
    pub number: usize,
    /// The kernel's number for it.
    pub handle: Option<u64>,
    /// What somebody wrote of it.
    pub comment: Option<Box<str>>,
    /// What it says and does, in order.
    pub statements: Vec<Statement>,
}

/// A named object of a table.
#[derive(Debug, Clone, PartialEq)]
pub struct NamedObject {
    /// `counter`, `quota`, `limit`, `ct helper`, ...
    pub kind: Box<str>,
    /// Its name.
    pub name: Box<str>,
    /// What it is, where rules ask for that.
    pub content: Option<Statement>,
}

impl Ruleset {
    /// The table of that family and name.
    pub fn table(&self, family: TableFamily, name: &str) -> Option<&Table> {
        self.tables
            .iter()
            .find(|table| table.family == family && &*table.name == name)
    }

    /// The table of that family and name, which is made when there is none.
    pub fn table_mut(&mut self, family: TableFamily, name: &str) -> &mut Table {
        let known = self
            .tables
            .iter()
            .position(|table| table.family == family && &*table.name == name);
        let at = known.unwrap_or_else(|| {
            self.tables.push(Table::new(family, name));
            self.tables.len() - 1
        });
        &mut self.tables[at]
    }

    /// Every base chain with its table, but those of tables that sleep.
    pub fn base_chains(&self) -> impl Iterator<Item = (&Table, &Chain, &BaseChain)> {
        self.tables
            .iter()
            .filter(|table| !table.is_dormant())
            .flat_map(|table| {
                table
                    .chains
                    .iter()
                    .filter_map(move |chain| Some((table, chain, chain.base.as_ref()?)))
            })
    }
}

impl Table {
    /// An empty table.
    pub fn new(family: TableFamily, name: &str) -> Self {
        Self {
            family,
            name: name.into(),
            handle: None,
            flags: Vec::new(),
            chains: Vec::new(),
            sets: Vec::new(),
            objects: Vec::new(),
            flowtables: Vec::new(),
            chains_by_name: BTreeMap::new(),
            sets_by_name: BTreeMap::new(),
        }
    }

    /// Whether its chains hang nowhere for now. nft 1.0.6 cuts the word in JSON.
    pub fn is_dormant(&self) -> bool {
        self.flags.iter().any(|flag| flag.starts_with("dorm"))
    }

    /// The chain of that name.
    pub fn chain(&self, name: &str) -> Option<&Chain> {
        self.chains.get(*self.chains_by_name.get(name)?)
    }

    /// The chain of that name, which is made when there is none.
    pub fn chain_mut(&mut self, name: &str) -> &mut Chain {
        let at = match self.chains_by_name.get(name) {
            Some(at) => *at,
            None => {
                self.chains.push(Chain {
                    name: name.into(),
                    handle: None,
                    base: None,
                    rules: Vec::new(),
                    declared: Declared::Whole,
                });
                self.chains_by_name
                    .insert(name.into(), self.chains.len() - 1);
                self.chains.len() - 1
            }
        };
        &mut self.chains[at]
    }

    /// The set or map of that name.
    pub fn set(&self, name: &str) -> Option<&Set> {
        self.sets.get(*self.sets_by_name.get(name)?)
    }

    /// Takes a set in; one of the same name goes.
    pub fn put_set(&mut self, set: Set) {
        match self.sets_by_name.get(&set.name) {
            Some(at) => self.sets[*at] = set,
            None => {
                self.sets_by_name.insert(set.name.clone(), self.sets.len());
                self.sets.push(set);
            }
        }
    }

    /// Types of the values of a named map.
    pub fn types_of(&self, map: &str) -> Vec<Datatype> {
        match self.set(map).and_then(|set| set.data.as_ref()) {
            Some(DataTypes::Values(types)) => types.clone(),
            _ => vec![Datatype::Unknown],
        }
    }

    /// The named object of that kind.
    pub fn object(&self, kind: &str, name: &str) -> Option<&NamedObject> {
        self.objects
            .iter()
            .find(|object| &*object.kind == kind && &*object.name == name)
    }
}

impl Chain {
    /// Adds a rule at the end.
    pub fn push(&mut self, mut rule: Rule) {
        rule.number = self.rules.len() + 1;
        self.rules.push(rule);
    }
}

impl BaseChain {
    /// Names of priorities (nftables, src/rule.c, `std_prios` and `bridge_std_prios`).
    pub fn priority_named(family: TableFamily, hook: &str, name: &str) -> Option<i32> {
        Some(match (family, name) {
            (TableFamily::Bridge, "dstnat") => -300,
            (TableFamily::Bridge, "filter") => -200,
            (TableFamily::Bridge, "out") => 100,
            (TableFamily::Bridge, "srcnat") => 300,
            (TableFamily::Arp | TableFamily::Netdev, "filter") => 0,
            (TableFamily::Bridge | TableFamily::Arp | TableFamily::Netdev, _) => return None,
            (_, "raw") => -300,
            (_, "mangle") => -150,
            (_, "dstnat") if hook == "prerouting" || hook == "output" => -100,
            (_, "filter") => 0,
            (_, "security") => 50,
            (_, "srcnat") if hook == "postrouting" || hook == "input" => 100,
            _ => return None,
        })
    }
}
