//! The foot of the page: what had to be supposed, and what was not read.

use std::io;

use super::{Line, Options, Page, Role};
use crate::model::trace::{Assumption, Trace};

/// Writes the foot, if there is anything to say.
pub fn write(page: &mut Page<'_>, trace: &Trace, options: &Options) -> io::Result<()> {
    let mut supposed: Vec<&Assumption> = Vec::new();
    for (number, path) in trace.paths.iter().enumerate() {
        if options.branch.is_none_or(|branch| branch == number) {
            for assumption in &path.assumptions {
                if !supposed.contains(&assumption) {
                    supposed.push(assumption);
                }
            }
        }
    }
    if !supposed.is_empty() {
        page.blank()?;
        page.line(&Line::new().role(Role::Warn, "Supposed, as it cannot be known"))?;
    }
    for assumption in supposed {
        item(page, &Line::from(assumption.unknown.as_str()))?;
        under(page, "supposed", &assumption.supposed)?;
        for otherwise in &assumption.otherwise {
            under(page, "or else", otherwise)?;
        }
    }
    if !trace.not_seen.is_empty() {
        page.blank()?;
        page.line(&Line::new().role(Role::Warn, "Not seen, and may hide something"))?;
    }
    for what in &trace.not_seen {
        item(page, &Line::from(what.as_str()))?;
    }
    Ok(())
}

fn item(page: &mut Page<'_>, text: &Line) -> io::Result<()> {
    page.hanging(&Line::from("  - "), &Line::from("    "), text)
}

fn under(page: &mut Page<'_>, label: &str, text: &str) -> io::Result<()> {
    let first = Line::from("    ").role(Role::Dim, format!("{label:<10}"));
    page.hanging(&first, &Line::from("              "), &Line::from(text))
}
