//! Base chains of native nftables tables, from `nft -j list ruleset` (libnftables-json(5)).
//!
//! iptables-nft keeps its rules in nftables too, in tables of its own; nft cannot print what their matches mean, and
//! they are read from `iptables-save` instead.

use std::collections::HashMap;

use serde::Deserialize;

use super::files::is_garbled;
use super::json;
use crate::collect::report::{Report, excerpt};
use crate::model::{Family, NativeChain};

/// What tells the tables of iptables-nft from native ones.
pub struct IptablesTables {
    /// For a family whose `iptables-save` was read: the tables in it.
    pub saved: Vec<(Family, Vec<String>)>,
}

/// The tables that iptables-nft makes, in families ip and ip6.
const IPTABLES_TABLES: [&str; 5] = ["raw", "mangle", "nat", "filter", "security"];

/// The base chains of iptables.
const IPTABLES_CHAINS: [&str; 5] = ["PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"];

/// What the file shows.
pub struct Nftables {
    /// Base chains of native tables, unless they are empty and accept.
    pub native: Vec<NativeChain>,
    /// Families in which a table bears the name of one of iptables.
    pub iptables_names: Vec<Family>,
}

#[derive(Deserialize)]
struct ChainRow {
    family: String,
    table: String,
    name: String,
    #[serde(rename = "type")]
    kind: Option<String>,
    hook: Option<String>,
    prio: Option<i32>,
    policy: Option<String>,
}

#[derive(Deserialize)]
struct RuleRow {
    family: String,
    table: String,
    chain: String,
}

#[derive(Deserialize)]
struct TableRow {
    family: String,
    name: String,
}

/// An object of a ruleset: of these keys it has one or none.
#[derive(Deserialize)]
struct Object {
    table: Option<TableRow>,
    chain: Option<ChainRow>,
    rule: Option<RuleRow>,
}

#[derive(Default)]
struct TableSeen {
    /// A rule whose meaning nft does not know (`{"xt": ...}`).
    xt: bool,
    /// A base chain under a name that iptables gives.
    iptables_chain: bool,
}

/// Reads the file; `None` when it is none.
pub fn nftables(text: &str, iptables: &IptablesTables, report: &mut Report) -> Option<Nftables> {
    let mut tables: HashMap<(String, String), TableSeen> = HashMap::new();
    let mut rules: HashMap<(String, String, String), usize> = HashMap::new();
    let mut bases = Vec::new();
    for (line, element) in json::elements(text, Some("nftables"), report)? {
        if is_garbled(element) {
            report.gap(line, format!("garbled: {}", excerpt(element)));
            continue;
        }
        let object: Object = match serde_json::from_str(element) {
            Ok(object) => object,
            Err(error) => {
                report.gap(
                    line,
                    format!("no nftables object ({error}): {}", excerpt(element)),
                );
                continue;
            }
        };
        if let Some(table) = object.table {
            tables.entry((table.family, table.name)).or_default();
        }
        if let Some(chain) = object.chain {
            let seen = tables
                .entry((chain.family.clone(), chain.table.clone()))
                .or_default();
            if chain.hook.is_some() {
                seen.iptables_chain |= IPTABLES_CHAINS.contains(&chain.name.as_str());
                bases.push((line, chain));
            }
        }
        if let Some(rule) = object.rule {
            let table = (rule.family, rule.table);
            let seen = tables.entry(table.clone()).or_default();
            seen.xt |= element.contains("\"xt\":");
            *rules.entry((table.0, table.1, rule.chain)).or_default() += 1;
        }
    }
    let mut native = Vec::new();
    for (line, chain) in bases {
        let table = (chain.family, chain.table);
        if tables
            .get(&table)
            .is_some_and(|seen| iptables.owns(&table.0, &table.1, seen))
        {
            continue;
        }
        let (Some(kind), Some(hook), Some(priority)) = (chain.kind, chain.hook, chain.prio) else {
            report.gap(
                line,
                format!("base chain {:?} without type or priority", chain.name),
            );
            continue;
        };
        let policy = chain.policy.unwrap_or_else(|| "accept".to_owned());
        let (family, table) = table;
        let key = (family.clone(), table.clone(), chain.name.clone());
        let rules = rules.get(&key).copied().unwrap_or(0);
        if rules > 0 || policy != "accept" {
            let chain = chain.name;
            native.push(NativeChain {
                family,
                table,
                chain,
                kind,
                hook,
                priority,
                policy,
                rules,
            });
        }
    }
    let iptables_names = tables
        .keys()
        .filter_map(|(family, name)| iptables_name(family, name))
        .collect();
    Some(Nftables {
        native,
        iptables_names,
    })
}

/// The family of a table which bears the name of one of iptables.
fn iptables_name(family: &str, name: &str) -> Option<Family> {
    let family = match family {
        "ip" => Family::V4,
        "ip6" => Family::V6,
        _ => return None,
    };
    IPTABLES_TABLES.contains(&name).then_some(family)
}

impl IptablesTables {
    /// Whether a table is that of iptables-nft: it bears its name, and `iptables-save` printed it or, where that was not
    /// read, its rules or chains look like it.
    fn owns(&self, family: &str, name: &str, seen: &TableSeen) -> bool {
        let Some(family) = iptables_name(family, name) else {
            return false;
        };
        match self.saved.iter().find(|(saved, _)| *saved == family) {
            Some((_, tables)) => tables.iter().any(|table| table == name),
            None => seen.xt || seen.iptables_chain,
        }
    }
}
