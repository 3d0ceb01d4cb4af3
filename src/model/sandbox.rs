//! What the container runtimes of a node keep of pods' sandboxes and of containers that are no pod's.

use std::fmt;

use serde::Serialize;

/// What stands before a container's name in the name of its namespace, and where a person types it.
pub const CONTAINER_PREFIX: &str = "docker:";

/// A pod's sandbox, or a container that belongs to no pod, which has a network namespace now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sandbox {
    /// The runtime's identifier of it.
    pub id: String,
    /// Who runs it.
    pub runtime: Runtime,
    /// Whose it is.
    pub holder: Holder,
    /// Its first process, where that lives.
    pub pid: Option<u32>,
    /// Whether its runtime calls it ready (CRI, `PodSandboxState`); `None` where that was not asked.
    pub ready: Option<bool>,
    /// Its network namespace: an index into [`super::Node::netns`].
    pub netns: Option<usize>,
}

/// Whose a sandbox is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holder {
    /// A pod's.
    Pod {
        /// Kubernetes namespace.
        namespace: String,
        /// Name.
        name: String,
        /// `metadata.uid`, where the runtime keeps it.
        uid: Option<String>,
    },
    /// A container's that Kubernetes did not ask for.
    Container {
        /// Its name.
        name: String,
        /// How it is joined to networks.
        network: NetworkMode,
    },
}

/// Programs that keep sandboxes, by the names of their services.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Runtime {
    /// containerd.
    Containerd,
    /// The containerd within k3s and RKE2.
    K3s,
    /// CRI-O.
    CriO,
    /// Docker, on behalf of the kubelet.
    CriDockerd,
    /// Docker.
    Docker,
    /// Another one that speaks the Container Runtime Interface.
    Cri,
}

impl fmt::Display for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Containerd => "containerd",
            Self::K3s => "k3s",
            Self::CriO => "cri-o",
            Self::CriDockerd => "cri-dockerd",
            Self::Docker => "docker",
            Self::Cri => "cri",
        })
    }
}

/// Docker's network modes (docker-run(1), `--network`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NetworkMode {
    /// On `docker0`.
    Bridge,
    /// In the node's own namespace.
    Host,
    /// In a namespace of its own, with a loopback device alone.
    None,
    /// In the namespace of another container, by its name.
    Container(String),
    /// On a network that a user made, by its name.
    Network(String),
    /// On several networks, by their names: first the one that it was started on (docker-network-connect(1)).
    Several(Vec<String>),
}

impl fmt::Display for NetworkMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bridge => f.write_str("bridge"),
            Self::Host => f.write_str("host"),
            Self::None => f.write_str("none"),
            Self::Container(name) => write!(f, "container:{name}"),
            Self::Network(name) => f.write_str(name),
            Self::Several(names) => f.write_str(&names.join(", ")),
        }
    }
}

/// Whether programs run in a network namespace.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum Occupied {
    /// Not known: it was read from a dump, or not all processes could be looked at.
    #[default]
    Unknown,
    /// By none: what holds it is a name or an open file.
    Nobody,
    /// By this process, and perhaps by others of higher numbers.
    By(u32),
}

impl Occupied {
    /// A process in it.
    pub fn pid(self) -> Option<u32> {
        match self {
            Self::By(pid) => Some(pid),
            Self::Unknown | Self::Nobody => None,
        }
    }
}
