//! Who the nodes say they are: networks, addresses and tunnel ends as the API has them, beside each other and beside the
//! nodes' own devices.

mod addresses;
mod doubles;
mod pod_cidrs;
mod tunnel_ends;

use std::collections::BTreeMap;

use super::restart_flannel;
use crate::check::scene::families;
use crate::check::{Check, NodeView, Report, Scene};
use crate::model::trace::Evidence;
use crate::model::{ObjectKind, Place, Severity};

/// The checks of these files.
pub const CHECKS: &[Check] = &[
    pod_cidrs::MISSING,
    pod_cidrs::SAME,
    pod_cidrs::OUTSIDE,
    BACKENDS,
    addresses::SAME,
    addresses::FOREIGN,
    tunnel_ends::SAME,
    tunnel_ends::STALE,
    pod_cidrs::SUBNET_ENV,
];

const BACKENDS: Check = Check {
    id: "flannel-backends-differ",
    catalogue: &["C22", "D09"],
    severity: Severity::Error,
    docs: "flannel runs with different backends on the nodes: each ignores the nodes of the other kind. After a change of the \
           backend in net-conf.json flannel has to be restarted on every node.",
};

/// Looks at them.
pub fn look(scene: &Scene<'_>, report: &mut Report) {
    let objects = &scene.cluster.objects;
    if objects.nodes.is_empty() || objects.incomplete.contains(&ObjectKind::Node) {
        for node in &scene.nodes {
            report.skip_all(CHECKS, node.name, "the Nodes were not read from the API");
        }
        return;
    }
    let families = families(scene);
    for node in &scene.nodes {
        if node.object.is_none() {
            report.skip_all(CHECKS, node.name, "the API has no Node of that name");
            continue;
        }
        for check in CHECKS {
            report.judge(check, node.name, Vec::new());
        }
        let lacks = families
            .iter()
            .all(|family| node.pod_cidr(*family).is_none());
        if lacks && !families.is_empty() {
            report.judge(
                &pod_cidrs::MISSING,
                node.name,
                vec![pod_cidrs::missing(node)],
            );
        }
        for &family in &families {
            if let Some(finding) = pod_cidrs::outside(node, family) {
                report.judge(&pod_cidrs::OUTSIDE, node.name, vec![finding]);
            }
            if let Some(finding) = addresses::foreign(node, family) {
                report.judge(&addresses::FOREIGN, node.name, vec![finding]);
            }
            if let Some(finding) = tunnel_ends::stale(scene, node, family) {
                report.judge(&tunnel_ends::STALE, node.name, vec![finding]);
            }
            if let Some(finding) = pod_cidrs::subnet_env(node, family) {
                report.judge(&pod_cidrs::SUBNET_ENV, node.name, vec![finding]);
            }
        }
    }
    for &family in &families {
        pod_cidrs::same(scene, family, report);
        addresses::same(scene, family, report);
        tunnel_ends::same(scene, family, report);
    }
    backends(scene, report);
}

fn backends(scene: &Scene<'_>, report: &mut Report) {
    let mut kinds: BTreeMap<&str, Vec<&NodeView<'_>>> = BTreeMap::new();
    for node in &scene.nodes {
        if let Some(kind) = node.backend() {
            kinds.entry(kind).or_default().push(node);
        }
    }
    let Some((usual, _)) = kinds.iter().max_by_key(|(_, nodes)| nodes.len()) else {
        return;
    };
    let usual = *usual;
    for (kind, nodes) in kinds.iter().filter(|(kind, _)| **kind != usual) {
        for node in nodes {
            let mut finding = BACKENDS.finding(
                in_api(node),
                format!(
                    "flannel on {} uses {kind}, on the other nodes {usual}",
                    node.name
                ),
                format!(
                    "pods of {} and of other nodes do not reach each other",
                    node.name
                ),
            );
            finding.evidence = vec![api(
                node,
                &format!("flannel.alpha.coreos.com/backend-type: {kind}"),
            )];
            finding.fix = vec![restart_flannel(node.name)];
            report.judge(&BACKENDS, node.name, vec![finding]);
        }
    }
}

fn api(node: &NodeView<'_>, raw: &str) -> Evidence {
    Evidence {
        source: format!("Node {}", node.name),
        raw: raw.to_owned(),
    }
}

/// Something that the API has of a node.
fn in_api(node: &NodeView<'_>) -> Place {
    Place {
        node: Some(node.name.to_owned()),
        netns: None,
        device: None,
    }
}
