//! Whose a hardware address is, who knows it as whose, and where frames to it go.

use super::article::{Article, Item};
use super::{flannel, who};
use crate::model::{Cluster, Family, Mac, NetnsName};

/// Explains a hardware address.
pub fn explain(cluster: &Cluster, mac: Mac) -> Article {
    let mut article = Article::new("hardware address", mac.to_string());
    let special = special(mac);
    if let Some(what) = special {
        article.say(what);
    }
    let owners = match special {
        None => owners(cluster, mac, &mut article),
        Some(_) => 0,
    };
    let peers = announced(cluster, mac, &mut article);
    neighbors(cluster, mac, &mut article);
    entries(cluster, mac, &mut article);
    if special.is_none() && owners == 0 {
        article.say(match peers {
            0 => "No device that was read has it, and flannel announced it for no node.",
            _ => "No device that was read has it.",
        });
        let tunnelled = cluster.all_netns().any(|(_, netns)| {
            let mut entries = netns.fdb.iter().flatten();
            entries.any(|entry| entry.mac == mac && entry.destination.is_some())
        });
        if peers == 0 && tunnelled && every_node_was_read(cluster) {
            article.odd.push(
                "a tunnel's entry leads to an address that no device of any node has: frames to it are lost"
                    .to_owned(),
            );
        }
    }
    article
}

fn special(mac: Mac) -> Option<&'static str> {
    match mac {
        Mac::ZERO => Some(
            "No address: in a vxlan's fdb the entry for all addresses without one of their own.",
        ),
        Mac::BROADCAST => Some("Everybody on the link."),
        mac if mac.is_multicast() => Some("A multicast group."),
        _ => None,
    }
}

/// Whether every device that could have it was read: all nodes of the API, each with its links.
fn every_node_was_read(cluster: &Cluster) -> bool {
    let has_links = |id| cluster.netns(id).links.is_some();
    !cluster.objects.nodes.is_empty()
        && cluster
            .objects
            .nodes
            .iter()
            .all(|node| cluster.host(&node.name).is_some_and(has_links))
        && cluster.all_netns().all(|(_, netns)| netns.links.is_some())
}

fn owners(cluster: &Cluster, mac: Mac, article: &mut Article) -> usize {
    let mut items = Vec::new();
    for (id, netns) in cluster.all_netns() {
        for link in netns
            .links
            .iter()
            .flatten()
            .filter(|link| link.mac == Some(mac))
        {
            let addresses: Vec<String> = netns
                .addresses_of(&link.name)
                .filter(|address| !who::is_link_local(address.ip))
                .map(|address| address.ip.to_string())
                .collect();
            let has = match addresses.as_slice() {
                [] => String::new(),
                all => format!(", which has {}", all.join(", ")),
            };
            let place = who::place(cluster, id);
            items.push(Item::new(format!("{} of {place}{has}", link.name)));
            article.fact("device", link.name.as_str());
            article.fact("node", cluster.node_name(id));
            if let NetnsName::Pod { namespace, name } = &netns.name {
                article.fact("pod", format!("{namespace}/{name}"));
            }
        }
    }
    let count = items.len();
    article.section("Devices that have it", items);
    count
}

/// The nodes for whose tunnel device flannel announced it.
fn announced(cluster: &Cluster, mac: Mac, article: &mut Article) -> usize {
    let mut count = 0;
    for family in [Family::V4, Family::V6] {
        for peer in flannel::peers(cluster, family) {
            if peer.vtep_mac == Some(mac) {
                count += 1;
                article.say(format!(
                    "The tunnel device of {} as flannel announced it for {family} (annotation VtepMAC).",
                    peer.node
                ));
                article.fact("vtep_of", peer.node);
            }
        }
    }
    count
}

fn neighbors(cluster: &Cluster, mac: Mac, article: &mut Article) {
    let names = who::Names::of(cluster);
    let mut items = Vec::new();
    for (id, netns) in cluster.all_netns() {
        let known = netns.neighbors.iter().flatten();
        for entry in known.filter(|entry| entry.mac == Some(mac)) {
            let text = format!(
                "{} on {} ({})",
                names.with(entry.ip),
                entry.device,
                entry.state.name()
            );
            items
                .push(Item::of(who::place(cluster, id), text).seen("ip neigh", entry.raw.as_str()));
        }
    }
    article.section("Whose it is taken for (neighbours)", items);
}

fn entries(cluster: &Cluster, mac: Mac, article: &mut Article) {
    let mut items = Vec::new();
    for (id, netns) in cluster.all_netns() {
        for entry in netns.fdb.iter().flatten().filter(|entry| entry.mac == mac) {
            let text = match (entry.destination, &entry.master) {
                (Some(to), _) => format!("{}: into the tunnel to {to}", entry.device),
                (None, Some(bridge)) if entry.permanent => {
                    format!("{bridge}: {}'s own address, up to the host", entry.device)
                }
                (None, Some(bridge)) => format!("{bridge}: out of port {}", entry.device),
                (None, None) => format!("{}: taken in", entry.device),
            };
            if let Some(to) = entry.destination {
                for peer in flannel::peers(cluster, Family::of(to)) {
                    if peer.vtep_mac == Some(mac) && peer.public_ip.is_some_and(|ip| ip != to) {
                        article.odd.push(format!(
                            "{} sends frames for it to {to}, and flannel announced {}",
                            cluster.node_name(id),
                            peer.public_ip.map_or_else(String::new, |ip| ip.to_string())
                        ));
                    }
                }
            }
            items.push(
                Item::of(who::place(cluster, id), text).seen("bridge fdb", entry.raw.as_str()),
            );
        }
    }
    article.section("Where frames to it go (forwarding databases)", items);
}
