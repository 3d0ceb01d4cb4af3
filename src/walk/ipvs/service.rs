//! Which virtual server takes a packet (net/netfilter/ipvs/ip_vs_ctl.c `ip_vs_service_find`), and which server a client
//! has already (ip_vs_core.c `ip_vs_sched_persist`, `ip_vs_in_hook`).

use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;

use crate::model::{
    Forwarding, IpvsConnection, Netns, Part, Protocol, ServerConnections, Takes, VirtualServer,
};
use crate::walk::packet::Packet;

/// FTPPORT: services of this port take data connections too.
const FTP: u16 = 21;
const FTP_DATA: u16 = 20;
/// PROT_SOCK
const UNPRIVILEGED: u16 = 1024;

/// By the packet's mark; else by its address and port; else FTP's data; else by its address.
pub(super) fn find<'c>(servers: &'c [VirtualServer], packet: &Packet) -> Option<&'c VirtualServer> {
    let by_mark = |service: &&VirtualServer| matches!(service.takes, Takes::Mark { mark, family } if mark == packet.mark && family == packet.family());
    let of_port = |wanted: u16| {
        servers.iter().find(move |service| {
            service.takes
                == Takes::Address {
                    protocol: packet.protocol,
                    address: SocketAddr::new(packet.destination, wanted),
                }
        })
    };
    let port = packet.destination_port.number();
    let ftp = || {
        let data = port.is_some_and(|port| port == FTP_DATA || port >= UNPRIVILEGED);
        of_port(FTP).filter(|_| packet.protocol == Protocol::Tcp && data)
    };
    let marked = servers.iter().filter(|_| packet.mark != 0).find(by_mark);
    marked
        .or_else(|| port.and_then(of_port))
        .or_else(ftp)
        .or_else(|| of_port(0))
}

/// The connections that each server of a service has: as they were told, else as counted among those that were read.
pub(super) fn connections(
    netns: &Netns,
    service: &VirtualServer,
) -> Vec<Option<ServerConnections>> {
    let counted = |server: SocketAddr| {
        let whole = !netns.incomplete.contains(&Part::IpvsConnections);
        let known = netns.ipvs_connections.as_ref().filter(|_| whole)?;
        let mut all = ServerConnections {
            active: 0,
            inactive: 0,
        };
        let of_service = |one: &&IpvsConnection| match service.takes {
            Takes::Address { protocol, address } => one.protocol == protocol && one.to == address,
            Takes::Mark { .. } => false,
        };
        for one in known
            .iter()
            .filter(|one| !one.is_template())
            .filter(of_service)
        {
            if one.server != server {
                continue;
            }
            // tcp_state_active_table; SCTP has its own, of which these are the names that TCP has too.
            match one.state.as_str() {
                "ESTABLISHED" | "SYN_SENT" | "SYN_RECV" | "SYNACK" => all.active += 1,
                _ => all.inactive += 1,
            }
        }
        matches!(service.takes, Takes::Address { .. }).then_some(all)
    };
    let servers = service.servers.iter();
    servers
        .map(|server| server.connections.or_else(|| counted(server.address)))
        .collect()
}

/// What a client has already.
pub(super) enum Had<'c> {
    /// Nothing: its connection is scheduled.
    Nothing,
    /// A template, or the very connection, which leads to this server.
    Server {
        server: usize,
        entry: &'c IpvsConnection,
    },
    /// The very connection, with a server that is gone (`expire_nodest_conn` off).
    Gone { entry: &'c IpvsConnection },
}

/// Settings that say how much old entries count.
pub(super) struct Settings {
    pub conn_reuse_mode: i64,
    pub expire_nodest_conn: bool,
    pub expire_quiescent_template: bool,
}

/// Looks for the packet's connection among those that were read, and for the template of its client.
pub(super) fn had<'c>(
    netns: &'c Netns,
    service: &VirtualServer,
    settings: &Settings,
    packet: &Packet,
) -> Had<'c> {
    let Some(known) = &netns.ipvs_connections else {
        return Had::Nothing;
    };
    let server_of = |entry: &IpvsConnection| {
        let servers = service.servers.iter();
        servers.clone().position(|server| {
            let port = server.address.port();
            server.address.ip() == entry.server.ip() && (port == 0 || port == entry.server.port())
        })
    };
    let ports = (
        packet.source_port.number(),
        packet.destination_port.number(),
    );
    if let (Some(source), Some(destination)) = ports {
        let client = SocketAddr::new(packet.source, source);
        let to = SocketAddr::new(packet.destination, destination);
        let same = known
            .iter()
            .find(|one| one.protocol == packet.protocol && one.client == client && one.to == to);
        if let Some(entry) = same {
            let server = server_of(entry);
            let quiet = server.is_some_and(|at| service.servers[at].weight == 0);
            let ended = match service.persistence {
                // Those of persistent clients are kept to their server.
                Some(_) => false,
                None => is_ended(entry, settings, service, server),
            };
            let anew = settings.expire_nodest_conn && quiet || ended;
            match server {
                Some(server) if !anew => return Had::Server { server, entry },
                None if !anew && !settings.expire_nodest_conn => return Had::Gone { entry },
                _ => {}
            }
        }
    }
    let Some(persistence) = service.persistence else {
        return Had::Nothing;
    };
    let (protocol, to) = template(service, packet);
    let network = |ip: IpAddr| {
        let net = IpNet::new(ip, persistence.prefix).map(|net| net.network());
        net.unwrap_or(ip)
    };
    let entry = known.iter().find(|one| {
        one.is_template()
            && one.protocol == protocol
            && one.to == to
            && one.client.ip() == network(packet.source)
    });
    let valid = |entry: &'c IpvsConnection| {
        let server = service.servers.iter().position(|server| {
            server.address.ip() == entry.server.ip()
                && (entry.server.port() == 0 || server.address.port() == entry.server.port())
        })?;
        let quiet = settings.expire_quiescent_template && service.servers[server].weight == 0;
        (!quiet).then_some(Had::Server { server, entry })
    };
    entry.and_then(valid).unwrap_or(Had::Nothing)
}

/// `is_new_conn_expected`: a connection that is over may be begun anew with the same port.
fn is_ended(
    entry: &IpvsConnection,
    settings: &Settings,
    service: &VirtualServer,
    server: Option<usize>,
) -> bool {
    let mode = settings.conn_reuse_mode;
    if mode == 0 {
        return false;
    }
    let no_output =
        server.is_some_and(|at| service.servers[at].forwarding != Forwarding::Masquerading);
    match (entry.protocol, entry.state.as_str()) {
        (Protocol::Tcp, "TIME_WAIT" | "CLOSE") | (Protocol::Sctp, "CLOSED") => true,
        (Protocol::Tcp, "FIN_WAIT") => mode & 2 != 0 && no_output,
        _ => false,
    }
}

/// Protocol and virtual address of a client's template.
fn template(service: &VirtualServer, packet: &Packet) -> (Protocol, SocketAddr) {
    match service.takes {
        Takes::Mark { mark, family } => {
            let ip = IpvsConnection::mark_as_address(mark, family);
            (Protocol::Other(0), SocketAddr::new(ip, 0))
        }
        Takes::Address { address, .. } => {
            let own = packet.destination_port.number() == Some(address.port());
            let port = if own && address.port() != FTP {
                address.port()
            } else {
                0
            };
            (packet.protocol, SocketAddr::new(packet.destination, port))
        }
    }
}
