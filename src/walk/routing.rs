//! Routing decisions: policy rules, tables, next hops (net/core/fib_rules.c, net/ipv4/fib_frontend.c,
//! net/ipv4/fib_semantics.c, net/ipv6/ip6_fib.c), and the source address of what is sent (net/ipv4/devinet.c).
//!
//! Rules are asked in the order of their priority; one that holds names a table; the table's longest prefix that holds
//! the destination wins, then the route for just this TOS, then the lowest metric. A route of type `throw`, and a result
//! that `suppress_prefixlength` forbids, send the question on to the next rule.

use std::net::IpAddr;

use super::packet::Port;
use crate::model::{
    Family, Netns, NextHop, Part, Protocol, Route, RouteType, RoutingRule, RuleAction, Table,
};

/// What a lookup is for (`struct flowi4`, `struct flowi6`).
#[derive(Debug, Clone)]
pub(super) struct Lookup<'a> {
    pub destination: IpAddr,
    /// `None` while a sender has not chosen one.
    pub source: Option<IpAddr>,
    /// The device it came in by; `lo` for what is made here.
    pub iif: &'a str,
    /// The device it must leave by.
    pub oif: Option<&'a str>,
    pub mark: u32,
    pub tos: u8,
    pub protocol: Protocol,
    pub ports: (Port, Port),
    /// The sender's user: 0 for forwarded packets, `None` when not known.
    pub uid: Option<u32>,
}

/// The result of a lookup.
#[derive(Debug, Clone)]
pub(super) enum Routed<'c> {
    /// A route was found, with the next hops of it that are alive (none for local and broadcast routes of no device).
    Found {
        route: &'c Route,
        next_hops: Vec<&'c NextHop>,
    },
    /// A route or rule that refuses.
    Refused {
        kind: Refusal,
        raw: &'c str,
        table: Option<Table>,
    },
    /// No rule led to a route.
    Nothing,
    /// A rule's answer is not known.
    Unknown {
        rule: &'c RoutingRule,
        why: &'static str,
    },
    /// The routes of this family were not read.
    NotRead,
    /// Of this table rows were lost: a better route may have been among them.
    Partly(Part),
}

/// How a route or rule refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// EINVAL for a local sender, silence for others.
    Blackhole,
    /// EHOSTUNREACH (route), ENETUNREACH (rule).
    Unreachable,
    /// EACCES.
    Prohibit,
}

/// Looks a destination up.
pub(super) fn lookup<'c>(netns: &'c Netns, query: &Lookup<'_>) -> Routed<'c> {
    let family = Family::of(query.destination);
    let Some(routes) = netns.routes(family) else {
        return Routed::NotRead;
    };
    if let Some(part) = lost_part(netns, routes, family) {
        return Routed::Partly(part);
    }
    let Some(rules) = netns.rules(family) else {
        // Rules that were not read are taken to be the kernel's three; the caller says so.
        return [Table::LOCAL, Table::MAIN, Table::DEFAULT]
            .into_iter()
            .find_map(|table| in_table(netns, routes, table, query, None))
            .unwrap_or(Routed::Nothing);
    };
    let mut at_least = 0;
    for rule in rules {
        if rule.priority < at_least {
            continue;
        }
        match holds(rule, query) {
            Ok(true) => {}
            Ok(false) => continue,
            Err(why) => return Routed::Unknown { rule, why },
        }
        let refused = |kind| Routed::Refused {
            kind,
            raw: &rule.raw,
            table: None,
        };
        match rule.action {
            RuleAction::Lookup(table) => {
                if let Some(found) =
                    in_table(netns, routes, table, query, rule.suppress_prefix_length)
                {
                    return found;
                }
            }
            RuleAction::Goto(priority) => at_least = priority,
            RuleAction::Nop => {}
            RuleAction::Blackhole => return refused(Refusal::Blackhole),
            RuleAction::Unreachable => return Routed::Nothing,
            RuleAction::Prohibit => return refused(Refusal::Prohibit),
        }
    }
    Routed::Nothing
}

/// The table that a lookup rests on and of which rows were lost, if there is one.
fn lost_part(netns: &Netns, routes: &[Route], family: Family) -> Option<Part> {
    let lost = |part: &Part| netns.incomplete.contains(part);
    let mut hops = routes.iter().flat_map(|route| &route.next_hops);
    // Settings are asked only about links that are down.
    [
        Some(Part::Routes(family)),
        Some(Part::Rules(family)),
        hops.any(|hop| hop.linkdown).then_some(Part::Sysctls),
    ]
    .into_iter()
    .flatten()
    .find(lost)
}

/// Whether a rule's selectors hold (`fib_rule_match`, `fib4_rule_match`).
fn holds(rule: &RoutingRule, query: &Lookup<'_>) -> Result<bool, &'static str> {
    let mut unknown = None;
    let mut all = true;
    let mut need = |condition: bool| all &= condition;
    if let Some(from) = rule.from {
        match query.source {
            Some(source) => need(from.contains(&source)),
            // An unset source is 0.0.0.0 in the flow.
            None => need(from.prefix_len() == 0),
        }
    }
    if let Some(to) = rule.to {
        need(to.contains(&query.destination));
    }
    if let Some(iif) = &rule.iif {
        need(iif == query.iif);
    }
    if let Some(oif) = &rule.oif {
        need(query.oif == Some(oif.as_str()));
    }
    if let Some((value, mask)) = rule.fwmark {
        need(query.mark & mask == value & mask);
    }
    // The two ECN bits are no part of it: inet_dscp_t.
    if rule.tos != 0 {
        need(rule.tos & 0xfc == query.tos & 0xfc);
    }
    if let Some(number) = rule.ip_protocol {
        need(number == query.protocol.number(Family::of(query.destination)));
    }
    if let Some((low, high)) = rule.uid_range {
        match query.uid {
            Some(uid) => need((low..=high).contains(&uid)),
            None if low == 0 && high >= u32::MAX - 1 => {}
            None => unknown = Some("the user whose program sends is not known"),
        }
    }
    for (wanted, port) in [
        (rule.source_port, query.ports.0),
        (rule.destination_port, query.ports.1),
    ] {
        if let Some((first, last)) = wanted {
            match port.within(first, last) {
                Some(inside) => need(inside),
                None => unknown = Some("the source port is not known"),
            }
        }
    }
    if rule.l3mdev {
        // It looks the packet up in the table of a vrf that its device belongs to; without one it does not hold.
        need(false);
    }
    match (all, unknown) {
        (false, _) => Ok(rule.not),
        (true, Some(why)) => Err(why),
        (true, None) => Ok(!rule.not),
    }
}

/// The route of one table, `None` to go on with the next rule (`fib_table_lookup`).
fn in_table<'c>(
    netns: &'c Netns,
    routes: &'c [Route],
    table: Table,
    query: &Lookup<'_>,
    suppress: Option<u32>,
) -> Option<Routed<'c>> {
    let mut candidates: Vec<&Route> = routes
        .iter()
        .filter(|route| {
            route.table == table
                && route.destination.contains(&query.destination)
                && (route.tos == 0 || route.tos & 0xfc == query.tos & 0xfc)
                && route
                    .source
                    .is_none_or(|from| query.source.is_some_and(|source| from.contains(&source)))
        })
        .collect();
    // A stable sort: routes that are equal stay in the order the kernel lists them.
    candidates.sort_by_key(|route| {
        (
            std::cmp::Reverse(route.destination.prefix_len()),
            std::cmp::Reverse(route.source.map_or(0, |source| source.prefix_len())),
            route.tos == 0,
            route.metric,
        )
    });
    for route in candidates {
        let refused = |kind| {
            Some(Routed::Refused {
                kind,
                raw: &route.raw,
                table: Some(table),
            })
        };
        match route.kind {
            RouteType::Throw => return None,
            RouteType::Blackhole => return refused(Refusal::Blackhole),
            RouteType::Unreachable => return refused(Refusal::Unreachable),
            RouteType::Prohibit => return refused(Refusal::Prohibit),
            RouteType::Unicast
            | RouteType::Local
            | RouteType::Broadcast
            | RouteType::Anycast
            | RouteType::Multicast => {}
        }
        let next_hops: Vec<&NextHop> = route
            .next_hops
            .iter()
            .filter(|hop| usable(netns, hop, query))
            .collect();
        if next_hops.is_empty() && !route.next_hops.is_empty() {
            continue;
        }
        // IPv6's unreachable default of the kernel itself is no route (net/ipv6: ip6_null_entry).
        if suppress.is_some_and(|length| u32::from(route.destination.prefix_len()) <= length) {
            return None;
        }
        return Some(Routed::Found { route, next_hops });
    }
    None
}

/// Whether a next hop may be used (`fib_lookup_good_nhc`).
fn usable(netns: &Netns, hop: &NextHop, query: &Lookup<'_>) -> bool {
    if hop.dead {
        return false;
    }
    let device = hop.device.as_deref();
    if query.oif.is_some() && query.oif != device {
        return false;
    }
    if hop.linkdown {
        let family = Family::of(query.destination);
        let ignored = |name| {
            netns
                .sysctls
                .as_ref()
                .and_then(|all| all.conf(family, name, "ignore_routes_with_linkdown"))
        };
        if ignored("all").unwrap_or(0) != 0 || device.and_then(ignored).unwrap_or(0) != 0 {
            return false;
        }
    }
    true
}

/// The address a route gives to what is sent by it (`fib_result_prefsrc`, `ipv6_dev_get_saddr`).
pub(super) fn source_for(
    netns: &Netns,
    route: &Route,
    hop: Option<&NextHop>,
    destination: IpAddr,
) -> Option<IpAddr> {
    if let Some(preferred) = route.preferred_source {
        return Some(preferred);
    }
    if matches!(route.kind, RouteType::Local | RouteType::Anycast) {
        return Some(destination);
    }
    let device = hop?.device.as_deref()?;
    select_address(netns, device, hop.and_then(|hop| hop.gateway), destination)
}

/// The address a device gives (`inet_select_addr` with scope universe or link; `ipv6_dev_get_saddr`).
///
/// IPv4: the first primary address on the device, one in the subnet of `near` (a gateway) before others; else a global
/// one of any device. IPv6: RFC 6724 as far as devices of nodes and pods differ by it: scope of the destination, not deprecated or
/// tentative, then the longest common prefix.
pub(super) fn select_address(
    netns: &Netns,
    device: &str,
    near: Option<IpAddr>,
    destination: IpAddr,
) -> Option<IpAddr> {
    use crate::model::AddressScope;
    let all = netns.addresses.as_deref()?;
    match destination {
        IpAddr::V4(_) => {
            let primary = || {
                all.iter().filter(|address| {
                    address.ip.is_ipv4()
                        && !address.secondary
                        && address.scope <= AddressScope::Link
                })
            };
            let here = || primary().filter(|address| address.device == device);
            let same_subnet = near.and_then(|near| {
                here().find(|address| {
                    ipnet::IpNet::new(address.peer.unwrap_or(address.ip), address.prefix_length)
                        .is_ok_and(|net| net.contains(&near))
                })
            });
            same_subnet
                .or_else(|| here().next())
                .or_else(|| primary().find(|address| address.scope == AddressScope::Global))
                .map(|address| address.ip)
        }
        IpAddr::V6(wanted) => {
            let link_local = wanted.is_unicast_link_local();
            let usable = || {
                all.iter().filter(move |address| {
                    !address.tentative
                        && match address.ip {
                            IpAddr::V4(_) => false,
                            IpAddr::V6(ip) => {
                                !ip.is_loopback() && ip.is_unicast_link_local() == link_local
                            }
                        }
                })
            };
            let common = |ip: IpAddr| match ip {
                IpAddr::V6(ip) => (ip.to_bits() ^ wanted.to_bits()).leading_zeros(),
                IpAddr::V4(_) => 0,
            };
            let best = |on_device: bool| {
                usable()
                    .filter(|address| (address.device == device) == on_device)
                    .max_by_key(|address| (!address.deprecated, common(address.ip)))
                    .map(|address| address.ip)
            };
            best(true).or_else(|| best(false))
        }
    }
}
