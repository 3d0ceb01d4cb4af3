//! What is registered at a hook, by priority: the tables of both backends of iptables, native nftables chains, and what
//! the kernel registers itself (net/netfilter/core.c, `nf_hook_entries_grow`).
//!
//! Of two that have the same priority the one registered last comes first, which no dump tells. It is asked for only
//! where it makes a difference: chains that do nothing to this packet may come in any order.

use super::{BaseChain, Hook, Place, Slot};
use crate::model::iptables::{Backend, Policy, TableKind};
use crate::model::nftables::{ChainKind, Statement, TableFamily};
use crate::model::{Family, Netns};
use crate::walk::conntrack::Manipulation;
use crate::walk::nftables::NativeChain;
use crate::walk::packet::Packet;
use crate::walk::walker::{Stopped, Walk};

/// A chain that is asked at a hook.
#[derive(Debug, Clone, Copy)]
pub(super) enum Asked<'c> {
    Iptables(BaseChain<'c>),
    Native(NativeChain<'c>),
}

/// What comes at a priority.
#[derive(Debug)]
pub(super) enum Entry<'c> {
    /// Chains of one priority.
    Chains(Vec<Asked<'c>>),
    /// Something of the kernel's own.
    Slot(Slot),
}

/// More chains of the same priority than this are not put in every order.
const MOST: usize = 4;

impl<'c> Asked<'c> {
    fn priority(&self) -> i32 {
        match self {
            Self::Iptables(base) => priority(base.table.kind, base.ruleset.backend),
            Self::Native(native) => native.base.priority,
        }
    }

    /// Whether it can make a difference to any packet.
    fn matters(&self) -> bool {
        match self {
            Self::Iptables(base) => {
                !base.chain.is_empty()
                    || base.chain.policy == Some(Policy::Drop)
                    || base.table.may_lack_rules_of(base.chain)
            }
            Self::Native(native) => native.matters(),
        }
    }

    /// Whether what is made here is routed again when this chain has changed it.
    pub fn reroutes(&self) -> bool {
        match self {
            Self::Iptables(base) => base.table.kind == TableKind::Mangle,
            Self::Native(native) => native.base.kind == ChainKind::Route,
        }
    }

    fn name(&self) -> String {
        match self {
            Self::Iptables(base) => {
                let kind = super::chain::table_name(base.table.kind);
                format!("{} {kind} {}", super::chain::tool(*base), base.chain.name)
            }
            Self::Native(native) => format!("nft {}", native.name()),
        }
    }
}

/// Priorities of iptables' tables; of `nat`, those of destination translation. iptables-nft has security at one of its own
/// (iptables/nft.c), behind the translation of sources.
fn priority(table: TableKind, backend: Backend) -> i32 {
    match (table, backend) {
        (TableKind::Raw, _) => -300,
        (TableKind::Mangle, _) => -150,
        (TableKind::Nat, _) => -100,
        (TableKind::Filter, _) => 0,
        (TableKind::Security, Backend::Legacy) => 50,
        (TableKind::Security, Backend::Nft) => 150,
    }
}

impl Slot {
    fn name(self) -> &'static str {
        match self {
            Self::Conntrack => "connection tracking",
            Self::Nat(_) => "address translation",
            Self::VirtualServer | Self::VirtualServerAnswer => "IPVS",
        }
    }

    fn priority(self, hook: Hook) -> i32 {
        match (self, hook) {
            (Self::Conntrack, _) => -200,
            (Self::Nat(Manipulation::Destination), _) => -100,
            (Self::Nat(Manipulation::Source), _) => 100,
            (Self::VirtualServerAnswer, Hook::Output) => -99,
            (Self::VirtualServer, Hook::Output) => -98,
            (Self::VirtualServerAnswer, Hook::Input) => 98,
            (Self::VirtualServer, _) => 99,
            (Self::VirtualServerAnswer, _) => 100,
        }
    }
}

/// Everything at a hook, by priority; the kernel's own before chains of the same one.
fn entries(netns: &Netns, family: Family, hook: Hook) -> Vec<(i32, Entry<'_>)> {
    let mut entries: Vec<(i32, Entry<'_>)> = hook
        .slots()
        .iter()
        .map(|slot| (slot.priority(hook), Entry::Slot(*slot)))
        .collect();
    let tables = [
        TableKind::Raw,
        TableKind::Mangle,
        TableKind::Filter,
        TableKind::Security,
    ]
    .into_iter()
    .flat_map(|kind| iptables_chains(netns, family, hook, kind));
    let native = native_chains(netns, family, hook)
        .into_iter()
        .filter(|chain| chain.base.kind != ChainKind::Nat)
        .map(Asked::Native);
    for asked in tables.chain(native) {
        let at = asked.priority();
        let same = entries
            .iter_mut()
            .find_map(|(priority, entry)| match entry {
                Entry::Chains(chains) if *priority == at => Some(chains),
                _ => None,
            });
        match same {
            Some(chains) => chains.push(asked),
            None => {
                let behind = entries.partition_point(|(priority, _)| *priority <= at);
                entries.insert(behind, (at, Entry::Chains(vec![asked])));
            }
        }
    }
    entries
}

/// The nat chains of a hook, which are called by one hook of the kernel's, by their priorities.
pub(super) fn nat_chains(netns: &Netns, family: Family, hook: Hook) -> Vec<Vec<Asked<'_>>> {
    let mut chains = iptables_chains(netns, family, hook, TableKind::Nat);
    let native = match may_track(netns, family) {
        true => native_chains(netns, family, hook),
        false => Vec::new(),
    };
    chains.extend(
        native
            .into_iter()
            .filter(|chain| chain.base.kind == ChainKind::Nat)
            .map(Asked::Native),
    );
    let source = matches!(hook, Hook::Input | Hook::Postrouting);
    let priority = |asked: &Asked<'_>| match asked {
        Asked::Iptables(_) if source => 100,
        asked => asked.priority(),
    };
    chains.sort_by_key(priority);
    chains
        .chunk_by(|a, b| priority(a) == priority(b))
        .map(<[_]>::to_vec)
        .collect()
}

/// The base chains of a table at a hook, one for each backend that has it.
fn iptables_chains(netns: &Netns, family: Family, hook: Hook, kind: TableKind) -> Vec<Asked<'_>> {
    netns
        .iptables
        .iter()
        .filter(|ruleset| ruleset.family == family)
        .filter_map(|ruleset| {
            let table = ruleset.table(kind)?;
            let chain = table.chain(hook.chain())?;
            Some(Asked::Iptables(BaseChain {
                ruleset,
                table,
                chain,
            }))
        })
        .collect()
}

/// Native base chains at a hook, the table made last first.
fn native_chains(netns: &Netns, family: Family, hook: Hook) -> Vec<NativeChain<'_>> {
    let Some(ruleset) = &netns.nftables else {
        return Vec::new();
    };
    let its = match family {
        Family::V4 => TableFamily::Ip,
        Family::V6 => TableFamily::Ip6,
    };
    let mut chains: Vec<NativeChain<'_>> = ruleset
        .base_chains()
        .filter(|(table, _, base)| {
            (table.family == its || table.family == TableFamily::Inet)
                && base.hook.eq_ignore_ascii_case(hook.chain())
        })
        .map(|(table, chain, base)| NativeChain {
            ruleset,
            table,
            chain,
            base,
        })
        .collect();
    chains.reverse();
    chains
}

/// Whether connections are tracked here: the kernel does so for the sake of rules that ask for it, and a chain of type nat
/// alone is none. Without connections no nat chain is asked.
fn may_track(netns: &Netns, family: Family) -> bool {
    let its = match family {
        Family::V4 => TableFamily::Ip,
        Family::V6 => TableFamily::Ip6,
    };
    let native = netns.nftables.iter().flat_map(|ruleset| &ruleset.tables);
    let mut rules = native
        .filter(|table| table.family == its || table.family == TableFamily::Inet)
        .flat_map(|table| &table.chains)
        .flat_map(|chain| &chain.rules);
    // What iptables and IPVS have may ask for it too.
    let others = netns.iptables.iter().any(|ruleset| {
        let mut chains = ruleset.chains();
        ruleset.family == family && chains.any(|(_, chain)| !chain.is_empty())
    });
    others
        || netns.virtual_servers.iter().flatten().next().is_some()
        || netns.conntrack.iter().flatten().next().is_some()
        || rules.any(|rule| rule.statements.iter().any(Statement::needs_conntrack))
}

/// What a chain does to a packet that is put through it on trial.
struct Trial {
    /// The packet ends, or dice are thrown, or something is supposed.
    decides: bool,
    /// The packet is another one afterwards, or what rules remember.
    changes: bool,
    /// Its connection is another one.
    translates: bool,
}

impl<'c> Walk<'c> {
    /// Takes the packet through a chain.
    pub(super) fn ask(
        &mut self,
        place: Place<'_>,
        chain: Asked<'c>,
        packet: &mut Packet,
    ) -> Result<(), Stopped> {
        match chain {
            Asked::Iptables(base) => self.base_chain(place, base, packet),
            Asked::Native(native) => self.native_chain(place, native, packet),
        }
    }

    /// Everything at a hook, in the order in which it is asked. What the kernel registers itself it registers when the
    /// first rule needs it: whether that was before a chain of the same priority was made no dump tells.
    pub(super) fn asked_at(&mut self, place: Place<'_>, packet: &Packet) -> Vec<Entry<'c>> {
        let netns = self.cluster.netns(place.netns);
        let mut entries = entries(netns, packet.family(), place.hook);
        for at in 1..entries.len() {
            let (before, after) = (&entries[at - 1], &entries[at]);
            let (priority, Entry::Slot(slot), Entry::Chains(chains)) =
                (before.0, &before.1, &after.1)
            else {
                continue;
            };
            let Some(chain) = chains.iter().find(|chain| chain.matters()) else {
                continue;
            };
            if priority != after.0 {
                continue;
            }
            let (name, own) = (chain.name(), slot.name());
            let what = format!(
                "{name} and {own} have the same priority; which was registered last is not in any dump"
            );
            let options = vec![format!("{own} comes first"), format!("{name} comes first")];
            let key = format!("order {:?} {name} {own}", place.netns);
            if self.choices.suppose(&key, what, options) == 1 {
                entries.swap(at - 1, at);
            }
        }
        entries.into_iter().map(|(_, entry)| entry).collect()
    }

    /// Chains of the same priority in the order in which the kernel asks them, as far as that makes a difference.
    pub(super) fn in_order(
        &mut self,
        place: Place<'_>,
        mut chains: Vec<Asked<'c>>,
        packet: &Packet,
    ) -> Result<Vec<Asked<'c>>, Stopped> {
        chains.retain(Asked::matters);
        if chains.len() < 2 {
            return Ok(chains);
        }
        let (mut acting, mut idle) = (Vec::new(), Vec::new());
        let mut changes = false;
        for chain in chains {
            let trial = self.try_out(place, chain, packet);
            changes |= trial.changes && !trial.translates;
            match trial.decides || trial.changes || trial.translates {
                true => acting.push(chain),
                false => idle.push(chain),
            }
        }
        // What is idle might act on a packet that another one has changed.
        if changes {
            acting.append(&mut idle);
        }
        if acting.len() > 1 {
            acting = self.suppose_order(place, acting, packet)?;
        }
        acting.extend(idle);
        Ok(acting)
    }

    fn suppose_order(
        &mut self,
        place: Place<'_>,
        chains: Vec<Asked<'c>>,
        packet: &Packet,
    ) -> Result<Vec<Asked<'c>>, Stopped> {
        let node = self.cluster.node_name(place.netns);
        let names: Vec<String> = chains.iter().map(Asked::name).collect();
        let what = format!(
            "{} have the same priority on {node}; which was loaded last is not in any dump",
            names.join(" and ")
        );
        if chains.len() > MOST {
            return Err(self.undecided(place, packet, what));
        }
        let orders = permutations(chains.len());
        let options = orders
            .iter()
            .map(|order| {
                let first = order.first().and_then(|at| names.get(*at));
                let first = first.map_or("", String::as_str);
                match order.len() {
                    2 => format!("{first} is asked first"),
                    _ => {
                        let order: Vec<&str> = order.iter().map(|at| names[*at].as_str()).collect();
                        format!("they are asked in the order {}", order.join(", "))
                    }
                }
            })
            .collect();
        let key = format!("order {:?} {}", place.netns, names.join(" "));
        let chosen = self.choices.suppose(&key, what, options);
        let order = orders.get(chosen).cloned().unwrap_or_default();
        Ok(order
            .into_iter()
            .filter_map(|at| chains.get(at).copied())
            .collect())
    }

    /// Puts the packet through a chain, and takes back what came of it.
    fn try_out(&mut self, place: Place<'_>, chain: Asked<'c>, packet: &Packet) -> Trial {
        let journey = self.journey.take();
        let (connections, lists) = (self.connections.clone(), self.lists.clone());
        let choices = self.choices.clone();
        let mut after = packet.clone();
        let ended = self.ask(place, chain, &mut after).is_err();
        let trial = Trial {
            decides: ended || self.choices.asked() != choices.asked(),
            changes: after != *packet
                || self.lists != lists
                || !self.connections.has_marks_of(&connections),
            translates: self.connections != connections
                && self.connections.has_marks_of(&connections),
        };
        self.journey = journey;
        self.connections = connections;
        self.lists = lists;
        self.choices = choices;
        trial
    }
}

/// Every order of so many things, the given one first.
fn permutations(count: usize) -> Vec<Vec<usize>> {
    let mut orders = vec![Vec::new()];
    for at in 0..count {
        orders = orders
            .into_iter()
            .flat_map(|order: Vec<usize>| {
                (0..=order.len()).rev().map(move |place| {
                    let mut longer = order.clone();
                    longer.insert(place, at);
                    longer
                })
            })
            .collect();
    }
    orders
}

/// Whether translation is registered at the hooks, which the first base chain of type nat does for all of them
/// (`nf_nat_register_fn`). Without one, not even connections that have a translation get it.
pub(in crate::walk) fn is_registered(netns: &Netns, family: Family) -> bool {
    let own = match family {
        Family::V4 => TableFamily::Ip,
        Family::V6 => TableFamily::Ip6,
    };
    let mut rulesets = netns.iptables.iter().filter(|rules| rules.family == family);
    let of_iptables = rulesets.any(|rules| {
        let chains = rules.table(TableKind::Nat).map(|table| table.chains());
        let mut chains = chains.unwrap_or_default().iter();
        rules.may_lack(TableKind::Nat) || chains.any(|chain| chain.policy.is_some())
    });
    let tables = netns.nftables.iter().flat_map(|rules| &rules.tables);
    let mut native = tables
        .filter(|table| [own, TableFamily::Inet].contains(&table.family))
        .flat_map(|table| &table.chains)
        .filter_map(|chain| chain.base.as_ref());
    of_iptables || native.any(|base| base.kind == ChainKind::Nat)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::permutations;

    #[test]
    fn every_order_once_and_the_given_one_first() {
        for (count, orders) in [(0, 1), (1, 1), (2, 2), (3, 6), (4, 24)] {
            let all = permutations(count);
            assert_eq!(all[0], (0..count).collect::<Vec<usize>>());
            let different: BTreeSet<&Vec<usize>> = all.iter().collect();
            assert_eq!((all.len(), different.len()), (orders, orders));
        }
    }
}
