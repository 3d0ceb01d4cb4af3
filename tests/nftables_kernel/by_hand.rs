//! Rulesets by hand, one for each thing that a rule may ask or do. Comparisons turn bits of the mark over, so that each
//! that holds is named by the trace, and none that does not.

use std::net::SocketAddr;

use kubenet::model::{Family, Protocol};

use super::judge::{Bench, client, router, server};
use super::rules::Ruleset;
use super::scene::{Place, Shape, allowed};

/// Packets of every kind between the places.
fn questions(bench: &mut Bench, shape: Shape) -> Vec<super::question::Question> {
    let mut asked = Vec::new();
    for family in [Family::V4, Family::V6] {
        let far = |port| match (shape, family) {
            (Shape::Routed, _) => server(family, port),
            (Shape::Bridged, Family::V4) => SocketAddr::from(([10, 1, 0, 12], port)),
            (Shape::Bridged, Family::V6) => {
                SocketAddr::from(([0xfd01, 0, 0, 0, 0, 0, 0, 0x12], port))
            }
        };
        for (from, to) in [
            (Place::Client, far(8001)),
            (Place::Client, router(family, 8002)),
            (Place::Router, far(8003)),
            (Place::Server, client(family, 8001)),
        ] {
            for protocol in [Protocol::Udp, Protocol::Tcp, Protocol::Icmp] {
                asked.push(bench.question(from, protocol, to));
            }
        }
    }
    asked
}

/// Sends all of them through the rules.
fn check(bench: &mut Bench, shape: Shape, text: &str) {
    bench.load(&[Ruleset::new(text)]);
    for question in questions(bench, shape) {
        bench.check(question);
    }
}

fn run(title: &str, rulesets: &[&str]) {
    run_on(Shape::Routed, title, rulesets);
}

fn run_on(shape: Shape, title: &str, rulesets: &[&str]) {
    if !allowed() {
        return;
    }
    let mut bench = Bench::new(shape);
    for text in rulesets {
        check(&mut bench, shape, text);
    }
    bench.verdict(title);
}

/// Comparisons in chains of a filter at each hook: each that holds turns a bit of the mark over.
fn compared(title: &str, hooks: &[&str], comparisons: &[&str]) {
    let texts: Vec<String> = comparisons
        .chunks(24)
        .map(|some| {
            let mut text = "table inet t\n".to_owned();
            for hook in hooks {
                text.push_str(&format!(
                    "chain {hook} type filter hook {hook} priority 0\n"
                ));
                for (bit, comparison) in some.iter().enumerate() {
                    let bit = 1u32 << bit;
                    text.push_str(&format!(
                        "{hook}: {comparison} ;; meta mark set meta mark ^ {bit:#x}\n"
                    ));
                }
            }
            text
        })
        .collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    run(title, &texts);
}

#[test]
fn fields_of_headers() {
    compared(
        "fields",
        &["prerouting", "output"],
        &[
            "ip saddr 10.1.0.2",
            "ip saddr != 10.1.0.0/24",
            "ip daddr 10.2.0.0-10.2.0.2",
            "ip daddr < 10.2.0.0",
            "ip6 saddr fd01::/64",
            "ip6 daddr != fd02::2",
            "udp dport 8001",
            "tcp dport != 8001",
            "tcp dport 8000-8002",
            "udp sport >= 10000",
            "th dport 8003",
            "meta l4proto { tcp, udp } th dport 8001",
            "meta l4proto != icmp th sport 8001",
            "tcp flags syn",
            "tcp flags & (syn | ack) == syn",
            "tcp flags != syn",
            "tcp flags ! ack",
            "icmp type echo-request",
            "icmpv6 type { echo-request, echo-reply }",
            "icmp code 0",
            "ip ttl 64",
            "ip ttl < 64",
            "ip6 hoplimit 64",
            "ip dscp cs0",
            "ip protocol udp",
            "ip6 nexthdr { tcp, udp }",
            "ip length < 60",
            "udp length 28",
            "ip version 4",
            "ip frag-off & 0x1fff != 0",
            "ip saddr . udp dport { 10.1.0.2 . 8001, 10.1.0.2 . 8002 }",
            "ip saddr . ip daddr . meta l4proto { 10.1.0.0/24 . 10.2.0.0/16 . tcp }",
            "ether saddr 02:00:00:00:01:02",
            "ether daddr 02:00:00:00:01:01",
            "exthdr frag exists",
            "ip saddr & 255.255.0.0 == 10.1.0.0",
            "ip saddr { 10.2.0.2, 10.1.0.0-10.1.0.1 }",
            "ip saddr != { 10.2.0.2, 10.1.0.2 }",
            "ip ecn not-ect",
            "udp dport { 8000-8001, 8003 }",
            "udp dport != 8000-8001",
        ],
    );
}

#[test]
fn what_the_kernel_keeps_of_a_packet() {
    compared(
        "meta",
        &["prerouting", "input", "forward", "output", "postrouting"],
        &[
            "meta nfproto ipv4",
            "meta protocol ip6",
            "meta l4proto udp",
            "meta length 48",
            "meta length > 48",
            "iifname \"rc\"",
            "iifname \"r*\"",
            "iifname != \"rs\"",
            "iif \"rc\"",
            "oifname \"rs\"",
            "oifname != { \"rs\", \"rc\" }",
            "oif != \"rs\"",
            "oiftype loopback",
            "oiftype ether",
            "meta pkttype host",
            "meta mark 0",
            "meta mark & 0xff > 0x10",
            "meta mark != 0",
            "iifname . oifname { \"rc\" . \"rs\" }",
            "meta mark and 0x7 == 0x3",
            "meta mark 0x1-0xffff",
        ],
    );
}

#[test]
fn types_of_devices() {
    compared(
        "iiftype",
        &["prerouting", "input", "forward", "output"],
        &["iiftype ether", "iiftype loopback", "iiftype != loopback"],
    );
}

#[test]
fn what_is_asked_of_connections() {
    compared(
        "ct",
        &["prerouting", "input", "forward", "output", "postrouting"],
        &[
            "ct state new",
            "ct state established,related",
            "ct state { new, established }",
            "ct state != new",
            "ct state invalid",
            "ct state untracked",
            "ct direction original",
            "ct direction reply",
            "ct status seen-reply",
            "ct status confirmed",
            "ct status dnat",
            "ct mark 0",
            "ct original ip saddr 10.1.0.2",
            "ct reply ip saddr 10.2.0.2",
            "ct original ip6 daddr fd02::2",
            "meta l4proto udp ct original proto-dst 8001",
            "meta l4proto tcp ct reply proto-src { 8001, 8002 }",
            "ct original protocol udp",
            "ct l3proto ipv6",
            "ct zone 0",
        ],
    );
}

#[test]
fn connections_before_they_are_tracked() {
    run(
        "raw",
        &[
            "table inet t
             chain early type filter hook prerouting priority -300
             chain own type filter hook output priority raw
             early: ct state invalid ;; meta mark set meta mark ^ 1
             early: ct direction original ;; meta mark set meta mark ^ 2
             early: udp dport 8001 ;; notrack
             early: ct state untracked ;; meta mark set meta mark ^ 4
             early: udp sport 8001 ;; notrack
             early: ct state new ;; meta mark set meta mark ^ 8
             own: udp dport 8003 ;; notrack
             own: ct state untracked ;; meta mark set meta mark ^ 16
             chain later type filter hook prerouting priority filter
             later: ct state untracked ;; meta mark set meta mark ^ 0x100
             later: ct state new ;; meta mark set meta mark ^ 0x200
             later: ct status confirmed ;; meta mark set meta mark ^ 0x400",
            "table inet t
             chain early type filter hook prerouting priority -300
             early: meta l4proto udp ;; ct zone set 5
             early: ct state new ;; meta mark set meta mark ^ 1
             chain later type filter hook prerouting priority filter
             later: ct zone 5 ;; meta mark set meta mark ^ 0x100
             later: ct original zone 5 ;; meta mark set meta mark ^ 0x200
             later: ct state new ;; meta mark set meta mark ^ 0x400",
        ],
    );
}

#[test]
fn addresses_in_the_routing_tables() {
    compared(
        "fib",
        &["prerouting", "input", "forward", "postrouting", "output"],
        &[
            "fib daddr type local",
            "fib saddr type { local, unicast }",
            "fib saddr type local",
            "fib daddr type != unicast",
        ],
    );
    compared(
        "fib by device",
        &["prerouting"],
        &[
            "fib daddr . iif type local",
            "fib saddr . iif oif exists",
            "fib saddr . iif oif missing",
            "fib saddr oifname \"rc\"",
            "fib saddr oif \"rs\"",
            "fib saddr . mark oifname \"r*\"",
            "fib daddr oifname \"rs\"",
        ],
    );
}

#[test]
fn chains_and_verdicts() {
    run(
        "chains",
        &[
            "table inet t
             chain a
             chain b
             chain c
             chain forward type filter hook forward priority 0; policy drop
             chain input type filter hook input priority 0
             forward: udp dport 8001 ;; jump a
             forward: tcp dport 8001 ;; goto b
             forward: meta l4proto { icmp, icmpv6 } ;; goto c
             forward: ct state established ;; accept
             forward: meta l4proto udp ;; accept
             a: ip daddr 10.2.0.2 ;; jump b
             a: meta nfproto ipv6 ;; goto b
             a: ;; drop
             b: ip daddr 10.2.0.2 ;; return
             b: tcp dport 8001 ;; accept
             b: ;; jump c
             c: meta nfproto ipv4 ;; accept
             c: ;; continue
             input: udp dport 8002 ;; reject
             input: tcp dport 8002 ;; reject with tcp reset
             input: ip protocol icmp ;; drop
             input: ;; return",
            // Accepting ends a base chain only; dropping is final.
            "table inet t
             chain first type filter hook prerouting priority -10
             chain second type filter hook prerouting priority 10; policy drop
             first: udp dport 8001 ;; accept
             first: tcp dport 8002 ;; drop
             second: udp dport 8001 ;; meta mark set 0x5
             second: meta mark 0x5 ;; accept
             second: meta l4proto tcp ;; accept
             table ip u
             chain third type filter hook prerouting priority 20
             third: meta mark 0x5 ;; meta mark set 0x6
             third: meta mark 0x6 ;; accept",
        ],
    );
}

#[test]
fn refusals() {
    let kinds = [
        ("ip", "icmp net-unreachable"),
        ("ip", "icmp host-unreachable"),
        ("ip", "icmp prot-unreachable"),
        ("ip", "icmp port-unreachable"),
        ("ip", "icmp net-prohibited"),
        ("ip", "icmp host-prohibited"),
        ("ip", "icmp admin-prohibited"),
        ("ip6", "icmpv6 no-route"),
        ("ip6", "icmpv6 admin-prohibited"),
        ("ip6", "icmpv6 addr-unreachable"),
        ("ip6", "icmpv6 port-unreachable"),
        ("inet", "icmpx no-route"),
        ("inet", "icmpx host-unreachable"),
        ("inet", "icmpx admin-prohibited"),
        ("inet", "icmpx port-unreachable"),
    ];
    if !allowed() {
        return;
    }
    let mut bench = Bench::new(Shape::Routed);
    for (family, kind) in kinds {
        for hook in ["forward", "input", "output"] {
            bench.load(&[Ruleset::new(&format!(
                "table {family} t
                 chain {hook} type filter hook {hook} priority 0
                 {hook}: ct state new ;; reject with {kind}"
            ))]);
            for family in [Family::V4, Family::V6] {
                let (from, to) = match hook {
                    "forward" => (Place::Client, server(family, 8001)),
                    "input" => (Place::Client, router(family, 8001)),
                    _ => (Place::Router, server(family, 8001)),
                };
                for protocol in [Protocol::Udp, Protocol::Tcp] {
                    let question = bench.question(from, protocol, to);
                    bench.check(question);
                }
            }
        }
    }
    bench.verdict("refusals");
}

#[test]
fn sets_and_maps() {
    run(
        "sets",
        &[
            "table inet t
             chain a
             chain b
             set nets type ipv4_addr; flags interval; elements = { 10.1.0.0/16, 10.2.0.2-10.2.0.3 }
             set pairs type ipv4_addr . inet_service; flags interval; elements = { 10.2.0.0/24 . 8001-8002, 10.1.0.2 . 8001 }
             set triples type ipv4_addr . inet_proto . inet_service; elements = { 10.2.0.2 . udp . 8001, 10.1.0.1 . tcp . 8002 }
             set links type ifname; flags interval; elements = { \"rc*\", \"lo\" }
             set six type ipv6_addr; elements = { fd01::2, fd02::2 }
             set empty type ipv4_addr
             map marks type ipv4_addr : mark; elements = { 10.1.0.2 : 0x10, 10.2.0.2 : 0x20 }
             map ways type inet_proto . inet_service : verdict; elements = { udp . 8001 : jump a, tcp . 8001 : goto b, udp . 8003 : drop, tcp . 8002 : accept }
             map ports type inet_service : verdict; flags interval; elements = { 8001 : accept, 8002-8003 : jump a, * : jump b }
             chain pre type filter hook prerouting priority 0
             chain out type filter hook output priority 0
             pre: ip saddr @nets ;; meta mark set meta mark ^ 0x1
             pre: ip saddr != @nets ;; meta mark set meta mark ^ 0x2
             pre: ip daddr . th dport @pairs ;; meta mark set meta mark ^ 0x4
             pre: ip daddr . meta l4proto . th dport @triples ;; meta mark set meta mark ^ 0x8
             pre: iifname @links ;; meta mark set meta mark ^ 0x100
             pre: ip6 saddr @six ;; meta mark set meta mark ^ 0x200
             pre: ip saddr @empty ;; meta mark set meta mark ^ 0x400
             pre: ip saddr != @empty ;; meta mark set meta mark ^ 0x800
             pre: ;; meta mark set ip saddr map @marks
             pre: ;; meta mark set ip daddr map { 10.2.0.0/24 : 0x7, 10.1.0.2 : 0x9 }
             pre: ;; meta l4proto . th dport vmap @ways
             pre: ;; udp dport vmap @ports
             out: ;; tcp dport vmap @ports
             a: ;; meta mark set meta mark ^ 0x1000
             b: ;; meta mark set meta mark ^ 0x2000",
            // What rules put in is in for those after them.
            "table inet t
             set seen type ipv4_addr; flags dynamic; size 100
             set flows type ipv4_addr . inet_service; flags dynamic,timeout; size 100; timeout 1m
             chain pre type filter hook prerouting priority 0
             pre: ip saddr @seen ;; meta mark set meta mark ^ 0x1
             pre: ip saddr . udp sport @flows ;; meta mark set meta mark ^ 0x2
             pre: udp dport 8001 ;; update @flows { ip saddr . udp sport }
             pre: ip saddr . udp sport @flows ;; meta mark set meta mark ^ 0x4
             pre: ip saddr . udp sport != @flows ;; meta mark set meta mark ^ 0x8
             pre: udp dport 8001 ;; delete @flows { ip saddr . udp sport }
             pre: ip saddr . udp sport @flows ;; meta mark set meta mark ^ 0x10",
        ],
    );
}

#[test]
fn arithmetic() {
    run(
        "arithmetic",
        &[
            "table inet t
             chain pre type filter hook prerouting priority mangle
             chain post type filter hook postrouting priority mangle
             pre: ;; meta mark set 0x1234
             pre: meta l4proto udp ;; meta mark set meta mark and 0xff00 or 0x5
             pre: meta l4proto tcp ;; meta mark set meta mark << 4
             pre: meta mark 0x12340 ;; meta mark set meta mark ^ 0x1
             pre: meta mark 0x1205 ;; ct mark set meta mark
             pre: ct mark 0x1205 ;; meta mark set meta mark >> 4
             pre: meta mark 0x120 ;; ct mark set 0x77
             post: ct mark 0x77 ;; meta mark set ct mark
             post: meta mark 0x77 ;; meta mark set 0x78
             post: meta mark and 0xf == 0x8 ;; meta mark set meta mark ^ 0x10",
            "table inet t
             chain pre type filter hook prerouting priority mangle
             pre: ip daddr 10.2.0.2 udp dport 8001 ;; ip daddr set 10.2.0.3
             pre: ip daddr 10.2.0.3 ;; udp dport set 8002
             pre: ip saddr 10.2.0.3 udp sport 8002 ;; ip saddr set 10.2.0.2
             pre: ip saddr 10.2.0.2 ;; udp sport set 8001
             chain through type filter hook forward priority 0
             through: ip dscp cs0 ;; ip dscp set cs1
             through: ip dscp cs1 ;; meta mark set meta mark ^ 0x1
             through: ip ttl 63 ;; ip ttl set 9
             through: ip ttl 9 ;; meta mark set meta mark ^ 0x2
             through: ip6 hoplimit 63 ;; ip6 hoplimit set 8
             through: ip6 hoplimit 8 ;; meta mark set meta mark ^ 0x4",
            // The kernel's own hash of what is known.
            "table inet t
             chain pre type filter hook prerouting priority 0
             pre: jhash ip saddr mod 2 seed 0xdeadbeef 0 ;; meta mark set meta mark ^ 0x1
             pre: jhash ip saddr . ip daddr mod 3 seed 0x1 1 ;; meta mark set meta mark ^ 0x2
             pre: jhash ip6 saddr . ip6 daddr mod 5 seed 0x7 2 ;; meta mark set meta mark ^ 0x4
             pre: jhash ip saddr . udp dport . udp sport mod 4 seed 0x9 1 ;; meta mark set meta mark ^ 0x8
             pre: jhash udp sport mod 2 seed 0x5 1 ;; meta mark set meta mark ^ 0x10
             pre: jhash udp sport mod 4 seed 0x5 offset 10 12 ;; meta mark set meta mark ^ 0x20
             pre: ;; meta mark set jhash ip saddr . udp sport mod 256 seed 0x5",
        ],
    );
}

#[test]
fn translation() {
    run(
        "nat",
        &[
            "table inet t
             chain pre type nat hook prerouting priority dstnat
             chain out type nat hook output priority -100
             chain post type nat hook postrouting priority srcnat
             pre: udp dport 8001 ;; dnat ip to 10.2.0.3:8002
             pre: tcp dport 8001 ;; dnat ip to 10.2.0.4
             pre: tcp dport 8001 ;; dnat ip6 to [fd02::3]:8003
             pre: udp dport 8002 ;; redirect to :8003
             out: udp dport 8003 ;; dnat ip to 10.2.0.4:8001
             out: tcp dport 8003 ;; redirect to :8002
             post: ip daddr 10.2.0.3 ;; masquerade
             post: ip daddr 10.2.0.4 ;; snat ip to 10.2.0.1
             post: meta nfproto ipv6 ;; masquerade fully-random",
            "table ip t
             map targets type ipv4_addr . inet_service : ipv4_addr . inet_service; elements = { 10.2.0.2 . 8001 : 10.2.0.3 . 8002 }
             chain pre type nat hook prerouting priority dstnat
             chain late type nat hook prerouting priority -90
             pre: meta l4proto udp ;; dnat ip to ip daddr . udp dport map @targets
             pre: tcp dport 8001 ;; dnat to ip daddr map { 10.2.0.2 : 10.2.0.4 }
             pre: udp dport 8002 ;; meta mark set 0x1
             late: ;; dnat to 10.2.0.3
             chain input type nat hook input priority 100
             input: udp dport 8002 ;; snat to 10.1.0.77
             chain seen type filter hook prerouting priority -75
             seen: ip daddr 10.2.0.3 ;; meta mark set meta mark ^ 0x10
             seen: ct status dnat ;; meta mark set meta mark ^ 0x20",
            "table ip t
             chain pre type nat hook prerouting priority dstnat
             pre: ip daddr 10.2.0.2 ;; dnat ip prefix to ip daddr map { 10.2.0.2/31 : 10.2.0.2/31 }
             chain post type nat hook postrouting priority srcnat
             post: udp dport 8001 ;; snat to 10.2.0.1:20000-20001
             post: tcp dport 8001 ;; snat to 10.2.0.1:30000 random",
        ],
    );
}

#[test]
fn dice() {
    if !allowed() {
        return;
    }
    let mut bench = Bench::new(Shape::Routed);
    let target: SocketAddr = server(Family::V4, 8001);
    for rule in [
        "dnat ip to numgen random mod 3 map { 0 : 10.2.0.2, 1 : 10.2.0.3, 2 : 10.2.0.4 }",
        "dnat ip to numgen inc mod 2 map { 0 : 10.2.0.2 . 8002, 1 : 10.2.0.3 . 8003 }",
        "dnat ip to numgen random mod 10 map { 0-6 : 10.2.0.3, 7-9 : 10.2.0.4 }",
        "dnat ip to jhash ip saddr . udp sport mod 2 map { 0 : 10.2.0.3, 1 : 10.2.0.4 }",
    ] {
        bench.load(&[Ruleset::new(&format!(
            "table ip t
             chain pre type nat hook prerouting priority dstnat
             pre: udp dport 8001 ;; {rule}"
        ))]);
        bench.frequencies(Place::Client, target, 200);
    }
    for rules in [
        "pre: meta random < 858993459 ;; dnat to 10.2.0.3
         pre: ;; dnat to 10.2.0.4",
        "pre: numgen random mod 4 0-2 ;; dnat to 10.2.0.3",
        "pre: ;; numgen random mod 4 vmap { 0 : jump a, 1-2 : goto b, 3 : return }
         pre: meta l4proto udp ;; dnat to 10.2.0.2:8003
         a: ;; dnat to 10.2.0.3
         b: ;; dnat to 10.2.0.4",
    ] {
        bench.load(&[Ruleset::new(&format!(
            "table ip t
             chain a
             chain b
             chain pre type nat hook prerouting priority dstnat
             {rules}"
        ))]);
        bench.frequencies(Place::Client, target, 200);
    }
    bench.verdict("dice");
}

#[test]
fn chains_at_devices() {
    run(
        "netdev",
        &["table netdev n
             chain early type filter hook ingress device rc priority 0
             chain late type filter hook ingress device rs priority 10
             chain out type filter hook egress device rs priority 0
             early: ip saddr 10.1.0.2 udp dport 8001 ;; drop
             early: ip6 saddr fd01::2 ;; meta mark set meta mark ^ 0x1
             early: ether saddr 02:00:00:00:01:02 ;; meta mark set meta mark ^ 0x2
             early: tcp dport 8002 ;; accept
             early: meta l4proto icmp ;; meta mark set meta mark ^ 0x4
             late: udp sport 8003 ;; drop
             late: iifname \"rs\" ;; meta mark set meta mark ^ 0x8
             out: ip6 daddr fd02::2 tcp dport 8001 ;; drop
             out: oifname \"rs\" ;; meta mark set meta mark ^ 0x10
             table inet t
             chain pre type filter hook prerouting priority 0
             pre: meta mark 0x2 ;; meta mark set meta mark ^ 0x100
             pre: meta mark 0x3 ;; meta mark set meta mark ^ 0x200"],
    );
}

#[test]
fn chains_on_bridges() {
    run_on(
        Shape::Bridged,
        "bridge",
        &["table bridge b
             chain pre type filter hook prerouting priority -300
             chain through type filter hook forward priority filter
             chain up type filter hook input priority filter
             chain down type filter hook output priority filter
             chain post type filter hook postrouting priority 300
             pre: ip saddr 10.0.0.0/8 ;; meta mark set meta mark ^ 0x1
             pre: udp dport 8003 ;; meta mark set meta mark ^ 0x2
             through: tcp dport 8001 ip protocol tcp ;; drop
             through: udp dport 8001 ;; meta mark set meta mark ^ 0x4
             up: meta l4proto tcp ;; meta mark set meta mark ^ 0x8
             up: udp dport 8002 ;; drop
             down: meta l4proto { tcp, udp } ;; meta mark set meta mark ^ 0x10
             post: oifname != \"lo\" ;; meta mark set meta mark ^ 0x20"],
    );
}

/// The chains of kube-proxy 1.30, and of 1.36, where a map has the endpoints; both with affinity and a firewall.
#[test]
fn layouts_of_kube_proxy() {
    if !allowed() {
        return;
    }
    let common = "table ip kube-proxy
         chain services
         chain masquerading
         chain reject-chain
         chain firewall
         chain service
         chain sticky
         chain endpoint-a
         chain endpoint-b
         chain mark-for-masquerade
         set cluster-ips type ipv4_addr; elements = { 10.96.0.1, 10.96.0.2, 10.96.0.3 }
         set hairpin type ipv4_addr . ipv4_addr . inet_proto . inet_service; elements = { 10.2.0.3 . 10.2.0.3 . udp . 8001 }
         set affinity-a type ipv4_addr; flags dynamic,timeout; timeout 3h
         set affinity-b type ipv4_addr; flags dynamic,timeout; timeout 3h
         map service-ips type ipv4_addr . inet_proto . inet_service : verdict; elements = { 10.96.0.1 . udp . 80 : goto service, 10.96.0.1 . tcp . 80 : goto service, 10.96.0.2 . udp . 80 : goto sticky }
         map no-endpoint-services type ipv4_addr . inet_proto . inet_service : verdict; elements = { 10.96.0.3 . udp . 80 comment \"default/noep\" : goto reject-chain }
         map firewall-ips type ipv4_addr . inet_proto . inet_service : verdict; elements = { 10.96.0.1 . tcp . 80 : goto firewall }
         map service-nodeports type inet_proto . inet_service : verdict; elements = { udp . 30080 : goto service }
         chain pre-dnat type filter hook prerouting priority -110
         chain nat-prerouting type nat hook prerouting priority dstnat
         chain nat-output type nat hook output priority -100
         chain nat-postrouting type nat hook postrouting priority srcnat
         chain filter-forward type filter hook forward priority 0
         pre-dnat: ct state new ip daddr . meta l4proto . th dport vmap @firewall-ips ;; continue
         nat-prerouting: ;; jump services
         nat-output: ;; jump services
         nat-postrouting: ;; jump masquerading
         filter-forward: ct state new ip daddr . meta l4proto . th dport vmap @no-endpoint-services ;; continue
         filter-forward: ct state new ip daddr @cluster-ips ;; reject
         firewall: ip saddr != { 10.1.0.0/24, 10.2.0.0/24 } ;; drop
         reject-chain: ;; reject
         services: ip daddr @cluster-ips ip saddr != 10.1.0.0/24 ;; meta mark set meta mark | 0x4000
         services: ;; ip daddr . meta l4proto . th dport vmap @service-ips
         services: fib daddr type local ip daddr != 127.0.0.0/8 ;; meta l4proto . th dport vmap @service-nodeports
         sticky: ip saddr @affinity-a ;; goto endpoint-a
         sticky: ip saddr @affinity-b ;; goto endpoint-b
         sticky: ;; numgen random mod 2 vmap { 0 : goto endpoint-a, 1 : goto endpoint-b }
         mark-for-masquerade: ;; meta mark set meta mark | 0x4000
         endpoint-a: ip saddr 10.2.0.3 ;; jump mark-for-masquerade
         endpoint-a: ;; update @affinity-a { ip saddr }
         endpoint-a: meta l4proto udp ;; dnat to 10.2.0.3:8001
         endpoint-a: meta l4proto tcp ;; dnat to 10.2.0.3:8001
         endpoint-b: ;; update @affinity-b { ip saddr }
         endpoint-b: meta l4proto udp ;; dnat to 10.2.0.4:8002
         endpoint-b: meta l4proto tcp ;; dnat to 10.2.0.4:8002
         masquerading: meta mark & 0x4000 != 0 ;; meta mark set meta mark ^ 0x4000 masquerade fully-random
         masquerading: ct status dnat ip saddr . ip daddr . meta l4proto . th dport @hairpin ;; masquerade fully-random
         ";
    let layouts = [
        "service: ;; numgen random mod 2 vmap { 0 : goto endpoint-a, 1 : goto endpoint-b }",
        "service: meta l4proto udp ;; dnat ip to numgen random mod 2 map { 0 : 10.2.0.3 . 8001, 1 : 10.2.0.4 . 8002 }
         service: meta l4proto tcp ;; dnat ip to numgen random mod 2 map { 0 : 10.2.0.3 . 8001, 1 : 10.2.0.4 . 8002 }",
    ];
    let mut bench = Bench::new(Shape::Routed);
    for layout in layouts {
        bench.load(&[Ruleset::new(&format!("{common}{layout}"))]);
        for to in [
            "10.96.0.1:80",
            "10.96.0.1:81",
            "10.96.0.3:80",
            "10.1.0.1:30080",
        ] {
            for from in [Place::Client, Place::Server, Place::Router] {
                for protocol in [Protocol::Udp, Protocol::Tcp] {
                    let question = bench.question(from, protocol, to.parse().unwrap());
                    bench.check(question);
                }
            }
        }
        bench.frequencies(Place::Client, "10.96.0.1:80".parse().unwrap(), 200);
        // The first choice stays.
        bench.load(&[Ruleset::new(&format!("{common}{layout}"))]);
        let sticky = bench.question(
            Place::Client,
            Protocol::Udp,
            "10.96.0.2:80".parse().unwrap(),
        );
        bench.check_once(sticky);
        bench.scene.refresh();
        for _ in 0..5 {
            let again = bench.question(Place::Client, Protocol::Udp, sticky.to);
            bench.check(again);
        }
    }
    bench.verdict("layouts of kube-proxy");
}
