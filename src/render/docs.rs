//! The page of all checks, in Markdown: docs/checks.md is made by this.

use std::io::{self, Write};

use super::text::check::word;
use crate::check::{FAMILIES, UNSEEN};

/// Writes it.
pub fn checks(out: &mut dyn Write) -> io::Result<()> {
    let count = FAMILIES
        .iter()
        .flat_map(|family| family.checks.iter().copied().flatten())
        .count();
    writeln!(out, "# What `kubenet check` looks for\n")?;
    let intro = format!(
        "{count} checks, causes before what they cause. `kubenet check --explain ID` prints one of them. The letters and numbers are entries \
         of the catalogue of failures that kubenet was made from; the same ones are in `-o json`. This page is generated: `make generated`."
    );
    paragraph(out, &intro)?;
    for family in FAMILIES {
        let mut title = family.about.to_owned();
        title[..1].make_ascii_uppercase();
        writeln!(out, "\n## {title}")?;
        for check in family.checks.iter().copied().flatten() {
            let entries = check.catalogue.join(", ");
            writeln!(
                out,
                "\n### {}\n\n{}: {entries}\n",
                check.id,
                word(check.severity)
            )?;
            paragraph(out, check.docs)?;
        }
    }
    writeln!(out, "\n## What is not found\n")?;
    paragraph(
        out,
        "These entries of the catalogue are found by no check, as no state shows them, or not what is read of it, or as nothing is \
         wrong by itself:",
    )?;
    writeln!(out)?;
    for (entry, why) in UNSEEN {
        paragraph(out, &format!("- {entry}: {why}"))?;
    }
    Ok(())
}

/// Breaks a paragraph into lines of at most 120 characters; those of a list are indented.
fn paragraph(out: &mut dyn Write, text: &str) -> io::Result<()> {
    let indent = if text.starts_with("- ") { "  " } else { "" };
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() && line.len() + 1 + word.len() > 120 {
            writeln!(out, "{line}")?;
            line = format!("{indent}{word}");
        } else {
            if !line.trim().is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    writeln!(out, "{line}")
}
