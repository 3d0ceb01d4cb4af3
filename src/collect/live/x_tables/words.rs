//! The words of a rule, as iptables puts them (`iptables/xshared.c`, `libxtables/xtables.c`).

use std::net::{IpAddr, Ipv4Addr};

use super::address;
use crate::model::Family;

/// A rule as it is put together.
pub(in crate::collect::live) struct Words(String);

impl Words {
    /// Of a chain.
    pub fn new(chain: &str) -> Self {
        Self(format!("-A {chain}"))
    }

    /// More words.
    pub fn push(&mut self, words: &str) {
        self.0.push(' ');
        self.0.push_str(words);
    }

    /// An option and its value, if it has one.
    pub fn option(&mut self, inverted: bool, option: &str, value: Option<String>) {
        if let Some(value) = value {
            self.flag(inverted, option);
            self.push(&value);
        }
    }

    /// An option without a value.
    pub fn flag(&mut self, inverted: bool, option: &str) {
        if inverted {
            self.push("!");
        }
        self.push(option);
    }

    /// The rule.
    pub fn end(self) -> String {
        self.0
    }
}

/// An address with its mask; `None` of any address.
pub(in crate::collect::live) fn net(family: Family, ip: &[u8], mask: &[u8]) -> Option<String> {
    if ip.iter().chain(mask).all(|byte| *byte == 0) {
        return None;
    }
    Some(format!(
        "{}/{}",
        address(family, ip)?,
        mask_of(family, mask)?
    ))
}

/// The length of a prefix, or the mask itself where it is none.
fn mask_of(family: Family, mask: &[u8]) -> Option<String> {
    let ip = address(family, mask)?;
    let (bits, width) = match ip {
        IpAddr::V4(ip) => (u128::from(ip.to_bits()) << 96, 32),
        IpAddr::V6(ip) => (ip.to_bits(), 128),
    };
    let ones = bits.leading_ones();
    let is_prefix = bits.checked_shl(ones).unwrap_or(0) == 0 && ones <= width;
    Some(if is_prefix {
        ones.to_string()
    } else {
        ip.to_string()
    })
}

/// A device by name or by how its name begins; `None` of any.
pub(super) fn devices(name: &[u8], mask: &[u8]) -> Option<String> {
    let compared = mask.iter().take_while(|byte| **byte != 0).count();
    let bytes = name.get(..compared)?;
    let (end, more) = match bytes.iter().position(|byte| *byte == 0) {
        Some(end) => (end, ""),
        None => (compared, "+"),
    };
    let begins = str::from_utf8(&bytes[..end]).ok()?;
    (compared > 0).then(|| format!("{begins}{more}"))
}

/// A protocol, by the names that iptables itself has; those of /etc/protocols are left as numbers.
pub(in crate::collect::live) fn protocol(number: u16) -> Option<String> {
    let name = match number {
        0 => return None,
        1 => "icmp",
        6 => "tcp",
        17 => "udp",
        50 => "esp",
        51 => "ah",
        58 => "ipv6-icmp",
        132 => "sctp",
        136 => "udplite",
        _ => return Some(number.to_string()),
    };
    Some(name.to_owned())
}

/// One port, or a range.
pub(super) fn ports(first: u16, last: u16, between: char) -> String {
    match first == last {
        true => first.to_string(),
        false => format!("{first}{between}{last}"),
    }
}

/// A text, in quotes where it has other characters than letters, digits, `-` and `_` (`xtables_save_string`).
pub(super) fn quoted(text: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if !text.is_empty() && text.bytes().all(is_plain) {
        return text.to_owned();
    }
    let mut quoted = "\"".to_owned();
    for character in text.chars() {
        if matches!(character, '"' | '\\' | '\'') {
            quoted.push('\\');
        }
        quoted.push(character);
    }
    quoted.push('"');
    quoted
}

/// An address of a translation with its port, the IPv6 one in brackets then.
pub(super) fn with_port(ip: Option<String>, port: Option<String>, family: Family) -> String {
    match (ip, port) {
        (Some(ip), Some(port)) if family == Family::V6 => format!("[{ip}]:{port}"),
        (ip, port) => {
            let port = port.map(|port| format!(":{port}")).unwrap_or_default();
            format!("{}{port}", ip.unwrap_or_default())
        }
    }
}

/// Four bytes as they are in a packet.
pub(super) fn ipv4(bytes: &[u8], at: usize) -> Option<Ipv4Addr> {
    let bytes: [u8; 4] = bytes.get(at..at + 4)?.try_into().ok()?;
    Some(Ipv4Addr::from(bytes))
}
