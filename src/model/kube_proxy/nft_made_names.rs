//! The names that kube-proxy's nftables mode makes of Services (pkg/proxy/nftables/proxier.go, `hashAndTruncate`,
//! `servicePortChainNameBase`, `servicePortEndpointChainNameBase`): what it is for, a hash, and whom it is for in words.

use std::net::{IpAddr, SocketAddr};

use super::{hash, protocol_name};
use crate::model::{Service, ServicePort};

/// What is named after a Service's port, or an endpoint of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum NftName {
    /// `service-`: the chain of all endpoints.
    Service,
    /// `local-`: the chain of the endpoints on this node.
    Local,
    /// `external-`: the chain of traffic from outside the cluster.
    External,
    /// `firewall-`: the chain of a load balancer's source ranges.
    Firewall,
    /// `endpoint-`: the chain of one endpoint.
    Endpoint,
    /// `affinity-`: the set of the clients that keep to an endpoint.
    Affinity,
}

impl NftName {
    /// What such names begin with.
    pub fn prefix(self) -> &'static str {
        match self {
            Self::Service => "service-",
            Self::Local => "local-",
            Self::External => "external-",
            Self::Firewall => "firewall-",
            Self::Endpoint => "endpoint-",
            Self::Affinity => "affinity-",
        }
    }

    /// The name for a Service's port, and for one endpoint of it where that has names of its own.
    pub fn of(self, service: &Service, port: &ServicePort, endpoint: Option<SocketAddr>) -> String {
        // Longer names than nft takes are cut.
        const LONGEST: usize = 240;
        let Service {
            namespace, name, ..
        } = service;
        let protocol = protocol_name(port.protocol).unwrap_or_default();
        let mut whom = format!("{namespace}/{name}/{protocol}/{}", port.name);
        if let Some(endpoint) = endpoint {
            let ip = match endpoint.ip() {
                IpAddr::V4(ip) => ip.to_string(),
                // Names of chains have no colons.
                IpAddr::V6(ip) => ip.to_string().replace(':', "."),
            };
            whom += &format!("__{ip}/{}", endpoint.port());
        }
        let mut base = format!("{:.8}-{whom}", hash(&whom));
        if base.len() > LONGEST {
            base.truncate(LONGEST - 3);
            base += "...";
        }
        format!("{}{base}", self.prefix())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{PortRef, Protocol};

    /// Names that kube-proxy's own documentation gives, and that of an IPv6 endpoint.
    #[test]
    fn names_are_the_real_ones() {
        let service = Service {
            namespace: "ns1".to_owned(),
            name: "svc1".to_owned(),
            ..Service::default()
        };
        let port = ServicePort {
            name: "p80".to_owned(),
            protocol: Protocol::Tcp,
            port: 80,
            target_port: PortRef::Number(80),
            node_port: None,
        };
        let name = |kind: NftName, endpoint: Option<&str>| {
            let endpoint = endpoint.map(|text| text.parse().expect("an address"));
            kind.of(&service, &port, endpoint)
        };
        assert_eq!(
            name(NftName::Service, None),
            "service-ULMVA6XW-ns1/svc1/tcp/p80"
        );
        assert_eq!(
            name(NftName::Endpoint, Some("10.180.0.1:80")),
            "endpoint-5OJB2KTY-ns1/svc1/tcp/p80__10.180.0.1/80"
        );
        let v6 = name(NftName::Affinity, Some("[fd00:42::9]:80"));
        assert!(v6.ends_with("-ns1/svc1/tcp/p80__fd00.42..9/80"), "{v6}");
    }
}
