//! Which mode kube-proxy runs in on a node, told by what it left in the kernel, and what other modes left there.
//!
//! The modes of iptables and of IPVS both write the chain `KUBE-SERVICES` of table nat, each in its own way, and neither
//! removes what is the other's when it starts (cmd/kube-proxy/app/server_linux.go, `platformCleanup`); both remove the
//! nftables table, and the nftables mode removes what is of either. So remains are seen where somebody changed the mode
//! and did not clean up, or where that failed.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::NFT_TABLE;
use crate::model::Netns;
use crate::model::iptables::{Ruleset, TableKind, TableRules, Target};
use crate::model::nftables::TableFamily;

/// The device that holds the addresses of Services in ipvs mode.
pub const IPVS_DEVICE: &str = "kube-ipvs0";

/// A mode of kube-proxy (`--proxy-mode`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ProxyMode {
    /// Chains of iptables.
    Iptables,
    /// Virtual servers of IPVS.
    Ipvs,
    /// A native nftables table.
    Nftables,
}

impl fmt::Display for ProxyMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Iptables => "iptables",
            Self::Ipvs => "ipvs",
            Self::Nftables => "nftables",
        })
    }
}

/// What is known of a node's kube-proxy.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ProxyState {
    /// The modes whose rules are there to serve, in order; more than one where one of them was not removed.
    pub modes: Vec<ProxyMode>,
    /// What other modes left, a sentence each.
    pub remains: Vec<String>,
    /// What was not read, so that a mode may have been missed: `iptables`, `nftables`, `IPVS`.
    pub unread: Vec<&'static str>,
}

/// kube-proxy on the node whose rules a packet to a Service meets first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServedBy {
    /// The node.
    pub node: String,
    /// As [`ProxyState::modes`].
    pub modes: Vec<ProxyMode>,
    /// As [`ProxyState::remains`].
    pub remains: Vec<String>,
}

impl ServedBy {
    /// Of a node's own namespace.
    pub fn of(node: &str, host: &Netns) -> Self {
        let ProxyState { modes, remains, .. } = proxy_state(host);
        Self {
            node: node.to_owned(),
            modes,
            remains,
        }
    }
}

impl ProxyState {
    /// The mode, where it is plain.
    pub fn mode(&self) -> Option<ProxyMode> {
        match self.modes.as_slice() {
            [mode] => Some(*mode),
            _ => None,
        }
    }
}

impl fmt::Display for ProxyState {
    /// `ipvs`; `iptables+nftables` where both are there; `-` where none is, `?` where one may have been missed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.modes.is_empty(), self.unread.is_empty()) {
            (false, _) => f.write_str(&named(&self.modes, "+")),
            (true, true) => f.write_str("-"),
            (true, false) => f.write_str("?"),
        }
    }
}

/// The names of modes, with something between them.
pub fn named(modes: &[ProxyMode], between: &str) -> String {
    let names: Vec<_> = modes.iter().map(ToString::to_string).collect();
    names.join(between)
}

/// Looks for kube-proxy in a node's own namespace.
pub fn proxy_state(host: &Netns) -> ProxyState {
    let tables: Vec<(&Ruleset, &TableRules)> = host
        .iptables
        .iter()
        .filter_map(|ruleset| Some((ruleset, ruleset.table(TableKind::Nat)?)))
        .collect();
    let writers: Vec<ProxyMode> = tables
        .iter()
        .filter_map(|(ruleset, table)| writer(ruleset, table))
        .collect();
    let native = native_families(host);
    let servers = host.virtual_servers.as_ref().map_or(0, Vec::len);
    let addresses = host.addresses_of(IPVS_DEVICE).count();

    let mut state = ProxyState::default();
    if writers.contains(&ProxyMode::Iptables) {
        state.modes.push(ProxyMode::Iptables);
    }
    // Where no rules were read, the Services' addresses tell whose the virtual servers are.
    let theirs = host.iptables.is_empty() && addresses > 0;
    if (writers.contains(&ProxyMode::Ipvs) || theirs) && servers > 0 {
        state.modes.push(ProxyMode::Ipvs);
    }
    if !native.is_empty() {
        state.modes.push(ProxyMode::Nftables);
    }
    for (what, read) in [
        ("iptables", !host.iptables.is_empty()),
        ("nftables", host.nftables.is_some()),
        ("IPVS", host.virtual_servers.is_some()),
    ] {
        if !read {
            state.unread.push(what);
        }
    }
    let ipvs_serves = state.modes.contains(&ProxyMode::Ipvs);
    if state.modes.len() > 1 {
        let names = named(&state.modes, " and ");
        state.remains.push(format!(
            "rules of several modes serve side by side, {names}: the packet meets all of them, and one is left over"
        ));
    }
    if host.virtual_servers.is_some() && addresses > 0 && servers == 0 {
        state.remains.push(format!(
            "{IPVS_DEVICE} holds {addresses} addresses of Services and IPVS has no virtual servers: \
             what is not translated before is for the node itself, where nothing serves it"
        ));
    } else if addresses > 0 && !ipvs_serves && !state.modes.is_empty() {
        state.remains.push(format!(
            "{IPVS_DEVICE} of ipvs mode is left with {addresses} addresses of Services: they are the node's own"
        ));
    }
    if servers > 0 && !ipvs_serves && !state.modes.is_empty() {
        state.remains.push(format!(
            "IPVS has {servers} virtual servers, without the rules of ipvs mode"
        ));
    }
    if !state.modes.contains(&ProxyMode::Iptables) {
        let count: usize = tables.iter().map(|(_, table)| service_chains(table)).sum();
        if count > 0 && !state.modes.is_empty() {
            state.remains.push(format!(
                "{count} chains of iptables mode are left in table nat (KUBE-SVC-, KUBE-SEP-, ...)"
            ));
        }
    }
    if writers.contains(&ProxyMode::Ipvs) && servers == 0 && host.virtual_servers.is_some() {
        state.remains.push(
            "KUBE-SERVICES of table nat is as ipvs mode writes it, and IPVS has no virtual servers"
                .to_owned(),
        );
    }
    state
}

/// Who wrote KUBE-SERVICES last: by where it leads; where its rules were not read, by the chains there are.
fn writer(ruleset: &Ruleset, table: &TableRules) -> Option<ProxyMode> {
    let services = table.chain("KUBE-SERVICES")?;
    if !services.is_read() {
        return match (table.chain("KUBE-NODEPORTS"), table.chain("KUBE-NODE-PORT")) {
            (Some(_), _) => Some(ProxyMode::Iptables),
            (None, Some(_)) => Some(ProxyMode::Ipvs),
            (None, None) => None,
        };
    }
    ruleset
        .rules(services)
        .iter()
        .find_map(|rule| match &rule.target {
            Target::Jump(chain) if &**chain == "KUBE-NODE-PORT" => Some(ProxyMode::Ipvs),
            Target::Jump(chain) if &**chain == "KUBE-NODEPORTS" || is_of_service(chain) => {
                Some(ProxyMode::Iptables)
            }
            _ => None,
        })
}

/// A chain of a Service's port or endpoint, as iptables mode names it.
fn is_of_service(chain: &str) -> bool {
    let endpoint = "KUBE-SEP-";
    let kinds = super::ServiceChain::ALL.into_iter();
    chain.starts_with(endpoint)
        || kinds
            .map(|kind| kind.prefix())
            .any(|one| chain.starts_with(one))
}

fn service_chains(table: &TableRules) -> usize {
    let chains = table.chains().iter();
    chains.filter(|chain| is_of_service(&chain.name)).count()
}

/// The families in which kube-proxy's native table hangs at a hook.
fn native_families(host: &Netns) -> Vec<TableFamily> {
    let Some(ruleset) = &host.nftables else {
        return Vec::new();
    };
    [TableFamily::Ip, TableFamily::Ip6]
        .into_iter()
        .filter(|family| {
            let table = ruleset.table(*family, NFT_TABLE);
            table.is_some_and(|table| {
                let has_base = table.chains.iter().any(|chain| chain.base.is_some());
                !table.is_dormant() && has_base && table.chain("services").is_some()
            })
        })
        .collect()
}
