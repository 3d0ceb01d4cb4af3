//! Connections that stand while the rules change: their packets are held against the trace of a later packet, read with
//! the table of connection tracking as it then is.

use std::net::SocketAddr;

use kubenet::cli::endpoint::follow;
use kubenet::model::{Family, Pod, Protocol};

use crate::asking::*;
use crate::scene::{Place, Scene, Shape, allowed};

const PORT: u16 = 8001;

/// The rules under which connections are made: the virtual address leads to the server's first one, and the connection
/// gets a mark.
fn before(family: Family) -> String {
    let (vip, first) = (
        virtual_address(family),
        SocketAddr::new(server(family, 2), PORT),
    );
    format!(
        "*mangle
         -A PREROUTING -d {vip} -j CONNMARK --set-mark 5
         COMMIT
         *nat
         -A PREROUTING -d {vip} -p tcp -j DNAT --to-destination {first}
         -A PREROUTING -d {vip} -p udp -j DNAT --to-destination {first}
         COMMIT
         *filter
         COMMIT\n"
    )
}

/// The rules after a change, by name. `<nat>` stands for what still leads the virtual address to the second address, so
/// that a new connection goes elsewhere than the one that stands.
const CHANGES: [(&str, &str); 12] = [
    (
        "nothing but the endpoint",
        "*mangle\nCOMMIT\n*filter\nCOMMIT\n<nat>",
    ),
    (
        "all rules gone",
        "*mangle\nCOMMIT\n*filter\nCOMMIT\n*nat\nCOMMIT\n",
    ),
    (
        "new connections are dropped",
        "*filter\n-A FORWARD -m conntrack --ctstate NEW -j DROP\nCOMMIT\n<nat>",
    ),
    (
        "established ones are dropped",
        "*filter\n-A FORWARD -m conntrack --ctstate ESTABLISHED -j DROP\nCOMMIT\n<nat>",
    ),
    (
        "established ones are accepted, all else is dropped",
        "*filter\n-A FORWARD -m conntrack --ctstate ESTABLISHED -j ACCEPT\n-A FORWARD -j DROP\nCOMMIT\n<nat>",
    ),
    (
        "translated ones are dropped",
        "*filter\n-A FORWARD -m conntrack --ctstate DNAT -j DROP\nCOMMIT\n<nat>",
    ),
    (
        "those with the connection's mark are dropped",
        "*filter\n-A FORWARD -m connmark --mark 5 -j DROP\nCOMMIT\n<nat>",
    ),
    (
        "those with another mark are dropped",
        "*filter\n-A FORWARD -m connmark --mark 6 -j DROP\nCOMMIT\n<nat>",
    ),
    (
        "those that nobody has answered are dropped",
        "*filter\n-A FORWARD -m conntrack ! --ctstatus SEEN_REPLY -j DROP\nCOMMIT\n<nat>",
    ),
    (
        "those that may be forgotten are dropped",
        "*filter\n-A FORWARD -m conntrack ! --ctstatus ASSURED -j DROP\nCOMMIT\n<nat>",
    ),
    (
        "answers are dropped",
        "*filter\n-A FORWARD -m conntrack --ctdir REPLY -j DROP\nCOMMIT\n<nat>",
    ),
    (
        "TCP is reset, and UDP refused",
        "*filter\n-A FORWARD -i rc -p tcp -j REJECT --reject-with tcp-reset\n-A FORWARD -i rc -p udp -j REJECT\nCOMMIT\n<nat>",
    ),
];

fn after(family: Family, change: &str) -> String {
    let (vip, second) = (
        virtual_address(family),
        SocketAddr::new(server(family, 3), PORT),
    );
    let nat = format!(
        "*nat
         -A PREROUTING -d {vip} -p tcp -j DNAT --to-destination {second}
         -A PREROUTING -d {vip} -p udp -j DNAT --to-destination {second}
         COMMIT\n"
    );
    change.replace("<nat>", &nat)
}

#[test]
fn connections_that_stand_go_on_as_their_entries_say() {
    if !allowed() {
        return;
    }
    let mut scene = Scene::new(Shape::Routed);
    let mut port = 40000;
    let mut cases = 0;
    for family in [Family::V4, Family::V6] {
        let servers = [2, 3].map(|last| server(family, last));
        serve(&scene, &servers, PORT);
        let vip = SocketAddr::new(virtual_address(family), PORT);
        for (name, change) in CHANGES {
            for protocol in [Protocol::Tcp, Protocol::Udp] {
                port += 1;
                cases += 1;
                let from = SocketAddr::new(client(family), port);
                load(&scene, family, &before(family));
                let mut standing = connect(&scene, protocol, from, vip).ok().unwrap();
                for _ in 0..2 {
                    assert_eq!(standing.ask(), Seen::Answer(servers[0]), "before {name}");
                }
                // TCP's last acknowledgement is sent up to 200 ms later (TCP_DELACK_MAX): it is not to meet the new rules.
                if protocol == Protocol::Tcp {
                    std::thread::sleep(std::time::Duration::from_millis(250));
                }
                load(&scene, family, &after(family, change));
                scene.reread();
                let asked = flow(Place::Client, protocol, from, vip);
                let case = format!("{family:?} {protocol} {name}");
                let later = match protocol {
                    Protocol::Tcp => follow_at(&scene, &asked),
                    // A datagram is like any other of its connection.
                    _ => asked,
                };
                let (expected, trace) = predicted(&scene, &later);
                let seen = standing.ask();
                assert_eq!(
                    seen,
                    expected,
                    "{case}: {}",
                    serde_json::to_string_pretty(&trace).unwrap()
                );
            }
        }
    }
    println!("{cases} connections");
    assert_eq!(cases, 48);
}

/// The table is the router's, which no client is on: what `follow` looks for on the sender's node is found there.
fn follow_at(scene: &Scene, asked: &kubenet::model::Flow) -> kubenet::model::Flow {
    follow(scene.cluster(), asked).unwrap_or_else(|failure| {
        panic!(
            "{failure:?}: {:#?}",
            scene.cluster().netns(Place::Router.id()).conntrack
        )
    })
}

/// The black hole of UDP: the endpoint is gone, new clients are served, who keeps its port is not, and the trace of a
/// new one says so.
#[test]
fn an_old_entry_to_an_endpoint_that_is_gone_is_told() {
    if !allowed() {
        return;
    }
    let mut scene = Scene::new(Shape::Routed);
    for family in [Family::V4, Family::V6] {
        let servers = [2, 3].map(|last| server(family, last));
        serve(&scene, &servers, PORT);
        let vip = SocketAddr::new(virtual_address(family), PORT);
        let from = SocketAddr::new(client(family), 41000);
        load(&scene, family, &before(family));
        let mut old = connect(&scene, Protocol::Udp, from, vip).ok().unwrap();
        assert_eq!(old.ask(), Seen::Answer(servers[0]));
        load(&scene, family, &after(family, CHANGES[0].1));
        let any = SocketAddr::new(client(family), 0);
        // The endpoint is still there: nothing is wrong.
        scene.reread();
        let (_, trace) = predicted(&scene, &flow(Place::Client, Protocol::Udp, any, vip));
        assert_eq!(trace.findings, []);

        // Of several IPv4 addresses, the others would go with the first.
        scene.inside(Place::Server, || {
            std::fs::write("/proc/sys/net/ipv4/conf/s0/promote_secondaries", "1").unwrap();
        });
        let length = if family == Family::V4 { 24 } else { 64 };
        scene.ip(
            Place::Server,
            &format!("addr del {}/{length} dev s0", servers[0]),
        );
        scene.ip(
            Place::Server,
            &format!("route add blackhole {}", servers[0]),
        );
        scene.reread();
        let asked = flow(Place::Client, Protocol::Udp, any, vip);
        // Somebody elsewhere may have the address, as long as nobody says where all pods are.
        let (_, trace) = predicted(&scene, &asked);
        assert_eq!(trace.findings, []);
        scene.cluster_mut().objects.pods.push(Pod {
            namespace: "default".to_owned(),
            name: "left".to_owned(),
            ips: vec![servers[1]],
            ..Pod::default()
        });
        let (expected, trace) = predicted(&scene, &asked);
        assert_eq!(expected, Seen::Answer(servers[1]));
        let [finding] = trace.findings.as_slice() else {
            panic!("one finding: {:?}", trace.findings)
        };
        assert_eq!(finding.id, "conntrack-stale-endpoint");
        assert!(
            finding.title.contains(&servers[0].to_string()),
            "{finding:?}"
        );
        assert!(finding.title.contains("41000"), "{finding:?}");
        let mut new = connect(&scene, Protocol::Udp, any, vip).ok().unwrap();
        assert_eq!(new.ask(), expected);

        let (expected, trace) = predicted(&scene, &flow(Place::Client, Protocol::Udp, from, vip));
        assert_eq!(expected, Seen::Silence, "{trace:?}");
        assert_eq!(old.ask(), Seen::Silence);

        // The cure that it names is one.
        let words: Vec<&str> = finding.fix[0].split_whitespace().collect();
        scene
            .tool(Place::Router, words[0], &words[1..], "")
            .unwrap();
        assert_eq!(old.ask(), Seen::Answer(servers[1]));
    }
}
