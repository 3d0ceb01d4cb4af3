//! Every lookup asked twice: of the kernel and of the walk.

use std::collections::BTreeMap;
use std::net::IpAddr;

use ipnet::IpNet;
use kubenet::model::trace::ClientSees;
use kubenet::model::{Cluster, Family, Netns, NetnsId, Protocol, Route, RouteType};
use kubenet::walk::{self, RouteAnswer, RouteQuestion};
use nix::errno::Errno;

use crate::asking::{Asker, Told};
use crate::chance::Chance;
use crate::setups::{self, Setup};
use crate::space::{Space, allowed, wish};

const HERE: NetnsId = NetnsId { node: 0, netns: 0 };

/// Lookups of one setup, what came of them by kind, and where the walk disagreed.
#[derive(Default)]
struct Count {
    lookups: usize,
    kinds: BTreeMap<String, usize>,
    wrong: Vec<String>,
}

/// What is worth asking about a namespace: values that its routes and rules name, and such beside them.
struct Interesting {
    destinations: Vec<IpAddr>,
    sources: Vec<IpAddr>,
    local: Vec<IpAddr>,
    marks: Vec<u32>,
    tos: Vec<u8>,
    ports: Vec<u16>,
    users: Vec<u32>,
}

impl Interesting {
    fn of(netns: &Netns) -> Self {
        let mut found = Self {
            destinations: [
                "198.51.100.1",
                "10.9.200.1",
                "fd77::1",
                "2001:db8:8::1",
                "127.0.0.1",
                "127.1.2.3",
                "::1",
            ]
            .map(|ip| ip.parse().unwrap())
            .to_vec(),
            sources: [
                "198.51.100.1",
                "10.9.1.5",
                "127.0.0.1",
                "fd77::1",
                "0.0.0.0",
                "224.0.0.1",
            ]
            .map(|ip| ip.parse().unwrap())
            .to_vec(),
            local: Vec::new(),
            marks: vec![0, 0, 1, 2, 3, 0x10, 0x20],
            tos: vec![0, 0, 0x10, 0xb8, 0x08, 0x04, 0x18],
            ports: vec![0, 53, 80, 443, 40000],
            users: vec![0, 0, 1000, 3000],
        };
        for family in [Family::V4, Family::V6] {
            for route in netns.routes(family).unwrap() {
                if !matches!(route.kind, RouteType::Multicast) {
                    found.destinations.extend(within(route.destination));
                }
                found
                    .destinations
                    .extend(route.next_hops.iter().filter_map(|hop| hop.gateway));
                found
                    .sources
                    .extend(route.source.into_iter().flat_map(within));
            }
            for rule in netns.rules(family).unwrap() {
                found
                    .destinations
                    .extend(rule.to.into_iter().flat_map(within));
                found.sources.extend(rule.from.into_iter().flat_map(within));
                found.marks.extend(rule.fwmark.map(|(value, _)| value));
                found.tos.push(rule.tos);
                for (low, high) in [rule.source_port, rule.destination_port]
                    .into_iter()
                    .flatten()
                {
                    found.ports.extend([low, high, high.saturating_add(1)]);
                }
                found.users.extend(rule.uid_range.map(|(low, _)| low));
            }
        }
        for address in netns.addresses.iter().flatten() {
            found.local.push(address.ip);
            found.destinations.push(address.ip);
            found.sources.push(address.ip);
            let net = IpNet::new(address.ip, address.prefix_length).unwrap();
            found.sources.extend(within(net));
        }
        // Those are no question of routes; link-local ones need a device.
        let asked = |ip: &IpAddr| {
            !ip.is_multicast()
                && !ip.is_unspecified()
                && !link_local(*ip)
                && *ip != IpAddr::from([255; 4])
        };
        found.destinations.retain(asked);
        found.sources.retain(|ip| !link_local(*ip));
        found.local.retain(|ip| !link_local(*ip));
        found
    }

    fn question(&self, chance: &mut Chance) -> RouteQuestion {
        let destination = chance.of(&self.destinations);
        let same = |all: &[IpAddr]| -> Vec<IpAddr> {
            all.iter()
                .copied()
                .filter(|ip| ip.is_ipv4() == destination.is_ipv4())
                .collect()
        };
        let input = chance
            .once_in(2)
            .then(|| chance.of(&["a0", "a0", "b0", "c0"]).to_owned());
        // What IPv6 thinks of ::1 from outside is no question of routes.
        let input = input.filter(|_| destination != IpAddr::from(std::net::Ipv6Addr::LOCALHOST));
        let source = match &input {
            Some(_) => {
                let mut sources = same(&self.sources);
                sources.retain(|ip| *ip != IpAddr::from(std::net::Ipv6Addr::LOCALHOST));
                Some(chance.of(&sources))
            }
            None if chance.once_in(3) => {
                let local = same(&self.local);
                let other = local.is_empty() || chance.once_in(8);
                Some(chance.of(&if other { same(&self.sources) } else { local }))
            }
            None => None,
        };
        let output = (input.is_none() && chance.once_in(5))
            .then(|| chance.of(&["a0", "b0", "c0", "d0"]).to_owned());
        let protocol = chance.of(&[Protocol::Tcp, Protocol::Udp, Protocol::Icmp]);
        let ports = |chance: &mut Chance| {
            if protocol.has_ports() {
                chance.of(&self.ports)
            } else {
                0
            }
        };
        RouteQuestion {
            destination,
            source,
            input,
            output,
            mark: chance.of(&self.marks),
            tos: chance.of(&self.tos) & 0xfc,
            protocol,
            source_port: ports(chance),
            destination_port: ports(chance),
            user: chance.of(&self.users),
        }
    }
}

/// The first, second and last address of a prefix, and the one after it.
fn within(prefix: IpNet) -> Vec<IpAddr> {
    match prefix {
        IpNet::V4(net) => {
            let (first, last) = (net.network().to_bits(), net.broadcast().to_bits());
            [first, first.saturating_add(1), last, last.saturating_add(1)]
                .map(|bits| IpAddr::V4(bits.into()))
                .to_vec()
        }
        IpNet::V6(net) => {
            let (first, last) = (net.network().to_bits(), net.broadcast().to_bits());
            [first, first.saturating_add(1), last, last.saturating_add(1)]
                .map(|bits| IpAddr::V6(bits.into()))
                .to_vec()
        }
    }
}

/// Link-local destinations need a device and are asked by hand only.
fn link_local(ip: IpAddr) -> bool {
    matches!(ip, IpAddr::V6(ip) if ip.is_unicast_link_local())
}

fn as_ip_route_get(question: &RouteQuestion) -> String {
    let mut words = format!("ip route get {}", question.destination);
    let mut add = |key: &str, value: Option<String>| {
        if let Some(value) = value {
            words.push_str(&format!(" {key} {value}"));
        }
    };
    add("from", question.source.map(|ip| ip.to_string()));
    add("iif", question.input.clone());
    add("oif", question.output.clone());
    add(
        "mark",
        (question.mark != 0).then(|| format!("{:#x}", question.mark)),
    );
    add(
        "tos",
        (question.tos != 0).then(|| format!("{:#x}", question.tos)),
    );
    add("ipproto", Some(question.protocol.to_string()));
    add(
        "sport",
        (question.source_port != 0).then(|| question.source_port.to_string()),
    );
    add(
        "dport",
        (question.destination_port != 0).then(|| question.destination_port.to_string()),
    );
    add("uid", Some(question.user.to_string()));
    words
}

fn number(kind: RouteType) -> u8 {
    match kind {
        RouteType::Unicast => 1,
        RouteType::Local => 2,
        RouteType::Broadcast => 3,
        RouteType::Anycast => 4,
        RouteType::Multicast => 5,
        RouteType::Blackhole => 6,
        RouteType::Unreachable => 7,
        RouteType::Prohibit => 8,
        RouteType::Throw => 9,
    }
}

/// Whether one of the walk's answers is the kernel's. `answered`: an ICMP error finds its way back to the sender.
fn agrees(
    netns: &Netns,
    question: &RouteQuestion,
    told: &Told,
    answered: bool,
    answer: &RouteAnswer<'_>,
) -> bool {
    match (told, answer) {
        // The lookup says where to, the packet gets no further than here.
        (Told::Route { kind: 1, .. }, RouteAnswer::Refused { client_sees, .. })
            if question.input.is_some() && question.destination.is_ipv6() && !forwards(netns) =>
        {
            *client_sees == ClientSees::Timeout
        }
        (
            Told::Route {
                kind,
                device,
                gateway,
                source,
                found,
            },
            RouteAnswer::Route {
                route,
                gateway: by,
                device: on,
                source: from,
            },
        ) => {
            let is_told = |route: &Route| {
                found.is_some_and(|(prefix, table, metric, tos)| {
                    *kind == number(route.kind)
                        && prefix == route.destination
                        && (table == route.table.0 || merged(netns) && table == 254)
                        && metric == route.metric
                        && tos == route.tos
                })
            };
            // What the kernel matched: nothing when it fell back on the link of the device the sender is bound to.
            let same_route = match (found, route) {
                (Some(_), Some(route)) => is_told(route),
                (None, None) => true,
                _ => false,
            };
            let chooses = question.source.is_none();
            same_route && device == on && gateway == by && (!chooses || source == from)
        }
        (Told::Refused(errno), RouteAnswer::Refused { client_sees, .. }) => {
            let wanted = match (&question.input, errno) {
                (Some(device), _) if !answered || silent(netns, question, device, *errno) => {
                    ClientSees::Timeout
                }
                // What such an answer means to a program is asked of real ones in `packets`.
                (Some(_), Errno::ENETUNREACH | Errno::EHOSTUNREACH)
                    if question.protocol == Protocol::Udp =>
                {
                    ClientSees::Timeout
                }
                (Some(_), Errno::EACCES) if question.destination.is_ipv4() => {
                    ClientSees::Unreachable
                }
                (_, Errno::ENETUNREACH | Errno::EHOSTUNREACH) => ClientSees::Unreachable,
                (_, Errno::EACCES) => ClientSees::Prohibited,
                (_, Errno::EINVAL) => ClientSees::Invalid,
                _ => return false,
            };
            *client_sees == wanted
        }
        _ => false,
    }
}

/// IPv4 tells main for local while no rule was ever added: the two are one.
fn merged(netns: &Netns) -> bool {
    netns.rules4.as_ref().unwrap().len() == 3
}

/// Whether it is an IPv6 router.
fn forwards(netns: &Netns) -> bool {
    let sysctls = netns.sysctls.as_ref().unwrap();
    sysctls.conf(Family::V6, "all", "forwarding") == Some(1)
}

/// What a router refuses without a word: martians (EINVAL), by rp_filter (EXDEV), and everything that arrives on an IPv4
/// device which does not forward.
fn silent(netns: &Netns, question: &RouteQuestion, device: &str, errno: Errno) -> bool {
    let forwards = question.destination.is_ipv6()
        || netns
            .sysctls
            .as_ref()
            .unwrap()
            .conf(Family::V4, device, "forwarding")
            == Some(1);
    matches!(errno, Errno::EINVAL | Errno::EXDEV) || !forwards
}

fn compare(setup: &Setup, space: &Space, seed: u64, lookups: usize) -> Count {
    let cluster: Cluster = space.read();
    let netns = cluster.netns(HERE);
    let interesting = Interesting::of(netns);
    let chance = &mut Chance::new(seed);
    let questions: Vec<RouteQuestion> =
        (0..lookups).map(|_| interesting.question(chance)).collect();
    let told: Vec<(Told, bool)> = space.inside(0, || {
        let mut asker = Asker::open();
        let mut ask = |question| (asker.ask(question), asker.answers(question));
        questions.iter().map(&mut ask).collect()
    });
    let mut count = Count {
        lookups,
        ..Count::default()
    };
    for (question, (told, answered)) in questions.iter().zip(&told) {
        let kind = match told {
            Told::Route { kind, .. } => format!("route of kind {kind}"),
            Told::Refused(errno) => format!("{errno:?}"),
        };
        let direction = if question.input.is_some() {
            "in"
        } else {
            "out"
        };
        let family = if question.destination.is_ipv4() {
            "IPv4"
        } else {
            "IPv6"
        };
        *count
            .kinds
            .entry(format!("{family} {direction}, {kind}"))
            .or_default() += 1;
        let answers = walk::route(&cluster, HERE, question);
        if !answers
            .iter()
            .any(|(_, answer)| agrees(netns, question, told, *answered, answer))
        {
            count.wrong.push(format!(
                "{}\n    kernel: {told:?}\n    walk: {:?}",
                as_ip_route_get(question),
                answers
                    .iter()
                    .map(|(share, answer)| in_words(*share, answer))
                    .collect::<Vec<_>>(),
            ));
        }
    }
    if !count.wrong.is_empty() {
        let lines = setup.lines.join("\n    ");
        let total = count.wrong.len();
        count.wrong.truncate(4);
        count.wrong.insert(
            0,
            format!(
                "{}: {total} of {lookups} differ, after\n    {lines}",
                setup.name
            ),
        );
    }
    count
}

fn in_words(share: f64, answer: &RouteAnswer<'_>) -> String {
    match answer {
        RouteAnswer::Route {
            route,
            gateway,
            device,
            source,
        } => {
            let raw = route.map(|route| format!("{} (table {})", route.raw, route.table));
            format!("{share}: {raw:?} via {gateway:?} dev {device} src {source:?}")
        }
        other => format!("{other:?}"),
    }
}

/// Builds setups, two at a time as the machine has more than one core, and compares.
fn all(setups: Vec<(u64, Setup)>, lookups: usize) -> Count {
    let (left, right): (Vec<_>, Vec<_>) = setups.into_iter().partition(|(seed, _)| seed % 2 == 0);
    let run = |setups: Vec<(u64, Setup)>| {
        let mut sum = Count::default();
        for (seed, setup) in setups {
            let space = setup.build();
            let count = compare(&setup, &space, seed, lookups);
            sum.add(count);
        }
        sum
    };
    std::thread::scope(|scope| {
        let other = scope.spawn(|| run(right));
        let mut sum = run(left);
        sum.add(other.join().unwrap());
        sum
    })
}

impl Count {
    fn add(&mut self, other: Self) {
        self.lookups += other.lookups;
        self.wrong.extend(other.wrong);
        for (kind, count) in other.kinds {
            *self.kinds.entry(kind).or_default() += count;
        }
    }

    fn agree(self, at_least: usize, kinds: &[&str]) {
        println!("{} lookups: {:#?}", self.lookups, self.kinds);
        assert!(
            self.wrong.is_empty(),
            "the kernel routes otherwise:\n{}",
            self.wrong.join("\n")
        );
        assert!(self.lookups >= at_least, "only {} lookups", self.lookups);
        for kind in kinds {
            assert!(self.kinds.contains_key(*kind), "never came up: {kind}");
        }
    }
}

/// What must have come up, or the test asks the wrong questions.
const KINDS: [&str; 17] = [
    "IPv4 out, route of kind 1",
    "IPv4 out, route of kind 2",
    "IPv4 out, route of kind 3",
    "IPv4 out, EINVAL",
    "IPv4 out, EACCES",
    "IPv4 out, ENETUNREACH",
    "IPv4 out, EHOSTUNREACH",
    "IPv4 in, route of kind 1",
    "IPv4 in, route of kind 2",
    "IPv4 in, EINVAL",
    "IPv4 in, EACCES",
    "IPv6 out, route of kind 1",
    "IPv6 out, route of kind 2",
    "IPv6 out, ENETUNREACH",
    "IPv6 in, route of kind 1",
    "IPv6 in, EACCES",
    "IPv6 in, EINVAL",
];

#[test]
fn each_feature_of_routing() {
    if !allowed() {
        return;
    }
    let setups = (0..).zip(setups::by_hand()).collect();
    all(setups, 120).agree(4000, &KINDS);
}

#[test]
fn features_mixed_at_random() {
    if !allowed() {
        return;
    }
    let first = wish("KUBENET_SEED").unwrap_or(1);
    let count = wish("KUBENET_CASES").unwrap_or(40);
    println!("seeds {first} to {}", first + count - 1);
    let setups = (first..first + count)
        .map(|seed| (seed, setups::random(seed)))
        .collect();
    all(setups, 120).agree(count as usize * 100, &[]);
}
