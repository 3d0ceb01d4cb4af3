//! `kubenet nodes`: the nodes, whether they were captured, and the mode that kube-proxy runs in.

use clap::Args;
use serde_json::json;

use super::endpoint::{node_addresses, node_names};
use super::source::{self, Depth};
use super::{Failure, Global, Outcome, output};
use crate::collect::kubernetes::Wanted;
use crate::model::NetnsName;
use crate::model::kube_proxy::proxy_state;

/// Arguments of `nodes`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kubenet --demo nodes
  kubenet --bundle node1/ --bundle node2/ nodes -o json")]
pub struct NodesArgs {}

/// Lists them.
pub fn run(global: &Global) -> Result<Outcome, Failure> {
    let wanted = Wanted {
        nodes: true,
        ..Wanted::default()
    };
    let cluster = source::open_for(global, Depth::Hosts, &wanted)?;
    let mut rows = Vec::new();
    let mut nodes = Vec::new();
    let mut remains = Vec::new();
    for name in node_names(&cluster) {
        let addresses = node_addresses(&cluster, &name);
        let object = cluster.objects.nodes.iter().find(|node| node.name == name);
        let cidrs = object
            .map(|node| node.pod_cidrs.clone())
            .unwrap_or_default();
        let node = cluster.nodes.iter().find(|node| node.name == name);
        let captured = node.map_or(0, |node| node.netns.len());
        let host = node.and_then(|node| {
            let mut all = node.netns.iter();
            all.find(|netns| netns.name == NetnsName::Host)
        });
        let proxy = host.map(proxy_state);
        rows.push(vec![
            name.clone(),
            output::joined(&addresses),
            output::joined(&cidrs),
            captured.to_string(),
            proxy.as_ref().map_or("?".to_owned(), ToString::to_string),
        ]);
        for what in proxy.iter().flat_map(|proxy| &proxy.remains) {
            remains.push(format!("{name}: {what}"));
        }
        nodes.push(json!({
            "name": name,
            "addresses": addresses,
            "pod_cidrs": cidrs,
            "namespaces_captured": captured,
            "kube_proxy": proxy,
        }));
    }
    let document = json!({"schema": "kubenet.nodes/v1", "nodes": nodes});
    output::list(
        global,
        &["NAME", "ADDRESSES", "POD CIDRS", "NAMESPACES", "KUBE-PROXY"],
        &rows,
        &document,
    )?;
    for line in remains {
        output::note(global, &line);
    }
    Ok(Outcome::Fine)
}
