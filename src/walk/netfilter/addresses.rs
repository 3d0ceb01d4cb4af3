//! What an address is to a host, and by which way it is reached: `-m addrtype` and `-m rpfilter`
//! (net/netfilter/xt_addrtype.c, net/ipv4/netfilter/ipt_rpfilter.c, net/ipv6/netfilter/ip6t_rpfilter.c).

use std::net::{IpAddr, Ipv6Addr};

use super::matching::Answer;
use super::{Hook, Place};
use crate::model::iptables::{AddrType, Negatable};
use crate::model::{Family, Netns, NetnsId, Part, Protocol, Route, RouteType, Table};
use crate::walk::packet::{Packet, Port};
use crate::walk::routing::{Lookup, Routed, lookup};
use crate::walk::walker::Walk;

/// What `-m rpfilter` is told to let pass.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lenience {
    /// Any device will do.
    pub loose: bool,
    /// The packet's mark is used to look the way back up.
    pub valid_mark: bool,
    /// Sources that are addresses of this host.
    pub accept_local: bool,
}

impl Walk<'_> {
    /// Whether an address is of one of the types, to the whole host or by one device.
    pub(in crate::walk) fn address_type(
        &self,
        netns: NetnsId,
        wanted: &Negatable<AddrType>,
        ip: IpAddr,
        device: Option<&str>,
    ) -> Answer {
        let here = self.cluster.netns(netns);
        if let Some(lost) = self.only_in_part(netns, Part::Routes(Family::of(ip))) {
            return Answer::Unknown(lost);
        }
        let answer = match ip {
            IpAddr::V4(_) => match type_of(here, ip, device) {
                Some(kind) => Answer::of(wanted.value.0 & kind != 0),
                None => Answer::Unknown("the local routing table was not read".to_owned()),
            },
            IpAddr::V6(ip) => type_of_six(here, ip, wanted.value.0, device),
        };
        answer.inverted(wanted.negate)
    }

    /// Would an answer leave by the device the packet came in by?
    pub(super) fn rpfilter(&self, place: Place<'_>, packet: &Packet, lenience: Lenience) -> Answer {
        let Some(input) = place.in_device.filter(|_| place.hook == Hook::Prerouting) else {
            return Answer::No;
        };
        if input == "lo" {
            return Answer::Yes;
        }
        let strict_six = packet.family() == Family::V6 && !lenience.loose;
        let query = Lookup {
            destination: packet.source,
            source: Some(packet.destination),
            iif: "lo",
            oif: Some(input).filter(|_| strict_six),
            mark: if lenience.valid_mark { packet.mark } else { 0 },
            tos: packet.tos,
            protocol: packet.protocol,
            ports: (packet.destination_port, packet.source_port),
            uid: Some(0),
        };
        match lookup(self.cluster.netns(place.netns), &query) {
            Routed::Found { route, .. } => {
                let kind_fits = match route.kind {
                    RouteType::Unicast => true,
                    RouteType::Local => lenience.accept_local,
                    _ => false,
                };
                // IPv6 lets local ones pass whatever their device.
                let by_any_device = lenience.loose
                    || packet.family() == Family::V6 && route.kind == RouteType::Local;
                let device_fits = by_any_device
                    || route
                        .next_hops
                        .iter()
                        .any(|hop| hop.device.as_deref() == Some(input));
                Answer::of(kind_fits && device_fits)
            }
            Routed::Refused { .. } | Routed::Nothing => Answer::No,
            Routed::Unknown { why, .. } => Answer::Unknown(why.to_owned()),
            Routed::Partly(part) => Answer::Unknown(self.partly(place.netns, part)),
            Routed::NotRead => Answer::Unknown("the routes were not read".to_owned()),
        }
    }
}

fn bit(name: &str) -> u16 {
    AddrType::NAMES
        .iter()
        .find(|(known, _)| *known == name)
        .map_or(0, |(_, bit)| *bit)
}

/// `inet_addr_type`, `inet_dev_addr_type`: only the local table is asked. What it does not have is unicast, and so is
/// what it refuses, as a lookup that fails finds nothing.
fn type_of(netns: &Netns, ip: IpAddr, device: Option<&str>) -> Option<u16> {
    if let IpAddr::V4(v4) = ip
        && (v4.is_broadcast() || v4.octets()[0] == 0)
    {
        return Some(bit("BROADCAST"));
    }
    if ip.is_multicast() {
        return Some(bit("MULTICAST"));
    }
    let routes = netns.routes(Family::of(ip))?;
    let found = routes
        .iter()
        .filter(|route| route.table == Table::LOCAL && route.destination.contains(&ip))
        .max_by_key(|route| route.destination.prefix_len())
        .filter(|route| {
            device.is_none_or(|device| {
                route
                    .next_hops
                    .iter()
                    .any(|hop| hop.device.as_deref() == Some(device))
            })
        });
    Some(match found.map(|route| route.kind) {
        Some(RouteType::Local) => bit("LOCAL"),
        Some(RouteType::Broadcast) => bit("BROADCAST"),
        Some(RouteType::Anycast) => bit("ANYCAST"),
        Some(RouteType::Multicast) => bit("MULTICAST"),
        _ => bit("UNICAST"),
    })
}

/// `match_type6`: unlike in IPv4 the types are not alternatives. MULTICAST, UNICAST and UNSPEC must hold each; then one
/// of those that a routing decision tells.
fn type_of_six(netns: &Netns, ip: Ipv6Addr, wanted: u16, device: Option<&str>) -> Answer {
    let asks = |name| wanted & bit(name) != 0;
    let unicast = !ip.is_multicast() && !ip.is_unspecified();
    let refused = asks("MULTICAST") && !ip.is_multicast()
        || asks("UNICAST") && !unicast
        || asks("UNSPEC") && !ip.is_unspecified();
    if refused {
        return Answer::No;
    }
    if !["LOCAL", "ANYCAST", "UNREACHABLE"].into_iter().any(asks) {
        return Answer::Yes;
    }
    let query = Lookup {
        destination: IpAddr::V6(ip),
        source: None,
        iif: "lo",
        oif: device,
        mark: 0,
        tos: 0,
        protocol: Protocol::Other(0),
        ports: (Port::NONE, Port::NONE),
        uid: Some(0),
    };
    let has = match lookup(netns, &query) {
        Routed::Found { route, .. } => {
            let local = match device {
                None => route.kind == RouteType::Local,
                Some(device) => netns
                    .addresses_of(device)
                    .any(|address| address.ip == IpAddr::V6(ip)),
            };
            let mut has = 0;
            if local {
                has |= bit("LOCAL");
            }
            if is_anycast(route, ip) {
                has |= bit("ANYCAST");
            }
            has
        }
        Routed::Refused { .. } | Routed::Nothing => bit("UNREACHABLE"),
        Routed::Unknown { why, .. } => return Answer::Unknown(why.to_owned()),
        Routed::Partly(part) => {
            return Answer::Unknown(format!("the {part} were read only in part"));
        }
        Routed::NotRead => return Answer::Unknown("the routes were not read".to_owned()),
    };
    Answer::of(wanted & has != 0)
}

/// `ipv6_anycast_destination`: the first address of a network is every router's on it.
pub(in crate::walk) fn is_anycast(route: &Route, ip: Ipv6Addr) -> bool {
    let routers = route.destination.prefix_len() < 127
        && route.destination.network() == IpAddr::V6(ip)
        && route.next_hops.iter().all(|hop| hop.gateway.is_none());
    route.kind == RouteType::Anycast || routers
}
