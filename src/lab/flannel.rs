//! What flannel 0.28 sets up on a node: rules (pkg/trafficmngr/iptables), and the routes, neighbours and fdb entries that lead
//! to the other nodes' pods (pkg/backend/vxlan, pkg/backend/hostgw).

use super::LabError;
use super::nft_table::NftTable;
use super::plan::{Device, DeviceKind, FdbPlan, NamespacePlan, NeighborPlan, RoutePlan, mac_of};
use super::rules::{Rules, Table};
use super::spec::{Backend, LAN_DEVICE, LabNode, Proxy, Spec, Stack};
use crate::model::{Family, Mac, NodeObject};

/// Adds flannel's rules of one address family on a node; it appends to chains and leaves their beginning to others.
pub fn write(rules: &mut Rules, stack: &Stack<'_>) {
    let (cluster, pods) = (stack.networks.cluster_cidr, stack.pod_cidr);
    let multicast = match stack.family() {
        Family::V4 => "224.0.0.0/4",
        Family::V6 => "ff00::/8",
    };
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
        format!("-s {cluster} ! -d {multicast} {why} -j MASQUERADE --random-fully"),
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

/// flannel's native table of one address family on a node (pkg/trafficmngr/nftables).
pub fn table(stack: &Stack<'_>) -> NftTable {
    let family = stack.family();
    let (name, multicast) = match family {
        Family::V4 => ("flannel-ipv4", "224.0.0.0/4"),
        Family::V6 => ("flannel-ipv6", "ff00::/8"),
    };
    let mut table = NftTable::new(family, name);
    let ip = table.ip();
    let (cluster, pods) = (stack.networks.cluster_cidr, stack.pod_cidr);
    table.base_chain("postrtg", "nat", "postrouting", "srcnat");
    for rule in [
        "meta mark 0x00004000 return".to_owned(),
        format!("{ip} saddr {pods} {ip} daddr {cluster} return"),
        format!("{ip} saddr {cluster} {ip} daddr {pods} return"),
        format!("{ip} saddr != {pods} {ip} daddr {cluster} return"),
        format!("{ip} saddr {cluster} {ip} daddr != {multicast} masquerade fully-random"),
        format!("{ip} saddr != {cluster} {ip} daddr {cluster} masquerade fully-random"),
    ] {
        table.rule("postrtg", rule);
    }
    table.base_chain("forward", "filter", "forward", "filter");
    for side in ["saddr", "daddr"] {
        table.rule("forward", format!("{ip} {side} {cluster} accept"));
    }
    table
}

/// Adds flannel's devices and the ways to the other nodes' pods.
pub fn plan(plan: &mut NamespacePlan, spec: &Spec, node: &LabNode<'_>) -> Result<(), LabError> {
    let nodes = spec.nodes()?;
    for stack in &node.stacks {
        let family = stack.family();
        if spec.backend.has_tunnels() {
            add_tunnel(plan, spec, node, stack);
        }
        for other in nodes.iter().filter(|other| other.name() != node.name()) {
            if let Some(there) = other.stack(family) {
                add_way(plan, spec, stack, (other.name(), there));
            }
        }
    }
    Ok(())
}

fn add_tunnel(plan: &mut NamespacePlan, spec: &Spec, node: &LabNode<'_>, stack: &Stack<'_>) {
    let family = stack.family();
    let name = spec.vxlan_device(family);
    let kind = DeviceKind::Vxlan {
        vni: spec.vni,
        port: spec.vxlan_port,
        local: stack.address,
        lower: LAN_DEVICE.to_owned(),
    };
    plan.sysctls_after
        .push((format!("net/ipv6/conf/{name}/accept_ra"), "0"));
    plan.devices.push(Device {
        mac: Some(tunnel_mac(node.name(), family)),
        mtu: Some(spec.tunnel_mtu(family)),
        unqueued: true,
        addresses: vec![stack.pod_cidr.network().into()],
        ..Device::new(&name, kind)
    });
}

/// The way to another node's pods: by that node itself, or by its end of the tunnel.
fn add_way(
    plan: &mut NamespacePlan,
    spec: &Spec,
    here: &Stack<'_>,
    (name, there): (&str, &Stack<'_>),
) {
    let direct = match spec.backend {
        Backend::Vxlan => false,
        Backend::DirectRouting => here.lan == there.lan,
        Backend::HostGw => true,
    };
    let pods = there.pod_cidr;
    if direct {
        let route = RoutePlan::via(pods, there.address, LAN_DEVICE);
        plan.routes.push(route);
        return;
    }
    let family = there.family();
    let (device, mac) = (spec.vxlan_device(family), tunnel_mac(name, family));
    plan.routes.push(RoutePlan {
        onlink: true,
        ..RoutePlan::via(pods, pods.network(), &device)
    });
    plan.neighbors.push(NeighborPlan {
        ip: pods.network(),
        mac,
        device: device.clone(),
    });
    plan.fdb.push(FdbPlan {
        mac,
        destination: there.address,
        device,
    });
}

/// The hardware address of a node's tunnel device, which flannel writes into the Node object (`VtepMAC`).
pub fn tunnel_mac(node: &str, family: Family) -> Mac {
    match family {
        Family::V4 => mac_of(&format!("flannel {node}")),
        Family::V6 => mac_of(&format!("flannel-v6 {node}")),
    }
}

/// The annotations that flannel puts on a Node object, without their prefix.
pub fn annotations(backend: Backend, vni: u32, node: &NodeObject) -> Vec<(String, String)> {
    let kind = if backend.has_tunnels() {
        "vxlan"
    } else {
        "host-gw"
    };
    let mut all = vec![("backend-type", kind.to_owned())];
    for address in &node.addresses {
        let family = Family::of(*address);
        let (data, ip) = match family {
            Family::V4 => ("backend-data", "public-ip"),
            Family::V6 => ("backend-v6-data", "public-ipv6"),
        };
        let mac = tunnel_mac(&node.name, family);
        let value = if backend.has_tunnels() {
            format!("{{\"VNI\":{vni},\"VtepMAC\":\"{mac}\"}}")
        } else {
            "null".to_owned()
        };
        all.push((data, value));
        all.push((ip, address.to_string()));
    }
    all.push(("kube-subnet-manager", "true".to_owned()));
    all.sort();
    all.into_iter()
        .map(|(key, value)| (key.to_owned(), value))
        .collect()
}

/// `/run/flannel/subnet.env`.
pub fn subnet_env(spec: &Spec, node: &LabNode<'_>) -> String {
    let mut text = String::new();
    for stack in &node.stacks {
        let infix = match stack.family() {
            Family::V4 => "",
            Family::V6 => "IPV6_",
        };
        text += &format!(
            "FLANNEL_{infix}NETWORK={}\nFLANNEL_{infix}SUBNET={}/{}\n",
            stack.networks.cluster_cidr,
            stack.bridge_address(),
            stack.pod_cidr.prefix_len()
        );
    }
    text + &format!("FLANNEL_MTU={}\nFLANNEL_IPMASQ=true\n", spec.pod_mtu())
}

/// `/etc/kube-flannel/net-conf.json`.
pub fn net_conf(spec: &Spec) -> String {
    let backend = match spec.backend {
        Backend::Vxlan => format!("{{\"Type\": \"vxlan\", \"VNI\": {}}}", spec.vni),
        Backend::DirectRouting => format!(
            "{{\"Type\": \"vxlan\", \"VNI\": {}, \"DirectRouting\": true}}",
            spec.vni
        ),
        Backend::HostGw => "{\"Type\": \"host-gw\"}".to_owned(),
    };
    let network = |family| {
        let mut of_family = spec.networks.iter();
        of_family
            .find(|networks| networks.family() == family)
            .map(|networks| networks.cluster_cidr)
    };
    let mut text = String::from("{");
    match network(Family::V4) {
        Some(network) => text += &format!("\"Network\": \"{network}\", "),
        None => text += "\"EnableIPv4\": false, ",
    }
    let native = matches!(spec.proxy, Proxy::Nftables(_));
    text += &format!("\"Backend\": {backend}, \"EnableNFTables\": {native}");
    if let Some(network) = network(Family::V6) {
        text += &format!(", \"EnableIPv6\": true, \"IPv6Network\": \"{network}\"");
    }
    text + "}"
}
