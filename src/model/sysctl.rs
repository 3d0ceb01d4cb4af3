//! Kernel settings of one namespace, by the names that `sysctl` uses.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Family;

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
