//! What arrives: PREROUTING, the input routing decision with its checks of the source, then INPUT and a socket, or
//! FORWARD and out again (net/ipv4/ip_input.c, net/ipv4/route.c `ip_route_input_slow`, net/ipv4/fib_frontend.c
//! `fib_validate_source`, net/ipv4/ip_forward.c, net/ipv6/route.c, net/ipv6/ip6_output.c `ip6_forward`).

use std::net::IpAddr;

use super::journey::step;
use super::netfilter::{Hook, Place, is_local};
use super::packet::Packet;
use super::routing::{Lookup, Refusal, Routed, lookup};
use super::send::{Chosen, Refused};
use super::walker::{Fate, Stop, Stopped, Walk};
use crate::model::trace::{ClientSees, Direction, StepKind, Verdict};
use crate::model::{Family, NetnsId, Part, RouteScope, RouteType, RuleAction, Table};

impl<'c> Walk<'c> {
    /// An IP packet for this host's IP layer, come in by `device`. On a bridge, br_netfilter has already taken it
    /// through PREROUTING (`ip_sabotage_in`).
    pub fn ip_receive(
        &mut self,
        netns: NetnsId,
        device: &str,
        mut packet: Packet,
        prerouted: bool,
    ) -> Fate {
        if !prerouted {
            let place = Place {
                netns,
                hook: Hook::Prerouting,
                in_device: Some(device),
                out_device: None,
                next_hop: None,
            };
            self.hook(place, &mut packet)?;
        }
        packet.bridge_port_in = None;
        match self.route_input(netns, device, &packet)? {
            chosen if chosen.is_local() => self.input(netns, device, packet),
            chosen => self.forward(netns, device, packet, chosen),
        }
    }

    /// Sent to an address of its own host: out by lo and in again, its connection and route kept
    /// (drivers/net/loopback.c).
    pub fn loop_back(&mut self, netns: NetnsId, mut packet: Packet) -> Fate {
        self.journey.cross(self.cluster, netns, "lo", Direction::In);
        packet.socket = None;
        let place = Place {
            netns,
            hook: Hook::Prerouting,
            in_device: Some("lo"),
            out_device: None,
            next_hop: None,
        };
        self.hook(place, &mut packet)?;
        self.input(netns, "lo", packet)
    }

    /// The INPUT hook, then whoever takes it.
    fn input(&mut self, netns: NetnsId, device: &str, mut packet: Packet) -> Fate {
        let place = Place {
            netns,
            hook: Hook::Input,
            in_device: Some(device),
            out_device: None,
            next_hop: None,
        };
        if let Some(server) = self.virtual_server(netns, &packet) {
            let why = "IPVS takes it here, which kubenet does not evaluate yet".to_owned();
            return Err(self.stop(
                &packet,
                Stop::unknown(netns, why).because("ipvsadm -Sn", &server),
            ));
        }
        self.need_whole(netns, Part::VirtualServers, &packet)?;
        self.hook(place, &mut packet)?;
        self.deliver(netns, packet)
    }

    fn virtual_server(&self, netns: NetnsId, packet: &Packet) -> Option<String> {
        self.cluster
            .netns(netns)
            .virtual_servers
            .iter()
            .flatten()
            .find(|server| {
                server.protocol == packet.protocol
                    && server.address.ip() == packet.destination
                    && packet.destination_port.number() == Some(server.address.port())
            })
            .map(|server| server.raw.clone())
    }

    /// Through this host: TTL, FORWARD, and out.
    fn forward(
        &mut self,
        netns: NetnsId,
        device: &str,
        mut packet: Packet,
        chosen: Chosen<'c>,
    ) -> Fate {
        if packet.ttl <= 1 {
            let why = "its TTL is used up: it went round in a loop".to_owned();
            let looped = Stop {
                verdict: Verdict::Looped,
                client_sees: Some(ClientSees::Unreachable),
                ..Stop::dropped(netns, why).at(device)
            };
            return Err(self.stop(&packet, looped));
        }
        packet.ttl -= 1;
        self.write_route(&chosen, &packet);
        let out_device = chosen.device.clone();
        let place = Place {
            netns,
            hook: Hook::Forward,
            in_device: Some(device),
            out_device: Some(&out_device),
            next_hop: None,
        };
        self.hook(place, &mut packet)?;
        self.postrouting(netns, packet, Some(device), chosen)
    }

    /// The input routing decision.
    pub fn route_input(
        &mut self,
        netns: NetnsId,
        device: &str,
        packet: &Packet,
    ) -> Result<Chosen<'c>, Stopped> {
        if packet.family() == Family::V4 {
            self.check_martian(netns, device, packet)?;
        }
        let query = Lookup {
            destination: packet.destination,
            source: Some(packet.source),
            iif: device,
            oif: None,
            mark: packet.mark,
            tos: packet.tos,
            protocol: packet.protocol,
            ports: (packet.source_port, packet.destination_port),
            uid: Some(0),
        };
        let decided = self.decide(netns, &query, packet)?;
        if !matches!(&decided, Ok(chosen) if chosen.is_local()) {
            let keys = match packet.family() {
                Family::V4 => vec![forwarding_key(device, Family::V4)],
                Family::V6 => vec![
                    forwarding_key(device, Family::V6),
                    format!(
                        "net.ipv6.conf.{}.force_forwarding",
                        device.replace('.', "/")
                    ),
                ],
            };
            self.need_settings(netns, &keys, packet)?;
        }
        let forwarding = self.may_forward(netns, device, packet.family());
        let chosen = match decided {
            Ok(chosen) => chosen,
            Err(refused) => {
                return Err(self.refuse_input(netns, device, packet, refused, forwarding));
            }
        };
        match chosen.route.kind {
            RouteType::Local | RouteType::Anycast => {
                self.validate_source(netns, device, packet)?;
                Ok(chosen)
            }
            RouteType::Unicast => {
                match forwarding {
                    Some(true) => {}
                    Some(false) => {
                        let key = forwarding_key(device, packet.family());
                        let why = format!(
                            "{device} may not forward ({key} = 0), and {} is not an address here",
                            packet.destination
                        );
                        return Err(self.stop(
                            packet,
                            Stop::dropped(netns, why)
                                .at(device)
                                .because("sysctl", &format!("{key} = 0")),
                        ));
                    }
                    None => {
                        let why = format!(
                            "whether {device} may forward was not read ({})",
                            forwarding_key(device, packet.family())
                        );
                        return Err(self.stop(packet, Stop::unknown(netns, why).at(device)));
                    }
                }
                self.validate_source(netns, device, packet)?;
                Ok(chosen)
            }
            _ => {
                let why = format!(
                    "{} is a broadcast or multicast address here, which this walk does not follow",
                    packet.destination
                );
                Err(self.stop(packet, Stop::unknown(netns, why).at(device)))
            }
        }
    }

    /// `ip_error`: a router answers with ICMP, a host that does not forward is silent.
    fn refuse_input(
        &mut self,
        netns: NetnsId,
        device: &str,
        packet: &Packet,
        refused: Refused<'_>,
        forwarding: Option<bool>,
    ) -> Stopped {
        let (why, sees, evidence) = match refused {
            Refused::NoRoute => (
                format!("there is no route to {}", packet.destination),
                Some(ClientSees::Unreachable),
                None,
            ),
            Refused::By { kind, raw, source } => {
                let sees = match kind {
                    Refusal::Blackhole => None,
                    Refusal::Unreachable => Some(ClientSees::Unreachable),
                    Refusal::Prohibit => Some(ClientSees::Prohibited),
                };
                (
                    format!("{} is refused by: {raw}", packet.destination),
                    sees,
                    Some((source, raw)),
                )
            }
        };
        let mut stop = match sees {
            Some(sees) if forwarding != Some(false) => Stop {
                client_sees: Some(sees),
                ..Stop::unreachable(netns, why)
            },
            _ => Stop::dropped(netns, why),
        }
        .at(device);
        if let Some((source, raw)) = evidence {
            stop = stop.because(source, raw);
        }
        self.stop(packet, stop)
    }

    /// IN_DEV_FORWARD of the incoming device (IPv4), of all (IPv6).
    fn may_forward(&self, netns: NetnsId, device: &str, family: Family) -> Option<bool> {
        let sysctls = self.cluster.netns(netns).sysctls.as_ref()?;
        let value = match family {
            Family::V4 => sysctls
                .conf(family, device, "forwarding")
                .or_else(|| sysctls.number("net.ipv4.ip_forward"))?,
            Family::V6 => {
                let all = sysctls.conf(family, "all", "forwarding")?;
                all | sysctls
                    .conf(family, device, "force_forwarding")
                    .unwrap_or(0)
            }
        };
        Some(value != 0)
    }

    /// Destinations and sources that no router passes on.
    fn check_martian(
        &mut self,
        netns: NetnsId,
        device: &str,
        packet: &Packet,
    ) -> Result<(), Stopped> {
        let (IpAddr::V4(source), IpAddr::V4(destination)) = (packet.source, packet.destination)
        else {
            return Ok(());
        };
        if source.is_loopback() || destination.is_loopback() {
            self.need_settings(netns, &conf_keys(device, "route_localnet"), packet)?;
        }
        let conf = |key| {
            let sysctls = self.cluster.netns(netns).sysctls.as_ref();
            let of = |name: &str| sysctls.and_then(|all| all.conf(Family::V4, name, key));
            of("all").unwrap_or(0) | of(device).unwrap_or(0)
        };
        let localnet = conf("route_localnet") != 0;
        let zero = |ip: std::net::Ipv4Addr| ip.octets()[0] == 0;
        let why = if source.is_multicast() || source.is_broadcast() || zero(source) {
            Some(format!("martian source {source}"))
        } else if zero(destination) {
            Some(format!("martian destination {destination}"))
        } else if destination.is_loopback() && !localnet {
            Some(format!(
                "martian destination {destination}: route_localnet is off on {device}"
            ))
        } else if source.is_loopback() && !localnet {
            Some(format!(
                "martian source {source}: route_localnet is off on {device}"
            ))
        } else {
            None
        };
        match why {
            None => Ok(()),
            Some(why) => Err(self.stop(packet, Stop::dropped(netns, why).at(device))),
        }
    }

    /// `fib_validate_source`: would an answer to the source leave by this device? IPv4 only; IPv6 has no rp_filter.
    fn validate_source(
        &mut self,
        netns: NetnsId,
        device: &str,
        packet: &Packet,
    ) -> Result<(), Stopped> {
        if packet.family() == Family::V6 {
            return Ok(());
        }
        let here = self.cluster.netns(netns);
        self.need_settings(netns, &conf_keys(device, "rp_filter"), packet)?;
        let sysctls = here.sysctls.as_ref();
        let of = |name: &str, key: &str| {
            sysctls
                .and_then(|all| all.conf(Family::V4, name, key))
                .unwrap_or(0)
        };
        if sysctls.is_none() {
            let place = self.place_name(netns);
            self.not_seen(format!(
                "{place}: sysctls were not captured; rp_filter is supposed to be off"
            ));
        }
        let filter = of("all", "rp_filter").max(of(device, "rp_filter"));
        if is_local(here, packet.source) {
            self.need_settings(netns, &conf_keys(device, "accept_local"), packet)?;
        }
        let accept_local = of("all", "accept_local") | of(device, "accept_local") != 0;
        let custom_rules = here.rules4.as_ref().is_some_and(|rules| {
            rules.len() > 3
                || rules
                    .iter()
                    .any(|rule| !matches!(rule.action, RuleAction::Lookup(Table(253..=255))))
        });
        if filter == 0 && !custom_rules {
            if accept_local || !is_local(here, packet.source) {
                return Ok(());
            }
            let why = format!("martian source {}: an address of this host", packet.source);
            return Err(self.stop(packet, Stop::dropped(netns, why).at(device)));
        }
        if packet.mark != 0 {
            self.need_settings(netns, &conf_keys(device, "src_valid_mark"), packet)?;
        }
        let valid_mark = of("all", "src_valid_mark") | of(device, "src_valid_mark") != 0;
        let query = Lookup {
            destination: packet.source,
            source: Some(packet.destination),
            iif: "lo",
            oif: None,
            mark: if valid_mark { packet.mark } else { 0 },
            tos: packet.tos,
            protocol: packet.protocol,
            ports: (packet.destination_port, packet.source_port),
            uid: Some(0),
        };
        self.need_whole(netns, Part::Addresses, packet)?;
        let no_address = here
            .addresses_of(device)
            .all(|address| address.ip.is_ipv6());
        let last_resort = |why: &str| -> Option<String> {
            (filter != 0).then(|| format!("rp_filter = {filter} on {device}: {why}"))
        };
        let refusal = match lookup(here, &query) {
            Routed::Found {
                route, next_hops, ..
            } => match route.kind {
                RouteType::Unicast => {
                    let same = next_hops
                        .iter()
                        .any(|hop| hop.device.as_deref() == Some(device));
                    if same && route.scope < RouteScope::Host {
                        None
                    } else if no_address {
                        last_resort("the device has no address")
                    } else if filter == 1 {
                        Some(format!(
                            "rp_filter = 1 on {device}: an answer to {} would leave by {}",
                            packet.source,
                            next_hops
                                .first()
                                .and_then(|hop| hop.device.as_deref())
                                .unwrap_or("nothing")
                        ))
                    } else {
                        None
                    }
                }
                RouteType::Local if accept_local => None,
                _ => Some(format!(
                    "martian source {}: an address of this host",
                    packet.source
                )),
            },
            Routed::Refused { .. } | Routed::Nothing => {
                last_resort("there is no route back to the source")
            }
            Routed::Unknown { .. } | Routed::NotRead | Routed::Partly(_) => None,
        };
        match refusal {
            None => Ok(()),
            Some(why) => Err(self.stop(packet, Stop::dropped(netns, why).at(device))),
        }
    }

    /// A socket takes it, or the host answers that nothing listens.
    fn deliver(&mut self, netns: NetnsId, packet: Packet) -> Fate {
        if packet.inner.is_some() {
            return self.decapsulate(netns, packet);
        }
        self.reach_socket(netns, packet)
    }

    /// A routing decision that needs no packet: whether a bridge keeps what was redirected on it.
    pub fn would_leave_by(&self, chosen: &Chosen<'_>, device: &str) -> bool {
        !chosen.is_local() && chosen.device == device
    }

    /// A step that says the packet goes up to the host.
    pub fn write_up(&mut self, device: &str) {
        self.journey.step(step(
            StepKind::Bridge,
            format!("{device}: for the bridge's own address, up to the host"),
        ));
    }
}

/// The two places where a setting about received packets is: for all devices and for one.
pub(super) fn conf_keys(device: &str, key: &str) -> [String; 2] {
    ["all", device].map(|name| format!("net.ipv4.conf.{}.{key}", name.replace('.', "/")))
}

fn forwarding_key(device: &str, family: Family) -> String {
    match family {
        Family::V4 => format!("net.ipv4.conf.{}.forwarding", device.replace('.', "/")),
        Family::V6 => "net.ipv6.conf.all.forwarding".to_owned(),
    }
}
