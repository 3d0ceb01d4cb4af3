//! A chain explained: whose it is, who comes to it, what its rules do, where it leads, and what is odd about it. The
//! serialised form is `kubenet.explain/v1`.

mod iptables;
mod native;
mod odd;

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};

use serde::Serialize;

use super::find::{Home, Site};
use super::kinds::Kind;
use super::owner::{NamedBy, ServiceRef};
use super::words::EVERY;
use super::{SCHEMA, who};
use crate::model::Cluster;
use crate::model::iptables::Wish;

/// A chain, explained.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Explanation {
    /// Always [`SCHEMA`].
    pub schema: &'static str,
    /// Its name.
    pub chain: String,
    /// Its table: `nat`; of native nftables with its family, `ip kube-proxy`.
    pub table: String,
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
    /// What it sees: `ipv4`, `ipv6`, or the family of a native table.
    pub family: &'static str,
    /// Where a base chain of nftables hangs: `nat chain at prerouting, priority -100`.
    pub hook: Option<String>,
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
    /// Of chains that belong to a Service's port: which connections leave with the node's own address as their source,
    /// a condition each. `None` of other chains, and where not all rules that decide it were read.
    pub masquerades: Option<Vec<String>>,
    /// Its rules.
    pub rules: Vec<RuleText>,
    /// What is odd, a sentence each.
    pub odd: Vec<String>,
    /// What was not read and may hide something.
    pub not_seen: Vec<String>,
    /// Where else there is a chain of this name.
    pub also: Vec<Also>,
}

/// The kinds of chains before the choice of an endpoint: they decide whose source is rewritten.
const BEFORE_CHOICE: [&str; 3] = ["service-cluster", "service-local", "service-external"];

/// The conditions under which a source is rewritten, the last of them that an endpoint reached itself.
fn masquerades(own: Vec<String>, hairpin: bool) -> Vec<String> {
    match own.iter().any(|condition| condition == EVERY) {
        true => vec![EVERY.to_owned()],
        false => {
            let itself = hairpin.then(|| "an endpoint that reaches itself".to_owned());
            own.into_iter().chain(itself).collect()
        }
    }
}

/// A rule that leads to the chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reference {
    /// Its table.
    pub table: String,
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
    /// The part of new clients that go there, by the rules; `None` where the chain that chooses was not read.
    pub probability: Option<f64>,
    /// Its chain; that of the choice where endpoints have none of their own.
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
    pub table: String,
    /// What it sees.
    pub family: &'static str,
}

/// Explains the chain at the first of these sites, and the chains which had to be read for it and were not.
pub fn explain(cluster: &Cluster, sites: &[Site<'_>]) -> Option<(Explanation, BTreeSet<Wish>)> {
    let (site, others) = sites.split_first()?;
    let (mut explanation, wishes) = match site.home {
        Home::Iptables(ruleset, table) => iptables::explain(cluster, site, ruleset, table)?,
        Home::Native(table) => (native::explain(cluster, site, table)?, BTreeSet::new()),
    };
    explanation.also = others.iter().map(|other| also(cluster, other)).collect();
    Some((explanation, wishes))
}

impl Explanation {
    /// What is known of a chain by its place and kind alone.
    fn at(cluster: &Cluster, site: &Site<'_>, kind: Option<Kind>) -> Self {
        Self {
            schema: SCHEMA,
            chain: site.chain.to_owned(),
            table: site.home.name(),
            kind: kind.map(|kind| kind.id),
            made_by: kind.map(|kind| kind.made_by),
            purpose: kind.map(|kind| kind.purpose),
            node: cluster.node_name(site.netns).to_owned(),
            netns: cluster.netns(site.netns).name.to_string(),
            family: site.home.family(),
            hook: None,
            policy: None,
            service: None,
            named_by: Vec::new(),
            referenced_by: Vec::new(),
            endpoints: Vec::new(),
            masquerades: None,
            rules: Vec::new(),
            odd: Vec::new(),
            not_seen: Vec::new(),
            also: Vec::new(),
        }
    }
}

impl Endpoint {
    fn new(
        cluster: &Cluster,
        to: Option<SocketAddr>,
        probability: Option<f64>,
        chain: &str,
        packets: Option<u64>,
    ) -> Self {
        Self {
            ip: to.map(|to| to.ip()),
            port: to.map(|to| to.port()),
            probability,
            chain: chain.to_owned(),
            packets,
            pod: to.and_then(|to| who::pod(cluster, to.ip())),
        }
    }
}

fn also(cluster: &Cluster, site: &Site<'_>) -> Also {
    Also {
        node: cluster.node_name(site.netns).to_owned(),
        netns: cluster.netns(site.netns).name.to_string(),
        table: site.home.name(),
        family: site.home.family(),
    }
}
