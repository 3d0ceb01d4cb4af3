//! A trace as text: what happens in a sentence, then the way, line by line; what all branches share stands once.

mod branches;
pub mod check;
mod dns;
mod ends;
mod findings;
mod notes;
mod rows;
mod summary;
mod words;

use std::io::{self, Write};

use super::Layout;
use super::page::{Line, Page};
use super::style::Role;
use crate::model::trace::Trace;
use rows::{Margin, Row};
pub use words::share;

/// How much to show.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// What the screen can show.
    pub layout: Layout,
    /// Raw evidence and source for every step, and every step of the reply.
    pub evidence: bool,
    /// Every branch in full, however alike.
    pub all_branches: bool,
    /// Only this one, counted from 0.
    pub branch: Option<usize>,
}

/// Writes a trace.
pub fn trace(trace: &Trace, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    let mut page = Page::new(out, options.layout);
    if let Some(names) = &trace.dns {
        dns::write(&mut page, names, trace, options)?;
    }
    summary::write(&mut page, trace)?;
    findings::write(&mut page, &trace.findings, options)?;
    let chosen = options
        .branch
        .and_then(|number| Some((number, trace.paths.get(number)?)));
    match (chosen, trace.paths.as_slice()) {
        (Some((number, path)), _) => {
            page.blank()?;
            let title = format!("branch {} of {}, ", number + 1, trace.paths.len());
            page.line(
                &Line::new()
                    .role(Role::Dim, title)
                    .text(words::share(path.probability)),
            )?;
            write_rows(
                &mut page,
                &rows::of(trace, path, options),
                &Margin::page(),
                options,
            )?;
        }
        (None, _) => ways(&mut page, trace, options)?,
    }
    notes::write(&mut page, trace, options)
}

/// Every way that the packet may go.
fn ways(page: &mut Page<'_>, trace: &Trace, options: &Options) -> io::Result<()> {
    let [only] = trace.paths.as_slice() else {
        return branches::write(page, trace, options);
    };
    page.blank()?;
    write_rows(
        page,
        &rows::of(trace, only, options),
        &Margin::page(),
        options,
    )
}

fn write_rows(
    page: &mut Page<'_>,
    rows: &[Row<'_>],
    margin: &Margin,
    options: &Options,
) -> io::Result<()> {
    rows.iter()
        .try_for_each(|row| row.write(page, margin, options))
}
