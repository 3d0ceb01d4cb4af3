//! A node's own end of the tunnels.

mod bounced;
mod settings;
mod taken;
mod usual;

use self::usual::Usual;
use super::restart_flannel;
use crate::check::scene::tunnel_prefix;
use crate::check::{Check, NodeView, Report, Scene};
use crate::model::trace::Evidence;
use crate::model::{Family, Finding, Link, Part, Severity, Vxlan};

pub use self::bounced::is_bounced;

/// The checks of these files.
pub const CHECKS: &[Check] = &[
    taken::TAKEN,
    MISSING,
    DOWN,
    bounced::BOUNCED,
    usual::VNI,
    usual::PORT,
    settings::LOCAL,
    settings::NO_ADDRESS,
    settings::LEARNING,
];

const MISSING: Check = Check {
    id: "vxlan-device-missing",
    catalogue: &["C10", "C23"],
    severity: Severity::Error,
    docs: "The node has no vxlan device of flannel's, though flannel's backend is vxlan: flannel does not run there or could \
           not make it, or something removed it. No pod of the node reaches pods of other nodes.",
};

const DOWN: Check = Check {
    id: "vxlan-device-down",
    catalogue: &["C10"],
    severity: Severity::Error,
    docs: "flannel's vxlan device is not up (its operstate UNKNOWN would be normal; the flag UP is what counts). When it goes \
           down, its routes and neighbours go too, and nothing brings them back but a restart of flannel.",
};

/// Looks at each node's device of a family.
pub fn look(scene: &Scene<'_>, family: Family, report: &mut Report) {
    let usual = Usual::of(scene, family);
    for (node, _, _) in scene.hosts() {
        if node.pod_cidr(family).is_none() {
            continue;
        }
        if !node.has_whole(Part::Links) {
            report.skip_all(CHECKS, node.name, "its devices were not read");
            continue;
        }
        if node.backend().is_some_and(|backend| backend != "vxlan") {
            continue;
        }
        let Some((link, vxlan)) = node.tunnel(family) else {
            let needed = node.backend() == Some("vxlan") && scene.nodes.len() > 1;
            let needed = needed && node.public_ip(family).is_some();
            let taken = taken::finding(scene, node, family).filter(|_| needed);
            let lacks = (needed && taken.is_none()).then(|| missing(node, family));
            report.judge(&taken::TAKEN, node.name, taken.into_iter().collect());
            report.judge(&MISSING, node.name, lacks.into_iter().collect());
            continue;
        };
        report.judge(&taken::TAKEN, node.name, Vec::new());
        report.judge(&MISSING, node.name, Vec::new());
        report.judge(
            &DOWN,
            node.name,
            (!link.up).then(|| down(node, link)).into_iter().collect(),
        );
        report.judge(
            &usual::VNI,
            node.name,
            usual.vni(node, link, vxlan).into_iter().collect(),
        );
        report.judge(
            &usual::PORT,
            node.name,
            usual.port(node, link, vxlan).into_iter().collect(),
        );
        report.judge(
            &settings::LEARNING,
            node.name,
            settings::learning(node, link, vxlan).into_iter().collect(),
        );
        if node.has_whole(Part::Addresses) {
            report.judge(
                &settings::LOCAL,
                node.name,
                settings::local(node, link, vxlan).into_iter().collect(),
            );
            // One that is bounced lost its IPv6 address with the rest.
            let stands = link.up && !is_bounced(scene, node, link, family);
            let lacks = settings::no_address(node, link, family).filter(|_| stands);
            report.judge(
                &settings::NO_ADDRESS,
                node.name,
                lacks.into_iter().collect(),
            );
        } else {
            report.skip_all(
                &[settings::LOCAL, settings::NO_ADDRESS],
                node.name,
                "its addresses were not read",
            );
        }
        let parts = [Part::Routes(family), Part::Neighbors, Part::Fdb];
        if parts.into_iter().all(|part| node.has_whole(part)) {
            let found = bounced::finding(scene, node, link, family);
            report.judge(&bounced::BOUNCED, node.name, found.into_iter().collect());
        } else {
            report.skip_all(
                &[bounced::BOUNCED],
                node.name,
                "its routes, neighbours or fdb were not read",
            );
        }
    }
}

fn missing(node: &NodeView<'_>, family: Family) -> Finding {
    let mut finding = MISSING.finding(
        node.place(None),
        format!(
            "{} has no vxlan device of flannel's for {family}",
            node.name
        ),
        format!(
            "pods of {} and of other nodes do not reach each other over {family}",
            node.name
        ),
    );
    finding.evidence = vec![
        Evidence {
            source: "ip -d link".to_owned(),
            raw: format!("no device of type vxlan called {}*", tunnel_prefix(family)),
        },
        Evidence {
            source: format!("annotation of Node {}", node.name),
            raw: "flannel.alpha.coreos.com/backend-type: vxlan".to_owned(),
        },
    ];
    finding.fix = vec![restart_flannel(node.name)];
    finding
}

fn down(node: &NodeView<'_>, link: &Link) -> Finding {
    let name = &link.name;
    let mut finding = DOWN.finding(
        node.place(Some(name)),
        format!("{name} of {} is down", node.name),
        format!(
            "pods of {} and of other nodes do not reach each other",
            node.name
        ),
    );
    finding.evidence = vec![Evidence {
        source: "ip link".to_owned(),
        raw: format!("{}: {name}: not UP, mtu {}", link.index, link.mtu),
    }];
    finding.fix = vec![format!("ip link set {name} up"), restart_flannel(node.name)];
    finding
}

fn described(link: &Link, vxlan: &Vxlan) -> Evidence {
    let local = vxlan
        .local
        .map_or(String::new(), |ip| format!(" local {ip}"));
    let learning = if vxlan.learning { "" } else { " nolearning" };
    Evidence {
        source: "ip -d link".to_owned(),
        raw: format!(
            "{}: vxlan id {}{local} dstport {}{learning}",
            link.name, vxlan.vni, vxlan.port
        ),
    }
}
