//! The choices among endpoints, and where each endpoint's chain leads.

use super::Iptables;
use crate::check::service::fact::Fact;
use crate::check::service::intent::Intent;
use crate::check::service::programmed::{Choice, Member, To};
use crate::explain::balance::{Balance, Share, destination, notes_clients};
use crate::explain::chains::Held;
use crate::model::iptables::{Rule, TableKind, Target};
use crate::model::kube_proxy::ServiceChain;

impl<'c> Iptables<'c> {
    pub(super) fn choice(&self, intent: &Intent<'_>, kind: ServiceChain) -> Option<Choice<'c>> {
        let name = intent.chain_name(kind);
        let held = self.chains.chain(TableKind::Nat, &name);
        let Held::Whole(chain, rules) = held else {
            return None;
        };
        let balance = Balance::of(rules);
        let members: Vec<Member<'c>> = balance
            .shares
            .iter()
            .map(|share| self.member(held, share))
            .collect();
        let forgetful = balance.shares.iter().filter(|share| {
            let endpoint = self.chains.chain(TableKind::Nat, share.chain);
            let asked = balance
                .remembered
                .iter()
                .any(|kept| kept.chain == share.chain);
            !asked || endpoint.is_certain() && !notes_clients(endpoint.rules())
        });
        let forgetful = match balance.remembered.is_empty() {
            true => balance.shares.len(),
            false => forgetful.count(),
        };
        let external = self
            .chains
            .chain(TableKind::Nat, &intent.chain_name(ServiceChain::External));
        let led_to = |rule: &Rule| matches!(&rule.target, Target::Jump(to) if **to == *name);
        Some(Choice {
            local: kind == ServiceChain::Local,
            reached: !self.services().leading_to(&name).is_empty()
                || external.rules().iter().any(led_to),
            clear: balance.unclear.is_empty(),
            left: balance.left,
            kept: balance.remembered.iter().map(|kept| kept.seconds).collect(),
            forgetful,
            facts: rules
                .iter()
                .map(|rule| Fact::Rule(self.chains.ruleset, TableKind::Nat, chain, rule))
                .collect(),
            members,
            name,
        })
    }

    fn member(&self, choice: Held<'c>, share: &Share<'c>) -> Member<'c> {
        let held = self.chains.chain(TableKind::Nat, share.chain);
        let rules = held.rules();
        let translates = |rule: &Rule| matches!(rule.target, Target::Dnat(_));
        let (rule, to) = match destination(rules) {
            Some((rule, to)) => (Some(rule), To::Address(to)),
            None if held.is_certain() && !rules.iter().any(translates) => (None, To::Nowhere),
            None => (None, To::Unknown),
        };
        let jump = self.fact(TableKind::Nat, choice, share.rule);
        let translation = rule.and_then(|rule| self.fact(TableKind::Nat, held, rule));
        Member {
            chain: Some(share.chain),
            part: share.probability,
            draining: false,
            to,
            facts: jump.into_iter().chain(translation).collect(),
        }
    }
}
