//! Why a rule that a packet met on its way stands where it does: the steps of a trace, explained from the same sentences
//! as chains are.

use super::{kinds, line, native, why};
use crate::model::Family;
use crate::model::iptables::TableKind;
use crate::model::nftables::{self, json, text};
use crate::model::trace::Evidence;

/// Why the rule that a step rests on was written, where that is known.
pub fn why(evidence: &Evidence) -> Option<&'static str> {
    match evidence.source.split(' ').next()? {
        "nft" => of_nftables(evidence),
        _ => of_iptables(evidence),
    }
}

/// `iptables nat KUBE-POSTROUTING rule 2`, and the rule's line.
fn of_iptables(evidence: &Evidence) -> Option<&'static str> {
    let text = evidence.raw.lines().last()?;
    let chain = text.strip_prefix("-A ")?.split(' ').next()?;
    let table = evidence.source.split(' ').find_map(TableKind::from_name)?;
    let kind = kinds::kind_of(chain, table)?;
    let (ruleset, _) = line::ruleset(table, text, Family::V4);
    let chain = ruleset.table(table)?.chain(chain)?;
    why::of(kind.id, ruleset.rules(chain).first()?)
}

/// `nft ip kube-proxy masquerading rule 1`, and the rule as nft prints it.
fn of_nftables(evidence: &Evidence) -> Option<&'static str> {
    let mut words = evidence.source.split(' ').skip(1);
    let (family, table, chain) = (words.next()?, words.next()?, words.next()?);
    let rule = evidence.raw.lines().next()?;
    let dump = format!("table {family} {table} {{\n\tchain {chain} {{\n\t\t{rule}\n\t}}\n}}\n");
    let mut ruleset = nftables::Ruleset::default();
    for (_, object) in text::objects(&dump, |_, _| {}) {
        json::take_in(&mut ruleset, &object, &mut Vec::new()).ok()?;
    }
    let table = ruleset.tables.first()?;
    let chain = table.chain(chain)?;
    let kind = native::kinds::kind_of(table, chain)?;
    native::why::of(kind.id, table, chain.rules.first()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rules as the two modes of kube-proxy write them for one purpose have one reason.
    #[test]
    fn both_modes_give_the_same_reasons() {
        let evidence = |source: &str, raw: &str| Evidence {
            source: source.to_owned(),
            raw: raw.to_owned(),
        };
        let iptables = evidence(
            "iptables nat KUBE-SEP-OCXELINEALZMMP27 rule 2 (iptables-save.txt:155)",
            "-A KUBE-SEP-OCXELINEALZMMP27 -p tcp -m tcp -j DNAT --to-destination 10.42.2.6:80",
        );
        let nftables = evidence(
            "nft ip kube-proxy endpoint-FVYKJRBK-default/aff/tcp/http__10.42.2.9/80 rule 2 (handle 7)",
            "meta l4proto tcp dnat to 10.42.2.9:80",
        );
        let chosen = evidence(
            "iptables nat KUBE-SVC-W67AXLFK7VEUVN6G rule 2",
            "-A KUBE-SVC-W67AXLFK7VEUVN6G -m statistic --mode random --probability 0.5 -j KUBE-SEP-QRAYOK63B3XAX4SN",
        );
        assert!(why(&chosen).is_some());
        assert!(why(&iptables).is_some());
        assert_eq!(why(&iptables), why(&nftables));
        for (source, raw) in [
            ("route table main", "default via 10.42.0.1 dev eth0"),
            ("iptables nat X rule 1", "-A X -j ACCEPT"),
            ("nft", ""),
            ("nft ip kube-proxy services", "} garbage {"),
            ("", ""),
        ] {
            assert_eq!(why(&evidence(source, raw)), None, "{source}");
        }
    }
}
