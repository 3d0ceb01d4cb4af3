//! flannel's vxlan devices, and what they know of other nodes.

use super::{Fault, Need};

pub(super) const FAULTS: &[Fault] = &[
    Fault {
        id: "vxlan-device-taken",
        life: "another network plugin was removed from node1, its vxlan device stayed, and flannel cannot make its own",
        steps: &[(
            "node/node1",
            "ip link del $tunnel; ip link add cilium_vxlan type vxlan id 1 dstport 8472 local $address_node1 dev enp0s1; \
             ip link set cilium_vxlan up",
        )],
        changes: &["tunnel of node1", "routes of node1"],
        needs: &[Need::Tunnel],
        victim: Some(("client", "nginx-test-a:80")),
    },
    Fault {
        id: "vxlan-device-missing",
        life: "somebody deletes node1's flannel.1, and flannel does not run",
        steps: &[("node/node1", "ip link del $tunnel")],
        changes: &["tunnel of node1", "routes of node1"],
        needs: &[Need::Tunnel],
        victim: Some(("client", "nginx-test-a:80")),
    },
    Fault {
        id: "vxlan-device-down",
        life: "NetworkManager takes node1's flannel.1 down",
        steps: &[("node/node1", "ip link set $tunnel down")],
        changes: &["tunnel of node1", "routes of node1"],
        needs: &[Need::Tunnel],
        victim: Some(("client", "nginx-test-a:80")),
    },
    Fault {
        id: "vxlan-device-bounced",
        life: "the network of node1 is restarted: flannel.1 goes down and up",
        steps: &[(
            "node/node1",
            "ip link set $tunnel down; ip link set $tunnel up",
        )],
        changes: &["tunnel of node1", "routes of node1"],
        needs: &[Need::Tunnel],
        victim: Some(("client", "nginx-test-a:80")),
    },
    Fault {
        id: "vxlan-vni-mismatch",
        life: "net-conf.json gets another VNI, and flannel is restarted on node1 alone",
        steps: &[(
            "node/node1",
            "remake_tunnel id 2 dstport 8472 local $address_node1 nolearning",
        )],
        changes: &["tunnel of node1", "routes of node1"],
        needs: &[Need::Tunnel],
        victim: Some(("client", "nginx-test-a:80")),
    },
    Fault {
        id: "vxlan-port-mismatch",
        life: "net-conf.json gets Windows' port 4789, and flannel is restarted on node1 alone",
        steps: &[(
            "node/node1",
            "remake_tunnel id 1 dstport 4789 local $address_node1 nolearning",
        )],
        changes: &["tunnel of node1", "routes of node1"],
        needs: &[Need::Tunnel],
        victim: Some(("client", "nginx-test-a:80")),
    },
    Fault {
        id: "vxlan-local-address-foreign",
        life: "flannel on node1 is given the address of a NAT gateway as --public-ip",
        steps: &[(
            "node/node1",
            "remake_tunnel id 1 dstport 8472 local $nobody nolearning",
        )],
        changes: &["tunnel of node1", "routes of node1"],
        needs: &[Need::Tunnel, Need::V4],
        victim: Some(("client-1", "three-a:8080")),
    },
    Fault {
        id: "vxlan-learning-on",
        life: "flannel on node1 finds a device that somebody made, and keeps it",
        steps: &[(
            "node/node1",
            "remake_tunnel id 1 dstport 8472 local $address_node1 learning",
        )],
        changes: &["tunnel of node1", "routes of node1"],
        needs: &[Need::Tunnel],
        victim: None,
    },
    Fault {
        id: "vtep-neighbor-stale",
        life: "node1 was made anew with another VTEP MAC, and master's flannel did not follow",
        steps: &[(
            "node/master",
            "$ip neigh replace $subnet_node1 lladdr 02:00:00:00:00:99 dev $tunnel nud permanent; \
             bridge fdb append 02:00:00:00:00:99 dev $tunnel dst $address_node1 self permanent; \
             bridge fdb del $vtep_node1 dev $tunnel",
        )],
        changes: &["entries of master for node1"],
        needs: &[Need::Tunnel],
        victim: Some(("client", "nginx-test-a:80")),
    },
    Fault {
        id: "vxlan-fdb-missing",
        life: "node1's VTEP MAC changed, and flannel on master was stopped between the two things it writes",
        steps: &[(
            "node/master",
            "bridge fdb del $vtep_node1 dev $tunnel; \
             bridge fdb append 02:00:00:00:00:99 dev $tunnel dst $address_node1 self permanent",
        )],
        changes: &["entries of master for node1"],
        needs: &[Need::Tunnel],
        victim: Some(("client", "nginx-test-a:80")),
    },
    Fault {
        id: "vxlan-fdb-destination-wrong",
        life: "node1 got another address by DHCP, and master's flannel did not follow",
        steps: &[(
            "node/master",
            "bridge fdb replace $vtep_node1 dev $tunnel dst $nobody self permanent",
        )],
        changes: &["entries of master for node1"],
        needs: &[Need::Tunnel],
        victim: Some(("client", "nginx-test-a:80")),
    },
    Fault {
        id: "vtep-neighbor-missing",
        life: "somebody flushes master's neighbours",
        steps: &[("node/master", "$ip neigh del $subnet_node1 dev $tunnel")],
        changes: &["entries of master for node1"],
        needs: &[Need::Tunnel],
        victim: Some(("client", "nginx-test-a:80")),
    },
    Fault {
        id: "vxlan-entries-of-gone-node",
        life: "a node was deleted while master's flannel did not run",
        steps: &[(
            "node/master",
            "$ip route add $gone via ${gone%/*} dev $tunnel onlink",
        )],
        changes: &["routes to nobody"],
        needs: &[Need::Tunnel],
        victim: None,
    },
    Fault {
        id: "tunnel-mtu-too-large",
        life: "the wire of node1 gets a smaller MTU after flannel started",
        steps: &[("node/node1", "ip link set enp0s1 mtu 1400")],
        changes: &["wire of node1"],
        needs: &[Need::Tunnel],
        victim: None,
    },
    Fault {
        id: "pod-mtu-too-large",
        life: "flannel on node1 starts with a smaller MTU, and the pods stay",
        steps: &[("node/node1", "ip link set $tunnel mtu 1300")],
        changes: &["tunnel of node1"],
        needs: &[Need::Tunnel],
        victim: None,
    },
];
