//! Checks: what is read against what should be, each family of failures in a file of its own.
//!
//! A check has an id that never changes, and says of what it looked at one of three things: it is right, it is wrong (a
//! [`Finding`]), or not enough was read to tell. Nothing is found where something was only not read.

mod backends;
mod bridge_netfilter;
pub mod connections;
mod filters;
mod forwarding;
mod limits;
mod masquerade;
mod modes;
mod node_ports;
mod node_routes;
mod order;
mod own_addresses;
mod pods;
mod relevance;
mod report;
mod scene;
mod selectors;
pub mod service;
mod services;
mod sysctls;
mod tunnel;
mod unseen;
mod untracked;

use std::collections::BTreeSet;

pub use relevance::on_the_way;
pub use report::{Report, Skipped, Verdict};
pub use scene::{NodeView, Scene};
pub use unseen::UNSEEN;

use crate::model::iptables::Wish;
use crate::model::trace::Trace;
use crate::model::{Cluster, Finding, Place, Severity};

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

/// Checks that look at the same things.
pub struct Family {
    /// What they look at, in a few words.
    pub about: &'static str,
    /// The checks, causes before what they cause.
    pub checks: &'static [&'static [Check]],
    /// Looks at everything, and says of each check what came of it.
    look: fn(&Scene<'_>, &mut Report),
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
            mentions: Vec::new(),
        }
    }
}

/// The families, causes before what they cause.
pub const FAMILIES: &[Family] = &[
    limits::FAMILY,
    forwarding::FAMILY,
    own_addresses::FAMILY,
    node_routes::FAMILY,
    bridge_netfilter::FAMILY,
    tunnel::FAMILY,
    pods::FAMILY,
    filters::FAMILY,
    masquerade::FAMILY,
    untracked::FAMILY,
    modes::FAMILY,
    selectors::FAMILY,
    services::FAMILY,
    node_ports::FAMILY,
    connections::FAMILY,
];

/// Every check there is, causes before what they cause.
pub fn all() -> impl Iterator<Item = &'static Check> {
    FAMILIES
        .iter()
        .flat_map(|family| family.checks.iter().copied().flatten())
}

/// The check of that id.
pub fn by_id(id: &str) -> Option<&'static Check> {
    all().find(|check| check.id == id)
}

/// Looks at everything that was read.
pub fn everything(cluster: &Cluster) -> Report {
    let scene = Scene::of(cluster);
    let mut report = Report::default();
    for family in FAMILIES {
        (family.look)(&scene, &mut report);
    }
    report.in_order()
}

/// What is wrong on the way of a trace that does not end well, and the chains that would have to be read to know better.
pub fn of_trace(cluster: &Cluster, trace: &Trace) -> (Vec<Finding>, BTreeSet<Wish>) {
    let report = everything(cluster);
    let mut findings = report.findings;
    findings.retain(|finding| on_the_way(finding, trace));
    for stopper in filters::of_trace(cluster, trace) {
        let same = |one: &Finding| one.id == stopper.id && one.evidence == stopper.evidence;
        if !findings.iter().any(same) {
            findings.push(stopper);
        }
    }
    findings.sort_by_cached_key(|finding| (finding.severity, order::rank(&finding.id)));
    (findings, report.wishes)
}
