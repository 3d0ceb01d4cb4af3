//! What was found to be wrong: the cause, what comes of it, where to see it, and the cure.

use std::io;

use super::{Line, Options, Page, Role};
use crate::model::{Finding, Severity};
use crate::render::shell;

/// Writes the findings, if there are any.
pub fn write(page: &mut Page<'_>, findings: &[Finding], options: &Options) -> io::Result<()> {
    each(page, findings, options.evidence, false)
}

/// Writes the findings, each with where it is.
pub fn write_with_places(
    page: &mut Page<'_>,
    findings: &[Finding],
    evidence: bool,
) -> io::Result<()> {
    each(page, findings, evidence, true)
}

fn each(page: &mut Page<'_>, findings: &[Finding], evidence: bool, places: bool) -> io::Result<()> {
    for (at, finding) in findings.iter().enumerate() {
        page.blank()?;
        let (word, role) = match finding.severity {
            Severity::Error => ("error  ", Role::Bad),
            Severity::Warning => ("warning", Role::Warn),
            Severity::Info => ("info   ", Role::Dim),
        };
        let title =
            Line::from(finding.title.as_str()).role(Role::Dim, format!(" [{}]", finding.id));
        let first = Line::new().role(role, word).text("  ");
        page.hanging(&first, &Line::from(INDENT), &title)?;
        under(page, "so", &finding.impact)?;
        if places && let Some(place) = place(finding) {
            under(page, "on", &place)?;
        }
        if evidence {
            for fact in &finding.evidence {
                under(page, "see", &fact.source)?;
                for raw in fact.raw.lines() {
                    let raw = Line::new().role(Role::Dim, raw);
                    page.hanging(&Line::from(INDENT), &Line::from(INDENT), &raw)?;
                }
            }
        } else {
            let sources: Vec<&str> = finding
                .evidence
                .iter()
                .map(|fact| fact.source.as_str())
                .collect();
            let (shown, others) = sources.split_at(sources.len().min(FEW));
            let more = match others.len() {
                0 => String::new(),
                count => format!(" and {count} more"),
            };
            if !shown.is_empty() {
                under(page, "see", &format!("{}{more}", shown.join(", ")))?;
            }
        }
        // One cure is told once.
        let next = findings.get(at + 1);
        if next.is_none_or(|next| next.fix != finding.fix) {
            let width = page.layout().width.unwrap_or(usize::MAX);
            let room = width.saturating_sub(INDENT.len());
            let commands = finding.fix.iter();
            let lines = commands.flat_map(|command| shell::lines(command, room));
            for (number, line) in lines.enumerate() {
                under(page, if number == 0 { "cure" } else { "" }, &line)?;
            }
        }
    }
    Ok(())
}

/// The node, and the namespace on it where that is not the node's own.
fn place(finding: &Finding) -> Option<String> {
    let node = finding.place.node.as_ref()?;
    Some(match finding.place.netns.as_deref() {
        None | Some("host") => node.clone(),
        Some(netns) => format!("{node} / {netns}"),
    })
}

/// So many sources are named where the facts themselves are not shown.
const FEW: usize = 3;
const INDENT: &str = "         ";

fn under(page: &mut Page<'_>, label: &str, text: &str) -> io::Result<()> {
    let first = Line::from("  ").role(Role::Dim, format!("{label:<7}"));
    page.hanging(&first, &Line::from(INDENT), &Line::from(text))
}
