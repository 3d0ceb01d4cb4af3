//! One routing table: the route it has for a destination, and which next hops of it may be taken (net/ipv4/fib_trie.c,
//! net/ipv4/fib_semantics.c, net/ipv6/ip6_fib.c, net/ipv6/route.c).
//!
//! In IPv4 the longest prefix that holds the destination wins, then the route for just this TOS, then the lowest metric;
//! a route none of whose next hops may be used is passed over. IPv6 scores the next hops of the lowest metric: one on
//! the device in question is better than another, and a host passes over routers that do not answer.

use std::cmp::Reverse;
use std::net::IpAddr;

use super::routing::{Lookup, Refusal, Routed, Way};
use super::source_address::route_source;
use crate::model::{Family, NeighborState, Netns, NextHop, Route, RouteType, Table};

/// The bits of the TOS byte that IPv4 compares (INET_DSCP_LEGACY_TOS_MASK).
pub(super) const LEGACY_TOS: u8 = 0x1c;

/// The answer of tables that are searched as one; `None` to go on with the next rule.
pub(super) fn search<'c>(
    netns: &'c Netns,
    routes: &'c [Route],
    tables: &[Table],
    query: &Lookup<'_>,
) -> Option<Routed<'c>> {
    let holding = routes
        .iter()
        .filter(|route| {
            tables.contains(&route.table) && route.destination.contains(&query.destination)
        })
        .collect();
    match Family::of(query.destination) {
        Family::V4 => search4(netns, holding, query),
        Family::V6 => search6(netns, holding, query),
    }
}

/// What a route without a way on means.
fn refusal(route: &Route) -> Option<Routed<'_>> {
    let kind = match route.kind {
        RouteType::Blackhole => Refusal::Blackhole,
        RouteType::Unreachable => Refusal::HostUnreachable,
        RouteType::Prohibit => Refusal::Prohibit,
        _ => return None,
    };
    Some(Routed::Refused {
        kind,
        raw: &route.raw,
        table: Some(route.table),
    })
}

/// `fib_table_lookup`.
fn search4<'c>(
    netns: &'c Netns,
    mut holding: Vec<&'c Route>,
    query: &Lookup<'_>,
) -> Option<Routed<'c>> {
    holding.retain(|route| route.tos == 0 || route.tos == query.tos & LEGACY_TOS);
    // A stable sort: routes that are equal stay in the order the kernel lists them.
    holding.sort_by_key(|route| {
        (
            Reverse(route.destination.prefix_len()),
            Reverse(route.table),
            Reverse(route.tos),
            route.metric,
        )
    });
    let mut missed = None;
    for route in holding {
        if missed == Some(route.destination.network()) {
            continue;
        }
        if route.kind.drops() {
            return refusal(route);
        }
        let mut usable: Vec<&NextHop> = route
            .next_hops
            .iter()
            .filter(|hop| alive(netns, hop, Family::V4))
            .filter(|hop| query.oif.is_none() || query.oif == hop.device.as_deref())
            .collect();
        if usable.is_empty() && !route.next_hops.is_empty() {
            // Where a next hop object does not serve, nothing else of its leaf is looked at ("goto miss").
            missed = route
                .next_hop_id
                .map(|_| route.destination.network())
                .or(missed);
            continue;
        }
        if query.oif.is_some() {
            usable.truncate(1);
        }
        if route.next_hop_id.is_some() && query.oif.is_none() {
            let ways = by_object(netns, route);
            return Some(Routed::Found { route, ways });
        }
        // Since Linux 6.15 a sender keeps to the next hop whose address it has (`fib_select_multipath`).
        let own = |hop: &NextHop| {
            query.iif == "lo"
                && query.source.is_some()
                && route_source(netns, route, hop) == query.source
        };
        let ways = spread(&usable, own);
        return Some(Routed::Found { route, ways });
    }
    None
}

/// Gives each next hop its share. Where some are better, the share of another goes to the next better one, or to the
/// first.
fn spread<'c>(hops: &[&'c NextHop], better: impl Fn(&NextHop) -> bool) -> Vec<Way<'c>> {
    let mut ways: Vec<Way<'c>> = hops.iter().map(|&hop| Way { hop, weight: 0 }).collect();
    let good: Vec<usize> = (0..hops.len()).filter(|&at| better(hops[at])).collect();
    for (at, hop) in hops.iter().enumerate() {
        let taken = good.iter().find(|&&other| other >= at).or(good.first());
        if let Some(way) = ways.get_mut(taken.copied().unwrap_or(at)) {
            way.weight += hop.weight.max(1);
        }
    }
    ways.retain(|way| way.weight > 0);
    ways
}

/// What next hop objects share out (`nexthop_select_path_hthr`): neither device nor source counts, and the share of one
/// whose router does not answer goes to the next that does.
fn by_object<'c>(netns: &Netns, route: &'c Route) -> Vec<Way<'c>> {
    let living = route.next_hops.iter().filter(|hop| !hop.dead);
    let mut ways: Vec<Way<'c>> = living.map(|hop| Way { hop, weight: 0 }).collect();
    for at in 0..ways.len() {
        let good = (at..ways.len()).find(|&other| !has_failed(netns, ways[other].hop));
        let weight = ways[at].hop.weight.max(1);
        ways[good.unwrap_or(at)].weight += weight;
    }
    ways.retain(|way| way.weight > 0);
    ways
}

/// Whether the router of a next hop was looked for and did not answer.
fn has_failed(netns: &Netns, hop: &NextHop) -> bool {
    hop.gateway.is_some_and(|gateway| {
        netns.neighbors.iter().flatten().any(|entry| {
            entry.ip == gateway
                && Some(entry.device.as_str()) == hop.device.as_deref()
                && entry.state == NeighborState::Failed
        })
    })
}

/// Whether a next hop's device lets it be used (`fib_lookup_good_nhc`; `find_match`).
fn alive(netns: &Netns, hop: &NextHop, family: Family) -> bool {
    if hop.dead {
        return false;
    }
    if !hop.linkdown {
        return true;
    }
    let ignored = |name: &str| {
        let sysctls = netns.sysctls.as_ref();
        sysctls.and_then(|all| all.conf(family, name, "ignore_routes_with_linkdown")) == Some(1)
    };
    let device = hop.device.as_deref().unwrap_or("lo");
    // In IPv6 `all` is written to every device, and only that of the device counts.
    !(ignored(device) || family == Family::V4 && ignored("all"))
}

/// Routes of one prefix and source prefix (`struct fib6_node`), by metric.
struct Node<'c>(Vec<&'c Route>);

/// `fib6_table_lookup`.
fn search6<'c>(
    netns: &'c Netns,
    holding: Vec<&'c Route>,
    query: &Lookup<'_>,
) -> Option<Routed<'c>> {
    let nodes = nodes(holding, query);
    let forwards = netns
        .sysctls
        .as_ref()
        .and_then(|all| all.conf(Family::V6, "all", "forwarding"))
        != Some(0);
    let made_here = query.iif == "lo";
    let scoring = |minds_routers| Scoring {
        netns,
        device: if made_here {
            query.oif
        } else {
            Some(query.iif)
        },
        strict: of_one_link(query) || made_here && query.oif.is_some() && query.source.is_none(),
        minds_routers,
    };
    // A router takes no notice of whether others answer; a host does, unless nothing else is left.
    let passes: &[bool] = if forwards { &[false] } else { &[true, false] };
    let (scoring, entry) = passes.iter().find_map(|&minds_routers| {
        let scoring = scoring(minds_routers);
        let found = nodes.iter().find_map(|node| scoring.select(node))?;
        Some((scoring, found))
    })?;
    let route = entry.route;
    if route.kind == RouteType::Throw {
        return None;
    }
    if let Some(refused) = refusal(route) {
        return Some(refused);
    }
    let ways = match entry.hop {
        None => Vec::new(),
        Some(hop) if route.next_hops.len() == 1 => vec![Way { hop, weight: 1 }],
        Some(_) if route.next_hop_id.is_some() => by_object(netns, route),
        // fib6_select_path
        Some(_) => {
            let alive: Vec<&NextHop> = route
                .next_hops
                .iter()
                .filter(|hop| alive(netns, hop, Family::V6))
                .collect();
            spread(&alive, |hop| scoring.score(Some(hop)).is_some())
        }
    };
    Some(Routed::Found { route, ways })
}

/// Loopback and link-local destinations are looked for on the packet's own device only (`rt6_need_strict`).
fn of_one_link(query: &Lookup<'_>) -> bool {
    match query.destination {
        IpAddr::V6(ip) => ip.is_multicast() || ip.is_loopback() || ip.is_unicast_link_local(),
        IpAddr::V4(_) => false,
    }
}

/// The nodes in the order they are tried (`fib6_node_lookup`, `fib6_backtrack`).
fn nodes<'c>(mut holding: Vec<&'c Route>, query: &Lookup<'_>) -> Vec<Node<'c>> {
    holding.sort_by_key(|route| {
        (
            Reverse(route.destination.prefix_len()),
            Reverse(route.source.map(|source| source.prefix_len())),
            route.metric,
        )
    });
    let mut nodes: Vec<Node<'c>> = Vec::new();
    for prefix in holding.chunk_by(|one, other| one.destination == other.destination) {
        let fits = |route: &Route| {
            let source = query.source;
            route
                .source
                .is_none_or(|from| source.is_some_and(|source| from.contains(&source)))
        };
        let by_source = |route: &Route| route.source.is_some();
        // The first prefix that is found has a route for the source, where it has routes by source at all; only who
        // comes back to a shorter prefix takes one for any source then.
        let is_root = prefix
            .iter()
            .all(|route| route.destination.prefix_len() == 0);
        let passed_over = nodes.is_empty()
            && !is_root
            && prefix.iter().any(|route| by_source(route))
            && !prefix.iter().any(|route| by_source(route) && fits(route));
        if passed_over {
            continue;
        }
        nodes.extend(
            prefix
                .chunk_by(|one, other| one.source == other.source)
                .filter(|same| same.iter().all(|route| fits(route)))
                .map(|same| Node(same.to_vec())),
        );
    }
    nodes
}

/// One next hop of a route as IPv6 keeps it: each is an entry of its own.
#[derive(Clone, Copy)]
struct Entry<'c> {
    route: &'c Route,
    /// `None` for routes that lead to this host or nowhere.
    hop: Option<&'c NextHop>,
}

/// What makes one next hop better than another (`rt6_score_route`).
struct Scoring<'c, 'q> {
    netns: &'c Netns,
    /// The device it should leave by; for what arrives, the one it came in by.
    device: Option<&'q str>,
    /// It must.
    strict: bool,
    /// Routers that did not answer are passed over.
    minds_routers: bool,
}

impl<'c> Scoring<'c, '_> {
    /// The best entry of a node: of the lowest metric, or else of all others (`find_rr_leaf`).
    fn select(&self, node: &Node<'c>) -> Option<Entry<'c>> {
        let metric = node.0.first()?.metric;
        let entries: Vec<Entry<'c>> = node.0.iter().flat_map(|route| entries(route)).collect();
        let (first, rest): (Vec<_>, Vec<_>) = entries
            .into_iter()
            .partition(|entry| entry.route.metric == metric);
        self.best(&first).or_else(|| self.best(&rest))
    }

    /// The first of those with the highest score; a next hop object that is a blackhole has no device to be scored, and
    /// ends the search (`__find_rr_leaf`).
    fn best(&self, entries: &[Entry<'c>]) -> Option<Entry<'c>> {
        let mut best: Option<(u8, Entry<'c>)> = None;
        for entry in entries {
            if entry.route.kind == RouteType::Blackhole && entry.route.next_hop_id.is_some() {
                return Some(*entry);
            }
            if let Some(score) = self.score(entry.hop)
                && best.is_none_or(|(known, _)| score > known)
            {
                best = Some((score, *entry));
            }
        }
        best.map(|(_, entry)| entry)
    }

    fn score(&self, hop: Option<&NextHop>) -> Option<u8> {
        let device = hop.and_then(|hop| hop.device.as_deref()).unwrap_or("lo");
        let fits = self.device.is_none_or(|wanted| wanted == device);
        if !fits && self.strict {
            return None;
        }
        if let Some(hop) = hop {
            if !alive(self.netns, hop, Family::V6) {
                return None;
            }
            if self.minds_routers && has_failed(self.netns, hop) {
                return None;
            }
        }
        Some(u8::from(fits))
    }
}

fn entries(route: &Route) -> Vec<Entry<'_>> {
    if route.next_hops.is_empty() {
        return vec![Entry { route, hop: None }];
    }
    route
        .next_hops
        .iter()
        .map(|hop| Entry {
            route,
            hop: Some(hop),
        })
        .collect()
}
