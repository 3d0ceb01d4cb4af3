//! The last step: a socket takes the packet, or the host answers that nothing listens (net/ipv4/tcp_ipv4.c, udp.c,
//! icmp.c, net/sctp/input.c and their IPv6 sisters).

use std::net::{IpAddr, SocketAddr};

use super::icmp::IcmpError;
use super::journey::{proven, step};
use super::packet::{ACK, PSH, Packet};
use super::refusal::Denial;
use super::walker::{Delivery, Fate, Recipient, Stop, Stopped, Walk};
use crate::model::trace::{Assumption, StepKind};
use crate::model::{Family, NetnsId, Part, Protocol, Socket, SocketState};

/// More sockets than this are counted, not named.
const NAMED: usize = 6;

impl Walk<'_> {
    /// Finds the socket for a packet that INPUT let pass, come in by `device`.
    pub fn reach_socket(&mut self, netns: NetnsId, device: &str, packet: Packet) -> Fate {
        let data = packet.protocol == Protocol::Tcp && packet.tcp_flags == PSH | ACK;
        if data && self.established {
            self.reach_connected_socket(netns, &packet);
        } else if packet.tcp_flags & ACK != 0 || packet.about.is_some() {
            // An answer is taken by the socket that asked, which no list of listening sockets shows.
        } else if packet.is_discovery() {
            // The kernel itself takes it.
        } else if packet.protocol == Protocol::Icmp {
            self.echo(netns, &packet)?;
        } else if packet.protocol.has_ports() {
            self.reach_listening_socket(netns, device, &packet)?;
        } else {
            let protocol = packet.protocol;
            let why = format!("whether anything here takes protocol {protocol} is not known");
            return Err(self.stop(&packet, Stop::unknown(netns, why)));
        }
        Ok(Delivery {
            packet,
            to: Recipient::Socket(netns),
        })
    }

    /// Data of a connection is for the socket that has it, which no list of listening sockets shows.
    fn reach_connected_socket(&mut self, netns: NetnsId, packet: &Packet) {
        let place = self.place_name(netns);
        let seen = packet.source;
        self.supposed.push(Assumption {
            unknown: format!("whether the program in {place} still has the connection"),
            supposed: "it does".to_owned(),
            otherwise: vec!["if it does not: a TCP reset".to_owned()],
        });
        let text = format!("for the program that has the connection; sees {seen}");
        self.journey.step(step(StepKind::Deliver, text));
    }

    fn reach_listening_socket(
        &mut self,
        netns: NetnsId,
        device: &str,
        packet: &Packet,
    ) -> Result<(), Stopped> {
        let protocol = packet.protocol;
        let here = self.cluster.netns(netns);
        let port = match packet.destination_port.number() {
            Some(port) => format!("{protocol}/{port}"),
            None => format!("that {protocol} port"),
        };
        let lost = match protocol {
            Protocol::Sctp => Part::SctpSockets,
            _ => Part::Sockets,
        };
        let sockets = here.sockets.as_deref();
        let listed = sockets.unwrap_or_default();
        let takes = listed.iter().filter(|socket| takes(socket, device, packet));
        if let Some(socket) = takes.max_by_key(|socket| closeness(socket)) {
            let text = format!("{} listens; sees {}", at(socket), packet.source);
            self.journey
                .step(proven(StepKind::Deliver, text, "ss -lntu", &socket.raw));
            return Ok(());
        }
        if sockets.is_none() || (protocol == Protocol::Sctp && here.incomplete.contains(&lost)) {
            let place = self.place_name(netns);
            self.supposed.push(Assumption {
                unknown: format!(
                    "whether anything listens on {port} in {place}: its sockets were not read"
                ),
                supposed: "something listens".to_owned(),
                otherwise: vec!["if nothing listens: refused".to_owned()],
            });
            let text = format!("for {packet}, if something listens");
            self.journey.step(step(StepKind::Deliver, text));
            return Ok(());
        }
        self.need_whole(netns, Part::Sockets, packet)?;
        let answer = match protocol {
            Protocol::Tcp | Protocol::Sctp => Denial::Closed,
            _ => Denial::Error(IcmpError::PortUnreachable),
        };
        let why = format!(
            "nothing listens on {port} here, it answers with {} ({})",
            answer.name(protocol),
            heard(listed, packet)
        );
        Err(self.stop(&packet.forgotten(), Stop::rejected(netns, answer, why)))
    }

    /// The kernel itself answers echo requests, unless it was told not to.
    fn echo(&mut self, netns: NetnsId, packet: &Packet) -> Result<(), Stopped> {
        let key = match packet.family() {
            Family::V4 => "net.ipv4.icmp_echo_ignore_all",
            Family::V6 => "net.ipv6.icmp.echo_ignore_all",
        };
        self.need_settings(netns, &[key.to_owned()], packet)?;
        if self.sysctl(netns, key).unwrap_or(0) != 0 {
            let why = format!("{key} is set: echo requests are ignored");
            return Err(self.stop(packet, Stop::dropped(netns, why)));
        }
        let text = format!("the kernel answers; sees {}", packet.source);
        self.journey.step(step(StepKind::Deliver, text));
        Ok(())
    }
}

/// Whether a socket waits for packets of this protocol and port.
fn waits(socket: &Socket, packet: &Packet) -> bool {
    receives(socket, packet.protocol) && packet.destination_port.number() == Some(socket.port)
}

/// Whether a socket takes what nobody has talked to it about yet.
fn receives(socket: &Socket, protocol: Protocol) -> bool {
    let state = match protocol {
        Protocol::Udp => SocketState::Unconnected,
        _ => SocketState::Listen,
    };
    socket.protocol == protocol && socket.state == state
}

/// Whether a socket takes a packet: its address is the packet's destination or any, and so its device
/// (`inet_bound_dev_eq`).
fn takes(socket: &Socket, device: &str, packet: &Packet) -> bool {
    waits(socket, packet)
        && socket.device.as_deref().is_none_or(|bound| bound == device)
        && match socket.address {
            None => true,
            // ss writes a socket of both families as `*`; `[::]` is of IPv6 alone.
            Some(ip) if ip.is_unspecified() => Family::of(ip) == packet.family(),
            Some(ip) => ip == packet.destination,
        }
}

/// Of several sockets, the one that is bound the closest takes it (`compute_score`).
fn closeness(socket: &Socket) -> (bool, bool) {
    let to_address = socket.address.is_some_and(|ip| !ip.is_unspecified());
    (socket.device.is_some(), to_address)
}

/// `*:80`, `127.0.0.1:80`, `*%eth0:80`.
fn at(socket: &Socket) -> String {
    let Socket { port, device, .. } = socket;
    match (socket.address, device) {
        (None, None) => format!("*:{port}"),
        (Some(ip), None) => SocketAddr::new(ip, *port).to_string(),
        (None, Some(device)) => format!("*%{device}:{port}"),
        (Some(ip), Some(device)) => format!("{ip}%{device}:{port}"),
    }
}

/// What does listen there: on the same port for others, else on other ports.
fn heard(sockets: &[Socket], packet: &Packet) -> String {
    let protocol = packet.protocol;
    let same_port: Vec<String> = sockets
        .iter()
        .filter(|socket| waits(socket, packet))
        .map(|socket| format!("{} listens, but only {}", at(socket), whom(socket)))
        .collect();
    if !same_port.is_empty() {
        return same_port.join("; ");
    }
    let mut others: Vec<&Socket> = sockets
        .iter()
        .filter(|socket| receives(socket, protocol))
        .collect();
    others.sort_by_key(|socket| socket.port);
    let mut others: Vec<String> = others.into_iter().map(at).collect();
    others.dedup();
    match others.len() {
        0 => format!("nothing listens on any {protocol} port"),
        1..=NAMED => format!("{protocol} sockets that listen: {}", others.join(", ")),
        many => format!(
            "{protocol} sockets that listen: {} and {} more",
            others[..NAMED].join(", "),
            many - NAMED
        ),
    }
}

/// Whose packets a socket takes that does not take everybody's.
fn whom(socket: &Socket) -> String {
    if let Some(device) = &socket.device {
        return format!("for what comes in by {device}");
    }
    match socket.address {
        Some(ip) if ip.is_loopback() => "for programs of the same host or pod".to_owned(),
        Some(IpAddr::V4(ip)) if ip.is_unspecified() => "for IPv4".to_owned(),
        Some(IpAddr::V6(ip)) if ip.is_unspecified() => "for IPv6".to_owned(),
        Some(ip) => format!("for what is sent to {ip}"),
        None => "for others".to_owned(),
    }
}
