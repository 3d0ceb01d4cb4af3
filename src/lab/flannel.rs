//! What flannel 0.28 sets up on a node: rules (pkg/trafficmngr/iptables), and the routes, neighbours and fdb entries that lead
//! to the other nodes' pods (pkg/backend/vxlan, pkg/backend/hostgw).

use std::net::Ipv4Addr;

use super::LabError;
use super::plan::{Device, DeviceKind, FdbPlan, NamespacePlan, NeighborPlan, RoutePlan, mac_of};
use super::rules::{Rules, Table};
use super::spec::{Backend, LAN_DEVICE, LabNode, Spec};
use crate::model::Mac;

/// Adds flannel's rules on a node; it appends to chains and leaves their beginning to others.
pub fn write(rules: &mut Rules, spec: &Spec, node: &LabNode<'_>) {
    let (cluster, pods) = (spec.cluster_cidr, node.pod_cidr);
    let why = "-m comment --comment \"flanneld masq\"";
    rules.append(
        Table::Nat,
        "POSTROUTING",
        format!("{why} -j FLANNEL-POSTRTG"),
    );
    for rule in [
        format!("-m mark --mark 0x4000/0x4000 {why} -j RETURN"),
        format!("-s {pods} -d {cluster} {why} -j RETURN"),
        format!("-s {cluster} -d {pods} {why} -j RETURN"),
        format!("! -s {cluster} -d {pods} {why} -j RETURN"),
        format!("-s {cluster} ! -d 224.0.0.0/4 {why} -j MASQUERADE --random-fully"),
        format!("! -s {cluster} -d {cluster} {why} -j MASQUERADE --random-fully"),
    ] {
        rules.append(Table::Nat, "FLANNEL-POSTRTG", rule);
    }
    let why = "-m comment --comment \"flanneld forward\"";
    rules.append(Table::Filter, "FORWARD", format!("{why} -j FLANNEL-FWD"));
    rules.append(
        Table::Filter,
        "FLANNEL-FWD",
        format!("-s {cluster} {why} -j ACCEPT"),
    );
    rules.append(
        Table::Filter,
        "FLANNEL-FWD",
        format!("-d {cluster} {why} -j ACCEPT"),
    );
}

/// Adds flannel's device and the ways to the other nodes' pods.
pub fn plan(plan: &mut NamespacePlan, spec: &Spec, node: &LabNode<'_>) -> Result<(), LabError> {
    let device = spec.vxlan_device();
    if spec.backend == Backend::Vxlan {
        let mut tunnel = Device::new(
            &device,
            DeviceKind::Vxlan {
                vni: spec.vni,
                port: spec.vxlan_port,
                local: node.address,
                lower: LAN_DEVICE.to_owned(),
            },
        );
        tunnel.mac = Some(tunnel_mac(node.name()));
        tunnel.mtu = Some(spec.pod_mtu());
        tunnel.unqueued = true;
        tunnel.addresses.push((node.pod_cidr.network(), 32));
        plan.devices.push(tunnel);
        plan.sysctls_after
            .push((format!("net/ipv6/conf/{device}/accept_ra"), "0"));
    }
    let nodes = spec.nodes()?;
    for other in nodes.iter().filter(|other| other.name() != node.name()) {
        let destination = other.pod_cidr;
        match spec.backend {
            Backend::HostGw => {
                plan.routes
                    .push(RoutePlan::via(destination, other.address, LAN_DEVICE))
            }
            Backend::Vxlan => {
                let end: Ipv4Addr = destination.network();
                let mac = tunnel_mac(other.name());
                plan.routes.push(RoutePlan {
                    onlink: true,
                    ..RoutePlan::via(destination, end, &device)
                });
                plan.neighbors.push(NeighborPlan {
                    ip: end,
                    mac,
                    device: device.clone(),
                });
                plan.fdb.push(FdbPlan {
                    mac,
                    destination: other.address,
                    device: device.clone(),
                });
            }
        }
    }
    Ok(())
}

/// The hardware address of a node's tunnel device, which flannel writes into the Node object (`VtepMAC`).
pub fn tunnel_mac(node: &str) -> Mac {
    mac_of(&format!("flannel {node}"))
}

/// The annotations that flannel puts on a Node object, without their prefix.
pub fn annotations(
    backend: Backend,
    vni: u32,
    name: &str,
    address: Ipv4Addr,
) -> Vec<(String, String)> {
    let (kind, data) = match backend {
        Backend::Vxlan => (
            "vxlan",
            format!("{{\"VNI\":{vni},\"VtepMAC\":\"{}\"}}", tunnel_mac(name)),
        ),
        Backend::HostGw => ("host-gw", "null".to_owned()),
    };
    [
        ("backend-data", data),
        ("backend-type", kind.to_owned()),
        ("kube-subnet-manager", "true".to_owned()),
        ("public-ip", address.to_string()),
    ]
    .map(|(key, value)| (key.to_owned(), value))
    .to_vec()
}

/// `/run/flannel/subnet.env`.
pub fn subnet_env(spec: &Spec, node: &LabNode<'_>) -> String {
    format!(
        "FLANNEL_NETWORK={}\nFLANNEL_SUBNET={}/{}\nFLANNEL_MTU={}\nFLANNEL_IPMASQ=true\n",
        spec.cluster_cidr,
        node.bridge_address(),
        node.pod_cidr.prefix_len(),
        spec.pod_mtu()
    )
}

/// `/etc/kube-flannel/net-conf.json`.
pub fn net_conf(spec: &Spec) -> String {
    let backend = match spec.backend {
        Backend::Vxlan => format!("{{\"Type\": \"vxlan\", \"VNI\": {}}}", spec.vni),
        Backend::HostGw => "{\"Type\": \"host-gw\"}".to_owned(),
    };
    format!(
        "{{\"Network\": \"{}\", \"Backend\": {backend}, \"EnableNFTables\": false}}",
        spec.cluster_cidr
    )
}
