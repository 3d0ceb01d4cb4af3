//! Random Services of all kinds, with their endpoints.

use std::net::IpAddr;

use ipnet::IpNet;
use kubenet::lab::spec::Networks;
use kubenet::model::{
    Endpoint, EndpointSlice, Family, Objects, Pod, PortRef, Protocol, Service, ServicePort,
};

use crate::chance::Chance;
use crate::cluster::{DNS, WEB, address};

/// The most Services of a cluster.
const MOST_SERVICES: usize = 6;
/// The most endpoints of a Service.
const MOST_ENDPOINTS: usize = 5;

/// An address of the Service range.
pub fn in_services(family: Family, number: usize) -> IpAddr {
    address([10, 43], [0xfd00, 0x43], family, 0, number)
}

/// Adds some Services. The first address of the range is the API server's, as everywhere.
pub fn add(chance: &mut Chance, objects: &mut Objects, networks: &[Networks]) {
    let families: Vec<_> = networks.iter().map(Networks::family).collect();
    add_api_server(objects, &families);
    for number in 0..2 + chance.below(MOST_SERVICES - 1) {
        let mut of = families.clone();
        if of.len() > 1 && chance.once_in(3) {
            of.remove(chance.below(of.len()));
        }
        let service = service(chance, &of, networks, number);
        let endpoints = endpoints(chance, objects, networks, &service);
        let slices: Vec<_> = of
            .into_iter()
            .map(|family| slice(chance, family, &service, &endpoints))
            .collect();
        objects.endpoint_slices.extend(slices);
        objects.services.push(service);
    }
}

fn add_api_server(objects: &mut Objects, families: &[Family]) {
    let family = families[0];
    let port = |target| ServicePort {
        name: "https".to_owned(),
        protocol: Protocol::Tcp,
        port: 443,
        target_port: PortRef::Number(target),
        node_port: None,
    };
    objects.services.push(Service {
        namespace: "default".to_owned(),
        name: "kubernetes".to_owned(),
        kind: "ClusterIP".to_owned(),
        cluster_ips: vec![in_services(family, 1)],
        ports: vec![port(6443)],
        ..Service::default()
    });
    let first = objects.nodes[0].addresses.iter();
    let ip = first.copied().find(|ip| Family::of(*ip) == family);
    objects.endpoint_slices.push(EndpointSlice {
        namespace: "default".to_owned(),
        service: "kubernetes".to_owned(),
        ports: vec![("https".to_owned(), Protocol::Tcp, 6443)],
        endpoints: vec![Endpoint {
            addresses: ip.into_iter().collect(),
            ready: true,
            serving: true,
            ..Endpoint::default()
        }],
    });
}

fn service(
    chance: &mut Chance,
    families: &[Family],
    networks: &[Networks],
    number: usize,
) -> Service {
    let kind = chance.of(&["ClusterIP", "ClusterIP", "NodePort", "LoadBalancer"]);
    let headless = kind == "ClusterIP" && chance.once_in(8);
    let exposed = kind == "NodePort" || kind == "LoadBalancer" && !chance.once_in(4);
    let count = 1 + chance.below(2);
    let ports: Vec<_> = (0..count)
        .map(|index| {
            let target = PortRef::Number(8_000 + (10 * number + index) as u16);
            let (protocol, target_port) = match chance.below(10) {
                0 => (Protocol::Sctp, target),
                1 | 2 => (Protocol::Udp, target),
                3 => (Protocol::Udp, PortRef::Name("dns".to_owned())),
                4 => (Protocol::Tcp, PortRef::Name("web".to_owned())),
                _ => (Protocol::Tcp, target),
            };
            ServicePort {
                name: if count > 1 {
                    format!("port-{index}")
                } else {
                    String::new()
                },
                protocol,
                port: 80 + index as u16,
                target_port,
                node_port: exposed.then_some(30_000 + (10 * number + index) as u16),
            }
        })
        .collect();
    let mut service = Service {
        namespace: chance.of(&["default", "shop"]).to_owned(),
        name: format!("s{number}"),
        kind: kind.to_owned(),
        headless,
        ports,
        internal_local: !headless && chance.once_in(5),
        affinity_seconds: (!headless && chance.once_in(5)).then_some(10_800),
        ..Service::default()
    };
    if headless {
        return service;
    }
    service.cluster_ips = families
        .iter()
        .map(|family| in_services(*family, 16 + number))
        .collect();
    if chance.once_in(4) {
        let ips = families.iter();
        let external = |family: &Family| address([198, 51], [0x2001, 0xdb8], *family, 100, number);
        service.external_ips = ips.map(external).collect();
    }
    if kind == "LoadBalancer" {
        expose_by_balancer(chance, &mut service, families, networks, number);
    }
    let external = kind != "ClusterIP" || !service.external_ips.is_empty();
    service.external_local = external && chance.once_in(3);
    if kind == "LoadBalancer" && service.external_local {
        service.health_check_node_port = Some(31_000 + number as u16);
    }
    service
}

fn expose_by_balancer(
    chance: &mut Chance,
    service: &mut Service,
    families: &[Family],
    networks: &[Networks],
    number: usize,
) {
    let balancer = |family: &Family| address([198, 18], [0x2001, 0xdb8], *family, 200, number);
    service.load_balancer_ips = families.iter().map(balancer).collect();
    if chance.once_in(4) {
        service.load_balancer_proxy_ips = service.load_balancer_ips.clone();
    }
    if chance.once_in(3) {
        let networks = chance.of(networks);
        let everything = match networks.family() {
            Family::V4 => "0.0.0.0/0".parse().unwrap(),
            Family::V6 => "::/0".parse().unwrap(),
        };
        let mut ranges: Vec<IpNet> = vec![
            networks.outside.into(),
            networks.lans[0].trunc(),
            networks.cluster_cidr,
            everything,
        ];
        service.source_ranges = vec![ranges.remove(chance.below(ranges.len()))];
    }
}

/// Who serves: pods, hosts' pods, or for a Service without selector the host outside.
struct Server<'a> {
    ips: Vec<IpAddr>,
    pod: Option<&'a Pod>,
    ready: bool,
    ends: bool,
}

fn endpoints<'a>(
    chance: &mut Chance,
    objects: &'a Objects,
    networks: &[Networks],
    service: &Service,
) -> Vec<Server<'a>> {
    if !service.headless && chance.once_in(10) {
        return vec![Server {
            ips: networks.iter().map(|networks| networks.outside).collect(),
            pod: None,
            ready: true,
            ends: false,
        }];
    }
    let mut pods: Vec<_> = objects.pods.iter().collect();
    let count = chance.below(MOST_ENDPOINTS.min(pods.len()) + 1);
    let mut chosen = Vec::new();
    for _ in 0..count {
        let pod = pods.remove(chance.below(pods.len()));
        let (ready, ends) = chance.of(&[
            (true, false),
            (true, false),
            (true, false),
            (true, false),
            (false, false),
            (false, true),
        ]);
        chosen.push(Server {
            ips: pod.ips.clone(),
            pod: Some(pod),
            ready,
            ends,
        });
    }
    chosen
}

fn slice(
    chance: &mut Chance,
    family: Family,
    service: &Service,
    servers: &[Server<'_>],
) -> EndpointSlice {
    let hints = chance.of(&["", "", "", "zones", "nodes"]);
    let ports = service.ports.iter().map(|port| {
        let target = match &port.target_port {
            PortRef::Number(number) => *number,
            PortRef::Name(name) if name == "web" => WEB,
            PortRef::Name(_) => DNS,
        };
        (port.name.clone(), port.protocol, target)
    });
    let endpoint = |server: &Server<'_>| {
        let node = server.pod.and_then(|pod| pod.node.clone());
        let mut endpoint = Endpoint {
            addresses: server
                .ips
                .iter()
                .copied()
                .filter(|ip| Family::of(*ip) == family)
                .collect(),
            ready: server.ready,
            serving: server.ready || server.ends,
            terminating: server.ends,
            node,
            pod: server
                .pod
                .map(|pod| (pod.namespace.clone(), pod.name.clone())),
            ..Endpoint::default()
        };
        match hints {
            "zones" => endpoint.hint_zones = vec![chance.of(&["zone-a", "zone-b"]).to_owned()],
            "nodes" => endpoint.hint_nodes.extend(endpoint.node.clone()),
            _ => {}
        }
        endpoint
    };
    EndpointSlice {
        namespace: service.namespace.clone(),
        service: service.name.clone(),
        ports: ports.collect(),
        endpoints: servers.iter().map(endpoint).collect(),
    }
}
