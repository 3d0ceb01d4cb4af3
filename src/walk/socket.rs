//! The last step: a socket takes the packet, or the host answers that nothing listens (net/ipv4/tcp_ipv4.c, udp.c,
//! icmp.c and their IPv6 sisters).

use std::net::IpAddr;

use super::icmp::IcmpError;
use super::journey::{proven, step};
use super::packet::{Packet, Tracking};
use super::refusal::Denial;
use super::walker::{Delivery, Fate, Recipient, Stop, Walk};
use crate::model::trace::{Assumption, StepKind};
use crate::model::{Family, NetnsId, Part, Protocol, Socket, SocketState};

impl Walk<'_> {
    /// Finds the socket for a packet that INPUT let pass.
    pub fn reach_socket(&mut self, netns: NetnsId, mut packet: Packet) -> Fate {
        let delivered = |packet| {
            Ok(Delivery {
                packet,
                to: Recipient::Socket(netns),
            })
        };
        // An answer is taken by the socket that asked, which no list of listening sockets shows.
        if packet.tcp_flags & 0x10 != 0 || packet.about.is_some() {
            return delivered(packet);
        }
        if packet.protocol == Protocol::Icmp {
            return self.echo(netns, packet);
        }
        if !packet.protocol.has_ports() {
            let why = format!(
                "whether anything here takes protocol {} is not known",
                packet.protocol
            );
            return Err(self.stop(&packet, Stop::unknown(netns, why)));
        }
        let Some(sockets) = self.cluster.netns(netns).sockets.as_deref() else {
            let place = self.place_name(netns);
            let port = packet.destination_port.number().unwrap_or_default();
            self.supposed.push(Assumption {
                unknown: format!(
                    "whether anything listens on {}/{port} in {place}: its sockets were not read",
                    packet.protocol
                ),
                supposed: "something listens".to_owned(),
                otherwise: vec!["if nothing listens: refused".to_owned()],
            });
            self.journey.step(step(
                StepKind::Deliver,
                format!("for {packet}, if something listens"),
            ));
            return delivered(packet);
        };
        if let Some(socket) = sockets.iter().find(|socket| takes(socket, &packet)) {
            let at = match socket.address {
                None => format!("*:{}", socket.port),
                Some(ip) => std::net::SocketAddr::new(ip, socket.port).to_string(),
            };
            let text = format!("{at} listens; sees {}", packet.source);
            self.journey
                .step(proven(StepKind::Deliver, text, "ss -lntu", &socket.raw));
            return delivered(packet);
        }
        self.need_whole(netns, Part::Sockets, &packet)?;
        // TCP and UDP forget the packet's connection (nf_reset_ct): what they answer is looked up anew.
        packet.tracking = Tracking::NotYet;
        let answer = match packet.protocol {
            Protocol::Tcp => Denial::Closed,
            _ => Denial::Error(IcmpError::PortUnreachable),
        };
        let port = packet
            .destination_port
            .number()
            .map_or("that port".to_owned(), |port| port.to_string());
        let others: Vec<String> = sockets
            .iter()
            .filter(|socket| socket.protocol == packet.protocol)
            .map(|socket| socket.port.to_string())
            .collect();
        let heard = match others.len() {
            0 => format!("nothing listens on any {} port", packet.protocol),
            1..=8 => format!(
                "{} ports that listen: {}",
                packet.protocol,
                others.join(", ")
            ),
            many => format!("{many} other {} ports listen", packet.protocol),
        };
        let why = format!(
            "nothing listens on {}/{port} here, it answers with {} ({heard})",
            packet.protocol,
            answer.name()
        );
        Err(self.stop(&packet, Stop::rejected(netns, answer, why)))
    }

    /// The kernel itself answers echo requests, unless it was told not to.
    fn echo(&mut self, netns: NetnsId, packet: Packet) -> Fate {
        let key = match packet.family() {
            Family::V4 => "net.ipv4.icmp_echo_ignore_all",
            Family::V6 => "net.ipv6.icmp.echo_ignore_all",
        };
        self.need_settings(netns, &[key.to_owned()], &packet)?;
        if self.sysctl(netns, key).unwrap_or(0) != 0 {
            let why = format!("{key} is set: echo requests are ignored");
            return Err(self.stop(&packet, Stop::dropped(netns, why)));
        }
        self.journey.step(step(
            StepKind::Deliver,
            format!("the kernel answers; sees {}", packet.source),
        ));
        Ok(Delivery {
            packet,
            to: Recipient::Socket(netns),
        })
    }
}

/// Whether a socket takes a packet: its address is the packet's destination or any.
fn takes(socket: &Socket, packet: &Packet) -> bool {
    let state = match packet.protocol {
        Protocol::Udp => SocketState::Unconnected,
        _ => SocketState::Listen,
    };
    socket.protocol == packet.protocol
        && socket.state == state
        && packet.destination_port.number() == Some(socket.port)
        && match socket.address {
            None => true,
            // ss writes a socket of both families as `*`; `[::]` is of IPv6 alone.
            Some(IpAddr::V4(ip)) if ip.is_unspecified() => packet.family() == Family::V4,
            Some(IpAddr::V6(ip)) if ip.is_unspecified() => packet.family() == Family::V6,
            Some(ip) => ip == packet.destination,
        }
}
