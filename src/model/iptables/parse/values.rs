//! Values of options: numbers, ports, addresses, marks and names, read as libxtables reads them
//! (`xtoptions.c` of iptables is the reference for what is accepted).

use std::net::IpAddr;

use ipnet::IpNet;

use super::words::{Parsed, Word};
use crate::model::iptables::{Interface, PortRange};

/// A number in C's notation: decimal, `0x` hexadecimal, or octal after a `0`.
pub(super) fn number(text: &str) -> Option<u32> {
    let (digits, radix) = match text.as_bytes() {
        [b'0', b'x' | b'X', ..] => (&text[2..], 16),
        [b'0', _, ..] => (&text[1..], 8),
        _ => (text, 10),
    };
    if digits.starts_with('+') {
        return None;
    }
    u32::from_str_radix(digits, radix).ok()
}

/// A number up to 2^32 - 1.
pub(super) fn number32(word: Word<'_>) -> Parsed<'_, u32> {
    number(word.raw).ok_or(word.fault("a value is not a number"))
}

/// A number up to 255.
pub(super) fn number8(word: Word<'_>) -> Parsed<'_, u8> {
    number(word.raw)
        .and_then(|value| value.try_into().ok())
        .ok_or(word.fault("a value is not a number up to 255"))
}

/// `FIRST[:LAST]`, either of which may be left out after the colon is there; `limit` is the greatest value.
pub(super) fn range(text: &str, separator: char, limit: u32) -> Option<(u32, u32)> {
    let within = |text: &str| number(text).filter(|&value| value <= limit);
    let Some((first, last)) = text.split_once(separator) else {
        return within(text).map(|value| (value, value));
    };
    let first = if first.is_empty() { 0 } else { within(first)? };
    let last = if last.is_empty() {
        limit
    } else {
        within(last)?
    };
    Some((first, last))
}

/// Ports: `80`, `1024:65535`, `1024:`; with `-` between them for translations.
pub(super) fn port_range(text: &str, separator: char) -> Option<PortRange> {
    let (first, last) = range(text, separator, u16::MAX.into())?;
    let (first, last) = (first as u16, last as u16);
    (first <= last).then_some(PortRange { first, last })
}

/// `VALUE[/MASK]`, where no mask means all bits.
pub(super) fn marked(word: Word<'_>) -> Parsed<'_, (u32, u32)> {
    let (value, mask) = match word.raw.split_once('/') {
        Some((value, mask)) => (number(value), number(mask)),
        None => (number(word.raw), Some(u32::MAX)),
    };
    value.zip(mask).ok_or(word.fault("a value is not a mark"))
}

/// An address.
pub(super) fn address(text: &str) -> Option<IpAddr> {
    text.parse().ok()
}

/// `ADDRESS`, `ADDRESS/LENGTH` or `ADDRESS/MASK`; bits outside the mask are cleared, as iptables does.
pub(super) fn network(word: Word<'_>) -> Parsed<'_, IpNet> {
    const NOT_AN_ADDRESS: &str = "a value is not an address";
    let (ip, mask) = match word.raw.split_once('/') {
        Some((ip, mask)) => (ip, Some(mask)),
        None => (word.raw, None),
    };
    let ip = address(ip).ok_or(word.fault(NOT_AN_ADDRESS))?;
    let length = match mask {
        None if ip.is_ipv4() => 32,
        None => 128,
        Some(mask) => match mask.parse::<u8>() {
            Ok(length) => length,
            Err(_) => {
                let mask = address(mask).ok_or(word.fault(NOT_AN_ADDRESS))?;
                ipnet::ip_mask_to_prefix(mask)
                    .map_err(|_| word.fault("its mask is not one prefix of the address"))?
            }
        },
    };
    IpNet::new(ip, length)
        .map(|net| net.trunc())
        .map_err(|_| word.fault(NOT_AN_ADDRESS))
}

/// `FIRST[-LAST]`.
pub(super) fn address_range(text: &str) -> Option<(IpAddr, IpAddr)> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    Some((address(first)?, address(last)?))
}

/// A device, or the beginning of its name and `+`.
pub(super) fn interface(word: Word<'_>) -> Interface {
    let text = word.text();
    match text.strip_suffix('+') {
        Some(name) => Interface {
            name: name.into(),
            prefix: true,
        },
        None => Interface {
            name: text.into(),
            prefix: false,
        },
    }
}

/// Names separated by commas, each of which stands for a bit of a table.
pub(super) fn bits<'a, T>(word: Word<'a>, names: &[(&str, T)]) -> Parsed<'a, T>
where
    T: Copy + Default + std::ops::BitOr<Output = T>,
{
    word.raw.split(',').try_fold(T::default(), |bits, name| {
        let found = names
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name));
        found
            .map(|&(_, bit)| bits | bit)
            .ok_or(word.fault("a name in its list is not known"))
    })
}

/// A name out of a table.
pub(super) fn named<T: Copy>(text: &str, names: &[(&str, T)]) -> Option<T> {
    names
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(text))
        .map(|&(_, value)| value)
}

/// A protocol's number, by number or name; 0 is any.
pub(super) fn protocol(word: Word<'_>) -> Parsed<'_, u8> {
    let known = match word.raw {
        "tcp" => Some(6),
        "udp" => Some(17),
        text => {
            named(text, &PROTOCOLS).or_else(|| number(text).and_then(|value| value.try_into().ok()))
        }
    };
    known.ok_or(word.fault("a protocol's name is not known"))
}

/// Names which iptables itself knows, and those of protocols(5).
const PROTOCOLS: [(&str, u8); 61] = [
    ("all", 0),
    ("icmp", 1),
    ("sctp", 132),
    ("udplite", 136),
    ("dccp", 33),
    ("ipv6-icmp", 58),
    ("icmpv6", 58),
    ("icmp6", 58),
    ("esp", 50),
    ("ah", 51),
    ("gre", 47),
    ("igmp", 2),
    ("ipencap", 4),
    ("ipip", 94),
    ("ipv6", 41),
    ("ipv6-mh", 135),
    ("mh", 135),
    ("mobility-header", 135),
    ("ip", 0),
    ("hopopt", 0),
    ("ggp", 3),
    ("st", 5),
    ("tcp", 6),
    ("egp", 8),
    ("igp", 9),
    ("pup", 12),
    ("udp", 17),
    ("hmp", 20),
    ("xns-idp", 22),
    ("rdp", 27),
    ("iso-tp4", 29),
    ("xtp", 36),
    ("ddp", 37),
    ("idpr-cmtp", 38),
    ("ipv6-route", 43),
    ("ipv6-frag", 44),
    ("idrp", 45),
    ("rsvp", 46),
    ("skip", 57),
    ("ipv6-nonxt", 59),
    ("ipv6-opts", 60),
    ("rspf", 73),
    ("vmtp", 81),
    ("eigrp", 88),
    ("ospf", 89),
    ("ax.25", 93),
    ("etherip", 97),
    ("encap", 98),
    ("pim", 103),
    ("ipcomp", 108),
    ("vrrp", 112),
    ("l2tp", 115),
    ("isis", 124),
    ("fc", 133),
    ("mpls-in-ip", 137),
    ("manet", 138),
    ("hip", 139),
    ("shim6", 140),
    ("wesp", 141),
    ("rohc", 142),
    ("ethernet", 143),
];
