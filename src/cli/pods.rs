//! `kubenet pods`: the pods that packets can be traced from and to, and the containers that are no pod's.

use std::net::IpAddr;

use clap::Args;
use serde_json::{Value, json};

use super::endpoint::{FoundContainer, FoundPod, containers, pods};
use super::source::{self, Depth};
use super::{Failure, Global, Outcome, output};
use crate::collect::kubernetes::{Pods, Wanted};
use crate::model::{CONTAINER_PREFIX, Cluster, Holder, NetnsId, NetnsName, Sandbox};
use crate::show::{Cell, Column, sandboxes};

/// Arguments of `pods`.
#[derive(Debug, Args)]
#[command(after_help = "\
On a node, containers of Docker that are no pod's are listed too, by the names
that `kubenet trace` takes: docker:NAME.

Examples:
  kubenet --demo pods
  kubenet --bundle dump.tar.gz pods -n shop
  sudo kubenet pods -o wide     with sandboxes, processes and namespaces
  sudo kubenet pods -o json")]
pub struct PodsArgs {}

const COLUMNS: &[Column] = &[
    Column::new("namespace"),
    Column::new("name"),
    Column::new("node"),
    Column::new("addresses"),
    Column::new("network"),
    Column::wide("phase"),
    Column::wide("runtime"),
    Column::wide("sandbox"),
    Column::wide("pid"),
    Column::wide("netns"),
    Column::wide("device"),
    Column::new("captured"),
    Column::new("odd"),
];

/// A line of the list.
struct Entry<'c> {
    kind: &'static str,
    namespace: Option<String>,
    name: String,
    node: Option<String>,
    ips: Vec<IpAddr>,
    /// `host`, or one of Docker's modes.
    network: Option<String>,
    phase: Option<String>,
    netns: Option<NetnsId>,
    /// With the index of their node.
    sandboxes: Vec<(usize, &'c Sandbox)>,
}

/// Lists them.
pub fn run(global: &Global) -> Result<Outcome, Failure> {
    let wanted = Wanted {
        nodes: true,
        pods: Pods::All,
        namespace: global.namespace.clone(),
        ..Wanted::default()
    };
    let cluster = source::open_for(global, Depth::Survey, &wanted)?;
    let mut found = pods(&cluster);
    found.retain(|pod| {
        global
            .namespace
            .as_ref()
            .is_none_or(|namespace| pod.namespace == *namespace)
    });
    found.sort_by(|a, b| (&a.namespace, &a.name).cmp(&(&b.namespace, &b.name)));
    let mut entries: Vec<Entry<'_>> = found.into_iter().map(|pod| of_pod(&cluster, pod)).collect();
    if global.namespace.is_none() {
        entries.extend(containers(&cluster).into_iter().map(of_container));
    }
    let rows: Vec<Vec<Cell>> = entries.iter().map(|entry| entry.row(&cluster)).collect();
    let document = json!({
        "schema": "kubenet.pods/v1",
        "pods": entries.iter().map(|entry| entry.described(&cluster)).collect::<Vec<_>>(),
    });
    output::list(global, COLUMNS, &rows, &document)?;
    Ok(Outcome::Fine)
}

fn of_pod(cluster: &Cluster, pod: FoundPod) -> Entry<'_> {
    let nodes = cluster.nodes.iter().enumerate();
    let all = nodes.flat_map(|(at, node)| node.sandboxes.iter().map(move |one| (at, one)));
    let is_its = |(at, sandbox): &(usize, &Sandbox)| {
        let node = &cluster.nodes[*at].name;
        let here = pod.node.as_ref().is_none_or(|its| its == node);
        matches!(&sandbox.holder, Holder::Pod { namespace, name, .. }
            if here && *namespace == pod.namespace && *name == pod.name)
    };
    Entry {
        kind: "pod",
        sandboxes: all.filter(is_its).collect(),
        namespace: Some(pod.namespace),
        name: pod.name,
        node: pod.node,
        ips: pod.ips,
        network: pod.host_network.then(|| "host".to_owned()),
        phase: pod.phase,
        netns: pod.netns,
    }
}

fn of_container(container: FoundContainer<'_>) -> Entry<'_> {
    Entry {
        kind: "container",
        namespace: None,
        name: format!("{CONTAINER_PREFIX}{}", container.name),
        node: Some(container.node.to_owned()),
        ips: container.ips,
        network: Some(container.network.to_string()),
        phase: None,
        netns: Some(container.netns),
        sandboxes: vec![(container.netns.node, container.sandbox)],
    }
}

impl Entry<'_> {
    fn row(&self, cluster: &Cluster) -> Vec<Cell> {
        let of_each = |told: &dyn Fn(&Sandbox) -> Option<String>| {
            let told = self.sandboxes.iter().filter_map(|(_, one)| told(one));
            Cell::List(told.collect())
        };
        vec![
            self.namespace.clone().into(),
            self.name.as_str().into(),
            self.node.clone().into(),
            output::joined(&self.ips),
            self.network.clone().into(),
            self.phase.clone().into(),
            of_each(&|one| Some(one.runtime.to_string())),
            of_each(&|one| Some(sandboxes::short(&one.id).to_owned())),
            of_each(&|one| Some(one.pid?.to_string())),
            self.place(cluster).into(),
            self.device(cluster).into(),
            if self.netns.is_some() { "yes" } else { "no" }.into(),
            Cell::List(self.odd(cluster)),
        ]
    }

    fn described(&self, cluster: &Cluster) -> Value {
        let sandboxes = self.sandboxes.iter().map(|(node, sandbox)| {
            let netns = sandbox
                .netns
                .and_then(|at| cluster.nodes[*node].netns.get(at));
            json!({
                "id": sandbox.id,
                "runtime": sandbox.runtime,
                "pid": sandbox.pid,
                "netns": netns.map(|netns| netns.name.to_string()),
                "path": netns.and_then(|netns| netns.pinned.as_deref()),
                "odd": sandboxes::trouble(cluster, *node, sandbox),
            })
        });
        json!({
            "kind": self.kind,
            "namespace": self.namespace,
            "name": self.name,
            "node": self.node,
            "ips": self.ips,
            "phase": self.phase,
            "host_network": self.network.as_deref() == Some("host"),
            "network": self.network,
            "netns": self.netns.map(|id| cluster.netns(id).name.to_string()),
            "device": self.device(cluster),
            "captured": self.netns.is_some(),
            "sandboxes": sandboxes.collect::<Vec<_>>(),
        })
    }

    /// Its namespace: the file that it is pinned to, else its name.
    fn place(&self, cluster: &Cluster) -> Option<String> {
        let netns = cluster.netns(self.netns?);
        let pinned = netns.pinned.clone();
        Some(pinned.unwrap_or_else(|| netns.name.to_string()))
    }

    /// The node's device that leads to it: the other end of its veth pair, where both were read.
    fn device(&self, cluster: &Cluster) -> Option<String> {
        let id = self
            .netns
            .filter(|id| cluster.netns(*id).name != NetnsName::Host)?;
        let links = cluster.netns(id).links.iter().flatten();
        let mut far = links.filter_map(|link| cluster.veth_peer(id, link));
        far.find(|(there, _)| cluster.netns(*there).name == NetnsName::Host)
            .map(|(_, device)| device)
    }

    fn odd(&self, cluster: &Cluster) -> Vec<String> {
        let all = self.sandboxes.iter();
        all.flat_map(|(node, one)| sandboxes::trouble(cluster, *node, one))
            .collect()
    }
}
