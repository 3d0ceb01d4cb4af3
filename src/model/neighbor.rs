//! Neighbour tables and forwarding databases (`ip neigh`, `bridge fdb`).

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// An Ethernet address. Displayed and read as `aa:bb:cc:dd:ee:ff`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Mac(pub [u8; 6]);

impl Mac {
    /// All zeroes: in a vxlan device's fdb, the entry for destinations without one of their own.
    pub const ZERO: Self = Self([0; 6]);
    /// All ones.
    pub const BROADCAST: Self = Self([0xff; 6]);

    /// Broadcast and multicast addresses have the lowest bit of the first byte set.
    pub fn is_multicast(self) -> bool {
        self.0[0] & 1 == 1
    }
}

impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

/// Text that is no Ethernet address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an Ethernet address")]
pub struct NotAMac(String);

impl FromStr for Mac {
    type Err = NotAMac;

    fn from_str(text: &str) -> Result<Self, NotAMac> {
        let mut bytes = [0; 6];
        let mut parts = text.split(':');
        for byte in &mut bytes {
            let part = parts.next().filter(|part| matches!(part.len(), 1 | 2));
            *byte = part
                .and_then(|part| u8::from_str_radix(part, 16).ok())
                .ok_or_else(|| NotAMac(text.to_owned()))?;
        }
        match parts.next() {
            None => Ok(Self(bytes)),
            Some(_) => Err(NotAMac(text.to_owned())),
        }
    }
}

impl From<Mac> for String {
    fn from(mac: Mac) -> Self {
        mac.to_string()
    }
}

impl TryFrom<String> for Mac {
    type Error = NotAMac;

    fn try_from(text: String) -> Result<Self, NotAMac> {
        text.parse()
    }
}

/// An entry of a neighbour table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Neighbor {
    /// Name of the device.
    pub device: String,
    /// The neighbour's address.
    pub ip: IpAddr,
    /// Its link-layer address, when known.
    pub mac: Option<Mac>,
    /// Its state.
    pub state: NeighborState,
    /// NTF_PROXY: an address answered for, not a neighbour.
    pub proxy: bool,
    /// The entry as `ip neigh` prints it, for evidence.
    pub raw: String,
}

/// NUD_* (include/uapi/linux/neighbour.h).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum NeighborState {
    /// 0: nothing known.
    None,
    /// 0x01: asked, no answer yet.
    Incomplete,
    /// 0x02: confirmed lately.
    Reachable,
    /// 0x04: known, used and then confirmed.
    Stale,
    /// 0x08: used, about to be confirmed.
    Delay,
    /// 0x10: being confirmed.
    Probe,
    /// 0x20: did not answer.
    Failed,
    /// 0x40: needs no resolution.
    Noarp,
    /// 0x80: set by an administrator.
    Permanent,
}

impl NeighborState {
    const NAMES: [(Self, &'static str); 9] = [
        (Self::None, "NONE"),
        (Self::Incomplete, "INCOMPLETE"),
        (Self::Reachable, "REACHABLE"),
        (Self::Stale, "STALE"),
        (Self::Delay, "DELAY"),
        (Self::Probe, "PROBE"),
        (Self::Failed, "FAILED"),
        (Self::Noarp, "NOARP"),
        (Self::Permanent, "PERMANENT"),
    ];

    /// The word `ip neigh` has for it.
    pub fn name(self) -> &'static str {
        Self::NAMES
            .iter()
            .find(|(state, _)| *state == self)
            .map_or("", |(_, name)| name)
    }

    /// The state which `ip neigh` calls so.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::NAMES
            .iter()
            .find(|(_, known)| *known == name)
            .map(|(state, _)| *state)
    }

    /// NUD_VALID: frames may be sent to the address it holds.
    pub fn may_transmit(self) -> bool {
        !matches!(self, Self::None | Self::Incomplete | Self::Failed)
    }
}

/// An entry of a forwarding database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FdbEntry {
    /// The address frames are sent to.
    pub mac: Mac,
    /// The device: a bridge port, a vxlan device, the bridge itself.
    pub device: String,
    /// The bridge whose fdb it is in (NTF_MASTER); `None` for a device's own (NTF_SELF).
    pub master: Option<String>,
    /// VLAN, on bridges that filter.
    pub vlan: Option<u16>,
    /// vxlan: the remote tunnel endpoint.
    pub destination: Option<IpAddr>,
    /// vxlan: UDP port there, when not the device's.
    pub port: Option<u16>,
    /// vxlan: VNI to send with, when not the device's.
    pub vni: Option<u32>,
    /// vxlan: outgoing device for the outer packet, by name.
    pub via: Option<String>,
    /// An address of the device itself (`permanent` on a bridge means: deliver here).
    pub permanent: bool,
    /// The entry as `bridge fdb` prints it, for evidence.
    pub raw: String,
}
