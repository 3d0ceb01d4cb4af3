//! Sockets that receive (`ss -lntu`).

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::Protocol;

/// A socket that takes new connections or datagrams.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Socket {
    /// TCP, UDP or SCTP.
    pub protocol: Protocol,
    /// What it does.
    pub state: SocketState,
    /// The address it is bound to; `None` is every address of both families (`*`).
    pub address: Option<IpAddr>,
    /// Its port.
    pub port: u16,
    /// The device it is bound to (SO_BINDTODEVICE).
    pub device: Option<String>,
    /// The line as it was read.
    pub raw: String,
}

/// Whether a socket takes connections or datagrams.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum SocketState {
    /// TCP LISTEN.
    Listen,
    /// UDP without a peer.
    Unconnected,
}
