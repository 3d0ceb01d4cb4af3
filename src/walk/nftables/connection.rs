//! What rules ask of the connection a packet belongs to (net/netfilter/nft_ct.c).

use super::chain::Meeting;
use super::value::Value;
use crate::model::Family;
use crate::model::nftables::TableFamily;
use crate::walk::packet::Tracking;
use crate::walk::walker::Walk;

const INVALID: u8 = 1;
const ESTABLISHED: u8 = 2;
const RELATED: u8 = 4;
const NEW: u8 = 8;
const UNTRACKED: u8 = 64;

impl Walk<'_> {
    /// `ct KEY`. Without a connection only the state has a value.
    pub(super) fn connection_value(
        &self,
        meeting: &Meeting<'_, '_, '_>,
        key: &str,
        direction: Option<&str>,
        family: Option<&str>,
    ) -> Value {
        let packet = &*meeting.packet;
        if meeting.base.table.family == TableFamily::Bridge {
            return Value::unknown("connections that bridges track are not followed");
        }
        let tracked = match packet.tracking {
            Tracking::Tracked(tracked) => Some(tracked),
            _ => None,
        };
        if key == "state" {
            return Value::exact(match (packet.tracking, tracked) {
                (_, Some(tracked)) if tracked.related => RELATED,
                (_, Some(tracked)) if tracked.established => ESTABLISHED,
                (_, Some(_)) => NEW,
                (Tracking::Untracked, _) => UNTRACKED,
                // What a rule laid down for its tracking counts as a new connection.
                (Tracking::NotYet, _) if packet.template.is_some() => NEW,
                _ => INVALID,
            });
        }
        let Some(tracked) = tracked else {
            if packet.template.is_some() && packet.tracking == Tracking::NotYet {
                return Value::unknown(format!("ct {key} of a connection that is not tracked yet"));
            }
            return Value::Missing;
        };
        let entry = self.connections.get(tracked);
        let reply = match direction {
            Some("reply") => true,
            Some(_) => false,
            None => tracked.reply,
        };
        let tuple = if reply { &entry.reply } else { &entry.original };
        let of_family = |ip: std::net::IpAddr| match family {
            Some("ip") if Family::of(ip) != Family::V4 => Value::Missing,
            Some("ip6") if Family::of(ip) != Family::V6 => Value::Missing,
            _ => ip.into(),
        };
        match key {
            "direction" => Value::exact(u8::from(tracked.reply)),
            "mark" => Value::exact(entry.mark),
            "status" => {
                let bits = [
                    (entry.seen_reply, 2u16),
                    (entry.confirmed, 8),
                    (entry.source_translated, 16),
                    (entry.destination_translated, 32),
                ];
                Value::exact(
                    bits.iter()
                        .filter(|(has, _)| *has)
                        .map(|(_, bit)| bit)
                        .sum::<u16>(),
                )
            }
            "zone" => Value::exact(match reply {
                true => entry.zone.reply(),
                false => entry.zone.original(),
            }),
            "saddr" => of_family(tuple.source),
            "daddr" => of_family(tuple.destination),
            "proto-src" if tuple.protocol.has_ports() => tuple.source_port.into(),
            "proto-dst" if tuple.protocol.has_ports() => tuple.destination_port.into(),
            "protocol" => Value::exact(tuple.protocol.number(Family::of(tuple.source))),
            "l3proto" => Value::exact(match Family::of(tuple.source) {
                Family::V4 => 2u8,
                Family::V6 => 10,
            }),
            // Only connections that a helper expected have a master, whose helper is asked for.
            "helper" => Value::Missing,
            "count" | "bytes" | "packets" | "avgpkt" => {
                Value::unknown(format!("ct {key} depends on what came before"))
            }
            _ => Value::unknown(format!("the connection's {key} is not known")),
        }
    }
}
