//! What the checks found, as text.

use std::io::{self, Write};

use super::{Layout, Line, Page, Role};
use crate::check::{Check, Verdict};
use crate::model::{Finding, Severity};

/// How much to show.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// What the screen can show.
    pub layout: Layout,
    /// Raw evidence, and what was not looked at.
    pub evidence: bool,
    /// Only findings.
    pub quiet: bool,
}

/// The word for a severity.
pub fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "info",
    }
}

/// Writes a report: a sentence, the findings, and what could not be looked at.
pub fn report(
    findings: &[Finding],
    verdicts: &[(&str, &Verdict, Vec<&str>)],
    options: &Options,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut page = Page::new(out, options.layout);
    let (line, role) = summary(findings, verdicts);
    page.hanging(&Line::new(), &Line::new(), &Line::new().role(role, line))?;
    super::findings::write_with_places(&mut page, findings, options.evidence)?;
    if options.quiet {
        return Ok(());
    }
    skipped(&mut page, verdicts, options.evidence)
}

fn summary(findings: &[Finding], verdicts: &[(&str, &Verdict, Vec<&str>)]) -> (String, Role) {
    let count = |severity| {
        let found = findings
            .iter()
            .filter(|finding| finding.severity == severity);
        let many = found.count();
        (many > 0).then(|| match (many, word(severity)) {
            (_, "info") => format!("{many} info"),
            (1, word) => format!("1 {word}"),
            (many, word) => format!("{many} {word}s"),
        })
    };
    let severities = [Severity::Error, Severity::Warning, Severity::Info];
    let counts: Vec<String> = severities.into_iter().filter_map(count).collect();
    let looked =
        |(_, verdict, _): &&(&str, &Verdict, Vec<&str>)| !matches!(verdict, Verdict::Skipped(_));
    let mut ids: Vec<&str> = verdicts.iter().filter(looked).map(|(id, ..)| *id).collect();
    ids.dedup();
    let mut nodes: Vec<&str> = verdicts
        .iter()
        .filter(looked)
        .flat_map(|(.., nodes)| nodes.iter().copied())
        .collect();
    nodes.sort_unstable();
    nodes.dedup();
    let nodes = match nodes.len() {
        1 => "1 node".to_owned(),
        many => format!("{many} nodes"),
    };
    let checks = match ids.len() {
        1 => format!("1 check on {nodes}"),
        many => format!("{many} checks on {nodes}"),
    };
    if ids.is_empty() {
        return ("Nothing could be checked.".to_owned(), Role::Warn);
    }
    match counts.is_empty() {
        true => (format!("Nothing found by {checks}."), Role::Good),
        false => (
            format!("{} found by {checks}.", counts.join(", ")),
            Role::Bad,
        ),
    }
}

/// Why something was not looked at, with how many checks that concerns.
fn skipped(
    page: &mut Page<'_>,
    verdicts: &[(&str, &Verdict, Vec<&str>)],
    all: bool,
) -> io::Result<()> {
    let mut reasons: Vec<(&str, String, Vec<&str>)> = Vec::new();
    for (id, verdict, nodes) in verdicts {
        let Verdict::Skipped(why) = verdict else {
            continue;
        };
        let nodes = nodes.join(", ");
        match reasons
            .iter_mut()
            .find(|(known, on, _)| *known == why && *on == nodes)
        {
            Some((.., ids)) => ids.push(id),
            None => reasons.push((why, nodes, vec![id])),
        }
    }
    if reasons.is_empty() {
        return Ok(());
    }
    page.blank()?;
    for (why, nodes, ids) in reasons {
        let what = match ids.as_slice() {
            [one] => (*one).to_owned(),
            many if all => many.join(", "),
            many => format!("{} checks", many.len()),
        };
        let on = if nodes.is_empty() {
            String::new()
        } else {
            format!(" ({nodes})")
        };
        let first = Line::new().role(Role::Dim, "skipped  ");
        page.hanging(
            &first,
            &Line::from("         "),
            &Line::from(format!("{what}: {why}{on}").as_str()),
        )?;
    }
    Ok(())
}

/// Writes what a check is for.
pub fn explain(check: &Check, layout: Layout, out: &mut dyn Write) -> io::Result<()> {
    let mut page = Page::new(out, layout);
    let title = Line::new().role(Role::Name, check.id).role(
        Role::Dim,
        format!("  {}, {}", word(check.severity), check.catalogue.join(", ")),
    );
    page.line(&title)?;
    page.blank()?;
    page.hanging(&Line::new(), &Line::new(), &Line::from(check.docs))
}

/// Writes why no check finds an entry of the catalogue.
pub fn explain_unseen(
    (entry, why): &(&'static str, &'static str),
    layout: Layout,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut page = Page::new(out, layout);
    let title = Line::new()
        .role(Role::Name, *entry)
        .role(Role::Dim, "  found by no check");
    page.line(&title)?;
    page.blank()?;
    page.hanging(&Line::new(), &Line::new(), &Line::from(*why))
}
