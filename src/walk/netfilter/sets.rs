//! Membership in an ipset (net/netfilter/ipset/ip_set_core.c, ipset(8)).

use std::net::IpAddr;

use super::Place;
use super::matching::Answer;
use crate::model::iptables::SetDirection;
use crate::model::{Family, IpSet, Part, SetElement, SetPart};
use crate::walk::packet::{Packet, Port};
use crate::walk::walker::Walk;

/// Sets in sets go no deeper in the kernel either.
const DEEPEST: usize = 4;

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
        member(sets, place, name, directions, packet, DEEPEST)
    }
}

fn member(
    sets: &[IpSet],
    place: Place<'_>,
    name: &str,
    directions: &[SetDirection],
    packet: &Packet,
    depth: usize,
) -> Answer {
    let Some(set) = sets.iter().find(|set| set.name == name) else {
        return Answer::Unknown(format!("the set {name} was not read"));
    };
    let has_nets = set.kind.contains("net");
    if set.kind.starts_with("hash:") && set.ipv6 != (packet.family() == Family::V6) {
        return Answer::No;
    }
    let mut best: Option<(u32, bool)> = None;
    let mut doubt = None;
    for element in &set.elements {
        if let [SetPart::Set(inner)] = element.parts.as_slice() {
            match depth
                .checked_sub(1)
                .map(|depth| member(sets, place, inner, directions, packet, depth))
            {
                Some(Answer::Yes) if !element.nomatch => return Answer::Yes,
                Some(Answer::Unknown(why)) => doubt = Some(why),
                _ => {}
            }
            continue;
        }
        match fits(element, place, directions, packet) {
            Answer::Yes => {
                if !has_nets {
                    return Answer::of_member(!element.nomatch);
                }
                // The most specific network decides, and it may be an exception.
                let length = prefix_bits(element);
                if best.is_none_or(|(known, _)| length > known) {
                    best = Some((length, !element.nomatch));
                }
            }
            Answer::Unknown(why) => doubt = Some(why),
            Answer::No | Answer::Chance(_) => {}
        }
    }
    match (best, doubt) {
        (Some((_, is_member)), None) => Answer::of_member(is_member),
        (_, Some(why)) => Answer::Unknown(why),
        (None, None) => Answer::No,
    }
}

impl Answer {
    fn of_member(is_member: bool) -> Self {
        if is_member { Self::Yes } else { Self::No }
    }
}

fn prefix_bits(element: &SetElement) -> u32 {
    element
        .parts
        .iter()
        .map(|part| match part {
            SetPart::Net(net) => u32::from(net.prefix_len()),
            _ => 0,
        })
        .sum()
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
                if protocol.is_some_and(|protocol| protocol != packet.protocol)
                    || !packet.protocol.has_ports()
                {
                    return Answer::No;
                }
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
    if directions.len() < element.parts.len() {
        // The kernel refuses fewer directions than dimensions at load; a dump that has them is not to be trusted.
        return Answer::Unknown(
            "a set match names fewer directions than the set has dimensions".to_owned(),
        );
    }
    match doubt {
        Some(why) => Answer::Unknown(why),
        None => Answer::Yes,
    }
}
