//! Rulesets on demand. The lines are what iptables-nft 1.8.9 prints for `-S -v`, and beside them what its
//! iptables-nft-save prints for the same rules.

use rstest::rstest;

use super::super::{Backend, Counters, DeclaredTable, Policy, Ruleset, TableKind, Target};
use crate::model::{Family, Gap};

fn ruleset() -> Ruleset {
    let chains = [
        ("PREROUTING", Some(Policy::Accept)),
        ("KUBE-SERVICES", None),
        ("KUBE-SVC-A", None),
        ("EMPTY", None),
    ];
    let declared = DeclaredTable {
        kind: TableKind::Nat,
        chains: chains
            .map(|(name, policy)| (name.to_owned(), policy))
            .into(),
    };
    Ruleset::on_demand(Family::V4, Backend::Nft, "iptables-nft -S", vec![declared])
}

fn supply(ruleset: &mut Ruleset, printed: &str) -> Vec<Gap> {
    let mut gaps = Vec::new();
    ruleset.supply(TableKind::Nat, printed, &mut gaps);
    gaps
}

#[test]
fn chains_are_unread_until_supplied() {
    let mut ruleset = ruleset();
    assert!(ruleset.has_rules() && ruleset.chains().all(|(_, chain)| !chain.is_read()));
    assert!(!ruleset.may_lack(TableKind::Filter));
    let printed = "-P PREROUTING DROP -c 12 3400\n\
        -A PREROUTING -m comment --comment \"kubernetes service portals\" -c 5 300 -j KUBE-SERVICES\n";
    assert_eq!(supply(&mut ruleset, printed), []);
    assert_eq!(supply(&mut ruleset, "-N EMPTY\n"), []);
    let nat = ruleset.table(TableKind::Nat).unwrap();
    let chain = |name| nat.chain(name).unwrap();
    let read = ["PREROUTING", "KUBE-SERVICES", "EMPTY"].map(|name| chain(name).is_read());
    assert_eq!(read, [true, false, true]);
    assert!(chain("EMPTY").is_empty() && !chain("KUBE-SVC-A").is_empty());
    let base = chain("PREROUTING");
    let counters = |packets, bytes| Some(Counters { packets, bytes });
    assert_eq!(
        (base.policy, base.counters),
        (Some(Policy::Drop), counters(12, 3400))
    );
    let [rule] = ruleset.rules(base) else {
        panic!("it has one rule")
    };
    // A chain is known by name before it is read.
    assert_eq!(rule.target, Target::Jump("KUBE-SERVICES".into()));
    assert_eq!(
        (rule.number, rule.line, rule.counters),
        (1, 0, counters(5, 300))
    );
    assert_eq!(
        ruleset.line(base, rule),
        "-A PREROUTING -m comment --comment \"kubernetes service portals\" -j KUBE-SERVICES"
    );
    assert_eq!(ruleset.problems(), []);
}

#[test]
fn what_is_supplied_again_replaces() {
    let mut ruleset = ruleset();
    supply(
        &mut ruleset,
        "-N KUBE-SVC-A\n-A KUBE-SVC-A -c 0 0 -j ACCEPT\n-A KUBE-SVC-A -c 0 0 -j RETURN\n",
    );
    let targets = |ruleset: &Ruleset| -> Vec<Target> {
        let chain = ruleset.table(TableKind::Nat).unwrap().chain("KUBE-SVC-A");
        let rules = ruleset.rules(chain.unwrap()).iter();
        rules.map(|rule| rule.target.clone()).collect()
    };
    assert_eq!(targets(&ruleset), [Target::Accept, Target::Return]);
    supply(
        &mut ruleset,
        "-N KUBE-SVC-A\n-A KUBE-SVC-A -c 0 0 -j EMPTY\n",
    );
    assert_eq!(targets(&ruleset), [Target::Jump("EMPTY".into())]);
}

#[rstest]
#[case("-A EMPTY -c 5 300 -j ACCEPT", "-A EMPTY -j ACCEPT", true)]
#[case("-A EMPTY -c 5 300", "-A EMPTY", true)]
#[case("-A EMPTY -j ACCEPT", "-A EMPTY -j ACCEPT", false)]
#[case(
    "-A EMPTY -m comment --comment -c -c 5 300 -j ACCEPT",
    "-A EMPTY -m comment --comment -c -j ACCEPT",
    true
)]
#[case(
    r#"-A EMPTY -m comment --comment "a \" -c 1 2 -j" -c 5 300 -g KUBE-SVC-A"#,
    r#"-A EMPTY -m comment --comment "a \" -c 1 2 -j" -g KUBE-SVC-A"#,
    true
)]
#[case(
    r#"-A EMPTY -c 5 300 -j LOG --log-prefix "x -c 7 8 ""#,
    r#"-A EMPTY -j LOG --log-prefix "x -c 7 8 ""#,
    true
)]
#[case("-A EMPTY -c -c", "-A EMPTY -c -c", false)]
#[case("-A EMPTY -c 5", "-A EMPTY -c 5", false)]
fn counters_are_told_from_the_text(
    #[case] printed: &str,
    #[case] saved: &str,
    #[case] counted: bool,
) {
    let mut ruleset = ruleset();
    assert_eq!(supply(&mut ruleset, &format!("-N EMPTY\n{printed}\n")), []);
    let nat = ruleset.table(TableKind::Nat).unwrap();
    let chain = nat.chain("EMPTY").unwrap();
    let [rule] = ruleset.rules(chain) else {
        panic!("it has one rule")
    };
    assert_eq!(ruleset.line(chain, rule), saved);
    let counters = Counters {
        packets: 5,
        bytes: 300,
    };
    assert_eq!(rule.counters, counted.then_some(counters));
}

#[rstest]
#[case::unknown_chain("-N NEW\n-A NEW -c 0 0 -j ACCEPT\n", 2)]
#[case::no_header("-A EMPTY -c 0 0 -j ACCEPT\n", 1)]
#[case::of_another("-N EMPTY\n-A KUBE-SVC-A -c 0 0 -j ACCEPT\n", 1)]
#[case::nonsense("hello\n-X EMPTY\n", 2)]
#[case::nothing("", 0)]
fn faults_are_told(#[case] printed: &str, #[case] faults: usize) {
    let mut ruleset = ruleset();
    assert_eq!(supply(&mut ruleset, printed).len(), faults);
    let held: usize = ruleset.chains().map(|(_, chain)| chain.len()).sum();
    assert_eq!(held, 0);
    let mut gaps = Vec::new();
    ruleset.supply(TableKind::Filter, "-P INPUT ACCEPT -c 0 0\n", &mut gaps);
    assert_eq!(gaps.len(), 1);
}
