//! `dnat`, `snat`, `masquerade`, `redirect` (net/netfilter/nft_nat.c, nft_masq.c, nft_redir.c).

use super::chain::Meeting;
use super::rule::{Effect, Outcome, end};
use super::value::{Value, address};
use crate::model::iptables::{NatRange, PortRange};
use crate::model::nftables::{Expression, Interval, Nat, NatKind};
use crate::model::{Family, Part};
use crate::walk::conntrack::Manipulation;
use crate::walk::netfilter::dropped;
use crate::walk::walker::{Stop, Walk};

/// What an expression of a translation says.
enum Told<T> {
    Says(T),
    /// The rule ends.
    Missing,
    Unknown(String),
}

impl<'c> Walk<'c> {
    pub(super) fn nat_statement(
        &mut self,
        meeting: &mut Meeting<'_, '_, 'c>,
        nat: &'c Nat,
    ) -> Outcome<'c> {
        let place = meeting.place;
        let family = meeting.packet.family();
        let other_family = match nat.family.as_deref() {
            Some("ip") => family != Family::V4,
            Some("ip6") => family != Family::V6,
            _ => false,
        };
        // A translation of the other family is passed over (nft_nat_inet_eval).
        if other_family {
            return Outcome::Holds;
        }
        let finds_address = matches!(nat.kind, NatKind::Masquerade | NatKind::Redirect);
        if let Some(lost) = self
            .only_in_part(place.netns, Part::Addresses)
            .filter(|_| finds_address)
        {
            return end(Stop::unknown(place.netns, lost));
        }
        let range = match self.range(meeting, nat) {
            Told::Says(range) => range,
            Told::Missing => return Outcome::Breaks,
            Told::Unknown(why) => {
                let why = format!("where {} leads is not known: {why}", meeting.source());
                return end(Stop::unknown(place.netns, why));
            }
        };
        let packet = &*meeting.packet;
        let found = match nat.kind {
            NatKind::Masquerade => Some(self.masquerade_address(place, packet)),
            NatKind::Redirect => Some(self.redirect_address(place, packet)),
            _ => None,
        };
        let range = match found {
            None => range,
            Some(Some(ip)) => NatRange {
                addresses: Some((ip, ip)),
                ..range
            },
            Some(None) => {
                let device = match nat.kind {
                    NatKind::Masquerade => place.out_device,
                    _ => place.in_device,
                };
                let device = device.unwrap_or("its device");
                let why = format!("{} finds no address on {device}: dropped", meeting.source());
                return end(dropped(place, why));
            }
        };
        let half = match nat.kind {
            NatKind::Destination | NatKind::Redirect => Manipulation::Destination,
            NatKind::Source | NatKind::Masquerade => Manipulation::Source,
        };
        let (kind, text) = self.set_up(half, &range, packet);
        Outcome::Ends(Effect::Accept(kind, text))
    }

    /// The addresses and ports to translate to.
    fn range(&mut self, meeting: &mut Meeting<'_, '_, 'c>, nat: &'c Nat) -> Told<NatRange> {
        let has = |flag: &str| nat.flags.iter().any(|known| &**known == flag);
        let mut addresses = None;
        let mut ports = None;
        let packet = &*meeting.packet;
        let now = match nat.kind {
            NatKind::Destination | NatKind::Redirect => packet.destination,
            _ => packet.source,
        };
        if let Some(expression) = &nat.address {
            let found = match self.told(meeting, expression) {
                Told::Says(found) => found,
                Told::Missing => return Told::Missing,
                Told::Unknown(why) => return Told::Unknown(why),
            };
            let Some(first) = found.first() else {
                return Told::Unknown("it names no address".to_owned());
            };
            let ends = if has("netmap") {
                let bits = match now {
                    std::net::IpAddr::V4(_) => 32,
                    std::net::IpAddr::V6(_) => 128,
                };
                let Some(length) = first.prefix_length(bits) else {
                    return Told::Unknown("it names no network".to_owned());
                };
                let net = address(first.first, now)
                    .and_then(|ip| ipnet::IpNet::new(ip, u8::try_from(length).ok()?).ok());
                net.map(|net| {
                    let ip = crate::walk::netfilter::map_into(net, now);
                    (ip, ip)
                })
            } else {
                address(first.first, now).zip(address(first.last, now))
            };
            let Some(ends) = ends else {
                return Told::Unknown("it names no address of the packet's family".to_owned());
            };
            addresses = Some(ends);
            ports = found.get(1).copied();
        }
        if let Some(expression) = &nat.port {
            match self.told(meeting, expression) {
                Told::Says(found) => ports = found.first().copied(),
                Told::Missing => return Told::Missing,
                Told::Unknown(why) => return Told::Unknown(why),
            }
        }
        let ports = ports.map(|ports| PortRange {
            first: u16::try_from(ports.first).unwrap_or(u16::MAX),
            last: u16::try_from(ports.last).unwrap_or(u16::MAX),
        });
        Told::Says(NatRange {
            addresses,
            ports,
            random: has("random") || has("fully-random"),
            persistent: has("persistent"),
        })
    }

    fn told(
        &mut self,
        meeting: &mut Meeting<'_, '_, 'c>,
        expression: &'c Expression,
    ) -> Told<Vec<Interval>> {
        let mut told = Vec::new();
        for value in self.values(meeting, expression) {
            match value {
                Value::Within(interval) => told.push(interval),
                Value::Missing => return Told::Missing,
                Value::Unknown(why) => return Told::Unknown(why),
                Value::Dice(..) => return Told::Unknown("it is thrown by dice".to_owned()),
            }
        }
        Told::Says(told)
    }
}
