//! How chains lead to each other: jumps, gotos, returns, the ends of chains, and rules that lists and dice decide.

use kubenet::model::iptables::Backend;
use kubenet::model::{Family, Protocol};

use super::judge::{Bench, client, router, server};
use super::rules::Ruleset;
use super::scene::{Place, Shape, allowed};

#[test]
fn jumps_gotos_returns() {
    if !allowed() {
        return;
    }
    let frame = "*filter
        :INPUT ACCEPT [0:0]
        :FORWARD ACCEPT [0:0]
        :OUTPUT ACCEPT [0:0]
        :A - [0:0]
        :B - [0:0]
        :C - [0:0]\n";
    let mark = "-j MARK --set-xmark 0x1/0x0";
    let texts = [
        format!("-A FORWARD -j A\n-A FORWARD {mark}\n-A A -g B\n-A A {mark}\n-A B {mark}"),
        format!(
            "-A FORWARD -j A\n-A FORWARD {mark}\n-A A -g B\n-A A {mark}\n-A B -j RETURN\n-A B {mark}"
        ),
        format!("-A FORWARD -g A\n-A FORWARD -j DROP\n-A A {mark}"),
        format!(
            "-A FORWARD -g A\n-A FORWARD -j DROP\n-A A -j B\n-A A {mark}\n-A B -g C\n-A B -j DROP\n-A C {mark}"
        ),
        format!(
            "-A FORWARD -j A\n-A FORWARD {mark}\n-A A -j B\n-A A {mark}\n-A B -j RETURN\n-A B -j DROP"
        ),
        "-A FORWARD -j A\n-A FORWARD -j DROP\n-A A -j B\n-A A -j DROP\n-A B -j ACCEPT".to_owned(),
        format!(
            "-A FORWARD -j A\n-A FORWARD {mark}\n-A A -p udp -j RETURN\n-A A -p tcp -g B\n-A A -j DROP\n-A B {mark}"
        ),
        "-A FORWARD -j RETURN\n-A FORWARD -j DROP".to_owned(),
        format!(
            "-A FORWARD -p udp -j A\n-A FORWARD -p udp -j A\n-A A {mark}\n-A A -m mark --mark 0x0/0x1 -j DROP"
        ),
        format!(
            "-A FORWARD -j A\n-A INPUT -j A\n-A OUTPUT -j A\n-A A -j B\n-A A {mark}\n-A B -j C\n-A B -m mark ! --mark 0x1/0x1 -j RETURN\n-A B -j ACCEPT\n-A C {mark}"
        ),
    ];
    let mut bench = Bench::new(Shape::Routed);
    for policy in ["ACCEPT", "DROP"] {
        for text in &texts {
            for backend in [Backend::Nft, Backend::Legacy] {
                let frame = frame.replace(":FORWARD ACCEPT", &format!(":FORWARD {policy}"));
                let text = format!("{frame}{text}\nCOMMIT");
                bench.load(&[Ruleset::new(backend, Family::V4, &text)]);
                for protocol in [Protocol::Udp, Protocol::Tcp] {
                    let question =
                        bench.question(Place::Client, protocol, server(Family::V4, 8001));
                    bench.check(question);
                }
            }
        }
    }
    bench.verdict("jumps, gotos, returns");
}

/// What a list remembers: nothing, something noted in the same walk, and what earlier packets left.
#[test]
fn lists_of_addresses() {
    if !allowed() {
        return;
    }
    let frame = "*filter\n:FORWARD ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n";
    let mark = "-j MARK --set-xmark 0x1/0x0";
    let texts = [
        format!(
            "-A FORWARD -m recent --name one --rcheck --seconds 60 -j DROP\n-A FORWARD -m recent --name one --set {mark}"
        ),
        "-A FORWARD -m recent --name two --set\n-A FORWARD -m recent --name two --rcheck --seconds 60 -j DROP".to_owned(),
        format!(
            "-A FORWARD -m recent --name three --set {mark}\n-A FORWARD -m recent --name three --rcheck --hitcount 1 {mark}\n-A FORWARD -m recent --name three --update --hitcount 2 -j DROP"
        ),
        format!(
            "-A FORWARD -m recent --name four ! --rcheck {mark}\n-A FORWARD -m recent --name four ! --set -j DROP\n-A FORWARD -m recent --name four --rcheck {mark}\n-A FORWARD -m recent --name four --remove {mark}\n-A FORWARD -m recent --name four --rcheck -j DROP"
        ),
        format!(
            "-A FORWARD -i rc -m recent --name five --set --rdest {mark}\n-A FORWARD -m recent --name five --rcheck --rdest {mark}\n-A FORWARD -i rs -m recent --name five --rcheck --rsource {mark}"
        ),
        format!(
            "-A FORWARD -m recent --name six --update {mark}\n-A FORWARD -p udp -m recent --name six --set {mark}\n-A FORWARD -m recent --name six --update --seconds 9 --hitcount 2 -j REJECT"
        ),
    ];
    for backend in [Backend::Nft, Backend::Legacy] {
        let mut bench = Bench::new(Shape::Routed);
        for text in &texts {
            bench.load(&[Ruleset::new(
                backend,
                Family::V4,
                &format!("{frame}{text}\nCOMMIT"),
            )]);
            for to in [server(Family::V4, 8001), server(Family::V4, 8002)] {
                // Each packet finds what those before it left.
                bench.scene.refresh();
                let question = bench.question(Place::Client, Protocol::Udp, to);
                bench.check_once(question);
            }
        }
        bench.verdict("lists of addresses");
    }
}

/// Conditions that no dump can decide leave it open, unless they cannot matter.
#[test]
fn what_cannot_be_known() {
    if !allowed() {
        return;
    }
    let conditions = [
        "-m limit --limit 1/min --limit-burst 1",
        "-m hashlimit --hashlimit-upto 1/min --hashlimit-burst 1 --hashlimit-name h",
        "-m u32 --u32 0>>28=4",
        "-m string --string nothing --algo bm",
        "-m time --timestart 00:00 --timestop 12:00",
        "-m connbytes --connbytes 0:10 --connbytes-dir both --connbytes-mode packets",
        "-m connlimit --connlimit-upto 1",
        "-m quota --quota 10",
        "-m cpu --cpu 0",
        "-m ecn --ecn-ip-ect 1",
        "-m conntrack --ctexpire 1:10",
        "-m owner --uid-owner 0",
        "-m owner ! --gid-owner 0-10",
        "-m cgroup --path /x",
        "-m bpf --bytecode 1,6\u{20}0\u{20}0\u{20}0",
    ];
    let mut bench = Bench::new(Shape::Routed);
    bench.lenient = true;
    for condition in conditions {
        let condition = match condition.split_once("--bytecode ") {
            Some((before, code)) => format!("{before}--bytecode \"{code}\""),
            None => condition.to_owned(),
        };
        for target in ["-j DROP", "-j ACCEPT", "-j LOG"] {
            let text = format!(
                "*filter\n:OUTPUT ACCEPT [0:0]\n-A OUTPUT -d 10.2.0.0/24 {condition} {target}\nCOMMIT"
            );
            let loaded = bench.try_load(&[Ruleset::new(Backend::Nft, Family::V4, &text)]);
            if let Err(said) = loaded {
                assert!(condition.contains("cgroup"), "{said}");
                continue;
            }
            let before = bench.undetermined;
            let question = bench.question(Place::Router, Protocol::Udp, server(Family::V4, 8001));
            bench.check(question);
            let open = bench.undetermined > before;
            assert_eq!(open, target == "-j DROP", "{condition} {target}");
        }
    }
    // Forwarded packets have no user, and this is known.
    let text = "*mangle
        :POSTROUTING ACCEPT [0:0]
        -A POSTROUTING -m owner --uid-owner 0 -j DROP
        -A POSTROUTING -m owner ! --uid-owner 0 -j MARK --set-xmark 0x1/0x0
        COMMIT";
    bench.load(&[Ruleset::new(Backend::Nft, Family::V4, text)]);
    bench.lenient = false;
    let before = bench.undetermined;
    let question = bench.question(Place::Client, Protocol::Udp, server(Family::V4, 8001));
    bench.check(question);
    assert_eq!(bench.undetermined, before);
    bench.verdict("what cannot be known");
}

/// Dice: how often each server is met, of many connections.
#[test]
fn dice() {
    if !allowed() {
        return;
    }
    let texts = [
        "-A PREROUTING -m statistic --mode random --probability 0.33333333349 -j DNAT --to-destination 10.2.0.2
         -A PREROUTING -m statistic --mode random --probability 0.5 -j DNAT --to-destination 10.2.0.3
         -A PREROUTING -j DNAT --to-destination 10.2.0.4",
        "-A PREROUTING -m statistic --mode nth --every 4 --packet 1 -j DNAT --to-destination 10.2.0.3
         -A PREROUTING -m statistic --mode random ! --probability 0.25 -j DNAT --to-destination 10.2.0.4",
        "-A PREROUTING -m statistic --mode random --probability 1.0 -j DNAT --to-destination 10.2.0.3",
        "-A PREROUTING -m statistic --mode nth --every 1 --packet 0 -j DNAT --to-destination 10.2.0.4",
        "-A PREROUTING -m statistic --mode nth ! --every 3 --packet 0 -j DNAT --to-destination 10.2.0.4",
    ];
    let mut bench = Bench::new(Shape::Routed);
    for text in texts {
        for backend in [Backend::Nft, Backend::Legacy] {
            let text = format!("*nat\n:PREROUTING ACCEPT [0:0]\n{text}\nCOMMIT");
            bench.load(&[Ruleset::new(backend, Family::V4, &text)]);
            bench.frequencies(Place::Client, server(Family::V4, 8001), 300);
        }
    }
    bench.verdict("dice");
}

/// Everything together in the shape that kube-proxy gives it, with ways to oneself too.
#[test]
fn a_service() {
    if !allowed() {
        return;
    }
    let text = "*nat
        :PREROUTING ACCEPT [0:0]
        :OUTPUT ACCEPT [0:0]
        :POSTROUTING ACCEPT [0:0]
        :SERVICES - [0:0]
        :SVC - [0:0]
        :SEP1 - [0:0]
        :SEP2 - [0:0]
        :MARK-MASQ - [0:0]
        -A PREROUTING -j SERVICES
        -A OUTPUT -j SERVICES
        -A POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN
        -A POSTROUTING -j MARK --set-xmark 0x4000/0x0
        -A POSTROUTING -j MASQUERADE --random-fully
        -A MARK-MASQ -j MARK --set-xmark 0x4000/0x4000
        -A SERVICES -d 10.96.0.1/32 -p udp -m udp --dport 53 -j SVC
        -A SERVICES -d 10.96.0.1/32 -p tcp -m tcp --dport 53 -j SVC
        -A SERVICES -m addrtype --dst-type LOCAL -p udp --dport 30001 -j SVC
        -A SVC ! -s 10.1.0.0/24 -j MARK-MASQ
        -A SVC -m statistic --mode random --probability 0.5 -j SEP1
        -A SVC -j SEP2
        -A SEP1 -s 10.2.0.2/32 -j MARK-MASQ
        -A SEP1 -p udp -j DNAT --to-destination 10.2.0.2:8001
        -A SEP1 -p tcp -j DNAT --to-destination 10.2.0.2:8001
        -A SEP2 -s 10.1.0.2/32 -j MARK-MASQ
        -A SEP2 -p udp -j DNAT --to-destination 10.1.0.2:8002
        -A SEP2 -p tcp -j DNAT --to-destination 10.1.0.2:8002
        COMMIT";
    let mut bench = Bench::new(Shape::Routed);
    bench
        .scene
        .ip(Place::Router, "route add 10.96.0.0/16 dev rs");
    bench.scene.reread();
    for backend in [Backend::Nft, Backend::Legacy] {
        bench.load(&[Ruleset::new(backend, Family::V4, text)]);
        for protocol in [Protocol::Udp, Protocol::Tcp] {
            for from in [Place::Client, Place::Server, Place::Router] {
                for to in ["10.96.0.1:53", "10.1.0.1:30001", "10.96.0.1:54"] {
                    let question = bench.question(from, protocol, to.parse().unwrap());
                    bench.check(question);
                }
            }
        }
    }
    let _ = (client(Family::V4, 1), router(Family::V4, 1));
    bench.verdict("a service");
}
