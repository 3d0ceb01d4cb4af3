//! What the lab writes in kube-proxy's nftables mode, held against what the real kube-proxy and flannel wrote for the same
//! objects: rule by rule, set by set, map by map, as the kernel holds them.
//!
//! Needs root; without it every test says so.

// A test that cannot go on says so by panicking.
#![allow(clippy::unwrap_used)]

mod lab_support;

use std::collections::{BTreeMap, BTreeSet};

use kubenet::lab::kube_proxy_nftables::Layout;
use kubenet::lab::spec::{Proxy, Spec};
use lab_support::bench::{Lab, Scratch, turn};
use lab_support::fixture::Fixture;
use serde_json::Value;

/// The tables that are compared.
const TABLES: [&str; 3] = ["kube-proxy", "flannel-ipv4", "flannel-ipv6"];

/// What one table holds.
#[derive(Debug, Default, PartialEq)]
struct Table {
    /// Properties of chains by name.
    chains: BTreeMap<String, String>,
    /// Rules by chain, in order.
    rules: BTreeMap<String, Vec<String>>,
    /// Properties of sets and maps by name, and their elements, which have no order.
    sets: BTreeMap<String, (String, BTreeSet<String>)>,
}

/// The tables of a dump of `nft -j`, by family and name. The kernel's numbers say nothing, and nft 1.0.6 prints no comments
/// of chains and sets.
fn tables(dump: &Value) -> BTreeMap<(String, String), Table> {
    let mut tables: BTreeMap<_, Table> = BTreeMap::new();
    for object in dump["nftables"].as_array().unwrap() {
        let (kind, value) = object.as_object().unwrap().iter().next().unwrap();
        let mut value = value.clone();
        let text = |key: &str| value[key].as_str().unwrap_or_default().to_owned();
        let (family, table) = (text("family"), text("table"));
        let (name, chain) = (text("name"), text("chain"));
        if !TABLES.contains(&table.as_str()) {
            continue;
        }
        let properties = value.as_object_mut().unwrap();
        properties.remove("handle");
        let table = tables.entry((family, table)).or_default();
        match kind.as_str() {
            "chain" => {
                properties.remove("comment");
                table.chains.insert(name, value.to_string());
            }
            "rule" => table
                .rules
                .entry(chain)
                .or_default()
                .push(value.to_string()),
            "set" | "map" => {
                properties.remove("comment");
                let mut elements = properties.remove("elem").unwrap_or_default();
                if name.starts_with("affinity-") {
                    // The clients of the last hours.
                    elements = Value::Null;
                }
                let elements = elements.as_array().into_iter().flatten();
                let elements = elements.map(ToString::to_string).collect();
                table.sets.insert(name, (value.to_string(), elements));
            }
            _ => {}
        }
    }
    tables
}

#[test]
fn every_rule_and_element_is_as_in_the_real_cluster() {
    let Some(_turn) = turn() else { return };
    let real = Fixture::read("nftables-vxlan");
    let spec = Spec {
        proxy: Proxy::Nftables(Layout::V1_36),
        ..real.spec()
    };
    let scratch = Scratch::new("nftables-spec");
    let spec = scratch.write("spec.json", &serde_json::to_string(&spec).unwrap());
    let lab = Lab::up("nftables", &["--spec", spec.to_str().unwrap()]);
    let capture = lab.capture();
    let ours = Fixture::read_directory(&capture.path);
    let (mut rules, mut elements) = (0, 0);
    for node in ["master", "node1", "node2"] {
        let file = format!("nodes/{node}/host/nft.json");
        let (ours, real) = (tables(&ours.json(&file)), tables(&real.json(&file)));
        assert_eq!(
            ours.keys().collect::<Vec<_>>(),
            real.keys().collect::<Vec<_>>()
        );
        for (name, wanted) in &real {
            let ours = &ours[name];
            assert_eq!(ours.chains, wanted.chains, "{node} {name:?}");
            assert_eq!(ours.rules, wanted.rules, "{node} {name:?}");
            assert_eq!(ours.sets, wanted.sets, "{node} {name:?}");
            rules += wanted.rules.values().map(Vec::len).sum::<usize>();
            elements += wanted
                .sets
                .values()
                .map(|(_, all)| all.len())
                .sum::<usize>();
        }
    }
    assert!(
        rules > 300 && elements > 200,
        "{rules} rules, {elements} elements"
    );
}
