//! Connection tracking and the translation it carries (nf_conntrack_core.c, nf_nat_core.c).
//!
//! The first packet of a connection makes an entry with two tuples: `original` as it came, `reply` as answers will
//! come. Translating means changing `reply`; every packet of the connection, forth and back, is then rewritten from
//! the entry, without any rule being asked again: at PREROUTING and OUTPUT its destination, at INPUT and POSTROUTING
//! its source (`nf_nat_packet`). A walk makes entries of its own, and finds those that stood when the table was read.

mod connection;
mod direction;
mod unique;

pub(super) use connection::Connection;
pub(super) use direction::{Direction, Manipulation};
pub(super) use unique::another_port;

use std::net::IpAddr;

use super::packet::{ACK, Packet, Port, RST, SYN, Tracked, Tracking};
use crate::model::iptables::Zone;
use crate::model::{ConntrackEntry, NetnsId, Protocol};

/// What was read of the connections of a namespace.
#[derive(Debug, Clone, Copy)]
pub(super) struct Table<'c> {
    pub entries: &'c [ConntrackEntry],
    /// `net.netfilter.nf_conntrack_tcp_loose`: a connection may begin in its middle.
    pub loose: bool,
}

/// What became of a packet that was looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lookup<'c> {
    /// Nothing: it was looked up before, or is not to be.
    None,
    /// It belongs to a connection that this walk has met.
    Met,
    /// To one that stood when the table was read.
    Standing(&'c ConntrackEntry),
    /// It begins one.
    Begun,
    /// It belongs to none, and begins none.
    Invalid,
}

/// The entries that this walk made, or found in tables that were read.
#[derive(Debug, Default, Clone, PartialEq)]
pub(super) struct Connections(Vec<Connection>);

impl Connections {
    /// The entry a packet belongs to.
    pub fn get(&self, tracked: Tracked) -> &Connection {
        &self.0[tracked.connection]
    }

    /// The entry a packet belongs to, to change its mark.
    pub fn get_mut(&mut self, tracked: Tracked) -> &mut Connection {
        &mut self.0[tracked.connection]
    }

    /// Whether a flowtable carries packets past the rules of some host.
    pub fn is_offloaded(&self) -> bool {
        self.0.iter().any(|entry| entry.offloaded == Some(true))
    }

    /// `nf_conntrack_in`: finds the packet's entry, or makes one.
    pub fn track<'c>(
        &mut self,
        netns: NetnsId,
        packet: &mut Packet,
        table: Table<'c>,
    ) -> Lookup<'c> {
        // What fitted nothing is looked up again where it comes in by lo: nothing of the first lookup is left on it.
        if matches!(packet.tracking, Tracking::Tracked(_) | Tracking::Untracked) {
            return Lookup::None;
        }
        // nf_conntrack_proto_icmpv6.c: what belongs to a link is no connection.
        if packet.is_discovery() {
            packet.tracking = Tracking::Untracked;
            return Lookup::None;
        }
        // An ICMP error is found by the packet it is about (`nf_conntrack_inet_error`).
        let tuple = match &packet.about {
            Some(about) => about.inverse(),
            None => Direction::of(packet),
        };
        let zone = packet.template.take().unwrap_or(Zone::DEFAULT);
        if let Some((connection, reply)) = self.find(netns, zone, &tuple) {
            // nf_conntrack_proto_tcp.c, tcp_conntracks: an acknowledgement fits no half-open connection (sSS is sIV).
            let acknowledges = packet.protocol == Protocol::Tcp && packet.tcp_flags & 0x16 == ACK;
            if acknowledges && !reply && packet.about.is_none() && !self.0[connection].seen_reply {
                packet.tracking = Tracking::Invalid;
                return Lookup::Invalid;
            }
            self.join(packet, connection, reply);
            return Lookup::Met;
        }
        if let Some(entry) = table.find(zone, &tuple, packet) {
            self.0.push(Connection::standing(netns, entry));
            let reply = !tuple.is(&entry.original);
            self.join(packet, self.0.len() - 1, reply);
            return Lookup::Standing(entry);
        }
        if !begins(packet, table.loose) {
            if packet.tracking != Tracking::Attached {
                packet.tracking = Tracking::Invalid;
            }
            return Lookup::Invalid;
        }
        self.0.push(Connection::new(netns, zone, tuple));
        packet.tracking = Tracking::Tracked(Tracked {
            connection: self.0.len() - 1,
            reply: false,
            established: false,
            related: false,
        });
        Lookup::Begun
    }

    /// The entry of this walk that has a tuple, and whether it is the one of its replies.
    fn find(&self, netns: NetnsId, zone: Zone, tuple: &Direction) -> Option<(usize, bool)> {
        self.0.iter().enumerate().find_map(|(at, entry)| {
            let original = entry.original == *tuple && entry.zone.original() == zone.original();
            let reply = entry.reply == *tuple && entry.zone.reply() == zone.reply();
            (entry.netns == netns && (original || reply)).then_some((at, reply))
        })
    }

    /// The packet belongs to an entry (`resolve_normal_ct`).
    fn join(&mut self, packet: &mut Packet, connection: usize, reply: bool) {
        let related = packet.about.is_some();
        let Some(entry) = self.0.get_mut(connection) else {
            return;
        };
        entry.seen_reply |= reply && !related;
        packet.tracking = Tracking::Tracked(Tracked {
            connection,
            reply,
            established: !related && (reply || entry.seen_reply),
            related,
        });
    }

    /// The connection that a packet seems to begin has been there for long, untranslated: its table was not read.
    pub fn suppose_standing(&mut self, packet: &mut Packet) {
        if let Tracking::Tracked(tracked) = &mut packet.tracking {
            tracked.established = true;
            let entry = &mut self.0[tracked.connection];
            entry.seen_reply = true;
            entry.offloaded = None;
            entry.source_settled = true;
            entry.destination_settled = true;
        }
    }

    /// Whether all of them are marked as those others are.
    pub fn has_marks_of(&self, others: &Self) -> bool {
        let marks = |of: &Self| of.0.iter().map(|entry| entry.mark).collect::<Vec<_>>();
        marks(self) == marks(others)
    }

    /// How many of this walk's connections have got another source.
    pub fn sources_translated(&self) -> usize {
        let translated = self.0.iter().filter(|entry| entry.source_translated);
        translated.count()
    }

    /// Whether the nat rules are still to be asked for this packet: only those of new connections are, once a half.
    pub fn wants_rules(&self, packet: &Packet, half: Manipulation) -> Option<Tracked> {
        let Tracking::Tracked(tracked) = packet.tracking else {
            return None;
        };
        let entry = self.get(tracked);
        let settled = match half {
            Manipulation::Source => entry.source_settled,
            Manipulation::Destination => entry.destination_settled,
        };
        // An ICMP error is rewritten as the connection says; a reset that REJECT sends may still be asked about.
        let asks = !tracked.established && !settled && packet.about.is_none();
        asks.then_some(tracked)
    }

    /// `ip_vs_update_conntrack`: IPVS gave the connection to a real server, from which the answers will come. That is no
    /// translation of conntrack's own: it rewrites no packet for it.
    pub fn answered_by(&mut self, tracked: Tracked, server: IpAddr, port: Port) {
        let entry = self.get_mut(tracked);
        if !tracked.reply && !entry.confirmed {
            entry.reply.source = server;
            entry.reply.source_port = port;
        }
    }

    fn settle(&mut self, tracked: Tracked, half: Manipulation) {
        let entry = self.get_mut(tracked);
        match half {
            Manipulation::Source => entry.source_settled = true,
            Manipulation::Destination => entry.destination_settled = true,
        }
    }

    /// What the packets of a connection look like after the translations so far, seen from its first one.
    pub fn translated(&self, tracked: Tracked) -> Direction {
        self.get(tracked).reply.inverse()
    }

    /// `nf_nat_setup_info`: this half of the connection becomes that of `wanted`.
    pub fn translate(&mut self, tracked: Tracked, half: Manipulation, wanted: &Direction) {
        self.settle(tracked, half);
        let entry = self.get_mut(tracked);
        let reply = wanted.inverse();
        if entry.reply != reply {
            entry.reply = reply;
            match half {
                Manipulation::Source => entry.source_translated = true,
                Manipulation::Destination => entry.destination_translated = true,
            }
        }
    }

    /// `nf_nat_packet`: rewrites one half of a packet as its connection says. Returns whether it changed.
    pub fn rewrite(&self, packet: &mut Packet, half: Manipulation) -> bool {
        let Tracking::Tracked(tracked) = packet.tracking else {
            return false;
        };
        let entry = self.get(tracked);
        // What one direction calls the source, the other calls the destination.
        let translated = match (half, tracked.reply) {
            (Manipulation::Source, false) | (Manipulation::Destination, true) => {
                entry.source_translated
            }
            (Manipulation::Destination, false) | (Manipulation::Source, true) => {
                entry.destination_translated
            }
        };
        if !translated {
            return false;
        }
        let target = if tracked.reply {
            entry.original.inverse()
        } else {
            entry.reply.inverse()
        };
        if let Some(about) = &mut packet.about {
            // nf_nat_icmp_reply_translation: the packet inside goes the other way.
            let inside = target.inverse();
            match half {
                Manipulation::Source => {
                    packet.source = target.source;
                    about.destination = inside.destination;
                    about.destination_port = inside.destination_port;
                }
                Manipulation::Destination => {
                    packet.destination = target.destination;
                    about.source = inside.source;
                    about.source_port = inside.source_port;
                }
            }
            if about.protocol == Protocol::Icmp {
                about.source_port = inside.source_port;
                about.destination_port = inside.destination_port;
            }
            return true;
        }
        match half {
            Manipulation::Source => {
                packet.source = target.source;
                packet.source_port = target.source_port;
            }
            Manipulation::Destination => {
                packet.destination = target.destination;
                packet.destination_port = target.destination_port;
            }
        }
        // The identifier of an echo is in both.
        if packet.protocol == Protocol::Icmp {
            packet.source_port = target.source_port;
            packet.destination_port = target.destination_port;
        }
        true
    }
}

impl<'c> Table<'c> {
    /// The entry that has a tuple. A closed connection makes way for a SYN that opens it again (`nf_conntrack_tcp_packet`).
    fn find(&self, zone: Zone, tuple: &Direction, packet: &Packet) -> Option<&'c ConntrackEntry> {
        tuple.source_port.number()?;
        let its = |entry: &&ConntrackEntry| {
            tuple.is(&entry.original) && entry.zone == zone.original()
                || tuple.is(&entry.reply) && entry.zone == zone.reply()
        };
        let entry = self.entries.iter().find(its)?;
        let closed = matches!(
            entry.state.protocol_state.as_deref(),
            Some("TIME_WAIT" | "CLOSE")
        );
        let opens = packet.protocol == Protocol::Tcp && packet.tcp_flags == SYN;
        (!(closed && opens && tuple.is(&entry.original))).then_some(entry)
    }
}

/// Whether a packet may begin a connection: neither a SYN/ACK nor a reset does, and data only where connections are
/// picked up in their middle (nf_conntrack_proto_tcp.c, `tcp_new`); nor does an echo reply (nf_conntrack_proto_icmp.c).
fn begins(packet: &Packet, loose: bool) -> bool {
    match packet.protocol {
        Protocol::Tcp if packet.tcp_flags & SYN != 0 => packet.tcp_flags & ACK == 0,
        Protocol::Tcp => packet.tcp_flags & RST == 0 && loose,
        Protocol::Icmp => matches!(packet.icmp.0, 8 | 13 | 15 | 17 | 128),
        _ => true,
    }
}
