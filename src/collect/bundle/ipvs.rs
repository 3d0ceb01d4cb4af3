//! IPVS virtual servers: `ipvsadm -Sn`, and what `ipvsadm -Ln` prints (ipvsadm(8)).

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::ipvs_proc;
use super::rows::{FieldResult, parse_as};
use super::sysctl::lines;
use crate::collect::report::{Report, excerpt};
use crate::model::{
    Family, Forwarding, Persistence, Protocol, RealServer, ServerConnections, Takes, VirtualServer,
};

/// Seconds of persistence where `-p` names none, as ipvsadm 1.31 has it.
const PERSISTENCE: u32 = 360;

/// The virtual servers of a file, in the form of ipvsadm or of /proc/net/ip_vs.
pub fn virtual_servers(text: &str, report: &mut Report) -> Vec<VirtualServer> {
    if ipvs_proc::is_of_proc(text) {
        return ipvs_proc::virtual_servers(text, report);
    }
    let mut servers: Vec<VirtualServer> = Vec::new();
    // Servers of a service that could not be read go with it.
    let mut skipping = false;
    for (line, text) in lines(text) {
        let words: Vec<&str> = text.split_ascii_whitespace().collect();
        let read = match words.as_slice() {
            ["IP", "Virtual", ..] | ["Prot", ..] | ["->", "RemoteAddress:Port", ..] => continue,
            ["-A" | "--add-service", rest @ ..] => saved_service(rest, text).map(Found::Service),
            ["-a" | "--add-server", rest @ ..] => saved_server(rest, text).map(Found::ServerOf),
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
            Some(Found::ServerOf((takes, server))) => servers
                .iter_mut()
                .rev()
                .find(|known| known.takes == takes)
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
    ServerOf((Takes, RealServer)),
    /// A server of the service above it.
    Server(RealServer),
    Nothing,
}

fn service(takes: Takes, scheduler: &str, raw: &str) -> VirtualServer {
    VirtualServer {
        takes,
        scheduler: scheduler.to_owned(),
        scheduler_flags: Vec::new(),
        one_packet: false,
        persistence: None,
        servers: Vec::new(),
        in_kernel_order: false,
        raw: raw.to_owned(),
    }
}

fn flags(text: &str) -> Vec<String> {
    text.split(',').map(str::to_owned).collect()
}

/// `-t 10.43.0.1:443 -s rr -p 10800 -M 255.255.255.0 -o -b sh-port`.
fn saved_service(words: &[&str], raw: &str) -> FieldResult<VirtualServer> {
    let scheduler = option(words, &["-s", "--scheduler"]).unwrap_or("wlc");
    let mut service = service(saved_takes(words)?, scheduler, raw);
    let has = |names: [&str; 2]| words.iter().any(|word| names.contains(word));
    service.one_packet = has(["-o", "--ops"]);
    service.scheduler_flags = option(words, &["-b", "--sched-flags"]).map_or_else(Vec::new, flags);
    if has(["-p", "--persistent"]) {
        let seconds = option(words, &["-p", "--persistent"]).and_then(|text| text.parse().ok());
        let mask = option(words, &["-M", "--netmask"]);
        service.persistence = Some(Persistence {
            timeout: Some(seconds.unwrap_or(PERSISTENCE)),
            prefix: prefix(mask, service.family())?,
        });
    }
    Ok(service)
}

/// The length of a network mask; of all bits where there is none.
fn prefix(mask: Option<&str>, family: Family) -> FieldResult<u8> {
    match (mask, family) {
        (None, Family::V4) => Ok(32),
        (None, Family::V6) => Ok(128),
        (Some(text), Family::V6) => parse_as("the netmask", text),
        (Some(text), Family::V4) => {
            let mask: Ipv4Addr = parse_as("the netmask", text)?;
            ipnet::ip_mask_to_prefix(IpAddr::V4(mask))
                .map_err(|_| format!("the netmask is none: {}", excerpt(text)))
        }
    }
}

/// `-t 10.43.0.1:443 -r 192.168.205.4:6443 -m -w 1 -x 100 -y 50`.
fn saved_server(words: &[&str], raw: &str) -> FieldResult<(Takes, RealServer)> {
    let takes = saved_takes(words)?;
    let address = option(words, &["-r", "--real-server"]).ok_or("no `-r`")?;
    let forwarding = words.iter().find_map(|word| match *word {
        "-m" | "--masquerading" => Some(Forwarding::Masquerading),
        "-g" | "--gatewaying" => Some(Forwarding::Direct),
        "-i" | "--ipip" => Some(match option(words, &["--tun-type"]) {
            Some("gue") => Forwarding::Gue,
            Some("gre") => Forwarding::Gre,
            _ => Forwarding::Tunnel,
        }),
        _ => None,
    });
    let number =
        |what, names: [&str; 2], default| parse_as(what, option(words, &names).unwrap_or(default));
    let server = RealServer {
        address: parse_as("the server's address", address)?,
        weight: number("the weight", ["-w", "--weight"], "1")?,
        forwarding: forwarding.unwrap_or(Forwarding::Direct),
        upper_threshold: number("the upper threshold", ["-x", "--u-threshold"], "0")?,
        lower_threshold: number("the lower threshold", ["-y", "--l-threshold"], "0")?,
        connections: None,
        raw: raw.to_owned(),
    };
    Ok((takes, server))
}

fn saved_takes(words: &[&str]) -> FieldResult<Takes> {
    if let Some(mark) = option(words, &["-f", "--fwmark-service"]) {
        let six = words.iter().any(|word| matches!(*word, "-6" | "--ipv6"));
        return Ok(Takes::Mark {
            mark: parse_as("the mark", mark)?,
            family: if six { Family::V6 } else { Family::V4 },
        });
    }
    let kinds = [
        (Protocol::Tcp, ["-t", "--tcp-service"]),
        (Protocol::Udp, ["-u", "--udp-service"]),
        (Protocol::Sctp, ["--sctp-service", "--sctp-service"]),
    ];
    let found = kinds
        .iter()
        .find_map(|(protocol, names)| Some((*protocol, option(words, names)?)));
    let (protocol, address) = found.ok_or("names no TCP, UDP, SCTP service and no mark")?;
    let address: SocketAddr = parse_as("the service's address", address)?;
    Ok(Takes::Address { protocol, address })
}

/// The word after one of these.
fn option<'a>(words: &[&'a str], names: &[&str]) -> Option<&'a str> {
    let at = words.iter().position(|word| names.contains(word))?;
    words.get(at + 1).copied()
}

/// `TCP 10.43.0.1:443 sh (sh-port) persistent 10800 mask 255.255.255.0 ops`, `FWM 5 IPv6 rr`.
fn listed_service(kind: &str, words: &[&str], raw: &str) -> FieldResult<VirtualServer> {
    let protocol = match kind {
        "TCP" => Some(Protocol::Tcp),
        "UDP" => Some(Protocol::Udp),
        "SCTP" => Some(Protocol::Sctp),
        "FWM" => None,
        _ => return Err("no line of ipvsadm".to_owned()),
    };
    let (takes, rest) = match (protocol, words) {
        (Some(protocol), [address, rest @ ..]) => {
            let address = parse_as("the service's address", address)?;
            (Takes::Address { protocol, address }, rest)
        }
        (None, [mark, rest @ ..]) => {
            let (family, rest) = match rest {
                ["IPv6", rest @ ..] => (Family::V6, rest),
                _ => (Family::V4, rest),
            };
            let mark = parse_as("the mark", mark)?;
            (Takes::Mark { mark, family }, rest)
        }
        (_, []) => return Err("no address and scheduler".to_owned()),
    };
    let [scheduler, rest @ ..] = rest else {
        return Err("no scheduler".to_owned());
    };
    let mut service = service(takes, scheduler, raw);
    service.one_packet = rest.contains(&"ops");
    let in_brackets = rest
        .iter()
        .find_map(|word| word.strip_prefix('(')?.strip_suffix(')'));
    service.scheduler_flags = in_brackets.map_or_else(Vec::new, flags);
    if let Some(seconds) = option(rest, &["persistent"]) {
        service.persistence = Some(Persistence {
            timeout: Some(parse_as("persistent", seconds)?),
            prefix: prefix(option(rest, &["mask"]), service.family())?,
        });
    }
    Ok(service)
}

/// What the kernel and ipvsadm call it (`ip_vs_fwd_name`).
pub fn forwarding(name: &str) -> FieldResult<Forwarding> {
    match name {
        "Masq" => Ok(Forwarding::Masquerading),
        "Route" => Ok(Forwarding::Direct),
        "Tunnel" => Ok(Forwarding::Tunnel),
        "Local" => Ok(Forwarding::Local),
        other => Err(format!("no way of forwarding: {}", excerpt(other))),
    }
}

/// `192.168.205.4:6443 Masq 1 0 0`.
fn listed_server(words: &[&str], raw: &str) -> FieldResult<RealServer> {
    let [address, forwarding, weight, rest @ ..] = words else {
        return Err("no address, forwarding and weight".to_owned());
    };
    let connections = match rest {
        [active, inactive, ..] => Some(ServerConnections {
            active: parse_as("the active connections", active)?,
            inactive: parse_as("the inactive connections", inactive)?,
        }),
        _ => None,
    };
    Ok(RealServer {
        address: parse_as("the server's address", address)?,
        weight: parse_as("the weight", weight)?,
        forwarding: self::forwarding(forwarding)?,
        upper_threshold: 0,
        lower_threshold: 0,
        connections,
        raw: raw.to_owned(),
    })
}
