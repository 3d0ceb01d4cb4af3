//! Packets that every cluster has to carry, walked through it: between pods of one node and of two, between pods and
//! nodes. What stops one of them is wrong whatever the reason; the state that convicts is where it stopped.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::rc::Rc;

use super::passages;
use super::stopper::named;
use crate::check::{NodeView, Scene, scene};
use crate::model::iptables::Wish;
use crate::model::trace::{Path, Trace, Verdict};
use crate::model::{
    Cluster, Family, Finding, Flow, FlowEnd, Netns, NetnsId, NetnsName, Protocol, SocketState,
};
use crate::walk::{self, Without};

/// So many rules are told that stop one packet one after another.
const MOST_STOPPERS: usize = 16;

/// To so many other nodes packets are walked from each.
const PEERS: usize = 8;

/// What is walked, and what came of it.
pub struct Probe<'c> {
    /// Who sends to whom, in words: `pods of node1 to pods of node2`.
    pub what: String,
    from: End<'c>,
    to: End<'c>,
    flow: Flow,
    /// What came of it.
    pub trace: Trace,
}

/// Ways that are not known to end where they should: those that go on to somebody outside are lost as well.
fn stopped(paths: &[Path]) -> impl Iterator<Item = &Path> {
    let is_outside = |path: &Path| {
        let end = path.destination.as_ref();
        end.is_some_and(|end| end.kind == "external")
    };
    paths
        .iter()
        .filter(move |path| path.verdict != Verdict::Delivered || is_outside(path))
}

/// Every rule that stops packets which `walk` walks: the first one, then the one that would if that were not there, and
/// on. With them goes whether anything else stops some.
fn stoppers(
    cluster: &Cluster,
    wishes: &mut BTreeSet<Wish>,
    outer: bool,
    mut walk: impl FnMut(&Rc<Without>) -> (Vec<Path>, BTreeSet<Wish>),
) -> (Vec<Finding>, bool) {
    let mut found = Vec::new();
    let mut without = Rc::new(Without::default());
    for _ in 0..MOST_STOPPERS {
        let (paths, mut wished) = walk(&without);
        wishes.append(&mut wished);
        let before = found.len();
        for path in stopped(&paths) {
            let Some(finding) = named(cluster, path, outer) else {
                continue;
            };
            let place = &finding.place;
            let place = place.node.as_deref().zip(place.netns.as_deref());
            if let (Some((node, netns)), Some(rule)) = (place, finding.evidence.first())
                && Rc::make_mut(&mut without).add(node, netns, rule)
            {
                found.push(finding);
            }
        }
        if found.len() == before {
            return (found, stopped(&paths).next().is_some());
        }
    }
    (found, false)
}

impl Probe<'_> {
    /// The sender's address, where pods send to pods.
    pub fn source_of_pod(&self) -> Option<IpAddr> {
        let is_pod = |end: End<'_>| end.netns.name != NetnsName::Host;
        (is_pod(self.from) && is_pod(self.to)).then_some(self.from.ip)
    }

    /// Every rule that stops its packets, or would if others were not there. Where something else than a rule stops them
    /// (the way is broken), the rules are asked all the same, at the hooks that they would pass.
    pub fn stoppers(&self, scene: &Scene<'_>, wishes: &mut BTreeSet<Wish>) -> Vec<Finding> {
        if stopped(&self.trace.paths).next().is_none() {
            return Vec::new();
        }
        let cluster = scene.cluster;
        let (mut found, broken) = stoppers(cluster, wishes, false, |without| {
            let (trace, wished) = walk::trace_without(cluster, &self.flow, without);
            (trace.paths, wished.chains)
        });
        if broken {
            let ends = (self.from.stay(), self.to.stay());
            for hooks in passages::of(scene, ends, &self.flow) {
                let (more, _) = stoppers(cluster, wishes, hooks.outer, |without| {
                    walk::pass(cluster, &hooks.passage(), without)
                });
                found.extend(more);
            }
        }
        found
    }
}

/// Somebody who sends or is sent to.
#[derive(Clone, Copy)]
struct End<'c> {
    place: NetnsId,
    netns: &'c Netns,
    ip: IpAddr,
}

impl End<'_> {
    fn stay(self) -> passages::Stay {
        passages::Stay {
            node: self.place.node,
            is_host: self.netns.name == NetnsName::Host,
            ip: self.ip,
        }
    }
}

/// Walks them all. Chains that were met and not read are added to `wishes`.
pub fn all<'c>(scene: &Scene<'c>, wishes: &mut BTreeSet<Wish>) -> Vec<Probe<'c>> {
    let mut probes = Vec::new();
    for family in scene::families(scene) {
        let nodes: Vec<&NodeView<'_>> = scene
            .nodes
            .iter()
            .filter(|node| node.host.is_some())
            .collect();
        for (at, node) in nodes.iter().enumerate() {
            let pods = pods(scene, node, family);
            let Some(first) = pods.first() else { continue };
            let mut add = |what: String, from: End<'c>, to: End<'c>| {
                let flow = flow(scene.cluster, from, to);
                let (trace, mut wished) = walk::trace_and_wishes(scene.cluster, &flow);
                wishes.append(&mut wished.chains);
                probes.push(Probe {
                    what,
                    from,
                    to,
                    flow,
                    trace,
                });
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
