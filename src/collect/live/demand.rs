//! Chains of iptables, read when a walk comes to them.
//!
//! `iptables-nft-save` takes half a minute where there are 160,000 rules; the names of all chains come from nf_tables
//! itself in a fraction of a second, and the rules of one in less than a millisecond ([`super::nft_rules`]).
//!
//! Of the legacy backend the kernel hands out whole tables only ([`x_tables`]): one is copied, and of it those chains are put
//! into words.
//!
//! The program is run as every other one is, not through the crate `iptables`: that looks for `iptables` alone, which
//! may be the other backend's or not be there, and bounds neither the time nor the output.
//!
//! What is read chain by chain may change meanwhile. nf_tables numbers its changes, so that this does not go unnoticed.

use std::num::NonZero;
use std::thread;

use super::iptables;
use super::kernel::Part;
use super::nft_chains;
use super::nft_rules::Rules;
use super::read::Report;
use super::x_tables;
use crate::model::iptables::{Backend, Ruleset, TableKind, Wish};
use crate::model::{Family, Gap, Netns};

/// A ruleset with no table of more chains than this is read whole: that is as fast, and one reading.
const MANY: usize = 500;
/// When more chains than this are asked for at once, reading all of them is not slower.
const TOO_MANY: usize = 500;

/// Watches the rules of one namespace while its chains are read one by one.
#[derive(Debug, Default)]
pub(super) struct Watch {
    /// The kernel's number of the rules that the chains read so far belong to.
    generation: Option<u32>,
    /// The tables of the legacy backend of which chains are still to be put into words.
    legacy: Vec<(Family, TableKind, x_tables::Table)>,
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

    /// The same of the legacy backend; of a table which other programs may write meanwhile everything is of one moment.
    pub fn list_legacy(&mut self, family: Family) -> Option<Ruleset> {
        self.legacy.retain(|(of, ..)| *of != family);
        let mut declared = Vec::new();
        let mut tables = Vec::new();
        for name in iptables::legacy_tables(family).ok()? {
            let kind = TableKind::from_name(&name)?;
            let table = x_tables::read(family, &name).ok()?;
            declared.push(table.declared(kind));
            tables.push((family, kind, table));
        }
        if declared.iter().all(|table| table.chains.len() <= MANY) {
            return None;
        }
        self.legacy.append(&mut tables);
        let origin = format!("{}-legacy -S", iptables::prefix(family));
        Some(Ruleset::on_demand(
            family,
            Backend::Legacy,
            &origin,
            declared,
        ))
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
                self.read_chains(netns, wishes, &mut gaps, &mut holes);
            }
            // Where nothing of nf_tables is read chain by chain, it may change.
            let now = self.generation.and_then(|_| nft_chains::generation().ok());
            let unchanged = now == self.generation;
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

    /// Reads those chains.
    fn read_chains(
        &self,
        netns: &mut Netns,
        wishes: &[&Wish],
        gaps: &mut Vec<Gap>,
        holes: &mut Vec<String>,
    ) {
        for ruleset in &mut netns.iptables {
            let family = ruleset.family;
            let is_unread = |wish: &&&Wish| {
                let table = ruleset.table(wish.table);
                let chain = table.and_then(|table| table.chain(&wish.chain));
                wish.family == family && chain.is_some_and(|chain| !chain.is_read())
            };
            let asked: Vec<(TableKind, &str)> = wishes
                .iter()
                .filter(is_unread)
                .map(|wish| (wish.table, wish.chain.as_str()))
                .collect();
            if asked.is_empty() {
                continue;
            }
            let printed = match ruleset.backend {
                Backend::Nft => list(family, &asked),
                Backend::Legacy => self.put_into_words(family, &asked),
            };
            let mut unknown = false;
            for ((table, _), printed) in asked.iter().zip(printed) {
                match printed {
                    Ok(printed) => ruleset.supply(*table, &printed, gaps),
                    Err(hole) if ruleset.backend == Backend::Nft => {
                        if !holes.contains(&hole) {
                            holes.push(hole);
                        }
                    }
                    Err(_) => unknown = true,
                }
            }
            // The program knows every extension.
            if unknown && let Some(whole) = iptables::whole(family, Backend::Legacy, gaps, holes) {
                *ruleset = whole;
            }
        }
    }

    /// Chains of the legacy backend, as the program prints them.
    fn put_into_words(
        &self,
        family: Family,
        asked: &[(TableKind, &str)],
    ) -> Vec<Result<String, String>> {
        let in_words = |(kind, chain): &(TableKind, &str)| {
            let mut tables = self.legacy.iter();
            let table = tables.find(|(of, its, _)| *of == family && its == kind);
            let (.., table) = table.ok_or_else(|| format!("table {} was not read", kind.name()))?;
            table.list(chain)
        };
        asked.iter().map(in_words).collect()
    }

    fn list_again(&mut self, netns: &mut Netns, report: &mut Report) {
        let found = iptables::read_all(Some(self));
        netns.iptables = found.rulesets;
        report.gaps.extend(found.gaps);
        found.holes.into_iter().for_each(|hole| report.add(hole));
    }
}

/// How many chains are not read.
fn unread(netns: &Netns) -> usize {
    let chains = netns.iptables.iter().flat_map(Ruleset::chains);
    chains.filter(|(_, chain)| !chain.is_read()).count()
}

/// What `iptables-nft -S` prints of each of these chains: the kernel's own rules in the program's words, or where not all
/// of them are known here what the program says.
fn list(family: Family, asked: &[(TableKind, &str)]) -> Vec<Result<String, String>> {
    let mut rules = Rules::open().ok();
    let mut read = |(table, chain): &(TableKind, &str)| rules.as_mut()?.list(family, *table, chain);
    let found: Vec<Option<String>> = asked.iter().map(&mut read).collect();
    let left = asked
        .iter()
        .zip(&found)
        .filter(|(_, found)| found.is_none());
    let left: Vec<(TableKind, &str)> = left.map(|(asked, _)| *asked).collect();
    let mut printed = print(family, &left).into_iter();
    let by_the_program = || Err("a chain was not read".to_owned());
    let listed = found.into_iter().map(|found| match found {
        Some(found) => Ok(found),
        None => printed.next().unwrap_or_else(by_the_program),
    });
    listed.collect()
}

/// What `iptables-nft -S` prints of each of these chains; it is run as often at a time as there are processors. Threads are
/// in the namespace of the one that starts them.
fn print(family: Family, asked: &[(TableKind, &str)]) -> Vec<Result<String, String>> {
    let tool = match iptables::nft_tool(family, "") {
        Ok(tool) => tool,
        Err(missing) => return vec![Err(missing); asked.len()],
    };
    let tool = &tool;
    let processors = thread::available_parallelism().map_or(1, NonZero::get);
    let share = asked.len().div_ceil(processors).max(1);
    thread::scope(|scope| {
        let parts: Vec<_> = asked
            .chunks(share)
            .map(|part| {
                let run = |(table, chain): &(TableKind, &str)| {
                    tool.run(&["-t", table.name(), "-S", chain, "-v"])
                };
                scope.spawn(move || part.iter().map(run).collect::<Vec<_>>())
            })
            .collect();
        let ended = |part: thread::ScopedJoinHandle<'_, _>| {
            part.join()
                .unwrap_or_else(|cause| std::panic::resume_unwind(cause))
        };
        parts.into_iter().flat_map(ended).collect()
    })
}

/// Reads rulesets whole of which not all chains are read.
fn read_whole(netns: &mut Netns, gaps: &mut Vec<Gap>, holes: &mut Vec<String>) {
    for ruleset in &mut netns.iptables {
        if ruleset.chains().all(|(_, chain)| chain.is_read()) {
            continue;
        }
        if let Some(whole) = iptables::whole(ruleset.family, ruleset.backend, gaps, holes) {
            *ruleset = whole;
        }
    }
}
