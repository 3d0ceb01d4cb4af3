//! Every file of real clusters' bundles gives what a second look at its JSON or its lines says, made here without the
//! readers under test.

#![allow(clippy::unwrap_used)]

mod bundle_support;

use std::collections::BTreeMap;
use std::net::IpAddr;

use bundle_support::captured::{archive, archives};
use bundle_support::{Files, fixture, namespace};
use kubenet::collect::bundle;
use kubenet::model::iptables::Backend;
use kubenet::model::nftables::{Policy, Ruleset};
use kubenet::model::{
    Cluster, Family, Forwarding, LinkKind, Netns, NetnsName, PortRef, Protocol, SetPart,
    SocketState, Takes,
};
use rstest::rstest;
use serde_json::Value;

/// A cluster read from its archive, and the files in it.
fn read(name: &str) -> (Cluster, Files) {
    let cluster = bundle::load(&[archive(name)]).unwrap();
    assert_eq!(
        bundle_support::gaps(&cluster),
        Vec::<String>::new(),
        "{name} is whole"
    );
    (cluster, fixture(name))
}

/// The namespaces in which a file is, with its text.
fn each<'a>(
    cluster: &'a Cluster,
    files: &'a Files,
    file: &'a str,
) -> impl Iterator<Item = (String, &'a Netns, &'a str)> {
    let found = files.iter().filter_map(move |(path, bytes)| {
        let folder = path.strip_suffix(file)?.strip_suffix('/')?;
        (path.starts_with("nodes/")).then(|| {
            (
                path.clone(),
                namespace(cluster, folder),
                std::str::from_utf8(bytes).unwrap(),
            )
        })
    });
    found.collect::<Vec<_>>().into_iter()
}

fn rows(text: &str) -> Vec<Value> {
    serde_json::from_str::<Value>(text)
        .unwrap()
        .as_array()
        .unwrap()
        .clone()
}

fn text<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value[key].as_str()
}

fn ip(value: &Value, key: &str) -> Option<IpAddr> {
    text(value, key).map(|text| text.parse().unwrap())
}

fn has(row: &Value, key: &str, word: &str) -> bool {
    row[key]
        .as_array()
        .is_some_and(|words| words.iter().any(|known| known == word))
}

#[rstest]
#[case("iptables-nft-vxlan")]
#[case("nftables-vxlan")]
#[case("ipvs-rr-vxlan")]
fn links_addresses_and_ports(#[case] name: &str) {
    let (cluster, files) = read(name);
    for (path, netns, json) in each(&cluster, &files, "links.json") {
        let links = netns.links.as_ref().unwrap();
        let rows = rows(json);
        assert_eq!(links.len(), rows.len(), "{path}");
        for (link, row) in links.iter().zip(&rows) {
            assert_eq!(u64::from(link.index), row["ifindex"], "{path}");
            assert_eq!(link.name, row["ifname"], "{path}");
            assert_eq!(u64::from(link.mtu), row["mtu"], "{path} {}", link.name);
            assert_eq!(link.up, has(row, "flags", "UP"), "{path} {}", link.name);
            assert_eq!(
                link.carrier,
                has(row, "flags", "LOWER_UP"),
                "{path} {}",
                link.name
            );
            assert_eq!(
                link.noarp,
                has(row, "flags", "NOARP"),
                "{path} {}",
                link.name
            );
            assert_eq!(
                link.master.as_deref(),
                text(row, "master"),
                "{path} {}",
                link.name
            );
            assert_eq!(
                link.peer_index.map(u64::from),
                row["link_index"].as_u64(),
                "{path}"
            );
            assert_eq!(
                link.peer_nsid.map(i64::from),
                row["link_netnsid"].as_i64(),
                "{path}"
            );
            let mac = link.mac.map(|mac| mac.to_string());
            let ethernet = text(row, "address").filter(|address| address.len() == 17);
            assert_eq!(mac.as_deref(), ethernet, "{path} {}", link.name);
            let info = &row["linkinfo"];
            match (&link.kind, text(info, "info_kind")) {
                (LinkKind::Loopback, None) => assert_eq!(row["link_type"], "loopback"),
                (LinkKind::Ipip(tunnel), Some("ipip")) => {
                    let data = &info["info_data"];
                    let proto = if tunnel.protocol == 4 { "ipip" } else { "any" };
                    assert_eq!(data["proto"], proto);
                    let end = |ip: Option<std::net::IpAddr>| match ip {
                        Some(ip) => ip.to_string(),
                        None => "any".to_owned(),
                    };
                    assert_eq!(data["local"], end(tunnel.local));
                    assert_eq!(data["remote"], end(tunnel.remote));
                    assert_eq!(data["pmtudisc"], tunnel.path_mtu);
                    assert_eq!(data["ttl"], tunnel.ttl);
                }
                (LinkKind::Veth, Some("veth")) | (LinkKind::Dummy, Some("dummy")) => {}
                (
                    LinkKind::Bridge {
                        vlan_filtering,
                        nf_call_iptables,
                        ..
                    },
                    Some("bridge"),
                ) => {
                    assert_eq!(
                        u64::from(*vlan_filtering),
                        info["info_data"]["vlan_filtering"]
                    );
                    assert_eq!(
                        u64::from(*nf_call_iptables),
                        info["info_data"]["nf_call_iptables"]
                    );
                }
                (LinkKind::Vxlan(vxlan), Some("vxlan")) => {
                    let data = &info["info_data"];
                    assert_eq!(u64::from(vxlan.vni), data["id"]);
                    assert_eq!(u64::from(vxlan.port), data["port"]);
                    assert_eq!(vxlan.learning, data["learning"]);
                    assert_eq!(vxlan.local, ip(data, "local").or(ip(data, "local6")));
                    assert_eq!(vxlan.lower.as_deref(), text(data, "link"));
                    assert_eq!(vxlan.port_range, None, "0 to 0 is the system's range");
                    assert!(vxlan.local.is_some() && !vxlan.external);
                }
                (kind, info) => panic!("{path} {}: {kind:?} of {info:?}", link.name),
            }
        }
    }
    for (path, netns, json) in each(&cluster, &files, "bridge-links.json") {
        let ports = netns
            .links
            .iter()
            .flatten()
            .filter(|link| link.port.is_some())
            .count();
        let rows = rows(json);
        assert_eq!(ports, rows.len(), "{path}");
        for row in rows {
            let port = netns
                .link(text(&row, "ifname").unwrap())
                .unwrap()
                .port
                .as_ref()
                .unwrap();
            assert_eq!(row["state"], "forwarding", "{path}");
            assert_eq!(port.state, 3, "{path}");
            assert_eq!(port.hairpin, row["hairpin"], "{path}");
            assert_eq!(port.isolated, row["isolated"], "{path}");
            assert_eq!(port.flood, row["flood"], "{path}");
            assert_eq!(port.learning, row["learning"], "{path}");
        }
    }
    for (path, netns, json) in each(&cluster, &files, "bridge-vlans.json") {
        for row in rows(json) {
            let link = netns.link(text(&row, "ifname").unwrap()).unwrap();
            let Some(port) = &link.port else { continue };
            let vlans = row["vlans"].as_array().unwrap();
            assert_eq!(port.vlans.len(), vlans.len(), "{path}");
            assert_eq!(u64::from(port.vlans[0].id), vlans[0]["vlan"], "{path}");
            assert_eq!(
                port.vlans[0].pvid,
                has(&vlans[0], "flags", "PVID"),
                "{path}"
            );
            assert_eq!(
                port.vlans[0].untagged,
                has(&vlans[0], "flags", "Egress Untagged"),
                "{path}"
            );
        }
    }
    for (path, netns, json) in each(&cluster, &files, "addrs.json") {
        let mut addresses = netns.addresses.as_ref().unwrap().iter();
        for row in rows(json) {
            for info in row["addr_info"].as_array().unwrap() {
                let address = addresses.next().unwrap();
                assert_eq!(address.device, row["ifname"], "{path}");
                assert_eq!(Some(address.ip), ip(info, "local"), "{path}");
                assert_eq!(
                    u64::from(address.prefix_length),
                    info["prefixlen"],
                    "{path}"
                );
                assert_eq!(address.broadcast, ip(info, "broadcast"), "{path}");
                let scope = format!("{:?}", address.scope).to_lowercase();
                assert_eq!(scope, info["scope"], "{path}");
                assert!(!address.secondary && !address.tentative && address.peer.is_none());
            }
        }
        assert!(addresses.next().is_none(), "{path}");
    }
}

#[rstest]
#[case("iptables-nft-vxlan")]
#[case("nftables-vxlan")]
#[case("ipvs-rr-vxlan")]
fn routes_rules_neighbors_and_fdb(#[case] name: &str) {
    let (cluster, files) = read(name);
    for family in [Family::V4, Family::V6] {
        let (file, rules_file) = match family {
            Family::V4 => ("routes4.json", "rules4.json"),
            Family::V6 => ("routes6.json", "rules6.json"),
        };
        for (path, netns, json) in each(&cluster, &files, file) {
            let rows: Vec<Value> = rows(json)
                .into_iter()
                // `ip route show table all` prints IPv6 too, of which every row has a preference.
                .filter(|row| (family == Family::V6) == row.get("pref").is_some())
                .collect();
            let routes = netns.routes(family).unwrap();
            assert_eq!(routes.len(), rows.len(), "{path}");
            for (route, row) in routes.iter().zip(&rows) {
                let length = route.destination.prefix_len();
                let shown = match text(row, "dst").unwrap() {
                    "default" => {
                        assert_eq!(length, 0, "{path}");
                        assert_eq!(Family::of(route.destination.addr()), family, "{path}");
                        None
                    }
                    shown if shown.contains('/') => Some(route.destination.to_string() == shown),
                    shown => Some(route.destination.addr().to_string() == shown && length >= 32),
                };
                assert_ne!(shown, Some(false), "{path}: {route:?}");
                let [hop] = route.next_hops.as_slice() else {
                    panic!("{path}: {route:?}")
                };
                assert_eq!(hop.gateway, ip(row, "gateway"), "{path}");
                assert_eq!(hop.device.as_deref(), text(row, "dev"), "{path}");
                assert_eq!(hop.onlink, has(row, "flags", "onlink"), "{path}");
                assert_eq!(route.preferred_source, ip(row, "prefsrc"), "{path}");
                assert_eq!(
                    u64::from(route.metric),
                    row["metric"].as_u64().unwrap_or(0),
                    "{path}"
                );
                assert_eq!(
                    route.table.to_string(),
                    text(row, "table").unwrap_or("main"),
                    "{path}"
                );
                assert_eq!(
                    route.kind.name(),
                    text(row, "type").unwrap_or("unicast"),
                    "{path}"
                );
                assert_eq!(
                    route.scope.name(),
                    text(row, "scope").unwrap_or("global"),
                    "{path}"
                );
            }
        }
        for (path, netns, json) in each(&cluster, &files, rules_file) {
            let rules = netns.rules(family).unwrap();
            let rows = rows(json);
            assert_eq!(rules.len(), rows.len(), "{path}");
            for (rule, row) in rules.iter().zip(&rows) {
                assert_eq!(u64::from(rule.priority), row["priority"], "{path}");
                let table = text(row, "table").unwrap();
                assert_eq!(
                    rule.raw,
                    format!("{}: from all lookup {table}", rule.priority)
                );
            }
        }
    }
    for (path, netns, json) in each(&cluster, &files, "neigh.json") {
        let rows = rows(json);
        let neighbors = netns.neighbors.as_ref().unwrap();
        assert_eq!(neighbors.len(), rows.len(), "{path}");
        for (neighbor, row) in neighbors.iter().zip(&rows) {
            assert_eq!(Some(neighbor.ip), ip(row, "dst"), "{path}");
            assert_eq!(neighbor.device, row["dev"], "{path}");
            assert_eq!(
                neighbor.mac.map(|mac| mac.to_string()).as_deref(),
                text(row, "lladdr")
            );
            assert!(
                has(row, "state", neighbor.state.name()),
                "{path}: {neighbor:?}"
            );
        }
    }
    for (path, netns, json) in each(&cluster, &files, "fdb.json") {
        let rows = rows(json);
        let fdb = netns.fdb.as_ref().unwrap();
        assert_eq!(fdb.len(), rows.len(), "{path}");
        for (entry, row) in fdb.iter().zip(&rows) {
            assert_eq!(entry.mac.to_string(), row["mac"], "{path}");
            assert_eq!(entry.device, row["ifname"], "{path}");
            assert_eq!(entry.destination, ip(row, "dst"), "{path}");
            assert_eq!(entry.master.as_deref(), text(row, "master"), "{path}");
            assert_eq!(entry.vlan.map(u64::from), row["vlan"].as_u64(), "{path}");
            assert_eq!(entry.permanent, row["state"] == "permanent", "{path}");
        }
    }
}

#[test]
fn evidence_is_what_the_tools_print() {
    let (cluster, _) = read("iptables-nft-vxlan");
    let host = namespace(&cluster, "nodes/master/host");
    let routes: Vec<_> = host
        .routes4
        .iter()
        .flatten()
        .map(|route| route.raw.as_str())
        .collect();
    assert!(
        routes.contains(&"10.42.2.0/24 via 10.42.2.0 dev flannel.1 onlink"),
        "{routes:#?}"
    );
    assert!(routes.contains(&"default via 192.168.205.1 dev enp0s1 proto static"));
    let neighbors: Vec<_> = host
        .neighbors
        .iter()
        .flatten()
        .map(|one| one.raw.as_str())
        .collect();
    assert!(neighbors.contains(&"10.42.2.0 dev flannel.1 lladdr 2e:1b:66:c7:30:af PERMANENT"));
    assert!(
        neighbors.contains(&"fd00:205::5 dev enp0s1 lladdr 08:00:27:aa:00:05 router REACHABLE")
    );
    let fdb: Vec<_> = host
        .fdb
        .iter()
        .flatten()
        .map(|entry| entry.raw.as_str())
        .collect();
    assert!(fdb.contains(&"2e:1b:66:c7:30:af dev flannel.1 dst 192.168.205.5 self permanent"));
}

#[rstest]
#[case("iptables-nft-vxlan")]
#[case("nftables-vxlan")]
#[case("ipvs-rr-vxlan")]
fn settings_connections_and_sockets(#[case] name: &str) {
    let (cluster, files) = read(name);
    for (path, netns, lines) in each(&cluster, &files, "sysctl.txt") {
        let settings = netns.sysctls.as_ref().unwrap();
        for line in lines.lines() {
            let (key, value) = line.split_once(" = ").unwrap();
            assert_eq!(settings.get(key), Some(value.trim()), "{path}: {line}");
        }
        assert_eq!(settings.0.len(), lines.lines().count(), "{path}");
    }
    for (path, netns, lines) in each(&cluster, &files, "conntrack.txt") {
        let other = path.replace("conntrack.txt", "conntrack6.txt");
        let six = files
            .get(&other)
            .map(|bytes| String::from_utf8_lossy(bytes).into_owned());
        let from_four = |line: &&str| six.is_none() || line.starts_with("ipv4 ");
        let six = six.clone().unwrap_or_default();
        let wanted: Vec<&str> = lines.lines().filter(from_four).chain(six.lines()).collect();
        let entries = netns.conntrack.as_ref().unwrap();
        assert_eq!(entries.len(), wanted.len(), "{path}");
        for (entry, line) in entries.iter().zip(wanted) {
            assert_eq!(entry.raw, line);
            let values = |key: &str| -> Vec<&str> {
                let words = line.split_whitespace();
                words
                    .filter_map(|word| word.strip_prefix(key)?.strip_prefix('='))
                    .collect()
            };
            let ends = [entry.original.source, entry.reply.source].map(|ip| ip.to_string());
            assert_eq!(values("src"), ends);
            let ends = [entry.original.destination, entry.reply.destination];
            assert_eq!(values("dst"), ends.map(|ip| ip.to_string()));
            if entry.original.protocol.has_ports() {
                let ports = [entry.original.source_port, entry.reply.source_port];
                assert_eq!(values("sport"), ports.map(|port| port.to_string()));
                let ports = [
                    entry.original.destination_port,
                    entry.reply.destination_port,
                ];
                assert_eq!(values("dport"), ports.map(|port| port.to_string()));
            }
            assert_eq!(entry.state.seen_reply, !line.contains("[UNREPLIED]"));
            assert_eq!(entry.state.assured, line.contains("[ASSURED]"));
            let number = entry
                .original
                .protocol
                .number(Family::of(entry.original.source));
            assert_eq!(
                line.split_whitespace().nth(3),
                Some(number.to_string().as_str())
            );
            let is_tcp = entry.original.protocol == Protocol::Tcp;
            assert_eq!(is_tcp, entry.state.protocol_state.is_some(), "{line}");
        }
    }
    for (path, netns, lines) in each(&cluster, &files, "sockets.txt") {
        let sockets = netns.sockets.as_ref().unwrap();
        let wanted: Vec<&str> = lines
            .lines()
            .filter(|line| line.contains(" LISTEN ") || line.contains(" UNCONN "))
            .collect();
        assert_eq!(sockets.len(), wanted.len(), "{path}");
        for (socket, line) in sockets.iter().zip(wanted) {
            let words: Vec<&str> = line.split_whitespace().collect();
            assert_eq!(socket.protocol.to_string(), words[0]);
            assert_eq!(socket.state == SocketState::Listen, words[1] == "LISTEN");
            let shown = match socket.address {
                None => "*".to_owned(),
                Some(IpAddr::V6(ip)) => format!("[{ip}]"),
                Some(ip) => ip.to_string(),
            };
            assert_eq!(format!("{shown}:{}", socket.port), words[4]);
        }
    }
    for (path, netns, env) in each(&cluster, &files, "flannel-subnet.env") {
        let written: Vec<String> = netns
            .flannel
            .subnet_env
            .iter()
            .map(|(key, value)| format!("{key}={value}"))
            .collect();
        assert_eq!(written, env.lines().collect::<Vec<_>>(), "{path}");
    }
    for (path, netns, json) in each(&cluster, &files, "flannel-net-conf.json") {
        assert_eq!(netns.flannel.net_conf.as_deref(), Some(json), "{path}");
    }
}

#[test]
fn sets_and_virtual_servers() {
    let (cluster, files) = read("ipvs-rr-vxlan");
    for (path, netns, lines) in each(&cluster, &files, "ipset.txt") {
        let sets = netns.ipsets.as_ref().unwrap();
        let created = lines
            .lines()
            .filter(|line| line.starts_with("create "))
            .count();
        assert_eq!(sets.len(), created, "{path}");
        assert!(created > 20, "{path}");
        for set in sets {
            let prefix = format!("add {} ", set.name);
            let added: Vec<&str> = lines
                .lines()
                .filter(|line| line.starts_with(&prefix))
                .collect();
            let read: Vec<&str> = set.elements.iter().map(|one| one.raw.as_str()).collect();
            assert_eq!(read, added, "{path}");
            let header = lines
                .lines()
                .find(|line| line.starts_with(&format!("create {} ", set.name)));
            assert_eq!(set.ipv6, header.unwrap().contains("family inet6"));
            for element in &set.elements {
                assert_eq!(
                    element.parts.len(),
                    set.kind.split(',').count(),
                    "{}",
                    element.raw
                );
                let shown: Vec<String> = element.parts.iter().map(show).collect();
                assert_eq!(element.raw, format!("{prefix}{}", shown.join(",")));
            }
        }
    }
    for (path, netns, lines) in each(&cluster, &files, "ipvs.txt") {
        let services = netns.virtual_servers.as_ref().unwrap();
        let mut wanted = lines.lines();
        for service in services {
            let Takes::Address { protocol, address } = service.takes else {
                panic!("{:?}", service.takes);
            };
            let flag = match protocol {
                Protocol::Tcp => "-t",
                Protocol::Udp => "-u",
                Protocol::Sctp => "--sctp-service",
                other => panic!("{other}"),
            };
            let mut line = format!("-A {flag} {address} -s {}", service.scheduler);
            if let Some(kept) = service.persistence {
                line.push_str(&format!(" -p {}", kept.timeout.unwrap()));
            }
            assert_eq!(wanted.next(), Some(line.as_str()), "{path}");
            for server in &service.servers {
                assert_eq!(server.forwarding, Forwarding::Masquerading);
                let (server, weight) = (server.address, server.weight);
                let line = format!("-a {flag} {address} -r {server} -m -w {weight}");
                assert_eq!(wanted.next(), Some(line.as_str()), "{path}");
            }
        }
        assert_eq!(wanted.next(), None, "{path}");
    }
    for (path, netns, lines) in each(&cluster, &files, "ipvs-conns.txt") {
        let mut wanted = lines.lines().skip(2);
        for one in netns.ipvs_connections.as_ref().unwrap() {
            let line = wanted.next().unwrap();
            let words: Vec<&str> = line.split_whitespace().collect();
            let shown = [
                one.protocol.to_string().to_uppercase(),
                format!("{:02}:{:02}", one.expires / 60, one.expires % 60),
                one.state.clone(),
                one.client.to_string(),
                one.to.to_string(),
                one.server.to_string(),
            ];
            assert_eq!(shown, words.as_slice(), "{path}");
        }
        assert_eq!(wanted.next(), None, "{path}");
    }
}

fn show(part: &SetPart) -> String {
    match part {
        SetPart::Net(net) if net.prefix_len() == net.max_prefix_len() => net.addr().to_string(),
        SetPart::Net(net) => net.to_string(),
        SetPart::Port {
            protocol: Some(protocol),
            first,
            ..
        } => format!("{protocol}:{first}"),
        SetPart::Port {
            protocol: None,
            first,
            ..
        } => first.to_string(),
        other => panic!("{other:?} is in no set of kube-proxy"),
    }
}

/// Base chains by (family, table), of the tables that iptables does not own, with rules in them or a policy of drop.
fn native_chains(nft: &str, iptables: [&str; 2]) -> BTreeMap<(String, String, String), usize> {
    let objects = serde_json::from_str::<Value>(nft).unwrap()["nftables"]
        .as_array()
        .unwrap()
        .clone();
    let owned = |chain: &Value| {
        let saved = match text(chain, "family") {
            Some("ip") => iptables[0],
            Some("ip6") => iptables[1],
            _ => "",
        };
        saved
            .lines()
            .any(|line| line.strip_prefix('*') == text(chain, "table"))
    };
    let mut chains = BTreeMap::new();
    for chain in objects.iter().map(|object| &object["chain"]) {
        if chain["hook"].is_string() && !owned(chain) {
            let same = |rule: &&Value| {
                ["family", "table"]
                    .iter()
                    .all(|key| rule[*key] == chain[*key])
                    && rule["chain"] == chain["name"]
            };
            let rules = objects
                .iter()
                .map(|object| &object["rule"])
                .filter(same)
                .count();
            if rules > 0 || chain["policy"] == "drop" {
                let key =
                    ["family", "table", "name"].map(|key| text(chain, key).unwrap().to_owned());
                chains.insert(key.into(), rules);
            }
        }
    }
    chains
}

#[rstest]
#[case("iptables-nft-vxlan", false)]
#[case("nftables-vxlan", true)]
#[case("ipvs-rr-vxlan", false)]
fn filters(#[case] name: &str, #[case] native: bool) {
    let (cluster, files) = read(name);
    for (path, netns, nft) in each(&cluster, &files, "nft.json") {
        let saved = ["iptables-save.txt", "ip6tables-save.txt"].map(|file| {
            let bytes = files
                .get(&path.replace("nft.json", file))
                .cloned()
                .unwrap_or_default();
            String::from_utf8(bytes).unwrap()
        });
        let wanted = native_chains(nft, [&saved[0], &saved[1]]);
        let read: BTreeMap<_, _> = netns
            .nftables
            .iter()
            .flat_map(Ruleset::base_chains)
            .filter(|(_, chain, base)| !chain.rules.is_empty() || base.policy == Policy::Drop)
            .map(|(table, chain, _)| {
                let names = [table.family.name(), &table.name, &chain.name];
                (names.map(str::to_owned).into(), chain.rules.len())
            })
            .collect();
        assert_eq!(read, wanted, "{path}");
        let is_host = netns.name == NetnsName::Host;
        assert_eq!(!wanted.is_empty(), native && is_host, "{path}");
        // A node's own dumps, or that nft shows no table of iptables: one of each family either way.
        assert_eq!(netns.iptables.len(), 2, "{path}");
        for (ruleset, text) in netns.iptables.iter().zip(&saved) {
            assert_eq!(ruleset.backend, Backend::Nft);
            let tables = text.lines().filter(|line| line.starts_with('*')).count();
            assert_eq!(ruleset.tables().len(), tables, "{path}");
        }
    }
}

/// The tables of iptables-nft are told by their looks where `iptables-save` was not read.
#[test]
fn tables_of_iptables_are_known_without_iptables_save() {
    let mut files = fixture("iptables-nft-vxlan");
    files.retain(|path, _| !path.ends_with("tables-save.txt"));
    let cluster = bundle_support::load(&files);
    let host = namespace(&cluster, "nodes/node1/host");
    assert!(host.iptables.is_empty());
    let native = host.nftables.as_ref().map(|one| one.base_chains().count());
    assert_eq!(native, Some(0));
}

#[test]
fn both_backends_are_kept_apart() {
    let (cluster, _) = read("faults/45-B11-legacy-drop-node1");
    let host = namespace(&cluster, "nodes/node1/host");
    let read: Vec<_> = host
        .iptables
        .iter()
        .map(|one| (one.family, one.backend))
        .collect();
    let wanted = [
        (Family::V4, Backend::Nft),
        (Family::V6, Backend::Nft),
        (Family::V4, Backend::Legacy),
    ];
    assert_eq!(read, wanted);
}

#[rstest]
#[case("iptables-nft-vxlan")]
#[case("ipvs-rr-vxlan")]
fn objects(#[case] name: &str) {
    let (cluster, files) = read(name);
    let items = |file: &str| -> Vec<Value> {
        let list: Value = serde_json::from_slice(&files[&format!("k8s/{file}.json")]).unwrap();
        list["items"].as_array().unwrap().clone()
    };
    let objects = &cluster.objects;
    let pods = items("pods");
    assert_eq!(objects.pods.len(), pods.len());
    for (pod, item) in objects.pods.iter().zip(&pods) {
        assert_eq!(pod.name, item["metadata"]["name"]);
        assert_eq!(pod.namespace, item["metadata"]["namespace"]);
        assert_eq!(pod.node.as_deref(), text(&item["spec"], "nodeName"));
        let ips = item["status"]["podIPs"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let ips: Vec<IpAddr> = ips.iter().filter_map(|entry| ip(entry, "ip")).collect();
        assert_eq!(pod.ips, ips);
        assert_eq!(pod.host_network, item["spec"]["hostNetwork"] == true);
        assert_eq!(pod.phase.as_deref(), text(&item["status"], "phase"));
        let containers = item["spec"]["containers"].as_array().unwrap();
        let ports = containers
            .iter()
            .filter_map(|one| one["ports"].as_array())
            .flatten();
        assert_eq!(pod.ports.len(), ports.clone().count());
        for (port, item) in pod.ports.iter().zip(ports) {
            assert_eq!(u64::from(port.port), item["containerPort"]);
            assert_eq!(port.name, text(item, "name").unwrap_or(""));
            assert_eq!(port.host_port.map(u64::from), item["hostPort"].as_u64());
        }
    }
    let services = items("services");
    assert_eq!(objects.services.len(), services.len());
    for (service, item) in objects.services.iter().zip(&services) {
        let spec = &item["spec"];
        assert_eq!(service.name, item["metadata"]["name"]);
        assert_eq!(service.kind, spec["type"]);
        assert_eq!(service.headless, spec["clusterIP"] == "None");
        if service.kind == "ExternalName" {
            assert_eq!(service.external_name.as_deref(), text(spec, "externalName"));
        } else if !service.headless {
            let ips: Vec<String> = service
                .cluster_ips
                .iter()
                .map(ToString::to_string)
                .collect();
            assert_eq!(serde_json::json!(ips), spec["clusterIPs"]);
        }
        assert_eq!(
            service.external_local,
            spec["externalTrafficPolicy"] == "Local"
        );
        assert_eq!(
            service.internal_local,
            spec["internalTrafficPolicy"] == "Local"
        );
        let affinity = &spec["sessionAffinityConfig"]["clientIP"]["timeoutSeconds"];
        assert_eq!(service.affinity_seconds.map(u64::from), affinity.as_u64());
        let ports = spec["ports"].as_array().cloned().unwrap_or_default();
        assert_eq!(service.ports.len(), ports.len());
        for (port, item) in service.ports.iter().zip(&ports) {
            assert_eq!(u64::from(port.port), item["port"]);
            assert_eq!(port.node_port.map(u64::from), item["nodePort"].as_u64());
            assert_eq!(port.protocol.to_string().to_uppercase(), item["protocol"]);
            match &port.target_port {
                PortRef::Number(number) => assert_eq!(u64::from(*number), item["targetPort"]),
                PortRef::Name(name) => assert_eq!(*name, item["targetPort"]),
            }
        }
    }
    let slices = items("endpointslices");
    assert_eq!(objects.endpoint_slices.len(), slices.len());
    for (slice, item) in objects.endpoint_slices.iter().zip(&slices) {
        assert_eq!(
            slice.service,
            item["metadata"]["labels"]["kubernetes.io/service-name"]
        );
        let endpoints = item["endpoints"].as_array().cloned().unwrap_or_default();
        assert_eq!(slice.endpoints.len(), endpoints.len());
        for (endpoint, item) in slice.endpoints.iter().zip(&endpoints) {
            let ips: Vec<String> = endpoint.addresses.iter().map(ToString::to_string).collect();
            assert_eq!(serde_json::json!(ips), item["addresses"]);
            assert_eq!(endpoint.ready, item["conditions"]["ready"]);
            assert_eq!(
                endpoint.terminating,
                item["conditions"]["terminating"] == true
            );
            assert_eq!(endpoint.node.as_deref(), text(item, "nodeName"));
            let pod = endpoint.pod.as_ref().map(|(_, name)| name.as_str());
            assert_eq!(pod, text(&item["targetRef"], "name"));
        }
    }
    let nodes = items("nodes");
    assert_eq!(objects.nodes.len(), nodes.len());
    for (node, item) in objects.nodes.iter().zip(&nodes) {
        assert_eq!(node.name, item["metadata"]["name"]);
        let cidrs: Vec<String> = node.pod_cidrs.iter().map(ToString::to_string).collect();
        assert_eq!(serde_json::json!(cidrs), item["spec"]["podCIDRs"]);
        assert!(
            node.addresses
                .contains(&ip(&item["status"]["addresses"][0], "address").unwrap())
        );
        assert!(
            node.flannel
                .iter()
                .any(|(key, value)| key == "backend-type" && value == "vxlan")
        );
    }
}

/// A veth's peer in another namespace is found, and it is the pod whose address the bridge has learnt there.
#[test]
fn peers_are_the_pods_behind_the_bridge() {
    let (cluster, _) = read("iptables-nft-vxlan");
    for node in &cluster.nodes {
        let host = &node.netns[0];
        let mut checked = 0;
        for port in host
            .links
            .iter()
            .flatten()
            .filter(|link| link.port.is_some())
        {
            let id = port.peer_nsid.unwrap();
            let (_, name) = host
                .peers_by_nsid
                .iter()
                .find(|(known, _)| *known == id)
                .unwrap();
            let pod = node.netns.iter().find(|netns| netns.name == *name).unwrap();
            assert_eq!(pod.peers_by_nsid, [(0, NetnsName::Host)]);
            let mac = pod.link("eth0").unwrap().mac.unwrap();
            let learnt = host
                .fdb
                .iter()
                .flatten()
                .any(|entry| entry.mac == mac && entry.device == port.name);
            checked += usize::from(learnt);
            let elsewhere = host
                .fdb
                .iter()
                .flatten()
                .any(|entry| entry.mac == mac && entry.device != port.name);
            assert!(!elsewhere, "{name} is behind another port");
        }
        assert!(checked >= 3, "{}: the bridge had learnt pods", node.name);
        assert_eq!(host.peers_by_nsid.len(), node.netns.len() - 1);
    }
}

#[test]
fn clusters_with_a_fault_are_read_whole() {
    let mut count = 0;
    for path in archives() {
        if path
            .parent()
            .is_some_and(|folder| folder.ends_with("faults"))
        {
            let cluster = bundle::load(std::slice::from_ref(&path)).unwrap();
            assert_eq!(
                bundle_support::gaps(&cluster),
                Vec::<String>::new(),
                "{}",
                path.display()
            );
            assert_eq!(cluster.nodes.len(), 3, "{}", path.display());
            count += 1;
        }
    }
    assert_eq!(count, 8);
}
