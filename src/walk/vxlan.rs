//! vxlan tunnels (drivers/net/vxlan/vxlan_core.c): an inner frame goes out as the payload of a new UDP packet of this
//! host, and comes in as a frame of the tunnel's device.
//!
//! The inner frame's destination address is looked up in the device's fdb; without an entry the all-zero ones serve (each
//! gets a copy), and without those the frame is dropped silently. The outer packet is made here: routed, taken through OUTPUT and
//! POSTROUTING, with the inner packet's mark and a connection of its own. At the other end the UDP port names the
//! device's socket and the VNI the device; the frame inside must be for that device.

use std::net::IpAddr;

use super::journey::{proven, step};
use super::packet::{Packet, Port, Wrapped};
use super::routing::is_local;
use super::vxlan_fdb::is_remote;
use super::walker::{Fate, Stop, Walk};
use crate::model::trace::StepKind;
use crate::model::{Family, LinkKind, Mac, NetnsId, Part, Protocol, Vxlan};

/// Ethernet, UDP and vxlan headers; the outer IP header comes on top of them.
const OVERHEAD: u32 = 14 + 8 + 8;

impl Walk<'_> {
    /// `vxlan_xmit`.
    pub fn encapsulate(
        &mut self,
        netns: NetnsId,
        device: &str,
        vxlan: &Vxlan,
        inner: Packet,
    ) -> Fate {
        if vxlan.external {
            let why =
                format!("{device} sends where its packets' metadata say, which no dump shows");
            return Err(self.stop(&inner, Stop::unknown(netns, why).at(device)));
        }
        let here = self.cluster.netns(netns);
        let Some(fdb) = here.fdb.as_deref() else {
            let why = format!("the fdb of {device} was not read");
            return Err(self.stop(&inner, Stop::unknown(netns, why).at(device)));
        };
        let mac = inner.destination_mac.unwrap_or(Mac::ZERO);
        let learned = self.learned.tunnel(netns, device, mac);
        let known = self.remote(fdb, device, vxlan, mac, mac);
        if known.is_none() && learned.is_none() {
            self.need_whole(netns, Part::Fdb, &inner)?;
        }
        let entry = known.or_else(|| self.remote(fdb, device, vxlan, Mac::ZERO, mac));
        let (remote, port, vni) = match (entry, vxlan.group) {
            _ if let Some(remote) = learned => {
                let text = format!("{mac} was heard from {remote} a moment ago");
                self.journey.step(step(StepKind::Fdb, text));
                (remote, vxlan.port, vxlan.vni)
            }
            (Some(entry), _) => {
                let remote = entry.destination.unwrap_or(IpAddr::from([0, 0, 0, 0]));
                let text = if entry.mac == mac {
                    format!("{mac} is behind the tunnel endpoint {remote}")
                } else {
                    let all = fdb.iter().filter(|one| is_remote(one, device, entry.mac));
                    let others = match all.count().saturating_sub(1) {
                        0 => String::new(),
                        count => format!(" (and copies to {count} more)"),
                    };
                    format!("{mac} is not known; everything unknown goes to {remote}{others}")
                };
                self.journey
                    .step(proven(StepKind::Fdb, text, "bridge fdb", &entry.raw));
                (
                    remote,
                    entry.port.unwrap_or(vxlan.port),
                    entry.vni.unwrap_or(vxlan.vni),
                )
            }
            (None, Some(group)) => {
                self.journey.step(step(
                    StepKind::Fdb,
                    format!("{mac} is not known; sent to the device's remote {group}"),
                ));
                (group, vxlan.port, vxlan.vni)
            }
            (None, None) => {
                let why = format!(
                    "{device} knows no {mac} and has no entry for unknown ones: dropped silently"
                );
                return Err(self.stop(
                    &inner,
                    Stop {
                        kind: StepKind::Fdb,
                        ..Stop::dropped(netns, why).at(device)
                    },
                ));
            }
        };
        // `ip_route_output_key_hash_rcu` refuses a source that is not the host's; IPv6 has nothing like it.
        if let Some(local) = vxlan.local
            && local.is_ipv4()
            && !is_local(here, local)
        {
            self.need_whole(netns, Part::Routes(Family::of(local)), &inner)?;
            let why =
                format!("{device} sends from {local}, which is no address of this host: dropped");
            return Err(self.stop(&inner, Stop::dropped(netns, why).at(device)));
        }
        if is_local(here, remote) {
            return self.bypass(netns, device, (remote, port, vni), inner);
        }
        let header = match remote {
            IpAddr::V4(_) => 20,
            IpAddr::V6(_) => 40,
        };
        let source_port = vxlan
            .port_range
            .map_or(Port::EPHEMERAL, |(first, last)| Port { first, last });
        let outer = Packet {
            source_port,
            destination_port: Port::known(port),
            ttl: if vxlan.ttl == 0 { 64 } else { vxlan.ttl },
            size: inner.size + OVERHEAD + header,
            dont_fragment: false,
            mark: inner.mark,
            ipvs_property: inner.ipvs_property,
            inner: Some(Box::new(Wrapped {
                vni: Some(vni),
                packet: inner,
            })),
            ..Packet::new(Protocol::Udp, vxlan.local, remote)
        };
        let from = vxlan
            .local
            .map_or("by route".to_owned(), |local| local.to_string());
        let text = format!(
            "vxlan {vni}: {from} > {remote} udp {port}, {} bytes",
            outer.size
        );
        self.journey.step(step(StepKind::Encap, text));
        self.send(netns, outer, vxlan.local)
    }

    /// `encap_bypass_if_local`: a tunnel to this very host leads straight into the device with that VNI and port, which
    /// takes every frame for its own.
    fn bypass(
        &mut self,
        netns: NetnsId,
        device: &str,
        (remote, port, vni): (IpAddr, u16, u32),
        mut inner: Packet,
    ) -> Fate {
        let here = self.cluster.netns(netns);
        let end = here.links.iter().flatten().find(|link| {
            matches!(&link.kind, LinkKind::Vxlan(end) if link.up && end.vni == vni && end.port == port)
        });
        let Some(end) = end else {
            let why = format!(
                "{remote} is this host, which has no vxlan device with VNI {vni} on UDP port {port}: dropped"
            );
            return Err(self.stop(&inner, Stop::dropped(netns, why).at(device)));
        };
        self.journey.step(step(
            StepKind::Decap,
            format!("{remote} is this host: straight into {}", end.name),
        ));
        inner.destination_mac = end.mac;
        self.receive(netns, &end.name, inner)
    }

    /// `vxlan_rcv`: the outer packet reached the host it is for.
    pub fn decapsulate(&mut self, netns: NetnsId, device: &str, outer: Packet) -> Fate {
        let Some(inner) = outer.inner.clone() else {
            return self.reach_socket(netns, device, outer);
        };
        let Wrapped {
            vni: Some(vni),
            packet: mut inner,
        } = *inner
        else {
            return self.unwrap(netns, device, outer);
        };
        let here = self.cluster.netns(netns);
        let port = outer.destination_port.number();
        self.need_whole(netns, Part::Links, &outer)?;
        let devices = || {
            here.links
                .iter()
                .flatten()
                .filter_map(|link| match &link.kind {
                    LinkKind::Vxlan(vxlan) => Some((link, vxlan)),
                    _ => None,
                })
        };
        let same_family = |vxlan: &Vxlan| match vxlan.local.or(vxlan.group) {
            Some(ip) => Family::of(ip) == outer.family(),
            None => outer.family() == Family::V4,
        };
        let mut listening = devices()
            .filter(|(link, vxlan)| link.up && Some(vxlan.port) == port && same_family(vxlan))
            .peekable();
        if listening.peek().is_none() {
            let ports: Vec<String> = devices()
                .map(|(link, vxlan)| format!("{} on {}", link.name, vxlan.port))
                .collect();
            let port = port.map_or("?".to_owned(), |port| port.to_string());
            let there_are = if ports.is_empty() {
                "none".to_owned()
            } else {
                ports.join(", ")
            };
            let why =
                format!("no vxlan device here takes UDP port {port} (there are: {there_are})");
            return Err(self.stop(&outer, Stop::dropped(netns, why)));
        }
        let Some((link, vxlan)) = listening.find(|(_, vxlan)| vxlan.vni == vni) else {
            let why = format!("no vxlan device here has VNI {vni}: dropped silently");
            return Err(self.stop(&outer, Stop::dropped(netns, why)));
        };
        let device = link.name.clone();
        if link.mac.is_some() && inner.source_mac == link.mac {
            let why =
                format!("the inner frame comes from {device}'s own address: dropped as a loop");
            return Err(self.stop(&outer, Stop::dropped(netns, why).at(&device)));
        }
        self.journey.step(step(
            StepKind::Decap,
            format!("vxlan {vni} from {}: a frame for {device}", outer.source),
        ));
        if let Some(mac) = inner.source_mac.filter(|_| vxlan.learning) {
            self.snoop(netns, &device, mac, &outer)?;
        }
        inner.scrub(true);
        // The inner packet keeps the mark that the outer one has here.
        inner.mark = outer.mark;
        self.receive(netns, &device, inner)
    }
}
