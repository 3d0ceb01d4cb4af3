//! Neighbour tables and forwarding databases.

use super::{Column, Place, Rows};
use crate::model::{FdbEntry, Mac, Neighbor};

pub(super) const NEIGHBORS: &[Column] = &[
    Column::new("device"),
    Column::new("address"),
    Column::new("mac"),
    Column::new("state"),
    Column::new("owner"),
    Column::wide("entry"),
];

pub(super) const FDB: &[Column] = &[
    Column::new("device"),
    Column::new("mac"),
    Column::new("bridge"),
    Column::new("vlan"),
    Column::new("destination"),
    Column::wide("kind"),
    Column::new("owner"),
    Column::wide("entry"),
];

pub(super) fn neighbors(place: &Place<'_>) -> Rows {
    let mut entries: Vec<&Neighbor> = place.netns.neighbors.as_ref()?.iter().collect();
    entries.sort_by(|a, b| (&a.device, a.ip).cmp(&(&b.device, b.ip)));
    let row = |entry: &Neighbor| {
        let state = match entry.proxy {
            true => "proxy",
            false => entry.state.name(),
        };
        vec![
            entry.device.as_str().into(),
            entry.ip.into(),
            entry.mac.map(|mac| mac.to_string()).into(),
            state.into(),
            place.owners.ip(entry.ip).into(),
            entry.raw.as_str().into(),
        ]
    };
    Some(entries.into_iter().map(row).collect())
}

pub(super) fn fdb(place: &Place<'_>) -> Rows {
    let entries = place.netns.fdb.as_ref()?.iter();
    let mut entries: Vec<&FdbEntry> = entries
        .filter(|entry| place.all || !entry.mac.is_multicast())
        .collect();
    entries.sort_by(|a, b| (&a.device, a.mac, a.vlan).cmp(&(&b.device, b.mac, b.vlan)));
    let row = |entry: &FdbEntry| {
        let owner = match entry.destination {
            Some(ip) => place.owners.ip(ip),
            None if entry.mac == Mac::ZERO => Some("everything without an entry"),
            None if entry.mac.is_multicast() => Some("multicast"),
            None => place.owners.mac(entry.mac),
        };
        vec![
            entry.device.as_str().into(),
            entry.mac.to_string().into(),
            entry.master.clone().into(),
            entry.vlan.into(),
            entry.destination.into(),
            if entry.permanent {
                "permanent"
            } else {
                "learned"
            }
            .into(),
            owner.into(),
            entry.raw.as_str().into(),
        ]
    };
    Some(entries.into_iter().map(row).collect())
}
