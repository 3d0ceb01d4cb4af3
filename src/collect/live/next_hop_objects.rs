//! Next hop objects (`RTM_GETNEXTHOP`, ip-nexthop(8)), for routes which tell nothing but an object's id.
//!
//! The layout is that of `include/uapi/linux/nexthop.h`.

use std::collections::HashMap;
use std::io;

use netlink_packet_core::NlasIterator;

use super::links::Names;
use super::netlink::{Client, ip};
use crate::model::NextHop;

const RTM_GETNEXTHOP: u16 = 106;
/// `struct nhmsg`.
const HEADER: usize = 8;
const NHA_ID: u16 = 1;
const NHA_GROUP: u16 = 2;
const NHA_OIF: u16 = 5;
const NHA_GATEWAY: u16 = 6;
const RTNH_F_DEAD: u32 = 1;
const RTNH_F_ONLINK: u32 = 4;
const RTNH_F_LINKDOWN: u32 = 16;

/// The objects of a namespace by id.
#[derive(Debug, Default)]
pub(super) struct Objects(HashMap<u32, Object>);

#[derive(Debug)]
enum Object {
    One(NextHop),
    /// (id, weight) of the members.
    Group(Vec<(u32, u32)>),
}

impl Objects {
    /// Reads them, and what could not be read of them.
    pub fn read(client: &mut Client, names: &Names) -> io::Result<(Self, Vec<String>)> {
        let dump = client.dump_raw(RTM_GETNEXTHOP, &[0; HEADER], |_, body| {
            object(body, names).ok_or_else(|| "a next hop object".to_owned())
        })?;
        Ok((Self(dump.entries.into_iter().collect()), dump.holes))
    }

    /// The next hops that an id stands for.
    pub fn resolve(&self, id: u32) -> Result<Vec<NextHop>, String> {
        let missing =
            || format!("a route uses the next hop object {id}, which could not be read: left out");
        match self.0.get(&id).ok_or_else(missing)? {
            Object::One(hop) => Ok(vec![hop.clone()]),
            Object::Group(members) => members
                .iter()
                .map(|(member, weight)| match self.0.get(member) {
                    Some(Object::One(hop)) => Ok(NextHop {
                        weight: *weight,
                        ..hop.clone()
                    }),
                    _ => Err(missing()),
                })
                .collect(),
        }
    }
}

fn object(body: &[u8], names: &Names) -> Option<(u32, Object)> {
    let flags = u32::from_ne_bytes(body.get(4..HEADER)?.try_into().ok()?);
    let (mut id, mut group) = (None, None);
    let mut hop = NextHop {
        gateway: None,
        device: None,
        weight: 1,
        onlink: flags & RTNH_F_ONLINK != 0,
        dead: flags & RTNH_F_DEAD != 0,
        linkdown: flags & RTNH_F_LINKDOWN != 0,
    };
    for attribute in NlasIterator::new(body.get(HEADER..)?) {
        let attribute = attribute.ok()?;
        let value = attribute.value();
        match attribute.kind() {
            NHA_ID => id = Some(number(value)?),
            NHA_GROUP => group = Some(value.chunks_exact(8).map(member).collect::<Option<_>>()?),
            NHA_OIF => hop.device = Some(names.get(number(value)?)),
            NHA_GATEWAY => hop.gateway = Some(ip(value)?),
            _ => {}
        }
    }
    Some((id?, group.map_or(Object::One(hop), Object::Group)))
}

/// `struct nexthop_grp`: the id, and the weight less one in a low and a high byte.
fn member(bytes: &[u8]) -> Option<(u32, u32)> {
    let (id, rest) = bytes.split_first_chunk()?;
    let weight = u16::from_le_bytes(*rest.first_chunk()?);
    Some((u32::from_ne_bytes(*id), u32::from(weight) + 1))
}

fn number(bytes: &[u8]) -> Option<u32> {
    bytes.try_into().ok().map(u32::from_ne_bytes)
}
