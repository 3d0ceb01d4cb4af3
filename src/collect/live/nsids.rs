//! Which namespace a `link-netnsid` stands for (`RTM_GETNSID`, ip-netns(8) `list-id`).

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;

use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::nsid::{NsidAttribute, NsidMessage};

use super::netlink::Client;

/// The id that this namespace has for another; `None` when it has none.
pub(super) fn id_of(client: &mut Client, other: &File) -> io::Result<Option<i32>> {
    let mut request = NsidMessage::default();
    request.attributes = vec![NsidAttribute::Fd(
        u32::try_from(other.as_raw_fd()).map_err(io::Error::other)?,
    )];
    let Some(RouteNetlinkMessage::NewNsId(answer)) =
        client.ask(RouteNetlinkMessage::GetNsId(request))?
    else {
        return Ok(None);
    };
    Ok(answer
        .attributes
        .iter()
        .find_map(|attribute| match attribute {
            // -1: it has none.
            NsidAttribute::Id(id) if *id >= 0 => Some(*id),
            _ => None,
        }))
}
