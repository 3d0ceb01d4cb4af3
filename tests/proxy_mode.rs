//! The mode of kube-proxy, told from the dumps of real clusters, and from such dumps put together as nodes are where one
//! mode was left behind for another.

#![allow(clippy::unwrap_used)]

mod bundle_support;

use bundle_support::{Files, fixture, load, namespace};
use kubenet::model::kube_proxy::{ProxyMode, ProxyState, proxy_state};

const NODES: [&str; 3] = ["master", "node1", "node2"];

fn host_file(files: &Files, name: &str) -> Vec<u8> {
    files[&format!("nodes/node1/host/{name}")].clone()
}

fn state(files: &Files, node: &str) -> ProxyState {
    let folder = format!("nodes/{node}/host");
    proxy_state(namespace(&load(files), &folder))
}

/// Node1 of one cluster, with files of another's.
fn mixed(base: &str, other: &str, names: &[&str]) -> ProxyState {
    let mut files = fixture(base);
    let other = fixture(other);
    for name in names {
        let path = format!("nodes/node1/host/{name}");
        files.insert(path, host_file(&other, name));
    }
    state(&files, "node1")
}

#[test]
fn each_real_cluster_runs_its_mode_and_nothing_is_left_of_others() {
    for (name, mode) in [
        ("iptables-nft-vxlan", ProxyMode::Iptables),
        ("ipvs-rr-vxlan", ProxyMode::Ipvs),
        ("nftables-vxlan", ProxyMode::Nftables),
    ] {
        let files = fixture(name);
        for node in NODES {
            let found = state(&files, node);
            assert_eq!(found.mode(), Some(mode), "{name} {node}: {found:?}");
            assert_eq!(found.remains, [""; 0], "{name} {node}");
        }
    }
}

#[test]
fn iptables_chains_beside_the_nftables_table() {
    let found = mixed(
        "nftables-vxlan",
        "iptables-nft-vxlan",
        &["iptables-save.txt"],
    );
    assert_eq!(found.modes, [ProxyMode::Iptables, ProxyMode::Nftables]);
    assert_eq!(found.mode(), None);
    assert_eq!(found.to_string(), "iptables+nftables");
    assert_eq!(found.remains.len(), 1, "{found:?}");
    assert!(found.remains[0].contains("iptables and nftables"));
}

#[test]
fn addresses_without_virtual_servers() {
    let mut files = fixture("ipvs-rr-vxlan");
    // As `ipvsadm -Ln` lists none.
    let none = "IP Virtual Server version 1.2.1 (size=4096)\n\
                Prot LocalAddress:Port Scheduler Flags\n  \
                -> RemoteAddress:Port           Forward Weight ActiveConn InActConn\n";
    files.insert("nodes/node1/host/ipvs.txt".to_owned(), none.into());
    let found = state(&files, "node1");
    assert_eq!(found.mode(), None, "{found:?}");
    let text = found.remains.join("\n");
    // 26 of IPv4 and 2 of IPv6, as its dump of addresses has them.
    assert!(text.contains("kube-ipvs0 holds 28 addresses"), "{text}");
    assert!(text.contains("no virtual servers"), "{text}");
}

#[test]
fn what_ipvs_mode_left_behind() {
    let found = mixed(
        "ipvs-rr-vxlan",
        "iptables-nft-vxlan",
        &["iptables-save.txt", "ip6tables-save.txt"],
    );
    assert_eq!(found.mode(), Some(ProxyMode::Iptables), "{found:?}");
    let text = found.remains.join("\n");
    assert!(text.contains("kube-ipvs0 of ipvs mode is left"), "{text}");
    assert!(text.contains("virtual servers"), "{text}");
}

#[test]
fn what_was_not_read_may_hide_a_mode() {
    let mut files = fixture("ipvs-rr-vxlan");
    for name in [
        "iptables-save.txt",
        "ip6tables-save.txt",
        "nft.json",
        "ipvs.txt",
    ] {
        files.remove(&format!("nodes/node1/host/{name}"));
    }
    let found = state(&files, "node1");
    assert_eq!(found.to_string(), "?");
    assert_eq!(found.unread, ["iptables", "nftables", "IPVS"]);
}

/// In its head, and for programs.
#[test]
fn a_trace_to_a_service_names_the_mode() {
    for (name, mode) in [
        ("iptables-nft-vxlan", "iptables"),
        ("ipvs-rr-vxlan", "ipvs"),
        ("nftables-vxlan", "nftables"),
    ] {
        let archive = bundle_support::captured::archive(name);
        let asked = |to: &str, more: &[&str]| {
            let output = std::process::Command::new(env!("CARGO_BIN_EXE_kubenet"))
                .args(["--bundle", archive.to_str().unwrap(), "trace"])
                .args(["node/node1", to])
                .args(more)
                .output()
                .unwrap();
            String::from_utf8(output.stdout).unwrap()
        };
        let text = asked("nginx-test", &[]);
        let head: String = text.lines().take(2).collect();
        assert!(head.contains(&format!("(kube-proxy: {mode})")), "{text}");
        let json: serde_json::Value =
            serde_json::from_str(&asked("nginx-test", &["-o", "json"])).unwrap();
        assert_eq!(json["kube_proxy"]["modes"], serde_json::json!([mode]));
        assert_eq!(json["kube_proxy"]["node"], "node1");
        assert_eq!(json["kube_proxy"]["remains"], serde_json::json!([]));
        // Who asks for a pod meets no kube-proxy.
        let json: serde_json::Value =
            serde_json::from_str(&asked("10.42.1.6:80", &["-o", "json"])).unwrap();
        assert_eq!(json.get("kube_proxy"), None);
    }
}
