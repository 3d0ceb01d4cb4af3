//! Traffic policies: of policy Local, connections stay on the node that they came to, or are dropped there; and what
//! comes from outside with policy Cluster is masqueraded, so that answers come back here (KEP-1860, KEP-2086,
//! `syncProxyRules` in pkg/proxy/iptables/proxier.go).

use super::frame::SERVICES;
use super::intent::Intent;
use super::takes::{Takes, takes};
use crate::check::{Check, Report};
use crate::explain::balance::is_unconditional;
use crate::explain::chains::Held;
use crate::model::Severity;
use crate::model::iptables::{Rule, TableKind, Target};
use crate::model::kube_proxy::ServiceChain;

/// The checks of this file.
pub const CHECKS: &[Check] = &[DIFFERS];

const DIFFERS: Check = Check {
    id: "traffic-policy-differs",
    catalogue: &["F11", "F13"],
    severity: Severity::Warning,
    docs: "The rules send a Service's traffic by another policy than the Service says: to all endpoints though it is to stay \
           on the node (internalTrafficPolicy or externalTrafficPolicy: Local), or only to those on the node though it \
           may go anywhere.",
};

/// Compares the way into the chains of choice, from inside and from outside.
pub fn check(intent: &Intent<'_>, report: &mut Report) {
    check_inside(intent, report);
    check_outside(intent, report);
}

fn check_inside(intent: &Intent<'_>, report: &mut Report) {
    let held = intent.chains.chain(TableKind::Nat, SERVICES);
    let local = intent.service.internal_local;
    let wrong = if local {
        ServiceChain::Cluster
    } else {
        ServiceChain::Local
    };
    let wrong_chain = intent.chain_name(wrong);
    for ip in intent.cluster_ips() {
        let port = intent.port.port;
        let takes_all = |rule: &&Rule| takes(rule, intent.protocol(), Some(ip), port) == Takes::All;
        let mut rules = held.rules().iter().filter(takes_all);
        let Some(rule) = rules.find(|rule| leads_to(rule, &wrong_chain)) else {
            continue;
        };
        let title = format!(
            "the rule for {} on {} leads to {}, and its internalTrafficPolicy is {}",
            intent.label(),
            intent.node(),
            endpoints(!local),
            policy(local)
        );
        let impact = format!(
            "connections from {} go to {} instead of {}",
            intent.node(),
            endpoints(!local),
            endpoints(local)
        );
        let mut finding = intent.finding(&DIFFERS, title, impact);
        intent.show(&mut finding, TableKind::Nat, held, rule);
        report.findings.push(finding);
    }
}

fn check_outside(intent: &Intent<'_>, report: &mut Report) {
    let held = intent.chain(ServiceChain::External);
    let Held::Whole(_, rules) = held else { return };
    if !intent.is_external() || !intent.targets.any {
        return;
    }
    let local = intent.service.external_local;
    let all = rules
        .iter()
        .filter(|rule| is_unconditional(rule) && rule.matches.is_empty());
    let onward = |kind: ServiceChain| {
        let chain = intent.chain_name(kind);
        all.clone().find(|rule| leads_to(rule, &chain))
    };
    let (title, impact) = match (
        local,
        onward(ServiceChain::Cluster),
        onward(ServiceChain::Local),
    ) {
        (true, Some(_), _) => (
            "sends clients outside to all endpoints, and its externalTrafficPolicy is Local",
            "connections from outside may leave the node, and their source may be lost",
        ),
        (true, None, None) if !intent.targets.local.is_empty() => (
            "sends clients outside nowhere, though endpoints are on the node",
            "connections from outside that come to the node are not translated",
        ),
        (false, _, Some(_)) => (
            "keeps clients outside on the node, and its externalTrafficPolicy is Cluster",
            "connections from outside reach only the endpoints on the node",
        ),
        (false, None, None) => (
            "sends clients outside nowhere",
            "connections from outside that come to the node are not translated",
        ),
        _ => return,
    };
    let mut finding = intent.finding(
        &DIFFERS,
        format!(
            "the chain for {} on {} {title}",
            intent.label(),
            intent.node()
        ),
        impact.to_owned(),
    );
    for rule in rules {
        intent.show(&mut finding, TableKind::Nat, held, rule);
    }
    report.findings.push(finding);
}

fn leads_to(rule: &Rule, chain: &str) -> bool {
    matches!(&rule.target, Target::Jump(to) if **to == *chain)
}

fn policy(local: bool) -> &'static str {
    if local { "Local" } else { "Cluster" }
}

fn endpoints(local: bool) -> &'static str {
    if local {
        "the endpoints on the node"
    } else {
        "all endpoints"
    }
}
