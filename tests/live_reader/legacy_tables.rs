//! Tables of iptables' legacy backend as the kernel hands them out, put into words: the words of `iptables-legacy-save`.

use std::collections::BTreeSet;

use kubenet::collect::live::Machine;
use kubenet::model::iptables::{Backend, Rule, Ruleset, TableKind, Wish};
use kubenet::model::{Family, NetnsId, NetnsName, Objects};

use super::many_chains::{restore, rules};
use super::support::{Namespaces, allowed};
use super::words::{of_ipv4, of_ipv6};

/// Chains that nobody jumps to, as many as make a ruleset one that is read chain by chain.
fn padding() -> String {
    (0..600)
        .map(|number| format!(":UNUSED-{number} - [0:0]\n"))
        .collect()
}

fn machine(made: &Namespaces) -> Machine {
    let namespaces = vec![(NetnsName::Host, made.path(0))];
    Machine::of_namespaces(&[("node1".to_owned(), namespaces)], Objects::default())
}

fn legacy(machine: &Machine, family: Family) -> &Ruleset {
    let rulesets = &machine.cluster().nodes[0].netns[0].iptables;
    let is_it = |ruleset: &&Ruleset| (ruleset.family, ruleset.backend) == (family, Backend::Legacy);
    rulesets.iter().find(is_it).unwrap()
}

/// The ruleset as the program tells it, and chain by chain, a few hundred at a time.
fn both(made: &Namespaces) -> (Machine, Machine) {
    let mut all = machine(made);
    all.complete_all();
    let mut some = machine(made).on_demand();
    some.complete_all();
    let mut wishes: Vec<Wish> = Vec::new();
    for family in [Family::V4, Family::V6] {
        wishes.extend(legacy(&some, family).chains().map(|(table, chain)| Wish {
            netns: NetnsId { node: 0, netns: 0 },
            family,
            table,
            chain: chain.name.to_string(),
        }));
    }
    for part in wishes.chunks(300) {
        some.supply(&part.iter().cloned().collect());
    }
    (all, some)
}

fn same(expected: &Ruleset, found: &Ruleset) -> usize {
    let tables = |ruleset: &Ruleset| -> BTreeSet<TableKind> {
        ruleset.tables().iter().map(|table| table.kind).collect()
    };
    assert_eq!(tables(found), tables(expected));
    let mut rules = 0;
    for table in expected.tables() {
        let its = found.table(table.kind).unwrap();
        assert_eq!(its.chains().len(), table.chains().len());
        for chain in table.chains() {
            let other = its.chain(&chain.name).unwrap();
            assert!(other.is_read(), "{}", chain.name);
            assert_eq!(
                (other.policy, other.counters),
                (chain.policy, chain.counters)
            );
            assert_eq!(other.len(), chain.len(), "{}", chain.name);
            for (rule, expected_rule) in found.rules(other).iter().zip(expected.rules(chain)) {
                let text = expected.line(chain, expected_rule);
                assert_eq!(found.line(other, rule), text);
                let rule = Rule {
                    line: expected_rule.line,
                    ..rule.clone()
                };
                assert_eq!(rule, *expected_rule, "{text}");
                rules += 1;
            }
        }
    }
    rules
}

#[test]
fn rules_in_the_words_of_the_program() {
    if !allowed() {
        return;
    }
    let made = Namespaces::new(1);
    let four = of_ipv4(&padding());
    let six = of_ipv6(&padding());
    restore(&made, "iptables-legacy-restore", &four);
    restore(&made, "ip6tables-legacy-restore", &six);
    let (all, some) = both(&made);
    for family in [Family::V4, Family::V6] {
        let found = legacy(&some, family);
        assert!(found.origin.ends_with("-legacy -S"), "{}", found.origin);
        let rules = same(legacy(&all, family), found);
        assert!(rules > 50, "{rules}");
    }
    assert_eq!(some.cluster().gaps, all.cluster().gaps);
}

#[test]
fn the_rules_of_kube_proxy_in_the_words_of_the_program() {
    if !allowed() {
        return;
    }
    let made = Namespaces::new(1);
    let (text, _) = rules();
    restore(&made, "iptables-legacy-restore", &text);
    let (all, some) = both(&made);
    let rules = same(legacy(&all, Family::V4), legacy(&some, Family::V4));
    println!("{rules} rules");
    assert!(rules > 10_000, "{rules}");
}

#[test]
fn what_only_the_program_knows_it_tells() {
    if !allowed() {
        return;
    }
    let made = Namespaces::new(1);
    let unknown = "-A INPUT -m limit --limit 5/min -j LOG --log-prefix \"seen \"\n";
    let text = format!("*filter\n{}{unknown}COMMIT\n", padding());
    restore(&made, "iptables-legacy-restore", &text);
    let (all, some) = both(&made);
    let found = legacy(&some, Family::V4);
    assert_eq!(found.origin, "iptables-legacy-save");
    assert_eq!(same(legacy(&all, Family::V4), found), 1);
}
