//! Sockets that listen for some only: on an address, a device, a family. Who is served is held against real attempts.

use std::net::{IpAddr, SocketAddr};

use kubenet::model::{Family, Protocol};
use socket2::{Domain, Socket, Type};

use crate::asking::*;
use crate::scene::{Place, Scene, Shape, allowed};

/// What listens on the server: port, address, device, of IPv6 alone.
const LISTENING: [(u16, &str, Option<&str>, bool); 10] = [
    (9001, "127.0.0.1", None, false),
    (9002, "::1", None, true),
    (9003, "0.0.0.0", None, false),
    (9004, "::", None, false),
    (9005, "::", None, true),
    (9006, "10.2.0.3", None, false),
    (9007, "fd02::3", None, true),
    (9008, "0.0.0.0", Some("s0"), false),
    (9009, "0.0.0.0", Some("lo"), false),
    (9010, "::", Some("s0"), true),
];

fn listen(scene: &Scene, kind: Type) -> Vec<Socket> {
    scene.inside(Place::Server, || {
        let open = |(port, ip, device, only): (u16, &str, Option<&str>, bool)| {
            let at = SocketAddr::new(ip.parse().unwrap(), port);
            let socket = Socket::new(Domain::for_address(at), kind, None).unwrap();
            if at.is_ipv6() {
                socket.set_only_v6(only).unwrap();
            }
            socket.bind_device(device.map(str::as_bytes)).unwrap();
            socket.bind(&at.into()).unwrap();
            if kind == Type::STREAM {
                socket.listen(9).unwrap();
            }
            socket
        };
        LISTENING.into_iter().map(open).collect()
    })
}

/// What becomes of an attempt: taken or refused.
fn attempt(scene: &Scene, place: Place, protocol: Protocol, to: SocketAddr) -> Seen {
    scene.inside(place, || match protocol {
        Protocol::Tcp => {
            let socket = Socket::new(Domain::for_address(to), Type::STREAM, None).unwrap();
            match socket.connect_timeout(&to.into(), PATIENCE) {
                Ok(()) => Seen::Answer(to.ip()),
                Err(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => {
                    Seen::Refused
                }
                Err(error) => Seen::Other(error.to_string()),
            }
        }
        _ => {
            let any: IpAddr = if to.is_ipv4() { "0.0.0.0" } else { "::" }.parse().unwrap();
            let socket = std::net::UdpSocket::bind((any, 0)).unwrap();
            socket
                .set_read_timeout(Some(std::time::Duration::from_millis(60)))
                .unwrap();
            socket.connect(to).unwrap();
            socket.send(b"?").unwrap();
            match socket.recv(&mut [0; 8]) {
                Err(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => {
                    Seen::Refused
                }
                // It was taken: these servers say nothing.
                _ => Seen::Answer(to.ip()),
            }
        }
    })
}

#[test]
fn who_is_served_depends_on_what_a_socket_is_bound_to() {
    if !allowed() {
        return;
    }
    let mut scene = Scene::new(Shape::Routed);
    let _kept = (listen(&scene, Type::STREAM), listen(&scene, Type::DGRAM));
    scene.reread();
    let mut wrong = Vec::new();
    let (mut cases, mut taken) = (0, 0);
    for place in [Place::Client, Place::Server] {
        let own = place == Place::Server;
        let loopback: &[&str] = if own { &["127.0.0.1", "::1"] } else { &[] };
        let addresses = ["10.2.0.2", "10.2.0.3", "fd02::2", "fd02::3"]
            .iter()
            .chain(loopback);
        for ip in addresses.map(|ip| ip.parse::<IpAddr>().unwrap()) {
            for port in LISTENING.map(|(port, ..)| port).into_iter().chain([9099]) {
                for protocol in [Protocol::Tcp, Protocol::Udp] {
                    let to = SocketAddr::new(ip, port);
                    let mut asked = flow(place, protocol, to, to);
                    (asked.source, asked.source_port, asked.from.ip) = (None, None, None);
                    let (expected, trace) = predicted(&scene, &asked);
                    let seen = attempt(&scene, place, protocol, to);
                    cases += 1;
                    taken += u32::from(seen != Seen::Refused);
                    if seen != expected {
                        let why = trace.paths[0].stopped_at.as_ref().map(|at| at.why.clone());
                        wrong.push(format!(
                            "{place:?} {to}/{protocol}: {seen:?}, predicted {expected:?} {why:?}"
                        ));
                    }
                }
            }
        }
    }
    println!("{cases} attempts, {taken} taken");
    assert!(taken > 40 && cases - taken > 40, "{cases} {taken}");
    assert_eq!(wrong, Vec::<String>::new());
}

/// Who is turned away learns what does listen there.
#[test]
fn a_refusal_says_what_does_listen() {
    if !allowed() {
        return;
    }
    let mut scene = Scene::new(Shape::Routed);
    let _kept = listen(&scene, Type::STREAM);
    scene.reread();
    let cases = [
        (
            "10.2.0.2",
            9001,
            "127.0.0.1:9001 listens, but only for programs of the same host or pod",
        ),
        ("10.2.0.2", 9005, "[::]:9005 listens, but only for IPv6"),
        ("fd02::2", 9003, "0.0.0.0:9003 listens, but only for IPv4"),
        (
            "10.2.0.2",
            9006,
            "10.2.0.3:9006 listens, but only for what is sent to 10.2.0.3",
        ),
        (
            "10.2.0.2",
            9009,
            "0.0.0.0%lo:9009 listens, but only for what comes in by lo",
        ),
        (
            "10.2.0.2",
            9099,
            "tcp sockets that listen: 127.0.0.1:9001, [::1]:9002",
        ),
    ];
    for (ip, port, expected) in cases {
        let to = SocketAddr::new(ip.parse().unwrap(), port);
        let from = SocketAddr::new(client(Family::of(to.ip())), 0);
        let (_, trace) = predicted(&scene, &flow(Place::Client, Protocol::Tcp, from, to));
        let why = &trace.paths[0].stopped_at.as_ref().unwrap().why;
        assert!(why.contains(expected), "{to}: {why}");
    }
}
