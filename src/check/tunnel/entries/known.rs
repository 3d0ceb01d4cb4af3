//! What a node knows of another's tunnel end: the neighbour entry and the forwarding entry.

use std::net::IpAddr;

use super::true_mac;
use crate::check::tunnel::restart_flannel;
use crate::check::{Check, NodeView};
use crate::model::trace::Evidence;
use crate::model::{Family, FdbEntry, Finding, Link, Mac, Neighbor, NeighborState, Severity};

pub(super) const NEIGHBOR_STALE: Check = Check {
    id: "vtep-neighbor-stale",
    catalogue: &["C04"],
    severity: Severity::Error,
    docs: "The node sends to another node's tunnel end with an Ethernet address that is not (any longer) that of the other \
           node's device: the frame arrives in the tunnel, and the kernel there drops it as meant for another host, \
           silently. The other node's device was made anew with another address, and flannel here did not hear or did \
           not follow: where only one family's address of a dual-stack node changes, it takes the node for unchanged.",
};

pub(super) const FDB_MISSING: Check = Check {
    id: "vxlan-fdb-missing",
    catalogue: &["C05", "C08", "C04"],
    severity: Severity::Error,
    docs: "The vxlan device has no forwarding entry for the Ethernet address of another node's tunnel end, nor one for all \
           addresses: what is sent there is dropped, silently (its tx_dropped counts it). Where the neighbour entry has \
           a new address and the forwarding entry still the old one, the two were not written together: flannel hung or \
           was stopped in between, or somebody changed one by hand.",
};

pub(super) const FDB_ELSEWHERE: Check = Check {
    id: "vxlan-fdb-destination-wrong",
    catalogue: &["C06"],
    severity: Severity::Error,
    docs: "The forwarding entry for another node's tunnel end leads to an address that is not that node's: the node got \
           another address (DHCP, a new machine) and flannel here did not follow. The outer packets go to nobody, or to \
           somebody else.",
};

pub(super) const NEIGHBOR_MISSING: Check = Check {
    id: "vtep-neighbor-missing",
    catalogue: &["C07"],
    severity: Severity::Error,
    docs: "There is a route by another node's tunnel end and no neighbour entry for it: the vxlan device is asked for it in \
           vain, and after three seconds the sender hears that the host is unreachable.",
};

/// What a node knows of another's tunnel end.
pub(super) struct Known<'a, 'c> {
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
    pub fn of(
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
    pub fn has_lost_its_route(&self) -> bool {
        let written = self.neighbor.is_some() || self.fdb_of_peer();
        let used = self.node.towards(self.peer, self.family);
        written && used.is_some_and(|link| link.name == self.device)
    }

    fn fdb_of_peer(&self) -> bool {
        let mut ends = self.fdb.iter().filter_map(|entry| entry.destination);
        ends.any(|ip| self.peer.has_address(ip))
    }

    /// What is wrong with it: the first thing, which the others follow from.
    pub fn judge(&self) -> Option<(&'static Check, Finding)> {
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
