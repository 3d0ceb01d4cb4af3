//! A chain of native nftables.

use std::net::SocketAddr;

use super::{BEFORE_CHOICE, Endpoint, Explanation, Reference, RuleText};
use crate::explain::find::Site;
use crate::explain::native::{Lead, balance, kinds, leads_to, packets, why, words};
use crate::explain::owner::{NamedBy, ServiceRef};
use crate::model::kube_proxy::{NFT_TABLE, NftChain, NftChainName};
use crate::model::nftables::{BaseChain, Chain, ChainKind, Declared, Policy, Rule, Table};
use crate::model::{Cluster, Part};

/// Explains a chain of that table.
pub(super) fn explain(cluster: &Cluster, site: &Site<'_>, table: &Table) -> Option<Explanation> {
    let chain = table.chain(site.chain)?;
    let kind = kinds::kind_of(table, chain);
    let mut explanation = Explanation::at(cluster, site, kind);
    let named = NftChainName::parse(site.chain).filter(|_| &*table.name == NFT_TABLE);
    if let Some(name) = &named {
        let (service, by) = owner(cluster, name);
        explanation.service = Some(service);
        explanation.named_by = by;
    }
    explanation.hook = chain.base.as_ref().map(hook);
    explanation.policy = chain.base.as_ref().map(|base| match base.policy {
        Policy::Accept => "ACCEPT",
        Policy::Drop => "DROP",
    });
    explanation.referenced_by = referrers(table, site.chain);
    explanation.endpoints = endpoints(cluster, table, chain, named.as_ref());
    explanation.rules = chain
        .rules
        .iter()
        .map(|rule| rule_text(table, kind.map(|kind| kind.id), rule))
        .collect();
    let incomplete = &cluster.netns(site.netns).incomplete;
    let whole = chain.declared == Declared::Whole && !incomplete.contains(&Part::NativeNft);
    if !whole {
        explanation
            .not_seen
            .push("not all of the ruleset was read, or not all of it was understood".to_owned());
    } else {
        if kind.is_some_and(|kind| BEFORE_CHOICE.contains(&kind.id)) {
            explanation.masquerades = Some(masquerades(table, chain, &explanation.endpoints));
        }
        explanation.odd = odd(cluster, &explanation, chain, named.as_ref());
    }
    Some(explanation)
}

/// `nat chain at prerouting, priority -100`.
fn hook(base: &BaseChain) -> String {
    let kind = match base.kind {
        ChainKind::Filter => "filter",
        ChainKind::Nat => "nat",
        ChainKind::Route => "route",
    };
    let devices = match base.devices.as_slice() {
        [] => String::new(),
        devices => format!(" of {}", devices.join(", ")),
    };
    format!(
        "{kind} chain at {}{devices}, priority {}",
        base.hook, base.priority
    )
}

/// The Service's port whose name is in the chain's, and what says so.
fn owner(cluster: &Cluster, name: &NftChainName<'_>) -> (ServiceRef, Vec<NamedBy>) {
    let services = cluster.objects.services.iter();
    let mut its = services
        .filter(|service| service.namespace == name.namespace && service.name == name.service);
    let port = its.find_map(|service| {
        let mut ports = service.ports.iter();
        ports.find(|port| port.name == name.port && port.protocol.to_string() == name.protocol)
    });
    let mut by = Vec::new();
    by.extend(port.map(|_| NamedBy::Objects));
    by.push(NamedBy::Name);
    by.extend(name.has_its_hash().then_some(NamedBy::Hash));
    let service = ServiceRef {
        namespace: name.namespace.to_owned(),
        name: name.service.to_owned(),
        port_name: Some(name.port.to_owned()).filter(|name| !name.is_empty()),
        port: port.map(|port| port.port),
        proto: Some(name.protocol.to_owned()),
    };
    (service, by)
}

fn referrers(table: &Table, name: &str) -> Vec<Reference> {
    let rules = table
        .chains
        .iter()
        .flat_map(|chain| chain.rules.iter().map(move |rule| (chain, rule)));
    let mut found = Vec::new();
    for (chain, rule) in rules {
        let leads = leads_to(table, rule).into_iter();
        for (_, lead) in leads.filter(|(to, _)| *to == name) {
            let condition = words::condition(rule);
            let (text, raw) = match lead {
                Lead::Verdict => (condition, rule.to_string()),
                Lead::Element(key, set, element) => {
                    let of = words::element(key, set, element);
                    let text = match &*condition {
                        words::EVERY => of,
                        condition => format!("{condition} {of}"),
                    };
                    let raw = format!("{rule}\n  element {{ {} }}", set.print(element));
                    (text, raw)
                }
            };
            found.push(Reference {
                table: format!("{} {}", table.family.name(), table.name),
                chain: chain.name.to_string(),
                rule: rule.number as u32,
                text,
                raw,
            });
        }
    }
    found
}

fn rule_text(table: &Table, kind: Option<&str>, rule: &Rule) -> RuleText {
    RuleText {
        n: rule.number as u32,
        raw: rule.to_string(),
        text: words::rule(rule),
        why: kind.and_then(|kind| why::of(kind, table, rule)),
        packets: packets(rule),
    }
}

/// Where the chain sends connections: by its own choice, or by that of the chain that it leads to.
fn endpoints(
    cluster: &Cluster,
    table: &Table,
    chain: &Chain,
    name: Option<&NftChainName<'_>>,
) -> Vec<Endpoint> {
    let Some(name) = name else { return Vec::new() };
    if name.chain == NftChain::Endpoint {
        let to = balance::destination(&chain.rules);
        return vec![Endpoint::new(
            cluster,
            to,
            Some(share_of(table, &chain.name)),
            &chain.name,
            None,
        )];
    }
    let mut chain = chain;
    if name.chain == NftChain::External {
        // Rules with a condition are for pods and the node itself, which policy Local lets use all endpoints.
        let rules = chain.rules.iter();
        let onward = rules
            .filter(|rule| words::condition(rule) == words::EVERY)
            .find_map(|rule| {
                let mut led = leads_to(table, rule).into_iter();
                led.find(|(to, _)| to.starts_with("service-") || to.starts_with("local-"))
            });
        let Some(next) = onward.and_then(|(to, _)| table.chain(to)) else {
            return Vec::new();
        };
        chain = next;
    }
    let shares = balance::shares(table, &chain.rules);
    shares
        .into_iter()
        .map(|share| {
            let its = share.chain.unwrap_or(&chain.name);
            let counted = share.chain.and_then(|chain| table.chain(chain));
            let packets = counted.and_then(|chain| chain.rules.iter().find_map(packets));
            Endpoint::new(cluster, share.to, Some(share.probability), its, packets)
        })
        .collect()
}

/// Which connections are masqueraded later: by rules here or, of newer layouts, of the chain that looks for Services; or in the
/// chain of an endpoint that is its own client, or when such a packet leaves.
fn masquerades(table: &Table, chain: &Chain, endpoints: &[Endpoint]) -> Vec<String> {
    let rules_of = |name: &str| table.chain(name).into_iter().flat_map(|chain| &chain.rules);
    let marks = |rule: &&Rule| why::marks_for_masquerade(table, rule);
    let own = chain.rules.iter().chain(rules_of("services")).filter(marks);
    let itself = endpoints
        .iter()
        .any(|one| rules_of(&one.chain).any(|rule| marks(&rule)));
    let hairpin = itself || rules_of("masquerading").any(why::masquerades_unmarked);
    super::masquerades(own.map(words::condition).collect(), hairpin)
}

/// The part of its Service's clients that an endpoint's chain gets.
fn share_of(table: &Table, name: &str) -> f64 {
    let chains = table.chains.iter();
    let mut shares = chains.flat_map(|chain| balance::shares(table, &chain.rules));
    let share = shares.find(|share| share.chain == Some(name));
    share.map_or(0.0, |share| share.probability)
}

/// What is odd about a chain that was read whole.
fn odd(
    cluster: &Cluster,
    explained: &Explanation,
    chain: &Chain,
    name: Option<&NftChainName<'_>>,
) -> Vec<String> {
    let mut odd = Vec::new();
    // Its other chains kube-proxy makes whether or not any rule needs them.
    let needed = name.is_some() || explained.made_by != Some("kube-proxy");
    if chain.base.is_none() && explained.referenced_by.is_empty() && needed {
        odd.push(match chain.rules.is_empty() && name.is_some() {
            true => {
                "nothing leads here, and it is empty: kube-proxy flushed it, and deletes it later"
                    .to_owned()
            }
            false => "nothing leads here: no packet ever comes".to_owned(),
        });
    }
    let Some(name) = name else { return odd };
    if !name.has_its_hash() {
        odd.push(
            "the hash in its name is not that of the words behind it: the name was cut, or kube-proxy did not make it"
                .to_owned(),
        );
    }
    let chooses = matches!(name.chain, NftChain::Service | NftChain::Local);
    let stale = chain.rules.is_empty() && explained.referenced_by.is_empty();
    if chooses && !stale {
        odd.extend(shares(&explained.endpoints));
    }
    if let (NftChain::Endpoint, Some(says), [leads]) =
        (name.chain, name.endpoint, explained.endpoints.as_slice())
    {
        let to = leads.ip.zip(leads.port);
        let leads = to.map(|(ip, port)| SocketAddr::new(ip, port));
        if leads != Some(says) {
            odd.push(format!("it is named after {says}, and does not lead there"));
        }
    }
    odd.extend(super::odd::deleted(cluster, explained));
    odd
}

fn shares(endpoints: &[Endpoint]) -> Vec<String> {
    let parts = endpoints.iter().filter_map(|endpoint| endpoint.probability);
    let sum: f64 = parts.clone().sum();
    let even = 1.0 / endpoints.len().max(1) as f64;
    if endpoints.is_empty() {
        vec!["it leads to no endpoint".to_owned()]
    } else if sum < 0.9999 {
        let left = crate::explain::matches::percent(1.0 - sum);
        vec![format!(
            "{left} of the connections draw a number that no endpoint has, and are not translated"
        )]
    } else if parts
        .into_iter()
        .any(|part| (part - even).abs() > even * 1e-4)
    {
        vec![format!(
            "the endpoints get unequal parts, and kube-proxy gives each {}",
            crate::explain::matches::percent(even)
        )]
    } else {
        Vec::new()
    }
}
