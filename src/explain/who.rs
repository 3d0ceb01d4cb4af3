//! Who has an address: the pods, Services and nodes of the API, and the devices of the namespaces that were read.

use std::collections::HashMap;
use std::net::IpAddr;

use crate::model::{Cluster, NetnsId, NetnsName, Service};

/// The pod that has an address of its own, as `NAMESPACE/NAME`.
pub fn pod(cluster: &Cluster, ip: IpAddr) -> Option<String> {
    let mut pods = cluster.objects.pods.iter();
    let found = pods.find(|pod| !pod.host_network && pod.ips.contains(&ip) && !pod.has_ended());
    found.map(|pod| format!("{}/{}", pod.namespace, pod.name))
}

/// The addresses of a Service, each with what it is to it.
pub fn addresses_of(service: &Service) -> impl Iterator<Item = (IpAddr, &'static str)> + '_ {
    let own = service.cluster_ips.iter().map(|ip| (*ip, "cluster IP"));
    let external = service.external_ips.iter().map(|ip| (*ip, "external IP"));
    let balanced = service.load_balancer_ips.iter();
    own.chain(external)
        .chain(balanced.map(|ip| (*ip, "load balancer's IP")))
}

/// A namespace as people call it: `node1`, `pod default/web`, `namespace x of node1`.
pub fn place(cluster: &Cluster, netns: NetnsId) -> String {
    let node = cluster.node_name(netns);
    match &cluster.netns(netns).name {
        NetnsName::Host => node.to_owned(),
        NetnsName::Pod { namespace, name } => format!("pod {namespace}/{name} on {node}"),
        NetnsName::Named(name) => format!("namespace {name} of {node}"),
    }
}

/// The nodes' own namespaces.
pub fn hosts(cluster: &Cluster) -> impl Iterator<Item = NetnsId> + '_ {
    let all = cluster.all_netns();
    all.filter(|(_, netns)| netns.name == NetnsName::Host)
        .map(|(id, _)| id)
}

/// What people call addresses, all looked up once.
#[derive(Debug, Default)]
pub struct Names(HashMap<IpAddr, String>);

impl Names {
    /// Those of a cluster. What says most wins: a pod, a Service, a node, a device.
    pub fn of(cluster: &Cluster) -> Self {
        let mut names = HashMap::new();
        let objects = &cluster.objects;
        for pod in objects
            .pods
            .iter()
            .filter(|pod| !pod.host_network && !pod.has_ended())
        {
            for ip in &pod.ips {
                names.insert(*ip, format!("pod {}/{}", pod.namespace, pod.name));
            }
        }
        for service in &objects.services {
            for (ip, _) in addresses_of(service) {
                let name = || format!("Service {}/{}", service.namespace, service.name);
                names.entry(ip).or_insert_with(name);
            }
        }
        for node in &objects.nodes {
            for ip in &node.addresses {
                names
                    .entry(*ip)
                    .or_insert_with(|| format!("node {}", node.name));
            }
        }
        for (id, netns) in cluster.all_netns() {
            for address in netns.addresses.iter().flatten() {
                let name = || match &netns.name {
                    NetnsName::Pod { namespace, name } => format!("pod {namespace}/{name}"),
                    _ => format!("{} of {}", address.device, place(cluster, id)),
                };
                if !address.ip.is_loopback() && !is_link_local(address.ip) {
                    names.entry(address.ip).or_insert_with(name);
                }
            }
        }
        Self(names)
    }

    /// What people call it.
    pub fn get(&self, ip: IpAddr) -> Option<&str> {
        self.0.get(&ip).map(String::as_str)
    }

    /// The address, with what people call it where that is known: `10.42.1.6 (pod default/web)`.
    pub fn with(&self, ip: IpAddr) -> String {
        match self.get(ip) {
            Some(name) => format!("{ip} ({name})"),
            None => ip.to_string(),
        }
    }
}

/// Whether an address means something on one link only, so that many have it.
pub fn is_link_local(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_unicast_link_local(),
    }
}
