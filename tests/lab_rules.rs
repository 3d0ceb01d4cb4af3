//! The rules that the lab's kube-proxy, flannel and kubelet parts write, held against what the real ones wrote in a real cluster
//! for the same objects, rule by rule.

// A test that cannot go on says so by panicking.
#![allow(clippy::unwrap_used)]

mod lab_support;

use std::collections::BTreeMap;

use kubenet::lab::kube_proxy::{self, Settings};
use kubenet::lab::rules::{Rules, Table};
use kubenet::lab::{flannel, kubelet};
use lab_support::fixture::Fixture;
use lab_support::save::{chains_of, is_portmap};

/// In these chains kube-proxy's rules stand in the order of a Go map of Services, which differs from run to run (and between
/// the nodes of this fixture): compared as a set. All others are compared in order.
const IN_MAP_ORDER: [(&str, &str); 5] = [
    ("nat", "KUBE-SERVICES"),
    ("nat", "KUBE-NODEPORTS"),
    ("filter", "KUBE-SERVICES"),
    ("filter", "KUBE-EXTERNAL-SERVICES"),
    ("filter", "KUBE-PROXY-FIREWALL"),
];

#[test]
fn every_rule_is_the_real_programs() {
    let fixture = Fixture::read("iptables-nft-vxlan");
    let spec = fixture.spec();
    let mut compared = 0;
    for node in spec.nodes().unwrap() {
        let mut rules = Rules::default();
        flannel::write(&mut rules, &spec, &node);
        kubelet::write(&mut rules);
        let settings = Settings {
            cluster_cidr: spec.cluster_cidr,
            nfacct: true,
        };
        kube_proxy::write(&mut rules, &spec.objects, node.object, settings);
        let mut ours = chains_of(&rules.to_restore());

        let real: String = fixture
            .text(&format!("nodes/{}/host/iptables-save.txt", node.name()))
            .lines()
            .filter(|line| !is_portmap(line))
            .flat_map(|line| [line, "\n"])
            .collect();
        let mut real = chains_of(&real);

        // The Services' own rule comes last, whatever the order of the others.
        let services = ("nat".to_owned(), "KUBE-SERVICES".to_owned());
        assert_eq!(ours[&services].last(), real[&services].last());
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
        assert_eq!(names(&ours), names(&real), "chains of {}", node.name());
        for (chain, rules) in &real {
            assert_eq!(&ours[chain], rules, "{} {chain:?}", node.name());
            compared += rules.len();
        }
    }
    // Three nodes of some two hundred and thirty rules each: nothing was skipped.
    let in_fixture: usize = spec
        .nodes()
        .unwrap()
        .iter()
        .map(|node| {
            let text = fixture.text(&format!("nodes/{}/host/iptables-save.txt", node.name()));
            text.lines()
                .filter(|line| line.starts_with('[') && !is_portmap(line))
                .count()
        })
        .sum();
    assert_eq!(compared, in_fixture);
    assert!(compared > 600, "{compared}");
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
    let write = |nfacct| {
        let mut rules = Rules::default();
        kube_proxy::write(
            &mut rules,
            &spec.objects,
            node.object,
            Settings {
                cluster_cidr: spec.cluster_cidr,
                nfacct,
            },
        );
        rules
    };
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
