//! What a rule's target does to a packet that meets it (iptables-extensions(8), net/netfilter/xt_*.c, nf_nat_*.c).

use std::net::IpAddr;

use ipnet::IpNet;

use super::chain::Origin;
use super::{Hook, Place};
use crate::model::iptables::{Chain, NatRange, PortRange, Target};
use crate::model::trace::{ClientSees, StepKind, Verdict};
use crate::model::{AddressScope, Family, Part, RejectWith, RouteScope};
use crate::walk::conntrack::Manipulation;
use crate::walk::explore::Question;
use crate::walk::icmp::IcmpError;
use crate::walk::packet::{Packet, Tracking};
use crate::walk::source_address::select_address;
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
            Target::None | Target::Log(_) | Target::Set | Target::Tcpmss => Effect::Nothing,
            Target::Accept => Effect::Accept(StepKind::Rule, "ACCEPT".to_owned()),
            Target::Return => Effect::Return,
            Target::Jump(name) => match origin.base.table.chain(name) {
                Some(chain) => Effect::Enter(chain),
                None => end(Stop::unknown(
                    place.netns,
                    format!("the chain {name} was not read"),
                )),
            },
            Target::Drop => {
                let mut stop = Stop::dropped(place.netns, format!("{} drops it", origin.source()));
                stop.at_output = place.hook == Hook::Output;
                end(stop)
            }
            Target::Reject(with) => {
                let mut stop = rejection(place, origin, *with);
                stop.at_output = place.hook == Hook::Output;
                let translated = match packet.tracking {
                    Tracking::Tracked(tracked) => {
                        self.connections.get(tracked).destination_translated
                    }
                    _ => false,
                };
                // nf_send_reset puts its reset on the bridge as it is; nothing translates it back.
                if *with == RejectWith::TcpReset && packet.bridge_port_in.is_some() && translated {
                    stop.client_sees = Some(ClientSees::Timeout);
                }
                end(stop)
            }
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
                if packet.tracking == Tracking::NotYet {
                    packet.tracking = Tracking::Untracked;
                }
                Effect::Noted(
                    StepKind::Conntrack,
                    "not tracked: translation does not see it".to_owned(),
                    None,
                )
            }
            Target::Ct { zone } => match zone {
                // The walk follows one connection: a zone keeps it apart from others, which changes nothing for it.
                Some(zone) => {
                    Effect::Noted(StepKind::Conntrack, format!("tracked in zone {zone}"), None)
                }
                None => Effect::Nothing,
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
            Target::Dnat(range) => {
                let address = self.pick(range.addresses);
                self.translation(Manipulation::Destination, address, range, packet)
            }
            Target::Snat(range) => {
                let address = self.pick(range.addresses);
                self.translation(Manipulation::Source, address, range, packet)
            }
            Target::Masquerade { ports, random } => match self.masquerade_address(place, packet) {
                Some(address) => {
                    let range = keep_address(*ports, *random);
                    self.translation(Manipulation::Source, Some(address), &range, packet)
                }
                None => {
                    let device = place.out_device.unwrap_or("its device");
                    let why = format!("MASQUERADE finds no address on {device}: dropped");
                    end(Stop::dropped(place.netns, why))
                }
            },
            Target::Redirect { ports, random } => match self.redirect_address(place, packet) {
                Some(address) => {
                    let range = keep_address(*ports, *random);
                    self.translation(Manipulation::Destination, Some(address), &range, packet)
                }
                None => {
                    let device = place.in_device.unwrap_or("its device");
                    end(Stop::dropped(
                        place.netns,
                        format!("REDIRECT finds no address on {device}: dropped"),
                    ))
                }
            },
            Target::Netmap(net) => {
                let (half, ip) = match place.hook {
                    Hook::Prerouting | Hook::Output => {
                        (Manipulation::Destination, packet.destination)
                    }
                    _ => (Manipulation::Source, packet.source),
                };
                let range = keep_address(None, false);
                self.translation(half, Some(map_into(*net, ip)), &range, packet)
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

    /// One address of a range; the kernel picks it by a hash of the connection.
    fn pick(&mut self, addresses: Option<(IpAddr, IpAddr)>) -> Option<IpAddr> {
        let (first, last) = addresses?;
        let range: Vec<IpAddr> = match (first, last) {
            (IpAddr::V4(first), IpAddr::V4(last)) => (first.to_bits()..=last.to_bits())
                .take(MOST_ADDRESSES)
                .map(|bits| IpAddr::V4(bits.into()))
                .collect(),
            (IpAddr::V6(first), IpAddr::V6(last)) => (first.to_bits()..=last.to_bits())
                .take(MOST_ADDRESSES)
                .map(|bits| IpAddr::V6(bits.into()))
                .collect(),
            _ => vec![first],
        };
        if range.len() < 2 {
            return Some(first);
        }
        let share = 1.0 / range.len() as f64;
        let picked = self
            .choices
            .choose(Question::Balance(vec![share; range.len()]));
        range.get(picked).copied()
    }

    /// Sets the connection's translation up; the packet is rewritten when the hook's rules are through.
    fn translation(
        &mut self,
        half: Manipulation,
        address: Option<IpAddr>,
        range: &NatRange,
        packet: &Packet,
    ) -> Effect<'c> {
        let Some(tracked) = self.connections.wants_rules(packet, half) else {
            return Effect::Accept(StepKind::Rule, "already translated".to_owned());
        };
        self.connections.translate(tracked, half, address, range);
        let to = |ip: IpAddr| match (ip, range.ports) {
            (ip, None) => ip.to_string(),
            (IpAddr::V4(ip), Some(ports)) => format!("{ip}:{}", ports_text(ports)),
            (IpAddr::V6(ip), Some(ports)) => format!("[{ip}]:{}", ports_text(ports)),
        };
        let kind = match half {
            Manipulation::Destination => StepKind::Dnat,
            Manipulation::Source => StepKind::Snat,
        };
        let what = match (half, address) {
            (Manipulation::Destination, Some(ip)) => format!("destination becomes {}", to(ip)),
            (Manipulation::Source, Some(ip)) => format!("source becomes {}", to(ip)),
            (_, None) => format!(
                "port becomes {}",
                range.ports.map(ports_text).unwrap_or_default()
            ),
        };
        Effect::Accept(kind, what)
    }

    /// nf_nat_masquerade.c: the address that the outgoing device gives towards the next hop.
    fn masquerade_address(&self, place: Place<'_>, packet: &Packet) -> Option<IpAddr> {
        let near = place.next_hop.unwrap_or(packet.destination);
        select_address(
            self.cluster.netns(place.netns),
            place.out_device?,
            Some(near),
            packet.destination,
            RouteScope::Universe,
        )
    }

    /// nf_nat_redirect.c: this host, as seen from where the packet comes.
    fn redirect_address(&self, place: Place<'_>, packet: &Packet) -> Option<IpAddr> {
        if place.hook == Hook::Output {
            return Some(match packet.family() {
                Family::V4 => IpAddr::from([127, 0, 0, 1]),
                Family::V6 => IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1]),
            });
        }
        let netns = self.cluster.netns(place.netns);
        netns
            .addresses_of(place.in_device?)
            .find(|address| {
                Family::of(address.ip) == packet.family()
                    && !address.secondary
                    && !address.tentative
                    && address.scope <= AddressScope::Link
            })
            .map(|address| address.ip)
    }
}

/// Larger ranges are followed for their first addresses only.
const MOST_ADDRESSES: usize = 256;

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
    let text = match (before & 0x4000, after & 0x4000) {
        (0, 0x4000) => format!("mark {before:#x} > {after:#x}: to be masqueraded"),
        _ => format!("mark {before:#x} > {after:#x}"),
    };
    noted(before != after, StepKind::Mark, text)
}

fn keep_address(ports: Option<PortRange>, random: bool) -> NatRange {
    NatRange {
        addresses: None,
        ports,
        random,
        persistent: false,
    }
}

fn ports_text(ports: PortRange) -> String {
    if ports.first == ports.last {
        ports.first.to_string()
    } else {
        format!("{}-{}", ports.first, ports.last)
    }
}

/// NETMAP: the network part of `net`, the host part of `ip`.
fn map_into(net: IpNet, ip: IpAddr) -> IpAddr {
    match (net, ip) {
        (IpNet::V4(net), IpAddr::V4(ip)) => {
            let mask = net.netmask().to_bits();
            IpAddr::V4((net.network().to_bits() & mask | ip.to_bits() & !mask).into())
        }
        (IpNet::V6(net), IpAddr::V6(ip)) => {
            let mask = net.netmask().to_bits();
            IpAddr::V6((net.network().to_bits() & mask | ip.to_bits() & !mask).into())
        }
        (_, ip) => ip,
    }
}

/// ipt_REJECT.c, ip6t_REJECT.c. What the sender's program sees is what the ICMP error or reset becomes there.
fn rejection(place: Place<'_>, origin: &Origin<'_, '_>, with: RejectWith) -> Stop {
    let error = match with {
        RejectWith::TcpReset => None,
        RejectWith::PortUnreachable => Some(IcmpError::PortUnreachable),
        RejectWith::ProtoUnreachable => Some(IcmpError::ProtocolUnreachable),
        RejectWith::NetUnreachable => Some(IcmpError::NetUnreachable),
        RejectWith::HostUnreachable => Some(IcmpError::HostUnreachable),
        RejectWith::NetProhibited => Some(IcmpError::NetProhibited),
        RejectWith::HostProhibited => Some(IcmpError::HostProhibited),
        RejectWith::PolicyFail => Some(IcmpError::PolicyFail),
        RejectWith::RejectRoute => Some(IcmpError::RejectRoute),
        RejectWith::AdminProhibited => Some(IcmpError::AdminProhibited),
    };
    let answer = error.map_or("a TCP reset", IcmpError::name);
    let why = format!("{} answers with {answer}", origin.source());
    Stop {
        verdict: Verdict::Rejected,
        client_sees: Some(ClientSees::Refused),
        kind: StepKind::Reject,
        answered: error,
        ..Stop::dropped(place.netns, why)
    }
}
