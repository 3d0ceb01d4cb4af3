//! What some checks said.

use std::collections::{BTreeMap, BTreeSet};

use super::Check;
use super::order;
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
    /// What each check said of each node.
    verdicts: BTreeMap<(&'static str, Verdict), BTreeSet<String>>,
}

/// Something that could not be judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// What: `default/web:http on node1`.
    pub what: String,
    /// Why not, in a sentence without a full stop.
    pub why: String,
}

/// What a check said of a node.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// Something is wrong.
    Found,
    /// Nothing is.
    Fine,
    /// Not enough was read: why, in words.
    Skipped(String),
}

impl Report {
    /// Notes that something could not be judged.
    pub fn skip(&mut self, what: impl Into<String>, why: impl Into<String>) {
        self.skipped.push(Skipped {
            what: what.into(),
            why: why.into(),
        });
    }

    /// Notes what a check found on a node, which may be nothing.
    pub(super) fn judge(&mut self, check: &Check, node: &str, found: Vec<Finding>) {
        if found.is_empty() {
            self.note(check, node, Verdict::Fine);
        } else {
            self.note(check, node, Verdict::Found);
            self.findings.extend(found);
        }
    }

    /// Notes that some checks could not look at a node.
    pub(super) fn skip_all(&mut self, checks: &[Check], node: &str, why: &str) {
        for check in checks {
            self.note(check, node, Verdict::Skipped(why.to_owned()));
        }
    }

    /// Notes what a check said of a node.
    pub(super) fn note(&mut self, check: &Check, node: &str, verdict: Verdict) {
        let nodes = self.verdicts.entry((check.id, verdict)).or_default();
        nodes.insert(node.to_owned());
    }

    /// What each check said, and of which nodes; those checks come first which come first in the list of all.
    pub fn verdicts(&self) -> Vec<(&'static str, &Verdict, Vec<&str>)> {
        let mut verdicts = Vec::new();
        for check in super::all() {
            let said = self.verdicts.iter().filter(|((id, _), _)| *id == check.id);
            verdicts.extend(said.map(|((_, verdict), nodes)| {
                (
                    check.id,
                    verdict,
                    nodes.iter().map(String::as_str).collect(),
                )
            }));
        }
        verdicts
    }

    /// Puts the worst findings first; within one severity causes before what they cause.
    pub fn in_order(mut self) -> Self {
        self.findings
            .sort_by_cached_key(|finding| (finding.severity, order::rank(&finding.id)));
        self
    }
}
