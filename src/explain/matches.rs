//! The conditions of a rule's match modules in words (iptables-extensions(8), MATCH EXTENSIONS).

use super::words::{interface, network, not, protocol, range};
use crate::model::iptables::{
    AddrType, ConntrackMatch, Match, MultiportSide, Negatable, PortRange, RecentAction,
    SetDirection,
};

/// A condition, such as `port 80`; `None` for one that always holds.
pub(super) fn words(one: &Match) -> Option<String> {
    Some(match one {
        Match::Counting => return None,
        Match::Ports {
            source,
            destination,
        } => {
            let source = source.map(|ports| format!("source port {}", ports_of(ports)));
            let destination = destination.map(|ports| format!("port {}", ports_of(ports)));
            return joined(source.into_iter().chain(destination));
        }
        Match::TcpFlags { negate, mask, set } => {
            format!("{}with TCP flags 0x{set:02x} of 0x{mask:02x}", not(*negate))
        }
        Match::IcmpType {
            negate,
            kind,
            codes: _,
        } => match kind {
            255 => return None,
            kind => format!("{}ICMP type {kind}", not(*negate)),
        },
        Match::Multiport {
            negate,
            side,
            ranges,
        } => {
            let side = match side {
                MultiportSide::Source => "source port",
                MultiportSide::Destination => "port",
                MultiportSide::Either => "either port",
            };
            let ranges: Vec<String> = ranges.iter().map(|ports| range(*ports)).collect();
            format!("{side} {}{}", not(*negate), ranges.join(" or "))
        }
        Match::Mark {
            negate,
            value,
            mask,
        } => mark("mark", *negate, *value, *mask),
        Match::Connmark {
            negate,
            value,
            mask,
        } => mark("connection's mark", *negate, *value, *mask),
        Match::Conntrack(asked) => return conntrack(asked),
        Match::Addrtype {
            source,
            destination,
            ..
        } => {
            let source = source.map(|of| format!("whose source is {}", address_type(of)));
            let destination =
                destination.map(|of| format!("whose destination is {}", address_type(of)));
            return joined(source.into_iter().chain(destination));
        }
        Match::Set {
            negate,
            name,
            directions,
            ..
        } => {
            // What a side is, an address or a port, is the set's to say.
            let sides: Vec<&str> = directions
                .iter()
                .map(|side| match side {
                    SetDirection::Source => "src",
                    SetDirection::Destination => "dst",
                })
                .collect();
            let has = if *negate { "does not have" } else { "has" };
            format!("which set {name} {has} ({})", sides.join(","))
        }
        Match::Random {
            negate,
            probability,
        } => {
            let part = f64::from(*probability) / f64::from(1_u32 << 31);
            let part = if *negate { 1.0 - part } else { part };
            format!("with a chance of {}", percent(part))
        }
        Match::Nth { negate, every, .. } => format!("{}one in {every}", not(*negate)),
        Match::Physdev {
            in_device,
            out_device,
            is_bridged,
            ..
        } => {
            let input = in_device
                .as_ref()
                .map(|one| format!("in by bridge port {}", interface(one)));
            let output = out_device
                .as_ref()
                .map(|one| format!("out by bridge port {}", interface(one)));
            let bridged = is_bridged.map(|negate| format!("{}bridged", not(negate)));
            let parts = input.into_iter().chain(output).chain(bridged);
            return joined(parts).or_else(|| Some("by its bridge ports".to_owned()));
        }
        Match::Recent {
            negate,
            name,
            action,
            by_source,
            seconds,
            ..
        } => recent(*negate, name, *action, *by_source, *seconds),
        Match::MacSource(mac) => format!("from {}{}", not(mac.negate), mac.value),
        Match::Owner { uid, gid, .. } => {
            let user = uid.map(|(negate, first, last)| {
                format!("{}sent by user {}", not(negate), ids(first, last))
            });
            let group = gid.map(|(negate, first, last)| {
                format!("{}sent by group {}", not(negate), ids(first, last))
            });
            return joined(user.into_iter().chain(group))
                .or_else(|| Some("by the socket that sent it".to_owned()));
        }
        Match::Iprange {
            source,
            destination,
        } => {
            let between = |of: &Negatable<_>| {
                let (first, last): (std::net::IpAddr, std::net::IpAddr) = of.value;
                format!("{}{first} to {last}", not(of.negate))
            };
            let source = source.as_ref().map(|of| format!("from {}", between(of)));
            let destination = destination.as_ref().map(|of| format!("to {}", between(of)));
            return joined(source.into_iter().chain(destination));
        }
        Match::Length {
            negate,
            first,
            last,
        } => format!("{}of {first} to {last} bytes", not(*negate)),
        Match::Ttl {
            negate,
            first,
            last,
        } => format!("{}with TTL {first} to {last}", not(*negate)),
        Match::Tos {
            negate,
            value,
            mask,
        } => format!("{}with TOS 0x{value:02x} of 0x{mask:02x}", not(*negate)),
        Match::Pkttype { negate, kind } => {
            let kind = match kind {
                0 => "for this host",
                1 => "broadcast",
                2 => "multicast",
                _ => "of another packet type",
            };
            format!("{}{kind}", not(*negate))
        }
        Match::Rpfilter { invert, .. } => {
            if *invert {
                "whose source is not reached by where it came in".to_owned()
            } else {
                "whose source is reached by where it came in".to_owned()
            }
        }
        Match::Unknowable { module, .. } => format!("if {module} says so (not known from rules)"),
    })
}

/// `33.3 %`.
pub(super) fn percent(part: f64) -> String {
    let percent = part * 100.0;
    if (percent - percent.round()).abs() < 0.05 {
        format!("{percent:.0} %")
    } else {
        format!("{percent:.1} %")
    }
}

fn joined(parts: impl Iterator<Item = String>) -> Option<String> {
    let parts: Vec<String> = parts.collect();
    (!parts.is_empty()).then(|| parts.join(" "))
}

fn ports_of(ports: Negatable<PortRange>) -> String {
    format!("{}{}", not(ports.negate), range(ports.value))
}

fn ids(first: u32, last: u32) -> String {
    if first == last {
        first.to_string()
    } else {
        format!("{first} to {last}")
    }
}

fn mark(what: &str, negate: bool, value: u32, mask: u32) -> String {
    let with = if negate { "without" } else { "with" };
    if value == mask {
        format!("{with} {what} 0x{value:x}")
    } else {
        format!("{with} {what} 0x{value:x} in 0x{mask:x}")
    }
}

fn address_type(of: Negatable<AddrType>) -> String {
    let names = AddrType::NAMES.iter();
    let named: Vec<String> = names
        .filter(|(_, bit)| of.value.0 & bit != 0)
        .map(|(name, _)| match *name {
            "LOCAL" => "an address of this node".to_owned(),
            other => other.to_lowercase(),
        })
        .collect();
    format!("{}{}", not(of.negate), named.join(" or "))
}

fn conntrack(asked: &ConntrackMatch) -> Option<String> {
    let bits = |bits: u8, names: &[(&str, u8)]| -> String {
        let named = names.iter().filter(|(_, bit)| bits & bit != 0);
        let named: Vec<&str> = named.map(|(name, _)| *name).collect();
        named.join(" or ")
    };
    let mut parts = Vec::new();
    if let Some((negate, states)) = asked.states {
        parts.push(format!(
            "of a connection that is {}{}",
            not(negate),
            bits(states, &ConntrackMatch::STATES)
        ));
    }
    if let Some((negate, status)) = asked.status {
        parts.push(format!(
            "of a connection with status {}{}",
            not(negate),
            bits(status, &ConntrackMatch::STATUS)
        ));
    }
    let nets = [
        ("whose connection came from", asked.original_source),
        ("whose connection went to", asked.original_destination),
        ("whose answers come from", asked.reply_source),
        ("whose answers go to", asked.reply_destination),
    ];
    for (what, net) in nets {
        parts.extend(net.map(|net| format!("{what} {}", network(&net))));
    }
    let ports = [
        (
            "whose connection came from port",
            asked.original_source_port,
        ),
        (
            "whose connection went to port",
            asked.original_destination_port,
        ),
        ("whose answers come from port", asked.reply_source_port),
        ("whose answers go to port", asked.reply_destination_port),
    ];
    for (what, ports) in ports {
        parts.extend(ports.map(|ports| format!("{what} {}", ports_of(ports))));
    }
    if let Some(Negatable { negate, value }) = asked.protocol {
        parts.push(format!(
            "of a connection by {}{}",
            not(negate),
            protocol(value)
        ));
    }
    match asked.original_direction {
        Some(true) => parts.push("in the connection's own direction".to_owned()),
        Some(false) => parts.push("in the direction of answers".to_owned()),
        None => {}
    }
    if asked.expire {
        parts.push("by how soon its connection is forgotten".to_owned());
    }
    joined(parts.into_iter())
}

fn recent(
    negate: bool,
    list: &str,
    action: RecentAction,
    by_source: bool,
    seconds: Option<u32>,
) -> String {
    let who = if by_source { "source" } else { "destination" };
    let within = seconds.map_or_else(String::new, |seconds| format!(" of the last {seconds} s"));
    match action {
        RecentAction::Set => format!("(its {who} is noted in list {list})"),
        RecentAction::Check | RecentAction::Update => {
            format!("whose {who} is {}in list {list}{within}", not(negate))
        }
        RecentAction::Remove => format!("whose {who} is {}taken out of list {list}", not(negate)),
    }
}
