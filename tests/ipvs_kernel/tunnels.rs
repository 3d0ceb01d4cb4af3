//! IP-in-IP: the director wraps what it gives to a server, and a device there takes it out again.

use kubenet::model::Protocol;
use kubenet::model::trace::Verdict;
use rstest::rstest;

use super::dial::serve_at;
use super::scene::{Ask, Scene, ask, end, possible, word};

const SERVICE: &str = "10.43.0.1:8080";
const DATAGRAMS: &str = "10.43.0.1:8081";
const SERVED: &str = "-A -t 10.43.0.1:8080 -s rr
     -a -t 10.43.0.1:8080 -r 10.2.0.11 -i
     -A -u 10.43.0.1:8081 -s rr
     -a -u 10.43.0.1:8081 -r 10.2.0.11 -i";
/// What a server needs to take wrapped packets of the service.
const READY: [(&str, &str); 2] = [
    ("a", "ip address add 10.43.0.1/32 dev lo"),
    ("a", "ip link set tunl0 up"),
];

/// A scene in which these commands were run at these places, and answers may pass the director.
fn scene(commands: &[(&str, &str)]) -> Scene {
    let scene = Scene::new();
    scene.serve(SERVED);
    scene.set(&[
        ("net/ipv4/conf/all/accept_local", "1"),
        ("net/ipv4/conf/br0/accept_local", "1"),
    ]);
    for (place, command) in commands {
        scene.run(place, command);
    }
    scene
}

/// The server is ready, but for what these commands change.
#[rstest]
#[case(&[], "a from 10.1.0.2")]
#[case(&[("a", "ip link set tunl0 down")], "refused")]
#[case(&[("a", "ip address del 10.43.0.1/32 dev lo"), ("a", "ip address add 10.43.0.1/32 dev tunl0")], "a from 10.1.0.2")]
#[case(&[("a", "ip address del 10.43.0.1/32 dev lo")], "timeout")]
#[case(&[("a", "sysctl -w net.ipv4.conf.tunl0.rp_filter=1")], "timeout")]
#[case(&[("a", "sysctl -w net.ipv4.conf.tunl0.rp_filter=2")], "timeout")]
#[case(&[("a", "ip address add 10.43.0.1/32 dev tunl0"), ("a", "sysctl -w net.ipv4.conf.tunl0.rp_filter=2")], "a from 10.1.0.2")]
#[case(&[("a", "iptables -A INPUT -p 4 -j DROP")], "timeout")]
#[case(&[("a", "iptables -A INPUT -i tunl0 -j DROP")], "timeout")]
#[case(&[("director", "iptables -A OUTPUT -p 4 -j DROP")], "timeout")]
#[case(&[("director", "iptables -A INPUT -p icmp -j DROP"), ("a", "ip link set tunl0 down")], "timeout")]
#[case(&[("director", "iptables -A FORWARD -j DROP")], "timeout")]
#[case(&[("director", "iptables -A FORWARD -d 10.43.0.1 -j DROP")], "a from 10.1.0.2")]
#[case(&[("director", "ip route add unreachable 10.2.0.11")], "unreachable")]
#[case(&[("director", "sysctl -w net.ipv4.vs.conntrack=0")], "a from 10.1.0.2")]
// Named tunnels, with and without what takes the rest.
#[case(&[("a", "ip link set tunl0 down"), ("a", "ip tunnel add wrap mode ipip local 10.2.0.11 remote 10.2.0.1"), ("a", "ip link set wrap up")], "a from 10.1.0.2")]
#[case(&[("a", "ip link set tunl0 down"), ("a", "ip tunnel add wrap mode ipip remote 10.2.0.1"), ("a", "ip link set wrap up")], "a from 10.1.0.2")]
#[case(&[("a", "ip link set tunl0 down"), ("a", "ip tunnel add wrap mode ipip local 10.2.0.11"), ("a", "ip link set wrap up")], "a from 10.1.0.2")]
#[case(&[("a", "ip link set tunl0 down"), ("a", "ip tunnel add wrap mode ipip local 10.2.0.11 remote 10.2.0.12"), ("a", "ip link set wrap up")], "refused")]
#[case(&[("a", "ip tunnel add wrap mode ipip local 10.2.0.11 remote 10.2.0.1"), ("a", "ip link set wrap up"), ("a", "iptables -A INPUT -i wrap -j DROP")], "timeout")]
#[case(&[("a", "ip tunnel add wrap mode ipip local 10.2.0.11 remote 10.2.0.1"), ("a", "iptables -A INPUT -i wrap -j DROP")], "a from 10.1.0.2")]
fn given_in_a_tunnel(#[case] changed: &[(&str, &str)], #[case] expected: &str) {
    if !possible() {
        return;
    }
    let scene = scene(&[&READY, changed].concat());
    let trace = scene.judge(ask("client", SERVICE), 2);
    assert_eq!(end(&trace.paths[0]), expected);
    scene.judge(ask("director", SERVICE), 1);
}

/// REJECT answers what has a checksum that is right, which an IPIP packet has not, unless a device vouches for it.
#[rstest]
#[case("a", "iptables -A INPUT -p 4 -j REJECT")]
#[case("director", "iptables -A OUTPUT -p 4 -j REJECT")]
fn refused_by_a_rule(#[case] place: &str, #[case] command: &str) {
    if !possible() {
        return;
    }
    let scene = scene(&[&READY[..], &[(place, command)]].concat());
    let asked = ask("client", SERVICE);
    scene.read();
    let trace = scene.trace(asked);
    assert_eq!(trace.paths[0].verdict, Verdict::Undetermined);
    assert!(matches!(
        word(scene.dial(asked)).as_str(),
        "timeout" | "refused"
    ));
}

/// What may not be cut has to leave room for the outer header.
#[rstest]
#[case(1, 980, "a from 10.1.0.2")]
#[case(1, 981, "too-big")]
#[case(0, 981, "a from 10.1.0.2")]
#[case(0, 1400, "a from 10.1.0.2")]
fn what_fits(#[case] discovery: u32, #[case] size: u32, #[case] expected: &str) {
    if !possible() {
        return;
    }
    let mtu = ("director", "ip route add 10.2.0.11/32 dev br0 mtu 1000");
    let scene = scene(&[READY[0], READY[1], mtu]);
    serve_at(&scene.path("a"), "a", "10.43.0.1:8081".parse().unwrap());
    scene.set(&[("net/ipv4/vs/pmtu_disc", &discovery.to_string())]);
    let asked = Ask {
        protocol: Protocol::Udp,
        size,
        ..ask("client", DATAGRAMS)
    };
    let trace = scene.judge(asked, 1);
    assert_eq!(end(&trace.paths[0]), expected);
}

/// A route by a tunnel's device, without IPVS.
#[rstest]
#[case("wrap mode ipip local 10.2.0.1 remote 10.2.0.11", "dev wrap", &[], "a from 10.1.0.2")]
#[case("wrap mode ipip remote 10.2.0.11", "dev wrap", &[], "a from 10.1.0.2")]
#[case("wrap mode ipip local 10.2.0.1", "via 10.2.0.11 dev wrap onlink", &[], "a from 10.1.0.2")]
#[case("wrap mode ipip local 10.2.0.1", "dev wrap", &[], "timeout")]
#[case("wrap mode ipip local 10.2.0.1 remote 10.2.0.11", "dev wrap", &["ip link set tunl0 down"], "unreachable")]
#[case("wrap mode ipip local 10.2.0.1", "via 10.2.0.11 dev wrap onlink", &["ip link set tunl0 down"], "timeout")]
#[case("wrap mode ipip local 10.2.0.1 remote 10.2.0.11 ttl 1", "dev wrap", &[], "a from 10.1.0.2")]
#[case("wrap mode ipip local 10.2.0.1 remote 10.9.9.9", "dev wrap", &[], "timeout")]
fn routed_by_a_tunnel(
    #[case] tunnel: &str,
    #[case] route: &str,
    #[case] changed: &[&str],
    #[case] expected: &str,
) {
    if !possible() {
        return;
    }
    let scene = scene(&READY);
    for command in changed {
        scene.run("a", command);
    }
    scene.run("a", "ip address add 10.44.0.1/32 dev lo");
    scene.run("director", &format!("ip tunnel add {tunnel}"));
    scene.run("director", "ip link set wrap up");
    scene.run("director", &format!("ip route add 10.44.0.1/32 {route}"));
    let trace = scene.judge(ask("client", "10.44.0.1:8080"), 2);
    assert_eq!(end(&trace.paths[0]), expected);
}
