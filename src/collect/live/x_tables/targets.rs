//! The targets that kube-proxy, flannel, CNI plugins, docker and firewalls use, in the words of iptables
//! (extensions/libxt_*.c, libipt_*.c and libip6t_*.c; the structures are those of `include/uapi/linux/netfilter`).

use super::address;
use super::entries::{Extension, number};
use super::words::{Words, ipv4, ports, with_port};
use crate::model::Family;

/// `NF_NAT_RANGE_MAP_IPS` and the other flags of `include/uapi/linux/netfilter/nf_nat.h`.
const ADDRESSES: u32 = 0x01;
const PORTS: u32 = 0x02;
const RANDOM: u32 = 0x04;
const PERSISTENT: u32 = 0x08;
const RANDOM_FULLY: u32 = 0x10;

/// Adds the words of a target; an error names one that is not known here.
pub(in crate::collect::live) fn print(
    family: Family,
    extension: &Extension<'_>,
    words: &mut Words,
) -> Result<(), String> {
    let (name, data) = (extension.name, extension.data);
    words.push(&format!("-j {name}"));
    let range = || match (family, extension.revision) {
        (Family::V4, 0) => Range::of_compat(data),
        (_, revision) => Range::of(family, name, revision, data),
    };
    let known = match (name, extension.revision) {
        ("MARK", 2) => mark(data, words),
        ("DNAT", 0..=2) => range().and_then(|range| range.print("--to-destination", words)),
        ("SNAT", 0..=2) => range().and_then(|range| range.print("--to-source", words)),
        ("MASQUERADE" | "REDIRECT", 0) => range().and_then(|range| range.print_ports(words)),
        ("REJECT", 0) => reject(family, data, words),
        _ => None,
    };
    known.ok_or_else(|| format!("the target {name}, revision {}", extension.revision))
}

/// `struct xt_mark_tginfo2`.
fn mark(data: &[u8], words: &mut Words) -> Option<()> {
    let (mark, mask) = (number(data, 0)?, number(data, 4)?);
    words.push(&format!("--set-xmark {mark:#x}/{mask:#x}"));
    Some(())
}

/// What a translation makes of addresses and ports.
struct Range {
    family: Family,
    flags: u32,
    addresses: (String, String),
    ports: (u16, u16),
}

impl Range {
    /// `struct nf_nat_ipv4_multi_range_compat`, of one range.
    fn of_compat(data: &[u8]) -> Option<Self> {
        if number(data, 0)? != 1 {
            return None;
        }
        Some(Self {
            family: Family::V4,
            flags: number(data, 4)?,
            addresses: (ipv4(data, 8)?.to_string(), ipv4(data, 12)?.to_string()),
            ports: (big_endian(data, 16)?, big_endian(data, 18)?),
        })
    }

    /// `struct nf_nat_range`, and `nf_nat_range2`, which is longer by a base of ports that is not known here.
    fn of(family: Family, target: &str, revision: u8, data: &[u8]) -> Option<Self> {
        const PORT_OFFSET: u32 = 0x20;
        let of_one_revision = matches!(target, "MASQUERADE" | "REDIRECT");
        let flags = number(data, 0)?;
        if (revision == 0 && !of_one_revision) || flags & PORT_OFFSET != 0 {
            return None;
        }
        let ip = |at: usize| Some(address(family, data.get(at..at + 16)?)?.to_string());
        Some(Self {
            family,
            flags,
            addresses: (ip(4)?, ip(20)?),
            ports: (big_endian(data, 36)?, big_endian(data, 38)?),
        })
    }

    fn port(&self) -> Option<String> {
        let (first, last) = self.ports;
        (self.flags & PORTS != 0).then(|| ports(first, last, '-'))
    }

    fn how(&self, words: &mut Words) -> Option<()> {
        if self.flags & !(ADDRESSES | PORTS | RANDOM | PERSISTENT | RANDOM_FULLY) != 0 {
            return None;
        }
        let hows = [
            (RANDOM, "--random"),
            (RANDOM_FULLY, "--random-fully"),
            (PERSISTENT, "--persistent"),
        ];
        for (_, how) in hows.into_iter().filter(|(bit, _)| self.flags & bit != 0) {
            words.push(how);
        }
        Some(())
    }

    fn print(&self, option: &str, words: &mut Words) -> Option<()> {
        let (first, last) = &self.addresses;
        let ip = (self.flags & ADDRESSES != 0).then(|| match first == last {
            true => first.clone(),
            false => format!("{first}-{last}"),
        });
        words.push(&format!(
            "{option} {}",
            with_port(ip, self.port(), self.family)
        ));
        self.how(words)
    }

    fn print_ports(&self, words: &mut Words) -> Option<()> {
        words.option(false, "--to-ports", self.port());
        self.how(words)
    }
}

/// `enum ipt_reject_with` and `ip6t_reject_with`.
fn reject(family: Family, data: &[u8], words: &mut Words) -> Option<()> {
    let names: &[&str] = match family {
        Family::V4 => &[
            "icmp-net-unreachable",
            "icmp-host-unreachable",
            "icmp-proto-unreachable",
            "icmp-port-unreachable",
            "",
            "icmp-net-prohibited",
            "icmp-host-prohibited",
            "tcp-reset",
            "icmp-admin-prohibited",
        ],
        Family::V6 => &[
            "icmp6-no-route",
            "icmp6-adm-prohibited",
            "",
            "icmp6-addr-unreachable",
            "icmp6-port-unreachable",
            "",
            "tcp-reset",
            "icmp6-policy-fail",
            "icmp6-reject-route",
        ],
    };
    let name = names.get(number(data, 0)? as usize)?;
    words.push(&format!("--reject-with {name}"));
    (!name.is_empty()).then_some(())
}

/// Ports of translations are in network byte order.
fn big_endian(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}
