//! How the names of endpoints become a question: every form, every kind of endpoint, and what is said of wrong ones.
#![allow(clippy::unwrap_used)]

use std::net::IpAddr;

use kubenet::cli::Failure;
use kubenet::cli::endpoint::{Endpoint, Port, Question, parse, resolve};
use kubenet::model::*;
use proptest::prelude::*;

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn netns(name: NetnsName, addresses: &[&str]) -> Netns {
    let address = |text: &&str| Address {
        device: "eth0".to_owned(),
        ip: ip(text),
        prefix_length: 24,
        peer: None,
        broadcast: None,
        scope: AddressScope::Global,
        secondary: false,
        tentative: false,
        deprecated: false,
    };
    Netns {
        addresses: Some(addresses.iter().map(address).collect()),
        ..Netns::unread(name)
    }
}

fn pod_name(namespace: &str, name: &str) -> NetnsName {
    NetnsName::Pod {
        namespace: namespace.to_owned(),
        name: name.to_owned(),
    }
}

fn pod(namespace: &str, name: &str, node: &str, ips: &[&str]) -> Pod {
    Pod {
        namespace: namespace.to_owned(),
        name: name.to_owned(),
        node: Some(node.to_owned()),
        ips: ips.iter().map(|text| ip(text)).collect(),
        ..Pod::default()
    }
}

fn port(name: &str, protocol: Protocol, port: u16) -> ServicePort {
    ServicePort {
        name: name.to_owned(),
        protocol,
        port,
        target_port: PortRef::Number(port),
        node_port: None,
    }
}

fn service(namespace: &str, name: &str, ips: &[&str], ports: Vec<ServicePort>) -> Service {
    Service {
        namespace: namespace.to_owned(),
        name: name.to_owned(),
        kind: "ClusterIP".to_owned(),
        cluster_ips: ips.iter().map(|text| ip(text)).collect(),
        ports,
        ..Service::default()
    }
}

/// Two nodes of which only the first was captured, with pods and Services of every kind.
fn cluster() -> Cluster {
    let mut exporter = pod("monitoring", "exporter", "n1", &["192.168.0.1"]);
    exporter.host_network = true;
    let mut alias = service("shop", "alias", &[], Vec::new());
    alias.external_name = Some("db.example.com".to_owned());
    let mut headless = service("shop", "db", &[], vec![port("", Protocol::Tcp, 5432)]);
    headless.headless = true;
    let mut waiting = pod("shop", "waiting", "n1", &[]);
    waiting.phase = Some("Pending".to_owned());
    let node = |name: &str, address: &str| NodeObject {
        name: name.to_owned(),
        addresses: vec![ip(address)],
        ..NodeObject::default()
    };
    Cluster {
        nodes: vec![Node {
            sandboxes: Vec::new(),
            runtimes: Vec::new(),
            name: "n1".to_owned(),
            netns: vec![
                netns(NetnsName::Host, &["192.168.0.1", "10.42.0.1"]),
                netns(pod_name("default", "client"), &["10.42.0.65"]),
                netns(pod_name("default", "dual"), &["10.42.0.66", "fd00:42::66"]),
                netns(NetnsName::Named("blue".to_owned()), &["10.42.0.70"]),
            ],
        }],
        objects: Objects {
            pods: vec![
                pod("default", "client", "n1", &["10.42.0.65"]),
                pod("default", "dual", "n1", &["10.42.0.66", "fd00:42::66"]),
                pod("default", "web-1", "n2", &["10.42.1.6"]),
                pod("default", "both", "n2", &["10.42.1.7"]),
                pod("shop", "cart-1", "n2", &["10.42.1.8"]),
                exporter,
                waiting,
            ],
            services: vec![
                service(
                    "default",
                    "web",
                    &["10.43.0.10"],
                    vec![port("http", Protocol::Tcp, 80)],
                ),
                service(
                    "default",
                    "both",
                    &["10.43.0.11"],
                    vec![port("", Protocol::Tcp, 80)],
                ),
                service(
                    "shop",
                    "dns",
                    &["10.43.0.12", "fd00:43::12"],
                    vec![
                        port("dns", Protocol::Udp, 53),
                        port("dns-tcp", Protocol::Tcp, 53),
                    ],
                ),
                service(
                    "shop",
                    "cart",
                    &["10.43.0.13"],
                    vec![
                        port("http", Protocol::Tcp, 80),
                        port("https", Protocol::Tcp, 443),
                    ],
                ),
                service(
                    "shop",
                    "v6",
                    &["fd00:43::14"],
                    vec![port("", Protocol::Tcp, 80)],
                ),
                alias,
                headless,
            ],
            endpoint_slices: vec![EndpointSlice {
                namespace: "shop".to_owned(),
                service: "db".to_owned(),
                endpoints: vec![Endpoint_ {
                    pod: Some(("shop".to_owned(), "db-0".to_owned())),
                    ..Endpoint_::default()
                }],
                ..EndpointSlice::default()
            }],
            nodes: vec![node("n1", "192.168.0.1"), node("n2", "192.168.0.2")],
            ..Objects::default()
        },
        gaps: Vec::new(),
    }
}

use kubenet::model::Endpoint as Endpoint_;

fn question(from: &str, to: &str) -> Question {
    Question::new(parse(from).unwrap(), parse(to).unwrap())
}

fn flow(from: &str, to: &str) -> Flow {
    resolve(&cluster(), &question(from, to))
        .unwrap_or_else(|failure| panic!("{from} {to}: {failure:?}"))
}

/// The failure's sentence and hint, together.
fn failure(question: &Question) -> String {
    match resolve(&cluster(), question) {
        Err(Failure::Said { sentence, hint }) => {
            format!("{sentence}\n{}", hint.unwrap_or_default())
        }
        other => panic!("no failure: {other:?}"),
    }
}

fn refused(from: &str, to: &str) -> String {
    failure(&question(from, to))
}

const CLIENT: NetnsId = NetnsId { node: 0, netns: 1 };
const HOST: NetnsId = NetnsId { node: 0, netns: 0 };

#[test]
fn every_form_of_a_sender_starts_in_its_namespace() {
    let cases = [
        ("client", CLIENT, "pod"),
        ("default/client", CLIENT, "pod"),
        ("pod/default/client", CLIENT, "pod"),
        ("10.42.0.65", CLIENT, "pod"),
        ("monitoring/exporter", HOST, "pod"),
        ("node/n1", HOST, "node"),
        ("192.168.0.1", HOST, "node"),
        ("blue", NetnsId { node: 0, netns: 3 }, "address"),
        ("10.42.0.70", NetnsId { node: 0, netns: 3 }, "address"),
    ];
    for (from, start, kind) in cases {
        let flow = flow(from, "10.43.0.10:80");
        assert_eq!(
            (flow.start, flow.from.kind.as_str()),
            (start, kind),
            "{from}"
        );
        assert_eq!(flow.external_source, None, "{from}");
    }
}

#[test]
fn every_form_of_a_receiver_is_its_address() {
    let cases = [
        ("web", "10.43.0.10", 80, "service"),
        ("svc/web", "10.43.0.10", 80, "service"),
        ("svc/default/web:80", "10.43.0.10", 80, "service"),
        ("web:http", "10.43.0.10", 80, "service"),
        ("web.default.svc.cluster.local", "10.43.0.10", 80, "service"),
        ("shop/cart:https", "10.43.0.13", 443, "service"),
        ("web-1:8080", "10.42.1.6", 8080, "pod"),
        ("pod/both:80", "10.42.1.7", 80, "pod"),
        ("both", "10.43.0.11", 80, "service"),
        ("10.43.0.10:81", "10.43.0.10", 81, "service"),
        ("10.42.1.6:80", "10.42.1.6", 80, "pod"),
        ("node/n2:22", "192.168.0.2", 22, "node"),
        ("192.168.0.2:22", "192.168.0.2", 22, "node"),
        ("198.51.100.1:443", "198.51.100.1", 443, "address"),
        ("external:198.51.100.1:443", "198.51.100.1", 443, "external"),
    ];
    for (to, address, port, kind) in cases {
        let flow = flow("client", to);
        assert_eq!(
            (flow.destination, flow.destination_port),
            (ip(address), port),
            "{to}"
        );
        assert_eq!(
            (flow.to.kind.as_str(), flow.to.ip, flow.to.port),
            (kind, Some(ip(address)), Some(port)),
            "{to}"
        );
    }
}

#[test]
fn the_protocol_is_the_one_asked_for_else_the_ports_own() {
    assert_eq!(flow("client", "web").protocol, Protocol::Tcp);
    // The same port over both: tcp, as everywhere where none is given.
    assert_eq!(flow("client", "shop/dns:53").protocol, Protocol::Tcp);
    assert_eq!(flow("client", "shop/dns:dns").protocol, Protocol::Udp);
    let mut udp = question("client", "shop/dns");
    udp.protocol = Some(Protocol::Udp);
    let flow = resolve(&cluster(), &udp).unwrap();
    assert_eq!((flow.protocol, flow.destination_port), (Protocol::Udp, 53));
    let mut icmp = question("client", "web-1");
    icmp.protocol = Some(Protocol::Icmp);
    let flow = resolve(&cluster(), &icmp).unwrap();
    assert_eq!(
        (flow.protocol, flow.destination_port, flow.to.port),
        (Protocol::Icmp, 0, None)
    );
}

#[test]
fn the_family_is_one_that_both_ends_have() {
    assert_eq!(flow("dual", "shop/dns:53").destination, ip("10.43.0.12"));
    assert_eq!(flow("dual", "shop/v6").destination, ip("fd00:43::14"));
    assert_eq!(flow("dual", "shop/v6").from.ip, Some(ip("fd00:42::66")));
    let mut v6 = question("dual", "shop/dns:53");
    v6.family = Some(Family::V6);
    assert_eq!(
        resolve(&cluster(), &v6).unwrap().destination,
        ip("fd00:43::12")
    );
    v6.from = parse("client").unwrap();
    assert!(
        failure(&v6).contains("no address family serves both ends"),
        "{}",
        failure(&v6)
    );
    assert!(
        refused("client", "shop/v6").contains("only IPv6"),
        "{}",
        refused("client", "shop/v6")
    );
}

#[test]
fn a_client_outside_enters_by_a_node() {
    let outside = flow("external:198.51.100.7", "10.43.0.10:80");
    assert_eq!(
        (outside.start, outside.external_source),
        (HOST, Some(ip("198.51.100.7")))
    );
    let mut via = question("external", "10.43.0.10:80");
    via.via = Some("n2".to_owned());
    assert!(
        failure(&via).contains("host namespace was not captured"),
        "{}",
        failure(&via)
    );
    via.via = Some("n3".to_owned());
    assert!(failure(&via).contains("no node n3"), "{}", failure(&via));
}

#[test]
fn an_address_among_several_of_its_namespace_is_bound() {
    assert_eq!(flow("10.42.0.1", "web").source, Some(ip("10.42.0.1")));
    assert_eq!(flow("10.42.0.65", "web").source, None);
}

#[test]
fn wrong_names_are_answered_with_the_nearest() {
    let cases = [
        (("cleint", "web"), "did you mean client?"),
        (("client", "wbe"), "did you mean web"),
        (("client", "cart"), "shop/cart"),
        (("client", "svc/cart"), "there is shop/cart"),
        (("cart-1", "web"), "there is shop/cart-1"),
        (("node/n3", "web"), "did you mean n1 or n2?"),
        (("client", "node/n3:22"), "did you mean n1 or n2?"),
        (("10.42.0.64", "web"), "did you mean 10.42.0.65"),
        (
            ("client", "svc/elsewhere/nothing-like-it"),
            "`kubenet services` lists",
        ),
        (("nothing-like-it", "web"), "`kubenet pods` lists"),
    ];
    for ((from, to), expected) in cases {
        let said = refused(from, to);
        assert!(said.contains(expected), "{from} {to}: {said}");
    }
}

#[test]
fn what_cannot_be_traced_says_why() {
    let cases = [
        (
            ("web-1", "web"),
            "its network namespace on n2 was not captured",
        ),
        (
            ("10.42.1.6", "web"),
            "its network namespace on n2 was not captured",
        ),
        (("node/n2", "web"), "its host namespace was not captured"),
        (("svc/web", "web"), "a Service sends nothing"),
        (
            ("client", "shop/alias"),
            "only a DNS alias of db.example.com",
        ),
        (("client", "shop/db"), "pod/shop/db-0"),
        (
            ("client", "shop/waiting:80"),
            "has no address (it is Pending)",
        ),
        (("client", "shop/cart"), "80/tcp (http), 443/tcp (https)"),
        (("client", "shop/cart:81"), "has no port 81"),
        (("client", "shop/cart:grpc"), "has no port grpc"),
        (("client", "web-1"), "which port of pod default/web-1?"),
        (("client", "web-1:http"), "only Services name ports"),
        (("client", "10.0.0.1"), "which port of 10.0.0.1?"),
        (("127.0.0.1", "web"), "is in every namespace"),
        (("client", "external"), "needs an address"),
    ];
    for ((from, to), expected) in cases {
        let said = refused(from, to);
        assert!(said.contains(expected), "{from} {to}: {said}");
    }
    let mut twice = question("client", "web:80");
    twice.port = Some(Port::Number(81));
    assert!(failure(&twice).contains("TO says port 80, --port says 81"));
    let mut icmp = question("client", "web:80");
    icmp.protocol = Some(Protocol::Icmp);
    assert!(failure(&icmp).contains("icmp has no ports"));
    let mut udp = question("client", "web");
    udp.protocol = Some(Protocol::Udp);
    assert!(failure(&udp).contains("has no udp port"));
}

#[test]
fn without_objects_pods_are_found_by_their_addresses() {
    let mut bare = cluster();
    bare.objects = Objects::default();
    let flow = resolve(&bare, &question("10.42.0.65", "10.43.0.10:80")).unwrap();
    assert_eq!((flow.start, flow.to.kind.as_str()), (CLIENT, "address"));
    let flow = resolve(&bare, &question("node/n1", "10.43.0.10:80")).unwrap();
    assert_eq!(flow.start, HOST);
}

#[test]
fn on_a_live_machine_a_pod_of_the_objects_is_found_by_its_address() {
    let mut live = cluster();
    for netns in &mut live.nodes[0].netns {
        if let NetnsName::Pod { name, .. } = &netns.name {
            netns.name = NetnsName::Named(format!("pid-{}", name.len()));
        }
    }
    assert_eq!(
        resolve(&live, &question("client", "web")).unwrap().start,
        CLIENT
    );
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_makes_the_parser_panic(text in "\\PC*") {
        let _ = parse(&text);
    }

    #[test]
    fn nor_does_one_in_the_shape_of_an_endpoint(
        text in "(pod/|svc/|node/|external:?|\\[)?[a-z0-9.:]{0,12}/?[a-z0-9.:-]{0,12}\\]?(:[a-z0-9]{0,6})?"
    ) {
        if let Ok(endpoint) = parse(&text) {
            let mut question = question("client", "web");
            question.to = endpoint.clone();
            let _ = resolve(&cluster(), &question);
            question.from = endpoint;
            let _ = resolve(&cluster(), &question);
        }
    }

    #[test]
    fn an_address_and_its_port_are_read_as_they_are_written(ip in any::<IpAddr>(), port in 1..=u16::MAX) {
        let text = std::net::SocketAddr::new(ip, port).to_string();
        let expected = Endpoint::Address { ip, port: Some(port) };
        prop_assert_eq!(parse(&text).ok(), Some(expected));
    }
}
