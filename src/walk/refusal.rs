//! Answers that refuse a packet, ICMP errors and TCP resets, and their way home (net/ipv4/icmp.c `icmp_send`,
//! net/ipv6/icmp.c `icmp6_send`, net/ipv4/netfilter/nf_reject_ipv4.c, net/ipv4/tcp_ipv4.c `tcp_v4_send_reset`).
//!
//! They are packets of their own, which rules may drop, and which translation rewrites as the connection says that they
//! are about.

use std::net::{IpAddr, Ipv6Addr};

use super::conntrack::Direction;
use super::icmp::IcmpError;
use super::journey::step;
use super::packet::{Packet, Port, Tracked, Tracking};
use super::routing::{Lookup, Routed, is_local, lookup};
use super::source_address::select_address;
use super::walker::{Fate, Walk};
use crate::model::trace::StepKind;
use crate::model::{Family, NetnsId, Protocol, RouteScope};

/// How a host refuses a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Denial {
    /// With an ICMP error.
    Error(IcmpError),
    /// REJECT, with a TCP reset.
    Reset,
    /// The same for a packet that came through a bridge port: `nf_send_reset` puts it on the bridge as it is, so that it
    /// meets no rule on its way to the sender, and nothing translates it back.
    ResetOnBridge,
    /// TCP or SCTP itself, with the reset or the ABORT of a port where nothing listens.
    Closed,
}

/// An answer on the point of being sent.
#[derive(Debug, Clone)]
pub(super) struct Refusal {
    pub netns: NetnsId,
    pub denial: Denial,
    /// The packet that is refused.
    pub packet: Packet,
}

impl Denial {
    /// Whether it ends a connection that stands.
    pub fn is_reset(self) -> bool {
        matches!(self, Self::Reset | Self::ResetOnBridge | Self::Closed)
    }

    /// What it is called.
    pub fn name(self, protocol: Protocol) -> &'static str {
        match (self, protocol) {
            (Self::Error(error), _) => error.name(),
            (Self::Closed, Protocol::Sctp) => "an SCTP ABORT",
            (Self::Reset | Self::ResetOnBridge | Self::Closed, _) => "a TCP reset",
        }
    }
}

impl Refusal {
    /// The packet that is sent.
    fn made(&self) -> Packet {
        let refused = &self.packet;
        let mut answer = refused.answer();
        // nf_ct_attach: it belongs to the connection of what it answers.
        match refused.tracking {
            Tracking::Tracked(tracked) => {
                answer.tracking = Tracking::Tracked(Tracked {
                    reply: !tracked.reply,
                    established: false,
                    related: true,
                    ..tracked
                });
            }
            Tracking::Untracked => answer.tracking = Tracking::Attached,
            _ => {}
        }
        let v4 = refused.family() == Family::V4;
        // ICMP, and the TCP of IPv4, send by sockets of the kernel's own; nf_send_reset and tcp_v6_send_response by none.
        let by_socket = match self.denial {
            Denial::Error(_) => true,
            Denial::Closed => v4,
            Denial::Reset | Denial::ResetOnBridge => false,
        };
        answer.socket = Some(self.netns).filter(|_| by_socket);
        let Denial::Error(error) = self.denial else {
            answer.tcp_flags = 0x14;
            answer.size = if v4 { 40 } else { 60 };
            // tcp_v4_send_reset gives the TOS back, nf_send_reset does not.
            if self.denial == Denial::Closed {
                answer.tos = refused.tos;
            }
            return answer;
        };
        answer.protocol = Protocol::Icmp;
        answer.icmp = error.type_and_code(refused.family());
        answer.tcp_flags = 0;
        (answer.source_port, answer.destination_port) = (Port::NONE, Port::NONE);
        answer.about = Some(Direction::of(refused));
        answer.inner = refused.inner.clone();
        let (header, most) = if v4 { (28, 576) } else { (48, 1280) };
        answer.size = (refused.size + header).min(most);
        answer.tos = if v4 { refused.tos & 0x1e | 0xc0 } else { 0 };
        answer
    }
}

impl Walk<'_> {
    /// Sends an answer that refuses a packet. A reset comes in the name of the server, whoever sends it; an error from
    /// an address of this host.
    pub fn send_refusal(&mut self, refusal: &Refusal) -> Fate {
        let netns = refusal.netns;
        let mut answer = refusal.made();
        let claimed = refusal.packet.destination;
        let own = is_local(self.cluster.netns(netns), claimed);
        let is_error = matches!(refusal.denial, Denial::Error(_));
        let source = match own || !is_error {
            true => Some(claimed),
            false => self.source_of_error(netns, &refusal.packet, &answer),
        };
        self.journey.enter(self.cluster, netns, None);
        // TCP answers ::1 by the device that the packet seemed to come in by, which has the address (tcp_v6_send_response).
        let to_itself = answer.destination == IpAddr::from(Ipv6Addr::LOCALHOST);
        let here = self.cluster.netns(netns);
        let its = here.addresses.iter().flatten();
        let device = its
            .filter(|_| to_itself && refusal.denial == Denial::Closed)
            .find(|address| address.ip == claimed)
            .map(|address| address.device.as_str());
        let chosen = self.route_refusal(netns, &mut answer, source, device)?;
        let name = refusal.denial.name(refusal.packet.protocol);
        let text = format!("{name}: {answer}");
        self.journey.step(step(StepKind::Emit, text));
        self.output(netns, answer, chosen)
    }

    /// `icmp6_send`: where the route home has no source of its own, an error comes from an address of the device by which
    /// what it answers came in, and is routed as from that address. Over IPv4 the route alone gives the source.
    fn source_of_error(&self, netns: NetnsId, refused: &Packet, answer: &Packet) -> Option<IpAddr> {
        let device = refused.arrived_by.as_deref()?;
        if refused.family() == Family::V4 {
            return None;
        }
        let here = self.cluster.netns(netns);
        let home = Lookup {
            uid: Some(0),
            ..Lookup::made_here(answer, None)
        };
        let given = match lookup(here, &home) {
            Routed::Found { route, .. } => route.preferred_source,
            _ => None,
        };
        let home = answer.destination;
        given.or_else(|| select_address(here, device, None, home, RouteScope::Universe))
    }
}
