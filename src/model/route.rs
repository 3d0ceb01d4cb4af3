//! Routes and policy routing rules (`ip route show table all`, `ip rule`).

use std::fmt;
use std::net::IpAddr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

/// The number of a routing table; 255 local, 254 main, 253 default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Table(pub u32);

impl Table {
    /// RT_TABLE_LOCAL.
    pub const LOCAL: Self = Self(255);
    /// RT_TABLE_MAIN.
    pub const MAIN: Self = Self(254);
    /// RT_TABLE_DEFAULT.
    pub const DEFAULT: Self = Self(253);
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::LOCAL => f.write_str("local"),
            Self::MAIN => f.write_str("main"),
            Self::DEFAULT => f.write_str("default"),
            Self(number) => write!(f, "{number}"),
        }
    }
}

/// A route.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    /// What it leads to; `default` is the prefix of length 0.
    pub destination: IpNet,
    /// IPv6 source-specific routes: only for packets from here.
    pub source: Option<IpNet>,
    /// The table it is in.
    pub table: Table,
    /// What it does.
    pub kind: RouteType,
    /// TOS it is for; 0 is any.
    pub tos: u8,
    /// RTA_PRIORITY: lower wins. The kernel's default is 0 (IPv4), 1024 (IPv6).
    pub metric: u32,
    /// How far away the destination is.
    pub scope: RouteScope,
    /// RTA_PREFSRC.
    pub preferred_source: Option<IpAddr>,
    /// RTA_METRICS mtu.
    pub mtu: Option<u32>,
    /// RTA_NH_ID: the next hop object that it uses (ip-nexthop(8)), one or a group.
    #[serde(default)]
    pub next_hop_id: Option<u32>,
    /// Where packets go next; several are a multipath route. Empty for blackhole and its like.
    pub next_hops: Vec<NextHop>,
    /// The route as `ip route` prints it, for evidence.
    pub raw: String,
}

/// One next hop of a route.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NextHop {
    /// The router, `None` when the destination is on the link. May be of the other family (`via inet6`).
    pub gateway: Option<IpAddr>,
    /// Name of the device.
    pub device: Option<String>,
    /// Share of a multipath route, from 1.
    pub weight: u32,
    /// RTNH_F_ONLINK: the gateway is taken to be on the link.
    pub onlink: bool,
    /// RTNH_F_DEAD: never used.
    pub dead: bool,
    /// RTNH_F_LINKDOWN: used unless `ignore_routes_with_linkdown` is set.
    pub linkdown: bool,
}

/// RTN_*.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum RouteType {
    /// To a next hop.
    Unicast,
    /// To this host itself.
    Local,
    /// To everybody on the link.
    Broadcast,
    /// To an anycast address of this host (IPv6).
    Anycast,
    /// To a multicast group.
    Multicast,
    /// Dropped silently.
    Blackhole,
    /// Dropped, with an ICMP host unreachable.
    Unreachable,
    /// Dropped, with an ICMP administratively prohibited.
    Prohibit,
    /// On to the next routing rule.
    Throw,
}

impl RouteType {
    const NAMES: [(Self, &'static str); 9] = [
        (Self::Unicast, "unicast"),
        (Self::Local, "local"),
        (Self::Broadcast, "broadcast"),
        (Self::Anycast, "anycast"),
        (Self::Multicast, "multicast"),
        (Self::Blackhole, "blackhole"),
        (Self::Unreachable, "unreachable"),
        (Self::Prohibit, "prohibit"),
        (Self::Throw, "throw"),
    ];

    /// The word `ip route` has for it.
    pub fn name(self) -> &'static str {
        name_in(&Self::NAMES, self)
    }

    /// The type which `ip route` calls so.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::NAMES
            .iter()
            .find(|(_, known)| *known == name)
            .map(|(kind, _)| *kind)
    }

    /// Whether it leads nowhere: such a route has no next hop.
    pub fn drops(self) -> bool {
        matches!(
            self,
            Self::Blackhole | Self::Unreachable | Self::Prohibit | Self::Throw
        )
    }
}

/// RT_SCOPE_* of a route; the order is by number, so `Universe` is the widest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum RouteScope {
    /// 0.
    Universe,
    /// 200.
    Site,
    /// 253.
    Link,
    /// 254.
    Host,
    /// 255.
    Nowhere,
}

impl RouteScope {
    const NAMES: [(Self, &'static str); 5] = [
        (Self::Universe, "global"),
        (Self::Site, "site"),
        (Self::Link, "link"),
        (Self::Host, "host"),
        (Self::Nowhere, "nowhere"),
    ];

    /// The word `ip route` has for it.
    pub fn name(self) -> &'static str {
        name_in(&Self::NAMES, self)
    }

    /// The scope which `ip route` calls so.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::NAMES
            .iter()
            .find(|(_, known)| *known == name)
            .map(|(scope, _)| *scope)
    }
}

/// The name that a table of all values has for one of them.
fn name_in<T: PartialEq>(names: &[(T, &'static str)], value: T) -> &'static str {
    names
        .iter()
        .find(|(known, _)| *known == value)
        .map_or("", |(_, name)| name)
}

/// A policy routing rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoutingRule {
    /// Rules are asked in ascending order of it.
    pub priority: u32,
    /// FIB_RULE_INVERT: holds when its selectors do not.
    pub not: bool,
    /// Source prefix.
    pub from: Option<IpNet>,
    /// Destination prefix.
    pub to: Option<IpNet>,
    /// Incoming device; locally generated packets have `lo`.
    pub iif: Option<String>,
    /// Outgoing device: only of sockets bound to it.
    pub oif: Option<String>,
    /// Mark and mask.
    pub fwmark: Option<(u32, u32)>,
    /// TOS; 0 is any.
    pub tos: u8,
    /// IP protocol number.
    pub ip_protocol: Option<u8>,
    /// Source port range.
    pub source_port: Option<(u16, u16)>,
    /// Destination port range.
    pub destination_port: Option<(u16, u16)>,
    /// Owner of the socket, for locally generated packets.
    pub uid_range: Option<(u32, u32)>,
    /// FRA_L3MDEV.
    pub l3mdev: bool,
    /// FRA_SUPPRESS_PREFIXLEN: results of this prefix length or shorter do not count.
    pub suppress_prefix_length: Option<u32>,
    /// What it does when it holds.
    pub action: RuleAction,
    /// Selectors that are not modelled, as `ip rule` prints them (`tun_id 5`): whether the rule holds is then unknown.
    pub not_understood: Vec<String>,
    /// The rule as `ip rule` prints it, for evidence.
    pub raw: String,
}

/// What a policy routing rule does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum RuleAction {
    /// Ask a table; with `l3mdev` that of the device's vrf, and the number here is 0.
    Lookup(Table),
    /// On with the first rule of this priority or higher.
    Goto(u32),
    /// Nothing.
    Nop,
    /// Drop silently.
    Blackhole,
    /// Drop with an ICMP net unreachable.
    Unreachable,
    /// Drop with an ICMP administratively prohibited.
    Prohibit,
}
