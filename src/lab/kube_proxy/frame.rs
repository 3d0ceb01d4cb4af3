//! The chains and jumps of kube-proxy that are there without any Service.

use super::text::{comment, counter};
use super::{INVALID_COUNTER, MASQUERADE, Settings};
use crate::lab::rules::{Rules, Table};

/// Adds them.
pub fn write(rules: &mut Rules, settings: Settings) {
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
