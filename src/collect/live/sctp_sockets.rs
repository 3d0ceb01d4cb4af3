//! Sockets of SCTP that listen (`/proc/net/sctp/eps`, net/sctp/proc.c): where SCTP is not loaded there are none.

use std::fs;
use std::io;
use std::net::IpAddr;

use super::netlink::Dump;
use crate::model::{Protocol, Socket, SocketState};

/// `SCTP_SS_LISTENING`, which is TCP's number for it.
const LISTENING: &str = "10";

/// The sockets of this thread's namespace.
pub(super) fn read() -> io::Result<Dump<Socket>> {
    let mut sockets = Dump::default();
    let text = match fs::read_to_string("/proc/thread-self/net/sctp/eps") {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(sockets),
        Err(error) => return Err(error),
    };
    for line in text.lines().skip(1) {
        match endpoint(line) {
            Some(found) => sockets.entries.extend(found),
            None => sockets.holes.push(format!(
                "a line of sctp/eps could not be understood: {line:?}"
            )),
        }
    }
    Ok(sockets)
}

/// `ENDPT SOCK STY SST HBKT LPORT UID INODE LADDRS`: a socket for each of its addresses.
fn endpoint(line: &str) -> Option<Vec<Socket>> {
    let words: Vec<&str> = line.split_ascii_whitespace().collect();
    let (state, port) = (words.get(3)?, words.get(5)?.parse().ok()?);
    if *state != LISTENING {
        return Some(Vec::new());
    }
    let addresses = words.get(8..)?.iter().map(|address| {
        let address: IpAddr = address.parse().ok()?;
        // A socket of IPv6 on any address takes IPv4 as well, unless it is told not to, which this file does not say.
        let any = address.is_ipv6() && address.is_unspecified();
        Some(Socket {
            protocol: Protocol::Sctp,
            state: SocketState::Listen,
            address: (!any).then_some(address),
            port,
            device: None,
            raw: line.trim().to_owned(),
        })
    });
    addresses.collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_the_kernels() {
        let line = " ffff8880 ffff8881 2   10  29   3868    0 57231 10.42.1.14 127.0.0.1 ";
        let found = endpoint(line).unwrap();
        let at: Vec<_> = found
            .iter()
            .map(|socket| (socket.address.unwrap().to_string(), socket.port))
            .collect();
        assert_eq!(
            at,
            [
                ("10.42.1.14".to_owned(), 3868),
                ("127.0.0.1".to_owned(), 3868)
            ]
        );
        let any = endpoint(" ffff8880 ffff8881 2   10  29   3868    0 57231 :: ").unwrap();
        assert_eq!(any[0].address, None);
        let connected = " ffff8880 ffff8881 2   1  29   3868    0 57231 10.42.1.14 ";
        assert_eq!(endpoint(connected), Some(Vec::new()));
        assert_eq!(endpoint("nonsense"), None);
    }
}
