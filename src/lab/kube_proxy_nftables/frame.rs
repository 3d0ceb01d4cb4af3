//! What the table holds whatever the Services: chains at hooks, sets and maps (`setupNFTables`).

use std::net::IpAddr;

use ipnet::IpNet;

use super::{Layout, MASQUERADE, not_from_pods};
use crate::lab::nft_table::NftTable;

/// A chain at a hook: name, type, hook, priority.
type Base = (&'static str, &'static str, &'static str, &'static str);

const NAT: [Base; 3] = [
    ("nat-prerouting", "nat", "prerouting", "dstnat"),
    ("nat-output", "nat", "output", "-100"),
    ("nat-postrouting", "nat", "postrouting", "srcnat"),
];

const FILTERS_1_30: [Base; 5] = [
    ("filter-prerouting", "filter", "prerouting", "dstnat - 10"),
    ("filter-input", "filter", "input", "-110"),
    ("filter-forward", "filter", "forward", "-110"),
    ("filter-output", "filter", "output", "-110"),
    ("filter-output-post-dnat", "filter", "output", "-90"),
];

const FILTERS_1_36: [Base; 5] = [
    (
        "filter-prerouting-pre-dnat",
        "filter",
        "prerouting",
        "dstnat - 10",
    ),
    ("filter-output-pre-dnat", "filter", "output", "-110"),
    ("filter-input", "filter", "input", "filter"),
    ("filter-forward", "filter", "forward", "filter"),
    ("filter-output", "filter", "output", "filter"),
];

/// Jumps of filters for the first packet of a connection, in their order: chain, target.
const JUMPS_1_30: [(&str, &str); 8] = [
    ("filter-input", "nodeport-endpoints-check"),
    ("filter-input", "service-endpoints-check"),
    ("filter-forward", "service-endpoints-check"),
    ("filter-output", "service-endpoints-check"),
    ("filter-prerouting", "firewall-check"),
    ("filter-output", "firewall-check"),
    ("filter-forward", "cluster-ips-check"),
    ("filter-output-post-dnat", "cluster-ips-check"),
];

const JUMPS_1_36: [(&str, &str); 8] = [
    ("filter-prerouting-pre-dnat", "firewall-check"),
    ("filter-output-pre-dnat", "firewall-check"),
    ("filter-input", "nodeport-endpoints-check"),
    ("filter-input", "service-endpoints-check"),
    ("filter-forward", "service-endpoints-check"),
    ("filter-forward", "cluster-ips-check"),
    ("filter-output", "service-endpoints-check"),
    ("filter-output", "cluster-ips-check"),
];

/// What it follows from.
pub(super) struct Frame {
    pub layout: Layout,
    pub cluster_cidr: IpNet,
    pub service_cidr: IpNet,
    /// The node's main address: NodePorts answer there alone (`--nodeport-addresses primary`).
    pub node: IpAddr,
}

impl Frame {
    /// Adds it all.
    pub fn write(&self, table: &mut NftTable) {
        let (filters, jumps) = match self.layout {
            Layout::V1_30 => (FILTERS_1_30, JUMPS_1_30),
            Layout::V1_36 => (FILTERS_1_36, JUMPS_1_36),
        };
        for (name, kind, hook, priority) in filters.into_iter().chain(NAT) {
            table.base_chain(name, kind, hook, priority);
        }
        for (chain, target) in jumps {
            table.rule(chain, format!("ct state new jump {target}"));
        }
        table.rule("nat-prerouting", "jump services");
        table.rule("nat-output", "jump services");
        table.rule("nat-postrouting", "jump masquerading");
        self.write_sets(table);
        self.write_checks(table);
        self.write_masquerading(table);
        self.write_dispatch(table);
    }

    fn write_sets(&self, table: &mut NftTable) {
        let address = match table.ip() {
            "ip6" => "ipv6_addr",
            _ => "ipv4_addr",
        };
        let at_address = format!("type {address} . inet_proto . inet_service : verdict");
        let at_port = "type inet_proto . inet_service : verdict";
        let addresses = format!("type {address}");
        table.set(
            "cluster-ips",
            &[&addresses, "comment \"Active ClusterIPs\""],
        );
        table.set(
            "nodeport-ips",
            &[&addresses, "comment \"IPs that accept NodePort traffic\""],
        );
        table.element("nodeport-ips", self.node.to_string(), "");
        if self.layout == Layout::V1_36 {
            table.set(
                "hairpin-connections",
                &[
                    &format!("type {address} . {address} . inet_proto . inet_service"),
                    "comment \"service hairpin connections\"",
                ],
            );
        }
        for (name, kind, what) in [
            (
                "no-endpoint-services",
                at_address.as_str(),
                "vmap to drop or reject packets to services with no endpoints",
            ),
            (
                "no-endpoint-nodeports",
                at_port,
                "vmap to drop or reject packets to service nodeports with no endpoints",
            ),
            (
                "firewall-ips",
                &at_address,
                "destinations that are subject to LoadBalancerSourceRanges",
            ),
            (
                "service-ips",
                &at_address,
                "ClusterIP, ExternalIP and LoadBalancer IP traffic",
            ),
            ("service-nodeports", at_port, "NodePort traffic"),
        ] {
            table.map(name, &[kind, &format!("comment \"{what}\"")]);
        }
    }

    fn write_checks(&self, table: &mut NftTable) {
        let ip = table.ip();
        let at_address = format!("{ip} daddr . meta l4proto . th dport");
        for (chain, rule) in [
            (
                "nodeport-endpoints-check",
                format!(
                    "{ip} daddr @nodeport-ips meta l4proto . th dport vmap @no-endpoint-nodeports"
                ),
            ),
            (
                "service-endpoints-check",
                format!("{at_address} vmap @no-endpoint-services"),
            ),
            ("firewall-check", format!("{at_address} vmap @firewall-ips")),
            (
                "cluster-ips-check",
                format!(
                    "{ip} daddr @cluster-ips reject comment \"Reject traffic to invalid ports of ClusterIPs\""
                ),
            ),
            (
                "cluster-ips-check",
                format!(
                    "{ip} daddr {} drop comment \"Drop traffic to unallocated ClusterIPs\"",
                    self.service_cidr
                ),
            ),
            ("reject-chain", "reject".to_owned()),
        ] {
            table.rule(chain, rule);
        }
    }

    fn write_masquerading(&self, table: &mut NftTable) {
        let ip = table.ip();
        let unmark = format!("meta mark set meta mark ^ {MASQUERADE}");
        let rules = match self.layout {
            Layout::V1_30 => {
                table.rule(
                    "mark-for-masquerade",
                    format!("meta mark set meta mark | {MASQUERADE}"),
                );
                vec![
                    format!("meta mark & {MASQUERADE} == 0x00000000 return"),
                    unmark,
                    "masquerade fully-random".to_owned(),
                ]
            }
            Layout::V1_36 => vec![
                format!("meta mark & {MASQUERADE} != 0x00000000 {unmark} masquerade fully-random"),
                format!(
                    "ct status dnat {ip} saddr . {ip} daddr . meta l4proto . th dport @hairpin-connections \
                     masquerade fully-random"
                ),
            ],
        };
        for rule in rules {
            table.rule("masquerading", rule);
        }
    }

    fn write_dispatch(&self, table: &mut NftTable) {
        let ip = table.ip();
        if self.layout == Layout::V1_36 {
            let foreign = not_from_pods(table, self.cluster_cidr);
            table.rule(
                "services",
                format!(
                    "{ip} daddr @cluster-ips {foreign} meta mark set meta mark | {MASQUERADE} \
                     comment \"masquerade clusterIP traffic from outside cluster\""
                ),
            );
        }
        table.rule(
            "services",
            format!("{ip} daddr . meta l4proto . th dport vmap @service-ips"),
        );
        table.rule(
            "services",
            format!("{ip} daddr @nodeport-ips meta l4proto . th dport vmap @service-nodeports"),
        );
    }
}
