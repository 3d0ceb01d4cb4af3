//! What some checks said.

use std::collections::BTreeSet;

use crate::model::Finding;
use crate::model::iptables::Wish;

/// Findings, and what could not be looked at.
#[derive(Debug, Default)]
pub struct Report {
    /// What is wrong, causes before what they cause.
    pub findings: Vec<Finding>,
    /// What could not be judged.
    pub skipped: Vec<Skipped>,
    /// Chains that were needed and not read: with them supplied, more can be judged.
    pub wishes: BTreeSet<Wish>,
}

/// Something that could not be judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// What: `default/web:http on node1`.
    pub what: String,
    /// Why not, in a sentence without a full stop.
    pub why: String,
}

impl Report {
    /// Notes that something could not be judged.
    pub fn skip(&mut self, what: impl Into<String>, why: impl Into<String>) {
        self.skipped.push(Skipped {
            what: what.into(),
            why: why.into(),
        });
    }

    /// Puts the worst findings first; within one severity causes stay before what they cause.
    pub fn in_order(mut self) -> Self {
        self.findings.sort_by_key(|finding| finding.severity);
        self
    }
}
