//! The forms that tools print besides those in the dumps of real clusters. Lines were printed by the tools themselves
//! (iproute2 6.1, ipset 7.17, ipvsadm 1.31, conntrack 1.4.7) or follow their manual pages.

#![allow(clippy::unwrap_used)]

mod bundle_support;

use std::net::IpAddr;

use bundle_support::{gaps, host, load_host};
use ipnet::IpNet;
use kubenet::model::nftables::{Policy, Ruleset};
use kubenet::model::{
    Family, Forwarding, LinkKind, Protocol, RouteScope, RouteType, RuleAction, SetPart,
    SocketState, Table, Takes,
};
use rstest::rstest;
use serde_json::json;

fn net(text: &str) -> SetPart {
    SetPart::Net(text.parse::<IpNet>().unwrap())
}

fn port(protocol: Option<Protocol>, first: u16, last: u16) -> SetPart {
    SetPart::Port {
        protocol,
        first,
        last,
    }
}

#[rstest]
#[case("hash:ip,port", "10.0.0.1,tcp:80", vec![net("10.0.0.1/32"), port(Some(Protocol::Tcp), 80, 80)])]
#[case("hash:ip,port", "10.0.0.3,udplite:0", vec![net("10.0.0.3/32"), port(Some(Protocol::Other(136)), 0, 0)])]
#[case("hash:ip,port", "10.0.0.1,sctp:80-90", vec![net("10.0.0.1/32"), port(Some(Protocol::Sctp), 80, 90)])]
#[case("hash:ip,port", "10.0.0.1,icmp:echo-request", vec![net("10.0.0.1/32"), port(Some(Protocol::Icmp), 0x800, 0x800)])]
#[case("hash:ip,port", "fd00::1,ipv6-icmp:128/0", vec![net("fd00::1/128"), port(Some(Protocol::Icmp), 0x8000, 0x8000)])]
#[case("hash:ip,port,net", "10.0.0.1,udp:53,10.1.0.0/16", vec![net("10.0.0.1/32"), port(Some(Protocol::Udp), 53, 53), net("10.1.0.0/16")])]
#[case("hash:net,iface", "10.0.0.0/8,physdev:eth1", vec![net("10.0.0.0/8"), SetPart::Interface("physdev:eth1".into())])]
#[case("bitmap:port", "80", vec![port(None, 80, 80)])]
#[case("bitmap:ip", "10.0.0.5-10.0.0.6", vec![SetPart::Range("10.0.0.5".parse().unwrap(), "10.0.0.6".parse().unwrap())])]
#[case("bitmap:ip,mac", "10.0.0.1,02:00:00:00:00:01", vec![net("10.0.0.1/32"), SetPart::Mac("02:00:00:00:00:01".parse().unwrap())])]
#[case("bitmap:ip,mac", "10.0.0.2", vec![net("10.0.0.2/32")])]
#[case("hash:ip,mark", "10.0.0.1,0x00000063", vec![net("10.0.0.1/32"), SetPart::Mark(99)])]
#[case("list:set", "other", vec![SetPart::Set("other".into())])]
fn elements_of_sets(#[case] kind: &str, #[case] element: &str, #[case] parts: Vec<SetPart>) {
    let text =
        format!("create s {kind} family inet hashsize 1024\nadd s {element} nomatch timeout 9\n");
    let cluster = load_host(&[("ipset.txt", &text)]);
    assert_eq!(gaps(&cluster), Vec::<String>::new());
    let sets = host(&cluster).ipsets.as_ref().unwrap();
    assert_eq!(sets[0].elements[0].parts, parts);
    assert!(sets[0].elements[0].nomatch);
    assert_eq!((sets[0].kind.as_str(), sets[0].ipv6), (kind, false));
}

#[test]
fn elements_that_make_no_sense() {
    let text = "create s hash:ip,port family inet6\nadd s 10.0.0.1\nadd t 10.0.0.1,tcp:80\nadd s fd00::1,foo:1\n";
    let cluster = load_host(&[("ipset.txt", text)]);
    let lines: Vec<_> = cluster.gaps.iter().map(|gap| gap.line).collect();
    assert_eq!(lines, [Some(2), Some(3), Some(4)]);
    let sets = host(&cluster).ipsets.as_ref().unwrap();
    assert!(sets[0].ipv6 && sets[0].elements.is_empty());
}

#[test]
fn sockets_of_ss() {
    let text = "\
udp UNCONN 0      0              0.0.0.0%lo:55 0.0.0.0:*
udp UNCONN 0      0                    *%lo:54       *:*
udp ESTAB  0      0               127.0.0.1:50 127.0.0.1:53
tcp LISTEN 1      5                 0.0.0.0:80 0.0.0.0:*
tcp LISTEN 0      5            127.0.0.1%lo:81 0.0.0.0:*
tcp LISTEN 0      5                    [::]:83    [::]:*
tcp LISTEN 0      5                       *:82       *:*
tcp LISTEN 0      5      [::ffff:127.0.0.1]:84       *:*
tcp LISTEN 0      5     [fe80::1]%eth0:85       [::]:*
tcp TIME-WAIT 0   0               127.0.0.1:80    127.0.0.1:46170
LISTEN 0      128                 *:36412       *:*
sctp LISTEN 0     128     0.0.0.0:36413    0.0.0.0:*
p_raw UNCONN 0 0 *:eth0 *
";
    let cluster = load_host(&[("sockets.txt", text)]);
    assert_eq!(gaps(&cluster), Vec::<String>::new());
    let read: Vec<_> = host(&cluster)
        .sockets
        .iter()
        .flatten()
        .map(|one| {
            let address = one.address.map_or("*".to_owned(), |ip| ip.to_string());
            (
                one.protocol,
                address,
                one.port,
                one.device.as_deref(),
                one.state == SocketState::Listen,
            )
        })
        .collect();
    let (tcp, udp, sctp) = (Protocol::Tcp, Protocol::Udp, Protocol::Sctp);
    let wanted = [
        (udp, "0.0.0.0", 55, Some("lo"), false),
        (udp, "*", 54, Some("lo"), false),
        (tcp, "0.0.0.0", 80, None, true),
        (tcp, "127.0.0.1", 81, Some("lo"), true),
        (tcp, "::", 83, None, true),
        (tcp, "*", 82, None, true),
        (tcp, "127.0.0.1", 84, None, true),
        (tcp, "fe80::1", 85, Some("eth0"), true),
        (sctp, "*", 36412, None, true),
        (sctp, "0.0.0.0", 36413, None, true),
    ];
    assert_eq!(
        read,
        wanted.map(|(p, ip, n, dev, l)| (p, ip.to_owned(), n, dev, l))
    );

    let alone = load_host(&[("sockets.txt", "LISTEN 0 128 *:80 *:*\n")]);
    assert_eq!(host(&alone).sockets, None);
    assert!(
        alone.gaps[0].what.contains("TCP or SCTP"),
        "{:?}",
        alone.gaps
    );
}

#[test]
fn virtual_servers_as_saved_and_as_listed() {
    let saved = "\
-A -t 10.43.0.1:443 -s rr -p 10800
-a -t 10.43.0.1:443 -r 192.168.205.4:6443 -m -w 1
-A -u [fd00:43::a]:53 -s sh
-a -u [fd00:43::a]:53 -r [fd00:42::3]:53 -g -w 0
-a -u [fd00:43::a]:53 -r [fd00:42::4]:53 -i -w 3
-A -t 10.43.0.2:80 -s wlc
";
    let listed = "\
IP Virtual Server version 1.2.1 (size=4096)
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn
TCP  10.43.0.1:443 rr persistent 10800
  -> 192.168.205.4:6443           Masq    1      0          0         
UDP  [fd00:43::a]:53 sh
  -> [fd00:42::3]:53              Route   0      0          0         
  -> [fd00:42::4]:53              Tunnel  3      0          0         
TCP  10.43.0.2:80 wlc
";
    let read = |text: &str| {
        let cluster = load_host(&[("ipvs.txt", text)]);
        assert_eq!(gaps(&cluster), Vec::<String>::new());
        let mut servers = host(&cluster).virtual_servers.clone().unwrap();
        for server in &mut servers {
            server.raw.clear();
            for one in &mut server.servers {
                one.raw.clear();
                one.connections = None;
            }
        }
        servers
    };
    let servers = read(saved);
    assert_eq!(servers, read(listed));
    assert_eq!(servers.len(), 3);
    assert_eq!(
        servers[0].takes,
        Takes::Address {
            protocol: Protocol::Tcp,
            address: "10.43.0.1:443".parse().unwrap()
        }
    );
    let kept = servers[0].persistence.unwrap();
    assert_eq!((kept.timeout, kept.prefix), (Some(10_800), 32));
    let forwarding: Vec<_> = servers[1]
        .servers
        .iter()
        .map(|one| (one.forwarding, one.weight))
        .collect();
    assert_eq!(
        forwarding,
        [(Forwarding::Direct, 0), (Forwarding::Tunnel, 3)]
    );
    assert!(servers[2].servers.is_empty());

    // What belongs to a service that is not understood is given to no other.
    let odd = "TCP  10.43.0.1:443 rr\n  -> 10.0.0.1:1 Masq 1 0 0\nESP  10.43.0.9:0 rr\n  -> 10.0.0.2:0 Masq 1 0 0\n";
    let cluster = load_host(&[("ipvs.txt", odd)]);
    assert_eq!(cluster.gaps.len(), 1);
    assert_eq!(
        host(&cluster).virtual_servers.as_ref().unwrap()[0]
            .servers
            .len(),
        1
    );
}

#[test]
fn connections_in_other_forms() {
    let text = "\
tcp      6 431999 ESTABLISHED src=10.0.0.1 dst=10.0.0.2 sport=1000 dport=80 packets=5 bytes=500 src=10.0.0.2 dst=10.0.0.1 sport=80 dport=1000 packets=5 bytes=500 [ASSURED] mark=16384 zone=7 use=1
ipv4     2 icmp     1 29 src=10.0.0.1 dst=10.0.0.2 type=8 code=0 id=4660 [UNREPLIED] src=10.0.0.2 dst=10.0.0.1 type=0 code=0 id=4660 mark=0 use=1
ipv4     2 unknown  47 599 src=10.0.0.1 dst=10.0.0.2 [UNREPLIED] src=10.0.0.2 dst=10.0.0.1 mark=0 use=1
ipv4     2 udp      17 src=10.0.0.1 dst=10.0.0.2 sport=1 dport=2 src=10.0.0.2 dst=10.0.0.1 sport=2 dport=1 [OFFLOAD] mark=0 use=2
conntrack v1.4.7 (conntrack-tools): 4 flow entries have been shown.
";
    let cluster = load_host(&[("conntrack.txt", text)]);
    assert_eq!(gaps(&cluster), Vec::<String>::new());
    let entries = host(&cluster).conntrack.as_ref().unwrap();
    assert_eq!(entries.len(), 4);
    assert_eq!(
        (entries[0].mark, entries[0].zone, entries[0].timeout),
        (16384, 7, Some(431_999))
    );
    assert_eq!(
        entries[0].state.protocol_state.as_deref(),
        Some("ESTABLISHED")
    );
    assert!(entries[0].state.assured && entries[0].state.seen_reply);
    let echo = &entries[1];
    assert_eq!(echo.original.protocol, Protocol::Icmp);
    assert_eq!(
        (echo.original.source_port, echo.original.destination_port),
        (4660, 0x0800)
    );
    assert_eq!(echo.reply.destination_port, 0);
    assert!(!echo.state.seen_reply);
    assert_eq!(entries[2].original.protocol, Protocol::Other(47));
    assert_eq!(entries[3].timeout, None);
}

/// Both families in one file, and IPv6 once more in its own: it is taken once.
#[test]
fn connections_of_both_families() {
    let line = |family: &str, a: &str, b: &str| {
        format!(
            "{family} 2 udp 17 9 src={a} dst={b} sport=1 dport=2 src={b} dst={a} sport=2 dport=1 mark=0 use=1\n"
        )
    };
    let four = line("ipv4", "10.0.0.1", "10.0.0.2");
    let six = line("ipv6", "fd00::1", "fd00::2");
    let both = format!("{four}{six}");
    let count = |files: &[(&str, &str)]| {
        let cluster = load_host(files);
        (
            host(&cluster).conntrack.as_ref().map(Vec::len),
            cluster.gaps.len(),
        )
    };
    assert_eq!(count(&[("conntrack.txt", &both)]), (Some(2), 0));
    assert_eq!(
        count(&[("conntrack.txt", &both), ("conntrack6.txt", &six)]),
        (Some(2), 0)
    );
    assert_eq!(
        count(&[("conntrack.txt", &four), ("conntrack6.txt", &six)]),
        (Some(2), 0)
    );
    assert_eq!(
        count(&[("conntrack6.txt", &six)]),
        (Some(1), 1),
        "IPv4 is not known, and that is said"
    );
}

#[test]
fn routes_in_other_forms() {
    let rows = json!([
        {"type": "unicast", "dst": "default", "gateway": "10.0.0.254", "dev": "eth0", "table": "main",
         "protocol": "boot", "scope": "global", "flags": []},
        {"dst": "10.1.0.0/16", "nhid": 7, "flags": [], "nexthops": [
            {"gateway": "10.0.0.3", "dev": "eth0", "weight": 2, "flags": ["dead", "linkdown"]},
            {"via": {"family": "inet6", "host": "fe80::1"}, "dev": "eth0", "weight": 3, "flags": ["onlink"]}]},
        {"dst": "default", "dev": "eth1", "scope": "link", "table": "blue", "flags": []},
        {"dst": "default", "gateway": "fe80::1", "dev": "eth0", "flags": [], "pref": "medium"},
        {"dst": "default", "via": {"family": "inet6", "host": "fe80::2"}, "dev": "eth0", "flags": []},
        {"dst": "10.9.0.0/16", "nhid": 9, "flags": []},
        {"dst": "10.9.0.0/16", "dev": "eth0", "scope": "nowhere", "metric": "many", "flags": []},
        {"dst": "0.0.0.0/1", "encap": "mpls", "dev": "eth0", "flags": []},
    ]);
    let cluster = load_host(&[("routes4.json", &rows.to_string())]);
    let netns = host(&cluster);
    let routes = netns.routes4.as_ref().unwrap();
    let raw: Vec<_> = routes.iter().map(|route| route.raw.as_str()).collect();
    assert_eq!(
        raw,
        [
            "default via 10.0.0.254 dev eth0",
            "10.1.0.0/16 nhid 7 nexthop via 10.0.0.3 dev eth0 weight 2 dead linkdown \
             nexthop via inet6 fe80::1 dev eth0 weight 3 onlink",
            "default dev eth1 table blue scope link",
            "default via inet6 fe80::2 dev eth0",
            "0.0.0.0/1 encap mpls dev eth0",
        ]
    );
    assert!(routes[1].next_hops[0].dead && routes[1].next_hops[1].onlink);
    assert_eq!(routes[2].scope, RouteScope::Link);
    let six = netns.routes6.as_ref().unwrap();
    assert_eq!(
        six.len(),
        1,
        "IPv6 from routes4.json, there being no routes6.json"
    );
    assert_eq!(six[0].metric, 1024, "which is what the kernel gives");
    assert_eq!(Family::of(six[0].destination.addr()), Family::V6);
    let said = gaps(&cluster).join("\n");
    for what in [
        "table \"blue\"",
        "next hop object",
        "`metric`",
        "`encap mpls` is not modelled",
    ] {
        assert!(said.contains(what), "{what}: {said}");
    }
    assert_eq!(cluster.gaps.len(), 4);

    let of_their_own =
        json!([{"dst": "default", "dev": "eth0", "metric": 5, "flags": [], "pref": "low"}]);
    let files = [
        ("routes4.json", rows.to_string()),
        ("routes6.json", of_their_own.to_string()),
    ];
    let cluster = load_host(&[(files[0].0, &files[0].1), (files[1].0, &files[1].1)]);
    let six = host(&cluster).routes6.as_ref().unwrap();
    assert_eq!(
        six.iter()
            .map(|route| route.raw.as_str())
            .collect::<Vec<_>>(),
        ["default dev eth0 metric 5 pref low"]
    );
}

/// A table that has only a name is the same one for the rules that ask it and the routes in it.
#[test]
fn named_tables_meet() {
    let cluster = load_host(&[
        (
            "rules4.json",
            r#"[{"priority": 5, "src": "all", "table": "blue"}, {"priority": 6, "src": "all", "table": "red"}]"#,
        ),
        (
            "routes4.json",
            r#"[{"type": "local", "dst": "10.0.0.1", "dev": "lo", "table": "blue", "flags": []}]"#,
        ),
    ]);
    let netns = host(&cluster);
    let rules = netns.rules4.as_ref().unwrap();
    let table = netns.routes4.as_ref().unwrap()[0].table;
    assert_eq!(rules[0].action, RuleAction::Lookup(table));
    assert_ne!(rules[1].action, RuleAction::Lookup(table));
    assert!(![Table::MAIN, Table::LOCAL, Table::DEFAULT].contains(&table));
    assert_eq!(rules[0].raw, "5: from all lookup blue");
    assert_eq!(netns.routes4.as_ref().unwrap()[0].kind, RouteType::Local);
    assert_eq!(cluster.gaps.len(), 3);
}

#[test]
fn rules_whose_selectors_are_not_modelled() {
    let text = "10:\tfrom all tun_id 5 lookup main\n20:\tfrom all sport 0x50/0xf0 lookup main\n30:\tfrom all foo\n";
    let cluster = load_host(&[("rules4.txt", text)]);
    let rules = host(&cluster).rules4.as_ref().unwrap();
    assert_eq!(rules.len(), 2);
    assert!(
        rules.iter().all(|rule| !rule.not_understood.is_empty()),
        "{rules:?}"
    );
    assert_eq!(rules[0].raw, "10: from all tun_id 5 lookup main");
    let mut lines: Vec<_> = cluster.gaps.iter().map(|gap| gap.line).collect();
    lines.sort();
    assert_eq!(lines, [Some(1), Some(2), Some(3)]);
}

#[test]
fn devices_in_other_forms() {
    let veth = |name: &str, index: u32, more: serde_json::Value| {
        let mut row = json!({"ifindex": index, "ifname": name, "flags": ["UP", "LOWER_UP"], "mtu": 1500, "promiscuity": 0,
            "link_type": "ether", "address": "02:00:00:00:00:01", "linkinfo": {"info_kind": "veth"}});
        row.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        row
    };
    let rows = json!([
        veth("a", 5, json!({"link": "b"})),
        veth("b", 6, json!({"link": "a"})),
        veth("c", 7, json!({"link_index": 5, "link_netnsid": 0})),
        veth("d", 8, json!({"link": "gone"})),
        {"ifindex": 9, "ifname": "wg0", "flags": ["UP"], "mtu": 1420, "link_type": "none", "promiscuity": 0,
         "linkinfo": {"info_kind": "wireguard"}},
        {"ifindex": 10, "ifname": "eth0", "flags": ["UP"], "mtu": 1500, "link_type": "ether", "promiscuity": 0},
        {"ifindex": 11, "ifname": "sit0", "flags": ["NOARP"], "mtu": 1480, "link_type": "sit", "promiscuity": 0, "link": null},
    ]);
    let cluster = load_host(&[("links.json", &rows.to_string())]);
    let links = host(&cluster).links.as_ref().unwrap();
    let peers: Vec<_> = links
        .iter()
        .map(|link| (link.peer_index, link.peer_nsid))
        .collect();
    let none = (None, None);
    assert_eq!(
        peers,
        [
            (Some(6), None),
            (Some(5), None),
            (Some(5), Some(0)),
            none,
            none,
            none,
            none
        ]
    );
    assert_eq!(links[4].kind, LinkKind::Other("wireguard".to_owned()));
    assert_eq!(links[5].kind, LinkKind::Physical);
    assert_eq!(links[6].kind, LinkKind::Other("sit".to_owned()));
    assert_eq!(cluster.gaps.len(), 1, "the peer that is gone");

    // `ip -j link` without -d says of no device what it is.
    let plain = r#"[{"ifindex": 10, "ifname": "eth0", "flags": ["UP"], "mtu": 1500, "link_type": "ether"}]"#;
    let cluster = load_host(&[("links.json", plain)]);
    assert_eq!(
        host(&cluster).links.as_ref().unwrap()[0].kind,
        LinkKind::Other("unknown".to_owned())
    );
    assert!(cluster.gaps[0].what.contains("without -d"));

    // All of it is in `ip -d addr` too.
    let cluster = load_host(&[("addrs.json", &rows.to_string())]);
    assert_eq!(host(&cluster).links.as_ref().map(Vec::len), Some(7));

    // A namespace that has a name is printed by it.
    let text = "7: c@if5: <UP,LOWER_UP> mtu 1500 qdisc noqueue state UP mode DEFAULT group default qlen 1000\n\
        \u{20}   link/ether 02:00:00:00:00:01 brd ff:ff:ff:ff:ff:ff link-netns blue promiscuity 0 allmulti 0\n\
        \u{20}   veth addrgenmode eui64\n";
    let cluster = load_host(&[("links.txt", text)]);
    let link = &host(&cluster).links.as_ref().unwrap()[0];
    assert_eq!((&link.kind, link.peer_index), (&LinkKind::Veth, Some(5)));
    assert!(
        link.peer_nsid.is_some_and(|id| id < -1),
        "elsewhere, and no id the kernel gives: {link:?}"
    );
}

#[test]
fn base_chains_of_native_tables() {
    let base = |family: &str, table: &str, name: &str, policy: &str| {
        json!({"chain": {"family": family, "table": table, "name": name, "handle": 1, "type": "filter",
            "hook": "forward", "prio": -5, "policy": policy}})
    };
    let rule = |family: &str, table: &str, chain: &str, expr: serde_json::Value| json!({"rule": {"family": family, "table": table, "chain": chain, "handle": 2, "expr": [expr]}});
    let accept = json!({"accept": null});
    let xt = json!({"xt": {"type": "match", "name": "statistic"}});
    let ruleset = json!({"nftables": [
        {"metainfo": {"version": "1.0.6"}},
        {"table": {"family": "ip", "name": "filter", "handle": 1}},
        base("ip", "filter", "FORWARD", "accept"), rule("ip", "filter", "FORWARD", accept.clone()),
        base("ip", "nat", "mine", "accept"), rule("ip", "nat", "mine", accept.clone()),
        base("ip6", "filter", "mine", "accept"), rule("ip6", "filter", "mine", xt),
        base("inet", "filter", "forward", "accept"),
        rule("inet", "filter", "forward", accept.clone()), rule("inet", "filter", "forward", accept.clone()),
        rule("inet", "filter", "other", accept),
        base("inet", "empty", "accepting", "accept"),
        base("inet", "empty", "dropping", "drop"),
    ]})
    .to_string();
    let names = |files: &[(&str, &str)]| -> Vec<String> {
        let cluster = load_host(files);
        host(&cluster)
            .nftables
            .iter()
            .flat_map(Ruleset::base_chains)
            .filter(|(_, chain, base)| !chain.rules.is_empty() || base.policy == Policy::Drop)
            .map(|(table, chain, base)| {
                let policy = match base.policy {
                    Policy::Accept => "accept",
                    Policy::Drop => "drop",
                };
                format!(
                    "{} {} {} {policy} {}",
                    table.family.name(),
                    table.name,
                    chain.name,
                    chain.rules.len()
                )
            })
            .collect()
    };
    let always = ["inet filter forward accept 2", "inet empty dropping drop 0"];
    // By their looks: a base chain of iptables' name, rules that nft cannot print.
    let found = names(&[("nft.json", &ruleset)]);
    assert_eq!(
        found,
        [&["ip nat mine accept 1"], always.as_slice()].concat()
    );
    // By what iptables-save printed, which is all that iptables-nft has.
    let saved =
        "# Generated by iptables-nft-save v1.8.9 (nf_tables)\n*nat\n:mine ACCEPT [0:0]\nCOMMIT\n";
    let found = names(&[("nft.json", &ruleset), ("iptables-save.txt", saved)]);
    assert_eq!(
        found,
        [&["ip filter FORWARD accept 1"], always.as_slice()].concat()
    );
    // The legacy backend's tables are none of nftables'.
    let saved =
        "# Generated by iptables-save v1.8.9 on Mon\n*nat\n:PREROUTING ACCEPT [0:0]\nCOMMIT\n";
    let found = names(&[("nft.json", &ruleset), ("iptables-save.txt", saved)]);
    assert_eq!(
        found,
        [&["ip nat mine accept 1"], always.as_slice()].concat()
    );
}

/// iptables-nft-save prints nothing when it has no tables; that it did not fail is known where nft shows none either.
#[test]
fn an_empty_iptables_save() {
    let none = r#"{"nftables": [{"metainfo": {"version": "1.0.6"}}]}"#;
    let some = r#"{"nftables": [{"metainfo": {}}, {"table": {"family": "ip", "name": "filter", "handle": 1}}]}"#;
    let read = |files: &[(&str, &str)]| {
        let cluster = load_host(files);
        (host(&cluster).iptables.len(), gaps(&cluster))
    };
    assert_eq!(
        read(&[("iptables-save.txt", ""), ("nft.json", none)]),
        (2, Vec::new())
    );
    // Nor has iptables any where its dump was not captured and nft shows none.
    assert_eq!(read(&[("nft.json", none)]), (2, Vec::new()));
    for (files, of_ipv6) in [
        (vec![("iptables-save.txt", ""), ("nft.json", some)], 1),
        (vec![("iptables-save.txt", "")], 0),
    ] {
        let (rulesets, gaps) = read(&files);
        assert_eq!((rulesets, gaps.len()), (of_ipv6, 1), "{gaps:?}");
        assert!(
            gaps[0].starts_with("nodes/n/host/iptables-save.txt: the file is empty"),
            "{gaps:?}"
        );
    }
}

#[test]
fn settings_and_lists() {
    let cluster = load_host(&[
        (
            "sysctl.txt",
            "net.ipv4.conf.flannel/1.rp_filter = 2\nnet/ipv4/conf/flannel.2/rp_filter=1\n\
                        net.ipv4.ip_local_port_range = 32768\t60999\nkernel.hostname = x\nnonsense\n",
        ),
        (
            "xt_recent.txt",
            "# KUBE-SEP-A\nsrc=10.42.0.2 ttl: 64 last_seen: 1 oldest_pkt: 1 1\n\n# EMPTY\n# V6\nsrc=fd00::1 ttl: 0\n",
        ),
        ("flannel-subnet.env", "FLANNEL_NETWORK=10.42.0.0/16\n"),
        ("resolv.conf", "nameserver 10.43.0.10\n"),
    ]);
    let netns = host(&cluster);
    let settings = netns.sysctls.as_ref().unwrap();
    assert_eq!(settings.conf(Family::V4, "flannel.1", "rp_filter"), Some(2));
    assert_eq!(settings.conf(Family::V4, "flannel.2", "rp_filter"), Some(1));
    assert_eq!(
        settings.get("net.ipv4.ip_local_port_range"),
        Some("32768\t60999")
    );
    assert_eq!(settings.0.len(), 3);
    let address = |text: &str| text.parse::<IpAddr>().unwrap();
    let lists = netns.recent.as_deref().unwrap();
    let names: Vec<&str> = lists.iter().map(|list| list.name.as_str()).collect();
    assert_eq!(names, ["KUBE-SEP-A", "EMPTY", "V6"]);
    let entries = |at: usize| -> Vec<_> {
        let entries = lists[at].entries.iter();
        entries
            .map(|entry| (entry.address, entry.seen.clone()))
            .collect()
    };
    assert_eq!(entries(0), [(address("10.42.0.2"), vec![1])]);
    assert_eq!(entries(1), []);
    assert_eq!(entries(2), [(address("fd00::1"), vec![])]);
    assert!(lists.iter().all(|list| list.now.is_none()));
    assert_eq!(
        netns.resolv_conf.as_deref(),
        Some("nameserver 10.43.0.10\n")
    );
    assert_eq!(
        gaps(&cluster),
        ["nodes/n/host/sysctl.txt:5: no `key = value`: \"nonsense\""]
    );
}
