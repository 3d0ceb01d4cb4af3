//! IPVS: virtual servers (`ipvsadm -Sn`, include/uapi/linux/ip_vs.h) and the connections they took (`ipvsadm -Lnc`).

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use ipnet::Ipv4Net;
use serde::{Deserialize, Serialize};

use super::{Family, Protocol};

/// A virtual server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VirtualServer {
    /// Which packets it takes.
    pub takes: Takes,
    /// Scheduler: `rr`, `sh`, ...
    pub scheduler: String,
    /// The scheduler's flags, as `ipvsadm -b` has them: `sh-port`, `mh-fallback`, `flag-1`.
    pub scheduler_flags: Vec<String>,
    /// IP_VS_SVC_F_ONEPACKET: each datagram is scheduled anew.
    pub one_packet: bool,
    /// For how long clients stay with their server, when they do.
    pub persistence: Option<Persistence>,
    /// Where connections go.
    pub servers: Vec<RealServer>,
    /// Whether `servers` are in the order in which the scheduler asks them. ipvsadm sorts them by address.
    pub in_kernel_order: bool,
    /// The line as it was read.
    pub raw: String,
}

/// What a virtual server takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Takes {
    /// What is sent to an address; port 0 stands for all ports.
    Address {
        /// TCP, UDP or SCTP.
        protocol: Protocol,
        /// Where clients connect to.
        address: SocketAddr,
    },
    /// What carries a mark, TCP, UDP and SCTP alike.
    Mark {
        /// The mark.
        mark: u32,
        /// IPv4 or IPv6.
        family: Family,
    },
}

impl fmt::Display for Takes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address { protocol, address } => write!(f, "{address}/{protocol}"),
            Self::Mark { mark, .. } => write!(f, "mark {mark:#x}"),
        }
    }
}

/// How clients are kept with their server (IP_VS_SVC_F_PERSISTENT).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Persistence {
    /// Seconds, where that is told.
    pub timeout: Option<u32>,
    /// Clients that agree in so many bits of their address are taken for one.
    pub prefix: u8,
}

/// A real server behind a virtual one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RealServer {
    /// Its address; port 0 keeps that of the packet.
    pub address: SocketAddr,
    /// Its weight; 0 takes no new connections.
    pub weight: u32,
    /// How packets get to it.
    pub forwarding: Forwarding,
    /// With so many connections it takes no more; 0 is no limit.
    pub upper_threshold: u32,
    /// With fewer than so many it takes some again.
    pub lower_threshold: u32,
    /// Its connections, where they were told.
    pub connections: Option<ServerConnections>,
    /// The line as it was read.
    pub raw: String,
}

/// How many connections a real server has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerConnections {
    /// Being made or established.
    pub active: u32,
    /// Others, and all of UDP.
    pub inactive: u32,
}

/// How IPVS sends packets to a real server (IP_VS_CONN_F_FWD_MASK).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Forwarding {
    /// `-m`: the destination is rewritten, and the source of what comes back.
    Masquerading,
    /// `-g`: the frame goes to the server, the packet stays as it is.
    Direct,
    /// `-i`: wrapped into an IPIP packet to the server.
    Tunnel,
    /// `-i --tun-type gue`: into a UDP packet.
    Gue,
    /// `-i --tun-type gre`.
    Gre,
    /// To this host itself (IP_VS_CONN_F_LOCALNODE).
    Local,
}

/// A connection that a virtual server took, or the template of one client's connections.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IpvsConnection {
    /// Its protocol; IPPROTO_IP (0) in templates of services by mark.
    pub protocol: Protocol,
    /// The client. A template has port 0 and the client's network.
    pub client: SocketAddr,
    /// Where the client connected to. Templates of services by mark have the mark as an address.
    pub to: SocketAddr,
    /// The real server.
    pub server: SocketAddr,
    /// `ESTABLISHED`, `TIME_WAIT`, `UDP`, `NONE`, ...
    pub state: String,
    /// Seconds until it is forgotten.
    pub expires: u32,
    /// The line as it was read.
    pub raw: String,
}

impl VirtualServer {
    /// The family of its clients.
    pub fn family(&self) -> Family {
        match self.takes {
            Takes::Address { address, .. } => Family::of(address.ip()),
            Takes::Mark { family, .. } => family,
        }
    }

    /// The line that `ipvsadm -Sn` prints of it.
    pub fn saved(&self) -> String {
        let mut line = format!("-A {} -s {}", self.takes.saved(), self.scheduler);
        if let Some(kept) = self.persistence {
            let all = self.family() == Family::V6 && kept.prefix == 128
                || self.family() == Family::V4 && kept.prefix == 32;
            line.push_str(" -p");
            if let Some(timeout) = kept.timeout {
                line.push_str(&format!(" {timeout}"));
            }
            if !all {
                let mask =
                    Ipv4Net::new(Ipv4Addr::UNSPECIFIED, kept.prefix).map(|net| net.netmask());
                line.push_str(&match (self.family(), mask) {
                    (Family::V4, Ok(mask)) => format!(" -M {mask}"),
                    _ => format!(" -M {}", kept.prefix),
                });
            }
        }
        if self.one_packet {
            line.push_str(" -o");
        }
        if !self.scheduler_flags.is_empty() {
            line.push_str(&format!(" -b {}", self.scheduler_flags.join(",")));
        }
        line
    }
}

impl Takes {
    /// As options of ipvsadm.
    fn saved(&self) -> String {
        match self {
            Self::Address { protocol, address } => {
                let option = match protocol {
                    Protocol::Udp => "-u",
                    Protocol::Sctp => "--sctp-service",
                    _ => "-t",
                };
                format!("{option} {address}")
            }
            Self::Mark { mark, family } => match family {
                Family::V4 => format!("-f {mark}"),
                Family::V6 => format!("-f {mark} -6"),
            },
        }
    }
}

impl RealServer {
    /// The line that `ipvsadm -Sn` prints of it.
    pub fn saved(&self, service: &VirtualServer) -> String {
        let (takes, address, weight) = (service.takes.saved(), self.address, self.weight);
        let forwarding = match self.forwarding {
            Forwarding::Masquerading | Forwarding::Local => "-m",
            Forwarding::Direct => "-g",
            Forwarding::Tunnel => "-i",
            Forwarding::Gue => "-i --tun-type gue",
            Forwarding::Gre => "-i --tun-type gre",
        };
        format!("-a {takes} -r {address} {forwarding} -w {weight}")
    }
}

impl IpvsConnection {
    /// Whether it keeps a client's further connections with their server (IP_VS_CONN_F_TEMPLATE).
    pub fn is_template(&self) -> bool {
        self.client.port() == 0
    }

    /// The address that a template of a service by mark has in place of the virtual one.
    pub fn mark_as_address(mark: u32, family: Family) -> IpAddr {
        match family {
            Family::V4 => IpAddr::from(mark.to_be_bytes()),
            // The mark fills the first four bytes of what IPv6 prints.
            Family::V6 => {
                let [a, b, c, d] = mark.to_be_bytes();
                IpAddr::from([a, b, c, d, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])
            }
        }
    }
}
