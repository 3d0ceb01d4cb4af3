//! A node with thousands of chains: what is said of one is the same, whether all of them were read or those that matter.

use kubenet::collect::live::Machine;
use kubenet::explain::chain::{Explanation, explain};
use kubenet::explain::find::{self, Scope};
use kubenet::model::{Cluster, NetnsName, Objects};

use super::many_chains::{rules, scene};
use super::support::{Namespaces, allowed};

fn machine(made: &Namespaces) -> Machine {
    let namespaces = vec![(NetnsName::Host, made.path(0))];
    Machine::of_namespaces(&[("node1".to_owned(), namespaces)], Objects::default())
}

/// Explains until no chain is missing.
fn explained(machine: &mut Machine, name: &str) -> Explanation {
    let scope = Scope {
        table: Some("nat".to_owned()),
        ..Scope::default()
    };
    for _ in 0..20 {
        let sites = find::chain(machine.cluster(), name, &scope).unwrap();
        let (found, wishes) = explain(machine.cluster(), &sites).unwrap();
        if wishes.is_empty() || !machine.supply(&wishes) {
            return found;
        }
    }
    panic!("{name} wishes for ever")
}

fn read_chains(cluster: &Cluster) -> usize {
    let rulesets = cluster.nodes[0].netns[0].iptables.iter();
    let chains = rulesets.flat_map(|ruleset| ruleset.chains());
    chains.filter(|(_, chain)| chain.is_read()).count()
}

#[test]
fn a_chain_is_explained_from_those_that_matter() {
    if !allowed() {
        return;
    }
    let (rules, service) = rules();
    let made = scene(&rules);
    let mut all = machine(&made);
    all.complete_all();
    // `-A KUBE-SERVICES -d 10.43.x.y/32 ... -j KUBE-SVC-...`, and an endpoint of it.
    let target = |line: &str| line.rsplit_once("-j ").unwrap().1.to_owned();
    let to = format!(" -d {service}/32 ");
    let its = rules
        .lines()
        .find(|line| line.contains("-A KUBE-SERVICES") && line.contains(&to));
    let chain = target(its.unwrap());
    let own = format!("-A {chain} ");
    let mut leads = rules
        .lines()
        .filter(|line| line.contains(&own) && line.contains("-j KUBE-SEP-"));
    let endpoint = target(leads.next().unwrap());
    for name in [
        chain.as_str(),
        endpoint.as_str(),
        "KUBE-MARK-MASQ",
        "KUBE-POSTROUTING",
    ] {
        let mut some = machine(&made).on_demand();
        some.complete_all();
        let expected = explained(&mut all, name);
        let found = explained(&mut some, name);
        assert!(
            read_chains(some.cluster()) * 10 < read_chains(all.cluster()),
            "{name}"
        );
        assert_eq!(found.rules, expected.rules, "{name}");
        assert_eq!(found.service, expected.service, "{name}");
        if name == endpoint {
            // These rules have no comments, so nothing tells which of the others leads to an endpoint's chain.
            assert_eq!(found.endpoints[0].ip, expected.endpoints[0].ip);
            assert_eq!(found.endpoints[0].probability, None);
            assert!(found.not_seen[0].contains("rules of them may lead here too"));
            continue;
        }
        assert_eq!(found.endpoints, expected.endpoints, "{name}");
        // Whoever else leads to a chain that all Services share is not looked for, which is said.
        assert!(!found.not_seen.is_empty());
        if name == chain {
            assert_eq!(found.referenced_by, expected.referenced_by, "{name}");
            assert_eq!(found.odd, expected.odd, "{name}");
        }
    }
    let found = explained(&mut all, &chain);
    assert_eq!(found.endpoints.len(), 10);
    assert!(
        found
            .endpoints
            .iter()
            .all(|one| (one.probability.unwrap() - 0.1).abs() < 1e-6)
    );
}
