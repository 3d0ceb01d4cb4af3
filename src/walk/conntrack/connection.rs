//! An entry of the connection table (`struct nf_conn`): one that begins, one that stood, a template.

use std::net::IpAddr;

use super::Direction;
use crate::model::iptables::{Zone, ZoneDirections};
use crate::model::{ConntrackEntry, Family, NetnsId, Protocol};
use crate::walk::packet::Port;

/// An entry.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::walk) struct Connection {
    pub netns: NetnsId,
    pub zone: Zone,
    pub original: Direction,
    pub reply: Direction,
    pub mark: u32,
    pub seen_reply: bool,
    /// IPS_ASSURED: it is kept when the table is full.
    pub assured: bool,
    /// IPS_CONFIRMED: its first packet has left, or reached its socket.
    pub confirmed: bool,
    /// IPS_OFFLOAD: it is in a flowtable; `None` where that was not read.
    pub offloaded: Option<bool>,
    /// IPS_SRC_NAT.
    pub source_translated: bool,
    /// IPS_DST_NAT.
    pub destination_translated: bool,
    /// IPS_SRC_NAT_DONE: the rules for the source were asked.
    pub(super) source_settled: bool,
    /// IPS_DST_NAT_DONE.
    pub(super) destination_settled: bool,
}

impl Connection {
    /// One that begins.
    pub(super) fn new(netns: NetnsId, zone: Zone, original: Direction) -> Self {
        Self {
            netns,
            zone,
            reply: original.inverse(),
            original,
            mark: 0,
            seen_reply: false,
            assured: false,
            confirmed: false,
            offloaded: Some(false),
            source_translated: false,
            destination_translated: false,
            source_settled: false,
            destination_settled: false,
        }
    }

    /// What a CT rule lays down for a packet that is not tracked yet (`nf_ct_tmpl_alloc`, xt_CT.c): confirmed, of no
    /// protocol, from nowhere to nowhere.
    pub fn template(netns: NetnsId, zone: Zone, family: Family) -> Self {
        let nowhere = match family {
            Family::V4 => IpAddr::from([0; 4]),
            Family::V6 => IpAddr::from([0; 16]),
        };
        let original = Direction {
            protocol: Protocol::Other(0),
            source: nowhere,
            source_port: Port::NONE,
            destination: nowhere,
            destination_port: Port::NONE,
        };
        Self {
            confirmed: true,
            ..Self::new(netns, zone, original)
        }
    }

    /// One that stood when the table was read: what is confirmed is not translated anew (`nf_nat_setup_info`).
    pub(super) fn standing(netns: NetnsId, entry: &ConntrackEntry) -> Self {
        let original = Direction::read(&entry.original);
        let reply = Direction::read(&entry.reply);
        let plain = original.inverse();
        let half = |a: (IpAddr, Port), b: (IpAddr, Port)| a != b;
        let zone = Zone {
            id: entry.zone,
            of: ZoneDirections::Both,
        };
        Self {
            mark: entry.mark,
            seen_reply: entry.state.seen_reply,
            assured: entry.state.assured,
            confirmed: true,
            offloaded: None,
            source_translated: half(
                (reply.destination, reply.destination_port),
                (plain.destination, plain.destination_port),
            ),
            destination_translated: half(
                (reply.source, reply.source_port),
                (plain.source, plain.source_port),
            ),
            source_settled: true,
            destination_settled: true,
            reply,
            ..Self::new(netns, zone, original)
        }
    }
}
