//! Whose a chain of the nftables mode is, by its name.

use crate::check::service::intent::Intent;
use crate::model::kube_proxy::{NftChainName, NftName, ServiceChain};

/// The chains of a Service's port, and how they are called.
pub(super) const CHAINS: [(ServiceChain, NftName); 4] = [
    (ServiceChain::Cluster, NftName::Service),
    (ServiceChain::Local, NftName::Local),
    (ServiceChain::External, NftName::External),
    (ServiceChain::Firewall, NftName::Firewall),
];

/// The name of a chain of a Service's port.
pub(super) fn chain_name(intent: &Intent<'_>, kind: ServiceChain) -> String {
    let mut known = CHAINS.iter();
    let found = known.find(|(of, _)| *of == kind);
    let name = found.map_or(NftName::Service, |(_, name)| *name);
    name.of(intent.service, intent.port, None)
}

/// Which of this port's chains has that name.
pub(super) fn kind_of(intent: &Intent<'_>, chain: &str) -> Option<ServiceChain> {
    let mut known = CHAINS.iter();
    let found = known.find(|(_, name)| {
        chain.starts_with(name.prefix()) && name.of(intent.service, intent.port, None) == chain
    });
    found.map(|(kind, _)| *kind)
}

/// The name of this port's chain of the kind that another's is.
pub fn name_like(intent: &Intent<'_>, foreign: &str) -> String {
    let mut known = CHAINS.iter();
    let found = known.find(|(_, name)| foreign.starts_with(name.prefix()));
    chain_name(
        intent,
        found.map_or(ServiceChain::Cluster, |(kind, _)| *kind),
    )
}

/// Whose chain it is by its name, as `NS/NAME:PORT`.
pub fn owner(chain: &str) -> Option<String> {
    let name = NftChainName::parse(chain)?;
    let port = match name.port {
        "" => String::new(),
        port => format!(":{port}"),
    };
    Some(format!("{}/{}{port}", name.namespace, name.service))
}
