//! The dumps of real clusters: every rule that kube-proxy, flannel, kubelet and the portmap plugin wrote is understood.

mod captured;

use captured::{five_thousand_services, real_dumps};
use kubenet::model::Family;
use kubenet::model::iptables::{Backend, Match, Ruleset, TableKind, Target};

fn read(name: &str, text: &str) -> Ruleset {
    let family = if name.contains("ip6tables") {
        Family::V6
    } else {
        Family::V4
    };
    let mut gaps = Vec::new();
    let ruleset = Ruleset::read(text.to_owned(), family, Backend::Nft, name, &mut gaps);
    assert_eq!(gaps, []);
    ruleset
}

#[test]
fn every_rule_of_real_clusters_is_understood() {
    let mut rules = 0;
    for (name, text) in real_dumps() {
        let ruleset = read(&name, &text);
        assert_eq!(ruleset.problems(), []);
        for (table, chain) in ruleset.chains() {
            for rule in ruleset.rules(chain) {
                let line = ruleset.line(chain, rule);
                assert_eq!(
                    text.lines()
                        .nth(rule.line as usize - 1)
                        .and_then(|whole| whole.split_once("] "))
                        .map(|parts| parts.1),
                    Some(line)
                );
                assert!(line.starts_with(&format!("-A {} ", chain.name)), "{line}");
                assert!(
                    !matches!(rule.target, Target::Unknown(_)),
                    "{name} {table:?}: {line}"
                );
                assert!(
                    !rule
                        .matches
                        .iter()
                        .any(|found| matches!(found, Match::Unknowable { .. })),
                    "{line}"
                );
                assert!(rule.counters.is_some(), "{line}");
                rules += 1;
            }
        }
        let lines = text.lines().filter(|line| line.contains("-A ")).count();
        assert_eq!(
            ruleset
                .chains()
                .map(|(_, chain)| chain.len())
                .sum::<usize>(),
            lines,
            "{name}"
        );
    }
    assert!(rules > 1000, "{rules}");
}

#[test]
fn every_rule_of_five_thousand_services_is_understood() {
    let text = five_thousand_services();
    let ruleset = read("iptables-save", &text);
    assert_eq!(ruleset.problems(), []);
    let nat = ruleset
        .table(TableKind::Nat)
        .expect("kube-proxy writes to nat");
    let endpoints: Vec<_> = nat
        .chains()
        .iter()
        .filter(|chain| chain.name.starts_with("KUBE-SEP-"))
        .collect();
    assert_eq!(
        endpoints.len(),
        text.lines()
            .filter(|line| line.starts_with(":KUBE-SEP-"))
            .count()
    );
    for chain in endpoints {
        let last = ruleset
            .rules(chain)
            .last()
            .expect("an endpoint's chain ends in its translation");
        let line = ruleset.line(chain, last);
        let Target::Dnat(range) = &last.target else {
            panic!("{line}")
        };
        let (first, _) = range.addresses.expect("an address");
        let port = range.ports.expect("a port").first;
        assert!(
            line.ends_with(&format!("--to-destination {first}:{port}")),
            "{line}"
        );
    }
}
