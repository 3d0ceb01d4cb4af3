//! FROM: the namespace that a packet starts in.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::container::{container, containers, unknown_container};
use super::find::{FoundPod, global_addresses, node_addresses, node_names, pods};
use super::nearest::hint;
use super::receiver::Receiver;
use super::{Endpoint, Question};
use crate::cli::Failure;
use crate::model::{Cluster, Family, FlowEnd, NetnsId, NetnsName};

/// Who sends.
#[derive(Debug)]
pub struct Sender {
    /// The namespace that the packet starts in or, from outside, enters.
    pub start: NetnsId,
    /// As it is named in the answer, without an address.
    pub end: FlowEnd,
    /// Its addresses; empty when they are not known.
    pub addresses: Vec<IpAddr>,
    /// The address that the sender binds its socket to, when it does.
    pub source: Option<IpAddr>,
    /// It is a client outside the cluster.
    pub external: bool,
    /// As it is named in messages.
    pub label: String,
}

/// Looks FROM up.
pub fn find(
    cluster: &Cluster,
    question: &Question,
    receiver: &Receiver,
) -> Result<Sender, Failure> {
    match &question.from {
        Endpoint::Service { name, .. } => Err(Failure::new(format!(
            "a Service sends nothing: {name} cannot be FROM"
        ))
        .hint("name the pod whose packets you ask about; `kubenet pods` lists them")),
        Endpoint::Pod {
            namespace, name, ..
        } => from_pod(
            cluster,
            namespace.as_deref().unwrap_or(&question.namespace),
            name,
        ),
        Endpoint::Name {
            namespace, name, ..
        } => match namespace {
            None => match named_namespace(cluster, name) {
                Some(found) => Ok(found),
                None => from_pod(cluster, &question.namespace, name)
                    .or_else(|failure| from_container(cluster, name).ok_or(failure)),
            },
            Some(namespace) => from_pod(cluster, namespace, name),
        },
        Endpoint::Container { name, .. } => {
            from_container(cluster, name).ok_or_else(|| unknown_container(cluster, name))
        }
        Endpoint::Node { name, .. } => from_node(cluster, name),
        Endpoint::Address { ip, .. } => from_address(cluster, *ip),
        Endpoint::External { ip, .. } => from_outside(cluster, *ip, question, receiver),
    }
}

fn pod_end(pod: &FoundPod) -> FlowEnd {
    FlowEnd {
        kind: "pod".to_owned(),
        namespace: Some(pod.namespace.clone()),
        name: Some(pod.name.clone()),
        node: pod.node.clone(),
        ip: None,
        port: None,
        role: None,
    }
}

fn from_pod(cluster: &Cluster, namespace: &str, name: &str) -> Result<Sender, Failure> {
    let all = pods(cluster);
    let pod = all
        .iter()
        .find(|pod| pod.namespace == namespace && pod.name == name)
        .ok_or_else(|| unknown_pod(&all, namespace, name))?;
    sender_pod(pod)
}

fn sender_pod(pod: &FoundPod) -> Result<Sender, Failure> {
    let label = format!("pod {}/{}", pod.namespace, pod.name);
    let Some(start) = pod.netns else {
        let place = match (&pod.node, pod.host_network) {
            (Some(node), true) => format!("it runs in the host namespace of {node}, which"),
            (Some(node), false) => format!("its network namespace on {node}"),
            (None, _) => "it is on no node yet: its network namespace".to_owned(),
        };
        return Err(
            Failure::new(format!("{label} is known, but {place} was not captured"))
                .hint("`kubenet netns` lists the namespaces that were; add a bundle of that node"),
        );
    };
    Ok(Sender {
        start,
        end: pod_end(pod),
        addresses: pod.ips.clone(),
        source: None,
        external: false,
        label,
    })
}

fn from_container(cluster: &Cluster, name: &str) -> Option<Sender> {
    let found = container(cluster, name)?;
    Some(Sender {
        start: found.netns,
        end: found.end(),
        label: format!("container {}", found.name),
        addresses: found.ips,
        source: None,
        external: false,
    })
}

/// The failure for a pod that there is not.
pub fn unknown_pod(all: &[FoundPod], namespace: &str, name: &str) -> Failure {
    let elsewhere: Vec<String> = all
        .iter()
        .filter(|pod| pod.name == name)
        .map(|pod| format!("{}/{}", pod.namespace, pod.name))
        .collect();
    let failure = Failure::new(format!("no pod {name} in namespace {namespace}"));
    if let [first, ..] = elsewhere.as_slice() {
        return failure.hint(format!(
            "there is {first}; `kubenet pods` lists what there is"
        ));
    }
    let names: Vec<String> = all
        .iter()
        .map(|pod| match pod.namespace == namespace {
            true => pod.name.clone(),
            false => format!("{}/{}", pod.namespace, pod.name),
        })
        .collect();
    failure.hint(hint(name, &names, "pods"))
}

/// A namespace that is no pod's, by the name `kubenet netns` lists it under.
fn named_namespace(cluster: &Cluster, name: &str) -> Option<Sender> {
    let (start, netns) = cluster
        .all_netns()
        .find(|(_, netns)| matches!(&netns.name, NetnsName::Named(n) if n == name))?;
    Some(Sender {
        start,
        end: FlowEnd {
            kind: "address".to_owned(),
            namespace: None,
            name: Some(name.to_owned()),
            node: Some(cluster.node_name(start).to_owned()),
            ip: None,
            port: None,
            role: None,
        },
        addresses: global_addresses(netns),
        source: None,
        external: false,
        label: format!("namespace {name}"),
    })
}

fn node_end(name: &str) -> FlowEnd {
    FlowEnd {
        kind: "node".to_owned(),
        namespace: None,
        name: Some(name.to_owned()),
        node: Some(name.to_owned()),
        ip: None,
        port: None,
        role: None,
    }
}

fn from_node(cluster: &Cluster, name: &str) -> Result<Sender, Failure> {
    let start = host_of(cluster, name)?;
    Ok(Sender {
        start,
        end: node_end(name),
        addresses: node_addresses(cluster, name),
        source: None,
        external: false,
        label: format!("node {name}"),
    })
}

fn host_of(cluster: &Cluster, name: &str) -> Result<NetnsId, Failure> {
    cluster.host(name).ok_or_else(|| {
        let names = node_names(cluster);
        match names.iter().any(|known| known == name) {
            true => Failure::new(format!(
                "node {name} is known, but its host namespace was not captured"
            ))
            .hint("`kubenet netns` lists the namespaces that were; add a bundle of that node"),
            false => Failure::new(format!("no node {name}")).hint(hint(name, &names, "nodes")),
        }
    })
}

fn from_address(cluster: &Cluster, ip: IpAddr) -> Result<Sender, Failure> {
    if ip.is_loopback() || ip.is_unspecified() {
        return Err(Failure::new(format!("{ip} is in every namespace"))
            .hint("name the pod, or node/NAME for a node itself"));
    }
    let all = pods(cluster);
    let holders: Vec<NetnsId> = cluster
        .all_netns()
        .filter(|(_, netns)| netns.has_address(ip))
        .map(|(id, _)| id)
        .collect();
    let is_host = |id: &NetnsId| cluster.netns(*id).name == NetnsName::Host;
    // A pod's address before a node's: several nodes may hold one address (docker0's, say), pods' are their own.
    let holder = holders
        .iter()
        .find(|id| !is_host(id))
        .or_else(|| holders.first());
    let Some(&start) = holder else {
        let pod = all
            .iter()
            .find(|pod| !pod.host_network && pod.ips.contains(&ip));
        return Err(match pod {
            Some(pod) => match sender_pod(pod) {
                Err(failure) => failure,
                Ok(_) => Failure::new(format!(
                    "{ip} belongs to pod {}/{}, but its namespace does not hold that address",
                    pod.namespace, pod.name
                )),
            },
            None => unknown_address(cluster, ip),
        });
    };
    if let (true, [_, second, ..]) = (is_host(&start), holders.as_slice()) {
        return Err(Failure::new(format!(
            "{ip} is on several nodes: {} and {}",
            cluster.node_name(start),
            cluster.node_name(*second)
        ))
        .hint("say which with node/NAME"));
    }
    let netns = cluster.netns(start);
    let end = match all
        .iter()
        .find(|pod| pod.netns == Some(start) && !pod.host_network)
    {
        Some(pod) => pod_end(pod),
        None if is_host(&start) => node_end(cluster.node_name(start)),
        None => match containers(cluster).iter().find(|one| one.netns == start) {
            Some(container) => container.end(),
            None => FlowEnd {
                kind: "address".to_owned(),
                namespace: None,
                name: None,
                node: Some(cluster.node_name(start).to_owned()),
                ip: None,
                port: None,
                role: None,
            },
        },
    };
    let alike = global_addresses(netns)
        .iter()
        .filter(|other| Family::of(**other) == Family::of(ip))
        .count();
    Ok(Sender {
        start,
        end,
        addresses: vec![ip],
        // Where the kernel has no choice, a socket that is not bound is what programs have.
        source: (alike > 1).then_some(ip),
        external: false,
        label: ip.to_string(),
    })
}

fn unknown_address(cluster: &Cluster, ip: IpAddr) -> Failure {
    let known: Vec<String> = cluster
        .all_netns()
        .flat_map(|(_, netns)| global_addresses(netns))
        .map(|ip| ip.to_string())
        .collect();
    Failure::new(format!("no captured namespace has the address {ip}")).hint(hint(
        &ip.to_string(),
        &known,
        "netns",
    ))
}

/// Addresses for documentation (RFC 5737, RFC 3849): a client outside that nobody named comes from no real network.
const SOMEWHERE: [IpAddr; 2] = [
    IpAddr::V4(Ipv4Addr::new(203, 0, 113, 10)),
    IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0x10)),
];

fn from_outside(
    cluster: &Cluster,
    ip: Option<IpAddr>,
    question: &Question,
    receiver: &Receiver,
) -> Result<Sender, Failure> {
    let via = match (
        &question.via,
        receiver.end.kind.as_str(),
        &receiver.end.name,
    ) {
        (Some(via), _, _) => via.clone(),
        (None, "node", Some(node)) => node.clone(),
        (None, _, _) => match cluster.nodes.as_slice() {
            [only] => only.name.clone(),
            _ => {
                return Err(Failure::new(
                    "a client outside the cluster sends to one of several nodes",
                )
                .hint(format!(
                    "say which: --via {}",
                    node_names(cluster).join(" or --via ")
                )));
            }
        },
    };
    Ok(Sender {
        start: host_of(cluster, &via)?,
        end: FlowEnd {
            kind: "external".to_owned(),
            namespace: None,
            name: None,
            node: None,
            ip: None,
            port: None,
            role: None,
        },
        addresses: ip.map_or(SOMEWHERE.to_vec(), |ip| vec![ip]),
        source: None,
        external: true,
        label: "the client outside".to_owned(),
    })
}
