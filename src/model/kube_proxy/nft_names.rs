//! The names of kube-proxy's nftables chains (pkg/proxy/nftables/proxier.go, `servicePortChainNameBase`,
//! `servicePortEndpointChainNameBase`, `hashAndTruncate`): what the chain is for, a hash, and whom it is for in plain
//! words, which a long name is cut to 200 bytes of.
//!
//! `service-ULMVA6XW-ns1/svc1/tcp/p80` has the Service's name, protocol and port's name behind the hash; that of an
//! endpoint has its address behind two underscores.

use std::net::{IpAddr, SocketAddr};

use super::names::hash;

/// The table that kube-proxy makes in each family.
pub const NFT_TABLE: &str = "kube-proxy";

/// What a chain of a Service's port is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NftChain {
    /// The choice among all endpoints.
    Service,
    /// The choice among the endpoints on this node.
    Local,
    /// Traffic from outside the cluster.
    External,
    /// The source ranges of a load balancer's address.
    Firewall,
    /// One endpoint, of Services with affinity.
    Endpoint,
}

/// The name of a chain of a Service's port, taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NftChainName<'a> {
    /// What it is for.
    pub chain: NftChain,
    /// The Service's namespace.
    pub namespace: &'a str,
    /// Its name.
    pub service: &'a str,
    /// `tcp`, `udp`, `sctp`.
    pub protocol: &'a str,
    /// The port's name; empty when it has none.
    pub port: &'a str,
    /// Where an endpoint's chain leads.
    pub endpoint: Option<SocketAddr>,
    hash: &'a str,
    hashed: &'a str,
}

impl<'a> NftChainName<'a> {
    /// `None` for chains that belong to no Service.
    pub fn parse(name: &'a str) -> Option<Self> {
        let (kind, rest) = name.split_once('-')?;
        let chain = match kind {
            "service" => NftChain::Service,
            "local" => NftChain::Local,
            "external" => NftChain::External,
            "firewall" => NftChain::Firewall,
            "endpoint" => NftChain::Endpoint,
            _ => return None,
        };
        let (hash, hashed) = rest.split_once('-')?;
        if hash.len() != 8 {
            return None;
        }
        let (of, endpoint) = match hashed.split_once("__") {
            Some((of, endpoint)) => (of, endpoint_of(endpoint)),
            None => (hashed, None),
        };
        let mut parts = of.split('/');
        let (namespace, service, protocol, port) =
            (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        Some(Self {
            chain,
            namespace,
            service,
            protocol,
            port,
            endpoint,
            hash,
            hashed,
        })
    }

    /// Whether the hash is that of the words behind it, so that kube-proxy made the name. Of a name that was cut it is
    /// not.
    pub fn has_its_hash(&self) -> bool {
        hash(self.hashed).starts_with(self.hash)
    }
}

/// `10.42.2.9/80`; colons of IPv6 are dots.
fn endpoint_of(text: &str) -> Option<SocketAddr> {
    let (ip, port) = text.rsplit_once('/')?;
    let ip: IpAddr = ip.parse().or_else(|_| ip.replace('.', ":").parse()).ok()?;
    Some(SocketAddr::new(ip, port.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names of chains that kube-proxy 1.36 made.
    #[test]
    fn names_are_taken_apart_and_their_hashes_are_right() {
        for (name, chain, whose, endpoint) in [
            (
                "service-E674OMPI-default/nginx-test/tcp/",
                NftChain::Service,
                ("default", "nginx-test", "tcp", ""),
                None,
            ),
            (
                "external-LYFBGF5Q-default/np-cluster/tcp/http",
                NftChain::External,
                ("default", "np-cluster", "tcp", "http"),
                None,
            ),
            (
                "endpoint-FVYKJRBK-default/aff/tcp/http__10.42.2.9/80",
                NftChain::Endpoint,
                ("default", "aff", "tcp", "http"),
                Some("10.42.2.9:80"),
            ),
        ] {
            let found = NftChainName::parse(name).expect("a name");
            assert_eq!(found.chain, chain);
            assert_eq!(
                (found.namespace, found.service, found.protocol, found.port),
                whose
            );
            assert_eq!(
                found.endpoint.map(|address| address.to_string()).as_deref(),
                endpoint
            );
            assert!(found.has_its_hash(), "{name}");
        }
        let other = NftChainName::parse("service-AAAAAAAA-default/nginx-test/tcp/");
        assert!(!other.expect("a name").has_its_hash());
        assert_eq!(NftChainName::parse("service-endpoints-check"), None);
        assert_eq!(NftChainName::parse("nat-prerouting"), None);
    }
}
