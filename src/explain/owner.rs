//! Whose a chain of kube-proxy's is: by the Services of the API, by what its rules say of themselves, and by the hash in
//! its name, which either can be checked with.

use std::net::SocketAddr;

use serde::Serialize;

use crate::model::kube_proxy::{ServiceChain, endpoint_chain, port_name, protocol_name};
use crate::model::{Cluster, Protocol, Service, ServicePort};

/// A port of a Service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ServiceRef {
    /// Kubernetes namespace.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// The port's name; `None` when it has none.
    pub port_name: Option<String>,
    /// Where clients connect to, where that is known.
    pub port: Option<u16>,
    /// `tcp`, `udp`, `sctp`, where that is known.
    pub proto: Option<String>,
}

/// What tells whose a chain is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum NamedBy {
    /// A Service of the API has a chain of this name.
    Objects,
    /// The comments of its rules, or of those that lead to it, say so.
    Comment,
    /// Its name says so in plain words.
    Name,
    /// The hash in its name is that of the Service's port which the comments, or its name, tell of.
    Hash,
}

/// What is known of a chain when one asks whose it is.
pub struct Clues<'a> {
    /// Its name.
    pub chain: &'a str,
    /// The comments of its rules and of those that lead to it.
    pub comments: &'a [String],
    /// Where its DNAT leads.
    pub destination: Option<SocketAddr>,
}

/// The Service's port that a chain belongs to, and what says so.
pub fn of(cluster: &Cluster, clues: &Clues<'_>) -> Option<(ServiceRef, Vec<NamedBy>)> {
    let commented = clues.comments.iter().find_map(|comment| named_in(comment));
    let services = cluster.objects.services.iter();
    let mut ports =
        services.flat_map(|service| service.ports.iter().map(move |port| (service, port)));
    let known = ports.find(|(service, port)| is_chain_of(cluster, clues, service, port));
    if let Some((service, port)) = known {
        // Its name was recomputed from the object.
        let mut by = vec![NamedBy::Objects];
        if commented == Some(port_name(service, port).as_str()) {
            by.push(NamedBy::Comment);
        }
        by.push(NamedBy::Hash);
        let found = ServiceRef {
            namespace: service.namespace.clone(),
            name: service.name.clone(),
            port_name: Some(port.name.clone()).filter(|name| !name.is_empty()),
            port: Some(port.port),
            proto: Some(port.protocol.to_string()),
        };
        return Some((found, by));
    }
    let name = commented?;
    let (namespace, rest) = name.split_once('/')?;
    let (service, port) = match rest.split_once(':') {
        Some((service, port)) => (service, Some(port.to_owned())),
        None => (rest, None),
    };
    let hashed = PROTOCOLS
        .into_iter()
        .find(|protocol| has_name(clues, name, *protocol, &[]));
    let by = [NamedBy::Comment].into_iter();
    Some((
        ServiceRef {
            namespace: namespace.to_owned(),
            name: service.to_owned(),
            port_name: port,
            port: None,
            proto: hashed.map(|protocol| protocol.to_string()),
        },
        by.chain(hashed.map(|_| NamedBy::Hash)).collect(),
    ))
}

const PROTOCOLS: [Protocol; 3] = [Protocol::Tcp, Protocol::Udp, Protocol::Sctp];

fn is_chain_of(
    cluster: &Cluster,
    clues: &Clues<'_>,
    service: &Service,
    port: &ServicePort,
) -> bool {
    if protocol_name(port.protocol).is_none() {
        return false;
    }
    let is_endpoint = clues.chain.starts_with("KUBE-SEP-");
    let slices = cluster.objects.endpoint_slices.iter().filter(|slice| {
        is_endpoint && slice.namespace == service.namespace && slice.service == service.name
    });
    let addresses: Vec<SocketAddr> = slices
        .flat_map(|slice| {
            let numbers = slice.ports.iter().map(|(_, _, number)| *number);
            numbers.flat_map(|number| {
                let endpoints = slice.endpoints.iter();
                let first = endpoints.filter_map(|endpoint| endpoint.addresses.first());
                first.map(move |ip| SocketAddr::new(*ip, number))
            })
        })
        .collect();
    has_name(clues, &port_name(service, port), port.protocol, &addresses)
}

/// Whether the chain's name is one that kube-proxy gives chains of that port.
fn has_name(clues: &Clues<'_>, port: &str, protocol: Protocol, endpoints: &[SocketAddr]) -> bool {
    if clues.chain.starts_with("KUBE-SEP-") {
        let mut known = endpoints.iter().copied().chain(clues.destination);
        return known.any(|address| endpoint_chain(port, protocol, address) == clues.chain);
    }
    let mut kinds = ServiceChain::ALL.into_iter();
    kinds.any(|kind| {
        clues.chain.starts_with(kind.prefix()) && kind.name(port, protocol) == clues.chain
    })
}

/// The chains that choose among the endpoints of a Service's port.
pub fn choosing_chains(of: &ServiceRef) -> Vec<String> {
    let ServiceRef {
        namespace, name, ..
    } = of;
    let port = match &of.port_name {
        Some(port) => format!("{namespace}/{name}:{port}"),
        None => format!("{namespace}/{name}"),
    };
    let kinds = [ServiceChain::Cluster, ServiceChain::Local];
    let possible = |protocol: &Protocol| {
        let known = of.proto.as_ref();
        known.is_none_or(|known| *known == protocol.to_string())
    };
    let protocols = PROTOCOLS.into_iter().filter(possible);
    protocols
        .flat_map(|protocol| kinds.map(|kind| kind.name(&port, protocol)))
        .collect()
}

/// The Service's port that a comment of kube-proxy's names: `default/web:http cluster IP`.
fn named_in(comment: &str) -> Option<&str> {
    let mut words = comment.split(' ');
    words.find(|word| {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-._:/".contains(c);
        word.chars().all(plain)
            && word.split_once('/').is_some_and(|(namespace, rest)| {
                !namespace.is_empty() && !rest.is_empty() && !rest.contains('/')
            })
    })
}

#[cfg(test)]
mod tests {
    use super::named_in;

    /// Comments as kube-proxy 1.36 writes them.
    #[test]
    fn comments_name_the_port() {
        for (comment, name) in [
            ("default/nginx-test cluster IP", Some("default/nginx-test")),
            (
                "default/five:http -> 10.42.0.3:8080",
                Some("default/five:http"),
            ),
            (
                "masquerade LOCAL traffic for default/np-local:http external destinations",
                Some("default/np-local:http"),
            ),
            ("kubernetes service portals", None),
            (
                "other traffic to shop/lb:http will be dropped by KUBE-PROXY-FIREWALL",
                Some("shop/lb:http"),
            ),
        ] {
            assert_eq!(named_in(comment), name);
        }
    }
}
