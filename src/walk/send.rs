//! What is made here: route, OUTPUT, perhaps route again, POSTROUTING, neighbour, device
//! (net/ipv4/route.c `ip_route_output_key`, net/ipv4/ip_output.c, net/netfilter/nf_nat_proto.c `ip_route_me_harder`).

use std::net::{IpAddr, Ipv6Addr};

use super::conntrack::Direction;
use super::explore::Question;
use super::icmp::IcmpError;
use super::journey::{proven, step};
use super::netfilter::{Hook, Place};
use super::packet::{Packet, Port};
use super::refusal::Denial;
use super::routing::{Lookup, Refusal, Routed, Way, is_local, lookup};
use super::source_address::{select_address, source_for};
use super::source_check::set_for;
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
                if !is_local(self.cluster.netns(netns), source) {
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

    /// A routing decision for what is made here.
    pub fn route_output(
        &mut self,
        netns: NetnsId,
        packet: &Packet,
        query: &Lookup<'_>,
    ) -> Result<Chosen<'c>, Stopped> {
        match self.decide(netns, query, packet)? {
            Ok(chosen) => {
                self.keep_loopback_in(netns, packet, &chosen.device)?;
                Ok(chosen)
            }
            Err(refused) => Err(self.refuse_output(netns, packet, refused)),
        }
    }

    /// `__mkroute_output`: what comes from 127.0.0.0/8 stays here.
    pub fn keep_loopback_in(
        &mut self,
        netns: NetnsId,
        packet: &Packet,
        device: &str,
    ) -> Result<(), Stopped> {
        let from_loopback = matches!(packet.source, IpAddr::V4(ip) if ip.is_loopback());
        if !from_loopback
            || device == "lo"
            || set_for(self.cluster.netns(netns), device, "route_localnet")
        {
            return Ok(());
        }
        let why = format!(
            "{} may not leave by {device}: route_localnet is off there",
            packet.source
        );
        let invalid = Stop {
            client_sees: Some(ClientSees::Invalid),
            ..Stop::unreachable(netns, why).at(device)
        };
        Err(self.stop(packet, invalid))
    }

    /// What a local sender sees of a refused lookup.
    pub fn refuse_output(
        &mut self,
        netns: NetnsId,
        packet: &Packet,
        refused: Refused<'_>,
    ) -> Stopped {
        let destination = packet.destination;
        match refused {
            Refused::By { kind, raw, source } => {
                let sees = match kind {
                    Refusal::Blackhole => ClientSees::Invalid,
                    Refusal::Unreachable => ClientSees::Unreachable,
                    Refusal::Prohibit => ClientSees::Prohibited,
                };
                let why = format!("{destination} is refused by: {raw}");
                let refused = Stop {
                    client_sees: Some(sees),
                    ..Stop::unreachable(netns, why)
                };
                self.stop(packet, refused.because(source, raw))
            }
            Refused::NoRoute => {
                let why = format!("there is no route to {destination}");
                self.stop(packet, Stop::unreachable(netns, why))
            }
        }
    }

    /// One lookup, with a fork where several next hops share the load.
    pub fn decide(
        &mut self,
        netns: NetnsId,
        query: &Lookup<'_>,
        packet: &Packet,
    ) -> Result<Result<Chosen<'c>, Refused<'c>>, Stopped> {
        let (route, ways) = match self.find(netns, query, packet)? {
            Ok(found) => found,
            Err(refused) => return Ok(Err(refused)),
        };
        let hop = self.one_of(netns, packet, &ways);
        let local = matches!(route.kind, RouteType::Local | RouteType::Anycast);
        let device = match hop.and_then(|hop| hop.device.clone()) {
            _ if local => "lo".to_owned(),
            Some(device) => device,
            None => {
                let why = format!(
                    "the route has no device that kubenet could read: {}",
                    route.raw
                );
                return Err(self.stop(packet, Stop::unknown(netns, why)));
            }
        };
        let here = self.cluster.netns(netns);
        let gateway = hop.and_then(|hop| gateway(here, hop));
        Ok(Ok(Chosen {
            route,
            hop,
            gateway,
            device,
        }))
    }

    /// One lookup.
    fn find(
        &mut self,
        netns: NetnsId,
        query: &Lookup<'_>,
        packet: &Packet,
    ) -> Result<Result<Found<'c>, Refused<'c>>, Stopped> {
        let here: &'c Netns = self.cluster.netns(netns);
        if here.rules(packet.family()).is_none() && here.routes(packet.family()).is_some() {
            let place = self.place_name(netns);
            self.not_seen(format!(
                "{place}: routing rules were not captured, supposed to be the kernel's own"
            ));
        }
        match lookup(here, query) {
            Routed::Found { route, ways } => Ok(Ok((route, ways))),
            Routed::Refused { kind, raw, table } => {
                let source = table.map_or("routing rules".to_owned(), |table| {
                    format!("route table {table}")
                });
                Ok(Err(Refused::By { kind, raw, source }))
            }
            Routed::Nothing => Ok(Err(Refused::NoRoute)),
            Routed::Unknown { rule, why } => {
                let why = format!("whether a routing rule holds is not known, as {why}");
                Err(self.stop(
                    packet,
                    Stop::unknown(netns, why).because("routing rules", &rule.raw),
                ))
            }
            Routed::Partly(part) => {
                let why = self.partly(netns, part);
                Err(self.stop(packet, Stop::unknown(netns, why)))
            }
            Routed::NotRead => {
                let why = format!("the routes of {} were not read", self.place_name(netns));
                Err(self.stop(packet, Stop::unknown(netns, why)))
            }
        }
    }

    /// One next hop of several, by weight (`fib_select_multipath`: by a hash of the flow, so for good).
    fn one_of(&mut self, netns: NetnsId, packet: &Packet, ways: &[Way<'c>]) -> Option<&'c NextHop> {
        if ways.len() < 2 {
            return ways.first().map(|way| way.hop);
        }
        let flow = format!("{netns:?} {:?} {packet}", packet.source_port);
        let shares = shares(ways.iter().map(|way| way.weight));
        let picked = self.choices.settle(&flow, Question::Balance(shares));
        let hop = ways.get(picked)?.hop;
        let to = hop
            .gateway
            .map_or("the link".to_owned(), |gateway| gateway.to_string());
        let text = format!(
            "one of {} next hops, by a hash of the flow: {to}",
            ways.len()
        );
        self.journey.step(step(StepKind::Balance, text));
        Some(hop)
    }

    /// One source address of several, as the next hops would give.
    fn one_source(&mut self, sources: &[(IpAddr, u32)]) -> Option<IpAddr> {
        let picked = match sources.len() {
            0 | 1 => 0,
            _ => {
                let shares = shares(sources.iter().map(|(_, weight)| *weight));
                self.choices.choose(Question::Balance(shares))
            }
        };
        sources.get(picked).map(|(source, _)| *source)
    }

    /// How the sender of a packet that is here learns of an ICMP error about it: not at all when there is no way back.
    pub fn seen_by_sender(&self, netns: NetnsId, packet: &Packet, error: IcmpError) -> ClientSees {
        let back = Lookup {
            destination: packet.source,
            source: None,
            iif: "lo",
            mark: 0,
            tos: 0,
            protocol: Protocol::Icmp,
            ports: (Port::NONE, Port::NONE),
            uid: Some(0),
            oif: None,
        };
        match lookup(self.cluster.netns(netns), &back) {
            Routed::Nothing | Routed::Refused { .. } => ClientSees::Timeout,
            _ => error.seen_by_sender(packet),
        }
    }

    /// Writes a routing decision down.
    pub fn write_route(&mut self, chosen: &Chosen<'_>, packet: &Packet) {
        let to = packet.destination;
        let text = match (chosen.gateway, chosen.is_local()) {
            (_, true) => format!("{to} is an address of this host"),
            (Some(gateway), _) if chosen.route.destination.prefix_len() == 0 => {
                format!(
                    "{to} by the default route: next hop {gateway} on {}",
                    chosen.device
                )
            }
            (Some(gateway), _) => format!("{to}: next hop {gateway} on {}", chosen.device),
            (None, _) => format!("{to} is on the link of {}", chosen.device),
        };
        let source = format!("route table {}", chosen.route.table);
        self.journey
            .step(proven(StepKind::Route, text, source, &chosen.route.raw));
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

/// A route and the next hops of it that may be taken.
type Found<'c> = (&'c Route, Vec<Way<'c>>);

/// The router that a next hop names. An IPv4 route by way of an address of this very host says that the destination is
/// on the link.
fn gateway(netns: &Netns, hop: &NextHop) -> Option<IpAddr> {
    let own = |gateway: IpAddr| {
        let here = netns.has_address(gateway) || hop.device.as_deref() == Some("lo");
        gateway.is_ipv4() && !hop.onlink && here
    };
    hop.gateway.filter(|gateway| !own(*gateway))
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

/// What each weight is of all.
fn shares(weights: impl Iterator<Item = u32> + Clone) -> Vec<f64> {
    let total: f64 = weights.clone().map(f64::from).sum();
    weights.map(|weight| f64::from(weight) / total).collect()
}
