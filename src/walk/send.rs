//! What is made here: route, OUTPUT, perhaps route again, POSTROUTING, neighbour, device
//! (net/ipv4/route.c `ip_route_output_key`, net/ipv4/ip_output.c, net/netfilter/nf_nat_proto.c `ip_route_me_harder`).

use std::net::IpAddr;

use super::explore::Question;
use super::journey::{proven, step};
use super::netfilter::{Hook, Place, is_local};
use super::packet::Packet;
use super::routing::{Lookup, Refusal, Routed, lookup, source_for};
use super::walker::{Fate, Stop, Stopped, Walk};
use crate::model::trace::{ClientSees, StepKind, Verdict};
use crate::model::{Netns, NetnsId, NextHop, Part, Protocol, Route, RouteType};

/// A route that was chosen for a packet.
#[derive(Debug, Clone)]
pub(super) struct Chosen<'c> {
    pub route: &'c Route,
    pub hop: Option<&'c NextHop>,
    /// The device it leaves by; `lo` for what stays here.
    pub device: String,
}

impl Chosen<'_> {
    /// Whom the frame goes to.
    pub fn next_hop(&self, packet: &Packet) -> IpAddr {
        self.hop
            .and_then(|hop| hop.gateway)
            .unwrap_or(packet.destination)
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
                self.route_output(netns, &packet, Some(source), packet.mark)?
            }
            None => {
                // ip_route_connect: a first lookup chooses the source, a second one is made with it.
                let first = self.route_output(netns, &packet, None, packet.mark)?;
                self.need_whole(netns, Part::Addresses, &packet)?;
                let here = self.cluster.netns(netns);
                let Some(source) = source_for(here, first.route, first.hop, packet.destination)
                else {
                    let why = match here.addresses {
                        None => Stop::unknown(
                            netns,
                            "the addresses here were not read: the source is not known",
                        ),
                        Some(_) => Stop::unreachable(netns, "there is no address to send from"),
                    };
                    return Err(self.stop(&packet, why.at(&first.device)));
                };
                packet.source = source;
                let rules_mind_source = here
                    .rules(packet.family())
                    .into_iter()
                    .flatten()
                    .any(|r| r.from.is_some());
                if rules_mind_source {
                    self.route_output(netns, &packet, Some(source), packet.mark)?
                } else {
                    first
                }
            }
        };
        self.write_route(&chosen, &packet);
        self.output(netns, packet, chosen)
    }

    /// The OUTPUT hook, and a second routing decision where it changed what the first one rested on.
    fn output(&mut self, netns: NetnsId, mut packet: Packet, chosen: Chosen<'c>) -> Fate {
        let out_device = chosen.device.clone();
        let place = Place {
            netns,
            hook: Hook::Output,
            in_device: None,
            out_device: Some(&out_device),
            next_hop: Some(chosen.next_hop(&packet)),
        };
        let reroute = self.hook(place, &mut packet)?;
        let chosen = match reroute.mark {
            None => chosen,
            Some(mark) => {
                let again = self.route_output(netns, &packet, Some(packet.source), mark)?;
                self.write_route(&again, &packet);
                again
            }
        };
        self.postrouting(netns, packet, None, chosen)
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
            in_device: None,
            out_device: Some(&device),
            next_hop: Some(next_hop),
        };
        self.hook(place, &mut packet)?;
        if chosen.is_local() {
            return self.loop_back(netns, packet);
        }
        self.fit(netns, &mut packet, &chosen, in_device)?;
        let here = self.cluster.netns(netns);
        packet.source_mac = here.link(&device).and_then(|link| link.mac);
        packet.destination_mac = self.resolve(netns, &device, next_hop, &packet)?;
        self.transmit(netns, &device, packet)
    }

    /// Checks the size against the route's and the device's MTU (`ip_finish_output`, `ip_forward`).
    fn fit(
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
            crate::model::Family::V6 => in_device.is_none(),
        };
        if may_fragment {
            let text = format!("{size} bytes do not fit the {mtu} of {device}: fragmented");
            self.journey.step(step(StepKind::Route, text));
            return Ok(());
        }
        let why = format!(
            "{size} bytes do not fit the {mtu} of {device} and may not be fragmented: ICMP too big"
        );
        let too_big = Stop {
            verdict: Verdict::Rejected,
            client_sees: Some(ClientSees::TooBig),
            kind: StepKind::Reject,
            ..Stop::dropped(netns, why).at(device)
        };
        Err(self.stop(packet, too_big))
    }

    /// A routing decision for what is made here.
    fn route_output(
        &mut self,
        netns: NetnsId,
        packet: &Packet,
        source: Option<IpAddr>,
        mark: u32,
    ) -> Result<Chosen<'c>, Stopped> {
        let query = Lookup {
            destination: packet.destination,
            source,
            iif: "lo",
            oif: None,
            mark,
            tos: packet.tos,
            protocol: packet.protocol,
            ports: (packet.source_port, packet.destination_port),
            uid: None,
        };
        let sees = |refusal| match refusal {
            Refusal::Blackhole => ClientSees::Invalid,
            Refusal::Unreachable => ClientSees::Unreachable,
            Refusal::Prohibit => ClientSees::Prohibited,
        };
        match self.decide(netns, &query, packet)? {
            Ok(chosen) => Ok(chosen),
            Err(Refused::By { kind, raw, source }) => {
                let why = format!("{} is refused by: {raw}", packet.destination);
                let refused = Stop {
                    client_sees: Some(sees(kind)),
                    ..Stop::unreachable(netns, why)
                };
                Err(self.stop(packet, refused.because(source, raw)))
            }
            Err(Refused::NoRoute) => {
                let why = format!("there is no route to {}", packet.destination);
                Err(self.stop(packet, Stop::unreachable(netns, why)))
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
        let here: &'c Netns = self.cluster.netns(netns);
        if here.rules(packet.family()).is_none() && here.routes(packet.family()).is_some() {
            let place = self.place_name(netns);
            self.not_seen(format!(
                "{place}: routing rules were not captured, supposed to be the kernel's three"
            ));
        }
        match lookup(here, query) {
            Routed::Found {
                route, next_hops, ..
            } => {
                let hop = self.one_of(&next_hops);
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
                Ok(Ok(Chosen { route, hop, device }))
            }
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
    fn one_of(&mut self, hops: &[&'c NextHop]) -> Option<&'c NextHop> {
        if hops.len() < 2 {
            return hops.first().copied();
        }
        let total: f64 = hops.iter().map(|hop| f64::from(hop.weight.max(1))).sum();
        let shares = hops
            .iter()
            .map(|hop| f64::from(hop.weight.max(1)) / total)
            .collect();
        let picked = self.choices.choose(Question::Balance(shares));
        let hop = hops.get(picked).copied()?;
        let to = hop
            .gateway
            .map_or("the link".to_owned(), |gateway| gateway.to_string());
        let text = format!(
            "one of {} next hops, by a hash of the flow: {to}",
            hops.len()
        );
        self.journey.step(step(StepKind::Balance, text));
        Some(hop)
    }

    /// Writes a routing decision down.
    pub fn write_route(&mut self, chosen: &Chosen<'_>, packet: &Packet) {
        let to = packet.destination;
        let text = match (chosen.hop.and_then(|hop| hop.gateway), chosen.is_local()) {
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
