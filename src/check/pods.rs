//! Pods' own ends: their devices, addresses and routes, the veth pairs, and the bridge of their node, as the CNI plugins
//! bridge and host-local make them.

use std::collections::BTreeMap;
use std::net::IpAddr;

use ipnet::IpNet;

use super::{Check, Family, NodeView, Report, Scene};
use crate::model::trace::Evidence;
use crate::model::{
    self, Finding, Link, LinkKind, Netns, NetnsId, NetnsName, ObjectKind, Part, Place, Severity,
};

/// The checks of this family.
pub const FAMILY: Family = Family {
    about: "pods, veth pairs and the node's bridge",
    checks: &[CHECKS],
    look,
};

const CHECKS: &[Check] = &[
    BRIDGE_DOWN,
    BRIDGE_ADDRESS,
    BRIDGE_FOREIGN,
    HOST_END_DOWN,
    UNATTACHED,
    POD_DOWN,
    POD_ADDRESS,
    NO_DEFAULT,
    PORT,
    ISOLATED,
    HAIRPIN,
    OUTSIDE,
    SAME_IP,
    SAME_MAC,
];

const BRIDGE_DOWN: Check = Check {
    id: "bridge-down",
    catalogue: &["E05"],
    severity: Severity::Error,
    docs: "The bridge of the node's pods is not up: nothing passes it, and its routes are gone. NetworkManager and \
           systemd-networkd do that to devices they take for theirs.",
};

const BRIDGE_ADDRESS: Check = Check {
    id: "bridge-address-missing",
    catalogue: &["E05"],
    severity: Severity::Error,
    docs: "The bridge of the node's pods lacks the address that the pods use as their gateway, and so the node lacks the route \
           to them: no pod of it gets further than its neighbours on the bridge.",
};

const BRIDGE_FOREIGN: Check = Check {
    id: "bridge-address-foreign",
    catalogue: &["E06"],
    severity: Severity::Error,
    docs: "The bridge has an address of another network than the node's pod CIDR: the node was registered anew with another \
           network and the bridge stayed. New pods fail with `\"cni0\" already has an IP address different from ...`, and \
           other nodes do not route to the old ones. Delete the bridge, and the pods on it; it is made anew.",
};

const HOST_END_DOWN: Check = Check {
    id: "host-veth-down",
    catalogue: &["E03", "C26"],
    severity: Severity::Error,
    docs: "The node's end of a pod's veth pair is not up: nothing gets into the pod or out of it. NetworkManager does that to \
           devices that are not in its list of unmanaged ones.",
};

const UNATTACHED: Check = Check {
    id: "veth-without-bridge",
    catalogue: &["E04", "C26"],
    severity: Severity::Error,
    docs: "The node's end of a pod's veth pair is no port of the bridge that the node's other pods are on: the pod is dark, \
           though it is up and has its address. Something took it off (NetworkManager, systemd-networkd, Open vSwitch).",
};

const POD_DOWN: Check = Check {
    id: "pod-interface-down",
    catalogue: &["E02"],
    severity: Severity::Error,
    docs: "The pod's own device eth0 is not there or not up: it sends and receives nothing. Recreate the pod.",
};

const POD_ADDRESS: Check = Check {
    id: "pod-address-missing",
    catalogue: &["E02"],
    severity: Severity::Error,
    docs: "No device in the pod's network namespace has the address that the API says the pod has: nobody answers for it. \
           Recreate the pod.",
};

const NO_DEFAULT: Check = Check {
    id: "pod-default-route-missing",
    catalogue: &["E01"],
    severity: Severity::Error,
    docs: "The pod has no default route: it reaches other pods where it has flannel's route for their network, and neither \
           Services nor anything outside (\"Network is unreachable\", at once). The CNI configuration lacks \
           isDefaultGateway, or something in the pod removed the route.",
};

const PORT: Check = Check {
    id: "bridge-port-not-forwarding",
    catalogue: &["E22"],
    severity: Severity::Error,
    docs: "A pod's port of the bridge is not in the state forwarding: with STP on it listens and learns for thirty seconds \
           after it was attached, and one that is disabled or blocking passes nothing.",
};

const ISOLATED: Check = Check {
    id: "bridge-ports-isolated",
    catalogue: &["E22"],
    severity: Severity::Error,
    docs: "Pods' ports of the bridge are isolated (portIsolation of the CNI plugin bridge, or `bridge link set ... isolated \
           on`): pods of the node do not reach each other.",
};

const HAIRPIN: Check = Check {
    id: "hairpin-off",
    catalogue: &["E11"],
    severity: Severity::Error,
    docs: "A pod's port of the bridge may not send frames back where they came from (hairpin mode), as other pods' ports may: \
           the pod does not reach itself through its own Service. flannel's CNI configuration has hairpinMode: true.",
};

const OUTSIDE: Check = Check {
    id: "pod-address-outside-cidr",
    catalogue: &["E08"],
    severity: Severity::Error,
    docs: "A pod has an address outside its node's pod CIDR: other nodes route it elsewhere or nowhere. It was made by another \
           CNI configuration (the first file in /etc/cni/net.d by name wins), or before the node got its network.",
};

const SAME_IP: Check = Check {
    id: "pod-address-duplicate",
    catalogue: &["E09"],
    severity: Severity::Error,
    docs: "Two pods have the same address: what is meant for one reaches the other, whichever answered ARP first. The state of \
           host-local (/var/lib/cni/networks) was lost, or two networks share a range. Recreate one of them.",
};

const SAME_MAC: Check = Check {
    id: "pod-mac-duplicate",
    catalogue: &["E23"],
    severity: Severity::Error,
    docs: "Two pods on one bridge have the same MAC: the bridge sends the frames for both to the one that it heard last.",
};

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
        let bridge = bridge(node, netns, &pods);
        if let Some(bridge) = bridge {
            of_bridge(node, netns, bridge, report);
        }
        for pod in &pods {
            of_pod(scene, node, pod, bridge, &pods, report);
        }
        doubles(scene, node, &pods, report);
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
                let mut finding = POD_DOWN.finding(inside(scene, id), title, dark());
                finding.evidence = vec![fact("ip link in the pod", "no device eth0")];
                finding.fix = vec![recreate(&name)];
                report.judge(&POD_DOWN, node.name, vec![finding]);
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
fn bridge<'c>(_node: &NodeView<'c>, netns: &'c Netns, pods: &[Pod<'c>]) -> Option<&'c Link> {
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

fn of_bridge(node: &NodeView<'_>, netns: &Netns, bridge: &Link, report: &mut Report) {
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
            finding.mentions = pod_words(node, cidr);
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
            finding.mentions = pod_words(node, cidr);
            finding.mentions.push(gateway.to_string());
            report.judge(&BRIDGE_ADDRESS, node.name, vec![finding]);
        }
    }
}

/// What names a node's pods on their way: the bridge, and where other nodes send for them.
fn pod_words(_node: &NodeView<'_>, cidr: ipnet::IpNet) -> Vec<String> {
    vec!["cni0".to_owned(), cidr.network().to_string()]
}

fn is_link_local(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_unicast_link_local(),
    }
}

fn of_pod(
    scene: &Scene<'_>,
    node: &NodeView<'_>,
    pod: &Pod<'_>,
    bridge: Option<&Link>,
    pods: &[Pod<'_>],
    report: &mut Report,
) {
    let mut found: Vec<(&Check, Finding)> = Vec::new();
    let name = &pod.name;
    let at = node.name;
    let words = pod_addresses(pod);
    let inside = inside(scene, pod.id);
    if let Some(port) = pod.port {
        let on_port = node.place(Some(&port.name));
        if !port.up {
            let title = format!(
                "{} of {at}, the node's end of pod {name}, is down",
                port.name
            );
            let mut finding = HOST_END_DOWN.finding(on_port, title, dark());
            finding.evidence = vec![fact(
                "ip link",
                &format!("{}: {}: not UP", port.index, port.name),
            )];
            finding.fix = vec![format!("ip link set {} up", port.name)];
            found.push((&HOST_END_DOWN, finding));
        } else if let Some(bridge) = bridge
            && port.master.as_deref() != Some(bridge.name.as_str())
        {
            let where_to = port
                .master
                .as_ref()
                .map_or("no bridge".to_owned(), |other| format!("{other} instead"));
            let title = format!(
                "{} of {at}, the node's end of pod {name}, is on {where_to} of {}",
                port.name, bridge.name
            )
            .replace("on no bridge of", "not on");
            let mut finding = UNATTACHED.finding(on_port, title, dark());
            finding.evidence = vec![fact(
                "ip link",
                &format!(
                    "{}: {}: master {}",
                    port.index,
                    port.name,
                    port.master.as_deref().unwrap_or("(none)")
                ),
            )];
            finding.fix = vec![format!("ip link set {} master {}", port.name, bridge.name)];
            let hairpins = pods
                .iter()
                .filter_map(|pod| pod.port?.port.as_ref())
                .any(|port| port.hairpin);
            if hairpins {
                finding
                    .fix
                    .push(format!("bridge link set dev {} hairpin on", port.name));
            }
            found.push((&UNATTACHED, finding));
        } else if let Some(settings) = &port.port {
            let usual = pods.iter().filter_map(|pod| pod.port?.port.as_ref());
            let with = usual.clone().filter(|port| port.hairpin).count();
            let known = node.has_whole(Part::BridgePorts);
            if known && settings.state != 3 && bridge.is_some_and(|bridge| bridge.up) {
                let title = format!(
                    "{} of {at}, the port of pod {name}, does not forward",
                    port.name
                );
                let mut finding = PORT.finding(on_port.clone(), title, dark());
                finding.evidence = vec![fact(
                    "bridge -d link",
                    &format!("{} state {}", port.name, settings.state),
                )];
                finding.fix = vec![format!("bridge link set dev {} state 3", port.name)];
                found.push((&PORT, finding));
            }
            if known && settings.isolated && usual.filter(|port| port.isolated).count() > 1 {
                let title = format!("{} of {at}, the port of pod {name}, is isolated", port.name);
                let impact = format!(
                    "{name} does not reach other pods of {at} whose ports are isolated too"
                );
                let mut finding = ISOLATED.finding(on_port.clone(), title, impact);
                finding.evidence = vec![fact(
                    "bridge -d link",
                    &format!("{} isolated on", port.name),
                )];
                finding.fix = vec![format!("bridge link set dev {} isolated off", port.name)];
                found.push((&ISOLATED, finding));
            }
            if known && !settings.hairpin && with > 0 {
                let title = format!(
                    "{} of {at}, the port of pod {name}, has hairpin off",
                    port.name
                );
                let impact = format!("{name} does not reach itself through a Service");
                let mut finding = HAIRPIN.finding(on_port, title, impact);
                finding.evidence = vec![fact(
                    "bridge -d link",
                    &format!("{} hairpin off", port.name),
                )];
                finding.fix = vec![format!("bridge link set dev {} hairpin on", port.name)];
                found.push((&HAIRPIN, finding));
            }
        }
    }
    if !pod.eth0.up {
        let title = format!("eth0 of pod {name} on {at} is down");
        let mut finding = POD_DOWN.finding(inside.clone(), title, dark());
        finding.evidence = vec![fact("ip link in the pod", "eth0: not UP")];
        finding.fix = vec![recreate(name)];
        found.push((&POD_DOWN, finding));
    }
    addresses(scene, node, pod, &inside, &mut found);
    if pod.eth0.up {
        routes(node, pod, &inside, &mut found);
    }
    for (check, mut finding) in found {
        if finding.mentions.is_empty() {
            finding.mentions = words.clone();
        }
        report.judge(check, at, vec![finding]);
    }
}

fn addresses(
    scene: &Scene<'_>,
    node: &NodeView<'_>,
    pod: &Pod<'_>,
    inside: &Place,
    found: &mut Vec<(&Check, Finding)>,
) {
    if pod.netns.addresses.is_none() || pod.netns.incomplete.contains(&Part::Addresses) {
        return;
    }
    let (namespace, name) = pod.name.split_once('/').unwrap_or_default();
    let mut objects = scene.cluster.objects.pods.iter();
    let object = objects.find(|one| one.namespace == namespace && one.name == name);
    for ip in object.iter().flat_map(|object| &object.ips) {
        if pod.netns.has_address(*ip) {
            continue;
        }
        let title = format!(
            "pod {} on {} does not have its address {ip}",
            pod.name, node.name
        );
        let mut finding = POD_ADDRESS.finding(
            inside.clone(),
            title,
            format!("what is sent to {ip} is not answered"),
        );
        finding.evidence = vec![
            fact("ip addr in the pod", &format!("no {ip}")),
            fact(
                &format!("Pod {}", pod.name),
                &format!("status.podIPs: {ip}"),
            ),
        ];
        finding.fix = vec![recreate(&pod.name)];
        finding.mentions = vec![ip.to_string()];
        found.push((&POD_ADDRESS, finding));
    }
    for address in pod.netns.addresses_of("eth0") {
        let family = model::Family::of(address.ip);
        let Some(cidr) = node.pod_cidr(family) else {
            continue;
        };
        if is_link_local(address.ip) || cidr.contains(&address.ip) {
            continue;
        }
        let title = format!(
            "pod {} on {} has {}, outside the node's pod CIDR {cidr}",
            pod.name, node.name, address.ip
        );
        let impact = format!(
            "pods of other nodes do not reach {}, nor does it get their answers",
            address.ip
        );
        let mut finding = OUTSIDE.finding(inside.clone(), title, impact);
        finding.evidence = vec![
            fact(
                "ip addr in the pod",
                &format!("{}/{} dev eth0", address.ip, address.prefix_length),
            ),
            fact(
                &format!("Node {}", node.name),
                &format!("spec.podCIDRs: {cidr}"),
            ),
        ];
        finding.fix = vec![recreate(&pod.name)];
        finding.mentions = vec![address.ip.to_string()];
        found.push((&OUTSIDE, finding));
    }
}

fn routes(node: &NodeView<'_>, pod: &Pod<'_>, inside: &Place, found: &mut Vec<(&Check, Finding)>) {
    for family in [model::Family::V4, model::Family::V6] {
        let mut held = pod.netns.addresses_of("eth0");
        let ours = held
            .any(|address| model::Family::of(address.ip) == family && !is_link_local(address.ip));
        let Some(routes) = pod.netns.routes(family).filter(|_| ours) else {
            continue;
        };
        let whole = !pod.netns.incomplete.contains(&Part::Routes(family));
        let is_default =
            |route: &model::Route| route.destination.prefix_len() == 0 && !route.kind.drops();
        if !whole || routes.iter().any(is_default) {
            continue;
        }
        let title = format!(
            "pod {} on {} has no {family} default route",
            pod.name, node.name
        );
        let impact =
            "it reaches no Service and nothing outside: \"Network is unreachable\"".to_owned();
        let mut finding = NO_DEFAULT.finding(inside.clone(), title, impact);
        finding.evidence = vec![fact(
            &format!("{family} routes in the pod"),
            "no default route",
        )];
        if let Some(gateway) = node.pod_cidr(family).and_then(gateway) {
            let ip = if family == model::Family::V4 {
                "ip"
            } else {
                "ip -6"
            };
            finding.fix = vec![format!(
                "{ip} route add default via {gateway} dev eth0  # in the pod; or recreate it"
            )];
        }
        found.push((&NO_DEFAULT, finding));
    }
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

/// Addresses and MACs that two pods have.
fn doubles(scene: &Scene<'_>, node: &NodeView<'_>, pods: &[Pod<'_>], report: &mut Report) {
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
        finding.mentions = pod_addresses(pod);
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
        .filter(|pod| !pod.host_network && is_running(pod))
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

fn seen_twice(pods: &[Pod<'_>], ip: IpAddr) -> bool {
    pods.iter().filter(|pod| pod.netns.has_address(ip)).count() > 1
}

fn is_running(pod: &model::Pod) -> bool {
    !matches!(pod.phase.as_deref(), Some("Succeeded" | "Failed"))
}

fn pod_addresses(pod: &Pod<'_>) -> Vec<String> {
    let held = pod
        .netns
        .addresses_of("eth0")
        .filter(|address| !is_link_local(address.ip));
    let mut words: Vec<String> = held.map(|address| address.ip.to_string()).collect();
    words.extend(pod.port.map(|port| port.name.clone()));
    words
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

fn dark() -> String {
    "nothing gets into the pod or out of it".to_owned()
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
