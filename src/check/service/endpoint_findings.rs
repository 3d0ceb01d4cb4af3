//! What is found about endpoints, in words.

use std::net::SocketAddr;

use super::Case;
use super::fact::Fact;
use super::intent::{Intent, join, listed, show};
use super::programmed::{Choice, Member, To};
use crate::check::Check;
use crate::model::kube_proxy::Target;
use crate::model::{Finding, ObjectKind, Severity};

/// The checks of this file.
pub const CHECKS: &[Check] = &[
    SWAPPED,
    WRONG_PORT,
    WRONG_TARGET,
    STALE,
    MISSING,
    EMPTY,
    WEIGHT_ZERO,
];

pub(super) const SWAPPED: Check = Check {
    id: "service-ports-swapped",
    catalogue: &["F03", "F09"],
    severity: Severity::Error,
    docs: "The rules for one port of a Service lead to the pods' port of another of its ports.",
};

pub(super) const WRONG_PORT: Check = Check {
    id: "endpoint-port-wrong",
    catalogue: &["F03", "F09"],
    severity: Severity::Error,
    docs: "The rules lead to an endpoint's address, and to another port than the EndpointSlice names: the target port was \
           changed and kube-proxy on the node did not follow, or somebody changed the rule.",
};

pub(super) const WRONG_TARGET: Check = Check {
    id: "endpoint-target-wrong",
    catalogue: &["F03"],
    severity: Severity::Error,
    docs: "The chain of one endpoint, by its name, translates to another address: the rule was changed by something other \
           than kube-proxy, which would have named the chain after that address. In IPVS mode endpoints have no chains, and in \
           nftables mode since Kubernetes 1.31 only those of Services with affinity.",
};

pub(super) const STALE: Check = Check {
    id: "endpoint-stale",
    catalogue: &["F03"],
    severity: Severity::Error,
    docs: "The rules of the node lead to an address that is no endpoint of the Service which may be used now: kube-proxy on \
           the node does not follow the API (it hangs, or cannot reach the API server). Connections that are sent there \
           time out, are refused, or end at another pod that has the address by now.",
};

pub(super) const MISSING: Check = Check {
    id: "endpoint-missing",
    catalogue: &["F03", "G02"],
    severity: Severity::Error,
    docs: "The Service has a ready endpoint to which nothing on the node leads: kube-proxy there does not follow the API, or \
           a rule, or a real server of IPVS, was removed.",
};

pub(super) const EMPTY: Check = Check {
    id: "endpoint-chain-empty",
    catalogue: &["F03"],
    severity: Severity::Error,
    docs: "The chain of an endpoint translates to nothing: what is sent there keeps the Service's address as its \
           destination and leaves by the default route. Modes without chains of endpoints cannot have that.",
};

pub(super) const WEIGHT_ZERO: Check = Check {
    id: "endpoint-weight-zero",
    catalogue: &["G03"],
    severity: Severity::Error,
    docs: "A real server of IPVS has weight 0, and by the API it is an endpoint that is ready: it keeps its connections and \
           gets no new one. kube-proxy gives weight 0 to endpoints that end, until their connections are gone; one that \
           came back has to get weight 1 again, and did not. The other modes have no weights.",
};

/// Endpoints that get no new connections though they are ready.
pub fn weightless(case: &Case<'_, '_>, choice: &Choice<'_>, members: &[&Member<'_>]) -> Finding {
    let intent = case.intent;
    let node = intent.node();
    let which: Vec<String> = members
        .iter()
        .filter_map(|member| to(member))
        .map(|to| to.to_string())
        .collect();
    let mut finding = intent.finding(
        &WEIGHT_ZERO,
        format!(
            "{} of {} on {node} has weight 0 and is ready",
            join(which.iter().take(3).cloned()),
            intent.label()
        ),
        format!(
            "no new connection that {node} sends through {} goes there",
            choice.name
        ),
    );
    finding.fix.clear();
    for member in members {
        show(&mut finding, &member.facts);
        if let [Fact::VirtualServer(server), Fact::RealServer(real)] = member.facts.as_slice() {
            let mut whole = (*real).clone();
            whole.weight = 1;
            let edited = whole.saved(server).replacen("-a ", "-e ", 1);
            finding.fix.push(format!("ipvsadm {edited}"));
        }
    }
    finding
}

/// Endpoints of the API beside the members that are led to another port of theirs.
pub fn wrong_port(case: &Case<'_, '_>, name: &str, pairs: &[(&Target, &Member<'_>)]) -> Finding {
    let intent = case.intent;
    let (node, pieces) = (intent.node(), case.proxy.pieces());
    let port = |member: &Member<'_>| to(member).map_or(0, |to| to.port());
    let slices = intent
        .catalog
        .slices(&intent.service.namespace, &intent.service.name);
    let other = slices
        .iter()
        .flat_map(|slice| &slice.ports)
        .find(|(of, protocol, number)| {
            (of, protocol) != (&intent.port.name, &intent.port.protocol)
                && pairs.iter().all(|(_, member)| port(member) == *number)
        });
    let wrong = join(
        pairs
            .iter()
            .take(3)
            .map(|(target, member)| format!("{} instead of {}", port(member), target.address)),
    );
    let check = if other.is_some() {
        &SWAPPED
    } else {
        &WRONG_PORT
    };
    let title = match other {
        Some((other, _, number)) => format!(
            "the {pieces} on {node} lead from port {:?} of {}/{} to {number}, the pods' port of {other:?}",
            intent.port.name, intent.service.namespace, intent.service.name
        ),
        None => format!(
            "the {pieces} on {node} lead to another port of the endpoints of {}: {wrong}",
            intent.label()
        ),
    };
    let part: f64 = pairs.iter().map(|(_, member)| member.part).sum();
    let mut finding = intent.finding(
        check,
        title,
        format!(
            "{} of the connections that {node} sends through {name} come to the wrong port",
            share(part)
        ),
    );
    for (_, member) in pairs {
        show(&mut finding, &member.facts);
    }
    finding
}

/// A chain that is named after one endpoint and leads to another address.
pub fn wrong_target(intent: &Intent<'_>, target: &Target, member: &Member<'_>) -> Finding {
    let to = to(member).map_or_else(String::new, |to| to.to_string());
    let mut finding = intent.finding(
        &WRONG_TARGET,
        format!(
            "the chain of {} on {} translates to {to}",
            target.address,
            intent.node()
        ),
        format!(
            "{} of the connections that {} sends to {} come to {to}",
            share(member.part),
            intent.node(),
            intent.name
        ),
    );
    show(&mut finding, &member.facts);
    finding
}

/// A chain of an endpoint that leads nowhere.
pub fn empty(intent: &Intent<'_>, member: &Member<'_>, target: Option<&Target>) -> Finding {
    let whose = target.map_or_else(String::new, |target| format!(" of {}", target.address));
    let mut finding = intent.finding(
        &EMPTY,
        format!(
            "chain {}{whose} on {} translates to nothing",
            member.chain.unwrap_or_default(),
            intent.node()
        ),
        format!(
            "{} of the connections that {} sends to {} leave by the default route",
            share(member.part),
            intent.node(),
            intent.name
        ),
    );
    show(&mut finding, &member.facts);
    finding
}

/// Members that are no endpoints.
pub fn stale(case: &Case<'_, '_>, name: &str, extra: &[&Member<'_>]) -> Finding {
    let intent = case.intent;
    let node = intent.node();
    let all: Vec<SocketAddr> = extra.iter().filter_map(|member| to(member)).collect();
    let part: f64 = extra.iter().map(|member| member.part).sum();
    let why = match all.as_slice() {
        [only] => format!(", {}", what_it_is(intent, *only)),
        _ => format!(
            ", which are no endpoints of it: {}",
            join(
                all.iter()
                    .take(3)
                    .map(|to| format!("{to} {}", what_it_is(intent, *to)))
            )
        ),
    };
    let which = match all.as_slice() {
        [only] => only.to_string(),
        several => format!("{} addresses", several.len()),
    };
    let mut finding = intent.finding(
        &STALE,
        format!(
            "the {} for {} on {node} lead to {which}{why}",
            case.proxy.pieces(),
            intent.label()
        ),
        format!(
            "{} of the connections that {node} sends through {name} go there",
            share(part)
        ),
    );
    for member in extra {
        show(&mut finding, &member.facts);
    }
    finding
}

/// What an address is that is no endpoint for the Service's traffic.
fn what_it_is(intent: &Intent<'_>, to: SocketAddr) -> String {
    let mut all = intent.targets.all.iter();
    if let Some(target) = all.find(|target| target.address == to) {
        return match (target.ready, target.draining) {
            (true, _) => "a ready endpoint that traffic from here is not to use".to_owned(),
            (false, true) => "an endpoint that is terminating, while others are ready".to_owned(),
            (false, false) => "an endpoint that is not ready".to_owned(),
        };
    }
    let objects = &intent.cluster().objects;
    let mut pods = objects.pods.iter();
    match pods.find(|pod| pod.ips.contains(&to.ip()) && !pod.has_ended()) {
        Some(pod) => format!("now pod {}/{}, no endpoint of it", pod.namespace, pod.name),
        None if objects.incomplete.contains(&ObjectKind::Pod) || objects.pods.is_empty() => {
            "no endpoint of it".to_owned()
        }
        None => "an address that no pod has any more".to_owned(),
    }
}

/// Endpoints that no member is.
pub fn gone(case: &Case<'_, '_>, choice: &Choice<'_>, missing: &[&Target]) -> Finding {
    let intent = case.intent;
    let node = intent.node();
    let which = match missing {
        [only] => format!("endpoint {}", only.address),
        several => format!(
            "{} endpoints ({})",
            several.len(),
            listed(several.iter().copied())
        ),
    };
    let mut impact = match missing {
        [_] => format!("it gets no connection from {node}"),
        _ => format!("they get no connection from {node}"),
    };
    if choice.left > 1e-9 {
        impact = format!(
            "{} of the connections are taken by no rule, and leave {node} by the default route",
            share(choice.left)
        );
    } else if choice.members.is_empty() {
        impact = format!(
            "{} has nothing to choose from: connections are refused",
            choice.name
        );
    }
    let leads = match case.proxy.pieces() {
        "rules" => "no rule",
        _ => "no real server",
    };
    let mut finding = intent.finding(
        &MISSING,
        format!("{leads} on {node} leads to {which} of {}", intent.label()),
        impact,
    );
    show(&mut finding, &choice.facts);
    if choice.facts.is_empty() {
        finding.evidence.push(crate::model::trace::Evidence {
            source: choice.name.clone(),
            raw: "the chain is empty".to_owned(),
        });
    }
    finding
}

/// Where a member is led.
pub fn to(member: &Member<'_>) -> Option<SocketAddr> {
    match member.to {
        To::Address(to) => Some(to),
        To::Nowhere | To::Unknown => None,
    }
}

/// `50 %`.
pub fn share(part: f64) -> String {
    let percent = part * 100.0;
    if (percent - percent.round()).abs() < 0.05 {
        format!("{percent:.0} %")
    } else {
        format!("{percent:.1} %")
    }
}
