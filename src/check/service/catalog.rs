//! The objects of the API, found by what they are asked for: a cluster has thousands of Services, each of which is looked
//! at on every node.

use std::cell::OnceCell;
use std::collections::{HashMap, HashSet};
use std::net::IpAddr;

use crate::model::kube_proxy::{ServiceChain, balanced_ips, port_name, protocol_name};
use crate::model::{Cluster, EndpointSlice, Family, Pod, Protocol};

/// Objects by name and address.
pub struct Catalog<'c> {
    /// Where they are.
    pub cluster: &'c Cluster,
    slices: HashMap<(&'c str, &'c str), Vec<&'c EndpointSlice>>,
    addresses: HashSet<(IpAddr, u16, Protocol)>,
    node_ports: HashSet<(u16, Protocol)>,
    pods: HashMap<(&'c str, &'c str), &'c Pod>,
    chains: OnceCell<HashMap<String, String>>,
}

impl<'c> Catalog<'c> {
    /// Those of a cluster.
    pub fn of(cluster: &'c Cluster) -> Self {
        let objects = &cluster.objects;
        let mut slices: HashMap<_, Vec<_>> = HashMap::new();
        for slice in &objects.endpoint_slices {
            let key = (slice.namespace.as_str(), slice.service.as_str());
            slices.entry(key).or_default().push(slice);
        }
        let mut addresses = HashSet::new();
        let mut node_ports = HashSet::new();
        for service in &objects.services {
            let own = service.cluster_ips.iter().chain(&service.external_ips);
            let balanced = [Family::V4, Family::V6].into_iter();
            let balanced = balanced.flat_map(|family| balanced_ips(service, family));
            let ips: Vec<IpAddr> = own.copied().chain(balanced).collect();
            for port in &service.ports {
                let at = ips.iter().map(|ip| (*ip, port.port, port.protocol));
                addresses.extend(at);
                node_ports.extend(port.node_port.map(|number| (number, port.protocol)));
            }
        }
        let pods = objects.pods.iter();
        let pods = pods.map(|pod| ((pod.namespace.as_str(), pod.name.as_str()), pod));
        Self {
            cluster,
            slices,
            addresses,
            node_ports,
            pods: pods.collect(),
            chains: OnceCell::new(),
        }
    }

    /// The EndpointSlices of a Service.
    pub fn slices<'s>(&'s self, namespace: &'s str, service: &'s str) -> &'s [&'s EndpointSlice] {
        let found = self.slices.get(&(namespace, service));
        found.map_or(&[], Vec::as_slice)
    }

    /// Whether some Service has that address and port.
    pub fn has_address(&self, ip: IpAddr, port: u16, protocol: Protocol) -> bool {
        self.addresses.contains(&(ip, port, protocol))
    }

    /// Whether it is the NodePort of some Service.
    pub fn has_node_port(&self, port: u16, protocol: Protocol) -> bool {
        self.node_ports.contains(&(port, protocol))
    }

    /// A pod.
    pub fn pod<'s>(&'s self, namespace: &'s str, name: &'s str) -> Option<&'s Pod> {
        self.pods.get(&(namespace, name)).copied()
    }

    /// The Service's port that has a chain of that name in iptables mode, as `NS/NAME:PORT`.
    pub fn owner_of_chain(&self, chain: &str) -> Option<&str> {
        let chains = self.chains.get_or_init(|| {
            let services = self.cluster.objects.services.iter();
            let ports =
                services.flat_map(|service| service.ports.iter().map(move |port| (service, port)));
            let served = ports.filter(|(_, port)| protocol_name(port.protocol).is_some());
            let named = served.flat_map(|(service, port)| {
                let name = port_name(service, port);
                let kinds = ServiceChain::ALL.into_iter();
                kinds.map(move |kind| (kind.name(&name, port.protocol), name.clone()))
            });
            named.collect()
        });
        chains.get(chain).map(String::as_str)
    }
}
