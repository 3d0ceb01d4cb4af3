//! Broken bridges: cni0, its ports, and the pods behind them.

use crate::broken::{VXLAN, each, each_apart};

/// To single-a, which is concerned: from the same node and from another, directly and through its Service; from itself
/// through its Service; and to others, which are not.
const ASKED: &[&str] = &[
    "client-1 tcp 10.42.1.7:8080",
    "client-1 udp 10.42.1.7:7007",
    "client-1 tcp 10.43.10.1:80",
    "node/node1 tcp 10.42.1.7:8080",
    "node/node1 udp 10.43.10.1:7",
    "client tcp 10.42.1.7:8080",
    "client udp 10.43.10.1:7",
    "single-a tcp 10.43.10.1:80",
    "single-a udp 10.42.1.8:7007",
    "single-a tcp 10.42.0.4:8080",
    "single-a tcp 10.43.10.3:80",
    "client-1 tcp 10.42.1.8:8080",
];

#[test]
fn port() {
    each(
        VXLAN,
        ASKED,
        "
        # down
        node/node1: ip link set $port_single_a down
        # detached
        node/node1: ip link set $port_single_a nomaster
        # in another bridge
        node/node1: ip link add br1 type bridge
        node/node1: ip link set br1 up
        node/node1: ip link set $port_single_a master br1
        # hairpin off
        node/node1: bridge link set dev $port_single_a hairpin off
        # isolated alone
        node/node1: bridge link set dev $port_single_a isolated on
        # isolated from one
        node/node1: bridge link set dev $port_single_a isolated on
        node/node1: bridge link set dev $port_client_1 isolated on
        # blocking
        node/node1: bridge link set dev $port_single_a state 4
        # learning only
        node/node1: bridge link set dev $port_single_a state 2
        # disabled
        node/node1: bridge link set dev $port_single_a state 0
        # unknown is flooded
        node/node1: bridge link set dev $port_single_a learning off
        node/node1: bridge fdb del $mac_single_a dev $port_single_a master
        # unknown is not flooded
        node/node1: bridge link set dev $port_single_a learning off flood off
        node/node1: bridge fdb del $mac_single_a dev $port_single_a master
        # known as static
        node/node1: bridge fdb replace $mac_single_a dev $port_single_a master static
        # known as local
        node/node1: bridge fdb replace $mac_single_a dev $port_single_a master permanent
        ",
    );
}

#[test]
fn pod() {
    each(
        VXLAN,
        ASKED,
        "
        # interface down
        single-a: ip link set eth0 down
        # no default route
        single-a: ip route del default
        # no route to pods
        single-a: ip route del 10.42.0.0/16
        # no route but the link
        single-a: ip route del default
        single-a: ip route del 10.42.0.0/16
        # wide netmask
        single-a: ip addr add 10.42.1.7/16 dev eth0
        single-a: ip addr del 10.42.1.7/24 dev eth0
        single-a: ip route replace default via 10.42.1.1
        # wide netmask, and a node that answers for others
        single-a: ip addr add 10.42.1.7/16 dev eth0
        single-a: ip addr del 10.42.1.7/24 dev eth0
        single-a: ip route replace default via 10.42.1.1
        node/node1: sysctl -qw net.ipv4.conf.cni0.proxy_arp=1
        # narrow netmask
        single-a: ip addr add 10.42.1.7/32 dev eth0
        single-a: ip addr del 10.42.1.7/24 dev eth0
        # another address
        single-a: ip addr del 10.42.1.7/24 dev eth0
        single-a: ip addr add 10.42.1.77/24 dev eth0
        single-a: ip route add default via 10.42.1.1
        # gateway is another pod
        single-a: ip route replace default via 10.42.1.8
        # gateway is nobody
        single-a: ip route replace default via 10.42.1.99
        # gateways address is wrong
        single-a: ip neigh replace 10.42.1.1 lladdr 02:00:00:00:00:99 dev eth0 nud permanent
        # gateways address was anothers
        single-a: ip neigh replace 10.42.1.1 lladdr $mac_three_b dev eth0 nud permanent
        # gateway failed
        single-a: ip neigh replace 10.42.1.1 dev eth0 nud failed
        ",
    );
}

#[test]
fn bridge() {
    each(
        VXLAN,
        ASKED,
        "
        # neighbor deleted
        node/node1: ip neigh del 10.42.1.7 dev cni0
        # neighbor failed
        node/node1: ip neigh replace 10.42.1.7 dev cni0 nud failed
        # neighbor is wrong
        node/node1: ip neigh replace 10.42.1.7 lladdr 02:00:00:00:00:99 dev cni0 nud permanent
        # neighbor is another pod
        node/node1: ip neigh replace 10.42.1.7 lladdr $mac_three_b dev cni0 nud permanent
        # not filtered
        node/node1: sysctl -qw net.bridge.bridge-nf-call-iptables=0
        # filtered by the bridge alone
        node/node1: sysctl -qw net.bridge.bridge-nf-call-iptables=0
        node/node1: ip link set cni0 type bridge nf_call_iptables 1
        # down and up
        node/node1: ip link set cni0 down
        node/node1: ip link set cni0 up
        # silent about addresses
        node/node1: sysctl -qw net.ipv4.conf.cni0.arp_ignore=8
        single-a: ip neigh flush dev eth0
        ",
    );
}

/// Bridges and hosts learn from every packet, so each question is asked of a lab of its own.
#[test]
fn learning() {
    let asked = [
        "client-1 udp 10.42.1.7:7007",
        "client-1 tcp 10.43.10.1:80",
        "client tcp 10.42.1.7:8080",
        "single-a tcp 10.42.0.4:8080",
        "single-a udp 10.42.1.8:7007",
    ];
    each_apart(
        VXLAN,
        &asked,
        "
        # learns again
        node/node1: bridge link set dev $port_single_a flood off
        node/node1: bridge fdb del $mac_single_a dev $port_single_a master
        node/node1: ip neigh flush dev cni0
        # known at another port
        node/node1: bridge fdb replace $mac_single_a dev $port_three_b master static
        # address changed
        single-a: ip link set eth0 address 02:00:00:00:00:99
        # address changed and neighbors forgot
        single-a: ip link set eth0 address 02:00:00:00:00:99
        node/node1: ip neigh flush dev cni0
        client-1: ip neigh flush dev eth0
        # other address
        node/node1: ip link set cni0 address 02:00:00:00:00:98
        # every pod forgot it
        node/node1: bridge fdb flush dev cni0
        node/node1: ip neigh flush dev cni0
        single-a: ip neigh flush dev eth0
        client-1: ip neigh flush dev eth0
        ",
    );
}

/// Without them its routes are gone: what comes from elsewhere goes to the LAN's router.
#[test]
fn bridge_without_routes() {
    let asked = [
        "client-1 tcp 10.42.1.7:8080",
        "? node/node1 tcp 10.42.1.7:8080",
        "? client tcp 10.42.1.7:8080",
        "single-a udp 10.42.1.8:7007",
        "client tcp 10.42.2.7:8080",
        "client-2 udp 10.42.0.4:7007",
    ];
    each(
        VXLAN,
        &asked,
        "
        # down
        node/node1: ip link set cni0 down
        # without address
        node/node1: ip addr flush dev cni0
        ",
    );
}

#[test]
fn vlan() {
    each(
        VXLAN,
        ASKED,
        "
        # everyone in one
        node/node1: ip link set cni0 type bridge vlan_filtering 1
        # pod in none
        node/node1: ip link set cni0 type bridge vlan_filtering 1
        node/node1: bridge vlan del vid 1 dev $port_single_a
        # pod in another
        node/node1: ip link set cni0 type bridge vlan_filtering 1
        node/node1: bridge vlan del vid 1 dev $port_single_a
        node/node1: bridge vlan add vid 10 pvid untagged dev $port_single_a
        # two in another
        node/node1: ip link set cni0 type bridge vlan_filtering 1; for port in $port_single_a $port_client_1; do bridge vlan del vid 1 dev $port; bridge vlan add vid 10 pvid untagged dev $port; done
        # pod sends into another
        node/node1: ip link set cni0 type bridge vlan_filtering 1
        node/node1: bridge vlan add vid 1 untagged dev $port_single_a
        node/node1: bridge vlan add vid 10 pvid dev $port_single_a
        # host in none
        node/node1: ip link set cni0 type bridge vlan_filtering 1
        node/node1: bridge vlan del vid 1 dev cni0 self
        ",
    );
}
