//! Rules that still lead to a Service's chains from where it no longer is.

use std::net::IpAddr;

use super::addresses::NODE_PORTS;
use super::frame::SERVICES;
use super::intent::Intent;
use crate::check::{Check, Report};
use crate::model::iptables::{Match, Negatable, Rule, TableKind, Target};
use crate::model::kube_proxy::balanced_ips;
use crate::model::{Family, Finding, ServicePort, Severity};

/// The checks of this file.
pub const CHECKS: &[Check] = &[STALE];

const STALE: Check = Check {
    id: "service-rule-stale",
    catalogue: &["F03", "F27"],
    severity: Severity::Warning,
    docs: "A rule leads to a Service's chains from an address or port that the Service does not have (any more): an external \
           IP, load balancer's IP or NodePort that was taken back, while kube-proxy on the node did not follow.",
};

/// Looks through the rules that lead here.
pub fn check(intent: &Intent<'_>, report: &mut Report) {
    let services = intent.chains.chain(TableKind::Nat, SERVICES);
    for rule in services
        .rules()
        .iter()
        .filter(|rule| leads_here(intent, rule))
    {
        let Some(ip) = single(rule.destination) else {
            continue;
        };
        if has_a_service(intent, ip, port_of(rule)) {
            continue;
        }
        let at = port_of(rule).map_or_else(|| ip.to_string(), |port| format!("{ip} port {port}"));
        let mut finding = found(intent, &at);
        intent.show(&mut finding, TableKind::Nat, services, rule);
        report.findings.push(finding);
    }
    let node_ports = intent.chains.chain(TableKind::Nat, NODE_PORTS);
    let mut told = None;
    for rule in node_ports
        .rules()
        .iter()
        .filter(|rule| leads_here(intent, rule))
    {
        let port = port_of(rule).filter(|port| !is_node_port(intent, *port));
        if port.is_none() || port == told {
            continue;
        }
        told = port;
        let at = format!("NodePort {}", port.unwrap_or_default());
        let mut finding = found(intent, &at);
        intent.show(&mut finding, TableKind::Nat, node_ports, rule);
        report.findings.push(finding);
    }
}

fn found(intent: &Intent<'_>, at: &str) -> Finding {
    intent.finding(
        &STALE,
        format!(
            "a rule on {} leads from {at} to {}, which does not have it",
            intent.node(),
            intent.name
        ),
        format!("clients of {at} still get {}", intent.name),
    )
}

/// Whether some Service has that address and port. If it is another one than the rule leads to, that is found there.
fn has_a_service(intent: &Intent<'_>, ip: IpAddr, port: Option<u16>) -> bool {
    let mut services = intent.cluster.objects.services.iter();
    services.any(|service| {
        let own = service
            .cluster_ips
            .iter()
            .chain(&service.external_ips)
            .copied();
        let mut ips = own.chain(balanced_ips(service, intent.family));
        let mut ports = service.ports.iter();
        let is_it =
            |one: &ServicePort| Some(one.port) == port && one.protocol == intent.port.protocol;
        ips.any(|one| one == ip) && ports.any(is_it)
    })
}

fn is_node_port(intent: &Intent<'_>, port: u16) -> bool {
    let services = intent.cluster.objects.services.iter();
    let mut ports = services.flat_map(|service| &service.ports);
    ports.any(|one| one.node_port == Some(port) && one.protocol == intent.port.protocol)
}

fn leads_here(intent: &Intent<'_>, rule: &Rule) -> bool {
    matches!(&rule.target, Target::Jump(to) if intent.kind_of(to).is_some())
}

fn single(net: Option<Negatable<ipnet::IpNet>>) -> Option<IpAddr> {
    let Negatable { negate, value } = net?;
    let whole = match Family::of(value.addr()) {
        Family::V4 => 32,
        Family::V6 => 128,
    };
    (!negate && value.prefix_len() == whole).then(|| value.addr())
}

/// The one port that a rule is for.
fn port_of(rule: &Rule) -> Option<u16> {
    rule.matches.iter().find_map(|one| match one {
        Match::Ports {
            destination:
                Some(Negatable {
                    negate: false,
                    value,
                }),
            ..
        } if value.first == value.last => Some(value.first),
        _ => None,
    })
}
