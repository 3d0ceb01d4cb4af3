//! `meta mark set`, `ct mark set`, `ip dscp set`, ...: what a rule changes about a packet or its connection
//! (net/netfilter/nft_meta.c, nft_ct.c, nft_payload.c).

use super::chain::Meeting;
use super::rule::{Outcome, end};
use super::value::{Value, address};
use crate::model::iptables::{Zone, ZoneDirections};
use crate::model::nftables::{Comparison, Expression, Operand, SetRef};
use crate::model::trace::StepKind;
use crate::walk::explore::Question;
use crate::walk::netfilter::mark_text;
use crate::walk::packet::{Port, Tracking};
use crate::walk::walker::{Stop, Walk};

/// More numbers of dice than this are not followed one by one.
const MOST: u128 = 256;

impl<'c> Walk<'c> {
    pub(super) fn assign(
        &mut self,
        meeting: &mut Meeting<'_, '_, 'c>,
        target: &'c Expression,
        value: &'c Expression,
    ) -> Outcome<'c> {
        if is_of_no_consequence(target) {
            return Outcome::Holds;
        }
        let number = match self.value(meeting, value) {
            Value::Missing => return Outcome::Breaks,
            Value::Within(known) if known.value().is_some() => known.first,
            Value::Dice(range, how) if range.last - range.first < MOST => {
                let count = usize::try_from(range.last - range.first).unwrap_or(0) + 1;
                let share = 1.0 / count as f64;
                self.write_native_path(meeting);
                let chosen = self.choices.choose(Question::Balance(vec![share; count]));
                let number = range.first + chosen as u128;
                self.note_balance(meeting, share, how, &format!("{target} {number:#x}"));
                number
            }
            Value::Unknown(why) => return not_known(meeting, target, &why),
            _ => return not_known(meeting, target, "it depends on what is not known"),
        };
        self.put(meeting, target, number)
    }

    fn put(
        &mut self,
        meeting: &mut Meeting<'_, '_, 'c>,
        target: &Expression,
        number: u128,
    ) -> Outcome<'c> {
        let packet = &mut *meeting.packet;
        let low = u32::try_from(number & u128::from(u32::MAX)).unwrap_or(0);
        let port = Port::known((low & 0xffff) as u16);
        let byte = (low & 0xff) as u8;
        let whole = packet.to_string();
        let noted = match target {
            Expression::Meta(key) if &**key == "mark" => {
                let before = packet.mark;
                packet.mark = low;
                (before != low).then(|| mark_text(before, low))
            }
            Expression::Ct { key, direction, .. } => match &**key {
                "mark" => {
                    let Tracking::Tracked(tracked) = packet.tracking else {
                        return Outcome::Holds;
                    };
                    let entry = self.connections.get_mut(tracked);
                    let before = entry.mark;
                    entry.mark = low;
                    (before != low).then(|| format!("connection mark {before:#x} > {low:#x}"))
                }
                "zone" => {
                    if !packet.is_unattached() {
                        return Outcome::Holds;
                    }
                    let zone = Zone {
                        id: port.first,
                        of: match direction.as_deref() {
                            Some("original") => ZoneDirections::Original,
                            Some(_) => ZoneDirections::Reply,
                            None => ZoneDirections::Both,
                        },
                    };
                    packet.attach(zone);
                    Some(format!("tracked in zone {}", zone.id))
                }
                _ => return not_known(meeting, target, "kubenet does not follow it"),
            },
            Expression::Payload { protocol, field } => {
                let family = packet.family();
                let its = match &**protocol {
                    "ip" => family == crate::model::Family::V4,
                    "ip6" => family == crate::model::Family::V6,
                    "tcp" => packet.protocol == crate::model::Protocol::Tcp,
                    "udp" => packet.protocol == crate::model::Protocol::Udp,
                    "sctp" => packet.protocol == crate::model::Protocol::Sctp,
                    _ => packet.protocol.has_ports(),
                };
                if !its {
                    return Outcome::Breaks;
                }
                let before = (packet.to_string(), packet.ttl, packet.tos);
                match &**field {
                    "saddr" => {
                        packet.source = address(number, packet.source).unwrap_or(packet.source)
                    }
                    "daddr" => {
                        packet.destination =
                            address(number, packet.destination).unwrap_or(packet.destination);
                    }
                    "sport" => packet.source_port = port,
                    "dport" => packet.destination_port = port,
                    "ttl" | "hoplimit" => packet.ttl = byte,
                    "dscp" => packet.tos = (packet.tos & 3) | (byte << 2),
                    "ecn" => packet.tos = (packet.tos & 0xfc) | (byte & 3),
                    _ => return not_known(meeting, target, "kubenet does not follow it"),
                }
                let after = (packet.to_string(), packet.ttl, packet.tos);
                let shown = super::value::shown(target, number);
                (before != after).then(|| format!("{target} becomes {shown}"))
            }
            _ => return not_known(meeting, target, "kubenet does not follow it"),
        };
        if let Some(text) = noted {
            self.note(meeting, StepKind::Mark, text);
            let after = meeting.packet.to_string();
            if whole != after {
                self.journey.amend(StepKind::Mark, &whole, &after);
            }
        }
        Outcome::Holds
    }
}

/// What changes nothing about the packet's way.
fn is_of_no_consequence(target: &Expression) -> bool {
    match target {
        Expression::Meta(key) => matches!(&**key, "priority" | "nftrace" | "secmark"),
        Expression::Ct { key, .. } => matches!(&**key, "label" | "event" | "helper" | "secmark"),
        Expression::Payload { protocol, .. } => &**protocol == "ether",
        _ => false,
    }
}

fn not_known<'c>(meeting: &Meeting<'_, '_, '_>, target: &Expression, why: &str) -> Outcome<'c> {
    let why = format!(
        "what {} sets {target} to is not known: {why}",
        meeting.source()
    );
    end(Stop::unknown(meeting.place.netns, why))
}

/// Whether a comparison asks for one of several transport protocols.
pub(super) fn asks_for_several(left: &Expression, right: &Operand, comparison: Comparison) -> bool {
    let protocol = match left {
        Expression::Meta(key) => &**key == "l4proto",
        Expression::Payload { field, .. } => matches!(&**field, "protocol" | "nexthdr"),
        _ => false,
    };
    let one = match right {
        Operand::Set(SetRef::Anonymous(set)) => set.elements.len() < 2,
        Operand::Set(SetRef::Named(_)) => false,
        _ => comparison == Comparison::Equal,
    };
    protocol && !one
}
