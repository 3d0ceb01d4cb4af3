//! The packet as it travels: headers, and what the kernel's `sk_buff` remembers beside them.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use super::conntrack::Direction;
use crate::model::iptables::Zone;
use crate::model::{Family, Mac, NetnsId, Protocol};

/// IPPROTO_IPIP: IPv4 in IP.
pub(super) const IPIP: Protocol = Protocol::Other(4);

/// Flags of TCP.
pub(super) const SYN: u8 = 0x02;
pub(super) const RST: u8 = 0x04;
pub(super) const PSH: u8 = 0x08;
pub(super) const ACK: u8 = 0x10;

/// A port, or the range it is known to lie in (an ephemeral source port, one chosen at random by masquerading).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Port {
    pub first: u16,
    pub last: u16,
}

impl Port {
    /// A port without a number: protocols that have none.
    pub const NONE: Self = Self { first: 0, last: 0 };
    /// `net.ipv4.ip_local_port_range`'s default.
    pub const EPHEMERAL: Self = Self {
        first: 32768,
        last: 60999,
    };
    /// What source translation chooses from at random (nf_nat_core.c, `nf_nat_l4proto_unique_tuple`): privileged ports
    /// stay privileged.
    pub fn at_random(current: Self) -> Self {
        let (first, last) = match current.last {
            ..512 => (1, 511),
            512..1024 => (600, 1023),
            _ => (1024, u16::MAX),
        };
        Self { first, last }
    }

    pub fn known(number: u16) -> Self {
        Self {
            first: number,
            last: number,
        }
    }

    pub fn number(self) -> Option<u16> {
        (self.first == self.last).then_some(self.first)
    }

    /// Whether it lies in an inclusive range; `None` when that depends on the port that will be chosen.
    pub fn within(self, first: u16, last: u16) -> Option<bool> {
        if first <= self.first && self.last <= last {
            Some(true)
        } else if self.last < first || last < self.first {
            Some(false)
        } else {
            None
        }
    }
}

/// What conntrack attached to the packet (`skb->_nfct`): an entry of this walk's table and the packet's direction in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tracked {
    /// Index into the walk's connections.
    pub connection: usize,
    /// The packet travels against the connection's first one.
    pub reply: bool,
    /// IP_CT_ESTABLISHED or IP_CT_ESTABLISHED_REPLY, else IP_CT_NEW.
    pub established: bool,
    /// IP_CT_RELATED or IP_CT_RELATED_REPLY: an error about the connection.
    pub related: bool,
}

impl Tracked {
    /// A connection's first packet; of an entry that is in no table.
    pub const NEW: Self = Self {
        connection: usize::MAX,
        reply: false,
        established: false,
        related: false,
    };
}

/// Connection tracking's view of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tracking {
    /// Not looked at yet.
    NotYet,
    /// Belongs to a connection.
    Tracked(Tracked),
    /// Fits no connection and cannot start one.
    Invalid,
    /// NOTRACK.
    Untracked,
    /// It answers what was not tracked: it is looked up, but no rule may say any more how (`nf_conntrack_attach` leaves the
    /// state of an entry without the entry).
    Attached,
}

/// What an outer packet carries.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Wrapped {
    /// The network of a vxlan frame; an IP-in-IP packet has none.
    pub vni: Option<u32>,
    pub packet: Packet,
}

/// The packet.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Packet {
    pub protocol: Protocol,
    pub source: IpAddr,
    pub destination: IpAddr,
    pub source_port: Port,
    pub destination_port: Port,
    /// FIN 1, SYN 2, RST 4, PSH 8, ACK 16, URG 32.
    pub tcp_flags: u8,
    /// ICMP type and code.
    pub icmp: (u8, u8),
    pub ttl: u8,
    pub tos: u8,
    /// Bytes, from the IP header on.
    pub size: u32,
    /// The DF bit; IPv6 packets are never fragmented on the way.
    pub dont_fragment: bool,
    /// Conntrack put it together on a bridge, where nobody remembers how large its pieces were: it is cut anew to what fits.
    pub reassembled: bool,
    pub mark: u32,
    pub tracking: Tracking,
    /// What a CT rule laid down for its tracking, until then.
    pub template: Option<Zone>,
    /// Source and destination of the frame it is in, where it is in one.
    pub source_mac: Option<Mac>,
    pub destination_mac: Option<Mac>,
    /// The namespace in which a socket made it, while it is still there.
    pub socket: Option<NetnsId>,
    /// The device by which this host's IP took it in (`IP6CB(skb)->iif`); `None` of what was made here or stays on a bridge.
    pub arrived_by: Option<String>,
    /// The bridge port it came in by, while a bridge has it (`physindev`).
    pub bridge_port_in: Option<String>,
    /// The bridge port it is about to leave by (`physoutdev`).
    pub bridge_port_out: Option<String>,
    /// IPVS has had it on this host, and does not look at it again.
    pub ipvs_property: bool,
    /// What an ICMP error is about: the packet that it answers, as it was there.
    pub about: Option<Direction>,
    /// Whom the route it is sent by leads to: a tunnel without a far end of its own sends it there.
    pub next_hop: Option<IpAddr>,
    /// What a tunnel wrapped.
    pub inner: Option<Box<Wrapped>>,
}

impl Packet {
    /// A packet that nothing has looked at yet, as short as they come. Without a source it has the unspecified one.
    pub fn new(protocol: Protocol, source: Option<IpAddr>, destination: IpAddr) -> Self {
        let family = Family::of(destination);
        let unspecified = match family {
            Family::V4 => IpAddr::from([0; 4]),
            Family::V6 => IpAddr::from([0; 16]),
        };
        Self {
            protocol,
            source: source.unwrap_or(unspecified),
            destination,
            source_port: Port::NONE,
            destination_port: Port::NONE,
            tcp_flags: if protocol == Protocol::Tcp { SYN } else { 0 },
            icmp: match family {
                Family::V4 => (8, 0),
                Family::V6 => (128, 0),
            },
            ttl: 64,
            tos: 0,
            size: 60,
            dont_fragment: true,
            reassembled: false,
            mark: 0,
            tracking: Tracking::NotYet,
            template: None,
            source_mac: None,
            destination_mac: None,
            socket: None,
            arrived_by: None,
            bridge_port_in: None,
            bridge_port_out: None,
            ipvs_property: false,
            about: None,
            next_hop: None,
            inner: None,
        }
    }

    pub fn family(&self) -> Family {
        Family::of(self.destination)
    }

    /// The answer that a receiver of this packet sends: a SYN/ACK or an ACK, a datagram back, an echo reply.
    pub fn answer(&self) -> Self {
        let mut answer = Self {
            source: self.destination,
            destination: self.source,
            source_port: self.destination_port,
            destination_port: self.source_port,
            tcp_flags: match self.tcp_flags & ACK {
                0 => SYN | ACK,
                _ => ACK,
            },
            icmp: match self.family() {
                Family::V4 => (0, 0),
                Family::V6 => (129, 0),
            },
            ttl: 64,
            source_mac: None,
            destination_mac: None,
            about: None,
            inner: None,
            // An echo comes back with its own; what programs set on their sockets is not known.
            tos: if self.protocol == Protocol::Icmp {
                self.tos
            } else {
                0
            },
            ..self.clone()
        };
        answer.scrub(true);
        answer
    }

    /// Whether it is of neighbour discovery (RFC 4861).
    pub fn is_discovery(&self) -> bool {
        let of_icmpv6 = self.protocol == Protocol::Icmp && self.family() == Family::V6;
        of_icmpv6 && matches!(self.icmp.0, 133..=137)
    }

    /// Whether nothing is attached to it for connection tracking (`skb->_nfct` is 0), so that a rule may yet say how it is
    /// to be tracked: whatever came first holds. What fitted no connection comes in by lo so, too.
    pub fn is_unattached(&self) -> bool {
        matches!(self.tracking, Tracking::NotYet | Tracking::Invalid) && self.template.is_none()
    }

    /// Lays down what a CT rule says of its tracking.
    pub fn attach(&mut self, template: Zone) {
        self.tracking = Tracking::NotYet;
        self.template = Some(template);
    }

    /// As TCP, UDP and SCTP have it, which forget its connection (`nf_reset_ct`): what they answer is looked up anew.
    pub fn forgotten(&self) -> Self {
        Self {
            tracking: Tracking::NotYet,
            ..self.clone()
        }
    }

    /// What the kernel forgets when a packet changes device by a veth or tunnel (net/core/skbuff.c,
    /// `skb_scrub_packet`): its connection; when it changes namespace, its mark too and that IPVS had it.
    pub fn scrub(&mut self, changes_namespace: bool) {
        self.tracking = Tracking::NotYet;
        self.template = None;
        self.bridge_port_in = None;
        self.bridge_port_out = None;
        self.socket = None;
        self.arrived_by = None;
        self.reassembled = false;
        self.next_hop = None;
        if changes_namespace {
            self.mark = 0;
            self.ipvs_property = false;
        }
    }
}

fn end(ip: IpAddr, port: Port, has_ports: bool) -> String {
    match port.number().filter(|_| has_ports) {
        Some(number) => SocketAddr::new(ip, number).to_string(),
        None => ip.to_string(),
    }
}

impl fmt::Display for Packet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ports = self.protocol.has_ports();
        let source = end(self.source, self.source_port, ports);
        let destination = end(self.destination, self.destination_port, ports);
        write!(f, "{source} > {destination}/{}", self.protocol)
    }
}
