//! The chains of one ruleset as far as they were read.
//!
//! A dump may break off, lines of it may make no sense, and a live kernel is asked for few of its chains. What is not in
//! the part that was read may be there all the same, so every answer says how much it knows; and the chains that were
//! needed and not read are noted, so that they can be supplied.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use crate::model::iptables::{Chain, Rule, Ruleset, TableKind, TableRules, Wish};
use crate::model::trace::Evidence;
use crate::model::{Cluster, NetnsId};

/// A ruleset, and what was asked of it in vain.
#[derive(Debug)]
pub struct Chains<'c> {
    /// The ruleset.
    pub ruleset: &'c Ruleset,
    netns: NetnsId,
    /// Lines of it made no sense: rules may be lost anywhere.
    damaged: bool,
    wishes: RefCell<BTreeSet<Wish>>,
    /// Tables that may lack chains, so that this is looked for once.
    lacking: RefCell<BTreeMap<TableKind, bool>>,
}

/// What is known of a chain.
#[derive(Debug, Clone, Copy)]
pub enum Held<'c> {
    /// All its rules.
    Whole(&'c Chain, &'c [Rule]),
    /// Some of its rules; there may be others.
    Part(&'c Chain, &'c [Rule]),
    /// There is no such chain.
    Absent,
    /// Nothing.
    Unknown,
}

impl<'c> Held<'c> {
    /// The rules that are known.
    pub fn rules(self) -> &'c [Rule] {
        match self {
            Self::Whole(_, rules) | Self::Part(_, rules) => rules,
            Self::Absent | Self::Unknown => &[],
        }
    }

    /// The chain, where it is known.
    pub fn chain(self) -> Option<&'c Chain> {
        match self {
            Self::Whole(chain, _) | Self::Part(chain, _) => Some(chain),
            Self::Absent | Self::Unknown => None,
        }
    }

    /// Whether what it does not hold is not there.
    pub fn is_certain(self) -> bool {
        matches!(self, Self::Whole(..) | Self::Absent)
    }
}

impl<'c> Chains<'c> {
    /// Those of a ruleset of a namespace.
    pub fn of(cluster: &'c Cluster, netns: NetnsId, ruleset: &'c Ruleset) -> Self {
        let mut gaps = cluster.gaps.iter();
        Self {
            ruleset,
            netns,
            damaged: gaps.any(|gap| gap.place == ruleset.origin),
            wishes: RefCell::default(),
            lacking: RefCell::default(),
        }
    }

    /// A chain.
    pub fn chain(&self, table: TableKind, name: &str) -> Held<'c> {
        let Some(found) = self.ruleset.table(table) else {
            let lacks = self.damaged || self.ruleset.may_lack(table);
            return if lacks { Held::Unknown } else { Held::Absent };
        };
        let Some(chain) = found.chain(name) else {
            let lacks = self.damaged || self.lacks_some(found);
            return if lacks { Held::Unknown } else { Held::Absent };
        };
        if !chain.is_read() {
            self.wishes.borrow_mut().insert(Wish {
                netns: self.netns,
                family: self.ruleset.family,
                table,
                chain: name.to_owned(),
            });
            return Held::Unknown;
        }
        let rules = self.ruleset.rules(chain);
        if self.damaged || found.may_lack_rules_of(chain) {
            Held::Part(chain, rules)
        } else {
            Held::Whole(chain, rules)
        }
    }

    /// Whether rules of some chain of a table may be lost, and with them whole chains.
    fn lacks_some(&self, table: &TableRules) -> bool {
        let mut known = self.lacking.borrow_mut();
        *known.entry(table.kind).or_insert_with(|| {
            let mut chains = table.chains().iter();
            chains.any(|chain| table.may_lack_rules_of(chain))
        })
    }

    /// A rule as evidence.
    pub fn evidence(&self, table: TableKind, chain: &Chain, rule: &Rule) -> Evidence {
        Evidence {
            source: format!(
                "iptables {} {} rule {}",
                table.name(),
                chain.name,
                rule.number
            ),
            raw: self.ruleset.line(chain, rule).to_owned(),
        }
    }

    /// The chains that were asked for and were not read.
    pub fn into_wishes(self) -> BTreeSet<Wish> {
        self.wishes.into_inner()
    }
}
