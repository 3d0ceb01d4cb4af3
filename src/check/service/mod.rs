//! A Service as the API has it beside what the kernel of one node holds for it: chains, shares, targets.
//!
//! Each file compares one side of it. What kube-proxy has to write follows from the objects
//! ([`crate::model::kube_proxy`]); names of chains are recomputed, never taken from comments.

mod addresses;
mod affinity;
mod endpoints;
mod frame;
mod intent;
mod policy;
mod ranges;
mod shares;
mod stale;
mod takes;
mod target_port;

use std::net::IpAddr;

use super::{Check, Report};
use crate::explain::chains::Chains;
use crate::model::kube_proxy::{is_served, port_name, protocol_name};
use crate::model::{
    Cluster, Family, Flow, Netns, NetnsId, NetnsName, ObjectKind, Service, ServicePort,
};
use intent::Intent;
pub(super) use intent::restart_proxy;

/// The checks of this family, causes before what they cause.
pub const CHECKS: &[&[Check]] = &[
    frame::CHECKS,
    addresses::CHECKS,
    target_port::CHECKS,
    endpoints::CHECKS,
    shares::CHECKS,
    policy::CHECKS,
    ranges::CHECKS,
    affinity::CHECKS,
    stale::CHECKS,
];

/// Compares what a flow is sent to, when that is a Service, with what the node holds whose rules it meets first.
pub fn of_flow(cluster: &Cluster, flow: &Flow) -> Report {
    let mut report = Report::default();
    let Some((service, port)) = asked(cluster, flow) else {
        return report;
    };
    let node = cluster.node_name(flow.start);
    let Some(host) = cluster.host(node) else {
        report.skip(
            port_name(service, port),
            format!("the namespace of {node} itself was not read"),
        );
        return report;
    };
    on_node(cluster, host, service, port, Family::of(flow.destination))
}

/// Compares one port of a Service with what a node holds for it. `host` is the node's own namespace.
pub fn on_node(
    cluster: &Cluster,
    host: NetnsId,
    service: &Service,
    port: &ServicePort,
    family: Family,
) -> Report {
    let mut report = Report::default();
    let name = port_name(service, port);
    let what = format!("{name} on {}", cluster.node_name(host));
    if !is_served(service) || protocol_name(port.protocol).is_none() {
        return report;
    }
    let objects = &cluster.objects;
    if !objects.knows_service(&service.namespace, &service.name) {
        report.skip(what, "the Services and EndpointSlices were not read whole");
        return report;
    }
    target_port::check(cluster, service, port, &mut report);
    let ruleset = match frame::ruleset(cluster, host, family, &mut report) {
        Ok(Some(ruleset)) => ruleset,
        Ok(None) => return report,
        Err(why) => {
            report.skip(what, why);
            return report;
        }
    };
    let chains = Chains::of(cluster, host, ruleset);
    if let Some(intent) = Intent::of(cluster, host, service, port, family, &chains) {
        frame::check(&intent, &mut report);
        if addresses::check(&intent, &mut report) {
            let before = report.findings.len();
            endpoints::check(&intent, &mut report);
            // Where endpoints are missing or too many, so are their shares.
            if report.findings.len() == before {
                shares::check(&intent, &mut report);
            }
            policy::check(&intent, &mut report);
            ranges::check(&intent, &mut report);
            affinity::check(&intent, &mut report);
        }
        // Of a rule for a Service that was not read it is not known whose it is.
        if !objects.incomplete.contains(&ObjectKind::Service) {
            stale::check(&intent, &mut report);
        }
    } else {
        report.skip(
            what,
            "topology hints are set, and the zone of the node is not known",
        );
    }
    report.wishes.extend(chains.into_wishes());
    report.in_order()
}

/// The Service that a flow is sent to, and which of its ports.
fn asked<'c>(cluster: &'c Cluster, flow: &Flow) -> Option<(&'c Service, &'c ServicePort)> {
    let has = |ip: IpAddr| move |service: &&Service| addresses_of(service).any(|one| one == ip);
    let services = &cluster.objects.services;
    if let Some(service) = services.iter().find(has(flow.destination)) {
        let mut ports = service.ports.iter();
        let is_asked = |port: &&ServicePort| {
            port.protocol == flow.protocol && port.port == flow.destination_port
        };
        return Some((service, ports.find(is_asked)?));
    }
    let is_nodes = |(_, netns): (_, &Netns)| {
        netns.name == NetnsName::Host && netns.has_address(flow.destination)
    };
    if !cluster.all_netns().any(is_nodes) {
        return None;
    }
    services.iter().find_map(|service| {
        let is_asked = |port: &&ServicePort| {
            port.protocol == flow.protocol && port.node_port == Some(flow.destination_port)
        };
        Some((service, service.ports.iter().find(is_asked)?))
    })
}

/// Every address that leads to a Service: its own, external ones and those of its load balancer.
fn addresses_of(service: &Service) -> impl Iterator<Item = IpAddr> {
    let own = service.cluster_ips.iter().chain(&service.external_ips);
    own.chain(&service.load_balancer_ips).copied()
}
