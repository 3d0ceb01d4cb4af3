//! `services`, `pods`, `nodes` from an API server: whole lists, page by page.

use super::program::{json, kubenet, names, recorded_names, said};
use super::recorded::{Recorded, status};
use super::server::{Reply, Server};

const CLUSTER: &str = "iptables-nft-vxlan";

#[test]
fn every_object_of_every_page_is_listed() {
    let recorded = Recorded::of(CLUSTER);
    let expected = ["services", "pods", "nodes"].map(|list| recorded_names(recorded.items(list)));
    assert!(expected[0].len() > 14, "several pages");
    let server = Server::start(move |question| recorded.answer(question));
    let config = server.kubeconfig();
    for (list, expected) in ["services", "pods"].into_iter().zip(expected) {
        let (document, _) = json(&config, &[list]);
        let mut found = names(&document, list);
        found.sort();
        assert_eq!(found, expected, "{list}");
    }
    let (nodes, _) = json(&config, &["nodes"]);
    let found = names(&nodes, "nodes");
    for node in ["master", "node1", "node2"] {
        assert!(found.iter().any(|name| name == node), "{found:?}");
    }
    let asked = server.asked();
    assert!(
        asked
            .iter()
            .any(|path| path.contains("continue=token%2F%3D7")),
        "{asked:?}"
    );
}

#[test]
fn only_what_a_command_needs_is_asked_for() {
    let recorded = Recorded::of(CLUSTER);
    let server = Server::start(move |question| recorded.answer(question));
    json(&server.kubeconfig(), &["nodes"]);
    assert_eq!(server.asked(), ["/api/v1/nodes?limit=500"]);

    let recorded = Recorded::of(CLUSTER);
    let server = Server::start(move |question| recorded.answer(question));
    let (services, _) = json(&server.kubeconfig(), &["services", "-n", "kube-system"]);
    assert_eq!(names(&services, "services"), ["kube-system/kube-dns"]);
    assert_eq!(
        server.asked(),
        [
            "/api/v1/namespaces/kube-system/services?limit=500",
            "/apis/discovery.k8s.io/v1/namespaces/kube-system/endpointslices?limit=500"
        ]
    );
}

/// A list whose first pages are no longer kept is read anew, whole, as client-go's pager does.
#[test]
fn an_expired_list_is_begun_anew() {
    let recorded = Recorded::of(CLUSTER);
    let expected = recorded_names(recorded.items("services"));
    let server = Server::start(move |question| {
        if question
            .query
            .get("continue")
            .is_some_and(|token| token.ends_with("14"))
        {
            return status(
                410,
                "Expired",
                "The provided continue parameter is too old to display a consistent list result.",
            );
        }
        recorded.answer(question)
    });
    let (services, said) = json(&server.kubeconfig(), &["services"]);
    let mut found = names(&services, "services");
    found.sort();
    assert_eq!(found, expected);
    assert!(!said.contains("not read"), "{said}");
}

/// A list whose pages lead back to themselves comes to an end, and it is said.
#[test]
fn pages_without_end_are_left() {
    let page = r#"{"kind":"NodeList","apiVersion":"v1","metadata":{"continue":"x"},"items":[
        {"metadata":{"name":"n1"},"status":{}}]}"#;
    let server = Server::start(move |_| Reply::Json(200, page.to_owned()));
    let (nodes, said) = json(&server.kubeconfig(), &["nodes"]);
    assert!(names(&nodes, "nodes").contains(&"n1".to_owned()));
    assert!(said.contains("does not end"), "{said}");
}

#[test]
fn the_table_names_what_the_json_names() {
    let recorded = Recorded::of(CLUSTER);
    let server = Server::start(move |question| recorded.answer(question));
    let output = kubenet(&["services", "--kubeconfig"])
        .arg(server.kubeconfig())
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    assert!(
        text.contains("kube-dns") && text.contains("10.43.0.10"),
        "{text}"
    );
    assert_eq!(said(&output), "");
}
