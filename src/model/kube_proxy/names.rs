//! The names of kube-proxy's iptables chains (pkg/proxy/iptables/proxier.go, `portProtoHash` and
//! `servicePortEndpointChainName`): a prefix that says what the chain is for, and a hash of whom it is for.

use std::net::SocketAddr;

use sha2::{Digest as _, Sha256};

use crate::model::{Family, Protocol, Service, ServicePort};

/// A chain that each port of a Service may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ServiceChain {
    /// `KUBE-SVC-`: the choice among all endpoints.
    Cluster,
    /// `KUBE-SVL-`: the choice among the endpoints on this node.
    Local,
    /// `KUBE-EXT-`: traffic from outside the cluster.
    External,
    /// `KUBE-FW-`: the source ranges of a load balancer's address.
    Firewall,
    /// `KUBE-XLB-`: external traffic of policy Local, up to Kubernetes 1.23.
    OldLocal,
}

impl ServiceChain {
    /// Every kind.
    pub const ALL: [Self; 5] = [
        Self::Cluster,
        Self::Local,
        Self::External,
        Self::Firewall,
        Self::OldLocal,
    ];

    /// What the names of such chains begin with.
    pub fn prefix(self) -> &'static str {
        match self {
            Self::Cluster => "KUBE-SVC-",
            Self::Local => "KUBE-SVL-",
            Self::External => "KUBE-EXT-",
            Self::Firewall => "KUBE-FW-",
            Self::OldLocal => "KUBE-XLB-",
        }
    }

    /// The name of this chain of a Service's port; `port` as [`port_name`] gives it.
    pub fn name(self, port: &str, protocol: Protocol) -> String {
        format!("{}{}", self.prefix(), hash(&format!("{port}{protocol}")))
    }
}

/// What the names of endpoints' chains begin with.
const ENDPOINT: &str = "KUBE-SEP-";

/// The name of the chain of an endpoint of a Service's port; `port` as [`port_name`] gives it.
pub fn endpoint_chain(port: &str, protocol: Protocol, endpoint: SocketAddr) -> String {
    format!("{ENDPOINT}{}", hash(&format!("{port}{protocol}{endpoint}")))
}

/// The whole name of an ipset of the ipvs mode, which is given without `KUBE-` (pkg/proxy/ipvs/ipset.go).
pub fn set_name(family: Family, name: &str) -> String {
    // IPSET_MAXNAMELEN, without the zero at its end.
    const LONGEST: usize = 31;
    let mut name = match family {
        Family::V4 => format!("KUBE-{name}"),
        Family::V6 => format!("KUBE-6-{name}"),
    };
    name.truncate(LONGEST);
    name
}

/// `NAMESPACE/NAME:PORT`, or `NAMESPACE/NAME` when the port has no name (`ServicePortName.String` in
/// pkg/proxy/types.go).
pub fn port_name(service: &Service, port: &ServicePort) -> String {
    let Service {
        namespace, name, ..
    } = service;
    if port.name.is_empty() {
        format!("{namespace}/{name}")
    } else {
        format!("{namespace}/{name}:{}", port.name)
    }
}

/// The first 16 characters of the base32 form (RFC 4648) of a text's SHA-256.
pub fn hash(text: &str) -> String {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let digest = Sha256::digest(text.as_bytes());
    // Sixteen characters of five bits are the first ten bytes.
    let bits = digest
        .iter()
        .take(10)
        .fold(0_u128, |bits, byte| (bits << 8) | u128::from(*byte));
    (0..16)
        .map(|index| char::from(ALPHABET[(bits >> (75 - 5 * index) & 31) as usize]))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names seen in clusters.
    #[test]
    fn chain_names_are_the_real_ones() {
        for (port, protocol, expected) in [
            (
                "default/kubernetes:https",
                Protocol::Tcp,
                "KUBE-SVC-NPX46M4PTMTKRN6Y",
            ),
            (
                "kube-system/kube-dns:dns",
                Protocol::Udp,
                "KUBE-SVC-TCOU7JCQXEZGVUNU",
            ),
            (
                "kube-system/kube-dns:dns-tcp",
                Protocol::Tcp,
                "KUBE-SVC-ERIFXISQEP7F7OF4",
            ),
        ] {
            assert_eq!(ServiceChain::Cluster.name(port, protocol), expected);
        }
        let endpoint = "10.244.1.49:10250".parse().expect("an address");
        assert_eq!(
            endpoint_chain(
                "cert-manager/cert-manager-webhook:https",
                Protocol::Tcp,
                endpoint
            ),
            "KUBE-SEP-VWQIYYHOAHHCJU4I"
        );
    }

    /// Each kind begins differently, so that a name tells its kind.
    #[test]
    fn kinds_are_told_by_their_names() {
        let name = ServiceChain::Firewall.name("shop/lb:https", Protocol::Tcp);
        assert_eq!(name, "KUBE-FW-Z2VHYKJU5HB5LLV6");
        let kinds = ServiceChain::ALL.into_iter();
        let fitting: Vec<_> = kinds
            .filter(|kind| name.starts_with(kind.prefix()))
            .collect();
        assert_eq!(fitting, [ServiceChain::Firewall]);
    }
}
