//! Random clusters: nodes, networks and pods.

use std::net::IpAddr;

use ipnet::IpNet;
use kubenet::lab::kube_proxy_nftables::Layout;
use kubenet::lab::spec::{Backend, IptablesBackend, Networks, Proxy, Spec};
use kubenet::model::{ContainerPort, Family, NodeObject, Objects, Pod, Protocol};

use crate::chance::Chance;
use crate::services;

/// The most nodes of a cluster.
const MOST_NODES: usize = 5;
/// The most pods of a node, besides those in its own namespace.
const MOST_PODS: usize = 3;

/// The port of every container that is called `web`.
pub const WEB: u16 = 7_080;
/// The port of every container that is called `dns`.
pub const DNS: u16 = 7_053;

/// The modes of kube-proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Iptables,
    Nftables,
    Ipvs,
}

impl Mode {
    fn proxy(self, chance: &mut Chance) -> Proxy {
        match self {
            Self::Iptables => Proxy::Iptables,
            Self::Nftables => Proxy::Nftables(chance.of(&[Layout::V1_30, Layout::V1_36])),
            Self::Ipvs => Proxy::Ipvs(chance.of(&SCHEDULERS).to_owned()),
        }
    }
}

/// Those whose choice does not hang on the connections that there are: many are made at once.
const SCHEDULERS: [&str; 6] = ["rr", "wrr", "sh", "dh", "mh", "fo"];

/// A cluster.
pub fn random(chance: &mut Chance, mode: Mode) -> Spec {
    let nodes = 1 + chance.below(MOST_NODES);
    let backend = chance.of(&[Backend::Vxlan, Backend::DirectRouting, Backend::HostGw]);
    // flannel's host-gw needs the other nodes to be its neighbours.
    let lans = match backend {
        Backend::HostGw => 1,
        _ if nodes > 1 && chance.once_in(2) => 2,
        _ => 1,
    };
    let families = chance.of(&[
        vec![Family::V4],
        vec![Family::V6],
        vec![Family::V4, Family::V6],
        vec![Family::V6, Family::V4],
    ]);
    let mut objects = Objects {
        nodes: (0..nodes)
            .map(|index| node(chance, &families, index, index % lans))
            .collect(),
        ..Objects::default()
    };
    objects.pods = pods(chance, &families, &objects.nodes);
    let networks: Vec<_> = families
        .iter()
        .map(|family| networks(*family, lans))
        .collect();
    services::add(chance, &mut objects, &networks);
    Spec {
        backend,
        iptables: chance.of(&[IptablesBackend::Nft, IptablesBackend::Legacy]),
        proxy: mode.proxy(chance),
        networks,
        vni: 1,
        vxlan_port: 8472,
        objects,
    }
}

/// The address of a family in which `low` is the last number and `high` one before it.
pub fn address(v4: [u8; 2], v6: [u16; 2], family: Family, high: usize, low: usize) -> IpAddr {
    match family {
        Family::V4 => IpAddr::from([v4[0], v4[1], high as u8, low as u8]),
        Family::V6 => IpAddr::from([v6[0], v6[1], 0, high as u16, 0, 0, 0, low as u16]),
    }
}

/// A host on a LAN.
pub fn on_lan(family: Family, lan: usize, number: usize) -> IpAddr {
    match family {
        Family::V4 => address([192, 168], [0, 0], family, 205 + lan, number),
        Family::V6 => address([0, 0], [0xfd00, 0x205], family, lan, number),
    }
}

fn in_pods(family: Family, node: usize, number: usize) -> IpAddr {
    address([10, 42], [0xfd00, 0x42], family, node, number)
}

fn networks(family: Family, lans: usize) -> Networks {
    let net = |ip: IpAddr, v4: u8, v6: u8| {
        let length = if family == Family::V4 { v4 } else { v6 };
        IpNet::new(ip, length).unwrap()
    };
    Networks {
        lans: (0..lans)
            .map(|lan| net(on_lan(family, lan, 1), 24, 64))
            .collect(),
        outside: address([203, 0], [0x2001, 0xdb8], family, 113, 10),
        cluster_cidr: net(in_pods(family, 0, 0), 16, 48),
        service_cidr: net(services::in_services(family, 0), 16, 112),
    }
}

fn node(chance: &mut Chance, families: &[Family], index: usize, lan: usize) -> NodeObject {
    let zones = [None, Some("zone-a"), Some("zone-a"), Some("zone-b")];
    let of_pods = |family: &Family| {
        let length = if *family == Family::V4 { 24 } else { 64 };
        IpNet::new(in_pods(*family, index, 0), length).unwrap()
    };
    NodeObject {
        name: format!("n{index}"),
        addresses: families
            .iter()
            .map(|family| on_lan(*family, lan, 10 + index))
            .collect(),
        pod_cidrs: families.iter().map(of_pods).collect(),
        zone: chance.of(&zones).map(str::to_owned),
        flannel: Vec::new(),
    }
}

/// Pods on every node, some with host ports, and on some nodes one in the node's own namespace.
fn pods(chance: &mut Chance, families: &[Family], nodes: &[NodeObject]) -> Vec<Pod> {
    let mut pods = Vec::new();
    for (index, node) in nodes.iter().enumerate() {
        let mut add = |name: String, ips: Vec<IpAddr>, host_network, ports| {
            pods.push(Pod {
                namespace: "default".to_owned(),
                name,
                node: Some(node.name.clone()),
                ips,
                host_network,
                uid: None,
                phase: Some("Running".to_owned()),
                labels: Vec::new(),
                ports,
            });
        };
        for number in 0..1 + chance.below(MOST_PODS) {
            let ips = families
                .iter()
                .map(|family| in_pods(*family, index, 2 + number));
            let ports = container_ports(chance, 8_100 + 10 * (index * MOST_PODS + number) as u16);
            add(format!("p{index}{number}"), ips.collect(), false, ports);
        }
        if chance.once_in(3) {
            add(
                format!("h{index}"),
                node.addresses.clone(),
                true,
                Vec::new(),
            );
        }
    }
    pods
}

/// Two ports with names; host ports begin at `first`.
fn container_ports(chance: &mut Chance, first: u16) -> Vec<ContainerPort> {
    let mut port = |name: &str, protocol, port, offset| ContainerPort {
        name: name.to_owned(),
        protocol,
        port,
        host_port: chance.once_in(4).then_some(first + offset),
    };
    vec![
        port("web", Protocol::Tcp, WEB, 0),
        port("dns", Protocol::Udp, DNS, 1),
    ]
}
