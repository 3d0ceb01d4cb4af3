//! The tables of a namespace, to say of which of them rows were lost.

use std::fmt;

use super::Family;

/// A table that a namespace holds. Displayed as a user calls it: `IPv4 routes`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Part {
    /// [`Netns::links`](super::Netns::links).
    Links,
    /// Settings of bridge ports and their VLANs, where [`Part::Links`] do not have them.
    BridgePorts,
    /// [`Netns::addresses`](super::Netns::addresses).
    Addresses,
    /// [`Netns::routes`](super::Netns::routes).
    Routes(Family),
    /// [`Netns::rules`](super::Netns::rules).
    Rules(Family),
    /// [`Netns::neighbors`](super::Netns::neighbors).
    Neighbors,
    /// [`Netns::fdb`](super::Netns::fdb).
    Fdb,
    /// [`Netns::sysctls`](super::Netns::sysctls).
    Sysctls,
    /// [`Netns::nftables`](super::Netns::nftables).
    NativeNft,
    /// [`Netns::ipsets`](super::Netns::ipsets).
    Ipsets,
    /// [`Netns::virtual_servers`](super::Netns::virtual_servers).
    VirtualServers,
    /// [`Netns::ipvs_connections`](super::Netns::ipvs_connections).
    IpvsConnections,
    /// [`Netns::conntrack`](super::Netns::conntrack).
    Conntrack,
    /// [`Netns::sockets`](super::Netns::sockets).
    Sockets,
    /// Those of SCTP among them, which `ss` prints only when asked for them.
    SctpSockets,
    /// [`Netns::recent`](super::Netns::recent).
    Recent,
    /// [`Netns::flannel`](super::Netns::flannel).
    Flannel,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Links => "devices",
            Self::BridgePorts => "bridge ports",
            Self::Addresses => "addresses",
            Self::Routes(Family::V4) => "IPv4 routes",
            Self::Routes(Family::V6) => "IPv6 routes",
            Self::Rules(Family::V4) => "IPv4 routing rules",
            Self::Rules(Family::V6) => "IPv6 routing rules",
            Self::Neighbors => "neighbours",
            Self::Fdb => "forwarding databases",
            Self::Sysctls => "sysctls",
            Self::NativeNft => "nftables chains",
            Self::Ipsets => "ipsets",
            Self::VirtualServers => "IPVS services",
            Self::IpvsConnections => "IPVS connections",
            Self::Conntrack => "tracked connections",
            Self::Sockets => "sockets",
            Self::SctpSockets => "SCTP sockets",
            Self::Recent => "xt_recent lists",
            Self::Flannel => "flannel settings",
        })
    }
}
