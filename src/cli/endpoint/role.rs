//! What an address and port of a node, or of a Service, are besides: a NodePort, a hostPort, a load balancer's.

use std::net::IpAddr;

use super::find::node_names;
use super::{node_addresses, pods};
use crate::model::{Cluster, NetnsName, Protocol, Service};

/// In words; `None` when it is nothing in particular. `sender` is the node whose own program asks, where it is one:
/// loopback addresses are that node's.
pub fn role(
    cluster: &Cluster,
    sender: Option<&str>,
    (ip, protocol, port): (IpAddr, Protocol, u16),
) -> Option<String> {
    let services = &cluster.objects.services;
    let named = |service: &Service| format!("Service {}/{}", service.namespace, service.name);
    for service in services {
        if service.load_balancer_ips.contains(&ip) {
            return Some(format!("load balancer IP of {}", named(service)));
        }
        if service.external_ips.contains(&ip) {
            return Some(format!("external IP of {}", named(service)));
        }
    }
    let nodes = match ip.is_loopback() {
        true => sender.map(str::to_owned).into_iter().collect(),
        false => holders(cluster, ip),
    };
    if nodes.is_empty() {
        return None;
    }
    for service in services {
        let its = |candidate: &&crate::model::ServicePort| {
            candidate.node_port == Some(port) && candidate.protocol == protocol
        };
        if let Some(found) = service.ports.iter().find(its) {
            return Some(format!(
                "NodePort of {}, port {}",
                named(service),
                found.port
            ));
        }
        if service.health_check_node_port == Some(port) && protocol == Protocol::Tcp {
            return Some(format!("health-check NodePort of {}", named(service)));
        }
    }
    let here = |node: Option<&String>| node.is_some_and(|node| nodes.contains(node));
    let objects = cluster
        .objects
        .pods
        .iter()
        .filter(|pod| here(pod.node.as_ref()));
    for pod in objects {
        let its = |candidate: &&crate::model::ContainerPort| {
            let at = if pod.host_network {
                Some(candidate.port)
            } else {
                candidate.host_port
            };
            at == Some(port) && candidate.protocol == protocol
        };
        if let Some(found) = pod.ports.iter().find(its) {
            let name = format!("pod {}/{}", pod.namespace, pod.name);
            return Some(match pod.host_network {
                true => format!("{name}, in the node's own network"),
                false => format!("hostPort of {name}, port {}", found.port),
            });
        }
    }
    None
}

/// The nodes that have an address.
fn holders(cluster: &Cluster, ip: IpAddr) -> Vec<String> {
    let is_pods = pods(cluster)
        .iter()
        .any(|pod| !pod.host_network && pod.ips.contains(&ip));
    if is_pods {
        return Vec::new();
    }
    let has = |node: &String| {
        let host = cluster.host(node).map(|id| cluster.netns(id));
        node_addresses(cluster, node).contains(&ip)
            || host.is_some_and(|host| host.name == NetnsName::Host && host.has_address(ip))
    };
    node_names(cluster).into_iter().filter(has).collect()
}
