//! The kernel's two iptables, where a node has rules in both.

use crate::model::iptables::{Backend, Ruleset};
use crate::model::{Family, Netns};

/// Both rulesets of a family.
pub struct Both<'c> {
    /// That of iptables-nft.
    pub nft: &'c Ruleset,
    /// That of iptables-legacy.
    pub legacy: &'c Ruleset,
    /// The one which has fewer rules: the cluster's programs write theirs into the other.
    pub smaller: &'c Ruleset,
}

/// The rulesets of a family, where both backends have rules.
pub fn both(netns: &Netns, family: Family) -> Option<Both<'_>> {
    let of = |backend| {
        let mut all = netns.iptables.iter();
        all.find(|one| one.family == family && one.backend == backend && one.has_rules())
    };
    let (nft, legacy) = (of(Backend::Nft)?, of(Backend::Legacy)?);
    let smaller = match rules(legacy) <= rules(nft) {
        true => legacy,
        false => nft,
    };
    Some(Both {
        nft,
        legacy,
        smaller,
    })
}

/// How many rules a ruleset has.
pub fn rules(ruleset: &Ruleset) -> usize {
    ruleset.chains().map(|(_, chain)| chain.len()).sum()
}

/// The program that shows and changes a ruleset: `iptables`, `ip6tables-legacy`.
pub fn tool(ruleset: &Ruleset) -> String {
    let base = match ruleset.family {
        Family::V4 => "iptables",
        Family::V6 => "ip6tables",
    };
    match ruleset.backend {
        Backend::Nft => base.to_owned(),
        Backend::Legacy => format!("{base}-legacy"),
    }
}
