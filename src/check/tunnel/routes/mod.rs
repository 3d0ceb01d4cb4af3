//! Routes to other nodes' pods.

mod commands;
mod findings;
mod policy_rules;
mod way;

use std::net::IpAddr;

use ipnet::IpNet;

use self::way::Way;
use crate::check::{Check, NodeView, Report, Scene};
use crate::model::{Family, Part, Severity};

pub use self::commands::add_by_tunnel;

/// The checks of these files.
pub const CHECKS: &[Check] = &[
    policy_rules::RULE,
    REFUSED,
    WRONG,
    DIFFERENT,
    SHADOWED,
    MISSING,
];

const REFUSED: Check = Check {
    id: "pod-route-refuses",
    catalogue: &["I03"],
    severity: Severity::Error,
    docs: "A route of type blackhole, unreachable or prohibit covers another node's pods: what is sent to them is dropped, \
           silently or with an ICMP error. Calico leaves such routes behind when it is removed.",
};

const WRONG: Check = Check {
    id: "pod-route-wrong",
    catalogue: &["C02"],
    severity: Severity::Error,
    docs: "The route to another node's pods does not lead to that node: it is left from a time when another node had this \
           network, or something other than flannel wrote it, or it wins by its metric.",
};

const DIFFERENT: Check = Check {
    id: "pod-route-unusual",
    catalogue: &["C02", "A03"],
    severity: Severity::Warning,
    docs: "The route to another node's pods leads to that node, and not the way flannel sends: past the tunnel, or by another \
           device. That works as long as nothing checks where packets come from; with `rp_filter` = 1 the answers, which \
           come by the tunnel, are dropped.",
};

const SHADOWED: Check = Check {
    id: "pod-route-shadowed",
    catalogue: &["C02", "E21", "I05"],
    severity: Severity::Error,
    docs: "A route to a part of another node's pod network is more specific than flannel's and leads elsewhere: the pods with \
           those addresses cannot be reached. VPNs, docker networks and address plans that overlap bring such routes.",
};

const MISSING: Check = Check {
    id: "pod-route-missing",
    catalogue: &["C01", "D02", "C27", "D01"],
    severity: Severity::Error,
    docs: "There is no route to the pods of another node: what is sent to them leaves by the default route, or not at all. \
           flannel's vxlan backend writes a node's route once, when it starts or hears of the node; what removes it \
           later (NetworkManager, systemd-networkd, a restart of the network) removes it for good. Its host-gw backend \
           looks every ten seconds: there flannel does not run, or the other node is not on the same link.",
};

/// Looks at each node's route to each other's pods.
pub fn look(scene: &Scene<'_>, family: Family, report: &mut Report) {
    for (node, _, netns) in scene.hosts() {
        if node.pod_cidr(family).is_none() {
            continue;
        }
        if !node.has_whole(Part::Routes(family)) {
            report.skip_all(CHECKS, node.name, "its routes were not read");
            continue;
        }
        for check in CHECKS {
            report.judge(check, node.name, Vec::new());
        }
        let routes = netns.routes(family).unwrap_or_default();
        let tunnel = node.tunnel(family);
        // With the device, its routes went: one finding is enough.
        let lost = node.backend() == Some("vxlan") && !tunnel.is_some_and(|(link, _)| link.up);
        let bounced =
            tunnel.is_some_and(|(link, _)| super::device::is_bounced(scene, node, link, family));
        let mut ruled = false;
        for peer in scene.peers(node) {
            let Some(cidr) = peer.pod_cidr(family) else {
                continue;
            };
            if node.pod_cidr(family) == Some(cidr) {
                continue;
            }
            let way = Way {
                scene,
                node,
                peer,
                cidr,
                family,
            };
            // One rule takes what is for all nodes.
            if !ruled && let Some(finding) = way.rule() {
                ruled = true;
                report.judge(&policy_rules::RULE, node.name, vec![finding]);
            }
            let (check, finding) = match way.best(routes) {
                Some(route) => match way.judge(route) {
                    Some(found) => found,
                    None => {
                        let shadows = way.shadows(routes);
                        report.judge(&SHADOWED, node.name, shadows);
                        continue;
                    }
                },
                None if lost || bounced || !way.is_expected() => continue,
                None => (&MISSING, way.missing(routes)),
            };
            report.judge(check, node.name, vec![finding]);
        }
    }
}

/// What names the ways to all other nodes.
pub fn words(scene: &Scene<'_>, node: &NodeView<'_>, family: Family) -> Vec<String> {
    let cidrs = scene.peers(node).filter_map(|peer| peer.pod_cidr(family));
    cidrs.flat_map(|cidr| pods_in(scene, cidr)).collect()
}

/// The addresses of pods in a network, as words.
fn pods_in(scene: &Scene<'_>, cidr: IpNet) -> Vec<String> {
    let held = scene
        .cluster
        .all_netns()
        .flat_map(|(_, netns)| netns.addresses.iter().flatten());
    let held = held.map(|address| address.ip);
    let known = scene
        .cluster
        .objects
        .pods
        .iter()
        .flat_map(|pod| pod.ips.iter().copied());
    let mut ips: Vec<IpAddr> = held.chain(known).filter(|ip| cidr.contains(ip)).collect();
    ips.sort();
    ips.dedup();
    ips.iter().map(ToString::to_string).collect()
}
