//! One iptables rule: what it asks of a packet and what it does with it (iptables(8), iptables-extensions(8)).

use std::net::IpAddr;

use ipnet::IpNet;

use crate::model::{Mac, RejectWith};

/// A condition that `!` may invert.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Negatable<T> {
    /// Whether `!` stood before it.
    pub negate: bool,
    /// What is asked.
    pub value: T,
}

/// An inclusive range of ports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PortRange {
    /// First.
    pub first: u16,
    /// Last.
    pub last: u16,
}

/// An interface name, or the beginning of one (`eth+`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interface {
    /// The name without the `+`.
    pub name: Box<str>,
    /// Whether any name that begins so will do.
    pub prefix: bool,
}

/// Packets and bytes that matched, `[packets:bytes]` of `iptables-save -c`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counters {
    /// Packets.
    pub packets: u64,
    /// Bytes.
    pub bytes: u64,
}

/// A rule of a chain.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// Its position in the chain, from 1.
    pub number: u32,
    /// Its line in the dump, from 1; 0 when it was read from the kernel.
    pub line: u32,
    /// `[packets:bytes]`, when the dump has counters.
    pub counters: Option<Counters>,
    /// `-s`.
    pub source: Option<Negatable<IpNet>>,
    /// `-d`.
    pub destination: Option<Negatable<IpNet>>,
    /// `-i`.
    pub in_interface: Option<Negatable<Interface>>,
    /// `-o`.
    pub out_interface: Option<Negatable<Interface>>,
    /// `-p`, as a protocol number; 0 (all) is `None`.
    pub protocol: Option<Negatable<u8>>,
    /// `-f`: second and further fragments.
    pub fragment: Option<bool>,
    /// Its matches, in order; comments left out.
    pub matches: Vec<Match>,
    /// What it does.
    pub target: Target,
    /// Whether `-g` instead of `-j` led to the chain of [`Target::Jump`].
    pub goto: bool,
}

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
        /// `--set`, else `--rcheck`, `--update` or `--remove`.
        set: bool,
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

/// A range of addresses and ports to translate to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NatRange {
    /// First and last address; `None` keeps the address.
    pub addresses: Option<(IpAddr, IpAddr)>,
    /// First and last port; `None` keeps the port where it can.
    pub ports: Option<PortRange>,
    /// `--random` or `--random-fully`: the port is chosen at random.
    pub random: bool,
    /// `--persistent`.
    pub persistent: bool,
}

/// Which of the targets that only report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogKind {
    /// LOG.
    Log,
    /// NFLOG.
    Nflog,
    /// TRACE.
    Trace,
    /// Others that change nothing: AUDIT, CHECKSUM, CLASSIFY, LED, RATEEST, IDLETIMER, SECMARK, CONNSECMARK, ...
    Other,
}

/// What a rule does with a packet that meets it.
#[derive(Debug, Clone, PartialEq)]
pub enum Target {
    /// No `-j`: it only counts.
    None,
    /// ACCEPT.
    Accept,
    /// DROP.
    Drop,
    /// RETURN.
    Return,
    /// REJECT.
    Reject(RejectWith),
    /// A user chain.
    Jump(Box<str>),
    /// MARK: `mark = (mark & !mask) ^ value`.
    Mark {
        /// Bits set or flipped.
        value: u32,
        /// Bits cleared first.
        mask: u32,
    },
    /// CONNMARK --set-xmark: `ctmark = (ctmark & !mask) ^ value`.
    ConnmarkSet {
        /// Bits set or flipped.
        value: u32,
        /// Bits cleared first.
        mask: u32,
    },
    /// CONNMARK --save-mark: `ctmark = (ctmark & !ctmask) ^ (mark & nfmask)`.
    ConnmarkSave {
        /// `--nfmask`.
        nfmask: u32,
        /// `--ctmask`.
        ctmask: u32,
    },
    /// CONNMARK --restore-mark: `mark = (mark & !nfmask) ^ (ctmark & ctmask)`.
    ConnmarkRestore {
        /// `--nfmask`.
        nfmask: u32,
        /// `--ctmask`.
        ctmask: u32,
    },
    /// DNAT.
    Dnat(NatRange),
    /// SNAT.
    Snat(NatRange),
    /// MASQUERADE.
    Masquerade {
        /// `--to-ports`.
        ports: Option<PortRange>,
        /// `--random`, `--random-fully`.
        random: bool,
    },
    /// REDIRECT.
    Redirect {
        /// `--to-ports`.
        ports: Option<PortRange>,
        /// `--random`.
        random: bool,
    },
    /// NETMAP.
    Netmap(IpNet),
    /// Targets that let the packet go on unchanged.
    Log(LogKind),
    /// TCPMSS: changes an option of SYN packets.
    Tcpmss,
    /// CT --notrack, NOTRACK.
    Notrack,
    /// CT with a zone, helper, event mask, ...
    Ct {
        /// `--zone`, `--zone-orig`, `--zone-reply`.
        zone: Option<u16>,
    },
    /// TPROXY: `--on-ip`, `--on-port`, `--tproxy-mark VALUE/MASK`.
    Tproxy {
        /// Where to, when not the device's own address.
        ip: Option<IpAddr>,
        /// Port; 0 keeps it.
        port: u16,
        /// `mark = (mark & !mask) ^ value`.
        mark: (u32, u32),
    },
    /// TOS, DSCP: `tos = (tos & !mask) ^ value`.
    Tos {
        /// Bits set or flipped.
        value: u8,
        /// Bits cleared first.
        mask: u8,
    },
    /// TTL, HL: set to, or changed by.
    Ttl {
        /// `--ttl-set`.
        set: Option<u8>,
        /// `--ttl-inc` (positive), `--ttl-dec` (negative).
        change: i16,
    },
    /// SET: adds to or deletes from a set; the packet goes on.
    Set,
    /// NFQUEUE, QUEUE: a program decides.
    Queue,
    /// Any other, by name: what it does is not known.
    Unknown(Box<str>),
}
