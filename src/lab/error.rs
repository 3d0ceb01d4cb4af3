//! What can go wrong with a lab: a sentence each, and a hint on what to do about it.

use std::path::PathBuf;

/// A failure of the lab.
#[derive(Debug, thiserror::Error)]
pub enum LabError {
    /// No lab of that name is up.
    #[error("no lab named {0:?} is up")]
    NotFound(String),
    /// No name was given and several labs are up.
    #[error("several labs are up: {}", .0.join(", "))]
    Several(Vec<String>),
    /// No lab is up at all.
    #[error("no lab is up")]
    NoneUp,
    /// A lab of that name is up already.
    #[error("a lab named {0:?} is up already")]
    AlreadyUp(String),
    /// A name that could not be a file's.
    #[error("{0:?} cannot name a lab")]
    BadName(String),
    /// Neither a pod nor a node of the lab.
    #[error("the lab has no pod, node or host {wanted:?}")]
    NoSuchPlace {
        /// What was asked for.
        wanted: String,
        /// What there is.
        known: Vec<String>,
    },
    /// A specification that cannot be built.
    #[error("the lab's specification cannot be built: {0}")]
    BadSpec(String),
    /// A file could not be read or written.
    #[error("{path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A state file that is not ours.
    #[error("{path}: not the state of a lab as this version of kubenet writes it: {source}")]
    BadState {
        /// The file.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
    /// A step failed.
    #[error("{step}: {why}")]
    Step {
        /// What was being done, and where.
        step: String,
        /// Why it failed.
        why: String,
        /// What to do about it.
        hint: Option<String>,
    },
}

impl LabError {
    /// A step that failed, and why.
    pub fn step(step: impl Into<String>, why: impl ToString) -> Self {
        Self::Step {
            step: step.into(),
            why: why.to_string(),
            hint: None,
        }
    }

    /// A step that failed, why, and what to do about it.
    pub fn hinted(step: impl Into<String>, why: impl ToString, hint: impl Into<String>) -> Self {
        Self::Step {
            step: step.into(),
            why: why.to_string(),
            hint: Some(hint.into()),
        }
    }

    /// A file that could not be read or written.
    pub fn file(path: impl Into<PathBuf>, source: std::io::Error) -> Self {
        Self::File {
            path: path.into(),
            source,
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NotFound(_) => Some(
                "`kubenet lab list` shows those that are, `kubenet lab up` makes one".to_owned(),
            ),
            Self::Several(_) => Some("say which with --name".to_owned()),
            Self::NoneUp => Some(
                "`sudo kubenet lab up` makes one; without root, inside `kubenet lab shell`"
                    .to_owned(),
            ),
            Self::AlreadyUp(name) => Some(format!(
                "`kubenet lab down --name {name}`, or choose another --name"
            )),
            Self::BadName(_) => Some("1 to 32 of a-z, 0-9 and `-`".to_owned()),
            Self::NoSuchPlace { known, .. } => Some(format!("there are: {}", known.join(", "))),
            Self::BadState { .. } => Some(
                "`kubenet lab down --name NAME` may work all the same; if not, remove the file"
                    .to_owned(),
            ),
            Self::Step { hint, .. } => hint.clone(),
            Self::BadSpec(_) | Self::File { .. } => None,
        }
    }
}
