//! Every Service on every node, and endpoints that are not ready.

use std::collections::{BTreeMap, BTreeSet};

use super::report::Verdict;
use super::{Check, Family, Report, Scene, service};
use crate::model::{self, Finding, ObjectKind, Service};

/// The checks of this family.
pub const FAMILY: Family = Family {
    about: "Services as the API has them beside what the kernel holds for them",
    checks: service::CHECKS,
    look,
};

fn look(scene: &Scene<'_>, report: &mut Report) {
    let objects = &scene.cluster.objects;
    let catalog = service::Catalog::of(scene.cluster);
    for (node, host, _) in scene.hosts() {
        let needed = [ObjectKind::Service, ObjectKind::EndpointSlice];
        if needed.iter().any(|kind| objects.incomplete.contains(kind)) {
            for checks in service::CHECKS {
                report.skip_all(
                    checks,
                    node.name,
                    "the Services and EndpointSlices were not read from the API",
                );
            }
            continue;
        }
        let mut of_node = OfNode::default();
        for family in [model::Family::V4, model::Family::V6] {
            let mut asked = objects.services.iter().filter(|one| has(one, family));
            if asked.clone().next().is_none() {
                continue;
            }
            let seen = service::OnNode::of(&catalog, host, family);
            of_node.add(seen.frame.iter().cloned());
            for (service, port) in asked
                .by_ref()
                .flat_map(|one| one.ports.iter().map(move |port| (one, port)))
            {
                let of_one = seen.look_at(service, port);
                for one in of_one.skipped {
                    *of_node.skipped.entry(one.why).or_default() += 1;
                }
                of_node.add(of_one.findings);
            }
            report.wishes.append(&mut seen.into_wishes());
        }
        for check in service::CHECKS.iter().copied().flatten() {
            report.note(check, node.name, of_node.verdict(check));
        }
        report.findings.append(&mut of_node.findings);
    }
}

/// What came of one node.
#[derive(Default)]
struct OfNode {
    findings: Vec<Finding>,
    /// Identifiers and titles: what is wrong with every Service for one reason is told once.
    told: BTreeSet<(String, String)>,
    skipped: BTreeMap<String, usize>,
}

impl OfNode {
    fn add(&mut self, findings: impl IntoIterator<Item = Finding>) {
        for finding in findings {
            let key = (finding.id.clone(), finding.title.clone());
            if self.told.insert(key) {
                self.findings.push(finding);
            }
        }
    }

    fn verdict(&self, check: &Check) -> Verdict {
        if self.told.iter().any(|(id, _)| id == check.id) {
            return Verdict::Found;
        }
        match self.skipped.iter().max_by_key(|(_, count)| **count) {
            Some((why, _)) => Verdict::Skipped(why.clone()),
            None => Verdict::Fine,
        }
    }
}

/// Whether a Service has an address of a family.
fn has(service: &Service, family: model::Family) -> bool {
    let mut ips = service.cluster_ips.iter();
    ips.any(|ip| model::Family::of(*ip) == family)
}
