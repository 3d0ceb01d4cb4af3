//! What nft prints of the same ruleset in its two forms: both are read alike, and a rule is shown as nft prints it.
//!
//! The rules are put into a namespace made for it; without root the test says so.

#![allow(clippy::unwrap_used)]

mod bundle_support;

use std::io::Write as _;
use std::process::{Command, Stdio};

use bundle_support::{gaps, host, load_host};
use kubenet::model::nftables::{Rule, Ruleset};

const TABLES: &str = r#"
table inet t {
    counter c1 { packets 5 bytes 6; }
    quota q1 { over 25 mbytes used 5 kbytes; }
    limit l1 { rate 10/second burst 3 packets; }
    set nets { type ipv4_addr; flags interval; elements = { 10.0.0.0/8, 11.0.0.1-11.0.0.9, 12.0.0.1 }; }
    set pairs { type ipv4_addr . inet_service; flags interval; elements = { 10.0.0.0/8 . 80-90 comment "x", 1.1.1.1 . 443 }; }
    set dyn { type ipv4_addr; flags dynamic,timeout; timeout 30s; size 100; }
    set names { type ifname; flags interval; elements = { "eth*", "lo" }; }
    set marks { type mark; elements = { 0x10, 0x20 }; }
    map mm { type ipv4_addr : mark; elements = { 10.0.0.1 : 0x5, 10.0.0.2 : 0x6 }; }
    map om { type ipv4_addr : counter; elements = { 10.0.0.1 : "c1" }; }
    chain x { }
    chain y/z.w { }
    chain base { type filter hook prerouting priority mangle + 5; policy drop; }
    chain nat { type nat hook prerouting priority dstnat; policy accept; }
    chain post { type nat hook postrouting priority 90; policy accept; }
    map vm { type inet_service : verdict; flags interval; elements = { 80 : accept, 1000-2000 : jump x, * : drop }; }
    map services { type ipv4_addr . inet_proto . inet_service : verdict; elements = { 10.43.0.1 . tcp . 443 comment "default/kubernetes:https" : goto y/z.w }; }
}
table ip dormant {
    flags dormant
    chain a { type route hook output priority mangle; policy accept; }
}
"#;

/// Rules by chain, each as nft prints it too.
const RULES: &[(&str, &str)] = &[
    (
        "inet t base",
        r#"meta mark & 0x000000ff == 0x00000010 meta mark set meta mark & 0xffffff00 | 0x00000005 comment "hello""#,
    ),
    (
        "inet t base",
        "tcp dport { 80, 443, 1000-2000 } ct state established,new counter packets 0 bytes 0 accept",
    ),
    (
        "inet t base",
        "ct state { established, new } ct state != established | related accept",
    ),
    (
        "inet t base",
        "tcp flags syn / syn,ack tcp flags syn tcp flags ! fin accept",
    ),
    (
        "inet t base",
        r#"iifname "eth*" iif "lo" oifname != { "a", "b" } accept"#,
    ),
    (
        "inet t base",
        "ip saddr @nets ip daddr . tcp dport @pairs accept",
    ),
    (
        "inet t base",
        "fib daddr type local fib saddr . iif oif missing drop",
    ),
    ("inet t base", r#"fib saddr . mark . iif oifname "lo" drop"#),
    ("inet t base", "icmp type echo-request drop"),
    (
        "inet t base",
        "icmpv6 type { echo-request, nd-router-advert } drop",
    ),
    (
        "inet t base",
        "update @dyn { ip saddr timeout 10s } add @dyn { ip saddr limit rate 5/second }",
    ),
    (
        "inet t base",
        r#"limit rate over 400/minute burst 9 packets log prefix "foo " group 2 reject with icmpx admin-prohibited"#,
    ),
    (
        "inet t base",
        r#"quota 10 mbytes counter name "c1" quota name "q1" limit name "l1""#,
    ),
    ("inet t base", "ip protocol tcp reject with tcp reset"),
    (
        "inet t base",
        "ip saddr 1.2.3.4 reject with icmp host-prohibited",
    ),
    (
        "inet t base",
        "meta skuid 1000 meta skgid { 5, 6 } meta pkttype multicast meta cpu 1 drop",
    ),
    (
        "inet t base",
        "ip dscp cs1 ip dscp set af21 ip ttl 64 ip ttl set 5 drop",
    ),
    (
        "inet t base",
        "ip6 hoplimit 3 ip6 daddr fe80::/10 ip6 saddr != fd00::1-fd00::9 drop",
    ),
    ("inet t base", "tcp sport != 1024-65535 drop"),
    (
        "inet t base",
        "ct mark set meta mark ct mark 0x00000001 ct original ip saddr 1.1.1.1 ct direction reply ct zone 5 drop",
    ),
    ("inet t base", "ct status assured,dnat drop"),
    ("inet t base", "udp length > 9 drop"),
    (
        "inet t base",
        "jhash ip saddr . tcp dport mod 4 seed 0xdead vmap { 0 : accept, 1-2 : drop }",
    ),
    (
        "inet t base",
        "symhash mod 2 offset 5 vmap { 5 : accept, 6 : drop }",
    ),
    (
        "inet t base",
        "numgen inc mod 3 vmap { 0 : goto x, 1-2 : continue }",
    ),
    (
        "inet t base",
        "meta mark set ip saddr map @mm meta mark set numgen random mod 8 offset 3 meta mark set ct mark",
    ),
    ("inet t base", "tcp dport vmap @vm"),
    ("inet t base", "counter name ip saddr map @om"),
    (
        "inet t base",
        "meta mark set meta mark << 2 meta mark set meta mark ^ 0x00000011",
    ),
    ("inet t base", "notrack"),
    ("inet t base", "ct count over 5 drop"),
    (
        "inet t base",
        "meta random < 1000 meta iiftype ether meta length 20-50",
    ),
    (
        "inet t base",
        "ip saddr . ip daddr . meta l4proto . th dport { 10.0.0.1 . 10.0.0.2 . tcp . 80, 10.0.0.1 . 10.0.0.2 . udp . 1-5 } drop",
    ),
    (
        "inet t base",
        "ip daddr . meta l4proto . th dport vmap @services",
    ),
    ("inet t base", "ether saddr 00:11:22:33:44:55 drop"),
    (
        "inet t base",
        "meta nfproto ipv4 meta l4proto { tcp, udp } accept",
    ),
    ("inet t base", "jump y/z.w"),
    ("inet t base", "meta nftrace set 1"),
    ("inet t x", "counter packets 0 bytes 0 return"),
    ("inet t nat", "dnat ip to 10.0.0.1-10.0.0.5"),
    (
        "inet t nat",
        "dnat ip to ip saddr map { 1.1.1.1 : 2.2.2.2, 3.3.3.0/24 : 4.4.4.4 }",
    ),
    (
        "inet t nat",
        "dnat ip to ip saddr . tcp dport map { 1.1.1.1 . 80 : 10.0.0.1 . 8080 }",
    ),
    (
        "inet t nat",
        "meta l4proto tcp dnat ip to numgen random mod 2 map { 0 : 10.0.0.1 . 8080, 1 : 10.0.0.2 . 8080 }",
    ),
    ("inet t nat", "meta l4proto tcp dnat ip to 10.0.0.1:80"),
    (
        "inet t nat",
        "meta l4proto udp dnat ip6 to [fe80::1]:80-90 random,persistent",
    ),
    ("inet t nat", "tcp dport 80 redirect to :8080"),
    (
        "inet t nat",
        "tcp dport 81 redirect to :8080-8090 fully-random",
    ),
    (
        "inet t nat",
        "tcp dport 82 redirect to :tcp dport map { 82 : 83 }",
    ),
    (
        "inet t nat",
        "dnat ip prefix to ip daddr map { 192.168.1.0/24 : 10.0.0.0/24 }",
    ),
    ("inet t post", "masquerade"),
    (
        "inet t post",
        "meta l4proto tcp masquerade to :1024-65535 random",
    ),
    ("inet t post", "masquerade fully-random,persistent"),
    (
        "inet t post",
        "meta l4proto tcp snat ip to 1.2.3.4-1.2.3.9:100-200 fully-random",
    ),
    (
        "ip dormant a",
        "ip saddr set 1.1.1.1 tcp dport set 80 meta mark set 0x00000001",
    ),
];

struct Namespace(String);

impl Namespace {
    fn new() -> Self {
        let name = format!("kubenet-test-forms-{}", std::process::id());
        let made = Command::new("ip").args(["netns", "add", &name]).status();
        assert!(made.unwrap().success());
        Self(name)
    }

    fn nft(&self, arguments: &[&str], input: &str) -> Result<String, String> {
        let mut child = Command::new("ip")
            .args(["netns", "exec", &self.0, "nft"])
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(input.as_bytes())
            .unwrap();
        let output = child.wait_with_output().unwrap();
        match output.status.success() {
            true => Ok(String::from_utf8(output.stdout).unwrap()),
            false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
        }
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        let _ = Command::new("ip").args(["netns", "del", &self.0]).status();
    }
}

fn read(file: &str, text: &str) -> Ruleset {
    let cluster = load_host(&[(file, text)]);
    let wrong: Vec<String> = gaps(&cluster);
    assert_eq!(wrong, Vec::<String>::new(), "{file}");
    host(&cluster).nftables.clone().unwrap()
}

#[test]
fn both_forms_are_read_alike_and_shown_as_nft_prints_them() {
    if !nix::unistd::geteuid().is_root() {
        println!("skipped: only root may load rules");
        return;
    }
    let namespace = Namespace::new();
    namespace.nft(&["-f", "-"], TABLES).unwrap();
    for (chain, rule) in RULES {
        let added = namespace.nft(&["-f", "-"], &format!("add rule {chain} {rule}\n"));
        added.unwrap_or_else(|said| panic!("{rule}: {said}"));
    }
    let json = read(
        "nft.json",
        &namespace.nft(&["-j", "list", "ruleset"], "").unwrap(),
    );
    let listed = namespace.nft(&["-a", "list", "ruleset"], "").unwrap();
    let text = read("nft.txt", &listed);
    for (one, other) in json.tables.iter().zip(&text.tables) {
        assert_eq!((one.family, &one.name), (other.family, &other.name));
        assert_eq!(one.is_dormant(), other.is_dormant());
        for (a, b) in one.chains.iter().zip(&other.chains) {
            assert_eq!((&a.name, &a.base, a.handle), (&b.name, &b.base, b.handle));
            let lines = |rules: &[Rule]| rules.iter().map(Rule::to_string).collect::<Vec<_>>();
            for (a, b) in lines(&a.rules).iter().zip(lines(&b.rules)) {
                assert_eq!(*a, b);
            }
            assert_eq!(a.rules.len(), b.rules.len());
            for (a, b) in a.rules.iter().zip(&b.rules) {
                assert_eq!(a.statements, b.statements, "{a}");
            }
        }
        for (a, b) in one.sets.iter().zip(&other.sets) {
            assert_eq!((&a.name, &a.key, &a.data), (&b.name, &b.key, &b.data));
            assert_eq!(a.elements, b.elements, "{}", a.name);
        }
        let objects = |table: &kubenet::model::nftables::Table| table.objects.len();
        assert_eq!(objects(one), objects(other));
    }
    assert_eq!(json.tables.len(), text.tables.len());
    // Rules as they are shown, against the lines that nft prints.
    let shown = json
        .tables
        .iter()
        .flat_map(|table| &table.chains)
        .flat_map(|chain| &chain.rules);
    let mut compared = 0;
    for rule in shown {
        let handle = rule.handle.unwrap();
        let line = listed.lines().map(str::trim).filter_map(|line| {
            let (text, number) = line.rsplit_once(" # handle ")?;
            (number == handle.to_string() && !text.ends_with('{')).then_some(text)
        });
        let lines: Vec<&str> = line.collect();
        assert!(
            lines.contains(&rule.to_string().as_str()),
            "shown {rule}, printed {lines:?}"
        );
        compared += 1;
    }
    assert_eq!(compared, RULES.len());
}
