//! An API server that refuses, is slow, breaks off, or is none: what is known is shown, and what is not is said.

use std::time::{Duration, Instant};

use super::program::{json, kubenet, names, said};
use super::recorded::{Recorded, forbidden, status};
use super::server::{Question, Reply, Server, config};

const CLUSTER: &str = "iptables-nft-vxlan";

fn is(question: &Question, resource: &str) -> bool {
    question.path.ends_with(&format!("/{resource}"))
}

/// Who may not read the EndpointSlices still sees the Services.
#[test]
fn a_refusal_says_what_rbac_has_to_allow() {
    let recorded = Recorded::of(CLUSTER);
    let server = Server::start(move |question| match is(question, "endpointslices") {
        true => forbidden("endpointslices"),
        false => recorded.answer(question),
    });
    let (services, said) = json(&server.kubeconfig(), &["services"]);
    assert!(names(&services, "services").len() > 14);
    let ready = &services["services"][0]["ready_endpoints"];
    assert!(ready.is_null(), "not known: {ready}");
    for word in ["jane", "list", "endpointslices.discovery.k8s.io"] {
        assert!(said.contains(word), "{word}: {said}");
    }
}

/// An account that may read but its own namespace, as service accounts often may.
#[test]
fn who_may_not_list_all_namespaces_gets_the_contexts_own() {
    let recorded = Recorded::of(CLUSTER);
    let server = Server::start(
        move |question| match question.path.contains("/namespaces/") {
            true => recorded.answer(question),
            false => forbidden("services"),
        },
    );
    let (services, said) = json(&server.kubeconfig(), &["services"]);
    let found = names(&services, "services");
    assert!(
        found.contains(&"default/nginx-test".to_owned()),
        "{found:?}"
    );
    assert!(
        found.iter().all(|name| name.starts_with("default/")),
        "{found:?}"
    );
    assert!(said.contains("in all namespaces"), "{said}");
}

#[test]
fn a_slow_answer_is_not_waited_for_when_nobody_asked() {
    let recorded = Recorded::of(CLUSTER);
    let server = Server::start(move |question| match is(question, "endpointslices") {
        true => Reply::Silence,
        false => recorded.answer(question),
    });
    let before = Instant::now();
    let output = kubenet(&["services", "-o", "json"])
        .env("KUBECONFIG", server.kubeconfig())
        .output()
        .unwrap();
    assert!(before.elapsed() < Duration::from_secs(10));
    let document = serde_json::from_slice(&output.stdout).unwrap();
    assert!(names(&document, "services").len() > 14);
    assert!(
        said(&output).contains("endpointslices: no answer in time"),
        "{}",
        said(&output)
    );
}

/// What came of an answer before it broke off is used.
#[test]
fn a_cut_answer_is_used_as_far_as_it_came() {
    let recorded = Recorded::of(CLUSTER);
    let all = recorded.items("nodes").len();
    let server = Server::start(move |question| {
        let Reply::Json(200, mut text) = recorded.answer(question) else {
            panic!();
        };
        text.truncate(text.rfind("\"spec\"").unwrap());
        Reply::Cut(text)
    });
    let (nodes, said) = json(&server.kubeconfig(), &["nodes"]);
    let found = names(&nodes, "nodes");
    let known = found
        .iter()
        .filter(|name| ["master", "node1", "node2"].contains(&name.as_str()));
    assert_eq!(known.count(), all - 1, "{found:?}");
    assert!(said.contains("broke off"), "{said}");
}

#[test]
fn garbage_is_no_object_and_no_panic() {
    for text in [
        "",
        "<html>Bad Gateway</html>",
        "null",
        "[]",
        "{}",
        "\u{0}\u{1b}[31m",
        "{\"items\":3}",
        "{\"kind\":\"ServiceList\",\"items\":[1,{\"metadata\":{}},{\"metadata\":{\"name\":\"a\"},\"spec\":[]}]}",
    ] {
        let server = Server::start(move |_| Reply::Json(200, text.to_owned()));
        let output = kubenet(&["services", "--kubeconfig"])
            .arg(server.kubeconfig())
            .output()
            .unwrap();
        assert!(
            matches!(output.status.code(), Some(0 | 2)),
            "{text}: {output:?}"
        );
        assert!(
            !output.stderr.contains(&0x1b) && !output.stderr.contains(&0),
            "{text}"
        );
        if !text.contains("List") {
            assert!(!output.stderr.is_empty(), "{text:?} is no list of Services");
        }
    }
}

/// Status, what it is said to be.
#[test]
fn every_status_is_said() {
    let cases = [
        (401, "Unauthorized", "credentials"),
        (500, "etcdserver: leader changed", "leader changed"),
        (503, "the server is currently unable", "503"),
        (429, "too many requests", "429"),
    ];
    for (code, message, expected) in cases {
        let server = Server::start(move |_| status(code, "Whatever", message));
        let output = kubenet(&["services", "--kubeconfig"])
            .arg(server.kubeconfig())
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(2), "nothing was read");
        assert!(
            said(&output).contains(expected),
            "{code}: {}",
            said(&output)
        );
    }
}

#[test]
fn a_server_that_is_not_there_is_a_failure_only_where_it_was_named() {
    let server = Server::start(|_| Reply::Close);
    let dead = server.file("dead", &config("http://127.0.0.1:1"));
    let output = kubenet(&["services", "--kubeconfig"])
        .arg(&dead)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output).contains("refused"), "{}", said(&output));
    let output = kubenet(&["services"])
        .env("KUBECONFIG", &dead)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert!(said(&output).contains("127.0.0.1:1"), "{}", said(&output));
    let closes = server.kubeconfig();
    let output = kubenet(&["services", "--kubeconfig"])
        .arg(closes)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
}
