//! What colours and drawing characters mean, in one place.

use owo_colors::Style;

/// What a piece of text is to the reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// It works.
    Good,
    /// It is broken.
    Bad,
    /// It may be broken, or is not known.
    Warn,
    /// It can be skipped.
    Dim,
    /// It names something to look for.
    Name,
}

impl Role {
    /// How it looks.
    pub fn style(self) -> Style {
        match self {
            Self::Good => Style::new().green(),
            Self::Bad => Style::new().red().bold(),
            Self::Warn => Style::new().yellow(),
            Self::Dim => Style::new().dimmed(),
            Self::Name => Style::new().bold(),
        }
    }
}

/// Characters to draw with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Glyphs {
    /// From one end to the other.
    pub arrow: &'static str,
    /// Within a chain of steps.
    pub then: &'static str,
    /// A branch that others follow.
    pub branch: &'static str,
    /// The last branch.
    pub last: &'static str,
    /// Beside the lines of a branch that others follow.
    pub bar: &'static str,
    /// From a branch's name to its end.
    pub leader: &'static str,
    /// Where it breaks.
    pub cross: &'static str,
    /// Where it is not known.
    pub question: &'static str,
}

impl Glyphs {
    /// The characters that the screen can show.
    pub fn for_screen(unicode: bool) -> Self {
        if unicode {
            Self {
                arrow: "→",
                then: "›",
                branch: "├─ ",
                last: "└─ ",
                bar: "│  ",
                leader: "·",
                cross: "✗",
                question: "?",
            }
        } else {
            Self {
                arrow: "->",
                then: ">",
                branch: "|- ",
                last: "`- ",
                bar: "|  ",
                leader: ".",
                cross: "X",
                question: "?",
            }
        }
    }
}
