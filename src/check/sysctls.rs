//! Settings as evidence and as cures.

use crate::model::trace::Evidence;
use crate::model::{Family, Netns};

/// A setting as `sysctl` prints it; `None` when it was not read.
pub fn shown(netns: &Netns, key: &str) -> Option<Evidence> {
    let value = netns.sysctls.as_ref()?.get(key)?;
    Some(Evidence {
        source: "sysctl".to_owned(),
        raw: format!("{key} = {value}"),
    })
}

/// A setting that is one number.
pub fn number(netns: &Netns, key: &str) -> Option<i64> {
    netns.sysctls.as_ref()?.number(key)
}

/// `net.ipv4.conf.DEVICE.KEY`, as sysctl(8) writes it.
pub fn conf_key(family: Family, device: &str, key: &str) -> String {
    let tree = match family {
        Family::V4 => "ipv4",
        Family::V6 => "ipv6",
    };
    format!("net.{tree}.conf.{}.{key}", device.replace('.', "/"))
}

/// The command that sets it.
pub fn set(key: &str, value: &str) -> String {
    format!("sysctl -w {key}={value}")
}
