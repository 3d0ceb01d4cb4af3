//! The packet walk: what the kernel will do with a packet, predicted from what was read of it.
//!
//! A pure function of a [`Cluster`] and a [`Flow`]. Each file models one part of the kernel and says which; the parts
//! call each other as the kernel's do: a sender routes and passes its hooks ([`send`]), devices carry frames
//! ([`device`], [`bridge`], [`vxlan`]), hosts receive and forward ([`receive`]), rules and virtual servers are asked at
//! the hooks ([`netfilter`], [`ipvs`]). Each part takes the packet and ends with its fate: delivered, or stopped somewhere for a reason.
//!
//! Where the kernel chooses by chance, or something cannot be known, the walk asks its [`explore::Choices`] and is
//! repeated for every answer; [`paths`] puts the runs together.

mod arp;
mod bridge;
mod bridge_forward;
mod bridge_port;
mod client;
mod conntrack;
mod data;
mod decision;
mod device;
mod discovery;
mod explore;
mod handshake;
mod homeward;
mod icmp;
mod input_route;
mod ipip;
mod ipvs;
mod journey;
mod learn;
mod neighbor;
mod netfilter;
mod nftables;
mod outside;
mod packet;
mod paths;
mod receive;
mod recipient;
mod refusal;
pub mod resolver;
mod route_choice;
mod routing;
mod run;
mod segment;
mod send;
mod socket;
mod source_address;
mod source_check;
mod standing;
mod supposing;
mod table;
mod vxlan;
mod vxlan_fdb;
mod walker;

use std::collections::BTreeSet;
use std::rc::Rc;

use explore::explore;
use run::run;

use crate::model::iptables::Wish;
use crate::model::kube_proxy::ServedBy;
use crate::model::trace::{FlowSummary, TRACE_SCHEMA, Trace};
use crate::model::{Cluster, Flow, NetnsId, ServicePort};

pub use decision::{RouteAnswer, RouteQuestion, route};
pub use paths::overall;
pub use standing::{Standing, standing};
pub use supposing::{Passage, Without, pass};

/// More ways than this are not walked; what is left is reported as undetermined.
const MOST_RUNS: usize = 4096;

/// Predicts what becomes of a flow's first packet and of the answer to it.
pub fn trace(cluster: &Cluster, flow: &Flow) -> Trace {
    trace_and_wishes(cluster, flow).0
}

/// What a packet came to and was not read: with it supplied, it goes on from there.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Wishes {
    /// Chains.
    pub chains: BTreeSet<Wish>,
    /// Namespaces that were asked something beside the packet's own way.
    pub namespaces: BTreeSet<NetnsId>,
}

impl Wishes {
    fn append(&mut self, more: &mut Self) {
        self.chains.append(&mut more.chains);
        self.namespaces.append(&mut more.namespaces);
    }
}

/// The same, and what was not read and is needed to tell more.
pub fn trace_and_wishes(cluster: &Cluster, flow: &Flow) -> (Trace, Wishes) {
    trace_without(cluster, flow, &Rc::default())
}

/// The same, supposing that some rules were not there.
pub fn trace_without(cluster: &Cluster, flow: &Flow, without: &Rc<Without>) -> (Trace, Wishes) {
    let mut not_seen: BTreeSet<String> = BTreeSet::new();
    let mut wishes = Wishes::default();
    let tree = explore(MOST_RUNS, |choices| {
        let mut run = run(cluster, flow, choices, without);
        not_seen.extend(run.not_seen.iter().cloned());
        wishes.append(&mut run.wishes);
        run
    });
    let paths = paths::fold(cluster, tree);
    let (verdict, client_sees) = paths::overall(&paths);
    not_seen.extend(cluster.gaps.iter().map(ToString::to_string));
    let trace = Trace {
        schema: TRACE_SCHEMA.to_owned(),
        flow: FlowSummary {
            proto: flow.protocol.to_string(),
            from: flow.from.clone(),
            to: flow.to.clone(),
        },
        verdict,
        client_sees,
        paths,
        findings: Vec::new(),
        not_seen: not_seen.into_iter().collect(),
        kube_proxy: served_by(cluster, flow),
        dns: None,
    };
    (trace, wishes)
}

/// kube-proxy of the node where the flow begins, when it is for a Service or a NodePort.
fn served_by(cluster: &Cluster, flow: &Flow) -> Option<ServedBy> {
    let mut ports = cluster
        .objects
        .services
        .iter()
        .flat_map(|service| &service.ports);
    let is_asked = |port: &ServicePort| {
        port.protocol == flow.protocol && port.node_port == Some(flow.destination_port)
    };
    let for_service = match flow.to.kind.as_str() {
        "service" => true,
        "node" => ports.any(is_asked),
        _ => false,
    };
    let node = cluster.node_name(flow.start);
    let host = cluster.host(node).filter(|_| for_service)?;
    Some(ServedBy::of(node, cluster.netns(host)))
}
