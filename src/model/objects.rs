//! The Kubernetes objects that matter to a packet's way, reduced to what does.

use std::collections::BTreeSet;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::Protocol;

/// Objects of the Kubernetes API.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Objects {
    /// Pods.
    pub pods: Vec<Pod>,
    /// Services.
    pub services: Vec<Service>,
    /// EndpointSlices.
    pub endpoint_slices: Vec<EndpointSlice>,
    /// Nodes: name, internal addresses, pod CIDRs.
    pub nodes: Vec<NodeObject>,
    /// Kinds that were not read, or only in part: what is not here of them may be there all the same.
    #[serde(default)]
    pub incomplete: BTreeSet<ObjectKind>,
    /// Nodes all of whose pods were read, although not all pods were.
    #[serde(default)]
    pub whole_nodes: BTreeSet<String>,
    /// Services that were read with all of their EndpointSlices, by namespace and name, although not all Services were.
    #[serde(default)]
    pub whole_services: BTreeSet<(String, String)>,
}

impl Objects {
    /// Nothing was read.
    pub fn unread() -> Self {
        Self {
            incomplete: BTreeSet::from([
                ObjectKind::Pod,
                ObjectKind::Service,
                ObjectKind::EndpointSlice,
                ObjectKind::Node,
            ]),
            ..Self::default()
        }
    }

    /// Whether all pods of a node were read.
    pub fn knows_pods_of(&self, node: &str) -> bool {
        !self.incomplete.contains(&ObjectKind::Pod) || self.whole_nodes.contains(node)
    }

    /// Whether a Service was read with all of its EndpointSlices.
    pub fn knows_service(&self, namespace: &str, name: &str) -> bool {
        let needed = [ObjectKind::Service, ObjectKind::EndpointSlice];
        let key = (namespace.to_owned(), name.to_owned());
        !needed.iter().any(|kind| self.incomplete.contains(kind))
            || self.whole_services.contains(&key)
    }
}

/// Kinds of objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum ObjectKind {
    /// [`Objects::pods`].
    Pod,
    /// [`Objects::services`].
    Service,
    /// [`Objects::endpoint_slices`].
    EndpointSlice,
    /// [`Objects::nodes`].
    Node,
}

/// A Node object.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeObject {
    /// Its name.
    pub name: String,
    /// `status.addresses` which are addresses.
    pub addresses: Vec<IpAddr>,
    /// `spec.podCIDRs`.
    pub pod_cidrs: Vec<ipnet::IpNet>,
    /// `topology.kubernetes.io/zone`.
    pub zone: Option<String>,
    /// `flannel.alpha.coreos.com/*` annotations, without the prefix.
    pub flannel: Vec<(String, String)>,
}

/// A Pod object.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pod {
    /// Kubernetes namespace.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// `spec.nodeName`.
    pub node: Option<String>,
    /// `status.podIPs`.
    pub ips: Vec<IpAddr>,
    /// `spec.hostNetwork`.
    pub host_network: bool,
    /// The uid by which its node knows it: `metadata.uid`, but of a static pod the one that the kubelet gave it.
    pub uid: Option<String>,
    /// `status.phase`.
    pub phase: Option<String>,
    /// `metadata.labels`.
    #[serde(default)]
    pub labels: Vec<(String, String)>,
    /// Ports that its containers declare: what a Service's named target port leads to, and host ports.
    pub ports: Vec<ContainerPort>,
}

impl Pod {
    /// Whether its containers are gone for good, so that its address may be another's.
    pub fn has_ended(&self) -> bool {
        matches!(self.phase.as_deref(), Some("Succeeded" | "Failed"))
    }
}

/// A port that a container declares.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContainerPort {
    /// Its name; empty when it has none.
    pub name: String,
    /// Transport protocol.
    pub protocol: Protocol,
    /// Where the container listens.
    pub port: u16,
    /// `hostPort`: the port of the node that leads here.
    pub host_port: Option<u16>,
}

/// A Service object.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Service {
    /// Kubernetes namespace.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// `ClusterIP`, `NodePort`, `LoadBalancer` or `ExternalName`.
    pub kind: String,
    /// `spec.clusterIPs`; empty when headless.
    pub cluster_ips: Vec<IpAddr>,
    /// `spec.clusterIP` is `None`.
    pub headless: bool,
    /// Ports.
    pub ports: Vec<ServicePort>,
    /// `spec.externalIPs`.
    pub external_ips: Vec<IpAddr>,
    /// `status.loadBalancer.ingress[].ip`.
    pub load_balancer_ips: Vec<IpAddr>,
    /// Those of them with `ipMode: Proxy`, which kube-proxy leaves to the load balancer.
    pub load_balancer_proxy_ips: Vec<IpAddr>,
    /// `spec.loadBalancerSourceRanges`.
    pub source_ranges: Vec<ipnet::IpNet>,
    /// `spec.healthCheckNodePort`.
    pub health_check_node_port: Option<u16>,
    /// `spec.externalTrafficPolicy` is Local.
    pub external_local: bool,
    /// `spec.internalTrafficPolicy` is Local.
    pub internal_local: bool,
    /// Seconds of ClientIP affinity.
    pub affinity_seconds: Option<u32>,
    /// `spec.externalName`.
    pub external_name: Option<String>,
    /// `spec.selector`: the labels of the pods behind it; `None` where somebody writes its endpoints by hand.
    #[serde(default)]
    pub selector: Option<Vec<(String, String)>>,
    /// Label `service.kubernetes.io/service-proxy-name` or `service.kubernetes.io/headless`: kube-proxy leaves it to
    /// others.
    #[serde(default)]
    pub left_to_others: bool,
}

/// A port of a Service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServicePort {
    /// Its name; empty when it has none.
    pub name: String,
    /// Transport protocol.
    pub protocol: Protocol,
    /// Where clients connect to.
    pub port: u16,
    /// Number or name of the pods' port.
    pub target_port: PortRef,
    /// Port on every node.
    pub node_port: Option<u16>,
}

/// A port by number or by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum PortRef {
    /// By number.
    Number(u16),
    /// By the name of a container's port.
    Name(String),
}

/// An EndpointSlice object.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndpointSlice {
    /// Kubernetes namespace.
    pub namespace: String,
    /// The Service it belongs to (label `kubernetes.io/service-name`).
    pub service: String,
    /// Ports: name, protocol, number.
    pub ports: Vec<(String, Protocol, u16)>,
    /// Endpoints.
    pub endpoints: Vec<Endpoint>,
}

/// An endpoint of an EndpointSlice.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    /// Its addresses (fungible; the first counts).
    pub addresses: Vec<IpAddr>,
    /// `conditions.ready`.
    pub ready: bool,
    /// `conditions.serving`.
    pub serving: bool,
    /// `conditions.terminating`.
    pub terminating: bool,
    /// `nodeName`.
    pub node: Option<String>,
    /// The pod, as (namespace, name).
    pub pod: Option<(String, String)>,
    /// Zones that topology hints name.
    pub hint_zones: Vec<String>,
    /// Nodes that topology hints name.
    #[serde(default)]
    pub hint_nodes: Vec<String>,
}
