//! The routing decision for what arrives, with its checks of the source ([`super::source_check`]), and what a host answers
//! where it refuses (net/ipv4/route.c `ip_route_input_slow`, `ip_error`, net/ipv6/route.c `ip6_pkt_drop`).

use std::net::IpAddr;

use super::icmp::IcmpError;
use super::packet::Packet;
use super::routing::{Lookup, Refusal, is_local};
use super::send::{Chosen, Refused};
use super::source_check::{looks_back, martian, validate_source};
use super::walker::{Stop, Stopped, Walk};
use crate::model::trace::Verdict;
use crate::model::{Family, Netns, NetnsId, Part, RouteType};

impl<'c> Walk<'c> {
    /// The input routing decision.
    pub fn route_input(
        &mut self,
        netns: NetnsId,
        device: &str,
        packet: &Packet,
    ) -> Result<Chosen<'c>, Stopped> {
        self.find_input_route(netns, device, packet)?
            .map_err(|stop| self.stop(packet, stop))
    }

    /// The same. What is refused has a route, too, one by which packets come to `ip_error` or `ip6_pkt_discard`: that is
    /// the inner error, which nothing has met yet. The outer one is of packets that may not come in at all.
    pub fn find_input_route(
        &mut self,
        netns: NetnsId,
        device: &str,
        packet: &Packet,
    ) -> Result<Result<Chosen<'c>, Stop>, Stopped> {
        let here: &'c Netns = self.cluster.netns(netns);
        if is_loopback4(packet.source) || is_loopback4(packet.destination) {
            self.need_settings(netns, &conf_keys(device, "route_localnet"), packet)?;
        }
        if let Some(why) = martian(here, device, packet) {
            return Err(self.stop(packet, Stop::dropped(netns, why).at(device)));
        }
        let query = Lookup::arriving(packet, device);
        let decided = self.decide(netns, &query, packet)?;
        if !matches!(&decided, Ok(chosen) if chosen.is_local()) {
            let keys = match packet.family() {
                Family::V4 => vec![forwarding_key(device, Family::V4)],
                Family::V6 => vec![
                    forwarding_key(device, Family::V6),
                    format!(
                        "net.ipv6.conf.{}.force_forwarding",
                        device.replace('.', "/")
                    ),
                ],
            };
            self.need_settings(netns, &keys, packet)?;
        }
        let forwarding = may_forward(here, device, packet.family());
        let mut chosen = match decided {
            Ok(chosen) => chosen,
            Err(refused) => {
                return Ok(Err(refuse_input(
                    netns, device, packet, refused, forwarding,
                )));
            }
        };
        self.need_what_validates(netns, device, packet)?;
        let valid = match chosen.route.kind {
            RouteType::Unicast => {
                if packet.family() == Family::V4
                    && let Some(stop) = forbids_forwarding(netns, device, packet, forwarding)
                {
                    return match stop.verdict {
                        Verdict::Undetermined => Err(self.stop(packet, stop)),
                        _ => Ok(Err(stop)),
                    };
                }
                validate_source(here, device, packet, Some(&chosen.device))
            }
            RouteType::Broadcast => {
                let to_all = Packet {
                    destination: IpAddr::from([0; 4]),
                    ..packet.clone()
                };
                chosen.device = "lo".to_owned();
                validate_source(here, device, &to_all, None)
            }
            _ => validate_source(here, device, packet, None),
        };
        if here.sysctls.is_none() {
            let place = self.place_name(netns);
            self.not_seen(format!(
                "{place}: sysctls were not captured; rp_filter is supposed to be off"
            ));
        }
        match valid {
            Ok(()) => Ok(Ok(chosen)),
            Err(why) => Err(self.stop(packet, Stop::dropped(netns, why).at(device))),
        }
    }

    /// What [`validate_source`] asks must have been read whole.
    fn need_what_validates(
        &mut self,
        netns: NetnsId,
        device: &str,
        packet: &Packet,
    ) -> Result<(), Stopped> {
        if packet.family() == Family::V6 {
            return Ok(());
        }
        self.need_settings(netns, &conf_keys(device, "rp_filter"), packet)?;
        let here = self.cluster.netns(netns);
        let ours = is_local(here, packet.source);
        if ours {
            self.need_settings(netns, &conf_keys(device, "accept_local"), packet)?;
        }
        if packet.mark != 0 {
            self.need_settings(netns, &conf_keys(device, "src_valid_mark"), packet)?;
        }
        if ours || looks_back(here, device) {
            self.need_whole(netns, Part::Addresses, packet)?;
        }
        Ok(())
    }
}

/// Why what is for another host is not passed on. IPv4 asks when it routes, IPv6 when it forwards (`ip6_forward`).
pub(super) fn forbids_forwarding(
    netns: NetnsId,
    device: &str,
    packet: &Packet,
    forwarding: Option<bool>,
) -> Option<Stop> {
    let key = forwarding_key(device, packet.family());
    let stop = match forwarding {
        Some(true) => return None,
        Some(false) => {
            let why = format!(
                "{device} may not forward ({key} = 0), and {} is not an address here",
                packet.destination
            );
            Stop::dropped(netns, why).because("sysctl", &format!("{key} = 0"))
        }
        None => Stop::unknown(
            netns,
            format!("whether {device} may forward was not read ({key})"),
        ),
    };
    Some(stop.at(device))
}

/// `ip_error`: an IPv4 router answers with ICMP, a host that does not forward is silent. IPv6 answers in any case
/// (`ip6_pkt_drop`).
fn refuse_input(
    netns: NetnsId,
    device: &str,
    packet: &Packet,
    refused: Refused<'_>,
    forwarding: Option<bool>,
) -> Stop {
    let (why, answer, evidence) = match refused {
        Refused::NoRoute => (
            format!("there is no route to {}", packet.destination),
            Some(IcmpError::NetUnreachable),
            None,
        ),
        Refused::By { kind, raw, source } => {
            let answer = match kind {
                Refusal::Blackhole => None,
                // ip6_pkt_discard: ICMPv6 has "no route" for both.
                Refusal::HostUnreachable if packet.family() == Family::V4 => {
                    Some(IcmpError::HostUnreachable)
                }
                Refusal::HostUnreachable | Refusal::NetUnreachable => {
                    Some(IcmpError::NetUnreachable)
                }
                Refusal::Prohibit => Some(IcmpError::AdminProhibited),
            };
            (
                format!("{} is refused by: {raw}", packet.destination),
                answer,
                Some((source, raw)),
            )
        }
    };
    let answers = packet.family() == Family::V6 || forwarding != Some(false);
    let stop = match answer {
        Some(error) if answers => Stop::answered(netns, error, why),
        _ => Stop::dropped(netns, why),
    }
    .at(device);
    match evidence {
        Some((source, raw)) => stop.because(source, raw),
        None => stop,
    }
}

fn is_loopback4(ip: IpAddr) -> bool {
    matches!(ip, IpAddr::V4(ip) if ip.is_loopback())
}

/// The two places where a setting about received packets is: for all devices and for one.
pub(super) fn conf_keys(device: &str, key: &str) -> [String; 2] {
    ["all", device].map(|name| format!("net.ipv4.conf.{}.{key}", name.replace('.', "/")))
}

/// IN_DEV_FORWARD of the incoming device (IPv4), of all (IPv6).
pub(super) fn may_forward(netns: &Netns, device: &str, family: Family) -> Option<bool> {
    let sysctls = netns.sysctls.as_ref()?;
    let value = match family {
        Family::V4 => sysctls
            .conf(family, device, "forwarding")
            .or_else(|| sysctls.number("net.ipv4.ip_forward"))?,
        Family::V6 => {
            let all = sysctls.conf(family, "all", "forwarding")?;
            all | sysctls
                .conf(family, device, "force_forwarding")
                .unwrap_or(0)
        }
    };
    Some(value != 0)
}

fn forwarding_key(device: &str, family: Family) -> String {
    match family {
        Family::V4 => format!("net.ipv4.conf.{}.forwarding", device.replace('.', "/")),
        Family::V6 => "net.ipv6.conf.all.forwarding".to_owned(),
    }
}
