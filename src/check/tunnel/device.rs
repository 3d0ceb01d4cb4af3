//! A node's own end of the tunnels.

use std::collections::BTreeMap;

use super::restart_flannel;
use crate::check::scene::tunnel_prefix;
use crate::check::{Check, NodeView, Report, Scene};
use crate::model::trace::Evidence;
use crate::model::{Family, Finding, Link, Part, Severity, Vxlan};

/// The checks of this file.
pub const CHECKS: &[Check] = &[
    MISSING, DOWN, BOUNCED, VNI, PORT, LOCAL, NO_ADDRESS, LEARNING,
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

const BOUNCED: Check = Check {
    id: "vxlan-device-bounced",
    catalogue: &["C09", "C01", "C07"],
    severity: Severity::Error,
    docs: "flannel's vxlan device is up and has forwarding entries of other nodes, and no route and no neighbour: it was taken \
           down and up again (by a restart of the network, NetworkManager, a suspended machine). The kernel flushes \
           routes and even permanent neighbours of a device that goes down, and flannel's vxlan backend writes them only \
           when it starts or hears of a node.",
};

const VNI: Check = Check {
    id: "vxlan-vni-mismatch",
    catalogue: &["C11"],
    severity: Severity::Error,
    docs: "The node's tunnel has another VXLAN network identifier than the others: what they send it arrives, and the kernel \
           drops it silently (`vxlan_rcv` finds no device of that VNI). flannel on all nodes has to have the same \
           net-conf.json, and be restarted after a change of it.",
};

const PORT: Check = Check {
    id: "vxlan-port-mismatch",
    catalogue: &["C12"],
    severity: Severity::Error,
    docs: "The node's tunnel uses another UDP port than the others: what they send it is answered with ICMP port unreachable, \
           which nobody hears. Linux's flannel uses 8472 unless net-conf.json says otherwise; 4789 is what Windows nodes \
           need, and what `ip link add type vxlan` is told by most manuals.",
};

const LOCAL: Check = Check {
    id: "vxlan-local-address-foreign",
    catalogue: &["C14"],
    severity: Severity::Error,
    docs: "The tunnel sends from an address which the node does not have (`local` of the vxlan device): no outer packet can be \
           sent. The node's address changed after flannel made the device, or flannel was given the address of a NAT \
           gateway as `--public-ip`, which it uses here too.",
};

const NO_ADDRESS: Check = Check {
    id: "vxlan-address-missing",
    catalogue: &["C10"],
    severity: Severity::Error,
    docs: "flannel's vxlan device lacks the address which flannel gives it, the first one of the node's pod network, with a \
           prefix length of 32 (IPv6: 128). Packets of the node itself to pods elsewhere are then sent from another \
           address, to which answers do not come back.",
};

const LEARNING: Check = Check {
    id: "vxlan-learning-on",
    catalogue: &["C28"],
    severity: Severity::Warning,
    docs: "flannel makes its device with `nolearning`; this one learns forwarding entries from the packets it receives, so \
           that a node which took over an address, or anybody who can send to the port, redirects packets. flannel keeps a \
           device that is there already, and does not compare this setting.",
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
            report.judge(
                &MISSING,
                node.name,
                needed.then(|| missing(node, family)).into_iter().collect(),
            );
            continue;
        };
        report.judge(&MISSING, node.name, Vec::new());
        report.judge(
            &DOWN,
            node.name,
            (!link.up).then(|| down(node, link)).into_iter().collect(),
        );
        report.judge(
            &VNI,
            node.name,
            usual.vni(node, link, vxlan).into_iter().collect(),
        );
        report.judge(
            &PORT,
            node.name,
            usual.port(node, link, vxlan).into_iter().collect(),
        );
        report.judge(
            &LEARNING,
            node.name,
            learning(node, link, vxlan).into_iter().collect(),
        );
        if node.has_whole(Part::Addresses) {
            report.judge(
                &LOCAL,
                node.name,
                local(node, link, vxlan).into_iter().collect(),
            );
            let lacks = link.up.then(|| no_address(node, link, family)).flatten();
            report.judge(&NO_ADDRESS, node.name, lacks.into_iter().collect());
        } else {
            report.skip_all(
                &[LOCAL, NO_ADDRESS],
                node.name,
                "its addresses were not read",
            );
        }
        let parts = [Part::Routes(family), Part::Neighbors, Part::Fdb];
        if parts.into_iter().all(|part| node.has_whole(part)) {
            let bounced = bounced(scene, node, link, family);
            report.judge(&BOUNCED, node.name, bounced.into_iter().collect());
        } else {
            report.skip_all(
                &[BOUNCED],
                node.name,
                "its routes, neighbours or fdb were not read",
            );
        }
    }
}

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

fn bounced(scene: &Scene<'_>, node: &NodeView<'_>, link: &Link, family: Family) -> Option<Finding> {
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
    for peer in scene.peers(node) {
        let Some(cidr) = peer.pod_cidr(family) else {
            continue;
        };
        let gateway = cidr.network();
        if let Some(mac) = super::entries::true_mac(peer, family) {
            finding.fix.push(format!(
                "ip neigh replace {gateway} lladdr {mac} dev {name} nud permanent"
            ));
        }
        finding
            .fix
            .push(super::routes::add_by_tunnel(cidr, gateway, name));
    }
    finding.fix.push(format!(
        "# or, which does the same: {}",
        restart_flannel(node.name)
    ));
    finding.mentions = super::routes::words(scene, node, family);
    Some(finding)
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

fn local(node: &NodeView<'_>, link: &Link, vxlan: &Vxlan) -> Option<Finding> {
    let ip = vxlan.local?;
    let (_, netns) = node.host?;
    if netns.has_address(ip) {
        return None;
    }
    let name = &link.name;
    let mut finding = LOCAL.finding(
        node.place(Some(name)),
        format!(
            "{name} of {} sends from {ip}, which {} does not have",
            node.name, node.name
        ),
        format!("no pod of {} reaches pods of other nodes", node.name),
    );
    finding.evidence = vec![described(link, vxlan)];
    let lower = vxlan.lower.as_deref().unwrap_or("the uplink");
    let held = netns
        .addresses_of(lower)
        .filter(|address| Family::of(address.ip) == Family::of(ip));
    finding.evidence.extend(held.map(|address| Evidence {
        source: format!("ip addr show dev {lower}"),
        raw: format!("{}/{}", address.ip, address.prefix_length),
    }));
    finding.fix = vec![format!("ip link delete {name}"), restart_flannel(node.name)];
    Some(finding)
}

fn no_address(node: &NodeView<'_>, link: &Link, family: Family) -> Option<Finding> {
    let cidr = node.pod_cidr(family)?;
    let (_, netns) = node.host?;
    let wanted = cidr.network();
    let name = &link.name;
    if netns.addresses_of(name).any(|address| address.ip == wanted) {
        return None;
    }
    let mut finding = NO_ADDRESS.finding(
        node.place(Some(name)),
        format!("{name} of {} lacks its address {wanted}", node.name),
        format!(
            "programs on {} itself do not reach pods of other nodes",
            node.name
        ),
    );
    let held: Vec<String> = netns
        .addresses_of(name)
        .map(|address| format!("{}/{}", address.ip, address.prefix_length))
        .collect();
    finding.evidence = vec![Evidence {
        source: format!("ip addr show dev {name}"),
        raw: if held.is_empty() {
            "no address".to_owned()
        } else {
            held.join(", ")
        },
    }];
    let bits = cidr.max_prefix_len();
    finding.fix = vec![format!("ip addr add {wanted}/{bits} dev {name}")];
    Some(finding)
}

fn learning(node: &NodeView<'_>, link: &Link, vxlan: &Vxlan) -> Option<Finding> {
    if !vxlan.learning {
        return None;
    }
    let name = &link.name;
    let mut finding = LEARNING.finding(
        node.place(Some(name)),
        format!(
            "{name} of {} learns forwarding entries from what it receives",
            node.name
        ),
        "a packet from anywhere can redirect what is meant for another node".to_owned(),
    );
    finding.evidence = vec![described(link, vxlan)];
    finding.fix = vec![format!("ip link set {name} type vxlan nolearning")];
    Some(finding)
}

/// What most nodes have: the one that differs is the one that is wrong.
struct Usual {
    vni: Option<u32>,
    port: Option<u16>,
}

impl Usual {
    fn of(scene: &Scene<'_>, family: Family) -> Self {
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

    fn vni(&self, node: &NodeView<'_>, link: &Link, vxlan: &Vxlan) -> Option<Finding> {
        let usual = self.vni?;
        if vxlan.vni == usual {
            return None;
        }
        let name = &link.name;
        let mut finding = VNI.finding(
            node.place(Some(name)),
            format!(
                "{name} of {} has VNI {}, the other nodes have {usual}",
                node.name, vxlan.vni
            ),
            format!(
                "pods of {} and of other nodes do not reach each other",
                node.name
            ),
        );
        finding.evidence = vec![described(link, vxlan)];
        finding.fix = vec![format!("ip link delete {name}"), restart_flannel(node.name)];
        finding.mentions = words(node);
        Some(finding)
    }

    fn port(&self, node: &NodeView<'_>, link: &Link, vxlan: &Vxlan) -> Option<Finding> {
        let usual = self.port?;
        if vxlan.port == usual {
            return None;
        }
        let name = &link.name;
        let mut finding = PORT.finding(
            node.place(Some(name)),
            format!(
                "{name} of {} uses UDP port {}, the other nodes use {usual}",
                node.name, vxlan.port
            ),
            format!(
                "pods of {} and of other nodes do not reach each other",
                node.name
            ),
        );
        finding.evidence = vec![described(link, vxlan)];
        finding.fix = vec![format!("ip link delete {name}"), restart_flannel(node.name)];
        finding.mentions = words(node);
        Some(finding)
    }
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
