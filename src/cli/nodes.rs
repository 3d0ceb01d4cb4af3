//! `kubenet nodes`: the nodes, and whether they were captured.

use clap::Args;
use serde_json::json;

use super::endpoint::{node_addresses, node_names};
use super::{Failure, Global, Outcome, output, source};

/// Arguments of `nodes`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kubenet --demo nodes
  kubenet --bundle node1/ --bundle node2/ nodes -o json")]
pub struct NodesArgs {}

/// Lists them.
pub fn run(global: &Global) -> Result<Outcome, Failure> {
    let cluster = source::open(global)?;
    let mut rows = Vec::new();
    let mut nodes = Vec::new();
    for name in node_names(&cluster) {
        let addresses = node_addresses(&cluster, &name);
        let object = cluster.objects.nodes.iter().find(|node| node.name == name);
        let cidrs = object
            .map(|node| node.pod_cidrs.clone())
            .unwrap_or_default();
        let captured = cluster
            .nodes
            .iter()
            .find(|node| node.name == name)
            .map_or(0, |node| node.netns.len());
        rows.push(vec![
            name.clone(),
            output::joined(&addresses),
            output::joined(&cidrs),
            captured.to_string(),
        ]);
        nodes.push(json!({
            "name": name,
            "addresses": addresses,
            "pod_cidrs": cidrs,
            "namespaces_captured": captured,
        }));
    }
    let document = json!({"schema": "kubenet.nodes/v1", "nodes": nodes});
    output::list(
        global,
        &["NAME", "ADDRESSES", "POD CIDRS", "NAMESPACES CAPTURED"],
        &rows,
        &document,
    )?;
    Ok(Outcome::Fine)
}
