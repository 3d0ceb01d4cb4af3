//! A chain explained: whose it is, who comes to it, what its rules do, where it leads, and what is odd about it. The
//! serialised form is `kubenet.explain/v1`.

use std::collections::BTreeSet;
use std::net::IpAddr;

use serde::Serialize;

use super::balance::{self, Balance};
use super::chains::{Chains, Held};
use super::find::Site;
use super::kinds::{self, Kind};
use super::owner::{self, Clues, NamedBy, ServiceRef};
use super::{odd, why, words};
use crate::model::iptables::{Chain, Policy, Rule, TableKind, Target, Wish};
use crate::model::{Cluster, Family};

/// The name of this form.
pub const SCHEMA: &str = "kubenet.explain/v1";

/// A chain, explained.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Explanation {
    /// Always [`SCHEMA`].
    pub schema: &'static str,
    /// Its name.
    pub chain: String,
    /// Its table.
    pub table: &'static str,
    /// Its kind (`service-cluster`); `None` when nobody is known who would make it.
    pub kind: Option<&'static str>,
    /// Who makes such chains.
    pub made_by: Option<&'static str>,
    /// What they are for, as a sentence.
    pub purpose: Option<&'static str>,
    /// The node.
    pub node: String,
    /// The namespace.
    pub netns: String,
    /// `ipv4` or `ipv6`.
    pub family: &'static str,
    /// `ACCEPT` or `DROP`, of a base chain.
    pub policy: Option<&'static str>,
    /// The port of the Service that it belongs to.
    pub service: Option<ServiceRef>,
    /// What says so.
    pub named_by: Vec<NamedBy>,
    /// The rules that lead here.
    pub referenced_by: Vec<Reference>,
    /// Where it sends connections.
    pub endpoints: Vec<Endpoint>,
    /// Its rules.
    pub rules: Vec<RuleText>,
    /// What is odd, a sentence each.
    pub odd: Vec<String>,
    /// What was not read and may hide something.
    pub not_seen: Vec<String>,
    /// Where else there is a chain of this name.
    pub also: Vec<Also>,
}

/// A rule that leads to the chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reference {
    /// Its table.
    pub table: &'static str,
    /// Its chain.
    pub chain: String,
    /// Its number.
    pub rule: u32,
    /// Which packets it sends here.
    pub text: String,
    /// Its line.
    pub raw: String,
}

/// Where a chain sends connections.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Endpoint {
    /// Its address; `None` when its chain translates to no single one.
    pub ip: Option<IpAddr>,
    /// Its port.
    pub port: Option<u16>,
    /// The part of new clients that go there, by the rules.
    pub probability: f64,
    /// Its chain.
    pub chain: String,
    /// Packets that the rules to it counted: one for each connection.
    pub packets: Option<u64>,
    /// The pod with that address, as `NAMESPACE/NAME`.
    pub pod: Option<String>,
}

/// A rule in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RuleText {
    /// Its number.
    pub n: u32,
    /// Its line.
    pub raw: String,
    /// What it does with which packets.
    pub text: String,
    /// Why it is there, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<&'static str>,
    /// Packets that it counted.
    pub packets: Option<u64>,
}

/// Another chain of the same name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Also {
    /// The node.
    pub node: String,
    /// The namespace.
    pub netns: String,
    /// The table.
    pub table: &'static str,
    /// `ipv4` or `ipv6`.
    pub family: &'static str,
}

/// Explains the chain at the first of these sites, and the chains which had to be read for it and were not.
pub fn explain(cluster: &Cluster, sites: &[Site<'_>]) -> Option<(Explanation, BTreeSet<Wish>)> {
    let (site, others) = sites.split_first()?;
    let chains = Chains::of(cluster, site.netns, site.ruleset);
    let held = chains.chain(site.table, site.chain);
    let table = site.ruleset.table(site.table)?;
    let chain = table.chain(site.chain)?;
    let rules = held.rules();
    let leading = referrers(&chains, site);
    let comments = comments(&chains, chain, rules, &leading);
    let destination = balance::destination(rules).map(|(_, to)| to);
    let clues = Clues {
        chain: site.chain,
        comments: &comments,
        destination,
    };
    let kind = kinds::kind_of(site.chain, site.table);
    let serves = kind.is_some_and(|kind| SERVING.contains(&kind.id));
    let owner = owner::of(cluster, &clues).filter(|_| serves);
    let endpoints = endpoints(cluster, &chains, site, rules, &leading);
    let unread = table
        .chains()
        .iter()
        .filter(|chain| !chain.is_read())
        .count();
    let mut not_seen = Vec::new();
    if unread > 0 {
        not_seen.push(format!(
            "{unread} other chains of table {} were not read: rules of them may lead here too",
            site.table.name()
        ));
    }
    if !held.is_certain() {
        not_seen.push(format!(
            "{} holds not all of this chain, or not all of it was understood",
            site.ruleset.origin
        ));
    }
    let mut explanation = Explanation {
        schema: SCHEMA,
        chain: site.chain.to_owned(),
        table: site.table.name(),
        kind: kind.map(|kind| kind.id),
        made_by: kind.map(|kind| kind.made_by),
        purpose: kind.map(|kind| kind.purpose),
        node: cluster.node_name(site.netns).to_owned(),
        netns: cluster.netns(site.netns).name.to_string(),
        family: family(site.ruleset.family),
        policy: chain.policy.map(|policy| match policy {
            Policy::Accept => "ACCEPT",
            Policy::Drop => "DROP",
        }),
        named_by: owner.as_ref().map(|(_, by)| by.clone()).unwrap_or_default(),
        service: owner.map(|(service, _)| service),
        referenced_by: leading
            .iter()
            .map(|(from, rule)| Reference {
                table: site.table.name(),
                chain: from.name.to_string(),
                rule: rule.number,
                text: words::condition(rule),
                raw: site.ruleset.line(from, rule).to_owned(),
            })
            .collect(),
        endpoints,
        rules: rules
            .iter()
            .map(|rule| rule_text(site, kind, chain, rule))
            .collect(),
        odd: Vec::new(),
        not_seen,
        also: others.iter().map(|other| also(cluster, other)).collect(),
    };
    let balance = held.is_certain().then(|| Balance::of(rules));
    explanation.odd = odd::of(cluster, &explanation, balance.as_ref(), unread == 0);
    Some((explanation, chains.into_wishes()))
}

/// The kinds of chains that belong to a Service's port.
const SERVING: [&str; 6] = [
    "service-cluster",
    "service-local",
    "service-external",
    "service-firewall",
    "service-external-local",
    "endpoint",
];

fn family(family: Family) -> &'static str {
    match family {
        Family::V4 => "ipv4",
        Family::V6 => "ipv6",
    }
}

fn also(cluster: &Cluster, site: &Site<'_>) -> Also {
    Also {
        node: cluster.node_name(site.netns).to_owned(),
        netns: cluster.netns(site.netns).name.to_string(),
        table: site.table.name(),
        family: family(site.ruleset.family),
    }
}

fn rule_text(site: &Site<'_>, kind: Option<Kind>, chain: &Chain, rule: &Rule) -> RuleText {
    RuleText {
        n: rule.number,
        raw: site.ruleset.line(chain, rule).to_owned(),
        text: words::rule(rule),
        why: kind.and_then(|kind| why::of(kind.id, rule)),
        packets: rule.counters.map(|counters| counters.packets),
    }
}

/// The rules of the same table that lead to a chain. Those which kube-proxy lets lead there are asked for.
fn referrers<'c>(chains: &Chains<'c>, site: &Site<'c>) -> Vec<(&'c Chain, &'c Rule)> {
    let Some(table) = site.ruleset.table(site.table) else {
        return Vec::new();
    };
    let hash = site.chain.rsplit('-').next().unwrap_or_default();
    let is_likely = |chain: &Chain| {
        let name = &*chain.name;
        chain.policy.is_some()
            || matches!(name, "KUBE-SERVICES" | "KUBE-NODEPORTS")
            || hash.len() == 16 && name.ends_with(hash)
    };
    let mut found = Vec::new();
    for chain in table.chains() {
        if !chain.is_read() && !is_likely(chain) {
            continue;
        }
        let rules = chains.chain(site.table, &chain.name).rules();
        let leading = rules
            .iter()
            .filter(|rule| matches!(&rule.target, Target::Jump(to) if **to == *site.chain));
        found.extend(leading.map(|rule| (chain, rule)));
    }
    found
}

fn comments(
    chains: &Chains<'_>,
    chain: &Chain,
    rules: &[Rule],
    leading: &[(&Chain, &Rule)],
) -> Vec<String> {
    let own = rules.iter().map(|rule| (chain, rule));
    let all = own.chain(leading.iter().copied()).take(MOST_COMMENTS);
    all.filter_map(|(chain, rule)| chains.ruleset.comment(chain, rule))
        .map(|comment| comment.into_owned())
        .collect()
}

/// Comments of so many rules are enough to tell whose a chain is.
const MOST_COMMENTS: usize = 20;

/// Where a chain sends connections: by its own choice, or by that of the chain that it leads to.
fn endpoints<'c>(
    cluster: &Cluster,
    chains: &Chains<'c>,
    site: &Site<'c>,
    rules: &'c [Rule],
    leading: &[(&Chain, &Rule)],
) -> Vec<Endpoint> {
    if let Some((_, to)) =
        balance::destination(rules).filter(|_| site.chain.starts_with("KUBE-SEP-"))
    {
        let shares = leading.iter().filter_map(|(from, _)| {
            let of = Balance::of(chains.chain(site.table, &from.name).rules());
            let mut shares = of.shares.into_iter();
            shares.find(|share| share.chain == site.chain)
        });
        let share = shares.map(|share| share.probability).next();
        let packets = leading
            .iter()
            .map(|(_, rule)| rule.counters.map(|of| of.packets));
        return vec![Endpoint {
            ip: Some(to.ip()),
            port: Some(to.port()),
            probability: share.unwrap_or(0.0),
            chain: site.chain.to_owned(),
            packets: packets.sum(),
            pod: pod(cluster, to.ip()),
        }];
    }
    let rules = choice(chains, site.table, rules);
    let balance = Balance::of(rules);
    let kept = |chain: &str| {
        let kept = balance.remembered.iter();
        let kept = kept.filter(|one| one.chain == chain);
        kept.map(|one| one.rule.counters.map(|of| of.packets))
            .sum::<Option<u64>>()
    };
    balance
        .shares
        .iter()
        .map(|share| {
            let to = balance::destination(chains.chain(site.table, share.chain).rules());
            let to = to.map(|(_, to)| to);
            let own = share.rule.counters.map(|of| of.packets);
            Endpoint {
                ip: to.map(|to| to.ip()),
                port: to.map(|to| to.port()),
                probability: share.probability,
                chain: share.chain.to_owned(),
                packets: own.zip(kept(share.chain)).map(|(own, kept)| own + kept),
                pod: to.and_then(|to| pod(cluster, to.ip())),
            }
        })
        .collect()
}

/// The rules that choose among endpoints: those of a chain, or of the one that it leads to in the end.
fn choice<'c>(chains: &Chains<'c>, table: TableKind, mut rules: &'c [Rule]) -> &'c [Rule] {
    // KUBE-FW, KUBE-EXT, KUBE-SVC.
    for _ in 0..2 {
        let onward = rules.iter().rev().find_map(|rule| match &rule.target {
            Target::Jump(to)
                if ["KUBE-SVC-", "KUBE-SVL-", "KUBE-EXT-"]
                    .iter()
                    .any(|prefix| to.starts_with(prefix)) =>
            {
                Some(to)
            }
            _ => None,
        });
        let Some(next) = onward else { break };
        // A list of Services leads to many.
        if rules.len() > 8 {
            return &[];
        }
        rules = match chains.chain(table, next) {
            Held::Whole(_, rules) | Held::Part(_, rules) => rules,
            Held::Absent | Held::Unknown => return &[],
        };
    }
    rules
}

fn pod(cluster: &Cluster, ip: IpAddr) -> Option<String> {
    let objects = &cluster.objects;
    let ended = |phase: &Option<String>| matches!(phase.as_deref(), Some("Succeeded" | "Failed"));
    let mut pods = objects.pods.iter();
    let found = pods.find(|pod| !pod.host_network && pod.ips.contains(&ip) && !ended(&pod.phase));
    found.map(|pod| format!("{}/{}", pod.namespace, pod.name))
}
