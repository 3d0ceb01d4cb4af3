//! What rules do with packets, one variant for each target (iptables-extensions(8), TARGET EXTENSIONS).

use std::net::IpAddr;

use ipnet::IpNet;

use super::rule::PortRange;
use crate::model::RejectWith;

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

/// A zone of connection tracking, and the directions that it is for; the other has zone 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Zone {
    /// Its number.
    pub id: u16,
    /// Which directions.
    pub of: ZoneDirections,
}

/// The directions of connections that a zone is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ZoneDirections {
    /// `--zone`.
    Both,
    /// `--zone-orig`.
    Original,
    /// `--zone-reply`.
    Reply,
}

impl Zone {
    /// That of connections for which no rule says another.
    pub const DEFAULT: Self = Self {
        id: 0,
        of: ZoneDirections::Both,
    };

    /// The zone of packets in the direction of a connection's first one.
    pub fn original(self) -> u16 {
        match self.of {
            ZoneDirections::Both | ZoneDirections::Original => self.id,
            ZoneDirections::Reply => 0,
        }
    }

    /// The zone of packets that answer.
    pub fn reply(self) -> u16 {
        match self.of {
            ZoneDirections::Both | ZoneDirections::Reply => self.id,
            ZoneDirections::Original => 0,
        }
    }
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
    /// Others that change nothing which decides a packet's way: AUDIT, CHECKSUM, CLASSIFY, CONNSECMARK, ECN, IDLETIMER,
    /// LED, RATEEST, SECMARK, TCPOPTSTRIP, and TEE, which sends a copy elsewhere.
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
        zone: Option<Zone>,
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
    /// SET: adds to or deletes from these sets; the packet goes on.
    Set(Box<[Box<str>]>),
    /// NFQUEUE, QUEUE: a program decides.
    Queue,
    /// Any other, by name: what it does is not known.
    Unknown(Box<str>),
}
