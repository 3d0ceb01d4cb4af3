//! Tracked connections: `conntrack -L -o extended` (conntrack(8)); also without `extended`, and /proc/net/nf_conntrack.

use std::net::IpAddr;

use super::rows::{FieldResult, parse_as};
use super::sysctl::lines;
use crate::collect::report::{Report, excerpt};
use crate::model::{ConntrackEntry, ConntrackState, Family, Protocol, Tuple};

/// The connections of a file.
pub fn connections(text: &str, report: &mut Report) -> Vec<ConntrackEntry> {
    let mut entries = Vec::new();
    for (line, text) in lines(text) {
        // What the tool says at the end goes to its stderr, which may have been written along.
        if text.starts_with("conntrack v") {
            continue;
        }
        let read = entry(text).map_err(|what| format!("{what}: {}", excerpt(text)));
        entries.extend(report.keep(line, read));
    }
    entries
}

/// The family of a connection.
pub fn family(entry: &ConntrackEntry) -> Family {
    Family::of(entry.original.source)
}

/// One line.
pub fn entry(text: &str) -> FieldResult<ConntrackEntry> {
    let mut words = text.split_ascii_whitespace().peekable();
    if words
        .next_if(|word| matches!(*word, "ipv4" | "ipv6"))
        .is_some()
    {
        words.next();
    }
    words.next().ok_or("no protocol")?;
    let number: u8 = parse_as("the protocol's number", words.next().unwrap_or_default())?;
    let timeout = words.next_if(|word| word.bytes().all(|byte| byte.is_ascii_digit()));
    let protocol_state = words.next_if(|word| !word.contains('=') && !word.starts_with('['));
    let mut directions = [Direction::default(), Direction::default()];
    let mut at = 0;
    let mut state = ConntrackState {
        protocol_state: protocol_state.map(str::to_owned),
        seen_reply: true,
        assured: false,
    };
    let (mut mark, mut zone) = (0, 0);
    for word in words {
        let (key, value) = word.split_once('=').unwrap_or((word, ""));
        match key {
            // The second `src=` begins the direction of replies.
            "src" if directions[0].source.is_some() => {
                at = 1;
                directions[1].source = Some(parse_as(key, value)?);
            }
            "src" => directions[0].source = Some(parse_as(key, value)?),
            "[UNREPLIED]" => state.seen_reply = false,
            "[ASSURED]" => state.assured = true,
            "mark" => mark = parse_as(key, value)?,
            "zone" => zone = parse_as(key, value)?,
            _ => directions[at].set(key, value)?,
        }
    }
    let protocol = protocol(number);
    let [original, reply] = directions;
    Ok(ConntrackEntry {
        original: original.tuple(protocol)?,
        reply: reply.tuple(protocol)?,
        state,
        mark,
        zone,
        timeout: timeout
            .map(|seconds| parse_as("the timeout", seconds))
            .transpose()?,
        raw: text.to_owned(),
    })
}

/// The protocol of that number, whichever the family.
pub fn protocol(number: u8) -> Protocol {
    match number {
        6 => Protocol::Tcp,
        17 => Protocol::Udp,
        132 => Protocol::Sctp,
        1 | 58 => Protocol::Icmp,
        other => Protocol::Other(other),
    }
}

/// One direction while it is read.
#[derive(Default)]
struct Direction {
    source: Option<IpAddr>,
    destination: Option<IpAddr>,
    source_port: u16,
    destination_port: u16,
}

impl Direction {
    fn set(&mut self, key: &str, value: &str) -> FieldResult<()> {
        match key {
            "dst" => self.destination = Some(parse_as(key, value)?),
            "sport" | "id" => self.source_port = parse_as(key, value)?,
            "dport" => self.destination_port = parse_as(key, value)?,
            // ICMP keeps type and code where others keep the destination port.
            "type" => self.destination_port |= u16::from(parse_as::<u8>(key, value)?) << 8,
            "code" => self.destination_port |= u16::from(parse_as::<u8>(key, value)?),
            _ => {}
        }
        Ok(())
    }

    fn tuple(self, protocol: Protocol) -> FieldResult<Tuple> {
        Ok(Tuple {
            protocol,
            source: self.source.ok_or("a direction has no `src`")?,
            destination: self.destination.ok_or("a direction has no `dst`")?,
            source_port: self.source_port,
            destination_port: self.destination_port,
        })
    }
}
