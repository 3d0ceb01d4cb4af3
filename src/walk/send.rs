//! What is made here: route, OUTPUT, perhaps route again, POSTROUTING, neighbour, device
//! (net/ipv4/route.c `ip_route_output_key`, net/ipv4/ip_output.c, net/netfilter/nf_nat_proto.c `ip_route_me_harder`).

use std::net::{IpAddr, Ipv6Addr};

use super::conntrack::Direction;
use super::icmp::IcmpError;
use super::journey::step;
use super::netfilter::{Hook, Place};
use super::packet::{Packet, Port};
use super::refusal::Denial;
use super::routing::{Lookup, Refusal, Way, is_local};
use super::source_address::{select_address, source_for};
use super::walker::{Fate, Stop, Stopped, Walk};
use crate::model::trace::{ClientSees, StepKind};
use crate::model::{Flow, Netns, NetnsId, NextHop, Part, Protocol, Route, RouteScope, RouteType};

/// A route that was chosen for a packet.
#[derive(Debug, Clone)]
pub(super) struct Chosen<'c> {
    pub route: &'c Route,
    pub hop: Option<&'c NextHop>,
    /// The router it goes to, `None` when the destination is on the link or here.
    pub gateway: Option<IpAddr>,
    /// The device it leaves by; `lo` for what stays here.
    pub device: String,
}

impl Chosen<'_> {
    /// Whom the frame goes to.
    pub fn next_hop(&self, packet: &Packet) -> IpAddr {
        self.gateway.unwrap_or(packet.destination)
    }

    /// The device that has a local address.
    fn holder(&self) -> &str {
        let device = self.hop.and_then(|hop| hop.device.as_deref());
        device.unwrap_or("lo")
    }

    pub fn is_local(&self) -> bool {
        matches!(self.route.kind, RouteType::Local | RouteType::Anycast)
    }
}

impl<'c> Walk<'c> {
    /// A socket in `netns` sends: `source` is what it is bound to, else the route chooses.
    pub fn send(&mut self, netns: NetnsId, mut packet: Packet, source: Option<IpAddr>) -> Fate {
        self.journey.enter(self.cluster, netns, None);
        packet.socket = Some(netns);
        if matches!(packet.destination, IpAddr::V4(ip) if ip.is_broadcast()) {
            return Err(self.refuse_broadcast(netns, &packet));
        }
        let chosen = match source {
            Some(source) => {
                packet.source = source;
                // A tunnel over IPv6 asks for a route alone, which that source need not have.
                let by_tunnel = packet.inner.is_some() && source.is_ipv6();
                if !by_tunnel && !is_local(self.cluster.netns(netns), source) {
                    self.need_whole(netns, Part::Routes(packet.family()), &packet)?;
                    let why =
                        format!("{source} is no address of this host: it cannot send from it");
                    let invalid = Stop {
                        client_sees: Some(ClientSees::Invalid),
                        ..Stop::unreachable(netns, why)
                    };
                    return Err(self.stop(&packet, invalid));
                }
                self.route_output(netns, &packet, &Lookup::made_here(&packet, Some(source)))?
            }
            None => self.connect(netns, &mut packet)?,
        };
        if chosen.route.kind == RouteType::Broadcast {
            return Err(self.refuse_broadcast(netns, &packet));
        }
        self.write_route(&chosen, &packet);
        if self.sent.is_none() && packet.inner.is_none() {
            self.sent = Some(Direction::of(&packet));
        }
        self.output(netns, packet, chosen)
    }

    /// What a program sees that sends to everybody without having set SO_BROADCAST.
    fn refuse_broadcast(&mut self, netns: NetnsId, packet: &Packet) -> Stopped {
        let why = format!("{} is a broadcast address", packet.destination);
        let sees = match packet.protocol {
            Protocol::Tcp => ClientSees::Unreachable,
            _ => ClientSees::Prohibited,
        };
        let refused = Stop {
            client_sees: Some(sees),
            ..Stop::unreachable(netns, why)
        };
        self.stop(packet, refused)
    }

    /// The route of an answer that refuses a packet, and its source where it has none.
    pub fn route_refusal(
        &mut self,
        netns: NetnsId,
        answer: &mut Packet,
        source: Option<IpAddr>,
        device: Option<&str>,
    ) -> Result<Chosen<'c>, Stopped> {
        let here: &'c Netns = self.cluster.netns(netns);
        let own = source.filter(|ip| is_local(here, *ip));
        let query = Lookup {
            uid: Some(0),
            oif: device,
            ..Lookup::made_here(answer, own)
        };
        let chosen = self.route_output(netns, answer, &query)?;
        let of_route = || source_for(here, chosen.route, chosen.hop, answer.destination);
        match source.or_else(of_route) {
            Some(source) => answer.source = source,
            None => {
                let why = "the source of an ICMP error is not known";
                return Err(self.stop(answer, Stop::unknown(netns, why)));
            }
        }
        Ok(chosen)
    }

    /// A socket without a source address gets one by a first lookup, and is routed with it by a second one
    /// (`ip_route_connect`, `ip6_dst_lookup_tail`).
    fn connect(&mut self, netns: NetnsId, packet: &mut Packet) -> Result<Chosen<'c>, Stopped> {
        let here: &'c Netns = self.cluster.netns(netns);
        let mut first = Lookup::made_here(packet, None);
        // TCP picks its port when the route is known.
        if packet.protocol == Protocol::Tcp && packet.source_port.number().is_none() {
            first.ports.0 = Port::NONE;
        }
        let found = self.find(netns, &first, packet)?;
        self.need_whole(netns, Part::Addresses, packet)?;
        let sources = match &found {
            Ok((route, ways)) => sources(here, route, ways, packet.destination),
            // IPv6 tries again with the address it would use.
            Err(_) => select_address(here, "", None, packet.destination, RouteScope::Universe)
                .filter(|source| source.is_ipv6())
                .map(|source| vec![(source, 1)])
                .unwrap_or_default(),
        };
        let source = self.one_source(&sources);
        if source.is_none() {
            let stop = match (found, &here.addresses) {
                (Err(refused), _) => return Err(self.refuse_output(netns, packet, refused)),
                (Ok(_), None) => Stop::unknown(
                    netns,
                    "the addresses here were not read: the source is not known",
                ),
                // IPv4 sends from 0.0.0.0 then.
                (Ok(_), Some(_)) if packet.destination.is_ipv4() => {
                    return self.route_output(netns, packet, &first);
                }
                (Ok(_), Some(_)) => Stop::unreachable(netns, "there is no address to send from"),
            };
            return Err(self.stop(packet, stop));
        }
        packet.source = source.unwrap_or(packet.source);
        self.route_output(netns, packet, &Lookup::made_here(packet, source))
    }

    /// The OUTPUT hook, and a second routing decision where it changed what the first one rested on.
    pub fn output(&mut self, netns: NetnsId, mut packet: Packet, chosen: Chosen<'c>) -> Fate {
        let out_device = chosen.device.clone();
        let place = Place {
            netns,
            hook: Hook::Output,
            in_device: None,
            out_device: Some(&out_device),
            next_hop: Some(chosen.next_hop(&packet)),
        };
        let onward = self.hook(place, &mut packet)?;
        if let Some(chosen) = onward.taken {
            return self.output(netns, packet, chosen);
        }
        let chosen = match (onward.rerouted, onward.reroute) {
            (_, Some(mark)) => {
                packet.mark = mark;
                self.route_me_harder(netns, &packet)?
            }
            (Some(again), None) => again,
            (None, None) => chosen,
        };
        self.postrouting(netns, packet, None, chosen)
    }

    /// `ip_route_me_harder`: a second routing decision where rules changed what the first one rested on.
    pub fn route_me_harder(
        &mut self,
        netns: NetnsId,
        packet: &Packet,
    ) -> Result<Chosen<'c>, Stopped> {
        let query = Lookup {
            // It asks for nobody, that is for root.
            uid: Some(0),
            ..Lookup::made_here(packet, Some(packet.source))
        };
        // A datagram fails with the error; TCP sends its segment again, and waits.
        let again = self
            .route_output(netns, packet, &query)
            .map_err(|stopped| match packet.protocol {
                Protocol::Tcp => stopped.seen_as(ClientSees::Timeout),
                _ => stopped,
            })?;
        self.write_route(&again, packet);
        Ok(again)
    }

    /// POSTROUTING, size, neighbour, device: the way out that forwarded packets share.
    pub fn postrouting(
        &mut self,
        netns: NetnsId,
        mut packet: Packet,
        in_device: Option<&str>,
        chosen: Chosen<'c>,
    ) -> Fate {
        let device = chosen.device.clone();
        let next_hop = chosen.next_hop(&packet);
        let place = Place {
            netns,
            hook: Hook::Postrouting,
            // ip_output: what is forwarded is still on the device it came in by.
            in_device,
            out_device: Some(&device),
            next_hop: Some(next_hop),
        };
        self.hook(place, &mut packet)?;
        if chosen.is_local() {
            return self.loop_back(netns, packet, chosen.holder());
        }
        if in_device.is_none() {
            self.fit(netns, &mut packet, &chosen, None)?;
        }
        let here = self.cluster.netns(netns);
        packet.source_mac = here.link(&device).and_then(|link| link.mac);
        packet.destination_mac = self.resolve(netns, &device, next_hop, &packet)?;
        packet.next_hop = Some(next_hop);
        self.transmit(netns, &device, packet)
    }

    /// Checks the size against the route's and the device's MTU (`ip_finish_output`, `ip_forward`, `ip6_forward`).
    pub fn fit(
        &mut self,
        netns: NetnsId,
        packet: &mut Packet,
        chosen: &Chosen<'_>,
        in_device: Option<&str>,
    ) -> Result<(), Stopped> {
        let here = self.cluster.netns(netns);
        let Some(mtu) = chosen
            .route
            .mtu
            .or_else(|| here.link(&chosen.device).map(|link| link.mtu))
        else {
            return Ok(());
        };
        if packet.size <= mtu {
            return Ok(());
        }
        let size = packet.size;
        let device = &chosen.device;
        if in_device.is_none() && packet.protocol == Protocol::Tcp {
            self.journey.step(step(
                StepKind::Route,
                format!("segments are cut to the {mtu} bytes of {device}"),
            ));
            packet.size = mtu;
            return Ok(());
        }
        let may_fragment = match packet.family() {
            crate::model::Family::V4 => in_device.is_none() || !packet.dont_fragment,
            crate::model::Family::V6 => in_device.is_none() || packet.reassembled,
        };
        if may_fragment {
            let text = format!("{size} bytes do not fit the {mtu} of {device}: fragmented");
            self.journey.step(step(StepKind::Route, text));
            // A router on the way may fragment the fragments again.
            packet.size = mtu;
            packet.dont_fragment = false;
            return Ok(());
        }
        let why = format!(
            "{size} bytes do not fit the {mtu} of {device} and may not be fragmented: ICMP too big"
        );
        let answer = Denial::Error(IcmpError::TooBig { mtu });
        Err(self.stop(packet, Stop::rejected(netns, answer, why).at(device)))
    }
}

/// To the unspecified address is to oneself (`ip_route_output_key_hash_rcu`, `tcp_v6_connect`).
pub(super) fn dialled(flow: &Flow) -> Flow {
    let destination = match flow.destination {
        ip if !ip.is_unspecified() => ip,
        IpAddr::V4(_) => flow.source.unwrap_or(IpAddr::from([127, 0, 0, 1])),
        IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::LOCALHOST),
    };
    Flow {
        destination,
        ..flow.clone()
    }
}

/// The addresses that a route may give to what is sent by it, each with its weight.
fn sources(
    netns: &Netns,
    route: &Route,
    ways: &[Way<'_>],
    destination: IpAddr,
) -> Vec<(IpAddr, u32)> {
    let mut sources: Vec<(IpAddr, u32)> = Vec::new();
    let hops = ways.iter().map(|way| (Some(way.hop), way.weight));
    let of_no_hop = ways.is_empty().then_some((None, 1));
    for (hop, weight) in hops.chain(of_no_hop) {
        let Some(source) = source_for(netns, route, hop, destination) else {
            continue;
        };
        match sources.iter_mut().find(|(known, _)| *known == source) {
            Some((_, sum)) => *sum += weight,
            None => sources.push((source, weight)),
        }
    }
    sources
}

/// Why a lookup gave no route.
#[derive(Debug, Clone)]
pub(super) enum Refused<'c> {
    /// A route or rule that refuses.
    By {
        kind: Refusal,
        raw: &'c str,
        source: String,
    },
    /// Nothing found.
    NoRoute,
}
