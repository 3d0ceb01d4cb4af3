//! A device that was taken down and up again.

use super::settings;
use crate::check::tunnel::{entries, restart_flannel, routes};
use crate::check::{Check, NodeView, Scene};
use crate::model::trace::Evidence;
use crate::model::{Family, Finding, Link, Severity};

pub(super) const BOUNCED: Check = Check {
    id: "vxlan-device-bounced",
    catalogue: &["C09", "C01", "C07"],
    severity: Severity::Error,
    docs: "flannel's vxlan device is up and has forwarding entries of other nodes, and no route and no neighbour: it was taken \
           down and up again (by a restart of the network, NetworkManager, a suspended machine). The kernel flushes \
           routes, IPv6 addresses and even permanent neighbours of a device that goes down, and flannel's vxlan backend writes them only \
           when it starts or hears of a node.",
};

/// Whether the device lost all that flannel wrote for it but its forwarding entries.
pub fn is_bounced(scene: &Scene<'_>, node: &NodeView<'_>, link: &Link, family: Family) -> bool {
    let Some((_, netns)) = node.host else {
        return false;
    };
    let of_family = |ip| Family::of(ip) == family;
    let gateways = |ip| {
        scene.peers(node).any(|peer| {
            peer.pod_cidr(family)
                .is_some_and(|cidr| cidr.network() == ip)
        })
    };
    let known = netns.neighbors.iter().flatten();
    let known = known
        .filter(|entry| entry.device == link.name && entry.mac.is_some() && gateways(entry.ip));
    let routes = netns.routes(family).unwrap_or_default().iter();
    let mut routes = routes.flat_map(|route| &route.next_hops);
    let routed = routes.any(|hop| {
        hop.device.as_deref() == Some(link.name.as_str()) && hop.gateway.is_some_and(of_family)
    });
    let mut fdb = netns.fdb.iter().flatten();
    let remotes = fdb.any(|entry| entry.device == link.name && entry.destination.is_some());
    link.up && remotes && !routed && known.count() == 0
}

pub(super) fn finding(
    scene: &Scene<'_>,
    node: &NodeView<'_>,
    link: &Link,
    family: Family,
) -> Option<Finding> {
    if !is_bounced(scene, node, link, family) {
        return None;
    }
    let (_, netns) = node.host?;
    let name = &link.name;
    let mut finding = BOUNCED.finding(
        node.place(Some(name)),
        format!(
            "{name} of {} was taken down and up again: its routes and neighbours are gone",
            node.name
        ),
        format!(
            "pods of {} and of other nodes do not reach each other",
            node.name
        ),
    );
    let rows = netns.fdb.iter().flatten();
    let rows = rows.filter(|entry| entry.device == *name && entry.destination.is_some());
    finding.evidence = vec![
        Evidence {
            source: "ip route".to_owned(),
            raw: format!("no {family} route by {name}"),
        },
        Evidence {
            source: "ip neigh".to_owned(),
            raw: format!("no neighbour on {name}"),
        },
    ];
    finding.evidence.extend(rows.map(|entry| Evidence {
        source: "bridge fdb".to_owned(),
        raw: entry.raw.clone(),
    }));
    let address = settings::lost_address(node, link, family);
    finding.fix.extend(address.map(|(_, command)| command));
    for peer in scene.peers(node) {
        let Some(cidr) = peer.pod_cidr(family) else {
            continue;
        };
        let gateway = cidr.network();
        if let Some(mac) = entries::true_mac(peer, family) {
            finding.fix.push(format!(
                "ip neigh replace {gateway} lladdr {mac} dev {name} nud permanent"
            ));
        }
        finding.fix.push(routes::add_by_tunnel(cidr, gateway, name));
    }
    finding.fix.push(format!(
        "# or, which does the same: {}",
        restart_flannel(node.name)
    ));
    finding.mentions = routes::words(scene, node, family);
    Some(finding)
}
