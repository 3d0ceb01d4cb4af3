//! Which ICMP error a router sends where a route or a routing rule refuses: rules that count it on its way out tell.

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use kubenet::model::{Family, Protocol};

use super::question::{Question, trace};
use super::scene::{Place, Scene, Shape, allowed};

/// What refuses on the router, and a destination that it concerns.
struct Refusing {
    family: Family,
    setup: &'static str,
    to: &'static str,
}

const REFUSING: [Refusing; 6] = [
    Refusing {
        family: Family::V4,
        setup: "route add unreachable 10.9.1.0/24",
        to: "10.9.1.1",
    },
    Refusing {
        family: Family::V4,
        setup: "rule add to 10.9.2.0/24 unreachable",
        to: "10.9.2.1",
    },
    Refusing {
        family: Family::V4,
        setup: "rule add to 10.9.3.0/24 prohibit",
        to: "10.9.3.1",
    },
    Refusing {
        family: Family::V6,
        setup: "route add unreachable fd09:1::/32",
        to: "fd09:1::1",
    },
    Refusing {
        family: Family::V6,
        setup: "-6 rule add to fd09:2::/32 unreachable",
        to: "fd09:2::1",
    },
    Refusing {
        family: Family::V6,
        setup: "-6 rule add to fd09:3::/32 prohibit",
        to: "fd09:3::1",
    },
];

const FOUR: [(&str, &str); 3] = [
    ("icmp --icmp-type 3/0", "ICMP network unreachable"),
    ("icmp --icmp-type 3/1", "ICMP host unreachable"),
    ("icmp --icmp-type 3/13", "ICMP administratively prohibited"),
];

const SIX: [(&str, &str); 3] = [
    ("icmpv6 --icmpv6-type 1/0", "ICMP network unreachable"),
    (
        "icmpv6 --icmpv6-type 1/1",
        "ICMP administratively prohibited",
    ),
    ("icmpv6 --icmpv6-type 1/3", "ICMP host unreachable"),
];

#[test]
fn the_error_is_the_one_that_the_kernel_sends() {
    if !allowed() {
        return;
    }
    let mut scene = Scene::new(Shape::Routed);
    for refusing in &REFUSING {
        let words: Vec<&str> = refusing.setup.split(" ").collect();
        scene.tool(Place::Router, "ip", &words, "").unwrap();
    }
    scene.reread();
    for Refusing { family, setup, to } in REFUSING {
        let to: IpAddr = to.parse().unwrap();
        let sent = counted(&scene, family, SocketAddr::new(to, 8001));
        let source = scene
            .addresses(Place::Client)
            .into_iter()
            .find(|ip| ip.is_ipv4() == to.is_ipv4() && !ip.is_loopback())
            .unwrap();
        let question = Question {
            from: Place::Client,
            protocol: Protocol::Udp,
            source: SocketAddr::new(source, 10_000),
            to: SocketAddr::new(to, 8001),
            mark: 0,
            tos: 0,
        };
        let trace = serde_json::to_string(&trace(scene.cluster(), &question)).unwrap();
        assert!(
            trace.contains(sent),
            "{setup}: the kernel sent {sent}: {trace}"
        );
    }
}

/// Sends a datagram from the client, and returns the name of the error that left the router.
fn counted(scene: &Scene, family: Family, to: SocketAddr) -> &'static str {
    let (prefix, errors, any) = match family {
        Family::V4 => ("ip", FOUR, "0.0.0.0:0"),
        Family::V6 => ("ip6", SIX, "[::]:0"),
    };
    let rules: String = (errors.iter())
        .map(|(kind, _)| format!("-A OUTPUT -p {kind}\n"))
        .collect();
    let text = format!("*filter\n:OUTPUT ACCEPT [0:0]\n{rules}COMMIT\n");
    let restore = format!("{prefix}tables-nft-restore");
    scene.tool(Place::Router, &restore, &[], &text).unwrap();
    scene.inside(Place::Client, || {
        UdpSocket::bind(any).unwrap().send_to(b"?", to).unwrap();
    });
    let save = format!("{prefix}tables-nft-save");
    let patience = Instant::now() + Duration::from_secs(3);
    loop {
        let rules = scene.tool(Place::Router, &save, &["-c"], "").unwrap();
        let counters = rules.lines().filter(|line| line.contains("-A OUTPUT"));
        let counts: Vec<bool> = counters.map(|line| !line.starts_with("[0:0]")).collect();
        assert_eq!(counts.len(), errors.len(), "{rules}");
        if let Some(at) = counts.iter().position(|counted| *counted) {
            return errors[at].1;
        }
        assert!(Instant::now() < patience, "no error was sent: {rules}");
    }
}
