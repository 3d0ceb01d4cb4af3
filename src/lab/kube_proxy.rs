//! The rules that kube-proxy 1.36 writes in its iptables mode, for IPv4 (pkg/proxy/iptables/proxier.go).
//!
//! A Service's port becomes a line in `KUBE-SERVICES` for each address, a `KUBE-SVC-` chain (and `KUBE-SVL-`, `KUBE-EXT-`,
//! `KUBE-FW-` where policies ask for them) and a `KUBE-SEP-` chain for each endpoint; what cannot be served is refused in
//! the filter table. Go's maps have no order, so the order of Services is kube-proxy's whim; here it is by name.

use std::net::{IpAddr, Ipv4Addr};

use ipnet::{IpNet, Ipv4Net};
use sha2::{Digest as _, Sha256};

use super::endpoints::{self, Target, Targets};
use super::rules::{Rules, Table};
use crate::model::{NodeObject, Objects, Service, ServicePort};

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
    /// `--cluster-cidr`: sources in it are pods.
    pub cluster_cidr: Ipv4Net,
    /// Whether the kernel has nfacct, with which kube-proxy counts.
    pub nfacct: bool,
}

/// Adds kube-proxy's rules on a node: chains and jumps first, as its first full sync does, then every Service.
pub fn write(rules: &mut Rules, objects: &Objects, node: &NodeObject, settings: Settings) {
    write_frame(rules, settings);
    let with_comments = endpoints::count(objects) <= LARGE_CLUSTER;
    let mut ports: Vec<_> = objects
        .services
        .iter()
        .filter(|service| !service.headless && service.kind != "ExternalName")
        .filter_map(|service| Some((service, first_v4(&service.cluster_ips)?)))
        .flat_map(|(service, cluster_ip)| {
            service
                .ports
                .iter()
                .map(move |port| (service, port, cluster_ip))
        })
        .filter_map(|(service, port, cluster_ip)| {
            let protocol = endpoints::protocol_name(port.protocol)?;
            let targets = endpoints::of(objects, service, port, node);
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
    rules.append(
        Table::Nat,
        "KUBE-SERVICES",
        "-m comment --comment \"kubernetes service nodeports; NOTE: this must be the last rule in this chain\" \
         -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS",
    );
}

/// Chains and jumps that are there without any Service.
fn write_frame(rules: &mut Rules, settings: Settings) {
    for table in [Table::Mangle, Table::Filter, Table::Nat] {
        rules.declare(table, "KUBE-PROXY-CANARY");
    }
    // Each jump is put first in its chain, so that they end up in the reverse of this order.
    let jumps = [
        (
            Table::Filter,
            "INPUT",
            "KUBE-EXTERNAL-SERVICES",
            "kubernetes externally-visible service portals",
            true,
        ),
        (
            Table::Filter,
            "FORWARD",
            "KUBE-EXTERNAL-SERVICES",
            "kubernetes externally-visible service portals",
            true,
        ),
        (
            Table::Filter,
            "INPUT",
            "KUBE-NODEPORTS",
            "kubernetes health check service ports",
            false,
        ),
        (
            Table::Filter,
            "FORWARD",
            "KUBE-SERVICES",
            "kubernetes service portals",
            true,
        ),
        (
            Table::Filter,
            "OUTPUT",
            "KUBE-SERVICES",
            "kubernetes service portals",
            true,
        ),
        (
            Table::Filter,
            "FORWARD",
            "KUBE-FORWARD",
            "kubernetes forwarding rules",
            false,
        ),
        (
            Table::Filter,
            "INPUT",
            "KUBE-PROXY-FIREWALL",
            "kubernetes load balancer firewall",
            true,
        ),
        (
            Table::Filter,
            "OUTPUT",
            "KUBE-PROXY-FIREWALL",
            "kubernetes load balancer firewall",
            true,
        ),
        (
            Table::Filter,
            "FORWARD",
            "KUBE-PROXY-FIREWALL",
            "kubernetes load balancer firewall",
            true,
        ),
        (
            Table::Nat,
            "OUTPUT",
            "KUBE-SERVICES",
            "kubernetes service portals",
            false,
        ),
        (
            Table::Nat,
            "PREROUTING",
            "KUBE-SERVICES",
            "kubernetes service portals",
            false,
        ),
        (
            Table::Nat,
            "POSTROUTING",
            "KUBE-POSTROUTING",
            "kubernetes postrouting rules",
            false,
        ),
    ];
    for (table, from, to, why, only_new) in jumps {
        rules.declare(table, to);
        let state = if only_new {
            "-m conntrack --ctstate NEW "
        } else {
            ""
        };
        rules.prepend(table, from, format!("{state}{} -j {to}", comment(why)));
    }
    for chain in ["KUBE-NODEPORTS", "KUBE-MARK-MASQ"] {
        rules.declare(Table::Nat, chain);
    }
    rules.append(
        Table::Nat,
        "KUBE-MARK-MASQ",
        format!("-j MARK --set-xmark {MASQUERADE}"),
    );
    rules.append(
        Table::Nat,
        "KUBE-POSTROUTING",
        format!("-m mark ! --mark {MASQUERADE} -j RETURN"),
    );
    // Takes the mark off again, so that the packet, when it passes here once more inside a tunnel, is left alone.
    rules.append(
        Table::Nat,
        "KUBE-POSTROUTING",
        "-j MARK --set-xmark 0x4000/0x0",
    );
    rules.append(
        Table::Nat,
        "KUBE-POSTROUTING",
        "-m comment --comment \"kubernetes service traffic requiring SNAT\" -j MASQUERADE --random-fully",
    );
    let counted = counter(settings, INVALID_COUNTER);
    rules.append(
        Table::Filter,
        "KUBE-FORWARD",
        format!("-m conntrack --ctstate INVALID {counted}-j DROP"),
    );
    rules.append(
        Table::Filter,
        "KUBE-FORWARD",
        format!(
            "{} -m mark --mark {MASQUERADE} -j ACCEPT",
            comment("kubernetes forwarding rules")
        ),
    );
    rules.append(
        Table::Filter,
        "KUBE-FORWARD",
        format!(
            "{} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
            comment("kubernetes forwarding conntrack rule")
        ),
    );
}

/// One port of one Service, and all that its rules follow from.
struct PortRules<'a> {
    service: &'a Service,
    port: &'a ServicePort,
    cluster_ip: Ipv4Addr,
    protocol: &'static str,
    name: String,
    targets: Targets,
    settings: Settings,
    node: &'a NodeObject,
    with_comments: bool,
}

impl PortRules<'_> {
    fn write(&self, rules: &mut Rules) {
        self.write_cluster_ip(rules);
        self.write_external_addresses(rules);
        self.write_node_port(rules);
        self.write_external_chain(rules);
        self.write_firewall_chain(rules);
        if !self.targets.cluster.is_empty() {
            self.write_choice(rules, &self.chain("KUBE-SVC-"), &self.targets.cluster);
        }
        if !self.targets.local.is_empty() {
            self.write_choice(rules, &self.chain("KUBE-SVL-"), &self.targets.local);
        }
        for target in &self.targets.reachable {
            self.write_endpoint(rules, target);
        }
    }

    /// The chain of policy Cluster or Local.
    fn policy_chain(&self, local: bool) -> String {
        self.chain(if local { "KUBE-SVL-" } else { "KUBE-SVC-" })
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
            (
                format!("{} has no endpoints", self.name),
                "REJECT --reject-with icmp-port-unreachable",
            )
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
            .filter_map(as_v4)
            .map(|ip| (ip, "external IP", false));
        let balanced = self
            .balanced_ips()
            .into_iter()
            .map(|ip| (ip, "loadbalancer IP", self.has_firewall()));
        for (ip, what, firewalled) in external.chain(balanced) {
            if self.targets.any {
                let chain = self.chain(if firewalled { "KUBE-FW-" } else { "KUBE-EXT-" });
                let matches = self.to_address(ip, &format!("{} {what}", self.name));
                rules.append(Table::Nat, "KUBE-SERVICES", format!("{matches} -j {chain}"));
            }
            if firewalled {
                let why = format!(
                    "{} traffic not accepted by {}",
                    self.name,
                    self.chain("KUBE-FW-")
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
                let chain = self.chain("KUBE-EXT-");
                let matches = format!(
                    "-p {protocol} {} -m {protocol} --dport {node_port}",
                    comment(&self.name)
                );
                if self.settings.nfacct {
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
        if !self.targets.any || !endpoints::is_external(self.service, self.port) {
            return;
        }
        let chain = self.chain("KUBE-EXT-");
        let local = self.service.external_local;
        if local {
            // Pods and the node itself need not keep to local endpoints: they are not outside.
            let everywhere = self.chain("KUBE-SVC-");
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
        let (chain, onward) = (self.chain("KUBE-FW-"), self.chain("KUBE-EXT-"));
        let why = comment(&format!("{} loadbalancer IP", self.name));
        let ranges: Vec<_> = self
            .service
            .source_ranges
            .iter()
            .filter_map(as_v4_net)
            .collect();
        for range in &ranges {
            rules.append(Table::Nat, &chain, format!("-s {range} {why} -j {onward}"));
        }
        // A node that may connect may find itself with the balancer's address as its source.
        let node_may = first_v4(&self.node.addresses)
            .is_some_and(|ip| ranges.iter().any(|range| range.contains(&ip)));
        if node_may {
            for ip in self.balanced_ips() {
                rules.append(Table::Nat, &chain, format!("-s {ip}/32 {why} -j {onward}"));
            }
        }
        let rest = format!(
            "other traffic to {} will be dropped by KUBE-PROXY-FIREWALL",
            self.name
        );
        rules.append(Table::Nat, &chain, comment(&rest));
    }

    /// The choice of one endpoint out of several: those a client is bound to first, then by chance.
    fn write_choice(&self, rules: &mut Rules, chain: &str, targets: &[Target]) {
        if let Some(seconds) = self.service.affinity_seconds {
            for target in targets {
                let endpoint = self.endpoint_chain(target);
                rules.append(
                    Table::Nat,
                    chain,
                    format!(
                        "{}-m recent --rcheck --seconds {seconds} --reap --name {endpoint} --mask 255.255.255.255 \
                         --rsource -j {endpoint}",
                        self.choice_comment(target)
                    ),
                );
            }
        }
        for (index, target) in targets.iter().enumerate() {
            let chance = match targets.len() - index {
                1 => String::new(),
                left => format!(
                    "-m statistic --mode random --probability {} ",
                    probability(left)
                ),
            };
            let endpoint = self.endpoint_chain(target);
            rules.append(
                Table::Nat,
                chain,
                format!("{}{chance}-j {endpoint}", self.choice_comment(target)),
            );
        }
    }

    fn write_endpoint(&self, rules: &mut Rules, target: &Target) {
        let chain = self.endpoint_chain(target);
        let why = if self.with_comments {
            format!("{} ", comment(&self.name))
        } else {
            String::new()
        };
        // A pod that reaches itself through the Service must not see itself as the client.
        rules.append(
            Table::Nat,
            &chain,
            format!("-s {}/32 {why}-j KUBE-MARK-MASQ", target.ip),
        );
        let bind = match self.service.affinity_seconds {
            Some(_) => format!("-m recent --set --name {chain} --mask 255.255.255.255 --rsource "),
            None => String::new(),
        };
        let protocol = self.protocol;
        rules.append(
            Table::Nat,
            &chain,
            format!(
                "-p {protocol} {why}{bind}-m {protocol} -j DNAT --to-destination {}",
                target.text()
            ),
        );
    }

    fn choice_comment(&self, target: &Target) -> String {
        if self.with_comments {
            format!(
                "{} ",
                comment(&format!("{} -> {}", self.name, target.text()))
            )
        } else {
            String::new()
        }
    }

    /// Matches this port at an address.
    fn to_address(&self, ip: Ipv4Addr, why: &str) -> String {
        let protocol = self.protocol;
        format!(
            "-d {ip}/32 -p {protocol} {} -m {protocol} --dport {}",
            comment(why),
            self.port.port
        )
    }

    /// The balancer's addresses for which nodes answer (not those with `ipMode: Proxy`).
    fn balanced_ips(&self) -> Vec<Ipv4Addr> {
        let proxied = &self.service.load_balancer_proxy_ips;
        self.service
            .load_balancer_ips
            .iter()
            .filter(|ip| !proxied.contains(ip))
            .filter_map(as_v4)
            .collect()
    }

    fn has_firewall(&self) -> bool {
        self.targets.any
            && !self.balanced_ips().is_empty()
            && self
                .service
                .source_ranges
                .iter()
                .any(|net| as_v4_net(net).is_some())
    }

    fn chain(&self, prefix: &str) -> String {
        format!(
            "{prefix}{}",
            hash(&format!("{}{}", self.name, self.protocol))
        )
    }

    fn endpoint_chain(&self, target: &Target) -> String {
        format!(
            "KUBE-SEP-{}",
            hash(&format!("{}{}{}", self.name, self.protocol, target.text()))
        )
    }
}

/// `NAMESPACE/NAME:PORT`, or `NAMESPACE/NAME` when the port has no name.
fn port_name(service: &Service, port: &ServicePort) -> String {
    let Service {
        namespace, name, ..
    } = service;
    if port.name.is_empty() {
        format!("{namespace}/{name}")
    } else {
        format!("{namespace}/{name}:{}", port.name)
    }
}

/// The first 16 characters of the base32 form (RFC 4648) of a text's SHA-256.
fn hash(text: &str) -> String {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let digest = Sha256::digest(text.as_bytes());
    // Sixteen characters of five bits are the first ten bytes.
    let bits = digest
        .iter()
        .take(10)
        .fold(0_u128, |bits, byte| (bits << 8) | u128::from(*byte));
    (0..16)
        .map(|index| char::from(ALPHABET[(bits >> (75 - 5 * index) & 31) as usize]))
        .collect()
}

/// The chance 1/n as the kernel keeps it, in units of 2^-31, and iptables prints it.
fn probability(n: usize) -> String {
    // kube-proxy writes ten decimals, and libxt_statistic rounds that to the nearest unit.
    let written = (1.0 / n as f64 * 1e10).round() / 1e10;
    let unit = f64::from(1_u32 << 31);
    format!("{:.11}", (written * unit).round() / unit)
}

fn counter(settings: Settings, name: &str) -> String {
    // libxt_nfacct prints two blanks.
    if settings.nfacct {
        format!("-m nfacct --nfacct-name  {name} ")
    } else {
        String::new()
    }
}

fn comment(text: &str) -> String {
    format!("-m comment --comment \"{text}\"")
}

fn first_v4(ips: &[IpAddr]) -> Option<Ipv4Addr> {
    ips.iter().find_map(as_v4)
}

fn as_v4(ip: &IpAddr) -> Option<Ipv4Addr> {
    match ip {
        IpAddr::V4(ip) => Some(*ip),
        IpAddr::V6(_) => None,
    }
}

fn as_v4_net(net: &IpNet) -> Option<Ipv4Net> {
    match net {
        IpNet::V4(net) => Some(*net),
        IpNet::V6(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names and hashes seen in clusters.
    #[test]
    fn chain_names_are_the_real_ones() {
        for (text, expected) in [
            ("default/kubernetes:httpstcp", "NPX46M4PTMTKRN6Y"),
            ("kube-system/kube-dns:dnsudp", "TCOU7JCQXEZGVUNU"),
            ("kube-system/kube-dns:dns-tcptcp", "ERIFXISQEP7F7OF4"),
            (
                "cert-manager/cert-manager-webhook:httpstcp10.244.1.49:10250",
                "VWQIYYHOAHHCJU4I",
            ),
        ] {
            assert_eq!(hash(text), expected);
        }
    }

    /// As iptables-save printed them.
    #[test]
    fn probabilities_are_rounded_as_the_kernel_rounds_them() {
        for (n, expected) in [
            (2, "0.50000000000"),
            (3, "0.33333333349"),
            (5, "0.20000000019"),
            (7, "0.14285714272"),
            (10, "0.10000000009"),
        ] {
            assert_eq!(probability(n), expected);
        }
    }
}
