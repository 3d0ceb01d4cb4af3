//! Another device that has the tunnel's place.
//!
//! One namespace has one vxlan device of a VNI and UDP port (`vxlan_vni_in_use` in drivers/net/vxlan/vxlan_core.c): flannel
//! is told "file exists" when it makes its own.

use super::described;
use crate::check::tunnel::restart_flannel;
use crate::check::{Check, NodeView, Scene};
use crate::model::{Family, Finding, LinkKind, Severity};

pub(super) const TAKEN: Check = Check {
    id: "vxlan-device-taken",
    catalogue: &["C25", "B14"],
    severity: Severity::Error,
    docs: "The node has no vxlan device of flannel's, and another vxlan device has the VNI and the UDP port that flannel's \
           would have: the kernel gives them to one device alone, and flannel cannot make its own (\"file exists\"). \
           Cilium, Calico and other network plugins leave such devices behind when they are removed.",
};

/// The device in whose place flannel's should be.
pub(super) fn finding(scene: &Scene<'_>, node: &NodeView<'_>, family: Family) -> Option<Finding> {
    let (_, netns) = node.host?;
    let (_, vni) = node.published(family);
    // The port is no part of what flannel publishes: it is that of the other nodes.
    let mut others = scene.peers(node).filter_map(|peer| peer.tunnel(family));
    let port = others.next().map_or(8472, |(_, vxlan)| vxlan.port);
    let mut links = netns.links.iter().flatten();
    let (link, vxlan) = links.find_map(|link| match &link.kind {
        LinkKind::Vxlan(vxlan) if Some(vxlan.vni) == vni && vxlan.port == port => {
            Some((link, vxlan))
        }
        _ => None,
    })?;
    let (here, name) = (node.name, &link.name);
    let mut finding = TAKEN.finding(
        node.place(None),
        format!("{name} of {here} has the VNI and port of flannel's device, which is not there"),
        format!("pods of {here} and of other nodes do not reach each other over {family}"),
    );
    finding.evidence = vec![described(link, vxlan)];
    finding.fix = vec![format!("ip link delete {name}"), restart_flannel(here)];
    Some(finding)
}
