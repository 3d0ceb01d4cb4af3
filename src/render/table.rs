//! Tables in aligned columns, as kubectl prints them.

use std::io::{self, Write};

use comfy_table::{ColumnConstraint, ContentArrangement, Table, Width, presets};

use super::Layout;
use super::sanitize::sanitize;
use super::style::Role;

/// Blanks between columns; where words would be broken otherwise, one less.
const PADDING: u16 = 2;
/// A column of broken words can still be read if it is so wide.
const READABLE: usize = 14;

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
    let unbroken: usize = least_widths(headings, rows, usize::MAX).iter().sum();
    let fits = |width| unbroken <= room(width, headings.len(), PADDING);
    let padding = match layout.width.is_none_or(fits) {
        true => PADDING,
        false => PADDING - 1,
    };
    if let Some(width) = layout.width {
        table.set_content_arrangement(ContentArrangement::Dynamic);
        // The padding at the right edge is trimmed away.
        let width = width + usize::from(padding);
        table.set_width(u16::try_from(width).unwrap_or(u16::MAX));
    }
    for row in rows {
        table.add_row(
            row.iter()
                .map(|cell| sanitize(cell, layout.unicode).into_owned()),
        );
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, padding));
    }
    if let Some(width) = layout.width {
        let least = least_widths(headings, rows, room(width, headings.len(), padding));
        for (column, least) in table.column_iter_mut().zip(least) {
            let padded = u16::try_from(least + usize::from(padding)).unwrap_or(u16::MAX);
            column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(padded)));
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

/// How wide each column has to be, so that no word of it (an address, a name) is broken. Where there is no room for that,
/// columns give way from the right, as the left ones name the row; and if that is not enough, the widest.
fn least_widths(headings: &[&str], rows: &[Vec<String>], room: usize) -> Vec<usize> {
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
    let mut lacking = least.iter().sum::<usize>().saturating_sub(room);
    for least in least.iter_mut().skip(1).rev() {
        let given = lacking.min(least.saturating_sub(READABLE));
        *least -= given;
        lacking -= given;
    }
    while lacking > 0 {
        let Some(widest) = least.iter_mut().max().filter(|widest| **widest > 1) else {
            break;
        };
        *widest -= 1;
        lacking -= 1;
    }
    least
}

/// Columns beside the gaps between them.
fn room(width: usize, columns: usize, gap: u16) -> usize {
    width.saturating_sub(usize::from(gap) * columns.saturating_sub(1))
}
