//! What rules ask of the connection a packet belongs to (net/netfilter/xt_conntrack.c).

use super::matching::{Answer, net, port};
use crate::model::iptables::ConntrackMatch;
use crate::walk::packet::{Packet, Tracking};
use crate::walk::walker::Walk;

impl Walk<'_> {
    /// xt_conntrack.c, `conntrack_mt`.
    pub(super) fn conntrack(&self, wanted: &ConntrackMatch, packet: &Packet) -> Answer {
        let bit = |name| named_bit(&ConntrackMatch::STATES, name);
        let entry = match packet.tracking {
            Tracking::Tracked(tracked) => Some((tracked, self.connections.get(tracked))),
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
                // What a CT rule laid down counts as a new connection.
                (Tracking::NotYet, None) if packet.template.is_some() => bit("NEW"),
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
        let number = packet.protocol.number(packet.family());
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
            // The kernel has no bit for NONE: it holds for no connection. ASSURED comes later than the first answer.
            let mut has = 0;
            for (name, is) in [
                ("SEEN_REPLY", entry.seen_reply),
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
            (&wanted.original_source_port, entry.original.source_port),
            (
                &wanted.original_destination_port,
                entry.original.destination_port,
            ),
            (&wanted.reply_source_port, entry.reply.source_port),
            (&wanted.reply_destination_port, entry.reply.destination_port),
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

/// The bit of that name.
fn named_bit(names: &[(&str, u8)], name: &str) -> u8 {
    names
        .iter()
        .find(|(known, _)| *known == name)
        .map_or(0, |(_, bit)| *bit)
}
