//! A ruleset as an `iptables-save` dump describes it: its tables, chains and, when asked for, their rules.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::OnceLock;

use super::condition::Match;
use super::index;
use super::parse::{self, Surroundings};
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
    /// The dump, or what was supplied of it so far.
    pub(super) text: String,
    /// The tables, in the order of the dump.
    pub(super) tables: Vec<TableRules>,
    /// The line in the middle of which the dump breaks off, if it does.
    pub(super) broken_line: Option<u32>,
    /// The dump was cut short, or is no dump: whole tables may be missing.
    pub(super) cut: bool,
}

/// One table.
#[derive(Debug)]
pub struct TableRules {
    /// Which.
    pub kind: TableKind,
    /// Where the dump broke off inside this table: index of the chain of its last rule.
    pub(super) cut_in: Option<usize>,
    pub(super) chains: Vec<Chain>,
    pub(super) index: HashMap<Box<str>, u32>,
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
    /// Index of its table in [`Ruleset::tables`].
    pub(super) table: usize,
    /// Whether its rules were read; in a ruleset on demand they are when they are asked for.
    pub(super) read: bool,
    /// Where its rules are in the dump.
    pub(super) lines: Vec<Line>,
    pub(super) rules: OnceLock<Vec<Rule>>,
}

/// Where a rule is in the dump.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line {
    /// Line number, from 1; 0 when it was read from the kernel.
    pub number: u32,
    /// Where its text begins, in bytes.
    pub offset: u32,
    /// How many bytes it has, without the line's end.
    pub length: u32,
}

impl Ruleset {
    /// Finds the chains of a dump. Lines that make no sense are reported in `gaps` with their number, and the rest is used.
    pub fn read(
        mut text: String,
        family: Family,
        backend: Backend,
        origin: &str,
        gaps: &mut Vec<Gap>,
    ) -> Self {
        text.shrink_to_fit();
        let found = index::chains_of(&text, origin, gaps);
        Self {
            family,
            backend,
            origin: origin.to_owned(),
            text,
            tables: found.tables,
            broken_line: found.broken_line,
            cut: found.cut,
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

    /// Whether the table may have been in what the dump lost: the dump was cut short, and does not have it.
    pub fn may_lack(&self, kind: TableKind) -> bool {
        self.cut && self.table(kind).is_none()
    }

    /// Whether any chain of any table holds a rule, or may: it was not read yet.
    pub fn has_rules(&self) -> bool {
        self.chains().any(|(_, chain)| !chain.is_empty())
    }

    /// The chains of all tables, in the order of the dump.
    pub fn chains(&self) -> impl Iterator<Item = (TableKind, &Chain)> {
        self.tables
            .iter()
            .flat_map(|table| table.chains.iter().map(|chain| (table.kind, chain)))
    }

    /// The rules of a chain, parsed when first asked for.
    pub fn rules<'a>(&self, chain: &'a Chain) -> &'a [Rule] {
        chain.rules.get_or_init(|| {
            let mut scratch = Vec::new();
            (1..)
                .zip(&chain.lines)
                .map(|(number, &line)| self.parse(chain, number, line, &mut scratch, None))
                .collect()
        })
    }

    /// A rule's line of the dump, without its counters: the evidence.
    pub fn line(&self, chain: &Chain, rule: &Rule) -> &str {
        let position = (rule.number as usize).wrapping_sub(1);
        chain
            .lines
            .get(position)
            .map_or("", |&line| parse::without_counters(self.text_of(line)))
    }

    /// What a rule says of itself (`-m comment`): kube-proxy writes there what it is for.
    pub fn comment(&self, chain: &Chain, rule: &Rule) -> Option<Cow<'_, str>> {
        parse::comment(self.line(chain, rule))
    }

    /// Parses every rule and says which could not be understood, and why, by line number.
    pub fn problems(&self) -> Vec<Gap> {
        let mut gaps = Vec::new();
        let mut scratch = Vec::new();
        let mut problems = Vec::new();
        for (_, chain) in self.chains() {
            for (number, &line) in (1..).zip(&chain.lines) {
                self.parse(chain, number, line, &mut scratch, Some(&mut problems));
                gaps.extend(problems.drain(..).map(|what| Gap {
                    place: self.origin.clone(),
                    line: (line.number > 0).then_some(line.number as usize),
                    what,
                }));
            }
        }
        gaps.sort_by_key(|gap| gap.line);
        gaps
    }

    /// Parses one line; `scratch` is a vector that is used again and again, so that each rule allocates but once.
    fn parse(
        &self,
        chain: &Chain,
        number: u32,
        line: Line,
        scratch: &mut Vec<Match>,
        problems: Option<&mut Vec<String>>,
    ) -> Rule {
        let surroundings = Surroundings {
            family: self.family,
            table: self.tables.get(chain.table),
            broken: self.broken_line == Some(line.number),
        };
        let mut rule = parse::rule(self.text_of(line), surroundings, scratch, problems);
        rule.number = number;
        rule.line = line.number;
        rule
    }

    fn text_of(&self, line: Line) -> &str {
        let start = line.offset as usize;
        self.text
            .get(start..start + line.length as usize)
            .unwrap_or("")
    }
}

impl TableRules {
    /// The chain of that name.
    pub fn chain(&self, name: &str) -> Option<&Chain> {
        self.chains.get(*self.index.get(name)? as usize)
    }

    /// All chains, in the order of the dump.
    pub fn chains(&self) -> &[Chain] {
        &self.chains
    }

    /// Whether rules of this chain may have been in what the dump lost: it broke off in this chain or before it, as the
    /// rules stand in the order of their chains.
    pub fn may_lack_rules_of(&self, chain: &Chain) -> bool {
        let Some(last) = self.cut_in else {
            return false;
        };
        self.index
            .get(&chain.name)
            .is_none_or(|&at| at as usize >= last)
    }
}

impl Chain {
    /// Whether its rules were read. Of a chain that was not, nothing but its name and policy is known.
    pub fn is_read(&self) -> bool {
        self.read
    }

    /// How many rules it has, as far as they were read.
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Whether it is known to have no rule.
    pub fn is_empty(&self) -> bool {
        self.read && self.lines.is_empty()
    }
}

impl TableKind {
    /// The table's name, as after `*` in a dump.
    pub fn name(self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::Mangle => "mangle",
            Self::Nat => "nat",
            Self::Filter => "filter",
            Self::Security => "security",
        }
    }

    /// The table of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        [
            Self::Raw,
            Self::Mangle,
            Self::Nat,
            Self::Filter,
            Self::Security,
        ]
        .into_iter()
        .find(|kind| kind.name() == name)
    }
}
