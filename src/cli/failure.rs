//! Failures as the user reads them: a sentence, and a hint on what to do about it.

use std::error::Error;
use std::fmt::Display;
use std::io;

/// Why a command could not do its work. Becomes `error: ...` and `hint: ...` on stderr, and exit status 2.
#[derive(Debug)]
pub enum Failure {
    /// Something that the user has to hear about.
    Said {
        /// What went wrong.
        sentence: String,
        /// What to do about it.
        hint: Option<String>,
    },
    /// Whoever read our output has seen enough (`| head`): no failure at all.
    BrokenPipe,
}

/// The name of the JSON form of a failure.
pub const ERROR_SCHEMA: &str = "kubenet.error/v1";

impl Failure {
    /// A failure without a hint.
    pub fn new(sentence: impl Display) -> Self {
        Self::Said {
            sentence: sentence.to_string(),
            hint: None,
        }
    }

    /// The same failure with a hint.
    pub fn hint(self, text: impl Display) -> Self {
        match self {
            Self::Said { sentence, .. } => Self::Said {
                sentence,
                hint: Some(text.to_string()),
            },
            Self::BrokenPipe => Self::BrokenPipe,
        }
    }

    /// The same failure; with this hint, where it has none.
    pub fn or_hint(self, text: impl Display) -> Self {
        match self {
            Self::Said { hint: None, .. } => self.hint(text),
            other => other,
        }
    }

    /// What went wrong, without the hint.
    pub fn sentence(&self) -> &str {
        match self {
            Self::Said { sentence, .. } => sentence,
            Self::BrokenPipe => "the reader has gone",
        }
    }

    /// What was tried, followed by the chain of reasons why it did not work.
    pub fn because(tried: impl Display, error: &dyn Error) -> Self {
        Self::with_hint(format!("{tried}: {}", chain(error)))
    }

    /// An error whose own sentence says enough.
    pub fn of(error: &dyn Error) -> Self {
        Self::with_hint(chain(error))
    }

    /// Errors of the lower layers that know what to do about it end with `(hint: ...)`, or with a line `hint: ...`.
    pub fn with_hint(text: String) -> Self {
        let in_brackets = text
            .strip_suffix(')')
            .and_then(|whole| whole.rsplit_once(" (hint: "));
        match in_brackets.or_else(|| text.split_once("\nhint: ")) {
            Some((sentence, hint)) => Self::new(sentence).hint(hint),
            None => Self::new(text),
        }
    }

    /// The JSON document of this failure.
    pub fn to_json(&self) -> Option<serde_json::Value> {
        match self {
            Self::Said { sentence, hint } => {
                Some(serde_json::json!({"schema": ERROR_SCHEMA, "error": sentence, "hint": hint}))
            }
            Self::BrokenPipe => None,
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::BrokenPipe,
            _ => Self::because("cannot write the result", &error),
        }
    }
}

/// An error and its causes in one sentence. A cause that its parent already spells out is not repeated.
pub fn chain(error: &dyn Error) -> String {
    let mut sentence = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        if !sentence.contains(&text) {
            sentence = format!("{sentence}: {text}");
        }
        cause = error.source();
    }
    sentence
}
