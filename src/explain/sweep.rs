//! Every rule of the nodes' own namespaces, to look for those that mention something.
//!
//! Chains that were not read are left out, and counted.

use super::who;
use crate::model::iptables::{Rule, Ruleset, TableKind};
use crate::model::nftables;
use crate::model::{Cluster, Family, NetnsId};

/// Chains that lead everywhere or set and ask marks: where chains are read one by one, a look for rules reads these.
pub const LISTS: [&str; 13] = [
    "PREROUTING",
    "INPUT",
    "FORWARD",
    "OUTPUT",
    "POSTROUTING",
    "KUBE-SERVICES",
    "KUBE-NODEPORTS",
    "KUBE-EXTERNAL-SERVICES",
    "KUBE-MARK-MASQ",
    "KUBE-MARK-DROP",
    "KUBE-POSTROUTING",
    "KUBE-FORWARD",
    "FLANNEL-POSTRTG",
];

/// A rule of iptables, and where it is.
#[derive(Debug, Clone, Copy)]
pub struct Found<'c> {
    /// The namespace.
    pub netns: NetnsId,
    /// The ruleset.
    pub ruleset: &'c Ruleset,
    /// The table.
    pub table: TableKind,
    /// The chain.
    pub chain: &'c crate::model::iptables::Chain,
    /// The rule.
    pub rule: &'c Rule,
}

/// A native rule, and where it is.
#[derive(Debug, Clone, Copy)]
pub struct Native<'c> {
    /// The namespace.
    pub netns: NetnsId,
    /// The table.
    pub table: &'c nftables::Table,
    /// The chain.
    pub chain: &'c nftables::Chain,
    /// The rule.
    pub rule: &'c nftables::Rule,
}

impl Found<'_> {
    /// `nat KUBE-SERVICES rule 4`; of ip6tables with `IPv6` before it.
    pub fn place(&self) -> String {
        let family = match self.ruleset.family {
            Family::V4 => "",
            Family::V6 => "IPv6 ",
        };
        format!(
            "{family}{} {} rule {}",
            self.table.name(),
            self.chain.name,
            self.rule.number
        )
    }

    /// Its line.
    pub fn line(&self) -> &str {
        self.ruleset.line(self.chain, self.rule)
    }
}

impl Native<'_> {
    /// `ip kube-proxy services rule 2`.
    pub fn place(&self) -> String {
        let family = self.table.family.name();
        format!(
            "{family} {} {} rule {}",
            self.table.name, self.chain.name, self.rule.number
        )
    }
}

/// Every rule of iptables that was read of the nodes themselves.
pub fn rules(cluster: &Cluster) -> impl Iterator<Item = Found<'_>> {
    who::hosts(cluster).flat_map(move |netns| {
        let rulesets = cluster.netns(netns).iptables.iter();
        rulesets.flat_map(move |ruleset| {
            let chains = ruleset.chains().filter(|(_, chain)| chain.is_read());
            chains.flat_map(move |(table, chain)| {
                ruleset.rules(chain).iter().map(move |rule| Found {
                    netns,
                    ruleset,
                    table,
                    chain,
                    rule,
                })
            })
        })
    })
}

/// Every native rule that was read of the nodes themselves.
pub fn native(cluster: &Cluster) -> impl Iterator<Item = Native<'_>> {
    who::hosts(cluster).flat_map(move |netns| {
        let tables = cluster
            .netns(netns)
            .nftables
            .iter()
            .flat_map(|all| &all.tables);
        tables.flat_map(move |table| {
            table.chains.iter().flat_map(move |chain| {
                chain.rules.iter().map(move |rule| Native {
                    netns,
                    table,
                    chain,
                    rule,
                })
            })
        })
    })
}

/// A note on chains of that node that were not read, if there are any.
pub fn unread(cluster: &Cluster) -> Option<String> {
    let chains = who::hosts(cluster).flat_map(|netns| {
        let rulesets = cluster.netns(netns).iptables.iter();
        rulesets.flat_map(|ruleset| ruleset.chains())
    });
    let count = chains.filter(|(_, chain)| !chain.is_read()).count();
    (count > 0).then(|| format!("the rules of {count} chains were not read"))
}
