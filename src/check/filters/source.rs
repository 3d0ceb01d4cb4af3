//! What pods see of each other: their own addresses, in flannel's network.

use super::checks::SOURCE;
use super::probes::Probe;
use crate::model::trace::{Path, StepKind, Verdict};
use crate::model::{Finding, Place};

/// Where the packets of a probe between pods are given another source.
pub(super) fn changed(probe: &Probe<'_>) -> Vec<Finding> {
    let Some(source) = probe.source_of_pod() else {
        return Vec::new();
    };
    let other = |path: &&Path| {
        path.verdict == Verdict::Delivered && path.source_seen.is_some_and(|seen| seen != source)
    };
    let paths = probe.trace.paths.iter().filter(other);
    paths.filter_map(finding).collect()
}

fn finding(path: &Path) -> Option<Finding> {
    let seen = path.source_seen?;
    let (hop, step) = path.hops.iter().find_map(|hop| {
        let mut steps = hop.steps.iter();
        Some((hop, steps.find(|step| step.kind == StepKind::Snat)?))
    })?;
    let rule = step.evidence.as_ref()?;
    let place = Place {
        node: Some(hop.node.clone()),
        netns: Some(hop.netns.clone()),
        device: None,
    };
    let title = format!(
        "{} on {} gives pods' packets to pods another source",
        rule.source, hop.node
    );
    let impact = format!("the receiver sees {seen}: policies and logs take the pod for another");
    let mut finding = SOURCE.finding(place, title, impact);
    finding.evidence = vec![rule.clone()];
    if let Some(line) = rule.raw.strip_prefix("-A ") {
        let tool = rule.source.split(' ').next().unwrap_or("iptables");
        finding.fix = vec![format!("{tool} -t nat -D {line}")];
    }
    finding.mentions = vec![rule.raw.clone()];
    Some(finding)
}
