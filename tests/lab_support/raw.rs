//! Clients that no program of the standard library is: ping, and the first packet of an SCTP association.

use std::io::{Error, ErrorKind, Read as _, Result};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Instant;

use kubenet::model::Protocol;
use nix::sys::socket::{setsockopt, sockopt};
use socket2::{Socket, Type};

use super::client::Call;

/// The protocols' numbers.
const ICMP: i32 = 1;
const ICMPV6: i32 = 58;
const SCTP: i32 = 132;

/// Sends one packet, and waits for its answer or for an error that it causes.
pub fn call(call: Call) -> Result<Vec<u8>> {
    static COUNT: AtomicU16 = AtomicU16::new(1);
    let id = COUNT.fetch_add(1, Ordering::Relaxed);
    let v6 = call.to.is_ipv6();
    let (number, packet) = match (call.protocol, v6) {
        (Protocol::Icmp, false) => (ICMP, echo(8, id, call.bytes)),
        (Protocol::Icmp, true) => (ICMPV6, echo(128, id, call.bytes)),
        _ => (SCTP, init(10_000 + id % 20_000, call.to.port())),
    };
    let socket = call.socket(Type::RAW, socket2::Protocol::from(number))?;
    if v6 {
        setsockopt(&socket, sockopt::Ipv6RecvErr, &true)?;
    } else {
        setsockopt(&socket, sockopt::Ipv4RecvErr, &true)?;
    }
    let mut to = call.to;
    to.set_port(0);
    socket.connect(&to.into())?;
    socket.send(&packet)?;
    wait(socket, &call, |answer| {
        call.protocol == Protocol::Icmp && is_echo_reply(answer, v6, id)
    })
}

fn wait(mut socket: Socket, call: &Call, wanted: impl Fn(&[u8]) -> bool) -> Result<Vec<u8>> {
    let deadline = Instant::now() + call.wait;
    let mut buffer = [0; 8192];
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(Error::from(ErrorKind::TimedOut));
        }
        socket.set_read_timeout(Some(left))?;
        let length = socket.read(&mut buffer)?;
        if wanted(&buffer[..length]) {
            return Ok(b"echo".to_vec());
        }
    }
}

/// An echo request (RFC 792, RFC 4443) with at least so many bytes behind its header. The kernel fills in the checksum of IPv6 alone.
fn echo(kind: u8, id: u16, bytes: usize) -> Vec<u8> {
    let [high, low] = id.to_be_bytes();
    let mut packet = vec![kind, 0, 0, 0, high, low, 0, 1];
    packet.resize(64.max(8 + bytes), 0x55);
    let sum = packet
        .chunks(2)
        .map(|pair| {
            u32::from(u16::from_be_bytes([
                pair[0],
                pair.get(1).copied().unwrap_or(0),
            ]))
        })
        .sum::<u32>();
    let folded = (sum & 0xffff) + (sum >> 16);
    let checksum = !((folded & 0xffff) + (folded >> 16)) as u16;
    packet[2..4].copy_from_slice(&checksum.to_be_bytes());
    packet
}

/// Raw sockets of IPv4 hear the IP header too.
fn is_echo_reply(packet: &[u8], v6: bool, id: u16) -> bool {
    let start = match v6 {
        true => 0,
        false => packet
            .first()
            .map_or(0, |byte| usize::from(byte & 0x0f) * 4),
    };
    let kind = if v6 { 129 } else { 0 };
    packet.get(start) == Some(&kind) && packet.get(start + 4..start + 6) == Some(&id.to_be_bytes())
}

/// A packet that holds an INIT chunk (RFC 9260, section 3.3.2).
fn init(source: u16, destination: u16) -> Vec<u8> {
    let mut packet = Vec::new();
    packet.extend(source.to_be_bytes());
    packet.extend(destination.to_be_bytes());
    // Verification tag and checksum.
    packet.extend([0; 8]);
    // The chunk: type, flags, length; its tag, window, streams out and in, first sequence number.
    packet.extend([1, 0, 0, 20]);
    packet.extend([0x12, 0x34, 0x56, 0x78, 0, 1, 0, 0, 0, 1, 0, 1, 0, 0, 0, 1]);
    let checksum = crc32c(&packet);
    packet[8..12].copy_from_slice(&checksum.to_le_bytes());
    packet
}

/// The checksum of SCTP (RFC 9260, appendix A).
fn crc32c(bytes: &[u8]) -> u32 {
    let mut rest = !0_u32;
    for byte in bytes {
        rest ^= u32::from(*byte);
        for _ in 0..8 {
            rest = if rest & 1 == 1 {
                rest >> 1 ^ 0x82f6_3b78
            } else {
                rest >> 1
            };
        }
    }
    !rest
}
