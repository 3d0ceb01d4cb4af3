//! What a rule's target does to a packet that meets it (iptables-extensions(8), net/netfilter/xt_*.c).

use super::chain::Origin;
use super::translation::{map_into, one_address};
use super::{Hook, Place};
use crate::model::iptables::{Chain, Target, Zone};
use crate::model::trace::{ClientSees, StepKind};
use crate::model::{Part, Protocol, RejectWith};
use crate::walk::conntrack::Manipulation;
use crate::walk::icmp::IcmpError;
use crate::walk::packet::{IPIP, Packet, Tracking};
use crate::walk::refusal::Denial;
use crate::walk::walker::{Stop, Stopped, Walk};

/// What came of a rule.
pub(super) enum Effect<'c> {
    /// On with the next rule; nothing changed.
    Nothing,
    /// On with the next rule; this is worth writing down, with the packet before and after where it changed.
    Noted(StepKind, String, Option<(String, String)>),
    /// Into another chain.
    Enter(&'c Chain),
    /// Back to the last jump.
    Return,
    /// The base chain ends and lets the packet go on; the kind of step it is written down as, and its text.
    Accept(StepKind, String),
    /// The packet's end.
    End(Box<Stop>),
}

impl<'c> Walk<'c> {
    /// Applies the target of a rule that was met. An error is an end that no target made (a range too large to follow).
    pub(super) fn apply(
        &mut self,
        place: Place<'_>,
        origin: &Origin<'_, 'c>,
        packet: &mut Packet,
    ) -> Result<Effect<'c>, Stopped> {
        if matches!(
            origin.rule.target,
            Target::Masquerade { .. } | Target::Redirect { .. }
        ) && let Some(lost) = self.only_in_part(place.netns, Part::Addresses)
        {
            return Ok(end(Stop::unknown(place.netns, lost)));
        }
        let mark_before = packet.mark;
        Ok(match &origin.rule.target {
            Target::None | Target::Log(_) => Effect::Nothing,
            Target::Tcpmss => {
                self.clamped = true;
                Effect::Nothing
            }
            Target::Set(names) => {
                let changed = names.iter().map(|name| (place.netns, name.clone()));
                self.lists.changed_sets.extend(changed);
                Effect::Nothing
            }
            Target::Accept => Effect::Accept(StepKind::Rule, "ACCEPT".to_owned()),
            Target::Return => Effect::Return,
            Target::Jump(name) => match origin.base.table.chain(name) {
                Some(chain) => Effect::Enter(chain),
                None => end(Stop::unknown(
                    place.netns,
                    format!("the chain {name} was not read"),
                )),
            },
            Target::Drop => end(dropped(place, format!("{} drops it", origin.source()))),
            Target::Reject(with) => end(self.refuse(place, &origin.source(), *with, packet)),
            Target::Queue => end(Stop::unknown(
                place.netns,
                format!("{} hands it to a program to decide", origin.source()),
            )),
            Target::Unknown(name) => end(Stop::unknown(
                place.netns,
                format!(
                    "what the target {name} of {} does is not known",
                    origin.source()
                ),
            )),
            Target::Mark { value, mask } => {
                packet.mark = (packet.mark & !mask) ^ value;
                mark_note(mark_before, packet.mark)
            }
            Target::ConnmarkSet { value, mask } => {
                self.connmark(packet, |_, known| (known & !mask) ^ value)
            }
            Target::ConnmarkSave { nfmask, ctmask } => {
                self.connmark(packet, |mark, known| (known & !ctmask) ^ (mark & nfmask))
            }
            Target::ConnmarkRestore { nfmask, ctmask } => {
                if let Tracking::Tracked(tracked) = packet.tracking {
                    packet.mark =
                        (packet.mark & !nfmask) ^ (self.connections.get(tracked).mark & ctmask);
                }
                mark_note(mark_before, packet.mark)
            }
            Target::Tos { value, mask } => {
                let before = packet.tos;
                packet.tos = (packet.tos & !mask) ^ value;
                noted(
                    before != packet.tos,
                    StepKind::Mark,
                    format!("TOS becomes {:#04x}", packet.tos),
                )
            }
            Target::Ttl { set, change } => {
                let before = packet.ttl;
                let changed = i32::from(packet.ttl) + i32::from(*change);
                packet.ttl = set.unwrap_or(changed.clamp(0, 255) as u8);
                noted(
                    before != packet.ttl,
                    StepKind::Mark,
                    format!("TTL becomes {}", packet.ttl),
                )
            }
            Target::Notrack => {
                // A packet that is in by lo may have a connection already.
                if packet.is_unattached() {
                    packet.tracking = Tracking::Untracked;
                    let text = "not tracked: translation does not see it".to_owned();
                    Effect::Noted(StepKind::Conntrack, text, None)
                } else {
                    Effect::Nothing
                }
            }
            Target::Ct { zone } => match zone {
                _ if !packet.is_unattached() => Effect::Nothing,
                Some(zone) => {
                    packet.attach(*zone);
                    let text = format!("tracked in zone {}", zone.id);
                    Effect::Noted(StepKind::Conntrack, text, None)
                }
                None => {
                    packet.attach(Zone::DEFAULT);
                    Effect::Nothing
                }
            },
            Target::Tproxy {
                mark: (value, mask),
                port,
                ..
            } => {
                packet.mark = (packet.mark & !mask) ^ value;
                let why = format!(
                    "{} hands it to a local proxy on port {port}; whether one listens transparently is not known",
                    origin.source()
                );
                end(Stop::unknown(place.netns, why))
            }
            Target::Dnat(range) => self.translate(Manipulation::Destination, range, packet),
            Target::Snat(range) => self.translate(Manipulation::Source, range, packet),
            Target::Masquerade { ports, random } => match self.masquerade_address(place, packet) {
                Some(address) => {
                    let range = one_address(address, *ports, *random);
                    self.translate(Manipulation::Source, &range, packet)
                }
                None => {
                    let device = place.out_device.unwrap_or("its device");
                    let why = format!("MASQUERADE finds no address on {device}: dropped");
                    end(dropped(place, why))
                }
            },
            Target::Redirect { ports, random } => match self.redirect_address(place, packet) {
                Some(address) => {
                    let range = one_address(address, *ports, *random);
                    self.translate(Manipulation::Destination, &range, packet)
                }
                None => {
                    let device = place.in_device.unwrap_or("its device");
                    let why = format!("REDIRECT finds no address on {device}: dropped");
                    end(dropped(place, why))
                }
            },
            Target::Netmap(net) => {
                let (half, ip) = match place.hook {
                    Hook::Prerouting | Hook::Output => {
                        (Manipulation::Destination, packet.destination)
                    }
                    _ => (Manipulation::Source, packet.source),
                };
                let range = one_address(map_into(*net, ip), None, false);
                self.translate(half, &range, packet)
            }
        })
    }

    fn connmark(&mut self, packet: &Packet, change: impl Fn(u32, u32) -> u32) -> Effect<'c> {
        let Tracking::Tracked(tracked) = packet.tracking else {
            return Effect::Nothing;
        };
        let entry = self.connections.get_mut(tracked);
        let before = entry.mark;
        entry.mark = change(packet.mark, before);
        let after = entry.mark;
        noted(
            before != after,
            StepKind::Mark,
            format!("connection mark {before:#x} > {after:#x}"),
        )
    }
}

fn end<'c>(stop: Stop) -> Effect<'c> {
    Effect::End(Box::new(stop))
}

fn noted<'c>(changed: bool, kind: StepKind, text: String) -> Effect<'c> {
    if changed {
        Effect::Noted(kind, text, None)
    } else {
        Effect::Nothing
    }
}

fn mark_note<'c>(before: u32, after: u32) -> Effect<'c> {
    noted(before != after, StepKind::Mark, mark_text(before, after))
}

/// How a mark changed; 0x4000 is kube-proxy's.
pub(in crate::walk) fn mark_text(before: u32, after: u32) -> String {
    match (before & 0x4000, after & 0x4000) {
        (0, 0x4000) => format!("mark {before:#x} > {after:#x}: to be masqueraded"),
        _ => format!("mark {before:#x} > {after:#x}"),
    }
}

/// Lost at a hook. A program that sends is told when it happens on the way out of its socket.
pub(in crate::walk) fn dropped(place: Place<'_>, why: String) -> Stop {
    Stop {
        at_output: matches!(place.hook, Hook::Output | Hook::Postrouting),
        ..Stop::dropped(place.netns, why)
    }
}

impl Walk<'_> {
    /// ipt_REJECT.c, ip6t_REJECT.c, nft_reject_inet.c: answers, and drops. `source` is the rule that says so.
    pub(in crate::walk) fn refuse(
        &self,
        place: Place<'_>,
        source: &str,
        with: RejectWith,
        packet: &Packet,
    ) -> Stop {
        // nf_send_unreach sums the whole payload as if it were a segment's.
        if packet.protocol == IPIP {
            let why = format!(
                "{source} answers an IPIP packet only where a device vouches for its checksum, which is not known"
            );
            return Stop::unknown(place.netns, why);
        }
        let mut stop = rejection(place, source, with, packet.protocol);
        let translated = match packet.tracking {
            Tracking::Tracked(tracked) => self.connections.get(tracked).destination_translated,
            _ => false,
        };
        if with == RejectWith::TcpReset && packet.bridge_port_in.is_some() {
            stop.answered = Some(Denial::ResetOnBridge).filter(|_| !translated);
            if translated {
                // To the sender it comes from a stranger.
                stop.client_sees = Some(ClientSees::Timeout);
            }
        }
        stop
    }
}

fn rejection(place: Place<'_>, source: &str, with: RejectWith, protocol: Protocol) -> Stop {
    let answer = match with {
        RejectWith::TcpReset => Denial::Reset,
        RejectWith::PortUnreachable => Denial::Error(IcmpError::PortUnreachable),
        RejectWith::ProtoUnreachable => Denial::Error(IcmpError::ProtocolUnreachable),
        RejectWith::NetUnreachable => Denial::Error(IcmpError::NetUnreachable),
        RejectWith::HostUnreachable => Denial::Error(IcmpError::HostUnreachable),
        RejectWith::NetProhibited => Denial::Error(IcmpError::NetProhibited),
        RejectWith::HostProhibited => Denial::Error(IcmpError::HostProhibited),
        RejectWith::PolicyFail => Denial::Error(IcmpError::PolicyFail),
        RejectWith::RejectRoute => Denial::Error(IcmpError::RejectRoute),
        RejectWith::AdminProhibited => Denial::Error(IcmpError::AdminProhibited),
    };
    let why = format!("{source} answers with {}", answer.name(protocol));
    Stop {
        at_output: dropped(place, String::new()).at_output,
        ..Stop::rejected(place.netns, answer, why)
    }
}
