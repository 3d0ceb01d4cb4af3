//! Flowtables: which packets put their connection into one, as what their rule does further on tells.

use kubenet::model::{Family, Protocol};
use rstest::rstest;

use super::judge::{Bench, client, router, server};
use super::rules::Ruleset;
use super::scene::{Place, Shape, allowed};

const TABLE: &str = "table inet t
    flowtable ft hook ingress priority 0; devices = { rc, rs }
    chain forward type filter hook forward priority 0
    chain prerouting type nat hook prerouting priority -100
    chain postrouting type nat hook postrouting priority 100\n";

#[rstest]
// Answers of UDP are dropped, and of TCP what ends the handshake.
#[case("forward: ;; flow add @ft drop")]
#[case("forward: ct direction original ;; flow add @ft drop")]
#[case("forward: ct direction reply ;; flow add @ft drop")]
// What cannot be put there goes on with the next rule.
#[case(
    "forward: ;; flow add @ft accept
        forward: ct direction original ;; drop"
)]
#[case(
    "forward: ;; flow add @ft accept
        forward: ct direction reply ;; reject"
)]
#[case("forward: meta l4proto icmp ;; flow add @ft drop")]
// A connection is put into a table once.
#[case(
    "forward: ;; flow add @ft meta mark set meta mark ^ 1
        forward: ;; flow add @ft drop"
)]
#[case(
    "forward: ct state established ;; flow add @ft reject
        forward: ct state established ;; accept"
)]
// What is not tracked is in none.
#[case(
    "prerouting: ;; accept
        forward: ct state untracked ;; flow add @ft drop"
)]
// Translated connections are as good as others.
#[case(
    "prerouting: udp dport 8001 ;; dnat to :8002
        prerouting: tcp dport 8001 ;; dnat to :8002
        forward: ;; flow add @ft drop"
)]
#[case(
    "postrouting: ;; masquerade
        forward: ct direction reply ;; flow add @ft drop"
)]
fn flow_add(#[case] rules: &str) {
    if !allowed() {
        return;
    }
    let mut bench = Bench::new(Shape::Routed);
    let probe = "table inet probe { flowtable ft { hook ingress priority 0; devices = { rc }; }; }";
    if let Err(said) = bench.scene.tool(Place::Router, "nft", &["-f", "-"], probe) {
        assert!(said.contains("No such file or directory"), "{said}");
        eprintln!(
            "skipped: this kernel has no flowtables (make test-vm runs this in one that has)"
        );
        return;
    }
    bench.load(&[Ruleset::new(&format!("{TABLE}{rules}"))]);
    for family in [Family::V4, Family::V6] {
        for (from, to) in [
            (Place::Client, server(family, 8001)),
            (Place::Client, router(family, 8002)),
            (Place::Router, server(family, 8003)),
            (Place::Server, client(family, 8001)),
        ] {
            for protocol in [Protocol::Udp, Protocol::Tcp, Protocol::Icmp] {
                let question = bench.question(from, protocol, to);
                bench.check(question);
            }
        }
    }
    bench.verdict("flowtables");
}
