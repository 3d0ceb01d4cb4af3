//! Routes of every table (`RTM_GETROUTE`): what `ip route show table all` shows.

use std::io;
use std::net::IpAddr;

use ipnet::IpNet;
use netlink_packet_route::route::{
    RouteAddress, RouteAttribute, RouteFlags, RouteMessage, RouteMetric, RouteNextHop,
    RouteNextHopFlags, RouteVia,
};
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};

use super::links::Names;
use super::netlink::{Client, Dump};
use super::next_hop_objects::Objects;
use super::route_details::details;
use crate::model::{Family, NextHop, Route, RouteScope, RouteType, Table, text};

/// Every route of one family.
pub(super) fn read(client: &mut Client, family: Family, names: &Names) -> io::Result<Dump<Route>> {
    let mut request = RouteMessage::default();
    request.header.address_family = match family {
        Family::V4 => AddressFamily::Inet,
        Family::V6 => AddressFamily::Inet6,
    };
    let dump = client.dump(RouteNetlinkMessage::GetRoute(request))?;
    let messages: Vec<RouteMessage> = dump.entries.into_iter().filter_map(own_route).collect();
    let mut routes = Dump {
        holes: dump.holes,
        ..Dump::default()
    };
    let mut objects = Objects::default();
    if messages.iter().any(hides_next_hops) {
        let (read, holes) = Objects::read(client, names)?;
        objects = read;
        routes.holes.extend(holes);
    }
    for message in &messages {
        match route(message, family, names, &objects) {
            Ok(route) => {
                routes.notes.extend(beyond_the_model(message, &route));
                routes.entries.push(route);
            }
            Err(hole) => routes.holes.push(hole),
        }
    }
    Ok(routes)
}

/// Only what is configured: cached routes (RTM_F_CLONED) are no part of a table.
fn own_route(message: RouteNetlinkMessage) -> Option<RouteMessage> {
    match message {
        RouteNetlinkMessage::NewRoute(route)
            if !route.header.flags.contains(RouteFlags::Cloned) =>
        {
            Some(route)
        }
        _ => None,
    }
}

/// Whether only the id of a next hop object is told (`net.ipv4.nexthop_compat_mode` is 0).
fn hides_next_hops(message: &RouteMessage) -> bool {
    let has = |found: fn(&RouteAttribute) -> bool| message.attributes.iter().any(found);
    has(|attribute| matches!(attribute, RouteAttribute::NhId(_)))
        && !has(|attribute| {
            matches!(
                attribute,
                RouteAttribute::Oif(_) | RouteAttribute::MultiPath(_)
            )
        })
}

fn route(
    message: &RouteMessage,
    family: Family,
    names: &Names,
    objects: &Objects,
) -> Result<Route, String> {
    let header = &message.header;
    let mut route = Route {
        destination: prefix(family, None, header.destination_prefix_length)?,
        source: None,
        table: Table(header.table.into()),
        kind: kind(header.kind.into())?,
        tos: header.tos,
        metric: 0,
        scope: scope(header.scope.into())?,
        preferred_source: None,
        mtu: None,
        next_hop_id: None,
        next_hops: Vec::new(),
        raw: String::new(),
    };
    for attribute in &message.attributes {
        match attribute {
            RouteAttribute::Destination(to) => {
                route.destination = prefix(family, address(to), header.destination_prefix_length)?;
            }
            RouteAttribute::Source(from) => {
                route.source = Some(prefix(family, address(from), header.source_prefix_length)?);
            }
            RouteAttribute::Table(table) => route.table = Table(*table),
            RouteAttribute::Priority(metric) => route.metric = *metric,
            RouteAttribute::PrefSource(ip) => route.preferred_source = address(ip),
            RouteAttribute::Metrics(metrics) => route.mtu = metrics.iter().find_map(mtu),
            RouteAttribute::NhId(id) => route.next_hop_id = Some(*id),
            _ => {}
        }
    }
    if !route.kind.drops() {
        route.next_hops = next_hops(message, names, objects, route.next_hop_id)?;
    }
    route.raw = text::route_text(&route, &details(message));
    Ok(route)
}

fn next_hops(
    message: &RouteMessage,
    names: &Names,
    objects: &Objects,
    object: Option<u32>,
) -> Result<Vec<NextHop>, String> {
    let attributes = &message.attributes;
    if hides_next_hops(message) {
        return objects.resolve(object.unwrap_or_default());
    }
    let multipath = attributes.iter().find_map(|attribute| match attribute {
        RouteAttribute::MultiPath(hops) => Some(hops),
        _ => None,
    });
    if let Some(hops) = multipath {
        return Ok(hops.iter().map(|hop| of_multipath(hop, names)).collect());
    }
    let flags = message.header.flags;
    let hop = NextHop {
        gateway: gateway(attributes),
        device: attributes.iter().find_map(|attribute| match attribute {
            RouteAttribute::Oif(index) => Some(names.get(*index)),
            _ => None,
        }),
        weight: 1,
        onlink: flags.contains(RouteFlags::Onlink),
        dead: flags.contains(RouteFlags::Dead),
        linkdown: flags.contains(RouteFlags::Linkdown),
    };
    Ok(if hop.gateway.is_none() && hop.device.is_none() {
        Vec::new()
    } else {
        vec![hop]
    })
}

fn of_multipath(hop: &RouteNextHop, names: &Names) -> NextHop {
    NextHop {
        gateway: gateway(&hop.attributes),
        device: (hop.interface_index != 0).then(|| names.get(hop.interface_index)),
        // rtnh_hops is the weight less one.
        weight: u32::from(hop.hops) + 1,
        onlink: hop.flags.contains(RouteNextHopFlags::Onlink),
        dead: hop.flags.contains(RouteNextHopFlags::Dead),
        linkdown: hop.flags.contains(RouteNextHopFlags::Linkdown),
    }
}

fn gateway(attributes: &[RouteAttribute]) -> Option<IpAddr> {
    attributes.iter().find_map(|attribute| match attribute {
        RouteAttribute::Gateway(gateway) => address(gateway),
        RouteAttribute::Via(RouteVia::Inet(ip)) => Some((*ip).into()),
        RouteAttribute::Via(RouteVia::Inet6(ip)) => Some((*ip).into()),
        _ => None,
    })
}

/// What a route does and the model has no word for.
fn beyond_the_model(message: &RouteMessage, route: &Route) -> Option<String> {
    let encapsulates = |attributes: &[RouteAttribute]| {
        attributes
            .iter()
            .any(|attribute| matches!(attribute, RouteAttribute::Encap(_)))
    };
    let hop_encapsulates = message.attributes.iter().any(|attribute| match attribute {
        RouteAttribute::MultiPath(hops) => hops.iter().any(|hop| encapsulates(&hop.attributes)),
        _ => false,
    });
    (hop_encapsulates || encapsulates(&message.attributes)).then(|| {
        format!("the route `{}` wraps packets (lightweight tunnel): where they go from there is not known", route.raw)
    })
}

pub(super) fn address(address: &RouteAddress) -> Option<IpAddr> {
    match address {
        RouteAddress::Inet(ip) => Some((*ip).into()),
        RouteAddress::Inet6(ip) => Some((*ip).into()),
        _ => None,
    }
}

fn prefix(family: Family, ip: Option<IpAddr>, length: u8) -> Result<IpNet, String> {
    let any = match family {
        Family::V4 => IpAddr::from([0; 4]),
        Family::V6 => IpAddr::from([0; 16]),
    };
    IpNet::new(ip.unwrap_or(any), length)
        .map_err(|_| format!("a route has a prefix of {length} bits"))
}

fn mtu(metric: &RouteMetric) -> Option<u32> {
    match metric {
        RouteMetric::Mtu(mtu) => Some(*mtu),
        _ => None,
    }
}

fn kind(number: u8) -> Result<RouteType, String> {
    Ok(match number {
        1 => RouteType::Unicast,
        2 => RouteType::Local,
        3 => RouteType::Broadcast,
        4 => RouteType::Anycast,
        5 => RouteType::Multicast,
        6 => RouteType::Blackhole,
        7 => RouteType::Unreachable,
        8 => RouteType::Prohibit,
        9 => RouteType::Throw,
        other => {
            return Err(format!(
                "a route has the type {other}, which is not known: left out"
            ));
        }
    })
}

fn scope(number: u8) -> Result<RouteScope, String> {
    Ok(match number {
        0 => RouteScope::Universe,
        200 => RouteScope::Site,
        253 => RouteScope::Link,
        254 => RouteScope::Host,
        255 => RouteScope::Nowhere,
        other => {
            return Err(format!(
                "a route has the scope {other}, which is none of the kernel's own: left out"
            ));
        }
    })
}
