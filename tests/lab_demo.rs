//! The built-in demo is what a lab is: a capture of the default lab, kept in `assets/`, which has to be the same as one made now.
//!
//! `KUBENET_WRITE_DEMO=1 cargo test --test lab_demo` makes it anew.

// A test that cannot go on says so by panicking.
#![allow(clippy::unwrap_used)]

mod lab_support;

use std::fs::File;
use std::path::Path;

use kubenet::model::Protocol;
use lab_support::bench::{Lab, turn};
use lab_support::client::ask;
use lab_support::fixture::Fixture;
use lab_support::save::chains_of;
use lab_support::shape;

fn kept() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/demo.tar.zst")
}

/// Packs a directory so that equal contents give equal files, but for what the tools print of the time.
fn pack(directory: &Path, bundle: &Fixture) {
    let mut archive =
        tar::Builder::new(zstd::Encoder::new(File::create(kept()).unwrap(), 19).unwrap());
    for name in bundle.names() {
        let text = std::fs::read(directory.join(name)).unwrap();
        let mut header = tar::Header::new_ustar();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        archive
            .append_data(&mut header, name, text.as_slice())
            .unwrap();
    }
    archive.into_inner().unwrap().finish().unwrap();
}

#[test]
fn the_demo_is_a_capture_of_the_lab() {
    let Some(_turn) = turn() else { return };
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
    let capture = lab.capture();
    let now = Fixture::read_directory(&capture.path);
    if std::env::var_os("KUBENET_WRITE_DEMO").is_some() {
        pack(&capture.path, &now);
    }

    let demo = Fixture::open(&kept());
    assert_eq!(
        demo.names().collect::<Vec<_>>(),
        now.names().collect::<Vec<_>>()
    );
    let (mut ours, theirs) = (shape::of(&now), shape::of(&demo));
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
        for bundle in [&now, &demo] {
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
