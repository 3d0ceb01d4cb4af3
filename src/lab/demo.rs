//! The lab that is built when nothing else is asked for, and of which the built-in demo was captured.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use super::flannel;
use super::spec::{Backend, IptablesBackend, Networks, Proxy, Spec, first_of};
use crate::model::{
    Endpoint, EndpointSlice, Family, NodeObject, Objects, Pod, PortRef, Protocol, Service,
    ServicePort,
};

const VNI: u32 = 1;

/// What can be chosen of this lab.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// How flannel carries packets between nodes. With `DirectRouting` every other node is on a second network.
    pub backend: Backend,
    /// Which iptables holds the rules.
    pub iptables: IptablesBackend,
    /// What kube-proxy makes of Services.
    pub proxy: Proxy,
    /// Its address families, the main one first.
    pub families: Vec<Family>,
    /// How many nodes, at most [`MOST_NODES`].
    pub nodes: u8,
}

impl Default for Choice {
    fn default() -> Self {
        Self {
            backend: Backend::Vxlan,
            iptables: IptablesBackend::Nft,
            proxy: Proxy::Iptables,
            families: vec![Family::V4],
            nodes: 3,
        }
    }
}

/// Names and the last byte of addresses of the nodes, whose pod CIDRs are 10.42.0.0/24, fd00:42::/64, and on.
const NODES: [(&str, u8); 5] = [
    ("master", 4),
    ("node1", 3),
    ("node2", 5),
    ("node3", 6),
    ("node4", 7),
];
/// So many can be asked for.
pub const MOST_NODES: u8 = NODES.len() as u8;

/// Pods: Kubernetes namespace, name, node (as an index) and the last byte of the address. Those of nodes that are not there
/// are on the others in turn, those of the fourth and fifth node only there.
const PODS: [(&str, &str, u8, u8); 20] = [
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
    ("default", "client-3", 3, 3),
    ("default", "nginx-test-c", 3, 6),
    ("default", "client-4", 4, 3),
    ("default", "nginx-test-d", 4, 6),
];
/// Nodes whose pods go elsewhere when there are fewer.
const MAIN_NODES: u8 = 3;

/// The whole lab.
pub fn spec(choice: &Choice) -> Spec {
    let networks = |family: &Family| match family {
        Family::V4 => Networks {
            lans: lans(choice, |lan| v4([192, 168, 205 + lan, 1], 24)),
            outside: IpAddr::V4(Ipv4Addr::new(203, 0, 113, 10)),
            cluster_cidr: v4([10, 42, 0, 0], 16),
            service_cidr: v4([10, 43, 0, 0], 16),
        },
        Family::V6 => Networks {
            lans: lans(choice, |lan| {
                v6([0xfd00, 0x205 + u16::from(lan), 0, 0, 0, 0, 0, 1], 64)
            }),
            outside: IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0x10)),
            cluster_cidr: v6([0xfd00, 0x42, 0, 0, 0, 0, 0, 0], 56),
            service_cidr: v6([0xfd00, 0x43, 0, 0, 0, 0, 0, 0], 112),
        },
    };
    Spec {
        backend: choice.backend,
        iptables: choice.iptables,
        proxy: choice.proxy.clone(),
        networks: choice.families.iter().map(networks).collect(),
        vni: VNI,
        vxlan_port: 8472,
        objects: objects(choice),
    }
}

fn lans(choice: &Choice, lan: impl Fn(u8) -> IpNet) -> Vec<IpNet> {
    let count = if choice.backend == Backend::DirectRouting {
        2
    } else {
        1
    };
    (0..count).map(lan).collect()
}

fn objects(choice: &Choice) -> Objects {
    let nodes = (0..choice.nodes)
        .filter_map(|index| node(choice, index))
        .collect();
    let pods: Vec<_> = PODS.iter().filter_map(|one| pod(choice, one)).collect();
    let web = |target| {
        [
            ("http", Protocol::Tcp, 80, target),
            ("echo", Protocol::Udp, 7, 7007),
        ]
    };
    let service = |namespace, name, ip, ports: &[_]| service(choice, namespace, name, ip, ports);
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
    let pods_there = pods.as_slice();
    let slices_of = |service| {
        let families = choice.families.iter();
        families.map(move |family| endpoint_slice(*family, choice, pods_there, service))
    };
    let endpoint_slices = services.iter().flat_map(slices_of).collect();
    services.sort_by(|a, b| (&a.namespace, &a.name).cmp(&(&b.namespace, &b.name)));
    Objects {
        pods,
        services,
        endpoint_slices,
        nodes,
        ..Objects::default()
    }
}

fn node(choice: &Choice, index: u8) -> Option<NodeObject> {
    let (name, byte) = NODES.get(usize::from(index))?;
    let lan = match choice.backend {
        Backend::DirectRouting => index % 2,
        Backend::Vxlan | Backend::HostGw => 0,
    };
    let address = |family: &Family| match family {
        Family::V4 => IpAddr::from([192, 168, 205 + lan, *byte]),
        Family::V6 => IpAddr::from([
            0xfd00,
            0x205 + u16::from(lan),
            0,
            0,
            0,
            0,
            0,
            u16::from(*byte),
        ]),
    };
    let pod_cidr = |family: &Family| match family {
        Family::V4 => v4([10, 42, index, 0], 24),
        Family::V6 => v6([0xfd00, 0x42, 0, index.into(), 0, 0, 0, 0], 64),
    };
    let mut node = NodeObject {
        name: (*name).to_owned(),
        addresses: choice.families.iter().map(address).collect(),
        pod_cidrs: choice.families.iter().map(pod_cidr).collect(),
        zone: None,
        flannel: Vec::new(),
    };
    node.flannel = flannel::annotations(choice.backend, VNI, &node);
    Some(node)
}

fn pod(choice: &Choice, &(namespace, name, node, byte): &(&str, &str, u8, u8)) -> Option<Pod> {
    let home = if node < MAIN_NODES {
        node % choice.nodes.max(1)
    } else {
        node
    };
    if home >= choice.nodes {
        return None;
    }
    // No two pods that end up on one node have the same number.
    let byte = if home == node { byte } else { byte + 20 * node };
    let address = |family: &Family| match family {
        Family::V4 => IpAddr::from([10, 42, home, byte]),
        Family::V6 => IpAddr::from([0xfd00, 0x42, 0, home.into(), 0, 0, 0, byte.into()]),
    };
    Some(Pod {
        namespace: namespace.to_owned(),
        name: name.to_owned(),
        node: NODES
            .get(usize::from(home))
            .map(|(name, _)| (*name).to_owned()),
        ips: choice.families.iter().map(address).collect(),
        host_network: false,
        uid: None,
        phase: Some("Running".to_owned()),
        labels: Vec::new(),
        ports: Vec::new(),
    })
}

fn service(
    choice: &Choice,
    namespace: &str,
    name: &str,
    ip: [u8; 4],
    ports: &[(&str, Protocol, u16, u16)],
) -> Service {
    let address = |family: &Family| match family {
        Family::V4 => IpAddr::from(ip),
        // The same two last bytes.
        Family::V6 => IpAddr::from([
            0xfd00,
            0x43,
            0,
            0,
            0,
            0,
            0,
            u16::from_be_bytes([ip[2], ip[3]]),
        ]),
    };
    Service {
        namespace: namespace.to_owned(),
        name: name.to_owned(),
        kind: "ClusterIP".to_owned(),
        cluster_ips: choice.families.iter().map(address).collect(),
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

/// The endpoints of a Service in one family: the pods called like it, or the API server of the first node.
fn endpoint_slice(
    family: Family,
    choice: &Choice,
    pods: &[Pod],
    service: &Service,
) -> EndpointSlice {
    let prefix = match service.name.as_str() {
        "kube-dns" => "coredns-".to_owned(),
        name => format!("{name}-"),
    };
    let endpoints = if service.name == "kubernetes" {
        let api_server = node(choice, 0).and_then(|node| first_of(&node.addresses, family));
        api_server.into_iter().map(ready).collect()
    } else {
        pods.iter()
            .filter(|pod| pod.namespace == service.namespace && pod.name.starts_with(&prefix))
            .filter_map(|pod| {
                Some(Endpoint {
                    node: pod.node.clone(),
                    pod: Some((pod.namespace.clone(), pod.name.clone())),
                    ..ready(first_of(&pod.ips, family)?)
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

fn v4(address: [u8; 4], length: u8) -> IpNet {
    // Lengths here are constants up to 32.
    IpNet::V4(Ipv4Net::new(Ipv4Addr::from(address), length).unwrap_or_default())
}

fn v6(address: [u16; 8], length: u8) -> IpNet {
    // Lengths here are constants up to 128.
    IpNet::V6(Ipv6Net::new(Ipv6Addr::from(address), length).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoints(spec: &Spec, service: &str) -> Vec<usize> {
        let slices = spec.objects.endpoint_slices.iter();
        slices
            .filter(|slice| slice.service == service)
            .map(|slice| slice.endpoints.len())
            .collect()
    }

    #[test]
    fn services_have_one_two_three_and_five_endpoints() {
        let spec = spec(&Choice::default());
        for (service, count) in [
            ("single", 1),
            ("nginx-test", 2),
            ("kube-dns", 2),
            ("three", 3),
            ("five", 5),
            ("kubernetes", 1),
        ] {
            assert_eq!(endpoints(&spec, service), [count], "{service}");
        }
        assert_eq!(spec.pods().unwrap().len(), 16);
    }

    #[test]
    fn any_number_of_nodes_serves_everything_by_addresses_of_its_own() {
        for backend in [Backend::Vxlan, Backend::DirectRouting, Backend::HostGw] {
            for nodes in 1..=MOST_NODES {
                let choice = Choice {
                    backend,
                    families: vec![Family::V6, Family::V4],
                    nodes,
                    ..Choice::default()
                };
                let spec = spec(&choice);
                assert_eq!(spec.nodes().unwrap().len(), usize::from(nodes));
                assert_eq!(endpoints(&spec, "five"), [5, 5]);
                let pods = spec.pods().unwrap();
                let mut addresses: Vec<_> = pods.iter().flat_map(|pod| &pod.object.ips).collect();
                addresses.sort();
                addresses.dedup();
                assert_eq!(addresses.len(), 2 * pods.len());
            }
        }
    }
}
