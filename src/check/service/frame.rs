//! The way into kube-proxy's chains: the jumps from the kernel's own chains of the nat table, which it puts there once
//! and then looks at only in its full syncs (`iptablesJumpChains` in pkg/proxy/iptables/proxier.go).

use super::intent::{Intent, restart_proxy};
use crate::check::{Check, Report};
use crate::explain::chains::{Chains, Held};
use crate::model::iptables::{Match, Ruleset, TableKind, Target};
use crate::model::trace::Evidence;
use crate::model::{Cluster, Family, NetnsId, NetnsName, Place, Severity};

/// The checks of this file.
pub const CHECKS: &[Check] = &[ABSENT, UNREACHED];

const ABSENT: Check = Check {
    id: "kube-proxy-rules-absent",
    catalogue: &["F01"],
    severity: Severity::Error,
    docs: "The node has none of kube-proxy's rules, though other nodes of the cluster have: kube-proxy does not run \
           there, or something flushed the tables. Packets to Services keep their destination and leave by the default \
           route.",
};

const UNREACHED: Check = Check {
    id: "kube-services-unreached",
    catalogue: &["F01"],
    severity: Severity::Error,
    docs: "kube-proxy's chain KUBE-SERVICES is there, and no rule of nat PREROUTING or OUTPUT jumps to it: packets to \
           Services keep their destination and leave by the default route. kube-proxy puts the jumps back only in a full \
           sync, once an hour or when its canary chain is gone.",
};

/// kube-proxy's first chain.
pub const SERVICES: &str = "KUBE-SERVICES";

/// The ruleset of a node in which kube-proxy's iptables mode keeps its rules. `None` when that is certain not to be
/// there, which is reported; an error when it cannot be told, or another mode serves the node.
pub fn ruleset<'c>(
    cluster: &'c Cluster,
    host: NetnsId,
    family: Family,
    report: &mut Report,
) -> Result<Option<&'c Ruleset>, String> {
    let netns = cluster.netns(host);
    let native = netns.nftables.iter().flat_map(|ruleset| &ruleset.tables);
    if native.into_iter().any(|table| *table.name == *"kube-proxy") {
        return Err("kube-proxy serves this node in its nftables mode".to_owned());
    }
    let balances = netns
        .virtual_servers
        .as_ref()
        .is_some_and(|all| !all.is_empty());
    if balances || netns.link("kube-ipvs0").is_some() {
        return Err("kube-proxy serves this node in its IPVS mode".to_owned());
    }
    let mut holding = rulesets(cluster, host, family).filter(|ruleset| serves(ruleset));
    match (holding.next(), holding.next()) {
        (Some(only), None) => return Ok(Some(only)),
        (Some(_), Some(_)) => {
            return Err("both iptables backends hold kube-proxy's chains".to_owned());
        }
        (None, _) => {}
    }
    let whole = |ruleset: &Ruleset| {
        let chains = Chains::of(cluster, host, ruleset);
        matches!(chains.chain(TableKind::Nat, SERVICES), Held::Absent)
    };
    let read = rulesets(cluster, host, family).count() > 0;
    let hosts = cluster.all_netns();
    let mut others = hosts.filter(|(id, netns)| *id != host && netns.name == NetnsName::Host);
    let elsewhere = others.find(|(id, _)| rulesets(cluster, *id, family).any(serves));
    let Some((other, _)) = elsewhere.filter(|_| read && rulesets(cluster, host, family).all(whole))
    else {
        return Err("kube-proxy's chains are not among the rules that were read".to_owned());
    };
    let node = cluster.node_name(host);
    let place = Place {
        node: Some(node.to_owned()),
        netns: Some("host".to_owned()),
        device: None,
    };
    let mut finding = ABSENT.finding(
        place,
        format!("{node} has none of kube-proxy's rules"),
        format!(
            "no packet from {node} to any Service is translated: it leaves with the Service's address as its destination"
        ),
    );
    finding.evidence.push(Evidence {
        source: "iptables nat".to_owned(),
        raw: format!("no chain {SERVICES}; {} has one", cluster.node_name(other)),
    });
    finding.fix = restart_proxy(node);
    report.findings.push(finding);
    Ok(None)
}

fn rulesets(
    cluster: &Cluster,
    host: NetnsId,
    family: Family,
) -> impl Iterator<Item = &Ruleset> + Clone {
    let all = cluster.netns(host).iptables.iter();
    all.filter(move |ruleset| ruleset.family == family)
}

/// Whether kube-proxy's iptables mode keeps its rules there: IPVS mode has a chain of that name as well, which looks
/// into sets.
fn serves(ruleset: &Ruleset) -> bool {
    let table = ruleset.table(TableKind::Nat);
    let Some(chain) = table.and_then(|table| table.chain(SERVICES)) else {
        return false;
    };
    let sets = |one: &Match| matches!(one, Match::Set { .. });
    let mut rules = ruleset.rules(chain).iter();
    !chain.is_empty() && !rules.any(|rule| rule.matches.iter().any(sets))
}

/// Looks for the jumps.
pub fn check(intent: &Intent<'_>, report: &mut Report) {
    let chains = intent.chains;
    let gone: Vec<&str> = ["PREROUTING", "OUTPUT"]
        .into_iter()
        .filter(|base| {
            let held = chains.chain(TableKind::Nat, base);
            let leads = |target: &Target| matches!(target, Target::Jump(to) if **to == *SERVICES);
            // Without the base chain nothing is ever translated there.
            held.is_certain() && !held.rules().iter().any(|rule| leads(&rule.target))
        })
        .collect();
    if gone.is_empty() {
        return;
    }
    let who = match gone.as_slice() {
        ["PREROUTING"] => "pods and clients outside",
        ["OUTPUT"] => "programs on the node itself",
        _ => "everybody",
    };
    let node = intent.node();
    let mut finding = intent.finding(
        &UNREACHED,
        format!(
            "no rule of nat {} on {node} jumps to {SERVICES}",
            gone.join(" or ")
        ),
        format!(
            "packets of {who} to Services are not translated on {node}: they leave with the Service's address as their destination"
        ),
    );
    let restart = std::mem::take(&mut finding.fix);
    for base in &gone {
        let held = chains.chain(TableKind::Nat, base);
        let rules = held.rules().iter().zip(std::iter::repeat(held.chain()));
        let lines: Vec<&str> = rules
            .filter_map(|(rule, chain)| Some(chains.ruleset.line(chain?, rule)))
            .collect();
        finding.evidence.push(Evidence {
            source: format!("iptables nat {base}"),
            raw: if lines.is_empty() {
                "no rule".to_owned()
            } else {
                lines.join("\n")
            },
        });
        let tool = match intent.family {
            Family::V4 => "iptables",
            Family::V6 => "ip6tables",
        };
        finding.fix.push(format!(
            "{tool} -t nat -I {base} -m comment --comment \"kubernetes service portals\" -j {SERVICES}"
        ));
    }
    let restart = restart.into_iter();
    let restart = restart.map(|command| format!("# or, which does the same: {command}"));
    finding.fix.extend(restart);
    report.findings.push(finding);
}
