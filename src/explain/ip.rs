//! What an address is: a pod's, a Service's, a node's, a tunnel's end, a bridge's, in some node's pod network, or none of
//! these.

use std::net::IpAddr;

use super::article::{Article, Item};
use super::{flannel, route, who};
use crate::model::{Cluster, Family, LinkKind, NetnsName, ObjectKind, Part};

/// Explains an address.
pub fn explain(cluster: &Cluster, ip: IpAddr) -> Article {
    let mut article = Article::new("address", ip.to_string());
    let known = special(ip).map(|what| article.say(what)).is_some()
        | pods(cluster, ip, &mut article)
        | services(cluster, ip, &mut article)
        | nodes(cluster, ip, &mut article)
        | (!ip.is_loopback() && devices(cluster, ip, &mut article));
    if !known {
        unknown(cluster, ip, &mut article);
    }
    endpoints(cluster, ip, &mut article);
    if !article.facts.contains_key("service") && special(ip).is_none() {
        let hosts = who::hosts(cluster);
        let ways = hosts.map(|host| route::way(cluster, host, ip, cluster.node_name(host)));
        article.section("How each node sends packets there", ways.collect());
    }
    neighbors(cluster, ip, &mut article);
    connections(cluster, ip, &mut article);
    article
}

fn special(ip: IpAddr) -> Option<&'static str> {
    Some(match ip {
        _ if ip.is_loopback() => {
            "A loopback address: every namespace has its own, and packets to it never leave it."
        }
        _ if ip.is_unspecified() => {
            "No address: where one listens, it stands for all of the host's own."
        }
        _ if ip.is_multicast() => "A multicast group.",
        IpAddr::V4(ip) if ip.is_broadcast() => "Everybody on the link.",
        IpAddr::V4(ip) if ip.is_link_local() => {
            "A link-local address: it means something on one link only, and routers do not forward it."
        }
        IpAddr::V6(ip) if ip.is_unicast_link_local() => {
            "A link-local address: it means something on one link only, and routers do not forward it."
        }
        _ => return None,
    })
}

fn pods(cluster: &Cluster, ip: IpAddr, article: &mut Article) -> bool {
    let mut found = false;
    let pods = cluster.objects.pods.iter();
    for pod in pods.filter(|pod| !pod.host_network && pod.ips.contains(&ip)) {
        let name = format!("{}/{}", pod.namespace, pod.name);
        let node = pod.node.as_deref().unwrap_or("no node yet");
        if pod.has_ended() {
            article.say(format!(
                "Pod {name} on {node} had it and has ended: it may be another's by now."
            ));
            continue;
        }
        article.say(format!("The address of pod {name} on {node}."));
        article.fact("pod", name);
        article.fact("node", node);
        found = true;
    }
    found
}

fn services(cluster: &Cluster, ip: IpAddr, article: &mut Article) -> bool {
    let mut found = false;
    for service in &cluster.objects.services {
        let Some((_, what)) = who::addresses_of(service).find(|(its, _)| *its == ip) else {
            continue;
        };
        let name = format!("{}/{}", service.namespace, service.name);
        let ports: Vec<String> = service
            .ports
            .iter()
            .map(|port| format!("{}/{}", port.port, port.protocol))
            .collect();
        article.say(format!(
            "The {what} of Service {name} (ports {}). No device answers for it by itself: the node that a client sends by \
             translates it to an endpoint. `kubenet explain service {name}` tells how.",
            ports.join(", ")
        ));
        article.fact("service", name);
        article.fact("service_address", what);
        found = true;
    }
    found
}

fn nodes(cluster: &Cluster, ip: IpAddr, article: &mut Article) -> bool {
    let mut found = false;
    for node in cluster
        .objects
        .nodes
        .iter()
        .filter(|node| node.addresses.contains(&ip))
    {
        article.say(format!("An address of node {}.", node.name));
        article.fact("node", node.name.as_str());
        found = true;
    }
    for peer in flannel::peers(cluster, Family::of(ip)) {
        if peer.public_ip == Some(ip) && peer.backend == Some("vxlan") {
            article.say(format!(
                "The tunnel endpoint of {}: flannel of the other nodes sends vxlan packets for its pods there (annotation \
                 public-ip).",
                peer.node
            ));
            article.fact("vtep_of", peer.node);
            found = true;
        }
    }
    found
}

/// The devices that have it, but those of pods that the API told of already.
fn devices(cluster: &Cluster, ip: IpAddr, article: &mut Article) -> bool {
    let mut items = Vec::new();
    for (id, netns) in cluster.all_netns() {
        for address in netns
            .addresses
            .iter()
            .flatten()
            .filter(|address| address.ip == ip)
        {
            let place = who::place(cluster, id);
            let device = &address.device;
            let what = match netns.link(device).map(|link| &link.kind) {
                Some(LinkKind::Bridge { .. }) => {
                    ": the gateway of the pods and containers on that bridge"
                }
                Some(LinkKind::Vxlan(_)) => {
                    ": the next hop of the other nodes' routes to this node's pods, and the source of what the node itself sends to other nodes' pods"
                }
                Some(LinkKind::Dummy) if device == "kube-ipvs0" => {
                    ": kube-proxy's IPVS mode puts Services' addresses there, so that packets to them are taken in"
                }
                _ => "",
            };
            let in_netns = netns.name != NetnsName::Host;
            items.push(Item::new(format!("{device} of {place}{what}")));
            if !in_netns && !article.facts.contains_key("node") {
                article.fact("node", cluster.node_name(id));
            }
        }
    }
    let found = !items.is_empty();
    if found && article.summary.is_empty() {
        article.say("An address of a device.");
    }
    article.section("Devices that have it", items);
    found
}

fn unknown(cluster: &Cluster, ip: IpAddr, article: &mut Article) {
    let nodes = cluster.objects.nodes.iter();
    let mut owner = nodes.flat_map(|node| node.pod_cidrs.iter().map(move |cidr| (node, cidr)));
    let owner = owner.find(|(_, cidr)| cidr.contains(&ip));
    let all_pods =
        !cluster.objects.pods.is_empty() && !cluster.objects.incomplete.contains(&ObjectKind::Pod);
    match owner {
        Some((node, cidr)) => {
            let whose = match all_pods {
                true => "and no pod of the API has it",
                false => "and not all pods are known",
            };
            article.say(format!(
                "In {cidr}, the pod network of {}, {whose}.",
                node.name
            ));
            article.fact("pod_cidr_of", node.name.as_str());
        }
        None => article.say(
            "No pod, Service, node or device that was read has it, and it is in no node's pod network: an address outside the cluster, or of somebody that was not read.",
        ),
    }
}

fn endpoints(cluster: &Cluster, ip: IpAddr, article: &mut Article) {
    let mut items = Vec::new();
    for slice in &cluster.objects.endpoint_slices {
        for endpoint in slice
            .endpoints
            .iter()
            .filter(|one| one.addresses.contains(&ip))
        {
            let state = match (endpoint.ready, endpoint.serving, endpoint.terminating) {
                (true, ..) => "ready",
                (_, true, true) => "ending, and still serves",
                (.., true) => "ending",
                _ => "not ready: gets no new connections",
            };
            let ports: Vec<String> = slice
                .ports
                .iter()
                .map(|(_, protocol, port)| format!("{port}/{protocol}"))
                .collect();
            items.push(Item::new(format!(
                "{}/{} at {} ({state})",
                slice.namespace,
                slice.service,
                ports.join(", ")
            )));
        }
    }
    article.section("Services that it is an endpoint of", items);
}

fn neighbors(cluster: &Cluster, ip: IpAddr, article: &mut Article) {
    let mut items = Vec::new();
    for (id, netns) in cluster.all_netns() {
        for entry in netns
            .neighbors
            .iter()
            .flatten()
            .filter(|entry| entry.ip == ip)
        {
            let mac = entry
                .mac
                .map_or_else(|| "no answer".to_owned(), |mac| mac.to_string());
            let text = format!("{mac} on {} ({})", entry.device, entry.state.name());
            items
                .push(Item::of(who::place(cluster, id), text).seen("ip neigh", entry.raw.as_str()));
        }
    }
    article.section("Who knows it as a neighbour", items);
}

/// How many tracked connections go there and come from there.
fn connections(cluster: &Cluster, ip: IpAddr, article: &mut Article) {
    let mut items = Vec::new();
    for host in who::hosts(cluster) {
        let netns = cluster.netns(host);
        let Some(entries) = &netns.conntrack else {
            continue;
        };
        let count = |is: &dyn Fn(&crate::model::ConntrackEntry) -> bool| {
            entries.iter().filter(|entry| is(entry)).count()
        };
        let to = count(&|entry| entry.original.destination == ip);
        let translated =
            count(&|entry| entry.reply.source == ip && entry.original.destination != ip);
        let from = count(&|entry| entry.original.source == ip);
        if to + translated + from == 0 {
            continue;
        }
        let more = match netns.incomplete.contains(&Part::Conntrack) {
            true => " (not all entries were read)",
            false => "",
        };
        items.push(Item::of(
            cluster.node_name(host),
            format!("{to} to it, {translated} translated to it, {from} from it{more}"),
        ));
    }
    article.section("Connections that are tracked now", items);
}
