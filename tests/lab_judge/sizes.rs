//! Packets that are too large for some device on their way.
//!
//! Path MTUs are remembered for each pair of hosts, so every question is about another pair. Answers are about 40 bytes
//! longer than questions; sizes are chosen so that both fit or neither does.

use crate::broken::{HOST_GW, VXLAN, each, each_apart};

const ASKED: &[&str] = &[
    "client udp 10.42.1.7:7007 1300",
    "client udp 10.42.1.8:7007 1405",
    "five-a udp 10.42.1.7:7007 1455",
    "five-a udp 10.42.1.8:7007 1500",
    "three-a udp 10.42.1.7:7007 4000",
    "client-1 udp 10.42.1.7:7007 1500",
    "node/master udp 10.42.1.7:7007 1500",
    "client tcp 10.42.1.7:8080",
];

#[test]
fn device() {
    each(
        VXLAN,
        ASKED,
        "
        # all as it should be
        # the clients believe in more than the tunnel holds
        client: ip link set eth0 mtu 1500
        five-a: ip link set eth0 mtu 1500
        three-a: ip link set eth0 mtu 1500
        node/master: for at in $port_client $port_five_a $port_three_a cni0; do ip link set $at mtu 1500; done
        # only the pods' ends of their veths do
        client: ip link set eth0 mtu 1500
        five-a: ip link set eth0 mtu 1500
        client-1: ip link set eth0 mtu 1500
        # a server's port holds less
        node/node1: ip link set $port_single_a mtu 1400
        # a server's side of it holds less
        single-a: ip link set eth0 mtu 1400
        # the servers' bridge holds less
        node/node1: ip link set cni0 mtu 1400
        # a route holds less
        node/master: ip route change 10.42.1.0/24 via 10.42.1.0 dev flannel.1 onlink mtu 1400
        ",
    );
}

#[test]
fn device_without_tunnel() {
    each(
        HOST_GW,
        ASKED,
        "
        # all as it should be
        # the uplink holds less
        node/master: ip link set enp0s1 mtu 1400
        # a server's port holds less
        node/node1: ip link set $port_single_a mtu 1400
        ",
    );
}

/// Tunnels remember what they could not carry whole, for all who send to the same host.
#[test]
fn tunnel() {
    let asked = [
        "client udp 10.42.1.7:7007 1300",
        "client udp 10.42.1.7:7007 1500",
        "node/master udp 10.42.1.7:7007 1500",
    ];
    each_apart(
        VXLAN,
        &asked,
        "
        # has an uplink that holds less
        node/master: ip link set enp0s1 mtu 1400
        ",
    );
}
