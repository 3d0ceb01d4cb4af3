//! ipsets of every type that this kernel has.

use kubenet::model::iptables::Backend;
use kubenet::model::{Family, Protocol};

use super::judge::{Bench, client, router, server};
use super::rules::Ruleset;
use super::scene::{Place, Shape, allowed};

const SETS: &str = "
    create ips hash:ip
    add ips 10.1.0.2
    add ips 10.2.0.3
    create masked hash:ip netmask 24
    add masked 10.1.0.0
    create nets hash:net
    add nets 10.1.0.0/24
    add nets 10.2.0.0/16
    add nets 10.2.0.2/31 nomatch
    add nets 10.2.0.3
    create ipports hash:ip,port
    add ipports 10.2.0.2,tcp:8001
    add ipports 10.2.0.2,udp:8002
    add ipports 10.1.0.1,udp:8002
    add ipports 10.2.0.2,icmp:echo-request
    create ipportips hash:ip,port,ip
    add ipportips 10.2.0.2,udp:8001,10.1.0.2
    add ipportips 10.2.0.2,udp:8003,10.1.0.1
    create ipportnets hash:ip,port,net
    add ipportnets 10.2.0.2,udp:8001,10.1.0.0/24
    add ipportnets 10.2.0.2,udp:8001,10.1.0.2/32 nomatch
    add ipportnets 10.2.0.2,tcp:8001,10.1.0.0/24
    create netports hash:net,port
    add netports 10.2.0.0/24,udp:8001-8002
    add netports 10.2.0.2,udp:8002 nomatch
    create netifaces hash:net,iface
    add netifaces 10.1.0.0/24,rc
    add netifaces 10.2.0.0/24,rs
    add netifaces 10.2.0.0/30,rc
    create ports bitmap:port range 8000-8010
    add ports 8001
    add ports 8003
    create range bitmap:ip range 10.1.0.0-10.1.0.255
    add range 10.1.0.2
    create macs bitmap:ip,mac range 10.1.0.0-10.1.0.255
    add macs 10.1.0.2,02:00:00:00:01:02
    create many list:set
    add many ports
    add many ips
    create empty hash:ip
    create six hash:ip family inet6
    add six fd01::2
";

const CONDITIONS: &str = "
    -m set --match-set ips src
    -m set --match-set ips dst
    -m set ! --match-set ips src
    -m set --match-set masked src
    -m set --match-set masked dst
    -m set --match-set nets src
    -m set --match-set nets dst
    -m set ! --match-set nets dst
    -m set --match-set ipports dst,dst
    -m set --match-set ipports src,src
    -m set --match-set ipports dst,src
    -m set ! --match-set ipports dst,dst
    -m set --match-set ipportips dst,dst,src
    -m set --match-set ipportips src,src,dst
    -m set --match-set ipportnets dst,dst,src
    -m set --match-set netports dst,dst
    -m set --match-set netports src,src
    -m set --match-set netifaces src,src
    -m set --match-set netifaces dst,dst
    -m set --match-set netifaces dst,src
    -m set --match-set ports dst
    -m set --match-set ports src
    -m set ! --match-set ports dst
    -m set --match-set range src
    -m set --match-set macs src,src
    -m set --match-set many dst
    -m set --match-set many src,dst
    -m set --match-set empty src
    -m set ! --match-set empty src
    -m set --match-set ipports dst
    -m set ! --match-set ipports dst
    -m set --match-set ips src,dst
    -m set --match-set ips src -m set ! --match-set ports dst
";

fn probes(conditions: &str) -> String {
    let mut text = String::from("*mangle\n");
    let hooks = ["PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"];
    for hook in hooks {
        text.push_str(&format!(":{hook} ACCEPT [0:0]\n"));
    }
    for hook in hooks {
        for condition in conditions
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty())
        {
            text.push_str(&format!(
                "-A {hook} {condition} -j MARK --set-xmark 0x80000000/0x0\n"
            ));
        }
    }
    text.push_str("COMMIT\n");
    text
}

#[test]
fn every_type() {
    if !allowed() {
        return;
    }
    let mut bench = Bench::new(Shape::Routed);
    bench
        .scene
        .tool(Place::Router, "ipset", &["restore"], SETS)
        .unwrap();
    for backend in [Backend::Nft, Backend::Legacy] {
        bench.load(&[Ruleset::new(backend, Family::V4, &probes(CONDITIONS))]);
        for protocol in [Protocol::Udp, Protocol::Tcp, Protocol::Icmp] {
            for (from, to) in [
                (Place::Client, server(Family::V4, 8001)),
                (Place::Client, server(Family::V4, 8002)),
                (Place::Client, "10.2.0.3:8003".parse().unwrap()),
                (Place::Client, "10.2.0.4:8001".parse().unwrap()),
                (Place::Client, router(Family::V4, 8002)),
                (Place::Router, server(Family::V4, 8003)),
                (Place::Router, router(Family::V4, 8001)),
                (Place::Server, client(Family::V4, 8003)),
            ] {
                let question = bench.question(from, protocol, to);
                bench.check(question);
            }
        }
    }
    bench.verdict("sets");
}

#[test]
fn of_six() {
    if !allowed() {
        return;
    }
    let mut bench = Bench::new(Shape::Routed);
    bench
        .scene
        .tool(Place::Router, "ipset", &["restore"], SETS)
        .unwrap();
    let text = probes(
        "-m set --match-set six src
         -m set ! --match-set six src
         -m set --match-set ports dst
         -m set --match-set many dst",
    );
    bench.load(&[Ruleset::new(Backend::Nft, Family::V6, &text)]);
    for from in [Place::Client, Place::Router] {
        for port in [8001, 8002] {
            let question = bench.question(from, Protocol::Udp, server(Family::V6, port));
            bench.check(question);
        }
    }
    bench.verdict("sets of IPv6");
}

/// A rule that changes a set: what is asked of it later is not known, and never wrong.
#[test]
fn that_rules_change() {
    if !allowed() {
        return;
    }
    let mut bench = Bench::new(Shape::Routed);
    bench
        .scene
        .tool(Place::Router, "ipset", &["restore"], SETS)
        .unwrap();
    let text = "*filter
        :FORWARD ACCEPT [0:0]
        -A FORWARD -p udp -j SET --add-set empty src
        -A FORWARD -m set --match-set empty src -j DROP
        -A FORWARD -p tcp -j SET --del-set ips src
        -A FORWARD -m set --match-set ips src -j MARK --set-xmark 0x1/0x0
        COMMIT";
    bench.load(&[Ruleset::new(Backend::Nft, Family::V4, text)]);
    for protocol in [Protocol::Tcp, Protocol::Udp] {
        bench.scene.refresh();
        let question = bench.question(Place::Client, protocol, server(Family::V4, 8001));
        bench.check(question);
    }
    bench.verdict("sets that rules change");
}
