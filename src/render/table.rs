//! Tables in aligned columns, as kubectl prints them.

use std::io::{self, Write};

use comfy_table::{ColumnConstraint, ContentArrangement, Table, Width, presets};

use super::Layout;
use super::sanitize::sanitize;
use super::style::Role;

/// Blanks between columns.
const PADDING: u16 = 2;

/// Writes a table. Cells that do not fit the screen go on in further lines of their own column.
pub fn table(
    headings: &[&str],
    rows: &[Vec<String>],
    layout: Layout,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(headings);
    if let Some(width) = layout.width {
        table.set_content_arrangement(ContentArrangement::Dynamic);
        // The padding at the right edge is trimmed away.
        table.set_width(u16::try_from(width + 2).unwrap_or(u16::MAX));
    }
    for row in rows {
        table.add_row(
            row.iter()
                .map(|cell| sanitize(cell, layout.unicode).into_owned()),
        );
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, PADDING));
    }
    if let Some(width) = layout.width {
        let least = least_widths(headings, rows, width);
        for (column, least) in table.column_iter_mut().zip(least) {
            column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(least)));
        }
    }
    for (number, line) in table.lines().enumerate() {
        match number {
            0 => writeln!(out, "{}", Role::Name.style().style(line.trim_end()))?,
            _ => writeln!(out, "{}", line.trim_end())?,
        }
    }
    Ok(())
}

/// How wide each column has to be, padding included, so that no word of it (an address, a name) is broken; where there is
/// no room for that, the widest ones give way.
fn least_widths(headings: &[&str], rows: &[Vec<String>], width: usize) -> Vec<u16> {
    let longest = |text: &str| {
        let words = text.split_whitespace().map(|word| word.chars().count());
        words.max().unwrap_or(0)
    };
    let mut least: Vec<usize> = headings.iter().map(|heading| longest(heading)).collect();
    for row in rows {
        for (least, cell) in least.iter_mut().zip(row) {
            *least = longest(cell).max(*least);
        }
    }
    let room = width.saturating_sub(usize::from(PADDING) * least.len().saturating_sub(1));
    while least.iter().sum::<usize>() > room {
        let Some(widest) = least.iter_mut().max().filter(|widest| **widest > 1) else {
            break;
        };
        *widest -= 1;
    }
    let padded = least.into_iter().map(|least| least + usize::from(PADDING));
    padded
        .map(|least| u16::try_from(least).unwrap_or(u16::MAX))
        .collect()
}
