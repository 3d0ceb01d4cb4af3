//! Routes: rows of `ip -j route show table all` → [`Route`] (iproute2's `ip/iproute.c`).

use std::net::IpAddr;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use super::rows::{FieldResult, Fields, Row, bare, parse_as};
use super::tables;
use crate::collect::report::Report;
use crate::model::text::{RouteDetails, route_text};
use crate::model::{Family, NextHop, Route, RouteScope, RouteType, Table};

/// The metric of IPv6 routes for which none was printed (IP6_RT_PRIO_USER).
const METRIC_IPV6: u32 = 1024;

/// The routes of one family among the rows of a file, which holds routes of `usual` where a row does not say.
///
/// `ip route show table all` prints both families when it is not told which.
pub fn routes(rows: &[Row], usual: Family, wanted: Family, report: &mut Report) -> Vec<Route> {
    let mut routes = Vec::new();
    for row in rows {
        if family(row.fields()).unwrap_or(usual) != wanted {
            continue;
        }
        let Some((route, details)) = report.keep(row.line, route(row, wanted)) else {
            continue;
        };
        if let Some(name) = &details.table_name {
            report.note(row.line, tables::unknown_table(name));
        }
        for word in &details.encapsulation {
            report.note(row.line, format!("the route's `{word}` is not modelled"));
        }
        routes.push(route);
    }
    routes
}

/// The family that a row's addresses show. `default` shows none; then its router does, and only IPv6 has `pref`.
fn family(row: Fields) -> Option<Family> {
    let of = |key: &str| {
        let text = row.text(key).ok().flatten()?;
        let address = text.split('/').next()?;
        address.parse::<IpAddr>().ok().map(Family::of)
    };
    let hops = row.objects("nexthops").next().and_then(family);
    if row.value("pref").is_some() {
        return Some(Family::V6);
    }
    of("dst")
        .or_else(|| of("gateway"))
        .or_else(|| of("prefsrc"))
        .or_else(|| of("from"))
        .or(hops)
}

fn route(row: &Row, family: Family) -> FieldResult<(Route, RouteDetails)> {
    let fields = row.fields();
    let kind = match fields.text("type")? {
        None => RouteType::Unicast,
        Some(name) => RouteType::from_name(name).ok_or_else(|| format!("unknown type {name:?}"))?,
    };
    let (table, table_name) = match fields.value("table") {
        None => (Table::MAIN, None),
        Some(value) => tables::table(&bare(value)),
    };
    let scope = match fields.value("scope").map(bare) {
        None => RouteScope::Universe,
        Some(name) => {
            RouteScope::from_name(&name).ok_or_else(|| format!("unknown scope {name:?}"))?
        }
    };
    let tos = match fields.value("tos").map(bare) {
        None => 0,
        Some(text) => tables::tos(&text).ok_or_else(|| format!("unknown tos {text:?}"))?,
    };
    let flags = fields.words("flags")?;
    let mut metric = fields.number("metric")?;
    if family == Family::V6 {
        metric = metric.or(Some(METRIC_IPV6));
    }
    let mut route = Route {
        destination: prefix(fields.required("dst")?, family)?,
        source: fields
            .text("from")?
            .map(|text| prefix(text, family))
            .transpose()?,
        table,
        kind,
        tos,
        metric: metric.unwrap_or(0),
        scope,
        preferred_source: fields.parse("prefsrc")?,
        mtu: metrics(fields)
            .find_map(|metrics| metrics.number("mtu").transpose())
            .transpose()?,
        next_hop_id: fields.number("nhid")?,
        next_hops: next_hops(fields, kind, &flags)?,
        raw: String::new(),
    };
    let details = RouteDetails {
        encapsulation: encapsulation(fields)?,
        table_name,
        protocol: fields.value("protocol").map(bare),
        flags: flags.into_iter().map(str::to_owned).collect(),
        tail: tail(fields),
    };
    if route.next_hop_id.is_some() && route.next_hops.is_empty() && !kind.drops() {
        return Err("uses a next hop object, and what that holds is not printed".to_owned());
    }
    route.raw = row
        .raw
        .clone()
        .unwrap_or_else(|| route_text(&route, &details));
    Ok((route, details))
}

/// `default`, an address, or a prefix.
pub fn prefix(text: &str, family: Family) -> FieldResult<IpNet> {
    match (text, family) {
        ("default" | "all" | "any", Family::V4) => Ok(Ipv4Net::default().into()),
        ("default" | "all" | "any", Family::V6) => Ok(Ipv6Net::default().into()),
        _ if text.contains('/') => parse_as("prefix", text),
        _ => parse_as::<IpAddr>("address", text).map(IpNet::from),
    }
}

fn next_hops(route: Fields, kind: RouteType, flags: &[&str]) -> FieldResult<Vec<NextHop>> {
    let several: Vec<NextHop> = route
        .objects("nexthops")
        .map(|hop| next_hop(hop, &hop.words("flags")?))
        .collect::<Result<_, _>>()?;
    if !several.is_empty() {
        return Ok(several);
    }
    let leads_on = ["gateway", "via", "dev"]
        .iter()
        .any(|key| route.value(key).is_some());
    if kind.drops() || !leads_on {
        return Ok(Vec::new());
    }
    Ok(vec![next_hop(route, flags)?])
}

fn next_hop(hop: Fields, flags: &[&str]) -> FieldResult<NextHop> {
    let gateway = match hop.object("via") {
        Some(via) => via.parse("host")?,
        None => hop.parse("gateway")?,
    };
    Ok(NextHop {
        gateway,
        device: hop.text("dev")?.map(str::to_owned),
        weight: hop.number("weight")?.unwrap_or(1),
        onlink: flags.contains(&"onlink"),
        dead: flags.contains(&"dead"),
        linkdown: flags.contains(&"linkdown"),
    })
}

fn metrics(route: Fields<'_>) -> impl Iterator<Item = Fields<'_>> {
    route.objects("metrics")
}

/// RTA_ENCAP and RTA_NEWDST: what is sent is then not what came.
fn encapsulation(route: Fields) -> FieldResult<Vec<String>> {
    let encap = route
        .value("encap")
        .map(|kind| format!("encap {}", bare(kind)));
    let rewritten = route.text("to")?.map(|address| format!("as to {address}"));
    Ok(rewritten.into_iter().chain(encap).collect())
}

/// What iproute2 prints after the flags, in the order of the row.
fn tail(route: Fields) -> Vec<String> {
    let mut tail = Vec::new();
    for (key, value) in route.0 {
        match key.as_str() {
            "expires" => tail.push(format!("expires {}sec", bare(value))),
            "mark" | "uid" | "error" | "iif" | "pref" => {
                tail.push(format!("{key} {}", bare(value)))
            }
            "metrics" => tail.extend(
                metrics(route)
                    .flat_map(|all| all.0)
                    .map(|(name, value)| format!("{name} {}", bare(value))),
            ),
            _ => {}
        }
    }
    tail
}
