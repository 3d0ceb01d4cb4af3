//! Pods' own ends, the veth pairs, and the bridge of their node.

use super::Fault;

pub(super) const FAULTS: &[Fault] = &[
    Fault {
        id: "bridge-down",
        life: "NetworkManager takes node1's cni0 down",
        steps: &[("node/node1", "ip link set cni0 down")],
        changes: &["cni0 of node1"],
        needs: &[],
        victim: Some(("client", "nginx-test-a:80")),
    },
    Fault {
        id: "bridge-address-missing",
        life: "systemd-networkd removes an address which it does not know from node1's cni0",
        steps: &[("node/node1", "ip addr del $bridge_node1 dev cni0")],
        changes: &["address of cni0"],
        needs: &[],
        victim: Some(("client", "nginx-test-a:80")),
    },
    Fault {
        id: "bridge-address-foreign",
        life: "node1 was registered anew with another pod CIDR, and cni0 stayed",
        steps: &[(
            "node/node1",
            "ip addr del $bridge_node1 dev cni0; ip addr add $foreign dev cni0",
        )],
        changes: &["address of cni0"],
        needs: &[],
        victim: Some(("client", "nginx-test-a:80")),
    },
    Fault {
        id: "host-veth-down",
        life: "NetworkManager takes the node's end of a pod's veth pair down",
        steps: &[("node/node1", "ip link set $port_nginx_test_a down")],
        changes: &["port of nginx-test-a"],
        needs: &[],
        victim: Some(("client", "nginx-test-a:80")),
    },
    Fault {
        id: "veth-without-bridge",
        life: "NetworkManager takes the node's end of a pod's veth pair off the bridge",
        steps: &[("node/node1", "ip link set $port_nginx_test_a nomaster")],
        changes: &["port of nginx-test-a"],
        needs: &[],
        victim: Some(("client", "nginx-test-a:80")),
    },
    Fault {
        id: "pod-interface-down",
        life: "something in the pod nginx-test-a takes its eth0 down",
        steps: &[("nginx-test-a", "ip link set eth0 down")],
        changes: &["eth0 of nginx-test-a"],
        needs: &[],
        victim: Some(("client", "nginx-test-a:80")),
    },
    Fault {
        id: "pod-address-missing",
        life: "something in the pod nginx-test-a flushes its addresses",
        steps: &[("nginx-test-a", "ip addr del $pod_nginx_test_a dev eth0")],
        changes: &["eth0 of nginx-test-a"],
        needs: &[],
        victim: Some(("client", "nginx-test-a:80")),
    },
    Fault {
        id: "pod-default-route-missing",
        life: "the CNI configuration lost isDefaultGateway before client started",
        steps: &[("client", "$ip route del default")],
        changes: &["routes of client"],
        needs: &[],
        victim: Some(("client", "nginx-test:80")),
    },
    Fault {
        id: "hairpin-off",
        life: "the CNI configuration lost hairpinMode before single-a started",
        steps: &[(
            "node/node1",
            "bridge link set dev $port_single_a hairpin off",
        )],
        changes: &["port of single-a"],
        needs: &[],
        victim: Some(("single-a", "single:80")),
    },
];
