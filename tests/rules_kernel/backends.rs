//! Both backends at once: accepting ends one's chain only, dropping is final, and either may translate.

use kubenet::model::iptables::Backend;
use kubenet::model::{Family, Protocol};

use super::judge::{Bench, router, server};
use super::rules::Ruleset;
use super::scene::{Place, Shape, allowed};

#[test]
fn both_at_once() {
    if !allowed() {
        return;
    }
    let filter =
        |forward: &str| format!("*filter\n:FORWARD ACCEPT [0:0]\n-A FORWARD {forward}\nCOMMIT\n");
    let nat = |rules: &str| {
        format!(
            "*nat\n:PREROUTING ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n{rules}\nCOMMIT\n"
        )
    };
    let marks = |bit: &str| {
        format!(
            "*mangle\n:PREROUTING ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n-A PREROUTING -j MARK --xor-mark {bit}\n-A OUTPUT -j MARK --xor-mark {bit}\nCOMMIT\n"
        )
    };
    let asked = "*mangle\n:FORWARD ACCEPT [0:0]\n-A FORWARD -m mark --mark 0x3 -j MARK --set-xmark 0x10/0x0\nCOMMIT\n";
    let cases = [
        (filter("-j ACCEPT"), filter("-j DROP")),
        (filter("-j DROP"), filter("-j ACCEPT")),
        (filter("-p udp -j ACCEPT"), filter("-p tcp -j REJECT")),
        (filter("-p udp -j REJECT"), filter("-p udp -j DROP")),
        (
            marks("0x1"),
            format!("{}{}", marks("0x2"), filter("-m mark ! --mark 0x3 -j DROP")),
        ),
        (
            marks("0x1"),
            marks("0x2").replace("COMMIT\n", "") + asked.split_once('\n').unwrap().1,
        ),
        (
            nat("-A PREROUTING -i rc -p udp -j DNAT --to-destination 10.2.0.3"),
            filter("-d 10.2.0.3 -j DROP"),
        ),
        (
            nat("-A PREROUTING -i rc -j DNAT --to-destination 10.2.0.3"),
            nat("-A POSTROUTING -o rs -j MASQUERADE"),
        ),
        (
            nat("-A PREROUTING -i rc -p udp -j DNAT --to-destination 10.2.0.3"),
            nat("-A PREROUTING -i rc -p tcp -j DNAT --to-destination 10.2.0.4"),
        ),
        (
            nat("-A PREROUTING -p udp -j ACCEPT"),
            nat("-A PREROUTING -i rc -j DNAT --to-destination 10.2.0.4"),
        ),
        (
            nat("-A PREROUTING -i rc -j DNAT --to-destination 10.2.0.3"),
            nat("-A PREROUTING -i rc -j DNAT --to-destination 10.2.0.4"),
        ),
        (
            nat("-A OUTPUT -d 10.2.0.2 -j DNAT --to-destination 10.2.0.3"),
            nat("-A OUTPUT -d 10.2.0.2 -j DNAT --to-destination 10.2.0.4"),
        ),
    ];
    let mut bench = Bench::new(Shape::Routed);
    bench.lenient = true;
    for (nft, legacy) in &cases {
        bench.load(&[
            Ruleset::new(Backend::Nft, Family::V4, nft),
            Ruleset::new(Backend::Legacy, Family::V4, legacy),
        ]);
        for protocol in [Protocol::Udp, Protocol::Tcp] {
            for (from, to) in [
                (Place::Client, server(Family::V4, 8001)),
                (Place::Client, router(Family::V4, 8002)),
                (Place::Router, server(Family::V4, 8003)),
            ] {
                let question = bench.question(from, protocol, to);
                bench.check(question);
            }
        }
    }
    bench.verdict("both backends");
}
