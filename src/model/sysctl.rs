//! Kernel settings of one namespace, by the names that `sysctl` uses.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Family;

/// The settings of single devices that decide something about a packet, or that a reader of a device's description looks
/// for. A node with a hundred pods has ten thousand others.
pub const OF_DEVICES: [&str; 20] = [
    "accept_dad",
    "accept_local",
    "accept_ra",
    "accept_redirects",
    "arp_announce",
    "arp_ignore",
    "disable_ipv6",
    "disable_policy",
    "force_forwarding",
    "forwarding",
    "ignore_routes_with_linkdown",
    "mc_forwarding",
    "proxy_arp",
    "proxy_arp_pvlan",
    "proxy_ndp",
    "route_localnet",
    "rp_filter",
    "send_redirects",
    "src_valid_mark",
    "use_oif_addrs_only",
];

/// Settings, keyed as `net.ipv4.conf.eth0.rp_filter`. A dot inside a device's name is a slash, as sysctl(8) prints it:
/// `net.ipv4.conf.flannel/1.rp_filter`.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sysctls(pub BTreeMap<String, String>);

impl Sysctls {
    /// The text of a setting.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }

    /// A setting that is one number.
    pub fn number(&self, key: &str) -> Option<i64> {
        debug_assert!(
            is_asked_for(key),
            "{key} is of a device, and not among those that are read"
        );
        self.get(key)?.trim().parse().ok()
    }

    /// `net.ipv4.conf.DEVICE.KEY` or its IPv6 sister, as a number.
    pub fn conf(&self, family: Family, device: &str, key: &str) -> Option<i64> {
        let tree = match family {
            Family::V4 => "ipv4",
            Family::V6 => "ipv6",
        };
        self.number(&format!(
            "net.{tree}.conf.{}.{key}",
            device.replace('.', "/")
        ))
    }
}

/// Whether a setting is none of a device's, or one of [`OF_DEVICES`].
fn is_asked_for(key: &str) -> bool {
    let of_device = ["net.ipv4.conf.", "net.ipv6.conf."]
        .iter()
        .find_map(|tree| key.strip_prefix(tree));
    of_device.is_none_or(|rest| {
        rest.rsplit('.')
            .next()
            .is_some_and(|name| OF_DEVICES.contains(&name))
    })
}
