//! Checks: what is read against what should be, each family of failures in a file of its own.
//!
//! A check has an id that never changes, and says of what it looked at one of three things: it is right, it is wrong (a
//! [`Finding`]), or not enough was read to tell. Nothing is found where something was only not read.

pub mod connections;
mod report;
pub mod service;

pub use report::{Report, Skipped};

use crate::model::{Finding, Place, Severity};

/// One thing that is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Check {
    /// Its name, for ever: `endpoint-stale`.
    pub id: &'static str,
    /// The entries of the catalogue of failures that it finds.
    pub catalogue: &'static [&'static str],
    /// How bad it is.
    pub severity: Severity,
    /// What such a finding means, and where that is stated: a paragraph.
    pub docs: &'static str,
}

impl Check {
    /// A finding of this check, whose evidence and cure are still to be added.
    fn finding(&self, place: Place, title: String, impact: String) -> Finding {
        Finding {
            id: self.id.to_owned(),
            catalogue: self.catalogue.iter().map(|&id| id.to_owned()).collect(),
            severity: self.severity,
            title,
            place,
            evidence: Vec::new(),
            impact,
            fix: Vec::new(),
            docs: self.docs.to_owned(),
        }
    }
}

/// Every check there is, causes before what they cause.
pub fn all() -> impl Iterator<Item = &'static Check> {
    let families = service::CHECKS.iter().copied();
    families
        .flatten()
        .chain(connections::CHECKS.iter().copied())
}
