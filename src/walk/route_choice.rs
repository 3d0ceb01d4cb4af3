//! Which route a packet takes, one next hop of several, and what becomes of it where there is none
//! (net/ipv4/route.c `ip_route_output_key_hash_rcu`, net/ipv4/fib_semantics.c `fib_select_multipath`).

use std::net::IpAddr;

use super::explore::Question;
use super::icmp::IcmpError;
use super::journey::{proven, step};
use super::packet::{Packet, Port};
use super::routing::{Lookup, Refusal, Routed, Way, lookup};
use super::send::{Chosen, Refused};
use super::source_check::set_for;
use super::walker::{Stop, Stopped, Walk};
use crate::model::trace::{ClientSees, StepKind};
use crate::model::{Netns, NetnsId, NextHop, Protocol, Route, RouteType};

/// A route and the next hops of it that may be taken.
pub(super) type Found<'c> = (&'c Route, Vec<Way<'c>>);

/// The router that a next hop names. An IPv4 route by way of an address of this very host says that the destination is
/// on the link.
fn gateway(netns: &Netns, hop: &NextHop) -> Option<IpAddr> {
    let own = |gateway: IpAddr| {
        let here = netns.has_address(gateway) || hop.device.as_deref() == Some("lo");
        gateway.is_ipv4() && !hop.onlink && here
    };
    hop.gateway.filter(|gateway| !own(*gateway))
}

impl<'c> Walk<'c> {
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
                    Refusal::HostUnreachable | Refusal::NetUnreachable => ClientSees::Unreachable,
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
    pub fn find(
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
    pub fn one_source(&mut self, sources: &[(IpAddr, u32)]) -> Option<IpAddr> {
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

/// What each weight is of all.
fn shares(weights: impl Iterator<Item = u32> + Clone) -> Vec<f64> {
    let total: f64 = weights.clone().map(f64::from).sum();
    weights.map(|weight| f64::from(weight) / total).collect()
}
