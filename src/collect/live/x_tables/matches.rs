//! The matches that kube-proxy, flannel, CNI plugins, docker and firewalls use, in the words of iptables (extensions/libxt_*.c;
//! the structures are those of `include/uapi/linux/netfilter/xt_*.h`).

use super::address;
use super::entries::{Extension, number, short, text};
use super::words::{Words, ports, quoted};
use crate::model::Family;

/// Adds the words of a match; an error names one that is not known here.
pub(in crate::collect::live) fn print(
    family: Family,
    extension: &Extension<'_>,
    words: &mut Words,
) -> Result<(), String> {
    let data = extension.data;
    // `state` is what conntrack is called when it was written so.
    let name = match extension.name {
        "conntrack" if short(data, 146).is_some_and(|flags| flags & STATE_ALIAS != 0) => "state",
        name => name,
    };
    words.push(&format!("-m {name}"));
    let known = match (name, extension.revision) {
        ("comment", 0) => comment(data, words),
        ("tcp", 0) => tcp(data, words),
        ("udp", 0) => udp(data, words),
        ("sctp", 0) => sctp(data, words),
        ("addrtype", 1) => addrtype(data, words),
        ("conntrack" | "state", 1..=3) => conntrack(data, words),
        ("mark", 1) => mark(data, words),
        ("statistic", 0) => statistic(data, words),
        ("multiport", 1) => multiport(data, words),
        ("recent", 0 | 1) => recent(family, extension, words),
        ("physdev", 0) => physdev(data, words),
        ("icmp" | "icmp6", 0) => icmp(name, data, words),
        ("nfacct", 0 | 1) => nfacct(data, words),
        _ => None,
    };
    known.ok_or_else(|| format!("the match {name}, revision {}", extension.revision))
}

fn comment(data: &[u8], words: &mut Words) -> Option<()> {
    words.push(&format!("--comment {}", quoted(text(data.get(..256)?)?)));
    Some(())
}

/// A range of ports; nothing when it is all of them.
fn port_range(
    option: &str,
    inverted: bool,
    data: &[u8],
    at: usize,
    words: &mut Words,
) -> Option<()> {
    let (first, last) = (short(data, at)?, short(data, at + 2)?);
    let asks = inverted || (first, last) != (0, u16::MAX);
    words.option(inverted, option, asks.then(|| ports(first, last, ':')));
    Some(())
}

/// `struct xt_tcp`.
fn tcp(data: &[u8], words: &mut Words) -> Option<()> {
    const FLAGS: [&str; 6] = ["FIN", "SYN", "RST", "PSH", "ACK", "URG"];
    let &[option, mask, compared, inverted] = data.get(8..12)? else {
        return None;
    };
    port_range("--sport", inverted & 0x01 != 0, data, 0, words)?;
    port_range("--dport", inverted & 0x02 != 0, data, 4, words)?;
    let option = (option != 0 || inverted & 0x08 != 0).then(|| option.to_string());
    words.option(inverted & 0x08 != 0, "--tcp-option", option);
    if mask != 0 || inverted & 0x04 != 0 {
        if (mask | compared) & 0xc0 != 0 {
            return None;
        }
        let names = |bits| match list(FLAGS.into_iter().enumerate(), u32::from(bits)) {
            none if none.is_empty() => "NONE".to_owned(),
            names => names,
        };
        let asked = format!("{} {}", names(mask), names(compared));
        words.option(inverted & 0x04 != 0, "--tcp-flags", Some(asked));
    }
    Some(())
}

/// `struct xt_udp`.
fn udp(data: &[u8], words: &mut Words) -> Option<()> {
    let inverted = *data.get(8)?;
    port_range("--sport", inverted & 0x01 != 0, data, 0, words)?;
    port_range("--dport", inverted & 0x02 != 0, data, 4, words)
}

/// `struct xt_sctp_info`, without chunks.
fn sctp(data: &[u8], words: &mut Words) -> Option<()> {
    let (flags, inverted) = (number(data, 284)?, number(data, 288)?);
    if flags & !0x03 != 0 {
        return None;
    }
    for (bit, option, at) in [(0x01, "--sport", 4), (0x02, "--dport", 0)] {
        if flags & bit != 0 {
            let range = ports(short(data, at)?, short(data, at + 2)?, ':');
            words.option(inverted & bit != 0, option, Some(range));
        }
    }
    Some(())
}

/// `struct xt_addrtype_info_v1`.
fn addrtype(data: &[u8], words: &mut Words) -> Option<()> {
    const TYPES: [(usize, &str); 12] = [
        (0, "UNSPEC"),
        (1, "UNICAST"),
        (2, "LOCAL"),
        (3, "BROADCAST"),
        (4, "ANYCAST"),
        (5, "MULTICAST"),
        (6, "BLACKHOLE"),
        (7, "UNREACHABLE"),
        (8, "PROHIBIT"),
        (9, "THROW"),
        (10, "NAT"),
        (11, "XRESOLVE"),
    ];
    let flags = number(data, 4)?;
    for (at, option, inverts) in [(0, "--src-type", 0x01), (2, "--dst-type", 0x02)] {
        let types = short(data, at)?;
        let named = (types != 0).then(|| list(TYPES, u32::from(types)));
        words.option(flags & inverts != 0, option, named);
    }
    for (bit, option) in [(0x04, "--limit-iface-in"), (0x08, "--limit-iface-out")] {
        if flags & bit != 0 {
            words.push(option);
        }
    }
    Some(())
}

/// `XT_CONNTRACK_STATE_ALIAS`.
const STATE_ALIAS: u16 = 0x2000;

/// `struct xt_conntrack_mtinfo1` to 3: states and statuses.
fn conntrack(data: &[u8], words: &mut Words) -> Option<()> {
    const STATES: [(usize, &str); 7] = [
        (0, "INVALID"),
        (3, "NEW"),
        (2, "RELATED"),
        (1, "ESTABLISHED"),
        (8, "UNTRACKED"),
        (6, "SNAT"),
        (7, "DNAT"),
    ];
    const STATUSES: [(usize, &str); 4] = [
        (0, "EXPECTED"),
        (1, "SEEN_REPLY"),
        (2, "ASSURED"),
        (3, "CONFIRMED"),
    ];
    const STATE: u16 = 0x01;
    const STATUS: u16 = 0x40;
    let (asked, inverted) = (short(data, 146)?, short(data, 148)?);
    if asked & !(STATE | STATUS | STATE_ALIAS) != 0 {
        return None;
    }
    if asked & STATE != 0 {
        let option = match asked & STATE_ALIAS {
            0 => "--ctstate",
            _ => "--state",
        };
        let states = list(STATES, u32::from(short(data, 150)?));
        words.option(inverted & STATE != 0, option, Some(states));
    }
    if asked & STATUS != 0 {
        let statuses = match short(data, 152)? {
            0 => "NONE".to_owned(),
            bits => list(STATUSES, u32::from(bits)),
        };
        words.option(inverted & STATUS != 0, "--ctstatus", Some(statuses));
    }
    Some(())
}

/// `struct xt_mark_mtinfo1`.
fn mark(data: &[u8], words: &mut Words) -> Option<()> {
    let (mark, mask) = (number(data, 0)?, number(data, 4)?);
    let asked = match mask {
        u32::MAX => format!("{mark:#x}"),
        mask => format!("{mark:#x}/{mask:#x}"),
    };
    words.option(*data.get(8)? != 0, "--mark", Some(asked));
    Some(())
}

/// `struct xt_statistic_info`. A probability is in parts of 2^31.
fn statistic(data: &[u8], words: &mut Words) -> Option<()> {
    let (mode, inverted) = (short(data, 0)?, short(data, 2)? & 0x01 != 0);
    match mode {
        0 => {
            let probability = f64::from(number(data, 4)?) / f64::from(0x8000_0000_u32);
            words.push("--mode random");
            words.option(
                inverted,
                "--probability",
                Some(format!("{probability:.11}")),
            );
        }
        1 => {
            let (every, packet) = (number(data, 4)?, number(data, 8)?);
            words.push("--mode nth");
            let every = every.checked_add(1)?.to_string();
            words.option(inverted, "--every", Some(every));
            words.push(&format!("--packet {packet}"));
        }
        _ => return None,
    }
    Some(())
}

/// `struct xt_multiport_v1`.
fn multiport(data: &[u8], words: &mut Words) -> Option<()> {
    let option = match data.first()? {
        0 => "--sports",
        1 => "--dports",
        2 => "--ports",
        _ => return None,
    };
    let count = usize::from(*data.get(1)?);
    let mut named: Vec<String> = Vec::new();
    let mut at = 0;
    while at < count {
        let first = short(data, 2 + 2 * at)?;
        let begins_range = *data.get(32 + at)? != 0;
        at += usize::from(begins_range);
        let last = short(data, 2 + 2 * at)?;
        named.push(match begins_range {
            true => format!("{first}:{last}"),
            false => first.to_string(),
        });
        at += 1;
    }
    words.option(*data.get(47)? != 0, option, Some(named.join(",")));
    Some(())
}

/// `struct xt_recent_mtinfo` and `xt_recent_mtinfo_v1`, which has a mask.
fn recent(family: Family, extension: &Extension<'_>, words: &mut Words) -> Option<()> {
    let data = extension.data;
    let (seconds, hits) = (number(data, 0)?, number(data, 4)?);
    let (&asked, &inverted) = (data.get(8)?, data.get(9)?);
    let commands = [
        (0x02, "--set"),
        (0x01, "--rcheck"),
        (0x04, "--update"),
        (0x08, "--remove"),
    ];
    for (_, command) in commands.into_iter().filter(|(bit, _)| asked & bit != 0) {
        words.flag(inverted != 0, command);
    }
    words.option(
        false,
        "--seconds",
        (seconds != 0).then(|| seconds.to_string()),
    );
    if asked & 0x20 != 0 {
        words.push("--reap");
    }
    words.option(false, "--hitcount", (hits != 0).then(|| hits.to_string()));
    if asked & 0x10 != 0 {
        words.push("--rttl");
    }
    words.push(&format!("--name {}", text(data.get(10..210)?)?));
    if extension.revision == 1 {
        words.push(&format!("--mask {}", address(family, data.get(212..228)?)?));
    }
    words.push(match data.get(210)? {
        0 => "--rsource",
        _ => "--rdest",
    });
    Some(())
}

/// `struct xt_physdev_info`.
fn physdev(data: &[u8], words: &mut Words) -> Option<()> {
    let (&inverted, &asked) = (data.get(64)?, data.get(65)?);
    let device = |at: usize| {
        Some(super::words::devices(
            data.get(at..at + 16)?,
            data.get(at + 16..at + 32)?,
        ))
    };
    let (coming, going) = (device(0)?, device(32)?);
    if asked & 0x08 != 0 {
        words.flag(inverted & 0x08 != 0, "--physdev-is-in");
    }
    if asked & 0x01 != 0 {
        words.option(inverted & 0x01 != 0, "--physdev-in", coming);
    }
    if asked & 0x10 != 0 {
        words.flag(inverted & 0x10 != 0, "--physdev-is-out");
    }
    if asked & 0x02 != 0 {
        words.option(inverted & 0x02 != 0, "--physdev-out", going);
    }
    if asked & 0x04 != 0 {
        words.flag(inverted & 0x04 != 0, "--physdev-is-bridged");
    }
    Some(())
}

/// `struct ipt_icmp` and `ip6t_icmp`.
fn icmp(name: &str, data: &[u8], words: &mut Words) -> Option<()> {
    let &[kind, first, last, inverted] = data.get(..4)? else {
        return None;
    };
    let (option, any) = match name {
        "icmp" => ("--icmp-type", kind == 0xff),
        _ => ("--icmpv6-type", false),
    };
    let asked = match (any, first, last) {
        (true, ..) => "any".to_owned(),
        (_, 0, 0xff) => kind.to_string(),
        (_, first, last) if first == last => format!("{kind}/{first}"),
        (_, first, last) => format!("{kind}/{first}-{last}"),
    };
    words.option(inverted & 0x01 != 0, option, Some(asked));
    Some(())
}

/// `struct xt_nfacct_match_info`.
fn nfacct(data: &[u8], words: &mut Words) -> Option<()> {
    words.push(&format!("--nfacct-name {}", text(data.get(..32)?)?));
    Some(())
}

/// The names of the bits that are set.
fn list<'n>(names: impl IntoIterator<Item = (usize, &'n str)>, bits: u32) -> String {
    let set = names.into_iter().filter(|(bit, _)| bits & 1 << bit != 0);
    set.map(|(_, name)| name).collect::<Vec<&str>>().join(",")
}
