//! What a namespace shall hold, as data: devices, addresses, routes, neighbours, fdb entries and settings.

use std::net::IpAddr;

use ipnet::IpNet;
use sha2::{Digest as _, Sha256};

use super::state::Place;
use crate::model::Mac;

/// What one namespace shall hold, in the order in which it is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamespacePlan {
    /// Which one.
    pub place: Place,
    /// Settings that devices made later take over: path below /proc/sys, and value.
    pub sysctls_before: Vec<(String, &'static str)>,
    /// Devices.
    pub devices: Vec<Device>,
    /// Settings of devices.
    pub sysctls_after: Vec<(String, &'static str)>,
    /// Routes besides those which the kernel adds by itself.
    pub routes: Vec<RoutePlan>,
    /// Permanent neighbours.
    pub neighbors: Vec<NeighborPlan>,
    /// Permanent entries of vxlan devices.
    pub fdb: Vec<FdbPlan>,
}

/// A device to make. `lo` is there already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: DeviceKind,
    /// Its hardware address, when it is not left to chance.
    pub mac: Option<Mac>,
    /// Its MTU, when not the kernel's choice.
    pub mtu: Option<u32>,
    /// Its queue has no length, as flannel and the CNI plugin (but no distribution's tool) leave it.
    pub unqueued: bool,
    /// The bridge it is a port of.
    pub port_of: Option<String>,
    /// As a port: may frames go back where they came from?
    pub hairpin: bool,
    /// Addresses with prefix lengths.
    pub addresses: Vec<IpNet>,
}

impl Device {
    /// A device without addresses.
    pub fn new(name: &str, kind: DeviceKind) -> Self {
        Self {
            name: name.to_owned(),
            kind,
            mac: None,
            mtu: None,
            unqueued: false,
            port_of: None,
            hairpin: false,
            addresses: Vec::new(),
        }
    }
}

/// Kinds of devices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeviceKind {
    /// Made by the kernel: only addresses are added.
    Loopback,
    /// A bridge.
    Bridge,
    /// A device that leads nowhere, and stays down: only its addresses matter.
    Dummy,
    /// A vxlan tunnel.
    Vxlan {
        /// VXLAN network identifier.
        vni: u32,
        /// UDP port.
        port: u16,
        /// Outer source address.
        local: IpAddr,
        /// The device below.
        lower: String,
    },
    /// One end of a veth pair; the other is made together with it, in another namespace.
    VethTo {
        /// Where the other end is.
        place: Place,
        /// Its name.
        name: String,
        /// Its hardware address.
        mac: Mac,
    },
    /// The other end of such a pair: made already, from the other side.
    VethFrom,
}

/// A route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoutePlan {
    /// Where it leads.
    pub destination: IpNet,
    /// By whom.
    pub gateway: IpAddr,
    /// By which device.
    pub device: String,
    /// The gateway is taken to be on the link.
    pub onlink: bool,
    /// RTPROT_STATIC instead of RTPROT_BOOT: as a distribution's scripts mark the default route.
    pub by_distribution: bool,
}

impl RoutePlan {
    /// A plain route over a gateway.
    pub fn via(destination: IpNet, gateway: IpAddr, device: &str) -> Self {
        Self {
            destination,
            gateway,
            device: device.to_owned(),
            onlink: false,
            by_distribution: false,
        }
    }
}

/// A permanent neighbour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NeighborPlan {
    /// Its address.
    pub ip: IpAddr,
    /// Its hardware address.
    pub mac: Mac,
    /// The device it is on.
    pub device: String,
}

/// A permanent entry of a vxlan device's own fdb.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FdbPlan {
    /// The inner destination.
    pub mac: Mac,
    /// The tunnel's other end.
    pub destination: IpAddr,
    /// The device.
    pub device: String,
}

impl NamespacePlan {
    /// An empty one.
    pub fn new(place: Place) -> Self {
        Self {
            place,
            sysctls_before: Vec::new(),
            devices: Vec::new(),
            sysctls_after: Vec::new(),
            routes: Vec::new(),
            neighbors: Vec::new(),
            fdb: Vec::new(),
        }
    }
}

/// A locally administered unicast address which is the same every time.
pub fn mac_of(what: &str) -> Mac {
    let digest = Sha256::digest(what.as_bytes());
    let mut mac = [0; 6];
    for (byte, source) in mac.iter_mut().zip(digest) {
        *byte = source;
    }
    mac[0] = mac[0] & 0xfc | 0x02;
    Mac(mac)
}
