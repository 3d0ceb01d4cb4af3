//! A lab that was built: what it is, and which processes hold its namespaces.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::LabError;
use super::process::Process;
use super::spec::Spec;
use crate::model::{NetnsName, Objects};

/// A lab that was built, or is being built.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LabState {
    /// Its name.
    pub name: String,
    /// Who builds or built it.
    pub builder: Process,
    /// What was built.
    pub spec: Spec,
    /// The processes that hold its namespaces.
    pub holders: Vec<Holder>,
}

/// A process that holds a namespace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// What the namespace is.
    pub place: Place,
    /// The process.
    pub process: Process,
}

/// What a namespace of the lab is.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// The switch between the nodes.
    Lan,
    /// The host outside the cluster, the LAN's way out.
    Outside,
    /// A node's own.
    Node {
        /// The node.
        node: String,
    },
    /// A pod's.
    Pod {
        /// The node it is on.
        node: String,
        /// Its Kubernetes namespace.
        namespace: String,
        /// Its name.
        name: String,
    },
}

impl Place {
    /// As `lab run` takes it: `node/NAME`, `NAMESPACE/NAME` of a pod, `ext`, `lan`.
    pub fn label(&self) -> String {
        match self {
            Self::Lan => "lan".to_owned(),
            Self::Outside => "ext".to_owned(),
            Self::Node { node } => format!("node/{node}"),
            Self::Pod {
                namespace, name, ..
            } => format!("{namespace}/{name}"),
        }
    }

    /// The node it belongs to; the LAN and the outside host belong to none.
    pub fn node(&self) -> Option<&str> {
        match self {
            Self::Lan | Self::Outside => None,
            Self::Node { node } | Self::Pod { node, .. } => Some(node),
        }
    }
}

impl Holder {
    /// The namespace as a file that can be opened and entered.
    pub fn netns_path(&self) -> PathBuf {
        PathBuf::from(format!("/proc/{}/ns/net", self.process.pid))
    }
}

/// A node of a lab and where its namespaces are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeNamespaces {
    /// The node's name.
    pub name: String,
    /// Its namespaces, its own first.
    pub namespaces: Vec<(NetnsName, PathBuf)>,
}

impl LabState {
    /// Every node and where its namespaces are.
    pub fn nodes(&self) -> Vec<NodeNamespaces> {
        self.spec
            .objects
            .nodes
            .iter()
            .map(|node| {
                let mut namespaces: Vec<_> = self
                    .holders
                    .iter()
                    .filter(|holder| holder.place.node() == Some(&node.name))
                    .filter_map(|holder| Some((netns_name(&holder.place)?, holder.netns_path())))
                    .collect();
                namespaces.sort_by_key(|(name, _)| *name != NetnsName::Host);
                NodeNamespaces {
                    name: node.name.clone(),
                    namespaces,
                }
            })
            .collect()
    }

    /// The Kubernetes objects of the lab.
    pub fn objects(&self) -> &Objects {
        &self.spec.objects
    }

    /// Whether any part of it still stands.
    pub fn is_alive(&self) -> bool {
        self.holders.iter().any(|holder| holder.process.is_alive())
    }

    /// The holder of what `lab run` calls `NAME`, `NAMESPACE/NAME`, `pod/NAMESPACE/NAME`, `node/NAME` or `ext`.
    pub fn holder(&self, wanted: &str) -> Result<&Holder, LabError> {
        let label = match wanted.strip_prefix("pod/").unwrap_or(wanted) {
            plain @ ("lan" | "ext") => plain.to_owned(),
            qualified if qualified.contains('/') => qualified.to_owned(),
            plain => format!("default/{plain}"),
        };
        self.holders
            .iter()
            .find(|holder| holder.place.label() == label)
            .ok_or_else(|| LabError::NoSuchPlace {
                wanted: wanted.to_owned(),
                known: self
                    .holders
                    .iter()
                    .map(|holder| holder.place.label())
                    .collect(),
            })
    }
}

fn netns_name(place: &Place) -> Option<NetnsName> {
    match place {
        Place::Lan | Place::Outside => None,
        Place::Node { .. } => Some(NetnsName::Host),
        Place::Pod {
            namespace, name, ..
        } => Some(NetnsName::Pod {
            namespace: namespace.clone(),
            name: name.clone(),
        }),
    }
}
