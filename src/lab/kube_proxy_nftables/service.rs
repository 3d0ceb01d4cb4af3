//! What one port of a Service adds: elements of maps, its chains, and those of its endpoints (`syncProxyRules`).

use std::net::IpAddr;

use ipnet::IpNet;

use super::{Layout, MASQUERADE, not_from_pods};
use crate::lab::nft_table::NftTable;
use crate::model::kube_proxy::{NftName, Target, Targets, balanced_ips, is_external, port_name};
use crate::model::{Family, Service, ServicePort};

/// One port of one Service, and all that its rules follow from.
pub(super) struct PortRules<'a> {
    pub service: &'a Service,
    pub port: &'a ServicePort,
    pub cluster_ip: IpAddr,
    pub protocol: &'static str,
    pub targets: Targets,
    pub family: Family,
    pub layout: Layout,
    pub cluster_cidr: IpNet,
    /// The node's main address.
    pub node: IpAddr,
}

impl PortRules<'_> {
    /// Adds it all.
    pub fn write(&self, table: &mut NftTable) {
        table.element("cluster-ips", self.cluster_ip.to_string(), "");
        self.write_cluster_ip(table);
        self.write_external_addresses(table);
        self.write_node_port(table);
        self.write_external_chain(table);
        self.write_firewall(table);
        for local in [false, true] {
            let targets = self.of_policy(local);
            if !targets.is_empty() {
                self.write_choice(table, &self.policy_chain(local), targets);
            }
        }
        for target in &self.targets.reachable {
            self.write_endpoint(table, target);
        }
    }

    fn write_cluster_ip(&self, table: &mut NftTable) {
        let local = self.service.internal_local;
        let here = self.at(self.cluster_ip);
        if !self.can_serve(local) {
            table.element("no-endpoint-services", here, &self.refusal());
            return;
        }
        let chain = self.policy_chain(local);
        table.element("service-ips", here, &format!(" : goto {chain}"));
        if self.layout == Layout::V1_30 {
            let (ip, foreign) = (table.ip(), not_from_pods(table, self.cluster_cidr));
            table.rule(
                &chain,
                format!(
                    "{ip} daddr {} {} dport {} {foreign} jump mark-for-masquerade",
                    self.cluster_ip, self.protocol, self.port.port
                ),
            );
        }
    }

    fn write_external_addresses(&self, table: &mut NftTable) {
        let external = self.service.external_ips.iter().copied();
        let external = external.filter(|ip| Family::of(*ip) == self.family);
        for ip in external.chain(balanced_ips(self.service, self.family)) {
            if self.targets.any {
                let to = format!(" : goto {}", self.name(NftName::External));
                table.element("service-ips", self.at(ip), &to);
            }
            if !self.can_serve(self.service.external_local) {
                table.element("no-endpoint-services", self.at(ip), &self.refusal());
            }
        }
    }

    fn write_node_port(&self, table: &mut NftTable) {
        let Some(node_port) = self.port.node_port else {
            return;
        };
        let key = || format!("{} . {node_port}", self.protocol);
        if self.targets.any {
            let to = format!(" : goto {}", self.name(NftName::External));
            table.element("service-nodeports", key(), &to);
        }
        if !self.can_serve(self.service.external_local) {
            table.element("no-endpoint-nodeports", key(), &self.refusal());
        }
    }

    fn write_external_chain(&self, table: &mut NftTable) {
        if !self.targets.any || !is_external(self.service, self.port, self.family) {
            return;
        }
        let chain = self.name(NftName::External);
        let mark = match self.layout {
            Layout::V1_30 => "jump mark-for-masquerade".to_owned(),
            Layout::V1_36 => format!("meta mark set meta mark | {MASQUERADE}"),
        };
        let local = self.service.external_local;
        if local {
            // Pods and the node itself need not keep to local endpoints: they are not outside.
            let (ip, everywhere) = (table.ip(), self.policy_chain(false));
            let pods = self.cluster_cidr;
            for rule in [
                format!(
                    "{ip} saddr {pods} goto {everywhere} comment \"short-circuit pod traffic\""
                ),
                format!("fib saddr type local {mark} comment \"masquerade local traffic\""),
                format!(
                    "fib saddr type local goto {everywhere} comment \"short-circuit local traffic\""
                ),
            ] {
                table.rule(&chain, rule);
            }
        } else {
            let why = match self.layout {
                Layout::V1_30 => "",
                Layout::V1_36 => " comment \"masquerade\"",
            };
            table.rule(&chain, format!("{mark}{why}"));
        }
        if self.can_serve(local) {
            table.rule(&chain, format!("goto {}", self.policy_chain(local)));
        }
    }

    /// Source ranges hold whether or not there are endpoints.
    fn write_firewall(&self, table: &mut NftTable) {
        let balanced: Vec<IpAddr> = balanced_ips(self.service, self.family).collect();
        let ranges = self.service.source_ranges.iter();
        let ranges: Vec<&IpNet> = ranges
            .filter(|range| Family::of(range.addr()) == self.family)
            .collect();
        if balanced.is_empty() || ranges.is_empty() {
            return;
        }
        let chain = self.name(NftName::Firewall);
        for ip in &balanced {
            table.element("firewall-ips", self.at(*ip), &format!(" : goto {chain}"));
        }
        let mut sources: Vec<String> = ranges.iter().map(ToString::to_string).collect();
        // A node that may connect may find itself with the balancer's address as its source.
        if ranges.iter().any(|range| range.contains(&self.node)) {
            sources.extend(balanced.iter().map(ToString::to_string));
        }
        let ip = table.ip();
        table.rule(
            &chain,
            format!("{ip} saddr != {{ {} }} drop", sources.join(", ")),
        );
    }

    /// The choice of one endpoint: that which a client is bound to, else by chance.
    fn write_choice(&self, table: &mut NftTable, chain: &str, targets: &[Target]) {
        let ip = table.ip();
        if self.service.affinity_seconds.is_some() {
            for target in targets {
                let (set, endpoint) = (
                    self.endpoint(NftName::Affinity, target),
                    self.endpoint(NftName::Endpoint, target),
                );
                table.rule(chain, format!("{ip} saddr @{set} goto {endpoint}"));
            }
        }
        let elements = |of: &dyn Fn(&Target) -> String| {
            let numbered = targets.iter().enumerate();
            let all: Vec<_> = numbered
                .map(|(n, one)| format!("{n} : {}", of(one)))
                .collect();
            all.join(", ")
        };
        let draw = format!("numgen random mod {}", targets.len());
        let rule = if self.has_endpoint_chains() {
            let to = elements(&|one| format!("goto {}", self.endpoint(NftName::Endpoint, one)));
            format!("{draw} vmap {{ {to} }}")
        } else {
            let to = elements(&|one| format!("{} . {}", one.address.ip(), one.address.port()));
            let protocol = self.protocol;
            format!("meta l4proto {protocol} dnat {ip} to {draw} map {{ {to} }}")
        };
        table.rule(chain, rule);
    }

    fn write_endpoint(&self, table: &mut NftTable, target: &Target) {
        let ip = table.ip();
        let (address, host) = (target.address, target.address.ip());
        if self.layout == Layout::V1_36 && target.local {
            // A pod that reaches itself through the Service must not see itself as the client.
            let key = format!("{host} . {host} . {} . {}", self.protocol, address.port());
            table.element("hairpin-connections", key, "");
        }
        if !self.has_endpoint_chains() {
            return;
        }
        let chain = self.endpoint(NftName::Endpoint, target);
        if self.layout == Layout::V1_30 {
            table.rule(
                &chain,
                format!("{ip} saddr {host} jump mark-for-masquerade"),
            );
        }
        if let Some(seconds) = self.service.affinity_seconds {
            let set = self.endpoint(NftName::Affinity, target);
            let address_type = match self.family {
                Family::V4 => "type ipv4_addr",
                Family::V6 => "type ipv6_addr",
            };
            // The size is the kernel's, where none is asked for.
            table.set(
                &set,
                &[
                    address_type,
                    "size 65535",
                    "flags dynamic,timeout",
                    &format!("timeout {seconds}s"),
                ],
            );
            table.rule(&chain, format!("update @{set} {{ {ip} saddr }}"));
        }
        let protocol = self.protocol;
        table.rule(&chain, format!("meta l4proto {protocol} dnat to {address}"));
    }

    /// Since 1.36 they have chains only where clients are bound to them.
    fn has_endpoint_chains(&self) -> bool {
        self.layout == Layout::V1_30 || self.service.affinity_seconds.is_some()
    }

    fn of_policy(&self, local: bool) -> &[Target] {
        match local {
            true => &self.targets.local,
            false => &self.targets.cluster,
        }
    }

    fn policy_chain(&self, local: bool) -> String {
        self.name(match local {
            true => NftName::Local,
            false => NftName::Service,
        })
    }

    /// Whether traffic of that policy has an endpoint to go to.
    fn can_serve(&self, local: bool) -> bool {
        self.targets.any && !(local && self.targets.local.is_empty())
    }

    /// What becomes of traffic that has none: the rest of a map's element.
    fn refusal(&self) -> String {
        let verdict = match self.targets.any {
            true => "drop",
            false => "goto reject-chain",
        };
        let name = port_name(self.service, self.port);
        format!(" comment \"{name}\" : {verdict}")
    }

    /// This port at an address, as a key.
    fn at(&self, ip: IpAddr) -> String {
        format!("{ip} . {} . {}", self.protocol, self.port.port)
    }

    fn name(&self, name: NftName) -> String {
        name.of(self.service, self.port, None)
    }

    fn endpoint(&self, name: NftName, target: &Target) -> String {
        name.of(self.service, self.port, Some(target.address))
    }
}
