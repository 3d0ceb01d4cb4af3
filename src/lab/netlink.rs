//! Makes what a [`NamespacePlan`] says, inside the namespace it is for: rtnetlink(7) and files below /proc/sys/net.

use std::fs;
use std::io;
use std::net::IpAddr;
use std::os::fd::AsRawFd as _;
use std::os::fd::RawFd;

use netlink_packet_route::address::AddressHeaderFlags;
use netlink_packet_route::link::{InfoData, InfoVeth, LinkAttribute, LinkMessage};
use netlink_packet_route::neighbour::NeighbourFlags;
use netlink_packet_route::route::RouteProtocol;
use rtnetlink::{
    Handle, LinkBridge, LinkBridgePort, LinkDummy, LinkMessageBuilder, LinkUnspec, LinkVeth,
    LinkVxlan, RouteMessageBuilder,
};

use super::LabError;
use super::plan::{Device, DeviceKind, FdbPlan, NamespacePlan, NeighborPlan, RoutePlan};
use super::registry::Place;

/// Where namespaces can be entered: asked for the other ends of veth pairs.
pub type Namespaces = std::collections::HashMap<Place, fs::File>;

/// Makes everything. To be called by a thread that has entered the namespace.
pub fn apply(plan: &NamespacePlan, namespaces: &Namespaces) -> Result<(), LabError> {
    let label = plan.place.label();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()
        .map_err(|error| LabError::step(format!("start netlink in {label}"), error))?;
    write_sysctls(&plan.sysctls_before, &label)?;
    runtime.block_on(async {
        let (connection, handle, _) = rtnetlink::new_connection()
            .map_err(|error| LabError::step(format!("open netlink in {label}"), error))?;
        let connection = tokio::spawn(connection);
        let made = make(plan, namespaces, &handle, &label).await;
        connection.abort();
        made
    })
}

async fn make(
    plan: &NamespacePlan,
    namespaces: &Namespaces,
    handle: &Handle,
    label: &str,
) -> Result<(), LabError> {
    set_up(handle, "lo", label).await?;
    for device in &plan.devices {
        let step = |what: &str| format!("{what} {} in {label}", device.name);
        make_device(device, namespaces, handle)
            .await
            .map_err(|why| LabError::step(step("make device"), why))?;
        for address in &device.addresses {
            let index =
                index_of(&device.name).map_err(|why| LabError::step(step("find device"), why))?;
            let mut request = handle
                .address()
                .add(index, address.addr(), address.prefix_len());
            if address.addr().is_ipv6() {
                // In use at once: nobody else in a lab has it.
                request.message_mut().header.flags = AddressHeaderFlags::Nodad;
            }
            request
                .execute()
                .await
                .map_err(|why| LabError::step(step(&format!("add {address} to")), why))?;
        }
        if device.kind != DeviceKind::Dummy {
            set_up(handle, &device.name, label).await?;
        }
        if device.hairpin {
            let index =
                index_of(&device.name).map_err(|why| LabError::step(step("find device"), why))?;
            let port = LinkBridgePort::new(index).hairpin(true).build();
            handle
                .link()
                .set_port(port)
                .execute()
                .await
                .map_err(|why| LabError::step(step("set hairpin on"), why))?;
        }
    }
    write_sysctls(&plan.sysctls_after, label)?;
    for route in &plan.routes {
        add_route(handle, route).await.map_err(|why| {
            LabError::step(
                format!("add the route to {} in {label}", route.destination),
                why,
            )
        })?;
    }
    for neighbor in &plan.neighbors {
        add_neighbor(handle, neighbor).await.map_err(|why| {
            LabError::step(format!("add the neighbour {} in {label}", neighbor.ip), why)
        })?;
    }
    for entry in &plan.fdb {
        add_fdb(handle, entry).await.map_err(|why| {
            LabError::step(
                format!("add the fdb entry of {} in {label}", entry.mac),
                why,
            )
        })?;
    }
    Ok(())
}

/// Makes a device, or finishes one that was made from the other side of a pair.
async fn make_device(
    device: &Device,
    namespaces: &Namespaces,
    handle: &Handle,
) -> Result<(), String> {
    let message = match &device.kind {
        DeviceKind::Loopback => return Ok(()),
        DeviceKind::VethFrom => return Ok(()),
        DeviceKind::Dummy => finish(LinkDummy::new(&device.name), device)?,
        DeviceKind::Bridge => finish(LinkBridge::new(&device.name), device)?,
        DeviceKind::Vxlan {
            vni,
            port,
            local,
            lower,
        } => {
            let lower = index_of(lower)?;
            let tunnel = LinkVxlan::new(&device.name, *vni)
                .dev(lower)
                .port(*port)
                .learning(false);
            let tunnel = match local {
                IpAddr::V4(local) => tunnel.local(*local),
                IpAddr::V6(local) => tunnel.local6(*local),
            };
            finish(tunnel, device)?
        }
        DeviceKind::VethTo { place, name, mac } => {
            let there = namespaces
                .get(place)
                .ok_or_else(|| format!("{} has no namespace", place.label()))?;
            let peer = far_end(name, mac.0, device, there.as_raw_fd());
            finish(
                LinkVeth::new(&device.name, name)
                    .set_info_data(InfoData::Veth(InfoVeth::Peer(peer))),
                device,
            )?
        }
    };
    handle
        .link()
        .add(message)
        .execute()
        .await
        .map_err(|error| error.to_string())
}

/// The other end of a veth pair: made together with this one, but in its own namespace.
fn far_end(name: &str, mac: [u8; 6], near: &Device, namespace: RawFd) -> LinkMessage {
    let mut end = LinkMessageBuilder::<LinkUnspec>::default()
        .name(name)
        .address(mac.to_vec())
        .setns_by_fd(namespace);
    if let Some(mtu) = near.mtu {
        end = end.mtu(mtu);
    }
    if near.unqueued {
        end = end.append_extra_attribute(LinkAttribute::TxQueueLen(0));
    }
    end.build()
}

fn finish<T>(mut builder: LinkMessageBuilder<T>, device: &Device) -> Result<LinkMessage, String> {
    if let Some(mac) = device.mac {
        builder = builder.address(mac.0.to_vec());
    }
    if let Some(mtu) = device.mtu {
        builder = builder.mtu(mtu);
    }
    if device.unqueued {
        builder = builder.append_extra_attribute(LinkAttribute::TxQueueLen(0));
    }
    if let Some(bridge) = &device.port_of {
        builder = builder.controller(index_of(bridge)?);
    }
    Ok(builder.build())
}

async fn set_up(handle: &Handle, device: &str, label: &str) -> Result<(), LabError> {
    let step = || format!("set {device} up in {label}");
    let index = index_of(device).map_err(|why| LabError::step(step(), why))?;
    let message = LinkUnspec::new_with_index(index).up().build();
    handle
        .link()
        .set(message)
        .execute()
        .await
        .map_err(|why| LabError::step(step(), why))
}

async fn add_route(handle: &Handle, route: &RoutePlan) -> Result<(), String> {
    let protocol = if route.by_distribution {
        RouteProtocol::Static
    } else {
        RouteProtocol::Boot
    };
    let (network, length) = (route.destination.network(), route.destination.prefix_len());
    let mut message = RouteMessageBuilder::<IpAddr>::new()
        .destination_prefix(network, length)
        .map_err(|error| error.to_string())?
        .gateway(route.gateway)
        .map_err(|error| error.to_string())?
        .output_interface(index_of(&route.device)?)
        .protocol(protocol);
    if route.onlink {
        message = message.onlink();
    }
    handle
        .route()
        .add(message.build())
        .execute()
        .await
        .map_err(|error| error.to_string())
}

async fn add_neighbor(handle: &Handle, neighbor: &NeighborPlan) -> Result<(), String> {
    let index = index_of(&neighbor.device)?;
    let request = handle
        .neighbours()
        .add(index, neighbor.ip)
        .link_layer_address(&neighbor.mac.0);
    request.execute().await.map_err(|error| error.to_string())
}

async fn add_fdb(handle: &Handle, entry: &FdbPlan) -> Result<(), String> {
    let index = index_of(&entry.device)?;
    // NTF_SELF: the device's own fdb, not that of a bridge above it.
    let request = handle
        .neighbours()
        .add_bridge(index, &entry.mac.0)
        .destination(entry.destination)
        .flags(NeighbourFlags::Own);
    request.execute().await.map_err(|error| error.to_string())
}

fn index_of(device: &str) -> Result<u32, String> {
    nix::net::if_::if_nametoindex(device).map_err(|errno| format!("{device}: {}", errno.desc()))
}

/// Writes settings of the namespace that this thread is in. A setting that the kernel does not have cannot be on: asking for 0
/// is then met, and a kernel without IPv6 needs none of its settings.
fn write_sysctls(settings: &[(String, &'static str)], label: &str) -> Result<(), LabError> {
    for (key, value) in settings {
        match fs::write(format!("/proc/sys/{key}"), value) {
            Ok(()) => {}
            Err(error)
                if error.kind() == io::ErrorKind::NotFound
                    && (*value == "0" || key.starts_with("net/ipv6/")) => {}
            Err(error)
                if error.kind() == io::ErrorKind::NotFound && key.starts_with("net/bridge/") =>
            {
                return Err(LabError::hinted(
                    format!("set {} in {label}", key.replace('/', ".")),
                    "this kernel has no br_netfilter, without which Services do not work within a node",
                    "`modprobe br_netfilter`",
                ));
            }
            Err(error) => {
                return Err(LabError::step(
                    format!("set {} = {value} in {label}", key.replace('/', ".")),
                    error,
                ));
            }
        }
    }
    Ok(())
}
