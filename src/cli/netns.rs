//! `kubenet netns`: the network namespaces, and what was read of each.

use std::collections::HashSet;
use std::net::IpAddr;

use clap::Args;
use serde_json::json;

use super::endpoint::global_addresses;
use super::{Failure, Global, Outcome, output, source};
use crate::model::kube_proxy::IPVS_DEVICE;
use crate::model::{Netns, Sandbox};
use crate::show::{Cell, Column, sandboxes};

/// Arguments of `netns`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kubenet --demo netns
  sudo kubenet netns
  kubenet --bundle dump.tar.gz netns -o wide")]
pub struct NetnsArgs {}

const COLUMNS: &[Column] = &[
    Column::new("node"),
    Column::new("netns"),
    Column::new("links"),
    Column::wide("devices"),
    Column::new("addresses"),
    Column::wide("routes"),
    Column::wide("sockets"),
    Column::wide("runtime"),
    Column::wide("sandbox"),
    Column::wide("pid"),
    Column::wide("path"),
    Column::new("not_read"),
    Column::new("odd"),
];

/// Lists them.
pub fn run(global: &Global) -> Result<Outcome, Failure> {
    let cluster = source::open(global)?;
    let mut rows = Vec::new();
    let mut spaces = Vec::new();
    for (id, netns) in cluster.all_netns() {
        let addresses = global_addresses(netns);
        let missing = missing(netns);
        let names: Option<Vec<&str>> = netns
            .links
            .as_ref()
            .map(|links| links.iter().map(|link| link.name.as_str()).collect());
        let its = |told: fn(&Sandbox) -> String| -> Vec<String> {
            cluster.sandboxes(id).map(told).collect()
        };
        let mut odd: Vec<String> = cluster
            .sandboxes(id)
            .flat_map(|one| sandboxes::trouble(&cluster, id.node, one))
            .collect();
        odd.extend(sandboxes::left_over(&cluster, id).map(str::to_owned));
        let count = |rows: Option<usize>| rows.map_or_else(|| "?".into(), Cell::from);
        rows.push(vec![
            cluster.node_name(id).into(),
            netns.name.to_string().into(),
            count(names.as_ref().map(Vec::len)),
            names.map_or_else(|| "?".into(), |names| output::joined(&names)),
            Cell::List(without_services(netns)),
            count(routes(netns)),
            count(netns.sockets.as_ref().map(Vec::len)),
            output::joined(&its(|one| one.runtime.to_string())),
            output::joined(&its(|one| sandboxes::short(&one.id).to_owned())),
            netns.occupied.pid().into(),
            netns.pinned.clone().into(),
            output::joined(&missing),
            output::joined(&odd),
        ]);
        spaces.push(json!({
            "node": cluster.node_name(id),
            "netns": netns.name.to_string(),
            "links": netns.links.as_ref().map(|links| links.iter().map(|link| &link.name).collect::<Vec<_>>()),
            "addresses": addresses,
            "routes": routes(netns),
            "sockets": netns.sockets.as_ref().map(Vec::len),
            "pid": netns.occupied.pid(),
            "path": netns.pinned,
            "sandboxes": its(|one| one.id.clone()),
            "odd": odd,
            "not_read": missing,
        }));
    }
    let document = json!({
        "schema": "kubenet.netns/v1",
        "netns": spaces,
        "gaps": cluster.gaps.iter().map(ToString::to_string).collect::<Vec<_>>(),
    });
    output::list(global, COLUMNS, &rows, &document)?;
    for gap in &cluster.gaps {
        output::note(global, &format!("not read: {gap}"));
    }
    Ok(Outcome::Fine)
}

/// Its addresses as text; those of Services that kube-proxy's IPVS mode put there are many, and counted.
fn without_services(netns: &Netns) -> Vec<String> {
    let all = netns.addresses_of(IPVS_DEVICE).map(|address| address.ip);
    let of_services: HashSet<IpAddr> = all.collect();
    let (services, own): (Vec<IpAddr>, Vec<IpAddr>) = global_addresses(netns)
        .into_iter()
        .partition(|ip| of_services.contains(ip));
    let counted = match services.len() {
        0 => None,
        count => Some(format!("and {count} of Services on {IPVS_DEVICE}")),
    };
    own.iter().map(ToString::to_string).chain(counted).collect()
}

/// How many routes of both families there are, those of the kernel's own counted too.
fn routes(netns: &Netns) -> Option<usize> {
    Some(netns.routes4.as_ref()?.len() + netns.routes6.as_ref()?.len())
}

/// The tables that were not read and which a packet's way may depend on.
fn missing(netns: &Netns) -> Vec<&'static str> {
    [
        (netns.links.is_none(), "links"),
        (netns.addresses.is_none(), "addresses"),
        (netns.routes4.is_none(), "IPv4 routes"),
        (netns.routes6.is_none(), "IPv6 routes"),
        (netns.rules4.is_none(), "IPv4 rules"),
        (netns.rules6.is_none(), "IPv6 rules"),
        (netns.neighbors.is_none(), "neighbors"),
        (netns.fdb.is_none(), "fdb"),
        (netns.sysctls.is_none(), "sysctls"),
        (netns.iptables.is_empty(), "iptables"),
        (netns.nftables.is_none(), "nftables"),
        (netns.sockets.is_none(), "sockets"),
    ]
    .into_iter()
    .filter_map(|(missing, name)| missing.then_some(name))
    .collect()
}
