//! What kube-proxy's nftables mode wrote (`syncProxyRules` in pkg/proxy/nftables/proxier.go): elements of maps lead to the
//! chains of a Service's port, which translate by a map of endpoints (Kubernetes 1.36) or by a chain for each (1.30, and
//! wherever clients are kept). Other maps refuse what has no endpoint.

mod names;
mod sources;

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{At, Choice, Leading, Member, Outside, Programmed, Taker, To};
use crate::check::service::fact::Fact;
use crate::check::service::intent::Intent;
use crate::explain::native::{balance, leads_to};
use crate::model::Family;
use crate::model::kube_proxy::ServiceChain;
use crate::model::nftables::{
    Chain, Comparison, Declared, Element, Expression, Found, Interval, Operand, Rule, Set, SetRef,
    Statement, Table, Verdict,
};
use crate::model::trace::Evidence;
use names::{CHAINS, chain_name, kind_of};
pub use names::{name_like, owner};

/// The table of one address family.
pub struct Nftables<'c> {
    /// The table.
    pub table: &'c Table,
    /// Whether all of the ruleset was read and understood.
    whole: bool,
    /// The elements of the maps of addresses and of NodePorts, by the chain that they lead to.
    leading: HashMap<&'c str, Vec<(&'c Set, &'c Element)>>,
}

/// The map of addresses and ports.
const ADDRESSES: &str = "service-ips";
/// The map of NodePorts.
const NODE_PORTS: &str = "service-nodeports";

impl<'c> Nftables<'c> {
    /// That table; `whole` says whether nothing of the ruleset was lost.
    pub fn of(table: &'c Table, whole: bool) -> Self {
        let mut leading: HashMap<&str, Vec<_>> = HashMap::new();
        for set in [ADDRESSES, NODE_PORTS]
            .iter()
            .filter_map(|name| table.set(name))
        {
            for element in &set.elements {
                if let Some(chain) = element.verdict().and_then(led_to) {
                    leading.entry(chain).or_default().push((set, element));
                }
            }
        }
        Self {
            table,
            whole,
            leading,
        }
    }

    /// What is there for one port of a Service.
    pub fn programmed(&self, intent: &Intent<'_>) -> Programmed<'c> {
        let frontends = At::all(intent).into_iter();
        let choices = [false, true].into_iter();
        Programmed {
            frontends: frontends
                .map(|at| (at, self.frontend(intent, at)))
                .collect(),
            choices: choices
                .filter_map(|local| self.choice(intent, local))
                .collect(),
            outside: self.outside(intent),
            admission: self.admission(intent),
            leading: self.leading(intent),
        }
    }

    fn frontend(&self, intent: &Intent<'_>, at: At) -> Taker<'c> {
        let (serves, refuses) = match at {
            At::NodePort(_) => (NODE_PORTS, "no-endpoint-nodeports"),
            _ => (ADDRESSES, "no-endpoint-services"),
        };
        let key = key(intent, at);
        match self.find(serves, &key) {
            Looked::Element(set, element) => {
                let fact = Fact::Element(self.table, set, element);
                match element.verdict().and_then(led_to) {
                    Some(chain) => match kind_of(intent, chain) {
                        Some(kind) => Taker::Own(kind, fact),
                        None => Taker::Foreign(chain, fact),
                    },
                    None => Taker::Unclear,
                }
            }
            Looked::Nothing => match self.find(refuses, &key) {
                Looked::Element(set, element) => {
                    Taker::Refused(Fact::Element(self.table, set, element))
                }
                Looked::Nothing => Taker::Nobody,
                Looked::Unclear => Taker::Unclear,
            },
            Looked::Unclear => Taker::Unclear,
        }
    }

    fn find(&self, name: &str, key: &[Interval]) -> Looked<'c> {
        let Some(set) = self.table.set(name) else {
            return match self.whole {
                true => Looked::Nothing,
                false => Looked::Unclear,
            };
        };
        match set.find(key) {
            Found::Element(element) => Looked::Element(set, element),
            Found::Nothing if self.whole && !set.incomplete => Looked::Nothing,
            Found::Nothing | Found::Doubtful => Looked::Unclear,
        }
    }

    /// A chain all of whose rules are known.
    fn chain(&self, name: &str) -> Option<&'c Chain> {
        let chain = self.table.chain(name)?;
        (self.whole && chain.declared == Declared::Whole).then_some(chain)
    }

    fn choice(&self, intent: &Intent<'_>, local: bool) -> Option<Choice<'c>> {
        let name = chain_name(
            intent,
            match local {
                true => ServiceChain::Local,
                false => ServiceChain::Cluster,
            },
        );
        let chain = self.chain(&name)?;
        let shares = balance::shares(self.table, &chain.rules);
        let members: Vec<Member<'c>> = shares
            .iter()
            .map(|share| self.member(chain, share))
            .collect();
        let keepers: Vec<(&str, Option<u32>)> = chain
            .rules
            .iter()
            .filter_map(|rule| self.keeps(rule))
            .collect();
        let forgetful = members.iter().filter(|member| {
            let chain = member.chain.and_then(|name| self.table.chain(name));
            let asked = keepers.iter().any(|(kept, _)| Some(*kept) == member.chain);
            !asked || !chain.is_some_and(notes_clients)
        });
        let external = chain_name(intent, ServiceChain::External);
        let external = self.table.chain(&external).map_or(&[][..], |of| &of.rules);
        let by_rule = external
            .iter()
            .any(|rule| leads_to(self.table, rule).iter().any(|(to, _)| *to == name));
        let left = 1.0 - members.iter().map(|member| member.part).sum::<f64>();
        Some(Choice {
            local,
            reached: by_rule || self.leading.contains_key(name.as_str()),
            clear: !members.is_empty() || chain.rules.is_empty(),
            // What is added up may miss one by a rounding error.
            left: if left < 1e-9 { 0.0 } else { left },
            kept: keepers.iter().map(|(_, seconds)| *seconds).collect(),
            forgetful: forgetful.count(),
            facts: self.facts(chain),
            members,
            name,
        })
    }

    fn member(&self, choice: &'c Chain, share: &balance::Share<'c>) -> Member<'c> {
        let endpoint = share.chain.and_then(|name| self.chain(name));
        let translates = |statement: &Statement| matches!(statement, Statement::Nat(_));
        let to = match (share.to, endpoint) {
            (Some(to), _) => To::Address(to),
            (None, Some(chain)) => {
                let mut statements = chain.rules.iter().flat_map(|rule| &rule.statements);
                match statements.any(translates) {
                    true => To::Unknown,
                    false => To::Nowhere,
                }
            }
            (None, None) => To::Unknown,
        };
        let chooses = |rule: &&Rule| {
            rule.statements.iter().any(|one| match one {
                Statement::Vmap { key, .. } => matches!(key, Expression::Numgen { .. }),
                other => translates(other),
            })
        };
        let chosen = choice.rules.iter().find(chooses);
        let chosen = chosen.map(|rule| Fact::Native(self.table, choice, rule));
        let endpoint = endpoint.into_iter().flat_map(|chain| self.facts(chain));
        Member {
            chain: share.chain,
            part: share.probability,
            draining: false,
            to,
            facts: chosen.into_iter().chain(endpoint).collect(),
        }
    }

    /// The endpoint's chain to which a rule brings back who was there, and for how many seconds.
    fn keeps(&self, rule: &'c Rule) -> Option<(&'c str, Option<u32>)> {
        let set = rule
            .statements
            .iter()
            .find_map(|statement| match statement {
                Statement::Match {
                    comparison: Comparison::Equal,
                    left: Expression::Payload { field, .. },
                    right: Operand::Set(SetRef::Named(name)),
                } if &**field == "saddr" => self.table.set(name),
                _ => None,
            })?;
        let to = rule
            .statements
            .iter()
            .find_map(|statement| match statement {
                Statement::Verdict(verdict) => led_to(verdict),
                _ => None,
            })?;
        let seconds = set.timeout.and_then(|seconds| u32::try_from(seconds).ok());
        Some((to, seconds))
    }

    fn outside(&self, intent: &Intent<'_>) -> Option<Outside<'c>> {
        let chain = self.chain(&chain_name(intent, ServiceChain::External))?;
        let onward = |kind: ServiceChain| {
            let name = chain_name(intent, kind);
            let always = |rule: &&Rule| !rule.statements.iter().any(|one| one.only_asks());
            let mut rules = chain.rules.iter().filter(always);
            rules.any(|rule| leads_to(self.table, rule).iter().any(|(to, _)| *to == name))
        };
        Some(Outside {
            to_all: onward(ServiceChain::Cluster),
            to_local: onward(ServiceChain::Local),
            facts: self.facts(chain),
        })
    }

    fn leading(&self, intent: &Intent<'_>) -> Vec<(Leading, Fact<'c>)> {
        let mut found = Vec::new();
        for (kind, _) in CHAINS {
            let name = chain_name(intent, kind);
            for (set, element) in self.leading.get(name.as_str()).into_iter().flatten() {
                let values: Option<Vec<u128>> =
                    element.key.iter().map(|part| part.value()).collect();
                let from = match values.as_deref() {
                    Some([ip, _, port]) => {
                        let ip = address(intent.family, *ip);
                        Leading::Address(ip, u16::try_from(*port).ok())
                    }
                    Some([_, port]) => match u16::try_from(*port) {
                        Ok(port) => Leading::NodePort(port),
                        Err(_) => continue,
                    },
                    _ => continue,
                };
                found.push((from, Fact::Element(self.table, set, element)));
            }
        }
        found
    }

    /// Where it was looked in vain.
    pub fn looked(&self, intent: &Intent<'_>, at: At) -> Evidence {
        let (family, table) = (self.table.family.name(), &self.table.name);
        let protocol = intent.port.protocol;
        let (map, key, refuses) = match at {
            At::NodePort(port) => (
                NODE_PORTS,
                format!("{protocol} . {port}"),
                "no-endpoint-nodeports",
            ),
            At::Cluster(ip) | At::External(ip) | At::Balanced(ip) => (
                ADDRESSES,
                format!("{ip} . {protocol} . {}", intent.port.port),
                "no-endpoint-services",
            ),
        };
        Evidence {
            source: format!("nft {family} {table} {map}"),
            raw: format!("no element {key}, nor in {refuses}"),
        }
    }

    fn facts(&self, chain: &'c Chain) -> Vec<Fact<'c>> {
        let rules = chain.rules.iter();
        rules
            .map(|rule| Fact::Native(self.table, chain, rule))
            .collect()
    }
}

/// What was found in a set that may not be known whole.
enum Looked<'c> {
    Element(&'c Set, &'c Element),
    Nothing,
    Unclear,
}

fn led_to(verdict: &Verdict) -> Option<&str> {
    match verdict {
        Verdict::Goto(chain) | Verdict::Jump(chain) => Some(chain),
        _ => None,
    }
}

fn notes_clients(chain: &Chain) -> bool {
    let mut statements = chain.rules.iter().flat_map(|rule| &rule.statements);
    statements.any(|one| matches!(one, Statement::Dynamic(_)))
}

fn key(intent: &Intent<'_>, at: At) -> Vec<Interval> {
    let protocol = Interval::single(u128::from(intent.protocol()));
    let port = |port: u16| Interval::single(u128::from(port));
    match at {
        At::NodePort(number) => vec![protocol, port(number)],
        At::Cluster(ip) | At::External(ip) | At::Balanced(ip) => vec![
            Interval::single(number(ip)),
            protocol,
            port(intent.port.port),
        ],
    }
}

fn number(ip: IpAddr) -> u128 {
    match ip {
        IpAddr::V4(ip) => u128::from(ip.to_bits()),
        IpAddr::V6(ip) => ip.to_bits(),
    }
}

fn address(family: Family, number: u128) -> IpAddr {
    match family {
        Family::V4 => Ipv4Addr::from_bits(u32::try_from(number).unwrap_or(u32::MAX)).into(),
        Family::V6 => Ipv6Addr::from_bits(number).into(),
    }
}
