//! Packets that every cluster has to carry, walked through it: between pods of one node and of two, between pods and
//! nodes. What stops one of them is wrong whatever the reason; the state that convicts is where it stopped.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::{NodeView, Scene};
use crate::model::iptables::Wish;
use crate::model::trace::{Path, Trace, Verdict};
use crate::model::{Cluster, Family, Flow, FlowEnd, Netns, NetnsId, Protocol, SocketState};
use crate::walk;

/// To so many other nodes packets are walked from each.
const PEERS: usize = 8;

/// What is walked, and what came of it.
pub struct Probe {
    /// Who sends to whom, in words: `pods of node1 to pods of node2`.
    pub what: String,
    /// What came of it.
    pub trace: Trace,
}

impl Probe {
    /// The ways that end before their end.
    pub fn stopped(&self) -> impl Iterator<Item = &Path> {
        let ends_well = |verdict| matches!(verdict, Verdict::Delivered | Verdict::Undetermined);
        self.trace
            .paths
            .iter()
            .filter(move |path| !ends_well(path.verdict))
    }
}

/// Somebody who sends or is sent to.
#[derive(Clone, Copy)]
struct End<'c> {
    place: NetnsId,
    netns: &'c Netns,
    ip: IpAddr,
}

/// Walks them all. Chains that were met and not read are added to `wishes`.
pub fn all(scene: &Scene<'_>, wishes: &mut BTreeSet<Wish>) -> Vec<Probe> {
    let mut probes = Vec::new();
    for family in super::scene::families(scene) {
        let nodes: Vec<&NodeView<'_>> = scene
            .nodes
            .iter()
            .filter(|node| node.host.is_some())
            .collect();
        for (at, node) in nodes.iter().enumerate() {
            let pods = pods(scene, node, family);
            let Some(first) = pods.first() else { continue };
            let mut add = |what: String, from: End<'_>, to: End<'_>| {
                let (trace, mut wished) =
                    walk::trace_and_wishes(scene.cluster, &flow(scene.cluster, from, to));
                wishes.append(&mut wished);
                probes.push(Probe { what, trace });
            };
            if let Some(other) = pods.get(1) {
                add(
                    format!("pods of {} to each other", node.name),
                    *first,
                    *other,
                );
            }
            if let Some(host) = host(node, family) {
                add(format!("pods of {} to their node", node.name), *first, host);
                add(format!("{} to its pods", node.name), host, *first);
            }
            let others = nodes
                .iter()
                .cycle()
                .skip(at + 1)
                .take(nodes.len().saturating_sub(1).min(PEERS));
            for peer in others {
                let theirs = self::pods(scene, peer, family);
                let Some(to) = theirs.first() else { continue };
                add(
                    format!("pods of {} to pods of {}", node.name, peer.name),
                    *first,
                    *to,
                );
                if let Some(host) = host(node, family) {
                    add(format!("{} to pods of {}", node.name, peer.name), host, *to);
                }
            }
        }
    }
    probes
}

/// The first pods of a node that have an address of its network, by name.
fn pods<'c>(scene: &Scene<'c>, node: &NodeView<'c>, family: Family) -> Vec<End<'c>> {
    let Some(cidr) = node.pod_cidr(family) else {
        return Vec::new();
    };
    let mut found: Vec<(&str, &str, End<'c>)> = scene
        .pods(node)
        .filter_map(|(place, netns, namespace, name)| {
            netns.routes(family)?;
            let mut held = netns.addresses.iter().flatten();
            let own = held.find(|address| cidr.contains(&address.ip))?;
            Some((
                namespace,
                name,
                End {
                    place,
                    netns,
                    ip: own.ip,
                },
            ))
        })
        .collect();
    found.sort_by_key(|(namespace, name, _)| (*namespace, *name));
    found.into_iter().take(2).map(|(.., end)| end).collect()
}

/// A node's own address.
fn host<'c>(node: &NodeView<'c>, family: Family) -> Option<End<'c>> {
    let (place, netns) = node.host?;
    netns.routes(family)?;
    let published = node.addresses(family).chain(node.public_ip(family));
    let ip = published.into_iter().find(|ip| netns.has_address(*ip))?;
    Some(End { place, netns, ip })
}

/// A connection to a port on which the receiver listens, else a ping.
fn flow(cluster: &Cluster, from: End<'_>, to: End<'_>) -> Flow {
    let family = Family::of(to.ip);
    let listens = to.netns.sockets.iter().flatten().find(|socket| {
        let here = match socket.address {
            None => true,
            Some(ip) => ip == to.ip || ip.is_unspecified() && Family::of(ip) == family,
        };
        socket.protocol == Protocol::Tcp
            && socket.state == SocketState::Listen
            && here
            && socket.device.is_none()
    });
    let (protocol, port) =
        listens.map_or((Protocol::Icmp, 0), |socket| (Protocol::Tcp, socket.port));
    let end = |end: End<'_>| FlowEnd {
        kind: "address".to_owned(),
        node: Some(cluster.node_name(end.place).to_owned()),
        ip: Some(end.ip),
        ..FlowEnd::default()
    };
    Flow {
        start: from.place,
        external_source: None,
        from: end(from),
        to: end(to),
        protocol,
        destination: to.ip,
        destination_port: port,
        source: None,
        source_port: None,
        established: false,
        mark: 0,
        tos: 0,
        size: if family == Family::V4 { 84 } else { 104 },
        reply: true,
    }
}
