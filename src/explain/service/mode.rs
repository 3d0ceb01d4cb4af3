//! In which of its modes kube-proxy serves a node, by what it left there.

use crate::model::iptables::TableKind;
use crate::model::kube_proxy::NFT_TABLE;
use crate::model::{Cluster, NetnsId};

/// kube-proxy's modes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Chains of iptables.
    Iptables,
    /// Virtual servers of IPVS, with sets.
    Ipvs,
    /// A table of nftables in each family.
    Nftables,
    /// What was read does not tell.
    Unknown,
}

impl Mode {
    /// As `--proxy-mode` has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Iptables => "iptables",
            Self::Ipvs => "ipvs",
            Self::Nftables => "nftables",
            Self::Unknown => "unknown",
        }
    }
}

/// The mode that serves a node. The most telling traces come first: IPVS mode has a chain KUBE-SERVICES too.
pub fn mode(cluster: &Cluster, host: NetnsId) -> Mode {
    let here = cluster.netns(host);
    let mut native = here.nftables.iter().flat_map(|all| &all.tables);
    if native.any(|table| &*table.name == NFT_TABLE && !table.chains.is_empty()) {
        return Mode::Nftables;
    }
    let servers = here.virtual_servers.as_ref();
    if here.link("kube-ipvs0").is_some() || servers.is_some_and(|all| !all.is_empty()) {
        return Mode::Ipvs;
    }
    let chains = here.iptables.iter().any(|ruleset| {
        let table = ruleset.table(TableKind::Nat);
        table.is_some_and(|table| table.chain("KUBE-SERVICES").is_some())
    });
    match chains {
        true => Mode::Iptables,
        false => Mode::Unknown,
    }
}
