//! TO: the addresses, the protocol and the port that a packet is sent to.

use std::net::IpAddr;

use super::find::{node_addresses, node_names, pods};
use super::nearest::hint;
use super::sender::unknown_pod;
use super::{Endpoint, Port, Question};
use crate::cli::Failure;
use crate::model::{Cluster, FlowEnd, Protocol, Service, ServicePort, Socket, SocketState};

/// What is sent to.
#[derive(Debug)]
pub struct Receiver {
    /// As it is named in the answer, without address and port.
    pub end: FlowEnd,
    /// Its addresses, the first choice first.
    pub addresses: Vec<IpAddr>,
    /// The ports of a Service that was named.
    ports: Option<Vec<ServicePort>>,
    /// What listens there, as a help for who gives no port.
    listening: Vec<(Protocol, u16)>,
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
            to_pod(cluster, &namespace, name)?
                .ok_or_else(|| unknown_name(cluster, &namespace, name))
        }
        Endpoint::Address { ip, .. } => Ok(to_address(cluster, *ip)),
        Endpoint::Node { name, .. } => to_node(cluster, name),
        Endpoint::External { ip: Some(ip), .. } => Ok(Receiver {
            end: end("external"),
            addresses: vec![*ip],
            ports: None,
            listening: Vec::new(),
            label: ip.to_string(),
        }),
        Endpoint::External { ip: None, .. } => {
            Err(Failure::new("external as TO needs an address").hint("write external:IP:PORT"))
        }
    }
}

impl Receiver {
    /// The protocol and the port asked for: as given, else the only ones there are.
    pub fn protocol_and_port(&self, question: &Question) -> Result<(Protocol, u16), Failure> {
        let port = match (question.to.port(), &question.port) {
            (Some(typed), Some(option)) if typed != *option => {
                return Err(
                    Failure::new(format!("TO says port {typed}, --port says {option}"))
                        .hint("give the port once"),
                );
            }
            (Some(port), _) => Some(port),
            (None, option) => option.clone(),
        };
        match question.protocol {
            Some(protocol) if !protocol.has_ports() => match port {
                None => Ok((protocol, 0)),
                Some(port) => Err(Failure::new(format!(
                    "{protocol} has no ports, but port {port} was given"
                ))),
            },
            wanted => match &self.ports {
                Some(ports) => self.port_of_service(ports, wanted, port),
                None => self.port_of_address(wanted, port),
            },
        }
    }

    fn port_of_service(
        &self,
        ports: &[ServicePort],
        wanted: Option<Protocol>,
        port: Option<Port>,
    ) -> Result<(Protocol, u16), Failure> {
        let named = |candidate: &&ServicePort| match &port {
            None => true,
            Some(Port::Number(number)) => candidate.port == *number,
            Some(Port::Name(name)) => candidate.name == *name,
        };
        let fitting: Vec<&ServicePort> = ports.iter().filter(named).collect();
        let of = |protocol| {
            fitting
                .iter()
                .find(|candidate| candidate.protocol == protocol)
        };
        let all: Vec<String> = ports.iter().map(spell).collect();
        let chosen = match (wanted, fitting.as_slice()) {
            (Some(protocol), _) => of(protocol),
            (None, [only]) => Some(only),
            // The same port over several protocols (DNS): tcp, as everywhere where none is given.
            (None, _) if port.is_some() => of(Protocol::Tcp).or(fitting.first()),
            (None, _) => None,
        };
        let several = wanted.is_some_and(|protocol| {
            port.is_none()
                && fitting
                    .iter()
                    .filter(|candidate| candidate.protocol == protocol)
                    .count()
                    > 1
        });
        match chosen {
            Some(chosen) if !several => Ok((chosen.protocol, chosen.port)),
            _ if port.is_none() && ports.len() > 1 => Err(Failure::new(format!(
                "{} has several ports: {}",
                self.label,
                all.join(", ")
            ))
            .hint(format!(
                "say which, as :PORT or :NAME after {}",
                self.short_name()
            ))),
            _ => {
                let asked = match (&port, wanted) {
                    (Some(port), Some(protocol)) => format!("port {port}/{protocol}"),
                    (Some(port), None) => format!("port {port}"),
                    (None, Some(protocol)) => format!("{protocol} port"),
                    (None, None) => "port".to_owned(),
                };
                let mut hint = match all.as_slice() {
                    [] => "the Service has no ports at all".to_owned(),
                    _ => format!("it has {}", all.join(", ")),
                };
                if let Some(ip) = self.addresses.first() {
                    hint =
                        format!("{hint}; to ask what happens anyhow, trace to {ip} and the port");
                }
                Err(Failure::new(format!("{} has no {asked}", self.label)).hint(hint))
            }
        }
    }

    fn port_of_address(
        &self,
        wanted: Option<Protocol>,
        port: Option<Port>,
    ) -> Result<(Protocol, u16), Failure> {
        let protocol = wanted.unwrap_or(Protocol::Tcp);
        match port {
            Some(Port::Number(number)) => Ok((protocol, number)),
            Some(Port::Name(name)) => Err(Failure::new(format!(
                "{} has no port named {name}: only Services name ports",
                self.label
            ))
            .hint("give the port's number")),
            None => {
                let mut ports: Vec<String> = self
                    .listening
                    .iter()
                    .map(|(protocol, port)| format!("{port}/{protocol}"))
                    .collect();
                ports.dedup();
                ports.truncate(8);
                let hint = match ports.as_slice() {
                    [] => "give it as TO:PORT, or with --port".to_owned(),
                    _ => format!(
                        "give it as TO:PORT, or with --port; {} listens there",
                        ports.join(", ")
                    ),
                };
                Err(Failure::new(format!("which port of {}?", self.label)).hint(hint))
            }
        }
    }

    fn short_name(&self) -> &str {
        self.end.name.as_deref().unwrap_or("TO")
    }
}

fn spell(port: &ServicePort) -> String {
    match port.name.is_empty() {
        true => format!("{}/{}", port.port, port.protocol),
        false => format!("{}/{} ({})", port.port, port.protocol, port.name),
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
        let mut members: Vec<String> = cluster
            .objects
            .endpoint_slices
            .iter()
            .filter(|slice| slice.namespace == service.namespace && slice.service == service.name)
            .flat_map(|slice| &slice.endpoints)
            .filter_map(|endpoint| endpoint.pod.as_ref())
            .map(|(namespace, name)| format!("pod/{namespace}/{name}"))
            .collect();
        members.truncate(5);
        let hint = match members.as_slice() {
            [] => "trace to one of its pods; it has none now".to_owned(),
            _ => format!("trace to one of its pods: {}", members.join(", ")),
        };
        return Err(Failure::new(format!(
            "{label} is headless: it has no address, clients connect to its pods directly"
        ))
        .hint(hint));
    }
    if service.cluster_ips.is_empty() {
        return Err(Failure::new(format!("{label} has no cluster IP")));
    }
    Ok(Receiver {
        end: service_end(service),
        addresses: service.cluster_ips.clone(),
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
        ports: None,
        listening: listening(
            pod.netns
                .and_then(|id| cluster.netns(id).sockets.as_deref()),
        ),
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
