//! IPVS virtual servers as /proc/net/ip_vs lists them (net/netfilter/ipvs/ip_vs_ctl.c, `ip_vs_info_seq_show`).
//!
//! Addresses and ports are in hexadecimal, times in a unit that is not told; thresholds and schedulers' flags are left
//! out.

use std::net::IpAddr;

use super::ipvs::forwarding;
use super::ipvs_connections::in_hex;
use super::rows::{FieldResult, parse_as};
use super::sysctl::lines;
use crate::collect::report::{Report, excerpt};
use crate::model::{
    Family, Persistence, Protocol, RealServer, ServerConnections, Takes, VirtualServer,
};

/// Whether the text is in this form: `ipvsadm -Ln` has wider columns in its heading.
pub fn is_of_proc(text: &str) -> bool {
    text.lines()
        .take(3)
        .any(|line| line.trim() == "-> RemoteAddress:Port Forward Weight ActiveConn InActConn")
}

/// The virtual servers of the text.
pub fn virtual_servers(text: &str, report: &mut Report) -> Vec<VirtualServer> {
    let mut services: Vec<VirtualServer> = Vec::new();
    let mut skipping = false;
    for (line, text) in lines(text) {
        let words: Vec<&str> = text.split_ascii_whitespace().collect();
        let wrong = |what: String| format!("{what}: {}", excerpt(text));
        match words.as_slice() {
            ["IP", "Virtual", ..] | ["Prot", ..] | ["->", "RemoteAddress:Port", ..] => {}
            ["->", rest @ ..] => {
                let Some(server) = report.keep(line, server(rest).map_err(wrong)) else {
                    continue;
                };
                if let Some(service) = services.last_mut().filter(|_| !skipping) {
                    let raw = server.saved(service);
                    service.servers.push(RealServer { raw, ..server });
                }
            }
            [kind, rest @ ..] => {
                let read = report.keep(line, service(kind, rest).map_err(wrong));
                skipping = read.is_none();
                services.extend(read);
            }
            [] => {}
        }
    }
    // That the mark's service is of IPv6 shows in its servers alone.
    for service in &mut services {
        let six = |server: &RealServer| server.address.is_ipv6();
        if let Takes::Mark { family, .. } = &mut service.takes
            && service.servers.iter().any(six)
        {
            *family = Family::V6;
        }
        service.raw = service.saved();
    }
    services
}

/// `0A2B0001:01BB`, `[fd00:...:0001]:0050`.
fn socket(what: &str, text: &str) -> FieldResult<std::net::SocketAddr> {
    let (ip, port) = text
        .rsplit_once(':')
        .ok_or_else(|| format!("{what} has no port"))?;
    in_hex(what, (ip.trim_matches(['[', ']']), port))
}

/// `TCP 0A2B0001:01BB rr ops persistent 2700000 FFFFFFFF`.
fn service(kind: &str, words: &[&str]) -> FieldResult<VirtualServer> {
    let [key, scheduler, rest @ ..] = words else {
        return Err("no address and scheduler".to_owned());
    };
    let takes = match kind {
        "FWM" => Takes::Mark {
            mark: u32::from_str_radix(key, 16).map_err(|_| "no mark".to_owned())?,
            family: Family::V4,
        },
        _ => Takes::Address {
            protocol: match kind {
                "TCP" => Protocol::Tcp,
                "UDP" => Protocol::Udp,
                "SCTP" => Protocol::Sctp,
                _ => return Err("no line of /proc/net/ip_vs".to_owned()),
            },
            address: socket("the service's address", key)?,
        },
    };
    let mask = rest.iter().position(|word| *word == "persistent");
    let persistence = match mask.and_then(|at| rest.get(at + 2)) {
        None => None,
        Some(mask) => {
            let bits = u32::from_str_radix(mask, 16).map_err(|_| "no netmask".to_owned())?;
            let of_six = matches!(takes, Takes::Address { address, .. } if address.is_ipv6());
            // Of IPv6 it is a length, turned round as if it were a mask.
            let prefix = match of_six {
                true => u8::try_from(bits.swap_bytes()).unwrap_or(128),
                false => u8::try_from(bits.count_ones()).unwrap_or(32),
            };
            Some(Persistence {
                timeout: None,
                prefix,
            })
        }
    };
    Ok(VirtualServer {
        takes,
        scheduler: (*scheduler).to_owned(),
        scheduler_flags: Vec::new(),
        one_packet: rest.contains(&"ops"),
        persistence,
        servers: Vec::new(),
        in_kernel_order: true,
        raw: String::new(),
    })
}

/// `0A010004:0050 Tunnel 1 0 0`.
fn server(words: &[&str]) -> FieldResult<RealServer> {
    let [address, how, weight, active, inactive, ..] = words else {
        return Err("no server with its connections".to_owned());
    };
    let address = socket("the server's address", address)?;
    let unspecified = matches!(address.ip(), IpAddr::V4(ip) if ip.is_unspecified());
    if unspecified {
        return Err("the server has no address".to_owned());
    }
    Ok(RealServer {
        address,
        weight: parse_as("the weight", weight)?,
        forwarding: forwarding(how)?,
        upper_threshold: 0,
        lower_threshold: 0,
        connections: Some(ServerConnections {
            active: parse_as("the active connections", active)?,
            inactive: parse_as("the inactive connections", inactive)?,
        }),
        raw: String::new(),
    })
}
