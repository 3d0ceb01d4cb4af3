//! Routes, policy rules, and the reverse path filter.

use super::{Fault, Need};

pub(super) const FAULTS: &[Fault] = &[
    Fault {
        id: "local-table-late",
        life: "a script on master makes room for a rule before table local, and puts it back too late",
        steps: &[(
            "node/master",
            "$ip rule add pref 32800 lookup local; $ip rule del pref 0",
        )],
        changes: &["policy rules of master"],
        needs: &[],
        victim: Some(("client", "kubernetes:443")),
    },
    Fault {
        id: "pod-address-on-node",
        life: "keepalived on master is given an address that a pod has",
        steps: &[(
            "node/master",
            "ip addr add ${pod_nginx_test_a%/*}/$host_bits dev enp0s1",
        )],
        changes: &["addresses of master"],
        needs: &[],
        victim: Some(("client", "nginx-test-a:80")),
    },
    Fault {
        id: "policy-rule-takes-pod-traffic",
        life: "a VPN on master accepts a route for the pods of all nodes",
        steps: &[(
            "node/master",
            "$ip route add $cluster via $router table 52; $ip rule add pref 5270 lookup 52",
        )],
        changes: &["policy rules of master"],
        needs: &[],
        victim: Some(("client", "nginx-test-a:80")),
    },
    Fault {
        id: "pod-route-refuses",
        life: "Calico was removed from master, and its blackhole stayed",
        steps: &[("node/master", "$ip route replace blackhole $pods_node1")],
        changes: &["route of master to node1"],
        needs: &[],
        victim: Some(("client", "nginx-test-a:80")),
    },
    Fault {
        id: "pod-route-wrong",
        life: "node1 was given the network which node2 had, and master's route is the old one",
        steps: &[(
            "node/master",
            "$ip route replace $pods_node1 via $nobody dev enp0s1",
        )],
        changes: &["route of master to node1"],
        needs: &[],
        victim: Some(("client", "nginx-test-a:80")),
    },
    Fault {
        id: "pod-route-unusual",
        life: "somebody routes node2's pods past the tunnel on node1",
        steps: &[(
            "node/node1",
            "$ip route replace $pods_node2 via $address_node2 dev enp0s1",
        )],
        changes: &["routes of node1"],
        needs: &[Need::Tunnel, Need::OneNetwork],
        victim: None,
    },
    Fault {
        id: "pod-route-shadowed",
        life: "a VPN on master brings a route to a part of node1's pods",
        steps: &[(
            "node/master",
            "$ip route add $part_of_node1 via $nobody dev enp0s1",
        )],
        changes: &["routes of master to a part of node1"],
        needs: &[],
        victim: Some(("client", "nginx-test-a:80")),
    },
    Fault {
        id: "pod-route-missing",
        life: "NetworkManager removes a route which it does not know",
        steps: &[("node/master", "$ip route del $pods_node1")],
        changes: &["route of master to node1"],
        needs: &[],
        victim: Some(("client", "nginx-test-a:80")),
    },
    Fault {
        id: "rp-filter-drops",
        life: "node1 routes node2's pods past the tunnel, and a hardening tool sets rp_filter = 1",
        steps: &[(
            "node/node1",
            "$ip route replace $pods_node2 via $address_node2 dev enp0s1; sysctl -qw net.ipv4.conf.all.rp_filter=1",
        )],
        changes: &["routes of node1"],
        needs: &[Need::V4, Need::Tunnel, Need::OneNetwork],
        victim: Some(("client-2", "nginx-test-a:80")),
    },
    Fault {
        id: "node-neighbor-wrong",
        life: "node1 got another network card, and master's entry for it was written by hand",
        steps: &[(
            "node/master",
            "$ip neigh replace $address_node1 lladdr 02:00:00:00:00:98 dev enp0s1 nud permanent",
        )],
        changes: &["neighbour of master's wire"],
        needs: &[Need::OneNetwork],
        victim: Some(("client", "nginx-test-a:80")),
    },
    Fault {
        id: "services-without-route",
        life: "the network of an air-gapped master is set up without a default route",
        steps: &[("node/master", "$ip route del default")],
        changes: &["default route of master"],
        needs: &[Need::KubeProxyChains, Need::OneNetwork],
        victim: Some(("node/master", "single:80")),
    },
];
