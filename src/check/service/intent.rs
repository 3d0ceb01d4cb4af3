//! What one port of a Service asks of one node.

use std::net::{IpAddr, SocketAddr};

use super::catalog::Catalog;
use super::fact::Fact;
use crate::check::Check;
use crate::model::kube_proxy::{
    NftChainName, ServiceChain, Target, Targets, balanced_ips, endpoint_chain, is_external,
    port_name,
};
use crate::model::{
    Cluster, Family, Finding, NetnsId, NodeObject, ObjectKind, Place, Service, ServicePort,
};

/// One port of a Service, as one node has to serve it.
pub struct Intent<'a> {
    pub catalog: &'a Catalog<'a>,
    pub host: NetnsId,
    pub service: &'a Service,
    pub port: &'a ServicePort,
    pub family: Family,
    /// `NS/NAME:PORT`, as kube-proxy hashes it.
    pub name: String,
    chain_names: [(ServiceChain, String); 5],
    pub targets: Targets,
}

impl<'a> Intent<'a> {
    /// `None` when what the node has to do depends on where it is, and that is not known.
    pub fn of(
        catalog: &'a Catalog<'a>,
        host: NetnsId,
        service: &'a Service,
        port: &'a ServicePort,
        family: Family,
    ) -> Option<Self> {
        let cluster = catalog.cluster;
        let objects = &cluster.objects;
        let name = cluster.node_name(host);
        let known = objects.nodes.iter().find(|node| node.name == name);
        let unknown = NodeObject {
            name: name.to_owned(),
            ..NodeObject::default()
        };
        let node = known.unwrap_or(&unknown);
        let slices = catalog.slices(&service.namespace, &service.name);
        let targets = Targets::among(slices.iter().copied(), service, port, family, node);
        let sure = known.is_some() && !objects.incomplete.contains(&ObjectKind::Node);
        let mut endpoints = slices.iter().flat_map(|slice| &slice.endpoints);
        if !sure && endpoints.any(|endpoint| !endpoint.hint_zones.is_empty()) {
            return None;
        }
        let name = port_name(service, port);
        Some(Self {
            catalog,
            host,
            service,
            port,
            family,
            chain_names: ServiceChain::ALL.map(|kind| (kind, kind.name(&name, port.protocol))),
            name,
            targets,
        })
    }

    /// Everything that was read.
    pub fn cluster(&self) -> &'a Cluster {
        self.catalog.cluster
    }

    /// The node's name.
    pub fn node(&self) -> &'a str {
        self.cluster().node_name(self.host)
    }

    /// The Service's own addresses of the family.
    pub fn cluster_ips(&self) -> impl Iterator<Item = IpAddr> + use<'a> {
        let family = self.family;
        let ips = self.service.cluster_ips.iter().copied();
        ips.filter(move |ip| Family::of(*ip) == family)
    }

    /// Its external IPs of the family.
    pub fn external_ips(&self) -> impl Iterator<Item = IpAddr> + use<'a> {
        let family = self.family;
        let ips = self.service.external_ips.iter().copied();
        ips.filter(move |ip| Family::of(*ip) == family)
    }

    /// The addresses of its load balancer for which nodes answer.
    pub fn balanced_ips(&self) -> impl Iterator<Item = IpAddr> + use<'a> {
        balanced_ips(self.service, self.family)
    }

    /// Whether clients outside can address it.
    pub fn is_external(&self) -> bool {
        is_external(self.service, self.port, self.family)
    }

    /// Whether its load balancer's addresses take only some sources.
    pub fn has_firewall(&self) -> bool {
        let family = self.family;
        let mut ranges = self.service.source_ranges.iter();
        self.targets.any
            && self.balanced_ips().next().is_some()
            && ranges.any(|range| Family::of(range.addr()) == family)
    }

    /// Whether traffic of that policy has an endpoint to go to.
    pub fn can_serve(&self, local: bool) -> bool {
        self.targets.any && !(local && self.targets.local.is_empty())
    }

    /// The protocol's number, as in rules.
    pub fn protocol(&self) -> u8 {
        self.port.protocol.number(self.family)
    }

    /// The name of a chain of this port.
    pub fn chain_name(&self, kind: ServiceChain) -> String {
        kind.name(&self.name, self.port.protocol)
    }

    /// Whether an endpoint's chain is named after that endpoint, whatever it leads to.
    pub fn is_named_after(&self, chain: &str, endpoint: SocketAddr) -> bool {
        match NftChainName::parse(chain) {
            Some(name) => name.endpoint == Some(endpoint),
            None => chain == endpoint_chain(&self.name, self.port.protocol, endpoint),
        }
    }

    /// Which kind of this port's chains has that name.
    pub fn kind_of(&self, chain: &str) -> Option<ServiceChain> {
        let mut names = self.chain_names.iter();
        names.find(|(_, name)| name == chain).map(|(kind, _)| *kind)
    }

    /// The name of an address and port of this Service, for sentences.
    pub fn label(&self) -> String {
        format!("{} ({}/{})", self.name, self.port.port, self.port.protocol)
    }

    /// A finding about what kube-proxy wrote on this node: the cure is a proxy that writes it anew.
    pub fn finding(&self, check: &Check, title: String, impact: String) -> Finding {
        let place = Place {
            node: Some(self.node().to_owned()),
            netns: Some("host".to_owned()),
            device: None,
        };
        let mut finding = check.finding(place, title, impact);
        finding.fix = restart_proxy(self.node());
        finding
    }
}

/// Adds facts to the evidence: as many as somebody may want to read.
pub fn show(finding: &mut Finding, facts: &[Fact<'_>]) {
    const MOST_SHOWN: usize = 12;
    let facts = facts.iter().take(MOST_SHOWN);
    finding.evidence.extend(facts.map(|fact| fact.evidence()));
}

/// Makes kube-proxy write all its rules: it does so when it starts.
pub fn restart_proxy(node: &str) -> Vec<String> {
    vec![format!(
        "kubectl -n kube-system delete pod -l k8s-app=kube-proxy --field-selector spec.nodeName={node}"
    )]
}

/// Some endpoints by name, for a sentence.
pub fn listed<'t>(targets: impl IntoIterator<Item = &'t Target>) -> String {
    const FEW: usize = 3;
    let mut named: Vec<String> = targets
        .into_iter()
        .map(|target| target.address.to_string())
        .collect();
    let more = named.len().saturating_sub(FEW);
    named.truncate(FEW);
    let last = (more > 0).then(|| format!("{more} more"));
    join(named.into_iter().chain(last))
}

/// `a`, `a and b`, `a, b and c`.
pub fn join(parts: impl IntoIterator<Item = String>) -> String {
    let parts: Vec<String> = parts.into_iter().collect();
    match parts.as_slice() {
        [] => String::new(),
        [one] => one.clone(),
        [all @ .., last] => format!("{} and {last}", all.join(", ")),
    }
}
