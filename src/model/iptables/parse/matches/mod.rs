//! Match modules: what stands between `-m NAME` and whatever follows its options.

mod connection;
mod device;
mod header;
mod kept;
mod ports;

use super::words::{Flag, Parsed, Words};
use crate::model::iptables::{Match, Negatable};

/// An option that a module does not have.
const NO_SUCH_OPTION: &str = "an option of it is not known";
/// A module without the option that says what it asks.
const NO_OPTION: &str = "it does not say what it asks";

/// Parses a module's options and adds what it asks to `found`.
pub(super) fn module<'a>(
    name: &'a str,
    words: &mut Words<'a>,
    found: &mut Vec<Match>,
) -> Parsed<'a, ()> {
    match name {
        "comment" => comment(words),
        "tcp" | "udp" | "sctp" | "dccp" | "udplite" => ports::transport(name, words, found),
        "multiport" | "mport" => ports::multiport(words, found),
        "icmp" => ports::icmp(words, found, &ports::ICMP_TYPES),
        "icmp6" | "icmpv6" => ports::icmp(words, found, &ports::ICMPV6_TYPES),
        "conntrack" | "state" => connection::conntrack(words, found),
        "mark" | "connmark" => connection::mark(name, words, found),
        "addrtype" => header::addrtype(words, found),
        "iprange" => header::iprange(words, found),
        "length" => header::length(words, found),
        "ttl" | "hl" => header::ttl(words, found),
        "tos" | "dscp" => header::tos(words, found),
        "set" => kept::set(words, found),
        "statistic" => kept::statistic(words, found),
        "recent" => kept::recent(words, found),
        "nfacct" => kept::nfacct(words, found),
        "physdev" => device::physdev(words, found),
        "mac" => device::mac(words, found),
        "pkttype" => device::pkttype(words, found),
        "owner" => device::owner(words, found),
        "rpfilter" => device::rpfilter(words, found),
        _ => {
            let why = unknowable(name).ok_or(super::Fault {
                word: name,
                why: "kubenet does not know this match",
            })?;
            found.push(Match::Unknowable {
                module: name.into(),
                why,
            });
            words.skip_options();
            Ok(())
        }
    }
}

/// The match whose options a protocol brings along without `-m`.
pub(super) fn of_protocol(number: u8) -> Option<&'static str> {
    Some(match number {
        1 => "icmp",
        6 => "tcp",
        17 => "udp",
        33 => "dccp",
        58 => "icmp6",
        132 => "sctp",
        136 => "udplite",
        _ => return None,
    })
}

/// Why no dump can tell whether a match holds.
fn unknowable(name: &str) -> Option<&'static str> {
    Some(match name {
        "limit" | "hashlimit" | "rateest" => "it depends on how many packets came before",
        "connlimit" => "it depends on how many connections there are",
        "connbytes" => "it depends on how much the connection has carried",
        "quota" | "quota2" => "it depends on how much it has let through",
        "time" => "it depends on the time of day",
        "string" | "u32" | "bpf" | "tcpmss" | "osf" => "it looks at what is in the packet",
        "cgroup" => "it depends on the control group of the process that sends",
        "socket" => "it depends on the sockets that are open when the packet comes",
        "helper" | "connlabel" | "ipvs" => "it depends on what is kept about the connection",
        "cluster" | "cpu" => "it depends on a hash or a processor",
        "devgroup" | "realm" => "it depends on groups of devices or routes, which are not read",
        "policy" => "it depends on IPsec",
        "ah" | "esp" | "dst" | "ecn" | "eui64" | "frag" | "hbh" | "ipcomp" | "ipv6header"
        | "mh" | "rt" | "srh" => "it looks at headers which are not traced",
        _ => return None,
    })
}

/// Says nothing about packets.
fn comment<'a>(words: &mut Words<'a>) -> Parsed<'a, ()> {
    while let Some(mut flag) = words.option() {
        match flag.name {
            "--comment" => words.value(&mut flag)?,
            _ => return Err(no_such(flag)),
        };
    }
    Ok(())
}

fn no_such(flag: Flag<'_>) -> super::Fault<'_> {
    super::Fault {
        word: flag.name,
        why: NO_SUCH_OPTION,
    }
}

fn negatable<T>(flag: Flag<'_>, value: T) -> Option<Negatable<T>> {
    Some(Negatable {
        negate: flag.negate,
        value,
    })
}
