//! Bridge ports: rows of `bridge -j -d link` and `bridge -j vlan` (iproute2's `bridge/link.c`, `bridge/vlan.c`), merged
//! into the devices they are about.
//!
//! `bridge link` prints a device's peer by a name of the wrong namespace: it is never read from here.

use super::rows::{FieldResult, Fields, Row, bare};
use crate::collect::report::Report;
use crate::model::{BridgePort, Link, Vlan};

/// Highest 802.1Q id.
const LAST_VLAN: u16 = 4094;

/// A port by the names that both `bridge link` and `ip link` have for its settings.
pub fn port(data: Fields) -> FieldResult<BridgePort> {
    let usual = BridgePort::default();
    let state = match data.value("state").map(bare) {
        None => usual.state,
        Some(name) => state(&name).ok_or_else(|| format!("unknown state of a port: {name:?}"))?,
    };
    Ok(BridgePort {
        state,
        hairpin: data.switch("hairpin").unwrap_or(usual.hairpin),
        isolated: data.switch("isolated").unwrap_or(usual.isolated),
        flood: data.switch("flood").unwrap_or(usual.flood),
        learning: data.switch("learning").unwrap_or(usual.learning),
        vlans: Vec::new(),
    })
}

/// BR_STATE_*.
fn state(name: &str) -> Option<u8> {
    match name {
        "disabled" => Some(0),
        "listening" => Some(1),
        "learning" => Some(2),
        "forwarding" => Some(3),
        "blocking" => Some(4),
        number => number.parse().ok().filter(|state| *state <= 4),
    }
}

/// Adds what `bridge link` says of ports.
pub fn add_ports(rows: &[Row], links: &mut [Link], report: &mut Report) {
    for row in rows {
        let fields = row.fields();
        if fields.value("state").is_none() {
            continue;
        }
        let named = fields
            .required("ifname")
            .and_then(|name| Ok((name, port(fields)?)));
        let Some((name, port)) = report.keep(row.line, named) else {
            continue;
        };
        // A device that is not known came after the devices were dumped, or its row there makes no sense.
        if let Some(link) = links.iter_mut().find(|link| link.name == name) {
            link.port = Some(port);
        }
    }
}

/// Adds the VLANs of ports. Those of a bridge itself stand here too, and have no place in the model.
pub fn add_vlans(rows: &[Row], links: &mut [Link], report: &mut Report) {
    for row in rows {
        let fields = row.fields();
        let Some(name) = report.keep(row.line, fields.required("ifname")) else {
            continue;
        };
        let mut all = Vec::new();
        for entry in fields.objects("vlans") {
            all.extend(report.keep(row.line, vlans(entry)).into_iter().flatten());
        }
        let device = links.iter_mut().find(|link| link.name == name);
        if let Some(port) = device.and_then(|link| link.port.as_mut()) {
            port.vlans = all;
        }
    }
}

fn vlans(entry: Fields) -> FieldResult<impl Iterator<Item = Vlan> + use<>> {
    let first: u16 = entry.number("vlan")?.ok_or("a VLAN without `vlan`")?;
    let last: u16 = entry.number("vlanEnd")?.unwrap_or(first);
    if last > LAST_VLAN || first > last {
        return Err(format!("no range of VLANs: {first}-{last}"));
    }
    let flags = entry.words("flags")?;
    let pvid = flags.contains(&"PVID");
    let untagged = flags.contains(&"Egress Untagged");
    Ok((first..=last).map(move |id| Vlan { id, pvid, untagged }))
}
