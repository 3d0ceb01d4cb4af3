//! May an IPv4 packet with this source and destination come in here? (net/ipv4/route.c `ip_route_input_slow`,
//! net/ipv4/fib_frontend.c `fib_validate_source`.) IPv6 has no such check but for loopback addresses
//! (net/ipv6/ip6_input.c).

use std::net::{IpAddr, Ipv4Addr};

use super::packet::Packet;
use super::routing::{Lookup, Routed, are_the_kernels_own, lookup};
use crate::model::{Family, LinkKind, Netns, RouteType, Table};

/// Why addresses are not accepted on a device whatever the routes; `None` when they are.
pub(super) fn martian(netns: &Netns, device: &str, packet: &Packet) -> Option<String> {
    let on_loopback = netns
        .link(device)
        .is_some_and(|link| link.kind == LinkKind::Loopback);
    match (packet.source, packet.destination) {
        (IpAddr::V4(source), IpAddr::V4(destination)) => {
            martian4(netns, device, source, destination)
        }
        (IpAddr::V6(source), _) if source.is_multicast() => {
            Some(format!("a packet from {source}, a multicast address"))
        }
        (IpAddr::V6(source), IpAddr::V6(destination))
            if !on_loopback && (source.is_loopback() || destination.is_loopback()) =>
        {
            Some(format!("::1 on {device}, which is not the loopback device"))
        }
        _ => None,
    }
}

fn martian4(
    netns: &Netns,
    device: &str,
    source: Ipv4Addr,
    destination: Ipv4Addr,
) -> Option<String> {
    let localnet = set_for(netns, device, "route_localnet");
    if source.is_multicast() || source.is_broadcast() {
        Some(format!("martian source {source}"))
    } else if destination.is_broadcast() || source.is_unspecified() && destination.is_unspecified()
    {
        None
    } else if source.is_unspecified() {
        Some(format!("martian source {source}"))
    } else if destination.is_unspecified() {
        Some(format!("martian destination {destination}"))
    } else if destination.is_loopback() && !localnet {
        Some(format!(
            "martian destination {destination}: route_localnet is off on {device}"
        ))
    } else if source.is_loopback() && !destination.is_loopback() && !localnet {
        Some(format!(
            "martian source {source}: route_localnet is off on {device}"
        ))
    } else {
        None
    }
}

/// `fib_validate_source`: is the source no address of this host, and would an answer to it leave by the device it came
/// in by? `out_device` is where the packet goes on, if it does. The error says why not.
pub(super) fn validate_source(
    netns: &Netns,
    device: &str,
    packet: &Packet,
    out_device: Option<&str>,
) -> Result<(), String> {
    if packet.family() == Family::V6 {
        return Ok(());
    }
    let source = packet.source;
    let of = |name: &str, key: &str| conf(netns, name, key);
    let filter = of("all", "rp_filter").max(of(device, "rp_filter"));
    let accept_local = set_for(netns, device, "accept_local");
    let ours = || format!("martian source {source}: an address of this host");
    let turns_back = out_device == Some(device) && set_for(netns, device, "send_redirects");
    if filter == 0 && !turns_back {
        if accept_local {
            return Ok(());
        }
        if !has_custom_rules(netns) && !has_custom_local_routes(netns) {
            return if netns.has_address(source) {
                Err(ours())
            } else {
                Ok(())
            };
        }
    }
    let mark = if set_for(netns, device, "src_valid_mark") {
        packet.mark
    } else {
        0
    };
    let query = Lookup {
        destination: source,
        source: Some(packet.destination),
        // The way an answer would go: in where this packet goes out.
        iif: out_device.unwrap_or("lo"),
        mark,
        ports: (packet.destination_port, packet.source_port),
        ..Lookup::arriving(packet, device)
    };
    let strictly = |why: &str| match filter {
        0 => Ok(()),
        _ => Err(format!("rp_filter = {filter} on {device}: {why}")),
    };
    let route = match lookup(netns, &query) {
        Routed::Found { route, .. } => route,
        Routed::Refused { .. } | Routed::Nothing => {
            return strictly("there is no route back to the source");
        }
        Routed::Unknown { .. } | Routed::NotRead | Routed::Partly(_) => return Ok(()),
    };
    match route.kind {
        RouteType::Unicast => {}
        RouteType::Local if accept_local => {}
        RouteType::Local => return Err(ours()),
        _ => return Err(format!("martian source {source}: no address of one host")),
    }
    let uses_device = route
        .next_hops
        .iter()
        .any(|hop| hop.device.as_deref() == Some(device));
    if uses_device || route.kind == RouteType::Local && device == "lo" {
        return Ok(());
    }
    if netns
        .addresses_of(device)
        .all(|address| address.ip.is_ipv6())
    {
        return strictly("the device has no address");
    }
    if filter == 1 {
        let back = route
            .next_hops
            .first()
            .and_then(|hop| hop.device.as_deref())
            .unwrap_or("nothing");
        return strictly(&format!("an answer to {source} would leave by {back}"));
    }
    Ok(())
}

/// Whether the way back to a source is looked up at all (packets that turn back on their device aside).
pub(super) fn looks_back(netns: &Netns, device: &str) -> bool {
    let filter = |name| conf(netns, name, "rp_filter");
    filter("all").max(filter(device)) != 0
        || has_custom_rules(netns)
        || has_custom_local_routes(netns)
}

fn has_custom_rules(netns: &Netns) -> bool {
    netns
        .rules4
        .as_ref()
        .is_some_and(|rules| !are_the_kernels_own(rules, Family::V4))
}

/// Whether somebody added a route of type local: the kernel's own are the addresses themselves, and on the loopback
/// device their whole subnets.
fn has_custom_local_routes(netns: &Netns) -> bool {
    netns.routes4.iter().flatten().any(|route| {
        let made_by_kernel = route.table == Table::LOCAL
            && netns.addresses.iter().flatten().any(|address| {
                let on_loopback = netns
                    .link(&address.device)
                    .is_some_and(|link| link.kind == LinkKind::Loopback);
                let host = route.destination.prefix_len() == 32;
                let subnet = on_loopback && address.prefix_length == route.destination.prefix_len();
                host && route.destination.addr() == address.ip
                    || subnet
                        && route
                            .destination
                            .contains(&address.peer.unwrap_or(address.ip))
            });
        route.kind == RouteType::Local && !made_by_kernel
    })
}

fn conf(netns: &Netns, device: &str, key: &str) -> i64 {
    netns
        .sysctls
        .as_ref()
        .and_then(|all| all.conf(Family::V4, device, key))
        .unwrap_or(0)
}

/// IN_DEV_ORCONF: set on all or on the device.
pub(super) fn set_for(netns: &Netns, device: &str, key: &str) -> bool {
    conf(netns, "all", key) != 0 || conf(netns, device, key) != 0
}
