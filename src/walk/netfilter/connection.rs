//! What rules ask of the connection a packet belongs to (net/netfilter/xt_conntrack.c).

use super::matching::{Answer, net, port};
use crate::model::iptables::ConntrackMatch;
use crate::model::{Family, NetnsId, Protocol};
use crate::walk::conntrack::{Connection, Direction};
use crate::walk::packet::{Packet, Port, Tracked, Tracking};
use crate::walk::walker::Walk;

impl Walk<'_> {
    /// xt_conntrack.c, `conntrack_mt`.
    pub(super) fn conntrack(
        &self,
        netns: NetnsId,
        wanted: &ConntrackMatch,
        packet: &Packet,
    ) -> Answer {
        let bit = |name| named_bit(&ConntrackMatch::STATES, name);
        let template = packet
            .template
            .map(|zone| Connection::template(netns, zone, packet.family()));
        let entry = match (packet.tracking, &template) {
            (Tracking::Tracked(tracked), _) => Some((tracked, self.connections.get(tracked))),
            (Tracking::NotYet, Some(template)) => Some((Tracked::NEW, template)),
            _ => None,
        };
        if let Some((negate, states)) = wanted.states {
            let state = match (packet.tracking, entry) {
                (_, Some((tracked, entry))) => {
                    let mut state = if tracked.related {
                        bit("RELATED")
                    } else if tracked.established {
                        bit("ESTABLISHED")
                    } else {
                        bit("NEW")
                    };
                    if entry.source_translated {
                        state |= bit("SNAT");
                    }
                    if entry.destination_translated {
                        state |= bit("DNAT");
                    }
                    state
                }
                (Tracking::Untracked, None) => bit("UNTRACKED"),
                _ => bit("INVALID"),
            };
            if (states & state != 0) == negate {
                return Answer::No;
            }
        }
        let others = wanted.status.is_some()
            || wanted.protocol.is_some()
            || wanted.original_source.is_some()
            || wanted.original_destination.is_some()
            || wanted.reply_source.is_some()
            || wanted.reply_destination.is_some()
            || wanted.original_source_port.is_some()
            || wanted.original_destination_port.is_some()
            || wanted.reply_source_port.is_some()
            || wanted.reply_destination_port.is_some()
            || wanted.original_direction.is_some()
            || wanted.expire;
        if !others {
            return Answer::Yes;
        }
        // Without a connection, the state is all that is asked; without asking for it, nothing holds.
        let Some((tracked, entry)) = entry else {
            return Answer::of(wanted.states.is_some());
        };
        let addresses = [
            (&wanted.original_source, entry.original.source),
            (&wanted.original_destination, entry.original.destination),
            (&wanted.reply_source, entry.reply.source),
            (&wanted.reply_destination, entry.reply.destination),
        ];
        if addresses
            .iter()
            .any(|(wanted, ip)| wanted.as_ref().is_some_and(|wanted| !net(wanted, *ip)))
        {
            return Answer::No;
        }
        // Of an error that is the protocol of the connection which it is about.
        let number = entry.original.protocol.number(packet.family());
        if wanted
            .protocol
            .is_some_and(|wanted| (wanted.value == number) == wanted.negate)
            || wanted
                .original_direction
                .is_some_and(|original| original == tracked.reply)
        {
            return Answer::No;
        }
        let mut answer = Answer::Yes;
        if let Some((negate, status)) = wanted.status {
            // The kernel has no bit for NONE: it holds for no connection. ASSURED comes later than the first answer, so
            // only those that stood before have it.
            let mut has = 0;
            for (name, is) in [
                ("SEEN_REPLY", entry.seen_reply),
                ("ASSURED", entry.assured),
                ("CONFIRMED", entry.confirmed),
            ] {
                has |= if is {
                    named_bit(&ConntrackMatch::STATUS, name)
                } else {
                    0
                };
            }
            answer = answer.and(Answer::of((status & has != 0) != negate));
        }
        let ports = [
            (&wanted.original_source_port, source_port(&entry.original)),
            (
                &wanted.original_destination_port,
                destination_port(&entry.original, false),
            ),
            (&wanted.reply_source_port, source_port(&entry.reply)),
            (
                &wanted.reply_destination_port,
                destination_port(&entry.reply, true),
            ),
        ];
        for (wanted, found) in ports {
            if let Some(wanted) = wanted {
                answer = answer.and(port(wanted, found));
            }
        }
        if wanted.expire {
            answer = answer.and(Answer::Unknown(
                "conntrack: how long the entry has left is not known".to_owned(),
            ));
        }
        answer
    }
}

/// Of an echo that is its identifier, whichever way it goes, and nobody knows which one a program takes.
fn source_port(direction: &Direction) -> Port {
    match direction.protocol {
        Protocol::Icmp => Port {
            first: 0,
            last: u16::MAX,
        },
        _ => direction.source_port,
    }
}

/// Of an echo these are type and code (`nf_conntrack_invert_icmp_tuple`).
fn destination_port(direction: &Direction, reply: bool) -> Port {
    let kind = match (direction.protocol, Family::of(direction.source), reply) {
        (Protocol::Icmp, Family::V4, false) => 8,
        (Protocol::Icmp, Family::V4, true) => 0,
        (Protocol::Icmp, Family::V6, false) => 128,
        (Protocol::Icmp, Family::V6, true) => 129,
        _ => return direction.destination_port,
    };
    Port::known(kind << 8)
}

/// The bit of that name.
fn named_bit(names: &[(&str, u8)], name: &str) -> u8 {
    names
        .iter()
        .find(|(known, _)| *known == name)
        .map_or(0, |(_, bit)| *bit)
}
