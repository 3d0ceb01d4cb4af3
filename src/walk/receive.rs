//! What arrives: PREROUTING, the input routing decision with its checks of the source ([`super::source_check`]), then
//! INPUT and a socket, or FORWARD and out again (net/ipv4/ip_input.c, net/ipv4/route.c `ip_route_input_slow`,
//! net/ipv4/ip_forward.c, net/ipv6/route.c, net/ipv6/ip6_output.c `ip6_forward`).

use std::net::IpAddr;

use super::icmp::IcmpError;
use super::journey::step;
use super::netfilter::{Hook, Place};
use super::packet::Packet;
use super::routing::{Lookup, Refusal, is_local};
use super::send::{Chosen, Refused};
use super::source_check::{looks_back, martian, validate_source};
use super::walker::{Fate, Stop, Stopped, Walk};
use crate::model::trace::{Direction, StepKind, Verdict};
use crate::model::{Family, Netns, NetnsId, Part, RouteType};

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
        if let Some(why) = self.has_no_ipv6(netns, device, &packet) {
            return Err(self.stop(&packet, Stop::dropped(netns, why).at(device)));
        }
        packet.arrived_by = Some(device.to_owned());
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
        if self.is_sought(netns, device, &packet) {
            return self.input(netns, device, device, packet);
        }
        if matches!(packet.destination, IpAddr::V4(ip) if ip.is_broadcast()) {
            return Err(self.not_followed(netns, device, &packet));
        }
        let chosen = self.route_input(netns, device, &packet)?;
        match chosen.route.kind {
            RouteType::Local | RouteType::Anycast => self.input(netns, device, device, packet),
            RouteType::Unicast => self.forward(netns, device, packet, chosen),
            _ => Err(self.not_followed(netns, device, &packet)),
        }
    }

    /// `ipv6_rcv` takes nothing from a device without IPv6: one where it was turned off, or that is too small for it
    /// (`addrconf_notify`).
    fn has_no_ipv6(&self, netns: NetnsId, device: &str, packet: &Packet) -> Option<String> {
        const LEAST_MTU: u32 = 1280;
        if packet.family() == Family::V4 {
            return None;
        }
        let mtu = self.cluster.netns(netns).link(device)?.mtu;
        if mtu < LEAST_MTU {
            return Some(format!(
                "the MTU of {device}, {mtu}, is too small for IPv6, which needs {LEAST_MTU}: dropped"
            ));
        }
        let key = format!("net.ipv6.conf.{}.disable_ipv6", device.replace('.', "/"));
        (self.sysctl(netns, &key) == Some(1)).then(|| format!("{key} is 1: dropped"))
    }

    fn not_followed(&mut self, netns: NetnsId, device: &str, packet: &Packet) -> Stopped {
        let why = format!(
            "{} is a broadcast or multicast address here, which this walk does not follow",
            packet.destination
        );
        self.stop(packet, Stop::unknown(netns, why).at(device))
    }

    /// Sent to an address of its own host: out by lo and in again, its connection and route kept
    /// (drivers/net/loopback.c).
    ///
    /// Sockets see it come in by the device `seen` that has the address (`inet_iif`, `ip_route_output_key_hash_rcu`).
    pub fn loop_back(&mut self, netns: NetnsId, mut packet: Packet, seen: &str) -> Fate {
        self.journey.cross(self.cluster, netns, "lo", Direction::In);
        packet.socket = None;
        packet.arrived_by = Some(seen.to_owned());
        let place = Place {
            netns,
            hook: Hook::Prerouting,
            in_device: Some("lo"),
            out_device: None,
            next_hop: None,
        };
        let destination = packet.destination;
        self.hook(place, &mut packet)?;
        if packet.destination == destination {
            return self.input(netns, "lo", seen, packet);
        }
        // Its route is not kept where translation has changed its destination (nf_nat_ipv4_pre_routing).
        let chosen = self.route_input(netns, "lo", &packet)?;
        match chosen.route.kind {
            RouteType::Local | RouteType::Anycast => self.input(netns, "lo", seen, packet),
            RouteType::Unicast => self.forward(netns, "lo", packet, chosen),
            _ => Err(self.not_followed(netns, "lo", &packet)),
        }
    }

    /// The INPUT hook, then whoever takes it: a socket sees it come in by the device `seen`.
    fn input(&mut self, netns: NetnsId, device: &str, seen: &str, mut packet: Packet) -> Fate {
        let place = Place {
            netns,
            hook: Hook::Input,
            in_device: Some(device),
            out_device: None,
            next_hop: None,
        };
        match self.hook(place, &mut packet)?.taken {
            Some(chosen) => self.output(netns, packet, chosen),
            None => self.deliver(netns, seen, packet),
        }
    }

    /// Through this host: TTL, FORWARD, and out.
    fn forward(
        &mut self,
        netns: NetnsId,
        device: &str,
        mut packet: Packet,
        chosen: Chosen<'c>,
    ) -> Fate {
        let forwarding = may_forward(self.cluster.netns(netns), device, packet.family());
        if let Some(stop) = forbids_forwarding(netns, device, &packet, forwarding) {
            return Err(self.stop(&packet, stop));
        }
        let passing = (netns, format!("{packet} by {device}, {:#x}", packet.mark));
        let again = self.forwarded.contains(&passing);
        if again || packet.ttl <= 1 {
            let why = match again {
                true => "it comes here again, and again, until its TTL is used up",
                false => "its TTL is used up",
            };
            let mut looped = Stop {
                verdict: Verdict::Looped,
                ..Stop::answered(netns, IcmpError::TimeExceeded, why).at(device)
            };
            // Translated anew each time round, it does not lead the error back to the client any more.
            if self.connections.sources_translated() > 1 {
                looped.answered = None;
            }
            return Err(self.stop(&packet, looped));
        }
        if let Some(stop) = self.stays_on_link(netns, &packet) {
            return Err(self.stop(&packet, stop.at(device)));
        }
        self.fit(netns, &mut packet, &chosen, Some(device))?;
        self.forwarded.push(passing);
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
        let onward = self.hook(place, &mut packet)?;
        let chosen = match onward.reroute {
            None => chosen,
            Some(mark) => self.route_answer_anew(netns, mark, &packet, chosen)?,
        };
        self.postrouting(netns, packet, Some(device), chosen)
    }

    /// What IPVS made an answer of its own is routed as if it were made here (`ip_vs_route_me_harder`).
    fn route_answer_anew(
        &mut self,
        netns: NetnsId,
        mark: u32,
        packet: &Packet,
        before: Chosen<'c>,
    ) -> Result<Chosen<'c>, Stopped> {
        let query = Lookup {
            mark,
            ..Lookup::arriving(packet, "lo")
        };
        let chosen = self.route_output(netns, packet, &query)?;
        if (&chosen.device, chosen.gateway) != (&before.device, before.gateway) {
            self.write_route(&chosen, packet);
        }
        Ok(chosen)
    }

    /// IPv6 sources that no router passes on (`ip6_forward`).
    fn stays_on_link(&self, netns: NetnsId, packet: &Packet) -> Option<Stop> {
        let IpAddr::V6(source) = packet.source else {
            return None;
        };
        if source.is_unspecified() || source.is_multicast() || source.is_loopback() {
            let why = format!("a packet from {source} is not forwarded");
            return Some(Stop::dropped(netns, why));
        }
        source.is_unicast_link_local().then(|| {
            let why = format!("{source} is valid on its own link only: not forwarded");
            Stop::answered(netns, IcmpError::NetUnreachable, why)
        })
    }

    /// The input routing decision.
    pub fn route_input(
        &mut self,
        netns: NetnsId,
        device: &str,
        packet: &Packet,
    ) -> Result<Chosen<'c>, Stopped> {
        self.find_input_route(netns, device, packet)?
            .map_err(|stop| self.stop(packet, stop))
    }

    /// The same. What is refused has a route, too, one by which packets come to `ip_error` or `ip6_pkt_discard`: that is
    /// the inner error, which nothing has met yet. The outer one is of packets that may not come in at all.
    pub fn find_input_route(
        &mut self,
        netns: NetnsId,
        device: &str,
        packet: &Packet,
    ) -> Result<Result<Chosen<'c>, Stop>, Stopped> {
        let here: &'c Netns = self.cluster.netns(netns);
        if is_loopback4(packet.source) || is_loopback4(packet.destination) {
            self.need_settings(netns, &conf_keys(device, "route_localnet"), packet)?;
        }
        if let Some(why) = martian(here, device, packet) {
            return Err(self.stop(packet, Stop::dropped(netns, why).at(device)));
        }
        let query = Lookup::arriving(packet, device);
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
        let forwarding = may_forward(here, device, packet.family());
        let mut chosen = match decided {
            Ok(chosen) => chosen,
            Err(refused) => {
                return Ok(Err(refuse_input(
                    netns, device, packet, refused, forwarding,
                )));
            }
        };
        self.need_what_validates(netns, device, packet)?;
        let valid = match chosen.route.kind {
            RouteType::Unicast => {
                if packet.family() == Family::V4
                    && let Some(stop) = forbids_forwarding(netns, device, packet, forwarding)
                {
                    return match stop.verdict {
                        Verdict::Undetermined => Err(self.stop(packet, stop)),
                        _ => Ok(Err(stop)),
                    };
                }
                validate_source(here, device, packet, Some(&chosen.device))
            }
            RouteType::Broadcast => {
                let to_all = Packet {
                    destination: IpAddr::from([0; 4]),
                    ..packet.clone()
                };
                chosen.device = "lo".to_owned();
                validate_source(here, device, &to_all, None)
            }
            _ => validate_source(here, device, packet, None),
        };
        if here.sysctls.is_none() {
            let place = self.place_name(netns);
            self.not_seen(format!(
                "{place}: sysctls were not captured; rp_filter is supposed to be off"
            ));
        }
        match valid {
            Ok(()) => Ok(Ok(chosen)),
            Err(why) => Err(self.stop(packet, Stop::dropped(netns, why).at(device))),
        }
    }

    /// What [`validate_source`] asks must have been read whole.
    fn need_what_validates(
        &mut self,
        netns: NetnsId,
        device: &str,
        packet: &Packet,
    ) -> Result<(), Stopped> {
        if packet.family() == Family::V6 {
            return Ok(());
        }
        self.need_settings(netns, &conf_keys(device, "rp_filter"), packet)?;
        let here = self.cluster.netns(netns);
        let ours = is_local(here, packet.source);
        if ours {
            self.need_settings(netns, &conf_keys(device, "accept_local"), packet)?;
        }
        if packet.mark != 0 {
            self.need_settings(netns, &conf_keys(device, "src_valid_mark"), packet)?;
        }
        if ours || looks_back(here, device) {
            self.need_whole(netns, Part::Addresses, packet)?;
        }
        Ok(())
    }

    /// A socket takes it, or the host answers that nothing listens.
    fn deliver(&mut self, netns: NetnsId, device: &str, packet: Packet) -> Fate {
        if packet.inner.is_some() {
            return self.decapsulate(netns, device, packet);
        }
        self.reach_socket(netns, device, packet)
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

/// Why what is for another host is not passed on. IPv4 asks when it routes, IPv6 when it forwards (`ip6_forward`).
fn forbids_forwarding(
    netns: NetnsId,
    device: &str,
    packet: &Packet,
    forwarding: Option<bool>,
) -> Option<Stop> {
    let key = forwarding_key(device, packet.family());
    let stop = match forwarding {
        Some(true) => return None,
        Some(false) => {
            let why = format!(
                "{device} may not forward ({key} = 0), and {} is not an address here",
                packet.destination
            );
            Stop::dropped(netns, why).because("sysctl", &format!("{key} = 0"))
        }
        None => Stop::unknown(
            netns,
            format!("whether {device} may forward was not read ({key})"),
        ),
    };
    Some(stop.at(device))
}

/// `ip_error`: an IPv4 router answers with ICMP, a host that does not forward is silent. IPv6 answers in any case
/// (`ip6_pkt_drop`).
fn refuse_input(
    netns: NetnsId,
    device: &str,
    packet: &Packet,
    refused: Refused<'_>,
    forwarding: Option<bool>,
) -> Stop {
    let (why, answer, evidence) = match refused {
        Refused::NoRoute => (
            format!("there is no route to {}", packet.destination),
            Some(IcmpError::NetUnreachable),
            None,
        ),
        Refused::By { kind, raw, source } => {
            let answer = match kind {
                Refusal::Blackhole => None,
                // ip6_pkt_discard: ICMPv6 has "no route" for both.
                Refusal::HostUnreachable if packet.family() == Family::V4 => {
                    Some(IcmpError::HostUnreachable)
                }
                Refusal::HostUnreachable | Refusal::NetUnreachable => {
                    Some(IcmpError::NetUnreachable)
                }
                Refusal::Prohibit => Some(IcmpError::AdminProhibited),
            };
            (
                format!("{} is refused by: {raw}", packet.destination),
                answer,
                Some((source, raw)),
            )
        }
    };
    let answers = packet.family() == Family::V6 || forwarding != Some(false);
    let stop = match answer {
        Some(error) if answers => Stop::answered(netns, error, why),
        _ => Stop::dropped(netns, why),
    }
    .at(device);
    match evidence {
        Some((source, raw)) => stop.because(source, raw),
        None => stop,
    }
}

fn is_loopback4(ip: IpAddr) -> bool {
    matches!(ip, IpAddr::V4(ip) if ip.is_loopback())
}

/// The two places where a setting about received packets is: for all devices and for one.
pub(super) fn conf_keys(device: &str, key: &str) -> [String; 2] {
    ["all", device].map(|name| format!("net.ipv4.conf.{}.{key}", name.replace('.', "/")))
}

/// IN_DEV_FORWARD of the incoming device (IPv4), of all (IPv6).
pub(super) fn may_forward(netns: &Netns, device: &str, family: Family) -> Option<bool> {
    let sysctls = netns.sysctls.as_ref()?;
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

fn forwarding_key(device: &str, family: Family) -> String {
    match family {
        Family::V4 => format!("net.ipv4.conf.{}.forwarding", device.replace('.', "/")),
        Family::V6 => "net.ipv6.conf.all.forwarding".to_owned(),
    }
}
