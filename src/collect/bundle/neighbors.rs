//! Neighbours and forwarding entries: rows of `ip -j neigh` and `bridge -j fdb` (iproute2's `ip/ipneigh.c`,
//! `bridge/fdb.c`).

use super::rows::{FieldResult, Row, bare};
use crate::collect::report::Report;
use crate::model::text::{FdbDetails, NeighborDetails, fdb_text, neighbor_text};
use crate::model::{FdbEntry, Neighbor, NeighborState};

/// NTF_* of a neighbour, in the order they are printed; `proxy` stands after `router`.
const NEIGHBOR_FLAGS: [&str; 5] = [
    "router",
    "managed",
    "extern_learn",
    "offload",
    "extern_valid",
];

/// The neighbours of a file.
pub fn neighbors(rows: &[Row], report: &mut Report) -> Vec<Neighbor> {
    rows.iter()
        .filter_map(|row| report.keep(row.line, neighbor(row)))
        .collect()
}

fn neighbor(row: &Row) -> FieldResult<Neighbor> {
    let fields = row.fields();
    let state = match fields.words("state")?.first() {
        None => NeighborState::None,
        Some(name) => {
            NeighborState::from_name(name).ok_or_else(|| format!("unknown state {name:?}"))?
        }
    };
    // Of a device that is no Ethernet the address may be anything, an IPv4 address for one.
    let address = fields.text("lladdr")?;
    let mac = address.and_then(|address| address.parse().ok());
    let mut neighbor = Neighbor {
        device: fields.required("dev")?.to_owned(),
        ip: fields.parse("dst")?.ok_or("has no `dst`")?,
        mac,
        state,
        proxy: fields.flag("proxy"),
        raw: String::new(),
    };
    let flags = NEIGHBOR_FLAGS.iter().filter(|flag| fields.flag(flag));
    let details = NeighborDetails {
        link_address: address.map(str::to_owned),
        flags: flags.map(|flag| (*flag).to_owned()).collect(),
        protocol: fields.value("protocol").map(bare),
    };
    neighbor.raw = row
        .raw
        .clone()
        .unwrap_or_else(|| neighbor_text(&neighbor, &details));
    Ok(neighbor)
}

/// The forwarding entries of a file.
pub fn fdb(rows: &[Row], report: &mut Report) -> Vec<FdbEntry> {
    rows.iter()
        .filter_map(|row| report.keep(row.line, fdb_entry(row)))
        .collect()
}

fn fdb_entry(row: &Row) -> FieldResult<FdbEntry> {
    let fields = row.fields();
    let mut flags: Vec<String> = fields
        .words("flags")?
        .into_iter()
        .map(str::to_owned)
        .collect();
    let mut master = fields.text("master")?.map(str::to_owned);
    if flags.iter().any(|flag| flag == "self")
        && let Some(bridge) = master.take()
    {
        flags.push(format!("master {bridge}"));
    }
    let state = fields.text("state")?.unwrap_or_default();
    let with_name = |key: &str, name: &str| {
        fields
            .value(key)
            .map(|value| format!("{name} {}", bare(value)))
    };
    let mut entry = FdbEntry {
        mac: fields.parse("mac")?.ok_or("has no `mac`")?,
        device: fields.required("ifname")?.to_owned(),
        master,
        vlan: fields.number("vlan")?,
        destination: fields.parse("dst")?,
        port: fields.number("port")?,
        vni: fields.number("vni")?,
        via: fields.text("viaIf")?.map(str::to_owned),
        permanent: state == "permanent",
        raw: String::new(),
    };
    let after = [
        with_name("viaIfIndex", "via ifindex"),
        with_name("nhid", "nhid"),
        with_name("linkNetNsId", "link-netnsid"),
    ];
    let details = FdbDetails {
        before_via: with_name("src_vni", "src_vni").into_iter().collect(),
        after_via: after.into_iter().flatten().collect(),
        flags,
        state: if state.starts_with("0x") {
            format!("state={state}")
        } else {
            state.to_owned()
        },
    };
    entry.raw = row
        .raw
        .clone()
        .unwrap_or_else(|| fdb_text(&entry, &details));
    Ok(entry)
}
