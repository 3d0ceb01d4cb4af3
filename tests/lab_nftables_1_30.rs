//! What the lab writes in the nftables layout of Kubernetes 1.30, of which there is no captured cluster, held against
//! what kube-proxy's own tests say it writes: the frame and a NodePort of IPv6 as its 1.30 has them
//! (pkg/proxy/nftables/helpers_test.go, `TestTracePacketV6`), and Services of each kind (proxier_test.go,
//! `TestOverallNFTablesRules`, which later versions print without the port of the first rule).

// A test that cannot go on says so by panicking.
#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};

use kubenet::lab::kube_proxy_nftables::{Layout, table};
use kubenet::lab::spec::{Backend, IptablesBackend, Networks, Proxy, Spec};
use kubenet::model::{
    Endpoint, EndpointSlice, Family, NodeObject, Objects, PortRef, Protocol, Service, ServicePort,
};

const NODE: &str = "test-node";

/// A Service that answers on TCP port 80, called p80.
fn service(namespace: &str, name: &str, ip: &str, node_port: Option<u16>) -> Service {
    Service {
        namespace: namespace.to_owned(),
        name: name.to_owned(),
        kind: "LoadBalancer".to_owned(),
        cluster_ips: vec![ip.parse().unwrap()],
        ports: vec![ServicePort {
            name: "p80".to_owned(),
            protocol: Protocol::Tcp,
            port: 80,
            target_port: PortRef::Number(80),
            node_port,
        }],
        ..Service::default()
    }
}

/// Its endpoints: addresses, and whether they are on the node.
fn endpoints(namespace: &str, service: &str, all: &[(&str, bool)]) -> EndpointSlice {
    let endpoint = |(ip, here): &(&str, bool)| Endpoint {
        addresses: vec![ip.parse().unwrap()],
        ready: true,
        serving: true,
        node: here.then(|| NODE.to_owned()),
        ..Endpoint::default()
    };
    EndpointSlice {
        namespace: namespace.to_owned(),
        service: service.to_owned(),
        ports: vec![("p80".to_owned(), Protocol::Tcp, 80)],
        endpoints: all.iter().map(endpoint).collect(),
    }
}

/// What one node's table holds: chains with their rules, sets and maps with their elements.
#[derive(Debug, Default)]
struct Table {
    chains: BTreeMap<String, Vec<String>>,
    sets: BTreeMap<String, BTreeSet<String>>,
}

impl Table {
    fn of(family: Family, networks: [&str; 5], objects: Objects) -> Self {
        let [lan, outside, cluster_cidr, service_cidr, address] = networks;
        let mut objects = objects;
        objects.nodes = vec![NodeObject {
            name: NODE.to_owned(),
            addresses: vec![address.parse().unwrap()],
            pod_cidrs: vec![cluster_cidr.parse().unwrap()],
            zone: None,
            flannel: Vec::new(),
        }];
        let spec = Spec {
            backend: Backend::HostGw,
            iptables: IptablesBackend::Nft,
            proxy: Proxy::Nftables(Layout::V1_30),
            networks: vec![Networks {
                lans: vec![lan.parse().unwrap()],
                outside: outside.parse().unwrap(),
                cluster_cidr: cluster_cidr.parse().unwrap(),
                service_cidr: service_cidr.parse().unwrap(),
            }],
            vni: 1,
            vxlan_port: 8472,
            objects,
        };
        let node = spec.node(NODE).unwrap();
        let text = table(&spec, &node, family, Layout::V1_30)
            .unwrap()
            .to_text();
        Self::read(&text)
    }

    fn read(text: &str) -> Self {
        let mut read = Self::default();
        let mut words = ("", String::new());
        for line in text.lines().map(str::trim) {
            match line.split_once(' ') {
                Some((kind @ ("chain" | "set" | "map"), rest)) if rest.ends_with('{') => {
                    let name = rest.trim_end_matches(" {").to_owned();
                    match kind {
                        "chain" => drop(read.chains.entry(name.clone()).or_default()),
                        _ => drop(read.sets.entry(name.clone()).or_default()),
                    }
                    words = (kind, name);
                }
                _ if line == "}" || line.starts_with("table ") => words.0 = "",
                _ => match words.0 {
                    "chain" => read.chains.get_mut(&words.1).unwrap().push(line.to_owned()),
                    "" => {}
                    _ => {
                        let elements = read.sets.get_mut(&words.1).unwrap();
                        if let Some(first) = line.strip_prefix("elements = { ") {
                            elements.insert(first.trim_end_matches([',', '}', ' ']).to_owned());
                        } else if !is_property(line) {
                            elements.insert(line.trim_end_matches([',', '}', ' ']).to_owned());
                        }
                    }
                },
            }
        }
        read
    }

    /// Holds chains against lines `CHAIN: RULE`, each chain's in their order.
    fn expect_rules(&self, lines: &str) {
        let mut expected: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for line in lines.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let (chain, rule) = line.split_once(": ").unwrap();
            expected.entry(chain).or_default().push(rule);
        }
        for (chain, rules) in &expected {
            assert_eq!(self.chains[*chain], *rules, "{chain}");
        }
    }

    /// Holds all elements against lines `SET: ELEMENT`.
    fn expect_elements(&self, lines: &str) {
        let expected: BTreeSet<String> = lines
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty())
            .map(str::to_owned)
            .collect();
        let ours: BTreeSet<String> = self
            .sets
            .iter()
            .flat_map(|(set, all)| all.iter().map(move |element| format!("{set}: {element}")))
            .collect();
        assert_eq!(ours, expected);
    }
}

fn is_property(line: &str) -> bool {
    let words = ["type ", "flags ", "comment ", "timeout ", "size "];
    words.iter().any(|word| line.starts_with(word))
}

#[test]
fn the_frame_and_a_node_port_over_ipv6() {
    let objects = Objects {
        services: vec![service("ns1", "svc1", "fd00:172:30::41", Some(3001))],
        endpoint_slices: vec![endpoints(
            "ns1",
            "svc1",
            &[("fd00:10:180::1", true), ("fd00:10:180::2:1", false)],
        )],
        ..Objects::default()
    };
    let networks = [
        "2001:db8::ffff/64",
        "2600:5200::1",
        "fd00:10::/64",
        "fd00:10:96::/112",
        "2001:db8::1",
    ];
    let table = Table::of(Family::V6, networks, objects);
    table.expect_rules(
        r#"
        cluster-ips-check: ip6 daddr @cluster-ips reject comment "Reject traffic to invalid ports of ClusterIPs"
        cluster-ips-check: ip6 daddr fd00:10:96::/112 drop comment "Drop traffic to unallocated ClusterIPs"
        endpoint-2CRNCTTE-ns1/svc1/tcp/p80__fd00.10.180..2.1/80: ip6 saddr fd00:10:180::2:1 jump mark-for-masquerade
        endpoint-2CRNCTTE-ns1/svc1/tcp/p80__fd00.10.180..2.1/80: meta l4proto tcp dnat to [fd00:10:180::2:1]:80
        endpoint-ZVRFLKHO-ns1/svc1/tcp/p80__fd00.10.180..1/80: ip6 saddr fd00:10:180::1 jump mark-for-masquerade
        endpoint-ZVRFLKHO-ns1/svc1/tcp/p80__fd00.10.180..1/80: meta l4proto tcp dnat to [fd00:10:180::1]:80
        external-ULMVA6XW-ns1/svc1/tcp/p80: jump mark-for-masquerade
        external-ULMVA6XW-ns1/svc1/tcp/p80: goto service-ULMVA6XW-ns1/svc1/tcp/p80
        filter-forward: type filter hook forward priority -110; policy accept;
        filter-forward: ct state new jump service-endpoints-check
        filter-forward: ct state new jump cluster-ips-check
        filter-input: type filter hook input priority -110; policy accept;
        filter-input: ct state new jump nodeport-endpoints-check
        filter-input: ct state new jump service-endpoints-check
        filter-output: type filter hook output priority -110; policy accept;
        filter-output: ct state new jump service-endpoints-check
        filter-output: ct state new jump firewall-check
        filter-output-post-dnat: type filter hook output priority -90; policy accept;
        filter-output-post-dnat: ct state new jump cluster-ips-check
        filter-prerouting: type filter hook prerouting priority dstnat - 10; policy accept;
        filter-prerouting: ct state new jump firewall-check
        firewall-check: ip6 daddr . meta l4proto . th dport vmap @firewall-ips
        mark-for-masquerade: meta mark set meta mark | 0x00004000
        masquerading: meta mark & 0x00004000 == 0x00000000 return
        masquerading: meta mark set meta mark ^ 0x00004000
        masquerading: masquerade fully-random
        nat-output: type nat hook output priority -100; policy accept;
        nat-output: jump services
        nat-postrouting: type nat hook postrouting priority srcnat; policy accept;
        nat-postrouting: jump masquerading
        nat-prerouting: type nat hook prerouting priority dstnat; policy accept;
        nat-prerouting: jump services
        nodeport-endpoints-check: ip6 daddr @nodeport-ips meta l4proto . th dport vmap @no-endpoint-nodeports
        reject-chain: reject
        service-ULMVA6XW-ns1/svc1/tcp/p80: ip6 daddr fd00:172:30::41 tcp dport 80 ip6 saddr != fd00:10::/64 jump mark-for-masquerade
        service-ULMVA6XW-ns1/svc1/tcp/p80: numgen random mod 2 vmap { 0 : goto endpoint-ZVRFLKHO-ns1/svc1/tcp/p80__fd00.10.180..1/80, 1 : goto endpoint-2CRNCTTE-ns1/svc1/tcp/p80__fd00.10.180..2.1/80 }
        service-endpoints-check: ip6 daddr . meta l4proto . th dport vmap @no-endpoint-services
        services: ip6 daddr . meta l4proto . th dport vmap @service-ips
        services: ip6 daddr @nodeport-ips meta l4proto . th dport vmap @service-nodeports
        "#,
    );
    assert_eq!(table.chains.len(), 20, "{:?}", table.chains.keys());
    table.expect_elements(
        "
        cluster-ips: fd00:172:30::41
        nodeport-ips: 2001:db8::1
        service-ips: fd00:172:30::41 . tcp . 80 : goto service-ULMVA6XW-ns1/svc1/tcp/p80
        service-nodeports: tcp . 3001 : goto external-ULMVA6XW-ns1/svc1/tcp/p80
        ",
    );
}

#[test]
fn services_of_each_kind() {
    let ips = |ips: &[&str]| ips.iter().map(|ip| ip.parse().unwrap()).collect();
    let local = Service {
        external_local: true,
        load_balancer_ips: ips(&["1.2.3.4"]),
        external_ips: ips(&["192.168.99.22"]),
        ..service("ns2", "svc2", "172.30.0.42", Some(3001))
    };
    let with_external_ip = Service {
        external_ips: ips(&["192.168.99.33"]),
        ..service("ns4", "svc4", "172.30.0.44", None)
    };
    let sticky = Service {
        load_balancer_ips: ips(&["5.6.7.8"]),
        source_ranges: vec!["203.0.113.0/25".parse().unwrap()],
        affinity_seconds: Some(10800),
        ..service("ns5", "svc5", "172.30.0.45", Some(3002))
    };
    let objects = Objects {
        services: vec![
            service("ns1", "svc1", "172.30.0.41", None),
            local,
            service("ns3", "svc3", "172.30.0.43", Some(3003)),
            with_external_ip,
            sticky,
            service("ns6", "svc6", "172.30.0.46", None),
        ],
        endpoint_slices: vec![
            endpoints("ns1", "svc1", &[("10.180.0.1", false)]),
            endpoints("ns2", "svc2", &[("10.180.0.2", false)]),
            endpoints("ns3", "svc3", &[("10.180.0.3", false)]),
            endpoints(
                "ns4",
                "svc4",
                &[("10.180.0.4", false), ("10.180.0.5", true)],
            ),
            endpoints("ns5", "svc5", &[("10.180.0.3", false)]),
        ],
        ..Objects::default()
    };
    let networks = [
        "192.168.0.1/24",
        "203.0.113.2",
        "10.0.0.0/8",
        "172.30.0.0/16",
        "192.168.0.2",
    ];
    let table = Table::of(Family::V4, networks, objects);
    table.expect_rules(
        r#"
        service-ULMVA6XW-ns1/svc1/tcp/p80: ip daddr 172.30.0.41 tcp dport 80 ip saddr != 10.0.0.0/8 jump mark-for-masquerade
        service-ULMVA6XW-ns1/svc1/tcp/p80: numgen random mod 1 vmap { 0 : goto endpoint-5OJB2KTY-ns1/svc1/tcp/p80__10.180.0.1/80 }
        endpoint-5OJB2KTY-ns1/svc1/tcp/p80__10.180.0.1/80: ip saddr 10.180.0.1 jump mark-for-masquerade
        endpoint-5OJB2KTY-ns1/svc1/tcp/p80__10.180.0.1/80: meta l4proto tcp dnat to 10.180.0.1:80
        service-42NFTM6N-ns2/svc2/tcp/p80: ip daddr 172.30.0.42 tcp dport 80 ip saddr != 10.0.0.0/8 jump mark-for-masquerade
        service-42NFTM6N-ns2/svc2/tcp/p80: numgen random mod 1 vmap { 0 : goto endpoint-SGOXE6O3-ns2/svc2/tcp/p80__10.180.0.2/80 }
        external-42NFTM6N-ns2/svc2/tcp/p80: ip saddr 10.0.0.0/8 goto service-42NFTM6N-ns2/svc2/tcp/p80 comment "short-circuit pod traffic"
        external-42NFTM6N-ns2/svc2/tcp/p80: fib saddr type local jump mark-for-masquerade comment "masquerade local traffic"
        external-42NFTM6N-ns2/svc2/tcp/p80: fib saddr type local goto service-42NFTM6N-ns2/svc2/tcp/p80 comment "short-circuit local traffic"
        endpoint-SGOXE6O3-ns2/svc2/tcp/p80__10.180.0.2/80: ip saddr 10.180.0.2 jump mark-for-masquerade
        endpoint-SGOXE6O3-ns2/svc2/tcp/p80__10.180.0.2/80: meta l4proto tcp dnat to 10.180.0.2:80
        service-4AT6LBPK-ns3/svc3/tcp/p80: ip daddr 172.30.0.43 tcp dport 80 ip saddr != 10.0.0.0/8 jump mark-for-masquerade
        service-4AT6LBPK-ns3/svc3/tcp/p80: numgen random mod 1 vmap { 0 : goto endpoint-UEIP74TE-ns3/svc3/tcp/p80__10.180.0.3/80 }
        external-4AT6LBPK-ns3/svc3/tcp/p80: jump mark-for-masquerade
        external-4AT6LBPK-ns3/svc3/tcp/p80: goto service-4AT6LBPK-ns3/svc3/tcp/p80
        service-LAUZTJTB-ns4/svc4/tcp/p80: ip daddr 172.30.0.44 tcp dport 80 ip saddr != 10.0.0.0/8 jump mark-for-masquerade
        service-LAUZTJTB-ns4/svc4/tcp/p80: numgen random mod 2 vmap { 0 : goto endpoint-UNZV3OEC-ns4/svc4/tcp/p80__10.180.0.4/80, 1 : goto endpoint-5RFCDDV7-ns4/svc4/tcp/p80__10.180.0.5/80 }
        external-LAUZTJTB-ns4/svc4/tcp/p80: jump mark-for-masquerade
        external-LAUZTJTB-ns4/svc4/tcp/p80: goto service-LAUZTJTB-ns4/svc4/tcp/p80
        service-HVFWP5L3-ns5/svc5/tcp/p80: ip daddr 172.30.0.45 tcp dport 80 ip saddr != 10.0.0.0/8 jump mark-for-masquerade
        service-HVFWP5L3-ns5/svc5/tcp/p80: ip saddr @affinity-GTK6MW7G-ns5/svc5/tcp/p80__10.180.0.3/80 goto endpoint-GTK6MW7G-ns5/svc5/tcp/p80__10.180.0.3/80
        service-HVFWP5L3-ns5/svc5/tcp/p80: numgen random mod 1 vmap { 0 : goto endpoint-GTK6MW7G-ns5/svc5/tcp/p80__10.180.0.3/80 }
        endpoint-GTK6MW7G-ns5/svc5/tcp/p80__10.180.0.3/80: ip saddr 10.180.0.3 jump mark-for-masquerade
        endpoint-GTK6MW7G-ns5/svc5/tcp/p80__10.180.0.3/80: update @affinity-GTK6MW7G-ns5/svc5/tcp/p80__10.180.0.3/80 { ip saddr }
        endpoint-GTK6MW7G-ns5/svc5/tcp/p80__10.180.0.3/80: meta l4proto tcp dnat to 10.180.0.3:80
        firewall-HVFWP5L3-ns5/svc5/tcp/p80: ip saddr != { 203.0.113.0/25 } drop
        "#,
    );
    table.expect_elements(
        r#"
        nodeport-ips: 192.168.0.2
        cluster-ips: 172.30.0.41
        cluster-ips: 172.30.0.42
        cluster-ips: 172.30.0.43
        cluster-ips: 172.30.0.44
        cluster-ips: 172.30.0.45
        cluster-ips: 172.30.0.46
        service-ips: 172.30.0.41 . tcp . 80 : goto service-ULMVA6XW-ns1/svc1/tcp/p80
        service-ips: 172.30.0.42 . tcp . 80 : goto service-42NFTM6N-ns2/svc2/tcp/p80
        service-ips: 192.168.99.22 . tcp . 80 : goto external-42NFTM6N-ns2/svc2/tcp/p80
        service-ips: 1.2.3.4 . tcp . 80 : goto external-42NFTM6N-ns2/svc2/tcp/p80
        service-ips: 172.30.0.43 . tcp . 80 : goto service-4AT6LBPK-ns3/svc3/tcp/p80
        service-ips: 172.30.0.44 . tcp . 80 : goto service-LAUZTJTB-ns4/svc4/tcp/p80
        service-ips: 192.168.99.33 . tcp . 80 : goto external-LAUZTJTB-ns4/svc4/tcp/p80
        service-ips: 172.30.0.45 . tcp . 80 : goto service-HVFWP5L3-ns5/svc5/tcp/p80
        service-ips: 5.6.7.8 . tcp . 80 : goto external-HVFWP5L3-ns5/svc5/tcp/p80
        service-nodeports: tcp . 3001 : goto external-42NFTM6N-ns2/svc2/tcp/p80
        service-nodeports: tcp . 3003 : goto external-4AT6LBPK-ns3/svc3/tcp/p80
        service-nodeports: tcp . 3002 : goto external-HVFWP5L3-ns5/svc5/tcp/p80
        no-endpoint-nodeports: tcp . 3001 comment "ns2/svc2:p80" : drop
        no-endpoint-services: 1.2.3.4 . tcp . 80 comment "ns2/svc2:p80" : drop
        no-endpoint-services: 192.168.99.22 . tcp . 80 comment "ns2/svc2:p80" : drop
        no-endpoint-services: 172.30.0.46 . tcp . 80 comment "ns6/svc6:p80" : goto reject-chain
        firewall-ips: 5.6.7.8 . tcp . 80 : goto firewall-HVFWP5L3-ns5/svc5/tcp/p80
        "#,
    );
}
