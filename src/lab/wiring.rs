//! The plans of every namespace of a lab, as a pure function of the specification: the LAN, the host outside, nodes, and pods
//! as the CNI plugin `bridge` sets them up (plugins/main/bridge, as flannel configures it).

use std::net::IpAddr;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use sha2::{Digest as _, Sha256};

use super::kube_proxy_ipvs::{self, Services};
use super::plan::{Device, DeviceKind, NamespacePlan, RoutePlan, mac_of};
use super::spec::{LAN_DEVICE, LabNode, LabPod, Networks, Proxy, Spec, Stack};
use super::state::Place;
use super::{LabError, flannel, portmap};
use crate::model::{Family, Mac};

/// The plans of every namespace. A veth pair is made by the first that names it, so the LANs come before the nodes and these
/// before their pods.
pub fn plans(spec: &Spec) -> Result<Vec<NamespacePlan>, LabError> {
    let nodes = spec.nodes()?;
    let mut plans = vec![switches(spec, &nodes), outside(spec)];
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

/// The switches: for each LAN a bridge, and a port for each machine.
fn switches(spec: &Spec, nodes: &[LabNode<'_>]) -> NamespacePlan {
    let mut plan = NamespacePlan::new(Place::Lan);
    for key in ["iptables", "ip6tables"] {
        // A switch has no firewall of its own.
        plan.sysctls_before
            .push((format!("net/bridge/bridge-nf-call-{key}"), "0"));
    }
    for lan in 0..spec.lans() {
        let bridge = format!("lan{lan}");
        plan.devices.push(Device::new(&bridge, DeviceKind::Bridge));
        let mut plug = |what: &str, place: Place, device: String, mac: Mac| {
            let there = DeviceKind::VethTo {
                place,
                name: device,
                mac,
            };
            plan.devices.push(Device {
                port_of: Some(bridge.clone()),
                ..Device::new(&format!("{bridge}-{what}"), there)
            });
        };
        if let Some(gateway) = spec.networks.iter().find_map(|all| all.lans.get(lan)) {
            let mac = lan_mac(lan, gateway.addr());
            plug("router", Place::Outside, router_device(lan), mac);
        }
        for (index, node) in nodes.iter().enumerate() {
            if let Some(stack) = node.stacks.first().filter(|stack| stack.lan == lan) {
                let place = Place::Node {
                    node: node.name().to_owned(),
                };
                let mac = lan_mac(lan, stack.address);
                plug(&index.to_string(), place, LAN_DEVICE.to_owned(), mac);
            }
        }
    }
    plan
}

/// The router's device on a LAN: `enp0s1` on the first.
fn router_device(lan: usize) -> String {
    format!("enp0s{}", lan + 1)
}

/// The host outside, which is the LANs' router too.
fn outside(spec: &Spec) -> NamespacePlan {
    let mut plan = NamespacePlan::new(Place::Outside);
    for (key, value) in [
        ("net/ipv4/ip_forward", "1"),
        ("net/ipv6/conf/all/forwarding", "1"),
        // Answers may come from addresses to which there is no route here.
        ("net/ipv4/conf/all/rp_filter", "0"),
        ("net/ipv4/conf/default/rp_filter", "0"),
    ] {
        plan.sysctls_before.push((key.to_owned(), value));
    }
    skip_duplicate_detection(&mut plan);
    let mut loopback = Device::new("lo", DeviceKind::Loopback);
    loopback.addresses = spec.networks.iter().map(|all| all.outside.into()).collect();
    plan.devices.push(loopback);
    for lan in 0..spec.lans() {
        let mut device = Device::new(&router_device(lan), DeviceKind::VethFrom);
        let of_lan = |networks: &Networks| networks.lans.get(lan).copied();
        device.addresses = spec.networks.iter().filter_map(of_lan).collect();
        plan.devices.push(device);
    }
    plan
}

/// An IPv6 address is not used until a second or two have shown that nobody else has it. In a lab nobody else has.
fn skip_duplicate_detection(plan: &mut NamespacePlan) {
    for device in ["all", "default"] {
        plan.sysctls_before
            .push((format!("net/ipv6/conf/{device}/accept_dad"), "0"));
    }
}

fn uplink(node: &LabNode<'_>) -> Device {
    let mut device = Device::new(LAN_DEVICE, DeviceKind::VethFrom);
    let address = |stack: &Stack<'_>| with_length(stack.address, stack.gateway);
    device.addresses = node.stacks.iter().map(address).collect();
    device
}

/// A node: its uplink, flannel's devices, the bridge of its pods, and a port for each.
fn host(spec: &Spec, node: &LabNode<'_>) -> Result<NamespacePlan, LabError> {
    let mut plan = NamespacePlan::new(Place::Node {
        node: node.name().to_owned(),
    });
    for (key, value) in [
        ("net/ipv4/ip_forward", "1"),
        ("net/ipv6/conf/all/forwarding", "1"),
        ("net/ipv4/conf/all/rp_filter", "0"),
        ("net/ipv4/conf/default/rp_filter", "0"),
        ("net/bridge/bridge-nf-call-iptables", "1"),
        ("net/bridge/bridge-nf-call-ip6tables", "1"),
    ] {
        plan.sysctls_before.push((key.to_owned(), value));
    }
    if spec.proxy == Proxy::Iptables {
        // kube-proxy lets NodePorts answer on 127.0.0.1.
        plan.sysctls_before
            .push(("net/ipv4/conf/all/route_localnet".to_owned(), "1"));
    }
    skip_duplicate_detection(&mut plan);
    plan.devices.push(uplink(node));
    for stack in &node.stacks {
        plan.routes.push(RoutePlan {
            by_distribution: true,
            ..RoutePlan::via(everywhere(stack.family()), stack.gateway.addr(), LAN_DEVICE)
        });
    }
    flannel::plan(&mut plan, spec, node)?;
    if let Proxy::Ipvs(scheduler) = &spec.proxy {
        let mut device = Device::new(kube_proxy_ipvs::DEVICE, DeviceKind::Dummy);
        device.mac = Some(mac_of(&format!("{} {}", device.name, node.name())));
        for stack in &node.stacks {
            let services = Services::of(spec, node, stack.family(), scheduler);
            device
                .addresses
                .extend(services.addresses.into_iter().map(IpNet::from));
        }
        plan.devices.push(device);
    }
    let mut bridge = Device::new("cni0", DeviceKind::Bridge);
    bridge.mac = Some(bridge_mac(node.name()));
    bridge.mtu = Some(spec.pod_mtu());
    let address = |stack: &Stack<'_>| with_length(stack.bridge_address(), stack.pod_cidr);
    bridge.addresses = node.stacks.iter().map(address).collect();
    plan.devices.push(bridge);
    plan.sysctls_after
        .push(("net/ipv6/conf/cni0/accept_ra".to_owned(), "0"));
    plan.sysctls_after
        .push((format!("net/ipv6/conf/{LAN_DEVICE}/accept_ra"), "0"));
    let pods = spec.pods_on(node.name())?;
    for pod in &pods {
        let there = DeviceKind::VethTo {
            place: pod_place(pod),
            name: "eth0".to_owned(),
            mac: pod_mac(pod),
        };
        let mut port = Device::new(&port_name(pod), there);
        port.mac = Some(mac_of(&format!("port {}", pod_label(pod))));
        port.mtu = Some(spec.pod_mtu());
        port.unqueued = true;
        port.port_of = Some("cni0".to_owned());
        port.hairpin = true;
        plan.sysctls_after
            .push((format!("net/ipv6/conf/{}/accept_ra", port.name), "0"));
        plan.devices.push(port);
    }
    let has_host_ports = pods
        .iter()
        .any(|pod| portmap::host_ports(pod).next().is_some());
    if has_host_ports && node.stack(Family::V4).is_some() {
        // portmap lets host ports answer on 127.0.0.1.
        plan.sysctls_after
            .push(("net/ipv4/conf/cni0/route_localnet".to_owned(), "1"));
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
    skip_duplicate_detection(&mut plan);
    let mut device = Device::new("eth0", DeviceKind::VethFrom);
    device.mtu = Some(spec.pod_mtu());
    for stack in &node.stacks {
        let address = pod.address(stack.family());
        device
            .addresses
            .extend(address.map(|ip| with_length(ip, stack.pod_cidr)));
        for destination in [everywhere(stack.family()), stack.networks.cluster_cidr] {
            let by_bridge = RoutePlan::via(destination, stack.bridge_address(), "eth0");
            plan.routes.push(by_bridge);
        }
    }
    plan.devices.push(device);
    plan
}

/// The destination of a default route.
fn everywhere(family: Family) -> IpNet {
    match family {
        Family::V4 => IpNet::V4(Ipv4Net::default()),
        Family::V6 => IpNet::V6(Ipv6Net::default()),
    }
}

/// An address with the prefix length of its network.
fn with_length(ip: IpAddr, network: IpNet) -> IpNet {
    IpNet::new(ip, network.prefix_len()).unwrap_or_else(|_| ip.into())
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

fn lan_mac(lan: usize, address: IpAddr) -> Mac {
    let last = match address {
        IpAddr::V4(ip) => ip.octets()[3],
        IpAddr::V6(ip) => ip.octets()[15],
    };
    Mac([0x08, 0x00, 0x27, 0xaa, lan as u8, last])
}

/// `veth` and eight hexadecimal digits, as the CNI plugin names them, but the same every time.
fn port_name(pod: &LabPod<'_>) -> String {
    let digest = Sha256::digest(pod_label(pod).as_bytes());
    digest
        .iter()
        .take(4)
        .fold("veth".to_owned(), |name, byte| format!("{name}{byte:02x}"))
}
