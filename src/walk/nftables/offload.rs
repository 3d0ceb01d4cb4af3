//! `flow add @TABLE` (net/netfilter/nft_flow_offload.c, `nft_flow_offload_eval`): puts the packet's connection into a
//! flowtable. Packets that come after it by a device of that table are sent on at its ingress hook: no chain of IP sees
//! them any more. Of a connection that cannot be put there the rule ends.
//!
//! The first packet of a connection never puts it there, as its entry is not confirmed before it leaves. Of UDP its
//! answer does; of TCP what follows the handshake (since Linux 5.19, and its stable releases).

use super::chain::Meeting;
use crate::model::trace::StepKind;
use crate::model::{Family, Protocol};
use crate::walk::netfilter::Answer;
use crate::walk::packet::{ACK, Port, RST, SYN, Tracking};
use crate::walk::routing::{Lookup, Routed, lookup};
use crate::walk::walker::Walk;

/// The last segment of a side.
const FIN: u8 = 0x01;

impl<'c> Walk<'c> {
    /// Whether the rule goes on: the connection is in the table from here on.
    pub(super) fn offload(&mut self, meeting: &mut Meeting<'_, '_, 'c>, table: &str) -> Answer {
        let packet = &*meeting.packet;
        let Tracking::Tracked(tracked) = packet.tracking else {
            return Answer::No;
        };
        let entry = self.connections.get(tracked);
        if !entry.confirmed {
            return Answer::No;
        }
        match entry.original.protocol {
            Protocol::Tcp | Protocol::Udp if tracked.related => {
                return Answer::Unknown(format!(
                    "flow add @{table} reads an ICMP error as if it were of {}",
                    entry.original.protocol
                ));
            }
            Protocol::Tcp if packet.tcp_flags & (FIN | RST | SYN) != 0 => return Answer::No,
            Protocol::Tcp if packet.tcp_flags & ACK == 0 || !tracked.established => {
                return Answer::No;
            }
            Protocol::Tcp | Protocol::Udp => {}
            _ => return Answer::No,
        }
        match entry.offloaded {
            Some(false) => {}
            Some(true) => return Answer::No,
            None => {
                return Answer::Unknown(format!(
                    "flow add @{table}: the connection may be in a flowtable already"
                ));
            }
        }
        if packet.bridge_port_in.is_some() {
            return Answer::Unknown(format!(
                "flow add @{table} of what a bridge passes on is not followed"
            ));
        }
        if !self.leads_back(meeting) {
            return Answer::No;
        }
        self.connections.get_mut(tracked).offloaded = Some(true);
        let text = format!("flow add @{table}: what follows passes by the rules of this host");
        self.note(meeting, StepKind::Conntrack, text);
        Answer::Yes
    }

    /// `nft_flow_route`: the other direction has a route by the device that the packet came in by. IPv4 takes that
    /// device's link where there is no route.
    fn leads_back(&self, meeting: &Meeting<'_, '_, 'c>) -> bool {
        let packet = &*meeting.packet;
        let Tracking::Tracked(tracked) = packet.tracking else {
            return false;
        };
        let entry = self.connections.get(tracked);
        let (own, other) = match tracked.reply {
            false => (&entry.original, &entry.reply),
            true => (&entry.reply, &entry.original),
        };
        let query = Lookup {
            destination: own.source,
            source: Some(other.source),
            iif: "lo",
            oif: meeting.place.in_device,
            mark: packet.mark,
            tos: packet.tos,
            protocol: Protocol::Other(0),
            ports: (Port::NONE, Port::NONE),
            uid: Some(0),
        };
        match lookup(self.cluster.netns(meeting.place.netns), &query) {
            Routed::Refused { .. } => false,
            Routed::Nothing => packet.family() == Family::V4,
            _ => true,
        }
    }
}
