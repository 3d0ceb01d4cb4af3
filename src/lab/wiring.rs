//! The plans of every namespace of a lab, as a pure function of the specification: the LAN, the host outside, nodes, and pods
//! as the CNI plugin `bridge` sets them up (plugins/main/bridge, as flannel configures it).

use std::net::Ipv4Addr;

use ipnet::Ipv4Net;
use sha2::{Digest as _, Sha256};

use super::plan::{Device, DeviceKind, NamespacePlan, RoutePlan, mac_of};
use super::spec::{LAN_DEVICE, LabNode, LabPod, Spec};
use super::state::Place;
use super::{LabError, flannel};
use crate::model::Mac;

/// The plans of every namespace. A veth pair is made by the first that names it, so the LAN comes before the nodes and these
/// before their pods.
pub fn plans(spec: &Spec) -> Result<Vec<NamespacePlan>, LabError> {
    let nodes = spec.nodes()?;
    let mut plans = vec![lan(spec, &nodes), outside(spec)];
    for node in &nodes {
        plans.push(host(spec, node)?);
    }
    for node in &nodes {
        for pod in spec.pods_on(node.name())? {
            plans.push(self::pod(spec, node, &pod));
        }
    }
    Ok(plans)
}

/// The switch: a bridge, and a port for each machine.
fn lan(spec: &Spec, nodes: &[LabNode<'_>]) -> NamespacePlan {
    let mut plan = NamespacePlan::new(Place::Lan);
    // A switch has no firewall of its own.
    plan.sysctls_before
        .push(("net/bridge/bridge-nf-call-iptables".to_owned(), "0"));
    plan.devices.push(Device::new("lan0", DeviceKind::Bridge));
    let machines = nodes.iter().map(|node| {
        (
            Place::Node {
                node: node.name().to_owned(),
            },
            node.address,
        )
    });
    for (place, address) in std::iter::once((Place::Outside, spec.gateway)).chain(machines) {
        let name = format!("port{}", address.octets()[3]);
        let there = DeviceKind::VethTo {
            place,
            name: LAN_DEVICE.to_owned(),
            mac: lan_mac(address),
        };
        plan.devices.push(Device {
            port_of: Some("lan0".to_owned()),
            ..Device::new(&name, there)
        });
    }
    plan
}

/// The host outside, which is the LAN's router too.
fn outside(spec: &Spec) -> NamespacePlan {
    let mut plan = NamespacePlan::new(Place::Outside);
    plan.sysctls_before
        .push(("net/ipv4/ip_forward".to_owned(), "1"));
    let mut loopback = Device::new("lo", DeviceKind::Loopback);
    loopback.addresses.push((spec.outside, 32));
    plan.devices.push(loopback);
    plan.devices.push(uplink(spec, spec.gateway));
    plan
}

fn uplink(spec: &Spec, address: Ipv4Addr) -> Device {
    let mut device = Device::new(LAN_DEVICE, DeviceKind::VethFrom);
    device.addresses.push((address, spec.lan.prefix_len()));
    device
}

/// A node: its uplink, flannel's device, the bridge of its pods, and a port for each.
fn host(spec: &Spec, node: &LabNode<'_>) -> Result<NamespacePlan, LabError> {
    let mut plan = NamespacePlan::new(Place::Node {
        node: node.name().to_owned(),
    });
    for (key, value) in [
        ("net/ipv4/ip_forward", "1"),
        ("net/ipv6/conf/all/forwarding", "1"),
        ("net/ipv4/conf/all/rp_filter", "0"),
        ("net/ipv4/conf/default/rp_filter", "0"),
        // kube-proxy lets NodePorts answer on 127.0.0.1.
        ("net/ipv4/conf/all/route_localnet", "1"),
        ("net/bridge/bridge-nf-call-iptables", "1"),
        ("net/bridge/bridge-nf-call-ip6tables", "1"),
    ] {
        plan.sysctls_before.push((key.to_owned(), value));
    }
    plan.devices.push(uplink(spec, node.address));
    plan.routes.push(RoutePlan {
        by_distribution: true,
        ..RoutePlan::via(Ipv4Net::default(), spec.gateway, LAN_DEVICE)
    });
    flannel::plan(&mut plan, spec, node)?;
    let mut bridge = Device::new("cni0", DeviceKind::Bridge);
    bridge.mac = Some(bridge_mac(node.name()));
    bridge.mtu = Some(spec.pod_mtu());
    bridge
        .addresses
        .push((node.bridge_address(), node.pod_cidr.prefix_len()));
    plan.devices.push(bridge);
    plan.sysctls_after
        .push(("net/ipv6/conf/cni0/accept_ra".to_owned(), "0"));
    plan.sysctls_after
        .push((format!("net/ipv6/conf/{LAN_DEVICE}/accept_ra"), "0"));
    for pod in spec.pods_on(node.name())? {
        let there = DeviceKind::VethTo {
            place: pod_place(&pod),
            name: "eth0".to_owned(),
            mac: pod_mac(&pod),
        };
        let mut port = Device::new(&port_name(&pod), there);
        port.mac = Some(mac_of(&format!("port {}", pod_label(&pod))));
        port.mtu = Some(spec.pod_mtu());
        port.unqueued = true;
        port.port_of = Some("cni0".to_owned());
        port.hairpin = true;
        plan.sysctls_after
            .push((format!("net/ipv6/conf/{}/accept_ra", port.name), "0"));
        plan.devices.push(port);
    }
    Ok(plan)
}

/// A pod: one device, and everything by its node's bridge.
fn pod(spec: &Spec, node: &LabNode<'_>, pod: &LabPod<'_>) -> NamespacePlan {
    let mut plan = NamespacePlan::new(pod_place(pod));
    for key in [
        "net/ipv4/conf/all/rp_filter",
        "net/ipv4/conf/default/rp_filter",
    ] {
        plan.sysctls_before.push((key.to_owned(), "0"));
    }
    let mut device = Device::new("eth0", DeviceKind::VethFrom);
    device.mtu = Some(spec.pod_mtu());
    device
        .addresses
        .push((pod.address, node.pod_cidr.prefix_len()));
    plan.devices.push(device);
    for destination in [Ipv4Net::default(), spec.cluster_cidr] {
        plan.routes
            .push(RoutePlan::via(destination, node.bridge_address(), "eth0"));
    }
    plan
}

/// The place of a pod.
pub fn pod_place(pod: &LabPod<'_>) -> Place {
    Place::Pod {
        node: pod.node.to_owned(),
        namespace: pod.object.namespace.clone(),
        name: pod.object.name.clone(),
    }
}

fn pod_label(pod: &LabPod<'_>) -> String {
    format!("{}/{}", pod.object.namespace, pod.object.name)
}

fn pod_mac(pod: &LabPod<'_>) -> Mac {
    mac_of(&format!("pod {}", pod_label(pod)))
}

fn bridge_mac(node: &str) -> Mac {
    mac_of(&format!("cni0 {node}"))
}

fn lan_mac(address: Ipv4Addr) -> Mac {
    Mac([0x08, 0x00, 0x27, 0xaa, 0x00, address.octets()[3]])
}

/// `veth` and eight hexadecimal digits, as the CNI plugin names them, but the same every time.
fn port_name(pod: &LabPod<'_>) -> String {
    let digest = Sha256::digest(pod_label(pod).as_bytes());
    digest
        .iter()
        .take(4)
        .fold("veth".to_owned(), |name, byte| format!("{name}{byte:02x}"))
}
