//! The next hop's link-layer address (net/core/neighbour.c, net/ipv4/arp.c, net/ipv6/ndisc.c).
//!
//! An entry in a state that may transmit is used as it is, right or wrong. Without one the kernel asks on the link, and
//! whoever has the address answers: that is looked up in the namespaces that were captured. Nobody answers for long:
//! the packet is dropped and its sender told that the host is unreachable.

use std::net::IpAddr;

use super::device::Reached;
use super::journey::proven;
use super::packet::Packet;
use super::receive::conf_keys;
use super::routing::is_local;
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
        if link.noarp || matches!(link.kind, LinkKind::Loopback) {
            return Ok(None);
        }
        let known = here
            .neighbors
            .iter()
            .flatten()
            .find(|entry| entry.device == device && entry.ip == next_hop && !entry.proxy);
        if let Some(entry) = known
            && entry.state.may_transmit()
            && let Some(mac) = entry.mac
        {
            let text = format!("{next_hop} is {mac} ({})", state_word(entry.state));
            self.journey
                .step(proven(StepKind::Neighbor, text, "ip neigh", &entry.raw));
            return Ok(Some(mac));
        }
        if known.is_none() {
            self.need_whole(netns, Part::Neighbors, packet)?;
        }
        let asked = if packet.family() == crate::model::Family::V4 {
            "ARP"
        } else {
            "neighbour discovery"
        };
        let raw = known
            .map(|entry| entry.raw.as_str())
            .unwrap_or("(no entry)");
        match self.who_has(netns, device, next_hop) {
            Answerer::Captured { mac, place } => {
                let text = format!("{next_hop} is {mac}: {asked} is answered by {place}");
                self.journey
                    .step(proven(StepKind::Neighbor, text, "ip neigh", raw));
                Ok(Some(mac))
            }
            Answerer::Lost(why) => Err(self.stop(
                packet,
                Stop::unknown(netns, why)
                    .at(device)
                    .because("ip neigh", raw),
            )),
            Answerer::Nobody => {
                let why = format!("nobody on {device} answers {asked} for {next_hop}");
                Err(self.stop(
                    packet,
                    Stop::unreachable(netns, why)
                        .at(device)
                        .because("ip neigh", raw),
                ))
            }
            Answerer::Unknown
                if known.is_some_and(|entry| entry.state == NeighborState::Failed) =>
            {
                let why = format!("{next_hop} did not answer {asked} on {device}");
                Err(self.stop(
                    packet,
                    Stop::unreachable(netns, why)
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

    /// Who answers for an address on the link of a device.
    fn who_has(&self, netns: NetnsId, device: &str, ip: IpAddr) -> Answerer {
        let Reached {
            ends,
            complete,
            mut lost,
        } = self.broadcast_domain(netns, device);
        let family = Family::of(ip);
        for (at, name) in ends {
            let there = self.cluster.netns(at);
            // arp_ignore = 0: any address of the host is answered for, whatever device it is on.
            let ignore = self.arp_ignore(at, &name);
            let has = if ignore == 0 {
                is_local(there, ip)
            } else {
                there.addresses_of(&name).any(|address| address.ip == ip)
            };
            // What is lost of a host may make it answer, or (arp_ignore) not answer.
            let lost_here = match is_local(there, ip) {
                true if ignore != 0 && !has => self.only_in_part(at, Part::Addresses),
                true => self.lost_arp_ignore(at, &name, family),
                false => self.only_in_part(at, Part::Routes(family)),
            };
            if lost_here.is_none()
                && has
                && let Some(mac) = there.link(&name).and_then(|link| link.mac)
            {
                let place = self.place_name(at);
                return Answerer::Captured { mac, place };
            }
            lost = lost.or(lost_here);
        }
        if let Some(why) = lost {
            Answerer::Lost(why)
        } else if complete {
            Answerer::Nobody
        } else {
            Answerer::Unknown
        }
    }

    /// Why it is not known whether a host ignores what asks for its addresses by that device.
    fn lost_arp_ignore(&self, netns: NetnsId, device: &str, family: Family) -> Option<String> {
        let keys = conf_keys(device, "arp_ignore");
        let read = |key: &String| self.sysctl(netns, key).is_some();
        match family == Family::V6 || keys.iter().all(read) {
            true => None,
            false => self.only_in_part(netns, Part::Sysctls),
        }
    }

    fn arp_ignore(&self, netns: NetnsId, device: &str) -> i64 {
        let conf = |name: &str| {
            self.cluster
                .netns(netns)
                .sysctls
                .as_ref()
                .and_then(|all| all.conf(crate::model::Family::V4, name, "arp_ignore"))
                .unwrap_or(0)
        };
        conf("all").max(conf(device))
    }
}

enum Answerer {
    /// Tables that would tell were read only in part.
    Lost(String),
    Captured {
        mac: Mac,
        place: String,
    },
    Nobody,
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
