//! Every target, held against the kernel; REJECT has a file of its own.

use kubenet::model::iptables::Backend;
use kubenet::model::{Family, Protocol};

use super::judge::{Bench, client, router, server};
use super::rules::Ruleset;
use super::scene::{Place, Shape, allowed};

/// Each ruleset with each backend, and everything that goes through it.
fn hold(title: &str, family: Family, texts: &[&str]) {
    if !allowed() {
        return;
    }
    let mut bench = Bench::new(Shape::Routed);
    for text in texts {
        for backend in [Backend::Nft, Backend::Legacy] {
            bench.load(&[Ruleset::new(backend, family, text)]);
            for protocol in [Protocol::Udp, Protocol::Tcp] {
                for (from, to) in [
                    (Place::Client, server(family, 8001)),
                    (Place::Client, router(family, 8002)),
                    (Place::Router, server(family, 8001)),
                    (Place::Router, router(family, 8002)),
                    (Place::Server, client(family, 8001)),
                ] {
                    let question = bench.question(from, protocol, to);
                    bench.check(question);
                }
            }
        }
    }
    bench.verdict(title);
}

#[test]
fn marks() {
    // What the mark has become is told by the rules that come after.
    let probes = "
        -A POSTROUTING -m mark --mark 0x10/0x10 -j MARK --set-xmark 0x80000000/0x0
        -A POSTROUTING -m mark --mark 0x1/0x1 -j MARK --set-xmark 0x80000000/0x0
        -A POSTROUTING -m mark --mark 0x2/0x2 -j MARK --set-xmark 0x80000000/0x0
        -A POSTROUTING -m mark --mark 0x4/0x4 -j MARK --set-xmark 0x80000000/0x0
        -A POSTROUTING -m connmark --mark 0x1/0x1 -j MARK --set-xmark 0x80000000/0x0
        -A POSTROUTING -m connmark --mark 0x2/0x2 -j MARK --set-xmark 0x80000000/0x0
        -A POSTROUTING -m connmark --mark 0x4/0x4 -j MARK --set-xmark 0x80000000/0x0
        COMMIT";
    let frame = "*mangle
        :PREROUTING ACCEPT [0:0]
        :FORWARD ACCEPT [0:0]
        :OUTPUT ACCEPT [0:0]
        :POSTROUTING ACCEPT [0:0]\n";
    let rules = [
        "-A PREROUTING -j MARK --set-mark 0x13\n-A OUTPUT -j MARK --set-mark 0x15/0x7",
        "-A PREROUTING -j MARK --set-mark 0x7\n-A POSTROUTING -j MARK --and-mark 0x5",
        "-A OUTPUT -j MARK --or-mark 0x12\n-A POSTROUTING -j MARK --xor-mark 0x6",
        "-A PREROUTING -j MARK --set-xmark 0x11/0x1\n-A FORWARD -j MARK --set-xmark 0x3/0x10",
        "-A PREROUTING -i rc -j CONNMARK --set-mark 0x3\n-A POSTROUTING -o rc -j CONNMARK --restore-mark",
        "-A PREROUTING -j CONNMARK --restore-mark --nfmask 0x1 --ctmask 0x3\n-A POSTROUTING -j MARK --set-mark 0x7\n-A POSTROUTING -j CONNMARK --save-mark --nfmask 0x5 --ctmask 0x6",
        "-A PREROUTING -j CONNMARK --or-mark 0x5\n-A POSTROUTING -j CONNMARK --xor-mark 0x6",
        "-A FORWARD -j CONNMARK --set-xmark 0x5/0x2\n-A FORWARD -j CONNMARK --and-mark 0x6\n-A OUTPUT -j CONNMARK --set-mark 0x4/0x4",
    ];
    let texts: Vec<String> = rules
        .iter()
        .map(|rules| format!("{frame}{rules}{probes}"))
        .collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    hold("marks", Family::V4, &texts);
}

const NAT: &str = "*nat
    :PREROUTING ACCEPT [0:0]
    :INPUT ACCEPT [0:0]
    :OUTPUT ACCEPT [0:0]
    :POSTROUTING ACCEPT [0:0]\n";

fn nat(rules: &[&str]) -> Vec<String> {
    rules
        .iter()
        .map(|rules| format!("{NAT}{}\nCOMMIT", rules.replace("; ", "\n")))
        .collect()
}

#[test]
fn destinations() {
    let texts = nat(&[
        "-A PREROUTING -i rc -j DNAT --to-destination 10.2.0.3",
        "-A PREROUTING -p udp -j DNAT --to-destination 10.2.0.3:8003; -A PREROUTING -p tcp -j DNAT --to-destination :8002",
        "-A PREROUTING -p udp -j DNAT --to-destination :8003; -A OUTPUT -p udp -j DNAT --to-destination :8003",
        "-A OUTPUT -j DNAT --to-destination 10.2.0.4",
        "-A OUTPUT -p tcp -d 10.2.0.2 -j DNAT --to-destination 10.1.0.1:8003",
        "-A OUTPUT -p udp -d 10.1.0.1 -j DNAT --to-destination 10.1.0.2:8003",
        "-A PREROUTING -i rc -d 10.1.0.1 -j DNAT --to-destination 10.2.0.4; -A PREROUTING -i rc -d 10.2.0.2 -j DNAT --to-destination 10.2.0.1",
        "-A PREROUTING -i rc -j DNAT --to-destination 10.2.0.2-10.2.0.4; -A OUTPUT -d 10.2.0.2 -j DNAT --to-destination 10.2.0.3-10.2.0.4 --persistent",
        "-A PREROUTING -p udp -j DNAT --to-destination 10.2.0.2-10.2.0.3:8001-8002",
        "-A PREROUTING -p tcp -j DNAT --to-destination 10.2.0.2:8002-8003; -A PREROUTING -p udp -j DNAT --to-destination 10.2.0.2:8002-8003 --random",
        "-A PREROUTING -p udp -i rc -j DNAT --to-destination 10.2.0.2:9",
        "-A PREROUTING -i rc -j DNAT --to-destination 10.1.0.2",
        "-A PREROUTING -i rc -j DNAT --to-destination 127.0.0.1",
        "-A PREROUTING -p udp -j ACCEPT; -A PREROUTING -j DNAT --to-destination 10.2.0.3",
        "-A PREROUTING -j REDIRECT; -A OUTPUT -p tcp -j REDIRECT",
        "-A PREROUTING -p udp -j REDIRECT --to-ports 8003; -A PREROUTING -p tcp -j REDIRECT --to-ports 8003",
        "-A PREROUTING -p udp -j REDIRECT --to-ports 8002-8003; -A OUTPUT -p udp -j REDIRECT --to-ports 8003 --random",
        "-A PREROUTING -i rc -d 10.1.0.0/24 -j NETMAP --to 10.2.0.0/24; -A OUTPUT -d 10.1.0.0/24 -j NETMAP --to 10.2.0.0/24",
        "-A PREROUTING -i rc -d 10.2.0.0/24 -j NETMAP --to 10.1.0.0/24; -A POSTROUTING -d 10.1.0.0/24 -j NETMAP --to 10.2.0.0/24",
    ]);
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    hold("destinations", Family::V4, &texts);
}

#[test]
fn sources() {
    let texts = nat(&[
        "-A POSTROUTING -j MASQUERADE",
        "-A POSTROUTING -p udp -j MASQUERADE --to-ports 20000-20002; -A POSTROUTING -p tcp -j MASQUERADE --to-ports 9000-40000",
        "-A POSTROUTING -j MASQUERADE --random; -A INPUT -j SNAT --to-source 10.2.0.2",
        "-A POSTROUTING -j MASQUERADE --random-fully",
        "-A POSTROUTING -o rs -j SNAT --to-source 10.2.0.1; -A POSTROUTING -o rc -j SNAT --to-source 10.1.0.1",
        "-A POSTROUTING -o rs -j SNAT --to-source 10.1.0.1-10.1.0.3",
        "-A POSTROUTING -o rs -j SNAT --to-source 10.2.0.1 --random",
        "-A POSTROUTING -p udp -o rs -j SNAT --to-source :7000; -A POSTROUTING -p tcp -j SNAT --to-source 10.2.0.1:7000-7100",
        "-A POSTROUTING -o rs -j SNAT --to-source 10.9.9.9",
        "-A INPUT -j SNAT --to-source 10.2.0.2; -A POSTROUTING -o lo -j SNAT --to-source 10.2.0.1",
        "-A INPUT -i lo -j SNAT --to-source 10.2.0.1",
        "-A PREROUTING -i rc -j DNAT --to-destination 10.1.0.2; -A POSTROUTING -o rc -j MASQUERADE",
        "-A POSTROUTING -p udp -j RETURN; -A POSTROUTING -j SNAT --to-source 10.2.0.1",
    ]);
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    hold("sources", Family::V4, &texts);
}

#[test]
fn translation_six() {
    let texts = nat(&[
        "-A PREROUTING -i rc -j DNAT --to-destination fd02::3",
        "-A PREROUTING -p udp -j DNAT --to-destination [fd02::3]:8003; -A OUTPUT -p tcp -j DNAT --to-destination [fd02::4]:8002",
        "-A POSTROUTING -j MASQUERADE",
        "-A POSTROUTING -o rs -j SNAT --to-source fd02::1",
        "-A PREROUTING -j REDIRECT; -A OUTPUT -d fd02::2 -j REDIRECT",
        "-A PREROUTING -p tcp -j REDIRECT --to-ports 8003",
        "-A PREROUTING -i rc -d fd01::/64 -j NETMAP --to fd02::/64",
    ]);
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    hold("translation, IPv6", Family::V6, &texts);
}

#[test]
fn tracking() {
    let end = "
        COMMIT
        *filter
        :INPUT ACCEPT [0:0]
        :FORWARD ACCEPT [0:0]
        :OUTPUT ACCEPT [0:0]
        -A FORWARD -m conntrack --ctstate UNTRACKED -j MARK --set-xmark 0x80000000/0x0
        -A FORWARD -m conntrack --ctstate NEW -j MARK --set-xmark 0x80000000/0x0
        -A FORWARD -m conntrack --ctstate ESTABLISHED -j MARK --set-xmark 0x80000000/0x0
        -A FORWARD -m conntrack --ctstate INVALID -j MARK --set-xmark 0x80000000/0x0
        -A OUTPUT -m conntrack --ctstate INVALID -j MARK --set-xmark 0x80000000/0x0
        -A INPUT -m conntrack --ctstate NEW -j MARK --set-xmark 0x80000000/0x0
        -A INPUT -m conntrack --ctstate ESTABLISHED -j MARK --set-xmark 0x80000000/0x0
        COMMIT
        *nat
        :PREROUTING ACCEPT [0:0]
        :POSTROUTING ACCEPT [0:0]
        -A PREROUTING -i rc -d 10.2.0.2 -j DNAT --to-destination 10.2.0.3
        -A POSTROUTING -o rs -j MASQUERADE
        COMMIT";
    let raw = "*raw\n:PREROUTING ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n";
    let texts: Vec<String> = [
        "-A PREROUTING -j NOTRACK; -A OUTPUT -j NOTRACK",
        "-A PREROUTING -j CT --notrack; -A OUTPUT -j CT --notrack",
        "-A PREROUTING -i rc -j NOTRACK",
        "-A PREROUTING -i rs -j NOTRACK",
        "-A OUTPUT -j NOTRACK",
        "-A PREROUTING -j CT --zone 5; -A OUTPUT -j CT --zone 5",
        "-A PREROUTING -i rc -j CT --zone 5",
        "-A PREROUTING -i rs -j CT --zone 5",
        "-A PREROUTING -i rc -j CT --zone-orig 5",
        "-A PREROUTING -i rc -j CT --zone-reply 5; -A PREROUTING -i rs -j CT --zone 5",
        "-A PREROUTING -j CT --zone-orig 5",
        "-A PREROUTING -j CT --zone-reply 6; -A OUTPUT -j CT --zone-reply 6",
        "-A PREROUTING -i rc -j CT --zone 5; -A PREROUTING -j NOTRACK",
        "-A PREROUTING -i rc -j NOTRACK; -A PREROUTING -j CT --zone 5",
        "-A PREROUTING -j CT --ctevents new; -A PREROUTING -j CT --zone 5; -A PREROUTING -m conntrack --ctstate NEW -j MARK --set-xmark 0x80000000/0x0",
    ]
    .iter()
    .map(|rules| format!("{raw}{}{end}", rules.replace("; ", "\n")))
    .collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    hold("tracking", Family::V4, &texts);
}

/// Targets that change no packet's way, and those that change its header.
#[test]
fn without_effect() {
    let frame = "*mangle
        :PREROUTING ACCEPT [0:0]
        :INPUT ACCEPT [0:0]
        :FORWARD ACCEPT [0:0]
        :OUTPUT ACCEPT [0:0]
        :POSTROUTING ACCEPT [0:0]\n";
    let probes = "
        -A POSTROUTING -m ttl --ttl-eq 1 -j MARK --set-xmark 0x80000000/0x0
        -A POSTROUTING -m ttl --ttl-eq 63 -j MARK --set-xmark 0x80000000/0x0
        -A POSTROUTING -m ttl --ttl-eq 70 -j MARK --set-xmark 0x80000000/0x0
        -A POSTROUTING -m ttl --ttl-eq 69 -j MARK --set-xmark 0x80000000/0x0
        -A POSTROUTING -m tos --tos 0x10 -j MARK --set-xmark 0x80000000/0x0
        -A POSTROUTING -m tos --tos 0x04/0x04 -j MARK --set-xmark 0x80000000/0x0
        -A POSTROUTING -m dscp --dscp 4 -j MARK --set-xmark 0x80000000/0x0
        -A POSTROUTING -m dscp --dscp-class EF -j MARK --set-xmark 0x80000000/0x0
        COMMIT";
    let texts: Vec<String> = [
        "-A FORWARD -j LOG; -A INPUT -j LOG --log-prefix \"seen: \"; -A OUTPUT -j NFLOG --nflog-group 5",
        "-A PREROUTING -j NFLOG; -A POSTROUTING -j CLASSIFY --set-class 1:1",
        "-A FORWARD -p tcp --tcp-flags SYN,RST SYN -j TCPMSS --set-mss 800; -A POSTROUTING -p tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu",
        "-A PREROUTING -j TTL --ttl-set 70; -A OUTPUT -j TTL --ttl-set 70",
        "-A PREROUTING -j TTL --ttl-inc 6; -A OUTPUT -j TTL --ttl-dec 1",
        "-A FORWARD -j TTL --ttl-dec 62",
        "-A PREROUTING -j TTL --ttl-set 1",
        "-A PREROUTING -j TTL --ttl-dec 200",
        "-A PREROUTING -j TOS --set-tos 0x10; -A OUTPUT -j TOS --set-tos 0x10/0xff",
        "-A PREROUTING -j TOS --or-tos 0x04; -A OUTPUT -j TOS --xor-tos 0x14; -A POSTROUTING -j TOS --and-tos 0x10",
        "-A PREROUTING -j DSCP --set-dscp 4; -A OUTPUT -j DSCP --set-dscp-class EF",
        "-A FORWARD -j CHECKSUM --checksum-fill",
        "-A PREROUTING -p tcp -j ECN --ecn-tcp-remove",
        "-A FORWARD; -A INPUT -p udp; -A OUTPUT -m comment --comment \"counts\"",
    ]
    .iter()
    .map(|rules| format!("{frame}{}{probes}", rules.replace("; ", "\n")))
    .collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    hold("without effect", Family::V4, &texts);
}

/// Routing is asked again after OUTPUT where marks, addresses or TOS changed.
#[test]
fn routing_again() {
    if !allowed() {
        return;
    }
    let mut bench = Bench::new(Shape::Routed);
    bench.scene.ip(
        Place::Router,
        "rule add fwmark 0x5 table 100 priority 100
         rule add tos 0x10 table 100 priority 101
         route add default via 10.1.0.2 dev rc table 100
         route add unreachable 10.2.0.4 table 101
         rule add fwmark 0x6 table 101 priority 102",
    );
    bench.scene.reread();
    for (table, rules) in [
        ("mangle", "-A OUTPUT -j MARK --set-mark 0x5"),
        ("mangle", "-A OUTPUT -j MARK --set-mark 0x6"),
        ("mangle", "-A OUTPUT -j TOS --set-tos 0x10"),
        ("mangle", "-A PREROUTING -i rc -j MARK --set-mark 0x5"),
        ("mangle", "-A PREROUTING -i rc -j MARK --set-mark 0x6"),
        ("raw", "-A OUTPUT -j MARK --set-mark 0x5"),
        ("filter", "-A OUTPUT -j MARK --set-mark 0x5"),
        ("security", "-A OUTPUT -j MARK --set-mark 0x5"),
        (
            "nat",
            "-A OUTPUT -p tcp -j MARK --set-mark 0x5\n-A OUTPUT -d 10.9.9.9 -j DNAT --to-destination 10.2.0.3",
        ),
        (
            "nat",
            "-A OUTPUT -p udp -j MARK --set-mark 0x5\n-A OUTPUT -j DNAT --to-destination 10.2.0.3",
        ),
        (
            "mangle",
            "-A OUTPUT -j CONNMARK --set-mark 0x5\n-A OUTPUT -j CONNMARK --restore-mark",
        ),
    ] {
        for backend in [Backend::Nft, Backend::Legacy] {
            let text = format!("*{table}\n:OUTPUT ACCEPT [0:0]\n{rules}\nCOMMIT");
            let text = match table {
                "mangle" => text.replace(":OUTPUT", ":PREROUTING ACCEPT [0:0]\n:OUTPUT"),
                _ => text,
            };
            bench.load(&[Ruleset::new(backend, Family::V4, &text)]);
            for protocol in [Protocol::Udp, Protocol::Tcp] {
                for to in [
                    server(Family::V4, 8001),
                    router(Family::V4, 8002),
                    "10.2.0.4:8001".parse().unwrap(),
                ] {
                    for from in [Place::Router, Place::Client] {
                        let question = bench.question(from, protocol, to);
                        bench.check(question);
                    }
                }
            }
        }
    }
    bench.verdict("routing again");
}
