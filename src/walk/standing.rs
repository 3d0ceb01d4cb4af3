//! Connections that stood when the tables were read (`conntrack -L`): the packets that belong to them, and those that
//! lead nowhere any more.
//!
//! Of a packet whose source port is known, the tables tell whether it belongs to one. An entry keeps its translation for
//! as long as packets keep it alive, whatever becomes of the rules: a UDP client that keeps its port goes on sending to
//! an endpoint that is gone, while every new client is served.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::conntrack::{Lookup, Table};
use super::journey::{proven, step};
use super::packet::{Packet, Tracking};
use super::walker::Walk;
use crate::model::trace::{Assumption, StepKind};
use crate::model::{Cluster, ConntrackEntry, Flow, Netns, NetnsId, NetnsName, Part, Takes};

/// The tool that prints the tables.
const SOURCE: &str = "conntrack -L";

impl Walk<'_> {
    /// Looks a packet up among the connections of a namespace.
    pub(super) fn track(&mut self, netns: NetnsId, packet: &mut Packet) {
        let known = !matches!(packet.tracking, Tracking::NotYet);
        let here = self.cluster.netns(netns);
        let key = "net.netfilter.nf_conntrack_tcp_loose";
        let table = Table {
            entries: here.conntrack.as_deref().unwrap_or_default(),
            loose: self.sysctl(netns, key) != Some(0),
        };
        match self.connections.track(netns, packet, table) {
            Lookup::None | Lookup::Met => {}
            Lookup::Standing(entry) => {
                let text = format!("belongs to a connection that stands: {}", described(entry));
                let step = proven(StepKind::Conntrack, text, SOURCE, &entry.raw);
                self.journey.step(step);
                self.mind_virtual_server(netns, entry);
            }
            Lookup::Begun => self.mind_unread_connections(netns, packet),
            Lookup::Invalid if known => {}
            Lookup::Invalid => {
                let text =
                    "INVALID: answers a connection that was never seen here; not translated back";
                self.journey.step(step(StepKind::Conntrack, text));
            }
        }
    }

    /// IPVS has a table of its own, in which the connection keeps its real server.
    fn mind_virtual_server(&mut self, netns: NetnsId, entry: &ConntrackEntry) {
        let to =
            std::net::SocketAddr::new(entry.original.destination, entry.original.destination_port);
        let mut servers = self.cluster.netns(netns).virtual_servers.iter().flatten();
        let takes =
            |takes: &Takes| matches!(takes, Takes::Address { address, .. } if *address == to);
        if servers.any(|server| takes(&server.takes)) {
            self.supposed.push(Assumption {
                unknown: format!("which real server IPVS keeps for the connection to {to}"),
                supposed: "one is chosen anew".to_owned(),
                otherwise: vec![format!("if it keeps one: {}", far_end(entry))],
            });
        }
    }

    /// A packet that may belong to a connection seems to begin one, where the table was not read, or not whole.
    fn mind_unread_connections(&mut self, netns: NetnsId, packet: &mut Packet) {
        let here = self.cluster.netns(netns);
        let read = here.conntrack.is_some() && !here.incomplete.contains(&Part::Conntrack);
        if read || !may_track(here) || !(self.established || self.port_given) {
            return;
        }
        let place = self.place_name(netns);
        if !self.established {
            self.not_seen(format!(
                "{place}: connections were not captured; none is supposed to stand with that source port"
            ));
            return;
        }
        self.connections.suppose_standing(packet);
        self.supposed.push(Assumption {
            unknown: format!("whether {place} still knows the connection: its table was not read"),
            supposed: "it does, and translates nothing".to_owned(),
            otherwise: vec!["if it does not: the rules are asked again".to_owned()],
        });
    }
}

/// Connections are tracked where rules ask for them: everywhere on a node's host, hardly ever in a pod.
fn may_track(netns: &Netns) -> bool {
    netns.name == NetnsName::Host || netns.iptables.iter().any(|rules| rules.has_rules())
}

/// `ESTABLISHED, to 10.42.1.6:80`.
fn described(entry: &ConntrackEntry) -> String {
    let state = match (&entry.state.protocol_state, entry.state.seen_reply) {
        (Some(state), _) => state.as_str(),
        (None, true) => "ESTABLISHED",
        (None, false) => "never answered",
    };
    format!("{state}, to {}", far_end(entry))
}

/// Whom the packets of a connection go to, translated.
fn far_end(entry: &ConntrackEntry) -> String {
    match entry.reply.protocol.has_ports() {
        true => std::net::SocketAddr::new(entry.reply.source, entry.reply.source_port).to_string(),
        false => entry.reply.source.to_string(),
    }
}

/// Connections of a flow's sender to its destination, where its packets are looked up first.
#[derive(Debug, Default)]
pub struct Standing<'c> {
    /// With the namespace whose table has them.
    pub connections: Vec<(NetnsId, &'c ConntrackEntry)>,
    /// Places whose table was not read.
    pub not_read: Vec<NetnsId>,
}

/// Looks for the connections that a flow may be one of.
pub fn standing<'c>(cluster: &'c Cluster, flow: &Flow) -> Standing<'c> {
    let mut standing = Standing::default();
    let node = cluster.node_name(flow.start);
    let places: BTreeSet<NetnsId> = [Some(flow.start), cluster.host(node)]
        .into_iter()
        .flatten()
        .collect();
    for place in places {
        let here = cluster.netns(place);
        let Some(entries) = &here.conntrack else {
            standing.not_read.extend(may_track(here).then_some(place));
            continue;
        };
        let its = entries.iter().filter(|entry| is_of(cluster, flow, entry));
        standing.connections.extend(its.map(|entry| (place, entry)));
    }
    standing
}

fn is_of(cluster: &Cluster, flow: &Flow, entry: &ConntrackEntry) -> bool {
    let tuple = &entry.original;
    let from = |ip: IpAddr| match flow.source.or(flow.external_source) {
        Some(source) => source == ip,
        None => flow.from.ip == Some(ip) || cluster.netns(flow.start).has_address(ip),
    };
    let port = !flow.protocol.has_ports() || tuple.destination_port == flow.destination_port;
    tuple.protocol == flow.protocol
        && tuple.destination == flow.destination
        && port
        && from(tuple.source)
}
