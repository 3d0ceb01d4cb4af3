//! The client's end: what it sends, and how that sets out, from a program here or from somebody outside.

use std::net::SocketAddr;

use super::conntrack::Direction;
use super::journey::step;
use super::packet::{ACK, PSH, Packet, Port};
use super::routing;
use super::walker::{Fate, Stop, Walk};
use crate::model::trace::{Assumption, StepKind};
use crate::model::{Family, Flow, NetnsId, Protocol};

/// The flow's first packet, before anything was decided about it.
pub(super) fn first_packet(flow: &Flow) -> Packet {
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
pub(super) fn header(packet: &Packet) -> u32 {
    match packet.family() {
        Family::V4 => 20,
        Family::V6 => 40,
    }
}

/// A packet of the client's, from its sender on.
pub(super) fn set_out(walk: &mut Walk<'_>, flow: &Flow, mut packet: Packet) -> Fate {
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
pub(super) fn cut_outside(walk: &mut Walk<'_>, netns: NetnsId, device: &str, packet: &mut Packet) {
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

/// Whom the client dials.
pub(super) fn dialled_name(flow: &Flow) -> String {
    match flow.protocol.has_ports() {
        true => SocketAddr::new(flow.destination, flow.destination_port).to_string(),
        false => flow.destination.to_string(),
    }
}
