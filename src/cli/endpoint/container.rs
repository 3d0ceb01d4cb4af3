//! Containers that belong to no pod: what Docker runs on a node.

use std::net::IpAddr;

use super::find::{global_addresses, node_addresses};
use super::nearest::hint;
use crate::cli::Failure;
use crate::model::{
    CONTAINER_PREFIX, Cluster, FlowEnd, Holder, NetnsId, NetnsName, NetworkMode, Sandbox,
};

/// A container that runs.
#[derive(Debug, Clone)]
pub struct FoundContainer<'c> {
    /// Its name.
    pub name: &'c str,
    /// How it is joined to networks.
    pub network: &'c NetworkMode,
    /// The node it is on.
    pub node: &'c str,
    /// Its addresses: its node's, where it uses that one's namespace.
    pub ips: Vec<IpAddr>,
    /// The namespace its packets start in.
    pub netns: NetnsId,
    /// As Docker keeps it.
    pub sandbox: &'c Sandbox,
}

impl FoundContainer<'_> {
    /// One end of a flow.
    pub(super) fn end(&self) -> FlowEnd {
        FlowEnd {
            kind: "container".to_owned(),
            namespace: None,
            name: Some(self.name.to_owned()),
            node: Some(self.node.to_owned()),
            ip: None,
            port: None,
            role: None,
        }
    }
}

/// All of them, by node and name.
pub fn containers(cluster: &Cluster) -> Vec<FoundContainer<'_>> {
    let mut found = Vec::new();
    for (at, node) in cluster.nodes.iter().enumerate() {
        for sandbox in &node.sandboxes {
            let (Holder::Container { name, network }, Some(netns)) =
                (&sandbox.holder, sandbox.netns)
            else {
                continue;
            };
            let netns = NetnsId { node: at, netns };
            let ips = match cluster.netns(netns).name {
                NetnsName::Host => node_addresses(cluster, &node.name),
                _ => global_addresses(cluster.netns(netns)),
            };
            found.push(FoundContainer {
                name,
                network,
                node: &node.name,
                ips,
                netns,
                sandbox,
            });
        }
    }
    found.sort_by_key(|container| (container.node, container.name));
    found
}

/// The container of that name, or whose identifier begins so.
pub fn container<'c>(cluster: &'c Cluster, name: &str) -> Option<FoundContainer<'c>> {
    let all = containers(cluster);
    let by_name = all.iter().find(|one| one.name == name);
    let mut by_id = all
        .iter()
        .filter(|one| name.len() >= 4 && one.sandbox.id.starts_with(name));
    let by_id = by_id.next().filter(|_| by_id.next().is_none());
    by_name.or(by_id).cloned()
}

/// The failure for a container that there is not.
pub fn unknown_container(cluster: &Cluster, name: &str) -> Failure {
    let all = containers(cluster);
    let failure = Failure::new(format!("no container {name} of Docker runs here"));
    if all.is_empty() {
        return failure.hint(
            "none was found: Docker's files are read on this machine alone, and only by root",
        );
    }
    let names: Vec<String> = all
        .iter()
        .map(|one| format!("{CONTAINER_PREFIX}{}", one.name))
        .collect();
    failure.hint(hint(&format!("{CONTAINER_PREFIX}{name}"), &names, "pods"))
}
