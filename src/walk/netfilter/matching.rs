//! Whether a packet meets a rule: yes, no, by chance, or not to be known (iptables-extensions(8), net/netfilter/xt_*.c).

use std::net::IpAddr;

use ipnet::IpNet;

use super::Place;
use super::addresses::Lenience;
use super::recent::Recent;
use crate::model::Protocol;
use crate::model::iptables::{Interface, Match, MultiportSide, Negatable, PortRange, Rule};
use crate::walk::packet::{Packet, Port, Tracking};
use crate::walk::walker::Walk;

/// The answer of one condition, or of a rule's conditions together.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::walk) enum Answer {
    Yes,
    No,
    /// Yes for this share of the packets.
    Chance(f64),
    /// Why it cannot be known.
    Unknown(String),
}

impl Answer {
    pub fn of(known: bool) -> Self {
        if known { Self::Yes } else { Self::No }
    }

    pub fn inverted(self, negate: bool) -> Self {
        match self {
            Self::Yes if negate => Self::No,
            Self::No if negate => Self::Yes,
            Self::Chance(share) if negate => Self::Chance(1.0 - share),
            other => other,
        }
    }

    /// Both must hold. A no settles it; a doubt is worse than a chance.
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::No, _) | (_, Self::No) => Self::No,
            (Self::Unknown(why), _) | (_, Self::Unknown(why)) => Self::Unknown(why),
            (Self::Yes, other) => other,
            (this, Self::Yes) => this,
            (Self::Chance(a), Self::Chance(b)) => Self::Chance(a * b),
        }
    }

    fn or(self, other: Self) -> Self {
        self.inverted(true).and(other.inverted(true)).inverted(true)
    }
}

pub(super) fn net(wanted: &Negatable<IpNet>, ip: IpAddr) -> bool {
    wanted.value.contains(&ip) != wanted.negate
}

/// `ifname_compare`: a name, or the beginning of one; a packet without the device has the empty name.
fn device(wanted: &Negatable<Interface>, name: Option<&str>) -> bool {
    let name = name.unwrap_or("");
    let same = if wanted.value.prefix {
        name.starts_with(&*wanted.value.name)
    } else {
        name == &*wanted.value.name
    };
    same != wanted.negate
}

pub(super) fn port(wanted: &Negatable<PortRange>, port: Port) -> Answer {
    match port.within(wanted.value.first, wanted.value.last) {
        Some(inside) => Answer::of(inside != wanted.negate),
        None => Answer::Unknown("the source port is not known".to_owned()),
    }
}

impl Walk<'_> {
    /// Whether the packet meets all conditions of a rule. Asking changes what some conditions keep.
    pub(super) fn meets(&mut self, place: Place<'_>, rule: &Rule, packet: &Packet) -> Answer {
        if rule
            .destination
            .as_ref()
            .is_some_and(|wanted| !net(wanted, packet.destination))
            || rule
                .source
                .as_ref()
                .is_some_and(|wanted| !net(wanted, packet.source))
        {
            return Answer::No;
        }
        let number = packet.protocol.number(packet.family());
        let basics = rule.protocol.is_none_or(|wanted| (wanted.value == number) != wanted.negate)
            && rule.in_interface.as_ref().is_none_or(|wanted| device(wanted, place.in_device))
            && rule.out_interface.as_ref().is_none_or(|wanted| device(wanted, place.out_device))
            // Conntrack puts fragments together before any of these tables sees them: the walk's packets are whole.
            && rule.fragment.is_none_or(|wanted| !wanted);
        if !basics {
            return Answer::No;
        }
        let mut answer = Answer::Yes;
        for condition in &rule.matches {
            let sure = answer == Answer::Yes;
            answer = answer.and(self.condition(place, condition, packet, sure));
            if answer == Answer::No {
                break;
            }
        }
        answer
    }

    /// One condition; `sure` when all before it hold for certain, so that the kernel asks it.
    fn condition(
        &mut self,
        place: Place<'_>,
        condition: &Match,
        packet: &Packet,
        sure: bool,
    ) -> Answer {
        match condition {
            Match::Counting => Answer::Yes,
            Match::Ports {
                source,
                destination,
            } => {
                let source = source
                    .as_ref()
                    .map_or(Answer::Yes, |wanted| port(wanted, packet.source_port));
                let destination = destination
                    .as_ref()
                    .map_or(Answer::Yes, |wanted| port(wanted, packet.destination_port));
                source.and(destination)
            }
            Match::TcpFlags { negate, mask, set } => Answer::of(
                packet.protocol == Protocol::Tcp && (packet.tcp_flags & mask == *set) != *negate,
            ),
            Match::IcmpType {
                negate,
                kind,
                codes,
            } => {
                let (packet_kind, code) = packet.icmp;
                let same =
                    *kind == 255 || packet_kind == *kind && (codes.0..=codes.1).contains(&code);
                Answer::of(packet.protocol == Protocol::Icmp && same != *negate)
            }
            Match::Multiport {
                negate,
                side,
                ranges,
            } => multiport(*side, ranges, packet).inverted(*negate),
            Match::Mark {
                negate,
                value,
                mask,
            } => Answer::of((packet.mark & mask == *value) != *negate),
            Match::Connmark {
                negate,
                value,
                mask,
            } => match packet.tracking {
                Tracking::Tracked(tracked) => {
                    Answer::of((self.connections.get(tracked).mark & mask == *value) != *negate)
                }
                // What a CT rule laid down has no mark.
                Tracking::NotYet if packet.template.is_some() => {
                    Answer::of((*value == 0) != *negate)
                }
                // xt_connmark: without a connection it does not hold, inverted or not.
                _ => Answer::No,
            },
            Match::Conntrack(wanted) => self.conntrack(place.netns, wanted, packet),
            Match::Addrtype {
                source,
                destination,
                limit_iface_in,
                limit_iface_out,
            } => {
                let limit = match (limit_iface_in, limit_iface_out) {
                    (true, _) => place.in_device,
                    (_, true) => place.out_device,
                    _ => None,
                };
                let ask = |wanted: &Option<_>, ip| match wanted {
                    None => Answer::Yes,
                    Some(wanted) => self.address_type(place.netns, wanted, ip, limit),
                };
                ask(source, packet.source).and(ask(destination, packet.destination))
            }
            Match::Set {
                negate,
                name,
                directions,
                extra,
            } => self
                .in_set(place, name, directions, *extra, packet)
                .inverted(*negate),
            Match::Random {
                negate,
                probability,
            } => {
                let share = f64::from(*probability) / 2_147_483_648.0;
                Answer::Chance(share.min(1.0)).inverted(*negate).settled()
            }
            // The counter goes round: in the long run one packet in `every`.
            Match::Nth { negate, every, .. } => Answer::Chance(1.0 / f64::from((*every).max(1)))
                .inverted(*negate)
                .settled(),
            Match::Physdev {
                in_device,
                out_device,
                is_in,
                is_out,
                is_bridged,
            } => {
                let (port_in, port_out) = (
                    packet.bridge_port_in.as_deref(),
                    packet.bridge_port_out.as_deref(),
                );
                let is = |wanted: Option<bool>, present: bool| {
                    wanted.is_none_or(|negate| present != negate)
                };
                // xt_physdev.c: off a bridge, conditions on ports hold only where they are inverted; on one, a
                // condition on the port it leaves by does not hold before that is known, inverted or not.
                let on_port =
                    |wanted: &Option<Negatable<Interface>>, port: Option<&str>, otherwise: bool| {
                        wanted.as_ref().is_none_or(|wanted| match port {
                            Some(_) => device(wanted, port),
                            None => wanted.negate && otherwise,
                        })
                    };
                let bridged = port_in.is_some();
                Answer::of(
                    is(*is_bridged, bridged && port_out.is_some())
                        && is(*is_in, bridged)
                        && is(*is_out, port_out.is_some())
                        && on_port(in_device, port_in, true)
                        && on_port(out_device, port_out, !bridged),
                )
            }
            Match::Recent {
                negate,
                name,
                action,
                by_source,
                seconds,
                hitcount,
            } => self.recent(
                &Recent {
                    netns: place.netns,
                    negate: *negate,
                    name,
                    action: *action,
                    ip: if *by_source {
                        packet.source
                    } else {
                        packet.destination
                    },
                    seconds: *seconds,
                    hitcount: *hitcount,
                },
                sure,
            ),
            Match::MacSource(wanted) => match packet.source_mac {
                Some(mac) => Answer::of((mac == wanted.value) != wanted.negate),
                // xt_mac.c: a packet without a link-layer header does not match, inverted or not.
                None => Answer::No,
            },
            Match::Owner {
                uid,
                gid,
                socket_exists,
            } => {
                if packet.socket.is_none() {
                    // xt_owner.c: without a socket, only conditions that are all inverted hold.
                    let inverted = uid.is_none_or(|(negate, ..)| negate)
                        && gid.is_none_or(|(negate, ..)| negate)
                        && socket_exists.is_none_or(|negate| negate);
                    return Answer::of(inverted);
                }
                if uid.is_some() || gid.is_some() {
                    return Answer::Unknown("the user whose program sends is not known".to_owned());
                }
                Answer::of(socket_exists.is_none_or(|negate| !negate))
            }
            Match::Iprange {
                source,
                destination,
            } => {
                let within = |wanted: &Option<Negatable<(IpAddr, IpAddr)>>, ip: IpAddr| {
                    wanted.as_ref().is_none_or(|wanted| {
                        let (first, last) = wanted.value;
                        (first <= ip && ip <= last) != wanted.negate
                    })
                };
                Answer::of(within(source, packet.source) && within(destination, packet.destination))
            }
            Match::Length {
                negate,
                first,
                last,
            } => Answer::of((*first..=*last).contains(&packet.size) != *negate),
            Match::Ttl {
                negate,
                first,
                last,
            } => Answer::of((*first..=*last).contains(&packet.ttl) != *negate),
            Match::Tos {
                negate,
                value,
                mask,
            } => Answer::of((packet.tos & mask == *value) != *negate),
            Match::Pkttype { negate, kind } => {
                let multicast = packet.destination.is_multicast();
                let is = if multicast { 2 } else { 0 };
                Answer::of((*kind == is) != *negate)
            }
            Match::Rpfilter {
                invert,
                loose,
                valid_mark,
                accept_local,
            } => {
                let lenience = Lenience {
                    loose: *loose,
                    valid_mark: *valid_mark,
                    accept_local: *accept_local,
                };
                self.rpfilter(place, packet, lenience).inverted(*invert)
            }
            Match::Unknowable { module, why } => Answer::Unknown(format!("{module}: {why}")),
        }
    }
}

impl Answer {
    /// A chance of nothing or of everything is none.
    pub fn settled(self) -> Self {
        match self {
            Self::Chance(share) if share >= 1.0 => Self::Yes,
            Self::Chance(share) if share <= 0.0 => Self::No,
            other => other,
        }
    }
}

fn multiport(side: MultiportSide, ranges: &[PortRange], packet: &Packet) -> Answer {
    if !packet.protocol.has_ports() {
        return Answer::No;
    }
    let ask = |found: Port| {
        ranges.iter().fold(Answer::No, |answer, range| {
            answer.or(port(
                &Negatable {
                    negate: false,
                    value: *range,
                },
                found,
            ))
        })
    };
    match side {
        MultiportSide::Source => ask(packet.source_port),
        MultiportSide::Destination => ask(packet.destination_port),
        MultiportSide::Either => ask(packet.source_port).or(ask(packet.destination_port)),
    }
}
