//! Which namespaces a command is about: a pod's, a node's own, or any by its name.

use super::endpoint::{container, hint, node_names, pods, unknown_container};
use super::{Failure, Global};
use crate::model::{CONTAINER_PREFIX, Cluster, NetnsId, NetnsName};

/// What the user said of it.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// NAME or NS/NAME of a pod, `docker:NAME` of a container.
    pub pod: Option<&'a str>,
    /// A node; its own namespace, unless one is named.
    pub node: Option<&'a str>,
    /// A namespace, as `kubenet netns` calls it.
    pub netns: Option<&'a str>,
}

/// The namespaces that are meant; where nothing was said, the nodes' own.
pub fn find(
    cluster: &Cluster,
    wanted: Wanted<'_>,
    global: &Global,
) -> Result<Vec<NetnsId>, Failure> {
    if let Some(pod) = wanted.pod {
        return of_pod(cluster, pod, global).map(|id| vec![id]);
    }
    if let Some(node) = wanted.node {
        let known = node_names(cluster);
        if !known.iter().any(|name| name == node) {
            let failure = Failure::new(format!("there is no node {node}"));
            return Err(failure.hint(hint(node, &known, "nodes")));
        }
    }
    let found: Vec<NetnsId> = cluster
        .all_netns()
        .filter(|(id, _)| {
            wanted
                .node
                .is_none_or(|node| cluster.node_name(*id) == node)
        })
        .filter(|(_, netns)| match wanted.netns {
            Some(wanted) => {
                netns.name.to_string() == wanted
                    || matches!(&netns.name, NetnsName::Named(name) if name == wanted)
            }
            None => netns.name == NetnsName::Host,
        })
        .map(|(id, _)| id)
        .collect();
    match (found.is_empty(), wanted.netns) {
        (false, _) => Ok(found),
        (true, Some(wanted)) => Err(Failure::new(format!("there is no namespace {wanted}"))
            .hint("`kubenet netns` lists what there is")),
        (true, None) => Err(Failure::new("no node's own namespace was captured")
            .hint("give --pod or --netns; `kubenet netns` lists what there is")),
    }
}

fn of_pod(cluster: &Cluster, wanted: &str, global: &Global) -> Result<NetnsId, Failure> {
    let wanted = wanted.strip_prefix("pod/").unwrap_or(wanted);
    if let Some(name) = wanted.strip_prefix(CONTAINER_PREFIX) {
        let found = container(cluster, name);
        return found
            .map(|container| container.netns)
            .ok_or_else(|| unknown_container(cluster, name));
    }
    let known = pods(cluster);
    let (namespace, name) = split(wanted, global);
    let its = known
        .iter()
        .find(|pod| pod.namespace == namespace && pod.name == name);
    match its {
        Some(pod) => pod.netns.ok_or_else(|| {
            Failure::new(format!(
                "the namespace of pod {namespace}/{name} was not captured"
            ))
            .hint("`kubenet netns` lists what was")
        }),
        None => {
            let names: Vec<String> = known
                .iter()
                .map(|pod| format!("{}/{}", pod.namespace, pod.name))
                .collect();
            let asked = format!("{namespace}/{name}");
            let text = hint(&asked, &names, "pods");
            Err(Failure::new(format!("there is no pod {asked}")).hint(text))
        }
    }
}

/// Kubernetes namespace and name of what was typed.
pub fn split<'a>(name: &'a str, global: &'a Global) -> (&'a str, &'a str) {
    let namespace = global.namespace.as_deref().unwrap_or("default");
    name.split_once('/').unwrap_or((namespace, name))
}
