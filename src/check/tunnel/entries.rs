//! Neighbours and forwarding entries that a node has of the others' tunnel ends.

use std::net::IpAddr;

use super::restart_flannel;
use crate::check::{Check, NodeView, Report, Scene};
use crate::model::trace::Evidence;
use crate::model::{Family, FdbEntry, Finding, Link, Mac, Neighbor, NeighborState, Part, Severity};

/// The checks of this file.
pub const CHECKS: &[Check] = &[
    NEIGHBOR_STALE,
    FDB_MISSING,
    FDB_ELSEWHERE,
    NEIGHBOR_MISSING,
    GONE_NODE,
];

const NEIGHBOR_STALE: Check = Check {
    id: "vtep-neighbor-stale",
    catalogue: &["C04"],
    severity: Severity::Error,
    docs: "The node sends to another node's tunnel end with an Ethernet address that is not (any longer) that of the other \
           node's device: the frame arrives in the tunnel, and the kernel there drops it as meant for another host, \
           silently. The other node's device was made anew with another address, and flannel here did not hear or did \
           not follow: where only one family's address of a dual-stack node changes, it takes the node for unchanged.",
};

const FDB_MISSING: Check = Check {
    id: "vxlan-fdb-missing",
    catalogue: &["C05", "C08", "C04"],
    severity: Severity::Error,
    docs: "The vxlan device has no forwarding entry for the Ethernet address of another node's tunnel end, nor one for all \
           addresses: what is sent there is dropped, silently (its tx_dropped counts it). Where the neighbour entry has \
           a new address and the forwarding entry still the old one, the two were not written together: flannel hung or \
           was stopped in between, or somebody changed one by hand.",
};

const FDB_ELSEWHERE: Check = Check {
    id: "vxlan-fdb-destination-wrong",
    catalogue: &["C06"],
    severity: Severity::Error,
    docs: "The forwarding entry for another node's tunnel end leads to an address that is not that node's: the node got \
           another address (DHCP, a new machine) and flannel here did not follow. The outer packets go to nobody, or to \
           somebody else.",
};

const NEIGHBOR_MISSING: Check = Check {
    id: "vtep-neighbor-missing",
    catalogue: &["C07"],
    severity: Severity::Error,
    docs: "There is a route by another node's tunnel end and no neighbour entry for it: the vxlan device is asked for it in \
           vain, and after three seconds the sender hears that the host is unreachable.",
};

const GONE_NODE: Check = Check {
    id: "vxlan-entries-of-gone-node",
    catalogue: &["C03"],
    severity: Severity::Warning,
    docs: "The node has a route into the tunnel for a network that is no node's any more. A restart of flannel does not remove \
           what belongs to nodes which were deleted while it did not run. When the network is given to a new node, \
           packets for it still go to the old one's address.",
};

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
        for finding in of_gone_nodes(scene, node, link, family) {
            report.judge(&GONE_NODE, node.name, vec![finding]);
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

/// What a node knows of another's tunnel end.
struct Known<'a, 'c> {
    node: &'a NodeView<'c>,
    peer: &'a NodeView<'c>,
    device: &'c str,
    gateway: IpAddr,
    family: Family,
    neighbor: Option<&'c Neighbor>,
    fdb: Vec<&'c FdbEntry>,
    mac: Option<Mac>,
}

impl<'a, 'c> Known<'a, 'c> {
    fn of(
        node: &'a NodeView<'c>,
        peer: &'a NodeView<'c>,
        link: &'c Link,
        gateway: IpAddr,
        family: Family,
    ) -> Option<Self> {
        let (_, netns) = node.host?;
        let mut neighbors = netns.neighbors.iter().flatten();
        let fdb = netns.fdb.iter().flatten();
        Some(Self {
            node,
            peer,
            device: &link.name,
            gateway,
            family,
            neighbor: neighbors
                .find(|entry| entry.device == link.name && entry.ip == gateway && !entry.proxy),
            fdb: fdb
                .filter(|entry| {
                    entry.device == link.name
                        && entry.master.is_none()
                        && entry.destination.is_some()
                })
                .collect(),
            mac: true_mac(peer, family),
        })
    }

    /// Whether flannel meant the other node to be reached by the tunnel, and only its route is not there: there is what
    /// flannel writes beside it, and no route straight to the node.
    fn has_lost_its_route(&self) -> bool {
        let written = self.neighbor.is_some() || self.fdb_of_peer();
        let used = self.node.towards(self.peer, self.family);
        written && used.is_some_and(|link| link.name == self.device)
    }

    fn fdb_of_peer(&self) -> bool {
        let mut ends = self.fdb.iter().filter_map(|entry| entry.destination);
        ends.any(|ip| self.peer.has_address(ip))
    }

    /// What is wrong with it: the first thing, which the others follow from.
    fn judge(&self) -> Option<(&'static Check, Finding)> {
        let usable = self.neighbor.filter(|entry| {
            !matches!(
                entry.state,
                NeighborState::Failed | NeighborState::Incomplete | NeighborState::None
            )
        });
        let Some(mac) = usable.and_then(|entry| entry.mac) else {
            return Some((&NEIGHBOR_MISSING, self.no_neighbor()));
        };
        if self.mac.is_some_and(|right| right != mac) {
            return Some((&NEIGHBOR_STALE, self.stale(mac)));
        }
        let mut rows = self.fdb.iter().filter(|entry| entry.mac == mac);
        let Some(row) = rows.next() else {
            let default = self.fdb.iter().any(|entry| entry.mac == Mac::ZERO);
            return (!default).then(|| (&FDB_MISSING, self.no_row(mac)));
        };
        let ip = row.destination?;
        let right = self.peer.public_ip(self.family);
        let theirs = self.peer.has_address(ip) || right.is_none();
        (!theirs).then(|| (&FDB_ELSEWHERE, self.elsewhere(row, ip)))
    }

    /// Where the other node is, by what flannel published, else by its object.
    fn address(&self) -> Option<IpAddr> {
        let published = self.peer.public_ip(self.family);
        published.or_else(|| self.peer.addresses(self.family).next())
    }

    fn finding(&self, check: &Check, title: String) -> Finding {
        let (here, there) = (self.node.name, self.peer.name);
        let impact = format!(
            "what {here} and its pods send to pods of {there} is lost, and the answers to what comes from there"
        );
        let mut finding = check.finding(self.node.place(Some(self.device)), title, impact);
        finding.evidence.push(Evidence {
            source: format!("ip neigh show dev {}", self.device),
            raw: self
                .neighbor
                .map_or(format!("no entry for {}", self.gateway), |entry| {
                    entry.raw.clone()
                }),
        });
        finding.mentions = vec![self.gateway.to_string()];
        finding
    }

    /// The other node's own Ethernet address, and where that was read.
    fn show_right(&self, finding: &mut Finding) {
        if let Some((link, _)) = self.peer.tunnel(self.family)
            && let Some(mac) = link.mac
        {
            finding.evidence.push(Evidence {
                source: format!("ip link show dev {} on {}", link.name, self.peer.name),
                raw: format!("link/ether {mac}"),
            });
        }
        if let Some(mac) = self.peer.published(self.family).0 {
            finding.evidence.push(Evidence {
                source: format!("annotation backend-data of Node {}", self.peer.name),
                raw: format!("VtepMAC {mac}"),
            });
        }
    }

    /// Writes what is right.
    fn mend(&self, finding: &mut Finding, neighbor: bool) {
        let (Some(mac), device) = (self.mac, self.device) else {
            finding.fix.push(restart_flannel(self.node.name));
            return;
        };
        if neighbor {
            let gateway = self.gateway;
            finding.fix.push(format!(
                "ip neigh replace {gateway} lladdr {mac} dev {device} nud permanent"
            ));
        }
        if let Some(ip) = self.address() {
            finding.fix.push(format!(
                "bridge fdb replace {mac} dev {device} dst {ip} self permanent"
            ));
        }
        finding.fix.push(format!(
            "# or, which does the same: {}",
            restart_flannel(self.node.name)
        ));
    }

    fn no_neighbor(&self) -> Finding {
        let (here, there, gateway) = (self.node.name, self.peer.name, self.gateway);
        let title =
            format!("{here} has no neighbour entry for {gateway}, the tunnel end of {there}");
        let mut finding = self.finding(&NEIGHBOR_MISSING, title);
        self.show_right(&mut finding);
        self.mend(&mut finding, true);
        finding
    }

    fn stale(&self, mac: Mac) -> Finding {
        let (here, there) = (self.node.name, self.peer.name);
        let title =
            format!("{here} knows the tunnel end of {there} by another MAC than it has: {mac}");
        let mut finding = self.finding(&NEIGHBOR_STALE, title);
        self.show_right(&mut finding);
        self.mend(&mut finding, true);
        finding
    }

    fn no_row(&self, mac: Mac) -> Finding {
        let (here, there, device) = (self.node.name, self.peer.name, self.device);
        let title =
            format!("{device} of {here} does not know where {mac} is, the tunnel end of {there}");
        let mut finding = self.finding(&FDB_MISSING, title);
        let old = self.fdb.iter().find(|entry| {
            entry.mac != mac
                && entry
                    .destination
                    .is_some_and(|ip| self.peer.has_address(ip))
        });
        finding.evidence.push(Evidence {
            source: format!("bridge fdb show dev {device}"),
            raw: old.map_or(format!("no entry for {mac}"), |entry| entry.raw.clone()),
        });
        finding.catalogue = match old {
            Some(_) => vec!["C08".to_owned(), "C04".to_owned(), "C05".to_owned()],
            None => vec!["C05".to_owned()],
        };
        self.show_right(&mut finding);
        if let Some(old) = old {
            finding.impact = format!(
                "{}: {there}'s MAC changed, and only the neighbour entry followed",
                finding.impact
            );
            let to = old
                .destination
                .map_or(String::new(), |ip| format!(" dst {ip}"));
            finding
                .fix
                .push(format!("bridge fdb del {} dev {device}{to} self", old.mac));
        }
        self.mend(&mut finding, false);
        finding
    }

    fn elsewhere(&self, row: &FdbEntry, ip: IpAddr) -> Finding {
        let (here, there, device) = (self.node.name, self.peer.name, self.device);
        let title = format!(
            "{device} of {here} sends what is for {there} to {ip}, which is not {there}'s address"
        );
        let mut finding = self.finding(&FDB_ELSEWHERE, title);
        finding.evidence.push(Evidence {
            source: format!("bridge fdb show dev {device}"),
            raw: row.raw.clone(),
        });
        if let Some(right) = self.address() {
            finding.evidence.push(Evidence {
                source: format!("annotation public-ip of Node {there}"),
                raw: right.to_string(),
            });
        }
        finding.mentions.push(row.mac.to_string());
        self.mend(&mut finding, false);
        finding
    }
}

/// Routes into the tunnel for networks that no node has.
fn of_gone_nodes(
    scene: &Scene<'_>,
    node: &NodeView<'_>,
    link: &Link,
    family: Family,
) -> Vec<Finding> {
    let objects = &scene.cluster.objects;
    if objects.nodes.is_empty() || objects.incomplete.contains(&crate::model::ObjectKind::Node) {
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
