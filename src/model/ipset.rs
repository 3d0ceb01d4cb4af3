//! ipsets (`ipset save`).

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::{Mac, Protocol};

/// A set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IpSet {
    /// Its name.
    pub name: String,
    /// `hash:ip,port` and the like.
    pub kind: String,
    /// `hash:*` sets of IPv6 say `family inet6`.
    pub ipv6: bool,
    /// Its elements.
    pub elements: Vec<SetElement>,
}

/// An element: one part for each dimension of the set's type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetElement {
    /// The parts, in the order of the set's type.
    pub parts: Vec<SetPart>,
    /// `nomatch`: an exception.
    pub nomatch: bool,
    /// The line as it was read.
    pub raw: String,
}

/// One dimension of an element.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum SetPart {
    /// An address or prefix.
    Net(IpNet),
    /// A range of IPv4 addresses (bitmap:ip).
    Range(std::net::Ipv4Addr, std::net::Ipv4Addr),
    /// A range of ports; without a protocol in bitmap:port.
    Port {
        /// The protocol, where the set holds one.
        protocol: Option<Protocol>,
        /// First port.
        first: u16,
        /// Last port.
        last: u16,
    },
    /// An Ethernet address.
    Mac(Mac),
    /// A device; `physdev:` prefix means the bridge port.
    Interface(String),
    /// A mark (hash:ip,mark).
    Mark(u32),
    /// Another set (list:set).
    Set(String),
}
