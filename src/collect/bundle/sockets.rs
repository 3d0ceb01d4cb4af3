//! Sockets that receive: `ss -H -lntu` or `ss -H -antu` (ss(8)), and the addresses in /proc/net/xt_recent.

use std::net::IpAddr;

use super::files::is_garbled;
use super::rows::{FieldResult, parse_as};
use super::sysctl::lines;
use crate::collect::report::{Report, excerpt};
use crate::model::{Protocol, RecentEntry, RecentList, Socket, SocketState};

/// States in the first column of a file that was made for one kind of socket, and so has no column for the kind.
const STATES: [&str; 12] = [
    "LISTEN",
    "UNCONN",
    "ESTAB",
    "TIME-WAIT",
    "SYN-SENT",
    "SYN-RECV",
    "FIN-WAIT-1",
    "FIN-WAIT-2",
    "CLOSE-WAIT",
    "LAST-ACK",
    "CLOSING",
    "CLOSED",
];

/// The sockets of a file which listen or are bound without a peer.
pub fn sockets(text: &str, report: &mut Report) -> Vec<Socket> {
    let kinds = lines(text).any(|(_, line)| line.starts_with("tcp") || line.starts_with("udp"));
    let mut sockets = Vec::new();
    for (line, text) in lines(text) {
        let first = text.split_ascii_whitespace().next().unwrap_or_default();
        if matches!(first, "Netid" | "State") {
            continue;
        }
        let read = socket(text, kinds).map_err(|what| format!("{what}: {}", excerpt(text)));
        sockets.extend(report.keep(line, read).flatten());
    }
    sockets
}

/// One line; `None` for a socket of no interest.
fn socket(text: &str, kinds: bool) -> FieldResult<Option<Socket>> {
    let mut words = text.split_ascii_whitespace();
    let first = words.next().unwrap_or_default();
    let (kind, state) = match STATES.contains(&first) {
        true => (None, first),
        false => (Some(first), words.next().unwrap_or_default()),
    };
    let state = match state {
        "LISTEN" => SocketState::Listen,
        "UNCONN" => SocketState::Unconnected,
        known if STATES.contains(&known) => return Ok(None),
        _ => return Err("no socket as ss prints it".to_owned()),
    };
    let protocol = match (kind, state) {
        (Some("tcp"), _) => Protocol::Tcp,
        (Some("udp"), _) => Protocol::Udp,
        (Some("sctp"), _) => Protocol::Sctp,
        // raw, packet and unix sockets, and mptcp, whose listener is a TCP socket as well.
        (Some(_), _) => return Ok(None),
        (None, SocketState::Unconnected) => Protocol::Udp,
        // Among lines that name their kind, those that do not are of a second command: `ss -S`.
        (None, SocketState::Listen) if kinds => Protocol::Sctp,
        (None, SocketState::Listen) => {
            return Err("nothing says whether this is TCP or SCTP (ss -lntu would)".to_owned());
        }
    };
    let local = words.nth(2).ok_or("no local address")?;
    let (host, port) = local.rsplit_once(':').ok_or("no port")?;
    let (host, device) = match host.split_once('%') {
        Some((host, device)) => (host, Some(device.trim_end_matches(']').to_owned())),
        None => (host, None),
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let address = match host {
        "*" => None,
        // A socket bound to a mapped address serves IPv4.
        host => Some(parse_as::<IpAddr>("local address", host)?.to_canonical()),
    };
    let port = parse_as("port (ss -n prints numbers)", port)?;
    Ok(Some(Socket {
        protocol,
        state,
        address,
        port,
        device,
        raw: text.to_owned(),
    }))
}

/// Lists of /proc/net/xt_recent, each after a line `# NAME`. What time it was is in no file.
pub fn recent(text: &str, report: &mut Report) -> Vec<RecentList> {
    let mut lists: Vec<RecentList> = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || is_garbled(line) {
            continue;
        }
        if let Some(name) = line.strip_prefix('#') {
            lists.push(RecentList {
                name: name.trim().to_owned(),
                entries: Vec::new(),
                now: None,
            });
            continue;
        }
        match (lists.last_mut(), RecentEntry::read(line)) {
            (Some(list), Some(entry)) => list.entries.push(entry),
            (None, Some(_)) => report.gap(at + 1, "an address before the first list's name"),
            (_, None) => report.gap(at + 1, format!("no line of xt_recent: {}", excerpt(line))),
        }
    }
    lists
}
