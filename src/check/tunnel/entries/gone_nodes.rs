//! Routes into the tunnel for networks that no node has.

use std::net::IpAddr;

use crate::check::{Check, NodeView, Scene};
use crate::model::trace::Evidence;
use crate::model::{Family, Finding, Link, ObjectKind, Severity};

pub(super) const GONE_NODE: Check = Check {
    id: "vxlan-entries-of-gone-node",
    catalogue: &["C03"],
    severity: Severity::Warning,
    docs: "The node has a route into the tunnel for a network that is no node's any more. A restart of flannel does not remove \
           what belongs to nodes which were deleted while it did not run. When the network is given to a new node, \
           packets for it still go to the old one's address.",
};

/// Routes into the tunnel for networks that no node has.
pub(super) fn routes(
    scene: &Scene<'_>,
    node: &NodeView<'_>,
    link: &Link,
    family: Family,
) -> Vec<Finding> {
    let objects = &scene.cluster.objects;
    if objects.nodes.is_empty() || objects.incomplete.contains(&ObjectKind::Node) {
        return Vec::new();
    }
    let Some((_, netns)) = node.host else {
        return Vec::new();
    };
    let is_anybodys = |ip: IpAddr| {
        scene
            .nodes
            .iter()
            .any(|one| one.pod_cidr(family).is_some_and(|cidr| cidr.contains(&ip)))
    };
    let routes = netns.routes(family).unwrap_or_default().iter();
    let gone = routes.filter(|route| {
        let mut hops = route.next_hops.iter();
        let by_tunnel = hops
            .any(|hop| hop.device.as_deref() == Some(link.name.as_str()) && hop.gateway.is_some());
        by_tunnel && route.destination.prefix_len() > 0 && !is_anybodys(route.destination.network())
    });
    gone.map(|route| {
        let (here, device) = (node.name, &link.name);
        let mut finding = GONE_NODE.finding(
            node.place(Some(device)),
            format!(
                "{here} has a route into the tunnel for {}, which is no node's",
                route.destination
            ),
            "when a new node is given that network, packets for it go to the old node's address"
                .to_owned(),
        );
        finding.evidence.push(Evidence {
            source: "ip route".to_owned(),
            raw: route.raw.clone(),
        });
        finding
            .fix
            .push(format!("ip route del {} dev {device}", route.destination));
        finding.mentions = vec![route.destination.to_string()];
        finding
    })
    .collect()
}
