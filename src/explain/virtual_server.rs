//! A virtual server of IPVS: whose it is, how it chooses, where it leads, and what it needs to be reached (ipvsadm(8);
//! kube-proxy, pkg/proxy/ipvs/proxier.go).

use std::net::SocketAddr;

use super::article::{Article, Item};
use super::who;
use crate::model::{Cluster, Forwarding, LinkKind, NetnsId, Part, Protocol, Takes, VirtualServer};

/// Virtual servers at an address, with the namespaces that have them.
pub fn at(
    cluster: &Cluster,
    address: SocketAddr,
    protocol: Option<Protocol>,
) -> Vec<(NetnsId, &VirtualServer)> {
    let wanted = move |server: &&VirtualServer| match server.takes {
        Takes::Address {
            protocol: its,
            address: at,
        } => at == address && protocol.is_none_or(|protocol| protocol == its),
        Takes::Mark { .. } => false,
    };
    let all = cluster.all_netns();
    all.flat_map(|(id, netns)| {
        let servers = netns.virtual_servers.iter().flatten();
        servers.filter(wanted).map(move |server| (id, server))
    })
    .collect()
}

/// The addresses of all virtual servers there are.
pub fn names(cluster: &Cluster) -> Vec<String> {
    let all = cluster.all_netns();
    let servers = all.flat_map(|(_, netns)| netns.virtual_servers.iter().flatten());
    let addresses = servers.filter_map(|server| match server.takes {
        Takes::Address { address, .. } => Some(address.to_string()),
        Takes::Mark { .. } => None,
    });
    let mut names: Vec<String> = addresses.collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// Explains a virtual server of a namespace.
pub fn explain(cluster: &Cluster, netns: NetnsId, server: &VirtualServer) -> Article {
    let mut article =
        Article::new("virtual server", server.takes.to_string()).in_netns(cluster, netns);
    if let Takes::Address { protocol, address } = server.takes {
        whose(cluster, netns, protocol, address, &mut article);
        local(cluster, netns, address, &mut article);
    }
    article.fact("scheduler", server.scheduler.as_str());
    let mut settings = vec![Item::of("scheduler", server.scheduler.as_str())];
    if let Some(how) = scheduler(&server.scheduler) {
        settings = vec![Item::of(
            "scheduler",
            format!("{}: {how}", server.scheduler),
        )];
    }
    if let Some(kept) = &server.persistence {
        let long = kept.timeout.map_or_else(String::new, |seconds| {
            format!(" for {seconds} s after its last connection")
        });
        settings.push(Item::of(
            "persistence",
            format!("a client stays with its server{long}"),
        ));
    }
    if server.one_packet {
        settings.push(Item::of("one packet", "each datagram is scheduled anew"));
    }
    article.section("How it chooses", settings);
    article.section("Its servers", servers(cluster, netns, server));
    let takers = server.servers.iter().filter(|one| one.weight > 0).count();
    if takers == 0 {
        article.odd.push(match server.servers.len() {
            0 => "it has no server: connections to it are refused".to_owned(),
            _ => "every server has weight 0: none takes new connections".to_owned(),
        });
    }
    article
}

fn whose(
    cluster: &Cluster,
    netns: NetnsId,
    protocol: Protocol,
    address: SocketAddr,
    article: &mut Article,
) {
    for service in &cluster.objects.services {
        for port in service
            .ports
            .iter()
            .filter(|port| port.protocol == protocol)
        {
            let what = who::addresses_of(service).find(|(ip, _)| *ip == address.ip());
            let what = match what {
                Some((_, what)) if port.port == address.port() => what,
                None if port.node_port == Some(address.port())
                    && cluster.netns(netns).has_address(address.ip()) =>
                {
                    "NodePort"
                }
                _ => continue,
            };
            let name = format!("{}/{}", service.namespace, service.name);
            article.say(format!(
                "The {what} of Service {name} port {}/{protocol} (by kube-proxy in IPVS mode).",
                port.port
            ));
            article.fact("service", name);
        }
    }
    if !article.facts.contains_key("service") {
        article.say("No Service of the API that was read has this address and port.");
    }
}

/// IPVS is asked where packets for the host itself come by: the address has to be one of its own.
fn local(cluster: &Cluster, netns: NetnsId, address: SocketAddr, article: &mut Article) {
    let here = cluster.netns(netns);
    let Some(addresses) = &here.addresses else {
        return;
    };
    match addresses.iter().find(|one| one.ip == address.ip()) {
        Some(held) => {
            let dummy = here
                .link(&held.device)
                .is_some_and(|link| link.kind == LinkKind::Dummy);
            let why = match dummy {
                true => "a dummy device makes it one of this host's own, so that packets to it come to IPVS",
                false => "it is one of this host's own, so packets to it come to IPVS",
            };
            let text = format!("{} has {}", held.device, address.ip());
            article.section("How packets come here", vec![Item::new(text).because(why)]);
        }
        None if !here.incomplete.contains(&Part::Addresses) => article.odd.push(format!(
            "no device here has {}: packets from elsewhere to it are forwarded, and never come to IPVS",
            address.ip()
        )),
        None => {}
    }
}

fn scheduler(name: &str) -> Option<&'static str> {
    Some(match name {
        "rr" => "each server in turn",
        "wrr" => "each server in turn, by weight",
        "lc" => "the server with the fewest connections",
        "wlc" => "the server with the fewest connections for its weight",
        "sh" => "by a hash of the client's address",
        "dh" => "by a hash of the destination's address",
        "mh" => "by a hash of the client's address that stays when servers come and go (Maglev)",
        "sed" => "the server with the shortest expected delay",
        "nq" => "an idle server, else the one with the shortest expected delay",
        "lblc" | "lblcr" => "by the destination's address, unless its server is overloaded",
        "fo" => "the server with the highest weight",
        "ovf" => "the server with the highest weight until it has so many connections",
        _ => return None,
    })
}

fn servers(cluster: &Cluster, netns: NetnsId, server: &VirtualServer) -> Vec<Item> {
    let names = who::Names::of(cluster);
    let connections = cluster.netns(netns).ipvs_connections.as_ref();
    let servers = server.servers.iter();
    servers
        .map(|one| {
            let name = names.get(one.address.ip()).map(|name| format!("  {name}"));
            let how = match one.forwarding {
                Forwarding::Masquerading => "",
                Forwarding::Direct => ", its frame sent there as it is (-g)",
                Forwarding::Tunnel => ", wrapped into a packet (-i)",
                Forwarding::Gue => ", wrapped into a packet (-i --tun-type gue)",
                Forwarding::Gre => ", wrapped into a packet (-i --tun-type gre)",
                Forwarding::Local => ", this host itself",
            };
            let weight = match one.weight {
                0 => ", weight 0: takes no new connections".to_owned(),
                weight => format!(", weight {weight}"),
            };
            let now = match (one.connections, connections) {
                (Some(now), _) => {
                    format!(", {} connections and {} that end", now.active, now.inactive)
                }
                (None, Some(all)) => {
                    let its = all.iter().filter(|entry| {
                        !entry.is_template()
                            && entry.server == one.address
                            && matches!(server.takes, Takes::Address { address, .. } if address == entry.to)
                    });
                    format!(", {} connections", its.count())
                }
                (None, None) => String::new(),
            };
            let text = format!(
                "{}{}{weight}{how}{now}",
                one.address,
                name.unwrap_or_default()
            );
            Item::new(text).seen("ipvsadm -Sn", one.raw.as_str())
        })
        .collect()
}
