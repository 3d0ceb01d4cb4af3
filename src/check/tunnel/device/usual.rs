//! What all nodes' devices have alike.

use std::collections::BTreeMap;

use super::described;
use crate::check::tunnel::restart_flannel;
use crate::check::{Check, NodeView, Scene};
use crate::model::{Family, Finding, Link, Severity, Vxlan};

pub(super) const VNI: Check = Check {
    id: "vxlan-vni-mismatch",
    catalogue: &["C11"],
    severity: Severity::Error,
    docs: "The node's tunnel has another VXLAN network identifier than the others: what they send it arrives, and the kernel \
           drops it silently (`vxlan_rcv` finds no device of that VNI). flannel on all nodes has to have the same \
           net-conf.json, and be restarted after a change of it.",
};

pub(super) const PORT: Check = Check {
    id: "vxlan-port-mismatch",
    catalogue: &["C12"],
    severity: Severity::Error,
    docs: "The node's tunnel uses another UDP port than the others: what they send it is answered with ICMP port unreachable, \
           which nobody hears. Linux's flannel uses 8472 unless net-conf.json says otherwise; 4789 is what Windows nodes \
           need, and what `ip link add type vxlan` is told by most manuals.",
};

/// What most nodes have: the one that differs is the one that is wrong.
pub(super) struct Usual {
    vni: Option<u32>,
    port: Option<u16>,
}

impl Usual {
    pub fn of(scene: &Scene<'_>, family: Family) -> Self {
        let devices = || {
            scene
                .nodes
                .iter()
                .filter_map(move |node| node.tunnel(family))
        };
        let published = scene
            .nodes
            .iter()
            .filter_map(move |node| node.published(family).1);
        Self {
            vni: most(devices().map(|(_, vxlan)| vxlan.vni).chain(published)),
            port: most(devices().map(|(_, vxlan)| vxlan.port)),
        }
    }

    pub fn vni(&self, node: &NodeView<'_>, link: &Link, vxlan: &Vxlan) -> Option<Finding> {
        let (own, usual) = (vxlan.vni, self.vni?);
        let what = format!("has VNI {own}, the other nodes have {usual}");
        (own != usual).then(|| odd(&VNI, node, link, vxlan, &what))
    }

    pub fn port(&self, node: &NodeView<'_>, link: &Link, vxlan: &Vxlan) -> Option<Finding> {
        let (own, usual) = (vxlan.port, self.port?);
        let what = format!("uses UDP port {own}, the other nodes use {usual}");
        (own != usual).then(|| odd(&PORT, node, link, vxlan, &what))
    }
}

/// A device that is not as the others.
fn odd(check: &Check, node: &NodeView<'_>, link: &Link, vxlan: &Vxlan, what: &str) -> Finding {
    let name = &link.name;
    let title = format!("{name} of {} {what}", node.name);
    let here = node.name;
    let impact = format!("pods of {here} and of other nodes do not reach each other");
    let mut finding = check.finding(node.place(Some(name)), title, impact);
    finding.evidence = vec![described(link, vxlan)];
    finding.fix = vec![format!("ip link delete {name}"), restart_flannel(here)];
    finding.mentions = words(node);
    finding
}

/// What names the tunnel to a node on other nodes.
fn words(node: &NodeView<'_>) -> Vec<String> {
    let families = [Family::V4, Family::V6];
    let gateways = families
        .iter()
        .filter_map(|family| Some(node.pod_cidr(*family)?.network().to_string()));
    let ips = families.iter().filter_map(|family| node.public_ip(*family));
    gateways.chain(ips.map(|ip| ip.to_string())).collect()
}

/// What is there most often; nothing when two are as often, as none is the odd one out then. With two nodes a known
/// default decides nothing, so the first is taken for right.
fn most<T: Ord + Copy>(values: impl Iterator<Item = T>) -> Option<T> {
    let mut counts: BTreeMap<T, usize> = BTreeMap::new();
    for value in values {
        *counts.entry(value).or_default() += 1;
    }
    counts
        .into_iter()
        .max_by_key(|(_, count)| *count)
        .map(|(value, _)| value)
}
