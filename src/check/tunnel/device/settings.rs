//! How a device is set up: the addresses it sends from and has, and whether it learns.

use std::net::IpAddr;

use super::described;
use crate::check::tunnel::restart_flannel;
use crate::check::{Check, NodeView};
use crate::model::trace::Evidence;
use crate::model::{Family, Finding, Link, Severity, Vxlan};

pub(super) const LOCAL: Check = Check {
    id: "vxlan-local-address-foreign",
    catalogue: &["C14"],
    severity: Severity::Error,
    docs: "The tunnel sends from an address which the node does not have (`local` of the vxlan device): no outer packet can be \
           sent; over IPv6 the kernel sends it all the same, and this is a warning. The node's address changed after \
           flannel made the device, or flannel was given the address of a NAT gateway as `--public-ip`, which it uses here \
           too.",
};

pub(super) const NO_ADDRESS: Check = Check {
    id: "vxlan-address-missing",
    catalogue: &["C10"],
    severity: Severity::Error,
    docs: "flannel's vxlan device lacks the address which flannel gives it, the first one of the node's pod network, with a \
           prefix length of 32 (IPv6: 128). Packets of the node itself to pods elsewhere are then sent from another \
           address, to which answers do not come back.",
};

pub(super) const LEARNING: Check = Check {
    id: "vxlan-learning-on",
    catalogue: &["C28"],
    severity: Severity::Warning,
    docs: "flannel makes its device with `nolearning`; this one learns forwarding entries from the packets it receives, so \
           that a node which took over an address, or anybody who can send to the port, redirects packets. flannel keeps a \
           device that is there already, and does not compare this setting.",
};

pub(super) fn local(node: &NodeView<'_>, link: &Link, vxlan: &Vxlan) -> Option<Finding> {
    let ip = vxlan.local?;
    let (_, netns) = node.host?;
    if netns.has_address(ip) {
        return None;
    }
    let name = &link.name;
    let mut finding = LOCAL.finding(
        node.place(Some(name)),
        format!(
            "{name} of {} sends from {ip}, which {} does not have",
            node.name, node.name
        ),
        format!("no pod of {} reaches pods of other nodes", node.name),
    );
    finding.evidence = vec![described(link, vxlan)];
    let lower = vxlan.lower.as_deref().unwrap_or("the uplink");
    let held = netns
        .addresses_of(lower)
        .filter(|address| Family::of(address.ip) == Family::of(ip));
    finding.evidence.extend(held.map(|address| Evidence {
        source: format!("ip addr show dev {lower}"),
        raw: format!("{}/{}", address.ip, address.prefix_length),
    }));
    finding.fix = vec![format!("ip link delete {name}"), restart_flannel(node.name)];
    if ip.is_ipv6() {
        finding.severity = Severity::Warning;
        finding.impact = format!(
            "{} sends with a source that networks which look for false ones drop",
            node.name
        );
    }
    Some(finding)
}

/// The address that flannel gives a device and that it lacks, and the command that adds it.
pub(super) fn lost_address(
    node: &NodeView<'_>,
    link: &Link,
    family: Family,
) -> Option<(IpAddr, String)> {
    let cidr = node.pod_cidr(family)?;
    let (_, netns) = node.host?;
    let (wanted, name) = (cidr.network(), &link.name);
    let lost = !netns.addresses_of(name).any(|held| held.ip == wanted);
    let length = cidr.max_prefix_len();
    lost.then(|| (wanted, format!("ip addr add {wanted}/{length} dev {name}")))
}

pub(super) fn no_address(node: &NodeView<'_>, link: &Link, family: Family) -> Option<Finding> {
    let (wanted, command) = lost_address(node, link, family)?;
    let (_, netns) = node.host?;
    let name = &link.name;
    let mut finding = NO_ADDRESS.finding(
        node.place(Some(name)),
        format!("{name} of {} lacks its address {wanted}", node.name),
        format!(
            "programs on {} itself do not reach pods of other nodes",
            node.name
        ),
    );
    let held: Vec<String> = netns
        .addresses_of(name)
        .map(|address| format!("{}/{}", address.ip, address.prefix_length))
        .collect();
    finding.evidence = vec![Evidence {
        source: format!("ip addr show dev {name}"),
        raw: match held.is_empty() {
            true => "no address".to_owned(),
            false => held.join(", "),
        },
    }];
    finding.fix = vec![command];
    Some(finding)
}

pub(super) fn learning(node: &NodeView<'_>, link: &Link, vxlan: &Vxlan) -> Option<Finding> {
    if !vxlan.learning {
        return None;
    }
    let name = &link.name;
    let mut finding = LEARNING.finding(
        node.place(Some(name)),
        format!(
            "{name} of {} learns forwarding entries from what it receives",
            node.name
        ),
        "a packet from anywhere can redirect what is meant for another node".to_owned(),
    );
    finding.evidence = vec![described(link, vxlan)];
    finding.fix = vec![format!("ip link set {name} type vxlan nolearning")];
    Some(finding)
}
