//! Every Service on every node, and endpoints that are not ready.

use std::collections::BTreeMap;

use super::report::Verdict;
use super::{Check, Family, Report, Scene, service};
use crate::model::{self, ObjectKind, Service};

/// The checks of this family.
pub const FAMILY: Family = Family {
    about: "Services as the API has them beside what the kernel holds for them",
    checks: service::CHECKS,
    look,
};

fn look(scene: &Scene<'_>, report: &mut Report) {
    for (node, host, _) in scene.hosts() {
        let objects = &scene.cluster.objects;
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
        // What is wrong with every Service for one reason is told once.
        let mut seen: BTreeMap<(String, String), ()> = BTreeMap::new();
        let mut skipped: BTreeMap<String, usize> = BTreeMap::new();
        let mut found: Vec<String> = Vec::new();
        for service in &scene.cluster.objects.services {
            for (port, family) in asked(service) {
                let mut of_one = service::on_node(scene.cluster, host, service, port, family);
                for one in of_one.skipped.drain(..) {
                    *skipped.entry(one.why).or_default() += 1;
                }
                for finding in of_one.findings.drain(..) {
                    found.push(finding.id.clone());
                    let key = (finding.id.clone(), finding.title.clone());
                    if seen.insert(key, ()).is_none() {
                        report.findings.push(finding);
                    }
                }
                report.wishes.append(&mut of_one.wishes);
            }
        }
        let checks = service::CHECKS.iter().copied().flatten();
        for check in checks {
            report.note(check, node.name, verdict(check, &found, &skipped));
        }
    }
}

fn verdict(check: &Check, found: &[String], skipped: &BTreeMap<String, usize>) -> Verdict {
    if found.iter().any(|id| id == check.id) {
        return Verdict::Found;
    }
    match skipped.iter().max_by_key(|(_, count)| **count) {
        Some((why, _)) => Verdict::Skipped(why.clone()),
        None => Verdict::Fine,
    }
}

/// The ports of a Service in each of its families.
fn asked(service: &Service) -> impl Iterator<Item = (&model::ServicePort, model::Family)> {
    let families = [model::Family::V4, model::Family::V6].into_iter();
    let has = |family: &model::Family| {
        let mut ips = service.cluster_ips.iter();
        ips.any(|ip| model::Family::of(*ip) == *family)
    };
    let families: Vec<model::Family> = families.filter(has).collect();
    let ports = service.ports.iter();
    ports.flat_map(move |port| {
        families
            .clone()
            .into_iter()
            .map(move |family| (port, family))
    })
}
