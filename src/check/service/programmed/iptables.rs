//! What kube-proxy's iptables mode wrote (`syncProxyRules` in pkg/proxy/iptables/proxier.go): rules of KUBE-SERVICES and
//! KUBE-NODEPORTS that lead to the chains of a Service's port, whose names are a hash and are recomputed; the filter table
//! refuses what has no endpoint.

use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::net::IpAddr;

use ipnet::IpNet;

use super::rule_index::{RuleIndex, port_of, single};
use super::{Admission, At, Choice, Leading, Member, Outside, Programmed, Taker, To};
use crate::check::service::fact::Fact;
use crate::check::service::intent::Intent;
use crate::check::service::takes::{Takes, takes};
use crate::explain::balance::{Balance, Share, destination, is_unconditional, notes_clients};
use crate::explain::chains::{Chains, Held};
use crate::model::iptables::{Negatable, Rule, Ruleset, TableKind, Target, Wish};
use crate::model::kube_proxy::ServiceChain;
use crate::model::trace::Evidence;
use crate::model::{Cluster, Family, NetnsId};

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

    fn frontend(&self, intent: &Intent<'_>, at: At) -> Taker<'c> {
        let (index, port) = match at {
            At::NodePort(port) => {
                let services = self.services();
                if services.leading_to(NODE_PORTS).is_empty() {
                    return match services.held.is_certain() {
                        true => Taker::Nobody,
                        false => Taker::Unclear,
                    };
                }
                (self.node_ports(), port)
            }
            _ => (self.services(), intent.port.port),
        };
        match taker(intent, index, at.ip(), port) {
            First::Jump(rule, chain) => {
                let Some(fact) = self.fact(TableKind::Nat, index.held, rule) else {
                    return Taker::Unclear;
                };
                match intent.kind_of(chain) {
                    Some(kind) => Taker::Own(kind, fact),
                    None => Taker::Foreign(chain, fact),
                }
            }
            First::Nobody => self.refusal(intent, at, port),
            First::Other(_) | First::Unclear => Taker::Unclear,
        }
    }

    /// What the filter table does with packets that the nat table leaves alone.
    fn refusal(&self, intent: &Intent<'_>, at: At, port: u16) -> Taker<'c> {
        let inside = matches!(at, At::Cluster(_));
        let index = match inside {
            true => self.refused(),
            false => self.refused_outside(),
        };
        match taker(intent, index, at.ip(), port) {
            First::Other(rule) => self
                .fact(TableKind::Filter, index.held, rule)
                .map_or(Taker::Unclear, Taker::Refused),
            First::Nobody => Taker::Nobody,
            First::Jump(..) | First::Unclear if inside => Taker::Unclear,
            // Where clients from outside are not refused, they are not served either.
            First::Jump(..) | First::Unclear => Taker::Nobody,
        }
    }

    fn choice(&self, intent: &Intent<'_>, kind: ServiceChain) -> Option<Choice<'c>> {
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

    fn outside(&self, intent: &Intent<'_>) -> Option<Outside<'c>> {
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

    fn admission(&self, intent: &Intent<'_>) -> Admission<'c> {
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

    fn leading(&self, intent: &Intent<'_>) -> Vec<(Leading, Fact<'c>)> {
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

    /// Where it was looked in vain.
    pub fn looked(&self, intent: &Intent<'_>, at: At) -> Evidence {
        let (protocol, port) = (intent.port.protocol, intent.port.port);
        let (chain, raw) = match at {
            At::NodePort(_) if self.services().leading_to(NODE_PORTS).is_empty() => {
                (SERVICES, format!("no rule with -j {NODE_PORTS}"))
            }
            At::NodePort(port) => (
                NODE_PORTS,
                format!("no rule for -p {protocol} --dport {port}"),
            ),
            At::Cluster(ip) => (
                SERVICES,
                format!(
                    "no rule for -d {ip} -p {protocol} --dport {port}, nor in filter {SERVICES}"
                ),
            ),
            At::External(ip) | At::Balanced(ip) => (
                SERVICES,
                format!("no rule for -d {ip} -p {protocol} --dport {port}"),
            ),
        };
        Evidence {
            source: format!("iptables nat {chain}"),
            raw,
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

/// What takes the packets for an address and port.
enum First<'c> {
    /// A rule that jumps to a chain.
    Jump(&'c Rule, &'c str),
    /// A rule that does something else.
    Other(&'c Rule),
    /// No rule.
    Nobody,
    /// It cannot be told.
    Unclear,
}

/// The first rule that takes all packets for an address and port; marks for masquerading come back.
fn taker<'c>(
    intent: &Intent<'_>,
    index: &RuleIndex<'c>,
    ip: Option<IpAddr>,
    port: u16,
) -> First<'c> {
    const MARKS: [&str; 2] = ["KUBE-MARK-MASQ", "KUBE-MARK-DROP"];
    let mut some = false;
    for rule in index.candidates(ip, port) {
        if matches!(&rule.target, Target::Jump(to) if MARKS.contains(&&**to) || **to == *NODE_PORTS)
            || matches!(rule.target, Target::None)
        {
            continue;
        }
        match takes(rule, intent.protocol(), ip, port) {
            Takes::Nothing => {}
            Takes::Some => some = true,
            Takes::All => {
                return match &rule.target {
                    Target::Jump(to) => First::Jump(rule, to),
                    _ => First::Other(rule),
                };
            }
        }
    }
    if some || !index.held.is_certain() {
        First::Unclear
    } else {
        First::Nobody
    }
}
