//! Broken tunnels: flannel's vxlan devices, their fdbs and neighbours, and the network below them.

use crate::broken::{VXLAN, each, each_apart};

/// Between master and node1, which is concerned; with node2, which is not; and through Services.
const ASKED: &[&str] = &[
    "client tcp 10.42.1.7:8080",
    "client udp 10.42.1.7:7007",
    "node/master tcp 10.42.1.7:8080",
    "node/master udp 10.42.1.7:7007",
    "client tcp 10.42.2.7:8080",
    "client tcp 10.42.0.4:8080",
    "client tcp 10.43.10.3:80",
    "client-1 tcp 10.42.0.4:8080",
    "client-1 tcp 10.42.2.7:8080",
    "node/node1 udp 10.43.10.1:7",
];

#[test]
fn fdb_entry() {
    each(
        VXLAN,
        ASKED,
        "
        # deleted
        node/master: bridge fdb del $vtep_node1 dev flannel.1
        # leads to another node
        node/master: bridge fdb replace $vtep_node1 dev flannel.1 dst 192.168.205.5
        # leads to the node itself
        node/master: bridge fdb replace $vtep_node1 dev flannel.1 dst 192.168.205.4
        # leads to nobody
        node/master: bridge fdb replace $vtep_node1 dev flannel.1 dst 192.168.205.99
        node/master: ip neigh replace 192.168.205.99 dev enp0s1 nud failed
        # with another port
        node/master: bridge fdb replace $vtep_node1 dev flannel.1 dst 192.168.205.3 port 4789
        # with another vni
        node/master: bridge fdb replace $vtep_node1 dev flannel.1 dst 192.168.205.3 vni 2
        # default instead
        node/master: bridge fdb del $vtep_node1 dev flannel.1
        node/master: bridge fdb add 00:00:00:00:00:00 dev flannel.1 dst 192.168.205.3
        # wrong default instead
        node/master: bridge fdb del $vtep_node1 dev flannel.1
        node/master: bridge fdb add 00:00:00:00:00:00 dev flannel.1 dst 192.168.205.5
        # several defaults instead
        node/master: bridge fdb del $vtep_node1 dev flannel.1
        node/master: bridge fdb append 00:00:00:00:00:00 dev flannel.1 dst 192.168.205.5
        node/master: bridge fdb append 00:00:00:00:00:00 dev flannel.1 dst 192.168.205.3
        ",
    );
}

#[test]
fn tunnel_neighbor() {
    each(
        VXLAN,
        ASKED,
        "
        # deleted
        node/master: ip neigh del 10.42.1.0 dev flannel.1
        # failed
        node/master: ip neigh replace 10.42.1.0 dev flannel.1 nud failed
        # deleted and all asked
        node/master: ip neigh del 10.42.1.0 dev flannel.1
        node/master: bridge fdb append 00:00:00:00:00:00 dev flannel.1 dst 192.168.205.3
        # unknown address
        node/master: ip neigh replace 10.42.1.0 lladdr 02:00:00:00:00:99 dev flannel.1 nud permanent
        # address of another node
        node/master: ip neigh replace 10.42.1.0 lladdr $vtep_node2 dev flannel.1 nud permanent
        # address changed there
        node/node1: ip link set flannel.1 address 02:00:00:00:00:99
        ",
    );
}

#[test]
fn tunnel_made_anew() {
    each(
        VXLAN,
        ASKED,
        "
        # the same
        node/node1: remake_tunnel nolearning id 1 local 192.168.205.3 dstport 8472
        # another vni
        node/node1: remake_tunnel nolearning id 2 local 192.168.205.3 dstport 8472
        # another port
        node/node1: remake_tunnel nolearning id 1 local 192.168.205.3 dstport 4789
        # no local address
        node/node1: remake_tunnel nolearning id 1 dstport 8472
        # foreign local address
        node/node1: remake_tunnel nolearning id 1 local 192.168.205.33 dstport 8472
        ",
    );
}

#[test]
fn tunnel() {
    let asked = [
        "client tcp 10.42.1.7:8080",
        "client udp 10.42.1.7:7007",
        "node/master tcp 10.42.1.7:8080",
        "client tcp 10.42.2.7:8080",
        "client-1 tcp 10.42.1.7:8080",
        // Its routes went with it: the packet goes to the LAN's router.
        "? client-1 tcp 10.42.0.4:8080",
    ];
    each(
        VXLAN,
        &asked,
        "
        # down
        node/node1: ip link set flannel.1 down
        # gone
        node/node1: ip link del flannel.1
        ",
    );
    let asked = [
        "? client tcp 10.42.1.7:8080",
        "? client-1 tcp 10.42.0.4:8080",
        "client tcp 10.42.2.7:8080",
    ];
    each(
        VXLAN,
        &asked,
        "
        # down and up
        node/node1: ip link set flannel.1 down
        node/node1: ip link set flannel.1 up
        ",
    );
}

/// The nodes' own network.
#[test]
fn underlay() {
    each(
        VXLAN,
        ASKED,
        "
        # address gone
        node/node1: ip addr del 192.168.205.3/24 dev enp0s1
        # down
        node/node1: ip link set enp0s1 down
        # neighbor deleted
        node/master: ip neigh flush dev enp0s1
        # neighbor failed
        node/master: ip neigh replace 192.168.205.3 dev enp0s1 nud failed
        # neighbor is another node
        node/master: ip neigh replace 192.168.205.3 lladdr 08:00:27:aa:00:05 dev enp0s1 nud permanent
        # no route
        node/master: ip route add unreachable 192.168.205.3
        # swallowing route
        node/master: ip route add blackhole 192.168.205.3
        # prohibiting route
        node/master: ip route add prohibit 192.168.205.3
        # by a rule
        node/master: ip rule add ipproto udp dport 8472 unreachable
        ",
    );
}

/// An Ethernet address that no captured device has, and a tunnel endpoint of which nothing was heard yet: something on
/// the LAN may have them.
#[test]
fn strangers() {
    let asked = ["? client tcp 10.42.1.7:8080", "client tcp 10.42.2.7:8080"];
    each(
        VXLAN,
        &asked,
        "
        # neighbor
        node/master: ip neigh replace 192.168.205.3 lladdr 02:00:00:00:00:99 dev enp0s1 nud permanent
        # fdb entry
        node/master: bridge fdb replace $vtep_node1 dev flannel.1 dst 192.168.205.99
        ",
    );
}

/// A tunnel that learns answers to where it was asked from, unless it knows better for good.
#[test]
fn learning() {
    let asked = [
        "client tcp 10.42.1.7:8080",
        "client-1 tcp 10.42.0.4:8080",
        "node/node1 udp 10.42.0.4:7007",
        "client-1 tcp 10.42.2.7:8080",
    ];
    each_apart(
        VXLAN,
        &asked,
        "
        # what nobody told it
        node/node1: remake_tunnel learning id 1 local 192.168.205.3 dstport 8472
        node/node1: bridge fdb del $vtep_master dev flannel.1
        # what it was told otherwise
        node/node1: remake_tunnel learning id 1 local 192.168.205.3 dstport 8472
        node/node1: bridge fdb replace $vtep_master dev flannel.1 dst 192.168.205.5
        # what it once learned otherwise
        node/node1: remake_tunnel learning id 1 local 192.168.205.3 dstport 8472
        node/node1: bridge fdb replace $vtep_master dev flannel.1 dst 192.168.205.5 dynamic
        ",
    );
}
