//! What a shell is offered at TAB, through the protocols of bash's script and of kubectl.
#![allow(clippy::unwrap_used)]

use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

const CLUSTER: &str = "tests/fixtures/clusters/iptables-nft-vxlan.tar.zst";

/// What bash is offered for the last word.
fn offered(words: &[&str]) -> Vec<String> {
    let output = Command::new(env!("CARGO_BIN_EXE_kubenet"))
        .env("COMPLETE", "bash")
        .env("_CLAP_IFS", "\n")
        .env("_CLAP_COMPLETE_INDEX", words.len().to_string())
        .args(["--", "kubenet"])
        .args(words)
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(str::to_owned).collect()
}

fn offered_in_cluster(words: &[&str]) -> Vec<String> {
    offered(&[&["--bundle", CLUSTER], words].concat())
}

#[test]
fn names_of_the_cluster_are_offered() {
    // As k8s/pods.json, services.json and nodes.json of the fixture have them.
    let cases: [(&[&str], &[&str]); 6] = [
        (&["trace", "client-"], &["client-1", "client-2", "client-m"]),
        (
            &["trace", "client-m", "nginx"],
            &["nginx-test", "nginx-test-1", "nginx-test-2"],
        ),
        (
            &["show", "links", "--pod", "shop/l"],
            &["shop/lb-1", "shop/lb-2"],
        ),
        (&["show", "links", "--node", "node"], &["node1", "node2"]),
        (&["show", "conntrack", "--service", "shop/u"], &["shop/udp"]),
        (
            &["show", "fdb", "--device", "fl"],
            &["flannel-v6.1", "flannel.1"],
        ),
    ];
    for (words, expected) in cases {
        assert_eq!(offered_in_cluster(words), expected, "{words:?}");
    }
}

#[test]
fn chains_are_offered_whatever_case_is_typed() {
    // The chain of default/nginx-test: Kubernetes' hash of `default/nginx-testtcp`.
    for typed in ["KUBE-SVC-W67", "kube-svc-w67"] {
        let names = offered_in_cluster(&["explain", "chain", typed]);
        assert_eq!(names, ["KUBE-SVC-W67AXLFK7VEUVN6G"], "{typed}");
    }
}

#[test]
fn kubectl_is_answered_in_its_own_protocol() {
    let directory = std::env::temp_dir().join(format!("kubenet-kubectl-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let program = directory.join("kubectl_complete-kubenet");
    symlink(Path::new(env!("CARGO_BIN_EXE_kubenet")), &program).unwrap();
    let ask = |words: &[&str]| {
        let output = Command::new(&program).args(words).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let commands = ask(&["tra"]);
    let pods = ask(&["--bundle", CLUSTER, "trace", "client-"]);
    std::fs::remove_dir_all(&directory).unwrap();
    // `NAME<TAB>DESCRIPTION` a line, then cobra's directive: no files.
    let lines: Vec<&str> = commands.lines().collect();
    assert_eq!(lines.len(), 2, "{commands}");
    assert!(
        lines[0].starts_with("trace\tSay what happens"),
        "{commands}"
    );
    assert_eq!(lines[1], ":4");
    assert_eq!(pods, "client-1\nclient-2\nclient-m\n:4\n");
}
