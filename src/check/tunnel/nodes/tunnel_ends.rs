//! The MACs of the nodes' tunnel ends: as flannel published them, as the devices have them, and beside each other.

use super::api;
use super::doubles::doubles;
use crate::check::tunnel::restart_flannel;
use crate::check::{Check, NodeView, Report, Scene};
use crate::model::trace::Evidence;
use crate::model::{Family, Finding, Mac, Severity};

pub(super) const SAME: Check = Check {
    id: "vtep-mac-duplicate",
    catalogue: &["C16"],
    severity: Severity::Error,
    docs: "The tunnel ends of two nodes have the same MAC: every node has one forwarding entry for it, so that one of the two \
           is lost to the others. Cloned machines with the same machine-id get the same MAC by systemd's \
           MACAddressPolicy=persistent.",
};

pub(super) const STALE: Check = Check {
    id: "vtep-mac-published-stale",
    catalogue: &["C04", "C23"],
    severity: Severity::Error,
    docs: "The node's tunnel end has another MAC than flannel published: other nodes send with the published one, and the \
           kernel here drops such frames as meant for another host, silently. Something made the device anew or changed \
           its MAC (systemd's MACAddressPolicy) after flannel started.",
};

pub(super) fn same(scene: &Scene<'_>, family: Family, report: &mut Report) {
    let mac = |node: &NodeView<'_>| -> Vec<Mac> {
        let device = node.tunnel(family).and_then(|(link, _)| link.mac);
        device.or(node.published(family).0).into_iter().collect()
    };
    doubles(scene, mac, |first, second, mac| {
        let device = second.tunnel(family).map(|(link, _)| link.name.as_str());
        let mut finding = SAME.finding(
            second.place(device),
            format!(
                "the tunnel ends of {} and {} have the same MAC {mac}",
                first.name, second.name
            ),
            "packets for the pods of one of them go to the other, where they are lost".to_owned(),
        );
        for node in [first, second] {
            if let Some((link, _)) = node.tunnel(family) {
                finding.evidence.push(Evidence {
                    source: format!("ip link show dev {} on {}", link.name, node.name),
                    raw: format!("link/ether {mac}"),
                });
            } else {
                finding
                    .evidence
                    .push(api(node, &format!("backend-data: VtepMAC {mac}")));
            }
        }
        let device = device.unwrap_or("flannel.1");
        finding.fix = vec![
            format!("ip link delete {device}"),
            restart_flannel(second.name),
            "# cloned machines: systemd-machine-id-setup after removing /etc/machine-id".to_owned(),
        ];
        finding.mentions = [first, second]
            .iter()
            .filter_map(|node| Some(node.pod_cidr(family)?.network().to_string()))
            .chain([mac.to_string()])
            .collect();
        report.judge(&SAME, second.name, vec![finding]);
    });
}

pub(super) fn stale(scene: &Scene<'_>, node: &NodeView<'_>, family: Family) -> Option<Finding> {
    let published = node.published(family).0?;
    let (link, _) = node.tunnel(family)?;
    let mac = link.mac.filter(|mac| *mac != published)?;
    let gateway = node.pod_cidr(family)?.network();
    // Where every other node knows the device's own all the same, it is only the API's copy that is old.
    let knows = |peer: &NodeView<'_>| {
        let neighbors = peer.host.and_then(|(_, netns)| netns.neighbors.as_ref());
        let mut neighbors = neighbors.into_iter().flatten();
        neighbors.any(|entry| entry.ip == gateway && entry.mac == Some(mac))
    };
    if scene.peers(node).all(knows) {
        return None;
    }
    let mut finding = STALE.finding(
        node.place(Some(&link.name)),
        format!(
            "{} of {} has the MAC {mac}, and flannel published {published}",
            link.name, node.name
        ),
        format!(
            "what other nodes send to pods of {} is dropped there",
            node.name
        ),
    );
    finding.evidence = vec![
        Evidence {
            source: format!("ip link show dev {} on {}", link.name, node.name),
            raw: format!("link/ether {mac}"),
        },
        api(node, &format!("backend-data: VtepMAC {published}")),
    ];
    finding.fix = vec![
        format!("ip link set {} address {published}", link.name),
        format!(
            "# or let flannel publish the new one: {}",
            restart_flannel(node.name)
        ),
    ];
    finding.mentions = node
        .pod_cidr(family)
        .map(|cidr| cidr.network().to_string())
        .into_iter()
        .collect();
    Some(finding)
}
