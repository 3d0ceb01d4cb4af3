//! A cluster as it was read: nodes, their network namespaces, and what each namespace holds.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::iptables::Ruleset;
use super::nftables;
use super::{
    Address, ConntrackEntry, Family, FdbEntry, IpSet, IpvsConnection, Link, LinkKind, Neighbor,
    Objects, Occupied, Part, RecentList, Route, RoutingRule, Runtime, Sandbox, Socket, Sysctls,
    VirtualServer,
};

/// Everything that was read about a cluster, from whatever source.
#[derive(Debug, Default)]
pub struct Cluster {
    /// The nodes that were captured, at least in part.
    pub nodes: Vec<Node>,
    /// The Kubernetes objects; empty when there was no API and no dump of it.
    pub objects: Objects,
    /// What could not be read, and where.
    pub gaps: Vec<Gap>,
}

/// Something that could not be read: a whole node, a file, one line of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// The file, node or namespace, as a user knows it: `nodes/node1/host/links.json`, `node2`.
    pub place: String,
    /// The line within the file, from 1, where that is known.
    pub line: Option<usize>,
    /// What is wrong, in words.
    pub what: String,
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{}: {}", self.place, line, self.what),
            None => write!(f, "{}: {}", self.place, self.what),
        }
    }
}

/// One machine of the cluster.
#[derive(Debug, Default)]
pub struct Node {
    /// The node's name as Kubernetes has it, or the host name.
    pub name: String,
    /// Its namespaces; the host's own first when it was captured.
    pub netns: Vec<Netns>,
    /// The sandboxes that its container runtimes keep; empty where nobody could look.
    pub sandboxes: Vec<Sandbox>,
    /// The container runtimes that told all of theirs themselves; of the others only files were read.
    pub runtimes: Vec<Runtime>,
}

/// Names a namespace within a [`Cluster`]: index of the node, index of the namespace in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NetnsId {
    /// Index into [`Cluster::nodes`].
    pub node: usize,
    /// Index into [`Node::netns`].
    pub netns: usize,
}

/// What a network namespace is to the cluster. Displayed as `host`, `pod:NS/NAME` or `netns:NAME`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum NetnsName {
    /// The node's own.
    Host,
    /// A pod's.
    Pod {
        /// The pod's Kubernetes namespace.
        namespace: String,
        /// The pod's name.
        name: String,
    },
    /// Any other, by its name under /run/netns, or `pid-N`.
    Named(String),
}

impl fmt::Display for NetnsName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host => f.write_str("host"),
            Self::Pod { namespace, name } => write!(f, "pod:{namespace}/{name}"),
            Self::Named(name) => write!(f, "netns:{name}"),
        }
    }
}

/// One network namespace. `None` anywhere means "not read", never "empty".
#[derive(Debug)]
pub struct Netns {
    /// What it is.
    pub name: NetnsName,
    /// The file that it is pinned to, where it is.
    pub pinned: Option<String>,
    /// Whether programs run in it.
    pub occupied: Occupied,
    /// Network devices.
    pub links: Option<Vec<Link>>,
    /// Addresses of both families.
    pub addresses: Option<Vec<Address>>,
    /// IPv4 routes of every table.
    pub routes4: Option<Vec<Route>>,
    /// IPv6 routes of every table.
    pub routes6: Option<Vec<Route>>,
    /// IPv4 policy routing rules, in the order the kernel holds them (by priority).
    pub rules4: Option<Vec<RoutingRule>>,
    /// IPv6 policy routing rules.
    pub rules6: Option<Vec<RoutingRule>>,
    /// Neighbour tables (ARP and NDP).
    pub neighbors: Option<Vec<Neighbor>>,
    /// Forwarding databases of bridges and vxlan devices.
    pub fdb: Option<Vec<FdbEntry>>,
    /// Kernel settings under `net.`.
    pub sysctls: Option<Sysctls>,
    /// iptables rulesets, one for each backend and family that was read (even when it holds no rule).
    pub iptables: Vec<Ruleset>,
    /// Native nftables tables (those of iptables-nft excluded).
    pub nftables: Option<nftables::Ruleset>,
    /// ipsets.
    pub ipsets: Option<Vec<IpSet>>,
    /// IPVS virtual servers.
    pub virtual_servers: Option<Vec<VirtualServer>>,
    /// Connections that IPVS knew when this was read.
    pub ipvs_connections: Option<Vec<IpvsConnection>>,
    /// Connections which the kernel tracked when this was read.
    pub conntrack: Option<Vec<ConntrackEntry>>,
    /// Sockets which listen, or are bound without a peer.
    pub sockets: Option<Vec<Socket>>,
    /// The lists of `-m recent`.
    pub recent: Option<Vec<RecentList>>,
    /// Flannel's own files on this node.
    pub flannel: FlannelConfig,
    /// The text of `resolv.conf`.
    pub resolv_conf: Option<String>,
    /// For each `link-netnsid` used by devices here: the namespace it stands for, where the reader could tell.
    pub peers_by_nsid: Vec<(i32, NetnsName)>,
    /// Tables that were read only in part, as rows of them were cut off, garbled or not understood: what such a table
    /// does not show may still be there. (A [`Ruleset`] knows by itself what it may lack.)
    pub incomplete: BTreeSet<Part>,
}

impl Netns {
    /// A namespace of which nothing was read yet.
    pub fn unread(name: NetnsName) -> Self {
        Self {
            name,
            pinned: None,
            occupied: Occupied::Unknown,
            links: None,
            addresses: None,
            routes4: None,
            routes6: None,
            rules4: None,
            rules6: None,
            neighbors: None,
            fdb: None,
            sysctls: None,
            iptables: Vec::new(),
            nftables: None,
            ipsets: None,
            virtual_servers: None,
            ipvs_connections: None,
            conntrack: None,
            sockets: None,
            recent: None,
            flannel: FlannelConfig::default(),
            resolv_conf: None,
            peers_by_nsid: Vec::new(),
            incomplete: BTreeSet::new(),
        }
    }

    /// The routes of one family, `None` when they were not read.
    pub fn routes(&self, family: Family) -> Option<&[Route]> {
        match family {
            Family::V4 => self.routes4.as_deref(),
            Family::V6 => self.routes6.as_deref(),
        }
    }

    /// The policy routing rules of one family, `None` when they were not read.
    pub fn rules(&self, family: Family) -> Option<&[RoutingRule]> {
        match family {
            Family::V4 => self.rules4.as_deref(),
            Family::V6 => self.rules6.as_deref(),
        }
    }

    /// The device of that name.
    pub fn link(&self, name: &str) -> Option<&Link> {
        self.links.as_ref()?.iter().find(|link| link.name == name)
    }

    /// The device of that index.
    pub fn link_by_index(&self, index: u32) -> Option<&Link> {
        self.links.as_ref()?.iter().find(|link| link.index == index)
    }

    /// The addresses on a device, in the kernel's order (the primary one first).
    pub fn addresses_of<'a>(&'a self, device: &'a str) -> impl Iterator<Item = &'a Address> + 'a {
        self.addresses
            .iter()
            .flatten()
            .filter(move |address| address.device == device)
    }

    /// Whether some device here has this address.
    pub fn has_address(&self, ip: std::net::IpAddr) -> bool {
        self.addresses
            .iter()
            .flatten()
            .any(|address| address.ip == ip)
    }
}

/// What flannel wrote about itself on a node.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlannelConfig {
    /// `/run/flannel/subnet.env`: keys and values as written.
    pub subnet_env: Vec<(String, String)>,
    /// `/etc/kube-flannel/net-conf.json`, verbatim.
    pub net_conf: Option<String>,
}

impl FlannelConfig {
    /// Takes in the texts of the two files; lines that are no `KEY=VALUE` say nothing.
    pub fn of(subnet_env: &str, net_conf: Option<String>) -> Self {
        let pairs = subnet_env.lines().filter_map(|line| line.split_once('='));
        Self {
            subnet_env: pairs
                .map(|(key, value)| (key.trim().to_owned(), value.trim().to_owned()))
                .collect(),
            net_conf,
        }
    }
}

impl Cluster {
    /// The namespace of that id.
    pub fn netns(&self, id: NetnsId) -> &Netns {
        &self.nodes[id.node].netns[id.netns]
    }

    /// The name of the node that a namespace is on.
    pub fn node_name(&self, id: NetnsId) -> &str {
        &self.nodes[id.node].name
    }

    /// Every namespace that was captured.
    pub fn all_netns(&self) -> impl Iterator<Item = (NetnsId, &Netns)> {
        self.nodes.iter().enumerate().flat_map(|(node, n)| {
            n.netns
                .iter()
                .enumerate()
                .map(move |(netns, found)| (NetnsId { node, netns }, found))
        })
    }

    /// The sandboxes of a namespace.
    pub fn sandboxes(&self, id: NetnsId) -> impl Iterator<Item = &Sandbox> {
        let all = self.nodes[id.node].sandboxes.iter();
        all.filter(move |sandbox| sandbox.netns == Some(id.netns))
    }

    /// The host namespace of the node of that name.
    pub fn host(&self, node: &str) -> Option<NetnsId> {
        self.all_netns()
            .find(|(id, netns)| netns.name == NetnsName::Host && self.nodes[id.node].name == node)
            .map(|(id, _)| id)
    }

    /// The other end of a veth, when its namespace was captured.
    ///
    /// Both ends name each other's index. Which namespace is meant follows from the `link-netnsid` where the reader
    /// resolved it, else from the one namespace of this node that has the fitting end.
    pub fn veth_peer(&self, netns: NetnsId, link: &Link) -> Option<(NetnsId, String)> {
        let wanted = link.peer_index.filter(|_| link.kind == LinkKind::Veth)?;
        let fits = |id: NetnsId| {
            let peer = self.netns(id).link_by_index(wanted)?;
            let back = peer.kind == LinkKind::Veth && peer.peer_index == Some(link.index);
            back.then(|| (id, peer.name.clone()))
        };
        let Some(nsid) = link.peer_nsid else {
            return fits(netns);
        };
        let mut named = self.netns(netns).peers_by_nsid.iter();
        let named = named.find(|(known, _)| *known == nsid);
        let mut found = (0..self.nodes[netns.node].netns.len())
            .map(|index| NetnsId {
                node: netns.node,
                netns: index,
            })
            .filter(|id| *id != netns)
            .filter(|id| named.is_none_or(|(_, name)| self.netns(*id).name == *name))
            .filter_map(fits);
        let peer = found.next()?;
        // Two that fit: indices repeat between namespaces, and guessing is worse than not knowing.
        found.next().is_none().then_some(peer)
    }
}
