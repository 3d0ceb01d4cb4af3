//! A rule in words: what it asks of a packet, and what it does with it (iptables(8), iptables-extensions(8)).

use ipnet::IpNet;

use super::matches;
use crate::model::RejectWith;
use crate::model::iptables::{Interface, LogKind, NatRange, Negatable, PortRange, Rule, Target};
use crate::model::text::IP_PROTOCOL_NAMES;

/// The condition of a rule that asks nothing.
pub const EVERY: &str = "every packet";

/// What a rule asks of a packet, such as `tcp to 10.43.6.58 port 80`; `every packet` when nothing.
pub fn condition(rule: &Rule) -> String {
    let mut parts = Vec::new();
    if let Some(Negatable { negate, value }) = rule.protocol {
        parts.push(format!("{}{}", not(negate), protocol(value)));
    }
    if let Some(net) = &rule.source {
        parts.push(format!("from {}", network(net)));
    }
    if let Some(net) = &rule.destination {
        parts.push(format!("to {}", network(net)));
    }
    parts.extend(rule.matches.iter().filter_map(matches::words));
    if let Some(device) = &rule.in_interface {
        parts.push(format!("in by {}", interface(device)));
    }
    if let Some(device) = &rule.out_interface {
        parts.push(format!("out by {}", interface(device)));
    }
    match rule.fragment {
        Some(true) => parts.push("further fragments".to_owned()),
        Some(false) => parts.push("no further fragment".to_owned()),
        None => {}
    }
    if parts.is_empty() {
        EVERY.to_owned()
    } else {
        parts.join(" ")
    }
}

/// What a rule does with a packet that meets it, such as `to KUBE-MARK-MASQ and back`.
pub fn action(rule: &Rule) -> String {
    match &rule.target {
        Target::None => "only counted".to_owned(),
        Target::Accept => "accepted: this table asks no more".to_owned(),
        Target::Drop => "dropped, silently".to_owned(),
        Target::Return => "back to where this chain was called from".to_owned(),
        Target::Reject(with) => format!("rejected {}", reject(*with)),
        Target::Jump(chain) if rule.goto => format!("to {chain}, not to come back here"),
        Target::Jump(chain) => format!("to {chain}"),
        Target::Mark { value, mask } => format!("mark {}", set_bits(*value, *mask)),
        Target::ConnmarkSet { value, mask } => {
            format!("the connection's mark {}", set_bits(*value, *mask))
        }
        Target::ConnmarkSave { .. } => "the mark is kept with the connection".to_owned(),
        Target::ConnmarkRestore { .. } => "takes over the connection's mark".to_owned(),
        Target::Dnat(range) => format!("destination becomes {}", nat(range)),
        Target::Snat(range) => format!("source becomes {}", nat(range)),
        Target::Masquerade { random, .. } => {
            let port = if *random { ", with a random port" } else { "" };
            format!("source becomes this node's address on the device it leaves by{port}")
        }
        Target::Redirect { ports, .. } => match ports {
            Some(ports) => format!("to this node itself, port {}", range(*ports)),
            None => "to this node itself".to_owned(),
        },
        Target::Netmap(net) => format!("the network part of the address becomes that of {net}"),
        Target::Log(LogKind::Log) => "logged".to_owned(),
        Target::Log(LogKind::Nflog) => "logged to a program (NFLOG)".to_owned(),
        Target::Log(LogKind::Trace) => "traced from here on".to_owned(),
        Target::Log(LogKind::Other) => "noted; goes on unchanged".to_owned(),
        Target::Tcpmss => "the largest TCP segment is limited".to_owned(),
        Target::Notrack => "not tracked, and so never translated".to_owned(),
        Target::Ct { zone } => match zone {
            Some(zone) => format!("tracked in zone {}", zone.id),
            None => "options of connection tracking are set".to_owned(),
        },
        Target::Tproxy { port, .. } => format!("handed to the transparent proxy on port {port}"),
        Target::Tos { value, mask } => format!("TOS 0x{value:02x} (mask 0x{mask:02x}) is set"),
        Target::Ttl { set: Some(ttl), .. } => format!("TTL becomes {ttl}"),
        Target::Ttl { change, .. } => format!("TTL changes by {change}"),
        Target::Set(sets) => format!(
            "its address is added to or taken out of set {}",
            sets.join(", ")
        ),
        Target::Queue => "a program decides (NFQUEUE)".to_owned(),
        Target::Unknown(name) => format!("{name}, which kubenet does not know"),
    }
}

/// `condition: action`.
pub fn rule(rule: &Rule) -> String {
    format!("{}: {}", condition(rule), action(rule))
}

pub(super) fn not(negate: bool) -> &'static str {
    if negate { "not " } else { "" }
}

/// A protocol's name.
pub(super) fn protocol(number: u8) -> String {
    let mut names = IP_PROTOCOL_NAMES.iter();
    let found = names.find(|(_, known)| *known == number);
    found.map_or_else(
        || format!("protocol {number}"),
        |(name, _)| (*name).to_owned(),
    )
}

/// `80`, `30000 to 32767`.
pub(super) fn range(ports: PortRange) -> String {
    if ports.first == ports.last {
        ports.first.to_string()
    } else {
        format!("{} to {}", ports.first, ports.last)
    }
}

/// A network; one address without its length.
pub(super) fn network(net: &Negatable<IpNet>) -> String {
    let outside = if net.negate { "outside " } else { "" };
    let whole = net.value.prefix_len() == net.value.max_prefix_len();
    match (whole, net.negate) {
        (true, false) => net.value.addr().to_string(),
        (true, true) => format!("others than {}", net.value.addr()),
        (false, _) => format!("{outside}{}", net.value),
    }
}

/// A device's name, or what it begins with.
pub(super) fn interface(device: &Negatable<Interface>) -> String {
    let name = &device.value.name;
    let name = if device.value.prefix {
        format!("{name}*")
    } else {
        name.to_string()
    };
    if device.negate {
        format!("others than {name}")
    } else {
        name
    }
}

fn set_bits(value: u32, mask: u32) -> String {
    match (value, mask) {
        (value, u32::MAX) => format!("becomes 0x{value:x}"),
        (value, 0) => format!("is flipped by 0x{value:x}"),
        (value, mask) if value == mask => format!("0x{value:x} is set"),
        (0, mask) => format!("0x{mask:x} is cleared"),
        (value, mask) => format!("0x{value:x} is set within 0x{mask:x}"),
    }
}

fn nat(to: &NatRange) -> String {
    let address = to.addresses.map(|(first, last)| {
        if first == last {
            first.to_string()
        } else {
            format!("one of {first} to {last}")
        }
    });
    match (address, to.ports) {
        (Some(address), Some(ports)) if address.contains(':') => {
            format!("[{address}]:{}", range(ports))
        }
        (Some(address), Some(ports)) => format!("{address}:{}", range(ports)),
        (Some(address), None) => address,
        (None, Some(ports)) => format!("port {}", range(ports)),
        (None, None) => "what it is".to_owned(),
    }
}

fn reject(with: RejectWith) -> String {
    match with {
        RejectWith::TcpReset => "with a TCP reset".to_owned(),
        other => format!("with {}", debug_words(&format!("{other:?}"))),
    }
}

/// `PortUnreachable` → `port unreachable`.
fn debug_words(name: &str) -> String {
    let mut words = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.extend(letter.to_lowercase());
    }
    words
}
