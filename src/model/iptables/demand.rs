//! Rulesets whose chains are read one by one: every chain is known by name, and its rules are what
//! `iptables -t TABLE -S CHAIN -v` prints when somebody asks for it (iptables(8), `--list-rules`).

use std::collections::BTreeSet;
use std::sync::OnceLock;

use super::index;
use super::ruleset::{Backend, Chain, Line, Policy, Ruleset, TableKind, TableRules};
use crate::model::{Family, Gap, NetnsId};

/// A table whose chains are known, and not their rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeclaredTable {
    /// Which.
    pub kind: TableKind,
    /// Its chains by name, with the policies of base chains.
    pub chains: Vec<(String, Option<Policy>)>,
}

/// A chain that was not read and is needed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Wish {
    /// The namespace whose ruleset has it.
    pub netns: NetnsId,
    /// IPv4 or IPv6.
    pub family: Family,
    /// Its table.
    pub table: TableKind,
    /// Its name.
    pub chain: String,
}

impl Ruleset {
    /// A ruleset of which only the chains are known. `origin` is the tool that supplies the rules.
    pub fn on_demand(
        family: Family,
        backend: Backend,
        origin: &str,
        declared: Vec<DeclaredTable>,
    ) -> Self {
        let tables = (0..).zip(declared).map(|(at, table)| declare(at, table));
        Self {
            family,
            backend,
            origin: origin.to_owned(),
            text: String::new(),
            tables: tables.collect(),
            broken_line: None,
            cut: false,
        }
    }

    /// Takes in what `iptables -t TABLE -S [CHAIN] -v` printed: the chains that it begins with were read whole. Lines
    /// that make no sense are reported.
    pub fn supply(&mut self, kind: TableKind, printed: &str, gaps: &mut Vec<Gap>) {
        let origin = &self.origin;
        let mut fault = |what: String| {
            gaps.push(Gap {
                place: origin.clone(),
                line: None,
                what,
            });
        };
        let Some(table) = self.tables.iter_mut().find(|table| table.kind == kind) else {
            return fault(format!("table {} was not there before", kind.name()));
        };
        let mut supplied = BTreeSet::new();
        for line in printed.lines().filter(|line| !line.trim().is_empty()) {
            let mut words = line.split(' ');
            let (command, name) = (words.next(), words.next().unwrap_or_default());
            let Some(&at) = table.index.get(name) else {
                fault(format!(
                    "a line for a chain which was not there before: {line}"
                ));
                continue;
            };
            let Some(chain) = table.chains.get_mut(at as usize) else {
                continue;
            };
            match command {
                Some("-P" | "-N") => {
                    begin(chain, words);
                    supplied.insert(at);
                }
                Some("-A") if supplied.contains(&at) => {
                    let rule = as_saved(line);
                    let (offset, length) =
                        (u32::try_from(self.text.len()), u32::try_from(rule.len()));
                    let (Ok(offset), Ok(length)) = (offset, length) else {
                        chain.read = false;
                        fault("rules beyond 4 GiB are not read".to_owned());
                        continue;
                    };
                    self.text.push_str(&rule);
                    chain.lines.push(Line {
                        number: 0,
                        offset,
                        length,
                    });
                }
                _ => fault(format!("not a line of `iptables -S`: {line}")),
            }
        }
    }
}

fn declare(at: usize, declared: DeclaredTable) -> TableRules {
    let chains: Vec<Chain> = declared
        .chains
        .into_iter()
        .map(|(name, policy)| Chain {
            name: name.into(),
            policy,
            counters: None,
            table: at,
            read: false,
            lines: Vec::new(),
            rules: OnceLock::new(),
        })
        .collect();
    TableRules {
        kind: declared.kind,
        cut_in: None,
        index: (0..)
            .zip(&chains)
            .map(|(at, chain)| (chain.name.clone(), at))
            .collect(),
        chains,
    }
}

/// Forgets what a chain held and makes it one that is read; `words` follow its name: `ACCEPT -c 12 3400`.
fn begin<'a>(chain: &mut Chain, mut words: impl Iterator<Item = &'a str>) {
    chain.read = true;
    chain.lines.clear();
    chain.rules = OnceLock::new();
    chain.policy = match words.next() {
        Some("ACCEPT") => Some(Policy::Accept),
        Some("DROP") => Some(Policy::Drop),
        _ => None,
    };
    chain.counters = match (words.next(), words.next(), words.next()) {
        (Some("-c"), Some(packets), Some(bytes)) => {
            index::counters(&format!("[{packets}:{bytes}]"))
        }
        _ => None,
    };
}

/// A rule in the form of `iptables-save -c`, which has its counters before it and not within: the text apart from them
/// is the same.
fn as_saved(line: &str) -> String {
    for (at, option) in line.match_indices(" -c") {
        let (before, after) = (&line[..at], &line[at + option.len()..]);
        let mut words = after.splitn(4, ' ');
        let (Some(""), Some(packets), Some(bytes)) = (words.next(), words.next(), words.next())
        else {
            continue;
        };
        let counters = format!("[{packets}:{bytes}]");
        // Within quotes it may say anything.
        if !index::closes_its_quotes(before.as_bytes()) || index::counters(&counters).is_none() {
            continue;
        }
        let rest = words.next().map(|rest| format!(" {rest}"));
        return format!("{counters} {before}{}", rest.unwrap_or_default());
    }
    line.to_owned()
}
