//! Membership in an ipset (net/netfilter/ipset/ip_set_core.c, ipset(8)).

use std::net::IpAddr;

use super::Place;
use super::matching::Answer;
use crate::model::iptables::SetDirection;
use crate::model::{Family, IpSet, NetnsId, Part, Protocol, SetElement, SetPart};
use crate::walk::packet::{Packet, Port};
use crate::walk::walker::Walk;

/// Sets in sets go no deeper in the kernel either.
const DEEPEST: usize = 4;

/// A packet that may be in a set.
struct Asked<'a> {
    sets: &'a [IpSet],
    /// Sets that rules of this walk changed.
    changed: &'a [(NetnsId, Box<str>)],
    place: Place<'a>,
    directions: &'a [SetDirection],
    packet: &'a Packet,
}

impl Walk<'_> {
    /// Whether the packet is in the set, each dimension of an element read from the side that `directions` names.
    pub(super) fn in_set(
        &self,
        place: Place<'_>,
        name: &str,
        directions: &[SetDirection],
        extra: bool,
        packet: &Packet,
    ) -> Answer {
        if extra {
            return Answer::Unknown(format!(
                "conditions on counters or options of the set {name} are not modelled"
            ));
        }
        let Some(sets) = self.cluster.netns(place.netns).ipsets.as_deref() else {
            return Answer::Unknown(format!("the set {name} was not read"));
        };
        if let Some(lost) = self.only_in_part(place.netns, Part::Ipsets) {
            return Answer::Unknown(lost);
        }
        let asked = Asked {
            sets,
            changed: &self.lists.changed_sets,
            place,
            directions,
            packet,
        };
        asked.member(name, DEEPEST)
    }
}

impl Asked<'_> {
    fn member(&self, name: &str, depth: usize) -> Answer {
        let Some(set) = self.sets.iter().find(|set| set.name == name) else {
            return Answer::Unknown(format!("the set {name} was not read"));
        };
        let changed = self
            .changed
            .iter()
            .any(|(netns, changed)| *netns == self.place.netns && **changed == *name);
        if changed {
            return Answer::Unknown(format!("a rule before changed the set {name}"));
        }
        // ip_set_test: of another family, or of more dimensions than are named.
        let of_a_family = set.kind.starts_with("hash:") || set.kind.starts_with("bitmap:ip");
        let dimensions = set.kind.split(',').count();
        if of_a_family && set.ipv6 != (self.packet.family() == Family::V6)
            || self.directions.len() < dimensions
        {
            return Answer::No;
        }
        if set.kind == "list:set" {
            return self.member_of_any(set, depth);
        }
        let has_nets = set.kind.contains("net");
        // hash:net,iface looks no further than the most specific network that has the address, on whatever device.
        let least = match set.kind.as_str() {
            "hash:net,iface" => self.longest_prefix(set),
            _ => 0,
        };
        let mut best: Option<(Vec<u8>, bool)> = None;
        let mut doubt = None;
        let elements = set.elements.iter();
        for element in elements.filter(|element| first_prefix(element) >= least) {
            match fits(element, self.place, self.directions, self.packet) {
                Answer::Yes => {
                    if !has_nets {
                        return Answer::of(!element.nomatch);
                    }
                    // The most specific network decides, and it may be an exception.
                    let lengths = prefix_lengths(element);
                    if best.as_ref().is_none_or(|(known, _)| lengths > *known) {
                        best = Some((lengths, !element.nomatch));
                    }
                }
                Answer::Unknown(why) => doubt = Some(why),
                Answer::No | Answer::Chance(_) => {}
            }
        }
        match (best, doubt) {
            (Some((_, is_member)), None) => Answer::of(is_member),
            (_, Some(why)) => Answer::Unknown(why),
            (None, None) => Answer::No,
        }
    }

    /// The length of the most specific network of a set that has the address of the first dimension.
    fn longest_prefix(&self, set: &IpSet) -> u8 {
        let ip = match self.directions.first() {
            Some(SetDirection::Destination) => self.packet.destination,
            _ => self.packet.source,
        };
        let has = |element: &&SetElement| matches!(element.parts.first(), Some(SetPart::Net(net)) if net.contains(&ip));
        let lengths = set.elements.iter().filter(has).map(first_prefix);
        lengths.max().unwrap_or(0)
    }

    /// list:set: in any of its sets.
    fn member_of_any(&self, list: &IpSet, depth: usize) -> Answer {
        let mut doubt = None;
        for element in &list.elements {
            let [SetPart::Set(inner)] = element.parts.as_slice() else {
                continue;
            };
            match depth.checked_sub(1).map(|depth| self.member(inner, depth)) {
                Some(Answer::Yes) => return Answer::Yes,
                Some(Answer::Unknown(why)) => doubt = Some(why),
                _ => {}
            }
        }
        doubt.map_or(Answer::No, Answer::Unknown)
    }
}

fn first_prefix(element: &SetElement) -> u8 {
    match element.parts.first() {
        Some(SetPart::Net(net)) => net.prefix_len(),
        _ => 0,
    }
}

/// The lengths of the networks of an element, in the order of its dimensions.
fn prefix_lengths(element: &SetElement) -> Vec<u8> {
    element
        .parts
        .iter()
        .filter_map(|part| match part {
            SetPart::Net(net) => Some(net.prefix_len()),
            _ => None,
        })
        .collect()
}

/// Whether every dimension of an element fits.
fn fits(
    element: &SetElement,
    place: Place<'_>,
    directions: &[SetDirection],
    packet: &Packet,
) -> Answer {
    let mut doubt = None;
    for (part, direction) in element.parts.iter().zip(directions) {
        let (ip, port): (IpAddr, Port) = match direction {
            SetDirection::Source => (packet.source, packet.source_port),
            SetDirection::Destination => (packet.destination, packet.destination_port),
        };
        let fits = match part {
            SetPart::Net(net) => net.contains(&ip),
            SetPart::Range(first, last) => {
                matches!(ip, IpAddr::V4(ip) if *first <= ip && ip <= *last)
            }
            SetPart::Port {
                protocol,
                first,
                last,
            } => {
                // bitmap:port holds ports of TCP and UDP; the others name the protocol, and of ICMP type and code.
                let right = match protocol {
                    Some(protocol) => *protocol == packet.protocol,
                    None => matches!(packet.protocol, Protocol::Tcp | Protocol::Udp),
                };
                if !right {
                    return Answer::No;
                }
                let port = match packet.protocol {
                    Protocol::Icmp => {
                        Port::known(u16::from(packet.icmp.0) << 8 | u16::from(packet.icmp.1))
                    }
                    _ => port,
                };
                match port.within(*first, *last) {
                    Some(inside) => inside,
                    None => {
                        doubt = Some("the source port is not known".to_owned());
                        true
                    }
                }
            }
            SetPart::Mac(mac) => match direction {
                SetDirection::Source => packet.source_mac == Some(*mac),
                SetDirection::Destination => packet.destination_mac == Some(*mac),
            },
            SetPart::Interface(name) => {
                let (device, port) = match direction {
                    SetDirection::Source => (place.in_device, packet.bridge_port_in.as_deref()),
                    SetDirection::Destination => {
                        (place.out_device, packet.bridge_port_out.as_deref())
                    }
                };
                match name.strip_prefix("physdev:") {
                    Some(name) => port == Some(name),
                    None => device == Some(name.as_str()),
                }
            }
            SetPart::Mark(mark) => packet.mark == *mark,
            SetPart::Set(_) => false,
        };
        if !fits {
            return Answer::No;
        }
    }
    match doubt {
        Some(why) => Answer::Unknown(why),
        None => Answer::Yes,
    }
}
