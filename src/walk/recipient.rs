//! Who took a packet, by the name that a user knows it by: a pod, a node, an address, somebody outside.

use std::net::IpAddr;

use super::walker::{Delivery, Recipient};
use crate::model::{CONTAINER_PREFIX, Cluster, FlowEnd, NetnsName, Protocol};

/// Who took the packet, by name.
pub(super) fn destination(cluster: &Cluster, delivery: &Delivery) -> FlowEnd {
    let packet = &delivery.packet;
    let ip = packet.destination;
    let port = packet
        .destination_port
        .number()
        .filter(|_| packet.protocol.has_ports());
    let end = |kind: &str,
               namespace: Option<String>,
               name: Option<String>,
               node: Option<String>| FlowEnd {
        kind: kind.to_owned(),
        namespace,
        name,
        node,
        ip: Some(ip),
        port,
        role: None,
    };
    let Recipient::Socket(netns) = delivery.to else {
        return end("external", None, None, None);
    };
    let node = cluster.node_name(netns).to_owned();
    match &cluster.netns(netns).name {
        NetnsName::Pod { namespace, name } => end(
            "pod",
            Some(namespace.clone()),
            Some(name.clone()),
            Some(node),
        ),
        NetnsName::Host => match host_network_pod(cluster, ip, port, packet.protocol, &node) {
            Some((namespace, name)) => end("pod", Some(namespace), Some(name), Some(node)),
            None => end("node", None, Some(node.clone()), Some(node)),
        },
        NetnsName::Named(name) => {
            let pod = cluster
                .objects
                .pods
                .iter()
                .find(|pod| !pod.host_network && pod.ips.contains(&ip));
            match pod {
                Some(pod) => end(
                    "pod",
                    Some(pod.namespace.clone()),
                    Some(pod.name.clone()),
                    Some(node),
                ),
                None => match name.strip_prefix(CONTAINER_PREFIX) {
                    Some(container) => {
                        end("container", None, Some(container.to_owned()), Some(node))
                    }
                    None => end("address", None, Some(name.clone()), Some(node)),
                },
            }
        }
    }
}

/// The pod of a node's own network that serves a port there, as EndpointSlices tell.
fn host_network_pod(
    cluster: &Cluster,
    ip: IpAddr,
    port: Option<u16>,
    protocol: Protocol,
    node: &str,
) -> Option<(String, String)> {
    let port = port?;
    cluster
        .objects
        .endpoint_slices
        .iter()
        .filter(|slice| {
            slice
                .ports
                .iter()
                .any(|(_, of, number)| *of == protocol && *number == port)
        })
        .flat_map(|slice| &slice.endpoints)
        .find(|endpoint| {
            endpoint.addresses.contains(&ip) && endpoint.node.as_deref().is_none_or(|on| on == node)
        })
        .and_then(|endpoint| endpoint.pod.clone())
}
