//! A Service as the API has it beside what the kernel of one node holds for it: addresses, shares, targets.
//!
//! What kube-proxy wrote is read into one form whatever its mode ([`programmed`]); each file compares one side of it. What
//! it has to write follows from the objects ([`crate::model::kube_proxy`]); names of chains are recomputed, never taken
//! from comments.

mod addresses;
mod affinity;
mod catalog;
mod endpoint_findings;
mod endpoints;
mod fact;
mod frame;
mod intent;
mod policy;
mod programmed;
mod ranges;
mod shares;
mod stale;
pub(super) mod takes;
mod target_port;

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::{Check, Report};
use crate::model::iptables::Wish;
use crate::model::kube_proxy::{is_served, port_name, protocol_name};
use crate::model::{
    Cluster, Family, Finding, Flow, Netns, NetnsId, NetnsName, ObjectKind, Service, ServicePort,
};
pub(super) use catalog::Catalog;
use intent::Intent;
pub(super) use intent::restart_proxy;
use programmed::{Programmed, Proxy};

/// One port of a Service: what it asks of a node, and what is there for it.
struct Case<'s, 'c> {
    intent: &'s Intent<'s>,
    proxy: &'s Proxy<'c>,
    programmed: Programmed<'c>,
}

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
    if !is_served(service) {
        return Report::default();
    }
    let catalog = Catalog::of(cluster);
    let node = OnNode::of(&catalog, host, family);
    let mut report = node.look_at(service, port);
    report.findings.extend(node.frame.iter().cloned());
    report.wishes.extend(node.into_wishes());
    report.in_order()
}

/// A node in one address family, made ready to be asked about every Service.
pub(super) struct OnNode<'c> {
    catalog: &'c Catalog<'c>,
    host: NetnsId,
    family: Family,
    /// What kube-proxy wrote there; `None` where it is certain that nothing is there; else why it cannot be told.
    proxy: Result<Option<Proxy<'c>>, String>,
    /// What is wrong with all Services alike.
    pub frame: Vec<Finding>,
}

impl<'c> OnNode<'c> {
    /// A node. `host` is its own namespace.
    pub fn of(catalog: &'c Catalog<'c>, host: NetnsId, family: Family) -> Self {
        let mut frame = Vec::new();
        let proxy = frame::proxy(catalog.cluster, host, family, &mut frame);
        Self {
            catalog,
            host,
            family,
            proxy,
            frame,
        }
    }

    /// Compares one port of a Service with what is there for it.
    pub fn look_at(&self, service: &Service, port: &ServicePort) -> Report {
        let mut report = Report::default();
        let cluster = self.catalog.cluster;
        let what = || {
            let node = cluster.node_name(self.host);
            format!("{} on {node}", port_name(service, port))
        };
        if !is_served(service) || protocol_name(port.protocol).is_none() {
            return report;
        }
        let objects = &cluster.objects;
        if !objects.knows_service(&service.namespace, &service.name) {
            report.skip(
                what(),
                "the Services and EndpointSlices were not read whole",
            );
            return report;
        }
        target_port::check(self.catalog, service, port, &mut report);
        let proxy = match &self.proxy {
            Ok(Some(proxy)) => proxy,
            Ok(None) => return report,
            Err(why) => {
                report.skip(what(), why.as_str());
                return report;
            }
        };
        let Some(intent) = Intent::of(self.catalog, self.host, service, port, self.family) else {
            report.skip(
                what(),
                "topology hints are set, and the zone of the node is not known",
            );
            return report;
        };
        let case = Case {
            programmed: proxy.programmed(&intent),
            intent: &intent,
            proxy,
        };
        if addresses::check(&case, &mut report) {
            let before = report.findings.len();
            endpoints::check(&case, &mut report);
            // Where endpoints are missing or too many, so are their shares.
            if report.findings.len() == before {
                shares::check(&case, &mut report);
            }
            policy::check(&case, &mut report);
            ranges::check(&case, &mut report);
            affinity::check(&case, &mut report);
        }
        // Of a rule for a Service that was not read it is not known whose it is.
        if !objects.incomplete.contains(&ObjectKind::Service) {
            stale::check(&case, &mut report);
        }
        report.in_order()
    }

    /// Chains that were needed and not read.
    pub fn into_wishes(self) -> BTreeSet<Wish> {
        match self.proxy {
            Ok(Some(proxy)) => proxy.into_wishes(),
            Ok(None) | Err(_) => BTreeSet::new(),
        }
    }
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
