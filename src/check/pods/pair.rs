//! A pod's veth pair: both ends up, the node's end a port of the bridge, and set as one.

use super::{Pod, addresses, fact, inside, recreate, words_of};
use crate::check::{Check, NodeView, Report, Scene};
use crate::model::{Finding, Link, Part, Severity};

pub(super) const HOST_END_DOWN: Check = Check {
    id: "host-veth-down",
    catalogue: &["E03", "C26"],
    severity: Severity::Error,
    docs: "The node's end of a pod's veth pair is not up: nothing gets into the pod or out of it. NetworkManager does that to \
           devices that are not in its list of unmanaged ones.",
};

pub(super) const UNATTACHED: Check = Check {
    id: "veth-without-bridge",
    catalogue: &["E04", "C26"],
    severity: Severity::Error,
    docs: "The node's end of a pod's veth pair is no port of the bridge that the node's other pods are on: the pod is dark, \
           though it is up and has its address. Something took it off (NetworkManager, systemd-networkd, Open vSwitch).",
};

pub(super) const POD_DOWN: Check = Check {
    id: "pod-interface-down",
    catalogue: &["E02"],
    severity: Severity::Error,
    docs: "The pod's own device eth0 is not there or not up: it sends and receives nothing. Recreate the pod.",
};

pub(super) const PORT: Check = Check {
    id: "bridge-port-not-forwarding",
    catalogue: &["E22"],
    severity: Severity::Error,
    docs: "A pod's port of the bridge is not in the state forwarding: with STP on it listens and learns for thirty seconds \
           after it was attached, and one that is disabled or blocking passes nothing.",
};

pub(super) const ISOLATED: Check = Check {
    id: "bridge-ports-isolated",
    catalogue: &["E22"],
    severity: Severity::Error,
    docs: "Pods' ports of the bridge are isolated (portIsolation of the CNI plugin bridge, or `bridge link set ... isolated \
           on`): pods of the node do not reach each other.",
};

pub(super) const HAIRPIN: Check = Check {
    id: "hairpin-off",
    catalogue: &["E11"],
    severity: Severity::Error,
    docs: "A pod's port of the bridge may not send frames back where they came from (hairpin mode), as other pods' ports may: \
           the pod does not reach itself through its own Service. flannel's CNI configuration has hairpinMode: true.",
};

pub(super) fn of_pod(
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
    let words = words_of(scene, pod);
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
    // A device that goes down loses its IPv6 addresses, and its routes.
    if pod.eth0.up {
        addresses::addresses(scene, node, pod, &inside, &mut found);
        addresses::routes(node, pod, &inside, &mut found);
    }
    for (check, mut finding) in found {
        if finding.mentions.is_empty() {
            finding.mentions = words.clone();
        }
        report.judge(check, at, vec![finding]);
    }
}

pub(super) fn dark() -> String {
    "nothing gets into the pod or out of it".to_owned()
}
