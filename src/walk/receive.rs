//! What arrives: PREROUTING, the routing decision ([`super::input_route`]), then INPUT and a socket, or FORWARD and out
//! again (net/ipv4/ip_input.c, net/ipv4/ip_forward.c, net/ipv6/ip6_input.c, net/ipv6/ip6_output.c `ip6_forward`).

use std::net::IpAddr;

use super::icmp::IcmpError;
use super::input_route::{forbids_forwarding, may_forward};
use super::journey::step;
use super::netfilter::{Hook, Place};
use super::packet::Packet;
use super::routing::Lookup;
use super::send::Chosen;
use super::walker::{Fate, Stop, Stopped, Walk};
use crate::model::trace::{Direction, StepKind, Verdict};
use crate::model::{Family, NetnsId, RouteType};

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
