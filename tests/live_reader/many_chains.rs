//! A node with the rules that kube-proxy writes for hundreds of Services.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::IpAddr;
use std::process::{Command, Stdio};

use super::support::Namespaces;

/// As many as load within a second or two, and enough to see a difference.
const SERVICES: usize = 700;

/// The rules that kube-proxy wrote for 5,000 Services of ten endpoints, reduced to the first of them; and the address
/// of the last that is left.
pub fn rules() -> (String, IpAddr) {
    let packed = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/fixtures/scale/iptables-5000x10.txt.gz"
    );
    let mut all = String::new();
    flate2::read::GzDecoder::new(std::fs::File::open(packed).unwrap())
        .read_to_string(&mut all)
        .unwrap();
    let target = |line: &str| line.rsplit_once("-j ").unwrap().1.to_owned();
    let services: Vec<&str> = all
        .lines()
        .filter(|line| line.contains("-A KUBE-SERVICES ") && line.contains("-j KUBE-SVC-"))
        .collect();
    let kept: BTreeSet<String> = services[..SERVICES]
        .iter()
        .map(|line| target(line))
        .collect();
    let chain_of = |line: &str| -> Option<String> {
        let declared = line.strip_prefix(':');
        let appended = line.split_once("-A ").map(|(_, rest)| rest);
        Some(declared.or(appended)?.split(' ').next()?.to_owned())
    };
    let endpoints: BTreeSet<String> = all
        .lines()
        .filter(|line| chain_of(line).is_some_and(|chain| kept.contains(&chain)))
        .filter(|line| line.contains("-j KUBE-SEP-"))
        .map(target)
        .collect();
    let stays = |name: &str| match name {
        name if name.starts_with("KUBE-SVC-") => kept.contains(name),
        name if name.starts_with("KUBE-SEP-") => endpoints.contains(name),
        _ => true,
    };
    let mut text = String::new();
    for line in all.lines() {
        let jumps = line.rsplit_once("-j ").is_none_or(|(_, to)| stays(to));
        if jumps && chain_of(line).is_none_or(|chain| stays(&chain)) {
            text.push_str(line);
            text.push('\n');
        }
    }
    let address = services[SERVICES - 1].split_once(" -d ").unwrap().1;
    let address = address.split('/').next().unwrap().parse().unwrap();
    (text, address)
}

/// A node with those rules, a pod, and a router that leads to the endpoints.
pub fn scene(rules: &str) -> Namespaces {
    let made = Namespaces::new(3);
    let (pod, router) = (made.name(1).to_owned(), made.name(2).to_owned());
    made.script(
        0,
        &format!(
            "ip link set lo up
             ip link add pod0 type veth peer name eth0 netns {pod}
             ip link add up0 type veth peer name wire0 netns {router}
             ip link set pod0 up
             ip link set up0 up
             ip addr add 10.42.0.1/32 dev pod0
             ip route add 10.42.0.5/32 dev pod0
             ip addr add 192.168.7.1/24 dev up0
             ip route add default via 192.168.7.2
             ip neigh add 192.168.7.2 lladdr 02:00:00:00:00:02 dev up0
             sysctl -w net.ipv4.ip_forward=1"
        ),
    );
    made.script(
        1,
        "ip link set lo up
         ip link set eth0 up
         ip addr add 10.42.0.5/24 dev eth0
         ip route add default via 10.42.0.1",
    );
    made.script(2, "ip link set wire0 up");
    restore(&made, "iptables-nft-restore", rules);
    made
}

/// Loads rules in the first namespace.
pub fn restore(made: &Namespaces, program: &str, rules: &str) {
    let mut child = Command::new("ip")
        .args(["netns", "exec", made.name(0), program, "--noflush"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(rules.as_bytes())
        .unwrap();
    assert!(child.wait().unwrap().success());
}
