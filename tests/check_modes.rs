//! What kube-proxy's IPVS and nftables modes need of a node, and what one mode leaves for another: captured clusters in which
//! one thing is changed on node1 as it happens in life. It is named, on that node, and nothing else is.

#![allow(clippy::unwrap_used)]

mod bundle_support;

use std::collections::BTreeSet;

use bundle_support::{Files, fixture, load};
use kubenet::check;
use rstest::rstest;
use serde_json::{Value, json};

const HOST: &str = "nodes/node1/host";

/// `ID on NODE` of everything that is found on a node. (These clusters have a Service without endpoints on purpose, which is
/// an object of the API and on no node.)
fn found(files: &Files) -> BTreeSet<String> {
    let report = check::everything(&load(files));
    let findings = report.findings.into_iter();
    findings
        .filter(|finding| finding.place.node.is_some())
        .map(|finding| {
            assert!(!finding.evidence.is_empty(), "{}", finding.id);
            assert!(!finding.fix.is_empty(), "{}", finding.id);
            let node = finding.place.node.unwrap_or_default();
            format!("{} on {node}", finding.id)
        })
        .collect()
}

fn expected(ids: &[&str]) -> BTreeSet<String> {
    ids.iter().map(|id| format!("{id} on node1")).collect()
}

fn text(files: &Files, name: &str) -> String {
    String::from_utf8(files[&format!("{HOST}/{name}")].clone()).unwrap()
}

fn put(files: &mut Files, name: &str, text: impl Into<Vec<u8>>) {
    files.insert(format!("{HOST}/{name}"), text.into());
}

/// Lines of a dump that have a text become another, or go where there is none.
#[rstest]
#[case::conntrack("sysctl.txt", "net.ipv4.vs.conntrack = 1", Some("net.ipv4.vs.conntrack = 0"), &["ipvs-conntrack-off"])]
#[case::expire(
    "sysctl.txt", "net.ipv4.vs.expire_nodest_conn = 1", Some("net.ipv4.vs.expire_nodest_conn = 0"),
    &["ipvs-expire-nodest-conn-off"]
)]
#[case::cluster_ip_set("ipset.txt", "add KUBE-CLUSTER-IP 10.43.6.58,tcp:80", None, &["ipvs-set-lacks-service"])]
#[case::loop_back_set("ipset.txt", "add KUBE-LOOP-BACK 10.42.1.6,tcp:80", None, &["ipvs-loop-back-set-lacks"])]
#[case::weight(
    "ipvs.txt", "-a -t 10.43.6.58:80 -r 10.42.1.6:80 -m -w 1", Some("-a -t 10.43.6.58:80 -r 10.42.1.6:80 -m -w 0"),
    &["endpoint-weight-zero"]
)]
#[case::uneven_is_nothing_to_rr(
    "ipvs.txt", "-a -t 10.43.6.58:80 -r 10.42.1.6:80 -m -w 1", Some("-a -t 10.43.6.58:80 -r 10.42.1.6:80 -m -w 5"), &[]
)]
#[case::real_server("ipvs.txt", "-a -t 10.43.6.58:80 -r 10.42.1.6:80", None, &["endpoint-missing"])]
#[case::foreign_real_server(
    "ipvs.txt", "-a -t 10.43.6.58:80 -r 10.42.1.6:80 -m -w 1", Some("-a -t 10.43.6.58:80 -r 10.42.1.99:80 -m -w 1"),
    &["endpoint-missing", "endpoint-stale"]
)]
#[case::virtual_server("ipvs.txt", " 10.43.6.58:80 ", None, &["service-not-programmed"])]
#[case::stale_virtual_server(
    "ipvs.txt", "-A -t 10.43.6.58:80 -s rr", Some("-A -t 10.43.6.58:81 -s rr\n-A -t 10.43.6.58:80 -s rr"),
    &["ipvs-server-stale"]
)]
fn lines_of_an_ipvs_node(
    #[case] file: &str,
    #[case] line: &str,
    #[case] becomes: Option<&str>,
    #[case] ids: &[&str],
) {
    let mut files = fixture("ipvs-rr-vxlan");
    assert_eq!(found(&files), BTreeSet::new(), "healthy");
    let before = text(&files, file);
    // ipvsadm prints a line's end behind an address that is a name's only.
    let has = |text: &str| format!("{text} ").contains(line);
    let changed = before.lines().filter(|one| has(one)).count();
    assert!(changed > 0, "{line} is not in {file}");
    let after: Vec<String> = before
        .lines()
        .filter_map(|one| match (has(one), becomes) {
            (false, _) => Some(one.to_owned()),
            (true, Some(new)) => Some(one.replace(line, new)),
            (true, None) => None,
        })
        .collect();
    put(&mut files, file, after.join("\n") + "\n");
    assert_eq!(found(&files), expected(ids));
}

/// The addresses of kube-ipvs0.
#[rstest]
#[case::gone("10.43.6.58", None, &["ipvs-address-missing"])]
#[case::no_services(
    "10.43.6.58", Some(&["10.43.6.58", "10.43.99.99"][..]), &["ipvs-server-stale"]
)]
#[case::a_nodes(
    "10.43.6.58", Some(&["10.43.6.58", "192.168.205.5"][..]), &["ipvs-address-of-a-node", "ipvs-server-stale"]
)]
fn addresses_of_an_ipvs_node(
    #[case] address: &str,
    #[case] becomes: Option<&[&str]>,
    #[case] ids: &[&str],
) {
    let mut files = fixture("ipvs-rr-vxlan");
    let mut links: Value = serde_json::from_str(&text(&files, "addrs.json")).unwrap();
    let device = links.as_array_mut().unwrap().iter_mut();
    let mut device = device.filter(|link| link["ifname"] == "kube-ipvs0");
    let addresses = device.next().unwrap()["addr_info"].as_array_mut().unwrap();
    let at = addresses
        .iter()
        .position(|one| one["local"] == address)
        .unwrap();
    let one = addresses.remove(at);
    for ip in becomes.into_iter().flatten() {
        let mut other = one.clone();
        other["local"] = json!(ip);
        addresses.push(other);
    }
    put(&mut files, "addrs.json", links.to_string());
    // What is only there because of the address: packets to it no longer come to this node.
    let found: BTreeSet<String> = found(&files)
        .into_iter()
        .filter(|one| one.contains("ipvs"))
        .collect();
    assert_eq!(found, expected(ids));
}

/// A change of node1's ruleset of nftables: of the one object that it is for, or of all.
fn with_rules(change: impl Fn(&mut Vec<Value>)) -> BTreeSet<String> {
    let mut files = fixture("nftables-vxlan");
    assert_eq!(found(&files), BTreeSet::new(), "healthy");
    let mut dump: Value = serde_json::from_str(&text(&files, "nft.json")).unwrap();
    let before = dump.clone();
    change(dump["nftables"].as_array_mut().unwrap());
    assert_ne!(dump, before);
    put(&mut files, "nft.json", dump.to_string());
    found(&files)
}

fn is_of(object: &Value, kind: &str, key: &str, value: &str) -> bool {
    object[kind]["table"] == "kube-proxy"
        && object[kind]["family"] == "ip"
        && object[kind][key] == value
}

#[rstest]
#[case::no_jump("nat-postrouting", &["nftables-masquerade-missing"])]
#[case::no_masquerade("masquerading", &["nftables-masquerade-missing"])]
#[case::unreached("nat-prerouting", &["kube-services-unreached"])]
fn chains_of_an_nftables_node_that_are_flushed(#[case] chain: &str, #[case] ids: &[&str]) {
    let found =
        with_rules(|objects| objects.retain(|object| !is_of(object, "rule", "chain", chain)));
    assert_eq!(found, expected(ids));
}

#[rstest]
#[case::node_ports("set", "nodeport-ips", "192.168.205.3", &["nftables-node-port-addresses-foreign"])]
#[case::cluster_ips("set", "cluster-ips", "10.43.6.58", &["nftables-cluster-ips-lack"])]
#[case::hairpin("set", "hairpin-connections", "10.42.1.6", &["nftables-hairpin-lacks"])]
#[case::service("map", "service-ips", "10.43.6.58", &["service-not-programmed"])]
fn elements_of_an_nftables_node(
    #[case] kind: &str,
    #[case] name: &str,
    #[case] address: &str,
    #[case] ids: &[&str],
) {
    let found = with_rules(|objects| {
        for object in objects {
            if !is_of(object, kind, "name", name) {
                continue;
            }
            let elements = object[kind]["elem"].as_array_mut().unwrap();
            if name == "nodeport-ips" {
                *elements = vec![json!("192.168.205.99")];
            } else {
                elements.retain(|one| !one.to_string().contains(&format!("\"{address}\"")));
            }
        }
    });
    assert_eq!(found, expected(ids));
}

#[test]
fn what_another_mode_left() {
    let mut files = fixture("nftables-vxlan");
    let other = fixture("iptables-nft-vxlan");
    put(
        &mut files,
        "iptables-save.txt",
        text(&other, "iptables-save.txt"),
    );
    let found = found(&files);
    assert!(
        found.contains("kube-proxy-mode-remains on node1"),
        "{found:?}"
    );
}
