//! `kubenet pods`: the pods that packets can be traced from and to.

use clap::Args;
use serde_json::json;

use super::endpoint::{FoundPod, pods};
use super::source::{self, Depth};
use super::{Failure, Global, Outcome, output};
use crate::collect::kubernetes::{Pods, Wanted};

/// Arguments of `pods`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kubenet --demo pods
  kubenet --bundle dump.tar.gz pods -n shop
  sudo kubenet pods -o json")]
pub struct PodsArgs {}

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
    let rows: Vec<Vec<String>> = found.iter().map(row).collect();
    let document = json!({
        "schema": "kubenet.pods/v1",
        "pods": found.iter().map(|pod| json!({
            "namespace": pod.namespace,
            "name": pod.name,
            "node": pod.node,
            "ips": pod.ips,
            "host_network": pod.host_network,
            "captured": pod.netns.is_some(),
        })).collect::<Vec<_>>(),
    });
    output::list(
        global,
        &["NAMESPACE", "NAME", "NODE", "ADDRESSES", "CAPTURED"],
        &rows,
        &document,
    )?;
    Ok(Outcome::Fine)
}

fn row(pod: &FoundPod) -> Vec<String> {
    let captured = match (pod.netns, pod.host_network) {
        (Some(_), true) => "yes (host)",
        (Some(_), false) => "yes",
        (None, _) => "no",
    };
    vec![
        pod.namespace.clone(),
        pod.name.clone(),
        pod.node.clone().unwrap_or_else(|| "-".to_owned()),
        output::joined(&pod.ips),
        captured.to_owned(),
    ]
}
