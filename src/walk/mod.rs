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
mod conntrack;
mod data;
mod decision;
mod device;
mod discovery;
mod explore;
mod icmp;
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
use std::net::SocketAddr;
use std::rc::Rc;

use conntrack::Direction;
use explore::{Choices, explore};
use journey::{Journey, step};
use packet::{ACK, PSH, Packet, Port};
use refusal::Denial;
use walker::{Delivery, Fate, Recipient, Stop, Stopped, Walk};

use crate::model::iptables::Wish;
use crate::model::kube_proxy::ServedBy;
use crate::model::trace::{
    Assumption, ClientSees, FlowSummary, Leg, StepKind, TRACE_SCHEMA, Trace, Verdict,
};
use crate::model::{Cluster, Family, Flow, NetnsId, Protocol, ServicePort};

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

/// One run of the walk, forth and back.
#[derive(Debug)]
struct Run {
    fate: Fate,
    forth: Journey,
    back: Option<(Result<(), Stopped>, Journey)>,
    /// TCP's third packet, or its data, where they did not fare as the first one did.
    stuck: Option<(Stopped, Journey)>,
    not_seen: BTreeSet<String>,
    wishes: Wishes,
    supposed: Vec<Assumption>,
}

fn run(cluster: &Cluster, flow: &Flow, choices: &mut Choices, without: &Rc<Without>) -> Run {
    let mut walk = Walk::new(cluster, std::mem::take(choices));
    walk.without = Rc::clone(without);
    let flow = &send::dialled(flow);
    walk.established = flow.established;
    walk.port_given = flow.source_port.is_some();
    let mut fate = set_out(&mut walk, flow, first_packet(flow));
    if flow.established && flow.protocol == Protocol::Tcp {
        fate = fate.map_err(Stopped::seen_by_connection);
    }
    let forth = walk.journey.take();
    let back = match &fate {
        Ok(delivery) if flow.reply => {
            walk.start_again();
            let mut answer = delivery.packet.answer();
            // What is sent back is supposed to be as large as what was sent, whatever became of that on the way.
            answer.size = first_packet(flow).size;
            let answered = come_back(&mut walk, flow, &delivery.to, answer, "the answer");
            Some((answered, walk.journey.take()))
        }
        Err(stopped) if flow.reply => {
            walk.start_again();
            let lost = lose_refusal(&mut walk, flow, stopped);
            lost.map(|lost| (Err(lost), walk.journey.take()))
        }
        _ => None,
    };
    let stuck = match (&fate, &back) {
        (Ok(delivery), Some((Ok(()), _)))
            if flow.protocol == Protocol::Tcp && !flow.established =>
        {
            walk.start_again();
            let made = acknowledge(&mut walk, flow, delivery);
            let sent = made.and_then(|()| data::exchange(&mut walk, flow, delivery));
            sent.err().map(|stopped| (stopped, walk.journey.take()))
        }
        _ => None,
    };
    *choices = walk.choices;
    Run {
        fate,
        forth,
        back,
        stuck,
        not_seen: walk.not_seen,
        wishes: walk.wishes,
        supposed: walk.supposed,
    }
}

/// The flow's first packet, before anything was decided about it.
fn first_packet(flow: &Flow) -> Packet {
    let ports = flow.protocol.has_ports();
    let source = flow.source.or(flow.external_source);
    let mut packet = Packet::new(flow.protocol, source, flow.destination);
    if ports {
        packet.source_port = flow.source_port.map_or(Port::EPHEMERAL, Port::known);
        packet.destination_port = Port::known(flow.destination_port);
    }
    if let (Protocol::Icmp, Some(identifier)) = (flow.protocol, flow.source_port) {
        (packet.source_port, packet.destination_port) =
            (Port::known(identifier), Port::known(identifier));
    }
    if flow.established && flow.protocol == Protocol::Tcp {
        packet.tcp_flags = PSH | ACK;
    }
    packet.tos = flow.tos;
    packet.size = match flow.protocol {
        // However much it has to say: its data come later.
        Protocol::Tcp if !flow.established => flow.size.min(header(&packet) + SYN_BYTES),
        _ => flow.size,
    };
    packet.mark = flow.mark;
    packet
}

/// Bytes of TCP in a SYN: its header, and the options that Linux sets.
const SYN_BYTES: u32 = 40;

/// Bytes of the IP header.
fn header(packet: &Packet) -> u32 {
    match packet.family() {
        Family::V4 => 20,
        Family::V6 => 40,
    }
}

/// A packet of the client's, from its sender on.
fn set_out(walk: &mut Walk<'_>, flow: &Flow, mut packet: Packet) -> Fate {
    let start = flow.start;
    let Some(external) = flow.external_source else {
        walk.journey.enter(walk.cluster, start, None);
        let mark = if flow.mark == 0 {
            String::new()
        } else {
            format!(", mark {:#x}", flow.mark)
        };
        let to = dialled_name(flow);
        let text = format!(
            "a program here sends {} to {to}{mark}",
            what_is_sent(flow, &packet)
        );
        walk.journey.step(step(StepKind::Emit, text));
        let source = match &walk.sent {
            Some(first) => Some(first.source),
            None => flow.source,
        };
        return walk.send(start, packet, source);
    };
    let here = walk.cluster.netns(start);
    let towards = routing::Lookup {
        destination: external,
        source: None,
        iif: "lo",
        oif: None,
        mark: 0,
        tos: 0,
        protocol: flow.protocol,
        ports: (Port::NONE, Port::NONE),
        uid: Some(0),
    };
    let device = match routing::lookup(here, &towards) {
        routing::Routed::Found { ways, .. } => ways.first().and_then(|way| way.hop.device.clone()),
        routing::Routed::Partly(part) => {
            let why = walk.partly(start, part);
            return Err(walk.stop(&packet, Stop::unknown(start, why)));
        }
        _ => None,
    };
    match device {
        Some(device) => {
            walk.journey.enter(walk.cluster, start, Some(&device));
            let text = format!(
                "{} from {external} outside arrives by {device}",
                what_is_sent(flow, &packet)
            );
            walk.journey.step(step(StepKind::Wire, text));
            packet.destination_mac = here.link(&device).and_then(|link| link.mac);
            walk.sent = Some(Direction::of(&packet));
            cut_outside(walk, start, &device, &mut packet);
            walk.receive(start, &device, packet)
        }
        None => {
            let why = format!(
                "by which device a packet from {external} would arrive is not known: there is no route to it"
            );
            Err(walk.stop(&packet, Stop::unknown(start, why)))
        }
    }
}

/// Who sends from outside cuts what does not fit a link there, which is supposed to hold as much as the device at this end.
fn cut_outside(walk: &mut Walk<'_>, netns: NetnsId, device: &str, packet: &mut Packet) {
    let link = walk.cluster.netns(netns).link(device);
    let Some(mtu) = link.map(|link| link.mtu).filter(|mtu| packet.size > *mtu) else {
        return;
    };
    walk.supposed.push(Assumption {
        unknown: format!("the MTU of what lies behind {device}"),
        supposed: format!("{mtu}, as {device} has: what is longer comes in pieces"),
        otherwise: vec!["if it is larger: longer packets, which may be lost here".to_owned()],
    });
    packet.size = mtu;
    packet.dont_fragment &= packet.protocol == Protocol::Tcp;
}

fn what_is_sent(flow: &Flow, packet: &Packet) -> &'static str {
    match packet.protocol {
        Protocol::Tcp if packet.tcp_flags == ACK => "TCP's acknowledgement",
        Protocol::Tcp if packet.tcp_flags == PSH | ACK => "data of its TCP connection",
        Protocol::Tcp => "a TCP SYN",
        Protocol::Udp => "a datagram",
        Protocol::Sctp if flow.established => "data of its SCTP association",
        Protocol::Sctp => "an SCTP INIT",
        Protocol::Icmp => "an echo request",
        Protocol::Other(_) => "a packet",
    }
}

/// TCP's third packet, which goes the way of the first but is judged as one of a connection that stands: where the answer
/// went another way it is INVALID, and rules may take only new connections. Whatever the client sends then is like it.
fn acknowledge(walk: &mut Walk<'_>, flow: &Flow, first: &Delivery) -> Result<(), Stopped> {
    let first_packet = first_packet(flow);
    // It has less to say than a SYN: twelve bytes of options, with its timestamps.
    let header = header(&first_packet);
    let acknowledgement = Packet {
        tcp_flags: ACK,
        size: flow.size.min(header + 32),
        ..first_packet
    };
    let stopped = match set_out(walk, flow, acknowledgement) {
        Err(stopped) => stopped,
        Ok(arrived) => {
            let (there, here) = (Direction::of(&first.packet), Direction::of(&arrived.packet));
            if arrived.to == first.to && here == there {
                return Ok(());
            }
            let why = format!(
                "it arrives as {}, not as the first packet did: not the same connection",
                arrived.packet
            );
            // A socket that waits for connections answers what belongs to none with a reset (`tcp_v4_rcv`).
            let stop = match &arrived.to {
                Recipient::Socket(netns) => Stop::rejected(*netns, Denial::Closed, why),
                Recipient::Outside { netns, .. } => Stop::dropped(*netns, why),
            };
            walk.stop(&arrived.packet.forgotten(), stop)
        }
    };
    Err(hang(walk, flow, stopped))
}

/// What the end of its third packet is for a client whose connection was made: a reset ends it, if it comes home; an ICMP
/// error does not (tcp_ipv4.c, `tcp_v4_err`).
fn hang(walk: &mut Walk<'_>, flow: &Flow, mut stopped: Stopped) -> Stopped {
    stopped.at.on = Some(Leg::Acknowledgement);
    if stopped.verdict == Verdict::Undetermined {
        return stopped;
    }
    stopped.verdict = Verdict::Dropped;
    stopped.client_sees = Some(ClientSees::Timeout);
    let refusal = stopped.refusal.as_ref();
    if refusal.is_some_and(|refusal| refusal.denial.is_reset()) {
        let journey = walk.journey.clone();
        walk.start_again();
        match lose_refusal(walk, flow, &stopped) {
            Some(lost) => {
                stopped.at = lost.at;
                stopped.at.on = Some(Leg::Acknowledgement);
                if lost.verdict == Verdict::Undetermined {
                    (stopped.verdict, stopped.client_sees) = (Verdict::Undetermined, None);
                }
            }
            None => {
                walk.journey = journey;
                stopped.client_sees = Some(ClientSees::Refused);
            }
        }
    }
    stopped
}

/// Whom the client dials.
fn dialled_name(flow: &Flow) -> String {
    match flow.protocol.has_ports() {
        true => SocketAddr::new(flow.destination, flow.destination_port).to_string(),
        false => flow.destination.to_string(),
    }
}

/// The way of a refusal back to the client, if it does not get there.
fn lose_refusal(walk: &mut Walk<'_>, flow: &Flow, stopped: &Stopped) -> Option<Stopped> {
    let refusal = stopped.refusal.as_deref()?;
    if refusal.denial == Denial::ResetOnBridge {
        return None;
    }
    let fate = walk.send_refusal(refusal);
    let mut lost = come_home(walk, flow, fate, "the refusal").err()?;
    let but = match lost.verdict {
        Verdict::Undetermined => "whether the refusal arrives is not known",
        _ => "but the refusal is lost",
    };
    lost.at.why = format!("{}; {but}: {}", stopped.at.why, lost.at.why);
    Some(lost)
}

/// The answer, from whoever took the packet back to its sender, who must recognise it.
fn come_back(
    walk: &mut Walk<'_>,
    flow: &Flow,
    from: &Recipient,
    mut answer: Packet,
    word: &str,
) -> Result<(), Stopped> {
    // The kernel's own echoes may be cut on the way (`icmp_init`).
    answer.dont_fragment = answer.protocol != Protocol::Icmp;
    let fate = match from {
        Recipient::Socket(netns) => {
            walk.journey.enter(walk.cluster, *netns, None);
            walk.journey
                .step(step(StepKind::Emit, format!("{word}: {answer}")));
            let source = answer.source;
            walk.send(*netns, answer, Some(source))
        }
        Recipient::Outside { netns, device } => {
            walk.journey.enter(walk.cluster, *netns, Some(device));
            walk.journey.step(step(
                StepKind::Wire,
                format!("an answer from outside arrives by {device}: {answer}"),
            ));
            answer.destination_mac = walk
                .cluster
                .netns(*netns)
                .link(device)
                .and_then(|link| link.mac);
            cut_outside(walk, *netns, device, &mut answer);
            walk.receive(*netns, device, answer)
        }
    };
    come_home(walk, flow, fate, word)
}

/// Whether what was sent back reached the client, and is an answer to what it sent.
fn come_home(walk: &mut Walk<'_>, flow: &Flow, fate: Fate, word: &str) -> Result<(), Stopped> {
    let on_reply = |mut stopped: Stopped| {
        stopped.at.on = Some(Leg::Reply);
        if stopped.verdict != Verdict::Undetermined {
            stopped.verdict = Verdict::Dropped;
            stopped.client_sees = Some(ClientSees::Timeout);
        }
        stopped
    };
    let arrived = fate.map_err(on_reply)?;
    let answered = match &arrived.packet.about {
        Some(about) => about.clone(),
        None => Direction::of(&arrived.packet).inverse(),
    };
    let recognised = walk.sent.as_ref() == Some(&answered);
    let home = match (&arrived.to, flow.external_source) {
        (Recipient::Socket(netns), None) => *netns == flow.start,
        (Recipient::Outside { .. }, Some(client)) => arrived.packet.destination == client,
        _ => false,
    };
    if recognised && home {
        return Ok(());
    }
    let wanted = dialled_name(flow);
    let why = if home {
        format!(
            "{word} comes as {}, the client waits for one from {wanted}: not its connection",
            arrived.packet
        )
    } else {
        format!(
            "{word} does not come back to the client but to {}",
            match &arrived.to {
                Recipient::Socket(netns) => walk.place_name(*netns),
                Recipient::Outside { .. } => "the outside".to_owned(),
            }
        )
    };
    let stopped = walk.stop(&arrived.packet, Stop::dropped(arrived.to.netns(), why));
    Err(on_reply(stopped))
}
