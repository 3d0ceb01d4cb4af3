//! Frames leave by devices and arrive by others: veth pairs, bridges' ports, wires (net/core/dev.c, drivers/net/veth.c).
//!
//! What lies behind a real NIC, or behind a veth whose other end was not captured, is a wire: a frame on it reaches the
//! captured device that has its destination address, or leaves what kubenet can see.

use super::journey::step;
use super::packet::Packet;
use super::walker::{Fate, Stop, Walk};
use crate::model::trace::{Direction, StepKind, Verdict};
use crate::model::{Link, LinkKind, Mac, NetnsId, NetnsName, Part};

/// More devices than any sane path has: a frame that crosses more is going round.
const MOST_CROSSINGS: usize = 400;

impl Walk<'_> {
    /// `dev_queue_xmit`.
    pub fn transmit(&mut self, netns: NetnsId, device: &str, mut packet: Packet) -> Fate {
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
        if !link.up {
            let why = format!("{device} is down: dropped");
            return Err(self.stop(&packet, Stop::dropped(netns, why).at(device)));
        }
        if !link.carrier {
            let why = format!("{device} has no carrier: dropped");
            return Err(self.stop(&packet, Stop::dropped(netns, why).at(device)));
        }
        self.journey
            .cross(self.cluster, netns, device, Direction::Out);
        self.device_chains(netns, device, "egress", &mut packet)?;
        match &link.kind {
            LinkKind::Loopback => self.loop_back(netns, packet, "lo"),
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
            LinkKind::Ipip(tunnel) => self.wrap(netns, device, tunnel, packet),
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
    pub fn carry(
        &mut self,
        from: NetnsId,
        out: &str,
        to: NetnsId,
        device: &str,
        mut packet: Packet,
    ) -> Fate {
        if let Some(why) = self.too_long(to, device, &packet) {
            return Err(self.stop(&packet, Stop::dropped(to, why).at(device)));
        }
        packet.scrub(from != to);
        if from != to {
            self.journey.leave(out);
            self.journey.enter(self.cluster, to, Some(device));
        }
        self.receive(to, device, packet)
    }

    /// `is_skb_forwardable`: why a veth's end or a bridge's port does not take a frame that its MTU forbids. The check has
    /// room for a VLAN tag, whether there is one or not.
    pub fn too_long(&self, netns: NetnsId, device: &str, packet: &Packet) -> Option<String> {
        const VLAN_TAG: u32 = 4;
        let link = self.cluster.netns(netns).link(device)?;
        let checks = link.kind == LinkKind::Veth || link.master.is_some();
        (checks && packet.size > link.mtu.saturating_add(VLAN_TAG)).then(|| {
            let (size, mtu) = (packet.size, link.mtu);
            format!("{size} bytes are more than {device} takes ({mtu}): dropped silently")
        })
    }

    /// `__netif_receive_skb`: a frame arrives on a device.
    pub fn receive(&mut self, netns: NetnsId, device: &str, mut packet: Packet) -> Fate {
        let here = self.cluster.netns(netns);
        let Some(link) = here.link(device) else {
            let why = format!("the device {device} was not read");
            return Err(self.stop(&packet, Stop::unknown(netns, why).at(device)));
        };
        if !link.up {
            let why = format!("{device} is down: dropped");
            return Err(self.stop(&packet, Stop::dropped(netns, why).at(device)));
        }
        self.journey
            .cross(self.cluster, netns, device, Direction::In);
        self.device_chains(netns, device, "ingress", &mut packet)?;
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
    pub fn veth_peer(&self, netns: NetnsId, link: &Link) -> Option<(NetnsId, String)> {
        self.cluster.veth_peer(netns, link)
    }

    /// Over a wire: to the captured device with the frame's address, or out of sight.
    fn wire(&mut self, netns: NetnsId, device: &str, packet: Packet) -> Fate {
        let mac = packet.destination_mac;
        let to_group = mac.is_some_and(Mac::is_multicast);
        let mut takers = self
            .wire_ends(netns, device)
            .into_iter()
            .filter(|(id, name)| match &self.sought {
                Some(sought) if to_group => self.leads_to((*id, name.clone()), sought),
                _ => self.is_for(*id, name, &packet),
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

    /// Whether a frame is for a device: by its address, or as the one that is sought in a group.
    pub fn is_for(&self, netns: NetnsId, device: &str, packet: &Packet) -> bool {
        let mac = packet.destination_mac;
        if mac.is_some_and(Mac::is_multicast) {
            return self.is_sought(netns, device, packet);
        }
        let link = self.cluster.netns(netns).link(device);
        mac.is_some() && link.and_then(|link| link.mac) == mac
    }

    /// Why devices of such a namespace may be missing.
    pub fn lost_links(&self, wanted: impl Fn(NetnsId, &NetnsName) -> bool) -> Option<String> {
        self.cluster
            .all_netns()
            .filter(|(id, there)| wanted(*id, &there.name))
            .find_map(|(id, _)| self.only_in_part(id, Part::Links))
    }
}
