//! flannel's backends vxlan and host-gw, compared with this cluster's own figures: headers, MTU, and whether the nodes
//! share a link, which host-gw needs (flannel, Documentation/backends.md).

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::article::{Article, Item};
use super::{device, flannel, who};
use crate::model::{Cluster, Family, Link, LinkKind, Netns, NetnsId};

/// Compares the backends, for IPv4.
pub fn explain(cluster: &Cluster) -> Article {
    let mut article = Article::new("backends", "flannel");
    let hosts: Vec<NetnsId> = who::hosts(cluster).collect();
    in_use(cluster, &hosts, &mut article);
    let mut packets = Vec::new();
    for host in &hosts {
        packets.extend(sizes(cluster, *host));
    }
    article.section("Packets between nodes", packets);
    article.section(
        "What each needs",
        vec![
            Item::of("vxlan", "a way by IP between the nodes' addresses, and UDP (port 8472, unless configured) let through: 50 bytes of each packet are headers (inner Ethernet 14, vxlan 8, UDP 8, IPv4 20)"),
            Item::of("host-gw", "a common link: each node is the others' gateway to its pods, so nothing may route between them; no header is added"),
        ],
    );
    same_link(cluster, &hosts, &mut article);
    article
}

fn in_use(cluster: &Cluster, hosts: &[NetnsId], article: &mut Article) {
    let peers = flannel::peers(cluster, Family::V4);
    let announced: BTreeSet<&str> = peers.iter().filter_map(|peer| peer.backend).collect();
    let mut items = Vec::new();
    for host in hosts {
        let here = cluster.netns(*host);
        let node = cluster.node_name(*host);
        let others = peers
            .iter()
            .filter(|peer| peer.node != node)
            .filter_map(|peer| peer.pod_cidr);
        let (mut tunnelled, mut direct, mut none) = (0, 0, 0);
        for cidr in others {
            let mut routes = here.routes4.iter().flatten();
            let hop = routes
                .find(|route| route.destination == cidr)
                .and_then(|route| route.next_hops.first());
            let link = hop.and_then(|hop| here.link(hop.device.as_ref()?));
            match link.map(|link| &link.kind) {
                Some(LinkKind::Vxlan(_)) => tunnelled += 1,
                Some(_) => direct += 1,
                None => none += 1,
            }
        }
        if here.routes4.is_none() {
            article
                .not_seen
                .push(format!("the routes of {node} were not read"));
        } else if tunnelled + direct + none > 0 {
            let mut parts = Vec::new();
            for (count, how) in [
                (tunnelled, "by vxlan"),
                (direct, "directly (host-gw)"),
                (none, "not at all"),
            ] {
                if count > 0 {
                    parts.push(format!("{count} {how}"));
                }
            }
            items.push(Item::of(
                node,
                format!("reaches the pods of the other nodes: {}", parts.join(", ")),
            ));
        }
    }
    let announced: Vec<&str> = announced.into_iter().collect();
    match announced.as_slice() {
        [] => article.say("No Node object tells which backend flannel uses; the routes below do."),
        [one] => article.say(format!(
            "flannel announced the backend {one} for every node."
        )),
        several => article.say(format!(
            "flannel announced different backends: {}.",
            several.join(", ")
        )),
    }
    article.fact("announced", announced.join(","));
    article.section("What is in use", items);
}

/// What fits into a packet between nodes, with either backend.
fn sizes(cluster: &Cluster, host: NetnsId) -> Vec<Item> {
    let here = cluster.netns(host);
    let node = cluster.node_name(host);
    let Some(uplink) = uplink(here) else {
        return vec![Item::of(node, "its uplink was not read")];
    };
    let tunnel = here
        .links
        .iter()
        .flatten()
        .find(|link| matches!(link.kind, LinkKind::Vxlan(_)));
    let needs = match tunnel.map(|link| &link.kind) {
        Some(LinkKind::Vxlan(vxlan)) => device::overhead(vxlan),
        _ => 50,
    };
    let pods = here.link("cni0").map_or_else(String::new, |bridge| {
        format!("; pods here have {} (cni0)", bridge.mtu)
    });
    vec![Item::of(
        node,
        format!(
            "{} takes {} bytes: {} for a pod's packet with host-gw, {} with vxlan ({:.1} % less){pods}",
            uplink.name,
            uplink.mtu,
            uplink.mtu,
            uplink.mtu.saturating_sub(needs),
            f64::from(needs) * 100.0 / f64::from(uplink.mtu.max(1))
        ),
    )]
}

/// The device of the default route.
fn uplink(here: &Netns) -> Option<&Link> {
    let mut routes = here.routes4.iter().flatten();
    let default = routes.find(|route| route.destination.prefix_len() == 0)?;
    here.link(default.next_hops.first()?.device.as_ref()?)
}

/// Whether every node's address is on a link of every other: what host-gw needs.
fn same_link(cluster: &Cluster, hosts: &[NetnsId], article: &mut Article) {
    let addresses: Vec<(&str, IpAddr)> = cluster
        .objects
        .nodes
        .iter()
        .filter_map(|node| {
            let mut ipv4 = node.addresses.iter().filter(|ip| ip.is_ipv4());
            Some((node.name.as_str(), *ipv4.next()?))
        })
        .collect();
    let mut items = Vec::new();
    let (mut apart, mut judged) = (0, 0);
    for host in hosts {
        let node = cluster.node_name(*host);
        let Some(own) = &cluster.netns(*host).addresses else {
            continue;
        };
        let others = addresses.iter().filter(|(name, _)| *name != node);
        let (mut near, mut far) = (0, Vec::new());
        for (name, ip) in others {
            let shares = own.iter().any(|address| {
                ipnet::IpNet::new(address.ip, address.prefix_length)
                    .is_ok_and(|net| net.prefix_len() < net.max_prefix_len() && net.contains(ip))
            });
            match shares {
                true => near += 1,
                false => far.push(format!("{name} ({ip})")),
            }
        }
        judged += near + far.len();
        apart += far.len();
        items.push(Item::of(
            node,
            match far.as_slice() {
                [] => format!("all {near} other nodes are in a network of its own devices"),
                far => format!("not on a link with {}", far.join(", ")),
            },
        ));
    }
    article.fact(
        "host_gw_possible",
        match judged {
            0 => serde_json::Value::Null,
            _ => (apart == 0).into(),
        },
    );
    article.say(match (judged, apart) {
        (0, _) => "Whether host-gw is possible is not known: the nodes' addresses were not read.",
        (_, 0) => "host-gw is possible as far as was read: the nodes' addresses are in a common network. Whether their switch, or the cloud, lets packets of pods' addresses pass, no node can tell.",
        _ => "host-gw is not possible between all nodes: some are in no common network.",
    });
    article.section(
        "Who shares a link with whom (by addresses and prefixes)",
        items,
    );
}
