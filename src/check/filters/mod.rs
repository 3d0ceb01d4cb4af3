//! Rules that stop packets which every cluster has to carry: of docker, firewalld, ufw, other network plugins, and those
//! that somebody added.
//!
//! What a rule does to pods cannot be read off it alone: a drop anywhere is final, an ACCEPT only ends its own chain,
//! and both iptables and every table of nftables are asked. So packets are walked ([`probes`]), and the rule at
//! which one stops is named.

mod checks;
mod passages;
mod probes;
mod source;
mod stopper;

use std::collections::BTreeMap;

use checks::CHECKS;
use stopper::named;

use super::{Family, Report, Scene};
use crate::model::trace::Trace;
use crate::model::{Cluster, Finding};

/// The checks of this family.
pub const FAMILY: Family = Family {
    about: "rules that stop packets, or change what must not be changed",
    checks: &[CHECKS],
    look,
};

fn look(scene: &Scene<'_>, report: &mut Report) {
    let probes = probes::all(scene, &mut report.wishes);
    let mut found: BTreeMap<(&str, String, String), (Finding, Vec<&str>)> = BTreeMap::new();
    for probe in &probes {
        let stoppers = probe.stoppers(scene, &mut report.wishes);
        for finding in stoppers.into_iter().chain(source::changed(probe)) {
            let node = finding.place.node.clone().unwrap_or_default();
            let raw = finding.evidence.first().map(|fact| fact.raw.clone());
            let id = super::by_id(&finding.id).map_or("", |check| check.id);
            let key = (id, node, raw.unwrap_or_default());
            let (_, whose) = found.entry(key).or_insert_with(|| (finding, Vec::new()));
            if !whose.contains(&probe.what.as_str()) {
                whose.push(&probe.what);
            }
        }
    }
    for (node, ..) in scene.hosts() {
        let walked = |probe: &&probes::Probe| {
            let mut hops = probe.trace.paths.iter().flat_map(|path| &path.hops);
            hops.any(|hop| hop.node == node.name)
        };
        if probes.iter().any(|probe| walked(&probe)) {
            for check in CHECKS {
                report.judge(check, node.name, Vec::new());
            }
        } else {
            report.skip_all(
                CHECKS,
                node.name,
                "no pod's namespace was read, from which a packet could be followed",
            );
        }
    }
    for ((id, node, _), (mut finding, whose)) in found {
        finding.impact = format!("{}: {}", finding.impact, some(&whose));
        if let Some(check) = super::by_id(id) {
            report.judge(check, &node, vec![finding]);
        }
    }
}

/// The first few of what is stopped.
fn some(whose: &[&str]) -> String {
    const FEW: usize = 3;
    let mut text = whose
        .iter()
        .take(FEW)
        .copied()
        .collect::<Vec<_>>()
        .join("; ");
    if whose.len() > FEW {
        text.push_str(&format!("; and {} more", whose.len() - FEW));
    }
    text
}

/// What stops the packets of a trace, where a rule or the reverse path filter does.
pub fn of_trace(cluster: &Cluster, trace: &Trace) -> Vec<Finding> {
    let mut found: Vec<Finding> = Vec::new();
    let paths = trace.paths.iter();
    for mut finding in paths.filter_map(|path| named(cluster, path, false)) {
        finding.impact = format!("{}: those that were asked about", finding.impact);
        let same = |one: &Finding| one.id == finding.id && one.evidence == finding.evidence;
        if !found.iter().any(same) {
            found.push(finding);
        }
    }
    found
}
