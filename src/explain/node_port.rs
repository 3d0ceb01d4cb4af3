//! What a port of the nodes leads to: a NodePort, a health check, a pod's host port, a program on the node itself.

use std::net::IpAddr;

use super::article::{Article, Item};
use super::{native, sweep, who, words};
use crate::model::iptables::{Match, Negatable, PortRange, Target};
use crate::model::nftables::{Expression, Set, SetRef, Statement};
use crate::model::{Cluster, Part, Protocol, Service, ServicePort, Takes};

/// Explains a port, of one protocol or of all.
pub fn explain(cluster: &Cluster, port: u16, protocol: Option<Protocol>) -> Article {
    let name = protocol.map_or_else(|| port.to_string(), |of| format!("{port}/{of}"));
    let mut article = Article::new("node port", name);
    article.fact("port", port);
    let known = owners(cluster, port, protocol, &mut article);
    rules(cluster, port, protocol, &mut article);
    elements(cluster, port, protocol, &mut article);
    servers(cluster, port, protocol, &mut article);
    let sockets = sockets(cluster, port, protocol, &mut article);
    if !known && article.sections.is_empty() {
        article.say("Nothing that was read leads anywhere from this port of a node: no Service, no rule, no virtual server, no socket.");
    } else if !known && sockets > 0 {
        article.say("No Service of the API has it as NodePort; a program on a node listens there.");
    } else if !known {
        article.say("No Service of the API has it as NodePort.");
    }
    article.not_seen.extend(sweep::unread(cluster));
    article
}

/// The Service's port that has this NodePort.
pub fn service_with(
    cluster: &Cluster,
    node_port: u16,
    protocol: Option<Protocol>,
) -> Option<(&Service, &ServicePort)> {
    let services = cluster.objects.services.iter();
    let mut ports =
        services.flat_map(|service| service.ports.iter().map(move |port| (service, port)));
    ports.find(|(_, port)| {
        port.node_port == Some(node_port)
            && protocol.is_none_or(|protocol| protocol == port.protocol)
    })
}

fn owners(
    cluster: &Cluster,
    node_port: u16,
    protocol: Option<Protocol>,
    article: &mut Article,
) -> bool {
    let mut known = false;
    if let Some((service, port)) = service_with(cluster, node_port, protocol) {
        let name = format!("{}/{}", service.namespace, service.name);
        let policy = match service.external_local {
            true => {
                "Local: a node answers by its own endpoints only, and clients keep their address"
            }
            false => {
                "Cluster: every node answers by any endpoint, and clients get the node's address"
            }
        };
        article.say(format!(
            "The NodePort of Service {name} port {}/{}, on every node. External traffic policy {policy}.",
            port.port, port.protocol
        ));
        article.fact("service", name);
        article.fact("service_port", port.port);
        known = true;
    }
    for service in &cluster.objects.services {
        if service.health_check_node_port == Some(node_port) {
            let name = format!("{}/{}", service.namespace, service.name);
            article.say(format!(
                "The health check of Service {name}: kube-proxy answers there over HTTP how many endpoints this node has."
            ));
            article.fact("health_check_of", name);
            known = true;
        }
    }
    for pod in cluster.objects.pods.iter().filter(|pod| !pod.has_ended()) {
        let its = pod.ports.iter().find(|one| {
            one.host_port == Some(node_port) && protocol.is_none_or(|of| of == one.protocol)
        });
        if let Some(its) = its {
            let name = format!("{}/{}", pod.namespace, pod.name);
            let node = pod.node.as_deref().unwrap_or("its node");
            article.say(format!(
                "A hostPort of pod {name}: on {node} it leads to the pod's port {}/{}.",
                its.port, its.protocol
            ));
            article.fact("host_port_of", name);
            known = true;
        }
    }
    known
}

fn rules(cluster: &Cluster, port: u16, protocol: Option<Protocol>, article: &mut Article) {
    let is_port = |asked: &Option<Negatable<PortRange>>| matches!(asked, Some(Negatable { negate: false, value }) if value.first == port && value.last == port);
    let asks =
        |one: &Match| matches!(one, Match::Ports { destination, .. } if is_port(destination));
    let wanted = |found: &sweep::Found<'_>| {
        let family = found.ruleset.family;
        let rule = found.rule;
        // A Service's own port may have the same number: its rules name its address.
        let anywhere = rule
            .destination
            .is_none_or(|to| to.value.addr().is_loopback());
        anywhere
            && rule.matches.iter().any(asks)
            && matches!(
                rule.target,
                Target::Jump(_) | Target::Dnat(_) | Target::Drop | Target::Reject(_)
            )
            && protocol.is_none_or(|protocol| {
                rule.protocol
                    .is_some_and(|its| its.value == protocol.number(family))
            })
    };
    // KUBE-SVC- and the like ask for the port again.
    let items = sweep::rules(cluster).filter(wanted).map(|found| {
        let text = format!("{}: {}", found.place(), words::rule(found.rule));
        Item::of(cluster.node_name(found.netns), text).seen("iptables", found.line())
    });
    article.section("Rules that take it", items.collect());
}

/// Elements of maps of kube-proxy's nftables mode.
fn elements(cluster: &Cluster, port: u16, protocol: Option<Protocol>, article: &mut Article) {
    let mut items = Vec::new();
    for found in sweep::native(cluster) {
        for statement in &found.rule.statements {
            let Statement::Vmap {
                key,
                set: SetRef::Named(name),
            } = statement
            else {
                continue;
            };
            let (Some(set), Some(at)) = (found.table.set(name), place_of_port(key)) else {
                continue;
            };
            for element in set.elements.iter().filter(|element| {
                let is_it = |at: usize, value: u128| {
                    element
                        .key
                        .get(at)
                        .is_some_and(|one| one.value() == Some(value))
                };
                let fits = protocol
                    .is_none_or(|of| is_it(0, u128::from(of.number(crate::model::Family::V4))));
                is_it(at, u128::from(port)) && element.key.len() == 2 && fits
            }) {
                let text = format!("{}: {}", found.place(), printed(key, set, element));
                items.push(
                    Item::of(cluster.node_name(found.netns), text)
                        .seen(format!("nft list map {name}"), set.print(element)),
                );
            }
        }
    }
    article.section("Elements of maps that take it", items);
}

fn place_of_port(key: &Expression) -> Option<usize> {
    let Expression::Concat(parts) = key else {
        return None;
    };
    let is_port = |part: &Expression| matches!(part, Expression::Payload { field, .. } if &**field == "dport");
    parts.iter().position(is_port)
}

fn printed(key: &Expression, set: &Set, element: &crate::model::nftables::Element) -> String {
    let to = element
        .verdict()
        .map_or_else(String::new, |verdict| format!(": {verdict}"));
    format!("{}{to}", native::words::element(key, set, element))
}

fn servers(cluster: &Cluster, port: u16, protocol: Option<Protocol>, article: &mut Article) {
    let mut items = Vec::new();
    for host in who::hosts(cluster) {
        let here = cluster.netns(host);
        for server in here.virtual_servers.iter().flatten() {
            let Takes::Address {
                protocol: its,
                address,
            } = server.takes
            else {
                continue;
            };
            let fits = address.port() == port && protocol.is_none_or(|of| of == its);
            let own = here
                .addresses
                .iter()
                .flatten()
                .any(|one| one.ip == address.ip() && one.device != "kube-ipvs0");
            if fits && own {
                let text = format!("{address}/{its}, {} servers", server.servers.len());
                items.push(
                    Item::of(cluster.node_name(host), text)
                        .seen("ipvsadm -Sn", server.raw.as_str()),
                );
            }
        }
    }
    article.section("Virtual servers that take it", items);
}

fn sockets(
    cluster: &Cluster,
    port: u16,
    protocol: Option<Protocol>,
    article: &mut Article,
) -> usize {
    let mut items = Vec::new();
    for host in who::hosts(cluster) {
        let here = cluster.netns(host);
        for socket in
            here.sockets.iter().flatten().filter(|socket| {
                socket.port == port && protocol.is_none_or(|of| of == socket.protocol)
            })
        {
            let at = match socket.address {
                None => "every address".to_owned(),
                Some(ip) if ip.is_unspecified() => match ip {
                    IpAddr::V4(_) => "every IPv4 address".to_owned(),
                    IpAddr::V6(_) => "every IPv6 address".to_owned(),
                },
                Some(ip) => ip.to_string(),
            };
            items.push(
                Item::of(
                    cluster.node_name(host),
                    format!("{} on {at}", socket.protocol),
                )
                .seen("ss -lntu", socket.raw.as_str()),
            );
        }
        if here.sockets.is_none() || here.incomplete.contains(&Part::Sockets) {
            article.not_seen.push(format!(
                "not all sockets of {} were read",
                cluster.node_name(host)
            ));
        }
    }
    let count = items.len();
    let service = article.facts.contains_key("service");
    if service && count > 0 {
        article.odd.push("a program listens on the port as well: the rules take packets from elsewhere before it sees them".to_owned());
    }
    article.section("Sockets that listen there", items);
    count
}
