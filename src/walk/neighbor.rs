//! The next hop's link-layer address (net/core/neighbour.c, net/ipv4/arp.c, net/ipv6/ndisc.c).
//!
//! An entry in a state that may transmit is used as it is, right or wrong. Without one the kernel asks on the link, and
//! whoever has the address answers: that is looked up in the namespaces that were captured. Nobody answers for long:
//! the packet is dropped and its sender told that the host is unreachable.

use std::net::IpAddr;

use super::arp::{self, asks_as};
use super::icmp::IcmpError;
use super::input_route::conf_keys;
use super::journey::{proven, step};
use super::learn::is_fixed;
use super::packet::Packet;
use super::routing::is_local;
use super::segment::Reached;
use super::walker::{Stop, Stopped, Walk};
use crate::model::trace::StepKind;
use crate::model::{Family, LinkKind, Mac, NeighborState, NetnsId, Part};

impl Walk<'_> {
    /// Resolves `next_hop` on `device`; `None` where the device needs no addresses.
    pub fn resolve(
        &mut self,
        netns: NetnsId,
        device: &str,
        next_hop: IpAddr,
        packet: &Packet,
    ) -> Result<Option<Mac>, Stopped> {
        let here = self.cluster.netns(netns);
        let Some(link) = here.link(device) else {
            let why = match here.links {
                None => Stop::unknown(
                    netns,
                    format!("the devices of {} were not read", self.place_name(netns)),
                ),
                Some(_) => Stop::unknown(
                    netns,
                    format!("the route names {device}, which was not read"),
                ),
            };
            return Err(self.stop(packet, why.at(device)));
        };
        if link.kind == LinkKind::Loopback {
            return Ok(None);
        }
        let known = here
            .neighbors
            .iter()
            .flatten()
            .find(|entry| entry.device == device && entry.ip == next_hop && !entry.proxy);
        let news = self.learned.neighbor(netns, device, next_hop);
        if let Some(mac) = news.filter(|_| !known.is_some_and(|entry| is_fixed(entry.state))) {
            let text = format!("{next_hop} is {mac}, as was heard from it a moment ago");
            self.journey.step(step(StepKind::Neighbor, text));
            return Ok(Some(mac));
        }
        if let Some(entry) = known
            && entry.state.may_transmit()
            && let Some(mac) = entry.mac
        {
            let text = format!("{next_hop} is {mac} ({})", state_word(entry.state));
            self.journey
                .step(proven(StepKind::Neighbor, text, "ip neigh", &entry.raw));
            return Ok(Some(mac));
        }
        if link.noarp {
            // The frame goes to the device's own address, if it has one (`arp_constructor`).
            return Ok(link.mac);
        }
        if known.is_none() {
            self.need_whole(netns, Part::Neighbors, packet)?;
        }
        let asked = match Family::of(next_hop) {
            Family::V4 => "ARP",
            Family::V6 => "neighbour discovery",
        };
        let raw = known
            .map(|entry| entry.raw.as_str())
            .unwrap_or("(no entry)");
        match self.who_has(netns, device, next_hop, packet) {
            Answerer::Captured(first, others) => {
                let (at, name, mac) = self.first_to_answer(first, others, next_hop);
                if let Some(stop) =
                    self.discover((netns, device), packet, next_hop, (at, name.as_str()))
                {
                    return Err(self.stop(packet, stop));
                }
                let place = self.place_name(at);
                let text = format!("{next_hop} is {mac}: {asked} is answered by {place}");
                self.journey
                    .step(proven(StepKind::Neighbor, text, "ip neigh", raw));
                self.learn_from_question((netns, device), packet, next_hop, (at, &name, mac));
                Ok(Some(mac))
            }
            Answerer::Lost { why, unread } => {
                self.wishes.namespaces.extend(unread);
                Err(self.stop(
                    packet,
                    Stop::unknown(netns, why)
                        .at(device)
                        .because("ip neigh", raw),
                ))
            }
            Answerer::Nobody => {
                let why = format!("nobody on {device} answers {asked} for {next_hop}");
                Err(self.stop(
                    packet,
                    Stop::answered(netns, IcmpError::HostUnreachable, why)
                        .at(device)
                        .because("ip neigh", raw),
                ))
            }
            Answerer::Unheard => {
                let why = format!(
                    "{device} is not told who has {next_hop}: its fdb has no entry for its own address, to which answers come"
                );
                let unreachable = Stop::answered(netns, IcmpError::HostUnreachable, why);
                Err(self.stop(packet, unreachable.at(device)))
            }
            Answerer::Unknown
                if known.is_some_and(|entry| entry.state == NeighborState::Failed) =>
            {
                let why = format!("{next_hop} did not answer {asked} on {device}");
                Err(self.stop(
                    packet,
                    Stop::answered(netns, IcmpError::HostUnreachable, why)
                        .at(device)
                        .because("ip neigh", raw),
                ))
            }
            Answerer::Unknown => {
                let why = format!(
                    "whether {next_hop} answers {asked} on {device} is not known: not all of that link was captured"
                );
                Err(self.stop(
                    packet,
                    Stop::unknown(netns, why)
                        .at(device)
                        .because("ip neigh", raw),
                ))
            }
        }
    }

    /// Who answers for an address on the link of a device: those who have it; without any, those who pass it on.
    fn who_has(&self, netns: NetnsId, device: &str, ip: IpAddr, packet: &Packet) -> Answerer {
        if !self.takes_its_own(netns, device) {
            return Answerer::Unheard;
        }
        let Reached {
            ends,
            complete,
            lost,
            ..
        } = self.broadcast_domain(netns, device);
        let hosts = || {
            ends.iter().filter_map(|(at, name)| {
                let mac = self.cluster.netns(*at).link(name)?.mac?;
                Some((*at, name.clone(), mac))
            })
        };
        let asker = asks_as(self.cluster.netns(netns), device, ip, packet);
        let has = |(at, name, _): &Host| arp::has(self.cluster.netns(*at), name, ip, asker);
        let lost_of = |host: &Host| self.lost_answer(host.0, &host.1, ip, has(host));
        let mut owners = hosts().filter(|host| has(host) && lost_of(host).is_none());
        if let Some(first) = owners.next() {
            return Answerer::Captured(first, owners.collect());
        }
        if let Some(why) = lost.or_else(|| hosts().find_map(|host| lost_of(&host))) {
            let here = |at: &NetnsId| self.cluster.netns(*at);
            let mut unread: Vec<NetnsId> = hosts().map(|(at, ..)| at).collect();
            unread.retain(|at| here(at).routes(Family::of(ip)).is_none());
            // Who has the address will most likely answer, and the others need not be asked.
            if unread.iter().any(|at| here(at).has_address(ip)) {
                unread.retain(|at| here(at).has_address(ip));
            }
            return Answerer::Lost { why, unread };
        }
        let mut proxies = hosts()
            .filter(|(at, name, _)| arp::passes_on(self.cluster.netns(*at), name, ip, asker));
        match proxies.next() {
            Some(first) => Answerer::Captured(first, proxies.collect()),
            None if complete => Answerer::Nobody,
            None => Answerer::Unknown,
        }
    }

    /// Why it is not known whether a host answers: what is lost of its tables may make it answer, or not.
    fn lost_answer(
        &self,
        netns: NetnsId,
        device: &str,
        ip: IpAddr,
        answers: bool,
    ) -> Option<String> {
        let family = Family::of(ip);
        let here = self.cluster.netns(netns);
        if here.routes(family).is_none() {
            let place = self.place_name(netns);
            return Some(format!(
                "the routes of {place} were not read: it may have {ip}"
            ));
        }
        let read = |key: &String| self.sysctl(netns, key).is_some();
        let keys = ["arp_ignore", "rp_filter"].map(|key| conf_keys(device, key));
        if answers && (family == Family::V6 || keys.iter().flatten().all(read)) {
            None
        } else if answers {
            self.only_in_part(netns, Part::Sysctls)
        } else if is_local(self.cluster.netns(netns), ip) {
            self.only_in_part(netns, Part::Addresses)
        } else {
            self.only_in_part(netns, Part::Routes(family))
        }
    }

    /// Of several with different hardware addresses, whose answer comes first is not to be known.
    fn first_to_answer(&mut self, first: Host, others: Vec<Host>, ip: IpAddr) -> Host {
        let mut all = vec![first];
        for other in others {
            if all.iter().all(|known| known.2 != other.2) {
                all.push(other);
            }
        }
        let picked = if all.len() > 1 {
            let what = format!("several hosts have {ip}, and who answers first is chance");
            let options = all.iter().map(|(at, _, mac)| {
                let place = self.place_name(*at);
                format!("{place} ({mac}) does")
            });
            let options = options.collect();
            self.choices
                .suppose(&format!("who has {ip}"), what, options)
        } else {
            0
        };
        all.swap_remove(picked.min(all.len() - 1))
    }
}

/// Where an answer comes from: a device of a namespace, and its hardware address.
type Host = (NetnsId, String, Mac);

enum Answerer {
    /// Tables that would tell were read only in part.
    Lost {
        why: String,
        /// The namespaces on the link of which nothing but devices and addresses was read.
        unread: Vec<NetnsId>,
    },
    /// Somebody, and perhaps others.
    Captured(Host, Vec<Host>),
    Nobody,
    /// Whoever answers, the answer does not come back to the one who asks.
    Unheard,
    Unknown,
}

fn state_word(state: NeighborState) -> &'static str {
    match state {
        NeighborState::None => "NONE",
        NeighborState::Incomplete => "INCOMPLETE",
        NeighborState::Reachable => "REACHABLE",
        NeighborState::Stale => "STALE",
        NeighborState::Delay => "DELAY",
        NeighborState::Probe => "PROBE",
        NeighborState::Failed => "FAILED",
        NeighborState::Noarp => "NOARP",
        NeighborState::Permanent => "PERMANENT",
    }
}
