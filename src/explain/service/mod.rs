//! Everything that a node holds for a Service, in whichever mode kube-proxy works there: chains, map elements, virtual
//! servers, sets, sockets at its NodePorts, and the connections that go there now.

mod holds;

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};

use super::article::{Article, Item};
use super::who;
use crate::model::iptables::Wish;
use crate::model::kube_proxy::{named, proxy_state};
use crate::model::{Cluster, NetnsId, Part, PortRef, Service};
pub use holds::families;

/// Explains a Service as a node holds it, and the chains which had to be read for it and were not. `host` is the node's
/// own namespace.
pub fn explain(cluster: &Cluster, host: NetnsId, service: &Service) -> (Article, BTreeSet<Wish>) {
    let name = format!("{}/{}", service.namespace, service.name);
    let mut article = Article::new("Service", name).in_netns(cluster, host);
    intent(service, &mut article);
    let node = cluster.node_name(host);
    let state = proxy_state(cluster.netns(host));
    let modes = named(&state.modes, " and ");
    article.fact(
        "mode",
        match state.modes.as_slice() {
            [] => "unknown".to_owned(),
            modes => named(modes, "+"),
        },
    );
    article.say(match state.modes.len() {
        0 => format!("In which mode kube-proxy serves {node} cannot be told from what was read."),
        1 => format!("kube-proxy serves {node} in its {modes} mode."),
        _ => format!("Rules of several modes of kube-proxy serve {node}: {modes}."),
    });
    let wishes = holds::sections(cluster, host, service, &state.modes, &mut article);
    endpoints(cluster, service, &mut article);
    sockets(cluster, host, service, &mut article);
    connections(cluster, host, service, &mut article);
    (article, wishes)
}

/// What the API says.
fn intent(service: &Service, article: &mut Article) {
    if service.headless {
        article.say("Headless: it has no address of its own; DNS gives its endpoints' addresses, and nodes hold nothing for it.");
    }
    if let Some(name) = &service.external_name {
        article.say(format!(
            "An alias: DNS gives the name {name}, and nodes hold nothing for it."
        ));
    }
    let mut items: Vec<Item> = who::addresses_of(service)
        .map(|(ip, what)| Item::of(what, ip.to_string()))
        .collect();
    for port in &service.ports {
        let target = match &port.target_port {
            PortRef::Number(number) => number.to_string(),
            PortRef::Name(name) => format!("{name:?}"),
        };
        let named = match port.name.as_str() {
            "" => String::new(),
            name => format!(" ({name})"),
        };
        let node_port = port
            .node_port
            .map_or_else(String::new, |port| format!(", NodePort {port}"));
        items.push(Item::of(
            "port",
            format!(
                "{}/{}{named}, to the pods' port {target}{node_port}",
                port.port, port.protocol
            ),
        ));
    }
    if service.internal_local {
        items.push(Item::of(
            "policy",
            "internal traffic Local: pods use endpoints on their own node only",
        ));
    }
    if service.external_local {
        items.push(Item::of("policy", "external traffic Local: clients outside use endpoints of the node they come to, which see their address"));
    }
    if let Some(seconds) = service.affinity_seconds {
        items.push(Item::of(
            "affinity",
            format!("a client stays with its endpoint for {seconds} s"),
        ));
    }
    if !service.source_ranges.is_empty() {
        let ranges: Vec<String> = service
            .source_ranges
            .iter()
            .map(ToString::to_string)
            .collect();
        items.push(Item::of("only from", ranges.join(", ")));
    }
    article.fact("type", service.kind.as_str());
    article.section(format!("What the API says: type {}", service.kind), items);
}

fn endpoints(cluster: &Cluster, service: &Service, article: &mut Article) {
    let slices = cluster.objects.endpoint_slices.iter();
    let own = slices
        .filter(|slice| slice.namespace == service.namespace && slice.service == service.name);
    let mut items = Vec::new();
    for slice in own {
        for endpoint in &slice.endpoints {
            let Some(ip) = endpoint.addresses.first() else {
                continue;
            };
            let ports: Vec<String> = slice
                .ports
                .iter()
                .map(|(_, protocol, port)| format!("{port}/{protocol}"))
                .collect();
            let pod = endpoint
                .pod
                .as_ref()
                .map_or_else(String::new, |(namespace, name)| {
                    format!(", pod {namespace}/{name}")
                });
            let node = endpoint
                .node
                .as_ref()
                .map_or_else(String::new, |node| format!(" on {node}"));
            let state = match (endpoint.ready, endpoint.serving, endpoint.terminating) {
                (true, ..) => "ready",
                (_, true, true) => "ending, and still serves",
                (.., true) => "ending",
                _ => "not ready",
            };
            items.push(Item::of(
                ip.to_string(),
                format!("{}{pod}{node} ({state})", ports.join(", ")),
            ));
        }
    }
    article.fact("endpoints", items.len());
    article.section("Its endpoints (EndpointSlices)", items);
}

fn node_ports(service: &Service) -> impl Iterator<Item = (u16, crate::model::Protocol)> + '_ {
    let ports = service.ports.iter();
    ports.filter_map(|port| Some((port.node_port?, port.protocol)))
}

fn sockets(cluster: &Cluster, host: NetnsId, service: &Service, article: &mut Article) {
    let here = cluster.netns(host);
    let mut items = Vec::new();
    for (port, protocol) in node_ports(service) {
        let all = here.sockets.iter().flatten();
        for socket in all.filter(|socket| socket.port == port && socket.protocol == protocol) {
            items.push(
                Item::of(
                    format!("{port}/{protocol}"),
                    "a program of the node listens there",
                )
                .seen("ss -lntu", socket.raw.as_str()),
            );
        }
    }
    article.section("Sockets at its NodePorts", items);
}

/// The connections to the Service which the node tracks now, by the endpoint that they were sent to.
fn connections(cluster: &Cluster, host: NetnsId, service: &Service, article: &mut Article) {
    let here = cluster.netns(host);
    let Some(entries) = &here.conntrack else {
        let node = cluster.node_name(host);
        article
            .not_seen
            .push(format!("the connections that {node} tracks were not read"));
        return;
    };
    let addresses: BTreeSet<IpAddr> = who::addresses_of(service).map(|(ip, _)| ip).collect();
    let own: BTreeSet<IpAddr> = here.addresses.iter().flatten().map(|one| one.ip).collect();
    let mut by_end: BTreeMap<SocketAddr, (usize, usize)> = BTreeMap::new();
    for entry in entries {
        let tuple = &entry.original;
        let (to, port) = (tuple.destination, tuple.destination_port);
        let by_address = addresses.contains(&to)
            && service
                .ports
                .iter()
                .any(|one| one.port == port && one.protocol == tuple.protocol);
        let by_node_port = own.contains(&to)
            && node_ports(service)
                .any(|(node_port, protocol)| node_port == port && protocol == tuple.protocol);
        if !by_address && !by_node_port {
            continue;
        }
        let end = SocketAddr::new(entry.reply.source, entry.reply.source_port);
        let counts = by_end.entry(end).or_default();
        counts.0 += 1;
        counts.1 += usize::from(!entry.state.seen_reply);
    }
    let names = who::Names::of(cluster);
    let items = by_end.iter().map(|(end, (count, unanswered))| {
        let name = names
            .get(end.ip())
            .map_or_else(String::new, |name| format!(" ({name})"));
        let unanswered = match unanswered {
            0 => String::new(),
            some => format!(", {some} without an answer"),
        };
        let untranslated = match addresses.contains(&end.ip()) {
            true => ", not translated",
            false => "",
        };
        Item::of(
            end.to_string(),
            format!("{count} connections{name}{untranslated}{unanswered}"),
        )
    });
    let lost = match here.incomplete.contains(&Part::Conntrack) {
        true => " (not all entries were read)",
        false => "",
    };
    article.section(
        format!("Connections tracked now, by where they were sent{lost}"),
        items.collect(),
    );
}
