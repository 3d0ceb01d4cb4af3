//! The lab that is built when nothing else is asked for, and of which the built-in demo was captured.

use std::net::{IpAddr, Ipv4Addr};

use ipnet::{IpNet, Ipv4Net};

use super::flannel;
use super::spec::{Backend, IptablesBackend, Spec};
use crate::model::{
    Endpoint, EndpointSlice, NodeObject, Objects, Pod, PortRef, Protocol, Service, ServicePort,
};

const VNI: u32 = 1;

/// Names and the last byte of addresses of the nodes, whose pod CIDRs are 10.42.0.0/24 and on.
const NODES: [(&str, u8); 3] = [("master", 4), ("node1", 3), ("node2", 5)];

/// Pods: Kubernetes namespace, name, node (as an index) and the last byte of the address.
const PODS: [(&str, &str, u8, u8); 16] = [
    ("default", "client", 0, 65),
    ("default", "client-1", 1, 3),
    ("default", "client-2", 2, 3),
    ("default", "nginx-test-a", 1, 6),
    ("default", "nginx-test-b", 2, 6),
    ("default", "single-a", 1, 7),
    ("default", "three-a", 0, 4),
    ("default", "three-b", 1, 8),
    ("default", "three-c", 2, 7),
    ("default", "five-a", 0, 3),
    ("default", "five-b", 1, 4),
    ("default", "five-c", 1, 5),
    ("default", "five-d", 2, 4),
    ("default", "five-e", 2, 5),
    ("kube-system", "coredns-a", 1, 2),
    ("kube-system", "coredns-b", 2, 2),
];

/// The whole lab.
pub fn spec(backend: Backend, iptables: IptablesBackend) -> Spec {
    Spec {
        backend,
        iptables,
        lan: net([192, 168, 205, 0], 24),
        gateway: Ipv4Addr::new(192, 168, 205, 1),
        outside: Ipv4Addr::new(203, 0, 113, 10),
        cluster_cidr: net([10, 42, 0, 0], 16),
        service_cidr: net([10, 43, 0, 0], 16),
        vni: VNI,
        vxlan_port: 8472,
        objects: objects(backend),
    }
}

fn objects(backend: Backend) -> Objects {
    let nodes = NODES
        .iter()
        .zip(0..)
        .map(|((name, byte), index)| node(backend, name, *byte, index))
        .collect();
    let pods = PODS.iter().map(pod).collect();
    let web = |target| {
        [
            ("http", Protocol::Tcp, 80, target),
            ("echo", Protocol::Udp, 7, 7007),
        ]
    };
    let mut services = vec![
        service(
            "default",
            "kubernetes",
            [10, 43, 0, 1],
            &[("https", Protocol::Tcp, 443, 6443)],
        ),
        service(
            "kube-system",
            "kube-dns",
            [10, 43, 0, 10],
            &[
                ("dns", Protocol::Udp, 53, 53),
                ("dns-tcp", Protocol::Tcp, 53, 53),
                ("metrics", Protocol::Tcp, 9153, 9153),
            ],
        ),
        service(
            "default",
            "nginx-test",
            [10, 43, 6, 58],
            &[("", Protocol::Tcp, 80, 80)],
        ),
        service("default", "single", [10, 43, 10, 1], &web(8080)),
        service("default", "three", [10, 43, 10, 3], &web(8080)),
        service("default", "five", [10, 43, 10, 5], &web(8080)),
    ];
    let endpoint_slices = services.iter().map(endpoint_slice).collect();
    services.sort_by(|a, b| (&a.namespace, &a.name).cmp(&(&b.namespace, &b.name)));
    Objects {
        pods,
        services,
        endpoint_slices,
        nodes,
        ..Objects::default()
    }
}

fn node(backend: Backend, name: &str, byte: u8, index: u8) -> NodeObject {
    let address = Ipv4Addr::new(192, 168, 205, byte);
    NodeObject {
        name: name.to_owned(),
        addresses: vec![IpAddr::V4(address)],
        pod_cidrs: vec![IpNet::V4(net([10, 42, index, 0], 24))],
        zone: None,
        flannel: flannel::annotations(backend, VNI, name, address),
    }
}

fn pod(&(namespace, name, node, byte): &(&str, &str, u8, u8)) -> Pod {
    Pod {
        namespace: namespace.to_owned(),
        name: name.to_owned(),
        node: NODES
            .get(usize::from(node))
            .map(|(name, _)| (*name).to_owned()),
        ips: vec![IpAddr::V4(Ipv4Addr::new(10, 42, node, byte))],
        host_network: false,
        uid: None,
        phase: Some("Running".to_owned()),
        ports: Vec::new(),
    }
}

fn service(
    namespace: &str,
    name: &str,
    ip: [u8; 4],
    ports: &[(&str, Protocol, u16, u16)],
) -> Service {
    Service {
        namespace: namespace.to_owned(),
        name: name.to_owned(),
        kind: "ClusterIP".to_owned(),
        cluster_ips: vec![IpAddr::from(ip)],
        ports: ports
            .iter()
            .map(|&(name, protocol, port, target)| ServicePort {
                name: name.to_owned(),
                protocol,
                port,
                target_port: PortRef::Number(target),
                node_port: None,
            })
            .collect(),
        ..Service::default()
    }
}

/// The endpoints of a Service: the pods called like it, or the API server of the first node.
fn endpoint_slice(service: &Service) -> EndpointSlice {
    let prefix = match service.name.as_str() {
        "kube-dns" => "coredns-".to_owned(),
        name => format!("{name}-"),
    };
    let endpoints = if service.name == "kubernetes" {
        let (_, byte) = NODES[0];
        vec![ready(IpAddr::V4(Ipv4Addr::new(192, 168, 205, byte)))]
    } else {
        PODS.iter()
            .map(pod)
            .filter(|pod| pod.namespace == service.namespace && pod.name.starts_with(&prefix))
            .flat_map(|pod| {
                let Pod {
                    namespace,
                    name,
                    node,
                    ips,
                    ..
                } = pod;
                ips.into_iter().map(move |ip| Endpoint {
                    node: node.clone(),
                    pod: Some((namespace.clone(), name.clone())),
                    ..ready(ip)
                })
            })
            .collect()
    };
    let ports = service.ports.iter().map(|port| {
        let number = match port.target_port {
            PortRef::Number(number) => number,
            PortRef::Name(_) => port.port,
        };
        (port.name.clone(), port.protocol, number)
    });
    EndpointSlice {
        namespace: service.namespace.clone(),
        service: service.name.clone(),
        ports: ports.collect(),
        endpoints,
    }
}

fn ready(ip: IpAddr) -> Endpoint {
    Endpoint {
        addresses: vec![ip],
        ready: true,
        serving: true,
        ..Endpoint::default()
    }
}

fn net(address: [u8; 4], length: u8) -> Ipv4Net {
    // Lengths here are constants up to 32.
    Ipv4Net::new(Ipv4Addr::from(address), length).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_have_one_two_three_and_five_endpoints() {
        let spec = spec(Backend::Vxlan, IptablesBackend::Nft);
        let count = |name: &str| {
            let slice = spec
                .objects
                .endpoint_slices
                .iter()
                .find(|slice| slice.service == name)
                .unwrap();
            slice.endpoints.len()
        };
        assert_eq!(
            [
                "single",
                "nginx-test",
                "kube-dns",
                "three",
                "five",
                "kubernetes"
            ]
            .map(count),
            [1, 2, 2, 3, 5, 1]
        );
        assert_eq!(spec.pods().unwrap().len(), PODS.len());
        let mut addresses: Vec<_> = spec.pods().unwrap().iter().map(|pod| pod.address).collect();
        addresses.sort();
        addresses.dedup();
        assert_eq!(addresses.len(), PODS.len());
    }
}
