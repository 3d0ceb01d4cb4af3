//! Chains: of iptables in both backends, and of native nftables with its sets and maps.

use std::collections::HashMap;

use super::{Cell, Column, Place, Rows};
use crate::model::iptables::{Backend, Policy, Target};
use crate::model::nftables;

pub(super) const IPTABLES: &[Column] = &[
    Column::new("table"),
    Column::new("chain"),
    Column::usually("family", "IPv4"),
    Column::wide("backend"),
    Column::usually("policy", "ACCEPT"),
    Column::new("rules"),
    Column::new("packets"),
    Column::wide("jumped_from"),
    Column::new("service"),
];

pub(super) const NFTABLES: &[Column] = &[
    Column::new("family"),
    Column::new("table"),
    Column::new("name"),
    Column::new("kind"),
    Column::new("hook"),
    Column::wide("priority"),
    Column::usually("policy", "accept"),
    Column::new("entries"),
];

pub(super) fn iptables(place: &Place<'_>) -> Rows {
    if place.netns.iptables.is_empty() {
        return None;
    }
    let services = place.owners.chains();
    let mut rows = Vec::new();
    for ruleset in &place.netns.iptables {
        for table in ruleset.tables() {
            // How often each chain is jumped to: one pass over the table's rules.
            let mut jumps: HashMap<&str, u64> = HashMap::new();
            for rule in table.chains().iter().flat_map(|chain| ruleset.rules(chain)) {
                if let Target::Jump(to) = &rule.target {
                    *jumps.entry(to).or_default() += 1;
                }
            }
            let all_read = table.chains().iter().all(|chain| chain.is_read());
            for chain in table.chains() {
                let policy = chain.policy.map(|policy| match policy {
                    Policy::Accept => "ACCEPT",
                    Policy::Drop => "DROP",
                });
                let counted = ruleset.rules(chain).iter().filter_map(|rule| rule.counters);
                let packets = counted
                    .map(|counters| counters.packets)
                    .reduce(u64::saturating_add);
                rows.push(vec![
                    table.kind.name().into(),
                    (&*chain.name).into(),
                    ruleset.family.to_string().into(),
                    match ruleset.backend {
                        Backend::Nft => "nft",
                        Backend::Legacy => "legacy",
                    }
                    .into(),
                    policy.into(),
                    chain.is_read().then_some(chain.len()).into(),
                    packets.into(),
                    match chain.policy {
                        Some(_) => Cell::Absent,
                        None if !all_read => Cell::Absent,
                        None => rules(jumps.get(&*chain.name).copied().unwrap_or(0)).into(),
                    },
                    services.get(&*chain.name).cloned().into(),
                ]);
            }
        }
    }
    Some(rows)
}

fn rules(count: u64) -> String {
    match count {
        0 => "nowhere".to_owned(),
        1 => "1 rule".to_owned(),
        _ => format!("{count} rules"),
    }
}

pub(super) fn nftables(place: &Place<'_>) -> Rows {
    let ruleset = place.netns.nftables.as_ref()?;
    let mut rows = Vec::new();
    for table in &ruleset.tables {
        let row = |name: &str, kind: &str, base: Option<&nftables::BaseChain>, entries: usize| {
            vec![
                table.family.name().into(),
                (&*table.name).into(),
                name.into(),
                kind.into(),
                base.map(|base| base.hook.to_string()).into(),
                base.map(|base| base.priority.to_string()).into(),
                base.map(|base| match base.policy {
                    nftables::Policy::Accept => "accept",
                    nftables::Policy::Drop => "drop",
                })
                .into(),
                entries.into(),
            ]
        };
        for chain in &table.chains {
            rows.push(row(
                &chain.name,
                "chain",
                chain.base.as_ref(),
                chain.rules.len(),
            ));
        }
        for set in &table.sets {
            let kind = if set.data.is_some() { "map" } else { "set" };
            rows.push(row(&set.name, kind, None, set.elements.len()));
        }
    }
    Some(rows)
}
