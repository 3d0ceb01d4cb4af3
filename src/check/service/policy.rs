//! Traffic policies: of policy Local, connections stay on the node that they came to, or are dropped there; and what
//! comes from outside with policy Cluster is masqueraded, so that answers come back here (KEP-1860, KEP-2086,
//! `syncProxyRules` in pkg/proxy/iptables/proxier.go).

use super::Case;
use super::fact::Fact;
use super::intent::show;
use super::programmed::{At, Outside, Proxy, Taker};
use crate::check::{Check, Report};
use crate::model::kube_proxy::ServiceChain;
use crate::model::{Finding, Severity};

/// The checks of this file.
pub const CHECKS: &[Check] = &[DIFFERS];

const DIFFERS: Check = Check {
    id: "traffic-policy-differs",
    catalogue: &["F11", "F13"],
    severity: Severity::Warning,
    docs: "The rules send a Service's traffic by another policy than the Service says: to all endpoints though it is to stay \
           on the node (internalTrafficPolicy or externalTrafficPolicy: Local), or only to those on the node though it \
           may go anywhere. In IPVS mode kube-proxy takes all endpoints where there is none on the node, which is no difference.",
};

/// Compares the way into the choices, from inside and from outside.
pub fn check(case: &Case<'_, '_>, report: &mut Report) {
    let intent = case.intent;
    for (at, taker) in &case.programmed.frontends {
        let (local, which) = match at {
            At::Cluster(_) => (intent.service.internal_local, "internal"),
            _ => (intent.service.external_local, "external"),
        };
        let Taker::Own(led, fact) = taker else {
            continue;
        };
        let leads_locally = match led {
            ServiceChain::Cluster => false,
            ServiceChain::Local => true,
            _ => continue,
        };
        // Where there is no endpoint on the node, IPVS mode takes all.
        let falls_back = matches!(case.proxy, Proxy::Ipvs(_)) && intent.targets.local.is_empty();
        if leads_locally != local && !falls_back {
            let found = other_way(case, local, which, *fact);
            report.findings.push(found);
        }
    }
    if let Some(outside) = &case.programmed.outside {
        report.findings.extend(check_outside(case, outside));
    }
}

fn other_way(case: &Case<'_, '_>, local: bool, which: &str, fact: Fact<'_>) -> Finding {
    let intent = case.intent;
    let title = format!(
        "the {} for {} on {} leads to {}, and its {which}TrafficPolicy is {}",
        case.proxy.piece(),
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
    show(&mut finding, &[fact]);
    finding
}

fn check_outside(case: &Case<'_, '_>, outside: &Outside<'_>) -> Option<Finding> {
    let intent = case.intent;
    if !intent.is_external() || !intent.targets.any {
        return None;
    }
    let local = intent.service.external_local;
    let (title, impact) = match (local, outside.to_all, outside.to_local) {
        (true, true, _) => (
            "sends clients outside to all endpoints, and its externalTrafficPolicy is Local",
            "connections from outside may leave the node, and their source may be lost",
        ),
        (true, false, false) if !intent.targets.local.is_empty() => (
            "sends clients outside nowhere, though endpoints are on the node",
            "connections from outside that come to the node are not translated",
        ),
        (false, _, true) => (
            "keeps clients outside on the node, and its externalTrafficPolicy is Cluster",
            "connections from outside reach only the endpoints on the node",
        ),
        (false, false, false) => (
            "sends clients outside nowhere",
            "connections from outside that come to the node are not translated",
        ),
        _ => return None,
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
    show(&mut finding, &outside.facts);
    Some(finding)
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
