//! The endpoints of a Service beside the addresses that its chains translate to.

use std::net::SocketAddr;

use super::frame::SERVICES;
use super::intent::{Intent, join, listed};
use crate::check::{Check, Report};
use crate::explain::balance::{self, Balance, Share};
use crate::explain::chains::Held;
use crate::model::iptables::TableKind;
use crate::model::iptables::Target::Jump;
use crate::model::kube_proxy::{ServiceChain, Target, Targets};
use crate::model::{Finding, ObjectKind, Severity};

/// The checks of this file.
pub const CHECKS: &[Check] = &[SWAPPED, WRONG_PORT, WRONG_TARGET, STALE, MISSING, EMPTY];

const SWAPPED: Check = Check {
    id: "service-ports-swapped",
    catalogue: &["F03", "F09"],
    severity: Severity::Error,
    docs: "The rules for one port of a Service lead to the pods' port of another of its ports.",
};

const WRONG_PORT: Check = Check {
    id: "endpoint-port-wrong",
    catalogue: &["F03", "F09"],
    severity: Severity::Error,
    docs: "The rules lead to an endpoint's address, and to another port than the EndpointSlice names: the target port was \
           changed and kube-proxy on the node did not follow, or somebody changed the rule.",
};

const WRONG_TARGET: Check = Check {
    id: "endpoint-target-wrong",
    catalogue: &["F03"],
    severity: Severity::Error,
    docs: "The chain of one endpoint, by its name, translates to another address: the rule was changed by something other \
           than kube-proxy, which would have named the chain after that address.",
};

const STALE: Check = Check {
    id: "endpoint-stale",
    catalogue: &["F03"],
    severity: Severity::Error,
    docs: "The rules of the node lead to an address that is no endpoint of the Service which may be used now: kube-proxy on \
           the node does not follow the API (it hangs, or cannot reach the API server). Connections that are sent there \
           time out, are refused, or end at another pod that has the address by now.",
};

const MISSING: Check = Check {
    id: "endpoint-missing",
    catalogue: &["F03"],
    severity: Severity::Error,
    docs: "The Service has a ready endpoint to which no rule of the node leads: kube-proxy on the node does not follow the \
           API, or a rule was removed.",
};

const EMPTY: Check = Check {
    id: "endpoint-chain-empty",
    catalogue: &["F03"],
    severity: Severity::Error,
    docs: "The chain of an endpoint translates to nothing: what is sent there keeps the Service's address as its \
           destination and leaves by the default route.",
};

/// An endpoint as the rules have it.
struct Actual<'c> {
    share: Share<'c>,
    chain: Held<'c>,
    /// Where it is translated to; `None` when that is not one address and port, or not known.
    to: Option<SocketAddr>,
}

/// Compares both chains of choice.
pub fn check(intent: &Intent<'_>, report: &mut Report) {
    let targets = &intent.targets;
    check_chain(intent, ServiceChain::Cluster, &targets.cluster, report);
    check_chain(intent, ServiceChain::Local, &targets.local, report);
}

fn check_chain(intent: &Intent<'_>, kind: ServiceChain, expected: &[Target], report: &mut Report) {
    let held = intent.chain(kind);
    let Held::Whole(..) = held else { return };
    if expected.is_empty() && !is_reached(intent, kind) {
        return;
    }
    let balance = Balance::of(held.rules());
    let name = intent.chain_name(kind);
    let actual: Vec<Actual<'_>> = balance
        .shares
        .iter()
        .map(|share| actual(intent, share))
        .collect();
    // Of an endpoint whose chain was not read nothing can be said, and so of none that might be it.
    let whole = actual.iter().all(|one| one.chain.is_certain());
    let matched = |target: &Target| actual.iter().any(|one| one.to == Some(target.address));
    let wanted = |one: &Actual<'_>| {
        one.to
            .is_none_or(|to| expected.iter().any(|target| target.address == to))
    };
    if follows_no_hints(&intent.targets, kind, &actual) || !balance.unclear.is_empty() {
        return;
    }
    let mut missing: Vec<&Target> = if whole {
        expected.iter().filter(|target| !matched(target)).collect()
    } else {
        Vec::new()
    };
    let mut extra: Vec<&Actual<'_>> = actual.iter().filter(|one| !wanted(one)).collect();

    let renamed = pairs(&mut missing, &mut extra, |target, one| {
        one.to.is_some_and(|to| to.ip() == target.address.ip())
    });
    if !renamed.is_empty() {
        report.findings.push(wrong_port(intent, &name, &renamed));
    }
    let moved = pairs(&mut missing, &mut extra, |target, one| {
        one.share.chain == intent.endpoint_chain(target.address)
    });
    for (target, one) in moved {
        report.findings.push(wrong_target(intent, target, one));
    }
    for one in &actual {
        if one.to.is_none()
            && one.chain.is_certain()
            && balance::destination(one.chain.rules()).is_none()
        {
            let found = pairs(&mut missing, &mut vec![one], |target, one| {
                one.share.chain == intent.endpoint_chain(target.address)
            });
            report
                .findings
                .push(empty(intent, one, found.first().map(|(target, _)| *target)));
        }
    }
    if !extra.is_empty() {
        report.findings.push(stale(intent, &name, &extra));
    }
    if !missing.is_empty() {
        report
            .findings
            .push(gone(intent, held, &missing, balance.left));
    }
}

/// Whether a rule leads to the chain: proxies with many endpoints let chains lie about for a while that none leads to.
fn is_reached(intent: &Intent<'_>, kind: ServiceChain) -> bool {
    let name = intent.chain_name(kind);
    let services = intent.chains.chain(TableKind::Nat, SERVICES).rules();
    let external = intent.chain(ServiceChain::External).rules();
    let mut rules = services.iter().chain(external);
    rules.any(|rule| matches!(&rule.target, Jump(to) if **to == *name))
}

fn actual<'c>(intent: &Intent<'c>, share: &Share<'c>) -> Actual<'c> {
    let chain = intent.chains.chain(TableKind::Nat, share.chain);
    Actual {
        share: *share,
        chain,
        to: balance::destination(chain.rules()).map(|(_, to)| to),
    }
}

/// Whether the rules hold every ready endpoint though hints prefer some: proxies that know no such hints are right so.
fn follows_no_hints(targets: &Targets, kind: ServiceChain, actual: &[Actual<'_>]) -> bool {
    let ready: Vec<_> = targets.all.iter().filter(|target| target.ready).collect();
    let leads = |target: &&&Target| actual.iter().any(|one| one.to == Some(target.address));
    kind == ServiceChain::Cluster
        && targets.hinted
        && ready.len() == actual.len()
        && ready.iter().all(|target| leads(&target))
}

/// Takes out of both lists those that belong together.
fn pairs<'t, 'a, 'c>(
    missing: &mut Vec<&'t Target>,
    extra: &mut Vec<&'a Actual<'c>>,
    belong: impl Fn(&Target, &Actual<'c>) -> bool,
) -> Vec<(&'t Target, &'a Actual<'c>)> {
    let mut found = Vec::new();
    missing.retain(|target| {
        let at = extra.iter().position(|one| belong(target, one));
        if let Some(at) = at {
            found.push((*target, extra.remove(at)));
        }
        at.is_none()
    });
    found
}

fn wrong_port(intent: &Intent<'_>, name: &str, pairs: &[(&Target, &Actual<'_>)]) -> Finding {
    let node = intent.node();
    let led_to: Vec<u16> = pairs
        .iter()
        .filter_map(|(_, one)| Some(one.to?.port()))
        .collect();
    let slices = intent.cluster.objects.endpoint_slices.iter();
    let slices = slices.filter(|slice| {
        slice.namespace == intent.service.namespace && slice.service == intent.service.name
    });
    let other = slices
        .flat_map(|slice| &slice.ports)
        .find(|(port, protocol, number)| {
            (port, protocol) != (&intent.port.name, &intent.port.protocol)
                && led_to.iter().all(|to| to == number)
        });
    let wrong = join(pairs.iter().take(3).map(|(target, one)| {
        format!(
            "{} instead of {}",
            one.to.map_or(0, |to| to.port()),
            target.address
        )
    }));
    let check = if other.is_some() {
        &SWAPPED
    } else {
        &WRONG_PORT
    };
    let title = match other {
        Some((other, _, number)) => format!(
            "the rules on {node} lead from port {:?} of {}/{} to {number}, the pods' port of {other:?}",
            intent.port.name, intent.service.namespace, intent.service.name
        ),
        None => format!(
            "the rules on {node} lead to another port of the endpoints of {}: {wrong}",
            intent.label()
        ),
    };
    let part: f64 = pairs.iter().map(|(_, one)| one.share.probability).sum();
    let mut finding = intent.finding(
        check,
        title,
        format!(
            "{} of the connections that {node} sends through {name} come to the wrong port",
            share(part)
        ),
    );
    for (_, one) in pairs {
        show_target(intent, one, &mut finding);
    }
    finding
}

fn wrong_target(intent: &Intent<'_>, target: &Target, one: &Actual<'_>) -> Finding {
    let to = one.to.map_or_else(String::new, |to| to.to_string());
    let mut finding = intent.finding(
        &WRONG_TARGET,
        format!(
            "the chain of {} on {} translates to {to}",
            target.address,
            intent.node()
        ),
        format!(
            "{} of the connections that {} sends to {} come to {to}",
            share(one.share.probability),
            intent.node(),
            intent.name
        ),
    );
    show_target(intent, one, &mut finding);
    finding
}

fn empty(intent: &Intent<'_>, one: &Actual<'_>, target: Option<&Target>) -> Finding {
    let whose = target.map_or_else(String::new, |target| format!(" of {}", target.address));
    let mut finding = intent.finding(
        &EMPTY,
        format!(
            "chain {}{whose} on {} translates to nothing",
            one.share.chain,
            intent.node()
        ),
        format!(
            "{} of the connections that {} sends to {} leave by the default route",
            share(one.share.probability),
            intent.node(),
            intent.name
        ),
    );
    show_jump(intent, one, &mut finding);
    finding
}

fn stale(intent: &Intent<'_>, name: &str, extra: &[&Actual<'_>]) -> Finding {
    let node = intent.node();
    let to: Vec<SocketAddr> = extra.iter().filter_map(|one| one.to).collect();
    let part: f64 = extra.iter().map(|one| one.share.probability).sum();
    let why = match to.as_slice() {
        [only] => format!(", {}", what_it_is(intent, *only)),
        _ => format!(
            ", which are no endpoints of it: {}",
            join(
                to.iter()
                    .take(3)
                    .map(|to| { format!("{to} {}", what_it_is(intent, *to)) })
            )
        ),
    };
    let which = match to.as_slice() {
        [only] => only.to_string(),
        several => format!("{} addresses", several.len()),
    };
    let mut finding = intent.finding(
        &STALE,
        format!(
            "the rules for {} on {node} lead to {which}{why}",
            intent.label()
        ),
        format!(
            "{} of the connections that {node} sends through {name} go there",
            share(part)
        ),
    );
    for one in extra {
        show_target(intent, one, &mut finding);
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
    let objects = &intent.cluster.objects;
    let mut pods = objects.pods.iter();
    match pods.find(|pod| pod.ips.contains(&to.ip()) && !pod.has_ended()) {
        Some(pod) => format!("now pod {}/{}, no endpoint of it", pod.namespace, pod.name),
        None if objects.incomplete.contains(&ObjectKind::Pod) || objects.pods.is_empty() => {
            "no endpoint of it".to_owned()
        }
        None => "an address that no pod has any more".to_owned(),
    }
}

fn gone(intent: &Intent<'_>, held: Held<'_>, missing: &[&Target], left: f64) -> Finding {
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
    if left > 1e-9 {
        impact = format!(
            "{} of the connections are taken by no rule, and leave {node} by the default route",
            share(left)
        );
    }
    let mut finding = intent.finding(
        &MISSING,
        format!("no rule on {node} leads to {which} of {}", intent.label()),
        impact,
    );
    for rule in held.rules().iter().take(MOST_SHOWN) {
        intent.show(&mut finding, TableKind::Nat, held, rule);
    }
    if held.rules().is_empty()
        && let Some(chain) = held.chain()
    {
        finding.evidence.push(crate::model::trace::Evidence {
            source: format!("iptables nat {}", chain.name),
            raw: "the chain is empty".to_owned(),
        });
    }
    finding
}

/// So many rules of a chain are shown as evidence.
const MOST_SHOWN: usize = 12;

fn show_jump(intent: &Intent<'_>, one: &Actual<'_>, finding: &mut Finding) {
    for kind in [ServiceChain::Cluster, ServiceChain::Local] {
        let held = intent.chain(kind);
        if held
            .rules()
            .iter()
            .any(|rule| std::ptr::eq(rule, one.share.rule))
        {
            intent.show(finding, TableKind::Nat, held, one.share.rule);
        }
    }
}

fn show_target(intent: &Intent<'_>, one: &Actual<'_>, finding: &mut Finding) {
    show_jump(intent, one, finding);
    if let Some((rule, _)) = balance::destination(one.chain.rules()) {
        intent.show(finding, TableKind::Nat, one.chain, rule);
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
