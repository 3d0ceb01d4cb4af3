//! What a node knows of other nodes' own MACs: tunnels and host-gw routes both need it.

use crate::check::{Check, NodeView, Report, Scene};
use crate::model::trace::Evidence;
use crate::model::{Family, Finding, Neighbor, NeighborState, Part, Severity};

pub(super) const CHECKS: &[Check] = &[WRONG];

const WRONG: Check = Check {
    id: "node-neighbor-wrong",
    catalogue: &["D03", "I17"],
    severity: Severity::Error,
    docs: "A node has a neighbour entry for another node's address with a MAC that is not that node's: one that was written by \
           hand and outlived a network card, or another node's, which answers for the same address. Whatever is sent to \
           that node goes elsewhere. Learnt entries with a MAC that no node has are left alone: in some clouds one gateway \
           answers for all.",
};

pub(super) fn look(scene: &Scene<'_>, family: Family, report: &mut Report) {
    for (node, ..) in scene.hosts() {
        if !node.has_whole(Part::Neighbors) || !node.has_whole(Part::Links) {
            report.skip_all(CHECKS, node.name, "its neighbours were not read");
            continue;
        }
        let peers = scene.peers(node);
        let found = peers.filter_map(|peer| of_peer(scene, node, peer, family));
        report.judge(&WRONG, node.name, found.collect());
    }
}

fn of_peer(
    scene: &Scene<'_>,
    node: &NodeView<'_>,
    peer: &NodeView<'_>,
    family: Family,
) -> Option<Finding> {
    let (_, netns) = node.host?;
    let theirs = peer.wire(family)?;
    let mine = node.wire(family)?;
    let mut entries = netns.neighbors.iter().flatten();
    let entry = entries
        .find(|entry| entry.device == mine.name && !entry.proxy && peer.has_published(entry.ip))?;
    let mac = entry.mac.filter(|mac| Some(*mac) != theirs.mac)?;
    let written = entry.state == NeighborState::Permanent;
    let mut others = scene.nodes.iter().filter(|one| one.name != peer.name);
    let other = others.find(|one| one.wire(family).is_some_and(|link| link.mac == Some(mac)));
    (written || other.is_some()).then(|| finding(node, peer, entry, &theirs.name, theirs.mac))
}

fn finding(
    node: &NodeView<'_>,
    peer: &NodeView<'_>,
    entry: &Neighbor,
    device: &str,
    right: Option<crate::model::Mac>,
) -> Finding {
    let (here, there) = (node.name, peer.name);
    let title = format!(
        "{here} knows {there}, {}, by a MAC that is not its own",
        entry.ip
    );
    let impact = format!("what {here} and its pods send to {there} and its pods goes elsewhere");
    let mut finding = WRONG.finding(node.place(Some(&entry.device)), title, impact);
    finding.evidence.push(Evidence {
        source: format!("ip neigh show dev {}", entry.device),
        raw: entry.raw.clone(),
    });
    if let Some(mac) = right {
        finding.evidence.push(Evidence {
            source: format!("ip link show dev {device} on {there}"),
            raw: format!("link/ether {mac}"),
        });
    }
    finding
        .fix
        .push(format!("ip neigh del {} dev {}", entry.ip, entry.device));
    finding.mentions = vec![entry.ip.to_string()];
    finding
}
