//! `kubenet pods`: the pods that packets can be traced from and to.

use clap::Args;
use serde_json::json;

use super::endpoint::{FoundPod, pods};
use super::source::{self, Depth};
use super::{Failure, Global, Outcome, output};
use crate::collect::kubernetes::{Pods, Wanted};
use crate::model::{Cluster, NetnsName};
use crate::show::{Cell, Column};

/// Arguments of `pods`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kubenet --demo pods
  kubenet --bundle dump.tar.gz pods -n shop
  sudo kubenet pods -o wide
  sudo kubenet pods -o json")]
pub struct PodsArgs {}

const COLUMNS: &[Column] = &[
    Column::new("namespace"),
    Column::new("name"),
    Column::new("node"),
    Column::new("addresses"),
    Column::wide("phase"),
    Column::wide("netns"),
    Column::wide("device"),
    Column::new("captured"),
];

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
    let rows: Vec<Vec<Cell>> = found.iter().map(|pod| row(&cluster, pod)).collect();
    let document = json!({
        "schema": "kubenet.pods/v1",
        "pods": found.iter().map(|pod| json!({
            "namespace": pod.namespace,
            "name": pod.name,
            "node": pod.node,
            "ips": pod.ips,
            "phase": pod.phase,
            "host_network": pod.host_network,
            "netns": pod.netns.map(|id| cluster.netns(id).name.to_string()),
            "device": device(&cluster, pod),
            "captured": pod.netns.is_some(),
        })).collect::<Vec<_>>(),
    });
    output::list(global, COLUMNS, &rows, &document)?;
    Ok(Outcome::Fine)
}

fn row(cluster: &Cluster, pod: &FoundPod) -> Vec<Cell> {
    let captured = match (pod.netns, pod.host_network) {
        (Some(_), true) => "yes (host)",
        (Some(_), false) => "yes",
        (None, _) => "no",
    };
    vec![
        pod.namespace.as_str().into(),
        pod.name.as_str().into(),
        pod.node.clone().into(),
        output::joined(&pod.ips),
        pod.phase.clone().into(),
        pod.netns
            .map(|id| cluster.netns(id).name.to_string())
            .into(),
        device(cluster, pod).into(),
        captured.into(),
    ]
}

/// The node's device that leads to the pod: the other end of its veth pair, where both were read.
fn device(cluster: &Cluster, pod: &FoundPod) -> Option<String> {
    let id = pod.netns.filter(|_| !pod.host_network)?;
    let links = cluster.netns(id).links.iter().flatten();
    let mut far = links.filter_map(|link| cluster.veth_peer(id, link));
    far.find(|(there, _)| cluster.netns(*there).name == NetnsName::Host)
        .map(|(_, device)| device)
}
