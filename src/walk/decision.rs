//! A routing decision by itself: what `ip route get` answers (net/ipv4/route.c `inet_rtm_getroute`, net/ipv6/route.c
//! `inet6_rtm_getroute`).

use std::net::IpAddr;

use super::explore::{Tree, explore};
use super::packet::{Packet, Port};
use super::routing::{Lookup, is_local};
use super::send::Chosen;
use super::source_address::{select_address, source_for};
use super::walker::{Stopped, Walk};
use crate::model::trace::{ClientSees, Verdict};
use crate::model::{Cluster, Netns, NetnsId, Protocol, Route, RouteScope};

/// More next hops than this are not told.
const MOST_ANSWERS: usize = 1024;

/// What is to be routed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteQuestion {
    /// Where to.
    pub destination: IpAddr,
    /// From where; for what is made here, `None` leaves the choice to the route.
    pub source: Option<IpAddr>,
    /// The device it came in by; `None` for what is made here.
    pub input: Option<String>,
    /// The device that the sender is bound to (SO_BINDTODEVICE).
    pub output: Option<String>,
    /// The packet's mark.
    pub mark: u32,
    /// The TOS byte.
    pub tos: u8,
    /// Its transport protocol.
    pub protocol: Protocol,
    /// Its source port; 0 while it has none.
    pub source_port: u16,
    /// Its destination port.
    pub destination_port: u16,
    /// The sender's user.
    pub user: u32,
}

impl RouteQuestion {
    /// Of a TCP packet that root sends from here, without a mark or ports, with the source left to the route.
    pub fn made_here(destination: IpAddr) -> Self {
        Self {
            destination,
            source: None,
            input: None,
            output: None,
            mark: 0,
            tos: 0,
            protocol: Protocol::Tcp,
            source_port: 0,
            destination_port: 0,
            user: 0,
        }
    }
}

/// What the kernel decides.
#[derive(Debug, Clone, PartialEq)]
pub enum RouteAnswer<'c> {
    /// By this route.
    Route {
        /// The route; `None` where none led there and the sender's device was taken for the destination's link.
        route: Option<&'c Route>,
        /// The router it goes to, `None` when the destination is on the link or here.
        gateway: Option<IpAddr>,
        /// The device it leaves by; `lo` for what stays here.
        device: String,
        /// The source address; `None` when no device has one.
        source: Option<IpAddr>,
    },
    /// It is refused.
    Refused {
        /// What the program that sent it sees.
        client_sees: ClientSees,
        /// Why, in a sentence.
        why: String,
    },
    /// What was read does not tell.
    Unknown {
        /// Why, in a sentence.
        why: String,
    },
}

/// Routes one packet in a namespace: every answer the kernel may give, with its probability (a multipath route has several).
pub fn route<'c>(
    cluster: &'c Cluster,
    netns: NetnsId,
    question: &RouteQuestion,
) -> Vec<(f64, RouteAnswer<'c>)> {
    let tree = explore(MOST_ANSWERS, |choices| {
        let mut walk = Walk::new(cluster, std::mem::take(choices));
        let answer = decide(&mut walk, netns, question);
        *choices = walk.choices;
        answer
    });
    let mut answers = Vec::new();
    flatten(tree, 1.0, &mut answers);
    answers
}

fn flatten<'c>(tree: Tree<RouteAnswer<'c>>, share: f64, answers: &mut Vec<(f64, RouteAnswer<'c>)>) {
    match tree {
        Tree::Leaf(answer) => answers.push((share, answer)),
        Tree::Balance(branches) => branches
            .into_iter()
            .for_each(|(part, branch)| flatten(branch, share * part, answers)),
        Tree::Unknown { what, .. } => answers.push((share, RouteAnswer::Unknown { why: what })),
        Tree::TooMany => answers.push((
            share,
            RouteAnswer::Unknown {
                why: "there are more next hops than are told".to_owned(),
            },
        )),
    }
}

fn decide<'c>(walk: &mut Walk<'c>, netns: NetnsId, question: &RouteQuestion) -> RouteAnswer<'c> {
    let mut packet = Packet::new(question.protocol, question.source, question.destination);
    packet.source_port = Port::known(question.source_port);
    packet.destination_port = Port::known(question.destination_port);
    packet.mark = question.mark;
    packet.tos = question.tos;
    walk.journey.enter(walk.cluster, netns, None);
    match &question.input {
        Some(device) => match walk.route_input(netns, device, &packet) {
            Ok(chosen) => answer(&chosen, Some(packet.source)),
            Err(stopped) => refusal(stopped),
        },
        None => decide_output(walk, netns, packet, question),
    }
}

/// `ip_route_output_key_hash_rcu`, `ip6_route_output_flags`.
fn decide_output<'c>(
    walk: &mut Walk<'c>,
    netns: NetnsId,
    mut packet: Packet,
    question: &RouteQuestion,
) -> RouteAnswer<'c> {
    let here: &'c Netns = walk.cluster.netns(netns);
    let refused = |client_sees, why: String| RouteAnswer::Refused { client_sees, why };
    let is_ipv4 = packet.destination.is_ipv4();
    let source = question.source.filter(|source| !source.is_unspecified());
    if let Some(IpAddr::V4(source)) = source {
        if source.is_multicast() || source.is_broadcast() {
            let why = format!("{source} is no address of a host");
            return refused(ClientSees::Invalid, why);
        }
        let ours = here.has_address(source.into()) || is_local(here, source.into());
        if !ours {
            let why = format!("{source} is no address of this host");
            return refused(ClientSees::Unreachable, why);
        }
    }
    let bound_to = question.output.as_deref();
    if let Some(device) = bound_to.filter(|_| is_ipv4)
        && here.link(device).is_some_and(|link| !link.up)
    {
        return refused(ClientSees::Unreachable, format!("{device} is down"));
    }
    packet.socket = Some(netns);
    let query = Lookup {
        oif: bound_to,
        uid: Some(question.user),
        ..Lookup::made_here(&packet, source)
    };
    // Who is bound to a device reaches what no route leads to: it is taken to be on the link.
    let chosen = match walk.decide(netns, &query, &packet) {
        Ok(Ok(chosen)) => Ok(chosen),
        Ok(Err(refused)) => match bound_to.filter(|_| is_ipv4) {
            Some(device) => Err(device),
            None => return refusal(walk.refuse_output(netns, &packet, refused)),
        },
        Err(stopped) => return refusal(stopped),
    };
    let source = source.or_else(|| match &chosen {
        Ok(chosen) => source_for(here, chosen.route, chosen.hop, packet.destination),
        Err(device) => select_address(here, device, None, packet.destination, RouteScope::Link),
    });
    packet.source = source.unwrap_or(packet.source);
    let device = match &chosen {
        Ok(chosen) => &chosen.device,
        Err(device) => *device,
    };
    if let Err(stopped) = walk.keep_loopback_in(netns, &packet, device) {
        return refusal(stopped);
    }
    match chosen {
        Ok(chosen) => answer(&chosen, source),
        Err(device) => RouteAnswer::Route {
            route: None,
            gateway: None,
            device: device.to_owned(),
            source,
        },
    }
}

fn answer<'c>(chosen: &Chosen<'c>, source: Option<IpAddr>) -> RouteAnswer<'c> {
    RouteAnswer::Route {
        route: Some(chosen.route),
        gateway: chosen.gateway,
        device: chosen.device.clone(),
        source,
    }
}

fn refusal<'c>(stopped: Stopped) -> RouteAnswer<'c> {
    let why = stopped.at.why;
    match stopped.client_sees {
        Some(client_sees) if stopped.verdict != Verdict::Undetermined => {
            RouteAnswer::Refused { client_sees, why }
        }
        _ => RouteAnswer::Unknown { why },
    }
}
