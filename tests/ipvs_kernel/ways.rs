//! The ways of packets through a director: hooks, settings, forwarding methods.

use std::collections::BTreeSet;

use kubenet::model::Protocol;
use rstest::rstest;

use super::scene::{Ask, Scene, ask, end, possible};

const SERVICE: &str = "10.43.0.1:80";
const ONE: &str = "-A -t 10.43.0.1:80 -s rr
                   -a -t 10.43.0.1:80 -r 10.2.0.11:8080 -m";

/// What is set up on the director besides [`ONE`], who asks, and for what.
const WAYS: &[(&[&str], &str, &str)] = &[
    (&[], "client", SERVICE),
    (&[], "director", SERVICE),
    (&[], "client", "10.43.0.1:81"),
    (&[], "director", "10.43.0.1:81"),
    (&[], "client", "10.43.0.2:80"),
    (
        &["ipvsadm -A -t 10.43.0.2:80 -s rr"],
        "client",
        "10.43.0.2:80",
    ),
    (
        &["ipvsadm -A -t 10.43.0.2:80 -s rr"],
        "director",
        "10.43.0.2:80",
    ),
    (
        &["ipvsadm -e -t 10.43.0.1:80 -r 10.2.0.11:8080 -m -w 0"],
        "client",
        SERVICE,
    ),
    (
        &[
            "ipvsadm -a -t 10.43.0.1:80 -r 10.2.0.11:9 -m",
            "ipvsadm -d -t 10.43.0.1:80 -r 10.2.0.11:8080",
        ],
        "client",
        SERVICE,
    ),
    (
        &[
            "ipvsadm -a -t 10.43.0.1:80 -r 10.99.0.1:8080 -m",
            "ipvsadm -d -t 10.43.0.1:80 -r 10.2.0.11:8080",
        ],
        "client",
        SERVICE,
    ),
    (&["ip route add unreachable 10.2.0.11"], "client", SERVICE),
    (
        &["iptables -A FORWARD -d 10.2.0.0/24 -j DROP"],
        "client",
        SERVICE,
    ),
    (
        &["iptables -A FORWARD -s 10.2.0.0/24 -j DROP"],
        "client",
        SERVICE,
    ),
    (
        &["iptables -A FORWARD -s 10.43.0.1 -j DROP"],
        "client",
        SERVICE,
    ),
    (
        &["iptables -A OUTPUT -d 10.2.0.11 -p tcp --dport 8080 -j DROP"],
        "client",
        SERVICE,
    ),
    (
        &["iptables -A OUTPUT -d 10.2.0.11 -p tcp --dport 8080 -j DROP"],
        "director",
        SERVICE,
    ),
    (
        &["iptables -A INPUT -d 10.43.0.1 -j DROP"],
        "client",
        SERVICE,
    ),
    (
        &["iptables -A INPUT -d 10.2.0.11 -j DROP"],
        "client",
        SERVICE,
    ),
    (
        &["iptables -A OUTPUT -d 10.2.0.11 -p tcp --dport 8080 -j REJECT"],
        "client",
        SERVICE,
    ),
    (
        &["iptables -t nat -A POSTROUTING -d 10.2.0.0/24 -j MASQUERADE"],
        "client",
        SERVICE,
    ),
    (
        &["iptables -t nat -A POSTROUTING -d 10.2.0.0/24 -j MASQUERADE"],
        "director",
        SERVICE,
    ),
    (
        &[
            "sysctl -w net.ipv4.vs.conntrack=0",
            "iptables -t nat -A POSTROUTING -d 10.2.0.0/24 -j MASQUERADE",
        ],
        "client",
        SERVICE,
    ),
    (
        &[
            "sysctl -w net.ipv4.vs.conntrack=0",
            "iptables -A OUTPUT -d 10.2.0.11 -m conntrack --ctstate UNTRACKED -j DROP",
        ],
        "client",
        SERVICE,
    ),
    (
        &["iptables -A OUTPUT -d 10.2.0.11 -m conntrack --ctstate UNTRACKED -j DROP"],
        "client",
        SERVICE,
    ),
    (
        &[
            "iptables -t nat -A PREROUTING -d 10.43.0.1 -j MARK --set-mark 7",
            "iptables -t nat -A POSTROUTING -m mark --mark 7 -j MASQUERADE",
        ],
        "client",
        SERVICE,
    ),
    (
        &[
            "iptables -t mangle -A PREROUTING -d 10.43.0.2 -j MARK --set-mark 5",
            "ipvsadm -A -f 5 -s rr",
            "ipvsadm -a -f 5 -r 10.2.0.12:0 -m",
        ],
        "client",
        "10.43.0.2:8080",
    ),
    (
        &[
            "iptables -t mangle -A PREROUTING -p tcp -j MARK --set-mark 5",
            "ipvsadm -A -f 5 -s rr",
            "ipvsadm -a -f 5 -r 10.2.0.12:8080 -m",
        ],
        "client",
        SERVICE,
    ),
    (
        &[
            "ipvsadm -A -t 10.43.0.2:0 -s rr -p 60",
            "ipvsadm -a -t 10.43.0.2:0 -r 10.2.0.13:0 -m",
        ],
        "client",
        "10.43.0.2:8080",
    ),
    (
        &[
            "ipvsadm -a -t 10.43.0.1:80 -r 10.2.0.1:8080 -m",
            "ipvsadm -d -t 10.43.0.1:80 -r 10.2.0.11:8080",
        ],
        "client",
        SERVICE,
    ),
    (
        &[
            "ipvsadm -a -t 10.43.0.1:80 -r 10.2.0.1:8080 -m",
            "ipvsadm -d -t 10.43.0.1:80 -r 10.2.0.11:8080",
        ],
        "director",
        SERVICE,
    ),
    (
        &[
            "ipvsadm -A -t 10.43.0.2:8080 -s rr",
            "ipvsadm -a -t 10.43.0.2:8080 -r 10.2.0.1:8080 -g",
        ],
        "client",
        "10.43.0.2:8080",
    ),
    (
        &[
            "ipvsadm -A -t 10.43.0.2:8080 -s rr",
            "ipvsadm -a -t 10.43.0.2:8080 -r 10.2.0.12 -g",
        ],
        "client",
        "10.43.0.2:8080",
    ),
    (&[], "a", SERVICE),
    (&[], "b", SERVICE),
    (
        &["iptables -t nat -A POSTROUTING -s 10.2.0.11 -d 10.2.0.11 -j MASQUERADE"],
        "a",
        SERVICE,
    ),
    (&["sysctl -w net.ipv4.vs.backup_only=1"], "client", SERVICE),
    (&["ip rule add from 10.43.0.1 prohibit"], "client", SERVICE),
    (
        &[
            "sysctl -w net.ipv4.vs.snat_reroute=0",
            "ip rule add from 10.43.0.1 prohibit",
        ],
        "client",
        SERVICE,
    ),
];

/// What takes a command back; settings and services are set anew anyway.
fn undone(command: &str) -> Option<String> {
    let words: Vec<&str> = command.split(' ').collect();
    match words.as_slice() {
        ["iptables", ..] => Some(command.replace(" -A ", " -D ")),
        ["ip", ..] => Some(command.replace(" add ", " del ")),
        _ => None,
    }
}

#[rstest]
fn ways(#[values(0, 1, 2, 3)] quarter: usize) {
    if !possible() {
        return;
    }
    let scene = Scene::new();
    super::dial::serve(&scene.path("director"), "director", super::scene::PORT);
    let mut wrong = Vec::new();
    for (setup, from, to) in WAYS.iter().skip(quarter).step_by(4) {
        scene.serve(ONE);
        scene.set(&[
            ("net/ipv4/vs/conntrack", "1"),
            ("net/ipv4/vs/backup_only", "0"),
            ("net/ipv4/vs/snat_reroute", "1"),
        ]);
        for command in *setup {
            scene.run("director", command);
        }
        let (_, differences) = scene.differences(ask(from, to), 2);
        wrong.extend(
            differences
                .into_iter()
                .map(|one| format!("{setup:?}: {one}")),
        );
        for command in setup.iter().filter_map(|command| undone(command)) {
            scene.run("director", &command);
        }
    }
    assert!(
        wrong.is_empty(),
        "the kernel did otherwise:\n{}",
        wrong.join("\n")
    );
}

/// What its sender did not cut, as it saw a route to itself, may not be cut on its way to a server.
#[rstest]
#[case("client", 1600, false)]
#[case("director", 1500, false)]
#[case("director", 1501, true)]
#[case("director", 1600, true)]
fn large_datagrams(#[case] from: &str, #[case] size: u32, #[case] refused: bool) {
    if !possible() {
        return;
    }
    let scene = Scene::new();
    scene.serve(
        "-A -u 10.43.0.1:80 -s rr
         -a -u 10.43.0.1:80 -r 10.2.0.11:8080 -m
         -A -u [fd43::1]:80 -s rr
         -a -u [fd43::1]:80 -r [fd02::11]:8080 -m",
    );
    for to in [SERVICE, "[fd43::1]:80"] {
        let asked = Ask {
            protocol: Protocol::Udp,
            size,
            ..ask(from, to)
        };
        let trace = scene.judge(asked, 1);
        assert_eq!(end(&trace.paths[0]) == "too-big", refused, "{to}");
    }
}

/// On one bridge, the answer passes the director as frames, if at all: br_netfilter shows it to IPVS.
#[rstest]
fn on_one_bridge(#[values("0", "1")] call: &str) {
    if !possible() {
        return;
    }
    let scene = Scene::new();
    scene.serve(ONE);
    scene.set(&[("net/bridge/bridge-nf-call-iptables", call)]);
    scene.judge(ask("b", SERVICE), 2);
}

/// Direct routing: servers have the service's address, and answer by a way of their own.
#[rstest]
fn direct_routing(#[values(false, true)] accept_local: bool) {
    if !possible() {
        return;
    }
    let scene = Scene::new();
    scene.serve(
        "-A -t 10.43.0.1:8080 -s rr
         -a -t 10.43.0.1:8080 -r 10.2.0.11 -g
         -a -t 10.43.0.1:8080 -r 10.2.0.12 -g",
    );
    for server in ["a", "b"] {
        scene.run(server, "ip address add 10.43.0.1/32 dev lo");
    }
    // The director has the address itself: answers that pass it are martians.
    if accept_local {
        scene.set(&[
            ("net/ipv4/conf/all/accept_local", "1"),
            ("net/ipv4/conf/br0/accept_local", "1"),
        ]);
    }
    scene.judge(ask("client", "10.43.0.1:8080"), 6);
}

#[test]
fn ipv6() {
    if !possible() {
        return;
    }
    let scene = Scene::new();
    scene.serve(
        "-A -t [fd43::1]:80 -s rr
         -a -t [fd43::1]:80 -r [fd02::11]:8080 -m
         -a -t [fd43::1]:80 -r [fd02::13]:8080 -m
         -A -u [fd43::1]:53 -s sh",
    );
    for from in ["client", "director"] {
        scene.judge(ask(from, "[fd43::1]:80"), 6);
    }
    let datagram = Ask {
        protocol: Protocol::Udp,
        ..ask("client", "[fd43::1]:53")
    };
    scene.judge(datagram, 1);
}

/// The devices that a trace names are those that the packet crosses, as their counters tell.
#[test]
fn devices() {
    if !possible() {
        return;
    }
    let scene = Scene::new();
    scene.serve(ONE);
    let asked = ask("client", SERVICE);
    scene.judge(asked, 1);
    let trace = scene.trace(asked);
    let crossed: BTreeSet<String> = trace.paths[0]
        .devices
        .iter()
        .filter(|crossing| crossing.netns == "host")
        .map(|crossing| crossing.device.clone())
        .collect();
    let counted = |scene: &Scene| -> Vec<(String, u64)> {
        let shown = scene.run("director", "ip -j -s link");
        let rows: Vec<serde_json::Value> = serde_json::from_str(&shown).unwrap();
        rows.iter()
            .map(|row| {
                let packets = |way: &str| row["stats64"][way]["packets"].as_u64().unwrap();
                let name = row["ifname"].as_str().unwrap().to_owned();
                (name, packets("rx") + packets("tx"))
            })
            .collect()
    };
    let before = counted(&scene);
    for _ in 0..8 {
        scene.dial(asked);
    }
    let moved: BTreeSet<String> = counted(&scene)
        .into_iter()
        .zip(before)
        // Eight connections are more packets than neighbours say by themselves.
        .filter(|((_, now), (_, then))| now - then >= 16)
        .map(|((name, _), _)| name)
        .collect();
    assert_eq!(moved, crossed);
}
