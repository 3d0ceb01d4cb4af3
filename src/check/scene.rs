//! Everything that was read, node by node, with what flannel says of each.
//!
//! flannel's kube subnet manager publishes what other nodes have to know of a node as annotations of its Node object
//! (`public-ip`, `backend-type`, `backend-data` with the VTEP's MAC; `-v6` for IPv6; pkg/subnet/kube in flannel), and
//! writes what the CNI plugin has to know into `/run/flannel/subnet.env`.

use std::net::IpAddr;

use ipnet::IpNet;
use serde_json::Value;

use crate::model::{
    Cluster, Family, Link, LinkKind, Mac, Netns, NetnsId, NetnsName, NodeObject, Part, Place,
    Route, Vxlan,
};

/// What is looked at.
pub struct Scene<'c> {
    /// Everything that was read.
    pub cluster: &'c Cluster,
    /// Its nodes: those that were captured, and those that only the API knows.
    pub nodes: Vec<NodeView<'c>>,
}

/// A node.
#[derive(Clone, Copy)]
pub struct NodeView<'c> {
    /// Its name.
    pub name: &'c str,
    /// Its own namespace, where that was captured.
    pub host: Option<(NetnsId, &'c Netns)>,
    /// What the API has of it.
    pub object: Option<&'c NodeObject>,
}

impl<'c> Scene<'c> {
    /// Of a cluster.
    pub fn of(cluster: &'c Cluster) -> Self {
        let objects = &cluster.objects.nodes;
        let captured = cluster.nodes.iter().enumerate().map(|(at, node)| {
            let mut all = node.netns.iter().enumerate();
            let host = all.find(|(_, netns)| netns.name == NetnsName::Host);
            NodeView {
                name: &node.name,
                host: host.map(|(netns, found)| (NetnsId { node: at, netns }, found)),
                object: objects.iter().find(|object| object.name == node.name),
            }
        });
        let known = |name: &str| cluster.nodes.iter().any(|node| node.name == name);
        let others = objects.iter().filter(|object| !known(&object.name));
        let others = others.map(|object| NodeView {
            name: &object.name,
            host: None,
            object: Some(object),
        });
        Self {
            cluster,
            nodes: captured.chain(others).collect(),
        }
    }

    /// The nodes whose own namespace was captured.
    pub fn hosts(&self) -> impl Iterator<Item = (&NodeView<'c>, NetnsId, &'c Netns)> {
        self.nodes
            .iter()
            .filter_map(|node| node.host.map(|(id, netns)| (node, id, netns)))
    }

    /// The nodes besides one.
    pub fn peers(&self, of: &NodeView<'c>) -> impl Iterator<Item = &NodeView<'c>> {
        let name = of.name;
        self.nodes.iter().filter(move |node| node.name != name)
    }

    /// The pods' namespaces on a node, each with the pod's Kubernetes namespace and name.
    pub fn pods(
        &self,
        node: &NodeView<'c>,
    ) -> impl Iterator<Item = (NetnsId, &'c Netns, &'c str, &'c str)> + use<'c> {
        let at = node.host.map(|(id, _)| id.node);
        let nodes = self.cluster.nodes.iter().enumerate();
        let here = nodes.filter(move |(index, _)| Some(*index) == at);
        here.flat_map(|(node, found)| {
            let all = found.netns.iter().enumerate();
            all.filter_map(move |(netns, found)| match &found.name {
                NetnsName::Pod { namespace, name } => Some((
                    NetnsId { node, netns },
                    found,
                    namespace.as_str(),
                    name.as_str(),
                )),
                NetnsName::Host | NetnsName::Named(_) => None,
            })
        })
    }
}

impl<'c> NodeView<'c> {
    /// The node's own namespace as a place.
    pub fn place(&self, device: Option<&str>) -> Place {
        Place {
            node: Some(self.name.to_owned()),
            netns: Some("host".to_owned()),
            device: device.map(str::to_owned),
        }
    }

    /// One of flannel's annotations.
    pub fn annotation(&self, key: &str) -> Option<&'c str> {
        let all = &self.object?.flannel;
        let found = all.iter().find(|(name, _)| name == key);
        found.map(|(_, value)| value.as_str())
    }

    /// A line of `/run/flannel/subnet.env`.
    pub fn subnet_env(&self, key: &str) -> Option<&'c str> {
        let (_, netns) = self.host?;
        let all = &netns.flannel.subnet_env;
        let found = all.iter().find(|(name, _)| name == key);
        found.map(|(_, value)| value.as_str())
    }

    /// The network of its pods: as the API has it, else as flannel on the node wrote it down.
    pub fn pod_cidr(&self, family: Family) -> Option<IpNet> {
        let of_family = |net: &&IpNet| Family::of(net.addr()) == family;
        let known = self.object.map(|object| object.pod_cidrs.as_slice());
        let known = known.unwrap_or_default().iter().find(of_family);
        known
            .map(IpNet::trunc)
            .or_else(|| self.flannel_subnet(family).map(|net| net.trunc()))
    }

    /// What flannel gave to the CNI plugin: the bridge's address, and the pods' network.
    pub fn flannel_subnet(&self, family: Family) -> Option<IpNet> {
        self.subnet_env(match family {
            Family::V4 => "FLANNEL_SUBNET",
            Family::V6 => "FLANNEL_IPV6_SUBNET",
        })?
        .parse()
        .ok()
    }

    /// The network of all pods, as flannel has it on the node.
    pub fn flannel_network(&self, family: Family) -> Option<IpNet> {
        self.subnet_env(match family {
            Family::V4 => "FLANNEL_NETWORK",
            Family::V6 => "FLANNEL_IPV6_NETWORK",
        })?
        .parse()
        .ok()
    }

    /// Where other nodes send what is for its pods: flannel's annotation.
    pub fn public_ip(&self, family: Family) -> Option<IpAddr> {
        let (overwrite, plain) = match family {
            Family::V4 => ("public-ip-overwrite", "public-ip"),
            Family::V6 => ("public-ipv6-overwrite", "public-ipv6"),
        };
        let text = self
            .annotation(overwrite)
            .or_else(|| self.annotation(plain));
        text?.parse().ok()
    }

    /// Its addresses of one family as the API has them.
    pub fn addresses(&self, family: Family) -> impl Iterator<Item = IpAddr> + use<'c> {
        let all = self.object.map(|object| object.addresses.as_slice());
        let all = all.unwrap_or_default().iter().copied();
        all.filter(move |ip| Family::of(*ip) == family)
    }

    /// Whether an address is the node's, by its annotation, its object or its devices.
    pub fn has_address(&self, ip: IpAddr) -> bool {
        let family = Family::of(ip);
        let held = self.host.is_some_and(|(_, netns)| netns.has_address(ip));
        held || self.public_ip(family) == Some(ip) || self.addresses(family).any(|one| one == ip)
    }

    /// Whether an address is the node's by what the API has of it.
    pub fn has_published(&self, ip: IpAddr) -> bool {
        let family = Family::of(ip);
        self.public_ip(family) == Some(ip) || self.addresses(family).any(|one| one == ip)
    }

    /// What carries its packets to other nodes: `vxlan`, `host-gw`.
    pub fn backend(&self) -> Option<&'c str> {
        self.annotation("backend-type")
    }

    /// The VTEP's MAC and VNI as flannel published them.
    pub fn published(&self, family: Family) -> (Option<Mac>, Option<u32>) {
        let key = match family {
            Family::V4 => "backend-data",
            Family::V6 => "backend-v6-data",
        };
        let data: Option<Value> = self
            .annotation(key)
            .and_then(|text| serde_json::from_str(text).ok());
        let Some(data) = data else {
            return (None, None);
        };
        let mac = data["VtepMAC"].as_str().and_then(|text| text.parse().ok());
        let vni = data["VNI"].as_u64().and_then(|vni| u32::try_from(vni).ok());
        (mac, vni)
    }

    /// flannel's vxlan device of a family: `flannel.VNI`, `flannel-v6.VNI`.
    pub fn tunnel(&self, family: Family) -> Option<(&'c Link, &'c Vxlan)> {
        let (_, netns) = self.host?;
        let prefix = tunnel_prefix(family);
        let mut found = netns
            .links
            .iter()
            .flatten()
            .filter_map(|link| match &link.kind {
                LinkKind::Vxlan(vxlan) if link.name.starts_with(prefix) => Some((link, vxlan)),
                _ => None,
            });
        let first = found.next()?;
        let (_, published) = self.published(family);
        let is_published = |(_, vxlan): &(&Link, &Vxlan)| Some(vxlan.vni) == published;
        if is_published(&first) {
            return Some(first);
        }
        Some(found.find(is_published).unwrap_or(first))
    }

    /// The bridge of its pods: with an address of their network, or called as flannel's CNI plugin does.
    pub fn bridge(&self) -> Option<&'c Link> {
        let (_, netns) = self.host?;
        let is_bridge = |link: &&Link| matches!(link.kind, LinkKind::Bridge { .. });
        let ours = |link: &&Link| {
            let mut held = netns.addresses_of(&link.name);
            held.any(|address| {
                let cidr = self.pod_cidr(Family::of(address.ip));
                cidr.is_some_and(|cidr| cidr.contains(&address.ip))
            })
        };
        let mut bridges = netns.links.iter().flatten().filter(is_bridge);
        let named = netns.link("cni0").filter(is_bridge);
        bridges.find(ours).or(named)
    }

    /// The device that has the address by which other nodes reach it.
    pub fn wire(&self, family: Family) -> Option<&'c Link> {
        let (_, netns) = self.host?;
        let mut links = netns.links.iter().flatten();
        links.find(|link| {
            let mut held = netns.addresses_of(&link.name);
            held.any(|address| Family::of(address.ip) == family && self.has_published(address.ip))
        })
    }

    /// The device by which packets for another node's pods leave, as flannel means it: its tunnel, or the wire where the
    /// backend has none or the other node is reached directly.
    pub fn towards(&self, peer: &NodeView<'_>, family: Family) -> Option<&'c Link> {
        let (_, netns) = self.host?;
        let (cidr, address) = (peer.pod_cidr(family)?, peer.public_ip(family));
        let directly = |route: &Route| {
            let mut hops = route.next_hops.iter();
            route.destination == cidr
                && hops.any(|hop| hop.gateway.is_some() && hop.gateway == address)
        };
        let direct = netns
            .routes(family)
            .unwrap_or_default()
            .iter()
            .any(directly);
        match self.tunnel(family) {
            Some((link, _)) if !direct => Some(link),
            None if !direct && self.backend() == Some("vxlan") => None,
            _ => self.wire(family),
        }
    }

    /// Whether a table of the node's own namespace was read, and whole.
    pub fn has_whole(&self, part: Part) -> bool {
        self.host
            .is_some_and(|(_, netns)| is_read(netns, part) && !netns.incomplete.contains(&part))
    }
}

/// How flannel's vxlan devices of a family are called (`fmt.Sprintf("flannel.%d")` in its vxlan backend).
pub fn tunnel_prefix(family: Family) -> &'static str {
    match family {
        Family::V4 => "flannel.",
        Family::V6 => "flannel-v6.",
    }
}

fn is_read(netns: &Netns, part: Part) -> bool {
    match part {
        Part::Links | Part::BridgePorts => netns.links.is_some(),
        Part::Addresses => netns.addresses.is_some(),
        Part::Routes(family) => netns.routes(family).is_some(),
        Part::Rules(family) => netns.rules(family).is_some(),
        Part::Neighbors => netns.neighbors.is_some(),
        Part::Fdb => netns.fdb.is_some(),
        Part::Sysctls => netns.sysctls.is_some(),
        Part::NativeNft => netns.nftables.is_some(),
        Part::Ipsets => netns.ipsets.is_some(),
        Part::VirtualServers => netns.virtual_servers.is_some(),
        Part::IpvsConnections => netns.ipvs_connections.is_some(),
        Part::Conntrack => netns.conntrack.is_some(),
        Part::Sockets | Part::SctpSockets => netns.sockets.is_some(),
        Part::Recent => netns.recent.is_some(),
        Part::Flannel => !netns.flannel.subnet_env.is_empty(),
    }
}

/// The families that pods of the cluster have networks of.
pub fn families(scene: &Scene<'_>) -> Vec<Family> {
    let has = |family: &Family| {
        let mut nodes = scene.nodes.iter();
        nodes.any(|node| node.pod_cidr(*family).is_some())
    };
    [Family::V4, Family::V6].into_iter().filter(has).collect()
}
