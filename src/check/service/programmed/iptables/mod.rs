//! What kube-proxy's iptables mode wrote (`syncProxyRules` in pkg/proxy/iptables/proxier.go): rules of KUBE-SERVICES and
//! KUBE-NODEPORTS that lead to the chains of a Service's port, whose names are a hash and are recomputed; the filter table
//! refuses what has no endpoint.

mod choices;
mod frontends;
mod outside;

use std::cell::OnceCell;
use std::collections::BTreeSet;

use super::rule_index::RuleIndex;
use super::{At, Programmed};
use crate::check::service::fact::Fact;
use crate::check::service::intent::Intent;
use crate::explain::chains::{Chains, Held};
use crate::model::iptables::{Rule, Ruleset, TableKind, Wish};
use crate::model::kube_proxy::ServiceChain;
use crate::model::{Cluster, NetnsId};

/// kube-proxy's first chain.
pub const SERVICES: &str = "KUBE-SERVICES";
/// Its chain of NodePorts.
const NODE_PORTS: &str = "KUBE-NODEPORTS";
/// What refuses clients from outside.
const EXTERNAL: &str = "KUBE-EXTERNAL-SERVICES";

/// One ruleset, and its chains that have rules for every Service.
pub struct Iptables<'c> {
    /// The chains.
    pub chains: Chains<'c>,
    services: OnceCell<RuleIndex<'c>>,
    node_ports: OnceCell<RuleIndex<'c>>,
    refused: OnceCell<RuleIndex<'c>>,
    refused_outside: OnceCell<RuleIndex<'c>>,
}

impl<'c> Iptables<'c> {
    /// That of a node's ruleset.
    pub fn of(cluster: &'c Cluster, host: NetnsId, ruleset: &'c Ruleset) -> Self {
        Self {
            chains: Chains::of(cluster, host, ruleset),
            services: OnceCell::new(),
            node_ports: OnceCell::new(),
            refused: OnceCell::new(),
            refused_outside: OnceCell::new(),
        }
    }

    fn services(&self) -> &RuleIndex<'c> {
        self.services
            .get_or_init(|| RuleIndex::of(self.chains.chain(TableKind::Nat, SERVICES)))
    }

    fn node_ports(&self) -> &RuleIndex<'c> {
        self.node_ports
            .get_or_init(|| RuleIndex::of(self.chains.chain(TableKind::Nat, NODE_PORTS)))
    }

    fn refused(&self) -> &RuleIndex<'c> {
        self.refused
            .get_or_init(|| RuleIndex::of(self.chains.chain(TableKind::Filter, SERVICES)))
    }

    fn refused_outside(&self) -> &RuleIndex<'c> {
        self.refused_outside
            .get_or_init(|| RuleIndex::of(self.chains.chain(TableKind::Filter, EXTERNAL)))
    }

    /// Chains that were needed and not read.
    pub fn into_wishes(self) -> BTreeSet<Wish> {
        self.chains.into_wishes()
    }

    /// What is there for one port of a Service.
    pub fn programmed(&self, intent: &Intent<'_>) -> Programmed<'c> {
        let frontends = At::all(intent).into_iter();
        let kinds = [ServiceChain::Cluster, ServiceChain::Local].into_iter();
        Programmed {
            frontends: frontends
                .map(|at| (at, self.frontend(intent, at)))
                .collect(),
            choices: kinds.filter_map(|kind| self.choice(intent, kind)).collect(),
            outside: self.outside(intent),
            admission: self.admission(intent),
            leading: self.leading(intent),
        }
    }

    fn fact(&self, table: TableKind, held: Held<'c>, rule: &'c Rule) -> Option<Fact<'c>> {
        let chain = held.chain()?;
        Some(Fact::Rule(self.chains.ruleset, table, chain, rule))
    }
}

/// The name of this port's chain of the kind that another's is.
pub fn name_like(intent: &Intent<'_>, foreign: &str) -> String {
    let mut kinds = ServiceChain::ALL.into_iter();
    let kind = kinds.find(|kind| foreign.starts_with(kind.prefix()));
    intent.chain_name(kind.unwrap_or(ServiceChain::Cluster))
}
