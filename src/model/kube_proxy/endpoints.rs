//! Which endpoints a Service's traffic may go to from one node (`CategorizeEndpoints` of pkg/proxy/topology.go, and
//! pkg/proxy/serviceport.go, in Kubernetes 1.36).

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use crate::model::{EndpointSlice, Family, NodeObject, Objects, Protocol, Service, ServicePort};

/// An endpoint of one port of a Service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Where it listens. Its text is what kube-proxy puts into chain names and comments.
    pub address: SocketAddr,
    /// It takes new connections.
    pub ready: bool,
    /// It ends, and still takes connections where nothing else does.
    pub draining: bool,
    /// It is on the node that was asked about.
    pub local: bool,
    /// The pod, as (namespace, name).
    pub pod: Option<(String, String)>,
    zones: Vec<String>,
    nodes: Vec<String>,
}

/// The endpoints of a Service's port as one node uses them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Targets {
    /// Where traffic of policy Cluster goes. Empty, too, when the Service has no such traffic.
    pub cluster: Vec<Target>,
    /// Where traffic of policy Local goes. Empty, too, when the Service has no such traffic.
    pub local: Vec<Target>,
    /// Both together, each once.
    pub reachable: Vec<Target>,
    /// Every endpoint that the API knows, of use or not.
    pub all: Vec<Target>,
    /// Whether anything anywhere could answer.
    pub any: bool,
    /// Whether topology hints keep traffic from some ready endpoints. Proxies before 1.33 (zones; 1.34: nodes) may not
    /// follow all of them.
    pub hinted: bool,
}

impl Targets {
    /// Sorts the endpoints of a Service's port by what traffic of that family may use them on a node.
    pub fn of(
        objects: &Objects,
        service: &Service,
        port: &ServicePort,
        family: Family,
        node: &NodeObject,
    ) -> Self {
        let slices = objects.endpoint_slices.iter();
        let its = slices
            .filter(|slice| slice.namespace == service.namespace && slice.service == service.name);
        Self::among(its, service, port, family, node)
    }

    /// The same of the Service's own EndpointSlices, where these were found already.
    pub fn among<'o>(
        slices: impl IntoIterator<Item = &'o EndpointSlice>,
        service: &Service,
        port: &ServicePort,
        family: Family,
        node: &NodeObject,
    ) -> Self {
        let all = all(slices, port, family, &node.name);
        let mut targets = Self {
            any: all.iter().any(|target| target.ready || target.draining),
            ..Self::default()
        };
        let external = is_external(service, port, family);
        if !service.internal_local || external {
            let preferred = preference(&all, node);
            targets.hinted = all
                .iter()
                .any(|target| target.ready && !preferred.includes(target));
            targets.cluster = first_of(
                &all,
                |target| target.ready && preferred.includes(target),
                |target| target.draining,
            );
        }
        if service.internal_local || external && service.external_local {
            targets.local = first_of(
                &all,
                |target| target.ready && target.local,
                |target| target.draining && target.local,
            );
        }
        targets.reachable = all
            .iter()
            .filter(|target| targets.cluster.contains(target) || targets.local.contains(target))
            .cloned()
            .collect();
        targets.all = all;
        targets
    }
}

/// Whether kube-proxy serves the Service at all (`ShouldSkipService` in pkg/proxy/util/utils.go, and the label selector
/// of its informers).
pub fn is_served(service: &Service) -> bool {
    !service.headless && service.kind != "ExternalName" && !service.left_to_others
}

/// The load balancer's addresses for which nodes answer: not those with `ipMode: Proxy` (KEP-1860).
pub fn balanced_ips(service: &Service, family: Family) -> impl Iterator<Item = IpAddr> {
    let proxied = &service.load_balancer_proxy_ips;
    let ips = service.load_balancer_ips.iter().copied();
    ips.filter(move |ip| Family::of(*ip) == family && !proxied.contains(ip))
}

/// Whether clients outside the cluster can address the Service's port.
pub fn is_external(service: &Service, port: &ServicePort, family: Family) -> bool {
    let mut external = service.external_ips.iter();
    port.node_port.is_some()
        || balanced_ips(service, family).next().is_some()
        || external.any(|ip| Family::of(*ip) == family)
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

/// All endpoints of a Service's port, in kube-proxy's order: by their text.
fn all<'o>(
    slices: impl IntoIterator<Item = &'o EndpointSlice>,
    port: &ServicePort,
    family: Family,
    node: &str,
) -> Vec<Target> {
    let mut found = BTreeMap::new();
    for slice in slices {
        for (_, _, number) in slice
            .ports
            .iter()
            .filter(|(name, protocol, _)| (name, protocol) == (&port.name, &port.protocol))
        {
            for endpoint in &slice.endpoints {
                let first = endpoint.addresses.first().copied();
                let Some(ip) = first.filter(|ip| Family::of(*ip) == family) else {
                    continue;
                };
                let target = Target {
                    address: SocketAddr::new(ip, *number),
                    ready: endpoint.ready,
                    draining: endpoint.serving && endpoint.terminating,
                    local: endpoint.node.as_deref() == Some(node),
                    pod: endpoint.pod.clone(),
                    zones: endpoint.hint_zones.clone(),
                    nodes: endpoint.hint_nodes.clone(),
                };
                found.insert(target.address.to_string(), target);
            }
        }
    }
    found.into_values().collect()
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

/// Which ready endpoints are preferred.
enum Preference<'a> {
    All,
    Node(&'a str),
    Zone(&'a str),
}

impl Preference<'_> {
    fn includes(&self, target: &Target) -> bool {
        match self {
            Self::All => true,
            Self::Node(node) => target.nodes.iter().any(|hint| hint == node),
            Self::Zone(zone) => target.zones.iter().any(|hint| hint == zone),
        }
    }
}

/// Hints for nodes count, and else those for zones, when every ready endpoint has some and one of them is for this node
/// (`topologyModeFromHints`).
fn preference<'a>(all: &[Target], node: &'a NodeObject) -> Preference<'a> {
    let counts = |hints: fn(&Target) -> &Vec<String>, here: &str| {
        let mut ready = all.iter().filter(|target| target.ready).map(hints);
        ready.clone().all(|hints| !hints.is_empty())
            && ready.any(|hints| hints.iter().any(|hint| hint == here))
    };
    if counts(|target| &target.nodes, &node.name) {
        return Preference::Node(&node.name);
    }
    match &node.zone {
        Some(zone) if counts(|target| &target.zones, zone) => Preference::Zone(zone),
        _ => Preference::All,
    }
}
