//! Whether a packet meets a rule: yes, no, by chance, or not to be known (iptables-extensions(8), net/netfilter/xt_*.c).

use std::net::IpAddr;

use ipnet::IpNet;

use super::{Hook, Place};
use crate::model::iptables::{
    AddrType, ConntrackMatch, Interface, Match, MultiportSide, Negatable, PortRange, Rule,
};
use crate::model::{Family, Netns, NetnsId, Part, Protocol, RouteType, Table};
use crate::walk::packet::{Packet, Port, Tracking};
use crate::walk::routing::{Lookup, Routed, lookup};
use crate::walk::walker::Walk;

/// The answer of one condition, or of a rule's conditions together.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Answer {
    Yes,
    No,
    /// Yes for this share of the packets.
    Chance(f64),
    /// Why it cannot be known.
    Unknown(String),
}

impl Answer {
    fn of(known: bool) -> Self {
        if known { Self::Yes } else { Self::No }
    }

    fn inverted(self, negate: bool) -> Self {
        match self {
            Self::Yes if negate => Self::No,
            Self::No if negate => Self::Yes,
            Self::Chance(share) if negate => Self::Chance(1.0 - share),
            other => other,
        }
    }

    /// Both must hold. A no settles it; a doubt is worse than a chance.
    fn and(self, other: Self) -> Self {
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

fn net(wanted: &Negatable<IpNet>, ip: IpAddr) -> bool {
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

fn port(wanted: &Negatable<PortRange>, port: Port) -> Answer {
    match port.within(wanted.value.first, wanted.value.last) {
        Some(inside) => Answer::of(inside != wanted.negate),
        None => Answer::Unknown("the source port is not known".to_owned()),
    }
}

impl Walk<'_> {
    /// Whether the packet meets all conditions of a rule.
    pub(super) fn meets(&self, place: Place<'_>, rule: &Rule, packet: &Packet) -> Answer {
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
            answer = answer.and(self.condition(place, condition, packet));
            if answer == Answer::No {
                break;
            }
        }
        answer
    }

    fn condition(&self, place: Place<'_>, condition: &Match, packet: &Packet) -> Answer {
        let netns = self.cluster.netns(place.netns);
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
                // xt_connmark: without a connection it does not hold, inverted or not.
                _ => Answer::No,
            },
            Match::Conntrack(wanted) => self.conntrack(wanted, packet),
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
                let ask = |wanted: &Option<Negatable<AddrType>>, ip| match wanted {
                    None => Answer::Yes,
                    Some(wanted) => match address_type(netns, ip, limit) {
                        Some(kind) => Answer::of((wanted.value.0 & kind != 0) != wanted.negate),
                        None if netns.incomplete.contains(&Part::Routes(Family::of(ip))) => {
                            Answer::Unknown(self.partly(place.netns, Part::Routes(Family::of(ip))))
                        }
                        None => Answer::Unknown("the local routing table was not read".to_owned()),
                    },
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
                // xt_physdev.c: off a bridge, conditions hold only where they are inverted.
                Answer::of(
                    is(*is_bridged, port_in.is_some() && port_out.is_some())
                        && is(*is_in, port_in.is_some())
                        && is(*is_out, port_out.is_some())
                        && in_device
                            .as_ref()
                            .is_none_or(|wanted| device(wanted, port_in))
                        && out_device
                            .as_ref()
                            .is_none_or(|wanted| device(wanted, port_out)),
                )
            }
            Match::Recent {
                negate,
                name,
                set,
                by_source,
                ..
            } => self
                .recent(place.netns, name, *set, *by_source, packet)
                .inverted(*negate),
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
            } => self
                .rpfilter(place, packet, *loose, *valid_mark, *accept_local)
                .inverted(*invert),
            Match::Unknowable { module, why } => Answer::Unknown(format!("{module}: {why}")),
        }
    }

    /// xt_conntrack.c, `conntrack_mt`.
    fn conntrack(&self, wanted: &ConntrackMatch, packet: &Packet) -> Answer {
        let bit = |name: &str| {
            ConntrackMatch::STATES
                .iter()
                .find(|(known, _)| *known == name)
                .map_or(0, |(_, bit)| *bit)
        };
        let entry = match packet.tracking {
            Tracking::Tracked(tracked) => Some((tracked, self.connections.get(tracked))),
            _ => None,
        };
        if let Some((negate, states)) = wanted.states {
            let state = match (packet.tracking, entry) {
                (_, Some((tracked, entry))) => {
                    let mut state = if tracked.established {
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
        // Without a connection, nothing but the state can be asked.
        let Some((tracked, entry)) = entry else {
            return Answer::No;
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
            let seen_reply = if entry.seen_reply { 1 << 2 } else { 0 };
            let confirmed = if tracked.established { 1 << 4 } else { 0 };
            let has = seen_reply | confirmed;
            let holds = status & has != 0 || status == 1 && has == 0;
            answer = answer.and(Answer::of(holds != negate));
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

    /// xt_recent.c: `--set` remembers and holds; the others ask whether the address is remembered.
    fn recent(
        &self,
        netns: NetnsId,
        name: &str,
        set: bool,
        by_source: bool,
        packet: &Packet,
    ) -> Answer {
        if set {
            return Answer::Yes;
        }
        let ip = if by_source {
            packet.source
        } else {
            packet.destination
        };
        match self.cluster.netns(netns).recent.as_ref() {
            None => Answer::Unknown(format!(
                "whether the list {name} remembers {ip} was not read"
            )),
            Some(lists) => {
                let remembered = lists
                    .iter()
                    .any(|(list, addresses)| list == name && addresses.contains(&ip));
                if remembered {
                    Answer::Unknown(format!(
                        "the list {name} remembers {ip}, but since when was not read"
                    ))
                } else {
                    let lost = self.only_in_part(netns, Part::Recent);
                    lost.map_or(Answer::No, Answer::Unknown)
                }
            }
        }
    }

    /// net/ipv4/netfilter/ipt_rpfilter.c: would an answer leave by the device the packet came in by?
    fn rpfilter(
        &self,
        place: Place<'_>,
        packet: &Packet,
        loose: bool,
        valid_mark: bool,
        accept_local: bool,
    ) -> Answer {
        let Some(input) = place.in_device.filter(|_| place.hook == Hook::Prerouting) else {
            return Answer::No;
        };
        if input == "lo" {
            return Answer::Yes;
        }
        let query = Lookup {
            destination: packet.source,
            source: Some(packet.destination),
            iif: "lo",
            oif: None,
            mark: if valid_mark { packet.mark } else { 0 },
            tos: packet.tos,
            protocol: packet.protocol,
            ports: (packet.destination_port, packet.source_port),
            uid: Some(0),
        };
        match lookup(self.cluster.netns(place.netns), &query) {
            Routed::Found { route, .. } => {
                let kind_fits = route.kind == RouteType::Unicast
                    || route.kind == RouteType::Local && accept_local;
                let device_fits = loose
                    || route
                        .next_hops
                        .iter()
                        .any(|hop| hop.device.as_deref() == Some(input));
                Answer::of(kind_fits && device_fits)
            }
            Routed::Refused { .. } | Routed::Nothing => Answer::No,
            Routed::Unknown { why, .. } => Answer::Unknown(why.to_owned()),
            Routed::Partly(part) => Answer::Unknown(self.partly(place.netns, part)),
            Routed::NotRead => Answer::Unknown("the routes were not read".to_owned()),
        }
    }
}

impl Answer {
    /// A chance of nothing or of everything is none.
    fn settled(self) -> Self {
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

/// What an address is to this host, as a bit of [`AddrType`]: only the local table is asked (`inet_addr_type`,
/// `inet_dev_addr_type`); everything it does not have is unicast.
pub(super) fn address_type(netns: &Netns, ip: IpAddr, device: Option<&str>) -> Option<u16> {
    let bit = |name: &str| {
        AddrType::NAMES
            .iter()
            .find(|(known, _)| *known == name)
            .map_or(0, |(_, bit)| *bit)
    };
    if let IpAddr::V4(v4) = ip
        && (v4.is_broadcast() || v4.octets()[0] == 0)
    {
        return Some(bit("BROADCAST"));
    }
    if ip.is_multicast() {
        return Some(bit("MULTICAST"));
    }
    let routes = netns
        .routes(Family::of(ip))
        .filter(|_| !netns.incomplete.contains(&Part::Routes(Family::of(ip))))?;
    let found = routes
        .iter()
        .filter(|route| route.table == Table::LOCAL && route.destination.contains(&ip))
        .max_by_key(|route| route.destination.prefix_len())
        .filter(|route| {
            device.is_none_or(|device| {
                route
                    .next_hops
                    .iter()
                    .any(|hop| hop.device.as_deref() == Some(device))
            })
        });
    Some(match found.map(|route| route.kind) {
        Some(RouteType::Local) => bit("LOCAL"),
        Some(RouteType::Broadcast) => bit("BROADCAST"),
        Some(RouteType::Anycast) => bit("ANYCAST"),
        Some(RouteType::Multicast) => bit("MULTICAST"),
        Some(RouteType::Blackhole) => bit("BLACKHOLE"),
        Some(RouteType::Unreachable) => bit("UNREACHABLE"),
        Some(RouteType::Prohibit) => bit("PROHIBIT"),
        Some(RouteType::Throw) => bit("THROW"),
        Some(RouteType::Unicast) | None => bit("UNICAST"),
    })
}
