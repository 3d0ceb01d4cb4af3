//! `kubenet check`: what is wrong, or will be, with evidence and the commands that mend it.

use clap::{Args, ValueEnum};
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate};

use super::reading::Reading;
use super::{Failure, Global, Outcome, Output, output};
use crate::check::{self, Report, Verdict};
use crate::model::Severity;
use crate::render::docs;
use crate::render::text::check as text;
use crate::show::{Cell, Column};

/// Arguments of `check`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kubenet --demo check                      the built-in cluster: nothing
  kubenet --demo=broken check               the same with something broken
  sudo kubenet check                        this node, live
  kubenet --bundle dump.tar.zst check --on node1 --severity error
  kubenet check --list                      every id
  kubenet check --explain vxlan-fdb-missing

Exit status: 0 nothing of severity error was found, 1 something was, 2 wrong usage
or unreadable input.")]
pub struct CheckArgs {
    /// Only these checks (ids, as --list has them)
    #[arg(value_name = "ID", add = ArgValueCompleter::new(ids))]
    pub ids: Vec<String>,
    /// Only what is found on this node (repeat for more)
    #[arg(long = "on", value_name = "NODE")]
    pub nodes: Vec<String>,
    /// Only what is as bad as this or worse: error, warning or info
    #[arg(
        long,
        value_enum,
        value_name = "SEVERITY",
        default_value_t,
        hide_possible_values = true
    )]
    pub severity: Least,
    /// List the checks
    #[arg(long, conflicts_with = "explain")]
    pub list: bool,
    /// Say what one check finds, why that happens, and how to mend it
    #[arg(long, value_name = "ID", add = ArgValueCompleter::new(ids))]
    pub explain: Option<String>,
    /// Write the page of all checks in Markdown
    #[arg(long, hide = true)]
    pub markdown: bool,
}

/// The least severity that is shown.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Least {
    /// Something does not work.
    Error,
    /// Something will stop to work, or works differently.
    Warning,
    /// Everything.
    #[default]
    Info,
}

impl From<Least> for Severity {
    fn from(least: Least) -> Self {
        match least {
            Least::Error => Self::Error,
            Least::Warning => Self::Warning,
            Least::Info => Self::Info,
        }
    }
}

/// The ids that begin as what is typed.
fn ids(typed: &std::ffi::OsStr) -> Vec<CompletionCandidate> {
    let typed = typed.to_string_lossy();
    check::all()
        .filter(|check| check.id.starts_with(&*typed))
        .map(|check| CompletionCandidate::new(check.id))
        .collect()
}

/// Checks and prints.
pub fn run(args: &CheckArgs, global: &Global) -> Result<Outcome, Failure> {
    if args.markdown {
        output::result(global, |out| docs::checks(out))?;
        return Ok(Outcome::Fine);
    }
    if let Some(id) = &args.explain {
        return explain(id, global);
    }
    for id in &args.ids {
        known(id)?;
    }
    if args.list {
        return list(args, global);
    }
    let mut reading = Reading::open(global)?;
    let names: Vec<String> = reading
        .cluster()
        .nodes
        .iter()
        .map(|node| node.name.clone())
        .collect();
    let objects = &reading.cluster().objects.nodes;
    let names: Vec<String> = names
        .into_iter()
        .chain(objects.iter().map(|node| node.name.clone()))
        .collect();
    if let Some(unknown) = args.nodes.iter().find(|node| !names.contains(node)) {
        return Err(
            Failure::new(format!("there is no node {unknown:?}")).hint("kubenet nodes lists them")
        );
    }
    let mut report = reading.check();
    keep(args, &mut report);
    let broken = report
        .findings
        .iter()
        .any(|finding| finding.severity == Severity::Error);
    let options = text::Options {
        layout: output::layout(global),
        evidence: global.verbose || global.output == Output::Wide,
        quiet: global.quiet,
    };
    let asked = |id: &str| args.ids.is_empty() || args.ids.iter().any(|one| one == id);
    let verdicts = report
        .verdicts()
        .into_iter()
        .filter(|(id, ..)| asked(id))
        .collect::<Vec<_>>();
    output::answer(global, &document(&report, &verdicts), |out| {
        text::report(&report.findings, &verdicts, &options, out)
    })?;
    Ok(if broken {
        Outcome::Broken
    } else {
        Outcome::Fine
    })
}

/// Leaves out what was not asked for.
fn keep(args: &CheckArgs, report: &mut Report) {
    let least = Severity::from(args.severity);
    report.findings.retain(|finding| {
        let on = finding.place.node.as_ref();
        finding.severity <= least
            && (args.ids.is_empty() || args.ids.contains(&finding.id))
            && (args.nodes.is_empty() || on.is_some_and(|node| args.nodes.contains(node)))
    });
}

fn document(report: &Report, verdicts: &[(&str, &Verdict, Vec<&str>)]) -> serde_json::Value {
    let checked = verdicts.iter().map(|(id, verdict, nodes)| {
        let (result, why) = match verdict {
            Verdict::Found => ("found", None),
            Verdict::Fine => ("ok", None),
            Verdict::Skipped(why) => ("skipped", Some(why)),
        };
        serde_json::json!({"id": id, "nodes": nodes, "result": result, "why": why})
    });
    serde_json::json!({
        "schema": "kubenet.check/v1",
        "findings": report.findings,
        "checked": checked.collect::<Vec<_>>(),
    })
}

fn known(id: &str) -> Result<&'static check::Check, Failure> {
    let of_catalogue = |check: &&check::Check| check.catalogue.contains(&id);
    check::by_id(id)
        .or_else(|| check::all().find(of_catalogue))
        .ok_or_else(|| {
            let names: Vec<String> = check::all().map(|check| check.id.to_owned()).collect();
            Failure::new(format!("there is no check {id:?}")).hint(super::endpoint::hint(
                id,
                &names,
                "check --list",
            ))
        })
}

fn list(args: &CheckArgs, global: &Global) -> Result<Outcome, Failure> {
    let least = Severity::from(args.severity);
    let shown: Vec<_> = check::all()
        .filter(|check| args.ids.is_empty() || args.ids.iter().any(|id| id == check.id))
        .filter(|check| check.severity <= least)
        .collect();
    let row = |check: &&check::Check| -> Vec<Cell> {
        vec![
            check.id.into(),
            text::word(check.severity).into(),
            check.catalogue.join(",").into(),
            check.docs.into(),
        ]
    };
    let rows: Vec<Vec<Cell>> = shown.iter().map(row).collect();
    let document = serde_json::json!({
        "schema": "kubenet.checks/v1",
        "checks": shown.iter().map(|check| described(check)).collect::<Vec<_>>(),
        "unseen": check::UNSEEN
            .iter()
            .map(|(entry, why)| serde_json::json!({"entry": entry, "why": why}))
            .collect::<Vec<_>>(),
    });
    let columns = [
        Column::new("id"),
        Column::new("severity"),
        Column::new("catalogue"),
        Column::wide("docs"),
    ];
    output::list(global, &columns, &rows, &document)?;
    let unseen = format!(
        "{} entries of the catalogue are found by none: `kubenet check --explain {}` says why one is not",
        check::UNSEEN.len(),
        check::UNSEEN.first().map_or("ENTRY", |(entry, _)| entry),
    );
    output::note(global, &unseen);
    Ok(Outcome::Fine)
}

fn described(check: &check::Check) -> serde_json::Value {
    serde_json::json!({
        "id": check.id,
        "severity": check.severity,
        "catalogue": check.catalogue,
        "docs": check.docs,
    })
}

fn explain(id: &str, global: &Global) -> Result<Outcome, Failure> {
    let mut unseen = check::UNSEEN.iter();
    if let Some(found) = unseen.find(|(entry, _)| entry.eq_ignore_ascii_case(id)) {
        let document = serde_json::json!({"entry": found.0, "why": found.1});
        output::answer(global, &document, |out| {
            text::explain_unseen(found, output::layout(global), out)
        })?;
        return Ok(Outcome::Fine);
    }
    let check = known(id)?;
    output::answer(global, &described(check), |out| {
        text::explain(check, output::layout(global), out)
    })?;
    Ok(Outcome::Fine)
}
