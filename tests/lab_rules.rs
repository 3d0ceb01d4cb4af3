//! The rules that the lab's kube-proxy, flannel, kubelet and portmap parts write, held against what the real ones wrote in a
//! real cluster for the same objects, rule by rule, in both address families.

// A test that cannot go on says so by panicking.
#![allow(clippy::unwrap_used)]

mod lab_support;

use std::collections::BTreeMap;

use kubenet::lab::node_rules;
use kubenet::lab::rules::{Rules, Table};
use kubenet::model::Family;
use lab_support::fixture::Fixture;
use lab_support::save::chains_of;

/// In these chains kube-proxy's rules stand in the order of a Go map of Services, which differs from run to run (and between
/// the nodes of this fixture): compared as a set. All others are compared in order.
const IN_MAP_ORDER: [(&str, &str); 5] = [
    ("nat", "KUBE-SERVICES"),
    ("nat", "KUBE-NODEPORTS"),
    ("filter", "KUBE-SERVICES"),
    ("filter", "KUBE-EXTERNAL-SERVICES"),
    ("filter", "KUBE-PROXY-FIREWALL"),
];

/// The files of `iptables-save` and `ip6tables-save`.
const SAVED: [(Family, &str); 2] = [
    (Family::V4, "iptables-save.txt"),
    (Family::V6, "ip6tables-save.txt"),
];

#[test]
fn every_rule_is_the_real_programs() {
    let fixture = Fixture::read("iptables-nft-vxlan");
    let spec = fixture.spec();
    let mut compared = 0;
    let mut in_fixture = 0;
    for node in spec.nodes().unwrap() {
        for (family, file) in SAVED {
            let label = format!("{} {family}", node.name());
            let rules = node_rules::of(&spec, &node, family, true).unwrap();
            let mut ours = chains_of(&rules.to_restore());
            let text = fixture.text(&format!("nodes/{}/host/{file}", node.name()));
            in_fixture += text.lines().filter(|line| line.starts_with('[')).count();
            let mut real = chains_of(&text);

            // The Services' own rule comes last, whatever the order of the others.
            let services = ("nat".to_owned(), "KUBE-SERVICES".to_owned());
            assert_eq!(ours[&services].last(), real[&services].last(), "{label}");
            for (table, chain) in IN_MAP_ORDER {
                for chains in [&mut ours, &mut real] {
                    chains
                        .get_mut(&(table.to_owned(), chain.to_owned()))
                        .unwrap()
                        .sort();
                }
            }
            let names = |chains: &BTreeMap<(String, String), Vec<String>>| {
                chains.keys().cloned().collect::<Vec<_>>()
            };
            assert_eq!(names(&ours), names(&real), "chains of {label}");
            for (chain, rules) in &real {
                assert_eq!(&ours[chain], rules, "{label} {chain:?}");
                compared += rules.len();
            }
        }
    }
    // Three nodes of some three hundred rules each, of both families: nothing was skipped.
    assert_eq!(compared, in_fixture);
    assert!(compared > 850, "{compared}");
}

/// The order of Services inside a chain really is a map's: if it were not, comparing sets would be too weak.
#[test]
fn the_order_of_services_differs_between_real_nodes() {
    let fixture = Fixture::read("iptables-nft-vxlan");
    let order = |node: &str| {
        let chains = chains_of(&fixture.text(&format!("nodes/{node}/host/iptables-save.txt")));
        chains[&("nat".to_owned(), "KUBE-SERVICES".to_owned())].clone()
    };
    assert_ne!(order("master"), order("node1"));
}

/// Without nfacct in the kernel kube-proxy leaves out what would need it, and nothing else.
#[test]
fn without_nfacct_only_counters_go() {
    let fixture = Fixture::read("iptables-nft-vxlan");
    let spec = fixture.spec();
    let node = spec.node("master").unwrap();
    let write = |nfacct| node_rules::of(&spec, &node, Family::V4, nfacct).unwrap();
    let (with, without) = (write(true), write(false));
    assert!(!without.to_restore().contains("nfacct"));
    let node_ports = |rules: &Rules| rules.of(Table::Nat, "KUBE-NODEPORTS").unwrap().len();
    assert_eq!(node_ports(&with), 2 * node_ports(&without));
    let invalid = "-m conntrack --ctstate INVALID -j DROP".to_owned();
    assert_eq!(
        without.of(Table::Filter, "KUBE-FORWARD").unwrap().first(),
        Some(&invalid)
    );
}
