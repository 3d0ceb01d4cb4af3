//! Chains of iptables-nft, read when a walk comes to them.
//!
//! `iptables-nft-save` takes half a minute where there are 160,000 rules; the names of all chains come from nf_tables
//! itself in a fraction of a second, and `iptables-nft -t TABLE -S CHAIN -v` prints the rules of one in milliseconds.
//!
//! The program is run as every other one is, not through the crate `iptables`: that looks for `iptables` alone, which
//! may be the other backend's or not be there, and bounds neither the time nor the output.
//!
//! What is read chain by chain may change meanwhile. nf_tables numbers its changes, so that this does not go unnoticed.

use std::collections::BTreeSet;

use super::iptables;
use super::kernel::Part;
use super::nft_chains;
use super::read::Report;
use crate::model::iptables::{Backend, Chain, Ruleset, TableKind, TableRules, Wish};
use crate::model::{Family, Gap, Netns};

/// A ruleset with no table of more chains than this is read whole: that is as fast, and one reading.
const MANY: usize = 500;
/// Of a table with no more chains than this all are read together, though one by one: without a chain's name the
/// program first lists those of all tables.
const FEW: usize = 32;
/// When more chains than this are asked for at once, reading all of them is not slower.
const TOO_MANY: usize = 500;

/// Watches the rules of one namespace while its chains are read one by one.
#[derive(Debug, Default)]
pub(super) struct Watch {
    /// The kernel's number of the rules that the chains read so far belong to.
    generation: Option<u32>,
    /// The rules changed once already, and reading began anew.
    began_anew: bool,
}

impl Watch {
    /// The ruleset of one family with the names of its chains; `None` when it is to be read whole.
    pub fn list(&mut self, family: Family) -> Option<Ruleset> {
        if Part::NfTables.is_there() != Some(true) {
            return None;
        }
        let generation = nft_chains::generation().ok()?;
        let tables = nft_chains::iptables_chains(family).ok()??;
        if tables.iter().all(|table| table.chains.len() <= MANY) {
            return None;
        }
        let tool = iptables::nft_tool(family, "").ok()?;
        self.generation.get_or_insert(generation);
        let origin = format!("{} -S", tool.name);
        Some(Ruleset::on_demand(family, Backend::Nft, &origin, tables))
    }

    /// Reads the chains that were asked for, from a thread inside their namespace. Tells whether more is known now.
    pub fn supply(&mut self, netns: &mut Netns, wishes: &[&Wish], report: &mut Report) -> bool {
        let mut listed_again = false;
        loop {
            let (mut gaps, mut holes) = (Vec::new(), Vec::new());
            let before = unread(netns);
            if wishes.len() > TOO_MANY {
                read_whole(netns, &mut gaps, &mut holes);
            } else {
                read_chains(netns, wishes, &mut gaps, &mut holes);
            }
            let now = nft_chains::generation().ok();
            let unchanged = now.is_some() && now == self.generation;
            if unchanged || self.began_anew {
                if !unchanged {
                    self.generation = now;
                    holes.push(
                        "the rules of iptables-nft kept changing while they were read: chains may be of different \
                         moments (hint: ask again)"
                            .to_owned(),
                    );
                }
                report.gaps.append(&mut gaps);
                holes.into_iter().for_each(|hole| report.add(hole));
                return listed_again || unread(netns) < before;
            }
            // What was read before the change may not go with what was read after it.
            self.began_anew = true;
            self.generation = None;
            self.list_again(netns, report);
            listed_again = true;
        }
    }

    fn list_again(&mut self, netns: &mut Netns, report: &mut Report) {
        let (mut gaps, mut holes) = (Vec::new(), Vec::new());
        netns.iptables.clear();
        for family in [Family::V4, Family::V6] {
            let rulesets = iptables::read(family, Some(self), &mut gaps, &mut holes);
            netns.iptables.extend(rulesets);
        }
        report.gaps.append(&mut gaps);
        holes.into_iter().for_each(|hole| report.add(hole));
    }
}

/// How many chains are not read.
fn unread(netns: &Netns) -> usize {
    let chains = netns.iptables.iter().flat_map(Ruleset::chains);
    chains.filter(|(_, chain)| !chain.is_read()).count()
}

/// Reads those chains, and with them the rest of a small table: the packet will come to more of it.
fn read_chains(netns: &mut Netns, wishes: &[&Wish], gaps: &mut Vec<Gap>, holes: &mut Vec<String>) {
    for ruleset in &mut netns.iptables {
        let family = ruleset.family;
        let asked: BTreeSet<(TableKind, String)> = wishes
            .iter()
            .filter(|wish| wish.family == family)
            .flat_map(|wish| {
                let table = ruleset.table(wish.table);
                let chains = table.map(TableRules::chains).unwrap_or_default();
                let is_meant = |chain: &&Chain| {
                    !chain.is_read() && (chains.len() <= FEW || *chain.name == *wish.chain)
                };
                chains
                    .iter()
                    .filter(is_meant)
                    .map(|chain| (wish.table, chain.name.to_string()))
            })
            .collect();
        if asked.is_empty() {
            continue;
        }
        let tool = match iptables::nft_tool(family, "") {
            Ok(tool) => tool,
            Err(missing) => {
                holes.push(missing);
                continue;
            }
        };
        for (table, chain) in asked {
            match tool.run(&["-t", table.name(), "-S", &chain, "-v"]) {
                Ok(printed) => ruleset.supply(table, &printed, gaps),
                Err(hole) => holes.push(hole),
            }
        }
    }
}

/// Reads rulesets whole of which not all chains are read.
fn read_whole(netns: &mut Netns, gaps: &mut Vec<Gap>, holes: &mut Vec<String>) {
    for ruleset in &mut netns.iptables {
        if ruleset.chains().all(|(_, chain)| chain.is_read()) {
            continue;
        }
        if let Some(whole) = iptables::whole(ruleset.family, Backend::Nft, gaps, holes) {
            *ruleset = whole;
        }
    }
}
