//! Routes, rules, neighbours and forwarding entries as the lines that iproute2 prints of them: the evidence of a trace.
//!
//! Modelled on iproute2's `ip/iproute.c`, `ip/iprule.c`, `ip/ipneigh.c` and `bridge/fdb.c`, with two differences that
//! make a line fit on a line: blanks are single and never last, and the next hops of a multipath route follow it
//! instead of standing below it (which is how `ip route add` takes them).
//!
//! What the tools print but no packet depends on is no part of the model: whoever reads it passes it in the `*Details`.

use std::fmt::Display;

use ipnet::IpNet;

pub use super::names::{IP_PROTOCOL_NAMES, TOS_NAMES, route_protocol};

use super::{
    Family, FdbEntry, Neighbor, NeighborState, NextHop, Route, RouteScope, RouteType, RoutingRule,
    RuleAction, Table,
};

/// What `ip route` prints of a route besides what a [`Route`] holds.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct RouteDetails {
    /// RTA_NEWDST and RTA_ENCAP, ready made: `encap mpls 100`.
    pub encapsulation: Vec<String>,
    /// The name that the node's `rt_tables` gives the table, where it is none of the kernel's own.
    pub table_name: Option<String>,
    /// Who made it, by the names of [`route_protocol`]; `boot` (by hand) is not printed.
    pub protocol: Option<String>,
    /// Flags of the route itself, in iproute2's order: `dead`, `onlink`, `pervasive`, `offload`, `trap`, `linkdown`...
    pub flags: Vec<String>,
    /// What follows the flags, ready made: `expires 999sec`, `mtu 1400`, `pref medium`.
    pub tail: Vec<String>,
}

/// What `ip rule` prints of a rule besides what a [`RoutingRule`] holds.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct RuleDetails {
    /// FIB_RULE_IIF_DETACHED: there is no such device now.
    pub iif_detached: bool,
    /// FIB_RULE_OIF_DETACHED.
    pub oif_detached: bool,
    /// The name that the node's `rt_tables` gives the table, where it is none of the kernel's own.
    pub table_name: Option<String>,
    /// FIB_RULE_UNRESOLVED: there is no rule to go to.
    pub unresolved: bool,
    /// What follows the table, ready made: `suppress_ifgroup default`, `realms 5`.
    pub after_table: Vec<String>,
    /// What stands last, ready made: `proto static`.
    pub tail: Vec<String>,
}

/// What `ip neigh` prints of a neighbour besides what a [`Neighbor`] holds.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct NeighborDetails {
    /// A link-layer address which is no Ethernet address.
    pub link_address: Option<String>,
    /// `router`, `managed`, `extern_learn`, `offload`, `extern_valid`, in this order.
    pub flags: Vec<String>,
    /// NDA_PROTOCOL, by the names of [`route_protocol`], where it is not 0.
    pub protocol: Option<String>,
}

/// What `bridge fdb` prints of an entry besides what an [`FdbEntry`] holds.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct FdbDetails {
    /// What stands between the VNI and `via`, ready made: `src_vni 5`.
    pub before_via: Vec<String>,
    /// What stands between `via` and the flags, ready made: `nhid 7`, `link-netnsid 0`.
    pub after_via: Vec<String>,
    /// `self`, `router`, `extern_learn`, `offload`, `master`, `sticky`, `locked`, in this order.
    pub flags: Vec<String>,
    /// `permanent`, `static`, `stale`, `state=0x..`; empty for an address that was learnt and is fresh.
    pub state: String,
}

/// The line of `ip route` for a route.
pub fn route_text(route: &Route, details: &RouteDetails) -> String {
    let mut line = Line::default();
    if route.kind != RouteType::Unicast {
        line.word(route.kind.name());
    }
    line.word(prefix_text(route.destination));
    line.pair("from", route.source.map(prefix_text));
    line.pair("nhid", route.next_hop_id);
    line.words(&details.encapsulation);
    if route.tos != 0 {
        line.pair("tos", Some(tos_text(route.tos)));
    }
    let family = family_of(route.destination);
    match route.next_hops.as_slice() {
        [only] => line.next_hop(only, family),
        // IPv6 ties such a route to the loopback device.
        [] if family == Family::V6 && route.kind.drops() => line.pair("dev", Some("lo")),
        _ => {}
    }
    if route.table != Table::MAIN {
        line.pair("table", Some(table_text(route.table, &details.table_name)));
    }
    line.pair(
        "proto",
        details.protocol.as_ref().filter(|name| *name != "boot"),
    );
    if route.scope != RouteScope::Universe {
        line.pair("scope", Some(route.scope.name()));
    }
    line.pair("src", route.preferred_source);
    if family == Family::V6 || route.metric != 0 {
        line.pair("metric", Some(route.metric));
    }
    line.words(&details.flags);
    line.words(&details.tail);
    if route.next_hops.len() > 1 {
        for hop in &route.next_hops {
            line.word("nexthop");
            line.next_hop(hop, family);
            line.pair("weight", Some(hop.weight));
            for (flag, set) in [
                ("dead", hop.dead),
                ("onlink", hop.onlink),
                ("linkdown", hop.linkdown),
            ] {
                if set {
                    line.word(flag);
                }
            }
        }
    }
    line.0
}

/// The line of `ip rule` for a rule.
pub fn rule_text(rule: &RoutingRule, details: &RuleDetails) -> String {
    let mut line = Line::default();
    line.word(format_args!("{}:", rule.priority));
    if rule.not {
        line.word("not");
    }
    line.pair(
        "from",
        Some(
            rule.from
                .map_or_else(|| "all".to_owned(), prefix_text_of_rule),
        ),
    );
    line.pair("to", rule.to.map(prefix_text_of_rule));
    if rule.tos != 0 {
        line.pair("tos", Some(tos_text(rule.tos)));
    }
    match rule.fwmark {
        Some((mark, u32::MAX)) => line.pair("fwmark", Some(hex(mark))),
        Some((mark, mask)) => {
            line.pair("fwmark", Some(format_args!("{}/{}", hex(mark), hex(mask))))
        }
        None => {}
    }
    for (word, device, detached) in [
        ("iif", &rule.iif, details.iif_detached),
        ("oif", &rule.oif, details.oif_detached),
    ] {
        line.pair(word, device.as_ref());
        if detached {
            line.word("[detached]");
        }
    }
    if rule.l3mdev {
        line.word("lookup [l3mdev-table]");
    }
    line.pair(
        "uidrange",
        rule.uid_range
            .map(|(first, last)| format!("{first}-{last}")),
    );
    line.pair("ipproto", rule.ip_protocol.map(ip_protocol));
    line.pair("sport", rule.source_port.map(port_range));
    line.pair("dport", rule.destination_port.map(port_range));
    line.words(&rule.not_understood);
    if let RuleAction::Lookup(table) = rule.action
        && !rule.l3mdev
    {
        line.pair("lookup", Some(table_text(table, &details.table_name)));
        line.pair("suppress_prefixlength", rule.suppress_prefix_length);
    }
    line.words(&details.after_table);
    match rule.action {
        RuleAction::Lookup(_) => {}
        RuleAction::Goto(priority) => {
            line.pair("goto", Some(priority));
            if details.unresolved {
                line.word("[unresolved]");
            }
        }
        RuleAction::Nop => line.word("nop"),
        RuleAction::Blackhole => line.word("blackhole"),
        RuleAction::Unreachable => line.word("unreachable"),
        RuleAction::Prohibit => line.word("prohibit"),
    }
    line.words(&details.tail);
    line.0
}

/// The line of `ip neigh` for a neighbour.
pub fn neighbor_text(neighbor: &Neighbor, details: &NeighborDetails) -> String {
    let mut line = Line::default();
    line.word(neighbor.ip);
    line.pair("dev", Some(&neighbor.device));
    match neighbor.mac {
        Some(mac) => line.pair("lladdr", Some(mac)),
        None => line.pair("lladdr", details.link_address.as_ref()),
    }
    let (router, others) = match details.flags.split_first() {
        Some((first, others)) if first == "router" => (Some(first), others),
        _ => (None, details.flags.as_slice()),
    };
    line.words(router);
    if neighbor.proxy {
        line.word("proxy");
    }
    line.words(others);
    if neighbor.state != NeighborState::None {
        line.word(neighbor.state.name());
    }
    line.pair("proto", details.protocol.as_ref());
    line.0
}

/// The line of `bridge fdb` for an entry.
pub fn fdb_text(entry: &FdbEntry, details: &FdbDetails) -> String {
    let mut line = Line::default();
    line.word(entry.mac);
    line.pair("dev", Some(&entry.device));
    line.pair("dst", entry.destination);
    line.pair("vlan", entry.vlan);
    line.pair("port", entry.port);
    line.pair("vni", entry.vni);
    line.words(&details.before_via);
    line.pair("via", entry.via.as_ref());
    line.words(&details.after_via);
    line.words(&details.flags);
    line.pair("master", entry.master.as_ref());
    if !details.state.is_empty() {
        line.word(&details.state);
    }
    line.0
}

/// A line that grows word by word.
#[derive(Default)]
struct Line(String);

impl Line {
    fn word(&mut self, word: impl Display) {
        if !self.0.is_empty() {
            self.0.push(' ');
        }
        self.0.push_str(&word.to_string());
    }

    fn words<'a>(&mut self, words: impl IntoIterator<Item = &'a String>) {
        for word in words {
            self.word(word);
        }
    }

    fn pair(&mut self, name: &str, value: Option<impl Display>) {
        if let Some(value) = value {
            self.word(name);
            self.word(value);
        }
    }

    fn next_hop(&mut self, hop: &NextHop, family: Family) {
        if let Some(gateway) = hop.gateway {
            self.word("via");
            match (Family::of(gateway), family) {
                (Family::V6, Family::V4) => self.word("inet6"),
                (Family::V4, Family::V6) => self.word("inet"),
                _ => {}
            }
            self.word(gateway);
        }
        self.pair("dev", hop.device.as_ref());
    }
}

fn table_text(table: Table, name: &Option<String>) -> String {
    name.clone().unwrap_or_else(|| table.to_string())
}

fn family_of(prefix: IpNet) -> Family {
    Family::of(prefix.addr())
}

/// `default`, an address, or a prefix.
fn prefix_text(prefix: IpNet) -> String {
    match prefix.prefix_len() {
        0 => "default".to_owned(),
        length if length == prefix.max_prefix_len() => prefix.addr().to_string(),
        _ => prefix.to_string(),
    }
}

/// An address or a prefix; a rule says `0.0.0.0/0` for what a route calls `default`.
fn prefix_text_of_rule(prefix: IpNet) -> String {
    if prefix.prefix_len() == prefix.max_prefix_len() {
        return prefix.addr().to_string();
    }
    prefix.to_string()
}

fn tos_text(tos: u8) -> String {
    match TOS_NAMES.iter().find(|(_, value)| *value == tos) {
        Some((name, _)) => (*name).to_owned(),
        None => format!("0x{tos:02x}"),
    }
}

fn ip_protocol(number: u8) -> String {
    match IP_PROTOCOL_NAMES.iter().find(|(_, value)| *value == number) {
        Some((name, _)) => (*name).to_owned(),
        None => format!("ipproto-{number}"),
    }
}

/// As C's `%#x` has it: no prefix for zero.
fn hex(number: u32) -> String {
    if number == 0 {
        "0".to_owned()
    } else {
        format!("{number:#x}")
    }
}

fn port_range((first, last): (u16, u16)) -> String {
    if first == last {
        first.to_string()
    } else {
        format!("{first}-{last}")
    }
}
