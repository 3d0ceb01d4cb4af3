//! Frames leave by devices and arrive by others: veth pairs, bridges' ports, wires (net/core/dev.c, drivers/net/veth.c).
//!
//! What lies behind a real NIC, or behind a veth whose other end was not captured, is a wire: a frame on it reaches the
//! captured device that has its destination address, or leaves what kubenet can see.

use super::journey::step;
use super::packet::Packet;
use super::walker::{Delivery, Fate, Recipient, Stop, Walk};
use crate::model::trace::{Direction, StepKind, Verdict};
use crate::model::{Family, Link, LinkKind, Mac, NetnsId, NetnsName, Part};

/// More devices than any sane path has: a frame that crosses more is going round.
const MOST_CROSSINGS: usize = 400;

/// The devices that a broadcast on a link reaches.
pub(super) struct Reached {
    /// Those in captured namespaces which take frames for their host.
    pub ends: Vec<(NetnsId, String)>,
    /// Whether the link leads nowhere that was not captured.
    pub complete: bool,
    /// Why more devices may be on it, where tables that show it were read only in part.
    pub lost: Option<String>,
}

impl Reached {
    /// It rests on a table, of which this says whether rows were lost.
    fn needs(&mut self, lost: Option<String>) {
        self.complete &= lost.is_none();
        self.lost = self.lost.take().or(lost);
    }
}

impl Walk<'_> {
    /// `dev_queue_xmit`.
    pub fn transmit(&mut self, netns: NetnsId, device: &str, packet: Packet) -> Fate {
        self.crossings += 1;
        if self.crossings > MOST_CROSSINGS {
            let why = "it goes round in a loop of bridges".to_owned();
            let looped = Stop {
                verdict: Verdict::Looped,
                ..Stop::dropped(netns, why).at(device)
            };
            return Err(self.stop(&packet, looped));
        }
        let here = self.cluster.netns(netns);
        let Some(link) = here.link(device) else {
            let why = format!("the device {device} was not read");
            return Err(self.stop(&packet, Stop::unknown(netns, why).at(device)));
        };
        self.journey
            .cross(self.cluster, netns, device, Direction::Out);
        if !link.up {
            let why = format!("{device} is down: dropped");
            return Err(self.stop(&packet, Stop::dropped(netns, why).at(device)));
        }
        if !link.carrier {
            let why = format!("{device} has no carrier: dropped");
            return Err(self.stop(&packet, Stop::dropped(netns, why).at(device)));
        }
        match &link.kind {
            LinkKind::Loopback => self.loop_back(netns, packet),
            LinkKind::Veth => match self.veth_peer(netns, link) {
                None => match self.lost_links(|at, _| at.node == netns.node) {
                    None if self.faces_wire(netns, link) => self.wire(netns, device, packet),
                    lost => {
                        let why = lost
                            .unwrap_or_else(|| format!("the other end of {device} was not read"));
                        Err(self.stop(&packet, Stop::unknown(netns, why).at(device)))
                    }
                },
                Some((peer, name)) => {
                    let (at, to) = (device.to_owned(), self.place_name(peer));
                    self.journey
                        .step(step(StepKind::Veth, format!("{at} -> {name} in {to}")));
                    self.carry(netns, device, peer, &name, packet)
                }
            },
            LinkKind::Physical => self.wire(netns, device, packet),
            LinkKind::Bridge { .. } => self.bridge_transmit(netns, device, packet),
            LinkKind::Vxlan(vxlan) => self.encapsulate(netns, device, vxlan, packet),
            LinkKind::VlanDevice { .. } => {
                match link.peer_index.and_then(|index| here.link_by_index(index)) {
                    Some(lower) if link.peer_nsid.is_none() => {
                        let lower = lower.name.clone();
                        self.transmit(netns, &lower, packet)
                    }
                    _ => {
                        let why = format!("the lower device of {device} was not read");
                        Err(self.stop(&packet, Stop::unknown(netns, why).at(device)))
                    }
                }
            }
            LinkKind::Dummy => {
                let why = format!("{device} is a dummy: it swallows what is sent by it");
                Err(self.stop(&packet, Stop::dropped(netns, why).at(device)))
            }
            LinkKind::Other(kind) => {
                let why = format!("what a device of kind {kind} ({device}) does is not modelled");
                Err(self.stop(&packet, Stop::unknown(netns, why).at(device)))
            }
        }
    }

    /// From one end of a link to the other: the packet forgets what its namespace knew of it.
    fn carry(
        &mut self,
        from: NetnsId,
        out: &str,
        to: NetnsId,
        device: &str,
        mut packet: Packet,
    ) -> Fate {
        packet.scrub(from != to);
        if from != to {
            self.journey.leave(out);
            self.journey.enter(self.cluster, to, Some(device));
        }
        self.receive(to, device, packet)
    }

    /// `__netif_receive_skb`: a frame arrives on a device.
    pub fn receive(&mut self, netns: NetnsId, device: &str, packet: Packet) -> Fate {
        let here = self.cluster.netns(netns);
        let Some(link) = here.link(device) else {
            let why = format!("the device {device} was not read");
            return Err(self.stop(&packet, Stop::unknown(netns, why).at(device)));
        };
        self.journey
            .cross(self.cluster, netns, device, Direction::In);
        if !link.up {
            let why = format!("{device} is down: dropped");
            return Err(self.stop(&packet, Stop::dropped(netns, why).at(device)));
        }
        if let Some(master) = &link.master {
            return match here.link(master).map(|master| &master.kind) {
                Some(LinkKind::Bridge { .. }) => {
                    let master = master.clone();
                    self.bridge_receive(netns, &master, device, packet)
                }
                _ => {
                    let why = format!(
                        "what {master}, the master of {device}, does with it is not modelled"
                    );
                    Err(self.stop(&packet, Stop::unknown(netns, why).at(device)))
                }
            };
        }
        // eth_type_trans: a frame for somebody else is dropped where IP begins.
        if let (Some(wanted), Some(mac)) = (packet.destination_mac, link.mac)
            && wanted != mac
            && !wanted.is_multicast()
        {
            let why =
                format!("the frame is for {wanted}, {device} is {mac}: dropped as somebody else's");
            return Err(self.stop(&packet, Stop::dropped(netns, why).at(device)));
        }
        self.ip_receive(netns, device, packet, false)
    }

    /// The other end of a veth, when its namespace was captured.
    ///
    /// Both ends name each other's index. Which namespace is meant follows from the `link-netnsid` where the reader
    /// resolved it, else from the one namespace of this node that has the fitting end.
    pub fn veth_peer(&self, netns: NetnsId, link: &Link) -> Option<(NetnsId, String)> {
        let wanted = link.peer_index?;
        let fits = |id: NetnsId| {
            self.cluster
                .netns(id)
                .link_by_index(wanted)
                .filter(|peer| peer.kind == LinkKind::Veth && peer.peer_index == Some(link.index))
                .map(|peer| (id, peer.name.clone()))
        };
        let Some(nsid) = link.peer_nsid else {
            return fits(netns);
        };
        let named = self
            .cluster
            .netns(netns)
            .peers_by_nsid
            .iter()
            .find(|(known, _)| *known == nsid);
        let mut found = (0..self.cluster.nodes[netns.node].netns.len())
            .map(|index| NetnsId {
                node: netns.node,
                netns: index,
            })
            .filter(|id| *id != netns)
            .filter(|id| named.is_none_or(|(_, name)| self.cluster.netns(*id).name == *name))
            .filter_map(fits);
        let peer = found.next()?;
        // Two that fit: indices repeat between namespaces, and guessing is worse than not knowing.
        found.next().is_none().then_some(peer)
    }

    /// Over a wire: to the captured device with the frame's address, or out of sight.
    fn wire(&mut self, netns: NetnsId, device: &str, packet: Packet) -> Fate {
        let mac = packet.destination_mac;
        let mut takers = self
            .wire_ends(netns, device)
            .into_iter()
            .filter(|(id, name)| {
                mac.is_some() && self.cluster.netns(*id).link(name).and_then(|link| link.mac) == mac
            });
        match (takers.next(), takers.next()) {
            (Some((to, name)), None) => {
                let text = format!("{device} -> {name} of {}", self.cluster.node_name(to));
                self.journey.step(step(StepKind::Wire, text));
                self.carry(netns, device, to, &name, packet)
            }
            (Some(_), Some(_)) => {
                let why = format!(
                    "two captured devices have the address {}",
                    mac.unwrap_or(Mac::ZERO)
                );
                Err(self.stop(&packet, Stop::unknown(netns, why).at(device)))
            }
            (None, _) => {
                // Any host may have the other end of a wire; what is behind a pod's devices is its node.
                match self.lost_links(|_, name| !matches!(name, NetnsName::Pod { .. })) {
                    None => self.leave_sight(netns, device, packet),
                    Some(why) => Err(self.stop(&packet, Stop::unknown(netns, why).at(device))),
                }
            }
        }
    }

    /// Why devices of such a namespace may be missing.
    fn lost_links(&self, wanted: impl Fn(NetnsId, &NetnsName) -> bool) -> Option<String> {
        self.cluster
            .all_netns()
            .filter(|(id, there)| wanted(*id, &there.name))
            .find_map(|(id, _)| self.only_in_part(id, Part::Links))
    }

    /// Whether what lies behind a device is a wire: a real NIC's other end is out of sight, and so is that of a host's veth
    /// which was not captured. A pod's veth leads to its node, captured or not.
    fn faces_wire(&self, netns: NetnsId, link: &Link) -> bool {
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
    fn wire_ends(&self, netns: NetnsId, device: &str) -> Vec<(NetnsId, String)> {
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

    /// The packet leaves what was captured: delivered to the outside, lost there, or not to be known.
    fn leave_sight(&mut self, netns: NetnsId, device: &str, packet: Packet) -> Fate {
        let objects = &self.cluster.objects;
        let destination = packet.destination;
        if packet.inner.is_some() {
            let why = format!("the node at {destination} was not captured");
            return Err(self.stop(&packet, Stop::unknown(netns, why).at(device)));
        }
        let uncaptured_node = objects
            .nodes
            .iter()
            .find(|node| node.addresses.contains(&destination))
            .or_else(|| {
                let pod_node = objects
                    .nodes
                    .iter()
                    .find(|node| node.pod_cidrs.iter().any(|c| c.contains(&destination)))?;
                self.cluster
                    .host(&pod_node.name)
                    .is_none()
                    .then_some(pod_node)
            });
        if let Some(node) = uncaptured_node {
            let why = format!("it goes to node {}, which was not captured", node.name);
            return Err(self.stop(&packet, Stop::unknown(netns, why).at(device)));
        }
        if let Some(range) = self.cluster_range(netns, &packet) {
            let left = format!("{destination} lies in {range} but leaves the cluster by {device}");
            let stop = match self.owner(&packet) {
                // Some node could still serve it, if a router outside sends it back to one.
                Some(owner) => Stop::unknown(
                    netns,
                    format!(
                        "{left}: whether a router there sends it back, to {owner}, is not known"
                    ),
                ),
                None => Stop::dropped(netns, format!("{left}: nobody has it")),
            };
            return Err(self.stop(&packet, stop.at(device)));
        }
        self.need_whole(netns, Part::Flannel, &packet)?;
        let place = self.place_name(netns);
        self.not_seen(format!(
            "beyond {device} of {place}: outside what was captured"
        ));
        self.journey.step(step(
            StepKind::Wire,
            format!("leaves by {device} as {packet}; what is beyond was not captured"),
        ));
        self.journey.leave(device);
        Ok(Delivery {
            packet,
            to: Recipient::Outside {
                netns,
                device: device.to_owned(),
            },
        })
    }

    /// Who in the cluster would take a packet if it came to some node: a Service with endpoints, or a pod.
    fn owner(&self, packet: &Packet) -> Option<String> {
        let objects = &self.cluster.objects;
        let pod = objects
            .pods
            .iter()
            .find(|pod| pod.ips.contains(&packet.destination));
        if let Some(pod) = pod {
            return Some(format!("pod {}/{}", pod.namespace, pod.name));
        }
        let service = objects.services.iter().find(|service| {
            service.cluster_ips.contains(&packet.destination)
                && service.ports.iter().any(|port| {
                    port.protocol == packet.protocol
                        && packet.destination_port.number() == Some(port.port)
                })
        })?;
        let served = objects.endpoint_slices.iter().any(|slice| {
            slice.namespace == service.namespace
                && slice.service == service.name
                && !slice.endpoints.is_empty()
        });
        served.then(|| format!("Service {}/{}", service.namespace, service.name))
    }

    /// The range of the cluster that an address belongs to, in words, where one is known.
    fn cluster_range(&self, netns: NetnsId, packet: &Packet) -> Option<String> {
        let destination = packet.destination;
        let objects = &self.cluster.objects;
        let env = &self.cluster.netns(netns).flannel.subnet_env;
        let key = match packet.family() {
            Family::V4 => "FLANNEL_NETWORK",
            Family::V6 => "FLANNEL_IPV6_NETWORK",
        };
        let network = env
            .iter()
            .find(|(name, _)| name == key)
            .and_then(|(_, value)| value.parse::<ipnet::IpNet>().ok());
        if let Some(network) = network.filter(|network| network.contains(&destination)) {
            return Some(format!("the pod network {network}"));
        }
        let service = objects
            .services
            .iter()
            .find(|service| service.cluster_ips.contains(&destination));
        if let Some(service) = service {
            return Some(format!(
                "the Service range (it is the address of {}/{})",
                service.namespace, service.name
            ));
        }
        service_range(objects, destination)
            .map(|range| format!("what may be the Service range, {range}"))
    }

    /// Everything that a broadcast sent by `device` reaches.
    pub fn broadcast_domain(&self, netns: NetnsId, device: &str) -> Reached {
        let mut reached = Reached {
            ends: Vec::new(),
            complete: true,
            lost: None,
        };
        let mut seen = vec![(netns, device.to_owned())];
        let mut sending = vec![(netns, device.to_owned())];
        while let Some((at, name)) = sending.pop() {
            let here = self.cluster.netns(at);
            reached.needs(self.only_in_part(at, Part::Links));
            let Some(link) = here.link(&name) else {
                reached.complete = false;
                continue;
            };
            if !link.up || !link.carrier {
                continue;
            }
            let arriving: Vec<(NetnsId, String)> = match &link.kind {
                LinkKind::Bridge { .. } => {
                    let ports = here
                        .links
                        .iter()
                        .flatten()
                        .filter(|port| port.master.as_deref() == Some(&name));
                    sending.extend(
                        ports
                            .map(|port| (at, port.name.clone()))
                            .filter(|port| !seen.contains(port)),
                    );
                    Vec::new()
                }
                LinkKind::Veth => match self.veth_peer(at, link) {
                    Some(peer) => vec![peer],
                    None => {
                        reached.complete = false;
                        reached.needs(self.lost_links(|id, _| id.node == at.node));
                        match self.faces_wire(at, link) {
                            true => self.wire_ends(at, &name),
                            false => Vec::new(),
                        }
                    }
                },
                LinkKind::Physical => {
                    reached.complete = false;
                    self.wire_ends(at, &name)
                }
                // A tunnel carries no broadcast to ends that its fdb does not name for it.
                LinkKind::Vxlan(vxlan) => {
                    let floods = vxlan.group.is_some()
                        || here
                            .fdb
                            .iter()
                            .flatten()
                            .any(|entry| entry.device == name && entry.mac == Mac::ZERO);
                    reached.complete &= !floods && here.fdb.is_some();
                    reached.needs(self.only_in_part(at, Part::Fdb));
                    Vec::new()
                }
                LinkKind::Loopback | LinkKind::Dummy => Vec::new(),
                LinkKind::VlanDevice { .. } | LinkKind::Other(_) => {
                    reached.complete = false;
                    Vec::new()
                }
            };
            for end in arriving {
                if seen.contains(&end) {
                    continue;
                }
                seen.push(end.clone());
                let there = self.cluster.netns(end.0);
                reached.needs(self.only_in_part(end.0, Part::Links));
                let Some(arrived) = there.link(&end.1).filter(|link| link.up) else {
                    continue;
                };
                match &arrived.master {
                    None => reached.ends.push(end),
                    Some(master) => {
                        let bridge = (end.0, master.clone());
                        let ports = there.links.iter().flatten().filter(|port| {
                            port.master.as_deref() == Some(master) && port.name != arrived.name
                        });
                        sending.extend(ports.map(|port| (end.0, port.name.clone())));
                        if !seen.contains(&bridge) {
                            seen.push(bridge.clone());
                            reached.ends.push(bridge);
                        }
                    }
                }
            }
        }
        reached
    }
}

/// The widest range that begins with the address of `default/kubernetes`, which is always the first one of the Service
/// range, and holds every Service's: what is in it may be a Service's address.
fn service_range(
    objects: &crate::model::Objects,
    destination: std::net::IpAddr,
) -> Option<ipnet::IpNet> {
    let api = objects
        .services
        .iter()
        .find(|service| service.namespace == "default" && service.name == "kubernetes")?;
    let first = api
        .cluster_ips
        .iter()
        .find(|ip| ip.is_ipv4() == destination.is_ipv4())?;
    let std::net::IpAddr::V4(first) = first else {
        return None;
    };
    let base = u32::from(*first).checked_sub(1)?;
    let length = 32 - base.trailing_zeros().min(24);
    let range = ipnet::Ipv4Net::new(base.into(), u8::try_from(length).ok()?).ok()?;
    let range = ipnet::IpNet::V4(range);
    range.contains(&destination).then_some(range)
}
