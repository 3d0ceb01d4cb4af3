//! Tracked connections of both families (ctnetlink, `include/uapi/linux/netfilter/nfnetlink_conntrack.h`): what
//! `conntrack -L -o extended` shows.
//!
//! Asking for them may load the module nf_conntrack_netlink; where it is not there, /proc/net/nf_conntrack serves.

use std::fs;
use std::io::{self, Read as _};
use std::net::IpAddr;

use netlink_packet_core::NlasIterator;

use super::kernel::Part;
use super::netlink::{Client, Dump, ip};
use crate::collect::bundle::conntrack::{entry, protocol};
use crate::model::{ConntrackEntry, ConntrackState, Protocol, Tuple};

const NETLINK_NETFILTER: isize = 12;
/// `NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_GET`.
const GET: u16 = 1 << 8 | 1;
/// `struct nfgenmsg`, for entries of every family.
const REQUEST: [u8; 4] = [0; 4];
/// A longer file is not read: a million connections take less.
const MOST: u64 = 256 << 20;
const FILE: &str = "/proc/thread-self/net/nf_conntrack";
/// How many connections the namespace of the thread that reads it has.
const COUNT: &str = "/proc/sys/net/netfilter/nf_conntrack_count";

/// `enum ip_conntrack_status`.
const SEEN_REPLY: u32 = 1 << 1;
const ASSURED: u32 = 1 << 2;

/// States of TCP by their number in `include/uapi/linux/netfilter/nf_conntrack_tcp.h`.
const TCP_STATES: [&str; 10] = [
    "NONE",
    "SYN_SENT",
    "SYN_RECV",
    "ESTABLISHED",
    "FIN_WAIT",
    "CLOSE_WAIT",
    "LAST_ACK",
    "TIME_WAIT",
    "CLOSE",
    "SYN_SENT2",
];
/// Those of SCTP (nf_conntrack_sctp.h).
const SCTP_STATES: [&str; 9] = [
    "NONE",
    "CLOSED",
    "COOKIE_WAIT",
    "COOKIE_ECHOED",
    "ESTABLISHED",
    "SHUTDOWN_SENT",
    "SHUTDOWN_RECD",
    "SHUTDOWN_ACK_SENT",
    "HEARTBEAT_SENT",
];

/// The connections of this thread's namespace.
pub(super) fn read() -> io::Result<Dump<ConntrackEntry>> {
    if Part::Conntrack.is_there() == Some(false) {
        return Ok(Dump::default());
    }
    // To look for none takes as long as the machine's whole table is.
    if fs::read_to_string(COUNT).is_ok_and(|count| count.trim() == "0") {
        return Ok(Dump::default());
    }
    if Part::ConntrackNetlink.is_there() != Some(true) {
        return from_file();
    }
    let mut client = Client::open(NETLINK_NETFILTER)?;
    client.dump_raw(GET, &REQUEST, |_, body| {
        connection(body).ok_or_else(|| "a connection".to_owned())
    })
}

fn from_file() -> io::Result<Dump<ConntrackEntry>> {
    let mut text = String::new();
    let file = fs::File::open(FILE);
    let read = file.and_then(|file| file.take(MOST + 1).read_to_string(&mut text));
    read.map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => io::Error::other(
            "the kernel shows its table by netlink only, and that part is not loaded (hint: `modprobe nf_conntrack_netlink`)",
        ),
        _ => error,
    })?;
    if text.len() as u64 > MOST {
        let why = format!("{FILE} is longer than {} MiB", MOST >> 20);
        return Err(io::Error::other(why));
    }
    let mut read = Dump::default();
    for line in text.lines() {
        match entry(line) {
            Ok(found) => read.entries.push(found),
            Err(why) => read.holes.push(format!(
                "a line of nf_conntrack could not be understood ({why})"
            )),
        }
    }
    Ok(read)
}

/// A message of the dump.
fn connection(body: &[u8]) -> Option<ConntrackEntry> {
    let attributes = attributes(body.get(REQUEST.len()..)?)?;
    let find = |kind: u16| {
        attributes
            .iter()
            .find(|(found, _)| *found == kind)
            .map(|(_, value)| value.as_slice())
    };
    let number = |kind: u16| Some(u32::from_be_bytes(find(kind)?.try_into().ok()?));
    let (original, reply) = (tuple(find(1)?)?, tuple(find(2)?)?);
    let status = number(3)?;
    let zone = find(18).and_then(|value| Some(u16::from_be_bytes(value.try_into().ok()?)));
    let mut connection = ConntrackEntry {
        state: ConntrackState {
            protocol_state: find(4).and_then(protocol_state),
            seen_reply: status & SEEN_REPLY != 0,
            assured: status & ASSURED != 0,
        },
        mark: number(8).unwrap_or(0),
        zone: zone.unwrap_or(0),
        timeout: number(7),
        original,
        reply,
        raw: String::new(),
    };
    connection.raw = line(&connection, number(11));
    Some(connection)
}

/// Attributes of one level.
fn attributes(bytes: &[u8]) -> Option<Vec<(u16, Vec<u8>)>> {
    NlasIterator::new(bytes)
        .map(|attribute| {
            let attribute = attribute.ok()?;
            Some((attribute.kind(), attribute.value().to_vec()))
        })
        .collect()
}

/// CTA_TUPLE_ORIG, CTA_TUPLE_REPLY.
fn tuple(bytes: &[u8]) -> Option<Tuple> {
    let parts = attributes(bytes)?;
    let part = |kind: u16| {
        let (_, value) = parts.iter().find(|(found, _)| *found == kind)?;
        attributes(value)
    };
    let (addresses, transport) = (part(1)?, part(2)?);
    let address = |kinds: [u16; 2]| -> Option<IpAddr> {
        let (_, value) = addresses.iter().find(|(found, _)| kinds.contains(found))?;
        ip(value)
    };
    let byte = |kinds: [u16; 2]| {
        let found = transport.iter().find(|(found, _)| kinds.contains(found));
        found.and_then(|(_, value)| value.first().copied())
    };
    let word = |kinds: [u16; 2]| {
        let found = transport.iter().find(|(found, _)| kinds.contains(found));
        found.and_then(|(_, value)| Some(u16::from_be_bytes(value.as_slice().try_into().ok()?)))
    };
    let protocol = protocol(byte([1, 1])?);
    let (source_port, destination_port) = match protocol {
        Protocol::Icmp => {
            let (kind, code) = (byte([5, 8])?, byte([6, 9])?);
            (word([4, 7])?, u16::from_be_bytes([kind, code]))
        }
        _ => (word([2, 2]).unwrap_or(0), word([3, 3]).unwrap_or(0)),
    };
    Some(Tuple {
        protocol,
        source: address([1, 3])?,
        destination: address([2, 4])?,
        source_port,
        destination_port,
    })
}

/// CTA_PROTOINFO: the state of TCP (1) or SCTP (3).
fn protocol_state(bytes: &[u8]) -> Option<String> {
    let (kind, value) = attributes(bytes)?.into_iter().next()?;
    let inside = attributes(&value)?;
    let (_, state) = inside.iter().find(|(kind, _)| *kind == 1)?;
    let names: &[&str] = match kind {
        1 => &TCP_STATES,
        3 => &SCTP_STATES,
        _ => return None,
    };
    let name = names.get(usize::from(*state.first()?))?;
    Some((*name).to_owned())
}

/// The line that `conntrack -L -o extended` has for it.
fn line(connection: &ConntrackEntry, uses: Option<u32>) -> String {
    let ConntrackEntry {
        original,
        reply,
        state,
        mark,
        zone,
        timeout,
        ..
    } = connection;
    let mut words: Vec<String> = Vec::new();
    let (family, number) = match original.source {
        IpAddr::V4(_) => ("ipv4", 2),
        IpAddr::V6(_) => ("ipv6", 10),
    };
    words.push(format!("{family:<8} {number}"));
    let protocol = original.protocol;
    let number = protocol.number(crate::model::Family::of(original.source));
    let name = match protocol {
        Protocol::Icmp if number == 58 => "icmpv6".to_owned(),
        Protocol::Other(_) => "unknown".to_owned(),
        known => known.to_string(),
    };
    words.push(format!("{name:<8} {number}"));
    words.extend(timeout.map(|seconds| seconds.to_string()));
    words.extend(state.protocol_state.clone());
    words.push(direction(original));
    words.extend((!state.seen_reply).then(|| "[UNREPLIED]".to_owned()));
    words.push(direction(reply));
    words.extend(state.assured.then(|| "[ASSURED]".to_owned()));
    words.push(format!("mark={mark}"));
    words.extend((*zone != 0).then(|| format!("zone={zone}")));
    words.extend(uses.map(|uses| format!("use={uses}")));
    words.join(" ")
}

fn direction(tuple: &Tuple) -> String {
    let Tuple {
        source,
        destination,
        source_port,
        destination_port,
        ..
    } = tuple;
    let addresses = format!("src={source} dst={destination}");
    let [kind, code] = destination_port.to_be_bytes();
    match tuple.protocol {
        Protocol::Icmp => format!("{addresses} type={kind} code={code} id={source_port}"),
        protocol if protocol.has_ports() => {
            format!("{addresses} sport={source_port} dport={destination_port}")
        }
        _ => addresses,
    }
}
