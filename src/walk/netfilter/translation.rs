//! What DNAT, SNAT, MASQUERADE, REDIRECT and NETMAP make of a connection (net/netfilter/nf_nat_core.c
//! `get_unique_tuple`, nf_nat_masquerade.c, nf_nat_redirect.c, xt_NETMAP.c).

use std::net::IpAddr;

use ipnet::IpNet;

use super::target::Effect;
use super::{Hook, Place};
use crate::model::iptables::{NatRange, PortRange};
use crate::model::trace::StepKind;
use crate::model::{Family, Protocol, RouteScope};
use crate::walk::conntrack::{Direction, Manipulation, another_port};
use crate::walk::explore::Question;
use crate::walk::packet::{Packet, Port, Tracked};
use crate::walk::source_address::select_address;
use crate::walk::walker::Walk;

/// Larger ranges are followed for their first addresses or ports only.
const MOST: usize = 256;

impl<'c> Walk<'c> {
    /// Sets the connection's translation up; the packet is rewritten when the hook's rules are through.
    pub(super) fn translate(
        &mut self,
        half: Manipulation,
        range: &NatRange,
        packet: &Packet,
    ) -> Effect<'c> {
        let (kind, text) = self.set_up(half, range, packet);
        Effect::Accept(kind, text)
    }

    /// The same; the kind of step that it is, and what it says.
    pub(in crate::walk) fn set_up(
        &mut self,
        half: Manipulation,
        range: &NatRange,
        packet: &Packet,
    ) -> (StepKind, String) {
        let Some(tracked) = self.connections.wants_rules(packet, half) else {
            return (StepKind::Rule, "already translated".to_owned());
        };
        let current = self.connections.translated(tracked);
        let keeps = half == Manipulation::Source && !range.random;
        let kept = keeps
            && in_range(range, &current)
            && !self.connections.is_used_as_it_is(tracked, &current);
        let mapped = match keeps && !in_range(range, &current) {
            true => self.mapped_before(tracked, range, &current),
            false => None,
        };
        let address = match (&mapped, kept) {
            (_, true) => None,
            (Some(mapped), _) => Some(mapped.source),
            (None, false) => self.pick(range.addresses),
        };
        let wanted = match mapped {
            _ if kept => current,
            Some(mapped) => mapped,
            None => self.unique(tracked, half, range, address, current),
        };
        self.connections.translate(tracked, half, &wanted);
        let kind = match half {
            Manipulation::Destination => StepKind::Dnat,
            Manipulation::Source => StepKind::Snat,
        };
        (kind, described(half, address, range, kept))
    }

    /// What an earlier connection of the same source became, if that is in the range and free.
    fn mapped_before(
        &self,
        tracked: Tracked,
        range: &NatRange,
        current: &Direction,
    ) -> Option<Direction> {
        let fits = |mapped: &Direction| in_range(range, mapped);
        let mapped = self.connections.mapped_before(tracked, current, fits)?;
        (!self.connections.is_used(tracked, &mapped)).then_some(mapped)
    }

    /// With the address of the range, a port that no other connection has.
    fn unique(
        &mut self,
        tracked: Tracked,
        half: Manipulation,
        range: &NatRange,
        address: Option<IpAddr>,
        mut wanted: Direction,
    ) -> Direction {
        match half {
            Manipulation::Source => {
                wanted.source = address.unwrap_or(wanted.source);
                match wanted.protocol {
                    Protocol::Icmp if range.random => another_port(&mut wanted, half),
                    _ => wanted.source_port = self.source_port(range, &wanted),
                }
            }
            Manipulation::Destination => {
                wanted.destination = address.unwrap_or(wanted.destination);
                wanted.destination_port = self.destination_port(range, &wanted);
            }
        }
        // A range of one port gives no other.
        if self.connections.is_used(tracked, &wanted) {
            match (range.ports, half) {
                (Some(ports), _) if ports.first == ports.last => {}
                (Some(ports), Manipulation::Source) if wanted.protocol.has_ports() => {
                    wanted.source_port = Port {
                        first: ports.first,
                        last: ports.last,
                    };
                }
                (Some(ports), Manipulation::Destination) if wanted.protocol.has_ports() => {
                    wanted.destination_port = Port {
                        first: ports.first,
                        last: ports.last,
                    };
                }
                _ => another_port(&mut wanted, half),
            }
        }
        wanted
    }

    /// One address of a range; the kernel picks it by a hash of the connection.
    fn pick(&mut self, addresses: Option<(IpAddr, IpAddr)>) -> Option<IpAddr> {
        let (first, last) = addresses?;
        let range: Vec<IpAddr> = match (first, last) {
            (IpAddr::V4(first), IpAddr::V4(last)) => (first.to_bits()..=last.to_bits())
                .take(MOST)
                .map(|bits| IpAddr::V4(bits.into()))
                .collect(),
            (IpAddr::V6(first), IpAddr::V6(last)) => (first.to_bits()..=last.to_bits())
                .take(MOST)
                .map(|bits| IpAddr::V6(bits.into()))
                .collect(),
            _ => vec![first],
        };
        let picked = self.one_of_many(range.len());
        range.get(picked).copied().or(Some(first))
    }

    fn one_of_many(&mut self, count: usize) -> usize {
        if count < 2 {
            return 0;
        }
        let share = 1.0 / count as f64;
        self.choices.choose(Question::Balance(vec![share; count]))
    }

    /// Kept where it is in the range, or where there is none; else any, at random.
    fn source_port(&self, range: &NatRange, wanted: &Direction) -> Port {
        let current = wanted.source_port;
        if !wanted.protocol.has_ports() {
            return current;
        }
        match range.ports {
            Some(ports)
                if !range.random && current.within(ports.first, ports.last) == Some(true) =>
            {
                current
            }
            Some(ports) => Port {
                first: ports.first,
                last: ports.last,
            },
            None if range.random => Port::at_random(current),
            None => current,
        }
    }

    /// Kept where it is in the range, or where there is none; else the first of the range, or any.
    fn destination_port(&mut self, range: &NatRange, wanted: &Direction) -> Port {
        let current = wanted.destination_port;
        let Some(ports) = range.ports.filter(|_| wanted.protocol.has_ports()) else {
            return current;
        };
        if !range.random && current.within(ports.first, ports.last) == Some(true) {
            return current;
        }
        let count = usize::from(ports.last - ports.first) + 1;
        let first_of_them = count > 1
            && !range.random
            && {
                let what = format!(
                    "which port of {} is taken differs between kernels: the first before 5.0 and from 6.8 on, else any",
                    ports_text(ports)
                );
                let options = vec!["it is the first".to_owned(), "it is any of them".to_owned()];
                self.choices.suppose("port of a range", what, options) == 0
            };
        if first_of_them {
            return Port::known(ports.first);
        }
        let picked = self.one_of_many(count.min(MOST));
        Port::known(
            ports
                .first
                .saturating_add(u16::try_from(picked).unwrap_or(0)),
        )
    }

    /// The address that the outgoing device gives towards the next hop.
    pub(in crate::walk) fn masquerade_address(
        &self,
        place: Place<'_>,
        packet: &Packet,
    ) -> Option<IpAddr> {
        let near = place.next_hop.unwrap_or(packet.destination);
        select_address(
            self.cluster.netns(place.netns),
            place.out_device?,
            Some(near),
            packet.destination,
            RouteScope::Universe,
        )
    }

    /// This host, as seen from where the packet comes: the first address of the device, of what scope it may be.
    pub(in crate::walk) fn redirect_address(
        &self,
        place: Place<'_>,
        packet: &Packet,
    ) -> Option<IpAddr> {
        if place.hook == Hook::Output {
            return Some(match packet.family() {
                Family::V4 => IpAddr::from([127, 0, 0, 1]),
                Family::V6 => IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1]),
            });
        }
        let narrow = |ip: IpAddr| match ip {
            IpAddr::V6(ip) => (ip.is_loopback(), ip.is_unicast_link_local()),
            IpAddr::V4(_) => (false, false),
        };
        let scope = narrow(packet.destination);
        self.cluster
            .netns(place.netns)
            .addresses_of(place.in_device?)
            .find(|address| {
                Family::of(address.ip) == packet.family()
                    && !address.tentative
                    && (scope == (false, false) || narrow(address.ip) == scope)
            })
            .map(|address| address.ip)
    }
}

/// Whether the source is already what it is to become.
fn in_range(range: &NatRange, wanted: &Direction) -> bool {
    let address = range
        .addresses
        .is_none_or(|(first, last)| first <= wanted.source && wanted.source <= last);
    let port = range.ports.is_none_or(|ports| {
        wanted.protocol.has_ports()
            && wanted.source_port.within(ports.first, ports.last) == Some(true)
    });
    address && port
}

fn described(half: Manipulation, address: Option<IpAddr>, range: &NatRange, kept: bool) -> String {
    let ports = range.ports.map(ports_text);
    let to = |ip: IpAddr| match (ip, &ports) {
        (ip, None) => ip.to_string(),
        (IpAddr::V4(ip), Some(ports)) => format!("{ip}:{ports}"),
        (IpAddr::V6(ip), Some(ports)) => format!("[{ip}]:{ports}"),
    };
    match (half, address) {
        _ if kept => "source stays: it is in the range".to_owned(),
        (Manipulation::Destination, Some(ip)) => format!("destination becomes {}", to(ip)),
        (Manipulation::Source, Some(ip)) => format!("source becomes {}", to(ip)),
        (_, None) => format!("port becomes {}", ports.unwrap_or_default()),
    }
}

fn ports_text(ports: PortRange) -> String {
    if ports.first == ports.last {
        ports.first.to_string()
    } else {
        format!("{}-{}", ports.first, ports.last)
    }
}

/// A range of one address.
pub(super) fn one_address(ip: IpAddr, ports: Option<PortRange>, random: bool) -> NatRange {
    NatRange {
        addresses: Some((ip, ip)),
        ports,
        random,
        persistent: false,
    }
}

/// NETMAP: the network part of `net`, the host part of `ip`.
pub(in crate::walk) fn map_into(net: IpNet, ip: IpAddr) -> IpAddr {
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
