//! A vxlan tunnel of flannel's, one line a remote node: what its Node object announces, and whether route, neighbour
//! table and fdb of this node agree with that.
//!
//! Flannel (pkg/backend/vxlan/vxlan_network.go) writes three entries for each remote node: a route to its pod CIDR by way
//! of the CIDR's first address, `onlink`; a permanent neighbour, that address at the remote VTEP's Ethernet address; and an
//! fdb entry, that Ethernet address behind the remote node's public IP. A packet needs all three, and the other node
//! drops frames for an Ethernet address that its device does not have. Between nodes of one network, DirectRouting has a
//! plain route in their place.

use std::net::IpAddr;

use ipnet::IpNet;

use super::{Cell, Column, Place, Rows};
use crate::model::{Family, LinkKind, Mac, NodeObject, Route, RouteType};

pub(super) const COLUMNS: &[Column] = &[
    Column::new("remote_node"),
    Column::new("pod_cidr"),
    Column::new("route_via"),
    Column::new("neighbor"),
    Column::new("fdb"),
    Column::wide("node_mac"),
    Column::wide("node_ip"),
    Column::new("fits"),
];

/// A row for each remote node, and one for each fdb entry that belongs to none. `None` when there is no such tunnel, or
/// its tables were not read.
pub(super) fn rows(place: &Place<'_>, device: &str) -> Rows {
    let link = place.netns.link(device)?;
    let LinkKind::Vxlan(vxlan) = &link.kind else {
        return None;
    };
    let tunnel = Tunnel {
        place,
        device,
        // The underlay's family is the tunnel's: flannel.1 carries IPv4, flannel-v6.1 IPv6.
        family: vxlan.local.map_or(Family::V4, Family::of),
    };
    place.netns.fdb.as_ref()?;
    place.netns.neighbors.as_ref()?;
    place.netns.routes(tunnel.family)?;
    let own = place.cluster.node_name(place.id);
    let remote = place.cluster.objects.nodes.iter();
    let remote: Vec<&NodeObject> = remote.filter(|node| node.name != own).collect();
    let mut rows: Vec<Vec<Cell>> = remote.iter().flat_map(|node| tunnel.node(node)).collect();
    rows.extend(tunnel.strangers(&remote));
    Some(rows)
}

struct Tunnel<'p> {
    place: &'p Place<'p>,
    device: &'p str,
    family: Family,
}

/// What a Node's annotations say of its end of the tunnel.
struct Announced {
    mac: Option<Mac>,
    ip: Option<IpAddr>,
}

impl Tunnel<'_> {
    /// A row for each of a node's pod CIDRs of the tunnel's family.
    fn node(&self, node: &NodeObject) -> Vec<Vec<Cell>> {
        let cidrs = node.pod_cidrs.iter();
        let its = cidrs.filter(|cidr| Family::of(cidr.addr()) == self.family);
        its.map(|cidr| self.row(node, *cidr)).collect()
    }

    fn row(&self, node: &NodeObject, cidr: IpNet) -> Vec<Cell> {
        let announced = self.announced(node);
        let route = self.route(cidr);
        let hop = route.and_then(|route| route.next_hops.first());
        let by_tunnel = hop.is_some_and(|hop| hop.device.as_deref() == Some(self.device));
        let gateway = hop.and_then(|hop| hop.gateway);
        let neighbor = gateway
            .filter(|_| by_tunnel)
            .and_then(|ip| self.neighbor(ip));
        let destinations: Vec<IpAddr> = neighbor.map(|mac| self.fdb(mac)).unwrap_or_default();
        let mut odd = Vec::new();
        match (route, gateway) {
            (None, _) => odd.push(format!("no route to {cidr}")),
            (Some(_), Some(via)) if !by_tunnel => {
                // DirectRouting: the node itself is the gateway.
                if !node.addresses.contains(&via) {
                    odd.push(format!(
                        "the route leads to {via}, which is not {}",
                        node.name
                    ));
                }
            }
            (Some(_), Some(via)) => match neighbor {
                None => odd.push(format!("no neighbour {via}")),
                Some(mac) => odd.extend(self.odd_tunnel(node, &announced, mac, &destinations)),
            },
            (Some(route), None) => odd.push(format!("odd route: {}", route.raw)),
        }
        let via = gateway.map(|ip| match by_tunnel {
            true => ip.to_string(),
            false => format!("{ip} (direct)"),
        });
        vec![
            node.name.as_str().into(),
            cidr.to_string().into(),
            via.into(),
            neighbor.map(|mac| mac.to_string()).into(),
            destinations
                .iter()
                .map(IpAddr::to_string)
                .collect::<Vec<_>>()
                .into(),
            announced.mac.map(|mac| mac.to_string()).into(),
            announced.ip.into(),
            match odd.is_empty() {
                true => "yes".into(),
                false => Cell::List(odd),
            },
        ]
    }

    /// What does not fit together of the way through the tunnel.
    fn odd_tunnel(
        &self,
        node: &NodeObject,
        announced: &Announced,
        mac: Mac,
        destinations: &[IpAddr],
    ) -> Vec<String> {
        let mut odd = Vec::new();
        if announced.mac.is_some_and(|known| known != mac) {
            odd.push("neighbour's MAC is not the Node's".to_owned());
        }
        if let Some(device) = self.device_of(node).filter(|device| *device != mac) {
            odd.push(format!("the node's device has {device}"));
        }
        match (destinations, announced.ip) {
            ([], _) => odd.push(format!("fdb lacks {mac}")),
            ([to], Some(ip)) if *to != ip => odd.push(format!("fdb leads to {to}, not {ip}")),
            ([_], _) => {}
            (several, _) => odd.push(format!("fdb has {} ways", several.len())),
        }
        odd
    }

    fn announced(&self, node: &NodeObject) -> Announced {
        let (data, ip) = match self.family {
            Family::V4 => ("backend-data", "public-ip"),
            Family::V6 => ("backend-v6-data", "public-ipv6"),
        };
        let value = |wanted: &str| {
            let mut annotations = node.flannel.iter();
            annotations.find_map(|(key, value)| (key == wanted).then_some(value.as_str()))
        };
        let data =
            value(data).and_then(|text| serde_json::from_str::<serde_json::Value>(text).ok());
        let mac = data.and_then(|data| data.get("VtepMAC")?.as_str()?.parse().ok());
        Announced {
            mac,
            ip: value(ip).and_then(|text| text.parse().ok()),
        }
    }

    /// The route that the kernel takes to a pod CIDR, as far as its main table decides.
    fn route(&self, cidr: IpNet) -> Option<&Route> {
        let routes = self.place.netns.routes(self.family)?.iter();
        let here = routes.filter(|route| {
            route.destination == cidr
                && route.kind == RouteType::Unicast
                && route.table == crate::model::Table::MAIN
        });
        here.min_by_key(|route| route.metric)
    }

    fn neighbor(&self, ip: IpAddr) -> Option<Mac> {
        let entries = self.place.netns.neighbors.iter().flatten();
        let mut its = entries.filter(|entry| entry.device == self.device && entry.ip == ip);
        its.find(|entry| entry.state.may_transmit())?.mac
    }

    fn fdb(&self, mac: Mac) -> Vec<IpAddr> {
        let entries = self.place.netns.fdb.iter().flatten();
        let its = entries.filter(|entry| entry.device == self.device && entry.mac == mac);
        its.filter_map(|entry| entry.destination).collect()
    }

    /// The Ethernet address of the device of that name on the node itself, where it was captured.
    fn device_of(&self, node: &NodeObject) -> Option<Mac> {
        let host = self.place.cluster.host(&node.name)?;
        self.place.cluster.netns(host).link(self.device)?.mac
    }

    /// fdb entries that lead to no node.
    fn strangers(&self, remote: &[&NodeObject]) -> Vec<Vec<Cell>> {
        let entries = self.place.netns.fdb.iter().flatten();
        let here = entries.filter(|entry| entry.device == self.device);
        let mut rows = Vec::new();
        for entry in here {
            let Some(ip) = entry.destination else {
                continue;
            };
            let announced = |node: &&&NodeObject| {
                let known = self.announced(node);
                known.ip == Some(ip) || node.addresses.contains(&ip)
            };
            let node = remote.iter().find(announced);
            let is_used = node.is_some_and(|node| self.is_used(node, entry.mac));
            if is_used {
                continue;
            }
            let why = match node {
                Some(node) => format!("no route to {} uses this MAC", node.name),
                None => "leads to no node".to_owned(),
            };
            rows.push(vec![
                node.map(|node| node.name.clone()).into(),
                Cell::Absent,
                Cell::Absent,
                Cell::Absent,
                format!("{} at {ip}", entry.mac).into(),
                Cell::Absent,
                Cell::Absent,
                Cell::List(vec![why]),
            ]);
        }
        rows
    }

    /// Whether packets to a node's pods are sent to that Ethernet address.
    fn is_used(&self, node: &NodeObject, mac: Mac) -> bool {
        let cidrs = node.pod_cidrs.iter().copied();
        let mut its = cidrs.filter(|cidr| Family::of(cidr.addr()) == self.family);
        its.any(|cidr| {
            let hop = self.route(cidr).and_then(|route| route.next_hops.first());
            let gateway = hop.and_then(|hop| hop.gateway);
            gateway.and_then(|ip| self.neighbor(ip)) == Some(mac)
        })
    }
}
