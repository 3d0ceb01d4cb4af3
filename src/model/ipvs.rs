//! IPVS virtual servers (`ipvsadm -Sn`).

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use super::Protocol;

/// A virtual server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VirtualServer {
    /// TCP, UDP or SCTP.
    pub protocol: Protocol,
    /// Where clients connect to.
    pub address: SocketAddr,
    /// Scheduler: `rr`, `sh`, ...
    pub scheduler: String,
    /// Seconds of persistence, when on.
    pub persistence: Option<u32>,
    /// Where connections go.
    pub servers: Vec<RealServer>,
    /// The line as it was read.
    pub raw: String,
}

/// A real server behind a virtual one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RealServer {
    /// Its address.
    pub address: SocketAddr,
    /// Its weight; 0 takes no new connections.
    pub weight: u32,
    /// `masq`, `route` or `tunnel`.
    pub forwarding: String,
    /// The line as it was read.
    pub raw: String,
}
