//! What is set up before lookups are asked: by hand, one for each feature of routing, and at random.
//!
//! Every setup starts from four devices: `a0` and `b0` with carrier, `c0` without, `d0` down.

use crate::chance::Chance;
use crate::space::Space;

/// A setup: lines of `ip`, or `set KEY=VALUE` for a kernel setting.
#[derive(Debug, Clone)]
pub struct Setup {
    pub name: String,
    pub lines: Vec<String>,
    /// Some lines may be refused by the kernel: what it took is what counts.
    pub forced: bool,
}

const BASE: &str = "
    addr add 10.0.0.1/24 dev a0
    addr add 10.0.0.11/24 dev a0
    addr add 10.0.1.1/24 dev b0
    addr add 10.0.2.1/24 dev c0
    addr add 10.0.3.1/24 dev d0
    addr add fd00:a::1/64 dev a0 nodad
    addr add fd00:b::1/64 dev b0 nodad
    addr add fd00:c::1/64 dev c0 nodad
    addr add fd00:d::1/64 dev d0 nodad
    addr add fe80::a/64 dev a0 nodad
    addr add fe80::b/64 dev b0 nodad
";

const ROUTER: &str = "
    set net.ipv4.ip_forward=1
    set net.ipv6.conf.all.forwarding=1
";

impl Setup {
    /// Makes it in the first of two new namespaces.
    pub fn build(&self) -> Space {
        let space = Space::new(2);
        space.ip(
            0,
            &["a", "b", "c", "d"]
                .map(|name| {
                    format!("link add {name}0 type veth peer name {name}1 netns {}\nlink set {name}0 addrgenmode none\n", space.name(1))
                })
                .concat(),
        );
        space.ip(0, "link set a0 up\nlink set b0 up\nlink set c0 up");
        space.ip(1, "link set a1 up\nlink set b1 up\nlink set d1 up");
        let mut pending = String::new();
        for line in &self.lines {
            match line.strip_prefix("set ") {
                Some(setting) => {
                    self.run(&space, &mut pending);
                    space.set(0, setting);
                }
                None => {
                    pending.push_str(line);
                    pending.push('\n');
                }
            }
        }
        self.run(&space, &mut pending);
        space.settle();
        space
    }

    fn run(&self, space: &Space, lines: &mut String) {
        let lines = std::mem::take(lines);
        if self.forced {
            space.try_ip(0, &lines);
        } else {
            space.ip(0, &lines);
        }
    }

    fn new(name: &str, lines: &[&str]) -> Self {
        Self {
            name: name.to_owned(),
            lines: lines
                .iter()
                .flat_map(|text| text.lines())
                .map(str::trim)
                .filter(|line| !line.is_empty())
                .map(str::to_owned)
                .collect(),
            forced: false,
        }
    }
}

/// One for each feature.
pub fn by_hand() -> Vec<Setup> {
    let host = |name: &str, text: &str| Setup::new(name, &[BASE, text]);
    let router = |name: &str, text: &str| Setup::new(name, &[BASE, ROUTER, text]);
    vec![
        host("nothing but addresses", ""),
        host(
            "default route",
            "
            route add default via 10.0.0.2
            route add default via fd00:a::2",
        ),
        router(
            "prefixes within prefixes",
            "
            route add default via 10.0.0.2
            route add 10.9.0.0/16 via 10.0.0.3
            route add 10.9.1.0/24 via 10.0.1.3
            route add 10.9.1.128/25 dev a0
            route add 10.9.1.129/32 via 10.0.1.4
            route add default via fd00:a::2
            route add fd09::/32 via fd00:a::3
            route add fd09:0:1::/48 via fd00:b::3
            route add fd09:0:1::1/128 dev a0",
        ),
        router(
            "metrics",
            "
            route add 10.9.0.0/16 via 10.0.0.3 metric 20
            route add 10.9.0.0/16 via 10.0.1.3 metric 10
            route add 10.9.0.0/16 via 10.0.1.4 metric 30
            route add fd09::/32 via fd00:a::3 metric 20
            route add fd09::/32 via fd00:b::3 metric 10
            route append fd09::/32 dev a0 metric 10
            route append fd09::/32 dev b0 metric 10",
        ),
        router(
            "tos",
            "
            route add 10.9.0.0/16 via 10.0.0.3
            route add 10.9.0.0/16 tos 0x10 via 10.0.1.3 metric 50
            route add 10.9.0.0/16 tos 0x08 via 10.0.1.4
            route add 10.9.0.0/16 tos 0x18 via 10.0.0.4
            route add 10.8.0.0/16 tos 0x1c via 10.0.0.4
            route add default via 10.0.0.2",
        ),
        router(
            "types",
            "
            route add default via 10.0.0.2
            route add blackhole 10.9.1.0/24
            route add unreachable 10.9.2.0/24
            route add prohibit 10.9.3.0/24
            route add throw 10.9.4.0/24
            route add broadcast 10.9.5.0/24 dev a0
            route add local 10.9.6.0/24 dev lo
            route add 10.9.1.7/32 via 10.0.1.2
            route add default via fd00:a::2
            route add blackhole fd09:1::/32
            route add unreachable fd09:2::/32
            route add prohibit fd09:3::/32
            route add throw fd09:4::/32
            route add local fd09:6::/32 dev lo
            route add fd09:1::7/128 via fd00:b::2",
        ),
        host(
            "types, on a host",
            "
            route add default via 10.0.0.2
            route add blackhole 10.9.1.0/24
            route add unreachable 10.9.2.0/24
            route add prohibit 10.9.3.0/24
            route add throw 10.9.4.0/24
            route add blackhole fd09:1::/32
            route add unreachable fd09:2::/32
            route add prohibit fd09:3::/32
            route add throw fd09:4::/32",
        ),
        router(
            "blackhole and the default table",
            "
            route add blackhole 10.9.1.0/24
            route add unreachable 10.9.2.0/24
            route add throw 10.9.4.0/24
            route add default via 10.0.0.2 table default
            route add throw fd09:4::/32
            route add default via fd00:a::2 table default",
        ),
        router(
            "local prefix and a longer one in main",
            "
            route add local 10.9.0.0/16 dev lo
            route add 10.9.1.0/24 via 10.0.0.2
            route add local fd09::/32 dev lo
            route add fd09:0:1::/48 via fd00:a::2",
        ),
        router(
            "local prefix, a longer one in main, and a rule",
            "
            route add local 10.9.0.0/16 dev lo
            route add 10.9.1.0/24 via 10.0.0.2
            route add local fd09::/32 dev lo
            route add fd09:0:1::/48 via fd00:a::2
            rule add fwmark 9 lookup 100
            -6 rule add fwmark 9 lookup 100",
        ),
        router(
            "multipath",
            "
            route add 10.9.0.0/16 nexthop via 10.0.0.2 weight 3 nexthop via 10.0.1.2 weight 1
            route add 10.8.0.0/16 nexthop via 10.0.0.2 nexthop via 10.0.0.3 nexthop via 10.0.2.2
            route add 10.7.0.0/16 nexthop dev a0 nexthop dev b0
            route add fd09::/32 nexthop via fd00:a::2 weight 3 nexthop via fd00:b::2
            route add fd08::/32 nexthop via fd00:a::2 nexthop via fd00:a::3 nexthop via fd00:c::2",
        ),
        router(
            "onlink and preferred sources",
            "
            route add 10.9.0.0/16 via 192.0.2.1 dev a0 onlink
            route add 10.8.0.0/16 via 10.0.0.2 src 10.0.1.1
            route add 10.7.0.0/16 dev b0 src 10.0.0.11
            route add 10.6.0.0/16 via inet6 fd00:a::9 dev a0
            route add fd09::/32 via fd99::1 dev a0 onlink
            route add fd08::/32 via fd00:a::2 src fd00:b::1",
        ),
        router(
            "without carrier",
            "
            route add 10.9.0.0/16 via 10.0.2.2
            route add 10.9.0.0/16 via 10.0.0.2 metric 50
            route add fd09::/32 via fd00:c::2
            route add fd09::/32 via fd00:a::2 metric 2000",
        ),
        router(
            "without carrier, and such routes ignored",
            "
            route add 10.9.0.0/16 via 10.0.2.2
            route add 10.9.0.0/16 via 10.0.0.2 metric 50
            route add 10.8.0.0/16 nexthop via 10.0.2.2 nexthop via 10.0.0.2
            route add fd09::/32 via fd00:c::2
            route add fd09::/32 via fd00:a::2 metric 2000
            set net.ipv4.conf.c0.ignore_routes_with_linkdown=1
            set net.ipv6.conf.c0.ignore_routes_with_linkdown=1",
        ),
        router(
            "without carrier, ignored on all",
            "
            route add 10.9.0.0/16 via 10.0.2.2
            route add 10.9.0.0/16 via 10.0.0.2 metric 50
            set net.ipv4.conf.all.ignore_routes_with_linkdown=1
            set net.ipv6.conf.all.ignore_routes_with_linkdown=1",
        ),
        router(
            "a device that went down",
            "
            route add 10.9.0.0/16 via 10.0.1.2
            route add 10.9.0.0/16 via 10.0.0.2 metric 50
            route add 10.8.0.0/16 nexthop via 10.0.1.2 nexthop via 10.0.0.2
            route add fd08::/32 nexthop via fd00:b::2 nexthop via fd00:a::2
            link set b0 down",
        ),
        router(
            "rules by source and destination",
            "
            rule add from 10.0.0.0/24 lookup 100
            rule add to 10.9.0.0/16 lookup 101
            rule add from 10.0.1.0/24 to 10.8.0.0/16 lookup 102
            route add default via 10.0.1.2 table 100
            route add default via 10.0.0.2 table 101
            route add 10.8.0.0/16 via 10.0.0.9 table 102
            route add default via 10.0.0.7
            -6 rule add from fd00:a::/64 lookup 100
            -6 rule add to fd09::/32 lookup 101
            route add default via fd00:b::2 table 100
            route add default via fd00:a::2 table 101
            route add default via fd00:a::7",
        ),
        router(
            "rules by device",
            "
            rule add iif a0 lookup 100
            rule add iif lo lookup 101
            rule add oif b0 lookup 102
            rule add iif b0 prohibit
            route add 10.9.0.0/16 via 10.0.1.2 table 100
            route add 10.9.0.0/16 via 10.0.0.2 table 101
            route add default via 10.0.1.3 table 102
            -6 rule add iif a0 lookup 100
            -6 rule add iif lo lookup 101
            -6 rule add oif b0 lookup 102
            route add fd09::/32 via fd00:b::2 table 100
            route add fd09::/32 via fd00:a::2 table 101
            route add default via fd00:b::3 table 102",
        ),
        router(
            "rules by mark",
            "
            rule add fwmark 0x1/0x3 lookup 100
            rule add fwmark 0x10 lookup 101
            rule add not fwmark 0x20/0x20 lookup 102
            route add 10.9.0.0/16 via 10.0.1.2 table 100
            route add 10.9.0.0/16 via 10.0.0.2 table 101
            route add 10.8.0.0/16 via 10.0.0.3 table 102
            -6 rule add fwmark 0x1/0x3 lookup 100
            -6 rule add not fwmark 0x20/0x20 lookup 102
            route add fd09::/32 via fd00:b::2 table 100
            route add fd08::/32 via fd00:a::2 table 102",
        ),
        router(
            "rules by tos",
            "
            rule add tos 0x10 lookup 100
            rule add tos 0x18 lookup 101
            route add default via 10.0.1.2 table 100
            route add default via 10.0.0.2 table 101
            -6 rule add tos 0x10 lookup 100
            -6 rule add tos 0xb8 lookup 101
            route add default via fd00:b::2 table 100
            route add default via fd00:a::2 table 101",
        ),
        router(
            "rules by protocol and port",
            "
            rule add ipproto tcp lookup 100
            rule add ipproto udp dport 50-60 lookup 101
            rule add sport 1000-2000 lookup 102
            rule add ipproto icmp blackhole
            rule add dport 443 unreachable
            route add 10.9.0.0/16 via 10.0.1.2 table 100
            route add 10.9.0.0/16 via 10.0.0.2 table 101
            route add default via 10.0.0.3 table 102
            -6 rule add ipproto tcp lookup 100
            -6 rule add ipproto udp dport 50-60 lookup 101
            -6 rule add sport 1000-2000 lookup 102
            -6 rule add ipproto ipv6-icmp prohibit
            route add fd09::/32 via fd00:b::2 table 100
            route add fd09::/32 via fd00:a::2 table 101
            route add default via fd00:a::3 table 102",
        ),
        router(
            "rules by user",
            "
            rule add uidrange 0-0 lookup 100
            rule add uidrange 1000-2000 lookup 101
            rule add not uidrange 0-500 prohibit
            route add 10.9.0.0/16 via 10.0.1.2 table 100
            route add 10.9.0.0/16 via 10.0.0.2 table 101
            -6 rule add uidrange 0-0 lookup 100
            -6 rule add uidrange 1000-2000 lookup 101
            route add fd09::/32 via fd00:b::2 table 100
            route add fd09::/32 via fd00:a::2 table 101",
        ),
        router(
            "rules that jump",
            "
            rule add pref 100 fwmark 1 goto 300
            rule add pref 150 fwmark 2 goto 999
            rule add pref 160 fwmark 3 nop
            rule add pref 200 to 10.9.0.0/16 blackhole
            rule add pref 300 to 10.9.0.0/16 lookup 100
            rule add pref 300 to 10.9.0.0/16 unreachable
            rule add pref 400 to 10.8.0.0/16 prohibit
            route add 10.9.1.0/24 via 10.0.0.2 table 100
            -6 rule add pref 100 fwmark 1 goto 300
            -6 rule add pref 150 fwmark 2 goto 999
            -6 rule add pref 200 to fd09::/32 blackhole
            -6 rule add pref 300 to fd09::/32 lookup 100
            -6 rule add pref 300 to fd09::/32 unreachable
            -6 rule add pref 400 to fd08::/32 prohibit
            route add fd09:0:1::/48 via fd00:a::2 table 100",
        ),
        router(
            "suppressed prefixes",
            "
            rule add pref 100 lookup main suppress_prefixlength 0
            rule add pref 200 lookup 100 suppress_prefixlength 16
            rule add pref 300 lookup 101
            route add default via 10.0.0.2
            route add 10.9.0.0/16 via 10.0.0.3 table 100
            route add 10.9.1.0/24 via 10.0.0.4 table 100
            route add blackhole 10.8.0.0/16 table 100
            route add default via 10.0.1.2 table 101
            -6 rule add pref 100 lookup main suppress_prefixlength 0
            -6 rule add pref 200 lookup 100 suppress_prefixlength 32
            -6 rule add pref 300 lookup 101
            route add default via fd00:a::2
            route add fd09::/32 via fd00:a::3 table 100
            route add fd09:0:1::/48 via fd00:a::4 table 100
            route add blackhole fd08::/32 table 100
            route add default via fd00:b::2 table 101",
        ),
        router(
            "rules that were read in another order",
            "
            rule add pref 0 from 10.0.1.1 lookup 100
            rule add pref 32766 lookup 101
            rule add pref 40000 lookup 102
            route add 10.9.0.0/16 via 10.0.0.2 table 100
            route add 10.8.0.0/16 via 10.0.0.3 table 101
            route add default via 10.0.0.4 table 102
            rule del pref 32767",
        ),
        router(
            "local table asked after main",
            "
            rule add pref 50000 lookup local
            rule del pref 0 lookup local
            route add 10.0.0.1/32 via 10.0.1.2
            -6 rule add pref 50000 lookup local
            -6 rule del pref 0 lookup local
            route add fd00:a::1/128 via fd00:b::2",
        ),
        router(
            "rp_filter strict",
            "
            route add default via 10.0.0.2
            route add 10.9.0.0/16 via 10.0.1.2
            set net.ipv4.conf.all.rp_filter=1",
        ),
        router(
            "rp_filter loose on one",
            "
            route add 10.9.0.0/16 via 10.0.1.2
            set net.ipv4.conf.a0.rp_filter=2",
        ),
        router(
            "rp_filter loose on one, strict on all",
            "
            route add 10.9.0.0/16 via 10.0.1.2
            route add blackhole 10.8.0.0/16
            route add default via 10.0.0.2
            addr flush dev b0
            addr add fd00:b::1/64 dev b0 nodad
            route add 10.9.0.0/16 dev b0
            set net.ipv4.conf.all.rp_filter=1
            set net.ipv4.conf.b0.rp_filter=2",
        ),
        router(
            "rp_filter strict with rules by incoming device",
            "
            rule add iif b0 lookup 100
            rule add iif a0 lookup 101
            route add default via 10.0.0.2
            route add 10.9.0.0/16 via 10.0.1.2 table 100
            route add 10.9.0.0/16 via 10.0.0.2 table 101
            route add 10.8.0.0/16 via 10.0.1.2
            set net.ipv4.conf.all.rp_filter=1",
        ),
        router(
            "rp_filter strict with marks",
            "
            rule add fwmark 1 lookup 100
            route add default via 10.0.1.2 table 100
            route add default via 10.0.0.2
            set net.ipv4.conf.all.rp_filter=1
            set net.ipv4.conf.a0.src_valid_mark=1",
        ),
        router(
            "accept_local",
            "
            set net.ipv4.conf.a0.accept_local=1
            set net.ipv4.conf.b0.rp_filter=1
            set net.ipv4.conf.b0.accept_local=1",
        ),
        router(
            "accept_local and rules",
            "
            rule add to 10.9.0.0/16 lookup 100
            route add default via 10.0.0.2 table 100
            set net.ipv4.conf.a0.accept_local=1
            set net.ipv4.conf.all.rp_filter=2",
        ),
        router(
            "route_localnet",
            "
            route add default via 10.0.0.2
            set net.ipv4.conf.a0.route_localnet=1",
        ),
        host(
            "forwarding on one device",
            "
            route add default via 10.0.0.2
            route add unreachable 10.9.2.0/24
            set net.ipv4.conf.b0.forwarding=1",
        ),
        router(
            "no redirects",
            "
            route add 10.9.0.0/16 via 10.0.0.2
            set net.ipv4.conf.all.send_redirects=0
            set net.ipv4.conf.a0.send_redirects=0",
        ),
        host(
            "addresses of many scopes",
            "
            addr add 10.5.0.1/24 dev a0 scope link
            addr add 10.5.1.1/24 dev b0 scope host
            addr add 10.5.2.1 peer 10.5.2.2/32 dev b0
            addr add 10.5.3.1/24 dev lo
            addr flush dev c0
            link set d0 up
            addr flush dev d0
            route add 10.9.0.0/16 via 10.5.0.2
            route add 10.8.0.0/16 dev d0
            route add 10.7.0.0/16 via 10.0.1.9
            route add 10.6.0.0/16 via 10.5.2.2
            route add 10.4.0.0/16 dev d0 scope link
            route add 10.3.0.0/16 dev c0 scope host",
        ),
        host(
            "only addresses of link scope",
            "
            addr flush dev a0
            addr flush dev b0
            addr flush dev c0
            addr add 10.0.0.1/24 dev a0 scope link
            route add 10.9.0.0/16 via 10.0.0.2
            route add 10.8.0.0/16 dev b0",
        ),
        host(
            "no addresses",
            "
            addr flush dev a0
            addr flush dev b0
            addr flush dev c0
            route add 10.9.0.0/16 dev a0
            route add fd09::/32 dev a0",
        ),
        host(
            "IPv6 addresses of many kinds",
            "
            addr add 2001:db8::1/64 dev a0 nodad
            addr add 2001:db8:1::1/64 dev b0 nodad
            addr add 2001:db8:1::2/64 dev b0 nodad preferred_lft 0
            addr add 2002:a00:1::1/64 dev b0 nodad
            addr add fd00:a:0:0:1::1/128 dev a0 nodad
            addr add fd00:9::1/128 dev lo
            route add default via fd00:a::2
            route add 2001:db8:8::/48 dev b0
            route add fd08::/16 dev b0",
        ),
        host(
            "neighbours that failed",
            "
            route add fd09::/32 via fd00:a::9
            route add fd09::/32 via fd00:b::9 metric 2000
            route add fd08:0:1::/48 via fd00:a::9
            route add fd08::/32 via fd00:b::8
            route add fd07::/32 via fd00:a::9
            neigh add fd00:a::9 dev a0 lladdr 02:00:00:00:00:09 nud reachable
            neigh change fd00:a::9 dev a0 nud failed",
        ),
        router(
            "neighbours that failed, on a router",
            "
            route add fd09::/32 via fd00:a::9
            route add fd09::/32 via fd00:b::9 metric 2000
            neigh add fd00:a::9 dev a0 lladdr 02:00:00:00:00:09 nud reachable
            neigh change fd00:a::9 dev a0 nud failed",
        ),
        router(
            "sources of IPv6 routes",
            "
            route add fd09::/32 from fd00:a::/64 via fd00:a::2
            route add fd09::/32 via fd00:b::2
            route add default from fd00:b::/64 via fd00:b::3
            route add fd08::/32 from fd00:b::/64 via fd00:b::4",
        ),
        router(
            "the same prefix by two devices",
            "
            route add fd09::/32 dev a0
            route append fd09::/32 dev b0
            route add fd08::/32 via fd00:a::2
            route append fd08::/32 dev b0",
        ),
        router(
            "next hop objects",
            "
            nexthop add id 1 via 10.0.0.2 dev a0
            nexthop add id 2 via 10.0.1.2 dev b0
            nexthop add id 3 group 1,2
            nexthop add id 4 blackhole
            route add 10.9.0.0/16 nhid 1
            route add 10.8.0.0/16 nhid 3
            route add 10.7.0.0/16 nhid 4
            -6 nexthop add id 11 via fd00:a::2 dev a0
            -6 nexthop add id 14 blackhole
            -6 route add fd09::/32 nhid 11
            -6 route add fd07::/32 nhid 14",
        ),
    ]
}

/// One of many features mixed by chance; what the kernel refuses of it is left out.
pub fn random(seed: u64) -> Setup {
    let chance = &mut Chance::new(seed);
    let mut setup = Setup::new(&format!("seed {seed}"), &[BASE]);
    setup.forced = true;
    if chance.once_in(2) {
        setup = Setup {
            lines: Setup::new("", &[BASE, ROUTER]).lines,
            ..setup
        };
    }
    if chance.once_in(3) {
        setup.lines.push("link set d0 up".to_owned());
    }
    // Before the routes: what a multipath route shares out is reckoned when it is added.
    for _ in 0..chance.below(6) {
        let key = chance.of(&[
            "rp_filter",
            "rp_filter",
            "accept_local",
            "src_valid_mark",
            "route_localnet",
            "ignore_routes_with_linkdown",
            "forwarding",
            "send_redirects",
        ]);
        let device = chance.of(&["all", "a0", "b0", "c0"]);
        let value = if key == "rp_filter" {
            chance.below(3)
        } else {
            chance.below(2)
        };
        setup
            .lines
            .push(format!("set net.ipv4.conf.{device}.{key}={value}"));
    }
    if chance.once_in(4) {
        let device = chance.of(&["all", "a0", "c0"]);
        setup.lines.push(format!(
            "set net.ipv6.conf.{device}.ignore_routes_with_linkdown=1"
        ));
    }
    for _ in 0..chance.below(4) {
        setup.lines.push(address(chance));
    }
    let objects = chance.once_in(2);
    if objects {
        setup
            .lines
            .extend(NEXT_HOPS.lines().map(|line| line.trim().to_owned()));
    }
    let mut unused = Unused::new();
    for _ in 0..5 + chance.below(25) {
        let line = match objects && chance.once_in(4) {
            true => unused.route(chance),
            false => route(chance),
        };
        setup.lines.push(line);
    }
    // Without a rule of one's own the kernel looks routes up in another way.
    if !chance.once_in(4) {
        for _ in 0..1 + chance.below(10) {
            setup.lines.push(rule(chance));
        }
    }
    setup
}

/// Next hops as objects of their own, and groups of them.
const NEXT_HOPS: &str = "nexthop add id 1 via 10.0.0.2 dev a0
    nexthop add id 2 via 10.0.1.2 dev b0
    nexthop add id 3 via 10.0.0.9 dev a0 onlink
    nexthop add id 4 blackhole
    nexthop add id 6 via 10.0.2.2 dev c0
    nexthop add id 7 group 1/2
    nexthop add id 8 group 1,1/2,3
    nexthop add id 9 via fd00:a::9 dev a0
    nexthop add id 21 via fd00:a::2 dev a0
    nexthop add id 22 via fd00:b::2 dev b0
    nexthop add id 23 via fd00:c::2 dev c0
    -6 nexthop add id 24 blackhole
    -6 nexthop add id 25 dev b0
    nexthop add id 31 via fd00:a::2 dev a0
    nexthop add id 32 via fd00:b::2 dev b0
    nexthop add id 33 via fd00:b::3 dev b0
    nexthop add id 34 via fd00:a::3 dev a0
    nexthop add id 41 group 31/32
    nexthop add id 42 group 33,1/34,4";

/// Those of IPv6 that no route uses yet: the kernel keeps what it found with the object, and one that two routes use
/// answers for the one that was met first (net/ipv6/route.c, `rt6_get_pcpu_route`).
struct Unused(Vec<u32>);

impl Unused {
    fn new() -> Self {
        Self(vec![21, 22, 23, 24, 25, 41, 42])
    }

    fn route(&mut self, chance: &mut Chance) -> String {
        let table = chance.of(&["main", "main", "100", "101"]);
        let metric = chance.of(&["", "", "metric 10"]);
        if self.0.is_empty() || chance.once_in(2) {
            let prefix = chance.of(&["10.9.0.0/16", "10.9.1.0/24", "10.8.0.0/16", "default"]);
            // Not one without a gateway: it remembers a source of another scope until the next address is added.
            let id = chance.of(&[1, 2, 4, 6, 7, 8, 9]);
            let tos = chance.of(&["", "", "tos 0x10"]);
            return format!("route add {prefix} {tos} {metric} table {table} nhid {id}");
        }
        let prefix = chance.of(&["fd09::/32", "fd09:0:1::/64", "fd08::/32", "default"]);
        let id = self.0.swap_remove(chance.below(self.0.len()));
        format!("-6 route add {prefix} {metric} table {table} nhid {id}")
    }
}

fn address(chance: &mut Chance) -> String {
    let device = chance.of(&["a0", "b0", "c0", "d0", "lo"]);
    let scope = chance.of(&["", "", "", "scope link", "scope host"]);
    let ip = chance.of(&[
        "10.0.0.21/24",
        "10.5.0.1/24",
        "10.5.0.2/16",
        "10.9.1.1/24",
        "10.5.3.1 peer 10.5.3.2/32",
        "172.16.0.1/12",
        "fd05::1/64 nodad",
        "fd05::2/128 nodad",
        "2001:db8::1/64 nodad",
        "fd09:0:1::1/64 nodad",
        "fd09:0:1::2/64 nodad preferred_lft 0",
    ]);
    if ip.contains(':') {
        format!("addr add {ip} dev {device}")
    } else {
        format!("addr add {ip} dev {device} {scope}")
    }
}

fn table(chance: &mut Chance) -> &'static str {
    chance.of(&[
        "main", "main", "main", "100", "100", "101", "102", "70000", "default", "local",
    ])
}

fn route(chance: &mut Chance) -> String {
    let table = table(chance);
    let verb = chance.of(&["add", "add", "append"]);
    if chance.once_in(2) {
        let prefix = chance.of(&[
            "default",
            "10.9.0.0/16",
            "10.9.1.0/24",
            "10.9.1.128/25",
            "10.9.1.129/32",
            "10.8.0.0/16",
            "10.0.0.0/8",
            "172.16.0.0/12",
            "10.0.0.0/25",
            "10.0.0.5/32",
            "10.0.1.0/24",
            "0.0.0.0/1",
        ]);
        let tos = chance.of(&["", "", "", "", "tos 0x10", "tos 0x08", "tos 0x1c"]);
        let metric = chance.of(&["", "", "metric 10", "metric 20"]);
        let source = chance.of(&["", "", "", "src 10.0.0.11", "src 10.0.1.1"]);
        let to = match chance.below(12) {
            0..3 => {
                let kind = chance.of(&["blackhole", "unreachable", "prohibit", "throw"]);
                return format!("route {verb} {kind} {prefix} {tos} {metric} table {table}");
            }
            3 => return format!("route {verb} local {prefix} dev lo {tos} {metric} table {table}"),
            4 => {
                return format!(
                    "route {verb} broadcast {prefix} dev a0 {tos} {metric} table {table}"
                );
            }
            5 | 6 => format!(
                "nexthop via 10.0.0.{} weight {} nexthop via 10.0.1.{} weight {} nexthop via 10.0.2.9",
                chance.below(9),
                1 + chance.below(4),
                chance.below(9),
                1 + chance.below(4)
            ),
            7 => format!("via 192.0.2.{} dev a0 onlink", chance.below(9)),
            8 => format!("dev {}", chance.of(&["a0", "b0", "c0", "d0"])),
            9 => "via inet6 fd00:a::9 dev a0".to_owned(),
            _ => format!("via 10.0.{}.{}", chance.below(4), 2 + chance.below(7)),
        };
        format!("route {verb} {prefix} {tos} {metric} {source} table {table} {to}")
    } else {
        let prefix = chance.of(&[
            "default",
            "fd09::/32",
            "fd09:0:1::/48",
            "fd09:0:1::/64",
            "fd09:0:1::1/128",
            "fd08::/32",
            "fd00::/8",
            "2001:db8::/32",
            "fd00:a::/65",
            "fd00:a::5/128",
            "fd00:b::/64",
        ]);
        let from = chance.of(&[
            "",
            "",
            "",
            "",
            "",
            "",
            "from fd00:a::/64",
            "from fd00:b::/64",
        ]);
        let metric = chance.of(&["", "", "metric 10", "metric 2000"]);
        let source = chance.of(&["", "", "", "src fd00:a::1", "src fd00:b::1"]);
        let to = match chance.below(10) {
            0..3 => {
                let kind = chance.of(&["blackhole", "unreachable", "prohibit", "throw"]);
                return format!("-6 route {verb} {kind} {prefix} {from} {metric} table {table}");
            }
            3 => return format!("-6 route {verb} local {prefix} dev lo {metric} table {table}"),
            4 => format!(
                "nexthop via fd00:a::{} weight {} nexthop via fd00:b::{} weight {} nexthop via fd00:c::9",
                2 + chance.below(7),
                1 + chance.below(4),
                2 + chance.below(7),
                1 + chance.below(4)
            ),
            5 => format!("via fd99::{} dev a0 onlink", chance.below(9)),
            6 => format!("dev {}", chance.of(&["a0", "b0", "c0", "d0"])),
            _ => format!(
                "via fd00:{}::{}",
                chance.of(&["a", "b", "c", "d"]),
                2 + chance.below(7)
            ),
        };
        format!("-6 route {verb} {prefix} {from} {metric} {source} table {table} {to}")
    }
}

fn rule(chance: &mut Chance) -> String {
    let six = chance.once_in(2);
    let mut words: Vec<String> = vec![if six { "-6 rule add" } else { "rule add" }.to_owned()];
    if chance.once_in(2) {
        words.push(format!(
            "pref {}",
            chance.of(&[50, 100, 100, 200, 300, 400, 40000])
        ));
    }
    if chance.once_in(5) {
        words.push("not".to_owned());
    }
    for _ in 0..1 + chance.below(2) {
        let word = match (chance.below(10), six) {
            (0, false) => format!(
                "from {}",
                chance.of(&["10.0.0.0/24", "10.0.1.1", "10.9.0.0/16", "0.0.0.0/1"])
            ),
            (0, true) => format!(
                "from {}",
                chance.of(&["fd00:a::/64", "fd00:b::1", "fd09::/32"])
            ),
            (1, false) => format!(
                "to {}",
                chance.of(&["10.9.0.0/16", "10.9.1.0/24", "10.0.0.0/8", "10.8.0.0/16"])
            ),
            (1, true) => format!(
                "to {}",
                chance.of(&["fd09::/32", "fd09:0:1::/48", "fd00::/8", "fd08::/32"])
            ),
            (2, _) => format!("iif {}", chance.of(&["a0", "b0", "lo"])),
            (3, _) => format!("oif {}", chance.of(&["a0", "b0"])),
            (4, _) => format!(
                "fwmark {}",
                chance.of(&["1", "0x2/0x2", "0x0/0x1", "0x10/0xf0"])
            ),
            (5, _) => format!("tos {}", chance.of(&["0x10", "0x08", "0x18"])),
            (6, _) => format!("ipproto {}", chance.of(&["tcp", "udp"])),
            (7, _) => format!("dport {}", chance.of(&["53", "80-90", "1-1023"])),
            (8, _) => format!("sport {}", chance.of(&["1000-2000", "53"])),
            _ => format!("uidrange {}", chance.of(&["0-0", "1000-2000", "0-1000"])),
        };
        let key = word.split(' ').next().unwrap_or_default().to_owned();
        if !words
            .iter()
            .any(|known| known.starts_with(&format!("{key} ")))
        {
            words.push(word);
        }
    }
    words.push(match chance.below(12) {
        0 => "blackhole".to_owned(),
        1 => "unreachable".to_owned(),
        2 => "prohibit".to_owned(),
        3 => "nop".to_owned(),
        4 => format!("goto {}", chance.of(&[200, 300, 400, 999])),
        5 | 6 => format!(
            "lookup {} suppress_prefixlength {}",
            table(chance),
            chance.of(&[0, 8, 16, 24, 32])
        ),
        _ => format!("lookup {}", table(chance)),
    });
    words.join(" ")
}
