//! What ICMP errors become for the program whose packet met one (net/ipv4/icmp.c `icmp_err_convert`, net/ipv4/udp.c
//! `__udp4_lib_err`, net/ipv4/tcp_ipv4.c `tcp_v4_err`, net/ipv6/icmp.c `icmpv6_err_convert`).
//!
//! A connection that TCP is making fails with any of them. A UDP socket is told only of those that the kernel takes for
//! final; after an unreachable network or host it goes on waiting.

use super::packet::Packet;
use crate::model::trace::ClientSees;
use crate::model::{Family, Protocol};

/// An ICMP or ICMPv6 error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum IcmpError {
    /// ICMP_NET_UNREACH; ICMPv6 has "no route".
    NetUnreachable,
    /// ICMP_HOST_UNREACH; ICMPv6 has "address unreachable".
    HostUnreachable,
    /// ICMP_PROT_UNREACH.
    ProtocolUnreachable,
    /// ICMP_PORT_UNREACH.
    PortUnreachable,
    /// ICMP_NET_ANO.
    NetProhibited,
    /// ICMP_HOST_ANO.
    HostProhibited,
    /// ICMP_PKT_FILTERED; ICMPv6 has "administratively prohibited".
    AdminProhibited,
    /// ICMPV6_POLICY_FAIL.
    PolicyFail,
    /// ICMPV6_REJECT_ROUTE.
    RejectRoute,
    /// ICMP_TIME_EXCEEDED.
    TimeExceeded,
    /// ICMP_FRAG_NEEDED; ICMPv6 has "packet too big". With the largest packet that passes, in bytes.
    TooBig { mtu: u32 },
}

impl IcmpError {
    /// How the sender of `packet` learns of it.
    pub fn seen_by_sender(self, packet: &Packet) -> ClientSees {
        let family = packet.family();
        if packet.protocol == Protocol::Udp && !self.is_final() {
            return ClientSees::Timeout;
        }
        match self {
            Self::TooBig { .. } => ClientSees::TooBig,
            Self::ProtocolUnreachable | Self::PortUnreachable => ClientSees::Refused,
            // EACCES in IPv6; IPv4 has EHOSTUNREACH for all of them.
            Self::AdminProhibited | Self::PolicyFail | Self::RejectRoute
                if family == Family::V6 =>
            {
                ClientSees::Prohibited
            }
            _ => ClientSees::Unreachable,
        }
    }

    /// `fatal` in the kernel's tables.
    fn is_final(self) -> bool {
        !matches!(
            self,
            Self::NetUnreachable | Self::HostUnreachable | Self::TimeExceeded
        )
    }

    /// Its type and code. What a family does not have is never sent in it.
    pub fn type_and_code(self, family: Family) -> (u8, u8) {
        match family {
            Family::V4 => match self {
                Self::NetUnreachable => (3, 0),
                Self::HostUnreachable => (3, 1),
                Self::ProtocolUnreachable => (3, 2),
                Self::PortUnreachable => (3, 3),
                Self::TooBig { .. } => (3, 4),
                Self::NetProhibited => (3, 9),
                Self::HostProhibited => (3, 10),
                Self::AdminProhibited | Self::PolicyFail | Self::RejectRoute => (3, 13),
                Self::TimeExceeded => (11, 0),
            },
            Family::V6 => match self {
                Self::NetUnreachable => (1, 0),
                Self::AdminProhibited | Self::NetProhibited | Self::HostProhibited => (1, 1),
                Self::HostUnreachable => (1, 3),
                Self::PortUnreachable | Self::ProtocolUnreachable => (1, 4),
                Self::PolicyFail => (1, 5),
                Self::RejectRoute => (1, 6),
                Self::TooBig { .. } => (2, 0),
                Self::TimeExceeded => (3, 0),
            },
        }
    }

    /// The one of a type and code, where these say it all.
    pub fn read(family: Family, found: (u8, u8)) -> Option<Self> {
        const ALL: [IcmpError; 10] = [
            IcmpError::NetUnreachable,
            IcmpError::HostUnreachable,
            IcmpError::ProtocolUnreachable,
            IcmpError::PortUnreachable,
            IcmpError::NetProhibited,
            IcmpError::HostProhibited,
            IcmpError::AdminProhibited,
            IcmpError::PolicyFail,
            IcmpError::RejectRoute,
            IcmpError::TimeExceeded,
        ];
        let mut all = ALL.into_iter();
        all.find(|error| error.type_and_code(family) == found)
    }

    /// Its name, for messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::NetUnreachable => "ICMP network unreachable",
            Self::HostUnreachable => "ICMP host unreachable",
            Self::ProtocolUnreachable => "ICMP protocol unreachable",
            Self::PortUnreachable => "ICMP port unreachable",
            Self::NetProhibited => "ICMP network prohibited",
            Self::HostProhibited => "ICMP host prohibited",
            Self::AdminProhibited => "ICMP administratively prohibited",
            Self::PolicyFail => "ICMPv6 source address failed policy",
            Self::RejectRoute => "ICMPv6 reject route to destination",
            Self::TimeExceeded => "ICMP time exceeded",
            Self::TooBig { .. } => "ICMP too big",
        }
    }
}
