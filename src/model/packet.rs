//! Packets and connections as questions are asked of them.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Address family.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

impl Family {
    /// The family of an address.
    pub fn of(ip: IpAddr) -> Self {
        match ip {
            IpAddr::V4(_) => Self::V4,
            IpAddr::V6(_) => Self::V6,
        }
    }
}

impl std::fmt::Display for Family {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::V4 => "IPv4",
            Self::V6 => "IPv6",
        })
    }
}

/// The transport protocols that flows are asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// 6.
    Tcp,
    /// 17.
    Udp,
    /// 132.
    Sctp,
    /// 1 in IPv4, 58 in IPv6.
    Icmp,
    /// Any other, by number.
    #[serde(untagged)]
    Other(u8),
}

impl Protocol {
    /// The protocol's number in a packet of that family.
    pub fn number(self, family: Family) -> u8 {
        match (self, family) {
            (Self::Tcp, _) => 6,
            (Self::Udp, _) => 17,
            (Self::Sctp, _) => 132,
            (Self::Icmp, Family::V4) => 1,
            (Self::Icmp, Family::V6) => 58,
            (Self::Other(number), _) => number,
        }
    }

    /// Whether it has ports.
    pub fn has_ports(self) -> bool {
        matches!(self, Self::Tcp | Self::Udp | Self::Sctp)
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp => f.write_str("tcp"),
            Self::Udp => f.write_str("udp"),
            Self::Sctp => f.write_str("sctp"),
            Self::Icmp => f.write_str("icmp"),
            Self::Other(number) => write!(f, "{number}"),
        }
    }
}

impl FromStr for Protocol {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.to_ascii_lowercase().as_str() {
            "tcp" | "6" => Ok(Self::Tcp),
            "udp" | "17" => Ok(Self::Udp),
            "sctp" | "132" => Ok(Self::Sctp),
            "icmp" | "icmpv6" | "ipv6-icmp" | "icmp6" | "1" | "58" => Ok(Self::Icmp),
            other => other
                .parse()
                .map(Self::Other)
                .map_err(|_| format!("unknown protocol {text:?}")),
        }
    }
}

/// One direction of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Tuple {
    /// Transport protocol.
    pub protocol: Protocol,
    /// Source address.
    pub source: IpAddr,
    /// Destination address.
    pub destination: IpAddr,
    /// Source port (0 without ports, the id for ICMP echo).
    pub source_port: u16,
    /// Destination port (0 without ports, type and code for ICMP).
    pub destination_port: u16,
}

/// An entry of the connection tracking table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConntrackEntry {
    /// As the first packet came.
    pub original: Tuple,
    /// As answers come.
    pub reply: Tuple,
    /// What it is in.
    pub state: ConntrackState,
    /// Its mark.
    pub mark: u32,
    /// Its zone.
    pub zone: u16,
    /// Seconds until it is forgotten.
    pub timeout: Option<u32>,
    /// The line as it was read.
    pub raw: String,
}

/// Status bits and protocol state of a tracked connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConntrackState {
    /// `ESTABLISHED`, `TIME_WAIT`, ...: TCP's and SCTP's own state.
    pub protocol_state: Option<String>,
    /// No `[UNREPLIED]`.
    pub seen_reply: bool,
    /// `[ASSURED]`.
    pub assured: bool,
}

/// One end of a flow, as the user named it, resolved.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlowEnd {
    /// `pod`, `service`, `node`, `external` or `address`.
    pub kind: String,
    /// Kubernetes namespace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Name of the pod, service or node.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The node it is on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
    /// Its address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip: Option<IpAddr>,
    /// Port, on the receiving end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// What that address and port are besides, in words: `NodePort of Service default/web`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
}

/// What is asked: a packet from a namespace to an address, the first one of its connection unless `established`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flow {
    /// The namespace whose process sends the packet; for a client outside the cluster, the node it sends to.
    pub start: super::NetnsId,
    /// Comes from outside: enters `start` by the device that faces this address, instead of from a socket there.
    pub external_source: Option<IpAddr>,
    /// The sender, as named.
    pub from: FlowEnd,
    /// The destination, as named.
    pub to: FlowEnd,
    /// Transport protocol.
    pub protocol: Protocol,
    /// Destination address.
    pub destination: IpAddr,
    /// Destination port; 0 without ports.
    pub destination_port: u16,
    /// Source address bound by the sender; chosen by the kernel when `None`.
    pub source: Option<IpAddr>,
    /// Source port, with ICMP the identifier of the echo; an ephemeral one that is not known when `None`.
    pub source_port: Option<u16>,
    /// A later packet of a connection that stands, with data.
    pub established: bool,
    /// Mark set by the sender (SO_MARK).
    pub mark: u32,
    /// TOS byte.
    pub tos: u8,
    /// Bytes of the IP packet.
    pub size: u32,
    /// Whether to walk the reply.
    pub reply: bool,
}
