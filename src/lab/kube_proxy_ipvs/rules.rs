//! The iptables rules of kube-proxy's ipvs mode (`writeIptablesRules`, `acceptIPVSTraffic`): they go by the sets, and
//! those of empty sets are left out.

use ipnet::IpNet;

use super::sets::Sets;
use crate::lab::rules::{Rules, Table};
use crate::model::Family;

/// The bit that marks packets to be masqueraded, as mark and mask.
const MASQUERADE: &str = "0x4000/0x4000";
const EXTERNAL: &str = "Kubernetes service external ip + port for masquerade and filter purpose";
const EXTERNAL_LOCAL: &str =
    "Kubernetes service external ip + port with externalTrafficPolicy=local";

/// Jumps from the kernel's chains, each put first: table, chain, target, comment.
const JUMPS: [(Table, &str, &str, &str); 9] = [
    (
        Table::Nat,
        "OUTPUT",
        "KUBE-SERVICES",
        "kubernetes service portals",
    ),
    (
        Table::Nat,
        "PREROUTING",
        "KUBE-SERVICES",
        "kubernetes service portals",
    ),
    (
        Table::Nat,
        "POSTROUTING",
        "KUBE-POSTROUTING",
        "kubernetes postrouting rules",
    ),
    (
        Table::Filter,
        "FORWARD",
        "KUBE-FORWARD",
        "kubernetes forwarding rules",
    ),
    (
        Table::Filter,
        "INPUT",
        "KUBE-NODE-PORT",
        "kubernetes health check rules",
    ),
    (
        Table::Filter,
        "INPUT",
        "KUBE-PROXY-FIREWALL",
        "kube-proxy firewall rules",
    ),
    (
        Table::Filter,
        "FORWARD",
        "KUBE-PROXY-FIREWALL",
        "kube-proxy firewall rules",
    ),
    (
        Table::Filter,
        "INPUT",
        "KUBE-IPVS-FILTER",
        "kubernetes ipvs access filter",
    ),
    (
        Table::Filter,
        "OUTPUT",
        "KUBE-IPVS-OUT-FILTER",
        "kubernetes ipvs access filter",
    ),
];

/// Rules that go by one set: set, table, chain, protocol, directions, target, comment.
type BySet = (
    &'static str,
    Table,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
);
const BY_SET: [BySet; 13] = [
    (
        "LOOP-BACK",
        Table::Nat,
        "KUBE-POSTROUTING",
        "",
        "dst,dst,src",
        "MASQUERADE",
        "Kubernetes endpoints dst ip:port, source ip for solving hairpin purpose",
    ),
    (
        "LOAD-BALANCER",
        Table::Nat,
        "KUBE-SERVICES",
        "",
        "dst,dst",
        "KUBE-LOAD-BALANCER",
        "Kubernetes service lb portal",
    ),
    (
        "LOAD-BALANCER-LOCAL",
        Table::Nat,
        "KUBE-LOAD-BALANCER",
        "",
        "dst,dst",
        "RETURN",
        "Kubernetes service load balancer ip + port with externalTrafficPolicy=local",
    ),
    (
        "LOAD-BALANCER-FW",
        Table::Filter,
        "KUBE-PROXY-FIREWALL",
        "",
        "dst,dst",
        "KUBE-SOURCE-RANGES-FIREWALL",
        "Kubernetes service load balancer ip + port for load balancer with sourceRange",
    ),
    (
        "LOAD-BALANCER-SOURCE-CIDR",
        Table::Filter,
        "KUBE-SOURCE-RANGES-FIREWALL",
        "",
        "dst,dst,src",
        "RETURN",
        "Kubernetes service load balancer ip + port + source cidr for packet filter purpose",
    ),
    (
        "LOAD-BALANCER-SOURCE-IP",
        Table::Filter,
        "KUBE-SOURCE-RANGES-FIREWALL",
        "",
        "dst,dst,src",
        "RETURN",
        "Kubernetes service load balancer ip + port + source IP for packet filter purpose",
    ),
    (
        "NODE-PORT-LOCAL-TCP",
        Table::Nat,
        "KUBE-NODE-PORT",
        "tcp",
        "dst",
        "RETURN",
        "Kubernetes nodeport TCP port with externalTrafficPolicy=local",
    ),
    (
        "NODE-PORT-TCP",
        Table::Nat,
        "KUBE-NODE-PORT",
        "tcp",
        "dst",
        "KUBE-MARK-MASQ",
        "Kubernetes nodeport TCP port for masquerade purpose",
    ),
    (
        "NODE-PORT-LOCAL-UDP",
        Table::Nat,
        "KUBE-NODE-PORT",
        "udp",
        "dst",
        "RETURN",
        "Kubernetes nodeport UDP port with externalTrafficPolicy=local",
    ),
    (
        "NODE-PORT-UDP",
        Table::Nat,
        "KUBE-NODE-PORT",
        "udp",
        "dst",
        "KUBE-MARK-MASQ",
        "Kubernetes nodeport UDP port for masquerade purpose",
    ),
    (
        "NODE-PORT-LOCAL-SCTP-HASH",
        Table::Nat,
        "KUBE-NODE-PORT",
        "sctp",
        "dst,dst",
        "RETURN",
        "Kubernetes nodeport SCTP port with externalTrafficPolicy=local with type 'hash ip:port'",
    ),
    (
        "NODE-PORT-SCTP-HASH",
        Table::Nat,
        "KUBE-NODE-PORT",
        "sctp",
        "dst,dst",
        "KUBE-MARK-MASQ",
        "Kubernetes nodeport SCTP port for masquerade purpose with type 'hash ip:port'",
    ),
    // Whether or not it holds anything.
    (
        "HEALTH-CHECK-NODE-PORT",
        Table::Filter,
        "KUBE-NODE-PORT",
        "",
        "dst",
        "ACCEPT",
        "Kubernetes health check node port",
    ),
];

/// Adds the rules of one address family. Sources in `cluster_cidr` are pods.
pub fn write(rules: &mut Rules, sets: &Sets, cluster_cidr: IpNet) {
    let family = Family::of(cluster_cidr.addr());
    for (table, from, to, why) in JUMPS {
        rules.declare(table, to);
        rules.prepend(table, from, format!("{} -j {to}", comment(why)));
    }
    for (table, chain) in [
        (Table::Nat, "KUBE-LOAD-BALANCER"),
        (Table::Nat, "KUBE-NODE-PORT"),
        (Table::Filter, "KUBE-SOURCE-RANGES-FIREWALL"),
    ] {
        rules.declare(table, chain);
    }
    let loopback = match family {
        Family::V4 => "127.0.0.0/8",
        Family::V6 => "::1/128",
    };
    let mut nat = |chain: &str, rule: String| rules.append(Table::Nat, chain, rule);
    nat("KUBE-SERVICES", format!("-s {loopback} -j RETURN"));
    nat(
        "KUBE-MARK-MASQ",
        format!("-j MARK --set-xmark {MASQUERADE}"),
    );
    for (set, table, chain, protocol, directions, target, why) in BY_SET {
        if !sets.holds_any(set) && set != "HEALTH-CHECK-NODE-PORT" {
            continue;
        }
        let protocol = match protocol {
            "" => String::new(),
            name => format!("-p {name} "),
        };
        let matches = in_set(sets, set, directions);
        let rule = format!("{protocol}{} {matches} -j {target}", comment(why));
        rules.append(table, chain, rule);
    }
    write_masquerading(rules);
    write_services(rules, sets, cluster_cidr);
    write_filters(rules, sets, family);
}

fn write_masquerading(rules: &mut Rules) {
    for rule in [
        format!("-m mark ! --mark {MASQUERADE} -j RETURN"),
        // Takes the mark off again, so that a tunnel's packet does not have it.
        "-j MARK --set-xmark 0x4000/0x0".to_owned(),
        format!(
            "{} -j MASQUERADE --random-fully",
            comment("kubernetes service traffic requiring SNAT")
        ),
    ] {
        rules.append(Table::Nat, "KUBE-POSTROUTING", rule);
    }
    rules.append(Table::Nat, "KUBE-LOAD-BALANCER", "-j KUBE-MARK-MASQ");
}

fn write_services(rules: &mut Rules, sets: &Sets, cluster_cidr: IpNet) {
    let mut add = |rule: String| rules.append(Table::Nat, "KUBE-SERVICES", rule);
    if sets.holds_any("CLUSTER-IP") {
        let why = "Kubernetes service cluster ip + port for masquerade purpose";
        let matches = in_set(sets, "CLUSTER-IP", "dst,dst");
        add(format!(
            "! -s {cluster_cidr} {} {matches} -j KUBE-MARK-MASQ",
            comment(why)
        ));
    }
    for (set, why, marks) in [
        ("EXTERNAL-IP", EXTERNAL, true),
        ("EXTERNAL-IP-LOCAL", EXTERNAL_LOCAL, false),
    ] {
        if !sets.holds_any(set) {
            continue;
        }
        let matches = format!("{} {}", comment(why), in_set(sets, set, "dst,dst"));
        if marks {
            add(format!("{matches} -j KUBE-MARK-MASQ"));
        }
        // From outside, and to this node's own addresses.
        add(format!(
            "{matches} -m physdev ! --physdev-is-in -m addrtype ! --src-type LOCAL -j ACCEPT"
        ));
        add(format!("{matches} -m addrtype --dst-type LOCAL -j ACCEPT"));
    }
    add("-m addrtype --dst-type LOCAL -j KUBE-NODE-PORT".to_owned());
    for set in ["CLUSTER-IP", "LOAD-BALANCER"] {
        if sets.holds_any(set) {
            add(format!("{} -j ACCEPT", in_set(sets, set, "dst,dst")));
        }
    }
}

fn write_filters(rules: &mut Rules, sets: &Sets, family: Family) {
    let mut add = |chain: &str, rule: String| rules.append(Table::Filter, chain, rule);
    add("KUBE-SOURCE-RANGES-FIREWALL", "-j DROP".to_owned());
    for (set, directions) in [
        ("LOAD-BALANCER", "dst,dst"),
        ("CLUSTER-IP", "dst,dst"),
        ("EXTERNAL-IP", "dst,dst"),
        ("EXTERNAL-IP-LOCAL", "dst,dst"),
        ("HEALTH-CHECK-NODE-PORT", "dst"),
    ] {
        let matches = in_set(sets, set, directions);
        add("KUBE-IPVS-FILTER", format!("{matches} -j RETURN"));
    }
    let icmp = match family {
        Family::V4 => "icmp-port-unreachable",
        Family::V6 => "icmp6-port-unreachable",
    };
    let matches = in_set(sets, "IPVS-IPS", "dst");
    add(
        "KUBE-IPVS-FILTER",
        format!("-m conntrack --ctstate NEW {matches} -j REJECT --reject-with {icmp}"),
    );
    add(
        "KUBE-FORWARD",
        format!(
            "{} -m mark --mark {MASQUERADE} -j ACCEPT",
            comment("kubernetes forwarding rules")
        ),
    );
    add(
        "KUBE-FORWARD",
        format!(
            "{} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
            comment("kubernetes forwarding conntrack rule")
        ),
    );
}

fn comment(text: &str) -> String {
    format!("-m comment --comment \"{text}\"")
}

fn in_set(sets: &Sets, set: &str, directions: &str) -> String {
    format!("-m set --match-set {} {directions}", sets.name(set))
}
