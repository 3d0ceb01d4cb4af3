//! The table of connection tracking as the live reader has it, against conntrack(8) and the kernel's own file.

use std::net::SocketAddr;

use kubenet::model::{Family, Protocol};

use crate::asking::*;
use crate::scene::{Place, Scene, Shape, allowed};

/// A line without what changes while one looks: timeouts and use counts.
fn steady(line: &str) -> String {
    let mut words: Vec<&str> = line
        .split_ascii_whitespace()
        .filter(|word| !word.starts_with("use="))
        .collect();
    if words
        .get(4)
        .is_some_and(|word| word.bytes().all(|byte| byte.is_ascii_digit()))
    {
        words.remove(4);
    }
    words.join(" ")
}

#[test]
fn the_live_table_is_what_conntrack_prints() {
    if !allowed() {
        return;
    }
    let mut scene = Scene::new(Shape::Routed);
    let mut clients = Vec::new();
    for family in [Family::V4, Family::V6] {
        serve(&scene, &[server(family, 2)], 8001);
        let vip = virtual_address(family);
        load(
            &scene,
            family,
            &format!(
                "*raw\n-A PREROUTING -p tcp --dport 8001 -s {} -j CT --zone 0\nCOMMIT\n*mangle\n-A PREROUTING -p udp -j CONNMARK --set-mark 0x4000\nCOMMIT\n*nat\n-A PREROUTING -d {vip} -p udp -j DNAT --to-destination {}\n-A POSTROUTING -j MASQUERADE\nCOMMIT\n",
                client(family),
                SocketAddr::new(server(family, 2), 8001)
            ),
        );
        for (protocol, to) in [
            (Protocol::Tcp, SocketAddr::new(server(family, 2), 8001)),
            (Protocol::Udp, SocketAddr::new(vip, 8001)),
            (Protocol::Udp, SocketAddr::new(server(family, 3), 9)),
        ] {
            let from = SocketAddr::new(client(family), 0);
            let mut made = connect(&scene, protocol, from, to).ok().unwrap();
            made.ask();
            clients.push(made);
        }
    }
    scene.inside(Place::Client, || {
        let ping = |address: &str| {
            std::process::Command::new("ping")
                .args(["-c1", "-W1", address])
                .output()
        };
        let _ = (ping("10.2.0.2"), ping("fd02::2"));
    });
    let mut printed = Vec::new();
    for family in ["ipv4", "ipv6"] {
        let text = scene
            .tool(
                Place::Router,
                "conntrack",
                &["-L", "-o", "extended", "-f", family],
                "",
            )
            .unwrap();
        printed.extend(text.lines().map(steady));
    }
    scene.reread();
    let router = scene.cluster().netns(Place::Router.id());
    let mut read: Vec<String> = router
        .conntrack
        .iter()
        .flatten()
        .map(|entry| steady(&entry.raw))
        .collect();
    read.sort();
    printed.sort();
    assert!(printed.len() >= 6, "{printed:#?}");
    assert_eq!(read, printed);
    assert_eq!(
        scene.cluster().netns(Place::Client.id()).conntrack,
        Some(Vec::new())
    );
}
