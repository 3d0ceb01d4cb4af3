//! Plain data: what a cluster's kernels hold, the Kubernetes objects that matter, and traces.
//!
//! Absent, empty and unknown are three different things here: a table that was not read is `None`, one that was
//! read and holds nothing is `Some` of an empty list.

mod cluster;
mod finding;
mod ipset;
mod ipvs;
mod link;
mod names;
mod neighbor;
mod objects;
mod packet;
mod part;
mod recent;
mod rejects;
mod route;
mod sandbox;
mod socket;
mod sysctl;

pub mod dns;
pub mod iptables;
pub mod kube_proxy;
pub mod nftables;
pub mod text;
pub mod trace;

pub use cluster::{Cluster, FlannelConfig, Gap, Netns, NetnsId, NetnsName, Node};
pub use finding::{Finding, Place, Severity};
pub use ipset::{IpSet, SetElement, SetPart};
pub use ipvs::{
    Forwarding, IpvsConnection, Persistence, RealServer, ServerConnections, Takes, VirtualServer,
};
pub use link::{Address, AddressScope, BridgePort, Ipip, Link, LinkKind, Vlan, Vxlan};
pub use neighbor::{FdbEntry, Mac, Neighbor, NeighborState};
pub use objects::{
    ContainerPort, Endpoint, EndpointSlice, NodeObject, ObjectKind, Objects, Pod, PortRef, Service,
    ServicePort,
};
pub use packet::{ConntrackEntry, ConntrackState, Family, Flow, FlowEnd, Protocol, Tuple};
pub use part::Part;
pub use recent::{Jiffies, RecentEntry, RecentList};
pub use rejects::RejectWith;
pub use route::{NextHop, Route, RouteScope, RouteType, RoutingRule, RuleAction, Table};
pub use sandbox::{CONTAINER_PREFIX, Holder, NetworkMode, Occupied, Runtime, Sandbox};
pub use socket::{Socket, SocketState};
pub use sysctl::{OF_DEVICES, Sysctls};
