//! Neighbours and forwarding entries that a node has of the others' tunnel ends.

mod gone_nodes;
mod known;

use std::net::IpAddr;

use self::known::Known;
use crate::check::{Check, NodeView, Report, Scene};
use crate::model::{Family, Mac, Part};

/// The checks of these files.
pub const CHECKS: &[Check] = &[
    known::NEIGHBOR_STALE,
    known::FDB_MISSING,
    known::FDB_ELSEWHERE,
    known::NEIGHBOR_MISSING,
    gone_nodes::GONE_NODE,
];

/// Looks at what each node knows of each other.
pub fn look(scene: &Scene<'_>, family: Family, report: &mut Report) {
    for (node, _, _) in scene.hosts() {
        let Some((link, _)) = node
            .tunnel(family)
            .filter(|(link, vxlan)| link.up && !vxlan.external)
        else {
            continue;
        };
        let parts = [Part::Routes(family), Part::Neighbors, Part::Fdb];
        if !parts.into_iter().all(|part| node.has_whole(part)) {
            report.skip_all(
                CHECKS,
                node.name,
                "its routes, neighbours or forwarding entries were not read",
            );
            continue;
        }
        for check in CHECKS {
            report.judge(check, node.name, Vec::new());
        }
        if super::device::is_bounced(scene, node, link, family) {
            continue;
        }
        for peer in scene.peers(node) {
            let Some(cidr) = peer.pod_cidr(family) else {
                continue;
            };
            let gateway = cidr.network();
            let known = Known::of(node, peer, link, gateway, family);
            let meant = |known: &Known<'_, '_>| {
                routed_by(node, family, &link.name, gateway) || known.has_lost_its_route()
            };
            let judged = known.filter(meant).and_then(|known| known.judge());
            if let Some((check, finding)) = judged {
                report.judge(check, node.name, vec![finding]);
            }
        }
        for finding in gone_nodes::routes(scene, node, link, family) {
            report.judge(&gone_nodes::GONE_NODE, node.name, vec![finding]);
        }
    }
}

/// Whether some route goes by the tunnel end of that address.
fn routed_by(node: &NodeView<'_>, family: Family, device: &str, gateway: IpAddr) -> bool {
    let routes = node.host.and_then(|(_, netns)| netns.routes(family));
    let mut hops = routes
        .unwrap_or_default()
        .iter()
        .flat_map(|route| &route.next_hops);
    hops.any(|hop| hop.gateway == Some(gateway) && hop.device.as_deref() == Some(device))
}

/// The Ethernet address of a node's tunnel end: its device's, else the one it published.
pub fn true_mac(peer: &NodeView<'_>, family: Family) -> Option<Mac> {
    let device = peer.tunnel(family).and_then(|(link, _)| link.mac);
    device.or(peer.published(family).0)
}
