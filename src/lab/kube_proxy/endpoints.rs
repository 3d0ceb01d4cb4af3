//! Which endpoints a Service's traffic may go to from one node (pkg/proxy/topology.go of Kubernetes 1.36).

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

use crate::model::{NodeObject, Objects, Protocol, Service, ServicePort};

/// An endpoint of one port of a Service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Its address.
    pub ip: Ipv4Addr,
    /// Its port.
    pub port: u16,
    ready: bool,
    draining: bool,
    local: bool,
    zones: Vec<String>,
}

impl Target {
    /// As chain names and comments have it: `10.42.1.6:80`.
    pub fn text(&self) -> String {
        format!("{}:{}", self.ip, self.port)
    }
}

/// The endpoints of a Service's port as one node uses them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Targets {
    /// Where traffic of policy Cluster goes.
    pub cluster: Vec<Target>,
    /// Where traffic of policy Local goes.
    pub local: Vec<Target>,
    /// Both together, each once.
    pub reachable: Vec<Target>,
    /// Whether anything anywhere could answer.
    pub any: bool,
}

/// Whether clients outside the cluster can address the Service.
pub fn is_external(service: &Service, port: &ServicePort) -> bool {
    port.node_port.is_some()
        || !service.load_balancer_ips.is_empty()
        || !service.external_ips.is_empty()
}

/// All endpoints of a Service's port, in kube-proxy's order: by their text.
fn all(objects: &Objects, service: &Service, port: &ServicePort, node: &str) -> Vec<Target> {
    let mut found = BTreeMap::new();
    let slices = objects
        .endpoint_slices
        .iter()
        .filter(|slice| slice.namespace == service.namespace && slice.service == service.name);
    for slice in slices {
        for (_, _, number) in slice
            .ports
            .iter()
            .filter(|(name, protocol, _)| (name, protocol) == (&port.name, &port.protocol))
        {
            for endpoint in &slice.endpoints {
                let Some(IpAddr::V4(ip)) = endpoint.addresses.first() else {
                    continue;
                };
                let target = Target {
                    ip: *ip,
                    port: *number,
                    ready: endpoint.ready,
                    draining: endpoint.serving && endpoint.terminating,
                    local: endpoint.node.as_deref() == Some(node),
                    zones: endpoint.hint_zones.clone(),
                };
                found.insert(target.text(), target);
            }
        }
    }
    found.into_values().collect()
}

/// How many endpoints there are in all; above a thousand kube-proxy writes no comments on them.
pub fn count(objects: &Objects) -> usize {
    objects
        .endpoint_slices
        .iter()
        .map(|slice| slice.ports.len() * slice.endpoints.len())
        .sum()
}

/// Sorts a port's endpoints by what traffic may use them.
pub fn of(objects: &Objects, service: &Service, port: &ServicePort, node: &NodeObject) -> Targets {
    let all = all(objects, service, port, &node.name);
    let mut targets = Targets {
        any: all.iter().any(|target| target.ready || target.draining),
        ..Targets::default()
    };
    let external = is_external(service, port);
    let uses_cluster = !service.internal_local || external;
    let uses_local = service.internal_local || external && service.external_local;
    if uses_cluster {
        let zone = node
            .zone
            .as_deref()
            .filter(|zone| hints_are_usable(&all, zone));
        let in_zone =
            |target: &Target| zone.is_none_or(|zone| target.zones.iter().any(|hint| hint == zone));
        targets.cluster = first_of(
            &all,
            |target| target.ready && in_zone(target),
            |target| target.draining,
        );
    }
    if uses_local {
        targets.local = first_of(
            &all,
            |target| target.ready && target.local,
            |target| target.draining && target.local,
        );
    }
    targets.reachable = all
        .into_iter()
        .filter(|target| targets.cluster.contains(target) || targets.local.contains(target))
        .collect();
    targets
}

/// Those that are best; when there is none, those that still serve while they end.
fn first_of(
    all: &[Target],
    best: impl Fn(&Target) -> bool,
    last_resort: impl Fn(&Target) -> bool,
) -> Vec<Target> {
    let found: Vec<_> = all.iter().filter(|target| best(target)).cloned().collect();
    if found.is_empty() {
        all.iter()
            .filter(|target| last_resort(target))
            .cloned()
            .collect()
    } else {
        found
    }
}

/// Topology hints count when every ready endpoint has some, and one of them is this zone.
fn hints_are_usable(all: &[Target], zone: &str) -> bool {
    let mut ready = all.iter().filter(|target| target.ready).peekable();
    ready.peek().is_some()
        && ready.clone().all(|target| !target.zones.is_empty())
        && ready.any(|target| target.zones.iter().any(|hint| hint == zone))
}

/// The protocol as iptables names it, for those that kube-proxy serves.
pub fn protocol_name(protocol: Protocol) -> Option<&'static str> {
    match protocol {
        Protocol::Tcp => Some("tcp"),
        Protocol::Udp => Some("udp"),
        Protocol::Sctp => Some("sctp"),
        Protocol::Icmp | Protocol::Other(_) => None,
    }
}
