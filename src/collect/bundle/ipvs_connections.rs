//! Connections of IPVS: what `ipvsadm -Lnc` prints, and `/proc/net/ip_vs_conn` (net/netfilter/ipvs/ip_vs_conn.c,
//! `ip_vs_conn_seq_show`).

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::rows::{FieldResult, parse_as};
use super::sysctl::lines;
use crate::collect::report::{Report, excerpt};
use crate::model::{IpvsConnection, Protocol};

/// The connections of a file, in either form.
pub fn connections(text: &str, report: &mut Report) -> Vec<IpvsConnection> {
    let mut connections = Vec::new();
    for (line, text) in lines(text) {
        let words: Vec<&str> = text.split_ascii_whitespace().collect();
        let read = match words.as_slice() {
            ["IPVS", "connection", ..] | ["pro" | "Pro", ..] => continue,
            [
                protocol,
                client,
                client_port,
                to,
                to_port,
                server,
                server_port,
                state,
                expires,
                ..,
            ] => of_proc(
                [protocol, state, expires],
                [(client, client_port), (to, to_port), (server, server_port)],
                text,
            ),
            [protocol, expires, state, client, to, server, ..] => {
                listed([protocol, expires, state], [client, to, server], text)
            }
            _ => Err("no connection of IPVS".to_owned()),
        };
        let read = read.map_err(|what| format!("{what}: {}", excerpt(text)));
        connections.extend(report.keep(line, read));
    }
    connections
}

/// `IP` in templates of services by mark.
fn protocol(name: &str) -> FieldResult<Protocol> {
    match name {
        "IP" => Ok(Protocol::Other(0)),
        other => parse_as("the protocol", other),
    }
}

/// `TCP 01:45 TIME_WAIT 10.42.0.2:54694 10.43.95.1:9100 192.168.205.5:9100`.
fn listed(
    [name, expires, state]: [&str; 3],
    [client, to, server]: [&str; 3],
    raw: &str,
) -> FieldResult<IpvsConnection> {
    let (minutes, seconds) = expires.split_once(':').ok_or("no minutes and seconds")?;
    let minutes: u32 = parse_as("the minutes", minutes)?;
    let seconds: u32 = parse_as("the seconds", seconds)?;
    Ok(IpvsConnection {
        protocol: protocol(name)?,
        client: parse_as("the client", client)?,
        to: parse_as("the virtual address", to)?,
        server: parse_as("the server", server)?,
        state: state.to_owned(),
        expires: minutes.saturating_mul(60).saturating_add(seconds),
        raw: raw.to_owned(),
    })
}

/// `TCP 0A2A0002 D5A6 0A2B5F01 238C C0A8CD05 238C TIME_WAIT 105`.
fn of_proc(
    [name, state, expires]: [&str; 3],
    [client, to, server]: [(&str, &str); 3],
    raw: &str,
) -> FieldResult<IpvsConnection> {
    Ok(IpvsConnection {
        protocol: protocol(name)?,
        client: in_hex("the client", client)?,
        to: in_hex("the virtual address", to)?,
        server: in_hex("the server", server)?,
        state: state.to_owned(),
        expires: parse_as("the time that is left", expires)?,
        raw: raw.to_owned(),
    })
}

/// An address as /proc/net prints it: IPv4 in hexadecimal, IPv6 in full; and a port in hexadecimal.
pub fn in_hex(what: &str, (ip, port): (&str, &str)) -> FieldResult<SocketAddr> {
    let wrong = || format!("{what} is no address and port: {}", excerpt(ip));
    let ip = match ip.contains(':') {
        true => IpAddr::V6(parse_as(what, ip)?),
        false => {
            let bits = u32::from_str_radix(ip, 16).map_err(|_| wrong())?;
            IpAddr::V4(Ipv4Addr::from(bits))
        }
    };
    let port = u16::from_str_radix(port, 16).map_err(|_| wrong())?;
    Ok(SocketAddr::new(ip, port))
}
