//! Ports of the nodes, external IPs and selectors: a captured cluster in which one line was changed, as the fault would.

#![allow(clippy::unwrap_used)]

mod captured;

use captured::{Folder, archive, files};
use kubenet::check;
use kubenet::collect::bundle;

const RULES: &str = "nodes/node1/host/iptables-save.txt";
const SOCKETS: &str = "nodes/node1/host/sockets.txt";
const SERVICES: &str = "k8s/services.json";
const PODS: &str = "k8s/pods.json";

/// What is found besides what the cluster has on purpose, once each line of a file was changed; none stands for a line that
/// is not there any more.
fn found(name: &str, file: &str, change: impl Fn(&str) -> Option<String>) -> Vec<String> {
    let mut all = files(&archive("iptables-nft-vxlan"));
    let text = String::from_utf8(all.remove(file).unwrap()).unwrap();
    let lines: Vec<String> = text.lines().filter_map(change).collect();
    let changed = lines.join("\n") + "\n";
    assert_ne!(changed, text, "{name}: nothing was changed");
    all.insert(file.to_owned(), changed.into_bytes());
    let folder = Folder::new(&format!("check-ports-{name}"), &all);
    let cluster = bundle::load(std::slice::from_ref(&folder.0)).unwrap();
    let findings = check::everything(&cluster).findings;
    let mut ids: Vec<String> = findings
        .into_iter()
        .filter(|one| !one.title.ends_with("Service default/noep asks for"))
        .map(|one| one.id)
        .collect();
    ids.dedup();
    ids
}

/// Changes a text wherever it stands.
fn instead(of: &'static str, other: &'static str) -> impl Fn(&str) -> Option<String> {
    move |line| Some(line.replace(of, other))
}

#[test]
fn a_host_port_that_no_rule_translates() {
    let without =
        |text: &'static str| move |line: &str| (!line.contains(text)).then(|| line.to_owned());
    let one = without("--dport 8088 -j DNAT");
    assert_eq!(found("translation", RULES, one), ["host-port-missing"]);
    let jump = without("-A PREROUTING -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT");
    assert_eq!(found("jump", RULES, jump), ["host-port-missing"]);
}

#[test]
fn a_host_port_that_leads_to_a_pod_which_is_gone() {
    let moved = instead("10.42.1.9:5353", "10.42.1.99:5353");
    assert_eq!(
        found("gone", RULES, moved),
        ["host-port-missing", "host-port-stale"]
    );
}

#[test]
fn a_host_port_that_is_a_node_port() {
    let taken = found(
        "taken",
        PODS,
        instead("\"hostPort\": 8088", "\"hostPort\": 30080"),
    );
    assert!(taken.contains(&"host-port-taken".to_owned()), "{taken:?}");
}

#[test]
fn a_node_port_on_which_a_program_listens() {
    let listens = |program: &'static str| {
        move |line: &str| {
            let held = "tcp LISTEN 0 128 0.0.0.0:30080 0.0.0.0:* ";
            Some(
                match line.contains(":8472 ") && line.contains("0.0.0.0:*") {
                    true => format!("{line}\n{held}{program}"),
                    false => line.to_owned(),
                },
            )
        }
    };
    let others = listens("users:((\"python3\",pid=7,fd=3))");
    assert_eq!(found("python", SOCKETS, others), ["node-port-in-use"]);
    // Whose it is was not read; kube-proxy, if it held NodePorts, would hold all of them.
    assert_eq!(found("unnamed", SOCKETS, listens("")), ["node-port-in-use"]);
    let its_own = listens("users:((\"kube-proxy\",pid=7,fd=3))");
    assert_eq!(found("kube-proxy", SOCKETS, its_own), Vec::<String>::new());
}

#[test]
fn an_external_ip_that_is_somebodys() {
    for (name, ip) in [("pod", "10.42.1.6"), ("service", "10.43.6.58")] {
        let ids = found(name, SERVICES, move |line| {
            let line = line.replace("192.168.205.230", ip);
            Some(line.replace("\"port\": 8000", "\"port\": 80"))
        });
        assert!(
            ids.contains(&"external-ip-taken".to_owned()),
            "{name}: {ids:?}"
        );
    }
    let free = found(
        "free",
        SERVICES,
        instead("192.168.205.230", "192.168.205.231"),
    );
    assert!(!free.contains(&"external-ip-taken".to_owned()), "{free:?}");
}

#[test]
fn a_selector_that_no_pod_has() {
    let ids = found(
        "selector",
        SERVICES,
        instead("\"app\": \"single\"", "\"app\": \"simple\""),
    );
    // The endpoints in the dump are still those of the old selector: nothing is said as long as there are some.
    assert_eq!(ids, Vec::<String>::new());
}
