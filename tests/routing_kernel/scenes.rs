//! What is set up between a client, a router and a server before packets are sent, one scene for each check on their way.
//!
//! `client` and `router` have two links, `server` one:
//! client c0 10.1.0.2 - r0 10.1.0.1 router r1 10.2.0.1 - s0 10.2.0.2 server,
//! client c1 10.3.0.2 - r2 10.3.0.1 router. IPv6 likewise in fd01, fd02, fd03. The router forwards.
//!
//! Lines begin with who does it: `ip` words, `set KEY=VALUE` for a setting, `sh COMMAND`. `ask ADDRESS` asks port 5000
//! over TCP and UDP; not more than two where a router refuses, as it answers a sender five times at once at most; `from`, `mark`, `port`, and `size` (UDP only) say more.

/// Every scene begins with this.
pub const BASE: &str = "
client: addr add 10.1.0.2/24 dev c0
client: addr add fd01::2/64 dev c0
client: addr add 10.3.0.2/24 dev c1
client: addr add fd03::2/64 dev c1
client: route add default via 10.1.0.1
client: route add default via fd01::1
router: set net.ipv4.ip_forward=1
router: set net.ipv6.conf.all.forwarding=1
router: set net.ipv4.icmp_ratelimit=0
router: set net.ipv6.icmp.ratelimit=0
router: addr add 10.1.0.1/24 dev r0
router: addr add fd01::1/64 dev r0
router: addr add 10.2.0.1/24 dev r1
router: addr add fd02::1/64 dev r1
router: addr add 10.3.0.1/24 dev r2
router: addr add fd03::1/64 dev r2
server: addr add 10.2.0.2/24 dev s0
server: addr add fd02::2/64 dev s0
server: route add default via 10.2.0.1
server: route add default via fd02::1
";

/// Name and lines.
pub const SCENES: &[(&str, &str)] = &[
    (
        "nothing special",
        "
ask 10.2.0.2
ask fd02::2
ask 10.2.0.1
ask fd02::1
ask 10.1.0.1
ask 10.2.0.2 from 10.3.0.2
ask fd02::2 from fd03::2
ask 10.2.0.2 port 5001
ask fd02::2 port 5001",
    ),
    (
        "to oneself",
        "
ask 127.0.0.1
ask 127.0.0.5
ask ::1
ask 10.1.0.2
ask 10.3.0.2
ask fd03::2
ask 0.0.0.0
ask 0.0.0.0 from 10.3.0.2
ask ::
ask 10.1.0.2 from 127.0.0.1
ask 127.0.0.1 from 10.1.0.2
ask 10.1.0.2 from 10.3.0.2",
    ),
    (
        "to everybody",
        "
ask 10.1.0.255
ask 10.1.0.0
ask 255.255.255.255",
    ),
    (
        "the router does not forward",
        "
router: set net.ipv4.ip_forward=0
router: set net.ipv6.conf.all.forwarding=0
ask 10.2.0.2
ask fd02::2
ask 10.2.0.1
ask fd02::1
ask 10.9.0.9
ask fd09::9",
    ),
    (
        "forwards not what comes in",
        "
router: set net.ipv4.conf.r0.forwarding=0
ask 10.2.0.2
ask 10.9.0.9",
    ),
    (
        "forwards not the answers",
        "
router: set net.ipv4.conf.r1.forwarding=0
ask 10.2.0.2",
    ),
    (
        "forwards IPv6 by one device",
        "
router: set net.ipv6.conf.all.forwarding=0
router: set net.ipv6.conf.r0.force_forwarding=1
router: set net.ipv6.conf.r1.force_forwarding=1
ask fd02::2",
    ),
    (
        "forwards IPv6 one way",
        "
router: set net.ipv6.conf.all.forwarding=0
router: set net.ipv6.conf.r0.force_forwarding=1
ask fd02::2",
    ),
    (
        "no route on the router",
        "
ask 10.9.0.9
ask fd09::9",
    ),
    (
        "no route on the client",
        "
client: route del default
client: -6 route del default
ask 10.2.0.2
ask fd02::2
ask 10.9.0.9",
    ),
    (
        "routes that refuse, on the router: 10.9.1.1 and 10.9.2.1",
        "
router: route add blackhole 10.9.1.0/24
router: route add unreachable 10.9.2.0/24
router: route add prohibit 10.9.3.0/24
router: route add throw 10.9.4.0/24
router: route add blackhole fd09:1::/32
router: route add unreachable fd09:2::/32
router: route add prohibit fd09:3::/32
router: route add throw fd09:4::/32
ask 10.9.1.1
ask 10.9.2.1",
    ),
    (
        "routes that refuse, on the router: 10.9.3.1 and 10.9.4.1",
        "
router: route add blackhole 10.9.1.0/24
router: route add unreachable 10.9.2.0/24
router: route add prohibit 10.9.3.0/24
router: route add throw 10.9.4.0/24
router: route add blackhole fd09:1::/32
router: route add unreachable fd09:2::/32
router: route add prohibit fd09:3::/32
router: route add throw fd09:4::/32
ask 10.9.3.1
ask 10.9.4.1",
    ),
    (
        "routes that refuse, on the router: fd09:1::1 and fd09:2::1",
        "
router: route add blackhole 10.9.1.0/24
router: route add unreachable 10.9.2.0/24
router: route add prohibit 10.9.3.0/24
router: route add throw 10.9.4.0/24
router: route add blackhole fd09:1::/32
router: route add unreachable fd09:2::/32
router: route add prohibit fd09:3::/32
router: route add throw fd09:4::/32
ask fd09:1::1
ask fd09:2::1",
    ),
    (
        "routes that refuse, on the router: fd09:3::1 and fd09:4::1",
        "
router: route add blackhole 10.9.1.0/24
router: route add unreachable 10.9.2.0/24
router: route add prohibit 10.9.3.0/24
router: route add throw 10.9.4.0/24
router: route add blackhole fd09:1::/32
router: route add unreachable fd09:2::/32
router: route add prohibit fd09:3::/32
router: route add throw fd09:4::/32
ask fd09:3::1
ask fd09:4::1",
    ),
    (
        "routes that refuse, on a host that does not forward",
        "
router: set net.ipv4.ip_forward=0
router: set net.ipv6.conf.all.forwarding=0
router: route add unreachable 10.9.2.0/24
router: route add prohibit 10.9.3.0/24
router: route add unreachable fd09:2::/32
router: route add prohibit fd09:3::/32
ask 10.9.2.1
ask 10.9.3.1
ask fd09:2::1
ask fd09:3::1",
    ),
    (
        "routes that refuse, on the client",
        "
client: route add blackhole 10.9.1.0/24
client: route add unreachable 10.9.2.0/24
client: route add prohibit 10.9.3.0/24
client: route add throw 10.9.4.0/24
client: route add blackhole fd09:1::/32
client: route add unreachable fd09:2::/32
client: route add prohibit fd09:3::/32
client: route add throw fd09:4::/32
ask 10.9.1.1
ask 10.9.2.1
ask 10.9.3.1
ask 10.9.4.1
ask fd09:1::1
ask fd09:2::1
ask fd09:3::1
ask fd09:4::1",
    ),
    (
        "rules that refuse, on the router: 10.9.1.1 and 10.9.2.1",
        "
router: rule add to 10.9.1.0/24 blackhole
router: rule add to 10.9.2.0/24 unreachable
router: rule add to 10.9.3.0/24 prohibit
router: -6 rule add to fd09:1::/32 blackhole
router: -6 rule add to fd09:2::/32 unreachable
router: -6 rule add to fd09:3::/32 prohibit
ask 10.9.1.1
ask 10.9.2.1",
    ),
    (
        "rules that refuse, on the router: 10.9.3.1 and fd09:1::1",
        "
router: rule add to 10.9.1.0/24 blackhole
router: rule add to 10.9.2.0/24 unreachable
router: rule add to 10.9.3.0/24 prohibit
router: -6 rule add to fd09:1::/32 blackhole
router: -6 rule add to fd09:2::/32 unreachable
router: -6 rule add to fd09:3::/32 prohibit
ask 10.9.3.1
ask fd09:1::1",
    ),
    (
        "rules that refuse, on the router: fd09:2::1 and fd09:3::1",
        "
router: rule add to 10.9.1.0/24 blackhole
router: rule add to 10.9.2.0/24 unreachable
router: rule add to 10.9.3.0/24 prohibit
router: -6 rule add to fd09:1::/32 blackhole
router: -6 rule add to fd09:2::/32 unreachable
router: -6 rule add to fd09:3::/32 prohibit
ask fd09:2::1
ask fd09:3::1",
    ),
    (
        "rules that refuse, on the client",
        "
client: rule add to 10.9.1.0/24 blackhole
client: rule add to 10.9.2.0/24 unreachable
client: rule add to 10.9.3.0/24 prohibit
client: rule add ipproto tcp dport 5000 to 10.2.0.2 prohibit
client: -6 rule add to fd09:1::/32 blackhole
client: -6 rule add to fd09:2::/32 unreachable
client: -6 rule add to fd09:3::/32 prohibit
client: -6 rule add ipproto udp dport 5000 to fd02::2 blackhole
ask 10.9.1.1
ask 10.9.2.1
ask 10.9.3.1
ask 10.2.0.2
ask fd09:1::1
ask fd09:2::1
ask fd09:3::1
ask fd02::2",
    ),
    (
        "the router cannot answer",
        "
client: addr add 10.77.0.1/32 dev lo
client: addr add fd77::1/128 dev lo
ask 10.9.0.9 from 10.77.0.1
ask fd09::9 from fd77::1
ask 10.2.0.2 from 10.77.0.1",
    ),
    (
        "rp_filter off",
        "
ask 10.2.0.2 from 10.3.0.2",
    ),
    (
        "rp_filter strict on all",
        "
router: set net.ipv4.conf.all.rp_filter=1
ask 10.2.0.2 from 10.3.0.2",
    ),
    (
        "rp_filter strict on all, the right way",
        "
router: set net.ipv4.conf.all.rp_filter=1
ask 10.2.0.2",
    ),
    (
        "rp_filter strict on all, neighbours known",
        "
router: set net.ipv4.conf.all.rp_filter=1
client: neigh add 10.1.0.1 lladdr {r0} dev c0 nud permanent
ask 10.2.0.2 from 10.3.0.2
ask 10.1.0.1 from 10.3.0.2",
    ),
    (
        "rp_filter strict on the device",
        "
router: set net.ipv4.conf.r0.rp_filter=1
client: neigh add 10.1.0.1 lladdr {r0} dev c0 nud permanent
ask 10.2.0.2 from 10.3.0.2",
    ),
    (
        "rp_filter strict on another device",
        "
router: set net.ipv4.conf.r2.rp_filter=1
ask 10.2.0.2 from 10.3.0.2",
    ),
    (
        "rp_filter loose on the device, strict on all",
        "
router: set net.ipv4.conf.all.rp_filter=1
router: set net.ipv4.conf.r0.rp_filter=2
ask 10.2.0.2 from 10.3.0.2",
    ),
    (
        "rp_filter loose on all, strict on the device",
        "
router: set net.ipv4.conf.all.rp_filter=2
router: set net.ipv4.conf.r0.rp_filter=1
ask 10.2.0.2 from 10.3.0.2",
    ),
    (
        "rp_filter loose, source unknown",
        "
router: set net.ipv4.conf.all.rp_filter=2
client: addr add 10.77.0.1/32 dev lo
client: neigh add 10.1.0.1 lladdr {r0} dev c0 nud permanent
ask 10.2.0.2 from 10.77.0.1",
    ),
    (
        "rp_filter loose, source refused",
        "
router: set net.ipv4.conf.all.rp_filter=2
router: route add unreachable 10.77.0.0/24
client: addr add 10.77.0.1/32 dev lo
client: neigh add 10.1.0.1 lladdr {r0} dev c0 nud permanent
ask 10.2.0.2 from 10.77.0.1",
    ),
    (
        "rp_filter loose, device without address",
        "
router: set net.ipv4.conf.all.rp_filter=2
router: addr flush dev r0 to 10.1.0.1
router: addr add 10.1.0.1/32 dev lo
router: route add 10.1.0.0/24 dev r0
router: route add 10.77.0.0/24 via 10.3.0.2
client: addr add 10.77.0.1/32 dev lo
client: neigh add 10.1.0.1 lladdr {r0} dev c0 nud permanent
ask 10.2.0.2 from 10.77.0.1
ask 10.2.0.2",
    ),
    (
        "rp_filter strict, the way back by a rule",
        "
router: set net.ipv4.conf.all.rp_filter=1
router: rule add iif r1 to 10.3.0.2 lookup 100
router: route add default via 10.1.0.2 dev r0 table 100
client: neigh add 10.1.0.1 lladdr {r0} dev c0 nud permanent
ask 10.2.0.2 from 10.3.0.2
ask 10.1.0.1 from 10.3.0.2",
    ),
    (
        "a source that is the router's own",
        "
client: addr add 10.77.0.1/32 dev lo
client: neigh add 10.1.0.1 lladdr {r0} dev c0 nud permanent
router: addr add 10.77.0.1/32 dev lo
ask 10.2.0.2 from 10.77.0.1
ask 10.1.0.1 from 10.77.0.1",
    ),
    (
        "a source that is the router's own, accepted",
        "
client: addr add 10.77.0.1/32 dev lo
client: neigh add 10.1.0.1 lladdr {r0} dev c0 nud permanent
router: addr add 10.77.0.1/32 dev lo
router: set net.ipv4.conf.r0.accept_local=1
ask 10.2.0.2 from 10.77.0.1
ask 10.1.0.1 from 10.77.0.1",
    ),
    (
        "a source that is the router's own, accepted but for rp_filter",
        "
client: addr add 10.77.0.1/32 dev lo
client: neigh add 10.1.0.1 lladdr {r0} dev c0 nud permanent
router: addr add 10.77.0.1/32 dev lo
router: set net.ipv4.conf.r0.accept_local=1 net.ipv4.conf.r0.rp_filter=1
ask 10.2.0.2 from 10.77.0.1",
    ),
    (
        "a source that the router has on a device that is down",
        "
client: addr add 10.77.0.1/32 dev lo
client: neigh add 10.1.0.1 lladdr {r0} dev c0 nud permanent
router: addr add 10.77.0.1/24 dev d0
ask 10.2.0.2 from 10.77.0.1",
    ),
    (
        "marks do not count for rp_filter",
        "
router: set net.ipv4.conf.all.rp_filter=1
router: sh iptables -t mangle -A PREROUTING -i r0 -j MARK --set-mark 1
router: rule add fwmark 1 to 10.3.0.2 lookup 100
router: route add default via 10.1.0.2 table 100
client: neigh add 10.1.0.1 lladdr {r0} dev c0 nud permanent
ask 10.2.0.2 from 10.3.0.2",
    ),
    (
        "marks count for rp_filter",
        "
router: set net.ipv4.conf.all.rp_filter=1 net.ipv4.conf.r0.src_valid_mark=1
router: sh iptables -t mangle -A PREROUTING -i r0 -j MARK --set-mark 1
router: rule add fwmark 1 to 10.3.0.2 lookup 100
router: route add default via 10.1.0.2 table 100
client: neigh add 10.1.0.1 lladdr {r0} dev c0 nud permanent
ask 10.2.0.2 from 10.3.0.2",
    ),
    (
        "localhost from outside",
        "
router: sh iptables -t nat -A PREROUTING -d 10.1.0.1 -j DNAT --to-destination 127.0.0.1
ask 10.1.0.1",
    ),
    (
        "localhost from outside, allowed",
        "
router: sh iptables -t nat -A PREROUTING -d 10.1.0.1 -j DNAT --to-destination 127.0.0.1
router: set net.ipv4.conf.r0.route_localnet=1
ask 10.1.0.1",
    ),
    (
        "from localhost to outside",
        "
ask 10.2.0.2 from 127.0.0.1
ask fd02::2 from ::1",
    ),
    (
        "from localhost to outside, allowed here",
        "
client: set net.ipv4.conf.c0.route_localnet=1
client: neigh add 10.1.0.1 lladdr {r0} dev c0 nud permanent
ask 10.2.0.2 from 127.0.0.1",
    ),
    (
        "localhost translated, and refused",
        "
client: sh iptables -t nat -A OUTPUT -d 127.0.0.1 -p tcp -j DNAT --to-destination 10.2.0.2
client: sh iptables -t nat -A OUTPUT -d 127.0.0.1 -p udp -j DNAT --to-destination 10.2.0.2
client: sh iptables -t nat -A POSTROUTING -o c0 -j MASQUERADE
ask 127.0.0.1",
    ),
    (
        "localhost translated, and let go",
        "
client: sh iptables -t nat -A OUTPUT -d 127.0.0.1 -p tcp -j DNAT --to-destination 10.2.0.2
client: sh iptables -t nat -A OUTPUT -d 127.0.0.1 -p udp -j DNAT --to-destination 10.2.0.2
client: sh iptables -t nat -A POSTROUTING -o c0 -j MASQUERADE
client: set net.ipv4.conf.c0.route_localnet=1
ask 127.0.0.1",
    ),
    (
        "round and round",
        "
client: set net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
router: route add 10.9.0.0/16 via 10.1.0.2
router: route add fd09::/32 via fd01::2
ask 10.9.0.9
ask fd09::9",
    ),
    (
        "a TTL of one",
        "
client: sh iptables -t mangle -A POSTROUTING -j TTL --ttl-set 1
client: sh ip6tables -t mangle -A POSTROUTING -j HL --hl-set 1
ask 10.2.0.2
ask fd02::2
ask 10.1.0.1",
    ),
    (
        "a TTL of two",
        "
client: sh iptables -t mangle -A POSTROUTING -j TTL --ttl-set 2
ask 10.2.0.2",
    ),
    (
        "too big for the router's device",
        "
router: link set r1 mtu 1300
server: link set s0 mtu 1300
ask 10.2.0.2 size 1400
ask fd02::2 size 1400
ask 10.2.0.2 size 1300",
    ),
    (
        "too big for the router's route",
        "
router: route change 10.2.0.0/24 dev r1 mtu 1300
router: route add fd02::2/128 dev r1 mtu 1300
ask 10.2.0.2 size 1400
ask fd02::2 size 1400",
    ),
    (
        "too big for the router, which drops it too",
        "
router: link set r1 mtu 1300
server: link set s0 mtu 1300
router: sh iptables -A FORWARD -p udp -j DROP
ask 10.2.0.2 size 1400",
    ),
    (
        "fragments",
        "
client: link set c0 mtu 1300
router: link set r0 mtu 1300
ask 10.2.0.2 size 1400
ask fd02::2 size 1400",
    ),
    (
        "fragments that are too big for the router",
        "
client: link set c0 mtu 1400
router: link set r0 mtu 1400
router: link set r1 mtu 1300
server: link set s0 mtu 1300
ask 10.2.0.2 size 2000
ask fd02::2 size 2000",
    ),
    (
        "nobody there",
        "
ask 10.1.0.99
ask fd01::99",
    ),
    (
        "nobody there behind the router",
        "
ask 10.2.0.99
ask fd02::99",
    ),
    (
        "a router that is not there",
        "
client: route replace default via 10.1.0.99
client: -6 route replace default via fd01::99
ask 10.2.0.2
ask fd02::2",
    ),
    (
        "neighbours that failed but are there",
        "
client: neigh add 10.1.0.1 lladdr 02:00:00:00:00:01 dev c0 nud reachable
client: neigh change 10.1.0.1 dev c0 nud failed
router: neigh add 10.2.0.2 lladdr 02:00:00:00:00:01 dev r1 nud reachable
router: neigh change 10.2.0.2 dev r1 nud failed
ask 10.2.0.2",
    ),
    (
        "a neighbour known rightly",
        "
client: neigh add 10.1.0.1 lladdr {r0} dev c0 nud permanent
router: neigh add 10.2.0.2 lladdr {s0} dev r1 nud noarp
ask 10.2.0.2",
    ),
    (
        "a neighbour known wrongly",
        "
client: neigh add 10.1.0.1 lladdr 02:00:00:00:00:01 dev c0 nud permanent
client: neigh add fd01::1 lladdr 02:00:00:00:00:01 dev c0 nud permanent
ask 10.2.0.2
ask fd02::2",
    ),
    (
        "a neighbour that has not the address",
        "
router: neigh add 10.2.0.50 lladdr {s0} dev r1 nud permanent
router: neigh add fd02::50 lladdr {s0} dev r1 nud permanent
ask 10.2.0.50
ask fd02::50",
    ),
    (
        "a device that does not ask",
        "
client: link set c0 arp off
ask 10.2.0.2
ask fd02::2",
    ),
    (
        "a device that does not ask but was told",
        "
client: link set c0 arp off
client: neigh add 10.1.0.1 lladdr {r0} dev c0 nud permanent
ask 10.2.0.2",
    ),
    (
        "an address of another device asked on the link",
        "
client: route add 10.2.0.1/32 dev c0
client: route add fd02::1/128 dev c0
ask 10.2.0.1
ask fd02::1",
    ),
    (
        "arp_ignore 1",
        "
client: route add 10.2.0.1/32 dev c0
router: set net.ipv4.conf.all.arp_ignore=1
ask 10.2.0.1
ask 10.1.0.1",
    ),
    (
        "arp_ignore 2",
        "
client: addr add 10.88.0.1/32 dev lo
client: neigh add 10.1.0.1 lladdr {r0} dev c0 nud permanent
router: route add 10.88.0.1 via 10.1.0.2
router: addr add 10.5.0.1/24 dev r0
client: route add 10.5.0.1/32 dev c0
router: set net.ipv4.conf.r0.arp_ignore=2
ask 10.5.0.1
ask 10.1.0.1
ask 10.2.0.2",
    ),
    (
        "arp_ignore 3",
        "
router: addr add 10.5.0.1/24 dev r0 scope link
router: addr add 10.6.0.1/24 dev lo scope host
client: route add 10.5.0.1/32 dev c0
client: route add 10.6.0.1/32 dev c0
client: route add 10.2.0.1/32 dev c0
router: set net.ipv4.conf.r0.arp_ignore=3
ask 10.5.0.1
ask 10.6.0.1
ask 10.2.0.1",
    ),
    (
        "arp_ignore 8",
        "
router: set net.ipv4.conf.r0.arp_ignore=8
ask 10.2.0.2",
    ),
    (
        "asked in another name",
        "
client: set net.ipv4.conf.c0.arp_announce=2
router: set net.ipv4.conf.all.rp_filter=1
ask 10.2.0.2 from 10.3.0.2",
    ),
    (
        "no proxy",
        "
client: route add 10.2.0.0/24 dev c0
ask 10.2.0.2",
    ),
    (
        "a proxy",
        "
client: route add 10.2.0.0/24 dev c0
router: set net.ipv4.conf.r0.proxy_arp=1
ask 10.2.0.2
ask 10.9.0.9",
    ),
    (
        "a gateway that everybody has",
        "
client: addr flush dev c0 to 10.1.0.2
client: addr add 10.1.0.2/32 dev c0
client: route add 169.254.1.1 dev c0 scope link
client: route add default via 169.254.1.1 dev c0
router: set net.ipv4.conf.r0.proxy_arp=1
router: route add default via 10.2.0.2
ask 10.2.0.2",
    ),
    (
        "the client's device is down",
        "
client: link set c0 down
ask 10.2.0.2
ask fd02::2
ask 10.3.0.1",
    ),
    (
        "the router's device is down",
        "
router: link set r1 down
ask 10.2.0.2
ask fd02::2
ask 10.2.0.1",
    ),
    (
        "the server's device is down",
        "
server: link set s0 down
ask 10.2.0.2
ask fd02::2",
    ),
    (
        "the server's device is down, its neighbour known",
        "
router: neigh add 10.2.0.2 lladdr {s0} dev r1 nud permanent
server: link set s0 down
ask 10.2.0.2",
    ),
    (
        "without carrier, and such routes ignored",
        "
router: set net.ipv4.conf.all.ignore_routes_with_linkdown=1
router: set net.ipv6.conf.all.ignore_routes_with_linkdown=1
server: link set s0 down
ask 10.2.0.2
ask fd02::2",
    ),
    (
        "addresses of other devices",
        "
server: addr add 10.4.0.2/32 dev lo
server: addr add fd04::2/128 dev lo
router: route add 10.4.0.0/24 via 10.2.0.2
router: route add fd04::/64 via fd02::2
ask 10.4.0.2
ask fd04::2",
    ),
    (
        "addresses of a device that is down",
        "
server: addr add 10.4.0.2/24 dev d0
server: addr add fd04::2/64 dev d0
router: route add 10.4.0.0/24 via 10.2.0.2
router: route add fd04::/64 via fd02::2
ask 10.4.0.2
ask fd04::2",
    ),
    (
        "sources: primary and secondary",
        "
client: addr add 10.1.0.3/24 dev c0
client: addr add fd01::3/64 dev c0
ask 10.2.0.2
ask fd02::2",
    ),
    (
        "sources: that of the gateway's subnet",
        "
client: addr add 10.5.0.2/24 dev c0
router: addr add 10.5.0.1/24 dev r0
client: route add 10.2.0.2/32 via 10.5.0.1
ask 10.2.0.2
ask 10.5.0.1",
    ),
    (
        "sources: preferred by the route",
        "
client: route add 10.2.0.2/32 via 10.1.0.1 src 10.3.0.2
client: route add fd02::2/128 via fd01::1 src fd03::2
ask 10.2.0.2
ask fd02::2",
    ),
    (
        "sources: of the link only",
        "
client: addr flush dev c0 to 10.1.0.2
client: addr add 10.1.0.2/24 dev c0 scope link
client: route add default via 10.1.0.1
ask 10.2.0.2
ask 10.1.0.1",
    ),
    (
        "sources: none on the device",
        "
client: addr flush dev c0 to 10.1.0.2
client: route add 10.1.0.0/24 dev c0
client: route add default via 10.1.0.1
ask 10.2.0.2
ask 10.1.0.1",
    ),
    (
        "sources: none at all",
        "
client: addr flush dev c0 to 10.1.0.2
client: addr flush dev c1 to 10.3.0.2
client: route add 10.1.0.0/24 dev c0
client: route add default via 10.1.0.1
ask 10.1.0.1
ask 10.2.0.2",
    ),
    (
        "sources: IPv6, deprecated",
        "
client: addr change fd01::2/64 dev c0 preferred_lft 0
client: addr add fd01:0:0:1::2/64 dev c0
router: route add fd01:0:0:1::/64 via fd01::2
ask fd02::2
ask fd01::1",
    ),
    (
        "sources: IPv6, the longest common prefix",
        "
client: addr add fd02:0:0:1::2/64 dev c0
client: addr add 2001:db8::2/64 dev c0
router: route add fd02:0:0:1::/64 via fd01::2
router: route add 2001:db8::/64 via fd01::2
server: addr add 2001:db8:1::2/64 dev s0
router: route add 2001:db8:1::/64 dev r1
ask fd02::2
ask 2001:db8:1::2",
    ),
    (
        "masquerading: the first address",
        "
router: addr add 10.2.0.3/24 dev r1
router: sh iptables -t nat -A POSTROUTING -o r1 -j MASQUERADE
router: sh ip6tables -t nat -A POSTROUTING -o r1 -j MASQUERADE
ask 10.2.0.2
ask fd02::2",
    ),
    (
        "masquerading: that of the next hop's subnet",
        "
router: addr add 10.5.0.1/24 dev r1
server: addr add 10.5.0.2/24 dev s0
router: route add 10.6.0.0/24 via 10.5.0.2
server: addr add 10.6.0.2/32 dev lo
router: sh iptables -t nat -A POSTROUTING -o r1 -j MASQUERADE
ask 10.6.0.2
ask 10.5.0.2
ask 10.2.0.2",
    ),
    (
        "masquerading: not what the route prefers",
        "
router: route change 10.2.0.0/24 dev r1 src 10.1.0.1
router: sh iptables -t nat -A POSTROUTING -o r1 -j MASQUERADE
ask 10.2.0.2",
    ),
    (
        "masquerading: none but of the link",
        "
router: addr flush dev r1 to 10.2.0.1
router: addr add 10.2.0.1/24 dev r1 scope link
router: sh iptables -t nat -A POSTROUTING -o r1 -j MASQUERADE
server: route add 10.1.0.0/24 dev s0
ask 10.2.0.2",
    ),
    (
        "masquerading: none on the device",
        "
router: addr flush dev r1 to 10.2.0.1
router: route add 10.2.0.0/24 dev r1
server: route replace default dev s0
router: sh iptables -t nat -A POSTROUTING -o r1 -j MASQUERADE
ask 10.2.0.2",
    ),
    (
        "a mark of the socket",
        "
client: rule add fwmark 1 lookup 100
client: route add default via 10.3.0.1 table 100
client: rule add fwmark 2 prohibit
client: -6 rule add fwmark 1 lookup 100
client: route add default via fd03::1 table 100
ask 10.2.0.2
ask 10.2.0.2 mark 1
ask 10.2.0.2 mark 2
ask fd02::2 mark 1",
    ),
    (
        "a mark set in mangle OUTPUT",
        "
client: rule add fwmark 1 lookup 100
client: route add default via 10.3.0.1 table 100
client: -6 rule add fwmark 1 lookup 100
client: route add default via fd03::1 table 100
client: sh iptables -t mangle -A OUTPUT -j MARK --set-mark 1
client: sh ip6tables -t mangle -A OUTPUT -j MARK --set-mark 1
router: set net.ipv4.conf.r0.forwarding=0
ask 10.2.0.2
ask fd02::2",
    ),
    (
        "a mark set in mangle OUTPUT, and refused",
        "
client: rule add fwmark 1 lookup 100
client: route add blackhole default table 100
client: sh iptables -t mangle -A OUTPUT -j MARK --set-mark 1
ask 10.2.0.2",
    ),
    (
        "a mark set in mangle OUTPUT, and prohibited",
        "
client: rule add fwmark 1 prohibit
client: -6 rule add fwmark 1 prohibit
client: sh iptables -t mangle -A OUTPUT -j MARK --set-mark 1
client: sh ip6tables -t mangle -A OUTPUT -j MARK --set-mark 1
ask 10.2.0.2
ask fd02::2",
    ),
    (
        "a mark set in mangle OUTPUT, and unreachable",
        "
client: rule add fwmark 1 unreachable
client: -6 rule add fwmark 1 unreachable
client: sh iptables -t mangle -A OUTPUT -j MARK --set-mark 1
client: sh ip6tables -t mangle -A OUTPUT -j MARK --set-mark 1
ask 10.2.0.2
ask fd02::2",
    ),
    (
        "routed again for root and by port",
        "
client: rule add fwmark 1 uidrange 1000-2000 prohibit
client: rule add fwmark 1 ipproto tcp dport 5000 unreachable
client: rule add fwmark 1 ipproto udp dport 5000 prohibit
client: sh iptables -t mangle -A OUTPUT -j MARK --set-mark 1
ask 10.2.0.2",
    ),
    (
        "a mark set in nat OUTPUT",
        "
client: rule add fwmark 1 prohibit
client: sh iptables -t nat -A OUTPUT -j MARK --set-mark 1
ask 10.2.0.2",
    ),
    (
        "translated in nat OUTPUT, by another route",
        "
client: route add 10.99.0.1/32 via 10.1.0.1
client: route add 10.2.0.0/24 via 10.3.0.1
client: sh iptables -t nat -A OUTPUT -d 10.99.0.1 -p tcp -j DNAT --to-destination 10.2.0.2
client: sh iptables -t nat -A OUTPUT -d 10.99.0.1 -p udp -j DNAT --to-destination 10.2.0.2
router: set net.ipv4.conf.r0.forwarding=0
ask 10.99.0.1",
    ),
    (
        "translated in nat OUTPUT to nowhere",
        "
client: route add unreachable 10.2.0.0/24
client: sh iptables -t nat -A OUTPUT -d 10.99.0.1 -p tcp -j DNAT --to-destination 10.2.0.2
client: sh iptables -t nat -A OUTPUT -d 10.99.0.1 -p udp -j DNAT --to-destination 10.2.0.2
ask 10.99.0.1",
    ),
    (
        "rules by source",
        "
client: rule add from 10.3.0.2 lookup 100
client: route add default via 10.3.0.1 table 100
client: -6 rule add from fd03::2 lookup 100
client: route add default via fd03::1 table 100
router: set net.ipv4.conf.r0.forwarding=0
ask 10.2.0.2 from 10.3.0.2
ask 10.2.0.2
ask fd02::2 from fd03::2",
    ),
    (
        "rules by source, and no route without",
        "
client: route del default
client: -6 route del default
client: rule add from 10.1.0.2 lookup 100
client: route add default via 10.1.0.1 table 100
client: -6 rule add from fd01::2 lookup 100
client: route add default via fd01::1 table 100
ask 10.2.0.2
ask 10.2.0.2 from 10.1.0.2
ask fd02::2
ask fd02::2 from fd01::2",
    ),
    (
        "two gateways",
        "
client: route replace default nexthop via 10.1.0.1 weight 1 nexthop via 10.3.0.1 weight 3
client: -6 route del default
client: route add default nexthop via fd01::1 nexthop via fd03::1
ask 10.2.0.2
ask fd02::2",
    ),
    (
        "two gateways, one of which is down",
        "
client: link set c1 down
client: route replace default nexthop via 10.1.0.1 weight 1 nexthop via 10.1.0.1 weight 3
ask 10.2.0.2",
    ),
    (
        "rejected on the router",
        "
router: sh iptables -A FORWARD -p tcp --dport 5001 -j REJECT --reject-with tcp-reset
router: sh iptables -A FORWARD -p udp --dport 5001 -j REJECT
router: sh iptables -A FORWARD -p tcp --dport 5002 -j REJECT --reject-with icmp-net-unreachable
router: sh iptables -A FORWARD -p udp --dport 5002 -j REJECT --reject-with icmp-net-unreachable
router: sh iptables -A FORWARD -p tcp --dport 5003 -j REJECT --reject-with icmp-host-unreachable
router: sh iptables -A FORWARD -p udp --dport 5003 -j REJECT --reject-with icmp-host-unreachable
router: sh iptables -A FORWARD -p tcp --dport 5004 -j REJECT --reject-with icmp-proto-unreachable
router: sh iptables -A FORWARD -p udp --dport 5004 -j REJECT --reject-with icmp-proto-unreachable
ask 10.2.0.2 port 5001
ask 10.2.0.2 port 5002
ask 10.2.0.2 port 5003
ask 10.2.0.2 port 5004",
    ),
    (
        "rejected as prohibited on the router",
        "
router: sh iptables -A FORWARD -p tcp --dport 5001 -j REJECT --reject-with icmp-net-prohibited
router: sh iptables -A FORWARD -p udp --dport 5001 -j REJECT --reject-with icmp-net-prohibited
router: sh iptables -A FORWARD -p tcp --dport 5002 -j REJECT --reject-with icmp-host-prohibited
router: sh iptables -A FORWARD -p udp --dport 5002 -j REJECT --reject-with icmp-host-prohibited
router: sh iptables -A FORWARD -p tcp --dport 5003 -j REJECT --reject-with icmp-admin-prohibited
router: sh iptables -A FORWARD -p udp --dport 5003 -j REJECT --reject-with icmp-admin-prohibited
ask 10.2.0.2 port 5001
ask 10.2.0.2 port 5002
ask 10.2.0.2 port 5003",
    ),
    (
        "rejected on the router, IPv6",
        "
router: sh ip6tables -A FORWARD -p tcp --dport 5001 -j REJECT --reject-with icmp6-no-route
router: sh ip6tables -A FORWARD -p udp --dport 5001 -j REJECT --reject-with icmp6-no-route
router: sh ip6tables -A FORWARD -p tcp --dport 5002 -j REJECT --reject-with icmp6-adm-prohibited
router: sh ip6tables -A FORWARD -p udp --dport 5002 -j REJECT --reject-with icmp6-adm-prohibited
router: sh ip6tables -A FORWARD -p tcp --dport 5003 -j REJECT --reject-with icmp6-addr-unreachable
router: sh ip6tables -A FORWARD -p udp --dport 5003 -j REJECT --reject-with icmp6-addr-unreachable
router: sh ip6tables -A FORWARD -p tcp --dport 5004 -j REJECT --reject-with icmp6-port-unreachable
router: sh ip6tables -A FORWARD -p udp --dport 5004 -j REJECT --reject-with icmp6-port-unreachable
ask fd02::2 port 5001
ask fd02::2 port 5002
ask fd02::2 port 5003
ask fd02::2 port 5004",
    ),
    (
        "rejected and dropped at home",
        "
client: sh iptables -A OUTPUT -p tcp --dport 5001 -j REJECT --reject-with icmp-net-unreachable
client: sh iptables -A OUTPUT -p udp --dport 5001 -j REJECT --reject-with icmp-net-unreachable
client: sh iptables -A OUTPUT -p tcp --dport 5002 -j DROP
client: sh iptables -A OUTPUT -p udp --dport 5002 -j DROP
client: sh iptables -A OUTPUT -p tcp --dport 5003 -j REJECT
client: sh iptables -A OUTPUT -p udp --dport 5003 -j REJECT
ask 10.2.0.2 port 5001
ask 10.2.0.2 port 5002
ask 10.2.0.2 port 5003",
    ),
];
