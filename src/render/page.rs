//! Lines of styled text, laid out within the columns of the screen.

use std::io::{self, Write};

use super::Layout;
use super::sanitize::{sanitize, width};
use super::style::{Glyphs, Role};

/// Text in pieces, each with its role. Pieces may hold anything: they are sanitized when they are laid out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Line(Vec<(Option<Role>, String)>);

impl Line {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds plain text.
    pub fn text(mut self, text: impl Into<String>) -> Self {
        self.0.push((None, text.into()));
        self
    }

    /// Adds text with a role.
    pub fn role(mut self, role: Role, text: impl Into<String>) -> Self {
        self.0.push((Some(role), text.into()));
        self
    }

    /// Adds another line's pieces.
    pub fn append(mut self, other: &Self) -> Self {
        self.0.extend(other.0.iter().cloned());
        self
    }

    fn cells(&self, unicode: bool) -> Vec<Cell> {
        let mut cells = Vec::new();
        for (role, text) in &self.0 {
            cells.extend(
                sanitize(text, unicode)
                    .chars()
                    .map(|c| Cell { c, role: *role }),
            );
        }
        cells
    }
}

impl From<&str> for Line {
    fn from(text: &str) -> Self {
        Self::new().text(text)
    }
}

#[derive(Clone, Copy)]
struct Cell {
    c: char,
    role: Option<Role>,
}

fn columns(cells: &[Cell]) -> usize {
    cells.iter().map(|cell| width(cell.c)).sum()
}

/// Writes lines, none wider than the layout allows.
pub struct Page<'a> {
    out: &'a mut dyn Write,
    layout: Layout,
}

impl<'a> Page<'a> {
    /// A page on which nothing is written yet.
    pub fn new(out: &'a mut dyn Write, layout: Layout) -> Self {
        Self { out, layout }
    }

    /// What the screen can show.
    pub fn layout(&self) -> Layout {
        self.layout
    }

    /// The characters to draw with.
    pub fn glyphs(&self) -> Glyphs {
        Glyphs::for_screen(self.layout.unicode)
    }

    /// Whether a line fits the screen without going on in another.
    pub fn fits(&self, line: &Line) -> bool {
        self.layout
            .width
            .is_none_or(|width| columns(&line.cells(self.layout.unicode)) <= width)
    }

    /// An empty line.
    pub fn blank(&mut self) -> io::Result<()> {
        writeln!(self.out)
    }

    /// A line that continues under its own first column.
    pub fn line(&mut self, content: &Line) -> io::Result<()> {
        self.hanging(&Line::new(), &Line::new(), content)
    }

    /// `content` after `first`; where it does not fit it goes on in further lines, each after `rest`.
    pub fn hanging(&mut self, first: &Line, rest: &Line, content: &Line) -> io::Result<()> {
        let unicode = self.layout.unicode;
        let (first, rest) = (first.cells(unicode), rest.cells(unicode));
        let mut content: &[Cell] = &content.cells(unicode);
        let mut prefix = first;
        loop {
            let room = self
                .layout
                .width
                .map(|width| width.saturating_sub(columns(&prefix)).max(MIN_ROOM));
            let (now, later) = split(content, room);
            prefix.extend_from_slice(now);
            self.write(&prefix)?;
            if later.is_empty() {
                return Ok(());
            }
            content = later;
            prefix = rest.clone();
        }
    }

    /// `left` and `right` at the two edges of the screen, with a leader between; on two lines where both do not fit.
    pub fn edges(&mut self, left: &Line, rest: &Line, right: &Line) -> io::Result<()> {
        let unicode = self.layout.unicode;
        let taken = columns(&left.cells(unicode)) + columns(&right.cells(unicode)) + 2;
        let room = self
            .layout
            .width
            .unwrap_or(80)
            .checked_sub(taken)
            .filter(|room| *room >= 2);
        match room {
            Some(room) => {
                let leader = format!(" {} ", self.glyphs().leader.repeat(room));
                let whole = left.clone().role(Role::Dim, leader).append(right);
                let cells = whole.cells(unicode);
                self.write(&cells)
            }
            None => {
                self.hanging(&Line::new(), rest, left)?;
                self.hanging(rest, rest, right)
            }
        }
    }

    fn write(&mut self, cells: &[Cell]) -> io::Result<()> {
        let end = cells
            .iter()
            .rposition(|cell| cell.c != ' ')
            .map_or(0, |last| last + 1);
        for run in cells[..end].chunk_by(|a, b| a.role == b.role) {
            let text: String = run.iter().map(|cell| cell.c).collect();
            match run.first().and_then(|cell| cell.role) {
                Some(role) => write!(self.out, "{}", role.style().style(text))?,
                None => self.out.write_all(text.as_bytes())?,
            }
        }
        writeln!(self.out)
    }
}

/// A prefix never leaves less than this, so that every line gets on.
const MIN_ROOM: usize = 8;

/// What fits into the room, broken at a space where there is one, and the rest.
fn split(cells: &[Cell], room: Option<usize>) -> (&[Cell], &[Cell]) {
    let Some(room) = room else {
        return (cells, &[]);
    };
    let mut taken = 0;
    let mut last_space = None;
    for (at, cell) in cells.iter().enumerate() {
        taken += width(cell.c);
        if taken > room && cell.c != ' ' {
            let end = last_space.unwrap_or(at.max(1));
            let (now, later) = cells.split_at(end);
            let skip = later
                .iter()
                .position(|cell| cell.c != ' ')
                .unwrap_or(later.len());
            return (now, &later[skip..]);
        }
        // A break before the first word would gain nothing.
        let good = cells[..at].iter().any(|cell| cell.c != ' ') && !is_within_name(cells, at);
        if cell.c == ' ' && good && taken <= room + 1 {
            last_space = Some(at);
        }
    }
    (cells, &[])
}

/// Whether the space there is that of `rule 12`.
fn is_within_name(cells: &[Cell], at: usize) -> bool {
    let word = cells[..at].iter().rev().map(|cell| cell.c).take(5);
    let after = cells
        .get(at + 1)
        .is_some_and(|cell| cell.c.is_ascii_digit());
    after && word.eq("elur ".chars())
}
