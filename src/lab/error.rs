//! What can go wrong with a lab, each as a sentence with a hint.

use std::path::PathBuf;

/// A failure of the lab.
#[derive(Debug, thiserror::Error)]
pub enum LabError {
    /// No lab of that name is up.
    #[error(
        "no lab named {0:?} is up (hint: `kubenet lab list` shows those that are, `kubenet lab up` makes one)"
    )]
    NotFound(String),
    /// No name was given and several labs are up.
    #[error("several labs are up: {}; say which with --name", .0.join(", "))]
    Several(Vec<String>),
    /// No lab is up at all.
    #[error(
        "no lab is up (hint: `sudo kubenet lab up`, or without root `kubenet lab shell -- kubenet lab up`)"
    )]
    NoneUp,
    /// A lab of that name is up already.
    #[error(
        "a lab named {0:?} is up already (hint: `kubenet lab down --name {0}`, or choose another --name)"
    )]
    AlreadyUp(String),
    /// A name that could not be a file's.
    #[error("{0:?} cannot name a lab (hint: 1 to 32 of a-z, 0-9 and `-`)")]
    BadName(String),
    /// Neither a pod nor a node of the lab.
    #[error("the lab has no pod, node or host {wanted:?} (there are: {})", .known.join(", "))]
    NoSuchPlace {
        /// What was asked for.
        wanted: String,
        /// What there is.
        known: Vec<String>,
    },
    /// A specification that cannot be built.
    #[error("the lab's specification cannot be built: {0}")]
    BadSpec(String),
    /// What the machine does not allow.
    #[error("{0}")]
    Forbidden(String),
    /// A file could not be read or written.
    #[error("{path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A state file that is not ours.
    #[error("{path}: not a lab's state: {source} (hint: remove the file)")]
    BadState {
        /// The file.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
    /// A step of building failed.
    #[error("{step}: {why}")]
    Step {
        /// What was being done, and where.
        step: String,
        /// Why it failed.
        why: String,
    },
}

impl LabError {
    /// A step that failed, and why.
    pub fn step(step: impl Into<String>, why: impl ToString) -> Self {
        Self::Step {
            step: step.into(),
            why: why.to_string(),
        }
    }

    /// A file that could not be read or written.
    pub fn file(path: impl Into<PathBuf>, source: std::io::Error) -> Self {
        Self::File {
            path: path.into(),
            source,
        }
    }
}
