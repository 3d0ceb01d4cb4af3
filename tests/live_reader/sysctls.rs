//! Kernel settings.

use std::collections::BTreeMap;

use super::scene::node;
use super::support::{allowed, host};

#[test]
fn settings_of_the_namespace() {
    if !allowed() {
        return;
    }
    let made = node();
    made.script(
        0,
        "ip link add eth0.5 type veth peer name x5
         sysctl -w net.ipv4.ip_forward=1
         sysctl -w net.ipv4.conf.up0.rp_filter=2
         sysctl -w net.ipv4.conf.eth0/5.rp_filter=1",
    );
    let cluster = made.read();
    let sysctls = &host(&cluster).sysctls.as_ref().unwrap().0;
    assert_eq!(sysctls["net.ipv4.ip_forward"], "1");
    assert_eq!(sysctls["net.ipv4.conf.up0.rp_filter"], "2");
    assert_eq!(sysctls["net.ipv4.conf.eth0/5.rp_filter"], "1");
    assert_eq!(
        cluster.nodes[0].netns[1]
            .sysctls
            .as_ref()
            .unwrap()
            .get("net.ipv4.conf.up0.rp_filter"),
        None
    );
    // Limits of the neighbour tables are the machine's, and only its first namespace shows them.
    let own = kubenet::collect::live::read_machine(&kubenet::collect::live::LiveOptions::default());
    let own = host(&own.unwrap()).sysctls.clone().unwrap();
    let limit = std::fs::read_to_string("/proc/sys/net/ipv4/neigh/default/gc_thresh3");
    assert_eq!(
        own.get("net.ipv4.neigh.default.gc_thresh3"),
        limit.ok().as_deref().map(str::trim)
    );
    let printed: BTreeMap<String, String> = made
        .tool(0, "sysctl -a -e")
        .lines()
        .filter_map(|line| line.split_once(" = "))
        .map(|(key, value)| (key.to_owned(), value.trim().to_owned()))
        .collect();
    // Counters move between two readings.
    let moves = |key: &str| key.ends_with("_count") || key.ends_with(".random.uuid");
    let mut compared = 0;
    for (key, value) in sysctls.iter().filter(|(key, _)| !moves(key)) {
        // Values of several lines are several lines there.
        if let Some(printed) = printed.get(key).filter(|_| !value.contains('\n')) {
            assert_eq!(value.trim(), printed, "{key}");
            compared += 1;
        }
    }
    for (key, value) in &printed {
        let wanted = ["net.ipv4.conf.", "net.ipv6.conf.", "net.bridge."]
            .iter()
            .any(|start| key.starts_with(start));
        assert!(
            !wanted || sysctls.contains_key(key),
            "{key} = {value} was not read"
        );
    }
    assert!(compared > 500, "only {compared} settings were compared");
}
