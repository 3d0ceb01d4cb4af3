//! Whose source becomes the node's, and rules of nft as somebody types them: on what the real kube-proxy left. What is expected
//! is taken from the dumps' own lines, by other code than the program's.
#![allow(clippy::unwrap_used)]

mod bundle_support;

use std::collections::BTreeMap;
use std::process::Command;

use bundle_support::{fixture, load};
use kubenet::explain::chain::explain;
use kubenet::explain::find::{self, Scope};
use kubenet::model::Family;
use serde_json::Value;

/// The rules of a node's nat table, by chain.
fn rules(dump: &str) -> BTreeMap<&str, Vec<&str>> {
    let nat = dump.split("*nat\n").nth(1).unwrap();
    let mut found: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (_, rule) in nat.lines().filter_map(|line| line.split_once("] -A ")) {
        let (chain, rule) = rule.split_once(' ').unwrap();
        found.entry(chain).or_default().push(rule);
    }
    found
}

/// The chains that a chain's rules lead to, and so on.
fn led_to<'r>(rules: &BTreeMap<&'r str, Vec<&'r str>>, chain: &str) -> Vec<&'r str> {
    let own = rules.get(chain).into_iter().flatten();
    let next = own.filter(|rule| !rule.contains("KUBE-MARK-MASQ"));
    let next: Vec<&str> = next
        .filter_map(|rule| rule.split_once("-j ")?.1.split(' ').next())
        .collect();
    let further: Vec<&str> = next.iter().flat_map(|chain| led_to(rules, chain)).collect();
    [next, further].concat()
}

#[test]
fn marked_connections_are_those_that_the_rules_mark() {
    let files = fixture("iptables-nft-vxlan");
    let cluster = load(&files);
    let (mut always, mut never, mut seen) = (0, 0, 0);
    for node in ["master", "node1", "node2"] {
        let dump = &files[&format!("nodes/{node}/host/iptables-save.txt")];
        let dump = std::str::from_utf8(dump).unwrap();
        let rules = rules(dump);
        let scope = Scope {
            node: Some(node.to_owned()),
            family: Some(Family::V4),
            ..Scope::default()
        };
        for (chain, own) in &rules {
            let is_asked = ["KUBE-SVC-", "KUBE-SVL-", "KUBE-EXT-"]
                .iter()
                .any(|kind| chain.starts_with(kind));
            let sites = find::chain(&cluster, chain, &scope).unwrap();
            let told = explain(&cluster, &sites).unwrap().0.masquerades;
            assert_eq!(told.is_some(), is_asked, "{node} {chain}");
            let Some(told) = told else { continue };
            seen += 1;
            let marks = |rule: &&&str| rule.ends_with("-j KUBE-MARK-MASQ");
            let marked: Vec<&&str> = own.iter().filter(marks).collect();
            // Comments and the match of the protocol ask nothing of their own.
            let asks = |rule: &str| {
                [" -s ", " -d ", "-type "]
                    .iter()
                    .any(|word| format!(" {rule}").contains(word))
            };
            if marked.iter().any(|rule| !asks(rule)) {
                always += 1;
                assert_eq!(told, ["every packet"], "{node} {chain}");
                continue;
            }
            let of_endpoints = led_to(&rules, chain);
            let hairpin = of_endpoints
                .iter()
                .any(|to| to.starts_with("KUBE-SEP-") && rules[to].iter().any(|rule| marks(&rule)));
            assert_eq!(
                told.len(),
                marked.len() + usize::from(hairpin),
                "{node} {chain}: {told:?} {marked:?}"
            );
            for rule in &marked {
                // `! -s 10.42.0.0/16 -d 10.43.6.58/32`.
                if let Some((_, rest)) = rule.split_once("! -s ") {
                    let outside = rest.split(' ').next().unwrap();
                    assert!(
                        told.iter()
                            .any(|told| told.contains(&format!("outside {outside}"))),
                        "{told:?}"
                    );
                }
            }
            never += usize::from(marked.is_empty());
        }
    }
    assert!(
        seen > 60 && always > 5 && never > 2,
        "{seen} {always} {never}"
    );
}

fn explained(cluster: &str, rule: &str) -> Value {
    let output = Command::new(env!("CARGO_BIN_EXE_kubenet"))
        .arg("--bundle")
        .arg(format!("tests/fixtures/clusters/{cluster}.tar.zst"))
        .args(["explain", "rule", rule, "-o", "json"])
        .output()
        .unwrap();
    serde_json::from_slice(&output.stdout).unwrap()
}

/// kube-proxy's own rules, as `nft list` would print them (nft.txt is what it printed), are found where they stand.
#[test]
fn a_typed_rule_of_nft_is_found_where_it_stands() {
    let there = explained(
        "nftables-vxlan",
        "nft add rule ip kube-proxy services ip daddr . meta l4proto . th dport vmap @service-ips",
    );
    assert_eq!(there["facts"]["table"], "ip kube-proxy", "{there}");
    assert_eq!(there["facts"]["chain"], "services");
    let dump = fixture("nftables-vxlan");
    let dump: Value = serde_json::from_slice(&dump["nodes/master/host/nft.json"]).unwrap();
    let rules = dump["nftables"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|one| one.get("rule"));
    let of_chain: Vec<&Value> = rules
        .filter(|rule| {
            rule["family"] == "ip" && rule["table"] == "kube-proxy" && rule["chain"] == "services"
        })
        .collect();
    let number = of_chain
        .iter()
        .position(|rule| rule.to_string().contains("@service-ips"))
        .unwrap();
    assert_eq!(there["facts"]["rule"], number + 1);

    let elsewhere = explained(
        "nftables-vxlan",
        "add rule ip fw in tcp dport 22 counter drop",
    );
    assert!(
        elsewhere["summary"].to_string().contains("As it was typed"),
        "{elsewhere}"
    );
    assert_eq!(elsewhere["facts"]["table"], "ip fw");
    let does = elsewhere["sections"][0]["items"][0]["text"]
        .as_str()
        .unwrap();
    assert!(
        does.contains("tcp port 22") && does.contains("dropped"),
        "{does}"
    );
    let nonsense = explained("nftables-vxlan", "hello world");
    assert_eq!(nonsense["error"], "\"hello world\" is no rule of nft");
}
