//! Tracked connections: who talks to what, and where each was sent.

use std::net::SocketAddr;

use super::{Column, Place, Rows};
use crate::model::{ConntrackEntry, ConntrackState};

pub(super) const CONNTRACK: &[Column] = &[
    Column::new("proto"),
    Column::new("client"),
    Column::wide("to"),
    Column::new("service"),
    Column::new("sent_to"),
    Column::wide("source_seen"),
    Column::new("state"),
    Column::wide("timeout"),
    Column::wide("owner"),
    Column::wide("entry"),
];

pub(super) fn conntrack(place: &Place<'_>) -> Rows {
    let mut entries: Vec<&ConntrackEntry> = place.netns.conntrack.as_ref()?.iter().collect();
    entries.sort_by_key(|entry| {
        let tuple = &entry.original;
        (
            tuple.destination,
            tuple.destination_port,
            tuple.source,
            tuple.source_port,
        )
    });
    let row = |entry: &ConntrackEntry| {
        let (original, reply) = (&entry.original, &entry.reply);
        let has_ports = original.protocol.has_ports();
        let shown = |ip, port| match has_ports {
            true => SocketAddr::new(ip, port).to_string(),
            false => ip.to_string(),
        };
        let to = SocketAddr::new(original.destination, original.destination_port);
        let who = |ip| place.owners.ip(ip).unwrap_or("?").to_owned();
        vec![
            original.protocol.to_string().into(),
            shown(original.source, original.source_port).into(),
            shown(original.destination, original.destination_port).into(),
            place.owners.service(to, original.protocol).into(),
            shown(reply.source, reply.source_port).into(),
            // Answers go to the source that the receiver saw.
            shown(reply.destination, reply.destination_port).into(),
            state(&entry.state).into(),
            entry.timeout.into(),
            format!("{} -> {}", who(original.source), who(reply.source)).into(),
            entry.raw.as_str().into(),
        ]
    };
    Some(entries.into_iter().map(row).collect())
}

/// The protocol's own state, and `UNREPLIED` while no answer was seen.
fn state(state: &ConntrackState) -> String {
    let own = state.protocol_state.as_deref();
    let unreplied = (!state.seen_reply).then_some("UNREPLIED");
    let words: Vec<&str> = own.into_iter().chain(unreplied).collect();
    words.join(" ")
}
