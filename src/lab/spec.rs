//! What a lab shall be: addresses, nodes, pods and Services, as data.

use std::net::{IpAddr, Ipv4Addr};

use ipnet::{IpNet, Ipv4Net};
use serde::{Deserialize, Serialize};

use super::LabError;
use crate::model::{NodeObject, Objects, Pod};

/// How flannel carries packets between nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Backend {
    /// In a vxlan tunnel.
    Vxlan,
    /// As they are, with the other node as the gateway.
    HostGw,
}

/// Which of the kernel's two iptables the rules are put into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IptablesBackend {
    /// nf_tables, by `iptables-nft-restore`.
    Nft,
    /// x_tables, by `iptables-legacy-restore`.
    Legacy,
}

/// A whole lab.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// How flannel carries packets between nodes.
    pub backend: Backend,
    /// Which iptables holds the rules.
    pub iptables: IptablesBackend,
    /// The network that the nodes are on.
    pub lan: Ipv4Net,
    /// The host outside the cluster, which is also the LAN's way out.
    pub gateway: Ipv4Addr,
    /// A further address of that host, outside the LAN.
    pub outside: Ipv4Addr,
    /// The network that holds the pod CIDRs of all nodes.
    pub cluster_cidr: Ipv4Net,
    /// The network of Services.
    pub service_cidr: Ipv4Net,
    /// VXLAN network identifier.
    pub vni: u32,
    /// UDP port of the tunnels.
    pub vxlan_port: u16,
    /// Nodes, pods, Services and their endpoints, as the API would hold them.
    pub objects: Objects,
}

/// A node with what building needs of it made sure of.
#[derive(Debug, Clone, Copy)]
pub struct LabNode<'a> {
    /// The object.
    pub object: &'a NodeObject,
    /// Its address on the LAN.
    pub address: Ipv4Addr,
    /// The network of its pods.
    pub pod_cidr: Ipv4Net,
}

impl LabNode<'_> {
    /// The node's name.
    pub fn name(&self) -> &str {
        &self.object.name
    }

    /// The address of `cni0`: the first of the pod CIDR.
    pub fn bridge_address(&self) -> Ipv4Addr {
        Ipv4Addr::from(u32::from(self.pod_cidr.network()).wrapping_add(1))
    }
}

/// A pod with a namespace of its own, with what building needs of it made sure of.
#[derive(Debug, Clone, Copy)]
pub struct LabPod<'a> {
    /// The object.
    pub object: &'a Pod,
    /// The node it is on.
    pub node: &'a str,
    /// Its address.
    pub address: Ipv4Addr,
}

impl Spec {
    /// The nodes; an error when one lacks an IPv4 address or pod CIDR.
    pub fn nodes(&self) -> Result<Vec<LabNode<'_>>, LabError> {
        self.objects
            .nodes
            .iter()
            .map(|object| {
                let address = object.addresses.iter().find_map(as_v4);
                let pod_cidr = object.pod_cidrs.iter().find_map(|cidr| match cidr {
                    IpNet::V4(cidr) => Some(cidr.trunc()),
                    IpNet::V6(_) => None,
                });
                match (address, pod_cidr) {
                    (Some(address), Some(pod_cidr)) => Ok(LabNode {
                        object,
                        address,
                        pod_cidr,
                    }),
                    _ => Err(LabError::BadSpec(format!(
                        "node {} lacks an IPv4 address or pod CIDR",
                        object.name
                    ))),
                }
            })
            .collect()
    }

    /// The node of that name.
    pub fn node(&self, name: &str) -> Result<LabNode<'_>, LabError> {
        self.nodes()?
            .into_iter()
            .find(|node| node.name() == name)
            .ok_or_else(|| LabError::BadSpec(format!("there is no node {name}")))
    }

    /// The pods with namespaces of their own (not those in their node's).
    pub fn pods(&self) -> Result<Vec<LabPod<'_>>, LabError> {
        self.objects
            .pods
            .iter()
            .filter(|pod| !pod.host_network)
            .map(|object| {
                let address = object.ips.iter().find_map(as_v4);
                match (object.node.as_deref(), address) {
                    (Some(node), Some(address)) => Ok(LabPod {
                        object,
                        node,
                        address,
                    }),
                    _ => Err(LabError::BadSpec(format!(
                        "pod {}/{} lacks a node or an IPv4 address",
                        object.namespace, object.name
                    ))),
                }
            })
            .collect()
    }

    /// The pods on one node that have namespaces of their own.
    pub fn pods_on(&self, node: &str) -> Result<Vec<LabPod<'_>>, LabError> {
        Ok(self
            .pods()?
            .into_iter()
            .filter(|pod| pod.node == node)
            .collect())
    }

    /// The MTU of pods: that of the LAN, less what the tunnel adds.
    pub fn pod_mtu(&self) -> u32 {
        match self.backend {
            Backend::Vxlan => LAN_MTU - VXLAN_OVERHEAD,
            Backend::HostGw => LAN_MTU,
        }
    }

    /// The name of flannel's vxlan device.
    pub fn vxlan_device(&self) -> String {
        format!("flannel.{}", self.vni)
    }
}

/// MTU of the LAN.
pub const LAN_MTU: u32 = 1500;
/// Outer IPv4, UDP, VXLAN and inner Ethernet headers.
const VXLAN_OVERHEAD: u32 = 50;
/// The nodes' device on the LAN.
pub const LAN_DEVICE: &str = "enp0s1";

fn as_v4(ip: &IpAddr) -> Option<Ipv4Addr> {
    match ip {
        IpAddr::V4(ip) => Some(*ip),
        IpAddr::V6(_) => None,
    }
}
