//! One line of iptables-save as a ruleset of its own, so that it can be read where nothing else of its dump is at hand.

use crate::model::Family;
use crate::model::iptables::{Backend, Ruleset, TableKind};

/// A ruleset of one rule (`-A CHAIN ...`); where it leads to is taken for a chain unless it is a known target. What makes
/// no sense is told in sentences.
pub(super) fn ruleset(table: TableKind, line: &str, family: Family) -> (Ruleset, Vec<String>) {
    let mut words = line.split_whitespace();
    let mut chains = vec![words.clone().nth(1).unwrap_or_default()];
    while let Some(word) = words.next() {
        if matches!(word, "-j" | "--jump" | "-g" | "--goto") {
            chains.extend(words.next());
        }
    }
    chains.retain(|name| !name.is_empty());
    chains.dedup();
    let declared: String = chains
        .iter()
        .map(|name| format!(":{name} - [0:0]\n"))
        .collect();
    let dump = format!("*{}\n{declared}{line}\nCOMMIT\n", table.name());
    let mut gaps = Vec::new();
    let ruleset = Ruleset::read(dump, family, Backend::Nft, "what was typed", &mut gaps);
    gaps.extend(ruleset.problems());
    (ruleset, gaps.into_iter().map(|gap| gap.what).collect())
}
