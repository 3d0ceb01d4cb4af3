//! The rules that kube-proxy 1.36 writes in its iptables mode, for one address family (pkg/proxy/iptables/proxier.go).
//!
//! A Service's port becomes a line in `KUBE-SERVICES` for each address, a `KUBE-SVC-` chain (and `KUBE-SVL-`, `KUBE-EXT-`,
//! `KUBE-FW-` where policies ask for them) and a `KUBE-SEP-` chain for each endpoint; what cannot be served is refused in
//! the filter table. Go's maps have no order, so the order of Services is kube-proxy's whim; here it is by name.

mod choice;
mod frame;
mod service;
mod text;

use ipnet::IpNet;

use super::rules::{Rules, Table};
use super::spec::first_of;
use crate::model::kube_proxy::{Targets, is_served, port_name, protocol_name};
use crate::model::{Family, NodeObject, Objects};
use service::PortRules;

/// The bit that marks packets to be masqueraded, 14, as mark and mask.
const MASQUERADE: &str = "0x4000/0x4000";
/// More endpoints than this and rules about single ones carry no comments.
const LARGE_CLUSTER: usize = 1000;
/// Counts packets that conntrack could not place, as kube-proxy names it.
pub const INVALID_COUNTER: &str = "ct_state_invalid_dropped_pkts";
/// Counts connections to NodePorts on 127.0.0.1, as kube-proxy names it.
pub const LOCALHOST_COUNTER: &str = "localhost_nps_accepted_pkts";

/// What kube-proxy knows besides the objects.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// `--cluster-cidr` of the address family: sources in it are pods.
    pub cluster_cidr: IpNet,
    /// Whether the kernel has nfacct, with which kube-proxy counts.
    pub nfacct: bool,
}

impl Settings {
    /// The address family that rules are written for.
    pub fn family(&self) -> Family {
        Family::of(self.cluster_cidr.addr())
    }
}

/// Adds kube-proxy's rules on a node: chains and jumps first, as its first full sync does, then every Service.
pub fn write(rules: &mut Rules, objects: &Objects, node: &NodeObject, settings: Settings) {
    let family = settings.family();
    frame::write(rules, settings);
    let with_comments = count(objects) <= LARGE_CLUSTER;
    let mut ports: Vec<_> = objects
        .services
        .iter()
        .filter(|service| is_served(service))
        .filter_map(|service| Some((service, first_of(&service.cluster_ips, family)?)))
        .flat_map(|(service, cluster_ip)| {
            service
                .ports
                .iter()
                .map(move |port| (service, port, cluster_ip))
        })
        .filter_map(|(service, port, cluster_ip)| {
            let protocol = protocol_name(port.protocol)?;
            let targets = Targets::of(objects, service, port, family, node);
            Some(PortRules {
                service,
                port,
                cluster_ip,
                protocol,
                name: port_name(service, port),
                targets,
                settings,
                node,
                with_comments,
            })
        })
        .collect();
    ports.sort_by(|a, b| (&a.name, a.protocol).cmp(&(&b.name, b.protocol)));
    for port in &ports {
        port.write(rules);
    }
    // IPv4 NodePorts may be reached by loopback addresses, IPv6 has no such routes.
    let not_loopback = match family {
        Family::V4 => "",
        Family::V6 => "! -d ::1/128 ",
    };
    rules.append(
        Table::Nat,
        "KUBE-SERVICES",
        format!(
            "{not_loopback}-m comment --comment \"kubernetes service nodeports; NOTE: this must be the last rule in this \
             chain\" -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS"
        ),
    );
}

/// How many endpoints there are in all; above a thousand kube-proxy writes no comments on them.
fn count(objects: &Objects) -> usize {
    objects
        .endpoint_slices
        .iter()
        .map(|slice| slice.ports.len() * slice.endpoints.len())
        .sum()
}
