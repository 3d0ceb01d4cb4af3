//! Sockets that receive (sock_diag(7), `include/uapi/linux/inet_diag.h`): what `ss -lntu` shows.
//!
//! Asking for them may load the modules tcp_diag and udp_diag; where they are not there, [`super::proc_sockets`] serves.

use std::io;
use std::net::IpAddr;

use netlink_packet_core::NlasIterator;

use super::kernel::Part;
use super::links::Names;
use super::netlink::ip;
use super::netlink::{Client, Dump};
use super::proc_sockets;
use crate::model::{Protocol, Socket, SocketState};

const NETLINK_SOCK_DIAG: isize = 4;
const SOCK_DIAG_BY_FAMILY: u16 = 20;
const AF_INET: u8 = 2;
const AF_INET6: u8 = 10;
const INET_DIAG_SKV6ONLY: u16 = 11;
/// `struct inet_diag_req_v2`.
const REQUEST: usize = 56;
/// `struct inet_diag_msg`.
const MESSAGE: usize = 72;
/// States by their number in `include/net/tcp_states.h`; UDP sockets without a peer are in the last.
const TCP_LISTEN: u32 = 10;
const TCP_CLOSE: u32 = 7;

/// The TCP and UDP sockets of this thread's namespace.
pub(super) fn read(names: &Names) -> io::Result<Dump<Socket>> {
    let mut sockets = Dump::default();
    for (protocol, part, state) in [
        (Protocol::Tcp, Part::TcpDiag, TCP_LISTEN),
        (Protocol::Udp, Part::UdpDiag, TCP_CLOSE),
    ] {
        if part.is_there() != Some(true) {
            let read = proc_sockets::read(protocol)?;
            sockets.entries.extend(read.entries);
            sockets.holes.extend(read.holes);
            sockets.notes.extend(read.notes);
            continue;
        }
        let mut client = Client::open(NETLINK_SOCK_DIAG)?;
        for family in [AF_INET, AF_INET6] {
            let request = request(family, protocol, state);
            let dump = client.dump_raw(SOCK_DIAG_BY_FAMILY, &request, |_, body| {
                socket(body, protocol, names).ok_or_else(|| "a socket".to_owned())
            })?;
            sockets.entries.extend(dump.entries);
            sockets.holes.extend(dump.holes);
        }
    }
    Ok(sockets)
}

fn request(family: u8, protocol: Protocol, state: u32) -> Vec<u8> {
    let mut request = vec![family, protocol.number(crate::model::Family::V4), 0, 0];
    request.extend((1_u32 << state).to_ne_bytes());
    request.resize(REQUEST, 0);
    request
}

fn socket(body: &[u8], protocol: Protocol, names: &Names) -> Option<Socket> {
    let message = body.get(..MESSAGE)?;
    let v6 = message[0] == AF_INET6;
    let port = u16::from_be_bytes(message.get(4..6)?.try_into().ok()?);
    let bound = ip(message.get(8..if v6 { 24 } else { 12 })?)?;
    let number = |at: usize| -> Option<u32> {
        message
            .get(at..at + 4)?
            .try_into()
            .ok()
            .map(u32::from_ne_bytes)
    };
    let device = Some(number(40)?)
        .filter(|&index| index != 0)
        .map(|index| names.get(index));
    let mut v6_only = false;
    for attribute in NlasIterator::new(body.get(MESSAGE..)?) {
        let attribute = attribute.ok()?;
        if attribute.kind() == INET_DIAG_SKV6ONLY {
            v6_only = attribute.value().first() == Some(&1);
        }
    }
    let address = if v6 && bound.is_unspecified() && !v6_only {
        None
    } else {
        Some(bound.to_canonical())
    };
    let queues = (number(56)?, number(60)?);
    Some(line(protocol, address, port, device, queues))
}

/// The socket, with the line that `ss -H -lntu` has for it.
pub(super) fn line(
    protocol: Protocol,
    address: Option<IpAddr>,
    port: u16,
    device: Option<String>,
    (receive, send): (u32, u32),
) -> Socket {
    let (state, word) = match protocol {
        Protocol::Tcp => (SocketState::Listen, "LISTEN"),
        _ => (SocketState::Unconnected, "UNCONN"),
    };
    let (local, peer) = match address {
        None => ("*".to_owned(), "*"),
        Some(IpAddr::V4(ip)) => (ip.to_string(), "0.0.0.0"),
        Some(IpAddr::V6(ip)) => (format!("[{ip}]"), "[::]"),
    };
    let on = device
        .as_ref()
        .map(|device| format!("%{device}"))
        .unwrap_or_default();
    let raw = format!("{protocol} {word} {receive} {send} {local}{on}:{port} {peer}:*");
    Socket {
        protocol,
        state,
        address,
        port,
        device,
        raw,
    }
}
