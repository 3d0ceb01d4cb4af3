//! The live reader against the kernel: what it reads of namespaces made for it, compared with what iproute2 prints there.

mod live_support;

use std::collections::{BTreeMap, BTreeSet};

use kubenet::collect::live::Machine;
use kubenet::model::iptables::{Backend, Policy, Ruleset};
use kubenet::model::{
    Family, LinkKind, NeighborState, NetnsName, Objects, Pod, Route, SocketState,
};
use live_support::{Namespaces, allowed, host, lines, run};
use serde_json::Value;

/// Makes the bridge filter by VLAN; `false` where this kernel cannot.
fn filter_vlans(made: &Namespaces) -> bool {
    if made
        .try_tool(0, "ip link set br0 type bridge vlan_filtering 1")
        .is_err()
    {
        println!("skipped: this kernel's bridges do not filter by VLAN");
        return false;
    }
    made.script(
        0,
        "bridge vlan add dev pod0 vid 10 pvid untagged
         bridge vlan add dev pod0 vid 20-23",
    );
    true
}

/// A node with a bridge, a pod on it, a vxlan device, and some of everything that iproute2 can configure.
fn node() -> Namespaces {
    let made = Namespaces::new(2);
    let pod = made.name(1).to_owned();
    for at in [0, 1] {
        // Link-local addresses would come and go while tests read.
        made.script(
            at,
            "sysctl -w net.ipv6.conf.default.addr_gen_mode=1
             sysctl -w net.ipv6.conf.default.router_solicitations=0",
        );
    }
    made.script(
        0,
        &format!(
            "ip link set lo up
             ip link add br0 type bridge nf_call_iptables 1
             ip link set br0 up
             ip link add pod0 type veth peer name eth0 netns {pod}
             ip link add port1 type veth peer name far1
             ip link set pod0 master br0 up
             ip link set port1 master br0 up
             ip link set far1 up
             bridge link set dev pod0 hairpin on learning off
             bridge link set dev port1 isolated on flood off
             ip link add up0 type veth peer name wire0
             ip link set up0 up mtu 1450
             ip link set wire0 up
             ip addr add 192.168.7.1/24 brd + dev up0
             ip addr add 192.168.7.9/24 dev up0
             ip addr add 10.9.0.1 peer 10.9.0.2/32 dev far1
             ip addr add fd07::1/64 dev up0 nodad
             ip addr add fd07::2/64 dev up0 nodad preferred_lft 0
             ip addr add 10.42.0.1/24 dev br0
             ip link add vx1 type vxlan id 1 dev up0 local 192.168.7.1 dstport 8472 nolearning
             ip link set vx1 up
             ip link add vx2 type vxlan id 9 remote 192.168.7.3 srcport 5000 6000 ttl 7 dstport 4789
             ip link add vx3 type vxlan external dstport 4790
             ip link add mv0 link up0 type macvlan mode bridge"
        ),
    );
    made.script(
        1,
        "ip link set lo up
         ip link set eth0 up
         ip addr add 10.42.0.5/24 dev eth0
         ip route add default via 10.42.0.1",
    );
    made
}

fn text<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key).and_then(Value::as_str)
}

#[test]
fn links() {
    if !allowed() {
        return;
    }
    let made = node();
    let filters = filter_vlans(&made);
    let cluster = made.read();
    let read = host(&cluster).links.as_ref().unwrap();
    let printed = made.json(0, "ip -j -d link");
    assert_eq!(read.len(), printed.len());
    let vlans: BTreeMap<String, Value> = made
        .json(0, "bridge -j vlan")
        .into_iter()
        .map(|port| {
            (
                text(&port, "ifname").unwrap().to_owned(),
                port["vlans"].clone(),
            )
        })
        .collect();
    for (link, printed) in read.iter().zip(&printed) {
        let has = |flag: &str| {
            printed["flags"]
                .as_array()
                .unwrap()
                .iter()
                .any(|found| found == flag)
        };
        assert_eq!(Some(link.name.as_str()), text(printed, "ifname"));
        assert_eq!(u64::from(link.index), printed["ifindex"].as_u64().unwrap());
        assert_eq!(u64::from(link.mtu), printed["mtu"].as_u64().unwrap());
        assert_eq!(
            (link.up, link.carrier, link.noarp),
            (has("UP"), has("LOWER_UP"), has("NOARP"))
        );
        assert_eq!(
            link.mac.map(|mac| mac.to_string()).as_deref(),
            text(printed, "address")
        );
        assert_eq!(link.master.as_deref(), text(printed, "master"));
        assert_eq!(
            link.peer_nsid.map(i64::from),
            printed["link_netnsid"].as_i64()
        );
        if link.peer_nsid.is_some() {
            assert_eq!(
                link.peer_index.map(u64::from),
                printed["link_index"].as_u64()
            );
        } else {
            let peer = link
                .peer_index
                .map(|index| host(&cluster).link_by_index(index).unwrap().name.clone());
            assert_eq!(peer.as_deref(), text(printed, "link"), "{}", link.name);
        }
        let info = &printed["linkinfo"];
        let data = &info["info_data"];
        match &link.kind {
            LinkKind::Loopback => assert_eq!(text(printed, "link_type"), Some("loopback")),
            LinkKind::Physical => assert!(info.get("info_kind").is_none(), "{printed}"),
            LinkKind::Veth => assert_eq!(text(info, "info_kind"), Some("veth")),
            LinkKind::Bridge {
                vlan_filtering,
                nf_call_iptables,
                nf_call_ip6tables,
            } => {
                let number = |key: &str| data[key].as_u64() == Some(1);
                assert_eq!(*vlan_filtering, number("vlan_filtering"));
                assert_eq!(*nf_call_iptables, number("nf_call_iptables"));
                assert_eq!(*nf_call_ip6tables, number("nf_call_ip6tables"));
            }
            LinkKind::Vxlan(vxlan) => {
                let ip = |key: &str| text(data, key).map(|ip| ip.parse().unwrap());
                assert_eq!(
                    u64::from(vxlan.vni),
                    data["id"].as_u64().unwrap_or_default()
                );
                assert_eq!(u64::from(vxlan.port), data["port"].as_u64().unwrap());
                assert_eq!(
                    (vxlan.local, vxlan.group),
                    (ip("local"), ip("remote").or(ip("group")))
                );
                assert_eq!(vxlan.lower.as_deref(), text(data, "link"));
                assert_eq!(vxlan.learning, data["learning"].as_bool().unwrap());
                assert_eq!(
                    u64::from(vxlan.ttl),
                    data["ttl"].as_u64().unwrap_or_default()
                );
                assert_eq!(
                    vxlan.external,
                    data["external"].as_bool().unwrap_or_default()
                );
                let range = &data["port_range"];
                let range = (
                    range["low"].as_u64().unwrap() as u16,
                    range["high"].as_u64().unwrap() as u16,
                );
                assert_eq!(vxlan.port_range.unwrap_or_default(), range);
            }
            LinkKind::Other(kind) => assert_eq!(Some(kind.as_str()), text(info, "info_kind")),
            other => panic!("{} is no {other:?}", link.name),
        }
        let port = &info["info_slave_data"];
        assert_eq!(link.port.is_some(), port.is_object(), "{}", link.name);
        if let Some(found) = link.port.as_ref() {
            assert_eq!(text(port, "state"), Some("forwarding"));
            assert_eq!(found.state, 3);
            let flags = [
                port["hairpin"].as_bool(),
                port["isolated"].as_bool(),
                port["flood"].as_bool(),
            ];
            assert_eq!(
                [Some(found.hairpin), Some(found.isolated), Some(found.flood)],
                flags
            );
            assert_eq!(Some(found.learning), port["learning"].as_bool());
            assert_eq!(vlans.contains_key(&link.name), filters);
            let mut printed = BTreeSet::new();
            for vlan in vlans
                .get(&link.name)
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
            {
                let flag = |name: &str| {
                    vlan["flags"]
                        .as_array()
                        .is_some_and(|all| all.iter().any(|one| one == name))
                };
                let first = vlan["vlan"].as_u64().unwrap();
                for id in first..=vlan["vlanEnd"].as_u64().unwrap_or(first) {
                    printed.insert((id as u16, flag("PVID"), flag("Egress Untagged")));
                }
            }
            let read: BTreeSet<_> = found
                .vlans
                .iter()
                .map(|vlan| (vlan.id, vlan.pvid, vlan.untagged))
                .collect();
            assert_eq!(read, printed);
        }
    }
    let hairpin = |name: &str| {
        host(&cluster)
            .link(name)
            .unwrap()
            .port
            .as_ref()
            .unwrap()
            .hairpin
    };
    assert!(hairpin("pod0") && !hairpin("port1"));
    assert_eq!(cluster.gaps, []);
}

#[test]
fn the_other_end_of_a_veth_is_known_by_its_namespace() {
    if !allowed() {
        return;
    }
    let made = node();
    let cluster = made.read();
    let nsid = host(&cluster).link("pod0").unwrap().peer_nsid.unwrap();
    let pod = NetnsName::Named(made.name(1).to_owned());
    assert_eq!(host(&cluster).peers_by_nsid, [(nsid, pod)]);
    let back = cluster.nodes[0].netns[1]
        .link("eth0")
        .unwrap()
        .peer_nsid
        .unwrap();
    assert_eq!(
        cluster.nodes[0].netns[1].peers_by_nsid,
        [(back, NetnsName::Host)]
    );
}

#[test]
fn addresses() {
    if !allowed() {
        return;
    }
    let made = node();
    let cluster = made.read();
    let read: BTreeSet<String> = host(&cluster)
        .addresses
        .iter()
        .flatten()
        .map(|address| {
            let peer = address.peer.map(|peer| peer.to_string());
            let broadcast = address.broadcast.map(|ip| ip.to_string());
            let scope = format!("{:?}", address.scope).to_lowercase();
            format!(
                "{} {} {} {peer:?} {broadcast:?} {scope} {} {} {}",
                address.device,
                address.ip,
                address.prefix_length,
                address.secondary,
                address.tentative,
                address.deprecated
            )
        })
        .collect();
    let mut printed = BTreeSet::new();
    for link in made.json(0, "ip -j addr") {
        for address in link["addr_info"].as_array().unwrap() {
            let flag = |name: &str| address[name].as_bool().unwrap_or_default();
            printed.insert(format!(
                "{} {} {} {:?} {:?} {} {} {} {}",
                text(&link, "ifname").unwrap(),
                text(address, "local").unwrap(),
                address["prefixlen"],
                text(address, "address").map(str::to_owned),
                text(address, "broadcast").map(str::to_owned),
                text(address, "scope").unwrap(),
                flag("secondary"),
                flag("tentative") || flag("dadfailed"),
                flag("deprecated")
            ));
        }
    }
    assert_eq!(read, printed);
    assert!(
        read.iter().any(|line| line.contains("10.9.0.2")),
        "{read:?}"
    );
}

/// Routes of every type, in several tables, with several next hops and every attribute that the model has.
fn routes() -> Namespaces {
    let made = node();
    made.script(
        0,
        "ip route add default via 192.168.7.254
         ip route add 10.42.1.0/24 via 10.42.1.0 dev vx1 onlink
         ip route add 10.50.0.0/16 via 192.168.7.2 dev up0 src 192.168.7.9 metric 50 mtu 1400
         ip route add 10.51.0.0/16 dev br0 scope link
         ip route add 10.52.0.0/16 nexthop via 192.168.7.2 dev up0 weight 3 nexthop via 10.42.0.7 dev br0 weight 1
         ip route add 10.53.0.0/16 via inet6 fd07::9 dev up0
         ip route add 10.54.0.0/16 tos 0x10 dev up0
         ip route add blackhole 10.60.0.0/16
         ip route add unreachable 10.61.0.0/16
         ip route add prohibit 10.62.0.0/16
         ip route add throw 10.63.0.0/16
         ip route add 10.64.0.0/16 dev up0 table 100
         ip route add default via 192.168.7.3 table 4000
         ip route add multicast 239.1.0.0/16 dev up0
         ip -6 route add default via fd07::fe
         ip -6 route add fd08::/64 via fd07::2:2 dev up0 metric 7
         ip -6 route add fd09::/64 nexthop via fd07::2:2 dev up0 weight 2 nexthop via fd07::2:3 dev up0
         ip -6 route add blackhole fd0a::/64
         ip -6 route add unreachable fd0b::/64
         ip -6 route add prohibit fd0c::/64
         ip -6 route add fd0d::/64 dev up0 table 100 mtu 1400
         ip nexthop add id 5 via 192.168.7.5 dev up0
         ip nexthop add id 6 via 192.168.7.6 dev up0
         ip nexthop add id 7 group 5,3/6
         ip route add 10.70.0.0/16 nhid 5
         ip route add 10.71.0.0/16 nhid 7
         ip link add off0 type veth peer name off1
         ip link set off0 up
         ip addr add 10.80.0.1/24 dev off0",
    );
    made
}

/// A route's fields, as `ip -j route` would have them.
fn route_key(route: &Route) -> String {
    let mut hops: Vec<String> = route
        .next_hops
        .iter()
        .map(|hop| {
            format!(
                "{:?} {:?} {} {} {} {}",
                hop.gateway.map(|ip| ip.to_string()),
                hop.device,
                hop.weight,
                hop.onlink,
                hop.dead,
                hop.linkdown
            )
        })
        .collect();
    hops.sort();
    format!(
        "{} {} table {} metric {} tos {} scope {} src {:?} mtu {:?} {hops:?}",
        route.kind.name(),
        route.destination,
        route.table,
        route.metric,
        route.tos,
        route.scope.name(),
        route.preferred_source.map(|ip| ip.to_string()),
        route.mtu
    )
}

/// The same out of the JSON.
fn printed_key(route: &Value, v6: bool) -> String {
    let kind = text(route, "type").unwrap_or("unicast");
    let all = if v6 { "::/0" } else { "0.0.0.0/0" };
    let destination = match text(route, "dst").unwrap() {
        "default" => all.to_owned(),
        one if !one.contains('/') => format!("{one}/{}", if v6 { 128 } else { 32 }),
        prefix => prefix.to_owned(),
    };
    let hop = |hop: &Value| {
        let flag = |name: &str| {
            hop["flags"]
                .as_array()
                .is_some_and(|all| all.iter().any(|one| one == name))
        };
        let gateway = text(hop, "gateway")
            .or_else(|| text(&hop["via"], "host"))
            .map(str::to_owned);
        let device = text(hop, "dev").map(str::to_owned);
        let weight = hop["weight"].as_u64().unwrap_or(1);
        format!(
            "{gateway:?} {device:?} {weight} {} {} {}",
            flag("onlink"),
            flag("dead"),
            flag("linkdown")
        )
    };
    let leads_nowhere = matches!(kind, "blackhole" | "unreachable" | "prohibit" | "throw");
    let mut hops: Vec<String> = match route["nexthops"].as_array() {
        Some(hops) => hops.iter().map(hop).collect(),
        None if leads_nowhere => Vec::new(),
        None => vec![hop(route)],
    };
    hops.sort();
    let mtu = route["metrics"]
        .as_array()
        .and_then(|all| all.iter().find_map(|metric| metric["mtu"].as_u64()));
    let tos = text(route, "tos").map_or(0, |tos| {
        u8::from_str_radix(tos.trim_start_matches("0x"), 16).unwrap()
    });
    format!(
        "{kind} {destination} table {} metric {} tos {tos} scope {} src {:?} mtu {mtu:?} {hops:?}",
        text(route, "table").unwrap_or("main"),
        route["metric"].as_u64().unwrap_or_default(),
        text(route, "scope").unwrap_or("global"),
        text(route, "prefsrc").map(str::to_owned)
    )
}

#[test]
fn routes_of_every_table_and_type() {
    if !allowed() {
        return;
    }
    let made = routes();
    let cluster = made.read();
    let netns = host(&cluster);
    for (read, option) in [(&netns.routes4, "-4"), (&netns.routes6, "-6")] {
        let read = read.as_ref().unwrap();
        let printed = made.json(0, &format!("ip -j {option} route show table all"));
        let printed: Vec<String> = printed
            .iter()
            .map(|route| printed_key(route, option == "-6"))
            .collect();
        assert_eq!(read.iter().map(route_key).collect::<Vec<_>>(), printed);
        let lines = lines(&made.tool(0, &format!("ip {option} route show table all")));
        assert_eq!(
            read.iter()
                .map(|route| route.raw.clone())
                .collect::<Vec<_>>(),
            lines
        );
    }
    let nh = netns
        .routes4
        .iter()
        .flatten()
        .find(|route| route.destination.to_string() == "10.71.0.0/16")
        .unwrap();
    assert_eq!(
        nh.next_hops
            .iter()
            .map(|hop| hop.weight)
            .collect::<Vec<_>>(),
        [3, 1]
    );
    assert_eq!(cluster.gaps, []);
}

#[test]
fn next_hop_objects_are_looked_up_where_routes_tell_only_their_id() {
    if !allowed() {
        return;
    }
    let made = routes();
    let before = made.read();
    made.tool(0, "sysctl -w net.ipv4.nexthop_compat_mode=0");
    assert!(
        !made.tool(0, "ip route show 10.71.0.0/16").contains("via"),
        "the kernel still tells the next hops"
    );
    let after = made.read();
    let hops = |cluster: &kubenet::model::Cluster| -> Vec<_> {
        host(cluster)
            .routes4
            .iter()
            .flatten()
            .map(|route| (route.destination, route.next_hops.clone()))
            .collect()
    };
    assert_eq!(hops(&before), hops(&after));
    assert_eq!(after.gaps, []);
}

#[test]
fn rules_of_every_selector() {
    if !allowed() {
        return;
    }
    let made = node();
    made.script(
        0,
        "ip rule add priority 100 from 10.42.0.0/16 to 10.43.0.0/16 lookup 100
         ip rule add priority 101 not from 10.42.0.7 lookup main
         ip rule add priority 102 fwmark 0x4000/0x4000 iif br0 lookup 200
         ip rule add priority 103 fwmark 7 oif up0 prohibit
         ip rule add priority 104 tos 0x10 blackhole
         ip rule add priority 105 ipproto tcp sport 1000-2000 dport 443 unreachable
         ip rule add priority 106 uidrange 1000-1999 lookup 254
         ip rule add priority 107 lookup main suppress_prefixlength 0
         ip rule add priority 108 from all goto 32766
         ip rule add priority 109 from all iif nothere0 nop
         ip rule add priority 110 from all l3mdev
         ip rule add priority 111 from all tun_id 5 lookup 100
         ip -6 rule add priority 100 from fd07::/64 lookup 100
         ip -6 rule add priority 101 to fd08::1 fwmark 0x1 prohibit",
    );
    let cluster = made.read();
    let netns = host(&cluster);
    for (read, option) in [(&netns.rules4, "-4"), (&netns.rules6, "-6")] {
        let read: Vec<String> = read.iter().flatten().map(|rule| rule.raw.clone()).collect();
        let printed: Vec<String> = lines(&made.tool(0, &format!("ip {option} rule")));
        let plain = |line: &String| line.replace(" proto kernel", "");
        assert_eq!(
            read.iter().map(plain).collect::<Vec<_>>(),
            printed.iter().map(plain).collect::<Vec<_>>()
        );
    }
    let rule = |priority: u32| {
        netns
            .rules4
            .iter()
            .flatten()
            .find(|rule| rule.priority == priority)
            .unwrap()
    };
    assert!(rule(101).not);
    assert_eq!(rule(102).fwmark, Some((0x4000, 0x4000)));
    assert_eq!(
        (rule(105).source_port, rule(105).destination_port),
        (Some((1000, 2000)), Some((443, 443)))
    );
    assert_eq!(rule(105).not_understood, Vec::<String>::new());
    assert_eq!(rule(107).suppress_prefix_length, Some(0));
    assert_eq!(rule(111).not_understood, ["tun_id 5"]);
    assert_eq!(cluster.gaps, []);
}

#[test]
fn neighbours_in_several_states() {
    if !allowed() {
        return;
    }
    let made = node();
    made.script(
        0,
        "ip neigh add 192.168.7.20 lladdr 02:00:00:00:00:20 dev up0 nud permanent
         ip neigh add 192.168.7.21 lladdr 02:00:00:00:00:21 dev up0 nud reachable
         ip neigh add 192.168.7.22 lladdr 02:00:00:00:00:22 dev up0 nud stale
         ip neigh add 192.168.7.23 lladdr 02:00:00:00:00:23 dev up0 nud noarp
         ip neigh add 10.42.1.0 lladdr 02:00:00:00:00:24 dev vx1 nud permanent
         ip neigh add fd07::20 lladdr 02:00:00:00:00:25 dev up0 nud permanent router
         ip neigh add proxy 192.168.7.30 dev up0
         ip neigh add 192.168.7.31 dev up0 nud failed",
    );
    let cluster = made.read();
    let all = host(&cluster).neighbors.as_ref().unwrap();
    let read: BTreeSet<String> = all
        .iter()
        .filter(|one| {
            one.state != NeighborState::Noarp && one.state != NeighborState::None || one.proxy
        })
        .map(|one| one.raw.clone())
        .collect();
    let mut printed: BTreeSet<String> = lines(&made.tool(0, "ip neigh")).into_iter().collect();
    printed.extend(lines(&made.tool(0, "ip neigh show proxy")));
    assert_eq!(read, printed);
    // Those of multicast groups come and go.
    let lasting = |line: &String| line.starts_with("192.");
    let mut noarp: BTreeSet<String> = all
        .iter()
        .filter(|one| one.state == NeighborState::Noarp)
        .map(|one| one.raw.clone())
        .collect();
    noarp.retain(lasting);
    let printed = lines(&made.tool(0, "ip neigh show nud noarp"));
    assert_eq!(noarp, printed.into_iter().filter(lasting).collect());
    let state = |ip: &str| {
        all.iter()
            .find(|one| one.ip.to_string() == ip && !one.proxy)
            .unwrap()
            .state
    };
    assert_eq!(state("192.168.7.20"), NeighborState::Permanent);
    assert_eq!(state("192.168.7.23"), NeighborState::Noarp);
    assert_eq!(state("192.168.7.31"), NeighborState::Failed);
    let proxies: Vec<String> = all
        .iter()
        .filter(|one| one.proxy)
        .map(|one| one.ip.to_string())
        .collect();
    assert_eq!(proxies, ["192.168.7.30"]);
}

#[test]
fn forwarding_databases() {
    if !allowed() {
        return;
    }
    let made = node();
    made.script(
        0,
        "bridge fdb add 02:00:00:00:01:01 dev vx1 dst 192.168.7.2 self permanent
         bridge fdb append 00:00:00:00:00:00 dev vx1 dst 192.168.7.3 port 4789 vni 77 via up0
         bridge fdb add 02:00:00:00:01:02 dev pod0 master static
         bridge fdb add 02:00:00:00:01:03 dev port1 master permanent
         bridge fdb add 02:00:00:00:01:04 dev pod0 master dynamic",
    );
    let cluster = made.read();
    let all = host(&cluster).fdb.as_ref().unwrap();
    let read: Vec<String> = all.iter().map(|one| one.raw.clone()).collect();
    assert_eq!(read, lines(&made.tool(0, "bridge fdb")));
    let entry = |mac: &str| all.iter().find(|one| one.mac.to_string() == mac).unwrap();
    let flannel = entry("02:00:00:00:01:01");
    assert_eq!(
        (flannel.destination, flannel.master.as_deref()),
        (Some("192.168.7.2".parse().unwrap()), None)
    );
    let zero = entry("00:00:00:00:00:00");
    let found = (zero.destination, zero.port, zero.vni, zero.via.as_deref());
    assert_eq!(
        found,
        (
            Some("192.168.7.3".parse().unwrap()),
            Some(4789),
            Some(77),
            Some("up0")
        )
    );
    let port = entry("02:00:00:00:01:02");
    assert_eq!(
        (port.device.as_str(), port.master.as_deref()),
        ("pod0", Some("br0"))
    );
    assert!(!port.permanent && entry("02:00:00:00:01:03").permanent);
}

#[test]
fn sockets_of_the_namespace_and_no_other() {
    if !allowed() {
        return;
    }
    let made = node();
    // The thread, and so its sockets, are in the namespace.
    let path = made.path(0);
    let sockets = std::thread::spawn(move || {
        use nix::sched::{CloneFlags, setns};
        setns(std::fs::File::open(path).unwrap(), CloneFlags::CLONE_NEWNET).unwrap();
        let tcp = std::net::TcpListener::bind("192.168.7.1:8080").unwrap();
        let both = std::net::TcpListener::bind("[::]:8081").unwrap();
        let udp = std::net::UdpSocket::bind("0.0.0.0:53").unwrap();
        let only =
            socket2::Socket::new(socket2::Domain::IPV6, socket2::Type::STREAM, None).unwrap();
        only.set_only_v6(true).unwrap();
        only.bind(&"[::]:8082".parse::<std::net::SocketAddr>().unwrap().into())
            .unwrap();
        only.listen(7).unwrap();
        let bound =
            socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
        bound.bind_device(Some(b"up0")).unwrap();
        bound
            .bind(
                &"0.0.0.0:8083"
                    .parse::<std::net::SocketAddr>()
                    .unwrap()
                    .into(),
            )
            .unwrap();
        bound.listen(7).unwrap();
        (tcp, both, udp, only, bound)
    })
    .join()
    .unwrap();
    let cluster = made.read();
    let read: BTreeSet<String> = host(&cluster)
        .sockets
        .iter()
        .flatten()
        .map(|one| one.raw.clone())
        .collect();
    let printed: BTreeSet<String> = lines(&made.tool(0, "ss -H -lntu")).into_iter().collect();
    assert_eq!(read, printed);
    let at = |port: u16| {
        host(&cluster)
            .sockets
            .iter()
            .flatten()
            .find(|one| one.port == port)
            .unwrap()
    };
    assert_eq!(
        (at(8080).address, at(8080).state),
        (Some("192.168.7.1".parse().unwrap()), SocketState::Listen)
    );
    assert_eq!(at(8081).address, None);
    assert_eq!(at(8082).address, Some("::".parse().unwrap()));
    assert_eq!(at(8083).device.as_deref(), Some("up0"));
    assert_eq!(at(53).state, SocketState::Unconnected);
    assert_eq!(cluster.nodes[0].netns[1].sockets.as_ref().unwrap().len(), 0);
    drop(sockets);
}

#[test]
fn settings_of_the_namespace() {
    if !allowed() {
        return;
    }
    let made = node();
    made.script(
        0,
        "ip link add eth0.5 type veth peer name x5
         sysctl -w net.ipv4.ip_forward=1
         sysctl -w net.ipv4.conf.up0.rp_filter=2
         sysctl -w net.ipv4.conf.eth0/5.rp_filter=1",
    );
    let cluster = made.read();
    let sysctls = &host(&cluster).sysctls.as_ref().unwrap().0;
    assert_eq!(sysctls["net.ipv4.ip_forward"], "1");
    assert_eq!(sysctls["net.ipv4.conf.up0.rp_filter"], "2");
    assert_eq!(sysctls["net.ipv4.conf.eth0/5.rp_filter"], "1");
    assert_eq!(
        cluster.nodes[0].netns[1]
            .sysctls
            .as_ref()
            .unwrap()
            .get("net.ipv4.conf.up0.rp_filter"),
        None
    );
    let printed: BTreeMap<String, String> = made
        .tool(0, "sysctl -a -e")
        .lines()
        .filter_map(|line| line.split_once(" = "))
        .map(|(key, value)| (key.to_owned(), value.trim().to_owned()))
        .collect();
    // Counters move between two readings.
    let moves = |key: &str| key.ends_with("_count") || key.ends_with(".random.uuid");
    let mut compared = 0;
    for (key, value) in sysctls.iter().filter(|(key, _)| !moves(key)) {
        // Values of several lines are several lines there.
        if let Some(printed) = printed.get(key).filter(|_| !value.contains('\n')) {
            assert_eq!(value.trim(), printed, "{key}");
            compared += 1;
        }
    }
    for (key, value) in &printed {
        let wanted = ["net.ipv4.conf.", "net.ipv6.conf.", "net.bridge."]
            .iter()
            .any(|start| key.starts_with(start));
        assert!(
            !wanted || sysctls.contains_key(key),
            "{key} = {value} was not read"
        );
    }
    assert!(compared > 500, "only {compared} settings were compared");
}

#[test]
fn a_machine_is_its_host_and_its_named_namespaces() {
    if !allowed() {
        return;
    }
    let made = node();
    let machine = Machine::survey(&Default::default()).unwrap();
    let node = &machine.cluster().nodes[0];
    assert_eq!(node.name, run("hostname", &[]).trim());
    assert_eq!(node.netns[0].name, NetnsName::Host);
    let own: BTreeSet<String> = node.netns[0]
        .links
        .iter()
        .flatten()
        .map(|link| link.name.clone())
        .collect();
    let printed: Value = serde_json::from_str(&run("ip", &["-j", "link"])).unwrap();
    let printed: BTreeSet<String> = printed
        .as_array()
        .unwrap()
        .iter()
        .map(|link| text(link, "ifname").unwrap().to_owned())
        .collect();
    assert_eq!(own, printed);
    let pod = node
        .netns
        .iter()
        .find(|netns| netns.name == NetnsName::Named(made.name(1).to_owned()))
        .unwrap();
    assert!(pod.has_address("10.42.0.5".parse().unwrap()));
    // The survey is cheap: the rest is read when asked for.
    assert!(pod.routes4.is_none() && pod.iptables.is_empty());
}

/// (table, line) of every chain and rule that a save program prints, without counters.
fn saved(text: &str) -> Vec<(String, String)> {
    let mut table = "";
    let mut found = Vec::new();
    for line in text.lines() {
        if let Some(name) = line.strip_prefix('*') {
            table = name;
        } else if let Some(chain) = line.strip_prefix(':') {
            let words: Vec<&str> = chain.split(' ').collect();
            found.push((table.to_owned(), format!("chain {} {}", words[0], words[1])));
        } else if line.starts_with("-A ") {
            found.push((table.to_owned(), line.to_owned()));
        }
    }
    found.sort();
    found
}

/// The same as it was read.
fn read_rules(ruleset: &Ruleset) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for table in ruleset.tables() {
        let name = format!("{:?}", table.kind).to_lowercase();
        for chain in table.chains() {
            let policy = match chain.policy {
                Some(Policy::Accept) => "ACCEPT",
                Some(Policy::Drop) => "DROP",
                None => "-",
            };
            found.push((name.clone(), format!("chain {} {policy}", chain.name)));
            let rules = ruleset.rules(chain).iter();
            found.extend(rules.map(|rule| (name.clone(), ruleset.line(chain, rule).to_owned())));
        }
    }
    found.sort();
    found
}

#[test]
fn iptables_of_both_backends_and_families() {
    if !allowed() {
        return;
    }
    let made = node();
    made.script(
        0,
        "iptables-nft -t nat -N KUBE-SERVICES
         iptables-nft -t nat -A PREROUTING -m comment --comment services -j KUBE-SERVICES
         iptables-nft -t nat -A KUBE-SERVICES -d 10.43.0.1 -p tcp --dport 443 -m statistic --mode random --probability 0.5 -j DNAT --to-destination 10.42.0.5:6443
         iptables-nft -P FORWARD DROP
         ip6tables-nft -t mangle -A OUTPUT -p udp -j MARK --set-xmark 0x4000/0x4000
         iptables-legacy -t raw -A PREROUTING -s 10.9.0.0/16 -j DROP
         ip6tables-legacy -A INPUT -p tcp --dport 22 -j REJECT",
    );
    let cluster = made.read();
    let programs = [
        (Family::V4, Backend::Nft, "iptables-nft-save"),
        (Family::V4, Backend::Legacy, "iptables-legacy-save"),
        (Family::V6, Backend::Nft, "ip6tables-nft-save"),
        (Family::V6, Backend::Legacy, "ip6tables-legacy-save"),
    ];
    for (family, backend, program) in programs {
        let mut found = host(&cluster)
            .iptables
            .iter()
            .filter(|one| (one.family, one.backend) == (family, backend));
        let ruleset = found.next().unwrap();
        assert!(found.next().is_none());
        assert_eq!(ruleset.origin, program);
        let printed = saved(&made.tool(0, program));
        assert_eq!(read_rules(ruleset), printed);
        assert!(
            printed.iter().any(|(_, line)| line.starts_with("-A ")),
            "{program}: {printed:?}"
        );
    }
    let pod = &cluster.nodes[0].netns[1];
    assert_eq!(
        pod.iptables
            .iter()
            .map(|one| one.tables().len())
            .collect::<Vec<_>>(),
        [0, 0, 0, 0]
    );
    assert_eq!(
        host(&cluster).native_nft,
        Some(Vec::new()),
        "tables of iptables-nft are no native ones"
    );
}

#[test]
fn base_chains_of_native_nftables() {
    if !allowed() {
        return;
    }
    let made = node();
    made.script(
        0,
        "iptables-nft -A FORWARD -j ACCEPT
         nft add table inet own
         nft add chain inet own inbound { type filter hook input priority 10 ; policy drop ; }
         nft add chain inet own passing { type filter hook forward priority -5 ; }
         nft add chain inet own empty { type filter hook output priority 0 ; }
         nft add chain inet own plain
         nft add rule inet own plain accept
         nft add rule inet own passing ip daddr 10.0.0.1 drop
         nft add rule inet own passing jump plain
         nft add table ip nat2
         nft add chain ip nat2 post { type nat hook postrouting priority 100 ; }
         nft add rule ip nat2 post masquerade
         nft add table netdev dev
         nft add chain netdev dev arrival { type filter hook ingress device up0 priority 0 ; }
         nft add rule netdev dev arrival accept",
    );
    let cluster = made.read();
    let read: BTreeSet<String> = host(&cluster)
        .native_nft
        .iter()
        .flatten()
        .map(|chain| {
            format!(
                "{} {} {} {} {} {} {} {}",
                chain.family,
                chain.table,
                chain.chain,
                chain.kind,
                chain.hook,
                chain.priority,
                chain.policy,
                chain.rules
            )
        })
        .collect();
    let wanted = [
        "inet own inbound filter input 10 drop 0",
        "inet own passing filter forward -5 accept 2",
        "ip nat2 post nat postrouting 100 accept 1",
        "netdev dev arrival filter ingress 0 accept 1",
    ];
    assert_eq!(read, wanted.iter().map(|line| (*line).to_owned()).collect());
    assert_eq!(cluster.gaps, []);
}

#[test]
fn namespaces_of_pods_are_named_by_their_addresses() {
    if !allowed() {
        return;
    }
    let made = node();
    let namespaces = vec![
        (NetnsName::Host, made.path(0)),
        (NetnsName::Named("cni-1".to_owned()), made.path(1)),
    ];
    let mut machine =
        Machine::of_namespaces(&[("node1".to_owned(), namespaces)], Objects::default());
    let pod = |name: &str, ip: &str, host_network| Pod {
        namespace: "default".to_owned(),
        name: name.to_owned(),
        node: Some("node1".to_owned()),
        ips: vec![ip.parse().unwrap()],
        host_network,
        ..Pod::default()
    };
    let pods = vec![
        pod("proxy", "192.168.7.1", true),
        pod("web", "10.42.0.5", false),
        pod("gone", "10.42.0.6", false),
    ];
    machine.take_objects(Objects {
        pods,
        ..Objects::default()
    });
    let names: Vec<String> = machine.cluster().nodes[0]
        .netns
        .iter()
        .map(|netns| netns.name.to_string())
        .collect();
    assert_eq!(names, ["host", "pod:default/web"]);
    let host = machine.cluster().host("node1").unwrap();
    machine.complete(&[host]);
    let peers = &machine.cluster().netns(host).peers_by_nsid;
    assert_eq!(peers.len(), 1);
    assert_eq!(peers[0].1.to_string(), "pod:default/web");
}

/// A namespace in which nothing happens by itself: no IPv6, whose addresses and groups come and go for a while.
fn quiet() -> Namespaces {
    let made = Namespaces::new(2);
    let pod = made.name(1).to_owned();
    let silence = "sysctl -w net.ipv6.conf.default.disable_ipv6=1
                   sysctl -w net.ipv6.conf.all.disable_ipv6=1";
    made.script(0, silence);
    made.script(1, silence);
    made.script(
        0,
        &format!(
            "ip link set lo up
             ip link add br0 type bridge mcast_snooping 0
             ip link add pod0 type veth peer name eth0 netns {pod}
             ip link set pod0 master br0 up
             ip link set br0 up
             ip addr add 10.42.0.1/24 dev br0
             ip link add vx1 type vxlan id 1 local 10.42.0.1 dstport 8472 nolearning
             ip link set vx1 up
             ip route add 10.42.1.0/24 via 10.42.1.0 dev vx1 onlink
             ip neigh add 10.42.1.0 lladdr 02:00:00:00:00:24 dev vx1 nud permanent
             bridge fdb add 02:00:00:00:00:24 dev vx1 dst 192.168.7.3 self permanent
             ip rule add priority 100 fwmark 1 lookup 100"
        ),
    );
    made.script(1, "ip link set eth0 up");
    made
}

/// Everything that the tools can say of a namespace without making anything in it, a line each.
fn state(made: &Namespaces, at: usize) -> Vec<String> {
    let questions = [
        "cat /proc/net/ip_tables_names",
        "cat /proc/net/ip6_tables_names",
        "nft list ruleset",
        "ipset list -n",
        "ip link",
        "ip addr",
        "ip rule",
        "ip route show table all",
        "ip neigh show nud all",
        "ip netns list-id",
        "bridge -d link",
        "bridge fdb",
        "ss -H -antu",
        "sysctl -a -e --pattern ^net.(ipv4.conf|ipv4.ip_forward|bridge|ipv6.conf)",
    ];
    let lines = |question: &str| -> Vec<String> {
        made.tool(at, question)
            .lines()
            .map(|line| format!("{question}: {line}"))
            .collect()
    };
    questions
        .iter()
        .flat_map(|question| lines(question))
        .collect()
}

/// The lines that one of the two has and the other has not.
fn differences(before: &[String], after: &[String]) -> Vec<String> {
    let (before, after): (BTreeSet<_>, BTreeSet<_>) =
        (before.iter().collect(), after.iter().collect());
    before
        .symmetric_difference(&after)
        .map(|line| (*line).clone())
        .collect()
}

#[test]
fn reading_changes_nothing() {
    if !allowed() {
        return;
    }
    let made = quiet();
    let modules = || std::fs::read_to_string("/proc/modules").ok();
    let nothing: [String; 0] = [];
    let loaded = modules();
    for at in [0, 1] {
        let before = state(&made, at);
        assert!(
            !before.iter().any(|line| line.contains("tables_names: ")),
            "a legacy table is there already"
        );
        assert!(before.len() > 100);
        assert_eq!(made.read().gaps, []);
        assert_eq!(differences(&before, &state(&made, at)), nothing);
    }
    made.tool(0, "iptables-legacy -t nat -A OUTPUT -j ACCEPT");
    made.tool(0, "iptables-nft -A OUTPUT -j ACCEPT");
    let before = state(&made, 0);
    assert!(before.contains(&"cat /proc/net/ip_tables_names: nat".to_owned()));
    made.read();
    assert_eq!(differences(&before, &state(&made, 0)), nothing);
    assert_eq!(modules(), loaded);
}
