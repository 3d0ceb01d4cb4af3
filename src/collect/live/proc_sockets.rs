//! Sockets that receive, from `/proc/net/{tcp,tcp6,udp,udp6}` (proc_net_tcp(5)).
//!
//! These files tell neither the device that a socket is bound to nor whether one on `::` takes IPv4 as well.

use std::fs;
use std::io;
use std::net::{IpAddr, Ipv6Addr};

use super::netlink::Dump;
use super::sockets::line;
use crate::model::{Protocol, Socket};

/// Sockets of one protocol in this thread's namespace.
pub(super) fn read(protocol: Protocol) -> io::Result<Dump<Socket>> {
    let mut sockets = Dump::default();
    for file in [protocol.to_string(), format!("{protocol}6")] {
        let text = match fs::read_to_string(format!("/proc/thread-self/net/{file}")) {
            Ok(text) => text,
            // IPv6 is off.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        for text in text.lines().skip(1) {
            match socket(protocol, text) {
                Some(found) => sockets.entries.extend(found),
                None => sockets.holes.push(format!(
                    "a line of {file} could not be understood: {text:?}"
                )),
            }
        }
    }
    if !sockets.entries.is_empty() {
        sockets.notes.push(format!(
            "the kernel's {protocol}_diag is not loaded: sockets bound to one device, and those on [::] which refuse \
             IPv4, look like any other (hint: `modprobe {protocol}_diag`)"
        ));
    }
    Ok(sockets)
}

/// `Some(None)` for a socket that does not receive from everybody.
fn socket(protocol: Protocol, line_text: &str) -> Option<Option<Socket>> {
    let mut words = line_text.split_whitespace();
    let (local, _peer, state, queues) =
        (words.nth(1)?, words.next()?, words.next()?, words.next()?);
    let wanted = if protocol == Protocol::Tcp {
        "0A"
    } else {
        "07"
    };
    if state != wanted {
        return Some(None);
    }
    let (address, port) = local.split_once(':')?;
    let address = address_of(address)?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let (send, receive) = queues.split_once(':')?;
    let queues = (
        u32::from_str_radix(receive, 16).ok()?,
        u32::from_str_radix(send, 16).ok()?,
    );
    let everybody = address == IpAddr::V6(Ipv6Addr::UNSPECIFIED);
    Some(Some(line(
        protocol,
        (!everybody).then(|| address.to_canonical()),
        port,
        None,
        queues,
    )))
}

/// Words of 32 bits, each in the machine's own byte order.
fn address_of(hex: &str) -> Option<IpAddr> {
    let mut bytes = Vec::with_capacity(16);
    for at in (0..hex.len()).step_by(8) {
        bytes.extend(
            u32::from_str_radix(hex.get(at..at + 8)?, 16)
                .ok()?
                .to_ne_bytes(),
        );
    }
    super::netlink::ip(&bytes)
}

#[cfg(all(test, target_endian = "little"))]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_the_kernels() {
        let line = "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 4711 1";
        let found = socket(Protocol::Tcp, line).unwrap().unwrap();
        assert_eq!(
            (found.address, found.port),
            (Some("127.0.0.1".parse().unwrap()), 8080)
        );
        let line = "   1: 00000000000000000000000000000000:0050 00000000000000000000000000000000:0000 0A 0:80 0 0";
        let found = socket(Protocol::Tcp, line).unwrap().unwrap();
        assert_eq!((found.address, found.port), (None, 80));
        let established = "   2: 0100007F:1F90 0100007F:9C40 01 00000000:00000000 00:00000000 00000000 0 0 4712 1";
        assert_eq!(socket(Protocol::Tcp, established), Some(None));
        assert_eq!(socket(Protocol::Tcp, "nonsense"), None);
    }
}
