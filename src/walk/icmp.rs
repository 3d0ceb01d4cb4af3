//! What the program that sent a packet sees of an ICMP error about it (net/ipv4/icmp.c `icmp_err_convert`,
//! net/ipv6/icmp.c `icmpv6_err_convert`, net/ipv4/tcp_ipv4.c, udp.c, and their IPv6 sisters).
//!
//! TCP gives up connecting at any of them. A connected UDP socket is told only of those that are taken to be lasting
//! (`fatal`), unless it asked for all with IP_RECVERR.

use super::packet::Packet;
use crate::model::trace::ClientSees;
use crate::model::{Family, Protocol};

/// An error that a router or the receiving host answers with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum IcmpError {
    /// Network or host unreachable, no route.
    Unreachable,
    /// Administratively prohibited, as routes of type `prohibit` answer.
    Prohibited,
    /// The TTL or hop limit was used up on the way.
    TimeExceeded,
    /// Fragmentation needed, packet too big.
    TooBig,
}

impl IcmpError {
    /// How the sender of `packet` learns of it.
    pub fn seen_by_sender(self, packet: &Packet) -> ClientSees {
        match (self, packet.family(), packet.protocol) {
            (Self::TooBig, _, _) => ClientSees::TooBig,
            (Self::Unreachable | Self::TimeExceeded, _, Protocol::Udp) => ClientSees::Timeout,
            (Self::Unreachable | Self::TimeExceeded, _, _) => ClientSees::Unreachable,
            // ICMP_PKT_FILTERED becomes EHOSTUNREACH, ICMPV6_ADM_PROHIBITED becomes EACCES.
            (Self::Prohibited, Family::V4, _) => ClientSees::Unreachable,
            (Self::Prohibited, Family::V6, _) => ClientSees::Prohibited,
        }
    }
}
