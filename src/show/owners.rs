//! Whose an address, an Ethernet address or a chain is, by everything that was read.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;

use crate::model::kube_proxy::{ServiceChain, endpoint_chain, port_name};
use crate::model::{Cluster, Mac, NetnsName, Protocol};

/// Names for what is numbers in the kernel's tables.
pub(super) struct Owners<'c> {
    cluster: &'c Cluster,
    addresses: HashMap<IpAddr, String>,
    macs: HashMap<Mac, String>,
    services: HashMap<(IpAddr, Protocol, u16), String>,
    node_ports: HashMap<(Protocol, u16), String>,
}

impl<'c> Owners<'c> {
    /// Collects them. The objects' names come before those of captured devices.
    pub fn of(cluster: &'c Cluster) -> Self {
        let mut owners = Self {
            cluster,
            addresses: HashMap::new(),
            macs: HashMap::new(),
            services: HashMap::new(),
            node_ports: HashMap::new(),
        };
        owners.take_objects();
        owners.take_devices();
        owners
    }

    fn take_objects(&mut self) {
        let objects = &self.cluster.objects;
        for node in &objects.nodes {
            for ip in &node.addresses {
                self.addresses.insert(*ip, format!("node {}", node.name));
            }
        }
        let pods = objects.pods.iter();
        for pod in pods.filter(|pod| !pod.host_network && !pod.has_ended()) {
            for ip in &pod.ips {
                let name = format!("pod {}/{}", pod.namespace, pod.name);
                self.addresses.insert(*ip, name);
            }
        }
        for service in &objects.services {
            let name = format!("Service {}/{}", service.namespace, service.name);
            let ips = || {
                let more = service
                    .external_ips
                    .iter()
                    .chain(&service.load_balancer_ips);
                service.cluster_ips.iter().chain(more).copied()
            };
            for ip in ips() {
                self.addresses.insert(ip, name.clone());
            }
            for port in &service.ports {
                let name = port_name(service, port);
                for ip in ips() {
                    let key = (ip, port.protocol, port.port);
                    self.services.insert(key, name.clone());
                }
                if let Some(number) = port.node_port {
                    self.node_ports.insert((port.protocol, number), name);
                }
            }
        }
    }

    fn take_devices(&mut self) {
        for (id, netns) in self.cluster.all_netns() {
            let place = match &netns.name {
                NetnsName::Host => format!("node {}", self.cluster.node_name(id)),
                NetnsName::Pod { namespace, name } => format!("pod {namespace}/{name}"),
                NetnsName::Named(name) => {
                    format!("netns {name} of {}", self.cluster.node_name(id))
                }
            };
            for address in netns.addresses.iter().flatten() {
                let is_own = address.ip.is_loopback()
                    || matches!(address.ip, IpAddr::V6(ip) if ip.is_unicast_link_local());
                if !is_own {
                    let name = format!("{} of {place}", address.device);
                    self.addresses.entry(address.ip).or_insert(name);
                }
            }
            for link in netns.links.iter().flatten() {
                if let Some(mac) = link.mac.filter(|mac| *mac != Mac::ZERO) {
                    let name = format!("{} of {place}", link.name);
                    self.macs.entry(mac).or_insert(name);
                }
            }
        }
    }

    /// Who has an address.
    pub fn ip(&self, ip: IpAddr) -> Option<&str> {
        self.addresses.get(&ip).map(String::as_str)
    }

    /// Which device has an Ethernet address.
    pub fn mac(&self, mac: Mac) -> Option<&str> {
        self.macs.get(&mac).map(String::as_str)
    }

    /// What a prefix is: the pods of a node.
    pub fn network(&self, network: IpNet) -> Option<String> {
        let nodes = &self.cluster.objects.nodes;
        let its = nodes
            .iter()
            .find(|node| node.pod_cidrs.contains(&network))?;
        Some(format!("pods of {}", its.name))
    }

    /// The Service's port that takes what is sent there: `NS/NAME:PORT`. NodePorts are taken at addresses of nodes.
    pub fn service(&self, to: SocketAddr, protocol: Protocol) -> Option<&str> {
        let by_address = self.services.get(&(to.ip(), protocol, to.port()));
        let at_node = || {
            let nodes = &self.cluster.objects.nodes;
            nodes.iter().any(|node| node.addresses.contains(&to.ip()))
        };
        let by_port = || {
            let port = self.node_ports.get(&(protocol, to.port()))?;
            at_node().then_some(port)
        };
        by_address.or_else(by_port).map(String::as_str)
    }

    /// The Services' ports by the names of kube-proxy's iptables chains, all recomputed.
    pub fn chains(&self) -> HashMap<String, String> {
        let objects = &self.cluster.objects;
        let mut chains = HashMap::new();
        let mut ports = HashMap::new();
        for service in &objects.services {
            for port in &service.ports {
                let name = port_name(service, port);
                for kind in ServiceChain::ALL {
                    chains.insert(kind.name(&name, port.protocol), name.clone());
                }
                let key = (
                    &*service.namespace,
                    &*service.name,
                    &*port.name,
                    port.protocol,
                );
                ports.insert(key, name);
            }
        }
        for slice in &objects.endpoint_slices {
            for (port, protocol, number) in &slice.ports {
                let key = (&*slice.namespace, &*slice.service, &**port, *protocol);
                let Some(name) = ports.get(&key) else {
                    continue;
                };
                let addresses = slice.endpoints.iter().flat_map(|one| &one.addresses);
                for ip in addresses {
                    let endpoint = SocketAddr::new(*ip, *number);
                    let chain = endpoint_chain(name, *protocol, endpoint);
                    chains.insert(chain, format!("{name} at {endpoint}"));
                }
            }
        }
        chains
    }
}
