//! IP-in-IP over IPv4 (net/ipv4/ip_tunnel.c, ipip.c, tunnel4.c): a packet goes out as the payload of a new one, and comes
//! in as a packet of the tunnel's device.
//!
//! Devices wrap what routes send by them; IPVS wraps by itself what it sends to a server with `-i`. At the other end the
//! addresses of the outer packet name the device, and `tunl0`, when it is up, takes what is of no other. An error about
//! an outer packet goes to the host that wrapped it: IPVS hands it on to the client (ip_vs_core.c `ip_vs_in_icmp`), a
//! device remembers that its far end is not to be reached, and tells whoever sends next (`ipip_err`).

use std::net::IpAddr;

use super::icmp::IcmpError;
use super::journey::step;
use super::packet::{IPIP, Packet, Port, Wrapped};
use super::refusal::{Denial, Refusal};
use super::routing::{Lookup, is_local};
use super::source_address::source_for;
use super::walker::{Fate, Stop, Walk};
use crate::model::trace::{ClientSees, StepKind};
use crate::model::{Family, Forwarding, Ipip, Link, LinkKind, Netns, NetnsId, Part, Protocol};

/// The outer IPv4 header.
pub(super) const HEADER: u32 = 20;

impl Walk<'_> {
    /// `ipip_tunnel_xmit`, `ip_tunnel_xmit`.
    pub fn wrap(&mut self, netns: NetnsId, device: &str, tunnel: &Ipip, inner: Packet) -> Fate {
        let here = self.cluster.netns(netns);
        let takes = inner.family() == Family::V4 && matches!(tunnel.protocol, 0 | 4);
        if !takes {
            let why = format!("{device} wraps no {} packets: dropped", inner.family());
            return Err(self.stop(&inner, Stop::dropped(netns, why).at(device)));
        }
        let remote = tunnel.remote.or(inner.next_hop);
        let unread = match remote {
            _ if tunnel.external => Some("sends where its routes say, which no dump shows"),
            _ if tunnel.encap => Some("wraps packets once more, which is not followed"),
            None => Some("has no far end, and no next hop is known"),
            Some(remote) if remote.is_multicast() => {
                Some("sends to a group, which is not followed")
            }
            Some(_) => None,
        };
        let (Some(remote), None) = (remote, unread) else {
            let why = format!("{device} {}", unread.unwrap_or_default());
            return Err(self.stop(&inner, Stop::unknown(netns, why).at(device)));
        };
        if let Some(local) = tunnel.local.filter(|local| !is_local(here, *local)) {
            self.need_whole(netns, Part::Routes(Family::V4), &inner)?;
            let why =
                format!("{device} sends from {local}, which is no address of this host: dropped");
            return Err(self.stop(&inner, Stop::dropped(netns, why).at(device)));
        }
        let query = Lookup {
            destination: remote,
            source: tunnel.local,
            iif: "lo",
            oif: tunnel.lower.as_deref(),
            mark: tunnel.mark,
            tos: 0,
            protocol: IPIP,
            ports: (Port::NONE, Port::NONE),
            uid: Some(0),
        };
        let chosen = match self.decide(netns, &query, &inner)? {
            Ok(chosen) if chosen.device != device => chosen,
            refused => {
                let why = match refused {
                    Ok(_) => format!("{remote}, the far end of {device}, is behind {device}"),
                    Err(_) => format!("there is no route to {remote}, the far end of {device}"),
                };
                let stop = Stop::dropped(netns, format!("{why}: dropped")).at(device);
                return Err(self.stop(&inner, stop));
            }
        };
        let source = tunnel
            .local
            .or_else(|| source_for(here, chosen.route, chosen.hop, remote));
        let cut = !tunnel.path_mtu && !inner.dont_fragment;
        let lower = here.link(&chosen.device).map(|link| link.mtu);
        let fits = chosen
            .route
            .mtu
            .or(lower)
            .map(|mtu| mtu.saturating_sub(HEADER));
        if let Some(mtu) = fits.filter(|mtu| !cut && inner.size > *mtu) {
            let too_long = format!(
                "{} bytes and a header do not fit {}",
                inner.size, chosen.device
            );
            let stop = match inner.dont_fragment {
                true => {
                    let denial = Denial::Error(IcmpError::TooBig { mtu });
                    let why = format!("{too_long}, and it may not be fragmented: ICMP too big");
                    Stop::rejected(netns, denial, why)
                }
                false => Stop::dropped(
                    netns,
                    format!("{too_long}, and {device} lets nobody cut what it sends: dropped"),
                ),
            };
            return Err(self.stop(&inner, stop.at(device)));
        }
        let ttl = if tunnel.ttl == 0 {
            inner.ttl
        } else {
            tunnel.ttl
        };
        let outer = Packet {
            ttl,
            dont_fragment: !cut,
            ..wrapped(inner, source, remote)
        };
        self.write_wrapped(&outer);
        self.write_route(&chosen, &outer);
        self.output(netns, outer, chosen)
    }

    /// The step that says what was wrapped.
    pub fn write_wrapped(&mut self, outer: &Packet) {
        let (from, to, size) = (outer.source, outer.destination, outer.size);
        let text = format!("ipip: {from} > {to}, {size} bytes");
        self.journey.step(step(StepKind::Encap, text));
    }

    /// `tunnel4_rcv`, `ipip_rcv`: the outer packet reached the host it is for.
    pub fn unwrap(&mut self, netns: NetnsId, device: &str, outer: Packet) -> Fate {
        if outer.about.is_some() {
            return self.relay(netns, outer);
        }
        self.need_whole(netns, Part::Links, &outer)?;
        let here = self.cluster.netns(netns);
        let Some((link, tunnel)) = taker(here, device, &outer) else {
            let mut devices = tunnels(here).map(|(link, _)| link.name.as_str()).peekable();
            let (error, why) = match devices.peek() {
                // Without the module, or a device of it, nobody takes the protocol.
                None => (IcmpError::ProtocolUnreachable, "none is here".to_owned()),
                Some(_) => (
                    IcmpError::PortUnreachable,
                    format!("there are: {}", devices.collect::<Vec<_>>().join(", ")),
                ),
            };
            let why = format!(
                "no ipip device that is up takes what comes from {} to {} ({why}); {}",
                outer.source,
                outer.destination,
                error.name()
            );
            let stop = Stop::rejected(netns, Denial::Error(error), why);
            return Err(self.stop(&outer, stop));
        };
        let name = link.name.clone();
        let carried = outer.inner.as_deref().map(|wrapped| wrapped.packet.clone());
        let Some(mut inner) = carried.filter(|_| matches!(tunnel.protocol, 0 | 4)) else {
            let why = format!("{name} takes no IPv4 packets: dropped");
            return Err(self.stop(&outer, Stop::dropped(netns, why).at(&name)));
        };
        let text = format!("ipip from {}: a packet for {name}", outer.source);
        self.journey.step(step(StepKind::Decap, text));
        inner.scrub(true);
        // It is the same packet for the kernel: what was noted on it stays.
        (inner.mark, inner.ipvs_property) = (outer.mark, outer.ipvs_property);
        self.receive(netns, &name, inner)
    }

    /// What the sender of the packet inside sees of an error about the outer one.
    pub fn seen_inside(&self, outer: &Packet, error: IcmpError) -> Option<ClientSees> {
        let inner = &outer
            .inner
            .as_deref()
            .filter(|_| outer.protocol == IPIP)?
            .packet;
        let told = self.error_inside(outer, error)?;
        Some(told.seen_by_sender(inner))
    }

    /// The error that the sender of the packet inside is told of; of a device, when it sends again.
    fn error_inside(&self, outer: &Packet, error: IcmpError) -> Option<IcmpError> {
        let inner = &outer.inner.as_deref()?.packet;
        let of_ipvs = self.virtual_connections.iter().any(|known| {
            known.carries(inner, Forwarding::Tunnel) && known.server_address() == outer.destination
        });
        if of_ipvs {
            return Some(error);
        }
        let has_far_end = self.cluster.all_netns().any(|(_, there)| {
            let mut tunnels = tunnels(there);
            there.has_address(outer.source)
                && tunnels.any(|(_, tunnel)| tunnel.remote == Some(outer.destination))
        });
        (has_far_end && inner.protocol == Protocol::Tcp).then_some(IcmpError::HostUnreachable)
    }

    /// An error about an outer packet has come to the host that wrapped it.
    fn relay(&mut self, netns: NetnsId, error: Packet) -> Fate {
        let sent = error.answer();
        let outer = Packet {
            source: error.destination,
            destination: error
                .about
                .as_ref()
                .map_or(sent.destination, |about| about.destination),
            inner: error.inner.clone(),
            ..sent
        };
        let told = IcmpError::read(error.family(), error.icmp)
            .and_then(|heard| self.error_inside(&outer, heard));
        let (Some(told), Some(wrapped)) = (told, error.inner.clone()) else {
            let why = "the tunnel keeps the error to itself";
            return Err(self.stop(&error, Stop::dropped(netns, why)));
        };
        self.send_refusal(&Refusal {
            netns,
            denial: Denial::Error(told),
            packet: wrapped.packet,
        })
    }
}

/// An outer packet, which keeps what was noted on the one inside.
pub(super) fn wrapped(mut inner: Packet, source: Option<IpAddr>, remote: IpAddr) -> Packet {
    let mut outer = Packet {
        ttl: inner.ttl,
        size: inner.size + HEADER,
        mark: inner.mark,
        ipvs_property: inner.ipvs_property,
        ..Packet::new(IPIP, source, remote)
    };
    inner.scrub(true);
    outer.inner = Some(Box::new(Wrapped {
        vni: None,
        packet: inner,
    }));
    outer
}

fn tunnels(netns: &Netns) -> impl Iterator<Item = (&Link, &Ipip)> {
    let links = netns.links.iter().flatten();
    links.filter_map(|link| match &link.kind {
        LinkKind::Ipip(tunnel) => Some((link, tunnel)),
        _ => None,
    })
}

/// `ip_tunnel_lookup`: by both addresses, by the far one, by the near one, by none; and of those by the device that the
/// packet came in by, whichever addresses they have.
fn taker<'n>(netns: &'n Netns, device: &str, outer: &Packet) -> Option<(&'n Link, &'n Ipip)> {
    let (near, far) = (Some(outer.destination), Some(outer.source));
    let mut any = None;
    for ends in [(near, far), (None, far), (near, None), (None, None)] {
        let fitting = tunnels(netns)
            .filter(|(link, tunnel)| link.up && !tunnel.external)
            .filter(|(_, tunnel)| (tunnel.local, tunnel.remote) == ends);
        for (link, tunnel) in fitting {
            if tunnel.lower.as_deref() == Some(device) {
                return Some((link, tunnel));
            }
            any = any.or(Some((link, tunnel)));
        }
    }
    any.or_else(|| tunnels(netns).find(|(link, tunnel)| link.up && tunnel.external))
}
