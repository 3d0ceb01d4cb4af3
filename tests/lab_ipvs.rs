//! What the lab writes in kube-proxy's ipvs mode, held against what the real kube-proxy wrote for the same objects: rule by
//! rule, set by set, server by server.

// A test that cannot go on says so by panicking.
#![allow(clippy::unwrap_used)]

mod lab_support;

use std::collections::{BTreeMap, BTreeSet};

use kubenet::lab::kube_proxy_ipvs::Services;
use kubenet::lab::node_rules;
use kubenet::lab::spec::{Proxy, Spec};
use kubenet::model::Family;
use lab_support::fixture::Fixture;
use lab_support::save::chains_of;

fn real() -> (Fixture, Spec) {
    let real = Fixture::read("ipvs-rr-vxlan");
    let spec = Spec {
        proxy: Proxy::Ipvs("rr".to_owned()),
        ..real.spec()
    };
    (real, spec)
}

/// What kubelet writes, which did not run in that cluster.
const KUBELET: [&str; 3] = ["KUBE-FIREWALL", "KUBE-KUBELET-CANARY", "KUBE-IPTABLES-HINT"];

#[test]
fn rules() {
    let (real, spec) = real();
    let mut compared = 0;
    for node in spec.nodes().unwrap() {
        for (family, tool) in [(Family::V4, "iptables"), (Family::V6, "ip6tables")] {
            let name = node.name();
            let wanted = chains_of(&real.text(&format!("nodes/{name}/host/{tool}-save.txt")));
            let written = node_rules::of(&spec, &node, family, false).unwrap();
            let mut ours = chains_of(&written.to_restore());
            ours.retain(|chain, _| {
                !KUBELET
                    .iter()
                    .any(|name| format!("{chain:?}").contains(name))
            });
            for rules in ours.values_mut() {
                rules.retain(|rule| !KUBELET.iter().any(|name| rule.contains(name)));
            }
            // Tables that kubelet alone writes to.
            ours.retain(|chain, rules| wanted.contains_key(chain) || !rules.is_empty());
            assert_eq!(ours, wanted, "{name} {tool}");
            compared += wanted.values().map(Vec::len).sum::<usize>();
        }
    }
    assert!(compared > 250, "only {compared} rules");
}

fn services(spec: &Spec, node: &str, family: Family) -> Services {
    Services::of(spec, &spec.node(node).unwrap(), family, "rr")
}

#[test]
fn sets() {
    let (real, spec) = real();
    // What the kernel chooses by itself is printed behind what was asked for.
    let lines = |text: &str| -> BTreeSet<String> {
        let asked = |line: &str| line.split(" bucketsize").next().unwrap_or(line).to_owned();
        text.lines().map(asked).collect()
    };
    for node in ["master", "node1", "node2"] {
        let wanted = lines(&real.text(&format!("nodes/{node}/host/ipset.txt")));
        let ours =
            [Family::V4, Family::V6].map(|family| services(&spec, node, family).sets.to_restore());
        assert_eq!(lines(&ours.concat()), wanted, "{node}");
        assert!(wanted.len() > 100);
    }
}

#[test]
fn virtual_servers_and_their_addresses() {
    let (real, spec) = real();
    for node in ["master", "node1", "node2"] {
        let both = [Family::V4, Family::V6].map(|family| services(&spec, node, family));
        let ours: BTreeSet<String> = both
            .iter()
            .flat_map(|services| &services.virtual_servers)
            .flat_map(|service| {
                let servers = service.servers.iter().map(|server| server.raw.clone());
                std::iter::once(service.raw.clone()).chain(servers)
            })
            .collect();
        let text = real.text(&format!("nodes/{node}/host/ipvs.txt"));
        let wanted: BTreeSet<String> = text.lines().map(str::to_owned).collect();
        assert_eq!(ours, wanted, "{node}");
        assert!(wanted.len() > 150);
        let rows = real.json(&format!("nodes/{node}/host/addrs.json"));
        let device = rows
            .as_array()
            .unwrap()
            .iter()
            .find(|row| row["ifname"] == "kube-ipvs0");
        let addresses: BTreeMap<String, u64> = device.unwrap()["addr_info"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| {
                let ip = row["local"].as_str().unwrap().to_owned();
                (ip, row["prefixlen"].as_u64().unwrap())
            })
            .collect();
        let ours: BTreeMap<String, u64> = both
            .iter()
            .flat_map(|services| &services.addresses)
            .map(|ip| (ip.to_string(), if ip.is_ipv4() { 32 } else { 128 }))
            .collect();
        assert_eq!(ours, addresses, "{node}");
    }
}
