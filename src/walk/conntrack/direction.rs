//! The tuple of one direction (`struct nf_conntrack_tuple`), and which half of it a translation rewrites
//! (`enum nf_nat_manip_type`).

use std::net::IpAddr;

use crate::model::{Protocol, Tuple};
use crate::walk::packet::{Packet, Port};

/// One direction of a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::walk) struct Direction {
    pub protocol: Protocol,
    pub source: IpAddr,
    pub source_port: Port,
    pub destination: IpAddr,
    pub destination_port: Port,
}

impl Direction {
    pub fn of(packet: &Packet) -> Self {
        Self {
            protocol: packet.protocol,
            source: packet.source,
            source_port: packet.source_port,
            destination: packet.destination,
            destination_port: packet.destination_port,
        }
    }

    pub fn inverse(&self) -> Self {
        Self {
            protocol: self.protocol,
            source: self.destination,
            source_port: self.destination_port,
            destination: self.source,
            destination_port: self.source_port,
        }
    }

    /// One as a table has it. The identifier of an ICMP echo is the same in both directions, so it stands for both ports.
    pub(super) fn read(tuple: &Tuple) -> Self {
        let destination_port = match tuple.protocol {
            Protocol::Icmp => tuple.source_port,
            _ => tuple.destination_port,
        };
        Self {
            protocol: tuple.protocol,
            source: tuple.source,
            source_port: Port::known(tuple.source_port),
            destination: tuple.destination,
            destination_port: Port::known(destination_port),
        }
    }

    /// Whether a table has it under this tuple: that needs ports which are known.
    pub(super) fn is(&self, tuple: &Tuple) -> bool {
        (self.source, self.destination) == (tuple.source, tuple.destination)
            && *self == Self::read(tuple)
            && (self.protocol != Protocol::Icmp
                || matches!(tuple.destination_port >> 8, 0 | 8 | 128 | 129))
    }
}

/// Which half of a packet a translation rewrites.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::walk) enum Manipulation {
    /// NF_NAT_MANIP_SRC.
    Source,
    /// NF_NAT_MANIP_DST.
    Destination,
}
