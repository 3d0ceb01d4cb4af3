//! The tables of iptables' legacy backend as the kernel hands them out (`IPT_SO_GET_INFO` and `IPT_SO_GET_ENTRIES`,
//! `include/uapi/linux/netfilter_ipv4/ip_tables.h` and its IPv6 sister).
//!
//! A table comes whole, at one moment, as one piece of memory: entry after entry, each with its matches and its target.
//! `iptables-legacy-save` takes more than twice as long as that to put it all into words, while a packet meets a few
//! chains. Here the words are found for those alone, the same that iptables finds ([`matches`], [`targets`]). An extension
//! that is not known here is left to the program: then the ruleset is read whole by it.

mod entries;
pub(super) mod matches;
pub(super) mod targets;
pub(super) mod words;

use std::io;
use std::net::IpAddr;
use std::os::fd::{AsRawFd, OwnedFd};

use nix::libc;
use nix::sys::socket::{AddressFamily, SockFlag, SockProtocol, SockType, socket};

pub(super) use entries::{Extension, Table};

use crate::model::Family;

/// `IPT_SO_GET_INFO` and `IP6T_SO_GET_INFO`.
const GET_INFO: libc::c_int = 64;
/// `IPT_SO_GET_ENTRIES` and `IP6T_SO_GET_ENTRIES`.
const GET_ENTRIES: libc::c_int = 65;
/// `XT_TABLE_MAXNAMELEN`.
const NAME: usize = 32;
/// `struct ipt_getinfo`: name, hooks, where chains of hooks begin, where their policies are, entries, bytes.
const INFO: usize = NAME + 4 + 5 * 4 + 5 * 4 + 4 + 4;
/// `struct ipt_get_entries` before the entries, which are aligned to eight bytes.
const HEADER: usize = NAME + 8;
/// A table may change between the two questions.
const ATTEMPTS: usize = 5;
/// A rule of 160,000 takes some 500 bytes: no table of a node is longer.
const MOST: usize = 1 << 30;

/// A table of this thread's namespace. The caller knows that it is there: to ask for one that is not would make it.
pub(super) fn read(family: Family, name: &str) -> io::Result<Table> {
    if cfg!(not(all(
        target_pointer_width = "64",
        target_endian = "little"
    ))) {
        return Err(io::ErrorKind::Unsupported.into());
    }
    let (domain, level) = match family {
        Family::V4 => (AddressFamily::Inet, libc::SOL_IP),
        Family::V6 => (AddressFamily::Inet6, libc::SOL_IPV6),
    };
    let socket = socket(
        domain,
        SockType::Raw,
        SockFlag::SOCK_CLOEXEC,
        SockProtocol::Raw,
    )?;
    for _ in 0..ATTEMPTS {
        let mut info = vec![0; INFO];
        set_name(&mut info, name)?;
        ask(&socket, level, GET_INFO, &mut info)?;
        let size = entries::number(&info, INFO - 4).unwrap_or(0) as usize;
        if size > MOST {
            return Err(io::Error::other("a table of more than 1 GiB"));
        }
        let mut found = vec![0; HEADER + size];
        set_name(&mut found, name)?;
        found[NAME..NAME + 4].copy_from_slice(&(size as u32).to_ne_bytes());
        match ask(&socket, level, GET_ENTRIES, &mut found) {
            Ok(()) => {
                return Table::new(family, &info, found)
                    .ok_or_else(|| io::Error::other("a table that makes no sense"));
            }
            // It has another size now.
            Err(error) if error.raw_os_error() == Some(libc::EAGAIN) => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::other(
        "the table kept changing while it was read",
    ))
}

fn set_name(buffer: &mut [u8], name: &str) -> io::Result<()> {
    if name.len() >= NAME {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    buffer[..name.len()].copy_from_slice(name.as_bytes());
    Ok(())
}

/// getsockopt(2) with an answer of any length, for which the crates have no call.
#[allow(unsafe_code)]
fn ask(
    socket: &OwnedFd,
    level: libc::c_int,
    what: libc::c_int,
    buffer: &mut [u8],
) -> io::Result<()> {
    let mut length = libc::socklen_t::try_from(buffer.len()).map_err(io::Error::other)?;
    // SAFETY: the kernel writes no more than `length` bytes, which the buffer has; both outlive the call.
    let result = unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            level,
            what,
            buffer.as_mut_ptr().cast(),
            &raw mut length,
        )
    };
    match result {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// An address of four bytes or sixteen, as the family has it.
fn address(family: Family, bytes: &[u8]) -> Option<IpAddr> {
    Some(match family {
        Family::V4 => IpAddr::from(<[u8; 4]>::try_from(bytes.get(..4)?).ok()?),
        Family::V6 => IpAddr::from(<[u8; 16]>::try_from(bytes.get(..16)?).ok()?),
    })
}
