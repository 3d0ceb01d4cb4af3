//! Addresses (`RTM_GETADDR`): what `ip addr` shows.

use std::io;

use netlink_packet_route::address::{AddressAttribute, AddressFlags, AddressMessage};
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};

use super::links::Names;
use super::netlink::{Client, Dump};
use crate::model::{Address, AddressScope};

/// Every address of the namespace.
pub(super) fn read(client: &mut Client, names: &Names) -> io::Result<Dump<Address>> {
    let dump = client.dump(RouteNetlinkMessage::GetAddress(AddressMessage::default()))?;
    let mut addresses = Dump {
        holes: dump.holes,
        ..Dump::default()
    };
    let mut found = Vec::new();
    for message in dump.entries {
        let RouteNetlinkMessage::NewAddress(message) = message else {
            continue;
        };
        match address(&message, names) {
            Ok(address) => found.push((message.header.index, address)),
            Err(hole) => addresses.holes.push(hole),
        }
    }
    // The kernel tells one family after the other, `ip addr` device by device.
    found.sort_by_key(|(index, _)| *index);
    addresses.entries = found.into_iter().map(|(_, address)| address).collect();
    Ok(addresses)
}

fn address(message: &AddressMessage, names: &Names) -> Result<Address, String> {
    let header = &message.header;
    let device = names.get(header.index);
    let (mut local, mut other, mut broadcast) = (None, None, None);
    let mut flags = AddressFlags::from_bits_retain(header.flags.bits().into());
    for attribute in &message.attributes {
        match attribute {
            AddressAttribute::Local(ip) => local = Some(*ip),
            AddressAttribute::Address(ip) => other = Some(*ip),
            AddressAttribute::Broadcast(ip) => broadcast = Some((*ip).into()),
            // All 32 bits; the header has but the lower eight.
            AddressAttribute::Flags(all) => flags = *all,
            _ => {}
        }
    }
    // Without IFA_LOCAL, IFA_ADDRESS is the address itself; with it, the other end's.
    let ip = local
        .or(other)
        .ok_or_else(|| format!("an entry of {device} has no address"))?;
    Ok(Address {
        device,
        ip,
        prefix_length: header.prefix_len,
        peer: other.filter(|&other| other != ip),
        broadcast,
        scope: scope(header.scope.into(), ip)?,
        // The same bit is IFA_F_TEMPORARY in IPv6.
        secondary: header.family == AddressFamily::Inet && flags.contains(AddressFlags::Secondary),
        tentative: flags.intersects(AddressFlags::Tentative | AddressFlags::Dadfailed),
        deprecated: flags.contains(AddressFlags::Deprecated),
    })
}

fn scope(number: u8, ip: std::net::IpAddr) -> Result<AddressScope, String> {
    match number {
        0 => Ok(AddressScope::Global),
        200 => Ok(AddressScope::Site),
        253 => Ok(AddressScope::Link),
        254 => Ok(AddressScope::Host),
        other => Err(format!(
            "{ip} has the scope {other}, which is none of the kernel's own: left out"
        )),
    }
}
