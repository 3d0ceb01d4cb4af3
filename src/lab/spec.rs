//! What a lab shall be: addresses, nodes, pods and Services, as data.

use std::net::IpAddr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::LabError;
use super::kube_proxy_nftables::Layout;
use crate::model::{Family, NodeObject, Objects, Pod};

/// How flannel carries packets between nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Backend {
    /// In a vxlan tunnel.
    Vxlan,
    /// As they are between nodes of one network, else in a vxlan tunnel (flannel's `DirectRouting`).
    DirectRouting,
    /// As they are, with the other node as the gateway.
    HostGw,
}

impl Backend {
    /// Whether nodes have tunnels.
    pub fn has_tunnels(self) -> bool {
        self != Self::HostGw
    }
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

/// The mode of kube-proxy.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Proxy {
    /// Chains of iptables.
    #[default]
    Iptables,
    /// Virtual servers of IPVS, with this scheduler.
    Ipvs(String),
    /// A native nftables table, laid out as this version of kube-proxy does.
    Nftables(Layout),
}

/// A whole lab.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// How flannel carries packets between nodes.
    pub backend: Backend,
    /// Which iptables holds the rules.
    pub iptables: IptablesBackend,
    /// What kube-proxy makes of Services.
    #[serde(default)]
    pub proxy: Proxy,
    /// The networks of each address family that the cluster has, one or two.
    pub networks: Vec<Networks>,
    /// VXLAN network identifier.
    pub vni: u32,
    /// UDP port of the tunnels.
    pub vxlan_port: u16,
    /// Nodes, pods, Services and their endpoints, as the API would hold them.
    pub objects: Objects,
}

/// The networks of one address family.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Networks {
    /// The networks that nodes are on: on each the address of the host outside the cluster, which is the router between
    /// them and the way out, with the length of the network's prefix.
    pub lans: Vec<IpNet>,
    /// A further address of that host, outside all of those networks.
    pub outside: IpAddr,
    /// The network that holds the pod CIDRs of all nodes.
    pub cluster_cidr: IpNet,
    /// The network of Services.
    pub service_cidr: IpNet,
}

impl Networks {
    /// Their address family.
    pub fn family(&self) -> Family {
        Family::of(self.outside)
    }
}

/// A node with what building needs of it made sure of.
#[derive(Debug, Clone)]
pub struct LabNode<'a> {
    /// The object.
    pub object: &'a NodeObject,
    /// Its addresses and networks, by family as in [`Spec::networks`].
    pub stacks: Vec<Stack<'a>>,
}

/// What a node has in one address family.
#[derive(Debug, Clone, Copy)]
pub struct Stack<'a> {
    /// The networks of all nodes.
    pub networks: &'a Networks,
    /// Which of [`Networks::lans`] the node is on.
    pub lan: usize,
    /// The router there, with the length of the network's prefix.
    pub gateway: IpNet,
    /// The node's own address there.
    pub address: IpAddr,
    /// The network of its pods.
    pub pod_cidr: IpNet,
}

impl Stack<'_> {
    /// The address family.
    pub fn family(&self) -> Family {
        self.networks.family()
    }

    /// The address of `cni0`: the first of the pod CIDR.
    pub fn bridge_address(&self) -> IpAddr {
        match self.pod_cidr.network() {
            IpAddr::V4(base) => IpAddr::V4(u32::from(base).wrapping_add(1).into()),
            IpAddr::V6(base) => IpAddr::V6(u128::from(base).wrapping_add(1).into()),
        }
    }
}

impl LabNode<'_> {
    /// The node's name.
    pub fn name(&self) -> &str {
        &self.object.name
    }

    /// What it has in that family.
    pub fn stack(&self, family: Family) -> Option<&Stack<'_>> {
        self.stacks.iter().find(|stack| stack.family() == family)
    }
}

/// A pod with a namespace of its own, with what building needs of it made sure of.
#[derive(Debug, Clone, Copy)]
pub struct LabPod<'a> {
    /// The object.
    pub object: &'a Pod,
    /// The node it is on.
    pub node: &'a str,
}

impl LabPod<'_> {
    /// Its address of that family.
    pub fn address(&self, family: Family) -> Option<IpAddr> {
        first_of(&self.object.ips, family)
    }
}

impl Spec {
    /// The address families that the cluster has.
    pub fn families(&self) -> impl Iterator<Item = Family> {
        self.networks.iter().map(Networks::family)
    }

    /// The nodes; an error when one lacks what the cluster's address families ask for.
    pub fn nodes(&self) -> Result<Vec<LabNode<'_>>, LabError> {
        self.objects
            .nodes
            .iter()
            .map(|object| {
                let stacks = self.networks.iter().map(|networks| stack(networks, object));
                Ok(LabNode {
                    object,
                    stacks: stacks.collect::<Result<_, _>>()?,
                })
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
                let lacks = |what: String| {
                    let Pod {
                        namespace, name, ..
                    } = object;
                    LabError::BadSpec(format!("pod {namespace}/{name} lacks {what}"))
                };
                let node = object.node.as_deref();
                let node = node.ok_or_else(|| lacks("a node".to_owned()))?;
                let pod = LabPod { object, node };
                match self
                    .families()
                    .find(|family| pod.address(*family).is_none())
                {
                    Some(family) => Err(lacks(format!("an {family} address"))),
                    None => Ok(pod),
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

    /// How many LANs there are.
    pub fn lans(&self) -> usize {
        let lans = self.networks.iter().map(|networks| networks.lans.len());
        lans.max().unwrap_or(0)
    }

    /// The MTU of pods, `FLANNEL_MTU`: that of the LAN, less what a tunnel over IPv4 adds (`encapOverhead`, whatever the
    /// cluster's families are).
    pub fn pod_mtu(&self) -> u32 {
        if self.backend.has_tunnels() {
            self.tunnel_mtu(Family::V4)
        } else {
            LAN_MTU
        }
    }

    /// The MTU of flannel's vxlan device: that of the LAN, less outer IP, UDP, VXLAN and inner Ethernet headers.
    pub fn tunnel_mtu(&self, family: Family) -> u32 {
        match family {
            Family::V4 => LAN_MTU - 50,
            Family::V6 => LAN_MTU - 70,
        }
    }

    /// The name of flannel's vxlan device.
    pub fn vxlan_device(&self, family: Family) -> String {
        match family {
            Family::V4 => format!("flannel.{}", self.vni),
            Family::V6 => format!("flannel-v6.{}", self.vni),
        }
    }
}

/// MTU of the LAN.
pub const LAN_MTU: u32 = 1500;
/// The nodes' device on the LAN.
pub const LAN_DEVICE: &str = "enp0s1";

fn stack<'a>(networks: &'a Networks, object: &NodeObject) -> Result<Stack<'a>, LabError> {
    let family = networks.family();
    let lacks =
        |what: &str| LabError::BadSpec(format!("node {} lacks an {family} {what}", object.name));
    let address = first_of(&object.addresses, family).ok_or_else(|| lacks("address"))?;
    let is_here = |(_, gateway): &(usize, &IpNet)| gateway.contains(&address);
    let mut lans = networks.lans.iter().enumerate();
    let (lan, gateway) = lans.find(is_here).ok_or_else(|| lacks("network"))?;
    let of_pods = |cidr: &&IpNet| Family::of(cidr.addr()) == family;
    let pod_cidr = object.pod_cidrs.iter().find(of_pods);
    let pod_cidr = pod_cidr.ok_or_else(|| lacks("pod CIDR"))?.trunc();
    Ok(Stack {
        networks,
        lan,
        gateway: *gateway,
        address,
        pod_cidr,
    })
}

/// The first address of a family.
pub fn first_of(ips: &[IpAddr], family: Family) -> Option<IpAddr> {
    ips.iter().copied().find(|ip| Family::of(*ip) == family)
}
