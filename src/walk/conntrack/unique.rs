//! That answers can be told apart: no two connections may have the same tuple in the same zone (nf_nat_core.c
//! `get_unique_tuple`, nf_conntrack_core.c `nf_conntrack_tuple_taken`, `__nf_conntrack_confirm`).
//!
//! A translation therefore takes another port where the one that it wants is in use, and a connection for which there is
//! none, or whose protocol lets two packets race, is dropped where it would be entered into the table.

use super::{Connection, Connections, Direction, Manipulation};
use crate::model::Protocol;
use crate::model::iptables::ZoneDirections;
use crate::walk::packet::{Port, Tracked};

impl Connections {
    /// `nf_nat_used_tuple`: whether another connection is answered already as this one would be, translated to `wanted`.
    pub fn is_used(&self, tracked: Tracked, wanted: &Direction) -> bool {
        let this = self.get(tracked);
        self.others(tracked).any(|other| {
            // A packet sent twice at once is no other connection: that is left to `nf_ct_resolve_clash`.
            let same =
                other.original == this.original && other.zone.original() == this.zone.original();
            !same && clashes(other, this, &wanted.inverse())
        })
    }

    /// `nf_nat_used_tuple_new`: the same for a connection that is not to be translated. Two hosts that sent each other
    /// datagrams at the same time need no other port.
    pub fn is_used_as_it_is(&self, tracked: Tracked, wanted: &Direction) -> bool {
        let this = self.get(tracked);
        // Kernels before 6.12 had no such exception; what they give another port to is lost as well.
        let crosses = |other: &Connection| {
            other.original == this.reply
                && other.zone.original() == this.zone.original()
                && !other.source_translated
                && !other.destination_translated
        };
        let excused = allows_clash(wanted.protocol) && self.others(tracked).any(crosses);
        self.is_used(tracked, wanted) && !excused
    }

    /// `find_appropriate_src`: what other connections from the same address and port became, where that fits.
    pub fn mapped_before(
        &self,
        tracked: Tracked,
        wanted: &Direction,
        fits: impl Fn(&Direction) -> bool,
    ) -> Option<Direction> {
        let this = self.get(tracked);
        let is_same = |other: &&Connection| {
            other.source_settled
                && other.original.protocol == wanted.protocol
                && (other.original.source, other.original.source_port)
                    == (wanted.source, wanted.source_port)
                && hashed_zone(other) == hashed_zone(this)
                && other.zone.original() == this.zone.original()
        };
        let same = self.others(tracked).filter(is_same);
        let mut mapped = same.map(|other| Direction {
            destination: wanted.destination,
            destination_port: wanted.destination_port,
            ..other.reply.inverse()
        });
        mapped.find(|mapped| fits(mapped))
    }

    /// The rules were asked and translated nothing (`nf_nat_alloc_null_binding`): where another connection is answered
    /// so, this one gets another port.
    pub fn leave(&mut self, tracked: Tracked, half: Manipulation) {
        let mut wanted = self.translated(tracked);
        let used = match half {
            Manipulation::Source => self.is_used_as_it_is(tracked, &wanted),
            Manipulation::Destination => self.is_used(tracked, &wanted),
        };
        if used {
            another_port(&mut wanted, half);
        }
        self.translate(tracked, half, &wanted);
    }

    /// `nf_conntrack_confirm`, behind everything else at INPUT and POSTROUTING: enters a connection into the table, or says
    /// that it cannot be, as `nf_ct_resolve_clash` says for what is translated.
    #[must_use]
    pub fn confirm(&mut self, tracked: Tracked, translation: bool) -> bool {
        let this = self.get(tracked);
        let resolved = allows_clash(this.original.protocol) && !translation;
        let clash = |other: &Connection| clashes(other, this, &this.reply);
        if !this.confirmed && !resolved && self.others(tracked).any(clash) {
            return false;
        }
        self.get_mut(tracked).confirmed = true;
        true
    }

    /// The entries of the same table that are in it.
    fn others(&self, tracked: Tracked) -> impl Iterator<Item = &Connection> {
        let netns = self.get(tracked).netns;
        let others = self.0.iter().enumerate();
        others
            .filter(move |(at, other)| {
                *at != tracked.connection && other.netns == netns && other.confirmed
            })
            .map(|(_, other)| other)
    }
}

/// Where no port is asked for (`nf_nat_l4proto_unique_tuple`): the source gets any, the destination keeps its own, an echo
/// gets another identifier.
pub fn another_port(wanted: &mut Direction, half: Manipulation) {
    match (wanted.protocol, half) {
        (Protocol::Icmp, _) => {
            let any = Port {
                first: 0,
                last: u16::MAX,
            };
            (wanted.source_port, wanted.destination_port) = (any, any);
        }
        (protocol, Manipulation::Source) if protocol.has_ports() => {
            wanted.source_port = Port::at_random(wanted.source_port);
        }
        _ => {}
    }
}

/// Whether an entry has the tuple in one of its directions: it is looked for where the answers of `this` would be, and the
/// zones of the direction that it has are compared.
fn clashes(other: &Connection, this: &Connection, reply: &Direction) -> bool {
    let original = other.original == *reply
        && other.zone.original() == this.zone.reply()
        && other.zone.original() == this.zone.original();
    original || other.reply == *reply && other.zone.reply() == this.zone.reply()
}

/// `hash_by_src`: a zone of one direction only is not in it.
fn hashed_zone(connection: &Connection) -> u16 {
    match connection.zone.of {
        ZoneDirections::Both => connection.zone.id,
        _ => 0,
    }
}

/// `nf_conntrack_l4proto.allow_clash`: packets of it may race each other.
fn allows_clash(protocol: Protocol) -> bool {
    protocol == Protocol::Udp
}
