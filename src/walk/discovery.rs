//! The packets of neighbour discovery (net/ipv6/ndisc.c). Unlike ARP's they are IPv6: hooks see them on the way out, on
//! bridges and on the way in, so that rules which drop them leave a host without its neighbours. Nobody routes them.

use std::net::{IpAddr, Ipv6Addr};

use super::icmp::IcmpError;
use super::journey::Journey;
use super::netfilter::{Hook, Place};
use super::packet::Packet;
use super::walker::{Fate, Stop, Walk};
use crate::model::trace::Verdict;
use crate::model::{Mac, Netns, NetnsId, Protocol};

/// ICMPv6 types.
const SOLICITATION: u8 = 135;
const ADVERTISEMENT: u8 = 136;
/// What keeps routers from passing them on.
const HOP_LIMIT: u8 = 255;

/// A device of a namespace.
type End<'a> = (NetnsId, &'a str);

impl Walk<'_> {
    /// A host asks for a neighbour's address with a packet to be sent, and the one who has it answers. Says what becomes of
    /// that packet where question or answer is lost.
    pub fn discover(
        &mut self,
        asker: End<'_>,
        packet: &Packet,
        asked: IpAddr,
        answerer: End<'_>,
    ) -> Option<Stop> {
        let IpAddr::V6(target) = asked else {
            return None;
        };
        let way = std::mem::take(&mut self.journey);
        let (crossings, sought) = (self.crossings, self.sought.take());
        let lost = self.ask_and_answer(asker, packet, target, answerer).err();
        let tried = std::mem::replace(&mut self.journey, way);
        (self.crossings, self.sought) = (crossings, sought);
        let (word, lost) = lost?;
        let (netns, device) = asker;
        let why = format!(
            "{device} asks for {asked}, but the {word} is lost: {}",
            lost.at.why
        );
        let stop = match lost.verdict {
            Verdict::Undetermined => Stop::unknown(netns, lost.at.why),
            _ => Stop::answered(netns, IcmpError::HostUnreachable, why),
        };
        Some(Stop {
            evidence: last_evidence(&tried),
            ..stop.at(device)
        })
    }

    fn ask_and_answer(
        &mut self,
        asker: End<'_>,
        packet: &Packet,
        target: Ipv6Addr,
        answerer: End<'_>,
    ) -> Result<(), (&'static str, super::walker::Stopped)> {
        let here = self.cluster.netns(asker.0);
        let source = asks_as(here, asker.1, packet);
        let question = Packet {
            icmp: (SOLICITATION, 0),
            destination_mac: Some(group_mac(target)),
            ..Packet::new(Protocol::Icmp, source, group(target).into())
        };
        let to = question.source;
        self.say(asker, question, answerer)
            .map_err(|lost| ("question", lost))?;
        let answer = Packet {
            icmp: (ADVERTISEMENT, 0),
            destination_mac: here.link(asker.1).and_then(|link| link.mac),
            ..Packet::new(Protocol::Icmp, Some(target.into()), to)
        };
        self.say(answerer, answer, asker)
            .map_err(|lost| ("answer", lost))?;
        Ok(())
    }

    /// `ndisc_send_skb`: straight to a device, by way of the hooks.
    fn say(&mut self, (netns, device): End<'_>, mut packet: Packet, to: End<'_>) -> Fate {
        self.sought = Some((to.0, to.1.to_owned()));
        let here = self.cluster.netns(netns);
        packet.ttl = HOP_LIMIT;
        packet.socket = Some(netns);
        packet.source_mac = here.link(device).and_then(|link| link.mac);
        self.journey.enter(self.cluster, netns, None);
        for hook in [Hook::Output, Hook::Postrouting] {
            let place = Place {
                netns,
                hook,
                in_device: None,
                out_device: Some(device),
                next_hop: None,
            };
            self.hook(place, &mut packet)?;
        }
        self.transmit(netns, device, packet)
    }

    /// Whether a packet of neighbour discovery has come to whom it is for.
    pub fn is_sought(&self, netns: NetnsId, device: &str, packet: &Packet) -> bool {
        let sought = self.sought.as_ref();
        packet.is_discovery() && sought.is_some_and(|(at, name)| *at == netns && name == device)
    }
}

/// `ndisc_solicit`: in the packet's own name where that is of the device, else in the device's own on its link.
fn asks_as(here: &Netns, device: &str, packet: &Packet) -> Option<IpAddr> {
    let valid = |ip: &IpAddr| {
        let mut all = here.addresses_of(device);
        all.any(|address| address.ip == *ip && !address.tentative)
    };
    let on_link = |ip: &IpAddr| matches!(ip, IpAddr::V6(ip) if ip.is_unicast_link_local());
    let mut its = here.addresses_of(device).map(|address| address.ip);
    let own = its.find(|ip| on_link(ip) && valid(ip));
    Some(packet.source).filter(valid).or(own)
}

/// The group that all listen to whose addresses end alike (`addrconf_addr_solict_mult`, RFC 4291).
fn group(target: Ipv6Addr) -> Ipv6Addr {
    let end = target.to_bits() & 0x00ff_ffff;
    Ipv6Addr::from_bits(0xff02_0000_0000_0000_0000_0001_ff00_0000 | end)
}

/// Its hardware address (`ipv6_eth_mc_map`).
fn group_mac(target: Ipv6Addr) -> Mac {
    let [.., a, b, c] = target.octets();
    Mac([0x33, 0x33, 0xff, a, b, c])
}

/// What the last word of a journey rests on.
fn last_evidence(journey: &Journey) -> Option<crate::model::trace::Evidence> {
    let last = journey.hops.last()?.steps.last()?;
    last.evidence.clone()
}
