//! The built-in demo is what a lab is: a capture of the default lab, kept in `assets/`, which has to be the same as one made now.
//!
//! `KUBENET_WRITE_DEMO=1 cargo test --test lab_demo` makes it anew.

// A test that cannot go on says so by panicking.
#![allow(clippy::unwrap_used)]

mod lab_support;

use std::fs::File;
use std::path::Path;
use std::process::Command;

use kubenet::model::Protocol;
use lab_support::bench::{Lab, turn};
use lab_support::client::{Call, ask};
use lab_support::fixture::Fixture;
use lab_support::save::chains_of;
use lab_support::shape;

fn kept(name: &str) -> std::path::PathBuf {
    let assets = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets");
    assets.join(format!("{name}.tar.zst"))
}

/// Packs files so that equal contents give equal archives, but for what the tools print of the time.
fn pack(name: &str, bundle: &Fixture) {
    let mut archive =
        tar::Builder::new(zstd::Encoder::new(File::create(kept(name)).unwrap(), 19).unwrap());
    for name in bundle.names() {
        let text = bundle.text(name);
        let mut header = tar::Header::new_ustar();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        archive
            .append_data(&mut header, name, text.as_bytes())
            .unwrap();
    }
    archive.into_inner().unwrap().finish().unwrap();
}

/// A lab in which everything was used once.
fn lab_in_use() -> Lab {
    let lab = Lab::up("demo", &[]);
    // Some connections, so that neighbour tables, fdbs and connection tracking hold what they hold on a cluster in use.
    let state = lab.state();
    for place in [
        "client",
        "client-1",
        "client-2",
        "node/master",
        "node/node1",
        "node/node2",
    ] {
        for _ in 0..4 {
            ask(&state, place, Protocol::Tcp, "10.43.6.58:80");
            ask(&state, place, Protocol::Tcp, "10.43.10.5:80");
            ask(&state, place, Protocol::Udp, "10.43.0.10:53");
        }
        ask(&state, place, Protocol::Tcp, "10.43.0.1:443");
    }
    // Nodes of a cluster in use know their router.
    for node in ["node/master", "node/node1", "node/node2"] {
        ask(&state, node, Protocol::Icmp, "192.168.205.1:0");
    }
    // IPv6 addresses are on trial (RFC 4862) for the first two seconds.
    let settled = ["-6", "addr", "show", "tentative"];
    for place in ["client", "node/node2"] {
        while !lab
            .run(place, &[&["ip"], settled.as_slice()].concat())
            .stdout
            .is_empty()
        {
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
    }
    lab
}

/// Holds what is kept against what was captured now; where that is asked for, keeps this.
fn check_kept(name: &str, now: &Fixture) {
    if std::env::var_os("KUBENET_WRITE_DEMO").is_some() {
        pack(name, now);
    }
    let demo = Fixture::open(&kept(name));
    assert_eq!(
        demo.names().collect::<Vec<_>>(),
        now.names().collect::<Vec<_>>()
    );
    let (mut ours, theirs) = (shape::of(now), shape::of(&demo));
    shape::known_to(&mut ours, &theirs);
    for (file, rows) in theirs
        .iter()
        .filter(|(file, _)| !file.ends_with("sysctl.txt"))
    {
        assert_eq!(&ours[file], rows, "{file}");
    }
    for name in demo.names() {
        if name.starts_with("k8s/") {
            assert_eq!(now.json(name), demo.json(name), "{name}");
        } else if name.ends_with("/iptables-save.txt") {
            assert_eq!(
                chains_of(&now.text(name)),
                chains_of(&demo.text(name)),
                "{name}"
            );
        } else if name.contains("/flannel-") {
            assert_eq!(now.text(name), demo.text(name), "{name}");
        }
    }
    // Which settings there are depends on the kernel; those that decide a packet's way are not left to it.
    for node in ["master", "node1", "node2"] {
        for bundle in [now, &demo] {
            let settings = bundle.text(&format!("nodes/{node}/host/sysctl.txt"));
            for setting in [
                "net.ipv4.ip_forward = 1",
                "net.bridge.bridge-nf-call-iptables = 1",
                "net.ipv4.conf.all.rp_filter = 0",
            ] {
                assert!(
                    settings.lines().any(|line| line == setting),
                    "{node}: {setting}"
                );
            }
        }
    }
}

#[test]
fn the_demo_is_a_capture_of_the_lab() {
    let Some(_turn) = turn() else { return };
    let lab = lab_in_use();
    let capture = lab.capture();
    check_kept("demo", &Fixture::read_directory(&capture.path));
}

/// What node2's flannel.1 is called after it was made anew, and what master's fdb goes on to hold.
const NEW: &str = "ca:cb:1f:99:10:97";
const OLD: &str = "ee:87:b2:4a:fd:62";

/// node2's tunnel end was made anew, and announced; node1 took that in, and of master only the neighbour table.
fn break_it(lab: &Lab, announced: &str) {
    let (master, node1) = (tunnel_end(lab, "master"), tunnel_end(lab, "node1"));
    let commands = [
        // With its address a device loses its neighbours, which flannel writes anew.
        ("node/node2", format!("ip link set flannel.1 address {NEW}")),
        (
            "node/node2",
            format!("ip neigh replace 10.42.0.0 lladdr {master} dev flannel.1 nud permanent"),
        ),
        (
            "node/node2",
            format!("ip neigh replace 10.42.1.0 lladdr {node1} dev flannel.1 nud permanent"),
        ),
        (
            "node/node1",
            format!("ip neigh replace 10.42.2.0 lladdr {NEW} dev flannel.1 nud permanent"),
        ),
        (
            "node/node1",
            format!("bridge fdb replace {NEW} dev flannel.1 dst 192.168.205.5 self permanent"),
        ),
        (
            "node/master",
            format!("ip neigh replace 10.42.2.0 lladdr {NEW} dev flannel.1 nud permanent"),
        ),
        (
            "node/master",
            format!("bridge fdb replace {OLD} dev flannel.1 dst 192.168.205.5 self permanent"),
        ),
    ];
    for (place, command) in commands {
        let words: Vec<&str> = command.split(' ').collect();
        let output = lab.run(place, &words);
        assert!(output.status.success(), "{place}: {command}: {output:?}");
    }
    for place in ["node/node1", "node/master"] {
        let output = lab.run(
            place,
            &["bridge", "fdb", "del", announced, "dev", "flannel.1"],
        );
        assert!(output.status.success(), "{place}: {output:?}");
    }
}

/// The Ethernet address of a node's tunnel end, which its object announces.
fn tunnel_end(lab: &Lab, node: &str) -> String {
    let show = ["ip", "-j", "link", "show", "flannel.1"];
    let output = lab.run(&format!("node/{node}"), &show);
    let links: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    links[0]["address"].as_str().unwrap().to_owned()
}

#[test]
fn the_broken_demo_is_a_lab_whose_client_reaches_half_of_a_service() {
    let Some(_turn) = turn() else { return };
    let lab = lab_in_use();
    let announced = tunnel_end(&lab, "node2");
    break_it(&lab, &announced);
    // The symptom: one of its two endpoints answers, the other one never does.
    let state = lab.state();
    let client = File::open(state.holder("client").unwrap().netns_path()).unwrap();
    let to = |endpoint: &str| {
        let wait = std::time::Duration::from_millis(800);
        Call::new(Protocol::Tcp, endpoint.parse().unwrap(), wait).make(&client)
    };
    assert_eq!(to("10.42.1.6:80").unwrap().name, "nginx-test-a");
    assert_eq!(
        to("10.42.2.6:80").unwrap_err().kind(),
        std::io::ErrorKind::TimedOut
    );

    let capture = lab.capture();
    let objects = capture.path.join("k8s/nodes.json");
    let nodes = std::fs::read_to_string(&objects).unwrap();
    assert!(nodes.contains(&announced));
    std::fs::write(&objects, nodes.replace(&announced, NEW)).unwrap();
    check_kept("demo-broken", &Fixture::read_directory(&capture.path));

    // The trace says the same, and so does the check, of the cause first.
    let ask = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_kubenet"))
            .args(["--demo=broken", "-o", "json"])
            .args(arguments)
            .output()
            .unwrap();
        let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        (output.status.code(), document)
    };
    let (status, trace) = ask(&["trace", "client", "nginx-test"]);
    assert_eq!(status, Some(1));
    let paths = trace["paths"].as_array().unwrap();
    let ends: Vec<(&str, Option<&str>)> = paths
        .iter()
        .map(|path| {
            (
                path["verdict"].as_str().unwrap(),
                path["client_sees"].as_str(),
            )
        })
        .collect();
    assert_eq!(ends, [("delivered", None), ("dropped", Some("timeout"))]);
    assert_eq!(paths[1]["stopped_at"]["node"], "master");
    let (status, found) = ask(&["check"]);
    assert_eq!(status, Some(1));
    let first = &found["findings"][0];
    // failure-catalogue: C08, neighbour entry and fdb disagree.
    assert!(
        first["catalogue"]
            .as_array()
            .unwrap()
            .contains(&"C08".into()),
        "{first}"
    );
    assert_eq!(first["where"]["node"], "master");
    assert_eq!(found["findings"].as_array().unwrap().len(), 1, "{found}");
}
