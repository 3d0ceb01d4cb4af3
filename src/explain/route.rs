//! Where a node or a pod sends packets to an address, and why by that route (`ip route get`, `ip rule`, `ip route show
//! table all`).

use std::net::IpAddr;

use super::article::{Article, Item};
use super::who;
use crate::model::{Cluster, Family, LinkKind, NetnsId, Part, Route, RouteType, RuleAction, Table};
use crate::walk::{RouteAnswer, RouteQuestion, route};

/// Of the routes that were passed over so many are shown.
const PASSED_OVER: usize = 6;

/// Explains the routes of some namespaces to an address.
pub fn explain(cluster: &Cluster, from: &[NetnsId], ip: IpAddr) -> Article {
    let names = who::Names::of(cluster);
    let mut article = Article::new("route", format!("to {}", names.with(ip)));
    article.fact("destination", ip.to_string());
    if let Some(service) = service_of(cluster, ip) {
        article.say(format!(
            "{ip} is an address of Service {service}: a new connection's destination is translated before it is routed, \
             except by who sends it (a program's first lookup is for this address)."
        ));
    }
    for &netns in from {
        let place = who::place(cluster, netns);
        let mut items = vec![way(cluster, netns, ip, "decision")];
        items.extend(rules(cluster, netns, ip));
        items.extend(passed_over(cluster, netns, ip));
        items.extend(next(cluster, netns, ip));
        article.section(format!("From {place}"), items);
    }
    article
}

fn service_of(cluster: &Cluster, ip: IpAddr) -> Option<String> {
    let mut services = cluster.objects.services.iter();
    let found = services.find(|service| who::addresses_of(service).any(|(its, _)| its == ip));
    found.map(|service| format!("{}/{}", service.namespace, service.name))
}

fn answers(cluster: &Cluster, netns: NetnsId, ip: IpAddr) -> Vec<(f64, RouteAnswer<'_>)> {
    let question = RouteQuestion::made_here(ip);
    route(cluster, netns, &question)
}

/// What a namespace decides about an address, in a line.
pub fn way(cluster: &Cluster, netns: NetnsId, ip: IpAddr, label: &str) -> Item {
    let mut texts = Vec::new();
    let mut raws = Vec::new();
    let mut tables = Vec::new();
    for (share, answer) in answers(cluster, netns, ip) {
        let part = match share < 0.999 {
            true => format!("{} ", super::matches::percent(share)),
            false => String::new(),
        };
        match answer {
            RouteAnswer::Route {
                route,
                gateway,
                device,
                source,
            } => {
                let to = match (gateway, route.map(|route| route.kind)) {
                    (_, Some(RouteType::Local)) => "stays here: an address of its own".to_owned(),
                    (Some(gateway), _) => format!("next hop {gateway} on {device}"),
                    (None, _) => format!("on the link of {device}"),
                };
                let source = source.filter(|_| to != "stays here: an address of its own");
                let source = source.map_or_else(String::new, |ip| format!(", from {ip}"));
                texts.push(format!("{part}{to}{source}"));
                if let Some(route) = route {
                    raws.push(route.raw.clone());
                    tables.push(format!("route table {}", route.table));
                }
            }
            RouteAnswer::Refused { why, .. } => texts.push(format!("{part}refused: {why}")),
            RouteAnswer::Unknown { why } => texts.push(format!("{part}not known: {why}")),
        }
    }
    let item = Item::of(label, texts.join("; "));
    match tables.first() {
        Some(table) => item.seen(table.as_str(), raws.join("\n")),
        None => item,
    }
}

/// The policy rules that are asked, in their order, as far as the table that has the route.
fn rules(cluster: &Cluster, netns: NetnsId, ip: IpAddr) -> Vec<Item> {
    let family = Family::of(ip);
    let taken = taken(cluster, netns, ip);
    let Some(rules) = cluster.netns(netns).rules(family) else {
        return vec![Item::of("rules", "not read; the kernel's own are supposed")];
    };
    let mut items = Vec::new();
    for rule in rules {
        let leads = matches!(rule.action, RuleAction::Lookup(table) if Some(table) == taken.map(|route| route.table));
        items.push(Item::of("rule", rule.raw.as_str()).seen("ip rule", rule.raw.as_str()));
        if leads {
            break;
        }
    }
    // The kernel's own three say nothing that a reader does not know.
    let own = rules.len() <= 3
        && rules.iter().all(|rule| {
            matches!(
                rule.action,
                RuleAction::Lookup(Table::LOCAL | Table::MAIN | Table::DEFAULT)
            )
        });
    match own {
        true => Vec::new(),
        false => items,
    }
}

fn taken(cluster: &Cluster, netns: NetnsId, ip: IpAddr) -> Option<&Route> {
    let mut answers = answers(cluster, netns, ip).into_iter();
    answers.find_map(|(_, answer)| match answer {
        RouteAnswer::Route { route, .. } => route,
        _ => None,
    })
}

/// The route that was taken, and the shorter ones that contain the address too.
fn passed_over(cluster: &Cluster, netns: NetnsId, ip: IpAddr) -> Vec<Item> {
    let here = cluster.netns(netns);
    let Some(taken) = taken(cluster, netns, ip) else {
        return Vec::new();
    };
    let mut items = vec![
        Item::of("route", taken.raw.as_str())
            .because(format!(
                "the longest prefix of table {} that has the address",
                taken.table
            ))
            .seen(format!("route table {}", taken.table), taken.raw.as_str()),
    ];
    let routes = here.routes(Family::of(ip)).unwrap_or_default();
    let mut others: Vec<&Route> = routes
        .iter()
        .filter(|route| {
            route.table == taken.table && route.destination.contains(&ip) && *route != taken
        })
        .collect();
    others.sort_by_key(|route| {
        (
            std::cmp::Reverse(route.destination.prefix_len()),
            route.metric,
        )
    });
    let left = others.len().saturating_sub(PASSED_OVER);
    items.extend(others.iter().take(PASSED_OVER).map(|route| {
        let why = if route.destination.prefix_len() < taken.destination.prefix_len() {
            "a shorter prefix"
        } else {
            "of another metric or TOS, or later"
        };
        Item::of("passed over", route.raw.as_str()).because(why)
    }));
    if left > 0 {
        items.push(Item::of("passed over", format!("{left} more")));
    }
    items
}

/// What the packet needs beyond the route: the neighbour, and the far end of a tunnel.
fn next(cluster: &Cluster, netns: NetnsId, ip: IpAddr) -> Vec<Item> {
    let here = cluster.netns(netns);
    let mut items = Vec::new();
    for (_, answer) in answers(cluster, netns, ip) {
        let RouteAnswer::Route {
            route,
            gateway,
            device,
            ..
        } = answer
        else {
            continue;
        };
        if route.is_some_and(|route| route.kind == RouteType::Local) {
            continue;
        }
        let target = gateway.unwrap_or(ip);
        let Some(neighbors) = &here.neighbors else {
            items.push(Item::of("neighbor", "the neighbour table was not read"));
            continue;
        };
        let mut entries = neighbors.iter();
        let entry =
            entries.find(|entry| entry.ip == target && entry.device == device && !entry.proxy);
        let noarp = here.link(&device).is_some_and(|link| link.noarp);
        match entry.and_then(|entry| Some((entry, entry.mac?))) {
            Some((entry, mac)) => {
                let text = format!("{target} is {mac} ({})", entry.state.name());
                items.push(Item::of("neighbor", text).seen("ip neigh", entry.raw.as_str()));
                items.extend(behind(cluster, netns, &device, mac));
            }
            None if noarp => {
                items.push(Item::of("neighbor", format!("{device} needs none (NOARP)")));
            }
            None if here.incomplete.contains(&Part::Neighbors) => {
                items.push(Item::of("neighbor", "not all entries were read"));
            }
            None => {
                let text = format!("{target} is not known yet on {device}: it is asked for first");
                items.push(Item::of("neighbor", text));
            }
        }
    }
    items
}

/// Where a tunnel sends frames to an address.
fn behind(cluster: &Cluster, netns: NetnsId, device: &str, mac: crate::model::Mac) -> Option<Item> {
    let here = cluster.netns(netns);
    let link = here.link(device)?;
    if !matches!(link.kind, LinkKind::Vxlan(_)) {
        return None;
    }
    let mut entries = here.fdb.as_ref()?.iter();
    let entry = entries.find(|entry| entry.mac == mac && entry.device == device);
    Some(
        match entry.and_then(|entry| Some((entry, entry.destination?))) {
            Some((entry, to)) => {
                Item::of("fdb", format!("{mac} is behind the tunnel endpoint {to}"))
                    .seen("bridge fdb", entry.raw.as_str())
            }
            None => Item::of(
                "fdb",
                format!(
                    "{device} has no entry for {mac}: without one for unknown addresses the frame is dropped"
                ),
            ),
        },
    )
}
