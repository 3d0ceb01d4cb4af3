//! `trace --dns`: what a pod's resolver asks, and whether its queries arrive. Expected values follow from resolv.conf(5),
//! the Kubernetes DNS specification and what was changed in the dumps.
#![allow(clippy::unwrap_used)]

mod captured;

use std::process::{Command, Output};

use captured::{Files, Folder};
use serde_json::{Value, json};

const RESOLV_CONF: &str = "nodes/master/pods/default_client/resolv.conf";
const RULES: &str = "nodes/master/host/iptables-save.txt";

/// The built-in cluster with some files changed.
struct Bundle(Folder);

impl Bundle {
    fn of(name: &str, files: &Files) -> Self {
        Self(Folder::new(&format!("dns-{name}"), files))
    }

    /// With this text as the client's resolv.conf.
    fn resolving_by(name: &str, text: &str) -> Self {
        let mut files = captured::demo();
        let old = files.insert(RESOLV_CONF.to_owned(), text.as_bytes().to_vec());
        assert!(old.is_some(), "{RESOLV_CONF} is where it was");
        Self::of(name, &files)
    }

    fn ask(&self, arguments: &[&str]) -> (i32, Value) {
        let path = self.0.0.to_str().unwrap();
        document(&run(&[&["--bundle", path], arguments].concat()))
    }
}

fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_kubenet"))
        .args(["trace", "client"])
        .args(arguments)
        .args(["--dns", "-o", "json"])
        .output()
        .unwrap()
}

fn document(output: &Output) -> (i32, Value) {
    let text = String::from_utf8_lossy(&output.stdout);
    let document =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {text}"));
    (output.status.code().unwrap(), document)
}

/// The names that are asked, and what comes of each.
fn queries(document: &Value) -> Vec<(&str, &str)> {
    let queries = document["dns"]["queries"].as_array().unwrap();
    queries
        .iter()
        .map(|query| {
            (
                query["name"].as_str().unwrap(),
                query["answer"].as_str().unwrap(),
            )
        })
        .collect()
}

/// Of each query that is sent: its protocol, the server, and what becomes of it.
fn ways(document: &Value) -> Vec<Value> {
    let traces = document["dns"]["traces"].as_array().unwrap();
    traces
        .iter()
        .map(|trace| {
            json!([
                trace["flow"]["proto"],
                trace["flow"]["to"]["ip"],
                trace["flow"]["to"]["port"],
                trace["verdict"]
            ])
        })
        .collect()
}

#[test]
fn a_short_name_is_found_in_the_pods_own_namespace() {
    let (status, document) = document(&run(&["nginx-test", "--demo"]));
    assert_eq!(
        queries(&document),
        [("nginx-test.default.svc.cluster.local", "found")]
    );
    assert_eq!(
        ways(&document),
        [
            json!(["udp", "10.43.0.10", 53, "delivered"]),
            json!(["tcp", "10.43.0.10", 53, "delivered"])
        ]
    );
    assert_eq!(document["flow"]["to"]["ip"], "10.43.6.58");
    assert_eq!(status, 0);
}

#[test]
fn a_name_with_a_namespace_is_found_at_the_second_try() {
    let (status, document) = document(&run(&[
        "kube-dns.kube-system",
        "--port",
        "9153",
        "--proto",
        "tcp",
        "--demo",
    ]));
    assert_eq!(
        queries(&document),
        [
            ("kube-dns.kube-system.default.svc.cluster.local", "missing"),
            ("kube-dns.kube-system.svc.cluster.local", "found")
        ]
    );
    assert_eq!(status, 0);
}

#[test]
fn with_few_ndots_a_name_is_asked_as_it_is_first() {
    let text = "nameserver 10.43.0.10\nsearch svc.cluster.local\noptions ndots:1\n";
    let (_, document) = Bundle::resolving_by("ndots", text).ask(&["nginx-test.default"]);
    let asked = queries(&document);
    // Nobody knows what the world outside has for it.
    assert_eq!(asked[0], ("nginx-test.default", "unknown"));
    assert_eq!(asked[1], ("nginx-test.default.svc.cluster.local", "found"));
}

#[test]
fn a_name_that_no_search_domain_completes_is_not_there() {
    let text = "nameserver 10.43.0.10\nsearch other.svc.cluster.local\noptions ndots:5\n";
    let (status, document) = Bundle::resolving_by("search", text).ask(&["nginx-test"]);
    let asked = queries(&document);
    assert_eq!(
        asked[0],
        ("nginx-test.other.svc.cluster.local", "missing"),
        "{asked:?}"
    );
    // Then the name alone, of which only the servers of the world can tell.
    assert_eq!(asked[1..], [("nginx-test", "unknown")]);
    assert_eq!(status, 3);
}

#[test]
fn a_server_that_is_not_the_clusters_may_answer_anything() {
    let text = "nameserver 10.43.0.99\nsearch default.svc.cluster.local\noptions ndots:5\n";
    let (status, document) = Bundle::resolving_by("stranger", text).ask(&["nginx-test"]);
    for (_, answer) in queries(&document) {
        assert_eq!(answer, "unknown");
    }
    assert_eq!(ways(&document)[0][1], "10.43.0.99");
    // The queries leave the cluster for an address that nobody has: certain, or not known, but never fine.
    assert_ne!(status, 0);
}

#[test]
fn a_server_of_a_family_that_the_pod_lacks_is_not_asked() {
    let text = "nameserver fd00::10\nnameserver 10.43.0.10\nsearch default.svc.cluster.local\n";
    let (_, document) = Bundle::resolving_by("family", text).ask(&["nginx-test"]);
    let missing = document["dns"]["missing"].as_array().unwrap();
    assert!(
        missing[0]
            .as_str()
            .unwrap()
            .starts_with("fd00::10 is not asked: "),
        "{missing:?}"
    );
    assert_eq!(missing.len(), 1);
    assert_eq!(ways(&document).len(), 2);
}

#[test]
fn a_server_that_no_query_reaches_fails_the_name() {
    let mut files = captured::demo();
    let rules = String::from_utf8(files[RULES].clone()).unwrap();
    let first = "-A FORWARD ";
    let at = rules.find(first).unwrap();
    // The counters that stand before the rule.
    let at = rules[..at].rfind('\n').unwrap() + 1;
    let drop = "-A FORWARD -p udp -m udp --dport 53 -j DROP\n";
    let changed = [&rules[..at], drop, &rules[at..]].concat();
    files.insert(RULES.to_owned(), changed.into_bytes());
    let (status, document) = Bundle::of("dropped", &files).ask(&["nginx-test"]);
    assert_eq!(
        ways(&document),
        [
            json!(["udp", "10.43.0.10", 53, "dropped"]),
            json!(["tcp", "10.43.0.10", 53, "delivered"])
        ]
    );
    assert_eq!(status, 1);
}

#[test]
fn without_a_resolv_conf_nothing_is_supposed() {
    let mut files = captured::demo();
    assert!(files.remove(RESOLV_CONF).is_some());
    let (status, document) = Bundle::of("none", &files).ask(&["nginx-test"]);
    let missing = document["dns"]["missing"][0].as_str().unwrap();
    assert!(missing.contains("resolv.conf was not read"), "{missing}");
    assert_eq!(document["dns"]["queries"], json!([]));
    assert_eq!(status, 3);
}
