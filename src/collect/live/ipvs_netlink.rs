//! IPVS through its generic netlink family (include/uapi/linux/ip_vs.h, net/netfilter/ipvs/ip_vs_ctl.c).
//!
//! Services and their servers come in the order in which the kernel has them, which is the order in which schedulers
//! ask. Only CAP_NET_ADMIN may ask.

use std::io;
use std::net::{IpAddr, SocketAddr};

use super::netlink::Client;
use crate::model::{
    Family, Forwarding, Persistence, Protocol, RealServer, ServerConnections, Takes, VirtualServer,
};

const NETLINK_GENERIC: isize = 16;
const GENL_ID_CTRL: u16 = 16;
const CTRL_CMD_GETFAMILY: u8 = 3;
const CTRL_ATTR_FAMILY_ID: u16 = 1;
const CTRL_ATTR_FAMILY_NAME: u16 = 2;
/// `struct genlmsghdr`.
const HEADER: usize = 4;
const NLA_F_NESTED: u16 = 0x8000;

const IPVS_CMD_GET_SERVICE: u8 = 4;
const IPVS_CMD_GET_DEST: u8 = 8;
const IPVS_CMD_ATTR_SERVICE: u16 = 1;
const IPVS_CMD_ATTR_DEST: u16 = 2;

const IP_VS_SVC_F_PERSISTENT: u32 = 1;
const IP_VS_SVC_F_ONEPACKET: u32 = 4;
/// IP_VS_SVC_F_SCHED1 to SCHED3.
const SCHEDULER_FLAGS: [u32; 3] = [8, 16, 32];

/// The services of this thread's namespace.
pub(super) fn read() -> io::Result<(Vec<VirtualServer>, Vec<String>)> {
    let mut client = Client::open(NETLINK_GENERIC)?;
    let family = family(&mut client)?;
    let request = header(IPVS_CMD_GET_SERVICE);
    let found = client.dump_raw(family, &request, |_, body| {
        service(body).ok_or_else(|| "an IPVS service".to_owned())
    })?;
    let mut holes = found.holes;
    let mut services = Vec::new();
    for (mut service, key) in found.entries {
        let mut request = header(IPVS_CMD_GET_DEST);
        push(&mut request, IPVS_CMD_ATTR_SERVICE | NLA_F_NESTED, &key);
        let servers = client.dump_raw(family, &request, |_, body| {
            server(body, &service).ok_or_else(|| "an IPVS server".to_owned())
        })?;
        holes.extend(servers.holes);
        service.servers = servers.entries;
        services.push(service);
    }
    Ok((services, holes))
}

/// The number of the family, by its name.
fn family(client: &mut Client) -> io::Result<u16> {
    let mut request = header(CTRL_CMD_GETFAMILY);
    push(&mut request, CTRL_ATTR_FAMILY_NAME, b"IPVS\0");
    let answer = client.ask_raw(GENL_ID_CTRL, &request)?.unwrap_or_default();
    let id = attributes(answer.get(HEADER..).unwrap_or_default())
        .and_then(|all| find(&all, CTRL_ATTR_FAMILY_ID)?.try_into().ok())
        .map(u16::from_ne_bytes);
    id.ok_or_else(|| io::Error::other("the kernel did not tell the number of its IPVS family"))
}

fn header(command: u8) -> Vec<u8> {
    vec![command, 1, 0, 0]
}

/// Adds an attribute, padded to four bytes.
fn push(message: &mut Vec<u8>, kind: u16, value: &[u8]) {
    let length = u16::try_from(HEADER + value.len()).unwrap_or(u16::MAX);
    message.extend(length.to_ne_bytes());
    message.extend(kind.to_ne_bytes());
    message.extend(value);
    message.resize(message.len().next_multiple_of(4), 0);
}

/// Attributes by their kinds, without the flags.
fn attributes(bytes: &[u8]) -> Option<Vec<(u16, &[u8])>> {
    let mut all = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        let length = usize::from(u16::from_ne_bytes(*rest.first_chunk()?));
        let kind = u16::from_ne_bytes(rest.get(2..4)?.try_into().ok()?) & 0x3fff;
        all.push((kind, rest.get(HEADER..length)?));
        rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
    Some(all)
}

fn find<'a>(all: &[(u16, &'a [u8])], kind: u16) -> Option<&'a [u8]> {
    all.iter()
        .find(|(known, _)| *known == kind)
        .map(|(_, value)| *value)
}

/// The attributes of what a message is about.
fn about(body: &[u8], kind: u16) -> Option<Vec<(u16, &[u8])>> {
    let outer = attributes(body.get(HEADER..)?)?;
    attributes(find(&outer, kind)?)
}

fn number(all: &[(u16, &[u8])], kind: u16) -> Option<u32> {
    find(all, kind)?.try_into().ok().map(u32::from_ne_bytes)
}

fn short(all: &[(u16, &[u8])], kind: u16) -> Option<u16> {
    find(all, kind)?.try_into().ok().map(u16::from_ne_bytes)
}

fn port(all: &[(u16, &[u8])], kind: u16) -> Option<u16> {
    short(all, kind).map(u16::from_be)
}

fn family_of(number: u16) -> Option<Family> {
    match i32::from(number) {
        nix::libc::AF_INET => Some(Family::V4),
        nix::libc::AF_INET6 => Some(Family::V6),
        _ => None,
    }
}

/// `union nf_inet_addr`: of an IPv4 address the first four bytes.
fn address(bytes: &[u8], family: Family) -> Option<IpAddr> {
    match family {
        Family::V4 => bytes.first_chunk::<4>().map(|ip| IpAddr::from(*ip)),
        Family::V6 => bytes.first_chunk::<16>().map(|ip| IpAddr::from(*ip)),
    }
}

/// A service, and the attributes that name it.
fn service(body: &[u8]) -> Option<(VirtualServer, Vec<u8>)> {
    // IPVS_SVC_ATTR_AF to IPVS_SVC_ATTR_FWMARK
    const NAME: std::ops::RangeInclusive<u16> = 1..=5;
    let all = about(body, IPVS_CMD_ATTR_SERVICE)?;
    let mut key = Vec::new();
    for (kind, value) in all.iter().filter(|(kind, _)| NAME.contains(kind)) {
        push(&mut key, *kind, value);
    }
    let family = family_of(short(&all, 1)?)?;
    let takes = match number(&all, 5) {
        Some(mark) => Takes::Mark { mark, family },
        None => Takes::Address {
            protocol: protocol(short(&all, 2)?)?,
            address: SocketAddr::new(address(find(&all, 3)?, family)?, port(&all, 4)?),
        },
    };
    let name = find(&all, 6)?;
    let scheduler = String::from_utf8_lossy(name)
        .trim_end_matches('\0')
        .to_owned();
    let flags = u32::from_ne_bytes(*find(&all, 7)?.first_chunk()?);
    let mut service = VirtualServer {
        takes,
        scheduler_flags: scheduler_flags(&scheduler, flags),
        scheduler,
        one_packet: flags & IP_VS_SVC_F_ONEPACKET != 0,
        persistence: None,
        servers: Vec::new(),
        in_kernel_order: true,
        raw: String::new(),
    };
    if flags & IP_VS_SVC_F_PERSISTENT != 0 {
        let mask = number(&all, 9)?;
        service.persistence = Some(Persistence {
            timeout: Some(number(&all, 8)?),
            prefix: match family {
                // A mask of bytes as they are in packets; in IPv6 a length.
                Family::V4 => u8::try_from(mask.count_ones()).ok()?,
                Family::V6 => u8::try_from(mask).ok()?,
            },
        });
    }
    service.raw = service.saved();
    Some((service, key))
}

fn protocol(number: u16) -> Option<Protocol> {
    match number {
        6 => Some(Protocol::Tcp),
        17 => Some(Protocol::Udp),
        132 => Some(Protocol::Sctp),
        _ => None,
    }
}

/// The names that ipvsadm(8) has for them.
fn scheduler_flags(scheduler: &str, flags: u32) -> Vec<String> {
    let names = match scheduler {
        "sh" => ["sh-fallback", "sh-port", "flag-3"],
        "mh" => ["mh-fallback", "mh-port", "flag-3"],
        _ => ["flag-1", "flag-2", "flag-3"],
    };
    let set = SCHEDULER_FLAGS.iter().zip(names);
    set.filter(|(bit, _)| flags & **bit != 0)
        .map(|(_, name)| name.to_owned())
        .collect()
}

fn server(body: &[u8], service: &VirtualServer) -> Option<RealServer> {
    // IP_VS_CONN_F_FWD_MASK
    const FORWARDING: u32 = 7;
    let all = about(body, IPVS_CMD_ATTR_DEST)?;
    // Kernels before 3.18 have servers of their service's family only.
    let family = match short(&all, 11) {
        Some(family) => family_of(family)?,
        None => service.family(),
    };
    let mut server = RealServer {
        address: SocketAddr::new(address(find(&all, 1)?, family)?, port(&all, 2)?),
        forwarding: match number(&all, 3)? & FORWARDING {
            0 => Forwarding::Masquerading,
            1 => Forwarding::Local,
            // IPVS_DEST_ATTR_TUN_TYPE
            2 => match find(&all, 13).and_then(|kind| kind.first().copied()) {
                None | Some(0) => Forwarding::Tunnel,
                Some(1) => Forwarding::Gue,
                Some(2) => Forwarding::Gre,
                Some(_) => return None,
            },
            3 => Forwarding::Direct,
            _ => return None,
        },
        weight: number(&all, 4)?,
        upper_threshold: number(&all, 5).unwrap_or(0),
        lower_threshold: number(&all, 6).unwrap_or(0),
        connections: Some(ServerConnections {
            active: number(&all, 7)?,
            inactive: number(&all, 8)?,
        }),
        raw: String::new(),
    };
    server.raw = server.saved(service);
    Some(server)
}
