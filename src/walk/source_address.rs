//! The source address of what is sent (net/ipv4/devinet.c `inet_select_addr`, net/ipv4/fib_semantics.c
//! `fib_result_prefsrc`, net/ipv6/addrconf.c `ipv6_dev_get_saddr`, net/ipv6/addrlabel.c, RFC 6724).

use std::net::{IpAddr, Ipv6Addr};

use ipnet::IpNet;

use crate::model::{Address, AddressScope, Family, Netns, NextHop, Route, RouteScope, RouteType};

/// The address a route gives to what is sent by it to `destination`.
pub(super) fn source_for(
    netns: &Netns,
    route: &Route,
    hop: Option<&NextHop>,
    destination: IpAddr,
) -> Option<IpAddr> {
    if route.preferred_source.is_some() {
        return route.preferred_source;
    }
    match destination {
        IpAddr::V4(_) if route.kind == RouteType::Local => Some(destination),
        IpAddr::V4(_) => route_source(netns, route, hop?),
        IpAddr::V6(destination) => {
            // A group of next hop objects is one route, whose first member gives the source (`ip6_route_get_saddr`,
            // `nexthop_fib6_nh`); other multipath routes are one route for each next hop.
            let living = route.next_hops.iter().find(|hop| !hop.dead);
            let hop = living.filter(|_| route.next_hop_id.is_some()).or(hop);
            let device = hop.and_then(|hop| hop.device.as_deref()).unwrap_or("lo");
            of_ipv6(netns, device, destination)
        }
    }
}

/// The address of an IPv4 next hop (`nh_saddr`).
pub(super) fn route_source(netns: &Netns, route: &Route, hop: &NextHop) -> Option<IpAddr> {
    of_ipv4(netns, hop.device.as_deref()?, hop.gateway, route.scope)
}

/// The address a device gives, which is to be valid at least in `scope` (IPv4). One in the subnet of `near` (a gateway)
/// comes before others.
pub(super) fn select_address(
    netns: &Netns,
    device: &str,
    near: Option<IpAddr>,
    destination: IpAddr,
    scope: RouteScope,
) -> Option<IpAddr> {
    match destination {
        IpAddr::V4(_) => of_ipv4(netns, device, near, scope),
        IpAddr::V6(destination) => of_ipv6(netns, device, destination),
    }
}

/// `inet_select_addr`: the first primary address on the device that is valid widely enough, one in the subnet of `near`
/// before others; else one of any device that is not of the link only.
fn of_ipv4(netns: &Netns, device: &str, near: Option<IpAddr>, scope: RouteScope) -> Option<IpAddr> {
    let primary = |device| {
        netns
            .addresses_of(device)
            .filter(|address| address.ip.is_ipv4() && !address.secondary)
    };
    // Where packets of 127.0.0.0/8 may leave, an address of the host is taken for one of the link.
    let localnet = [device, "all"].iter().any(|name| {
        let sysctls = netns.sysctls.as_ref();
        sysctls.and_then(|all| all.conf(Family::V4, name, "route_localnet")) == Some(1)
    });
    let widest_of_host = if localnet {
        RouteScope::Link
    } else {
        RouteScope::Host
    };
    let here = || primary(device).filter(|address| of(address.scope).min(widest_of_host) <= scope);
    let same_subnet = near.and_then(|near| {
        here().find(|address| {
            IpNet::new(address.peer.unwrap_or(address.ip), address.prefix_length)
                .is_ok_and(|net| net.contains(&near))
        })
    });
    let anywhere = || {
        netns.links.iter().flatten().find_map(|link| {
            primary(&link.name)
                .find(|address| address.scope != AddressScope::Link && of(address.scope) <= scope)
        })
    };
    same_subnet
        .or_else(|| here().next())
        .or_else(anywhere)
        .map(|address| address.ip)
}

/// RT_SCOPE_* is one numbering for addresses and routes.
fn of(scope: AddressScope) -> RouteScope {
    match scope {
        AddressScope::Global => RouteScope::Universe,
        AddressScope::Site => RouteScope::Site,
        AddressScope::Link => RouteScope::Link,
        AddressScope::Host => RouteScope::Host,
    }
}

/// `ipv6_dev_get_saddr`: of two addresses the better is the one that wins by the first rule of RFC 6724 that tells them
/// apart; if none does, the first listed.
fn of_ipv6(netns: &Netns, device: &str, destination: Ipv6Addr) -> Option<IpAddr> {
    let only_device = destination.is_multicast()
        || reach(destination) <= LINK_LOCAL
        || netns
            .sysctls
            .as_ref()
            .and_then(|all| all.conf(Family::V6, device, "use_oif_addrs_only"))
            == Some(1);
    let mut best: Option<(Merit, Ipv6Addr)> = None;
    for link in netns.links.iter().flatten() {
        if only_device && link.name != device {
            continue;
        }
        for address in netns.addresses_of(&link.name) {
            let IpAddr::V6(ip) = address.ip else {
                continue;
            };
            if address.tentative {
                continue;
            }
            let merit = merit(address, ip, device, destination);
            if best.is_none_or(|(known, _)| merit > known) {
                best = Some((merit, ip));
            }
        }
    }
    best.map(|(_, ip)| IpAddr::V6(ip))
}

/// How good a source is, by the rules of RFC 6724 section 5 in their order: the same address, a fitting reach, not
/// deprecated, on the outgoing device, of the same label, of the same sort (ORCHID), the longest common prefix.
type Merit = (bool, i32, bool, bool, bool, bool, u32);

fn merit(address: &Address, ip: Ipv6Addr, device: &str, destination: Ipv6Addr) -> Merit {
    let (own, wanted) = (reach(ip), reach(destination));
    let reaches = if own >= wanted { -own } else { own - 128 };
    let common = (ip.to_bits() ^ destination.to_bits()).leading_zeros();
    (
        ip == destination,
        reaches,
        ip.is_loopback() || !address.deprecated,
        address.device == device,
        label(ip) == label(destination),
        is_orchid(ip) == is_orchid(destination),
        common.min(u32::from(address.prefix_length)),
    )
}

const LINK_LOCAL: i32 = 0x02;
const SITE_LOCAL: i32 = 0x05;
const GLOBAL: i32 = 0x0e;

/// The scope of an address, as RFC 4291 numbers them for multicast (`ipv6_addr_scope`).
fn reach(ip: Ipv6Addr) -> i32 {
    let first = ip.segments()[0];
    if ip.is_multicast() {
        i32::from(first & 0x000f)
    } else if ip.is_loopback() || ip.is_unicast_link_local() {
        LINK_LOCAL
    } else if first & 0xffc0 == 0xfec0 {
        SITE_LOCAL
    } else {
        GLOBAL
    }
}

/// The kernel's own table of labels (`ip addrlabel`), the longest prefix first: address, length, label.
const LABELS: [(u128, u32, u8); 9] = [
    (1, 128, 0),
    (0, 96, 3),
    (0xffff_0000_0000, 96, 4),
    (0x2001 << 112, 32, 6),
    (0x2001_0010 << 96, 28, 7),
    (0x3ffe << 112, 16, 12),
    (0x2002 << 112, 16, 2),
    (0xfec0 << 112, 10, 11),
    (0xfc00 << 112, 7, 5),
];

fn label(ip: Ipv6Addr) -> u8 {
    LABELS
        .iter()
        .find(|(prefix, length, _)| (ip.to_bits() ^ prefix).leading_zeros() >= *length)
        .map_or(1, |(_, _, label)| *label)
}

fn is_orchid(ip: Ipv6Addr) -> bool {
    (ip.to_bits() ^ (0x2001_0010 << 96)).leading_zeros() >= 28
}
