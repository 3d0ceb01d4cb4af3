//! `kubenet explain chain`: whose a chain is, who comes to it, what its rules do.

use std::collections::BTreeSet;

use clap::Args;
use clap_complete::engine::ArgValueCompleter;

use super::super::reading::Reading;
use super::super::{Failure, Global, Outcome, candidates, endpoint, output};
use super::known_node;
use crate::check;
use crate::explain::chain::{self, Explanation};
use crate::explain::find::{self, Home, Missing, Scope, Site};
use crate::model::iptables::Ruleset;
use crate::model::{Cluster, Family, Finding};
use crate::render::explain;

/// Arguments of `explain chain`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kubenet --demo explain chain KUBE-SVC-W67AXLFK7VEUVN6G
  kubenet --demo explain chain kube-svc-w67 --on node1
  kubenet --bundle dump.tar.zst explain chain KUBE-SERVICES --table filter -v
  kubenet --bundle dump.tar.zst explain chain services --table kube-proxy
  sudo kubenet explain chain FORWARD -o json

Exit status: 0 it is explained, 2 there is no such chain, wrong usage or
unreadable input.")]
pub struct ChainArgs {
    /// The chain's name, in any case; as much of it as tells it from others
    #[arg(value_name = "NAME", add = ArgValueCompleter::new(candidates::chains))]
    pub name: String,
    /// The node whose chain it is [default: the first that has it]
    #[arg(long, value_name = "NODE", add = ArgValueCompleter::new(candidates::nodes))]
    pub on: Option<String>,
    /// The table: nat, filter, mangle, raw, security, or a native one by its name [default: the first of these]
    #[arg(long, value_name = "TABLE")]
    pub table: Option<String>,
    /// Only chains that see IPv4
    #[arg(long, conflicts_with = "ipv6")]
    pub ipv4: bool,
    /// Only chains that see IPv6
    #[arg(long)]
    pub ipv6: bool,
}

/// Explains and prints.
pub fn run(args: &ChainArgs, global: &Global) -> Result<Outcome, Failure> {
    let mut reading = Reading::open(global)?;
    reading.read_hosts();
    let explained = explain_chain(args, &mut reading)?;
    let options = super::options(global);
    output::answer(global, &explained, |out| {
        explain::chain(&explained, &options, out)
    })?;
    Ok(Outcome::Fine)
}

/// Explains a chain, with all chains read that have to be.
fn explain_chain(args: &ChainArgs, reading: &mut Reading) -> Result<Explanation, Failure> {
    let scope = Scope {
        node: args.on.clone(),
        table: args.table.clone(),
        family: match (args.ipv4, args.ipv6) {
            (true, _) => Some(Family::V4),
            (_, true) => Some(Family::V6),
            _ => None,
        },
    };
    known_node(reading.cluster(), args.on.as_deref())?;
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
    let Some((of, site, ruleset)) = explained
        .service
        .as_ref()
        .zip(site)
        .and_then(|(of, site)| Some((of, site, ruleset_of(site)?)))
    else {
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
            check::service::on_node(cluster, host, service, port, ruleset.family).findings
        }
        _ => Vec::new(),
    }
}

fn ruleset_of<'c>(site: &Site<'c>) -> Option<&'c Ruleset> {
    match site.home {
        Home::Iptables(ruleset, _) => Some(ruleset),
        Home::Native(_) => None,
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
            let failure = Failure::new(format!("no chain {typed}: no rules were read"));
            match cluster.gaps.first() {
                Some(gap) => failure.hint(gap),
                None => failure,
            }
        }
        Missing::None(names) => {
            let near = near(typed, &names);
            let failure = Failure::new(format!("no chain {typed}"));
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

/// The names that may have been meant: whole ones, else what names begin with, as far as was typed. Most are in capital
/// letters, and typed in small ones.
fn near<'a>(typed: &str, names: &'a [String]) -> Vec<&'a str> {
    let spellings = [typed.to_ascii_uppercase(), typed.to_owned()];
    let whole = || names.iter().map(String::as_str);
    let beginnings: BTreeSet<&str> = names
        .iter()
        .filter_map(|name| name.get(..typed.len()))
        .collect();
    let near = |spelling: &String| endpoint::nearest(spelling, whole());
    let beginning = |spelling: &String| endpoint::nearest(spelling, beginnings.iter().copied());
    let found = spellings.iter().map(near).find(|near| !near.is_empty());
    found
        .or_else(|| {
            spellings
                .iter()
                .map(beginning)
                .find(|near| !near.is_empty())
        })
        .unwrap_or_default()
}
