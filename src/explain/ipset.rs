//! What an ipset is for, what it has, and which rules look into it (ipset(8); kube-proxy, pkg/proxy/ipvs/ipset.go).

use std::net::{IpAddr, SocketAddr};

use super::article::{Article, Item};
use super::{sweep, who, words};
use crate::model::iptables::{Match, Target};
use crate::model::{Cluster, IpSet, NetnsId, SetElement, SetPart};

/// Sets of kube-proxy's IPVS mode; `-6-` follows `KUBE` in those of IPv6.
const KUBE_PROXY: &[(&str, &str)] = &[
    (
        "KUBE-LOOP-BACK",
        "Endpoints of this node, each as both ends: a pod that reaches itself through a Service is masqueraded.",
    ),
    (
        "KUBE-CLUSTER-IP",
        "Cluster IPs with their ports: what comes for them from outside the pods is masqueraded, and let through.",
    ),
    (
        "KUBE-EXTERNAL-IP",
        "External IPs with their ports: what comes for them is masqueraded.",
    ),
    (
        "KUBE-EXTERNAL-IP-LOCAL",
        "External IPs of Services whose external traffic policy is Local.",
    ),
    (
        "KUBE-LOAD-BALANCER",
        "Load balancers' IPs with their ports: what comes for them is masqueraded.",
    ),
    (
        "KUBE-LOAD-BALANCER-LOCAL",
        "Load balancers' IPs of Services whose external traffic policy is Local: not masqueraded.",
    ),
    (
        "KUBE-LOAD-BALANCER-FW",
        "Load balancers' IPs that only some sources may use.",
    ),
    (
        "KUBE-LOAD-BALANCER-SOURCE-CIDR",
        "Load balancers' IPs, each with a source range that may use it.",
    ),
    (
        "KUBE-LOAD-BALANCER-SOURCE-IP",
        "Load balancers' IPs that may be their own clients: a node that has the address.",
    ),
    (
        "KUBE-NODE-PORT-TCP",
        "NodePorts of TCP: what comes for them is masqueraded.",
    ),
    (
        "KUBE-NODE-PORT-UDP",
        "NodePorts of UDP: what comes for them is masqueraded.",
    ),
    (
        "KUBE-NODE-PORT-SCTP-HASH",
        "NodePorts of SCTP, with the node's addresses: what comes for them is masqueraded.",
    ),
    (
        "KUBE-NODE-PORT-LOCAL-TCP",
        "NodePorts of TCP of Services whose external traffic policy is Local: not masqueraded.",
    ),
    (
        "KUBE-NODE-PORT-LOCAL-UDP",
        "NodePorts of UDP of Services whose external traffic policy is Local: not masqueraded.",
    ),
    (
        "KUBE-NODE-PORT-LOCAL-SCTP-HASH",
        "NodePorts of SCTP of Services whose external traffic policy is Local: not masqueraded.",
    ),
    (
        "KUBE-HEALTH-CHECK-NODE-PORT",
        "Ports where load balancers ask whether this node has endpoints: let in.",
    ),
    (
        "KUBE-IPVS-IPS",
        "Every address of kube-ipvs0: what no virtual server takes of it is refused.",
    ),
];

/// Names of sets are cut to this length (IPSET_MAXNAMELEN, one byte of which ends the name).
const LONGEST: usize = 31;

/// The namespaces that have a set of that name.
pub fn places(cluster: &Cluster, name: &str) -> Vec<NetnsId> {
    let has = |netns: &crate::model::Netns| {
        let mut sets = netns.ipsets.iter().flatten();
        sets.any(|set| set.name == name)
    };
    let all = cluster.all_netns();
    all.filter(|(_, netns)| has(netns))
        .map(|(id, _)| id)
        .collect()
}

/// Names of all sets there are.
pub fn names(cluster: &Cluster) -> Vec<&str> {
    let all = cluster.all_netns();
    let sets = all.flat_map(|(_, netns)| netns.ipsets.iter().flatten());
    let mut names: Vec<&str> = sets.map(|set| set.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// Explains a set of a namespace.
pub fn explain(cluster: &Cluster, netns: NetnsId, name: &str) -> Option<Article> {
    let mut sets = cluster.netns(netns).ipsets.iter().flatten();
    let set = sets.find(|set| set.name == name)?;
    let mut article = Article::new("ipset", name).in_netns(cluster, netns);
    let known = KUBE_PROXY.iter().find(|(known, _)| {
        let of_ipv6 = known.replacen("KUBE-", "KUBE-6-", 1);
        *known == name || of_ipv6.get(..LONGEST).unwrap_or(&of_ipv6) == name
    });
    article.say(match (known, name) {
        (Some((_, what)), _) => format!("{what} (by kube-proxy in IPVS mode)"),
        (None, name) if name.starts_with("KUBE-SRC-") || name.starts_with("KUBE-DST-") => {
            "The addresses of the pods that a NetworkPolicy selects (by kube-router's network policies).".to_owned()
        }
        (None, name) if name.starts_with("cali") => "Addresses that Calico's policies name.".to_owned(),
        (None, name) if name.starts_with("cilium_") => "Addresses that Cilium's exceptions name.".to_owned(),
        _ => "No program is known here that makes a set of this name.".to_owned(),
    });
    article.fact("type", set.kind.as_str());
    article.fact("elements", set.elements.len());
    let family = if set.ipv6 { ", of IPv6" } else { "" };
    article.say(format!(
        "Type {}{family}, {} elements.",
        set.kind,
        set.elements.len()
    ));
    rules(cluster, netns, name, &mut article);
    article.section("What it has", elements(cluster, set));
    article.not_seen.extend(sweep::unread(cluster));
    Some(article)
}

fn elements(cluster: &Cluster, set: &IpSet) -> Vec<Item> {
    let names = who::Names::of(cluster);
    let elements = set.elements.iter();
    elements
        .map(|element| {
            let text = words_of(element);
            let named = ips(element).find_map(|ip| names.get(ip));
            let port = port(cluster, element);
            let what = [named.map(str::to_owned), port];
            let what: Vec<String> = what.into_iter().flatten().collect();
            let text = match what.is_empty() {
                true => text,
                false => format!("{text}  {}", what.join(", ")),
            };
            Item::new(text).seen("ipset save", element.raw.as_str())
        })
        .collect()
}

/// An element in words: `10.43.6.58 port 80/tcp`.
pub fn words_of(element: &SetElement) -> String {
    let parts: Vec<String> = element.parts.iter().map(part).collect();
    let except = if element.nomatch { "not " } else { "" };
    format!("{except}{}", parts.join(" "))
}

fn part(part: &SetPart) -> String {
    match part {
        SetPart::Net(net) if net.prefix_len() == net.max_prefix_len() => net.addr().to_string(),
        SetPart::Net(net) => net.to_string(),
        SetPart::Range(first, last) => format!("{first}-{last}"),
        SetPart::Port {
            protocol,
            first,
            last,
        } => {
            let protocol = protocol.map_or_else(String::new, |of| format!("/{of}"));
            match first == last {
                true => format!("port {first}{protocol}"),
                false => format!("ports {first}-{last}{protocol}"),
            }
        }
        SetPart::Mac(mac) => mac.to_string(),
        SetPart::Interface(device) => format!("by {device}"),
        SetPart::Mark(mark) => format!("mark {mark:#x}"),
        SetPart::Set(name) => format!("all of set {name}"),
    }
}

fn ips(element: &SetElement) -> impl Iterator<Item = IpAddr> + '_ {
    element.parts.iter().filter_map(|part| match part {
        SetPart::Net(net) if net.prefix_len() == net.max_prefix_len() => Some(net.addr()),
        _ => None,
    })
}

/// The Service whose NodePort an element without an address is.
fn port(cluster: &Cluster, element: &SetElement) -> Option<String> {
    let [
        SetPart::Port {
            protocol,
            first,
            last,
        },
    ] = element.parts.as_slice()
    else {
        return None;
    };
    let services = cluster.objects.services.iter();
    let mut ports =
        services.flat_map(|service| service.ports.iter().map(move |port| (service, port)));
    let found = ports.find(|(service, port)| {
        first == last
            && (port.node_port == Some(*first) || service.health_check_node_port == Some(*first))
            && protocol.is_none_or(|protocol| protocol == port.protocol)
    });
    found.map(|(service, _)| format!("Service {}/{}", service.namespace, service.name))
}

fn rules(cluster: &Cluster, netns: NetnsId, name: &str, article: &mut Article) {
    let mentions = |found: &sweep::Found<'_>| {
        let looks = |one: &Match| matches!(one, Match::Set { name: its, .. } if **its == *name);
        let fills = match &found.rule.target {
            Target::Set(sets) => sets.iter().any(|its| **its == *name),
            _ => false,
        };
        found.netns == netns && (fills || found.rule.matches.iter().any(looks))
    };
    let found = sweep::rules(cluster).filter(mentions);
    let items: Vec<Item> = found
        .map(|found| {
            let text = format!("{}: {}", found.place(), words::rule(found.rule));
            Item::new(text).seen("iptables", found.line())
        })
        .collect();
    if items.is_empty() && sweep::unread(cluster).is_none() {
        article.say("No rule of iptables that was read looks into it.");
    }
    article.section("Rules that look into it", items);
}

/// An element as an address with its port, where it is one.
pub fn socket(element: &SetElement) -> Option<SocketAddr> {
    let ip = ips(element).next()?;
    let mut ports = element.parts.iter().filter_map(|part| match part {
        SetPart::Port { first, last, .. } if first == last => Some(*first),
        _ => None,
    });
    Some(SocketAddr::new(ip, ports.next()?))
}
