//! The foot of the page: what was found besides, what had to be supposed, and what was not read.

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
        if assumption.otherwise.is_empty() {
            under(page, "or else", "it ends the same, by other steps")?;
        }
    }
    let proxy = trace.kube_proxy.as_ref();
    if let Some(proxy) = proxy.filter(|proxy| !proxy.remains.is_empty()) {
        page.blank()?;
        let head = format!("Left by another mode of kube-proxy on {}", proxy.node);
        page.line(&Line::new().role(Role::Warn, head))?;
        for what in &proxy.remains {
            item(page, &Line::from(what.as_str()))?;
        }
    }
    if !trace.not_seen.is_empty() {
        page.blank()?;
        page.line(&Line::new().role(Role::Warn, "Not seen, and may hide something"))?;
    }
    for (what, places) in by_kind(&trace.not_seen) {
        let shown = if options.evidence {
            places.len()
        } else {
            places.len().min(FEW)
        };
        let (shown, others) = places.split_at(shown);
        let more = match others.len() {
            0 => String::new(),
            count => format!(" and {count} more"),
        };
        item(
            page,
            &Line::from(format!("{}{more}{what}", shown.join(", ")).as_str()),
        )?;
    }
    Ok(())
}

/// So many places are named of those where the same was not seen.
const FEW: usize = 4;

/// What was not seen (`: not captured`), each with the places (`node2`) that it was not seen at.
fn by_kind(not_seen: &[String]) -> Vec<(&str, Vec<&str>)> {
    let mut kinds: Vec<(&str, Vec<&str>)> = Vec::new();
    for line in not_seen {
        let (place, what) = line.split_at(line.find(": ").unwrap_or(line.len()));
        match kinds
            .iter_mut()
            .find(|(known, _)| *known == what && !what.is_empty())
        {
            Some((_, places)) => places.push(place),
            None => kinds.push((what, vec![place])),
        }
    }
    kinds
}

fn item(page: &mut Page<'_>, text: &Line) -> io::Result<()> {
    page.hanging(&Line::from("  - "), &Line::from("    "), text)
}

fn under(page: &mut Page<'_>, label: &str, text: &str) -> io::Result<()> {
    let first = Line::from("    ").role(Role::Dim, format!("{label:<9} "));
    page.hanging(&first, &Line::from("              "), &Line::from(text))
}
