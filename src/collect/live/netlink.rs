//! A small blocking netlink client (netlink(7), rtnetlink(7)) that never loses a message silently.
//!
//! A message that cannot be decoded, or a table that kept changing while it was dumped, is a hole in what was read.
//! Both are counted, so that nobody takes the hole for an absence.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::{Duration, Instant};

use netlink_packet_core::{
    NLM_F_DUMP, NLM_F_DUMP_INTR, NLM_F_REQUEST, NetlinkBuffer, NetlinkDeserializable,
    NetlinkHeader, NetlinkSerializable, Parseable,
};
use netlink_packet_route::RouteNetlinkMessage;
use netlink_sys::{Socket, SocketAddr};
use nix::libc;
use nix::sys::socket::{setsockopt, sockopt};
use nix::sys::time::TimeVal;

const NLMSG_NOOP: u16 = 1;
const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;
const NLMSG_OVERRUN: u16 = 4;

/// More than the kernel ever puts into one datagram of a dump (32 KiB) or an answer.
const DATAGRAM: usize = 256 * 1024;
/// A dump that was interrupted by a change is asked for again, so many times.
const ATTEMPTS: usize = 5;
/// The kernel answers at once: this only bounds the wait should it not.
const PATIENCE: Duration = Duration::from_secs(5);
/// No table of a node is read for longer than this.
const LIMIT: Duration = Duration::from_secs(30);
/// Nor is it longer: a million tracked connections take less.
const MOST: usize = 256 << 20;

/// A netlink socket of the namespace that it was opened in.
pub(super) struct Client {
    socket: Socket,
    sequence: u32,
    /// Room for one datagram, used again and again.
    datagram: Vec<u8>,
}

/// What a table holds, and what is not known of it.
pub(super) struct Dump<T> {
    /// The entries that were understood.
    pub entries: Vec<T>,
    /// What was not, in words.
    pub holes: Vec<String>,
    /// What is to be known besides of those that were.
    pub notes: Vec<String>,
}

impl<T> Default for Dump<T> {
    fn default() -> Self {
        Self {
            entries: Vec::new(),
            holes: Vec::new(),
            notes: Vec::new(),
        }
    }
}

impl Client {
    /// Opens a socket of one netlink protocol in the namespace of this thread.
    pub fn open(protocol: isize) -> io::Result<Self> {
        let mut socket = Socket::new(protocol)?;
        socket.bind_auto()?;
        let patience = TimeVal::new(PATIENCE.as_secs() as i64, 0);
        setsockopt(&socket, sockopt::ReceiveTimeout, &patience)?;
        // Lets the kernel filter (routes: leave out cached ones). Kernels before 4.20 do not know it and need no harm.
        let _ = socket.set_netlink_get_strict_chk(true);
        Ok(Self {
            socket,
            sequence: 0,
            datagram: Vec::with_capacity(DATAGRAM),
        })
    }

    /// Dumps a table of rtnetlink.
    pub fn dump(&mut self, request: RouteNetlinkMessage) -> io::Result<Dump<RouteNetlinkMessage>> {
        let mut body = vec![0; NetlinkSerializable::buffer_len(&request)];
        request.serialize(&mut body);
        self.dump_raw(request.message_type(), &body, |kind, body| {
            let mut header = NetlinkHeader::default();
            header.message_type = kind;
            RouteNetlinkMessage::deserialize(&header, body).map_err(|error| error.to_string())
        })
    }

    /// Dumps a table, with a decoder of the caller's own (type and body of each message).
    pub fn dump_raw<T>(
        &mut self,
        kind: u16,
        body: &[u8],
        decode: impl Fn(u16, &[u8]) -> Result<T, String>,
    ) -> io::Result<Dump<T>> {
        let mut dump = Dump::default();
        let mut interrupted = true;
        for _ in 0..ATTEMPTS {
            dump = Dump::default();
            interrupted = self.exchange(kind, NLM_F_DUMP, body, |kind, body| {
                match decode(kind, body) {
                    Ok(entry) => dump.entries.push(entry),
                    Err(why) => dump
                        .holes
                        .push(format!("an entry could not be understood ({why})")),
                }
            })?;
            if !interrupted {
                break;
            }
        }
        if interrupted {
            dump.holes
                .push("it kept changing while it was read: entries may be missing".to_owned());
        }
        Ok(dump)
    }

    /// Asks for one thing; `None` when the kernel only acknowledges.
    pub fn ask(&mut self, request: RouteNetlinkMessage) -> io::Result<Option<RouteNetlinkMessage>> {
        let mut body = vec![0; NetlinkSerializable::buffer_len(&request)];
        request.serialize(&mut body);
        let Some((kind, answer)) = self.first(request.message_type(), &body)? else {
            return Ok(None);
        };
        let mut header = NetlinkHeader::default();
        header.message_type = kind;
        RouteNetlinkMessage::deserialize(&header, &answer)
            .map(Some)
            .map_err(|error| io::Error::other(error.to_string()))
    }

    /// Asks for one thing that rtnetlink knows nothing of: the body of the answer.
    pub fn ask_raw(&mut self, kind: u16, body: &[u8]) -> io::Result<Option<Vec<u8>>> {
        Ok(self.first(kind, body)?.map(|(_, body)| body))
    }

    /// The type and the body of the one answer.
    fn first(&mut self, kind: u16, body: &[u8]) -> io::Result<Option<(u16, Vec<u8>)>> {
        let mut first = None;
        self.exchange(kind, 0, body, |kind, body| {
            first.get_or_insert_with(|| (kind, body.to_vec()));
        })?;
        Ok(first)
    }

    /// Sends a request and hands on each message of its answer; tells whether a dump was interrupted.
    fn exchange(
        &mut self,
        kind: u16,
        flags: u16,
        body: &[u8],
        mut take: impl FnMut(u16, &[u8]),
    ) -> io::Result<bool> {
        self.sequence += 1;
        self.socket.send_to(
            &framed(kind, flags, self.sequence, body),
            &SocketAddr::new(0, 0),
            0,
        )?;
        let start = Instant::now();
        let (mut messages, mut bytes, mut interrupted) = (0, 0, false);
        loop {
            if start.elapsed() > LIMIT {
                return Err(io::Error::new(
                    io::ErrorKind::TimedOut,
                    "the kernel's answer has no end",
                ));
            }
            self.receive()?;
            let mut rest = self.datagram.as_slice();
            while !rest.is_empty() {
                let broken =
                    |error: netlink_packet_core::DecodeError| io::Error::other(error.to_string());
                let buffer = NetlinkBuffer::new_checked(rest).map_err(broken)?;
                let header = NetlinkHeader::parse(&buffer).map_err(broken)?;
                let body = buffer.payload();
                // Messages are aligned to four bytes, the last one perhaps without its padding.
                let taken = (header.length as usize).next_multiple_of(4).min(rest.len());
                rest = rest.get(taken..).unwrap_or_default();
                bytes += body.len();
                if bytes > MOST {
                    let why = format!("the kernel's answer is longer than {} MiB", MOST >> 20);
                    return Err(io::Error::other(why));
                }
                // Left over from a request that was given up.
                if header.sequence_number != self.sequence {
                    continue;
                }
                interrupted |= header.flags & NLM_F_DUMP_INTR != 0;
                match header.message_type {
                    NLMSG_NOOP => {}
                    NLMSG_OVERRUN => return Err(io::Error::other("messages were lost (overrun)")),
                    NLMSG_ERROR | NLMSG_DONE => {
                        return match errno(body) {
                            0 => Ok(interrupted),
                            code => Err(io::Error::from_raw_os_error(code)),
                        };
                    }
                    kind => {
                        messages += 1;
                        take(kind, body);
                    }
                }
            }
            if flags & NLM_F_DUMP == 0 && messages > 0 {
                return Ok(interrupted);
            }
        }
    }

    /// Takes in one datagram.
    fn receive(&mut self) -> io::Result<()> {
        self.datagram.clear();
        let length = self.socket.recv(&mut self.datagram, libc::MSG_TRUNC)?;
        if length > self.datagram.len() {
            return Err(io::Error::other(format!(
                "an answer of {length} bytes is too long"
            )));
        }
        Ok(())
    }
}

/// A request with its header (`struct nlmsghdr`).
fn framed(kind: u16, flags: u16, sequence: u32, body: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(16 + body.len());
    bytes.extend((16 + body.len() as u32).to_ne_bytes());
    bytes.extend(kind.to_ne_bytes());
    bytes.extend((flags | NLM_F_REQUEST).to_ne_bytes());
    bytes.extend(sequence.to_ne_bytes());
    bytes.extend(0_u32.to_ne_bytes());
    bytes.extend(body);
    bytes
}

/// The error that `NLMSG_ERROR` and `NLMSG_DONE` begin with, as a positive number.
fn errno(body: &[u8]) -> i32 {
    body.first_chunk()
        .map_or(0, |code| i32::from_ne_bytes(*code).saturating_neg())
}

/// An address by its length.
pub(super) fn ip(bytes: &[u8]) -> Option<IpAddr> {
    match bytes.len() {
        4 => <[u8; 4]>::try_from(bytes)
            .ok()
            .map(|bytes| Ipv4Addr::from(bytes).into()),
        16 => <[u8; 16]>::try_from(bytes)
            .ok()
            .map(|bytes| Ipv6Addr::from(bytes).into()),
        _ => None,
    }
}
