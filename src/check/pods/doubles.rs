//! Addresses and MACs that two pods have.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::{Pod, fact, inside, is_link_local, recreate, words_of};
use crate::check::{Check, NodeView, Report, Scene};
use crate::model::{self, ObjectKind, Place, Severity};

pub(super) const SAME_IP: Check = Check {
    id: "pod-address-duplicate",
    catalogue: &["E09"],
    severity: Severity::Error,
    docs: "Two pods have the same address: what is meant for one reaches the other, whichever answered ARP first. The state of \
           host-local (/var/lib/cni/networks) was lost, or two networks share a range. Recreate one of them.",
};

pub(super) const SAME_MAC: Check = Check {
    id: "pod-mac-duplicate",
    catalogue: &["E23"],
    severity: Severity::Error,
    docs: "Two pods on one bridge have the same MAC: the bridge sends the frames for both to the one that it heard last.",
};

/// Addresses and MACs that two pods have.
pub(super) fn doubles(
    scene: &Scene<'_>,
    node: &NodeView<'_>,
    pods: &[Pod<'_>],
    report: &mut Report,
) {
    let mut by_ip: BTreeMap<IpAddr, &Pod<'_>> = BTreeMap::new();
    let mut by_mac: BTreeMap<model::Mac, &Pod<'_>> = BTreeMap::new();
    for pod in pods {
        for address in pod
            .netns
            .addresses_of("eth0")
            .filter(|address| !is_link_local(address.ip))
        {
            let Some(other) = by_ip.insert(address.ip, pod) else {
                continue;
            };
            let title = format!(
                "pods {} and {} on {} both have {}",
                other.name, pod.name, node.name, address.ip
            );
            let impact =
                "what is meant for one reaches the other, whichever answered ARP first".to_owned();
            let mut finding = SAME_IP.finding(inside(scene, pod.id), title, impact);
            finding.evidence = [other, pod]
                .iter()
                .map(|one| {
                    fact(
                        &format!("ip addr in pod {}", one.name),
                        &format!("{}/{} dev eth0", address.ip, address.prefix_length),
                    )
                })
                .collect();
            finding.fix = vec![recreate(&pod.name)];
            finding.mentions = vec![address.ip.to_string()];
            report.judge(&SAME_IP, node.name, vec![finding]);
        }
        let Some(mac) = pod.eth0.mac else { continue };
        let Some(other) = by_mac.insert(mac, pod) else {
            continue;
        };
        let title = format!(
            "pods {} and {} on {} have the same MAC {mac}",
            other.name, pod.name, node.name
        );
        let impact =
            "the bridge sends the frames for both to the one that it heard last".to_owned();
        let mut finding = SAME_MAC.finding(inside(scene, pod.id), title, impact);
        finding.evidence = [other, pod]
            .iter()
            .map(|one| {
                fact(
                    &format!("ip link in pod {}", one.name),
                    &format!("eth0 link/ether {mac}"),
                )
            })
            .collect();
        finding.fix = vec![recreate(&pod.name)];
        finding.mentions = words_of(scene, pod);
        report.judge(&SAME_MAC, node.name, vec![finding]);
    }
    let objects = &scene.cluster.objects;
    if objects.incomplete.contains(&ObjectKind::Pod) {
        return;
    }
    // Those of other nodes are known by the API alone.
    let mut known: BTreeMap<IpAddr, &model::Pod> = BTreeMap::new();
    for pod in objects
        .pods
        .iter()
        .filter(|pod| !pod.host_network && !pod.has_ended())
    {
        for ip in &pod.ips {
            let Some(other) = known.insert(*ip, pod) else {
                continue;
            };
            let here = pod.node.as_deref() == Some(node.name);
            if !here || by_ip.contains_key(ip) && other.node == pod.node && seen_twice(pods, *ip) {
                continue;
            }
            let title = format!(
                "pods {}/{} and {}/{} both have {ip}",
                other.namespace, other.name, pod.namespace, pod.name
            );
            let impact = "what is meant for one reaches the other".to_owned();
            let place = Place {
                node: Some(node.name.to_owned()),
                netns: None,
                device: None,
            };
            let mut finding = SAME_IP.finding(place, title, impact);
            finding.evidence = [other, pod]
                .iter()
                .map(|one| {
                    fact(
                        &format!("Pod {}/{}", one.namespace, one.name),
                        &format!("status.podIPs: {ip}"),
                    )
                })
                .collect();
            finding.fix = vec![recreate(&format!("{}/{}", pod.namespace, pod.name))];
            finding.mentions = vec![ip.to_string()];
            report.judge(&SAME_IP, node.name, vec![finding]);
        }
    }
}

pub(super) fn seen_twice(pods: &[Pod<'_>], ip: IpAddr) -> bool {
    pods.iter().filter(|pod| pod.netns.has_address(ip)).count() > 1
}
