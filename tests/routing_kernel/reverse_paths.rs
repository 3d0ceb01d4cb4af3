//! rp_filter by real packets: a router whose settings, routes and rules are made at random gets datagrams from sources that
//! it knows, does not know, or has itself, by either of two devices; whether each goes through is held against its trace.
//!
//! `KUBENET_CASES` says how many routers are made, `KUBENET_SEED` with which number they begin.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::time::Duration;

use kubenet::model::trace::Verdict;
use kubenet::model::{Cluster, Flow, FlowEnd, NetnsId, Protocol};
use kubenet::walk;
use nix::sys::socket::{setsockopt, sockopt};

use crate::chance::Chance;
use crate::space::{Space, allowed, wish};

/// Datagrams for each router.
const PACKETS: usize = 12;
/// Asked for at these ports; the router marks what goes to a later one.
const PORTS: [u16; 3] = [5000, 5001, 5002];
/// What is on its way gets there by then.
const PATIENCE: [Duration; 3] = [
    Duration::from_millis(4),
    Duration::from_millis(50),
    Duration::from_millis(300),
];
const CLIENT: usize = 0;
const ROUTER: usize = 1;
const SERVER: usize = 2;

/// client c0 10.1.0.2 - r0 10.1.0.1 router r1 10.2.0.1 - s0 10.2.0.2 server, client c1 10.3.0.2 - r2 10.3.0.1 router;
/// what goes to 10.2.0.3 and 10.3.0.1 takes the second way. Neighbours are known: ARP has a check of its own.
fn build(chance: &mut Chance) -> Space {
    let space = Space::new(3);
    // What a device that is made later has from the beginning.
    let default = chance.below(3);
    space.set(
        ROUTER,
        &format!("net.ipv4.conf.default.rp_filter={default}"),
    );
    space.join((CLIENT, "c0"), (ROUTER, "r0"));
    space.join((CLIENT, "c1"), (ROUTER, "r2"));
    space.join((ROUTER, "r1"), (SERVER, "s0"));
    space.set(ROUTER, "net.ipv4.ip_forward=1");
    space.set(SERVER, "net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.s0.rp_filter=0 net.ipv4.conf.s0.accept_local=1");
    let mac = |at, device: &str| {
        let path = format!("/sys/class/net/{device}/address");
        space.output(at, &format!("cat {path}")).trim().to_owned()
    };
    let (c0, c1, s0) = (mac(CLIENT, "c0"), mac(CLIENT, "c1"), mac(SERVER, "s0"));
    let (r0, r2) = (mac(ROUTER, "r0"), mac(ROUTER, "r2"));
    space.ip(
        CLIENT,
        &format!(
            "addr add 10.1.0.2/24 dev c0
             addr add 10.3.0.2/24 dev c1
             neigh replace 10.1.0.1 lladdr {r0} dev c0 nud permanent
             neigh replace 10.3.0.1 lladdr {r2} dev c1 nud permanent
             route add default via 10.1.0.1
             route add 10.2.0.3 via 10.3.0.1"
        ),
    );
    for source in SOURCES {
        // Of those that the router has too, the client knows how to reach the router's.
        space.ip(
            CLIENT,
            &format!("addr add {source}/32 dev lo noprefixroute"),
        );
    }
    space.ip(
        ROUTER,
        &format!(
            "addr add 10.1.0.1/24 dev r0
             addr add 10.2.0.1/24 dev r1
             addr add 10.3.0.1/24 dev r2
             neigh replace 10.1.0.2 lladdr {c0} dev r0 nud permanent
             neigh replace 10.3.0.2 lladdr {c1} dev r2 nud permanent
             neigh replace 10.2.0.2 lladdr {s0} dev r1 nud permanent
             neigh replace 10.2.0.3 lladdr {s0} dev r1 nud permanent"
        ),
    );
    space.ip(
        SERVER,
        "addr add 10.2.0.2/24 dev s0
         addr add 10.2.0.3/24 dev s0
         route add default via 10.2.0.1",
    );
    for mark in [1, 2] {
        let port = PORTS[mark];
        let rule =
            format!("-t mangle -A PREROUTING -p udp --dport {port} -j MARK --set-mark {mark}");
        space.shell(ROUTER, &format!("iptables {rule}"));
    }
    space
}

/// Sources beside the client's own two: routed back in different ways, of the server's network, and the router's.
const SOURCES: [&str; 5] = ["10.8.0.2", "10.9.0.2", "10.9.1.2", "10.2.0.77", "10.2.0.1"];

/// Settings, routes and rules of the router: lines for `ip`, and what is set.
fn router(chance: &mut Chance) -> (Vec<String>, String) {
    let mut settings = Vec::new();
    for device in ["all", "r0", "r2"] {
        if device == "all" || chance.once_in(2) {
            let filter = chance.of(&[0, 1, 1, 2]);
            settings.push(format!("net.ipv4.conf.{device}.rp_filter={filter}"));
        }
        for (key, seldom) in [
            ("src_valid_mark", 3),
            ("accept_local", 4),
            ("send_redirects", 2),
        ] {
            let value = u8::from(chance.once_in(seldom));
            settings.push(format!("net.ipv4.conf.{device}.{key}={value}"));
        }
    }
    let mut lines = Vec::new();
    for _ in 0..chance.below(7) {
        let prefix = chance.of(&[
            "10.9.0.0/16",
            "10.9.0.0/16",
            "10.9.1.0/24",
            "10.8.0.2/32",
            "10.1.0.2/32",
            "10.3.0.2/32",
            "default",
        ]);
        let table = chance.of(&["main", "main", "101", "102"]);
        let tos = chance.of(&["", "", "", "tos 0x10"]);
        let to = match chance.below(9) {
            0 | 1 => "via 10.1.0.2".to_owned(),
            2 | 3 => "via 10.3.0.2".to_owned(),
            4 => "dev r1".to_owned(),
            5 => "nexthop via 10.1.0.2 nexthop via 10.3.0.2".to_owned(),
            6 => "nhid 7".to_owned(),
            _ => {
                let kind = chance.of(&["blackhole", "unreachable", "prohibit", "throw", "local"]);
                let device = if kind == "local" { "dev lo" } else { "" };
                lines.push(format!(
                    "route add {kind} {prefix} {tos} table {table} {device}"
                ));
                continue;
            }
        };
        lines.push(format!("route add {prefix} {tos} table {table} {to}"));
    }
    for _ in 0..chance.below(4) {
        let selects = chance.of(&[
            "fwmark 1",
            "fwmark 0x2/0x2",
            "not fwmark 1",
            "from 10.9.0.0/16",
            "to 10.9.0.0/16",
            "to 10.8.0.2",
            "iif r0",
            "iif r1",
            "iif r2",
            "tos 0x10",
            "ipproto udp",
            "sport 5001",
            "from 10.2.0.2",
        ]);
        let does = chance.of(&[
            "lookup 101",
            "lookup 101",
            "lookup 102",
            "blackhole",
            "unreachable",
            "lookup main suppress_prefixlength 16",
        ]);
        lines.push(format!("rule add {selects} {does}"));
    }
    if chance.once_in(6) {
        lines.push("addr flush dev r2".to_owned());
    }
    (lines, settings.join(" "))
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Datagram {
    source: Ipv4Addr,
    to: SocketAddr,
    tos: u8,
}

impl Datagram {
    fn random(chance: &mut Chance) -> Self {
        let own = ["10.1.0.2", "10.3.0.2"];
        let all: Vec<&str> = own.into_iter().chain(SOURCES).collect();
        let to = chance.of(&[
            "10.2.0.2", "10.2.0.2", "10.2.0.3", "10.2.0.3", "10.1.0.1", "10.3.0.1",
        ]);
        Self {
            source: chance.of(&all).parse().unwrap(),
            to: SocketAddr::new(to.parse().unwrap(), chance.of(&PORTS)),
            tos: chance.of(&[0, 0, 0x10]),
        }
    }

    /// Whether each way that the walk knows of lets it through, and why not.
    fn predicted(&self, cluster: &Cluster) -> Vec<(Option<bool>, String)> {
        let end = |ip: IpAddr, port| FlowEnd {
            kind: "address".to_owned(),
            namespace: None,
            name: None,
            node: None,
            ip: Some(ip),
            port,
            role: None,
        };
        let flow = Flow {
            start: NetnsId {
                node: 0,
                netns: CLIENT,
            },
            external_source: None,
            from: end(self.source.into(), None),
            to: end(self.to.ip(), Some(self.to.port())),
            protocol: Protocol::Udp,
            destination: self.to.ip(),
            destination_port: self.to.port(),
            source: Some(self.source.into()),
            source_port: None,
            established: false,
            mark: 0,
            tos: self.tos,
            size: 60,
            reply: false,
        };
        let trace = walk::trace(cluster, &flow);
        let paths = trace.paths.iter().map(|path| {
            let arrives = match path.verdict {
                Verdict::Undetermined => None,
                verdict => Some(verdict == Verdict::Delivered),
            };
            let why = path.stopped_at.as_ref().map(|at| at.why.clone());
            (arrives, why.unwrap_or_default())
        });
        paths.collect()
    }
}

/// Sends the datagrams; which of them came.
fn send(
    space: &Space,
    ears: &[UdpSocket],
    datagrams: &[Datagram],
    patience: Duration,
) -> Vec<bool> {
    let mut buffer = [0; 64];
    let mut heard = |came: &mut BTreeSet<usize>| {
        for ear in ears {
            while let Ok(length) = ear.recv(&mut buffer) {
                came.insert(usize::from(buffer[length.min(1) - 1]));
            }
        }
    };
    heard(&mut BTreeSet::new());
    space.inside(CLIENT, || {
        for (number, datagram) in datagrams.iter().enumerate() {
            let socket = UdpSocket::bind((datagram.source, 0)).unwrap();
            setsockopt(&socket, sockopt::Ipv4Tos, &datagram.tos.into()).unwrap();
            // A router that refuses says so, and the next call would tell it: there is none.
            let _ = socket.send_to(&[u8::try_from(number).unwrap(); 32], datagram.to);
        }
    });
    std::thread::sleep(patience);
    let mut came = BTreeSet::new();
    heard(&mut came);
    (0..datagrams.len())
        .map(|number| came.contains(&number))
        .collect()
}

/// One router, and where the walk says otherwise.
fn play(seed: u64, passed: &mut usize) -> Vec<String> {
    let chance = &mut Chance::new(seed);
    let space = build(chance);
    let (lines, settings) = router(chance);
    space.set(ROUTER, &settings);
    space.ip(
        ROUTER,
        "nexthop add id 5 via 10.1.0.2 dev r0
         nexthop add id 6 via 10.3.0.2 dev r2
         nexthop add id 7 group 5/6",
    );
    // What the kernel refuses of it is left out.
    space.try_ip(ROUTER, &lines.join("\n"));
    let ears: Vec<UdpSocket> = [ROUTER, SERVER]
        .into_iter()
        .flat_map(|at| PORTS.map(|port| (at, port)))
        .map(|(at, port)| {
            let ear = space.inside(at, || {
                UdpSocket::bind((Ipv4Addr::UNSPECIFIED, port)).unwrap()
            });
            ear.set_nonblocking(true).unwrap();
            ear
        })
        .collect();
    let cluster = space.read();
    let datagrams: Vec<_> = (0..PACKETS).map(|_| Datagram::random(chance)).collect();
    let mut wrong = Vec::new();
    for patience in PATIENCE {
        let came = send(&space, &ears, &datagrams, patience);
        wrong.clear();
        *passed += came.iter().filter(|came| **came).count();
        for (datagram, came) in datagrams.iter().zip(came) {
            let predicted = datagram.predicted(&cluster);
            if !predicted.iter().any(|(arrives, _)| *arrives == Some(came)) {
                wrong.push(format!(
                    "{datagram:?} came: {came}, the walk says {predicted:?}"
                ));
            }
        }
        if wrong.is_empty() {
            return wrong;
        }
    }
    wrong.insert(0, format!("seed {seed}: {settings}\n{}", lines.join("\n")));
    wrong
}

#[test]
fn rp_filter_at_random() {
    if !allowed() {
        return;
    }
    let first = wish("KUBENET_SEED").unwrap_or(1);
    let cases = wish("KUBENET_CASES").unwrap_or(40);
    let mut passed = 0;
    let wrong: Vec<String> = (first..first + cases)
        .flat_map(|seed| play(seed, &mut passed))
        .collect();
    let sent = cases as usize * PACKETS;
    println!("{cases} routers from seed {first}, {sent} packets, {passed} of them passed");
    assert!(
        wrong.is_empty(),
        "the kernel did otherwise:\n{}",
        wrong.join("\n")
    );
    assert!(
        passed * 5 > sent && passed * 5 < sent * 4,
        "{passed} of {sent} passed: too one-sided"
    );
}
