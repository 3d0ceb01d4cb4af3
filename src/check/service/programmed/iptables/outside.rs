//! What becomes of clients from outside, and from where a Service is led to.

use std::collections::BTreeSet;

use ipnet::IpNet;

use super::Iptables;
use crate::check::service::fact::Fact;
use crate::check::service::intent::Intent;
use crate::check::service::programmed::rule_index::{port_of, single};
use crate::check::service::programmed::{Admission, Leading, Outside};
use crate::check::service::takes::{Takes, takes};
use crate::explain::balance::is_unconditional;
use crate::explain::chains::Held;
use crate::model::Family;
use crate::model::iptables::{Negatable, Rule, TableKind, Target};
use crate::model::kube_proxy::ServiceChain;

impl<'c> Iptables<'c> {
    pub(super) fn outside(&self, intent: &Intent<'_>) -> Option<Outside<'c>> {
        let held = self
            .chains
            .chain(TableKind::Nat, &intent.chain_name(ServiceChain::External));
        let Held::Whole(chain, rules) = held else {
            return None;
        };
        let onward = |kind: ServiceChain| {
            let name = intent.chain_name(kind);
            let all = rules
                .iter()
                .filter(|rule| is_unconditional(rule) && rule.matches.is_empty());
            all.into_iter()
                .any(|rule| matches!(&rule.target, Target::Jump(to) if **to == *name))
        };
        Some(Outside {
            to_all: onward(ServiceChain::Cluster),
            to_local: onward(ServiceChain::Local),
            facts: rules
                .iter()
                .map(|rule| Fact::Rule(self.chains.ruleset, TableKind::Nat, chain, rule))
                .collect(),
        })
    }

    pub(super) fn admission(&self, intent: &Intent<'_>) -> Admission<'c> {
        let Some(ip) = intent.balanced_ips().next() else {
            return Admission::Unclear;
        };
        let leads_on = |rule: &&Rule| matches!(&rule.target, Target::Jump(to) if intent.kind_of(to).is_some_and(|kind| kind != ServiceChain::Firewall));
        let services = self.services();
        let mut first = services
            .candidates(Some(ip), intent.port.port)
            .into_iter()
            .filter(|rule| takes(rule, intent.protocol(), Some(ip), intent.port.port) == Takes::All)
            .filter(leads_on);
        if let Some(rule) = first.next() {
            let fact = self.fact(TableKind::Nat, services.held, rule);
            return Admission::Everybody(fact.into_iter().collect());
        }
        let held = self
            .chains
            .chain(TableKind::Nat, &intent.chain_name(ServiceChain::Firewall));
        let Held::Whole(chain, rules) = held else {
            return Admission::Unclear;
        };
        let nets = rules
            .iter()
            .filter(leads_on)
            .filter_map(|rule| match rule.source {
                Some(Negatable {
                    negate: false,
                    value,
                }) => Some(value),
                Some(_) => None,
                None if intent.family == Family::V4 => "0.0.0.0/0".parse().ok(),
                None => "::/0".parse().ok(),
            });
        let nets: BTreeSet<IpNet> = nets.collect();
        let facts = rules
            .iter()
            .map(|rule| Fact::Rule(self.chains.ruleset, TableKind::Nat, chain, rule));
        Admission::Only(nets, facts.collect())
    }

    pub(super) fn leading(&self, intent: &Intent<'_>) -> Vec<(Leading, Fact<'c>)> {
        let mut found = Vec::new();
        for (kind, index) in ServiceChain::ALL
            .into_iter()
            .flat_map(|kind| [(kind, self.services()), (kind, self.node_ports())])
        {
            for rule in index.leading_to(&intent.chain_name(kind)) {
                let from = match (single(rule.destination), port_of(rule)) {
                    (Some(ip), port) => Leading::Address(ip, port),
                    (None, Some(port)) if std::ptr::eq(index, self.node_ports()) => {
                        Leading::NodePort(port)
                    }
                    _ => continue,
                };
                let fact = self.fact(TableKind::Nat, index.held, rule);
                found.extend(fact.map(|fact| (from, fact)));
            }
        }
        found
    }
}
