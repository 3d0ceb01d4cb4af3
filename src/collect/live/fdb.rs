//! Forwarding databases of bridges and vxlan devices (`RTM_GETNEIGH` of AF_BRIDGE): what `bridge fdb` shows.

use std::io;

use netlink_packet_core::Nla;
use netlink_packet_route::AddressFamily;
use netlink_packet_route::neighbour::{NeighbourAttribute, NeighbourFlags, NeighbourMessage};

use super::links::Names;
use super::neighbors::{address, dump};
use super::netlink::{Client, Dump};
use crate::model::text::{self, FdbDetails};
use crate::model::{FdbEntry, Mac};

const NUD_REACHABLE: u16 = 0x02;
const NUD_STALE: u16 = 0x04;
const NUD_NOARP: u16 = 0x40;
const NUD_PERMANENT: u16 = 0x80;
/// NDA_NH_ID, which the packet crate does not name.
const NDA_NH_ID: u16 = 13;

/// Every entry of every device.
pub(super) fn read(client: &mut Client, names: &Names) -> io::Result<Dump<FdbEntry>> {
    let dump = dump(client, AddressFamily::Bridge, NeighbourFlags::empty())?;
    let mut fdb = Dump {
        holes: dump.holes,
        ..Dump::default()
    };
    for message in &dump.entries {
        match entry(message, names) {
            Ok((entry, hole)) => {
                fdb.entries.push(entry);
                fdb.holes.extend(hole);
            }
            Err(hole) => fdb.holes.push(hole),
        }
    }
    Ok(fdb)
}

fn entry(message: &NeighbourMessage, names: &Names) -> Result<(FdbEntry, Option<String>), String> {
    let header = &message.header;
    let state = u16::from(header.state);
    let mut entry = FdbEntry {
        mac: Mac::ZERO,
        device: names.get(header.ifindex),
        master: None,
        vlan: None,
        destination: None,
        port: None,
        vni: None,
        via: None,
        permanent: state & NUD_PERMANENT != 0,
        raw: String::new(),
    };
    let mut details = FdbDetails {
        state: state_word(state),
        ..FdbDetails::default()
    };
    let (mut mac, mut group) = (None, None);
    for attribute in &message.attributes {
        match attribute {
            NeighbourAttribute::LinkLayerAddress(bytes) => {
                mac = bytes.as_slice().try_into().ok().map(Mac)
            }
            NeighbourAttribute::Destination(found) => entry.destination = address(found),
            NeighbourAttribute::Vlan(vlan) => entry.vlan = Some(*vlan),
            NeighbourAttribute::Port(port) => entry.port = Some(*port),
            NeighbourAttribute::Vni(vni) => entry.vni = Some(*vni),
            NeighbourAttribute::IfIndex(index) => entry.via = Some(names.get(*index)),
            NeighbourAttribute::Controller(index) => entry.master = Some(names.get(*index)),
            NeighbourAttribute::SourceVni(vni) => details.before_via.push(format!("src_vni {vni}")),
            NeighbourAttribute::LinkNetNsId(nsid) => {
                details.after_via.push(format!("link-netnsid {nsid}"))
            }
            NeighbourAttribute::Other(other) if other.kind() == NDA_NH_ID => group = Some(()),
            _ => {}
        }
    }
    let flags = [
        (NeighbourFlags::Own, "self"),
        (NeighbourFlags::Router, "router"),
        (NeighbourFlags::ExtLearned, "extern_learn"),
        (NeighbourFlags::Offloaded, "offload"),
        (NeighbourFlags::Controller, "master"),
        (NeighbourFlags::Sticky, "sticky"),
    ];
    let set = flags
        .iter()
        .filter(|(flag, _)| header.flags.contains(*flag));
    details.flags = set.map(|(_, name)| (*name).to_owned()).collect();
    entry.mac = mac.ok_or_else(|| {
        format!(
            "an entry of {} has no Ethernet address: left out",
            entry.device
        )
    })?;
    entry.raw = text::fdb_text(&entry, &details);
    let hole = group.map(|()| {
        format!(
            "`{}` sends to a next hop group: the tunnel endpoints in it are not read",
            entry.raw
        )
    });
    Ok((entry, hole))
}

/// NUD_* as `bridge fdb` words it.
fn state_word(state: u16) -> String {
    if state & NUD_PERMANENT != 0 {
        "permanent".to_owned()
    } else if state & NUD_NOARP != 0 {
        "static".to_owned()
    } else if state & NUD_STALE != 0 {
        "stale".to_owned()
    } else if state & NUD_REACHABLE != 0 || state == 0 {
        String::new()
    } else {
        format!("state={state:#x}")
    }
}
