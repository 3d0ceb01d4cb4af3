//! Every match, held against the kernel.

use kubenet::model::iptables::Backend;
use kubenet::model::{Family, Protocol};

use super::judge::{Bench, client, router, server};
use super::rules::Ruleset;
use super::scene::{Place, Shape, allowed};

/// Rules that only mark who was met: at every hook of mangle, each of `conditions`.
fn probes(conditions: &str) -> String {
    let mut text = String::from("*mangle\n");
    for hook in ["PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"] {
        text.push_str(&format!(":{hook} ACCEPT [0:0]\n"));
    }
    text.push_str(":PROBES - [0:0]\n");
    for hook in ["PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"] {
        text.push_str(&format!("-A {hook} -j PROBES\n"));
    }
    for condition in conditions
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
    {
        text.push_str(&format!(
            "-A PROBES {condition} -j MARK --set-xmark 0x80000000/0x0\n"
        ));
    }
    text.push_str("COMMIT\n");
    text
}

/// Every way through the router, in one family.
fn everywhere(bench: &mut Bench, family: Family) {
    for protocol in [Protocol::Udp, Protocol::Tcp, Protocol::Icmp] {
        for (from, to) in [
            (Place::Client, server(family, 8001)),
            (Place::Client, router(family, 8002)),
            (Place::Router, server(family, 8003)),
            (Place::Router, client(family, 8001)),
            (Place::Router, router(family, 8002)),
            (Place::Server, client(family, 8003)),
        ] {
            let question = bench.question(from, protocol, to);
            bench.check(question);
        }
    }
}

const ADDRESSES: &str = "
    -s 10.1.0.2
    ! -s 10.1.0.2
    -s 10.1.0.0/24
    ! -s 10.0.0.0/8
    -d 10.2.0.2
    ! -d 10.2.0.2
    -d 10.2.0.0/255.255.255.0
    -s 10.1.0.2 ! -d 10.2.0.0/24
    -s 0.0.0.0/0 -d 0/0
    -i rc
    ! -i rc
    -i r+
    ! -i r+
    -o rs
    ! -o rs
    -o r+
    -i lo
    -o lo
    ! -o lo
    -i rc -o rs
    -p udp
    ! -p udp
    -p tcp
    -p icmp
    -p 17
    ! -p 6
    -p 0
    -f
    ! -f
";

/// With answers from a source port that is known, and one that is not in any of these ranges.
const PORTS: &str = "
    -p udp --dport 8001
    -p udp ! --dport 8001
    -p udp --dport 8002:8003
    -p udp ! --dport :8002
    -p udp --sport 8001
    -p udp --sport 10000:32000
    -p udp ! --sport 9000:
    -p udp -m udp
    -p tcp --dport 8001 --sport 1:65535
    -p tcp ! --dport 8002:8003
    -p tcp --sport 8001:8003
    -p tcp --tcp-flags SYN,ACK,FIN,RST SYN
    -p tcp ! --tcp-flags SYN,ACK,FIN,RST SYN
    -p tcp --tcp-flags SYN,ACK SYN,ACK
    -p tcp --tcp-flags ALL SYN
    -p tcp --tcp-flags ALL NONE
    -p tcp --syn
    -p tcp ! --syn
    -p udp -m multiport --dports 8001,8003
    -p udp -m multiport ! --dports 8001,8003
    -p udp -m multiport --sports 8001:8002,9
    -p udp -m multiport --sports 10000:32000
    -p udp -m multiport ! --sports 10000:32000
    -p udp -m multiport --ports 8002
    -p udp -m multiport ! --ports 8001:8002
    -p tcp -m multiport --dports 1,2,3,8001:8002
    -p tcp -m multiport ! --ports 8003
    -p sctp --dport 8001
    -p icmp --icmp-type any
    -p icmp --icmp-type echo-request
    -p icmp ! --icmp-type echo-request
    -p icmp --icmp-type 8/0
    -p icmp --icmp-type 8/1
    -p icmp --icmp-type echo-reply
    -p icmp --icmp-type port-unreachable
";

const PORTS6: &str = "
    -s fd01::2
    ! -s fd01::2
    -d fd02::/64
    ! -d fd02::/64
    -i rc ! -o rs
    -p udp --dport 8001:8002
    -p udp ! --sport 8001:8002
    -p tcp --syn
    -p ipv6-icmp
    ! -p ipv6-icmp
    -p udp -m multiport ! --dports 8001,8003
    -p icmpv6 --icmpv6-type echo-request
    -p icmpv6 ! --icmpv6-type echo-request
    -p icmpv6 --icmpv6-type echo-reply
    -p icmpv6 --icmpv6-type 128/0
    -p icmpv6 --icmpv6-type 1
    -m hl --hl-eq 64
    -m hl --hl-eq 63
    -m hl --hl-lt 64
    -m hl --hl-gt 63
    -m length --length 68
    -m length --length 60:70
    -m length --length 80
    -m iprange --src-range fd01::1-fd01::5
    -m iprange ! --dst-range fd02::1-fd02::5
    -m addrtype --dst-type LOCAL
    -m addrtype ! --dst-type LOCAL
    -m addrtype --src-type LOCAL
    -m addrtype --dst-type UNICAST
    -m addrtype ! --src-type UNICAST
    -m addrtype --dst-type MULTICAST
    -m addrtype --src-type UNSPEC
    -m addrtype --dst-type ANYCAST
    -m addrtype --dst-type UNREACHABLE
    -m addrtype ! --dst-type UNREACHABLE
    -m addrtype --dst-type UNICAST,LOCAL
    -m addrtype --dst-type LOCAL,MULTICAST
    -m tos --tos 0x10/0xff
    -m dscp --dscp 4
    -m conntrack --ctstate NEW
    -m conntrack --ctorigdst fd02::/64
";

const CONNECTIONS: &str = "
    -m conntrack --ctstate NEW
    -m conntrack ! --ctstate NEW
    -m conntrack --ctstate ESTABLISHED,RELATED
    -m conntrack --ctstate INVALID
    -m conntrack ! --ctstate INVALID,NEW
    -m conntrack --ctstate UNTRACKED
    -m conntrack --ctstate DNAT
    -m conntrack ! --ctstate DNAT
    -m conntrack --ctstate SNAT
    -m conntrack --ctstate SNAT,DNAT
    -m state --state NEW,ESTABLISHED
    -m state ! --state RELATED
    -m conntrack --ctdir ORIGINAL
    -m conntrack --ctdir REPLY
    -m conntrack --ctproto udp
    -m conntrack ! --ctproto 17
    -m conntrack --ctorigsrc 10.1.0.2
    -m conntrack ! --ctorigsrc 10.1.0.0/24
    -m conntrack --ctorigdst 10.2.0.2
    -m conntrack ! --ctorigdst 10.2.0.0/24
    -m conntrack --ctreplsrc 10.2.0.3
    -m conntrack ! --ctreplsrc 10.2.0.3
    -m conntrack --ctrepldst 10.1.0.2
    -m conntrack --ctrepldst 10.2.0.1
    -m conntrack --ctorigdstport 8001
    -m conntrack ! --ctorigdstport 8001:8002
    -p udp -m conntrack --ctorigsrcport 10000:32000
    -p tcp -m conntrack --ctorigsrcport 10000:32000
    -m conntrack --ctreplsrcport 8003
    -m conntrack --ctrepldstport 10000:32000
    -m conntrack --ctstatus NONE
    -m conntrack ! --ctstatus NONE
    -m conntrack --ctstatus SEEN_REPLY
    -m conntrack ! --ctstatus SEEN_REPLY
    -m conntrack --ctstatus CONFIRMED
    -m conntrack ! --ctstatus CONFIRMED
    -m conntrack --ctstatus ASSURED
    -m conntrack --ctstatus EXPECTED
    -m conntrack --ctstate NEW --ctorigdst 10.2.0.2 --ctdir ORIGINAL
    -m conntrack --ctstate INVALID --ctorigdst 10.2.0.2
    -m conntrack ! --ctstate NEW --ctdir ORIGINAL
    -m conntrack --ctstate UNTRACKED --ctproto udp
    -m connmark --mark 0x5
    -m connmark ! --mark 0x5
    -m connmark --mark 0x0/0x2
    -m connmark ! --mark 0x1/0x1
    -m mark --mark 0x7/0x7f
    -m mark ! --mark 0x7/0x7f
    -m mark --mark 0x4/0x4
    -m mark --mark 0x0/0x1f
";

const HEADERS: &str = "
    -m iprange --src-range 10.1.0.1-10.1.0.5
    -m iprange ! --src-range 10.1.0.1-10.1.0.5
    -m iprange --dst-range 10.2.0.2-10.2.0.2
    -m iprange --src-range 10.1.0.0-10.1.0.9 ! --dst-range 10.2.0.3-10.2.0.4
    -m length --length 48
    -m length ! --length 48
    -m length --length 40:50
    -m length --length 60:
    -m length --length :47
    -m length --length 0:65535
    -m ttl --ttl-eq 64
    -m ttl ! --ttl-eq 64
    -m ttl --ttl-lt 64
    -m ttl --ttl-gt 63
    -m ttl --ttl-gt 200
    -m tos --tos 0x10
    -m tos ! --tos 0x10
    -m tos --tos 0x00/0x0f
    -m dscp --dscp 4
    -m dscp ! --dscp 4
    -m dscp --dscp-class CS0
    -m pkttype --pkt-type unicast
    -m pkttype ! --pkt-type unicast
    -m pkttype --pkt-type broadcast
    -m pkttype --pkt-type multicast
    -m comment --comment \"a remark\"
    -m physdev --physdev-is-bridged
    -m physdev ! --physdev-is-bridged
    -m physdev --physdev-in rc
    -m physdev ! --physdev-in rc
    -m physdev --physdev-in +
    -m physdev ! --physdev-is-in
";

const ADDRESS_TYPES: &str = "
    -m addrtype --dst-type LOCAL
    -m addrtype ! --dst-type LOCAL
    -m addrtype --src-type LOCAL
    -m addrtype ! --src-type LOCAL
    -m addrtype --dst-type UNICAST
    -m addrtype --src-type UNICAST ! --dst-type UNICAST
    -m addrtype --dst-type BROADCAST,MULTICAST
    -m addrtype --dst-type LOCAL,UNICAST
    -m addrtype --dst-type BLACKHOLE
    -m addrtype --dst-type UNREACHABLE,PROHIBIT,THROW
    -m addrtype --src-type UNSPEC
    -m addrtype --dst-type ANYCAST
";

const LIMITED_IN: &str = "
    -m addrtype --dst-type LOCAL --limit-iface-in
    -m addrtype ! --dst-type LOCAL --limit-iface-in
    -m addrtype --dst-type UNICAST --limit-iface-in
";

/// At the hooks where these may be asked, and nowhere else.
fn at(hooks: &[&str], conditions: &str) -> String {
    let mut text = String::from("*mangle\n");
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

fn hold(title: &str, family: Family, text: &str) {
    if !allowed() {
        return;
    }
    let mut bench = Bench::new(Shape::Routed);
    for backend in [Backend::Nft, Backend::Legacy] {
        bench.load(&[Ruleset::new(backend, family, text)]);
        everywhere(&mut bench, family);
    }
    bench.verdict(title);
}

#[test]
fn addresses_devices_protocols() {
    hold(
        "addresses, devices, protocols",
        Family::V4,
        &probes(ADDRESSES),
    );
}

#[test]
fn ports_flags_types() {
    hold("ports, flags, ICMP types", Family::V4, &probes(PORTS));
}

#[test]
fn six() {
    hold("IPv6", Family::V6, &probes(PORTS6));
}

#[test]
fn headers() {
    hold("headers", Family::V4, &probes(HEADERS));
}

#[test]
fn marks_and_connections() {
    let changes = "
        *raw
        :PREROUTING ACCEPT [0:0]
        :OUTPUT ACCEPT [0:0]
        -A PREROUTING -p udp --dport 8003 -j NOTRACK
        -A OUTPUT -p udp -d 10.2.0.0/24 -j CT --notrack
        COMMIT
        *nat
        :PREROUTING ACCEPT [0:0]
        :POSTROUTING ACCEPT [0:0]
        -A PREROUTING -p udp --dport 8001 -j DNAT --to-destination 10.2.0.3:8003
        -A PREROUTING -p tcp --dport 8001 -j DNAT --to-destination 10.2.0.3
        -A POSTROUTING -p tcp -d 10.2.0.3 -j SNAT --to-source 10.2.0.1
        COMMIT";
    let marks = "-i rc -j MARK --set-mark 0x17\n-p udp -j CONNMARK --set-mark 0x5\n";
    let first = probes("").replace("COMMIT\n", "");
    let marks: String = marks
        .lines()
        .map(|line| format!("-A PROBES {line}\n"))
        .collect();
    let rest = probes(CONNECTIONS);
    let rest = rest.split_once("-A POSTROUTING -j PROBES\n").unwrap().1;
    hold(
        "marks and connections",
        Family::V4,
        &format!("{first}{marks}{rest}{changes}"),
    );
}

#[test]
fn address_types() {
    let text = probes(ADDRESS_TYPES).replace("COMMIT\n", "");
    let security = "
        *security
        :INPUT ACCEPT [0:0]
        -A INPUT -m addrtype --dst-type LOCAL --limit-iface-in -j MARK --set-xmark 0x40000000/0x0
        COMMIT";
    let limited = at(&["PREROUTING"], LIMITED_IN);
    let limited = limited.split_once("\n-A").unwrap().1;
    hold(
        "address types",
        Family::V4,
        &format!("{text}-A{limited}{security}"),
    );
}

/// Where the sender is not the router itself, no user has sent the packet.
#[test]
fn owners() {
    hold(
        "owners",
        Family::V4,
        &at(
            &["OUTPUT", "POSTROUTING"],
            "-m owner --socket-exists
             -m owner ! --socket-exists",
        ),
    );
}

#[test]
fn reverse_paths() {
    hold(
        "reverse paths",
        Family::V4,
        &at(
            &["PREROUTING"],
            "-m rpfilter
             -m rpfilter --invert
             -m rpfilter --loose
             -m rpfilter --accept-local
             -m rpfilter --validmark
             -m rpfilter --loose --invert
             -m mac --mac-source 02:00:00:00:01:02
             -m mac ! --mac-source 02:00:00:00:01:02
             -m mac --mac-source 02:00:00:00:02:02
             -m addrtype --src-type UNICAST --limit-iface-in",
        ),
    );
}

#[test]
fn reverse_paths_six() {
    hold(
        "reverse paths, IPv6",
        Family::V6,
        &at(
            &["PREROUTING"],
            "-m rpfilter
             -m rpfilter --invert
             -m rpfilter --loose
             -m rpfilter --accept-local
             -m addrtype --dst-type LOCAL --limit-iface-in
             -m addrtype --dst-type UNICAST --limit-iface-in
             -m mac --mac-source 02:00:00:00:01:02",
        ),
    );
}
