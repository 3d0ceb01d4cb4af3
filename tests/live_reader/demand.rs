//! A node with thousands of chains: those on a packet's way, read one by one, tell the same as all of them.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use kubenet::collect::live::Machine;
use kubenet::model::iptables::{Ruleset, TableKind};
use kubenet::model::trace::{Trace, Verdict};
use kubenet::model::{Cluster, Flow, FlowEnd, NetnsId, NetnsName, Objects, Protocol};
use kubenet::walk;

use super::many_chains::{rules, scene};
use super::support::{Namespaces, allowed};

fn machine(made: &Namespaces) -> Machine {
    let namespaces = vec![
        (NetnsName::Host, made.path(0)),
        (NetnsName::Named("pod".to_owned()), made.path(1)),
    ];
    Machine::of_namespaces(&[("node1".to_owned(), namespaces)], Objects::default())
}

fn flow(to: IpAddr) -> Flow {
    let end = |ip, port| FlowEnd {
        kind: "address".to_owned(),
        namespace: None,
        name: None,
        node: None,
        ip: Some(ip),
        port,
        role: None,
    };
    Flow {
        start: NetnsId { node: 0, netns: 1 },
        external_source: None,
        from: end(IpAddr::from([10, 42, 0, 5]), None),
        to: end(to, Some(80)),
        protocol: Protocol::Tcp,
        destination: to,
        destination_port: 80,
        source: None,
        source_port: None,
        established: false,
        mark: 0,
        tos: 0,
        size: 60,
        reply: true,
    }
}

/// Walks until no wish is left that can be fulfilled; how often it walked.
fn trace(machine: &mut Machine, flow: &Flow) -> (Trace, usize) {
    for pass in 1..50 {
        let (trace, wishes) = walk::trace_and_wishes(machine.cluster(), flow);
        if wishes.chains.is_empty() {
            return (trace, pass);
        }
        if !machine.supply(&wishes.chains) {
            return (walk::trace(machine.cluster(), flow), pass + 1);
        }
    }
    panic!("the walk wishes for ever")
}

/// The large ruleset.
fn ruleset(cluster: &Cluster) -> &Ruleset {
    let rulesets = &cluster.nodes[0].netns[0].iptables;
    let holds_most = |ruleset: &&Ruleset| ruleset.chains().count();
    rulesets.iter().max_by_key(holds_most).unwrap()
}

/// Without the lines of the dump, which has none where chains are read one by one.
fn plain(trace: &Trace) -> serde_json::Value {
    fn strip(value: &mut serde_json::Value) {
        match value {
            serde_json::Value::String(text) => {
                if let Some((before, rest)) = text.split_once(" (iptables-nft-save:") {
                    *text = before.to_owned() + rest.split_once(')').unwrap().1;
                }
            }
            serde_json::Value::Array(all) => all.iter_mut().for_each(strip),
            serde_json::Value::Object(fields) => fields.values_mut().for_each(strip),
            _ => {}
        }
    }
    let mut value = serde_json::to_value(trace).unwrap();
    strip(&mut value);
    value
}

#[test]
fn chains_on_the_way_tell_the_same_as_all() {
    if !allowed() {
        return;
    }
    let (rules, service) = rules();
    let made = scene(&rules);
    let flow = flow(service);
    let before = made.tool(0, "nft list tables") + &made.tool(0, "iptables-nft-save");

    // The first reading also starts the programs for the first time: each way gets its better of two.
    let mut fastest = [Duration::MAX; 2];
    let mut read = Vec::new();
    for _ in 0..2 {
        read.clear();
        for (on_demand, fastest) in [false, true].into_iter().zip(&mut fastest) {
            let mut machine = machine(&made);
            if on_demand {
                machine = machine.on_demand();
            }
            let start = Instant::now();
            machine.complete_all();
            let (trace, passes) = trace(&mut machine, &flow);
            *fastest = start.elapsed().min(*fastest);
            assert_eq!(passes > 1, on_demand);
            read.push((machine, trace));
        }
    }
    let [whole, on_demand] = fastest;
    let ratio = whole.as_secs_f64() / on_demand.as_secs_f64();
    println!("all chains: {whole:.1?}, those on the way: {on_demand:.1?}, {ratio:.1} times faster");

    let [(all, expected), (some, found)] = read.try_into().unwrap_or_else(|_| panic!("two"));
    assert_eq!(expected.paths.len(), 10);
    assert!(
        expected
            .paths
            .iter()
            .all(|path| path.verdict == Verdict::Delivered)
    );
    assert!(
        expected
            .paths
            .iter()
            .all(|path| (path.probability - 0.1).abs() < 1e-6)
    );
    assert_eq!(plain(&found), plain(&expected));
    assert_eq!(some.cluster().gaps, all.cluster().gaps);

    let (all, some) = (ruleset(all.cluster()), ruleset(some.cluster()));
    let names = |ruleset: &Ruleset, kind| -> BTreeSet<(String, bool)> {
        let chains = ruleset
            .table(kind)
            .into_iter()
            .flat_map(|table| table.chains());
        chains
            .map(|chain| (chain.name.to_string(), chain.policy.is_some()))
            .collect()
    };
    for kind in [TableKind::Mangle, TableKind::Nat, TableKind::Filter] {
        assert_eq!(names(some, kind), names(all, kind));
    }
    let nat = some.table(TableKind::Nat).unwrap();
    let read: Vec<_> = nat
        .chains()
        .iter()
        .filter(|chain| chain.is_read())
        .collect();
    assert!((13..30).contains(&read.len()), "{read:?}");
    // What was read is what the dump has, counters apart: those of a quiet namespace are the same.
    let nat = all.table(TableKind::Nat).unwrap();
    for chain in read {
        let same = nat.chain(&chain.name).unwrap();
        assert_eq!((chain.policy, chain.len()), (same.policy, same.len()));
        for (rule, expected) in some.rules(chain).iter().zip(all.rules(same)) {
            assert_eq!(some.line(chain, rule), all.line(same, expected));
            let line = expected.line;
            assert_eq!(
                kubenet::model::iptables::Rule {
                    line,
                    ..rule.clone()
                },
                *expected
            );
        }
    }

    let after = made.tool(0, "nft list tables") + &made.tool(0, "iptables-nft-save");
    let rules_of = |text: &str| -> Vec<String> {
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        lines.map(str::to_owned).collect()
    };
    assert!(
        rules_of(&before) == rules_of(&after),
        "reading changed something"
    );
    assert!(ratio >= 2.0, "{ratio} times faster");
}

/// The chain in nat of the first Service, and of one that is not asked about.
fn two_services(rules: &str, service: IpAddr) -> [String; 2] {
    let mut jumps = rules
        .lines()
        .filter(|line| line.contains("-A KUBE-SERVICES ") && line.contains("-j KUBE-SVC-"));
    let other = jumps.next().unwrap();
    let its = jumps
        .find(|line| line.contains(&service.to_string()))
        .unwrap();
    [its, other].map(|line| line.rsplit_once("-j ").unwrap().1.to_owned())
}

#[test]
fn what_changes_meanwhile_is_read_anew_or_told() {
    if !allowed() {
        return;
    }
    let (rules, service) = rules();
    let made = scene(&rules);
    let [its, other] = two_services(&rules, service);
    let flow = flow(service);
    let mut machine = machine(&made).on_demand();
    machine.complete_all();
    // Chains that one comes to one after the other, as far as the Service's own.
    let come_to = |machine: &mut Machine, chain: &str| {
        for _ in 0..20 {
            let (_, wishes) = walk::trace_and_wishes(machine.cluster(), &flow);
            if wishes.chains.iter().any(|wish| wish.chain == chain) {
                return;
            }
            assert!(machine.supply(&wishes.chains));
        }
        panic!("nothing leads to {chain}");
    };
    let is_read = |machine: &Machine, chain: &str| {
        let nat = ruleset(machine.cluster()).table(TableKind::Nat).unwrap();
        nat.chain(chain).is_some_and(|chain| chain.is_read())
    };
    come_to(&mut machine, &its);
    assert!(is_read(&machine, "KUBE-SERVICES"));

    // The first change: everything is read anew, and nothing of what was before it is left.
    made.tool(0, &format!("iptables-nft -t nat -F {its}"));
    made.tool(
        0,
        &format!("iptables-nft -t nat -A {its} -j DNAT -p tcp --to-destination 10.42.77.7:80"),
    );
    come_to_anew(&mut machine, &flow, &its);
    assert!(!is_read(&machine, "KUBE-SERVICES"));
    come_to(&mut machine, "KUBE-SERVICES");
    let (found, _) = trace(&mut machine, &flow);
    assert_eq!(found.paths.len(), 1);
    let end = found.paths[0].destination.clone().unwrap();
    assert_eq!(end.ip, Some(IpAddr::from([10, 42, 77, 7])));
    assert_eq!(machine.cluster().gaps, []);

    // Another change is told, and a chain that is gone is not taken for an empty one.
    let jump = rules
        .lines()
        .find(|line| line.contains("-A KUBE-SERVICES ") && line.contains(&other))
        .unwrap();
    let address = jump
        .split_once(" -d ")
        .unwrap()
        .1
        .split('/')
        .next()
        .unwrap();
    let number = ruleset(machine.cluster())
        .table(TableKind::Nat)
        .and_then(|nat| nat.chain("KUBE-SERVICES"))
        .map(|chain| ruleset(machine.cluster()).rules(chain))
        .unwrap()
        .iter()
        .find(|rule| rule.target == kubenet::model::iptables::Target::Jump(other.as_str().into()))
        .unwrap()
        .number;
    made.tool(0, &format!("iptables-nft -t nat -D KUBE-SERVICES {number}"));
    made.tool(0, &format!("iptables-nft -t nat -F {other}"));
    made.tool(0, &format!("iptables-nft -t nat -X {other}"));
    let mut flow = flow;
    flow.destination = address.parse().unwrap();
    let (found, _) = trace(&mut machine, &flow);
    assert_eq!(found.paths[0].verdict, Verdict::Undetermined);
    let why = &found.paths[0].stopped_at.as_ref().unwrap().why;
    assert!(why.contains(&format!("nat {other} was not read")), "{why}");
    let told = |what: &str| found.not_seen.iter().any(|line| line.contains(what));
    assert!(
        told(&other) && told("kept changing"),
        "{:?}",
        found.not_seen
    );
}

/// Supplies one chain, which finds that the rules changed.
fn come_to_anew(machine: &mut Machine, flow: &Flow, chain: &str) {
    let (_, wishes) = walk::trace_and_wishes(machine.cluster(), flow);
    assert!(wishes.chains.iter().any(|wish| wish.chain == chain));
    assert!(machine.supply(&wishes.chains));
}
