//! Neighbour tables (`RTM_GETNEIGH`): what `ip neigh` and `ip neigh show proxy` show.

use std::io;
use std::net::IpAddr;

use netlink_packet_route::AddressFamily;
use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::neighbour::{
    NeighbourAddress, NeighbourAttribute, NeighbourExtFlags, NeighbourFlags, NeighbourMessage,
};

use super::links::Names;
use super::netlink::ip;
use super::netlink::{Client, Dump};
use crate::model::text::{self, NeighborDetails, route_protocol};
use crate::model::{Mac, Neighbor, NeighborState};

/// NUD_*, by the bit that decides when several are set (flannel's entries are PERMANENT and NOARP).
const STATES: [(u16, NeighborState); 8] = [
    (0x80, NeighborState::Permanent),
    (0x40, NeighborState::Noarp),
    (0x02, NeighborState::Reachable),
    (0x04, NeighborState::Stale),
    (0x08, NeighborState::Delay),
    (0x10, NeighborState::Probe),
    (0x20, NeighborState::Failed),
    (0x01, NeighborState::Incomplete),
];

/// Every neighbour of both families, then the addresses answered for (proxies).
pub(super) fn read(client: &mut Client, names: &Names) -> io::Result<Dump<Neighbor>> {
    let mut neighbors = Dump::default();
    for family in [AddressFamily::Inet, AddressFamily::Inet6] {
        for flags in [NeighbourFlags::empty(), NeighbourFlags::Proxy] {
            let dump = dump(client, family, flags)?;
            neighbors.holes.extend(dump.holes);
            for message in &dump.entries {
                match neighbor(message, names) {
                    Ok(neighbor) => neighbors.entries.push(neighbor),
                    Err(hole) => neighbors.holes.push(hole),
                }
            }
        }
    }
    Ok(neighbors)
}

/// One table; the same request with AF_BRIDGE gives the forwarding databases.
pub(super) fn dump(
    client: &mut Client,
    family: AddressFamily,
    flags: NeighbourFlags,
) -> io::Result<Dump<NeighbourMessage>> {
    let mut request = NeighbourMessage::default();
    request.header.family = family;
    request.header.flags = flags;
    let dump = client.dump(RouteNetlinkMessage::GetNeighbour(request))?;
    let messages = dump
        .entries
        .into_iter()
        .filter_map(|message| match message {
            RouteNetlinkMessage::NewNeighbour(message) => Some(message),
            _ => None,
        });
    Ok(Dump {
        entries: messages.collect(),
        holes: dump.holes,
        notes: dump.notes,
    })
}

fn neighbor(message: &NeighbourMessage, names: &Names) -> Result<Neighbor, String> {
    let header = &message.header;
    let device = names.get(header.ifindex);
    let state = u16::from(header.state);
    let mut details = NeighborDetails::default();
    let (mut destination, mut mac, mut managed) = (None, None, false);
    for attribute in &message.attributes {
        match attribute {
            NeighbourAttribute::Destination(found) => destination = address(found),
            NeighbourAttribute::LinkLayerAddress(bytes) => match bytes.as_slice().try_into() {
                Ok(bytes) => mac = Some(Mac(bytes)),
                Err(_) => details.link_address = ip(bytes).map(|ip| ip.to_string()),
            },
            NeighbourAttribute::Protocol(protocol) if u8::from(*protocol) != 0 => {
                details.protocol = Some(route_protocol((*protocol).into()));
            }
            NeighbourAttribute::ExtFlags(flags) => {
                managed = flags.contains(NeighbourExtFlags::Managed)
            }
            _ => {}
        }
    }
    let flags = [
        (header.flags.contains(NeighbourFlags::Router), "router"),
        (managed, "managed"),
        (
            header.flags.contains(NeighbourFlags::ExtLearned),
            "extern_learn",
        ),
        (header.flags.contains(NeighbourFlags::Offloaded), "offload"),
    ];
    details.flags = flags
        .iter()
        .filter(|(set, _)| *set)
        .map(|(_, name)| (*name).to_owned())
        .collect();
    let mut neighbor = Neighbor {
        ip: destination.ok_or_else(|| format!("an entry of {device} has no address: left out"))?,
        device,
        mac,
        state: STATES
            .iter()
            .find(|(bit, _)| state & bit != 0)
            .map_or(NeighborState::None, |(_, state)| *state),
        proxy: header.flags.contains(NeighbourFlags::Proxy),
        raw: String::new(),
    };
    neighbor.raw = text::neighbor_text(&neighbor, &details);
    Ok(neighbor)
}

/// NDA_DST; in messages of AF_BRIDGE its family shows only in its length.
pub(super) fn address(address: &NeighbourAddress) -> Option<IpAddr> {
    match address {
        NeighbourAddress::Inet(ip) => Some((*ip).into()),
        NeighbourAddress::Inet6(ip) => Some((*ip).into()),
        NeighbourAddress::Other(bytes) => ip(bytes),
        _ => None,
    }
}
