//! Policy routing: which table is asked, and what its answer means (net/core/fib_rules.c, net/ipv4/fib_rules.c,
//! include/net/ip_fib.h `fib_lookup`, net/ipv6/fib6_rules.c).
//!
//! Rules are asked in the order of their priority; one that holds names a table ([`super::table`]). A route of type
//! `throw`, a table without a route, and a result that `suppress_prefixlength` forbids send the question on to the next
//! rule.

use std::net::IpAddr;

use super::packet::{Packet, Port};
use super::table;
use crate::model::{
    Family, LinkKind, Netns, NextHop, Part, Protocol, Route, RouteType, RoutingRule, RuleAction,
    Table,
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

impl<'a> Lookup<'a> {
    /// For what a socket here sends.
    pub fn made_here(packet: &Packet, source: Option<IpAddr>) -> Self {
        Self {
            source,
            uid: None,
            ..Self::arriving(packet, "lo")
        }
    }

    /// For a packet that came in by a device.
    pub fn arriving(packet: &Packet, device: &'a str) -> Self {
        Self {
            destination: packet.destination,
            source: Some(packet.source),
            iif: device,
            oif: None,
            mark: packet.mark,
            tos: packet.tos,
            protocol: packet.protocol,
            ports: (packet.source_port, packet.destination_port),
            uid: Some(0),
        }
    }
}

/// One next hop that may be taken, and how much of the traffic is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Way<'c> {
    pub hop: &'c NextHop,
    pub weight: u32,
}

/// The result of a lookup.
#[derive(Debug, Clone)]
pub(super) enum Routed<'c> {
    /// A route was found, with the next hops of it that may be taken (none for local routes of no device).
    Found {
        route: &'c Route,
        ways: Vec<Way<'c>>,
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
    /// EHOSTUNREACH: a route does.
    HostUnreachable,
    /// ENETUNREACH: a rule does (`fib4_rule_action`, `fib6_rule_action`).
    NetUnreachable,
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
    // Rules that were not read are taken to be the kernel's own; the caller says so.
    match netns.rules(family) {
        Some(rules) if !are_the_kernels_own(rules, family) => by_rules(netns, routes, rules, query),
        _ => {
            let tables: &[&[Table]] = match family {
                Family::V4 => &[&MERGED, &[Table::DEFAULT]],
                Family::V6 => &[&[Table::LOCAL], &[Table::MAIN]],
            };
            tables
                .iter()
                .find_map(|tables| table::search(netns, routes, tables, query))
                .unwrap_or(Routed::Nothing)
        }
    }
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

/// Whether a namespace has an address as one of its own (`inet_addr_type`): the local table says so.
pub(super) fn is_local(netns: &Netns, ip: IpAddr) -> bool {
    let family = Family::of(ip);
    let Some(routes) = netns.routes(family) else {
        return false;
    };
    let query = Lookup {
        destination: ip,
        source: None,
        iif: "lo",
        oif: None,
        mark: 0,
        tos: 0,
        protocol: Protocol::Other(0),
        ports: (Port::NONE, Port::NONE),
        uid: Some(0),
    };
    let merged = family == Family::V4
        && netns
            .rules4
            .as_ref()
            .is_none_or(|rules| are_the_kernels_own(rules, family));
    let tables: &[Table] = if merged { &MERGED } else { &[Table::LOCAL] };
    matches!(
        table::search(netns, routes, tables, &query),
        Some(Routed::Found { route, .. })
            if matches!(route.kind, RouteType::Local | RouteType::Anycast)
    )
}

/// Until the first rule is added, IPv4 keeps these two as one, in which the longest prefix wins whichever it is of
/// (net/ipv4/fib_trie.c, `fib_trie_unmerge`).
const MERGED: [Table; 2] = [Table::LOCAL, Table::MAIN];

/// Whether nobody added, changed or removed a rule.
pub(super) fn are_the_kernels_own(rules: &[RoutingRule], family: Family) -> bool {
    let own: &[(u32, Table)] = match family {
        Family::V4 => &[
            (0, Table::LOCAL),
            (32766, Table::MAIN),
            (32767, Table::DEFAULT),
        ],
        Family::V6 => &[(0, Table::LOCAL), (32766, Table::MAIN)],
    };
    rules.len() == own.len()
        && rules.iter().zip(own).all(|(rule, &(priority, table))| {
            rule.priority == priority
                && rule.action == RuleAction::Lookup(table)
                && !has_selectors(rule)
                && !rule.not
                && rule.suppress_prefix_length.is_none()
        })
}

fn has_selectors(rule: &RoutingRule) -> bool {
    rule.from.is_some()
        || rule.to.is_some()
        || rule.iif.is_some()
        || rule.oif.is_some()
        || rule.fwmark.is_some()
        || rule.tos != 0
        || rule.ip_protocol.is_some()
        || rule.source_port.is_some()
        || rule.destination_port.is_some()
        || rule.uid_range.is_some()
        || rule.l3mdev
        || !rule.not_understood.is_empty()
}

/// `fib_rules_lookup`.
fn by_rules<'c>(
    netns: &'c Netns,
    routes: &'c [Route],
    rules: &'c [RoutingRule],
    query: &Lookup<'_>,
) -> Routed<'c> {
    let mut next = 0;
    while let Some(rule) = rules.get(next) {
        next += 1;
        match holds(netns, rule, query) {
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
                let Some(found) = table::search(netns, routes, &[table], query) else {
                    continue;
                };
                let suppressed = match (&found, rule.suppress_prefix_length) {
                    (Routed::Found { route, .. }, Some(length)) => {
                        u32::from(route.destination.prefix_len()) <= length
                    }
                    _ => false,
                };
                if !suppressed {
                    return found;
                }
            }
            // A goto whose target does not exist does nothing; it always points forward.
            RuleAction::Goto(priority) => {
                let target = rules
                    .iter()
                    .position(|target| target.priority == priority)
                    .filter(|&target| target >= next);
                next = target.unwrap_or(next);
            }
            RuleAction::Nop => {}
            RuleAction::Blackhole => return refused(Refusal::Blackhole),
            RuleAction::Unreachable => return refused(Refusal::NetUnreachable),
            RuleAction::Prohibit => return refused(Refusal::Prohibit),
        }
    }
    Routed::Nothing
}

/// Whether a rule's selectors hold (`fib_rule_match`, `fib4_rule_match`, `fib6_rule_match`).
fn holds(netns: &Netns, rule: &RoutingRule, query: &Lookup<'_>) -> Result<bool, &'static str> {
    let family = Family::of(query.destination);
    let mut unknown = None;
    let mut all = true;
    let mut need = |condition: bool| all &= condition;
    if let Some(from) = rule.from {
        let source = query.source.or(match family {
            // An unset source is 0.0.0.0 in the flow; IPv6 remembers that there is none.
            Family::V4 => Some(IpAddr::from([0; 4])),
            Family::V6 => None,
        });
        need(from.prefix_len() == 0 || source.is_some_and(|source| from.contains(&source)));
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
    if rule.tos != 0 {
        need(match family {
            Family::V4 => rule.tos == query.tos & table::LEGACY_TOS,
            Family::V6 => rule.tos == query.tos & DSCP,
        });
    }
    if let Some(number) = rule.ip_protocol {
        need(number == query.protocol.number(family));
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
        // It holds for devices that belong to a vrf, and looks the packet up in that one's table.
        let has_vrf = netns
            .links
            .iter()
            .flatten()
            .any(|link| link.kind == LinkKind::Other("vrf".to_owned()));
        if has_vrf {
            unknown = Some("vrf devices are not modelled");
        } else {
            need(false);
        }
    }
    if !rule.not_understood.is_empty() {
        unknown = Some("it has a selector that is not modelled");
    }
    match (all, unknown) {
        (false, _) => Ok(rule.not),
        (true, Some(why)) => Err(why),
        (true, None) => Ok(!rule.not),
    }
}

/// The bits of the TOS byte that are no ECN.
const DSCP: u8 = 0xfc;
