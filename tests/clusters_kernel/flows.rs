//! Random packets: from anybody in the cluster or outside, to anything that it has and to what it has not.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use kubenet::lab::portmap;
use kubenet::lab::spec::Spec;
use kubenet::model::{Family, Pod, Protocol, Service};

use crate::case::{Flow, From};
use crate::chance::Chance;

/// Where nothing listens.
const CLOSED: u16 = 9;

/// Somebody who is asked to connect to somewhere.
pub fn random(chance: &mut Chance, spec: &Spec) -> Flow {
    loop {
        let target = chance.of(&TARGETS);
        if let Some((protocol, to)) = pick(chance, spec, target)
            && let Some(from) = sender(chance, spec, to)
        {
            // How much links outside hold is not known.
            let size = match from {
                From::Outside(..) => None,
                _ => size(chance, protocol),
            };
            return Flow {
                from,
                protocol,
                to,
                sticky: is_sticky(spec, protocol, to),
                size,
            };
        }
    }
}

/// Packets that are not small. An echo is as large as what it answers; what a program of the lab answers over UDP is up to
/// 110 bytes longer: both fit into a device or neither does.
fn size(chance: &mut Chance, protocol: Protocol) -> Option<u32> {
    const ECHOES: [u32; 9] = [480, 1000, 1250, 1300, 1310, 1440, 1451, 1500, 4000];
    const DATAGRAMS: [u32; 5] = [480, 1000, 1310, 1600, 4000];
    // One segment each, as those of many are not what devices see of them (GSO).
    const SEGMENTS: [u32; 3] = [480, 1000, 1310];
    let sizes: &[u32] = match protocol {
        Protocol::Icmp => &ECHOES,
        Protocol::Udp => &DATAGRAMS,
        Protocol::Tcp => &SEGMENTS,
        _ => return None,
    };
    chance.once_in(3).then(|| chance.of(sizes))
}

/// Path MTUs are remembered by who sends: only one of a sender's packets is large.
pub fn keep_apart(flows: &mut [Flow]) {
    let mut senders = BTreeSet::new();
    for flow in flows.iter_mut().filter(|flow| flow.size.is_some()) {
        if !senders.insert(flow.from.place()) {
            flow.size = None;
        }
    }
}

/// What packets are sent to.
#[derive(Clone, Copy)]
enum Target {
    ClusterIp,
    OtherPort,
    NodePort,
    LoopbackNodePort,
    BalancerOrExternal,
    HealthCheck,
    HostPort,
    Pod,
    ClosedPort,
    Nobody,
    Node,
    Outside,
    Echo,
}

/// Each as often as it stands here.
const TARGETS: [Target; 22] = [
    Target::ClusterIp,
    Target::ClusterIp,
    Target::ClusterIp,
    Target::ClusterIp,
    Target::ClusterIp,
    Target::OtherPort,
    Target::NodePort,
    Target::NodePort,
    Target::NodePort,
    Target::LoopbackNodePort,
    Target::BalancerOrExternal,
    Target::BalancerOrExternal,
    Target::BalancerOrExternal,
    Target::HealthCheck,
    Target::HostPort,
    Target::HostPort,
    Target::Pod,
    Target::ClosedPort,
    Target::Nobody,
    Target::Node,
    Target::Outside,
    Target::Echo,
];

fn pick(chance: &mut Chance, spec: &Spec, target: Target) -> Option<(Protocol, SocketAddr)> {
    let objects = &spec.objects;
    let node = chance.of(&objects.nodes);
    let service = chance.of(&objects.services);
    let port = chance.of(&service.ports);
    let at = |chance: &mut Chance, ips: &[IpAddr], port: u16| {
        (!ips.is_empty()).then(|| SocketAddr::new(chance.of(ips), port))
    };
    let protocol = chance.of(&[Protocol::Tcp, Protocol::Udp]);
    let tell = |protocol, to: Option<SocketAddr>| Some((protocol, to?));
    match target {
        Target::ClusterIp => tell(port.protocol, at(chance, &service.cluster_ips, port.port)),
        Target::OtherPort => tell(protocol, at(chance, &service.cluster_ips, CLOSED)),
        Target::NodePort => tell(port.protocol, at(chance, &node.addresses, port.node_port?)),
        Target::LoopbackNodePort => {
            let loopback = IpAddr::V4(Ipv4Addr::LOCALHOST);
            tell(port.protocol, at(chance, &[loopback], port.node_port?))
        }
        Target::BalancerOrExternal => {
            let Service {
                external_ips,
                load_balancer_ips,
                ..
            } = &service;
            let ips = [external_ips.as_slice(), load_balancer_ips].concat();
            tell(port.protocol, at(chance, &ips, port.port))
        }
        Target::HealthCheck => tell(
            Protocol::Tcp,
            at(chance, &node.addresses, service.health_check_node_port?),
        ),
        Target::HostPort => {
            let pods = spec.pods().unwrap();
            let ports: Vec<_> = pods.iter().flat_map(portmap::host_ports).collect();
            if ports.is_empty() {
                return None;
            }
            let (host_port, port) = chance.of(&ports);
            let mut ips = node.addresses.clone();
            if chance.once_in(4) {
                ips = vec![IpAddr::V4(Ipv4Addr::LOCALHOST)];
            }
            tell(port.protocol, at(chance, &ips, host_port))
        }
        Target::Pod | Target::ClosedPort => {
            let slice = chance.of(&objects.endpoint_slices);
            let (_, protocol, number) = chance.of(&slice.ports);
            let addresses: Vec<_> = slice
                .endpoints
                .iter()
                .flat_map(|endpoint| endpoint.addresses.clone())
                .filter(|ip| spec.networks.iter().all(|networks| networks.outside != *ip))
                .collect();
            match target {
                Target::Pod => tell(protocol, at(chance, &addresses, number)),
                _ => tell(protocol, at(chance, &addresses, CLOSED)),
            }
        }
        Target::Nobody => {
            let ips: Vec<_> = node.pod_cidrs.iter().map(last_of).collect();
            tell(protocol, at(chance, &ips, 80))
        }
        Target::Node => tell(protocol, at(chance, &node.addresses, CLOSED)),
        Target::Outside => {
            let served = objects.endpoint_slices.iter().flat_map(|slice| {
                let ports = slice.ports.iter();
                ports.flat_map(|(_, protocol, number)| {
                    let addresses = slice.endpoints.iter().flat_map(|end| &end.addresses);
                    addresses.map(|ip| (*protocol, SocketAddr::new(*ip, *number)))
                })
            });
            let outside = served.filter(|(_, to)| {
                spec.networks
                    .iter()
                    .any(|networks| networks.outside == to.ip())
            });
            let all: Vec<_> = outside.collect();
            (!all.is_empty()).then(|| chance.of(&all))
        }
        Target::Echo => {
            let mut ips: Vec<_> = node.addresses.clone();
            ips.extend(chance.of(&objects.pods).ips);
            ips.extend(spec.networks.iter().map(|networks| networks.outside));
            ips.extend(
                service
                    .cluster_ips
                    .iter()
                    .copied()
                    .filter(|_| chance.once_in(3)),
            );
            tell(Protocol::Icmp, at(chance, &ips, 0))
        }
    }
}

/// An address of a network that no pod has.
fn last_of(cidr: &ipnet::IpNet) -> IpAddr {
    match cidr {
        ipnet::IpNet::V4(cidr) => Ipv4Addr::from(u32::from(cidr.network()) + 250).into(),
        ipnet::IpNet::V6(cidr) => Ipv6Addr::from(u128::from(cidr.network()) + 250).into(),
    }
}

fn sender(chance: &mut Chance, spec: &Spec, to: SocketAddr) -> Option<From> {
    let objects = &spec.objects;
    let family = Family::of(to.ip());
    let has = spec.families().any(|one| one == family);
    let node = chance.of(&objects.nodes);
    // A loopback address is of whoever sends to it.
    if to.ip().is_loopback() {
        return has.then_some(From::Node(node.name));
    }
    if !has {
        return None;
    }
    match chance.below(8) {
        0..=3 => Some(from_pod(&chance.of(&objects.pods))),
        // The endpoints of Services reach themselves through these.
        4 => {
            let endpoints = objects
                .endpoint_slices
                .iter()
                .flat_map(|slice| &slice.endpoints);
            let pods: Vec<_> = endpoints
                .filter_map(|endpoint| endpoint.pod.clone())
                .collect();
            if pods.is_empty() {
                return None;
            }
            let (namespace, name) = chance.of(&pods);
            let mut all = objects.pods.iter();
            all.find(|pod| (&pod.namespace, &pod.name) == (&namespace, &name))
                .map(from_pod)
        }
        5 => Some(From::Node(node.name)),
        _ => {
            let nodes = spec.nodes().unwrap();
            // Who has the address takes the packet.
            let owner = nodes
                .iter()
                .find(|one| one.stacks.iter().any(|stack| stack.address == to.ip()));
            let via = owner.or_else(|| nodes.iter().find(|one| one.name() == node.name))?;
            let stack = via.stack(family)?;
            let outside = spec.networks.iter().any(|all| all.outside == to.ip());
            let ips = [stack.networks.outside, stack.gateway.addr()];
            (!outside).then(|| From::Outside(chance.of(&ips), via.name().to_owned()))
        }
    }
}

fn from_pod(pod: &Pod) -> From {
    let node = pod.node.clone().filter(|_| pod.host_network);
    From::Pod(format!("{}/{}", pod.namespace, pod.name), node)
}

/// Whether the destination is of a Service whose clients stick to what they met first.
fn is_sticky(spec: &Spec, protocol: Protocol, to: SocketAddr) -> bool {
    spec.objects.services.iter().any(|service| {
        let by_port = service.ports.iter().any(|port| {
            port.protocol == protocol
                && (port.port == to.port() || port.node_port == Some(to.port()))
        });
        service.affinity_seconds.is_some() && by_port
    })
}
