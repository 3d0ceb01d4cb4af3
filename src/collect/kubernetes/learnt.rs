//! Who asks the Kubernetes API, and what was learnt of it.

use std::net::IpAddr;

use crate::model::{Gap, Objects};

/// This machine as far as it can be told from others.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Here {
    /// Its host name.
    pub host_name: String,
    /// The addresses of its own namespace.
    pub addresses: Vec<IpAddr>,
}

/// All that was learnt.
#[derive(Debug, Default)]
pub struct Learnt {
    /// The objects, and which kinds may have more.
    pub objects: Objects,
    /// What was refused or lost.
    pub gaps: Vec<Gap>,
    /// The Node object that is this machine.
    pub node: Option<String>,
    /// Whether any question was answered at all.
    pub answered: bool,
}
