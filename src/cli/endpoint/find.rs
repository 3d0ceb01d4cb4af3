//! Pods, nodes and addresses of a cluster, joined from its objects and its namespaces: either may be missing.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;

use crate::model::{AddressScope, Cluster, Holder, Netns, NetnsId, NetnsName};

/// A pod as far as it is known.
#[derive(Debug, Clone)]
pub struct FoundPod {
    /// Kubernetes namespace.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// The node it is on.
    pub node: Option<String>,
    /// Its addresses, the first one first.
    pub ips: Vec<IpAddr>,
    /// Uses its node's namespace.
    pub host_network: bool,
    /// `status.phase`.
    pub phase: Option<String>,
    /// The namespace its packets start in, when that was captured.
    pub netns: Option<NetnsId>,
}

/// All pods: those of the objects, then those of which there is only a namespace or a sandbox.
pub fn pods(cluster: &Cluster) -> Vec<FoundPod> {
    let mut spaces = Spaces::of(cluster);
    let mut found = Vec::with_capacity(cluster.objects.pods.len());
    for pod in &cluster.objects.pods {
        found.push(FoundPod {
            namespace: pod.namespace.clone(),
            name: pod.name.clone(),
            node: pod.node.clone(),
            ips: pod.ips.clone(),
            host_network: pod.host_network,
            phase: pod.phase.clone(),
            netns: match pod.host_network {
                true => pod.node.as_deref().and_then(|node| cluster.host(node)),
                false => spaces.take(&pod.namespace, &pod.name, &pod.ips),
            },
        });
    }
    for (id, netns) in cluster.all_netns() {
        let NetnsName::Pod { namespace, name } = &netns.name else {
            continue;
        };
        if spaces
            .by_name
            .contains_key(&(namespace.as_str(), name.as_str()))
        {
            found.push(FoundPod {
                namespace: namespace.clone(),
                name: name.clone(),
                node: Some(cluster.node_name(id).to_owned()),
                ips: global_addresses(netns),
                host_network: false,
                phase: None,
                netns: Some(id),
            });
        }
    }
    let known: HashSet<(String, String)> = found
        .iter()
        .map(|pod| (pod.namespace.clone(), pod.name.clone()))
        .collect();
    found.extend(of_sandboxes(cluster).filter(|pod| {
        let name = (pod.namespace.clone(), pod.name.clone());
        !known.contains(&name)
    }));
    found
}

/// Pods of which only the runtime knows: in their node's namespace, or with several sandboxes.
fn of_sandboxes(cluster: &Cluster) -> impl Iterator<Item = FoundPod> {
    let mut seen = HashSet::new();
    let nodes = cluster.nodes.iter().enumerate();
    let all = nodes.flat_map(|(at, node)| node.sandboxes.iter().map(move |one| (at, one)));
    all.filter_map(move |(at, sandbox)| {
        let Holder::Pod {
            namespace, name, ..
        } = &sandbox.holder
        else {
            return None;
        };
        let netns = sandbox.netns.map(|netns| NetnsId { node: at, netns });
        let host = netns.filter(|id| cluster.netns(*id).name == NetnsName::Host);
        let node = &cluster.nodes[at].name;
        seen.insert((namespace, name)).then(|| FoundPod {
            namespace: namespace.clone(),
            name: name.clone(),
            node: Some(node.clone()),
            ips: host.map_or(Vec::new(), |_| node_addresses(cluster, node)),
            host_network: host.is_some(),
            phase: None,
            // Of several sandboxes it is not known which one counts.
            netns: host,
        })
    })
}

/// Namespaces that may be pods'.
struct Spaces<'a> {
    by_name: HashMap<(&'a str, &'a str), NetnsId>,
    by_address: HashMap<IpAddr, NetnsId>,
}

impl<'a> Spaces<'a> {
    fn of(cluster: &'a Cluster) -> Self {
        let mut spaces = Self {
            by_name: HashMap::new(),
            by_address: HashMap::new(),
        };
        for (id, netns) in cluster.all_netns() {
            match &netns.name {
                NetnsName::Host => {}
                NetnsName::Pod { namespace, name } => {
                    spaces.by_name.insert((namespace, name), id);
                }
                NetnsName::Named(_) => {
                    spaces
                        .by_address
                        .extend(global_addresses(netns).into_iter().map(|ip| (ip, id)));
                }
            }
        }
        spaces
    }

    /// A pod's namespace bears its name, or (on a live machine, where names are not known) holds its address.
    fn take(&mut self, namespace: &'a str, name: &'a str, ips: &[IpAddr]) -> Option<NetnsId> {
        self.by_name
            .remove(&(namespace, name))
            .or_else(|| ips.iter().find_map(|ip| self.by_address.get(ip).copied()))
    }
}

/// Addresses under which a namespace can be reached from elsewhere, in the kernel's order.
pub fn global_addresses(netns: &Netns) -> Vec<IpAddr> {
    netns
        .addresses
        .iter()
        .flatten()
        .filter(|address| address.scope == AddressScope::Global && !address.ip.is_loopback())
        .map(|address| address.ip)
        .collect()
}

/// Names of all nodes, captured or only known by their object.
pub fn node_names(cluster: &Cluster) -> Vec<String> {
    let mut names: Vec<String> = cluster.nodes.iter().map(|node| node.name.clone()).collect();
    for node in &cluster.objects.nodes {
        if !names.contains(&node.name) {
            names.push(node.name.clone());
        }
    }
    names
}

/// A node's addresses: those of its object, else those of the namespace itself.
pub fn node_addresses(cluster: &Cluster, name: &str) -> Vec<IpAddr> {
    let object = cluster.objects.nodes.iter().find(|node| node.name == name);
    match object {
        Some(node) if !node.addresses.is_empty() => node.addresses.clone(),
        _ => cluster
            .host(name)
            .map(|id| global_addresses(cluster.netns(id)))
            .unwrap_or_default(),
    }
}
