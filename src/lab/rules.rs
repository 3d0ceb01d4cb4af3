//! Rules under construction: tables and chains to which the programs of a node add, each in its way, and the text
//! that iptables-restore(8) takes.
//!
//! Rules are kept in the form in which iptables-save(8) prints them, so that what is asked for and what the kernel holds
//! afterwards are the same text.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// The tables that programs of a node write to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Table {
    /// `mangle`.
    Mangle,
    /// `filter`.
    Filter,
    /// `nat`.
    Nat,
}

impl Table {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mangle => "mangle",
            Self::Filter => "filter",
            Self::Nat => "nat",
        }
    }

    /// The chains that the kernel itself calls.
    fn built_in(self) -> &'static [&'static str] {
        match self {
            Self::Mangle => &["PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"],
            Self::Filter => &["INPUT", "FORWARD", "OUTPUT"],
            Self::Nat => &["PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"],
        }
    }
}

/// The rules of one namespace, by table and chain.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rules {
    tables: BTreeMap<Table, BTreeMap<String, Vec<String>>>,
}

impl Rules {
    /// Declares a chain, `iptables -N`.
    pub fn declare(&mut self, table: Table, chain: &str) {
        self.chain(table, chain);
    }

    /// Adds a rule at a chain's end, `iptables -A`.
    pub fn append(&mut self, table: Table, chain: &str, rule: impl Into<String>) {
        self.chain(table, chain).push(rule.into());
    }

    /// Puts a rule at a chain's beginning, `iptables -I`.
    pub fn prepend(&mut self, table: Table, chain: &str, rule: impl Into<String>) {
        self.chain(table, chain).insert(0, rule.into());
    }

    /// The rules of a chain, `None` when there is no such chain.
    pub fn of(&self, table: Table, chain: &str) -> Option<&[String]> {
        self.tables.get(&table)?.get(chain).map(Vec::as_slice)
    }

    /// The chains of a table by name, the kernel's own among them when something was added to them.
    pub fn chains(&self, table: Table) -> impl Iterator<Item = (&str, &[String])> {
        self.tables
            .get(&table)
            .into_iter()
            .flatten()
            .map(|(name, rules)| (name.as_str(), rules.as_slice()))
    }

    /// The text that iptables-restore takes. The kernel's own chains are declared whether or not they hold rules.
    pub fn to_restore(&self) -> String {
        let mut text = String::new();
        for (table, chains) in &self.tables {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "*{}", table.name());
            for chain in table.built_in() {
                let _ = writeln!(text, ":{chain} ACCEPT [0:0]");
            }
            for chain in chains
                .keys()
                .filter(|chain| !table.built_in().contains(&chain.as_str()))
            {
                let _ = writeln!(text, ":{chain} - [0:0]");
            }
            for (chain, rules) in chains {
                for rule in rules {
                    let _ = writeln!(text, "-A {chain} {rule}");
                }
            }
            text.push_str("COMMIT\n");
        }
        text
    }

    fn chain(&mut self, table: Table, chain: &str) -> &mut Vec<String> {
        self.tables
            .entry(table)
            .or_default()
            .entry(chain.to_owned())
            .or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_first_comes_first() {
        let mut rules = Rules::default();
        rules.append(Table::Filter, "FORWARD", "-j A");
        rules.prepend(Table::Filter, "FORWARD", "-j B");
        rules.declare(Table::Filter, "A");
        assert_eq!(
            rules.to_restore(),
            "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:A - [0:0]\n\
             -A FORWARD -j B\n-A FORWARD -j A\nCOMMIT\n"
        );
    }
}
