//! Frames on a bridge, which br_netfilter shows to the rules: ports, translation on the bridge, and refusals there.

use kubenet::model::iptables::Backend;
use kubenet::model::{Family, Protocol};

use super::judge::{Bench, client, router};
use super::rules::Ruleset;
use super::scene::{Place, Shape, allowed};

const PORTS: &str = "
    -m physdev --physdev-in rc
    -m physdev ! --physdev-in rc
    -m physdev --physdev-in r+
    -m physdev --physdev-in +
    -m physdev --physdev-is-in
    -m physdev ! --physdev-is-in
    -m physdev --physdev-is-out
    -m physdev ! --physdev-is-out
    -m physdev --physdev-is-bridged
    -m physdev ! --physdev-is-bridged
    -i br0
    ! -i br0
    -o br0
    ! -o br0
    -i rc
    -o rs
    -m mac --mac-source 02:00:00:00:01:02
    -m pkttype --pkt-type unicast
    -m ttl --ttl-eq 64
    -m addrtype --dst-type LOCAL
    -m conntrack --ctstate NEW
    -m conntrack --ctstatus CONFIRMED
";

/// These are only for where the port is known.
const OUT: &str = "
    -m physdev --physdev-out rs
    -m physdev ! --physdev-out rs
    -m physdev --physdev-in rc --physdev-out r+
    -m physdev --physdev-out +
    -m physdev --physdev-is-bridged --physdev-out rs
";

fn text(family: Family) -> String {
    let mut text = String::from("*mangle\n");
    let hooks = ["PREROUTING", "INPUT", "FORWARD", "POSTROUTING", "OUTPUT"];
    for hook in hooks {
        text.push_str(&format!(":{hook} ACCEPT [0:0]\n"));
    }
    for hook in hooks {
        for condition in PORTS.lines().chain(OUT.lines()).map(str::trim) {
            let asks_out = condition.contains("-out")
                || condition.contains("bridged")
                || condition.contains("-o ");
            let asks_in =
                condition.contains("-in") || condition.contains("-i ") || condition.contains("mac");
            let fits = match hook {
                "PREROUTING" | "INPUT" => !asks_out,
                "FORWARD" => true,
                "POSTROUTING" => !asks_in || condition.contains("physdev"),
                _ => !asks_in && !condition.contains("physdev"),
            };
            let other_family = family == Family::V6 && condition.contains("ttl");
            if !condition.is_empty() && fits && !other_family {
                text.push_str(&format!(
                    "-A {hook} {condition} -j MARK --set-xmark 0x80000000/0x0\n"
                ));
            }
        }
    }
    text + "COMMIT\n"
}

fn server(family: Family, port: u16) -> std::net::SocketAddr {
    let ip = match family {
        Family::V4 => "10.1.0.12",
        Family::V6 => "fd01::12",
    };
    std::net::SocketAddr::new(ip.parse().unwrap(), port)
}

#[test]
fn ports_of_bridges() {
    if !allowed() {
        return;
    }
    let mut bench = Bench::new(Shape::Bridged);
    for family in [Family::V4, Family::V6] {
        for backend in [Backend::Nft, Backend::Legacy] {
            bench.load(&[Ruleset::new(backend, family, &text(family))]);
            for protocol in [Protocol::Udp, Protocol::Tcp, Protocol::Icmp] {
                for (from, to) in [
                    (Place::Client, server(family, 8001)),
                    (Place::Client, router(family, 8002)),
                    (Place::Router, server(family, 8003)),
                    (Place::Server, client(family, 8001)),
                ] {
                    let question = bench.question(from, protocol, to);
                    bench.check(question);
                }
            }
        }
    }
    bench.verdict("ports of bridges");
}

#[test]
fn translation_and_refusals() {
    if !allowed() {
        return;
    }
    let mut bench = Bench::new(Shape::Bridged);
    let nat = |rules: &str| {
        format!(
            "*nat\n:PREROUTING ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n{rules}\nCOMMIT\n"
        )
    };
    let filter = |rules: &str| {
        format!(
            "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n{rules}\nCOMMIT\n"
        )
    };
    let texts = [
        nat("-A PREROUTING -d 10.1.0.99 -j DNAT --to-destination 10.1.0.12"),
        nat(
            "-A PREROUTING -p udp -d 10.1.0.1 -j DNAT --to-destination 10.1.0.12:8003\n-A PREROUTING -p tcp -d 10.1.0.1 -j DNAT --to-destination 10.1.0.12:8003\n-A POSTROUTING -m conntrack --ctstate DNAT -j MASQUERADE",
        ),
        nat(
            "-A PREROUTING -p udp -d 10.1.0.12 -j REDIRECT --to-ports 8002\n-A PREROUTING -p tcp -d 10.1.0.12 -j REDIRECT --to-ports 8002",
        ),
        nat("-A POSTROUTING -m physdev --physdev-is-bridged -j SNAT --to-source 10.1.0.1"),
        filter("-A FORWARD -m conntrack --ctstate NEW -j REJECT"),
        filter(
            "-A FORWARD -p tcp -m conntrack --ctstate NEW -j REJECT --reject-with tcp-reset\n-A INPUT -p tcp --syn -j REJECT --reject-with tcp-reset",
        ),
        filter("-A FORWARD -m physdev --physdev-in rc --physdev-out rs -j DROP"),
        filter("-A FORWARD -m physdev --physdev-is-bridged -j ACCEPT\n-A FORWARD -j DROP"),
        filter("-A INPUT -j REJECT\n-A OUTPUT -p icmp -j DROP"),
    ];
    for text in &texts {
        for backend in [Backend::Nft, Backend::Legacy] {
            bench.load(&[Ruleset::new(backend, Family::V4, text)]);
            for protocol in [Protocol::Udp, Protocol::Tcp] {
                for (from, to) in [
                    (Place::Client, server(Family::V4, 8001)),
                    (Place::Client, "10.1.0.99:8001".parse().unwrap()),
                    (Place::Client, router(Family::V4, 8001)),
                    (Place::Server, client(Family::V4, 8002)),
                ] {
                    // Nobody has that address but for rules that translate it.
                    if to.ip().to_string() == "10.1.0.99" && !text.contains("10.1.0.99") {
                        continue;
                    }
                    let question = bench.question(from, protocol, to);
                    bench.check(question);
                }
            }
        }
    }
    bench.verdict("translation and refusals on a bridge");
}
