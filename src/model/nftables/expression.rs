//! What a rule looks at: fields of headers, what the kernel knows of a packet, and what is computed of these.

use super::datatype::Datatype;
use super::set::{DataTypes, Interval, SetRef};

/// An expression that has a value for a packet.
#[derive(Debug, Clone, PartialEq)]
pub enum Expression {
    /// A constant, or an interval of them.
    Constant(Datatype, Interval),
    /// A field of a header by name: `ip saddr`, `tcp dport`, `th dport`.
    Payload {
        /// `ip`, `ip6`, `tcp`, `th`, ...
        protocol: Box<str>,
        /// `saddr`, `dport`, ...
        field: Box<str>,
    },
    /// `meta KEY`.
    Meta(Box<str>),
    /// `ct [DIRECTION] [FAMILY] KEY`.
    Ct {
        /// `state`, `mark`, `saddr`, ...
        key: Box<str>,
        /// `original` or `reply`.
        direction: Option<Box<str>>,
        /// `ip` or `ip6`, where an address could be of either.
        family: Option<Box<str>>,
    },
    /// `fib FLAGS RESULT`: what a lookup in the routing tables says of an address.
    Fib {
        /// `type`, `oif` or `oifname`.
        result: Box<str>,
        /// `saddr` or `daddr`, with `mark`, `iif`, `oif`.
        flags: Vec<Box<str>>,
    },
    /// `numgen random|inc mod N offset O`.
    Numgen {
        /// At random; else in turn.
        random: bool,
        /// How many numbers there are.
        modulus: u32,
        /// The first of them.
        offset: u32,
    },
    /// `jhash EXPRESSION mod N seed S offset O`.
    Jhash {
        /// What is hashed.
        key: Box<Expression>,
        /// How many numbers there are.
        modulus: u32,
        /// Without one the kernel took one at random.
        seed: Option<u32>,
        /// The first number.
        offset: u32,
    },
    /// `symhash mod N offset O`: of the flow, with a secret of the kernel's.
    Symhash {
        /// How many numbers there are.
        modulus: u32,
        /// The first of them.
        offset: u32,
    },
    /// Arithmetic on bits.
    Binary {
        /// Which.
        operation: BinaryOperation,
        /// On the left.
        left: Box<Expression>,
        /// On the right.
        right: Box<Expression>,
    },
    /// `A . B`.
    Concat(Vec<Expression>),
    /// `KEY map SET`: what the set has for the key.
    Map {
        /// What is looked up.
        key: Box<Expression>,
        /// Where.
        set: SetRef,
    },
    /// Anything else, with its name and text.
    Other {
        /// `tcp option`, `socket`, `rt`, ...
        name: Box<str>,
        /// As it was read.
        text: Box<str>,
        /// What its values are.
        datatype: Datatype,
    },
}

/// An operation on bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BinaryOperation {
    /// `&`.
    And,
    /// `|`.
    Or,
    /// `^`.
    Xor,
    /// `<<`.
    ShiftLeft,
    /// `>>`.
    ShiftRight,
}

impl BinaryOperation {
    /// Operations with their signs.
    pub const SIGNS: [(&'static str, Self); 5] = [
        ("&", Self::And),
        ("|", Self::Or),
        ("^", Self::Xor),
        ("<<", Self::ShiftLeft),
        (">>", Self::ShiftRight),
    ];

    /// What comes out.
    pub fn apply(self, left: u128, right: u128) -> u128 {
        let shift = u32::try_from(right).unwrap_or(u32::MAX);
        match self {
            Self::And => left & right,
            Self::Or => left | right,
            Self::Xor => left ^ right,
            Self::ShiftLeft => left.checked_shl(shift).unwrap_or(0),
            Self::ShiftRight => left.checked_shr(shift).unwrap_or(0),
        }
    }
}

impl Expression {
    /// The types of the values it has: one, or one for each part of a concatenation. `named` tells those of a named map.
    pub fn datatypes(&self, named: &dyn Fn(&str) -> Vec<Datatype>) -> Vec<Datatype> {
        match self {
            Self::Constant(datatype, _) | Self::Other { datatype, .. } => vec![*datatype],
            Self::Payload { protocol, field } => vec![payload(protocol, field)],
            Self::Meta(key) => vec![meta(key)],
            Self::Ct { key, family, .. } => vec![ct(key, family.as_deref())],
            Self::Fib { result, .. } => vec![match &**result {
                "type" => Datatype::AddressType,
                "oif" => Datatype::Device,
                _ => Datatype::DeviceName,
            }],
            Self::Numgen { .. } | Self::Jhash { .. } | Self::Symhash { .. } => {
                vec![Datatype::Integer]
            }
            Self::Binary { left, .. } => left.datatypes(named),
            Self::Concat(parts) => parts
                .iter()
                .flat_map(|part| part.datatypes(named))
                .collect(),
            Self::Map { set, .. } => match set {
                SetRef::Named(name) => named(name),
                SetRef::Anonymous(set) => match &set.data {
                    Some(DataTypes::Values(types)) => types.clone(),
                    _ => vec![Datatype::Unknown],
                },
            },
        }
    }

    /// Whether it, or a part of it, asks connection tracking; of what is not known that is supposed.
    pub fn asks_conntrack(&self) -> bool {
        match self {
            Self::Ct { .. } | Self::Other { .. } => true,
            Self::Constant(..)
            | Self::Payload { .. }
            | Self::Meta(_)
            | Self::Fib { .. }
            | Self::Numgen { .. }
            | Self::Symhash { .. } => false,
            Self::Jhash { key, .. } | Self::Map { key, .. } => key.asks_conntrack(),
            Self::Binary { left, right, .. } => left.asks_conntrack() || right.asks_conntrack(),
            Self::Concat(parts) => parts.iter().any(Self::asks_conntrack),
        }
    }

    /// Its one type.
    pub fn datatype(&self) -> Datatype {
        self.datatypes(&|_| vec![Datatype::Unknown])
            .first()
            .copied()
            .unwrap_or(Datatype::Unknown)
    }
}

/// Types of header fields (nftables, src/proto.c).
fn payload(protocol: &str, field: &str) -> Datatype {
    match (protocol, field) {
        ("ip", "saddr" | "daddr") | ("arp", "saddr ip" | "daddr ip") | ("icmp", "gateway") => {
            Datatype::Ipv4
        }
        ("ip6", "saddr" | "daddr") | ("icmpv6", "taddr" | "daddr") => Datatype::Ipv6,
        ("ip", "protocol") | ("ip6" | "ah" | "comp", "nexthdr") => Datatype::Protocol,
        ("ip" | "ip6", "dscp") => Datatype::Dscp,
        ("ip" | "ip6", "ecn") => Datatype::Ecn,
        ("tcp", "flags") => Datatype::TcpFlags,
        (_, "sport" | "dport") => Datatype::Service,
        ("icmp", "type") => Datatype::IcmpType,
        ("icmp", "code") => Datatype::IcmpCode,
        ("icmpv6", "type") => Datatype::Icmpv6Type,
        ("icmpv6", "code") => Datatype::Icmpv6Code,
        ("ether", "saddr" | "daddr") | ("arp", "saddr ether" | "daddr ether") => Datatype::Ether,
        ("ether" | "vlan", "type") | ("arp", "ptype") => Datatype::EtherType,
        _ => Datatype::Integer,
    }
}

fn meta(key: &str) -> Datatype {
    match key {
        "mark" | "rtclassid" => Datatype::Mark,
        "iif" | "oif" | "sdif" => Datatype::Device,
        "iifname" | "oifname" | "ibrname" | "obrname" | "sdifname" | "ibriport" | "obriport"
        | "iifkind" | "oifkind" => Datatype::DeviceName,
        "iiftype" | "oiftype" => Datatype::DeviceType,
        "l4proto" => Datatype::Protocol,
        "nfproto" => Datatype::Family,
        "protocol" | "ibrvproto" => Datatype::EtherType,
        "pkttype" => Datatype::PacketType,
        "day" | "hour" | "time" => Datatype::Unknown,
        "priority" => Datatype::Unknown,
        "ipsec" | "secpath" => Datatype::Presence,
        _ => Datatype::Integer,
    }
}

fn ct(key: &str, family: Option<&str>) -> Datatype {
    match (key, family) {
        ("state", _) => Datatype::CtState,
        ("status", _) => Datatype::CtStatus,
        ("direction", _) => Datatype::CtDirection,
        ("mark", _) => Datatype::Mark,
        ("helper", _) => Datatype::Text,
        ("protocol", _) => Datatype::Protocol,
        ("l3proto", _) => Datatype::Family,
        ("proto-src" | "proto-dst", _) => Datatype::Service,
        ("saddr" | "daddr", Some("ip")) | ("ip saddr" | "ip daddr", _) => Datatype::Ipv4,
        ("saddr" | "daddr", Some("ip6")) | ("ip6 saddr" | "ip6 daddr", _) => Datatype::Ipv6,
        ("saddr" | "daddr" | "label" | "expiration", _) => Datatype::Unknown,
        _ => Datatype::Integer,
    }
}
