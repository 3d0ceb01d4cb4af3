//! Commands that put routes right.

use std::net::IpAddr;

use ipnet::IpNet;

use crate::model::{Family, Route, RouteType};

/// The program that shows and changes routes of a family.
pub(super) fn ip_program(family: Family) -> &'static str {
    match family {
        Family::V4 => "ip",
        Family::V6 => "ip -6",
    }
}

/// The command that adds a route by a tunnel.
pub fn add_by_tunnel(cidr: IpNet, gateway: IpAddr, device: &str) -> String {
    let ip = ip_program(Family::of(gateway));
    format!("{ip} route replace {cidr} via {gateway} dev {device} onlink")
}

/// The command that deletes a route.
pub(super) fn delete(route: &Route) -> String {
    let ip = ip_program(Family::of(route.destination.addr()));
    let kind = match route.kind {
        RouteType::Unicast => String::new(),
        kind => format!("{} ", kind.name()),
    };
    let device = device_of(route).map_or(String::new(), |device| format!(" dev {device}"));
    let via = route.next_hops.first().and_then(|hop| hop.gateway);
    let via = via.map_or(String::new(), |ip| format!(" via {ip}"));
    let metric = match route.metric {
        0 | 1024 => String::new(),
        metric => format!(" metric {metric}"),
    };
    format!(
        "{ip} route del {kind}{}{via}{device}{metric}",
        route.destination
    )
}

/// The device of a route that has one.
pub(super) fn device_of(route: &Route) -> Option<&str> {
    route.next_hops.first()?.device.as_deref()
}
