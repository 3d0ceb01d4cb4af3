//! Why a rule that a packet met on its way stands where it does: the steps of a trace, explained from the same sentences
//! as chains are.

use super::{kinds, why};
use crate::model::Family;
use crate::model::iptables::{Backend, Ruleset, TableKind};
use crate::model::trace::Evidence;

/// Why the rule that a step rests on was written, where that is known.
pub fn why(evidence: &Evidence) -> Option<&'static str> {
    let line = evidence.raw.lines().last()?;
    let chain = line.strip_prefix("-A ")?.split(' ').next()?;
    let mut words = evidence.source.split(' ');
    let table = words.find_map(TableKind::from_name)?;
    let kind = kinds::kind_of(chain, table)?;
    let dump = format!("*{}\n:{chain} - [0:0]\n{line}\nCOMMIT\n", table.name());
    let ruleset = Ruleset::read(dump, Family::V4, Backend::Nft, "", &mut Vec::new());
    let chain = ruleset.table(table)?.chain(chain)?;
    why::of(kind.id, ruleset.rules(chain).first()?)
}
