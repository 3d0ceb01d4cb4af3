//! Forwarding: whether the kernel passes on what is not for itself.
//!
//! For IPv4 the device a packet comes in by decides alone (`IN_DEV_FORWARD` in `ip_route_input_slow`);
//! `net.ipv4.ip_forward` is only a copy that a write to it spreads over all devices. For IPv6 it is
//! `net.ipv6.conf.all.forwarding` (Documentation/networking/ip-sysctl.rst).

use super::scene::families;
use super::{Check, Family, NodeView, Report, Scene, sysctls};
use crate::model::{self, Finding, LinkKind, Netns, Part, Severity};

/// The checks of this family.
pub const FAMILY: Family = Family {
    about: "forwarding of packets",
    checks: &[CHECKS],
    look,
};

const CHECKS: &[Check] = &[OFF, OFF_HERE, OFF_V6];

const OFF: Check = Check {
    id: "ipv4-forwarding-off",
    catalogue: &["A01"],
    severity: Severity::Error,
    docs: "The node does not forward IPv4 packets (`net.ipv4.ip_forward` = 0): what comes from its pods or for them and is not \
           for the node itself is dropped, silently. Files under /etc/sysctl.d, hardening tools and systemd-networkd \
           switch it off, mostly at a reboot. Stated in the kernel's Documentation/networking/ip-sysctl.rst.",
};

const OFF_HERE: Check = Check {
    id: "device-forwarding-off",
    catalogue: &["A02"],
    severity: Severity::Error,
    docs: "The node forwards IPv4 packets in general, and not those that come in by one device: for IPv4 the kernel looks at \
           `net.ipv4.conf.DEVICE.forwarding` of the incoming device alone. Requests and answers come in by different \
           devices, so often only one direction dies. Stated in the kernel's Documentation/networking/ip-sysctl.rst.",
};

const OFF_V6: Check = Check {
    id: "ipv6-forwarding-off",
    catalogue: &["A09"],
    severity: Severity::Error,
    docs: "The node does not forward IPv6 packets (`net.ipv6.conf.all.forwarding` = 0). Unlike IPv4, the setting for all \
           devices decides; those of single devices only choose between a host's and a router's behaviour. Stated in \
           the kernel's Documentation/networking/ip-sysctl.rst.",
};

fn look(scene: &Scene<'_>, report: &mut Report) {
    let families = families(scene);
    for (node, _, netns) in scene.hosts() {
        if !node.has_whole(Part::Sysctls) || !node.has_whole(Part::Links) {
            report.skip_all(CHECKS, node.name, "sysctls or devices were not read");
            continue;
        }
        let off = ipv4(node, netns);
        let everywhere = sysctls::number(netns, "net.ipv4.ip_forward") == Some(0);
        let (all, single) = match (off.is_empty(), everywhere) {
            (true, _) => (Vec::new(), Vec::new()),
            (false, true) => (vec![off_everywhere(node, netns, &off)], Vec::new()),
            (false, false) => {
                let found = off.iter().map(|device| off_here(node, netns, device));
                (Vec::new(), found.collect())
            }
        };
        report.judge(&OFF, node.name, all);
        report.judge(&OFF_HERE, node.name, single);
        let v6 = families.contains(&model::Family::V6);
        report.judge(
            &OFF_V6,
            node.name,
            v6.then(|| ipv6(node, netns))
                .flatten()
                .into_iter()
                .collect(),
        );
    }
}

/// The devices by which pods' packets come in that do not forward.
fn ipv4<'c>(node: &NodeView<'c>, netns: &'c Netns) -> Vec<&'c str> {
    let carries = |link: &&model::Link| match link.kind {
        LinkKind::Bridge { .. } => holds_pods(node, netns, &link.name),
        LinkKind::Vxlan(_) => link.name.starts_with("flannel"),
        _ => {
            let mut addresses = netns.addresses_of(&link.name);
            addresses.any(|address| node.has_published(address.ip))
        }
    };
    let off = |name: &&str| {
        let settings = netns.sysctls.as_ref();
        settings.and_then(|all| all.conf(model::Family::V4, name, "forwarding")) == Some(0)
    };
    let links = netns.links.iter().flatten().filter(carries);
    links.map(|link| link.name.as_str()).filter(off).collect()
}

/// Whether a bridge is that of the pods: it has an address of their network, or is called as flannel's CNI plugin does.
fn holds_pods(node: &NodeView<'_>, netns: &Netns, bridge: &str) -> bool {
    let ours = |ip| {
        let cidr = node.pod_cidr(model::Family::of(ip));
        cidr.is_some_and(|cidr| cidr.contains(&ip))
    };
    bridge == "cni0" || netns.addresses_of(bridge).any(|address| ours(address.ip))
}

fn off_everywhere(node: &NodeView<'_>, netns: &Netns, devices: &[&str]) -> Finding {
    let mut finding = OFF.finding(
        node.place(None),
        format!("{} does not forward IPv4 packets", node.name),
        "what its pods send to other nodes, to Services and outside is dropped, and what comes for them".to_owned(),
    );
    finding
        .evidence
        .extend(sysctls::shown(netns, "net.ipv4.ip_forward"));
    for device in devices {
        let key = sysctls::conf_key(model::Family::V4, device, "forwarding");
        finding.evidence.extend(sysctls::shown(netns, &key));
    }
    finding.fix = vec![
        sysctls::set("net.ipv4.ip_forward", "1"),
        "grep -rn ip_forward /etc/sysctl.conf /etc/sysctl.d /run/sysctl.d /usr/lib/sysctl.d"
            .to_owned(),
    ];
    finding
}

fn off_here(node: &NodeView<'_>, netns: &Netns, device: &str) -> Finding {
    let key = sysctls::conf_key(model::Family::V4, device, "forwarding");
    let mut finding = OFF_HERE.finding(
        node.place(Some(device)),
        format!("{} does not forward what comes in by {device}", node.name),
        format!("packets that come in by {device} and are not for the node itself are dropped"),
    );
    finding.evidence.extend(sysctls::shown(netns, &key));
    finding
        .evidence
        .extend(sysctls::shown(netns, "net.ipv4.ip_forward"));
    finding.fix = vec![sysctls::set(&key, "1")];
    finding
}

fn ipv6(node: &NodeView<'_>, netns: &Netns) -> Option<Finding> {
    const KEY: &str = "net.ipv6.conf.all.forwarding";
    if sysctls::number(netns, KEY) != Some(0) {
        return None;
    }
    node.pod_cidr(model::Family::V6)?;
    let mut finding = OFF_V6.finding(
        node.place(None),
        format!("{} does not forward IPv6 packets", node.name),
        "what its pods send over IPv6 to other nodes, to Services and outside is dropped, and what comes for them".to_owned(),
    );
    finding.evidence.extend(sysctls::shown(netns, KEY));
    finding.fix = vec![sysctls::set(KEY, "1")];
    Some(finding)
}
