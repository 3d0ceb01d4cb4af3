//! `kubenet nodes`: the nodes, whether they were captured, and the mode that kube-proxy runs in.

use clap::Args;
use serde_json::{Value, json};

use super::endpoint::{node_addresses, node_names};
use super::source::{self, Depth};
use super::{Failure, Global, Outcome, output};
use crate::collect::kubernetes::Wanted;
use crate::explain::flannel::{self, Peer};
use crate::model::kube_proxy::proxy_state;
use crate::model::{Cluster, Family, NetnsName};
use crate::show::{Cell, Column};

/// Arguments of `nodes`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kubenet --demo nodes
  kubenet --demo nodes -o wide
  kubenet --bundle node1/ --bundle node2/ nodes -o json")]
pub struct NodesArgs {}

const COLUMNS: &[Column] = &[
    Column::new("name"),
    Column::new("addresses"),
    Column::new("pod_cidrs"),
    Column::wide("zone"),
    Column::wide("flannel"),
    Column::new("netns"),
    Column::new("kube-proxy"),
];

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
        let flannel = announced(&cluster, &name);
        let zone = object.and_then(|node| node.zone.clone());
        rows.push(vec![
            name.as_str().into(),
            output::joined(&addresses),
            output::joined(&cidrs),
            zone.clone().into(),
            Cell::List(flannel.iter().map(short).collect()),
            captured.into(),
            proxy
                .as_ref()
                .map_or("?".to_owned(), ToString::to_string)
                .into(),
        ]);
        for what in proxy.iter().flat_map(|proxy| &proxy.remains) {
            remains.push(format!("{name}: {what}"));
        }
        nodes.push(json!({
            "name": name,
            "addresses": addresses,
            "pod_cidrs": cidrs,
            "zone": zone,
            "flannel": flannel.iter().map(described).collect::<Vec<_>>(),
            "namespaces_captured": captured,
            "kube_proxy": proxy,
        }));
    }
    let document = json!({"schema": "kubenet.nodes/v1", "nodes": nodes});
    output::list(global, COLUMNS, &rows, &document)?;
    for line in remains {
        output::note(global, &line);
    }
    Ok(Outcome::Fine)
}

/// What flannel announces of a node, for each family.
fn announced<'c>(cluster: &'c Cluster, name: &str) -> Vec<Peer<'c>> {
    let peers = [Family::V4, Family::V6].map(|family| flannel::peers(cluster, family));
    let peers = peers.into_iter().flatten();
    peers.filter(|peer| peer.node == name).collect()
}

/// As a cell: `vxlan 1 7a:85:1d:d6:bf:f5 at 192.168.205.3`.
fn short(peer: &Peer<'_>) -> String {
    let vni = peer.vni.map(|vni| format!(" {vni}"));
    let mac = peer.vtep_mac.map(|mac| format!(" {mac}"));
    let ip = peer.public_ip.map(|ip| format!(" at {ip}"));
    let words = [vni, mac, ip].map(Option::unwrap_or_default);
    format!("{}{}", peer.backend.unwrap_or("?"), words.concat())
}

fn described(peer: &Peer<'_>) -> Value {
    json!({
        "backend": peer.backend,
        "public_ip": peer.public_ip,
        "vtep_mac": peer.vtep_mac,
        "vni": peer.vni,
    })
}
