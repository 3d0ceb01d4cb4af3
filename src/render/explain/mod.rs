//! Explanations as text: of a chain, and of everything else.

mod article;
mod chain;

use std::io;

use super::Layout;
use super::page::{Line, Page};
use super::style::Role;
pub use article::article;
pub use chain::chain;

/// How much to show.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// What the screen can show.
    pub layout: Layout,
    /// Every line, and the facts they rest on.
    pub evidence: bool,
}

/// Of long lists so many lines are shown, unless all evidence is.
const MOST: usize = 24;

/// Below the text of a rule.
const UNDER: &str = "      ";

/// A namespace as people call it: a node's own by the node alone.
fn place(node: &str, netns: &str) -> String {
    match netns {
        "host" => node.to_owned(),
        netns => format!("{node} / {netns}"),
    }
}

fn title(page: &mut Page<'_>, text: &str) -> io::Result<()> {
    page.blank()?;
    page.line(&Line::new().role(Role::Name, text))
}

fn item(page: &mut Page<'_>, content: &Line) -> io::Result<()> {
    page.hanging(&Line::from("  "), &Line::from("    "), content)
}

fn raw(page: &mut Page<'_>, line: &str) -> io::Result<()> {
    let line = Line::new().role(Role::Dim, line);
    page.hanging(&Line::from(UNDER), &Line::from("        "), &line)
}

fn list(page: &mut Page<'_>, heading: &str, lines: &[String]) -> io::Result<()> {
    if lines.is_empty() {
        return Ok(());
    }
    page.blank()?;
    page.line(&Line::new().role(Role::Warn, heading))?;
    lines.iter().try_for_each(|line| {
        page.hanging(
            &Line::from("  - "),
            &Line::from("    "),
            &Line::from(line.as_str()),
        )
    })
}

fn shown(count: usize, options: &Options) -> usize {
    if options.evidence {
        count
    } else {
        count.min(MOST)
    }
}

fn more(page: &mut Page<'_>, left: usize) -> io::Result<()> {
    if left == 0 {
        return Ok(());
    }
    page.line(&Line::new().role(Role::Dim, format!("  and {left} more (-v shows all)")))
}

/// Where else there is one of that name.
fn elsewhere(page: &mut Page<'_>, places: &str) -> io::Result<()> {
    page.blank()?;
    let label = Line::new().role(Role::Dim, "also in ");
    page.hanging(&label, &Line::from("        "), &Line::from(places))
}
