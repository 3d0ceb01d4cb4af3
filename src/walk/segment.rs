//! Links as broadcasts see them: which devices of captured namespaces hear what is sent to everybody (net/bridge
//! br_flood, drivers/net/veth.c, vxlan's entries for all).

use std::net::IpAddr;

use ipnet::IpNet;

use super::arp::subnets;
use super::walker::Walk;
use crate::model::{Link, LinkKind, NetnsId, NetnsName, Part};

/// The devices that a broadcast on a link reaches.
#[derive(Debug)]
pub(super) struct Reached {
    /// Those in captured namespaces which take frames for their host.
    pub ends: Vec<(NetnsId, String)>,
    /// The bridges it passes: where, the bridge, and the port that it comes in by.
    pub bridges: Vec<(NetnsId, String, String)>,
    /// Whether the link leads nowhere that was not captured.
    pub complete: bool,
    /// Why more devices may be on it, where tables that show it were read only in part.
    pub lost: Option<String>,
}

impl Default for Reached {
    fn default() -> Self {
        Self {
            ends: Vec::new(),
            bridges: Vec::new(),
            complete: true,
            lost: None,
        }
    }
}

impl Reached {
    /// It rests on a table, of which this says whether rows were lost.
    fn needs(&mut self, lost: Option<String>) {
        self.complete &= lost.is_none();
        self.lost = self.lost.take().or(lost);
    }
}

impl Walk<'_> {
    /// Everything that a broadcast sent by `device` reaches.
    pub fn broadcast_domain(&self, netns: NetnsId, device: &str) -> Reached {
        let mut seen = vec![(netns, device.to_owned())];
        let sending = seen.clone();
        let mut reached = Reached::default();
        self.spread(&mut seen, sending, &mut reached);
        reached
    }

    /// Whether a broadcast that arrives at one device comes to another.
    pub fn leads_to(&self, end: (NetnsId, String), to: &(NetnsId, String)) -> bool {
        let (mut seen, mut sending) = (vec![end.clone()], Vec::new());
        let mut reached = Reached::default();
        self.hear(end, &mut seen, &mut sending, &mut reached);
        self.spread(&mut seen, sending, &mut reached);
        reached.ends.contains(to)
    }

    /// Follows a broadcast from the devices that send it to all that hear it.
    fn spread(
        &self,
        seen: &mut Vec<(NetnsId, String)>,
        mut sending: Vec<(NetnsId, String)>,
        reached: &mut Reached,
    ) {
        while let Some((at, name)) = sending.pop() {
            for end in self.send_to_all(at, &name, &mut sending, reached) {
                if seen.contains(&end) {
                    continue;
                }
                seen.push(end.clone());
                self.hear(end, seen, &mut sending, reached);
            }
        }
    }

    /// The ends at which a broadcast sent by one device arrives.
    fn send_to_all(
        &self,
        at: NetnsId,
        name: &str,
        sending: &mut Vec<(NetnsId, String)>,
        reached: &mut Reached,
    ) -> Vec<(NetnsId, String)> {
        reached.needs(self.only_in_part(at, Part::Links));
        let Some(link) = self.cluster.netns(at).link(name) else {
            reached.complete = false;
            return Vec::new();
        };
        if !link.up || !link.carrier {
            return Vec::new();
        }
        match &link.kind {
            LinkKind::Bridge { .. } => {
                sending.extend(self.flooded_ports(at, name, None));
                Vec::new()
            }
            LinkKind::Veth => match self.veth_peer(at, link) {
                Some(peer) => vec![peer],
                None => {
                    reached.complete = false;
                    reached.needs(self.lost_links(|id, _| id.node == at.node));
                    match self.faces_wire(at, link) {
                        true => self.wire_neighbors(at, name),
                        false => Vec::new(),
                    }
                }
            },
            LinkKind::Physical => {
                reached.complete = false;
                self.wire_neighbors(at, name)
            }
            LinkKind::Vxlan(vxlan) => {
                let tunnels = self.tunnel_ends(at, name, vxlan);
                reached.complete &= tunnels.complete;
                reached.needs(self.only_in_part(at, Part::Fdb));
                tunnels.ends
            }
            LinkKind::Loopback | LinkKind::Dummy | LinkKind::Ipip(_) => Vec::new(),
            LinkKind::VlanDevice { .. } | LinkKind::Other(_) => {
                reached.complete = false;
                Vec::new()
            }
        }
    }

    /// A broadcast arrives at a device: for its host, or for a bridge that sends it on.
    fn hear(
        &self,
        end: (NetnsId, String),
        seen: &mut Vec<(NetnsId, String)>,
        sending: &mut Vec<(NetnsId, String)>,
        reached: &mut Reached,
    ) {
        let (at, name) = &end;
        let there = self.cluster.netns(*at);
        reached.needs(self.only_in_part(*at, Part::Links));
        let Some(arrived) = there.link(name).filter(|link| link.up) else {
            return;
        };
        let Some(master) = arrived.master.clone() else {
            reached.ends.push(end);
            return;
        };
        if self.refuses(*at, &master, name).is_some() {
            return;
        }
        reached.bridges.push((*at, master.clone(), name.clone()));
        sending.extend(self.flooded_ports(*at, &master, Some(name)));
        let bridge = (*at, master);
        let up = there.link(&bridge.1).is_some_and(|link| link.up);
        if up && !seen.contains(&bridge) && self.host_hears(*at, &bridge.1, name) {
            seen.push(bridge.clone());
            reached.ends.push(bridge);
        }
    }

    /// The ports by which a bridge sends what is for everybody.
    fn flooded_ports(
        &self,
        at: NetnsId,
        bridge: &str,
        from: Option<&str>,
    ) -> Vec<(NetnsId, String)> {
        let links = self.cluster.netns(at).links.iter().flatten();
        links
            .filter(|port| port.master.as_deref() == Some(bridge))
            .filter(|port| from != Some(port.name.as_str()))
            .filter(|port| self.forbids(at, bridge, from, &port.name).is_none())
            .map(|port| (at, port.name.clone()))
            .collect()
    }

    /// Whether what lies behind a device is a wire: a real NIC's other end is out of sight, and so is that of a host's veth
    /// which was not captured. A pod's veth leads to its node, captured or not.
    pub fn faces_wire(&self, netns: NetnsId, link: &Link) -> bool {
        match link.kind {
            LinkKind::Physical => true,
            LinkKind::Veth => {
                !matches!(self.cluster.netns(netns).name, NetnsName::Pod { .. })
                    && self.veth_peer(netns, link).is_none()
            }
            _ => false,
        }
    }

    /// The captured devices of other hosts that face a wire.
    pub fn wire_ends(&self, netns: NetnsId, device: &str) -> Vec<(NetnsId, String)> {
        let mut ends = Vec::new();
        for (id, there) in self.cluster.all_netns() {
            for link in there.links.iter().flatten() {
                if self.faces_wire(id, link) && (id, link.name.as_str()) != (netns, device) {
                    ends.push((id, link.name.clone()));
                }
            }
        }
        ends
    }

    /// Those of them that hear what is broadcast there. Hosts in other networks are most often on other links, behind
    /// routers: whether they hear it is not known.
    fn wire_neighbors(&self, netns: NetnsId, device: &str) -> Vec<(NetnsId, String)> {
        let here = self.networks(netns, device);
        let mut ends = self.wire_ends(netns, device);
        ends.retain(|(at, name)| {
            let there = self.networks(*at, name);
            let shares = |one: &IpNet| {
                let both =
                    |other: &IpNet| one.contains(&other.addr()) || other.contains(&one.addr());
                there.iter().any(both)
            };
            here.is_empty() || there.is_empty() || here.iter().any(shares)
        });
        ends
    }

    /// The networks that a device's addresses, or those of the bridge that it is a port of, say to be on its link. Every
    /// link has the link-local one, and an address by itself says nothing.
    fn networks(&self, netns: NetnsId, device: &str) -> Vec<IpNet> {
        let there = self.cluster.netns(netns);
        let master = there.link(device).and_then(|link| link.master.as_deref());
        let says_something = |net: &IpNet| {
            let link_local = match net.addr() {
                IpAddr::V4(ip) => ip.is_link_local(),
                IpAddr::V6(ip) => ip.is_unicast_link_local(),
            };
            !link_local && net.prefix_len() < net.max_prefix_len()
        };
        [Some(device), master]
            .into_iter()
            .flatten()
            .flat_map(|name| subnets(there, name))
            .filter(says_something)
            .collect()
    }
}
