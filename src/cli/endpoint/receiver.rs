//! TO: the addresses that a packet is sent to.

use std::net::IpAddr;

use super::container::{container, unknown_container};
use super::find::{node_addresses, node_names, pods};
use super::nearest::hint;
use super::sender::unknown_pod;
use super::{Endpoint, Question};
use crate::cli::Failure;
use crate::model::{Cluster, FlowEnd, Protocol, Service, ServicePort, Socket, SocketState};
use crate::walk::resolver::ready_endpoints;

/// What is sent to.
#[derive(Debug)]
pub struct Receiver {
    /// As it is named in the answer, without address and port.
    pub end: FlowEnd,
    /// Its addresses, the first choice first.
    pub addresses: Vec<IpAddr>,
    /// The addresses are all endpoints of a headless Service: a client takes any of them.
    pub headless: bool,
    /// The ports of a Service that was named.
    pub(super) ports: Option<Vec<ServicePort>>,
    /// What listens there, as a help for who gives no port.
    pub(super) listening: Vec<(Protocol, u16)>,
    /// As it is named in messages.
    pub label: String,
}

/// Looks TO up.
pub fn find(cluster: &Cluster, question: &Question) -> Result<Receiver, Failure> {
    let namespace =
        |given: &Option<String>| given.clone().unwrap_or_else(|| question.namespace.clone());
    match &question.to {
        Endpoint::Service {
            namespace: given,
            name,
            ..
        } => {
            let namespace = namespace(given);
            match service(cluster, &namespace, name) {
                Some(service) => to_service(cluster, service),
                None => Err(unknown_service(cluster, &namespace, name)),
            }
        }
        Endpoint::Pod {
            namespace: given,
            name,
            ..
        } => {
            let namespace = namespace(given);
            to_pod(cluster, &namespace, name)?
                .ok_or_else(|| unknown_pod(&pods(cluster), &namespace, name))
        }
        Endpoint::Name {
            namespace: given,
            name,
            ..
        } => {
            let namespace = namespace(given);
            if let Some(service) = service(cluster, &namespace, name) {
                return to_service(cluster, service);
            }
            if let Some(pod) = to_pod(cluster, &namespace, name)? {
                return Ok(pod);
            }
            // A Service's name has no dots: NAME.NS is what programs write.
            if let (None, Some((name, namespace))) = (given, name.split_once('.'))
                && let Some(service) = service(cluster, namespace, name)
            {
                return to_service(cluster, service);
            }
            match given {
                None => to_container(cluster, name),
                Some(_) => None,
            }
            .unwrap_or_else(|| Err(unknown_name(cluster, &namespace, name)))
        }
        Endpoint::Container { name, .. } => {
            to_container(cluster, name).unwrap_or_else(|| Err(unknown_container(cluster, name)))
        }
        Endpoint::Address { ip, .. } => Ok(to_address(cluster, *ip)),
        Endpoint::Node { name, .. } => to_node(cluster, name),
        Endpoint::External { ip: Some(ip), .. } => Ok(Receiver {
            end: end("external"),
            addresses: vec![*ip],
            headless: false,
            ports: None,
            listening: Vec::new(),
            label: ip.to_string(),
        }),
        Endpoint::External { ip: None, .. } => {
            Err(Failure::new("external as TO needs an address").hint("write external:IP:PORT"))
        }
    }
}

fn end(kind: &str) -> FlowEnd {
    FlowEnd {
        kind: kind.to_owned(),
        namespace: None,
        name: None,
        node: None,
        ip: None,
        port: None,
        role: None,
    }
}

fn service<'a>(cluster: &'a Cluster, namespace: &str, name: &str) -> Option<&'a Service> {
    cluster
        .objects
        .services
        .iter()
        .find(|service| service.namespace == namespace && service.name == name)
}

fn service_end(service: &Service) -> FlowEnd {
    FlowEnd {
        namespace: Some(service.namespace.clone()),
        name: Some(service.name.clone()),
        ..end("service")
    }
}

fn to_service(cluster: &Cluster, service: &Service) -> Result<Receiver, Failure> {
    let label = format!("Service {}/{}", service.namespace, service.name);
    if let Some(external) = &service.external_name {
        return Err(Failure::new(format!(
            "{label} is only a DNS alias of {external}: no packet is ever sent to the Service itself"
        ))
        .hint(format!("trace to the address that {external} resolves to")));
    }
    if service.headless {
        return to_headless(cluster, service, label);
    }
    if service.cluster_ips.is_empty() {
        return Err(Failure::new(format!("{label} has no cluster IP")));
    }
    Ok(Receiver {
        end: service_end(service),
        addresses: service.cluster_ips.clone(),
        headless: false,
        ports: Some(service.ports.clone()),
        listening: Vec::new(),
        label,
    })
}

/// To each endpoint that DNS names, on the port that it has: nothing translates it.
fn to_headless(cluster: &Cluster, service: &Service, label: String) -> Result<Receiver, Failure> {
    let addresses = ready_endpoints(cluster, service);
    let slices = cluster.objects.endpoint_slices.iter();
    let its: Vec<_> = slices
        .filter(|slice| slice.namespace == service.namespace && slice.service == service.name)
        .collect();
    if addresses.is_empty() {
        let mut members: Vec<String> = its
            .iter()
            .flat_map(|slice| &slice.endpoints)
            .filter_map(|endpoint| endpoint.pod.as_ref())
            .map(|(namespace, name)| format!("pod/{namespace}/{name}"))
            .collect();
        members.truncate(5);
        let hint = match members.as_slice() {
            [] => "it has no endpoints at all; `kubectl get endpointslices` tells more".to_owned(),
            _ => format!(
                "trace to an endpoint that is not ready: {}",
                members.join(", ")
            ),
        };
        return Err(Failure::new(format!(
            "{label} is headless and has no ready endpoint: DNS gives no address for it"
        ))
        .hint(hint));
    }
    Ok(Receiver {
        end: service_end(service),
        addresses,
        headless: true,
        ports: Some(service.ports.clone()),
        listening: Vec::new(),
        label,
    })
}

fn to_pod(cluster: &Cluster, namespace: &str, name: &str) -> Result<Option<Receiver>, Failure> {
    let all = pods(cluster);
    let Some(pod) = all
        .iter()
        .find(|pod| pod.namespace == namespace && pod.name == name)
    else {
        return Ok(None);
    };
    let label = format!("pod {namespace}/{name}");
    if pod.ips.is_empty() {
        let phase = pod
            .phase
            .as_ref()
            .map(|phase| format!(" (it is {phase})"))
            .unwrap_or_default();
        return Err(Failure::new(format!("{label} has no address{phase}")));
    }
    Ok(Some(Receiver {
        end: FlowEnd {
            namespace: Some(pod.namespace.clone()),
            name: Some(pod.name.clone()),
            node: pod.node.clone(),
            ..end("pod")
        },
        addresses: pod.ips.clone(),
        headless: false,
        ports: None,
        listening: listening(
            pod.netns
                .and_then(|id| cluster.netns(id).sockets.as_deref()),
        ),
        label,
    }))
}

/// `None` when there is no such container.
fn to_container(cluster: &Cluster, name: &str) -> Option<Result<Receiver, Failure>> {
    let found = container(cluster, name)?;
    let label = format!("container {}", found.name);
    if found.ips.is_empty() {
        let network = found.network;
        return Some(Err(Failure::new(format!(
            "{label} has no address: its network mode is {network}"
        ))));
    }
    Some(Ok(Receiver {
        end: found.end(),
        addresses: found.ips,
        headless: false,
        ports: None,
        listening: listening(cluster.netns(found.netns).sockets.as_deref()),
        label,
    }))
}

fn listening(sockets: Option<&[Socket]>) -> Vec<(Protocol, u16)> {
    sockets
        .unwrap_or_default()
        .iter()
        .filter(|socket| socket.address.is_none_or(|ip| !ip.is_loopback()))
        .filter(|socket| socket.state == SocketState::Listen || socket.protocol == Protocol::Udp)
        .map(|socket| (socket.protocol, socket.port))
        .collect()
}

fn to_address(cluster: &Cluster, ip: IpAddr) -> Receiver {
    let owned_by = |service: &&Service| {
        [
            &service.cluster_ips,
            &service.external_ips,
            &service.load_balancer_ips,
        ]
        .iter()
        .any(|ips| ips.contains(&ip))
    };
    let all = pods(cluster);
    let found = if let Some(service) = cluster.objects.services.iter().find(owned_by) {
        service_end(service)
    } else if let Some(pod) = all
        .iter()
        .find(|pod| !pod.host_network && pod.ips.contains(&ip))
    {
        FlowEnd {
            namespace: Some(pod.namespace.clone()),
            name: Some(pod.name.clone()),
            node: pod.node.clone(),
            ..end("pod")
        }
    } else if let Some(node) = node_names(cluster)
        .into_iter()
        .find(|node| node_addresses(cluster, node).contains(&ip))
    {
        FlowEnd {
            name: Some(node.clone()),
            node: Some(node),
            ..end("node")
        }
    } else {
        end("address")
    };
    Receiver {
        end: found,
        addresses: vec![ip],
        headless: false,
        ports: None,
        listening: Vec::new(),
        label: ip.to_string(),
    }
}

fn to_node(cluster: &Cluster, name: &str) -> Result<Receiver, Failure> {
    let names = node_names(cluster);
    if !names.iter().any(|known| known == name) {
        return Err(Failure::new(format!("no node {name}")).hint(hint(name, &names, "nodes")));
    }
    let addresses = node_addresses(cluster, name);
    let label = format!("node {name}");
    if addresses.is_empty() {
        return Err(
            Failure::new(format!("no address of {label} is known")).hint("give the address itself")
        );
    }
    let sockets = cluster
        .host(name)
        .and_then(|id| cluster.netns(id).sockets.as_deref());
    Ok(Receiver {
        end: FlowEnd {
            name: Some(name.to_owned()),
            node: Some(name.to_owned()),
            ..end("node")
        },
        addresses,
        headless: false,
        ports: None,
        listening: listening(sockets),
        label,
    })
}

fn service_names(cluster: &Cluster, namespace: &str) -> Vec<String> {
    cluster
        .objects
        .services
        .iter()
        .map(|service| match service.namespace == namespace {
            true => service.name.clone(),
            false => format!("{}/{}", service.namespace, service.name),
        })
        .collect()
}

fn unknown_service(cluster: &Cluster, namespace: &str, name: &str) -> Failure {
    let failure = Failure::new(format!("no Service {name} in namespace {namespace}"));
    if cluster.objects.services.is_empty() {
        return failure.hint("no Services were read; give the Service's address and port");
    }
    let elsewhere = cluster
        .objects
        .services
        .iter()
        .find(|service| service.name == name);
    match elsewhere {
        Some(service) => failure.hint(format!(
            "there is {}/{}; `kubenet services` lists what there is",
            service.namespace, service.name
        )),
        None => failure.hint(hint(name, &service_names(cluster, namespace), "services")),
    }
}

fn unknown_name(cluster: &Cluster, namespace: &str, name: &str) -> Failure {
    let all = pods(cluster);
    let failure = Failure::new(format!("no Service or pod {name} in namespace {namespace}"));
    if cluster.objects.services.is_empty() && all.is_empty() {
        return failure.hint("no Kubernetes objects were read; give an address and port");
    }
    let mut names = service_names(cluster, namespace);
    names.extend(all.iter().map(|pod| match pod.namespace == namespace {
        true => pod.name.clone(),
        false => format!("{}/{}", pod.namespace, pod.name),
    }));
    failure.hint(hint(name, &names, "services"))
}
