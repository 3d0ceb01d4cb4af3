//! Network devices and the addresses on them (`ip -d link`, `ip addr`, `bridge -d link`, `bridge vlan`).

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::Mac;

/// A network device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// Its index, unique in its namespace.
    pub index: u32,
    /// Its name, unique in its namespace.
    pub name: String,
    /// What it is.
    pub kind: LinkKind,
    /// IFF_UP: set up by an administrator.
    pub up: bool,
    /// IFF_LOWER_UP: has carrier. Devices without a notion of it have it.
    pub carrier: bool,
    /// IFF_NOARP: no neighbour is ever resolved on it.
    pub noarp: bool,
    /// Bytes of the largest packet.
    pub mtu: u32,
    /// The hardware address, where it has one.
    pub mac: Option<Mac>,
    /// The bridge (or bond, vrf) it is a port of, by name.
    pub master: Option<String>,
    /// IFLA_LINK: index of the veth's peer, of the vlan's or tunnel's lower device.
    pub peer_index: Option<u32>,
    /// IFLA_LINK_NETNSID: the id of the namespace `peer_index` is in; `None` when it is this one.
    pub peer_nsid: Option<i32>,
    /// What it is as a port of a bridge.
    pub port: Option<BridgePort>,
}

/// Kinds of devices, as far as a packet's way differs between them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum LinkKind {
    /// `lo`.
    Loopback,
    /// A real or virtual NIC: what lies behind it is a wire.
    Physical,
    /// One end of a veth pair.
    Veth,
    /// A bridge.
    Bridge {
        /// Whether it filters by VLAN.
        vlan_filtering: bool,
        /// The bridge's own `nf_call_iptables` (besides the sysctl).
        nf_call_iptables: bool,
        /// The bridge's own `nf_call_ip6tables`.
        nf_call_ip6tables: bool,
    },
    /// A vxlan tunnel.
    Vxlan(Vxlan),
    /// A VLAN device of this id on its lower device.
    VlanDevice {
        /// 802.1Q id.
        id: u16,
    },
    /// An IP-in-IP tunnel over IPv4 (`ipip`).
    Ipip(Ipip),
    /// `dummy`: swallows what is sent to it.
    Dummy,
    /// Any other, by the kernel's name for it (`ipip`, `tun`, `wireguard`, `macvlan`, ...).
    Other(String),
}

impl LinkKind {
    /// The kernel's word for it (IFLA_INFO_KIND, `ip -d link`); of a device without one that of its link layer, as iproute2
    /// prints it behind `link/`.
    pub fn name(&self) -> &str {
        match self {
            Self::Loopback => "loopback",
            Self::Physical => "ether",
            Self::Veth => "veth",
            Self::Bridge { .. } => "bridge",
            Self::Vxlan(_) => "vxlan",
            Self::VlanDevice { .. } => "vlan",
            Self::Ipip(_) => "ipip",
            Self::Dummy => "dummy",
            Self::Other(name) => name,
        }
    }
}

/// A vxlan device's settings (IFLA_VXLAN_*).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vxlan {
    /// VXLAN network identifier.
    pub vni: u32,
    /// UDP port it sends to and listens on.
    pub port: u16,
    /// Source address of outer packets; by route when `None`.
    pub local: Option<IpAddr>,
    /// Remote or multicast group for unknown destinations (also the all-zero fdb entry).
    pub group: Option<IpAddr>,
    /// Name of the underlay device given at creation.
    pub lower: Option<String>,
    /// Whether it learns remote addresses from what it receives.
    pub learning: bool,
    /// Outer TTL, 0 means the system's default (inherits nothing).
    pub ttl: u8,
    /// UDP source port range; `None` is the system's local port range.
    pub port_range: Option<(u16, u16)>,
    /// Collects metadata (`external`): an fdb does not decide where it sends.
    pub external: bool,
}

/// An IP-in-IP tunnel's settings (IFLA_IPTUN_*). `tunl0`, which takes what no other does, has neither end.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ipip {
    /// Protocol of what it wraps: 4, IPv4; 0, whatever it can.
    pub protocol: u8,
    /// Source address of outer packets; by route when `None`.
    pub local: Option<IpAddr>,
    /// Where outer packets go; to the next hop of the route when `None`.
    pub remote: Option<IpAddr>,
    /// Name of the device by which outer packets leave, where that is laid down.
    pub lower: Option<String>,
    /// Outer TTL; 0 is that of the packet inside.
    pub ttl: u8,
    /// Outer packets may never be cut (`pmtudisc`).
    pub path_mtu: bool,
    /// The mark with which outer packets are routed.
    pub mark: u32,
    /// Outer packets are wrapped once more (`encap fou`, `encap gue`).
    pub encap: bool,
    /// Collects metadata (`external`): routes say where it sends.
    pub external: bool,
}

/// A device's settings as a port of a bridge (IFLA_BRPORT_*).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BridgePort {
    /// STP state; only 3, forwarding, passes data. 0 disabled, 1 listening, 2 learning, 4 blocking.
    pub state: u8,
    /// May frames leave by the port they came in by?
    pub hairpin: bool,
    /// Isolated ports do not exchange frames.
    pub isolated: bool,
    /// Flood frames of unknown destination here?
    pub flood: bool,
    /// Learn source addresses here?
    pub learning: bool,
    /// VLANs of the port.
    pub vlans: Vec<Vlan>,
}

impl Default for BridgePort {
    /// The kernel's defaults for a port that is up.
    fn default() -> Self {
        Self {
            state: 3,
            hairpin: false,
            isolated: false,
            flood: true,
            learning: true,
            vlans: Vec::new(),
        }
    }
}

/// Membership of a bridge port in a VLAN.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vlan {
    /// 802.1Q id.
    pub id: u16,
    /// Untagged frames that come in belong to this VLAN.
    pub pvid: bool,
    /// Frames of this VLAN leave without a tag.
    pub untagged: bool,
}

/// An address on a device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    /// Name of the device.
    pub device: String,
    /// The local address (IFA_LOCAL).
    pub ip: IpAddr,
    /// Bits of its prefix.
    pub prefix_length: u8,
    /// The other end, on point-to-point addresses.
    pub peer: Option<IpAddr>,
    /// Broadcast address.
    pub broadcast: Option<IpAddr>,
    /// Where the address is valid.
    pub scope: AddressScope,
    /// IFA_F_SECONDARY (IPv4): never chosen as source by itself while a primary serves.
    pub secondary: bool,
    /// IFA_F_TENTATIVE or IFA_F_DADFAILED (IPv6): not usable (yet).
    pub tentative: bool,
    /// IFA_F_DEPRECATED: not chosen as source for new connections.
    pub deprecated: bool,
}

/// `RT_SCOPE_*` of an address, widest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum AddressScope {
    /// RT_SCOPE_UNIVERSE (0).
    Global,
    /// RT_SCOPE_SITE (200).
    Site,
    /// RT_SCOPE_LINK (253).
    Link,
    /// RT_SCOPE_HOST (254).
    Host,
}
