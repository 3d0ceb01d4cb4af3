//! What the cluster's DNS has for a name (the Kubernetes DNS specification, which CoreDNS's `kubernetes` plugin keeps to).

use std::net::{IpAddr, Ipv4Addr};

use crate::model::dns::{Answer, Query, Resolver};
use crate::model::{Cluster, ObjectKind, Service};

/// The cluster domain where no search list tells it.
const USUAL_DOMAIN: &str = "cluster.local";

/// Where NodeLocal DNSCache listens, which hands on what it does not hold to the cluster's DNS (kubernetes/dns,
/// cmd/node-cache).
const NODE_LOCAL: IpAddr = IpAddr::V4(Ipv4Addr::new(169, 254, 20, 10));

/// The names that a resolver asks for, one after the other, up to the first that there is.
pub fn queries(cluster: &Cluster, resolver: &Resolver, name: &str) -> Vec<Query> {
    let domain = domain(resolver);
    let mut queries = Vec::new();
    let stranger = stranger(cluster, resolver);
    for name in resolver.candidates(name) {
        let (answer, text) = match stranger {
            Some(server) => (
                Answer::Unknown,
                format!(
                    "{server} is no DNS of this cluster that is known: what it answers is not known"
                ),
            ),
            None => ask(cluster, domain, &name),
        };
        queries.push(Query { name, answer, text });
        if answer == Answer::Found {
            break;
        }
    }
    queries
}

/// The first server that is not the cluster's DNS, as far as the objects tell: what the first one to answer says is final.
fn stranger(cluster: &Cluster, resolver: &Resolver) -> Option<IpAddr> {
    let objects = &cluster.objects;
    if objects.services.is_empty() || objects.incomplete.contains(&ObjectKind::Service) {
        return None;
    }
    let of_cluster = |ip: &IpAddr| {
        let services = &objects.services;
        let slices = &objects.endpoint_slices;
        *ip == NODE_LOCAL
            || services.iter().any(|known| known.cluster_ips.contains(ip))
            || slices
                .iter()
                .flat_map(|slice| &slice.endpoints)
                .any(|endpoint| endpoint.addresses.contains(ip))
    };
    let mut servers = resolver.nameservers.iter();
    servers.find(|ip| !of_cluster(ip)).copied()
}

/// The cluster domain: kubelet writes `svc.DOMAIN` into the search list.
fn domain(resolver: &Resolver) -> &str {
    let of = |entry: &'_ String| entry.starts_with("svc.");
    let found = resolver.search.iter().find(|entry| of(entry));
    found
        .and_then(|entry| entry.strip_prefix("svc."))
        .unwrap_or(USUAL_DOMAIN)
}

fn ask(cluster: &Cluster, domain: &str, name: &str) -> (Answer, String) {
    let lower = name.to_ascii_lowercase();
    let Some(inside) = lower
        .strip_suffix(domain)
        .and_then(|rest| rest.strip_suffix('.'))
    else {
        let text = format!("not in {domain}: asked outside the cluster");
        return (Answer::Unknown, text);
    };
    let labels: Vec<&str> = inside.rsplit('.').collect();
    let (namespace, service, of_pod) = match labels.as_slice() {
        ["svc", namespace, service] => (*namespace, *service, false),
        ["svc", namespace, service, _] => (*namespace, *service, true),
        // _PORT._PROTOCOL.SERVICE.NAMESPACE.svc
        ["svc", namespace, service, protocol, port]
            if protocol.starts_with('_') && port.starts_with('_') =>
        {
            (*namespace, *service, false)
        }
        ["pod", _, _] => {
            return (
                Answer::Unknown,
                "the name of a pod's address: DNS may make it up".to_owned(),
            );
        }
        _ => return (Answer::Missing, "no name of a Service: NXDOMAIN".to_owned()),
    };
    let services = &cluster.objects.services;
    if services.is_empty() {
        return (Answer::Unknown, "no Services were read".to_owned());
    }
    let found = services
        .iter()
        .find(|known| known.namespace == namespace && known.name == service);
    match found {
        None if cluster.objects.incomplete.contains(&ObjectKind::Service) => (
            Answer::Unknown,
            format!("Service {namespace}/{service} was not read"),
        ),
        None => (
            Answer::Missing,
            format!("there is no Service {namespace}/{service}: NXDOMAIN"),
        ),
        Some(_) if of_pod => (
            Answer::Unknown,
            format!("a host name within Service {namespace}/{service}: which it has was not read"),
        ),
        Some(service) => of_service(cluster, service),
    }
}

fn of_service(cluster: &Cluster, service: &Service) -> (Answer, String) {
    let name = format!("Service {}/{}", service.namespace, service.name);
    if let Some(alias) = &service.external_name {
        return (Answer::Found, format!("{name}, an alias of {alias}"));
    }
    let addresses = match service.headless {
        true => ready_endpoints(cluster, service),
        false => service.cluster_ips.clone(),
    };
    let listed: Vec<String> = addresses.iter().map(IpAddr::to_string).collect();
    match (listed.is_empty(), service.headless) {
        (true, true) => (
            Answer::Missing,
            format!("{name} is headless and no endpoint is ready: no address"),
        ),
        (true, false) => (Answer::Missing, format!("{name} has no address")),
        _ => (Answer::Found, format!("{name}, {}", listed.join(", "))),
    }
}

/// What DNS gives for a headless Service: its ready endpoints (`publishNotReadyAddresses` makes all of them ready).
pub fn ready_endpoints(cluster: &Cluster, service: &Service) -> Vec<IpAddr> {
    let slices = cluster.objects.endpoint_slices.iter();
    let its = slices
        .filter(|slice| slice.namespace == service.namespace && slice.service == service.name);
    let ready = its
        .flat_map(|slice| &slice.endpoints)
        .filter(|endpoint| endpoint.ready);
    let mut addresses: Vec<IpAddr> = Vec::new();
    for ip in ready.filter_map(|endpoint| endpoint.addresses.first()) {
        if !addresses.contains(ip) {
            addresses.push(*ip);
        }
    }
    addresses
}
