//! A vxlan device's far ends: what each other node announced, beside the route, the neighbour and the forwarding entry
//! that this node has for it (flannel, pkg/backend/vxlan/vxlan_network.go, `handleSubnetEvents`).

use std::net::IpAddr;

use crate::explain::article::{Article, Item};
use crate::explain::flannel::{self, Peer};
use crate::model::{
    Cluster, Family, FdbEntry, Link, LinkKind, Mac, Neighbor, Netns, NetnsId, Part, Vxlan,
};

/// Adds what a vxlan device is set to, and its far ends.
pub fn explain(
    cluster: &Cluster,
    netns: NetnsId,
    link: &Link,
    vxlan: &Vxlan,
    article: &mut Article,
) {
    article.fact("vni", vxlan.vni);
    article.fact("port", vxlan.port);
    let local = vxlan
        .local
        .map_or_else(|| "chosen by route".to_owned(), |local| local.to_string());
    let mut items = vec![
        Item::of("vni", vxlan.vni.to_string()),
        Item::of(
            "udp port",
            format!("{}: sends to it and listens on it", vxlan.port),
        ),
        Item::of("source", local),
    ];
    items.extend(vxlan.lower.as_ref().map(|lower| {
        Item::of("made on", lower.as_str())
            .because("outer packets are routed by their destination all the same")
    }));
    items.push(match vxlan.learning {
        true => Item::of("learning", "on: entries are learned from what comes in"),
        false => Item::of("learning", "off: what flannel writes is all it knows"),
    });
    article.section("The tunnel", items);
    let mut far = Vec::new();
    for family in [Family::V4, Family::V6] {
        let here = cluster.node_name(netns);
        let peers = flannel::peers(cluster, family);
        let peers = peers.iter().filter(|peer| peer.node != here);
        for peer in peers.filter(|peer| peer.vni.is_none_or(|vni| vni == u64::from(vxlan.vni))) {
            // A dual-stack node has a second device for its other family.
            if is_of(cluster.netns(netns), link, peer) {
                let mac = mac_of(cluster, (link, vxlan), peer, article);
                far.push(far_end(cluster.netns(netns), link, peer, mac, article));
            }
        }
    }
    let none_known = far.is_empty();
    article.section("Its far ends", far);
    if none_known {
        bare(cluster.netns(netns), link, article);
    }
}

/// Whether a node's pods are reached by this device rather than by that of the other family.
fn is_of(here: &Netns, link: &Link, peer: &Peer<'_>) -> bool {
    let Some(cidr) = peer.pod_cidr else {
        return true;
    };
    match here.routes(Family::of(cidr.addr())) {
        Some(routes) => {
            let mut its = routes
                .iter()
                .filter(|route| route.destination == cidr)
                .peekable();
            let none = its.peek().is_none();
            let by_name = link.name.contains("-v6") == cidr.addr().is_ipv6();
            match none {
                true => by_name,
                false => its.any(|route| {
                    route
                        .next_hops
                        .iter()
                        .any(|hop| hop.device.as_deref() == Some(&link.name))
                }),
            }
        }
        None => true,
    }
}

fn neighbor<'n>(here: &'n Netns, link: &Link, ip: IpAddr) -> Option<&'n Neighbor> {
    let mut all = here.neighbors.iter().flatten();
    all.find(|entry| entry.device == link.name && entry.ip == ip)
}

fn forwarding<'n>(here: &'n Netns, link: &Link, mac: Mac) -> Vec<&'n FdbEntry> {
    let all = here.fdb.iter().flatten();
    all.filter(|entry| entry.device == link.name && entry.mac == mac)
        .collect()
}

/// The hardware address of a far device: what it has where it was read, else what flannel announced.
fn mac_of(
    cluster: &Cluster,
    (link, vxlan): (&Link, &Vxlan),
    peer: &Peer<'_>,
    article: &mut Article,
) -> Option<Mac> {
    let host = cluster.host(peer.node).map(|host| cluster.netns(host));
    let mut links = host.iter().flat_map(|host| host.links.iter().flatten());
    // flannel names its devices alike on all nodes; those of the two families have the same number and port.
    let is_its = |far: &Link| {
        far.name == link.name && matches!(&far.kind, LinkKind::Vxlan(far) if far.vni == vxlan.vni)
    };
    let has = links.find(|far| is_its(far)).and_then(|link| link.mac);
    if let (Some(has), Some(announced)) = (has, peer.vtep_mac)
        && has != announced
    {
        article.odd.push(format!(
            "flannel announced {announced} for {}, and its device has {has}: nodes that hear of it anew send to nobody",
            peer.node
        ));
    }
    has.or(peer.vtep_mac)
}

/// One far end in a line; what does not fit together is odd.
fn far_end(
    here: &Netns,
    link: &Link,
    peer: &Peer<'_>,
    mac: Option<Mac>,
    article: &mut Article,
) -> Item {
    let node = peer.node;
    let mut raw = Vec::new();
    let mut text = Vec::new();
    let routes = |cidr: ipnet::IpNet| here.routes(Family::of(cidr.addr()));
    if let Some(cidr) = peer.pod_cidr {
        let route = routes(cidr).and_then(|all| all.iter().find(|one| one.destination == cidr));
        match (route, routes(cidr)) {
            (Some(route), _) => {
                raw.push(route.raw.clone());
                text.push(format!("pods {cidr}"));
            }
            (None, Some(_)) if !lost(here, Part::Routes(Family::of(cidr.addr()))) => {
                text.push(format!("pods {cidr}, no route"));
                article
                    .odd
                    .push(format!("no route to {cidr}, the pods of {node}"));
            }
            (None, _) => text.push(format!("pods {cidr}")),
        }
        // The far device's own address is the first of its pod network.
        let gateway = cidr.network();
        match neighbor(here, link, gateway) {
            Some(entry) => {
                raw.push(entry.raw.clone());
                let known = entry
                    .mac
                    .map_or_else(|| "unknown".to_owned(), |mac| mac.to_string());
                text.push(format!(
                    "next hop {gateway} is {known} ({})",
                    entry.state.name()
                ));
                if let (Some(known), Some(mac)) = (entry.mac, mac)
                    && known != mac
                {
                    article.odd.push(format!(
                        "{gateway} is taken for {known}, and the tunnel device of {node} has {mac}"
                    ));
                }
            }
            None if here.neighbors.is_some() && !lost(here, Part::Neighbors) => {
                text.push(format!("next hop {gateway} has no neighbour entry"));
                article.odd.push(format!(
                    "no neighbour entry for {gateway} of {node}: nobody answers when it is asked for on {}",
                    link.name
                ));
            }
            None => {}
        }
    }
    if let Some(mac) = mac.filter(|_| here.fdb.is_some()) {
        let entries = forwarding(here, link, mac);
        raw.extend(entries.iter().map(|entry| entry.raw.clone()));
        let to: Vec<IpAddr> = entries
            .iter()
            .filter_map(|entry| entry.destination)
            .collect();
        match to.as_slice() {
            [] if lost(here, Part::Fdb) => {}
            [] => {
                text.push(format!("{mac} has no forwarding entry"));
                article.odd.push(format!("no forwarding entry for {mac} of {node}: frames to it are dropped, unless there is one for unknown addresses"));
            }
            all => {
                let ends: Vec<String> = all.iter().map(ToString::to_string).collect();
                text.push(format!("tunnel endpoint {}", ends.join(" and ")));
                if let Some(announced) = peer.public_ip.filter(|ip| !all.contains(ip)) {
                    article.odd.push(format!(
                        "frames for {node} go to {}, and it announced {announced}",
                        ends.join(" and ")
                    ));
                }
            }
        }
    }
    Item::of(node, text.join("; ")).seen("ip route, ip neigh, bridge fdb", raw.join("\n"))
}

fn lost(here: &Netns, part: Part) -> bool {
    here.incomplete.contains(&part)
}

/// Without Node objects: the entries as they are.
fn bare(here: &Netns, link: &Link, article: &mut Article) {
    let entries = here.fdb.iter().flatten();
    let items = entries
        .filter(|entry| entry.device == link.name)
        .map(|entry| {
            let to = entry
                .destination
                .map_or_else(String::new, |to| format!(" behind {to}"));
            let mut neighbors = here.neighbors.iter().flatten();
            let known = neighbors
                .find(|known| known.device == link.name && known.mac == Some(entry.mac))
                .map_or_else(String::new, |known| format!(", next hop {}", known.ip));
            Item::new(format!("{}{to}{known}", entry.mac)).seen("bridge fdb", entry.raw.as_str())
        });
    article.section("Its far ends (no Node object names them)", items.collect());
}
