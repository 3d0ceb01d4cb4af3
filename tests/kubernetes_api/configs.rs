//! Kubeconfigs as kubectl reads them.

use std::time::{Duration, Instant};

use super::program::{json, kubenet, names, said};
use super::recorded::Recorded;
use super::server::{Reply, Server, config};

#[test]
fn a_context_that_is_not_there_is_answered_with_those_that_are() {
    let server = Server::start(|_| Reply::Close);
    let output = kubenet(&["services", "--context", "prod", "--kubeconfig"])
        .arg(server.kubeconfig())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = said(&output);
    assert!(
        said.contains("prod") && said.contains("here, shop"),
        "{said}"
    );
}

#[test]
fn what_is_no_kubeconfig_is_said() {
    let server = Server::start(|_| Reply::Close);
    for text in ["", "a: [", "kind: Config\n", "- 1\n- 2\n", "\u{1}"] {
        let file = server.file("bad", text);
        let output = kubenet(&["services", "--kubeconfig"])
            .arg(&file)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(2), "{text:?}");
        assert!(said(&output).contains("/bad"), "{}", said(&output));
    }
    let output = kubenet(&["services", "--kubeconfig", "/nonexistent/config"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    let output = kubenet(&["services", "--context", "any"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output).contains("no kubeconfig"), "{}", said(&output));
}

/// KUBECONFIG is a list: the first file's context is current, the second one's cluster is found.
#[test]
fn files_of_kubeconfig_are_merged() {
    let recorded = Recorded::of("iptables-nft-vxlan");
    let server = Server::start(move |question| recorded.answer(question));
    let whole = server.kubeconfig();
    let first = server.file(
        "first",
        "apiVersion: v1\nkind: Config\ncurrent-context: shop\n",
    );
    let list =
        std::env::join_paths([first.as_path(), "/nonexistent/third".as_ref(), &whole]).unwrap();
    let output = kubenet(&["nodes", "-o", "json"])
        .env("KUBECONFIG", list)
        .output()
        .unwrap();
    let nodes = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(server.asked().len(), 1, "{}", said(&output));
    assert!(
        !names(&nodes, "nodes").contains(&"node1".to_owned()),
        "this machine is none of them"
    );
    assert!(
        said(&output).contains("none of the nodes"),
        "{}",
        said(&output)
    );
}

#[test]
fn the_home_directory_has_one_too() {
    let recorded = Recorded::of("iptables-nft-vxlan");
    let server = Server::start(move |question| recorded.answer(question));
    let file = server.file("home/.kube/config", &config(&server.url));
    let home = file.parent().unwrap().parent().unwrap();
    let output = kubenet(&["services", "-o", "json"])
        .env("HOME", home)
        .output()
        .unwrap();
    let services = serde_json::from_slice(&output.stdout).unwrap();
    assert!(names(&services, "services").contains(&"kube-system/kube-dns".to_owned()));
}

/// The credentials that a program prints: used, and when the program fails its output is not shown.
#[test]
fn credentials_of_a_program() {
    let recorded = Recorded::of("iptables-nft-vxlan");
    let server = Server::start(move |question| recorded.answer(question));
    let with = |script: &str| {
        let token = "    token: secret-token\n";
        let exec = format!(
            "    exec:\n      apiVersion: client.authentication.k8s.io/v1\n      command: sh\n      interactiveMode: Never\n      \
             args: [\"-c\", '{script}']\n"
        );
        server.file("exec", &config(&server.url).replace(token, &exec))
    };
    let good = with(
        "echo \"{\\\"apiVersion\\\":\\\"client.authentication.k8s.io/v1\\\",\\\"kind\\\":\\\"ExecCredential\\\",\\\"status\\\":\
         {\\\"token\\\":\\\"secret-token\\\"}}\"",
    );
    let (nodes, _) = json(&good, &["nodes"]);
    assert!(names(&nodes, "nodes").contains(&"node1".to_owned()));
    let bad = with("echo hidden-token; echo you have to log in >&2; exit 3");
    let output = kubenet(&["services", "--kubeconfig"])
        .arg(&bad)
        .output()
        .unwrap();
    let said = said(&output);
    assert!(
        said.contains("you have to log in") && !said.contains("hidden-token"),
        "{said}"
    );
    let slow = with("sleep 20");
    let before = Instant::now();
    let output = kubenet(&["services"])
        .env("KUBECONFIG", &slow)
        .output()
        .unwrap();
    assert!(before.elapsed() < Duration::from_secs(10));
    assert_eq!(output.status.code(), Some(0));
}
