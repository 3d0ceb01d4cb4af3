//! The chains that kubelet leaves on a node: marks of its presence, and the guard of 127.0.0.0/8
//! (pkg/kubelet/kubelet_network_linux.go).

use super::rules::{Rules, Table};
use crate::model::Family;

/// Adds kubelet's chains. Only IPv4 routes loopback addresses when asked to, and so has something to guard.
pub fn write(rules: &mut Rules, family: Family) {
    rules.declare(Table::Mangle, "KUBE-IPTABLES-HINT");
    for table in [Table::Mangle, Table::Filter, Table::Nat] {
        rules.declare(table, "KUBE-KUBELET-CANARY");
    }
    rules.declare(Table::Filter, "KUBE-FIREWALL");
    if family == Family::V4 {
        rules.append(
            Table::Filter,
            "KUBE-FIREWALL",
            "! -s 127.0.0.0/8 -d 127.0.0.0/8 -m comment --comment \"block incoming localnet connections\" \
             -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP",
        );
    }
    for chain in ["OUTPUT", "INPUT"] {
        rules.prepend(Table::Filter, chain, "-j KUBE-FIREWALL");
    }
}
