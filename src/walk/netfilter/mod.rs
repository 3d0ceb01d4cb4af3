//! Netfilter hooks: which chains see a packet, in which order, and what becomes of it (include/uapi/linux/netfilter_ipv4.h,
//! net/netfilter/core.c, x_tables.c, nf_nat_core.c).
//!
//! At each hook the kernel calls, by ascending priority: raw (-300), connection tracking (-200), mangle (-150),
//! destination translation (-100), filter (0), security (50), source translation (100). IPVS comes behind destination
//! translation in OUTPUT, behind the filters elsewhere. iptables-legacy and iptables-nft register their tables at the
//! same priorities (but for security) and may both hold rules: accepting ends one backend's chain only, while a drop
//! anywhere is final. The nat table is special: its rules are asked for the first packet of a connection only,
//! and of several nat chains the first that translates wins.

mod addresses;
mod chain;
mod connection;
mod matching;
mod order;
mod recent;
mod registered;
mod sets;
mod target;
mod translation;

pub(super) use addresses::is_anycast;
pub(super) use chain::share_text;
pub(super) use matching::Answer;
pub(super) use recent::Lists;
pub(super) use registered::is_registered;
pub(super) use target::{dropped, mark_text};
pub(super) use translation::map_into;

use registered::{Entry, nat_chains};

use super::conntrack::Manipulation;
use super::journey::{changed, step};
use super::packet::{Packet, Tracking};
use super::send::Chosen;
use super::walker::{Stop, Stopped, Walk};
use crate::model::iptables::{Chain, Ruleset, TableKind, TableRules};
use crate::model::trace::{StepKind, Verdict};
use crate::model::{Family, NetnsId, NetnsName, Part};

/// The five hooks of IPv4 and IPv6.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hook {
    Prerouting,
    Input,
    Forward,
    Output,
    Postrouting,
}

/// What the kernel itself registers at a hook, by ascending priority.
#[derive(Debug, Clone, Copy)]
enum Slot {
    Conntrack,
    Nat(Manipulation),
    /// `ip_vs_out_hook`.
    VirtualServerAnswer,
    /// `ip_vs_in_hook`.
    VirtualServer,
}

impl Hook {
    /// The name of the hook's base chains in iptables.
    pub fn chain(self) -> &'static str {
        match self {
            Self::Prerouting => "PREROUTING",
            Self::Input => "INPUT",
            Self::Forward => "FORWARD",
            Self::Output => "OUTPUT",
            Self::Postrouting => "POSTROUTING",
        }
    }

    fn slots(self) -> &'static [Slot] {
        use Manipulation::{Destination, Source};
        match self {
            Self::Prerouting => &[Slot::Conntrack, Slot::Nat(Destination)],
            Self::Input => &[
                Slot::VirtualServerAnswer,
                Slot::VirtualServer,
                Slot::Nat(Source),
            ],
            Self::Forward => &[Slot::VirtualServerAnswer],
            Self::Output => &[
                Slot::Conntrack,
                Slot::Nat(Destination),
                Slot::VirtualServerAnswer,
                Slot::VirtualServer,
            ],
            Self::Postrouting => &[Slot::Nat(Source)],
        }
    }
}

/// Where a packet is when rules are asked about it.
#[derive(Debug, Clone, Copy)]
pub(in crate::walk) struct Place<'a> {
    pub netns: NetnsId,
    pub hook: Hook,
    pub in_device: Option<&'a str>,
    pub out_device: Option<&'a str>,
    /// Whom the frame will go to, where that is decided: masquerading looks for an address near it.
    pub next_hop: Option<std::net::IpAddr>,
}

/// The base chain of one table of one backend.
#[derive(Debug, Clone, Copy)]
pub(super) struct BaseChain<'c> {
    pub ruleset: &'c Ruleset,
    pub table: &'c TableRules,
    pub chain: &'c Chain,
}

/// How a packet goes on behind a hook.
#[derive(Debug, Default)]
pub(super) struct Onward<'c> {
    /// It was routed again by mangle or nat in OUTPUT (`ip_route_me_harder`): what comes behind those sees it only if
    /// there was a route.
    pub rerouted: Option<Chosen<'c>>,
    /// IPVS has it routed again, with this mark.
    pub reroute: Option<u32>,
    /// IPVS has taken it, and sends it by this route: the rest of the hook does not see it.
    pub taken: Option<Chosen<'c>>,
}

impl<'c> Walk<'c> {
    /// Takes the packet through one hook.
    pub fn hook(&mut self, place: Place<'_>, packet: &mut Packet) -> Result<Onward<'c>, Stopped> {
        self.mind_what_was_not_read(place, packet)?;
        self.mind_what_was_cut_off(place, packet)?;
        self.mind_arp_chains(place.netns);
        let mut onward = Onward::default();
        for entry in self.asked_at(place, packet) {
            let before = packet.destination;
            let slot = match entry {
                Entry::Slot(slot) => slot,
                Entry::Chains(chains) => {
                    for chain in self.in_order(place, chains, packet)? {
                        let before = packet.clone();
                        self.ask(place, chain, packet)?;
                        let reroutes = place.hook == Hook::Output && chain.reroutes();
                        if reroutes && is_another(&before, packet) {
                            onward.rerouted = Some(self.route_me_harder(place.netns, packet)?);
                        }
                    }
                    continue;
                }
            };
            match slot {
                Slot::Conntrack => self.track(place.netns, packet),
                Slot::Nat(half) => {
                    self.nat(place, half, packet)?;
                    if place.hook == Hook::Output && before != packet.destination {
                        onward.rerouted = Some(self.route_me_harder(place.netns, packet)?);
                    }
                }
                Slot::VirtualServerAnswer => {
                    if self.answer_of_virtual_server(place, packet) {
                        onward.reroute = Some(packet.mark);
                    }
                }
                Slot::VirtualServer => {
                    if let Some(chosen) = self.ask_virtual_servers(place, packet)? {
                        onward.taken = Some(chosen);
                        return Ok(onward);
                    }
                }
            }
        }
        if let (Hook::Input | Hook::Postrouting, Tracking::Tracked(tracked)) =
            (place.hook, packet.tracking)
        {
            let translation = is_registered(self.cluster.netns(place.netns), packet.family());
            if !self.connections.confirm(tracked, translation) {
                let why = format!(
                    "another connection is answered as {packet} would be: it cannot be entered into the table, dropped"
                );
                return Err(self.stop(packet, dropped(place, why)));
            }
        }
        Ok(onward)
    }

    /// `nf_nat_inet_fn`: asks the rules if this half of the connection is not settled, then rewrites the packet.
    fn nat(
        &mut self,
        place: Place<'_>,
        half: Manipulation,
        packet: &mut Packet,
    ) -> Result<(), Stopped> {
        let rules_decide = self.connections.wants_rules(packet, half);
        if let Some(tracked) = rules_decide {
            let netns = self.cluster.netns(place.netns);
            'rules: for chains in nat_chains(netns, packet.family(), place.hook) {
                for chain in self.in_order(place, chains, packet)? {
                    self.ask(place, chain, packet)?;
                    if self.connections.wants_rules(packet, half).is_none() {
                        break 'rules;
                    }
                }
            }
            if self.connections.wants_rules(packet, half).is_some() {
                self.connections.leave(tracked, half);
            }
        }
        let before = packet.to_string();
        if !is_registered(self.cluster.netns(place.netns), packet.family())
            || !self.connections.rewrite(packet, half)
        {
            return Ok(());
        }
        let after = packet.to_string();
        let kind = match half {
            Manipulation::Source => StepKind::Snat,
            Manipulation::Destination => StepKind::Dnat,
        };
        let word = match half {
            Manipulation::Source => "source",
            Manipulation::Destination => "destination",
        };
        // A rule that translated has just been written down; what it did to the packet belongs to it.
        if rules_decide.is_some() && self.journey.amend(kind, &before, &after) {
            return Ok(());
        }
        if before == after {
            return Ok(());
        }
        let text = format!("{word} rewritten by the connection's entry: {after}");
        self.journey.step(changed(step(kind, text), before, after));
        Ok(())
    }

    /// So do tables that a dump lost where it was cut short.
    fn mind_what_was_cut_off(&mut self, place: Place<'_>, packet: &Packet) -> Result<(), Stopped> {
        let netns = self.cluster.netns(place.netns);
        let rulesets = netns
            .iptables
            .iter()
            .filter(|ruleset| ruleset.family == packet.family());
        for ruleset in rulesets {
            // raw and security are seldom there; that they may be is in the report of what was not read whole.
            let lost = [TableKind::Mangle, TableKind::Nat, TableKind::Filter]
                .into_iter()
                .find(|kind| ruleset.may_lack(*kind));
            if let Some(kind) = lost {
                let why = format!(
                    "{} was cut short: table {} may be missing",
                    ruleset.origin,
                    kind.name()
                );
                return Err(self.undecided(place, packet, why));
            }
        }
        Ok(())
    }

    /// Rules that were not read end the prediction.
    fn mind_what_was_not_read(&mut self, place: Place<'_>, packet: &Packet) -> Result<(), Stopped> {
        let netns = self.cluster.netns(place.netns);
        let family = packet.family();
        self.need_whole(place.netns, Part::NativeNft, packet)?;
        if netns
            .iptables
            .iter()
            .any(|ruleset| ruleset.family == family)
        {
            return Ok(());
        }
        let place_name = format!("{} / {}", self.cluster.node_name(place.netns), netns.name);
        if netns.name == NetnsName::Host && netns.nftables.is_none() {
            let why = format!("the iptables rules of {place_name} were not read");
            return Err(self.stop(packet, Stop::unknown(place.netns, why)));
        }
        self.not_seen(format!(
            "{place_name}: iptables rules were not captured, supposed to be none"
        ));
        Ok(())
    }

    /// An unknown answer that decides over the packet: ends the prediction.
    pub(super) fn undecided(&mut self, place: Place<'_>, packet: &Packet, why: String) -> Stopped {
        self.stop(
            packet,
            Stop {
                verdict: Verdict::Undetermined,
                kind: StepKind::Unknown,
                ..Stop::unknown(place.netns, why)
            },
        )
    }
}

/// Whether a packet is to be routed otherwise than before (`ipt_mangle_out`, `ip6t_mangle_out`, `nf_route_table_hook4`).
fn is_another(before: &Packet, after: &Packet) -> bool {
    let limit = before.family() == Family::V6 && before.ttl != after.ttl;
    limit
        || (before.mark, before.tos) != (after.mark, after.tos)
        || (before.source, before.destination) != (after.source, after.destination)
}
