//! TCP's third packet: rules that let a connection begin and then stop it.

use kubenet::model::iptables::Backend;
use kubenet::model::{Family, Protocol};

use super::judge::{Bench, router, server};
use super::rules::Ruleset;
use super::scene::{Place, Shape, allowed};

/// The first packets pass; what comes of the third is the question.
const RULES: &[&str] = &[
    "*filter\n-A {chain} -m conntrack --ctstate ESTABLISHED --ctdir ORIGINAL -j DROP",
    "*filter\n-A {chain} -p tcp --tcp-flags SYN,ACK,RST ACK -j DROP",
    "*filter\n-A {chain} -p tcp ! --syn -m conntrack --ctdir ORIGINAL -j REJECT --reject-with tcp-reset",
    "*filter\n-A {chain} -p tcp --syn -j ACCEPT\n-A {chain} -p tcp --tcp-flags SYN,ACK SYN,ACK -j ACCEPT\n-A {chain} -p tcp -j DROP",
    // The answer is not seen: half-open, and so INVALID.
    "*raw\n-A PREROUTING -p tcp --tcp-flags SYN,ACK SYN,ACK -j CT --notrack\n-A OUTPUT -p tcp --tcp-flags SYN,ACK SYN,ACK -j CT --notrack\n*filter\n-A {chain} -m conntrack --ctstate INVALID -j DROP",
    "*raw\n-A PREROUTING -p tcp --tcp-flags SYN,ACK SYN,ACK -j CT --notrack\n-A OUTPUT -p tcp --tcp-flags SYN,ACK SYN,ACK -j CT --notrack",
    "*filter\n-A {chain} -m conntrack --ctstate INVALID -j DROP",
];

#[test]
fn connections_that_begin_and_hang() {
    if !allowed() {
        return;
    }
    let mut bench = Bench::new(Shape::Routed);
    for (family, backend) in [(Family::V4, Backend::Nft), (Family::V6, Backend::Legacy)] {
        for rules in RULES {
            for chain in ["INPUT", "FORWARD"] {
                bench.load(&[Ruleset::new(backend, family, &text(rules, chain))]);
                let to = match chain {
                    "INPUT" => router(family, 8001),
                    _ => server(family, 8002),
                };
                let question = bench.question(Place::Client, Protocol::Tcp, to);
                bench.check(question);
            }
        }
    }
    bench.verdict("connections that begin and hang");
}

/// For iptables-restore: each table with its chains and its end.
fn text(rules: &str, chain: &str) -> String {
    let mut text = String::new();
    for table in rules.split('*').skip(1) {
        let (name, rules) = table.split_once('\n').unwrap();
        let chains = match name {
            "raw" => ":PREROUTING ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]",
            _ => ":INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]",
        };
        let rules = rules.trim_end().replace("{chain}", chain);
        text.push_str(&format!("*{name}\n{chains}\n{rules}\nCOMMIT\n"));
    }
    text
}
