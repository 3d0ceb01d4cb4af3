//! A cluster, what is broken in it, and the packets to be sent in it: all of it data, to be printed, kept and shrunk.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use kubenet::cli::endpoint::{self, Question};
use kubenet::lab::spec::Spec;
use kubenet::model::trace::Trace;
use kubenet::model::{Cluster, Protocol};
use kubenet::walk;
use serde::{Deserialize, Serialize};

use crate::breakage::Breakage;

/// What is asked of the kernel and of the walk alike.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Case {
    pub spec: Spec,
    #[serde(default)]
    pub broken: Vec<Breakage>,
    pub flows: Vec<Flow>,
}

/// A connection.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Flow {
    pub from: From,
    pub protocol: Protocol,
    /// Port 0 for ICMP.
    pub to: SocketAddr,
    /// Clients of its Service stick to an endpoint.
    pub sticky: bool,
    /// Bytes of the IP packet, where it is no small one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u32>,
}

/// Who connects.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum From {
    /// A pod, as `NAMESPACE/NAME`, and the node it is on if it is in that node's namespace.
    Pod(String, Option<String>),
    /// A node.
    Node(String),
    /// The host outside, by one of its addresses, with the node that it sends to.
    Outside(IpAddr, String),
}

impl From {
    /// As a user says it.
    pub fn name(&self) -> String {
        match self {
            Self::Pod(pod, _) => pod.clone(),
            Self::Node(node) => format!("node/{node}"),
            Self::Outside(ip, _) => format!("external:{ip}"),
        }
    }

    /// The namespace of the lab where its packets are made.
    pub fn place(&self) -> String {
        match self {
            Self::Pod(_, Some(node)) | Self::Node(node) => format!("node/{node}"),
            Self::Pod(pod, None) => pod.clone(),
            Self::Outside(..) => "ext".to_owned(),
        }
    }
}

impl fmt::Display for Flow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.from.name())?;
        if let From::Outside(_, via) = &self.from {
            write!(f, " by {via}")?;
        }
        write!(f, " {} {}", self.protocol, self.to)?;
        self.size
            .map_or(Ok(()), |size| write!(f, " of {size} bytes"))
    }
}

impl Flow {
    /// What the walk says to it.
    pub fn trace(&self, cluster: &Cluster) -> Trace {
        let to = match self.protocol {
            Protocol::Icmp => self.to.ip().to_string(),
            _ => self.to.to_string(),
        };
        let via = match &self.from {
            From::Outside(_, via) => Some(via.clone()),
            _ => None,
        };
        let question = Question {
            protocol: Some(self.protocol),
            via,
            size: self.size,
            ..Question::new(
                endpoint::parse(&self.from.name()).expect("FROM"),
                endpoint::parse(&to).expect("TO"),
            )
        };
        let flow = endpoint::resolve(cluster, &question)
            .unwrap_or_else(|error| panic!("{self}: {error:?}"));
        walk::trace(cluster, &flow)
    }
}
