//! What a network device is for, how it is set up, and who is behind it.

mod kind;
mod vxlan;

pub use kind::overhead;

use super::article::{Article, Item};
use super::matches::percent;
use super::who;
use crate::model::{Cluster, Family, Link, LinkKind, Mac, NetnsId};

/// The namespaces that have a device of that name, nodes' own first.
pub fn places(cluster: &Cluster, name: &str) -> Vec<NetnsId> {
    let has = |(id, netns): (NetnsId, &crate::model::Netns)| netns.link(name).map(|_| id);
    let mut found: Vec<NetnsId> = cluster.all_netns().filter_map(has).collect();
    found.sort_by_key(|id| cluster.netns(*id).name.clone());
    found
}

/// Explains a device of a namespace; `None` when there is none of that name.
pub fn explain(cluster: &Cluster, netns: NetnsId, name: &str) -> Option<Article> {
    let here = cluster.netns(netns);
    let link = here.link(name)?;
    let mut article = Article::new("device", name).in_netns(cluster, netns);
    for sentence in kind::sentences(cluster, netns, link) {
        article.say(sentence);
    }
    article.fact("kind", link.kind.name());
    article.fact("mtu", link.mtu);
    article.fact("up", link.up);
    article.fact("carrier", link.carrier);
    if let Some(mac) = link.mac {
        article.fact("mac", mac.to_string());
    }
    article.section("How it is set up", settings(cluster, netns, link));
    article.odd.extend(state(link));
    match &link.kind {
        LinkKind::Vxlan(vxlan) => vxlan::explain(cluster, netns, link, vxlan, &mut article),
        LinkKind::Bridge { .. } => ports(cluster, netns, link, &mut article),
        LinkKind::Veth => peer(cluster, netns, link, &mut article),
        LinkKind::Dummy if name == "kube-ipvs0" => services(cluster, netns, link, &mut article),
        _ => {}
    }
    routes(cluster, netns, link, &mut article);
    Some(article)
}

fn state(link: &Link) -> Vec<String> {
    let mut odd = Vec::new();
    // Addresses count on a device that was never set up; kube-proxy's carries nothing.
    let carries = link.name != "kube-ipvs0" && !kind::is_fallback(link);
    if !link.up && carries {
        odd.push(format!(
            "{} is down (ip link set {} up)",
            link.name, link.name
        ));
    } else if !link.carrier && carries {
        odd.push(format!(
            "{} has no carrier: its other end is down or gone",
            link.name
        ));
    }
    odd
}

fn settings(cluster: &Cluster, netns: NetnsId, link: &Link) -> Vec<Item> {
    let here = cluster.netns(netns);
    let state = match (link.up, link.carrier) {
        (true, true) => "up",
        (true, false) => "up, without carrier",
        (false, _) => "down",
    };
    let mut items = vec![Item::of("state", state)];
    let mtu = Item::of("mtu", format!("{} bytes", link.mtu));
    items.push(match kind::mtu_reason(cluster, netns, link) {
        Some(why) => mtu.because(why),
        None => mtu,
    });
    let mac = link.mac.filter(|mac| *mac != Mac::ZERO);
    items.extend(mac.map(|mac| Item::of("mac", mac.to_string())));
    for address in here.addresses_of(&link.name) {
        let text = format!("{}/{}", address.ip, address.prefix_length);
        // kube-ipvs0 has one for each Service, listed below.
        if link.name != "kube-ipvs0" {
            items.push(Item::of("address", text));
        }
    }
    if let Some(master) = &link.master {
        items.push(Item::of("port of", master.as_str()));
    }
    if let Some(port) = &link.port {
        let hairpin = match port.hairpin {
            true => "on: frames may go back out of it, so a pod reaches itself through a Service",
            false => {
                "off: frames never go back out of it; a pod does not reach itself through a Service"
            }
        };
        items.push(Item::of("hairpin", hairpin));
        if port.state != 3 {
            items.push(Item::of(
                "stp",
                format!("state {}: it forwards no data", port.state),
            ));
        }
    }
    if let Some(sysctls) = &here.sysctls {
        let conf = |key| {
            let all = sysctls.conf(Family::V4, "all", key);
            let own = sysctls.conf(Family::V4, &link.name, key);
            own.map(|own| own.max(all.unwrap_or(0)))
        };
        items.extend(conf("rp_filter").map(|mode| {
            Item::of(
                "rp_filter",
                match mode {
                    0 => "0: sources are not checked",
                    1 => "1: what comes in must have a source that is reached by this device",
                    _ => "2: what comes in must have a source that is reached by any device",
                },
            )
        }));
        let forwarding = sysctls.conf(Family::V4, &link.name, "forwarding");
        items.extend(forwarding.map(|on| {
            Item::of(
                "forwarding",
                match on {
                    0 => "off: IPv4 packets that come in here and are for others are dropped",
                    _ => "on: IPv4 packets that come in here and are for others are forwarded",
                },
            )
        }));
    }
    items
}

/// The ports of a bridge, and whose they are.
fn ports(cluster: &Cluster, netns: NetnsId, link: &Link, article: &mut Article) {
    let here = cluster.netns(netns);
    let ports = here.links.iter().flatten();
    let ports = ports.filter(|port| port.master.as_deref() == Some(&link.name));
    let items = ports.map(|port| {
        let behind = cluster
            .veth_peer(netns, port)
            .map(|(peer, device)| format!("{device} of {}", who::place(cluster, peer)));
        let behind = behind.unwrap_or_else(|| "what is behind it was not read".to_owned());
        let state = match (port.up, port.carrier) {
            (true, true) => "",
            (true, false) => " (no carrier)",
            (false, _) => " (down)",
        };
        Item::of(port.name.as_str(), format!("{behind}{state}"))
    });
    let items: Vec<Item> = items.collect();
    article.fact("ports", items.len());
    article.section("Its ports", items);
}

fn peer(cluster: &Cluster, netns: NetnsId, link: &Link, article: &mut Article) {
    match cluster.veth_peer(netns, link) {
        Some((peer, device)) => {
            let place = who::place(cluster, peer);
            let addresses: Vec<String> = cluster
                .netns(peer)
                .addresses_of(&device)
                .filter(|address| !who::is_link_local(address.ip))
                .map(|address| address.ip.to_string())
                .collect();
            let mut text = format!("{device} of {place}");
            if !addresses.is_empty() {
                text.push_str(&format!(", which has {}", addresses.join(", ")));
            }
            article.section("Its other end", vec![Item::new(text)]);
            article.fact("peer", device);
            article.fact("peer_netns", cluster.netns(peer).name.to_string());
        }
        None => article
            .not_seen
            .push("the namespace of its other end was not read".to_owned()),
    }
}

/// The Services whose addresses kube-ipvs0 has.
fn services(cluster: &Cluster, netns: NetnsId, link: &Link, article: &mut Article) {
    let names = who::Names::of(cluster);
    let addresses = cluster.netns(netns).addresses_of(&link.name);
    let items: Vec<Item> = addresses
        .filter(|address| !who::is_link_local(address.ip))
        .map(|address| {
            let name = names
                .get(address.ip)
                .filter(|name| name.starts_with("Service"));
            Item::of(
                address.ip.to_string(),
                name.unwrap_or("no Service of the API has it"),
            )
        })
        .collect();
    article.fact("addresses", items.len());
    article.section("The Services' addresses that it has", items);
}

fn routes(cluster: &Cluster, netns: NetnsId, link: &Link, article: &mut Article) {
    let here = cluster.netns(netns);
    let both = here.routes4.iter().chain(&here.routes6).flatten();
    let own = both.filter(|route| {
        route.table != crate::model::Table::LOCAL
            && route
                .next_hops
                .iter()
                .any(|hop| hop.device.as_deref() == Some(&link.name))
    });
    let items = own.map(|route| {
        let weights: u32 = route.next_hops.iter().map(|hop| hop.weight).sum();
        let mine = route
            .next_hops
            .iter()
            .filter(|hop| hop.device.as_deref() == Some(&link.name));
        let mine: u32 = mine.map(|hop| hop.weight).sum();
        let item = Item::new(route.raw.as_str())
            .seen(format!("route table {}", route.table), route.raw.as_str());
        match mine < weights {
            true => item.because(format!(
                "{} of it",
                percent(f64::from(mine) / f64::from(weights))
            )),
            false => item,
        }
    });
    article.section("Routes that lead out of it", items.collect());
}
