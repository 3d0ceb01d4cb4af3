//! The nodes' addresses, to which others send what is for their pods.

use std::net::IpAddr;

use super::doubles::doubles;
use super::{api, in_api};
use crate::check::tunnel::restart_flannel;
use crate::check::{Check, NodeView, Report, Scene};
use crate::model::{Family, Finding, Part, Severity};

pub(super) const SAME: Check = Check {
    id: "node-address-duplicate",
    catalogue: &["C15", "I12", "I17"],
    severity: Severity::Error,
    docs: "Two Nodes have the same address, or flannel published the same one for them: packets for the pods of one go to the \
           other. On Vagrant machines flannel takes the address 10.0.2.15 of the first card, which all of them have; \
           --iface says which card is meant.",
};

pub(super) const FOREIGN: Check = Check {
    id: "public-ip-foreign",
    catalogue: &["C15", "C06", "I12"],
    severity: Severity::Error,
    docs: "flannel published an address of the node which the node does not have: other nodes send there what is for its pods. \
           Its address changed after flannel started, or flannel chose another card than is meant. Behind a NAT that is \
           meant so: then the annotation public-ip-overwrite is there, and this is not found.",
};

pub(super) fn same(scene: &Scene<'_>, family: Family, report: &mut Report) {
    let all = |node: &NodeView<'_>| {
        let mut ips: Vec<IpAddr> = node
            .addresses(family)
            .chain(node.public_ip(family))
            .collect();
        ips.dedup();
        ips
    };
    doubles(scene, all, |first, second, ip| {
        let mut finding = SAME.finding(
            in_api(second),
            format!(
                "{} and {} both have the address {ip}",
                first.name, second.name
            ),
            "packets for the pods of one of them go to the other".to_owned(),
        );
        finding.evidence = [first, second]
            .into_iter()
            .map(|node| {
                let published = node.public_ip(family) == Some(*ip);
                let what = if published {
                    "flannel.alpha.coreos.com/public-ip"
                } else {
                    "status.addresses"
                };
                api(node, &format!("{what}: {ip}"))
            })
            .collect();
        finding.fix = vec![
            "# give flannel --iface=DEVICE, the card by which the nodes reach each other"
                .to_owned(),
        ];
        finding.mentions = vec![ip.to_string()];
        report.judge(&SAME, second.name, vec![finding]);
    });
}

pub(super) fn foreign(node: &NodeView<'_>, family: Family) -> Option<Finding> {
    let ip = node.public_ip(family)?;
    let (_, netns) = node.host?;
    let overwritten = node.annotation("public-ip-overwrite").is_some()
        || node.annotation("public-ipv6-overwrite").is_some();
    if overwritten || !node.has_whole(Part::Addresses) || netns.has_address(ip) {
        return None;
    }
    let mut finding = FOREIGN.finding(
        node.place(None),
        format!(
            "flannel published {ip} as the address of {}, which does not have it",
            node.name
        ),
        format!("other nodes send what is for pods of {} to {ip}", node.name),
    );
    finding.evidence = vec![api(
        node,
        &format!("flannel.alpha.coreos.com/public-ip: {ip}"),
    )];
    let held: Vec<String> = node.addresses(family).map(|ip| ip.to_string()).collect();
    finding
        .evidence
        .push(api(node, &format!("status.addresses: {}", held.join(", "))));
    finding.fix = vec![restart_flannel(node.name)];
    finding.mentions = vec![ip.to_string()];
    Some(finding)
}
