//! Waits for the link-local addresses of IPv6, which the kernel makes by itself when it has noticed that a link works
//! (net/core/link_watch.c lets up to a second pass), and without which it asks for no neighbours.

use std::collections::BTreeSet;
use std::fs;
use std::time::{Duration, Instant};

use super::LabError;
use super::plan::{DeviceKind, NamespacePlan};

/// Addresses of the namespace that this thread is in (proc_net(5)).
const ADDRESSES: &str = "/proc/thread-self/net/if_inet6";
/// IFA_F_TENTATIVE.
const TENTATIVE: u32 = 0x40;
/// Scope `link` there.
const LINK: &str = "20";
/// It takes a second at most, on a machine that is not overwhelmed.
const PATIENCE: Duration = Duration::from_secs(10);

/// Waits in the namespace that this thread is in. A kernel without IPv6 has nothing to wait for.
pub fn wait(plan: &NamespacePlan) -> Result<(), LabError> {
    let deadline = Instant::now() + PATIENCE;
    let expected: BTreeSet<_> = devices_with_a_link(plan).collect();
    loop {
        let Ok(text) = fs::read_to_string(ADDRESSES) else {
            return Ok(());
        };
        let ready: BTreeSet<_> = text.lines().filter_map(ready_device).collect();
        let Some(missing) = expected.iter().find(|device| !ready.contains(*device)) else {
            return Ok(());
        };
        if Instant::now() > deadline {
            return Err(LabError::step(
                format!("wait for IPv6 in {}", plan.place.label()),
                format!("{missing} has got no link-local address"),
            ));
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Devices whose links work: a bridge without ports has none, and kube-ipvs0 is never up.
fn devices_with_a_link(plan: &NamespacePlan) -> impl Iterator<Item = &str> {
    let has_ports = |name: &str| {
        let mut devices = plan.devices.iter();
        devices.any(|device| device.port_of.as_deref() == Some(name))
    };
    plan.devices
        .iter()
        .filter(move |device| match device.kind {
            DeviceKind::Loopback | DeviceKind::Dummy => false,
            DeviceKind::Bridge => has_ports(&device.name),
            _ => true,
        })
        .map(|device| device.name.as_str())
}

/// The device of a line that tells of a link-local address in use.
fn ready_device(line: &str) -> Option<&str> {
    let mut words = line.split_ascii_whitespace().skip(3);
    let (scope, flags, device) = (words.next()?, words.next()?, words.next()?);
    let flags = u32::from_str_radix(flags, 16).ok()?;
    (scope == LINK && flags & TENTATIVE == 0).then_some(device)
}

#[cfg(test)]
mod tests {
    use super::ready_device;

    #[test]
    fn only_link_local_addresses_in_use_count() {
        let line = "fe800000000000005840b2fffe3150b9 03 40 20 80     cni0";
        assert_eq!(ready_device(line), Some("cni0"));
        assert_eq!(ready_device(&line.replace("20 80", "20 c0")), None);
        assert_eq!(ready_device(&line.replace("40 20", "40 00")), None);
    }
}
