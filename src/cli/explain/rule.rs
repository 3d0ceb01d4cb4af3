//! `kubenet explain rule`, `mark` and `drop`: rules, and what they do to packets.

use clap::Args;
use clap_complete::engine::ArgValueCompleter;

use super::known_node;
use crate::cli::endpoint::{self, Question};
use crate::cli::reading::Reading;
use crate::cli::{Failure, answer, candidates};
use crate::explain::article::Article;
use crate::explain::find::{self, Home, Missing, Scope, Site};
use crate::explain::{mark, nft_line, rule, stop, sweep};
use crate::model::iptables::Wish;
use crate::model::{Cluster, Family, Protocol};

/// Arguments of `explain rule`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kubenet --demo explain rule nat KUBE-SERVICES 4
  kubenet --demo explain rule 'ip kube-proxy' services 2
  kubenet explain rule '-A FORWARD -i cni0 -m conntrack --ctstate INVALID -j DROP'
  kubenet explain rule 'add rule ip fw forward iifname cni0 ct state invalid drop'
  sudo kubenet explain rule filter FORWARD 1 --on node1 -v")]
pub struct RuleArgs {
    /// The rule's table; or the rule itself as iptables-save or nft prints it, between quotes
    #[arg(value_name = "TABLE|RULE", allow_hyphen_values = true)]
    pub rule: String,
    /// Its chain
    #[arg(value_name = "CHAIN", requires = "number", add = ArgValueCompleter::new(candidates::chains))]
    pub chain: Option<String>,
    /// Its number in the chain, from 1
    #[arg(value_name = "NUMBER")]
    pub number: Option<u32>,
    /// The node whose rule it is [default: the first that has it]
    #[arg(long, value_name = "NODE", add = ArgValueCompleter::new(candidates::nodes))]
    pub on: Option<String>,
    /// Of ip6tables, or of a table that sees IPv6
    #[arg(long)]
    pub ipv6: bool,
}

/// Arguments of `explain mark`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kubenet --demo explain mark 0x4000
  sudo kubenet explain mark 16384 -v")]
pub struct MarkArgs {
    /// The mark, decimal or 0x...
    #[arg(value_name = "VALUE", value_parser = crate::cli::trace::mark)]
    pub mark: u32,
}

/// Arguments of `explain drop`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kubenet --bundle dump.tar.zst explain drop client-m nginx-test
  sudo kubenet explain drop 10.42.0.65 10.43.6.58:80
FROM and TO are those of `kubenet trace`, which shows the whole way.")]
pub struct DropArgs {
    /// Who sends, as with `kubenet trace`
    #[arg(value_name = "FROM", add = ArgValueCompleter::new(candidates::senders))]
    pub from: String,
    /// To whom, as with `kubenet trace`
    #[arg(value_name = "TO", add = ArgValueCompleter::new(candidates::receivers))]
    pub to: String,
    /// tcp, udp, sctp, icmp or a number [default: the Service port's, else tcp]
    #[arg(long, value_name = "PROTO")]
    pub proto: Option<Protocol>,
}

/// Explains a rule.
pub fn rule(args: &RuleArgs, reading: &mut Reading) -> Result<Article, Failure> {
    known_node(reading.cluster(), args.on.as_deref())?;
    reading.read_hosts();
    let family = if args.ipv6 { Family::V6 } else { Family::V4 };
    match (&args.chain, args.number) {
        (Some(chain), Some(number)) => numbered(args, (&args.rule, chain, number), family, reading),
        _ => typed(args, &args.rule, family, reading),
    }
}

fn scope(args: &RuleArgs, family: Family, table: Option<&str>) -> Scope {
    Scope {
        node: args.on.clone(),
        table: table.map(str::to_owned),
        family: Some(family),
    }
}

fn numbered(
    args: &RuleArgs,
    (table, chain, number): (&str, &str, u32),
    family: Family,
    reading: &mut Reading,
) -> Result<Article, Failure> {
    let scope = scope(args, family, Some(table));
    let missing = |missing: Missing| {
        let failure = Failure::new(format!("no chain {chain} in table {table}"));
        match missing {
            Missing::Several(names) => failure.hint(format!(
                "{} chains begin so: give the whole name",
                names.len()
            )),
            Missing::None(names) => {
                let near = endpoint::nearest(chain, names.iter().map(String::as_str));
                match near.as_slice() {
                    [] => failure.hint(
                        "the tables are raw, mangle, nat, filter, security, or native ones by name",
                    ),
                    near => failure.hint(format!("did you mean {}?", near.join(" or "))),
                }
            }
        }
    };
    let sites = find::chain(reading.cluster(), chain, &scope).map_err(missing)?;
    let wishes = sites.first().and_then(wish).into_iter().collect();
    reading.supply(&wishes);
    let cluster = reading.cluster();
    let sites = find::chain(cluster, chain, &scope).map_err(missing)?;
    let found = sites
        .iter()
        .find_map(|site| rule::numbered(cluster, site, number));
    found.ok_or_else(|| {
        let count = sites.first().map_or(0, count);
        Failure::new(format!(
            "chain {chain} of table {table} has no rule {number}"
        ))
        .hint(format!("it has {count}"))
    })
}

/// The rules of that chain, to be read where they were not.
fn wish(site: &Site<'_>) -> Option<Wish> {
    let Home::Iptables(ruleset, table) = site.home else {
        return None;
    };
    let chain = ruleset.table(table)?.chain(site.chain)?;
    (!chain.is_read()).then(|| Wish {
        netns: site.netns,
        family: ruleset.family,
        table,
        chain: site.chain.to_owned(),
    })
}

fn count(site: &Site<'_>) -> usize {
    match site.home {
        Home::Iptables(ruleset, table) => ruleset
            .table(table)
            .and_then(|table| table.chain(site.chain))
            .map_or(0, |chain| chain.len()),
        Home::Native(table) => table.chain(site.chain).map_or(0, |chain| chain.rules.len()),
    }
}

/// A rule as somebody typed it: the one that is there, if it is there.
fn typed(
    args: &RuleArgs,
    line: &str,
    family: Family,
    reading: &mut Reading,
) -> Result<Article, Failure> {
    let scope = scope(args, family, None);
    let mut words = line.split_whitespace().skip_while(|word| *word != "-A");
    if let Some(chain) = words.nth(1) {
        let cluster = reading.cluster();
        let all = find::sites(cluster, &scope).into_iter();
        let wishes = all
            .filter(|site| site.chain == chain)
            .filter_map(|site| wish(&site))
            .collect();
        reading.supply(&wishes);
    }
    if !["-A ", "-I "].iter().any(|verb| line.contains(verb)) {
        return typed_native(
            line,
            family,
            &find::sites(reading.cluster(), &scope),
            reading.cluster(),
        );
    }
    let cluster = reading.cluster();
    let begin = line.find("-A ").unwrap_or(0);
    if let Some(article) = there(cluster, &scope, line.get(begin..).unwrap_or(line)) {
        return Ok(article);
    }
    rule::alone(line, family).map_err(|why| {
        Failure::new(why)
            .hint("give TABLE CHAIN NUMBER, or a line as iptables-save prints it: -A CHAIN ...")
    })
}

/// A rule of nft as somebody typed it.
fn typed_native(
    line: &str,
    family: Family,
    sites: &[Site<'_>],
    cluster: &Cluster,
) -> Result<Article, Failure> {
    let forms = "give TABLE CHAIN NUMBER, a line as iptables-save prints it (-A CHAIN ...), or a rule as nft prints it";
    let typed = nft_line::read(line, family).map_err(|why| Failure::new(why).hint(forms))?;
    let there = rule::with_statements(sites, &typed);
    let found = match there {
        Some((site, number)) => rule::numbered(cluster, &site, number),
        None => rule::alone_native(sites, &typed),
    };
    found.ok_or_else(|| Failure::new(format!("{line:?} holds no rule")).hint(forms))
}

fn there(cluster: &Cluster, scope: &Scope, line: &str) -> Option<Article> {
    let sites = find::sites(cluster, scope);
    let (site, number) = rule::with_line(&sites, line)?;
    rule::numbered(cluster, &site, number)
}

/// Explains a mark.
pub fn mark(args: &MarkArgs, reading: &mut Reading) -> Result<Article, Failure> {
    reading.read_hosts();
    reading.read_lists(&sweep::LISTS);
    Ok(mark::explain(reading.cluster(), args.mark))
}

/// Explains where a packet stops.
pub fn drop(args: &DropArgs, namespace: &str, reading: &mut Reading) -> Result<Article, Failure> {
    let mut question = Question::new(endpoint::parse(&args.from)?, endpoint::parse(&args.to)?);
    namespace.clone_into(&mut question.namespace);
    question.protocol = args.proto;
    let trace = answer::answer(&question, None, reading)?;
    Ok(stop::explain(&trace))
}
