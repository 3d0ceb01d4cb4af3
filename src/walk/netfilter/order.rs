//! The order of what is registered at a hook ([`super::registered`]).
//!
//! Of two that have the same priority the one registered last comes first, which no dump tells. It is asked for only
//! where it makes a difference: chains that do nothing to this packet may come in any order.

use super::Place;
use super::registered::{Asked, Entry, entries};
use crate::walk::packet::Packet;
use crate::walk::walker::{Stopped, Walk};

/// More chains of the same priority than this are not put in every order.
const MOST: usize = 4;

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
