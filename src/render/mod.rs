//! Traces and tables as text for people, JSON and YAML for programs: pure functions from data to a [`std::io::Write`].
//!
//! Text is styled always; the edge of the program strips the styles where they are not wanted.

pub mod docs;
pub mod explain;
pub mod json;
pub mod page;
pub mod sanitize;
pub mod shell;
pub mod style;
pub mod table;
pub mod text;
pub mod yaml;

/// What the reader's screen can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    /// Columns that no line may pass; `None` leaves lines whole.
    pub width: Option<usize>,
    /// Whether characters beyond ASCII may be used.
    pub unicode: bool,
}

impl Layout {
    /// 80 columns of ASCII: what every screen and every file can take.
    pub const PLAIN: Self = Self {
        width: Some(80),
        unicode: false,
    };
}
