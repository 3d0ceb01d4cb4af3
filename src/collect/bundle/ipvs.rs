//! IPVS virtual servers: `ipvsadm -Sn`, and what `ipvsadm -Ln` prints (ipvsadm(8)).

use std::net::SocketAddr;

use super::rows::{FieldResult, parse_as};
use super::sysctl::lines;
use crate::collect::report::{Report, excerpt};
use crate::model::{Protocol, RealServer, VirtualServer};

/// Seconds of persistence where `-p` names none (IP_VS_TEMPLATE_TIMEOUT).
const PERSISTENCE: u32 = 300;

/// The virtual servers of a file.
pub fn virtual_servers(text: &str, report: &mut Report) -> Vec<VirtualServer> {
    let mut servers: Vec<VirtualServer> = Vec::new();
    // Servers of a service that could not be read, or is not modelled, go with it.
    let mut skipping = false;
    for (line, text) in lines(text) {
        let words: Vec<&str> = text.split_ascii_whitespace().collect();
        let read = match words.as_slice() {
            ["IP", "Virtual", ..] | ["Prot", ..] | ["->", "RemoteAddress:Port", ..] => continue,
            ["-A" | "-a", "-f", ..] | ["FWM", ..] => {
                Err("a service by firewall mark, which is not modelled".to_owned())
            }
            ["-A", rest @ ..] => saved_service(rest, text).map(Found::Service),
            ["-a", rest @ ..] => saved_server(rest, text).map(Found::ServerOf),
            ["->", rest @ ..] if skipping => listed_server(rest, text).map(|_| Found::Nothing),
            ["->", rest @ ..] => listed_server(rest, text).map(Found::Server),
            [kind, rest @ ..] => listed_service(kind, rest, text).map(Found::Service),
            [] => continue,
        };
        let read = read.map_err(|what| format!("{what}: {}", excerpt(text)));
        let lost = match report.keep(line, read) {
            Some(Found::Service(service)) => {
                skipping = false;
                servers.push(service);
                continue;
            }
            Some(Found::ServerOf((protocol, address, server))) => servers
                .iter_mut()
                .rev()
                .find(|known| known.protocol == protocol && known.address == address)
                .map(|service| service.servers.push(server))
                .is_none(),
            Some(Found::Server(server)) => servers
                .last_mut()
                .map(|service| service.servers.push(server))
                .is_none(),
            Some(Found::Nothing) => false,
            None => {
                skipping |= !matches!(words.as_slice(), ["->" | "-a", ..]);
                false
            }
        };
        if lost {
            report.gap(line, format!("a server of no service: {}", excerpt(text)));
        }
    }
    servers
}

enum Found {
    Service(VirtualServer),
    /// A server with the service it names.
    ServerOf((Protocol, SocketAddr, RealServer)),
    /// A server of the service above it.
    Server(RealServer),
    Nothing,
}

fn service(
    protocol: Protocol,
    address: &str,
    scheduler: &str,
    raw: &str,
) -> FieldResult<VirtualServer> {
    Ok(VirtualServer {
        protocol,
        address: parse_as("the service's address", address)?,
        scheduler: scheduler.to_owned(),
        persistence: None,
        servers: Vec::new(),
        raw: raw.to_owned(),
    })
}

/// `-t 10.43.0.1:443 -s rr -p 10800`.
fn saved_service(words: &[&str], raw: &str) -> FieldResult<VirtualServer> {
    let (protocol, address) = saved_address(words)?;
    let scheduler = option(words, &["-s", "--scheduler"]).unwrap_or("wlc");
    let mut service = service(protocol, address, scheduler, raw)?;
    if words
        .iter()
        .any(|word| matches!(*word, "-p" | "--persistent"))
    {
        let seconds = option(words, &["-p", "--persistent"]).and_then(|text| text.parse().ok());
        service.persistence = Some(seconds.unwrap_or(PERSISTENCE));
    }
    Ok(service)
}

/// `-t 10.43.0.1:443 -r 192.168.205.4:6443 -m -w 1`.
fn saved_server(words: &[&str], raw: &str) -> FieldResult<(Protocol, SocketAddr, RealServer)> {
    let (protocol, service) = saved_address(words)?;
    let address = option(words, &["-r", "--real-server"]).ok_or("no `-r`")?;
    let forwarding = words.iter().find_map(|word| match *word {
        "-m" | "--masquerading" => Some("masq"),
        "-g" | "--gatewaying" => Some("route"),
        "-i" | "--ipip" => Some("tunnel"),
        _ => None,
    });
    let server = RealServer {
        address: parse_as("the server's address", address)?,
        weight: parse_as(
            "the weight",
            option(words, &["-w", "--weight"]).unwrap_or("1"),
        )?,
        forwarding: forwarding.unwrap_or("route").to_owned(),
        raw: raw.to_owned(),
    };
    Ok((
        protocol,
        parse_as("the service's address", service)?,
        server,
    ))
}

fn saved_address<'a>(words: &[&'a str]) -> FieldResult<(Protocol, &'a str)> {
    let kinds = [
        (Protocol::Tcp, ["-t", "--tcp-service"]),
        (Protocol::Udp, ["-u", "--udp-service"]),
        (Protocol::Sctp, ["--sctp-service", "--sctp-service"]),
    ];
    let found = kinds
        .iter()
        .find_map(|(protocol, names)| Some((*protocol, option(words, names)?)));
    found.ok_or_else(|| "names no TCP, UDP or SCTP service".to_owned())
}

/// The word after one of these.
fn option<'a>(words: &[&'a str], names: &[&str]) -> Option<&'a str> {
    let at = words.iter().position(|word| names.contains(word))?;
    words.get(at + 1).copied()
}

/// `TCP 10.43.0.1:443 rr persistent 10800`.
fn listed_service(kind: &str, words: &[&str], raw: &str) -> FieldResult<VirtualServer> {
    let protocol = match kind {
        "TCP" => Protocol::Tcp,
        "UDP" => Protocol::Udp,
        "SCTP" => Protocol::Sctp,
        _ => return Err("no line of ipvsadm".to_owned()),
    };
    let [address, scheduler, ..] = words else {
        return Err("no address and scheduler".to_owned());
    };
    let mut service = service(protocol, address, scheduler, raw)?;
    let persistence = option(words, &["persistent"]);
    service.persistence = persistence
        .map(|seconds| parse_as("persistent", seconds))
        .transpose()?;
    Ok(service)
}

/// `192.168.205.4:6443 Masq 1 0 0`.
fn listed_server(words: &[&str], raw: &str) -> FieldResult<RealServer> {
    let [address, forwarding, weight, ..] = words else {
        return Err("no address, forwarding and weight".to_owned());
    };
    Ok(RealServer {
        address: parse_as("the server's address", address)?,
        weight: parse_as("the weight", weight)?,
        forwarding: forwarding.to_ascii_lowercase(),
        raw: raw.to_owned(),
    })
}
