//! Who answers when the link is asked for an address, and in whose name is asked (net/ipv4/arp.c, net/ipv6/ndisc.c).

use std::net::IpAddr;

use ipnet::IpNet;

use super::input_route::may_forward;
use super::packet::Packet;
use super::routing::{Lookup, Routed, is_local, lookup};
use super::source_address::select_address;
use super::source_check::{martian, set_for, validate_source};
use crate::model::{AddressScope, Family, Netns, Protocol, RouteScope, RouteType};

/// The sender that an ARP request of `device` for `target` names (`arp_solicit`): the packet's own source where it is
/// of this host, else an address of the device. `None` where there is none: it then asks in nobody's name.
pub(super) fn asks_as(
    netns: &Netns,
    device: &str,
    target: IpAddr,
    packet: &Packet,
) -> Option<IpAddr> {
    let own = Some(packet.source).filter(|source| source.is_ipv4() && is_local(netns, *source));
    let of_device = || select_address(netns, device, Some(target), target, RouteScope::Link);
    match highest(netns, device, "arp_announce") {
        0 => own.or_else(of_device),
        1 => own
            .filter(|source| {
                subnets(netns, device).any(|net| net.contains(source) && net.contains(&target))
            })
            .or_else(of_device),
        _ => of_device(),
    }
}

/// Whether a host that is asked for `target` by `device` says that it has that address.
pub(super) fn has(netns: &Netns, device: &str, target: IpAddr, asker: Option<IpAddr>) -> bool {
    if target.is_ipv6() {
        return has_ipv6(netns, device, target);
    }
    if !hears(netns, device) || ignores(netns, device, target, asker) {
        return false;
    }
    match asker {
        None => is_local(netns, target),
        Some(asker) => route_request(netns, device, target, asker) == Some(RouteType::Local),
    }
}

/// Whether a host that is asked for `target` by `device` takes what is for it, to pass it on: as a proxy.
pub(super) fn passes_on(
    netns: &Netns,
    device: &str,
    target: IpAddr,
    asker: Option<IpAddr>,
) -> bool {
    let named = is_proxy(netns, device, target);
    let family = Family::of(target);
    let forwards = may_forward(netns, device, family) == Some(true);
    match (family, asker) {
        (Family::V4, Some(asker)) => {
            (named || set_for(netns, device, "proxy_arp"))
                && forwards
                && hears(netns, device)
                && route_request(netns, device, target, asker) == Some(RouteType::Unicast)
        }
        (Family::V4, None) => false,
        (Family::V6, _) => {
            let sysctls = netns.sysctls.as_ref();
            let set =
                |name| sysctls.and_then(|all| all.conf(Family::V6, name, "proxy_ndp")) == Some(1);
            named && forwards && (set("all") || set(device))
        }
    }
}

/// A device that does not ask does not answer either.
fn hears(netns: &Netns, device: &str) -> bool {
    netns.link(device).is_none_or(|link| !link.noarp)
}

/// `arp_process`: the request is routed as a packet from the asker to the target would be, with the same checks. To
/// leave by the device it came in by is no way.
fn route_request(netns: &Netns, device: &str, target: IpAddr, asker: IpAddr) -> Option<RouteType> {
    let request = Packet::new(Protocol::Other(0), Some(asker), target);
    if martian(netns, device, &request).is_some() {
        return None;
    }
    let Routed::Found { route, ways } = lookup(netns, &Lookup::arriving(&request, device)) else {
        return None;
    };
    let out_device = ways
        .first()
        .and_then(|way| way.hop.device.as_deref())
        .filter(|_| route.kind == RouteType::Unicast);
    let valid = validate_source(netns, device, &request, out_device).is_ok();
    (valid && out_device != Some(device)).then_some(route.kind)
}

/// `arp_ignore`: whether an address of this host is kept quiet about.
fn ignores(netns: &Netns, device: &str, target: IpAddr, asker: Option<IpAddr>) -> bool {
    let here = || {
        netns
            .addresses_of(device)
            .any(|address| address.ip == target)
    };
    match highest(netns, device, "arp_ignore") {
        1 => !here(),
        2 => {
            let same_subnet = subnets(netns, device)
                .any(|net| net.contains(&target) && asker.is_none_or(|asker| net.contains(&asker)));
            !(here() && same_subnet)
        }
        3 => !netns
            .addresses
            .iter()
            .flatten()
            .any(|address| address.ip == target && address.scope < AddressScope::Host),
        8 => true,
        _ => false,
    }
}

/// `ndisc_recv_ns`: only an address of that very device counts.
fn has_ipv6(netns: &Netns, device: &str, target: IpAddr) -> bool {
    let own = netns
        .addresses_of(device)
        .any(|address| address.ip == target && !address.tentative);
    let anycast = || {
        netns.routes6.iter().flatten().any(|route| {
            route.kind == RouteType::Anycast
                && route.destination.addr() == target
                && route
                    .next_hops
                    .iter()
                    .any(|hop| hop.device.as_deref() == Some(device))
        })
    };
    own || anycast()
}

/// `ip neigh add proxy`.
fn is_proxy(netns: &Netns, device: &str, target: IpAddr) -> bool {
    netns
        .neighbors
        .iter()
        .flatten()
        .any(|entry| entry.proxy && entry.ip == target && entry.device == device)
}

/// The networks of a device's addresses.
pub(super) fn subnets<'a>(netns: &'a Netns, device: &'a str) -> impl Iterator<Item = IpNet> + 'a {
    netns.addresses_of(device).filter_map(|address| {
        IpNet::new(address.peer.unwrap_or(address.ip), address.prefix_length).ok()
    })
}

/// IN_DEV_MAXCONF: the higher one of all and of the device.
fn highest(netns: &Netns, device: &str, key: &str) -> i64 {
    let of = |name| {
        let sysctls = netns.sysctls.as_ref();
        sysctls
            .and_then(|all| all.conf(Family::V4, name, key))
            .unwrap_or(0)
    };
    of("all").max(of(device))
}
