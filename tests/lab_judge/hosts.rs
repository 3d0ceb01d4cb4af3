//! Broken hosts: routes, rules of routing, settings of the kernel, addresses that are where they should not be.

use crate::broken::{HOST_GW, VXLAN, each};

/// Between master and node1, and through Services; with node2, which is not concerned.
const ASKED: &[&str] = &[
    "client tcp 10.42.1.7:8080",
    "client udp 10.42.1.7:7007",
    "client udp 10.42.1.7:9",
    "node/master tcp 10.42.1.7:8080",
    "node/master udp 10.42.1.7:7007",
    "five-a tcp 10.43.10.3:80",
    "client-1 udp 10.42.0.4:7007",
    "client-1 tcp 10.42.1.7:8080",
    "client-1 tcp 10.43.10.1:80",
    "node/node1 udp 10.43.10.1:7",
    "client tcp 10.42.2.7:8080",
];

#[test]
fn route() {
    each(
        VXLAN,
        ASKED,
        "
        # swallows
        node/master: ip route replace blackhole 10.42.1.0/24
        # refuses
        node/master: ip route replace unreachable 10.42.1.0/24
        # prohibits
        node/master: ip route replace prohibit 10.42.1.0/24
        # refuses there
        node/node1: ip route replace unreachable 10.42.0.0/24
        # by another node
        node/master: ip route replace 10.42.1.0/24 via 10.42.2.0 dev flannel.1 onlink
        # without tunnel one way
        node/master: ip route replace 10.42.1.0/24 via 192.168.205.3
        # more specific by another node
        node/master: ip route add 10.42.1.7/32 via 10.42.2.0 dev flannel.1 onlink
        # on the link
        node/master: ip route replace 10.42.1.0/24 dev flannel.1
        # with a source
        node/master: ip route replace 10.42.1.0/24 via 10.42.1.0 dev flannel.1 onlink src 192.168.205.4
        # throws
        node/master: ip route add throw 10.42.1.7/32 table 50
        node/master: ip route add unreachable 10.42.1.0/24 table 50
        node/master: ip rule add lookup 50
        # rule for pods
        node/master: ip rule add from 10.42.0.65 to 10.42.1.0/24 blackhole
        # rule for a device
        node/master: ip rule add iif cni0 to 10.42.1.0/24 prohibit
        # rule for what is made here
        node/master: ip rule add iif lo to 10.42.1.0/24 unreachable
        # rule for a port
        node/master: ip rule add ipproto tcp dport 8080 unreachable
        # rule inverted
        node/master: ip rule add not from 10.42.0.0/16 to 10.42.0.0/16 unreachable
        ",
    );
}

#[test]
fn route_without_tunnel() {
    each(
        HOST_GW,
        ASKED,
        "
        # swallows hosts
        node/master: ip route replace blackhole 10.42.1.0/24
        # by another node without tunnel
        node/master: ip route replace 10.42.1.0/24 via 192.168.205.5
        # by nobody
        node/master: ip route replace 10.42.1.0/24 via 192.168.205.99
        node/master: ip neigh replace 192.168.205.99 dev enp0s1 nud failed
        # round and round
        node/master: ip route replace 10.42.1.0/24 via 192.168.205.5
        node/node2: ip route replace 10.42.1.0/24 via 192.168.205.4
        ",
    );
}

/// Without its own route the packet goes to the LAN's router.
#[test]
fn route_deleted() {
    let asked = [
        "? client tcp 10.42.1.7:8080",
        "? node/master udp 10.42.1.7:7007",
        "? client-1 udp 10.42.0.4:7007",
        "client tcp 10.42.2.7:8080",
        "client-1 tcp 10.42.1.7:8080",
    ];
    for lab in [VXLAN, HOST_GW] {
        each(
            lab,
            &asked,
            "
        # deleted
        node/master: ip route del 10.42.1.0/24
        ",
        );
    }
}

#[test]
fn forwards() {
    each(
        VXLAN,
        ASKED,
        "
        # nothing
        node/node1: sysctl -qw net.ipv4.ip_forward=0
        # nothing from the sender
        node/master: sysctl -qw net.ipv4.ip_forward=0
        # nothing from the tunnel
        node/node1: sysctl -qw net.ipv4.conf.flannel/1.forwarding=0
        # nothing from pods
        node/node1: sysctl -qw net.ipv4.conf.cni0.forwarding=0
        # nothing from the uplink
        node/node1: sysctl -qw net.ipv4.conf.enp0s1.forwarding=0
        ",
    );
}

#[test]
fn forwards_without_tunnel() {
    each(
        HOST_GW,
        ASKED,
        "
        # nothing from the uplink without tunnel
        node/node1: sysctl -qw net.ipv4.conf.enp0s1.forwarding=0
        ",
    );
}

#[test]
fn reverse_path_filter() {
    each(
        VXLAN,
        ASKED,
        "
        # strict
        node/master: ip route replace 10.42.1.0/24 via 192.168.205.3
        node/node1: sysctl -qw net.ipv4.conf.all.rp_filter=1
        # loose
        node/master: ip route replace 10.42.1.0/24 via 192.168.205.3
        node/node1: sysctl -qw net.ipv4.conf.all.rp_filter=2
        # strict on the device
        node/master: ip route replace 10.42.1.0/24 via 192.168.205.3
        node/node1: sysctl -qw net.ipv4.conf.enp0s1.rp_filter=1
        # strict elsewhere
        node/master: ip route replace 10.42.1.0/24 via 192.168.205.3
        node/node1: sysctl -qw net.ipv4.conf.flannel/1.rp_filter=1
        ",
    );
    for lab in [VXLAN, HOST_GW] {
        each(
            lab,
            ASKED,
            "
            # strict everywhere, where everything comes the way it should
            node/master: for f in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 1 >$f; done
            node/node1: for f in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 1 >$f; done
            ",
        );
    }
}

#[test]
fn address() {
    each(
        VXLAN,
        ASKED,
        "
        # a pod's, on its node
        node/node1: ip addr add 10.42.1.7/32 dev lo
        # a pod's, on another node
        node/master: ip addr add 10.42.1.7/32 dev lo
        # a Service's, on a node
        node/master: ip addr add 10.43.10.3/32 dev lo
        # another pod's
        single-a: ip addr add 10.42.1.3/32 dev lo
        # the client's, on the server's node
        node/node1: ip addr add 10.42.0.65/32 dev lo
        ",
    );
}

#[test]
fn wire_without_tunnel() {
    each(
        HOST_GW,
        ASKED,
        "
        # uplink
        node/node1: ip link set enp0s1 down
        # neighbor is another node
        node/master: ip neigh replace 192.168.205.3 lladdr 08:00:27:aa:00:05 dev enp0s1 nud permanent
        # neighbor failed
        node/master: ip neigh replace 192.168.205.3 dev enp0s1 nud failed
        ",
    );
}
