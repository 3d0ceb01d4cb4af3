//! Everything but chains: sentences on what it is, then sections of lines.

use std::io::{self, Write};

use super::{Options, elsewhere, list, more, place, shown, title};
use crate::explain::article::{Article, Item};
use crate::render::page::{Line, Page};
use crate::render::shell;
use crate::render::style::Role;

/// Labels stand in a column of their own, which is no wider than this.
const WIDEST_LABEL: usize = 30;

/// Writes an article.
pub fn article(article: &Article, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    let mut page = Page::new(out, options.layout);
    let at = match (&article.node, &article.netns) {
        (Some(node), Some(netns)) => format!("  {} of {}", article.thing, place(node, netns)),
        (Some(node), None) => format!("  {} of {node}", article.thing),
        _ => format!("  {}", article.thing),
    };
    page.line(&Line::new().role(Role::Name, article.name.as_str()).text(at))?;
    for sentence in &article.summary {
        page.line(&Line::from(sentence.as_str()))?;
    }
    for section in &article.sections {
        title(&mut page, &section.title)?;
        let shown = shown(section.items.len(), options);
        let items = &section.items[..shown];
        let labels = items.iter().filter_map(|item| item.label.as_ref());
        let width = labels.map(|label| label.chars().count()).max();
        let width = width.map(|width| width.min(WIDEST_LABEL));
        for item in items {
            write(&mut page, item, width, options)?;
        }
        more(&mut page, section.items.len() - shown)?;
    }
    list(&mut page, "Odd", &article.odd)?;
    list(
        &mut page,
        "Not seen, and may hide something",
        &article.not_seen,
    )?;
    match article.also.is_empty() {
        true => Ok(()),
        false => elsewhere(&mut page, &article.also.join(", ")),
    }
}

fn write(
    page: &mut Page<'_>,
    item: &Item,
    width: Option<usize>,
    options: &Options,
) -> io::Result<()> {
    let first = Line::from("  ");
    let (first, indent) = match width {
        None => (first, 4),
        Some(width) => {
            let label = item.label.as_deref().unwrap_or_default();
            let padded = format!("{label:<width$}  ");
            (first.role(Role::Dim, padded), width + 4)
        }
    };
    let under = Line::from(" ".repeat(indent).as_str());
    if item.command {
        let width = page.layout().width.unwrap_or(usize::MAX);
        return shell::lines(&item.text, width.saturating_sub(2))
            .iter()
            .try_for_each(|line| page.hanging(&first, &under, &Line::from(line.as_str())));
    }
    page.hanging(&first, &under, &Line::from(item.text.as_str()))?;
    if let Some(why) = &item.why {
        page.hanging(
            &under,
            &under,
            &Line::new().role(Role::Dim, format!("({why})")),
        )?;
    }
    let Some(evidence) = item.evidence.as_ref().filter(|_| options.evidence) else {
        return Ok(());
    };
    let deeper = under.clone().text("  ");
    let source = Line::new().role(Role::Dim, format!("[{}]", evidence.source));
    page.hanging(&under, &deeper, &source)?;
    evidence
        .raw
        .lines()
        .try_for_each(|line| page.hanging(&under, &deeper, &Line::new().role(Role::Dim, line)))
}
