//! Nodes in different networks: what one asks on its link the other hears only if they are on the same one, which
//! addresses do not tell.

#![allow(clippy::unwrap_used)]

mod captured;

use std::process::Command;

use captured::{Files, Folder, archive, files};
use serde_json::{Value, json};

const NODE1: &str = "192.168.205.3";
const MOVED: &str = "192.168.206.3";

fn change(all: &mut Files, file: &str, change: impl Fn(&mut Vec<Value>)) {
    let bytes = all.get_mut(file).unwrap();
    let mut rows: Vec<Value> = serde_json::from_slice(bytes).unwrap();
    change(&mut rows);
    *bytes = serde_json::to_vec(&rows).unwrap();
}

/// Three nodes, of which node1 has an address of another network, as master was told that it is on its link; besides
/// perhaps one of the network of the others.
fn moved(name: &str, keeps_one: bool) -> Folder {
    let mut all = files(&archive("iptables-nft-vxlan"));
    change(&mut all, "nodes/node1/host/addrs.json", |devices| {
        let device = devices.iter_mut().find(|one| one["ifname"] == "enp0s1");
        let addresses = device.unwrap()["addr_info"].as_array_mut().unwrap();
        // Over IPv6 all of them are in one network.
        addresses.retain(|one| one["local"] == NODE1);
        let before = addresses[0].clone();
        addresses[0]["local"] = MOVED.into();
        addresses[0]["broadcast"] = "192.168.206.255".into();
        if keeps_one {
            addresses.push(before);
        }
    });
    change(&mut all, "nodes/node1/host/routes4.json", |routes| {
        for table in ["main", "local"] {
            let (dst, kind) = match table {
                "main" => ("192.168.206.0/24", "unicast"),
                _ => (MOVED, "local"),
            };
            routes.push(
                json!({"type": kind, "dst": dst, "dev": "enp0s1", "table": table,
                "protocol": "kernel", "scope": "link", "prefsrc": MOVED, "flags": []}),
            );
        }
    });
    change(&mut all, "nodes/master/host/routes4.json", |routes| {
        routes.push(
            json!({"dst": "192.168.206.0/24", "dev": "enp0s1", "scope": "link", "flags": []}),
        );
    });
    Folder::new(&format!("other-networks-{name}"), &all)
}

/// What becomes of a ping from master, as far as the neighbour's answer.
fn ping(folder: &Folder) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_kubenet"))
        .arg("--bundle")
        .arg(&folder.0)
        .args([
            "trace",
            "node/master",
            MOVED,
            "--proto",
            "icmp",
            "--no-reply",
        ])
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn whether_a_node_of_another_network_answers_is_not_known() {
    let said = ping(&moved("apart", false));
    let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
    let unknown = format!("whether {MOVED} answers ARP on enp0s1 is not known");
    assert!(said.contains(&unknown), "{said}");
}

#[test]
fn a_node_that_shares_a_network_is_on_the_link() {
    let said = ping(&moved("shared", true));
    assert!(said.contains("ARP is answered by node1"), "{said}");
}
