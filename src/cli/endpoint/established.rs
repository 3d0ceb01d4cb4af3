//! `--established`: a later packet of a connection that stands.

use crate::cli::Failure;
use crate::model::{Cluster, ConntrackEntry, Flow, NetnsId};
use crate::walk;

/// So many connections are named.
const NAMED: usize = 5;

/// The flow as a later packet of the connection that stands. Where several do, they must lead to the same end: any of
/// them tells the same then.
pub fn follow(cluster: &Cluster, flow: &Flow) -> Result<Flow, Failure> {
    let standing = walk::standing(cluster, flow);
    let wanted = |entry: &&ConntrackEntry| {
        let state = entry.state.protocol_state.as_deref();
        flow.source_port
            .is_none_or(|port| entry.original.source_port == port)
            && !matches!(state, Some("TIME_WAIT" | "CLOSE"))
    };
    let places: Vec<NetnsId> = standing
        .connections
        .iter()
        .map(|(place, _)| *place)
        .collect();
    let connections: Vec<&ConntrackEntry> = standing
        .connections
        .iter()
        .map(|(_, entry)| *entry)
        .filter(wanted)
        .collect();
    let Some(first) = connections.first() else {
        return Err(none(cluster, flow, &standing.not_read, places.len()));
    };
    let end = |entry: &ConntrackEntry| (entry.reply.source, entry.reply.source_port);
    if connections.iter().any(|entry| end(entry) != end(first)) {
        return Err(several(&connections));
    }
    Ok(Flow {
        established: true,
        source: Some(first.original.source).filter(|_| flow.external_source.is_none()),
        source_port: Some(first.original.source_port),
        ..flow.clone()
    })
}

fn none(cluster: &Cluster, flow: &Flow, not_read: &[NetnsId], others: usize) -> Failure {
    let node = cluster.node_name(flow.start);
    if !not_read.is_empty() && others == 0 {
        return Failure::new(format!(
            "which connections stand is not known: the table of {node} was not read"
        ))
        .hint("a bundle has it as conntrack.txt (`conntrack -L -o extended`); live, run as root");
    }
    let with_port = match flow.source_port {
        Some(port) => format!(" with source port {port}"),
        None => String::new(),
    };
    let failure = Failure::new(format!(
        "no connection from there to {}{with_port} stands in the table of {node}",
        spelled(flow)
    ));
    match others {
        0 => failure.hint("leave --established out to ask about a new one"),
        count => failure.hint(format!(
            "others do: {count}, with other source ports or closed already; leave --sport out, or --established"
        )),
    }
}

fn spelled(flow: &Flow) -> String {
    match flow.protocol.has_ports() {
        true => {
            let at = std::net::SocketAddr::new(flow.destination, flow.destination_port);
            format!("{at}/{}", flow.protocol)
        }
        false => format!("{}/{}", flow.destination, flow.protocol),
    }
}

fn several(connections: &[&ConntrackEntry]) -> Failure {
    let mut ends: Vec<String> = Vec::new();
    let mut listed = Vec::new();
    for entry in connections {
        let end = entry.reply.source.to_string();
        if !ends.contains(&end) {
            listed.push(format!("--sport {} (to {end})", entry.original.source_port));
            ends.push(end);
        }
    }
    let more = match listed.len().saturating_sub(NAMED) {
        0 => String::new(),
        count => format!(" or {count} more"),
    };
    listed.truncate(NAMED);
    Failure::new(format!(
        "{} connections stand, to {} different ends",
        connections.len(),
        ends.len()
    ))
    .hint(format!("say which: {}{more}", listed.join(", ")))
}
