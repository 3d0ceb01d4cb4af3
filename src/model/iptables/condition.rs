//! The conditions of a rule, one variant for each match module (iptables-extensions(8), MATCH EXTENSIONS).

use std::net::IpAddr;

use ipnet::IpNet;

use super::rule::{Interface, Negatable, PortRange};
use crate::model::Mac;

/// Address types of `-m addrtype`, as a bit set over RTN_*.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AddrType(pub u16);

impl AddrType {
    /// The bits, in the order of their names below.
    pub const NAMES: [(&'static str, u16); 12] = [
        ("UNSPEC", 1 << 0),
        ("UNICAST", 1 << 1),
        ("LOCAL", 1 << 2),
        ("BROADCAST", 1 << 3),
        ("ANYCAST", 1 << 4),
        ("MULTICAST", 1 << 5),
        ("BLACKHOLE", 1 << 6),
        ("UNREACHABLE", 1 << 7),
        ("PROHIBIT", 1 << 8),
        ("THROW", 1 << 9),
        ("NAT", 1 << 10),
        ("XRESOLVE", 1 << 11),
    ];
}

/// Which port `-m multiport` looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MultiportSide {
    /// `--sports`.
    Source,
    /// `--dports`.
    Destination,
    /// `--ports`: either.
    Either,
}

/// One dimension's direction in `--match-set NAME src,dst`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SetDirection {
    /// `src`.
    Source,
    /// `dst`.
    Destination,
}

/// What `-m recent` does with its list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecentAction {
    /// `--set`: adds the address, and holds.
    Set,
    /// `--rcheck`: asks for it.
    Check,
    /// `--update`: asks for it, and notes that it was seen again.
    Update,
    /// `--remove`: asks for it, and takes it out.
    Remove,
}

/// The conditions of one `-m conntrack` (or `-m state`); all must hold, each with its own negation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ConntrackMatch {
    /// `--ctstate` (negate, bits of [`ConntrackMatch::STATES`]).
    pub states: Option<(bool, u8)>,
    /// `--ctstatus` (negate, bits of [`ConntrackMatch::STATUS`]).
    pub status: Option<(bool, u8)>,
    /// `--ctproto`, by number.
    pub protocol: Option<Negatable<u8>>,
    /// `--ctorigsrc`.
    pub original_source: Option<Negatable<IpNet>>,
    /// `--ctorigdst`.
    pub original_destination: Option<Negatable<IpNet>>,
    /// `--ctreplsrc`.
    pub reply_source: Option<Negatable<IpNet>>,
    /// `--ctrepldst`.
    pub reply_destination: Option<Negatable<IpNet>>,
    /// `--ctorigsrcport`.
    pub original_source_port: Option<Negatable<PortRange>>,
    /// `--ctorigdstport`.
    pub original_destination_port: Option<Negatable<PortRange>>,
    /// `--ctreplsrcport`.
    pub reply_source_port: Option<Negatable<PortRange>>,
    /// `--ctrepldstport`.
    pub reply_destination_port: Option<Negatable<PortRange>>,
    /// `--ctdir`: true is ORIGINAL.
    pub original_direction: Option<bool>,
    /// `--ctexpire` was given: seconds left, which a prediction cannot know.
    pub expire: bool,
}

impl ConntrackMatch {
    /// Bits of `--ctstate`. SNAT and DNAT are status bits that may stand among the states.
    pub const STATES: [(&'static str, u8); 7] = [
        ("INVALID", 1 << 0),
        ("NEW", 1 << 1),
        ("ESTABLISHED", 1 << 2),
        ("RELATED", 1 << 3),
        ("UNTRACKED", 1 << 4),
        ("SNAT", 1 << 5),
        ("DNAT", 1 << 6),
    ];
    /// Bits of `--ctstatus`.
    pub const STATUS: [(&'static str, u8); 5] = [
        ("NONE", 1 << 0),
        ("EXPECTED", 1 << 1),
        ("SEEN_REPLY", 1 << 2),
        ("ASSURED", 1 << 3),
        ("CONFIRMED", 1 << 4),
    ];
}

/// A condition of a rule.
#[derive(Debug, Clone, PartialEq)]
pub enum Match {
    /// `-m tcp|udp|sctp|dccp|udplite --sport --dport`; does not hold for other protocols.
    Ports {
        /// `--sport`.
        source: Option<Negatable<PortRange>>,
        /// `--dport`.
        destination: Option<Negatable<PortRange>>,
    },
    /// `--tcp-flags MASK COMP`, `--syn`: bits FIN 1, SYN 2, RST 4, PSH 8, ACK 16, URG 32.
    TcpFlags {
        /// Inverted?
        negate: bool,
        /// Flags looked at.
        mask: u8,
        /// Those which must be set.
        set: u8,
    },
    /// `--icmp-type`, `--icmpv6-type`; type 255 is `any`.
    IcmpType {
        /// Inverted?
        negate: bool,
        /// The type.
        kind: u8,
        /// The codes.
        codes: (u8, u8),
    },
    /// `-m multiport`.
    Multiport {
        /// Inverted?
        negate: bool,
        /// Which port.
        side: MultiportSide,
        /// The ranges.
        ranges: Box<[PortRange]>,
    },
    /// `-m mark --mark VALUE/MASK`: `(mark & mask) == value`.
    Mark {
        /// Inverted?
        negate: bool,
        /// The value.
        value: u32,
        /// The mask.
        mask: u32,
    },
    /// `-m connmark --mark VALUE/MASK`.
    Connmark {
        /// Inverted?
        negate: bool,
        /// The value.
        value: u32,
        /// The mask.
        mask: u32,
    },
    /// `-m conntrack`, `-m state`.
    Conntrack(Box<ConntrackMatch>),
    /// `-m addrtype`.
    Addrtype {
        /// `--src-type`.
        source: Option<Negatable<AddrType>>,
        /// `--dst-type`.
        destination: Option<Negatable<AddrType>>,
        /// `--limit-iface-in`.
        limit_iface_in: bool,
        /// `--limit-iface-out`.
        limit_iface_out: bool,
    },
    /// `-m set --match-set NAME DIRECTIONS`.
    Set {
        /// Inverted?
        negate: bool,
        /// The set's name.
        name: Box<str>,
        /// One for each dimension.
        directions: Box<[SetDirection]>,
        /// `--return-nomatch` or a counter condition was given, which this walk does not model.
        extra: bool,
    },
    /// `-m statistic --mode random --probability`: as the kernel holds it, of 2^31.
    Random {
        /// Inverted?
        negate: bool,
        /// Probability times 2^31, from 0 to 2^31.
        probability: u32,
    },
    /// `-m statistic --mode nth --every EVERY --packet PACKET`.
    Nth {
        /// Inverted?
        negate: bool,
        /// One packet in this many.
        every: u32,
        /// The counter's start.
        packet: u32,
    },
    /// `-m physdev`.
    Physdev {
        /// `--physdev-in`.
        in_device: Option<Negatable<Interface>>,
        /// `--physdev-out`.
        out_device: Option<Negatable<Interface>>,
        /// `--physdev-is-in`; `Some(true)` when inverted.
        is_in: Option<bool>,
        /// `--physdev-is-out`; `Some(true)` when inverted.
        is_out: Option<bool>,
        /// `--physdev-is-bridged`; `Some(true)` when inverted.
        is_bridged: Option<bool>,
    },
    /// `-m recent`: `--set` holds always; the others depend on a list kept by the kernel.
    Recent {
        /// Inverted?
        negate: bool,
        /// The list.
        name: Box<str>,
        /// What is done with the list.
        action: RecentAction,
        /// `--rsource`, else `--rdest`.
        by_source: bool,
        /// `--seconds`.
        seconds: Option<u32>,
        /// `--hitcount`.
        hitcount: Option<u32>,
    },
    /// `-m mac --mac-source`.
    MacSource(Negatable<Mac>),
    /// `-m owner`.
    Owner {
        /// `--uid-owner`: inclusive range.
        uid: Option<(bool, u32, u32)>,
        /// `--gid-owner`: inclusive range.
        gid: Option<(bool, u32, u32)>,
        /// `--socket-exists`; `Some(true)` when inverted.
        socket_exists: Option<bool>,
    },
    /// `-m iprange`.
    Iprange {
        /// `--src-range`.
        source: Option<Negatable<(IpAddr, IpAddr)>>,
        /// `--dst-range`.
        destination: Option<Negatable<(IpAddr, IpAddr)>>,
    },
    /// `-m length --length FIRST:LAST`: bytes of the whole IP packet.
    Length {
        /// Inverted?
        negate: bool,
        /// Least.
        first: u32,
        /// Most.
        last: u32,
    },
    /// `-m ttl`, `-m hl`: inclusive range of what holds (`--ttl-lt 5` is 0 to 4).
    Ttl {
        /// Inverted?
        negate: bool,
        /// Least.
        first: u8,
        /// Most.
        last: u8,
    },
    /// `-m tos`, `-m dscp`: `(tos & mask) == value`, on the whole TOS byte.
    Tos {
        /// Inverted?
        negate: bool,
        /// The value.
        value: u8,
        /// The mask.
        mask: u8,
    },
    /// `-m pkttype --pkt-type`: 0 unicast, 1 broadcast, 2 multicast.
    Pkttype {
        /// Inverted?
        negate: bool,
        /// The type.
        kind: u8,
    },
    /// `-m rpfilter`.
    Rpfilter {
        /// `--invert`.
        invert: bool,
        /// `--loose`.
        loose: bool,
        /// `--validmark`.
        valid_mark: bool,
        /// `--accept-local`.
        accept_local: bool,
    },
    /// A match that always holds and only counts (nfacct without limits).
    Counting,
    /// Anything whose answer cannot be known from a dump (`limit`, `hashlimit`, `socket`, `u32`, `bpf`, `string`,
    /// `cgroup`, `time`, ...) or that this parser does not know.
    Unknowable {
        /// The module's name, as after `-m`.
        module: Box<str>,
        /// Why not, as the end of "cannot be known: ...".
        why: &'static str,
    },
}
