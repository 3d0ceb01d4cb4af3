//! Tables in aligned columns, as kubectl prints them.

use std::io::{self, Write};

use comfy_table::{ContentArrangement, Table, presets};

use super::Layout;
use super::sanitize::sanitize;
use super::style::Role;

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
        column.set_padding((0, 2));
    }
    for (number, line) in table.lines().enumerate() {
        match number {
            0 => writeln!(out, "{}", Role::Name.style().style(line.trim_end()))?,
            _ => writeln!(out, "{}", line.trim_end())?,
        }
    }
    Ok(())
}
