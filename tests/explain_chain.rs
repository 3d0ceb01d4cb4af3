//! Chains explained, on what the real kube-proxy and flannel left: whose each is, where it leads, and nothing odd where
//! nothing is. What is expected is taken from the dumps' own lines, by other code than the program's.

// A test that cannot go on says so by panicking.
#![allow(clippy::unwrap_used)]

mod bundle_support;

use std::collections::BTreeMap;
use std::process::Command;

use bundle_support::{Files, fixture, load};
use kubenet::explain::chain::{Explanation, explain};
use kubenet::explain::find::{self, Missing, Scope};
use kubenet::explain::owner::NamedBy;
use kubenet::model::{Cluster, Family};
use kubenet::render::{Layout, explain as render};

const RULES: &str = "nodes/node1/host/iptables-save.txt";

fn on_node1() -> Scope {
    Scope {
        node: Some("node1".to_owned()),
        family: Some(Family::V4),
        ..Scope::default()
    }
}

fn explained(cluster: &Cluster, name: &str) -> Explanation {
    let sites = find::chain(cluster, name, &on_node1()).unwrap();
    explain(cluster, &sites).unwrap().0
}

fn text(explained: &Explanation, evidence: bool) -> String {
    let mut out = Vec::new();
    let options = render::Options {
        layout: Layout::PLAIN,
        evidence,
    };
    render::chain(explained, &options, &mut out).unwrap();
    anstream::adapter::strip_str(&String::from_utf8(out).unwrap()).to_string()
}

/// The nat rules of node1, by chain: packets and text.
fn lines(files: &Files) -> BTreeMap<String, Vec<(u64, String)>> {
    let dump = String::from_utf8(files[RULES].clone()).unwrap();
    let nat = dump.split("*nat\n").nth(1).unwrap();
    let mut found: BTreeMap<String, Vec<(u64, String)>> = BTreeMap::new();
    for line in nat.lines().filter(|line| line.starts_with('[')) {
        let (counters, rule) = line.split_once("] ").unwrap();
        let packets = counters[1..].split(':').next().unwrap().parse().unwrap();
        let chain = rule.split(' ').nth(1).unwrap();
        found
            .entry(chain.to_owned())
            .or_default()
            .push((packets, rule.to_owned()));
    }
    found
}

#[test]
fn whose_a_chain_is_and_where_it_leads() {
    let files = fixture("iptables-nft-vxlan");
    let cluster = load(&files);
    let lines = lines(&files);
    let mut seen = 0;
    for (chain, rules) in lines
        .iter()
        .filter(|(chain, _)| chain.starts_with("KUBE-SVC-"))
    {
        seen += 1;
        let found = explained(&cluster, chain);
        // `"default/five:http cluster IP" -m tcp --dport 80`.
        let (_, first) = &rules[0];
        let (_, comment) = first.split_once("--comment \"").unwrap();
        let (name, _) = comment.split_once(" cluster IP\"").unwrap();
        let (_, port) = first.split_once("--dport ").unwrap();
        let service = found.service.unwrap();
        let named = match &service.port_name {
            Some(port) => format!("{}/{}:{port}", service.namespace, service.name),
            None => format!("{}/{}", service.namespace, service.name),
        };
        assert_eq!(named, name);
        assert_eq!(
            service.port.unwrap().to_string(),
            port.split(' ').next().unwrap()
        );
        assert_eq!(
            found.named_by,
            [NamedBy::Objects, NamedBy::Comment, NamedBy::Hash]
        );

        // `"default/five:http -> 10.42.0.3:8080"`; a client that is kept stands twice, and counts twice.
        let mut packets: BTreeMap<String, u64> = BTreeMap::new();
        for (count, rule) in &rules[1..] {
            let (_, to) = rule.split_once(" -> ").unwrap();
            *packets
                .entry(to.split('"').next().unwrap().to_owned())
                .or_default() += count;
        }
        let even = 1.0 / packets.len() as f64;
        let led: BTreeMap<String, u64> = found
            .endpoints
            .iter()
            .map(|endpoint| {
                assert!(
                    (endpoint.probability.unwrap() - even).abs() < 1e-6,
                    "{chain}"
                );
                let address = format!("{}:{}", endpoint.ip.unwrap(), endpoint.port.unwrap());
                (address, endpoint.packets.unwrap())
            })
            .collect();
        assert_eq!(led, packets, "{chain}");
    }
    assert!(seen > 20, "{seen} chains");
}

/// Who comes: as many rules as have `-j CHAIN`.
#[test]
fn every_rule_that_leads_to_a_chain_is_named() {
    let files = fixture("iptables-nft-vxlan");
    let cluster = load(&files);
    let lines = lines(&files);
    for chain in lines.keys() {
        let jump = format!(" -j {chain}");
        let all = lines.values().flatten();
        let expected: Vec<&String> = all
            .map(|(_, rule)| rule)
            .filter(|rule| rule.ends_with(&jump))
            .collect();
        let sites = find::chain(
            &cluster,
            chain,
            &Scope {
                table: Some("nat".to_owned()),
                ..on_node1()
            },
        )
        .unwrap();
        let found = explain(&cluster, &sites).unwrap().0;
        let mut raw: Vec<&String> = found.referenced_by.iter().map(|from| &from.raw).collect();
        let mut expected = expected;
        raw.sort();
        expected.sort();
        assert_eq!(raw, expected, "{chain}");
    }
}

#[test]
fn every_chain_is_known_fits_the_screen_and_is_not_odd() {
    let cluster = load(&fixture("iptables-nft-vxlan"));
    let mut seen = 0;
    for node in ["master", "node1", "node2"] {
        for name in find::names(&cluster) {
            let scope = Scope {
                node: Some(node.to_owned()),
                ..Scope::default()
            };
            let Ok(sites) = find::chain(&cluster, name, &scope) else {
                continue;
            };
            for at in 0..sites.len() {
                let (found, wishes) = explain(&cluster, &sites[at..]).unwrap();
                seen += 1;
                assert!(found.kind.is_some(), "{name}");
                assert!(wishes.is_empty());
                assert_eq!(found.odd, Vec::<String>::new(), "{name} on {node}");
                for evidence in [false, true] {
                    let text = text(&found, evidence);
                    assert!(text.lines().all(|line| line.len() <= 80), "{text}");
                }
            }
        }
    }
    assert!(seen > 300, "{seen} chains");
}

#[test]
fn comments_name_a_chain_without_the_api_and_objects_without_comments() {
    let mut files = fixture("iptables-nft-vxlan");
    let without_comments = {
        let dump = String::from_utf8(files[RULES].clone()).unwrap();
        let lines = dump
            .lines()
            .map(|line| match line.split_once(" -m comment --comment \"") {
                Some((before, after)) if line.starts_with('[') => {
                    let (_, after) = after.split_once("\" ").unwrap_or((after, ""));
                    format!("{before} {after}\n")
                }
                _ => format!("{line}\n"),
            });
        lines.collect::<String>()
    };
    let mut bare = files.clone();
    bare.insert(RULES.to_owned(), without_comments.into_bytes());
    files.retain(|path, _| !path.starts_with("k8s/"));
    for name in [
        "KUBE-SVC-W67AXLFK7VEUVN6G",
        "KUBE-SEP-OCXELINEALZMMP27",
        "KUBE-EXT-PV4EPRVIIQ32IMYP",
    ] {
        let by_comment = explained(&load(&files), name);
        assert_eq!(
            by_comment.named_by,
            [NamedBy::Comment, NamedBy::Hash],
            "{name}"
        );
        let by_object = explained(&load(&bare), name);
        assert_eq!(
            by_object.named_by,
            [NamedBy::Objects, NamedBy::Hash],
            "{name}"
        );
        let (a, b) = (by_comment.service.unwrap(), by_object.service.unwrap());
        assert_eq!(
            (a.namespace, a.name, a.port_name),
            (b.namespace, b.name, b.port_name)
        );
    }
}

#[test]
fn what_is_odd_is_said() {
    let files = fixture("iptables-nft-vxlan");
    let with = |from: &str, to: &str| {
        let dump = String::from_utf8(files[RULES].clone()).unwrap();
        assert!(dump.contains(from), "{from}");
        let mut files = files.clone();
        files.insert(RULES.to_owned(), dump.replacen(from, to, 1).into_bytes());
        load(&files)
    };
    let svc = "KUBE-SVC-2Q3Y5UNUJ4N3CH5T";
    for (from, to, odd) in [
        (
            "--probability 0.33333333349 -j KUBE-SEP-M4C7X76TPM6EMZSI",
            "--probability 0.9 -j KUBE-SEP-M4C7X76TPM6EMZSI",
            "unequal parts",
        ),
        (
            "10.42.2.7:80\" -j KUBE-SEP-KUTIK45UKQLREH3P",
            "10.42.2.7:80\" -m statistic --mode random --probability 0.5 -j KUBE-SEP-KUTIK45UKQLREH3P",
            "16.7 % of the connections meet no rule",
        ),
        (
            "[153:9180] -A KUBE-SVC-2Q3Y5UNUJ4N3CH5T",
            "[0:0] -A KUBE-SVC-2Q3Y5UNUJ4N3CH5T",
            "got none of",
        ),
        (
            "--dport 80 -j KUBE-SVC-2Q3Y5UNUJ4N3CH5T",
            "--dport 80 -j ACCEPT",
            "no rule leads here",
        ),
    ] {
        let found = explained(&with(from, to), svc);
        assert_eq!(found.odd.len(), 1, "{:?}", found.odd);
        assert!(found.odd[0].contains(odd), "{:?}", found.odd);
    }
    // A dump that breaks off says nothing of what may follow.
    let dump = &files[RULES];
    let mut cut = files.clone();
    cut.insert(RULES.to_owned(), dump[..dump.len() - 400].to_vec());
    let found = explained(&load(&cut), "KUBE-SVL-THAONNFDF5XMLPVB");
    assert_eq!(found.odd, Vec::<String>::new());
    assert!(!found.not_seen.is_empty());
}

#[test]
fn names_are_found_by_what_tells_them_apart() {
    let cluster = load(&fixture("iptables-nft-vxlan"));
    let found = |typed: &str| find::chain(&cluster, typed, &on_node1());
    for typed in [
        "KUBE-SVC-W67AXLFK7VEUVN6G",
        "kube-svc-w67axlfk7veuvn6g",
        "Kube-Svc-W6",
    ] {
        assert_eq!(found(typed).unwrap()[0].chain, "KUBE-SVC-W67AXLFK7VEUVN6G");
    }
    // A whole name is that chain, though others begin so.
    assert_eq!(found("kube-services").unwrap().len(), 2);
    assert!(matches!(found("KUBE-SVC-"), Err(Missing::Several(names)) if names.len() > 20));
    assert!(matches!(found(""), Err(Missing::None(_))));
    assert!(matches!(found("nothing"), Err(Missing::None(_))));
}

fn kubenet(arguments: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_kubenet"))
        .args(arguments)
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (
        output.status.code().unwrap(),
        text(&output.stdout),
        text(&output.stderr),
    )
}

#[test]
fn the_program_explains_and_knows_what_was_meant() {
    let (status, out, _) = kubenet(&["--demo", "explain", "chain", "kube-svc-w67", "-o", "json"]);
    let document: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(status, 0);
    assert_eq!(document["schema"], "kubenet.explain/v1");
    assert_eq!(document["chain"], "KUBE-SVC-W67AXLFK7VEUVN6G");
    assert_eq!(document["service"]["name"], "nginx-test");
    assert_eq!(document["endpoints"].as_array().unwrap().len(), 2);

    for (typed, meant) in [
        ("KUBE-SERVICS", "KUBE-SERVICES"),
        ("kube-svx-w67", "KUBE-SVC-W67"),
        ("KUBE-SVC-W67AXLFK7VEUVN6Q", "KUBE-SVC-W67AXLFK7VEUVN6G"),
    ] {
        let (status, out, error) = kubenet(&["--demo", "explain", "chain", typed]);
        assert_eq!((status, out.as_str()), (2, ""), "{typed}");
        assert!(error.contains(&format!("did you mean {meant}")), "{error}");
    }
    let (status, _, error) = kubenet(&["--demo", "explain", "chain", "FORWARD", "--on", "nodeX"]);
    assert_eq!(status, 2);
    assert!(error.contains("no node nodeX"), "{error}");
}
