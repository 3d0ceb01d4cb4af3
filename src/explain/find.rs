//! Chains by the names that people type: in any case, and only as much as tells one from another.

use std::collections::BTreeSet;

use crate::model::iptables::{Ruleset, TableKind};
use crate::model::{Cluster, Family, NetnsId, NetnsName};

/// Where a chain is.
#[derive(Debug, Clone, Copy)]
pub struct Site<'c> {
    /// The namespace.
    pub netns: NetnsId,
    /// The ruleset.
    pub ruleset: &'c Ruleset,
    /// The table.
    pub table: TableKind,
    /// Its name.
    pub chain: &'c str,
}

/// Where to look.
#[derive(Debug, Default, Clone)]
pub struct Scope {
    /// Only on this node.
    pub node: Option<String>,
    /// Only in this table.
    pub table: Option<TableKind>,
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
    let typed = typed.to_ascii_uppercase();
    let names: BTreeSet<&str> = all.iter().map(|site| site.chain).collect();
    let is_exact = |name: &&&str| name.eq_ignore_ascii_case(&typed);
    let begins = |name: &&&str| {
        name.get(..typed.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(&typed))
    };
    let mut fitting: Vec<&str> = names.iter().filter(is_exact).copied().collect();
    if fitting.is_empty() && !typed.is_empty() {
        fitting = names.iter().filter(begins).copied().collect();
    }
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

fn sites<'c>(cluster: &'c Cluster, scope: &Scope) -> Vec<Site<'c>> {
    let mut found = Vec::new();
    for (netns, held) in cluster.all_netns() {
        if scope
            .node
            .as_ref()
            .is_some_and(|node| node != cluster.node_name(netns))
        {
            continue;
        }
        for ruleset in &held.iptables {
            if scope.family.is_some_and(|family| family != ruleset.family) {
                continue;
            }
            let chains = ruleset.chains();
            let wanted = chains.filter(|(table, _)| scope.table.is_none_or(|only| only == *table));
            found.extend(wanted.map(|(table, chain)| Site {
                netns,
                ruleset,
                table,
                chain: &chain.name,
            }));
        }
    }
    found.sort_by_key(|site| {
        let host = cluster.netns(site.netns).name == NetnsName::Host;
        (!host, site.netns, site.ruleset.family, order(site.table))
    });
    found
}

fn order(table: TableKind) -> u8 {
    match table {
        TableKind::Nat => 0,
        TableKind::Filter => 1,
        TableKind::Mangle => 2,
        TableKind::Raw => 3,
        TableKind::Security => 4,
    }
}
