//! Reading changes nothing.

use std::collections::BTreeSet;

use super::scene::quiet;
use super::support::{Namespaces, allowed};

/// Everything that the tools can say of a namespace without making anything in it, a line each.
fn state(made: &Namespaces, at: usize) -> Vec<String> {
    let questions = [
        "cat /proc/net/ip_tables_names",
        "cat /proc/net/ip6_tables_names",
        "nft list ruleset",
        "ipset list -n",
        "ip link",
        "ip addr",
        "ip rule",
        "ip route show table all",
        "ip neigh show nud all",
        "ip netns list-id",
        "bridge -d link",
        "bridge fdb",
        "ss -H -antu",
        "sysctl -a -e --pattern ^net.(ipv4.conf|ipv4.ip_forward|bridge|ipv6.conf)",
    ];
    let lines = |question: &str| -> Vec<String> {
        made.tool(at, question)
            .lines()
            .map(|line| format!("{question}: {line}"))
            .collect()
    };
    questions
        .iter()
        .flat_map(|question| lines(question))
        .collect()
}

/// The lines that one of the two has and the other has not.
fn differences(before: &[String], after: &[String]) -> Vec<String> {
    let (before, after): (BTreeSet<_>, BTreeSet<_>) =
        (before.iter().collect(), after.iter().collect());
    before
        .symmetric_difference(&after)
        .map(|line| (*line).clone())
        .collect()
}

#[test]
fn reading_changes_nothing() {
    if !allowed() {
        return;
    }
    let made = quiet();
    let modules = || std::fs::read_to_string("/proc/modules").ok();
    let nothing: [String; 0] = [];
    let loaded = modules();
    for at in [0, 1] {
        let before = state(&made, at);
        assert!(
            !before.iter().any(|line| line.contains("tables_names: ")),
            "a legacy table is there already"
        );
        assert!(before.len() > 100);
        assert_eq!(made.read().gaps, []);
        assert_eq!(differences(&before, &state(&made, at)), nothing);
    }
    made.tool(0, "iptables-legacy -t nat -A OUTPUT -j ACCEPT");
    made.tool(0, "iptables-nft -A OUTPUT -j ACCEPT");
    let before = state(&made, 0);
    assert!(before.contains(&"cat /proc/net/ip_tables_names: nat".to_owned()));
    made.read();
    assert_eq!(differences(&before, &state(&made, 0)), nothing);
    assert_eq!(modules(), loaded);
}
