//! `kubenet explain`: what a thing is for, who comes to it, where it leads.

use std::collections::BTreeSet;

use clap::{Args, Subcommand, ValueEnum};
use clap_complete::engine::ArgValueCompleter;

use super::reading::Reading;
use super::{Failure, Global, Outcome, Output, candidates, endpoint, output};
use crate::check;
use crate::explain::chain::{self, Explanation};
use crate::explain::find::{self, Missing, Scope, Site};
use crate::model::iptables::TableKind;
use crate::model::{Cluster, Family, Finding};
use crate::render::{explain, json};

/// Arguments of `explain`.
#[derive(Debug, Args)]
#[command(arg_required_else_help = true)]
pub struct ExplainArgs {
    /// What to explain
    #[command(subcommand)]
    pub thing: Thing,
}

/// What can be explained.
#[derive(Debug, Subcommand)]
pub enum Thing {
    /// A chain of iptables: whose it is, who comes to it, what each rule does and why
    Chain(ChainArgs),
}

/// Arguments of `explain chain`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kubenet --demo explain chain KUBE-SVC-W67AXLFK7VEUVN6G
  kubenet --demo explain chain kube-svc-w67 --on node1
  kubenet --bundle dump.tar.zst explain chain KUBE-SERVICES --table filter -v
  sudo kubenet explain chain FORWARD -o json

Exit status: 0 it is explained, 2 there is no such chain, wrong usage or
unreadable input.")]
pub struct ChainArgs {
    /// The chain's name, in any case; as much of it as tells it from others
    #[arg(value_name = "NAME", add = ArgValueCompleter::new(candidates::chains))]
    pub name: String,
    /// The node whose chain it is [default: the first that has it]
    #[arg(long, value_name = "NODE")]
    pub on: Option<String>,
    /// The table: nat, filter, mangle, raw or security [default: the first of these]
    #[arg(long, value_enum, value_name = "TABLE", hide_possible_values = true)]
    pub table: Option<Table>,
    /// Only chains of iptables
    #[arg(long, conflicts_with = "ipv6")]
    pub ipv4: bool,
    /// Only chains of ip6tables
    #[arg(long)]
    pub ipv6: bool,
}

/// Tables by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Table {
    /// raw
    Raw,
    /// mangle
    Mangle,
    /// nat
    Nat,
    /// filter
    Filter,
    /// security
    Security,
}

impl From<Table> for TableKind {
    fn from(table: Table) -> Self {
        match table {
            Table::Raw => Self::Raw,
            Table::Mangle => Self::Mangle,
            Table::Nat => Self::Nat,
            Table::Filter => Self::Filter,
            Table::Security => Self::Security,
        }
    }
}

/// Explains.
pub fn run(args: &ExplainArgs, global: &Global) -> Result<Outcome, Failure> {
    let Thing::Chain(args) = &args.thing;
    let mut reading = Reading::open(global)?;
    reading.read_hosts();
    let explained = explain_chain(args, &mut reading)?;
    let options = explain::Options {
        layout: output::layout(global),
        evidence: global.verbose || global.output == Output::Wide,
    };
    output::result(global, |out| match global.output {
        Output::Json => json::document(&explained, out),
        Output::Text | Output::Wide => explain::chain(&explained, &options, out),
    })?;
    Ok(Outcome::Fine)
}

/// Explains a chain, with all chains read that have to be.
fn explain_chain(args: &ChainArgs, reading: &mut Reading) -> Result<Explanation, Failure> {
    let scope = Scope {
        node: args.on.clone(),
        table: args.table.map(TableKind::from),
        family: match (args.ipv4, args.ipv6) {
            (true, _) => Some(Family::V4),
            (_, true) => Some(Family::V6),
            _ => None,
        },
    };
    if let Some(node) = &args.on {
        let nodes = endpoint::node_names(reading.cluster());
        if !nodes.contains(node) {
            let hint = endpoint::hint(node, &nodes, "nodes");
            return Err(Failure::new(format!("no node {node}")).hint(hint));
        }
    }
    loop {
        let cluster = reading.cluster();
        let sites = find::chain(cluster, &args.name, &scope)
            .map_err(|missing| unknown(cluster, &args.name, missing))?;
        let Some((mut explained, wishes)) = chain::explain(cluster, &sites) else {
            return Err(Failure::new(format!("chain {} is gone", args.name)));
        };
        if wishes.is_empty() || !reading.supply(&wishes) {
            let cluster = reading.cluster();
            let sites = find::chain(cluster, &args.name, &scope).unwrap_or_default();
            let differs = findings(cluster, &explained, sites.first());
            explained
                .odd
                .extend(differs.into_iter().map(|finding| finding.title));
            return Ok(explained);
        }
    }
}

/// What differs between the Service that a chain belongs to and its rules.
fn findings(cluster: &Cluster, explained: &Explanation, site: Option<&Site<'_>>) -> Vec<Finding> {
    let (Some(of), Some(site)) = (&explained.service, site) else {
        return Vec::new();
    };
    let mut services = cluster.objects.services.iter();
    let service = services.find(|one| one.namespace == of.namespace && one.name == of.name);
    let port = service.and_then(|service| {
        let mut ports = service.ports.iter();
        ports.find(|port| Some(port.port) == of.port && Some(port.protocol.to_string()) == of.proto)
    });
    let host = cluster.host(cluster.node_name(site.netns));
    match (service, port, host) {
        (Some(service), Some(port), Some(host)) if host == site.netns => {
            check::service::on_node(cluster, host, service, port, site.ruleset.family).findings
        }
        _ => Vec::new(),
    }
}

fn unknown(cluster: &Cluster, typed: &str, missing: Missing) -> Failure {
    match missing {
        Missing::Several(names) => {
            let more = match names.len() {
                count @ 9.. => format!(" and {} more", count - 8),
                _ => String::new(),
            };
            let shown: Vec<&str> = names.iter().take(8).map(String::as_str).collect();
            Failure::new(format!("{} chains begin with {typed}", names.len()))
                .hint(format!("one of {}{more}", shown.join(", ")))
        }
        Missing::None(names) if names.is_empty() => {
            let failure = Failure::new(format!("no chain {typed}: no iptables rules were read"));
            match cluster.gaps.first() {
                Some(gap) => failure.hint(gap),
                None => failure,
            }
        }
        Missing::None(names) => {
            let near = endpoint::nearest(
                &typed.to_ascii_uppercase(),
                names.iter().map(String::as_str),
            );
            let failure = Failure::new(format!("no chain {typed}"));
            let near = if near.is_empty() {
                endpoint::nearest(&typed.to_ascii_uppercase(), beginnings(&names, typed.len()))
            } else {
                near
            };
            match near.as_slice() {
                [] => failure.hint(format!(
                    "there are {} chains, none with such a name",
                    names.len()
                )),
                near => failure.hint(format!("did you mean {}?", near.join(" or "))),
            }
        }
    }
}

/// What the names begin with, as far as was typed.
fn beginnings(names: &[String], length: usize) -> BTreeSet<&str> {
    names.iter().filter_map(|name| name.get(..length)).collect()
}
