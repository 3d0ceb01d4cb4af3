//! Names, numbers and matches as kube-proxy writes them and iptables-save(8) prints them.

use std::net::{IpAddr, Ipv4Addr};

use ipnet::{IpNet, Ipv4Net};
use sha2::{Digest as _, Sha256};

use super::Settings;
use crate::model::{Service, ServicePort};

/// `NAMESPACE/NAME:PORT`, or `NAMESPACE/NAME` when the port has no name.
pub fn port_name(service: &Service, port: &ServicePort) -> String {
    let Service {
        namespace, name, ..
    } = service;
    if port.name.is_empty() {
        format!("{namespace}/{name}")
    } else {
        format!("{namespace}/{name}:{}", port.name)
    }
}

/// The first 16 characters of the base32 form (RFC 4648) of a text's SHA-256.
pub fn hash(text: &str) -> String {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let digest = Sha256::digest(text.as_bytes());
    // Sixteen characters of five bits are the first ten bytes.
    let bits = digest
        .iter()
        .take(10)
        .fold(0_u128, |bits, byte| (bits << 8) | u128::from(*byte));
    (0..16)
        .map(|index| char::from(ALPHABET[(bits >> (75 - 5 * index) & 31) as usize]))
        .collect()
}

/// The chance 1/n as the kernel keeps it, in units of 2^-31, and iptables prints it.
pub fn probability(n: usize) -> String {
    // kube-proxy writes ten decimals, and libxt_statistic rounds that to the nearest unit.
    let written = (1.0 / n as f64 * 1e10).round() / 1e10;
    let unit = f64::from(1_u32 << 31);
    format!("{:.11}", (written * unit).round() / unit)
}

/// Counts packets, where the kernel can.
pub fn counter(settings: Settings, name: &str) -> String {
    // libxt_nfacct prints two blanks.
    if settings.nfacct {
        format!("-m nfacct --nfacct-name  {name} ")
    } else {
        String::new()
    }
}

/// A comment match.
pub fn comment(text: &str) -> String {
    format!("-m comment --comment \"{text}\"")
}

/// The first IPv4 address.
pub fn first_v4(ips: &[IpAddr]) -> Option<Ipv4Addr> {
    ips.iter().find_map(as_v4)
}

/// The address, if it is IPv4.
pub fn as_v4(ip: &IpAddr) -> Option<Ipv4Addr> {
    match ip {
        IpAddr::V4(ip) => Some(*ip),
        IpAddr::V6(_) => None,
    }
}

/// The prefix, if it is IPv4.
pub fn as_v4_net(net: &IpNet) -> Option<Ipv4Net> {
    match net {
        IpNet::V4(net) => Some(*net),
        IpNet::V6(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names and hashes seen in clusters.
    #[test]
    fn chain_names_are_the_real_ones() {
        for (text, expected) in [
            ("default/kubernetes:httpstcp", "NPX46M4PTMTKRN6Y"),
            ("kube-system/kube-dns:dnsudp", "TCOU7JCQXEZGVUNU"),
            ("kube-system/kube-dns:dns-tcptcp", "ERIFXISQEP7F7OF4"),
            (
                "cert-manager/cert-manager-webhook:httpstcp10.244.1.49:10250",
                "VWQIYYHOAHHCJU4I",
            ),
        ] {
            assert_eq!(hash(text), expected);
        }
    }

    /// As iptables-save printed them.
    #[test]
    fn probabilities_are_rounded_as_the_kernel_rounds_them() {
        for (n, expected) in [
            (2, "0.50000000000"),
            (3, "0.33333333349"),
            (5, "0.20000000019"),
            (7, "0.14285714272"),
            (10, "0.10000000009"),
        ] {
            assert_eq!(probability(n), expected);
        }
    }
}
