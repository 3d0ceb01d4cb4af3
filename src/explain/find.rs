//! Chains by the names that people type: in any case, and only as much as tells one from another.

use std::collections::BTreeSet;

use crate::model::iptables::{Ruleset, TableKind};
use crate::model::nftables::{Table, TableFamily};
use crate::model::{Cluster, Family, NetnsId, NetnsName};

/// Where a chain is.
#[derive(Debug, Clone, Copy)]
pub struct Site<'c> {
    /// The namespace.
    pub netns: NetnsId,
    /// The table.
    pub home: Home<'c>,
    /// Its name.
    pub chain: &'c str,
}

/// A table that holds chains.
#[derive(Debug, Clone, Copy)]
pub enum Home<'c> {
    /// One of iptables, of either backend.
    Iptables(&'c Ruleset, TableKind),
    /// One of native nftables.
    Native(&'c Table),
}

impl Home<'_> {
    /// Its name: `nat`, `ip kube-proxy`.
    pub fn name(self) -> String {
        match self {
            Self::Iptables(_, table) => table.name().to_owned(),
            Self::Native(table) => format!("{} {}", table.family.name(), table.name),
        }
    }

    /// What its chains see: `ipv4`, `ipv6`, or the family of nftables (`inet`, `bridge`, ...).
    pub fn family(self) -> &'static str {
        match self {
            Self::Iptables(ruleset, _) => match ruleset.family {
                Family::V4 => "ipv4",
                Family::V6 => "ipv6",
            },
            Self::Native(table) => match table.family {
                TableFamily::Ip => "ipv4",
                TableFamily::Ip6 => "ipv6",
                other => other.name(),
            },
        }
    }

    fn sees(self, family: Family) -> bool {
        match self {
            Self::Iptables(ruleset, _) => ruleset.family == family,
            Self::Native(table) => match table.family {
                TableFamily::Ip => family == Family::V4,
                TableFamily::Ip6 => family == Family::V6,
                _ => true,
            },
        }
    }

    /// Whether that is its name; of nftables the family may be left out.
    fn is_named(self, typed: &str) -> bool {
        match self {
            Self::Iptables(_, table) => table.name() == typed,
            Self::Native(table) => &*table.name == typed || self.name() == typed,
        }
    }

    /// nat before the other tables of iptables, native ones last.
    fn order(self) -> usize {
        match self {
            Self::Iptables(_, TableKind::Nat) => 0,
            Self::Iptables(_, TableKind::Filter) => 1,
            Self::Iptables(_, TableKind::Mangle) => 2,
            Self::Iptables(_, TableKind::Raw) => 3,
            Self::Iptables(_, TableKind::Security) => 4,
            Self::Native(_) => 5,
        }
    }
}

/// Where to look.
#[derive(Debug, Default, Clone)]
pub struct Scope {
    /// Only on this node.
    pub node: Option<String>,
    /// Only in this table: `nat`, `kube-proxy`, `ip kube-proxy`.
    pub table: Option<String>,
    /// Only of this family.
    pub family: Option<Family>,
}

/// Why no chain was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Missing {
    /// Several chains' names begin so.
    Several(Vec<String>),
    /// No chain's name begins so; these are all names there are.
    None(Vec<String>),
}

/// Everywhere that a chain of that name is: nodes' own namespaces first, IPv4 before IPv6, nat before the other tables.
pub fn chain<'c>(
    cluster: &'c Cluster,
    typed: &str,
    scope: &Scope,
) -> Result<Vec<Site<'c>>, Missing> {
    let all = sites(cluster, scope);
    let names: BTreeSet<&str> = all.iter().map(|site| site.chain).collect();
    let begins = |name: &&&str| {
        name.get(..typed.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(typed))
    };
    let whole = names.iter().find(|name| name.eq_ignore_ascii_case(typed));
    let fitting: Vec<&str> = match whole {
        Some(name) => vec![name],
        None if typed.is_empty() => Vec::new(),
        None => names.iter().filter(begins).copied().collect(),
    };
    match fitting.as_slice() {
        [] => Err(Missing::None(
            names.into_iter().map(str::to_owned).collect(),
        )),
        [only] => Ok(all.into_iter().filter(|site| site.chain == *only).collect()),
        several => Err(Missing::Several(
            several.iter().map(|&name| name.to_owned()).collect(),
        )),
    }
}

/// The names of all chains there.
pub fn names(cluster: &Cluster) -> BTreeSet<&str> {
    let all = sites(cluster, &Scope::default());
    all.iter().map(|site| site.chain).collect()
}

/// Every chain within a scope, in the order of [`chain`].
pub fn sites<'c>(cluster: &'c Cluster, scope: &Scope) -> Vec<Site<'c>> {
    let mut found = Vec::new();
    for (netns, held) in cluster.all_netns() {
        let node = cluster.node_name(netns);
        if scope.node.as_ref().is_some_and(|only| only != node) {
            continue;
        }
        for ruleset in &held.iptables {
            found.extend(ruleset.chains().map(|(table, chain)| Site {
                netns,
                home: Home::Iptables(ruleset, table),
                chain: &chain.name,
            }));
        }
        for table in held.nftables.iter().flat_map(|ruleset| &ruleset.tables) {
            found.extend(table.chains.iter().map(|chain| Site {
                netns,
                home: Home::Native(table),
                chain: &chain.name,
            }));
        }
    }
    let wanted = |site: &Site<'_>| {
        scope.family.is_none_or(|family| site.home.sees(family))
            && scope
                .table
                .as_ref()
                .is_none_or(|table| site.home.is_named(table))
    };
    found.retain(wanted);
    found.sort_by_key(|site| {
        let host = cluster.netns(site.netns).name == NetnsName::Host;
        let family = site.home.family() == "ipv6";
        (!host, site.netns, family, site.home.order())
    });
    found
}
