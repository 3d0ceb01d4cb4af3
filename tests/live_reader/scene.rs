//! What the tests read: a node and a pod, with some of everything that iproute2 can configure.

use std::os::fd::OwnedFd;

use super::support::Namespaces;

/// Makes the bridge filter by VLAN; `false` where this kernel cannot.
pub fn filter_vlans(made: &Namespaces) -> bool {
    if made
        .try_tool(0, "ip link set br0 type bridge vlan_filtering 1")
        .is_err()
    {
        println!(
            "skipped: VLANs, by which this kernel's bridges do not filter; the rest is compared"
        );
        return false;
    }
    made.script(
        0,
        "bridge vlan add dev pod0 vid 10 pvid untagged
         bridge vlan add dev pod0 vid 20-23",
    );
    true
}

/// A node with a bridge, a pod on it, a vxlan device, and some of everything that iproute2 can configure.
pub fn node() -> Namespaces {
    let made = Namespaces::new(2);
    let pod = made.name(1).to_owned();
    for at in [0, 1] {
        // Link-local addresses would come and go while tests read.
        made.script(
            at,
            "sysctl -w net.ipv6.conf.default.addr_gen_mode=1
             sysctl -w net.ipv6.conf.default.router_solicitations=0",
        );
    }
    made.script(
        0,
        &format!(
            "ip link set lo up
             ip link add br0 type bridge nf_call_iptables 1
             ip link set br0 up
             ip link add pod0 type veth peer name eth0 netns {pod}
             ip link add port1 type veth peer name far1
             ip link set pod0 master br0 up
             ip link set port1 master br0 up
             ip link set far1 up
             bridge link set dev pod0 hairpin on learning off
             bridge link set dev port1 isolated on flood off
             ip link add up0 type veth peer name wire0
             ip link set up0 up mtu 1450
             ip link set wire0 up
             ip addr add 192.168.7.1/24 brd + dev up0
             ip addr add 192.168.7.9/24 dev up0
             ip addr add 10.9.0.1 peer 10.9.0.2/32 dev far1
             ip addr add fd07::1/64 dev up0 nodad
             ip addr add fd07::2/64 dev up0 nodad preferred_lft 0
             ip addr add 10.42.0.1/24 dev br0
             ip link add vx1 type vxlan id 1 dev up0 local 192.168.7.1 dstport 8472 nolearning
             ip link set vx1 up
             ip link add vx2 type vxlan id 9 remote 192.168.7.3 srcport 5000 6000 ttl 7 dstport 4789
             ip link add vx3 type vxlan external dstport 4790
             ip link add mv0 link up0 type macvlan mode bridge"
        ),
    );
    made.script(
        1,
        "ip link set lo up
         ip link set eth0 up
         ip addr add 10.42.0.5/24 dev eth0
         ip route add default via 10.42.0.1",
    );
    made
}

/// Routes of every type, in several tables, with several next hops and every attribute that the model has.
pub fn routes() -> Namespaces {
    let made = node();
    made.script(
        0,
        "ip route add default via 192.168.7.254
         ip route add 10.42.1.0/24 via 10.42.1.0 dev vx1 onlink
         ip route add 10.50.0.0/16 via 192.168.7.2 dev up0 src 192.168.7.9 metric 50 mtu 1400
         ip route add 10.51.0.0/16 dev br0 scope link
         ip route add 10.52.0.0/16 nexthop via 192.168.7.2 dev up0 weight 3 nexthop via 10.42.0.7 dev br0 weight 1
         ip route add 10.53.0.0/16 via inet6 fd07::9 dev up0
         ip route add 10.54.0.0/16 tos 0x10 dev up0
         ip route add blackhole 10.60.0.0/16
         ip route add unreachable 10.61.0.0/16
         ip route add prohibit 10.62.0.0/16
         ip route add throw 10.63.0.0/16
         ip route add 10.64.0.0/16 dev up0 table 100
         ip route add default via 192.168.7.3 table 4000
         ip route add multicast 239.1.0.0/16 dev up0
         ip -6 route add default via fd07::fe
         ip -6 route add fd08::/64 via fd07::2:2 dev up0 metric 7
         ip -6 route add fd09::/64 nexthop via fd07::2:2 dev up0 weight 2 nexthop via fd07::2:3 dev up0
         ip -6 route add blackhole fd0a::/64
         ip -6 route add unreachable fd0b::/64
         ip -6 route add prohibit fd0c::/64
         ip -6 route add fd0d::/64 dev up0 table 100 mtu 1400
         ip nexthop add id 5 via 192.168.7.5 dev up0
         ip nexthop add id 6 via 192.168.7.6 dev up0
         ip nexthop add id 7 group 5,3/6
         ip route add 10.70.0.0/16 nhid 5
         ip route add 10.71.0.0/16 nhid 7
         ip link add off0 type veth peer name off1
         ip link set off0 up
         ip addr add 10.80.0.1/24 dev off0",
    );
    made
}

/// Rules of every selector.
pub const RULES: &str = "
    ip rule add priority 100 from 10.42.0.0/16 to 10.43.0.0/16 lookup 100
    ip rule add priority 101 not from 10.42.0.7 lookup main
    ip rule add priority 102 fwmark 0x4000/0x4000 iif br0 lookup 200
    ip rule add priority 103 fwmark 7 oif up0 prohibit
    ip rule add priority 104 tos 0x10 blackhole
    ip rule add priority 105 ipproto tcp sport 1000-2000 dport 443 unreachable
    ip rule add priority 106 uidrange 1000-1999 lookup 254
    ip rule add priority 107 lookup main suppress_prefixlength 0
    ip rule add priority 108 from all goto 32766
    ip rule add priority 109 from all iif nothere0 nop
    ip rule add priority 110 from all l3mdev
    ip rule add priority 111 from all tun_id 5 lookup 100
    ip -6 rule add priority 100 from fd07::/64 lookup 100
    ip -6 rule add priority 101 to fd08::1 fwmark 0x1 prohibit
";

/// Neighbours in several states.
pub const NEIGHBORS: &str = "
    ip neigh add 192.168.7.20 lladdr 02:00:00:00:00:20 dev up0 nud permanent
    ip neigh add 192.168.7.21 lladdr 02:00:00:00:00:21 dev up0 nud reachable
    ip neigh add 192.168.7.22 lladdr 02:00:00:00:00:22 dev up0 nud stale
    ip neigh add 192.168.7.23 lladdr 02:00:00:00:00:23 dev up0 nud noarp
    ip neigh add 10.42.1.0 lladdr 02:00:00:00:00:24 dev vx1 nud permanent
    ip neigh add fd07::20 lladdr 02:00:00:00:00:25 dev up0 nud permanent router
    ip neigh add proxy 192.168.7.30 dev up0
    ip neigh add 192.168.7.31 dev up0 nud failed
";

/// Entries of the forwarding databases of a bridge and a vxlan device.
pub const FDB: &str = "
    bridge fdb add 02:00:00:00:01:01 dev vx1 dst 192.168.7.2 self permanent
    bridge fdb append 00:00:00:00:00:00 dev vx1 dst 192.168.7.3 port 4789 vni 77 via up0
    bridge fdb add 02:00:00:00:01:02 dev pod0 master static
    bridge fdb add 02:00:00:00:01:03 dev port1 master permanent
    bridge fdb add 02:00:00:00:01:04 dev pod0 master dynamic
";

/// Rules of both backends and families.
pub const IPTABLES: &str = "
    iptables-nft -t nat -N KUBE-SERVICES
    iptables-nft -t nat -A PREROUTING -m comment --comment services -j KUBE-SERVICES
    iptables-nft -t nat -A KUBE-SERVICES -d 10.43.0.1 -p tcp --dport 443 -m statistic --mode random --probability 0.5 -j DNAT --to-destination 10.42.0.5:6443
    iptables-nft -P FORWARD DROP
    ip6tables-nft -t mangle -A OUTPUT -p udp -j MARK --set-xmark 0x4000/0x4000
    iptables-legacy -t raw -A PREROUTING -s 10.9.0.0/16 -j DROP
    ip6tables-legacy -A INPUT -p tcp --dport 22 -j REJECT
";

/// A namespace in which nothing happens by itself: no IPv6, whose addresses and groups come and go for a while.
pub fn quiet() -> Namespaces {
    let made = Namespaces::new(2);
    let pod = made.name(1).to_owned();
    let silence = "sysctl -w net.ipv6.conf.default.disable_ipv6=1
                   sysctl -w net.ipv6.conf.all.disable_ipv6=1";
    made.script(0, silence);
    made.script(1, silence);
    made.script(
        0,
        &format!(
            "ip link set lo up
             ip link add br0 type bridge mcast_snooping 0
             ip link add pod0 type veth peer name eth0 netns {pod}
             ip link set pod0 master br0 up
             ip link set br0 up
             ip addr add 10.42.0.1/24 dev br0
             ip link add vx1 type vxlan id 1 local 10.42.0.1 dstport 8472 nolearning
             ip link set vx1 up
             ip route add 10.42.1.0/24 via 10.42.1.0 dev vx1 onlink
             ip neigh add 10.42.1.0 lladdr 02:00:00:00:00:24 dev vx1 nud permanent
             bridge fdb add 02:00:00:00:00:24 dev vx1 dst 192.168.7.3 self permanent
             ip rule add priority 100 fwmark 1 lookup 100"
        ),
    );
    made.script(1, "ip link set eth0 up");
    made
}

/// Sockets in the first namespace: on one address, on both families, on UDP, on IPv6 alone, on one device.
pub fn listen(made: &Namespaces) -> Vec<OwnedFd> {
    // The thread, and so its sockets, are in the namespace.
    let path = made.path(0);
    std::thread::spawn(move || {
        use nix::sched::{CloneFlags, setns};
        setns(std::fs::File::open(path).unwrap(), CloneFlags::CLONE_NEWNET).unwrap();
        let tcp = std::net::TcpListener::bind("192.168.7.1:8080").unwrap();
        let both = std::net::TcpListener::bind("[::]:8081").unwrap();
        let udp = std::net::UdpSocket::bind("0.0.0.0:53").unwrap();
        let only =
            socket2::Socket::new(socket2::Domain::IPV6, socket2::Type::STREAM, None).unwrap();
        only.set_only_v6(true).unwrap();
        only.bind(&"[::]:8082".parse::<std::net::SocketAddr>().unwrap().into())
            .unwrap();
        only.listen(7).unwrap();
        let bound =
            socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
        bound.bind_device(Some(b"up0")).unwrap();
        bound
            .bind(
                &"0.0.0.0:8083"
                    .parse::<std::net::SocketAddr>()
                    .unwrap()
                    .into(),
            )
            .unwrap();
        bound.listen(7).unwrap();
        vec![
            tcp.into(),
            both.into(),
            udp.into(),
            only.into(),
            bound.into(),
        ]
    })
    .join()
    .unwrap()
}
