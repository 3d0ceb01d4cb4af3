//! A native nftables table under construction, and the text that nft(8) reads.
//!
//! Rules are kept in the form in which nft prints them, so that what is asked for and what the kernel holds afterwards
//! are the same text.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::LabError;
use super::tool::{feed, tool};
use crate::model::Family;

/// A table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NftTable {
    family: Family,
    name: String,
    sets: BTreeMap<String, Set>,
    chains: BTreeMap<String, Chain>,
}

/// A set or map.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Set {
    is_map: bool,
    /// `type ipv4_addr`, `flags timeout`, ...
    properties: Vec<String>,
    /// What follows a key: nothing, a comment, a value.
    elements: BTreeMap<String, String>,
}

/// A chain.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Chain {
    /// `type nat hook output priority dstnat; policy accept;`
    base: Option<String>,
    rules: Vec<String>,
}

impl NftTable {
    /// An empty one.
    pub fn new(family: Family, name: &str) -> Self {
        Self {
            family,
            name: name.to_owned(),
            sets: BTreeMap::new(),
            chains: BTreeMap::new(),
        }
    }

    /// `ip` or `ip6`: the family as nft names it, and what begins a match on addresses.
    pub fn ip(&self) -> &'static str {
        match self.family {
            Family::V4 => "ip",
            Family::V6 => "ip6",
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Chains, and whether the kernel calls them.
    pub fn chains(&self) -> impl Iterator<Item = (&str, bool)> {
        let chains = self.chains.iter();
        chains.map(|(name, chain)| (name.as_str(), chain.base.is_some()))
    }

    /// Elements of sets and maps: set, key.
    pub fn elements(&self) -> impl Iterator<Item = (&str, &str)> {
        self.sets.iter().flat_map(|(name, set)| {
            let keys = set.elements.keys();
            keys.map(|key| (name.as_str(), key.as_str()))
        })
    }

    /// Declares a set.
    pub fn set(&mut self, name: &str, properties: &[&str]) {
        self.declare(name, properties, false);
    }

    /// Declares a map.
    pub fn map(&mut self, name: &str, properties: &[&str]) {
        self.declare(name, properties, true);
    }

    fn declare(&mut self, name: &str, properties: &[&str], is_map: bool) {
        let set = Set {
            is_map,
            properties: properties.iter().map(|one| (*one).to_owned()).collect(),
            elements: BTreeMap::new(),
        };
        self.sets.insert(name.to_owned(), set);
    }

    /// Adds an element, `more` behind its key; one that was there has the new value.
    pub fn element(&mut self, set: &str, key: String, more: &str) {
        let set = self.sets.entry(set.to_owned()).or_default();
        set.elements.insert(key, more.to_owned());
    }

    /// Declares a chain that is called by the kernel.
    pub fn base_chain(&mut self, name: &str, kind: &str, hook: &str, priority: &str) {
        self.chains.entry(name.to_owned()).or_default().base = Some(format!(
            "type {kind} hook {hook} priority {priority}; policy accept;"
        ));
    }

    /// Adds a rule at a chain's end; the chain need not be there yet.
    pub fn rule(&mut self, chain: &str, rule: impl Into<String>) {
        let chain = self.chains.entry(chain.to_owned()).or_default();
        chain.rules.push(rule.into());
    }

    /// The text that `nft -f` reads.
    pub fn to_text(&self) -> String {
        let mut text = format!("table {} {} {{\n", self.ip(), self.name);
        // Writing to a String cannot fail.
        for (name, set) in &self.sets {
            let kind = if set.is_map { "map" } else { "set" };
            let _ = writeln!(text, "\t{kind} {name} {{");
            for property in &set.properties {
                let _ = writeln!(text, "\t\t{property}");
            }
            if !set.elements.is_empty() {
                let elements = set.elements.iter();
                let elements: Vec<_> = elements.map(|(key, more)| format!("{key}{more}")).collect();
                let _ = writeln!(text, "\t\telements = {{ {} }}", elements.join(",\n\t\t\t"));
            }
            text.push_str("\t}\n");
        }
        for (name, chain) in &self.chains {
            let _ = writeln!(text, "\tchain {name} {{");
            for line in chain.base.iter().chain(&chain.rules) {
                let _ = writeln!(text, "\t\t{line}");
            }
            text.push_str("\t}\n");
        }
        text.push_str("}\n");
        text
    }

    /// Puts it into the namespace that this thread is in.
    pub fn apply(&self) -> Result<(), LabError> {
        let mut command = tool("nft");
        command.args(["-f", "-"]);
        feed(command, &self.to_text(), "nftables")
    }
}
