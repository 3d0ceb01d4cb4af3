//! Pods' own ends: their devices, addresses and routes, the veth pairs, and the bridge of their node, as the CNI plugins
//! bridge and host-local make them.

mod addresses;
mod bridge;
mod doubles;
mod pair;

use std::collections::BTreeMap;
use std::net::IpAddr;

use ipnet::IpNet;

use super::{Check, Family, NodeView, Report, Scene};
use crate::explain::who::is_link_local;
use crate::model::trace::Evidence;
use crate::model::{self, Link, LinkKind, Netns, NetnsId, NetnsName, Part, Place};

/// The checks of this family.
pub const FAMILY: Family = Family {
    about: "pods, veth pairs and the node's bridge",
    checks: &[CHECKS],
    look,
};

const CHECKS: &[Check] = &[
    bridge::BRIDGE_DOWN,
    bridge::BRIDGE_ADDRESS,
    bridge::BRIDGE_FOREIGN,
    pair::HOST_END_DOWN,
    pair::UNATTACHED,
    pair::POD_DOWN,
    addresses::POD_ADDRESS,
    addresses::NO_DEFAULT,
    pair::PORT,
    pair::ISOLATED,
    pair::HAIRPIN,
    addresses::OUTSIDE,
    doubles::SAME_IP,
    doubles::SAME_MAC,
];

/// A pod's namespace, its device, and the node's end of the pair.
struct Pod<'c> {
    id: NetnsId,
    netns: &'c Netns,
    name: String,
    eth0: &'c Link,
    port: Option<&'c Link>,
}

fn look(scene: &Scene<'_>, report: &mut Report) {
    for (node, _, netns) in scene.hosts() {
        let parts = [Part::Links, Part::Addresses];
        if !parts.into_iter().all(|part| node.has_whole(part)) {
            report.skip_all(CHECKS, node.name, "its devices or addresses were not read");
            continue;
        }
        for check in CHECKS {
            report.judge(check, node.name, Vec::new());
        }
        let pods = attached(scene, node, netns, report);
        let bridge = bridge_of(netns, &pods);
        if let Some(bridge) = bridge {
            bridge::of_bridge(node, netns, bridge, report);
        }
        for pod in &pods {
            pair::of_pod(scene, node, pod, bridge, &pods, report);
        }
        doubles::doubles(scene, node, &pods, report);
    }
}

/// The pods of a node with a device of their own. One without any is reported.
fn attached<'c>(
    scene: &Scene<'c>,
    node: &NodeView<'c>,
    netns: &'c Netns,
    report: &mut Report,
) -> Vec<Pod<'c>> {
    let mut pods = Vec::new();
    for (id, of_pod, namespace, name) in scene.pods(node) {
        let Some(links) = &of_pod.links else { continue };
        let name = format!("{namespace}/{name}");
        let Some(eth0) = links.iter().find(|link| link.name == "eth0") else {
            if !of_pod.incomplete.contains(&Part::Links) {
                let title = format!("pod {name} on {} has no eth0", node.name);
                let mut finding = pair::POD_DOWN.finding(inside(scene, id), title, pair::dark());
                finding.evidence = vec![fact("ip link in the pod", "no device eth0")];
                finding.fix = vec![recreate(&name)];
                report.judge(&pair::POD_DOWN, node.name, vec![finding]);
            }
            continue;
        };
        let port = eth0.peer_index.and_then(|index| netns.link_by_index(index));
        let port = port.filter(|port| port.kind == LinkKind::Veth);
        pods.push(Pod {
            id,
            netns: of_pod,
            name,
            eth0,
            port,
        });
    }
    pods
}

/// The bridge that most pods are on, else the one that is called as flannel's CNI plugin calls it.
fn bridge_of<'c>(netns: &'c Netns, pods: &[Pod<'c>]) -> Option<&'c Link> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for master in pods.iter().filter_map(|pod| pod.port?.master.as_deref()) {
        *counts.entry(master).or_default() += 1;
    }
    let most = counts
        .into_iter()
        .max_by_key(|(_, count)| *count)
        .map(|(name, _)| name);
    let link = netns.link(most.unwrap_or("cni0"))?;
    matches!(link.kind, LinkKind::Bridge { .. }).then_some(link)
}

/// The address that the bridge has: the first one behind the network's own (CNI's host-local, `isGateway` of bridge).
fn gateway(cidr: IpNet) -> Option<IpAddr> {
    match cidr.network() {
        IpAddr::V4(base) => u32::from(base)
            .checked_add(1)
            .map(|ip| IpAddr::V4(ip.into())),
        IpAddr::V6(base) => u128::from(base)
            .checked_add(1)
            .map(|ip| IpAddr::V6(ip.into())),
    }
}

/// What names a pod on the way to it: the addresses that it has or should have, and the node's end of its pair.
fn words_of(scene: &Scene<'_>, pod: &Pod<'_>) -> Vec<String> {
    let held = pod.netns.addresses_of("eth0").map(|address| address.ip);
    let meant = object_of(scene, pod).map(|object| object.ips.as_slice());
    let mut ips: Vec<IpAddr> = held.filter(|ip| !is_link_local(*ip)).collect();
    ips.extend(meant.unwrap_or_default());
    ips.sort();
    ips.dedup();
    let words = ips.iter().map(ToString::to_string);
    words
        .chain(pod.port.map(|port| port.name.clone()))
        .collect()
}

/// What the API has of a pod.
fn object_of<'c>(scene: &Scene<'c>, pod: &Pod<'_>) -> Option<&'c model::Pod> {
    let (namespace, name) = pod.name.split_once('/')?;
    let mut objects = scene.cluster.objects.pods.iter();
    objects.find(|one| one.namespace == namespace && one.name == name)
}

fn inside(scene: &Scene<'_>, id: NetnsId) -> Place {
    let netns = scene.cluster.netns(id);
    debug_assert!(matches!(netns.name, NetnsName::Pod { .. }));
    Place {
        node: Some(scene.cluster.node_name(id).to_owned()),
        netns: Some(netns.name.to_string()),
        device: Some("eth0".to_owned()),
    }
}

fn recreate(name: &str) -> String {
    let (namespace, name) = name.split_once('/').unwrap_or(("default", name));
    format!("kubectl -n {namespace} delete pod {name}")
}

fn fact(source: &str, raw: &str) -> Evidence {
    Evidence {
        source: source.to_owned(),
        raw: raw.to_owned(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::gateway;

    #[test]
    fn the_bridge_has_the_address_behind_the_networks_own() {
        // As flannel's subnet.env has them: FLANNEL_SUBNET, FLANNEL_IPV6_SUBNET.
        for (cidr, address) in [
            ("10.42.1.0/24", "10.42.1.1"),
            ("fd00:42:0:1::/64", "fd00:42:0:1::1"),
        ] {
            let found = gateway(cidr.parse().unwrap());
            assert_eq!(found, Some(address.parse().unwrap()));
        }
    }
}
