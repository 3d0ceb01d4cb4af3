//! `fib`: what the routing tables say of an address of the packet (net/ipv4/netfilter/nft_fib_ipv4.c,
//! net/ipv6/netfilter/nft_fib_ipv6.c).

use std::net::{IpAddr, Ipv6Addr};

use super::chain::Meeting;
use super::value::Value;
use crate::model::iptables::{AddrType, Negatable};
use crate::model::{Family, RouteType};
use crate::walk::netfilter::{Answer, Hook, is_anycast};
use crate::walk::packet::Port;
use crate::walk::routing::{Lookup, Refusal, Routed, lookup};
use crate::walk::walker::Walk;

/// RTN_* by the order in which they are asked for; a unicast address is what is none of the others.
const TYPES: [u8; 7] = [2, 3, 4, 5, 6, 7, 8];
const UNICAST: u8 = 1;

impl Walk<'_> {
    pub(super) fn fib(
        &self,
        meeting: &Meeting<'_, '_, '_>,
        result: &str,
        flags: &[Box<str>],
    ) -> Value {
        let has = |flag: &str| flags.iter().any(|known| &**known == flag);
        let packet = &*meeting.packet;
        let (asked, other) = match has("daddr") {
            true => (packet.destination, packet.source),
            false => (packet.source, packet.destination),
        };
        let device = match (has("iif"), has("oif")) {
            (true, _) => meeting.place.in_device,
            (_, true) => meeting.place.out_device,
            _ => None,
        };
        match result {
            "type" => self.fib_type(meeting, asked, device),
            "oif" | "oifname" => {
                let mark = if has("mark") { packet.mark } else { 0 };
                self.fib_device(meeting, (asked, other), device, mark)
            }
            other => Value::unknown(format!("what fib {other} says is not known")),
        }
    }

    fn fib_type(&self, meeting: &Meeting<'_, '_, '_>, ip: IpAddr, device: Option<&str>) -> Value {
        if let IpAddr::V6(ip) = ip {
            return self.fib_type_six(meeting, ip, device);
        }
        for number in TYPES {
            let wanted = Negatable {
                negate: false,
                value: AddrType(1 << number),
            };
            match self.address_type(meeting.place.netns, &wanted, ip, device) {
                Answer::Yes => return Value::exact(number),
                Answer::No => {}
                Answer::Unknown(why) => return Value::Unknown(why),
                Answer::Chance(_) => return Value::unknown("the address's type is not known"),
            }
        }
        Value::exact(UNICAST)
    }

    /// `__nft_fib6_eval_type`: the routing tables are asked whatever the address looks like.
    fn fib_type_six(
        &self,
        meeting: &Meeting<'_, '_, '_>,
        ip: Ipv6Addr,
        device: Option<&str>,
    ) -> Value {
        let here = self.cluster.netns(meeting.place.netns);
        let has_it = device.is_some_and(|device| {
            here.addresses_of(device)
                .any(|address| address.ip == IpAddr::V6(ip))
        });
        let query = Lookup {
            destination: IpAddr::V6(ip),
            source: None,
            iif: "lo",
            oif: device
                .or(meeting.place.in_device)
                .filter(|_| ip.is_unicast_link_local()),
            mark: 0,
            tos: 0,
            protocol: meeting.packet.protocol,
            ports: (Port::NONE, Port::NONE),
            uid: Some(0),
        };
        let route = match lookup(here, &query) {
            Routed::Found { route, .. } => route,
            Routed::Refused { kind, .. } => {
                return Value::exact(match kind {
                    Refusal::Blackhole => 6u8,
                    Refusal::Prohibit => 8,
                    Refusal::HostUnreachable | Refusal::NetUnreachable => 7,
                });
            }
            Routed::Nothing => return Value::exact(7u8),
            Routed::Unknown { why, .. } => return Value::unknown(why),
            Routed::Partly(part) => {
                return Value::Unknown(self.partly(meeting.place.netns, part));
            }
            Routed::NotRead => return Value::unknown("the routes were not read"),
        };
        let local = has_it || device.is_none() && route.kind == RouteType::Local;
        Value::exact(match ip {
            _ if is_anycast(route, ip) => 4u8,
            _ if local => 2,
            ip if ip.is_multicast() => 5,
            ip if ip.is_unspecified() => 0,
            _ => UNICAST,
        })
    }

    /// The device by which the address would be reached; an empty name where there is none, or not the one asked for.
    fn fib_device(
        &self,
        meeting: &Meeting<'_, '_, '_>,
        (asked, other): (IpAddr, IpAddr),
        device: Option<&str>,
        mark: u32,
    ) -> Value {
        let (place, packet) = (meeting.place, &*meeting.packet);
        if place.hook == Hook::Prerouting && place.in_device == Some("lo") {
            return Value::name("lo");
        }
        let scoped = match asked {
            IpAddr::V6(ip) => ip.is_unicast_link_local(),
            IpAddr::V4(_) => false,
        };
        let no_source = other.is_multicast() || other.is_unspecified();
        let query = Lookup {
            destination: asked,
            source: Some(other).filter(|_| !no_source),
            iif: "lo",
            oif: device.or(place.in_device).filter(|_| scoped),
            mark,
            tos: packet.tos & 0xfc,
            protocol: packet.protocol,
            ports: (packet.destination_port, packet.source_port),
            uid: Some(0),
        };
        match lookup(self.cluster.netns(place.netns), &query) {
            Routed::Found { route, ways } => {
                let refused = match Family::of(asked) {
                    Family::V4 => route.kind == RouteType::Local,
                    Family::V6 => route.kind != RouteType::Unicast,
                };
                let devices: Vec<&str> = route
                    .next_hops
                    .iter()
                    .filter_map(|hop| hop.device.as_deref())
                    .collect();
                match device {
                    _ if refused => Value::name(""),
                    Some(device) if devices.contains(&device) => Value::name(device),
                    Some(_) => Value::name(""),
                    None => match (devices.as_slice(), ways.len()) {
                        ([one], _) => Value::name(one),
                        ([], _) => Value::name(""),
                        _ => Value::unknown("the route has several next hops"),
                    },
                }
            }
            Routed::Refused { .. } | Routed::Nothing => Value::name(""),
            Routed::Unknown { why, .. } => Value::unknown(why),
            Routed::Partly(part) => Value::Unknown(self.partly(place.netns, part)),
            Routed::NotRead => Value::unknown("the routes were not read"),
        }
    }
}
