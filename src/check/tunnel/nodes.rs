//! Who the nodes say they are: networks, addresses and tunnel ends as the API has them, beside each other and beside the
//! nodes' own devices.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::restart_flannel;
use crate::check::scene::families;
use crate::check::{Check, NodeView, Report, Scene};
use crate::model::trace::Evidence;
use crate::model::{Family, Finding, Mac, ObjectKind, Part, Place, Severity};

/// The checks of this file.
pub const CHECKS: &[Check] = &[
    NO_CIDR,
    SAME_CIDR,
    OUTSIDE,
    BACKENDS,
    SAME_IP,
    WRONG_IP,
    SAME_MAC,
    PUBLISHED_MAC,
    SUBNET_ENV,
];

const NO_CIDR: Check = Check {
    id: "pod-cidr-missing",
    catalogue: &["C21"],
    severity: Severity::Error,
    docs: "The Node has no pod CIDR: flannel on it waits, and its pods stay ContainerCreating. The controller manager gives \
           them out with `--allocate-node-cidrs=true --cluster-cidr=...` (kubeadm: podSubnet), as long as there are any.",
};

const SAME_CIDR: Check = Check {
    id: "pod-cidr-duplicate",
    catalogue: &["C19"],
    severity: Severity::Error,
    docs: "Two Nodes have the same pod CIDR, or one that lies in the other's: other nodes have a route to only one of them, \
           and pods have the same addresses. Delete one of the Nodes and register it anew; look for a second allocator.",
};

const OUTSIDE: Check = Check {
    id: "pod-cidr-outside-network",
    catalogue: &["C20"],
    severity: Severity::Error,
    docs: "The Node's pod CIDR is not within flannel's Network: flannel refuses to start there, or takes its pods' packets for \
           those of strangers. Network in net-conf.json and the controller manager's --cluster-cidr have to agree.",
};

const BACKENDS: Check = Check {
    id: "flannel-backends-differ",
    catalogue: &["C22", "D09"],
    severity: Severity::Error,
    docs: "flannel runs with different backends on the nodes: each ignores the nodes of the other kind. After a change of the \
           backend in net-conf.json flannel has to be restarted on every node.",
};

const SAME_IP: Check = Check {
    id: "node-address-duplicate",
    catalogue: &["C15", "I12", "I17"],
    severity: Severity::Error,
    docs: "Two Nodes have the same address, or flannel published the same one for them: packets for the pods of one go to the \
           other. On Vagrant machines flannel takes the address 10.0.2.15 of the first card, which all of them have; \
           --iface says which card is meant.",
};

const WRONG_IP: Check = Check {
    id: "public-ip-foreign",
    catalogue: &["C15", "C06", "I12"],
    severity: Severity::Error,
    docs: "flannel published an address of the node which the node does not have: other nodes send there what is for its pods. \
           Its address changed after flannel started, or flannel chose another card than is meant. Behind a NAT that is \
           meant so: then the annotation public-ip-overwrite is there, and this is not found.",
};

const SAME_MAC: Check = Check {
    id: "vtep-mac-duplicate",
    catalogue: &["C16"],
    severity: Severity::Error,
    docs: "The tunnel ends of two nodes have the same MAC: every node has one forwarding entry for it, so that one of the two \
           is lost to the others. Cloned machines with the same machine-id get the same MAC by systemd's \
           MACAddressPolicy=persistent.",
};

const PUBLISHED_MAC: Check = Check {
    id: "vtep-mac-published-stale",
    catalogue: &["C04", "C23"],
    severity: Severity::Error,
    docs: "The node's tunnel end has another MAC than flannel published: other nodes send with the published one, and the \
           kernel here drops such frames as meant for another host, silently. Something made the device anew or changed \
           its MAC (systemd's MACAddressPolicy) after flannel started.",
};

const SUBNET_ENV: Check = Check {
    id: "subnet-env-differs",
    catalogue: &["E07"],
    severity: Severity::Error,
    docs: "The network in /run/flannel/subnet.env, from which the CNI plugin gives addresses to new pods, is not the Node's pod \
           CIDR: new pods get addresses which no other node routes here. The Node was registered anew, and flannel not \
           restarted.",
};

/// Looks at them.
pub fn look(scene: &Scene<'_>, report: &mut Report) {
    let objects = &scene.cluster.objects;
    if objects.nodes.is_empty() || objects.incomplete.contains(&ObjectKind::Node) {
        for node in &scene.nodes {
            report.skip_all(CHECKS, node.name, "the Nodes were not read from the API");
        }
        return;
    }
    let families = families(scene);
    for node in &scene.nodes {
        if node.object.is_none() {
            report.skip_all(CHECKS, node.name, "the API has no Node of that name");
            continue;
        }
        for check in CHECKS {
            report.judge(check, node.name, Vec::new());
        }
        let lacks = families
            .iter()
            .all(|family| node.pod_cidr(*family).is_none());
        if lacks && !families.is_empty() {
            report.judge(&NO_CIDR, node.name, vec![no_cidr(node)]);
        }
        for &family in &families {
            if let Some(finding) = outside(node, family) {
                report.judge(&OUTSIDE, node.name, vec![finding]);
            }
            if let Some(finding) = wrong_ip(node, family) {
                report.judge(&WRONG_IP, node.name, vec![finding]);
            }
            if let Some(finding) = published_mac(scene, node, family) {
                report.judge(&PUBLISHED_MAC, node.name, vec![finding]);
            }
            if let Some(finding) = subnet_env(node, family) {
                report.judge(&SUBNET_ENV, node.name, vec![finding]);
            }
        }
    }
    for &family in &families {
        same_cidr(scene, family, report);
        same_address(scene, family, report);
        same_mac(scene, family, report);
    }
    backends(scene, report);
}

fn no_cidr(node: &NodeView<'_>) -> Finding {
    let mut finding = NO_CIDR.finding(
        in_api(node),
        format!("Node {} has no pod CIDR", node.name),
        format!("no pod starts on {}", node.name),
    );
    finding.evidence = vec![api(node, "spec.podCIDRs: none")];
    finding.fix = vec![format!(
        "kubectl patch node {} -p '{{\"spec\":{{\"podCIDR\":\"CIDR\"}}}}'  # a free part of the cluster's",
        node.name
    )];
    finding
}

fn same_cidr(scene: &Scene<'_>, family: Family, report: &mut Report) {
    let cidrs: Vec<_> = scene
        .nodes
        .iter()
        .filter_map(|node| Some((node, node.pod_cidr(family)?)))
        .collect();
    let mut sorted = cidrs;
    // A network that lies in another sorts right behind it or behind others that do.
    sorted.sort_by_key(|(node, cidr)| (cidr.network(), cidr.prefix_len(), node.name));
    for pair in sorted.windows(2) {
        let [(first, one), (second, two)] = pair else {
            continue;
        };
        if !one.contains(two) {
            continue;
        }
        let mut finding = SAME_CIDR.finding(
            in_api(second),
            format!("Nodes {} and {} have the same pod CIDR {two}", first.name, second.name),
            "pods of the two have the same addresses, and other nodes reach only those of one of them".to_owned(),
        );
        finding.evidence = vec![
            api(first, &format!("spec.podCIDRs: {one}")),
            api(second, &format!("spec.podCIDRs: {two}")),
        ];
        finding.fix = vec![format!(
            "kubectl delete node {}  # it registers anew, with a network of its own",
            second.name
        )];
        finding.mentions = vec![two.to_string(), two.network().to_string()];
        report.judge(&SAME_CIDR, second.name, vec![finding]);
    }
}

fn outside(node: &NodeView<'_>, family: Family) -> Option<Finding> {
    let (network, cidr) = (node.flannel_network(family)?, node.pod_cidr(family)?);
    if network.contains(&cidr) {
        return None;
    }
    let mut finding = OUTSIDE.finding(
        node.place(None),
        format!("the pod CIDR {cidr} of {} is not within flannel's network {network}", node.name),
        "flannel refuses to start there, and its pods' packets are masqueraded where they should not be".to_owned(),
    );
    finding.evidence = vec![
        api(node, &format!("spec.podCIDRs: {cidr}")),
        Evidence {
            source: "/run/flannel/subnet.env".to_owned(),
            raw: format!("FLANNEL_NETWORK={network}"),
        },
    ];
    finding.fix = vec!["kubectl -n kube-flannel edit configmap kube-flannel-cfg  # Network: the cluster's pod CIDR".to_owned()];
    Some(finding)
}

fn backends(scene: &Scene<'_>, report: &mut Report) {
    let mut kinds: BTreeMap<&str, Vec<&NodeView<'_>>> = BTreeMap::new();
    for node in &scene.nodes {
        if let Some(kind) = node.backend() {
            kinds.entry(kind).or_default().push(node);
        }
    }
    let Some((usual, _)) = kinds.iter().max_by_key(|(_, nodes)| nodes.len()) else {
        return;
    };
    let usual = *usual;
    for (kind, nodes) in kinds.iter().filter(|(kind, _)| **kind != usual) {
        for node in nodes {
            let mut finding = BACKENDS.finding(
                in_api(node),
                format!(
                    "flannel on {} uses {kind}, on the other nodes {usual}",
                    node.name
                ),
                format!(
                    "pods of {} and of other nodes do not reach each other",
                    node.name
                ),
            );
            finding.evidence = vec![api(
                node,
                &format!("flannel.alpha.coreos.com/backend-type: {kind}"),
            )];
            finding.fix = vec![restart_flannel(node.name)];
            report.judge(&BACKENDS, node.name, vec![finding]);
        }
    }
}

/// Gives each value that several nodes have to `found`, once for each node after the first.
fn doubles<'a, 'c, T: Ord>(
    scene: &'a Scene<'c>,
    of: impl Fn(&NodeView<'c>) -> Vec<T>,
    mut found: impl FnMut(&'a NodeView<'c>, &'a NodeView<'c>, &T),
) {
    let mut first: BTreeMap<T, &NodeView<'c>> = BTreeMap::new();
    for node in &scene.nodes {
        for value in of(node) {
            match first.get(&value) {
                Some(other) if other.name != node.name => found(other, node, &value),
                Some(_) => {}
                None => {
                    first.insert(value, node);
                }
            }
        }
    }
}

fn same_address(scene: &Scene<'_>, family: Family, report: &mut Report) {
    let all = |node: &NodeView<'_>| {
        let mut ips: Vec<IpAddr> = node
            .addresses(family)
            .chain(node.public_ip(family))
            .collect();
        ips.dedup();
        ips
    };
    doubles(scene, all, |first, second, ip| {
        let mut finding = SAME_IP.finding(
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
        report.judge(&SAME_IP, second.name, vec![finding]);
    });
}

fn wrong_ip(node: &NodeView<'_>, family: Family) -> Option<Finding> {
    let ip = node.public_ip(family)?;
    let (_, netns) = node.host?;
    let overwritten = node.annotation("public-ip-overwrite").is_some()
        || node.annotation("public-ipv6-overwrite").is_some();
    if overwritten || !node.has_whole(Part::Addresses) || netns.has_address(ip) {
        return None;
    }
    let mut finding = WRONG_IP.finding(
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

fn same_mac(scene: &Scene<'_>, family: Family, report: &mut Report) {
    let mac = |node: &NodeView<'_>| -> Vec<Mac> {
        let device = node.tunnel(family).and_then(|(link, _)| link.mac);
        device.or(node.published(family).0).into_iter().collect()
    };
    doubles(scene, mac, |first, second, mac| {
        let device = second.tunnel(family).map(|(link, _)| link.name.as_str());
        let mut finding = SAME_MAC.finding(
            second.place(device),
            format!(
                "the tunnel ends of {} and {} have the same MAC {mac}",
                first.name, second.name
            ),
            "packets for the pods of one of them go to the other, where they are lost".to_owned(),
        );
        for node in [first, second] {
            if let Some((link, _)) = node.tunnel(family) {
                finding.evidence.push(Evidence {
                    source: format!("ip link show dev {} on {}", link.name, node.name),
                    raw: format!("link/ether {mac}"),
                });
            } else {
                finding
                    .evidence
                    .push(api(node, &format!("backend-data: VtepMAC {mac}")));
            }
        }
        let device = device.unwrap_or("flannel.1");
        finding.fix = vec![
            format!("ip link delete {device}"),
            restart_flannel(second.name),
            "# cloned machines: systemd-machine-id-setup after removing /etc/machine-id".to_owned(),
        ];
        finding.mentions = [first, second]
            .iter()
            .filter_map(|node| Some(node.pod_cidr(family)?.network().to_string()))
            .chain([mac.to_string()])
            .collect();
        report.judge(&SAME_MAC, second.name, vec![finding]);
    });
}

fn published_mac(scene: &Scene<'_>, node: &NodeView<'_>, family: Family) -> Option<Finding> {
    let published = node.published(family).0?;
    let (link, _) = node.tunnel(family)?;
    let mac = link.mac.filter(|mac| *mac != published)?;
    let gateway = node.pod_cidr(family)?.network();
    // Where every other node knows the device's own all the same, it is only the API's copy that is old.
    let knows = |peer: &NodeView<'_>| {
        let neighbors = peer.host.and_then(|(_, netns)| netns.neighbors.as_ref());
        let mut neighbors = neighbors.into_iter().flatten();
        neighbors.any(|entry| entry.ip == gateway && entry.mac == Some(mac))
    };
    if scene.peers(node).all(knows) {
        return None;
    }
    let mut finding = PUBLISHED_MAC.finding(
        node.place(Some(&link.name)),
        format!(
            "{} of {} has the MAC {mac}, and flannel published {published}",
            link.name, node.name
        ),
        format!(
            "what other nodes send to pods of {} is dropped there",
            node.name
        ),
    );
    finding.evidence = vec![
        Evidence {
            source: format!("ip link show dev {} on {}", link.name, node.name),
            raw: format!("link/ether {mac}"),
        },
        api(node, &format!("backend-data: VtepMAC {published}")),
    ];
    finding.fix = vec![
        format!("ip link set {} address {published}", link.name),
        format!(
            "# or let flannel publish the new one: {}",
            restart_flannel(node.name)
        ),
    ];
    finding.mentions = node
        .pod_cidr(family)
        .map(|cidr| cidr.network().to_string())
        .into_iter()
        .collect();
    Some(finding)
}

fn subnet_env(node: &NodeView<'_>, family: Family) -> Option<Finding> {
    let subnet = node.flannel_subnet(family)?;
    let cidr = node.pod_cidr(family)?;
    if subnet.trunc() == cidr {
        return None;
    }
    let mut finding = SUBNET_ENV.finding(
        node.place(None),
        format!(
            "/run/flannel/subnet.env of {} says {}, its pod CIDR is {cidr}",
            node.name,
            subnet.trunc()
        ),
        format!(
            "new pods of {} get addresses that other nodes do not route there",
            node.name
        ),
    );
    finding.evidence = vec![
        Evidence {
            source: "/run/flannel/subnet.env".to_owned(),
            raw: format!("FLANNEL_SUBNET={subnet}"),
        },
        api(node, &format!("spec.podCIDRs: {cidr}")),
    ];
    finding.fix = vec![
        "rm /run/flannel/subnet.env".to_owned(),
        restart_flannel(node.name),
    ];
    Some(finding)
}

fn api(node: &NodeView<'_>, raw: &str) -> Evidence {
    Evidence {
        source: format!("Node {}", node.name),
        raw: raw.to_owned(),
    }
}

/// Something that the API has of a node.
fn in_api(node: &NodeView<'_>) -> Place {
    Place {
        node: Some(node.name.to_owned()),
        netns: None,
        device: None,
    }
}
