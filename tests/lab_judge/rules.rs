//! Broken rules: what kube-proxy and flannel wrote is missing or wrong, or something else stands in the way.

use crate::broken::{LEGACY, VXLAN, each};

/// Through Services and past them, over TCP and UDP, from pods and nodes, to pods of the same node and of others.
const ASKED: &[&str] = &[
    "client tcp 10.42.1.7:8080",
    "client udp 10.42.1.7:7007",
    "client tcp 10.43.10.1:80",
    "five-a tcp 10.43.10.3:80",
    "client-1 tcp 10.43.10.1:80",
    "client-1 udp 10.42.1.7:7007",
    "single-a tcp 10.43.10.1:80",
    "node/master tcp 10.43.10.1:80",
    "node/node1 udp 10.43.10.1:7",
    "node/master udp 10.42.1.7:7007",
    "client tcp 10.42.2.7:8080",
];

#[test]
fn forward() {
    for lab in [VXLAN, LEGACY] {
        each(
            lab,
            ASKED,
            "
            # drops what nobody accepts, which flannel does
            node/node1: $iptables -P FORWARD DROP
            # drops what nobody accepts, without flannel
            node/node1: $iptables -P FORWARD DROP
            node/node1: $iptables -F FLANNEL-FWD
            # drops at the sender
            node/master: $iptables -P FORWARD DROP
            node/master: $iptables -F FLANNEL-FWD
            # drops
            node/node1: $iptables -I FORWARD -d 10.42.1.7 -j DROP
            # drops answers
            node/node1: $iptables -I FORWARD -s 10.42.1.7 -j DROP
            # drops new ones of a protocol
            node/node1: $iptables -I FORWARD -p udp -m conntrack --ctstate NEW -d 10.42.1.7 -j DROP
            # drops by the device in the bridge
            node/node1: $iptables -I FORWARD -m physdev --physdev-out $port_single_a -j DROP
            # drops in mangle
            node/node1: $iptables -t mangle -A FORWARD -o cni0 -j DROP
            # drops after flannel accepted
            node/node1: $iptables -A FORWARD -d 10.42.1.7 -j DROP
            # returns from a chain of its own
            node/node1: $iptables -N MINE
            node/node1: $iptables -A MINE -p tcp -j RETURN
            node/node1: $iptables -A MINE -d 10.42.1.7 -j DROP
            node/node1: $iptables -I FORWARD -j MINE
            ",
        );
    }
}

#[test]
fn rejections() {
    each(
        VXLAN,
        ASKED,
        "
        # with port unreachable
        node/node1: $iptables -I FORWARD -d 10.42.1.7 -j REJECT
        # with host unreachable
        node/node1: $iptables -I FORWARD -d 10.42.1.7 -j REJECT --reject-with icmp-host-unreachable
        # with host prohibited
        node/node1: $iptables -I FORWARD -d 10.42.1.7 -j REJECT --reject-with icmp-host-prohibited
        # with net prohibited
        node/node1: $iptables -I FORWARD -d 10.42.1.7 -j REJECT --reject-with icmp-net-prohibited
        # administratively
        node/node1: $iptables -I FORWARD -d 10.42.1.7 -j REJECT --reject-with icmp-admin-prohibited
        # with a reset
        node/node1: $iptables -I FORWARD -p tcp -d 10.42.1.7 -j REJECT --reject-with tcp-reset
        # in the pod
        single-a: $iptables -A INPUT -p tcp --dport 8080 -j REJECT --reject-with tcp-reset
        single-a: $iptables -A INPUT -p udp -j REJECT
        # on the way out of the sender
        client: $iptables -A OUTPUT -d 10.42.1.7 -j REJECT
        node/master: $iptables -A OUTPUT -d 10.42.1.7 -j REJECT --reject-with icmp-admin-prohibited
        # of answers
        single-a: $iptables -A OUTPUT -p tcp --sport 8080 -j REJECT
        ",
    );
}

#[test]
fn input_and_output() {
    for lab in [VXLAN, LEGACY] {
        each(
            lab,
            ASKED,
            "
            # tunnels dropped where they arrive
            node/node1: $iptables -I INPUT -p udp --dport 8472 -j DROP
            # tunnels refused where they arrive
            node/node1: $iptables -I INPUT -p udp --dport 8472 -j REJECT
            # tunnels dropped where they begin
            node/master: $iptables -I OUTPUT -p udp --dport 8472 -j DROP
            # tunnels dropped before they are anything
            node/node1: $iptables -t raw -A PREROUTING -p udp --dport 8472 -s 192.168.205.4 -j DROP
            # a policy that forgot them
            node/node1: $iptables -A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
            node/node1: $iptables -P INPUT DROP
            # dropped on the way out of pods
            client: $iptables -A OUTPUT -d 10.42.1.7 -j DROP
            # dropped on the way out of the node
            node/master: $iptables -A OUTPUT -d 10.42.1.7 -j DROP
            # dropped in the pod
            single-a: $iptables -P INPUT DROP
            # answers dropped in the pod
            client: $iptables -A INPUT -s 10.43.10.1 -j DROP
            ",
        );
    }
}

#[test]
fn translation() {
    for lab in [VXLAN, LEGACY] {
        each(
            lab,
            ASKED,
            "
            # another probability
            node/master: ${iptables}-save -t nat | sed 's/0.3333333[0-9]*/0.9000000000/' | ${iptables}-restore
            # nothing is marked to be masqueraded
            node/node1: $iptables -t nat -F KUBE-MARK-MASQ
            node/master: $iptables -t nat -F KUBE-MARK-MASQ
            # nothing is masqueraded by kube-proxy
            node/master: $iptables -t nat -F KUBE-POSTROUTING
            node/node1: $iptables -t nat -F KUBE-POSTROUTING
            # nothing is masqueraded by flannel
            node/master: $iptables -t nat -F FLANNEL-POSTRTG
            node/node1: $iptables -t nat -F FLANNEL-POSTRTG
            # nothing is masqueraded at all
            node/master: $iptables -t nat -F POSTROUTING
            node/node1: $iptables -t nat -F POSTROUTING
            # everything is masqueraded
            node/master: $iptables -t nat -I POSTROUTING -d 10.42.0.0/16 -j MASQUERADE
            node/node1: $iptables -t nat -I POSTROUTING -d 10.42.0.0/16 -j MASQUERADE
            # to an address of choice
            node/master: $iptables -t nat -I POSTROUTING -d 10.42.1.0/24 -j SNAT --to-source 10.42.0.0
            # to an address that leads nowhere
            node/master: $iptables -t nat -I POSTROUTING -d 10.42.1.7 -j SNAT --to-source 10.42.1.199
            # a server moved
            node/node1: $iptables -t nat -I PREROUTING -d 10.42.1.7 -j DNAT --to-destination 10.42.1.8
            # a port moved
            node/master: $iptables -t nat -I PREROUTING -d 10.43.10.1 -p tcp -j DNAT --to-destination 10.42.1.7:9
            # connections are not tracked
            node/node1: $iptables -t raw -A PREROUTING -d 10.42.1.7 -j NOTRACK
            # marked for another table
            node/master: $iptables -t mangle -A PREROUTING -d 10.42.1.7 -j MARK --set-mark 5
            node/master: $iptables -t mangle -A OUTPUT -d 10.42.1.7 -j MARK --set-mark 5
            node/master: ip rule add fwmark 5 lookup 100
            node/master: ip route add unreachable default table 100
            # a short life
            node/master: $iptables -t mangle -A PREROUTING -d 10.42.1.7 -j TTL --ttl-set 1
            # a life that ends on the other node
            node/master: $iptables -t mangle -A PREROUTING -d 10.42.1.7 -j TTL --ttl-set 2
            ",
        );
    }
}

/// A Service's address that nobody translates goes to the LAN's router.
#[test]
fn services_gone() {
    let asked = [
        "? client tcp 10.43.10.1:80",
        "? five-a tcp 10.43.10.3:80",
        "client tcp 10.42.1.7:8080",
        "client-1 tcp 10.43.10.1:80",
    ];
    each(
        VXLAN,
        &asked,
        "
        # jumps
        node/master: $iptables -t nat -F PREROUTING
        node/master: $iptables -t nat -F OUTPUT
        # chain
        node/master: $iptables -t nat -F KUBE-SERVICES
        # endpoints
        node/master: for chain in $($iptables -t nat -S | sed -n 's/^-N \\(KUBE-SEP-.*\\)/\\1/p'); do $iptables -t nat -F $chain; done
        ",
    );
    let asked = [
        "? node/master tcp 10.43.10.1:80",
        "client tcp 10.43.10.1:80",
    ];
    each(
        VXLAN,
        &asked,
        "
        # the node's own jump
        node/master: $iptables -t nat -F OUTPUT
        ",
    );
}

/// An endpoint without its chain: who gets there goes on to the next, or after the last to the LAN's router.
#[test]
fn endpoint_gone() {
    let others = ["five-a tcp 10.43.10.3:80", "client tcp 10.43.10.1:80"];
    each(
        VXLAN,
        &others,
        "
        # of three, the second
        node/master: $iptables -t nat -F $(endpoint_chain 10.42.1.8:8080)
        ",
    );
    let unknown = ["? five-a tcp 10.43.10.3:80", "client tcp 10.43.10.1:80"];
    each(
        VXLAN,
        &unknown,
        "
        # of three, the last
        node/master: $iptables -t nat -F $(endpoint_chain 10.42.2.7:8080)
        ",
    );
}

/// Answers that are not tracked come back all the same where nothing was translated.
#[test]
fn answers_untracked() {
    let asked = ["client udp 10.42.1.7:7007", "client udp 10.43.10.1:7"];
    each(
        VXLAN,
        &asked,
        "
        # answers are not tracked
        node/master: $iptables -t raw -A PREROUTING -s 10.42.1.7 -j NOTRACK
        ",
    );
}
