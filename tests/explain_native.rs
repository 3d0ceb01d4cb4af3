//! Native chains explained, on what the real kube-proxy left in its nftables mode: whose each is, who comes, where it
//! leads, and nothing odd where nothing is. What is expected is taken from the dump's own JSON, by other code than the
//! program's.

// A test that cannot go on says so by panicking.
#![allow(clippy::unwrap_used)]

mod bundle_support;

use std::collections::{BTreeMap, BTreeSet};

use bundle_support::{fixture, load};
use kubenet::explain::chain::{Explanation, explain};
use kubenet::explain::find::{self, Home, Scope};
use kubenet::explain::owner::NamedBy;
use kubenet::model::{Cluster, Family};
use kubenet::render::{Layout, explain as render};
use serde_json::Value;

const NFT: &str = "nodes/node1/host/nft.json";

fn explained(cluster: &Cluster, name: &str) -> Explanation {
    let scope = Scope {
        node: Some("node1".to_owned()),
        table: Some("ip kube-proxy".to_owned()),
        family: Some(Family::V4),
    };
    let sites = find::chain(cluster, name, &scope).unwrap();
    explain(cluster, &sites).unwrap().0
}

/// What is of one kind in kube-proxy's IPv4 table of node1.
fn objects(dump: &Value, kind: &str) -> Vec<Value> {
    let all = dump["nftables"].as_array().unwrap().iter();
    let of_kind = all.filter_map(|one| one.get(kind));
    of_kind
        .filter(|one| one["family"] == "ip" && one["table"] == "kube-proxy")
        .cloned()
        .collect()
}

/// Every string below a value.
fn strings(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => found.push(text.clone()),
        Value::Array(parts) => parts.iter().for_each(|part| strings(part, found)),
        Value::Object(parts) => parts.values().for_each(|part| strings(part, found)),
        _ => {}
    }
}

/// `[..., {"concat": ["10.42.0.3", 8080]}]`: every address with its port.
fn sockets(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Array(parts) => parts.iter().for_each(|part| sockets(part, found)),
        Value::Object(parts) => {
            if let Some([ip, port]) = parts
                .get("concat")
                .and_then(Value::as_array)
                .map(Vec::as_slice)
                && let (Some(ip), Some(port)) = (ip.as_str(), port.as_u64())
            {
                found.insert(format!("{ip}:{port}"));
            }
            parts.values().for_each(|part| sockets(part, found));
        }
        _ => {}
    }
}

#[test]
fn whose_a_chain_is_and_where_it_leads() {
    let files = fixture("nftables-vxlan");
    let dump: Value = serde_json::from_slice(&files[NFT]).unwrap();
    let cluster = load(&files);
    let mut seen = 0;
    for rule in objects(&dump, "rule") {
        let chain = rule["chain"].as_str().unwrap();
        let mut expected = BTreeSet::new();
        sockets(&rule["expr"], &mut expected);
        if !chain.starts_with("service-") || expected.is_empty() {
            continue;
        }
        seen += 1;
        let found = explained(&cluster, chain);
        // `service-E674OMPI-default/nginx-test/tcp/`.
        let parts: Vec<&str> = chain.splitn(3, '-').nth(2).unwrap().split('/').collect();
        let service = found.service.unwrap();
        assert_eq!(
            [&service.namespace, &service.name, &service.proto.unwrap()],
            [parts[0], parts[1], parts[2]]
        );
        assert_eq!(service.port_name.unwrap_or_default(), parts[3]);
        assert_eq!(
            found.named_by,
            [NamedBy::Objects, NamedBy::Name, NamedBy::Hash]
        );
        let even = 1.0 / expected.len() as f64;
        let led = found.endpoints.iter().map(|endpoint| {
            assert!(
                (endpoint.probability.unwrap() - even).abs() < 1e-9,
                "{chain}"
            );
            format!("{}:{}", endpoint.ip.unwrap(), endpoint.port.unwrap())
        });
        assert_eq!(led.collect::<BTreeSet<_>>(), expected, "{chain}");
    }
    assert!(seen > 20, "{seen} chains");
}

/// Who comes: a chain is named by rules, and by elements of the maps that rules look into.
#[test]
fn everything_that_leads_to_a_chain_is_named() {
    let files = fixture("nftables-vxlan");
    let dump: Value = serde_json::from_slice(&files[NFT]).unwrap();
    let cluster = load(&files);
    let mut expected: BTreeMap<String, usize> = BTreeMap::new();
    let chains: BTreeSet<String> = objects(&dump, "chain")
        .iter()
        .map(|chain| chain["name"].as_str().unwrap().to_owned())
        .collect();
    let mut count = |value: &Value| {
        let mut found = Vec::new();
        strings(value, &mut found);
        for name in found.into_iter().filter(|name| chains.contains(name)) {
            *expected.entry(name).or_default() += 1;
        }
    };
    for rule in objects(&dump, "rule") {
        count(&rule["expr"]);
    }
    for map in objects(&dump, "map") {
        count(&map["elem"]);
    }
    for chain in &chains {
        let found = explained(&cluster, chain);
        let expected = expected.get(chain).copied().unwrap_or_default();
        assert_eq!(found.referenced_by.len(), expected, "{chain}");
    }
}

#[test]
fn every_chain_is_known_fits_the_screen_and_is_not_odd() {
    let cluster = load(&fixture("nftables-vxlan"));
    let sites = find::sites(&cluster, &Scope::default());
    let native = sites
        .iter()
        .filter(|site| matches!(site.home, Home::Native(_)));
    let mut seen = 0;
    for site in native {
        seen += 1;
        let (found, _) = explain(&cluster, &[*site]).unwrap();
        assert!(found.kind.is_some(), "{}", site.chain);
        assert_eq!(found.odd, Vec::<String>::new(), "{}", site.chain);
        for evidence in [false, true] {
            let mut out = Vec::new();
            let options = render::Options {
                layout: Layout::PLAIN,
                evidence,
            };
            render::chain(&found, &options, &mut out).unwrap();
            let text = anstream::adapter::strip_str(&String::from_utf8(out).unwrap()).to_string();
            assert!(text.lines().all(|line| line.len() <= 80), "{text}");
        }
    }
    assert!(seen > 150, "{seen} chains");
}

/// What the rules of a few chains say, by what `nft list` prints of them: `ip daddr @cluster-ips ip saddr !=
/// 10.42.0.0/16 meta mark set meta mark | 0x4000`, and so on.
#[test]
fn rules_are_said_in_words() {
    let cluster = load(&fixture("nftables-vxlan"));
    for (chain, rule, text) in [
        (
            "services",
            1,
            "to an entry of set cluster-ips from others than 10.42.0.0/16: mark 0x4000 is set",
        ),
        (
            "masquerading",
            1,
            "with mark 0x4000: mark is flipped by 0x4000, source becomes this node's address on the device it leaves \
             by, with a random port",
        ),
        ("cluster-ips-check", 2, "to 10.43.0.0/16: dropped, silently"),
        (
            "filter-input",
            1,
            "of a connection that is new: to nodeport-endpoints-check",
        ),
        (
            "external-5TSFBJE4-default/np-local/tcp/http",
            2,
            "whose source is an address of this node: mark 0x4000 is set",
        ),
        (
            "endpoint-FVYKJRBK-default/aff/tcp/http__10.42.2.9/80",
            2,
            "tcp: destination becomes 10.42.2.9:80",
        ),
    ] {
        let found = explained(&cluster, chain);
        assert_eq!(found.rules[rule - 1].text, text);
    }
}

#[test]
fn what_is_odd_is_said() {
    let files = fixture("nftables-vxlan");
    let chain = "service-E674OMPI-default/nginx-test/tcp/";
    let with = |change: &dyn Fn(&mut Value)| {
        let mut dump: Value = serde_json::from_slice(&files[NFT]).unwrap();
        change(&mut dump);
        let mut files = files.clone();
        files.insert(NFT.to_owned(), serde_json::to_vec(&dump).unwrap());
        explained(&load(&files), chain).odd
    };
    // One of two numbers has no endpoint any more.
    let cut = |dump: &mut Value| {
        let all = dump["nftables"].as_array_mut().unwrap();
        let mut rules = all.iter_mut().filter_map(|one| one.get_mut("rule"));
        let rule = rules.find(|rule| rule["family"] == "ip" && rule["chain"] == chain);
        let text = rule.as_ref().unwrap()["expr"].to_string();
        let longer = text.replace("\"mod\":2", "\"mod\":4");
        assert_ne!(text, longer);
        rule.unwrap()["expr"] = serde_json::from_str(&longer).unwrap();
    };
    let odd = with(&cut);
    assert_eq!(odd.len(), 1, "{odd:?}");
    assert!(odd[0].starts_with("50 % of the connections draw a number"));
    // No map leads there any more.
    let unreached = |dump: &mut Value| {
        let text = dump.to_string();
        let goto = format!("{{\"goto\":{{\"target\":\"{chain}\"}}}}");
        assert!(text.contains(&goto));
        *dump = serde_json::from_str(&text.replace(&goto, "{\"drop\":null}")).unwrap();
    };
    assert_eq!(
        with(&unreached),
        ["nothing leads here: no packet ever comes"]
    );
}
