//! The rules of one port of a Service: who gets in, by which address, and what is refused.

use std::net::IpAddr;

use ipnet::IpNet;

use super::text::{comment, counter};
use super::{LOCALHOST_COUNTER, Settings};
use crate::lab::rules::{Rules, Table};
use crate::lab::spec::first_of;
use crate::model::kube_proxy::{
    ServiceChain, Target, Targets, balanced_ips, endpoint_chain, is_external,
};
use crate::model::{Family, NodeObject, Service, ServicePort};

/// One port of one Service, and all that its rules follow from.
pub struct PortRules<'a> {
    pub(super) service: &'a Service,
    pub(super) port: &'a ServicePort,
    pub(super) cluster_ip: IpAddr,
    pub(super) protocol: &'static str,
    pub(super) name: String,
    pub(super) targets: Targets,
    pub(super) settings: Settings,
    pub(super) node: &'a NodeObject,
    pub(super) with_comments: bool,
}

impl PortRules<'_> {
    /// Adds them all.
    pub fn write(&self, rules: &mut Rules) {
        self.write_cluster_ip(rules);
        self.write_external_addresses(rules);
        self.write_node_port(rules);
        self.write_external_chain(rules);
        self.write_firewall_chain(rules);
        if !self.targets.cluster.is_empty() {
            self.write_choice(
                rules,
                &self.chain(ServiceChain::Cluster),
                &self.targets.cluster,
            );
        }
        if !self.targets.local.is_empty() {
            self.write_choice(rules, &self.chain(ServiceChain::Local), &self.targets.local);
        }
        for target in &self.targets.reachable {
            self.write_endpoint(rules, target);
        }
    }

    /// The chain of policy Cluster or Local.
    fn policy_chain(&self, local: bool) -> String {
        self.chain(if local {
            ServiceChain::Local
        } else {
            ServiceChain::Cluster
        })
    }

    /// Whether traffic of that policy has an endpoint to go to.
    fn can_serve(&self, local: bool) -> bool {
        self.targets.any && !(local && self.targets.local.is_empty())
    }

    /// What becomes of traffic that has no endpoint to go to: comment, and target with its options.
    fn refusal(&self) -> (String, &'static str) {
        if self.targets.any {
            (format!("{} has no local endpoints", self.name), "DROP")
        } else {
            let refuse = match self.settings.family() {
                Family::V4 => "REJECT --reject-with icmp-port-unreachable",
                Family::V6 => "REJECT --reject-with icmp6-port-unreachable",
            };
            (format!("{} has no endpoints", self.name), refuse)
        }
    }

    fn write_cluster_ip(&self, rules: &mut Rules) {
        let local = self.service.internal_local;
        if self.can_serve(local) {
            let chain = self.policy_chain(local);
            let why = format!("{} cluster IP", self.name);
            let matches = self.to_address(self.cluster_ip, &why);
            rules.append(Table::Nat, "KUBE-SERVICES", format!("{matches} -j {chain}"));
            let foreign = self.settings.cluster_cidr;
            rules.append(
                Table::Nat,
                &chain,
                format!("! -s {foreign} {matches} -j KUBE-MARK-MASQ"),
            );
        } else {
            let (why, target) = self.refusal();
            let matches = self.to_address(self.cluster_ip, &why);
            rules.append(
                Table::Filter,
                "KUBE-SERVICES",
                format!("{matches} -j {target}"),
            );
        }
    }

    fn write_external_addresses(&self, rules: &mut Rules) {
        let external = self
            .service
            .external_ips
            .iter()
            .filter(|ip| self.is_ours(**ip))
            .map(|ip| (*ip, "external IP", false));
        let balanced = self
            .balanced_ips()
            .into_iter()
            .map(|ip| (ip, "loadbalancer IP", self.has_firewall()));
        for (ip, what, firewalled) in external.chain(balanced) {
            if self.targets.any {
                let chain = self.chain(if firewalled {
                    ServiceChain::Firewall
                } else {
                    ServiceChain::External
                });
                let matches = self.to_address(ip, &format!("{} {what}", self.name));
                rules.append(Table::Nat, "KUBE-SERVICES", format!("{matches} -j {chain}"));
            }
            if firewalled {
                let why = format!(
                    "{} traffic not accepted by {}",
                    self.name,
                    self.chain(ServiceChain::Firewall)
                );
                let matches = self.to_address(ip, &why);
                rules.append(
                    Table::Filter,
                    "KUBE-PROXY-FIREWALL",
                    format!("{matches} -j DROP"),
                );
            }
            if !self.can_serve(self.service.external_local) {
                let (why, target) = self.refusal();
                let matches = self.to_address(ip, &why);
                rules.append(
                    Table::Filter,
                    "KUBE-EXTERNAL-SERVICES",
                    format!("{matches} -j {target}"),
                );
            }
        }
    }

    fn write_node_port(&self, rules: &mut Rules) {
        let protocol = self.protocol;
        if let Some(node_port) = self.port.node_port {
            if self.targets.any {
                let chain = self.chain(ServiceChain::External);
                let matches = format!(
                    "-p {protocol} {} -m {protocol} --dport {node_port}",
                    comment(&self.name)
                );
                if self.settings.nfacct && self.settings.family() == Family::V4 {
                    let counted = counter(self.settings, LOCALHOST_COUNTER);
                    rules.append(
                        Table::Nat,
                        "KUBE-NODEPORTS",
                        format!("-d 127.0.0.0/8 {matches} {counted}-j {chain}"),
                    );
                }
                rules.append(
                    Table::Nat,
                    "KUBE-NODEPORTS",
                    format!("{matches} -j {chain}"),
                );
            }
            if !self.can_serve(self.service.external_local) {
                let (why, target) = self.refusal();
                rules.append(
                    Table::Filter,
                    "KUBE-EXTERNAL-SERVICES",
                    format!(
                        "-p {protocol} {} -m addrtype --dst-type LOCAL -m {protocol} --dport {node_port} -j {target}",
                        comment(&why)
                    ),
                );
            }
        }
        if let Some(health) = self.service.health_check_node_port {
            let why = format!("{} health check node port", self.name);
            rules.append(
                Table::Filter,
                "KUBE-NODEPORTS",
                format!("-p tcp {} -m tcp --dport {health} -j ACCEPT", comment(&why)),
            );
        }
    }

    fn write_external_chain(&self, rules: &mut Rules) {
        let family = self.settings.family();
        if !self.targets.any || !is_external(self.service, self.port, family) {
            return;
        }
        let chain = self.chain(ServiceChain::External);
        let local = self.service.external_local;
        if local {
            // Pods and the node itself need not keep to local endpoints: they are not outside.
            let everywhere = self.chain(ServiceChain::Cluster);
            let pods = self.settings.cluster_cidr;
            let why = |what: &str| {
                comment(&format!(
                    "{what} traffic for {} external destinations",
                    self.name
                ))
            };
            rules.append(
                Table::Nat,
                &chain,
                format!("-s {pods} {} -j {everywhere}", why("pod")),
            );
            let from_here = "-m addrtype --src-type LOCAL";
            rules.append(
                Table::Nat,
                &chain,
                format!("{} {from_here} -j KUBE-MARK-MASQ", why("masquerade LOCAL")),
            );
            rules.append(
                Table::Nat,
                &chain,
                format!("{} {from_here} -j {everywhere}", why("route LOCAL")),
            );
        } else {
            let why = format!("masquerade traffic for {} external destinations", self.name);
            rules.append(
                Table::Nat,
                &chain,
                format!("{} -j KUBE-MARK-MASQ", comment(&why)),
            );
        }
        if self.can_serve(local) {
            rules.append(
                Table::Nat,
                &chain,
                format!("-j {}", self.policy_chain(local)),
            );
        }
    }

    fn write_firewall_chain(&self, rules: &mut Rules) {
        if !self.has_firewall() {
            return;
        }
        let (chain, onward) = (
            self.chain(ServiceChain::Firewall),
            self.chain(ServiceChain::External),
        );
        let why = comment(&format!("{} loadbalancer IP", self.name));
        let ranges: Vec<_> = self.source_ranges().collect();
        for range in &ranges {
            rules.append(Table::Nat, &chain, format!("-s {range} {why} -j {onward}"));
        }
        // A node that may connect may find itself with the balancer's address as its source.
        let node_may = first_of(&self.node.addresses, self.settings.family())
            .is_some_and(|ip| ranges.iter().any(|range| range.contains(&ip)));
        if node_may {
            for ip in self.balanced_ips() {
                let itself = IpNet::from(ip);
                rules.append(Table::Nat, &chain, format!("-s {itself} {why} -j {onward}"));
            }
        }
        let rest = format!(
            "other traffic to {} will be dropped by KUBE-PROXY-FIREWALL",
            self.name
        );
        rules.append(Table::Nat, &chain, comment(&rest));
    }

    /// Matches this port at an address.
    fn to_address(&self, ip: IpAddr, why: &str) -> String {
        let protocol = self.protocol;
        format!(
            "-d {} -p {protocol} {} -m {protocol} --dport {}",
            IpNet::from(ip),
            comment(why),
            self.port.port
        )
    }

    /// The balancer's addresses for which nodes answer.
    fn balanced_ips(&self) -> Vec<IpAddr> {
        balanced_ips(self.service, self.settings.family()).collect()
    }

    fn has_firewall(&self) -> bool {
        self.targets.any && !self.balanced_ips().is_empty() && self.source_ranges().next().is_some()
    }

    /// Of this address family.
    fn is_ours(&self, ip: IpAddr) -> bool {
        Family::of(ip) == self.settings.family()
    }

    fn source_ranges(&self) -> impl Iterator<Item = &IpNet> {
        let ranges = self.service.source_ranges.iter();
        ranges.filter(|range| self.is_ours(range.addr()))
    }

    fn chain(&self, kind: ServiceChain) -> String {
        kind.name(&self.name, self.port.protocol)
    }

    /// The chain of an endpoint.
    pub(super) fn endpoint_chain(&self, target: &Target) -> String {
        endpoint_chain(&self.name, self.port.protocol, target.address)
    }
}
