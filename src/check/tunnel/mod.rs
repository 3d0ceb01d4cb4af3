//! flannel's vxlan tunnels: the devices, who they say they are, and what each node knows of the others.
//!
//! For each other node flannel writes three things that have to fit together (`handleSubnetEvents` in
//! pkg/backend/vxlan/vxlan_network.go of flannel): a route to its pods' network by its VTEP's address, `onlink`; a
//! permanent neighbour that gives this address the VTEP's MAC; and a forwarding entry that gives this MAC the node's
//! address. What is right is what the other node's own device has, else what flannel published of it.

mod device;
mod entries;
mod mtu;
mod neighbors;
mod nodes;
mod routes;

use super::scene::families;
use super::{Family, Report, Scene};

/// The checks of this family, causes before what they cause.
pub const FAMILY: Family = Family {
    about: "flannel's tunnels and routes",
    checks: &[
        nodes::CHECKS,
        neighbors::CHECKS,
        device::CHECKS,
        mtu::CHECKS,
        entries::CHECKS,
        routes::CHECKS,
    ],
    look,
};

fn look(scene: &Scene<'_>, report: &mut Report) {
    nodes::look(scene, report);
    for family in families(scene) {
        neighbors::look(scene, family, report);
        device::look(scene, family, report);
        entries::look(scene, family, report);
        routes::look(scene, family, report);
    }
    mtu::look(scene, report);
}

/// Makes flannel write anew what it knows of other nodes: it does so when it starts.
pub(super) fn restart_flannel(node: &str) -> String {
    format!(
        "kubectl -n kube-flannel delete pod -l app=flannel --field-selector spec.nodeName={node}"
    )
}
