//! What is written down on the way: hops, steps with their evidence, devices crossed.

use crate::model::trace::{Change, Crossing, Direction, Evidence, Hop, Step, StepKind};
use crate::model::{Cluster, NetnsId};

/// The record of one packet's way, forth or back.
#[derive(Debug, Default, Clone)]
pub(super) struct Journey {
    pub hops: Vec<Hop>,
    pub devices: Vec<Crossing>,
    at: Option<NetnsId>,
}

impl Journey {
    /// The packet is in a namespace now, come in by `device` or made there.
    pub fn enter(&mut self, cluster: &Cluster, netns: NetnsId, device: Option<&str>) {
        if self.at == Some(netns) {
            return;
        }
        self.at = Some(netns);
        self.hops.push(Hop {
            node: cluster.node_name(netns).to_owned(),
            netns: cluster.netns(netns).name.to_string(),
            input: device.map(str::to_owned),
            output: None,
            steps: Vec::new(),
        });
    }

    /// The packet leaves the namespace it is in by `device`.
    pub fn leave(&mut self, device: &str) {
        self.at = None;
        if let Some(hop) = self.hops.last_mut() {
            hop.output = Some(device.to_owned());
        }
    }

    /// A device is crossed.
    pub fn cross(&mut self, cluster: &Cluster, netns: NetnsId, device: &str, dir: Direction) {
        self.devices.push(Crossing {
            node: cluster.node_name(netns).to_owned(),
            netns: cluster.netns(netns).name.to_string(),
            device: device.to_owned(),
            dir,
        });
    }

    /// Writes a step down.
    pub fn step(&mut self, step: Step) {
        if let Some(hop) = self.hops.last_mut() {
            hop.steps.push(step);
        }
    }

    /// Adds the packet before and after to the last step if it is of that kind and has none yet.
    pub fn amend(&mut self, kind: StepKind, before: &str, after: &str) -> bool {
        let last = self.hops.last_mut().and_then(|hop| hop.steps.last_mut());
        let Some(last) = last.filter(|last| last.kind == kind && last.change.is_none()) else {
            return false;
        };
        last.change = Some(Change {
            before: before.to_owned(),
            after: after.to_owned(),
        });
        true
    }

    /// Index of the last hop and of the last step in it.
    pub fn last_step(&self) -> (usize, usize) {
        let hop = self.hops.len().saturating_sub(1);
        (
            hop,
            self.hops
                .last()
                .map_or(0, |hop| hop.steps.len().saturating_sub(1)),
        )
    }

    /// Hands over what was written, and starts anew.
    pub fn take(&mut self) -> Self {
        std::mem::take(self)
    }
}

/// A step without evidence.
pub(super) fn step(kind: StepKind, text: impl Into<String>) -> Step {
    Step {
        kind,
        text: text.into(),
        evidence: None,
        change: None,
    }
}

/// A step that rests on a fact.
pub(super) fn proven(
    kind: StepKind,
    text: impl Into<String>,
    source: impl Into<String>,
    raw: &str,
) -> Step {
    Step {
        kind,
        text: text.into(),
        evidence: Some(Evidence {
            source: source.into(),
            raw: raw.to_owned(),
        }),
        change: None,
    }
}

/// Adds the packet before and after to a step.
pub(super) fn changed(mut step: Step, before: String, after: String) -> Step {
    if before != after {
        step.change = Some(Change { before, after });
    }
    step
}
