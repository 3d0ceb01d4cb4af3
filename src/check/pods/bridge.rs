//! The bridge of a node's pods: that it is up, and has the address that the pods take for their gateway.

use ipnet::IpNet;

use super::{fact, gateway, is_link_local};
use crate::check::{Check, NodeView, Report};
use crate::model::{self, Link, Netns, Severity};

pub(super) const BRIDGE_DOWN: Check = Check {
    id: "bridge-down",
    catalogue: &["E05"],
    severity: Severity::Error,
    docs: "The bridge of the node's pods is not up: nothing passes it, and its routes are gone. NetworkManager and \
           systemd-networkd do that to devices they take for theirs.",
};

pub(super) const BRIDGE_ADDRESS: Check = Check {
    id: "bridge-address-missing",
    catalogue: &["E05"],
    severity: Severity::Error,
    docs: "The bridge of the node's pods lacks the address that the pods use as their gateway, and so the node lacks the route \
           to them: no pod of it gets further than its neighbours on the bridge.",
};

pub(super) const BRIDGE_FOREIGN: Check = Check {
    id: "bridge-address-foreign",
    catalogue: &["E06"],
    severity: Severity::Error,
    docs: "The bridge has an address of another network than the node's pod CIDR: the node was registered anew with another \
           network and the bridge stayed. New pods fail with `\"cni0\" already has an IP address different from ...`, and \
           other nodes do not route to the old ones. Delete the bridge, and the pods on it; it is made anew.",
};

pub(super) fn of_bridge(node: &NodeView<'_>, netns: &Netns, bridge: &Link, report: &mut Report) {
    let name = &bridge.name;
    if !bridge.up {
        let title = format!("{name} of {} is down", node.name);
        let impact = format!(
            "pods of {} reach nothing but, perhaps, each other",
            node.name
        );
        let mut finding = BRIDGE_DOWN.finding(node.place(Some(name)), title, impact);
        finding.evidence = vec![fact(
            "ip link",
            &format!("{}: {name}: not UP", bridge.index),
        )];
        finding.fix = vec![format!("ip link set {name} up")];
        finding.fix.extend(lost_address(node, netns, name));
        finding.mentions = vec![name.clone()];
        report.judge(&BRIDGE_DOWN, node.name, vec![finding]);
    }
    for family in [model::Family::V4, model::Family::V6] {
        let Some(cidr) = node.pod_cidr(family) else {
            continue;
        };
        let held: Vec<_> = netns
            .addresses_of(name)
            .filter(|address| model::Family::of(address.ip) == family && !is_link_local(address.ip))
            .collect();
        let listed = held
            .iter()
            .map(|one| format!("{}/{}", one.ip, one.prefix_length))
            .collect::<Vec<_>>()
            .join(", ");
        let source = format!("ip addr show dev {name}");
        let strange = held
            .iter()
            .filter(|address| !cidr.contains(&address.ip))
            .count();
        let gateway = gateway(cidr);
        if strange > 0 {
            let title = format!(
                "{name} of {} has {listed}, its pod CIDR is {cidr}",
                node.name
            );
            let impact =
                "new pods do not start, and other nodes do not route to the old ones".to_owned();
            let mut finding = BRIDGE_FOREIGN.finding(node.place(Some(name)), title, impact);
            finding.evidence = vec![
                fact(&source, &listed),
                fact(
                    &format!("Node {}", node.name),
                    &format!("spec.podCIDRs: {cidr}"),
                ),
            ];
            for address in held.iter().filter(|address| !cidr.contains(&address.ip)) {
                finding.fix.push(format!(
                    "ip addr del {}/{} dev {name}",
                    address.ip, address.prefix_length
                ));
            }
            if let Some(gateway) = gateway.filter(|_| strange == held.len()) {
                finding.fix.push(format!(
                    "ip addr add {gateway}/{} dev {name}",
                    cidr.prefix_len()
                ));
            }
            finding.fix.push(format!(
                "# or, which makes all anew: ip link delete {name}, and recreate the pods of {}",
                node.name
            ));
            finding.mentions = pod_words(cidr);
            report.judge(&BRIDGE_FOREIGN, node.name, vec![finding]);
        } else if held.is_empty() && bridge.up {
            let Some(gateway) = gateway else { continue };
            let title = format!("{name} of {} has no {family} address", node.name);
            let impact = format!(
                "pods of {} have no gateway, and {} no route to them",
                node.name, node.name
            );
            let mut finding = BRIDGE_ADDRESS.finding(node.place(Some(name)), title, impact);
            finding.evidence = vec![fact(&source, &format!("no {family} address"))];
            finding.fix = vec![format!(
                "ip addr add {gateway}/{} dev {name}",
                cidr.prefix_len()
            )];
            finding.mentions = pod_words(cidr);
            finding.mentions.push(gateway.to_string());
            report.judge(&BRIDGE_ADDRESS, node.name, vec![finding]);
        }
    }
}

/// Gives a bridge the IPv6 address that it lost when it went down: the kernel keeps those of IPv4 alone, unless
/// `keep_addr_on_down` says otherwise (Documentation/networking/ip-sysctl.rst).
fn lost_address(node: &NodeView<'_>, netns: &Netns, name: &str) -> Option<String> {
    let cidr = node.pod_cidr(model::Family::V6)?;
    let gateway = gateway(cidr)?;
    let length = cidr.prefix_len();
    let lost = !netns.addresses_of(name).any(|held| held.ip == gateway);
    lost.then(|| format!("ip addr add {gateway}/{length} dev {name}"))
}

/// What names a node's pods on their way: the bridge, and where other nodes send for them.
fn pod_words(cidr: IpNet) -> Vec<String> {
    vec!["cni0".to_owned(), cidr.network().to_string()]
}
