//! What programs see of each answer of REJECT, and of DROP, at every place where they can stand.

use kubenet::model::iptables::Backend;
use kubenet::model::{Family, Protocol};

use super::judge::{Bench, router, server};
use super::rules::Ruleset;
use super::scene::{Place, Shape, allowed};

const FOUR: [&str; 8] = [
    "-j REJECT --reject-with icmp-net-unreachable",
    "-j REJECT --reject-with icmp-host-unreachable",
    "-j REJECT --reject-with icmp-port-unreachable",
    "-j REJECT --reject-with icmp-proto-unreachable",
    "-j REJECT --reject-with icmp-net-prohibited",
    "-j REJECT --reject-with icmp-host-prohibited",
    "-j REJECT --reject-with icmp-admin-prohibited",
    "-j DROP",
];

const SIX: [&str; 7] = [
    "-j REJECT --reject-with icmp6-no-route",
    "-j REJECT --reject-with icmp6-adm-prohibited",
    "-j REJECT --reject-with icmp6-addr-unreachable",
    "-j REJECT --reject-with icmp6-port-unreachable",
    "-j REJECT --reject-with icmp6-policy-fail",
    "-j REJECT --reject-with icmp6-reject-route",
    "-j DROP",
];

/// Each answer in each chain of filter; of TCP also the reset.
fn each_answer(family: Family, backend: Backend, answers: &[&str]) {
    if !allowed() {
        return;
    }
    let mut bench = Bench::new(Shape::Routed);
    for answer in answers
        .iter()
        .chain(&["-p tcp -j REJECT --reject-with tcp-reset"])
    {
        for chain in ["INPUT", "FORWARD", "OUTPUT"] {
            // The answers themselves, and those of servers, are let pass.
            let text = format!(
                "*filter
                 :INPUT ACCEPT [0:0]
                 :FORWARD ACCEPT [0:0]
                 :OUTPUT ACCEPT [0:0]
                 -A {chain} -m conntrack --ctstate NEW {answer}
                 COMMIT"
            );
            bench.load(&[Ruleset::new(backend, family, &text)]);
            let (from, to) = match chain {
                "INPUT" => (Place::Client, router(family, 8001)),
                "FORWARD" => (Place::Client, server(family, 8002)),
                _ => (Place::Router, server(family, 8003)),
            };
            for protocol in [Protocol::Tcp, Protocol::Udp] {
                let question = bench.question(from, protocol, to);
                bench.check(question);
            }
        }
    }
    // To oneself: OUTPUT and INPUT in one.
    for chain in ["INPUT", "OUTPUT"] {
        let text = format!(
            "*filter
             :INPUT ACCEPT [0:0]
             :OUTPUT ACCEPT [0:0]
             -A {chain} -m conntrack --ctstate NEW -j REJECT
             COMMIT"
        );
        bench.load(&[Ruleset::new(backend, family, &text)]);
        for protocol in [Protocol::Tcp, Protocol::Udp] {
            let question = bench.question(Place::Router, protocol, router(family, 8002));
            bench.check(question);
        }
    }
    bench.verdict("answers");
}

#[test]
fn four_nft() {
    each_answer(Family::V4, Backend::Nft, &FOUR);
}

#[test]
fn four_legacy() {
    each_answer(Family::V4, Backend::Legacy, &FOUR);
}

#[test]
fn six_nft() {
    each_answer(Family::V6, Backend::Nft, &SIX);
}

#[test]
fn six_legacy() {
    each_answer(Family::V6, Backend::Legacy, &SIX);
}

/// Policies, and DROP in every table and chain where it may be.
#[test]
fn drops_everywhere() {
    if !allowed() {
        return;
    }
    let mut bench = Bench::new(Shape::Routed);
    let places = [
        ("raw", "PREROUTING"),
        ("raw", "OUTPUT"),
        ("mangle", "PREROUTING"),
        ("mangle", "INPUT"),
        ("mangle", "FORWARD"),
        ("mangle", "OUTPUT"),
        ("mangle", "POSTROUTING"),
        ("filter", "INPUT"),
        ("filter", "FORWARD"),
        ("filter", "OUTPUT"),
        ("security", "INPUT"),
        ("security", "FORWARD"),
        ("security", "OUTPUT"),
    ];
    for (at, (table, chain)) in places.into_iter().enumerate() {
        let backend = if at % 2 == 0 {
            Backend::Nft
        } else {
            Backend::Legacy
        };
        for text in [
            format!("*{table}\n:{chain} DROP [0:0]\nCOMMIT"),
            format!("*{table}\n:{chain} ACCEPT [0:0]\n-A {chain} -j DROP\nCOMMIT"),
            format!("*{table}\n:{chain} DROP [0:0]\n-A {chain} -p udp -j ACCEPT\nCOMMIT"),
        ] {
            bench.load(&[Ruleset::new(backend, Family::V4, &text)]);
            for (from, to) in [
                (Place::Client, server(Family::V4, 8001)),
                (Place::Client, router(Family::V4, 8002)),
                (Place::Router, server(Family::V4, 8003)),
                (Place::Router, router(Family::V4, 8001)),
            ] {
                for protocol in [Protocol::Udp, Protocol::Tcp] {
                    let question = bench.question(from, protocol, to);
                    bench.check(question);
                }
            }
        }
    }
    bench.verdict("drops");
}

/// Where nothing listens the kernel answers by itself.
#[test]
fn nothing_listens() {
    if !allowed() {
        return;
    }
    let mut bench = Bench::new(Shape::Routed);
    for family in [Family::V4, Family::V6] {
        bench.load(&[Ruleset::new(
            Backend::Nft,
            family,
            "*filter\n:INPUT ACCEPT [0:0]\nCOMMIT",
        )]);
        for to in [server(family, 9), router(family, 9)] {
            for from in [Place::Client, Place::Router] {
                for protocol in [Protocol::Udp, Protocol::Tcp] {
                    let question = bench.question(from, protocol, to);
                    bench.check(question);
                }
            }
        }
    }
    bench.verdict("nothing listens");
}
