//! Policy routing rules (`RTM_GETRULE`): what `ip rule` shows.

use std::io;
use std::net::IpAddr;

use ipnet::IpNet;
use netlink_packet_core::{DefaultNla, Nla};
use netlink_packet_route::rule::{RuleAttribute, RuleFlags, RuleMessage, RulePortRange};
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};

use super::netlink::{Client, Dump};
use crate::model::text::{self, RuleDetails, route_protocol};
use crate::model::{Family, RoutingRule, RuleAction, Table};

/// FRA_* which the packet crate does not name, as iproute2 words them.
const NEWER: [(u16, &str); 6] = [
    (25, "dscp"),
    (26, "flowlabel"),
    (27, "flowlabel mask"),
    (FRA_SPORT_MASK, "sport mask"),
    (FRA_DPORT_MASK, "dport mask"),
    (30, "dscp mask"),
];
const FRA_SPORT_MASK: u16 = 28;
const FRA_DPORT_MASK: u16 = 29;
const RTPROT_KERNEL: u8 = 2;

/// Every rule of one family, in the kernel's order.
pub(super) fn read(client: &mut Client, family: Family) -> io::Result<Dump<RoutingRule>> {
    let mut request = RuleMessage::default();
    request.header.family = match family {
        Family::V4 => AddressFamily::Inet,
        Family::V6 => AddressFamily::Inet6,
    };
    let dump = client.dump(RouteNetlinkMessage::GetRule(request))?;
    let mut rules = Dump {
        holes: dump.holes,
        ..Dump::default()
    };
    for message in dump.entries {
        let RouteNetlinkMessage::NewRule(message) = message else {
            continue;
        };
        match rule(&message, family) {
            Ok(rule) => rules.entries.push(rule),
            Err(hole) => rules.holes.push(hole),
        }
    }
    Ok(rules)
}

fn rule(message: &RuleMessage, family: Family) -> Result<RoutingRule, String> {
    let header = &message.header;
    let flags = header.flags;
    let mut rule = RoutingRule {
        priority: 0,
        not: flags.contains(RuleFlags::Invert),
        from: None,
        to: None,
        iif: None,
        oif: None,
        fwmark: None,
        tos: header.tos,
        ip_protocol: None,
        source_port: None,
        destination_port: None,
        uid_range: None,
        l3mdev: false,
        suppress_prefix_length: None,
        action: RuleAction::Nop,
        not_understood: Vec::new(),
        raw: String::new(),
    };
    let mut details = RuleDetails {
        iif_detached: flags.contains(RuleFlags::IifDetached),
        oif_detached: flags.contains(RuleFlags::OifDetached),
        unresolved: flags.contains(RuleFlags::Unresolved),
        ..RuleDetails::default()
    };
    let (mut table, mut goto, mut mark, mut mask) = (u32::from(header.table), 0, None, None);
    for attribute in &message.attributes {
        match attribute {
            RuleAttribute::Priority(priority) => rule.priority = *priority,
            RuleAttribute::Source(ip) => rule.from = Some(prefix(*ip, header.src_len, family)?),
            RuleAttribute::Destination(ip) => rule.to = Some(prefix(*ip, header.dst_len, family)?),
            RuleAttribute::Iifname(name) => rule.iif = Some(name.clone()),
            RuleAttribute::Oifname(name) => rule.oif = Some(name.clone()),
            RuleAttribute::FwMark(value) => mark = Some(*value),
            RuleAttribute::FwMask(value) => mask = Some(*value),
            RuleAttribute::IpProtocol(protocol) => rule.ip_protocol = Some((*protocol).into()),
            RuleAttribute::SourcePortRange(range) => rule.source_port = Some(ports(range)),
            RuleAttribute::DestinationPortRange(range) => {
                rule.destination_port = Some(ports(range))
            }
            RuleAttribute::UidRange(range) => rule.uid_range = Some((range.start, range.end)),
            RuleAttribute::L3MDev(on) => rule.l3mdev = *on,
            // -1 is told too, and means none.
            RuleAttribute::SuppressPrefixLen(length) => {
                rule.suppress_prefix_length = Some(*length).filter(|&length| length != u32::MAX);
            }
            RuleAttribute::Table(number) => table = *number,
            RuleAttribute::Goto(priority) => goto = *priority,
            RuleAttribute::TunId(id) => rule.not_understood.push(format!("tun_id {id}")),
            RuleAttribute::SuppressIfGroup(group) => rule
                .not_understood
                .push(format!("suppress_ifgroup {group}")),
            RuleAttribute::Realm(realm) => details
                .after_table
                .push(realms(realm.source, realm.destination)),
            RuleAttribute::Protocol(protocol) => {
                let protocol = u8::from(*protocol);
                // Only others than the kernel's own are printed.
                if !matches!(protocol, 0 | RTPROT_KERNEL) {
                    details
                        .tail
                        .push(format!("proto {}", route_protocol(protocol)));
                }
            }
            RuleAttribute::Other(other) => rule.not_understood.extend(newer(other)),
            _ => {}
        }
    }
    if mark.is_some() || mask.is_some() {
        rule.fwmark = Some((mark.unwrap_or_default(), mask.unwrap_or(u32::MAX)));
    }
    rule.action = action(header.action.into(), table, goto)?;
    rule.raw = text::rule_text(&rule, &details);
    Ok(rule)
}

fn action(number: u8, table: u32, goto: u32) -> Result<RuleAction, String> {
    Ok(match number {
        1 => RuleAction::Lookup(Table(table)),
        2 => RuleAction::Goto(goto),
        3 => RuleAction::Nop,
        6 => RuleAction::Blackhole,
        7 => RuleAction::Unreachable,
        8 => RuleAction::Prohibit,
        other => {
            return Err(format!(
                "a rule has the action {other}, which is not known: left out"
            ));
        }
    })
}

/// A selector that the model has no word for.
fn newer(attribute: &DefaultNla) -> Option<String> {
    let mut value = vec![0; attribute.value_len()];
    attribute.emit_value(&mut value);
    // The kernel tells the mask of a single port too, which is then all ones and says nothing.
    if matches!(attribute.kind(), FRA_SPORT_MASK | FRA_DPORT_MASK)
        && value.iter().all(|&byte| byte == 0xff)
    {
        return None;
    }
    let name = NEWER
        .iter()
        .find(|(kind, _)| *kind == attribute.kind())
        .map(|(_, name)| *name);
    let value: String = value.iter().map(|byte| format!("{byte:02x}")).collect();
    Some(match name {
        Some(name) => format!("{name} 0x{value}"),
        None => format!("attribute {} 0x{value}", attribute.kind()),
    })
}

fn prefix(ip: IpAddr, length: u8, family: Family) -> Result<IpNet, String> {
    match IpNet::new(ip, length) {
        Ok(prefix) if Family::of(ip) == family => Ok(prefix),
        _ => Err(format!(
            "a rule has the prefix {ip}/{length}, which cannot be: left out"
        )),
    }
}

fn ports(range: &RulePortRange) -> (u16, u16) {
    (range.start, range.end)
}

/// As `ip rule` prints FRA_FLOW.
fn realms(from: u16, to: u16) -> String {
    if from == 0 {
        format!("realms {to}")
    } else {
        format!("realms {from}/{to}")
    }
}
