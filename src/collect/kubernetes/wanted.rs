//! What a question needs of the Kubernetes API: never more than that is asked for.

use std::collections::BTreeSet;
use std::net::IpAddr;

/// What is to be read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// All nodes.
    pub nodes: bool,
    /// Which pods, besides those that are named.
    pub pods: Pods,
    /// All Services.
    pub services: bool,
    /// All EndpointSlices.
    pub endpoint_slices: bool,
    /// Lists are of this Kubernetes namespace only.
    pub namespace: Option<String>,
    /// What was named.
    pub named: BTreeSet<Named>,
}

/// Which pods.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Pods {
    /// None.
    #[default]
    None,
    /// Those of the node that this machine is.
    OfNode,
    /// All.
    All,
}

/// Something that somebody named.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Named {
    /// A pod, by namespace and name.
    Pod(String, String),
    /// A Service, by namespace and name, with its endpoints.
    Service(String, String),
    /// What an address belongs to, and if that is a Service, its endpoints. With the port, where one was given, it may be
    /// a NodePort.
    Address(IpAddr, Option<u16>),
    /// What a port of every node leads to.
    NodePort(u16),
}

impl Wanted {
    /// What names the namespaces of this machine: its pods, and the nodes.
    pub fn names() -> Self {
        Self {
            nodes: true,
            pods: Pods::OfNode,
            ..Self::default()
        }
    }

    /// Everything that explains rules: who they were written for.
    pub fn everything() -> Self {
        Self {
            nodes: true,
            pods: Pods::All,
            services: true,
            endpoint_slices: true,
            ..Self::default()
        }
    }
}
