//! Devices and the addresses on them.

use super::{Cell, Column, Place, Rows};
use crate::model::{AddressScope, Link, LinkKind, NetnsName};

pub(super) const LINKS: &[Column] = &[
    Column::wide("index"),
    Column::new("name"),
    Column::new("kind"),
    Column::usually("state", "up"),
    Column::new("mtu"),
    Column::new("mac"),
    Column::new("master"),
    Column::new("leads_to"),
    Column::wide("port"),
];

pub(super) const ADDRESSES: &[Column] = &[
    Column::new("device"),
    Column::new("address"),
    Column::new("scope"),
    Column::new("flags"),
    Column::new("owner"),
];

pub(super) fn links(place: &Place<'_>) -> Rows {
    let links = place.netns.links.as_ref()?;
    let row = |link: &Link| {
        vec![
            link.index.into(),
            link.name.as_str().into(),
            link.kind.name().into(),
            state(link).into(),
            link.mtu.into(),
            link.mac.map(|mac| mac.to_string()).into(),
            link.master.clone().into(),
            leads_to(place, link).into(),
            port(link).into(),
        ]
    };
    Some(links.iter().map(row).collect())
}

fn state(link: &Link) -> &'static str {
    match (link.up, link.carrier) {
        (true, true) => "up",
        (true, false) => "no carrier",
        (false, _) => "down",
    }
}

/// What is at its other end, or below it.
fn leads_to(place: &Place<'_>, link: &Link) -> Option<String> {
    let lower = || {
        let index = link.peer_index?;
        Some(place.netns.link_by_index(index)?.name.clone())
    };
    match &link.kind {
        LinkKind::Veth => peer(place, link),
        LinkKind::Vxlan(vxlan) => {
            let local = vxlan.local.map(|ip| format!(" from {ip}"));
            let by = vxlan.lower.as_ref().map(|device| format!(" by {device}"));
            let (local, by) = (local.unwrap_or_default(), by.unwrap_or_default());
            Some(format!("vni {} udp {}{local}{by}", vxlan.vni, vxlan.port))
        }
        LinkKind::VlanDevice { id } => Some(match lower() {
            Some(device) => format!("vlan {id} of {device}"),
            None => format!("vlan {id}"),
        }),
        LinkKind::Other(_) => lower(),
        _ => None,
    }
}

/// The other end of a veth pair, in whichever captured namespace that is.
fn peer(place: &Place<'_>, link: &Link) -> Option<String> {
    let index = link.peer_index?;
    let Some(nsid) = link.peer_nsid else {
        return Some(place.netns.link_by_index(index)?.name.clone());
    };
    let known = place.netns.peers_by_nsid.iter();
    let name = known
        .clone()
        .find_map(|(id, name)| (*id == nsid).then_some(name))?;
    let node = place.cluster.nodes.get(place.id.node)?;
    let there = node.netns.iter().find(|netns| netns.name == *name);
    let device = there.and_then(|netns| Some(netns.link_by_index(index)?.name.as_str()));
    let place = match name {
        NetnsName::Host => "host".to_owned(),
        NetnsName::Pod { namespace, name } => format!("pod {namespace}/{name}"),
        NetnsName::Named(name) => format!("netns {name}"),
    };
    Some(match device {
        Some(device) => format!("{device} of {place}"),
        None => place,
    })
}

/// What of its settings as a port of a bridge is not the kernel's default.
fn port(link: &Link) -> Option<String> {
    let port = link.port.as_ref()?;
    let state = match port.state {
        3 => None,
        0 => Some("disabled"),
        1 => Some("listening"),
        2 => Some("learning"),
        4 => Some("blocking"),
        _ => Some("in an unknown state"),
    };
    let words = [
        state,
        port.hairpin.then_some("hairpin"),
        port.isolated.then_some("isolated"),
        (!port.flood).then_some("no flood"),
        (!port.learning).then_some("no learning"),
    ];
    let words: Vec<&str> = words.into_iter().flatten().collect();
    Some(match words.is_empty() {
        true => "forwarding".to_owned(),
        false => words.join(", "),
    })
}

pub(super) fn addresses(place: &Place<'_>) -> Rows {
    let addresses = place.netns.addresses.as_ref()?;
    let rows = addresses.iter().map(|address| {
        let scope = match address.scope {
            AddressScope::Global => "global",
            AddressScope::Site => "site",
            AddressScope::Link => "link",
            AddressScope::Host => "host",
        };
        let flags: Vec<String> = [
            (address.secondary, "secondary"),
            (address.tentative, "tentative"),
            (address.deprecated, "deprecated"),
        ]
        .into_iter()
        .filter(|(set, _)| *set)
        .map(|(_, word)| word.to_owned())
        .collect();
        let far = address.peer.filter(|peer| *peer != address.ip);
        let far = far.map(|peer| format!(" peer {peer}")).unwrap_or_default();
        vec![
            address.device.as_str().into(),
            format!("{}/{}{far}", address.ip, address.prefix_length).into(),
            scope.into(),
            flags.into(),
            place.owners.ip(address.ip).map_or(Cell::Absent, Into::into),
        ]
    });
    Some(rows.collect())
}
