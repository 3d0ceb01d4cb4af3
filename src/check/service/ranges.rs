//! Source ranges of a load balancer's address: a chain lets them on, and the filter table drops who comes out of it as he
//! came in (kube-proxy since 1.25: kubernetes/kubernetes#110289).

use std::collections::BTreeSet;

use ipnet::IpNet;

use super::frame::SERVICES;
use super::intent::{Intent, join};
use super::takes::{Takes, takes};
use crate::check::{Check, Report};
use crate::explain::chains::Held;
use crate::model::iptables::{Negatable, Rule, TableKind, Target};
use crate::model::kube_proxy::{ServiceChain, balanced_ips};
use crate::model::{Family, Severity};

/// The checks of this file.
pub const CHECKS: &[Check] = &[DIFFER];

const DIFFER: Check = Check {
    id: "source-ranges-differ",
    catalogue: &["F14"],
    severity: Severity::Error,
    docs: "The rules let other clients in by a load balancer's address than the Service's loadBalancerSourceRanges name.",
};

/// Compares the ranges with the rules.
pub fn check(intent: &Intent<'_>, report: &mut Report) {
    let ips: Vec<_> = balanced_ips(intent.service, intent.family).collect();
    let Some(ip) = ips.first().filter(|_| intent.targets.any) else {
        return;
    };
    let held = intent.chain(ServiceChain::Firewall);
    if !intent.has_firewall() {
        return;
    }
    let wanted: BTreeSet<IpNet> = intent
        .service
        .source_ranges
        .iter()
        .filter(|range| Family::of(range.addr()) == intent.family)
        .map(IpNet::trunc)
        .collect();
    let node = intent.node();
    let services = intent.chains.chain(TableKind::Nat, SERVICES);
    let passes_by = services.rules().iter().find(|rule| {
        takes(rule, intent.protocol(), Some(*ip), intent.port.port) == Takes::All
            && leads_on(intent, rule)
    });
    if let Some(rule) = passes_by {
        let mut finding = intent.finding(
            &DIFFER,
            format!(
                "the rule for {ip} of {} on {node} lets everybody in",
                intent.label()
            ),
            format!(
                "clients outside {} are served",
                join(wanted.iter().map(IpNet::to_string))
            ),
        );
        intent.show(&mut finding, TableKind::Nat, services, rule);
        report.findings.push(finding);
        return;
    }
    let Held::Whole(_, rules) = held else { return };
    let onward = rules.iter().filter(|rule| leads_on(intent, rule));
    let let_in: BTreeSet<IpNet> = onward
        .filter_map(|rule| match rule.source {
            Some(Negatable {
                negate: false,
                value,
            }) => Some(value),
            Some(_) => None,
            None if intent.family == Family::V4 => "0.0.0.0/0".parse().ok(),
            None => "::/0".parse().ok(),
        })
        .collect();
    // A node within the ranges may find the balancer's address as its own source.
    let is_own = |net: &&IpNet| ips.iter().any(|ip| IpNet::from(*ip) == **net);
    let shut_out: Vec<_> = wanted.difference(&let_in).collect();
    let strangers: Vec<_> = let_in
        .difference(&wanted)
        .filter(|net| !is_own(net))
        .collect();
    let names = |nets: &[&IpNet]| join(nets.iter().map(ToString::to_string));
    let (title, impact) = match (shut_out.as_slice(), strangers.as_slice()) {
        ([], []) => return,
        ([], strangers) => (
            "let in others than",
            format!("clients from {} are served", names(strangers)),
        ),
        (shut_out, _) => (
            "do not let in all of",
            format!("clients from {} time out", names(shut_out)),
        ),
    };
    let mut finding = intent.finding(
        &DIFFER,
        format!(
            "the rules for {} on {node} {title} its source ranges",
            intent.label()
        ),
        impact,
    );
    for rule in rules {
        intent.show(&mut finding, TableKind::Nat, held, rule);
    }
    report.findings.push(finding);
}

/// Whether the rule leads to where clients are served.
fn leads_on(intent: &Intent<'_>, rule: &Rule) -> bool {
    let Target::Jump(to) = &rule.target else {
        return false;
    };
    let kind = intent.kind_of(to);
    kind.is_some_and(|kind| kind != ServiceChain::Firewall)
}
