//! What shows that something is so: the thing itself as it was read, which is put into words only where something is wrong.

use crate::model::iptables::{self, Ruleset, TableKind};
use crate::model::nftables::{self, Element, Set, Table};
use crate::model::trace::Evidence;
use crate::model::{RealServer, SetElement, VirtualServer};

/// A fact of a node.
#[derive(Debug, Clone, Copy)]
pub enum Fact<'c> {
    /// A rule of iptables.
    Rule(
        &'c Ruleset,
        TableKind,
        &'c iptables::Chain,
        &'c iptables::Rule,
    ),
    /// A rule of a native table.
    Native(&'c Table, &'c nftables::Chain, &'c nftables::Rule),
    /// An element of a set or map of a native table.
    Element(&'c Table, &'c Set, &'c Element),
    /// A virtual server of IPVS.
    VirtualServer(&'c VirtualServer),
    /// A real server of IPVS.
    RealServer(&'c RealServer),
    /// An entry of an ipset.
    Entry(&'c SetElement),
}

impl Fact<'_> {
    /// As its own tool prints it, and where.
    pub fn evidence(self) -> Evidence {
        let (source, raw) = match self {
            Self::Rule(ruleset, table, chain, rule) => (
                format!(
                    "iptables {} {} rule {}",
                    table.name(),
                    chain.name,
                    rule.number
                ),
                ruleset.line(chain, rule).to_owned(),
            ),
            Self::Native(table, chain, rule) => (
                format!(
                    "nft {} {} {} rule {}",
                    table.family.name(),
                    table.name,
                    chain.name,
                    rule.number
                ),
                rule.to_string(),
            ),
            Self::Element(table, set, element) => (
                format!("nft {} {} {}", table.family.name(), table.name, set.name),
                set.print(element),
            ),
            Self::VirtualServer(server) => ("ipvsadm -Sn".to_owned(), server.raw.clone()),
            Self::RealServer(server) => ("ipvsadm -Sn".to_owned(), server.raw.clone()),
            Self::Entry(entry) => ("ipset save".to_owned(), entry.raw.clone()),
        };
        Evidence { source, raw }
    }
}
