//! What devices are, by their kind and by the names that programs give them.

use crate::model::{Cluster, Link, LinkKind, NetnsId, NetnsName, Vxlan};

/// Whether the kernel made it by itself when the tunnel's module was loaded, in every namespace (`fb_tunnels_only_for_init_net`).
pub fn is_fallback(link: &Link) -> bool {
    const NAMES: [&str; 9] = [
        "tunl0", "gre0", "gretap0", "erspan0", "ip_vti0", "sit0", "ip6tnl0", "ip6_vti0", "ip6gre0",
    ];
    NAMES.contains(&link.name.as_str())
}

/// What a device is, a sentence each.
pub fn sentences(cluster: &Cluster, netns: NetnsId, link: &Link) -> Vec<String> {
    let here = cluster.netns(netns);
    let in_pod = here.name != NetnsName::Host;
    let mut said = Vec::new();
    said.push(match &link.kind {
        LinkKind::Loopback => {
            "The loopback device: what this namespace sends to itself goes out of it and comes in again.".to_owned()
        }
        LinkKind::Veth if in_pod => {
            "One end of a veth pair, which is this namespace's way to the host: what goes in at one end comes out of the other.".to_owned()
        }
        LinkKind::Veth => match cluster.veth_peer(netns, link) {
            Some((peer, _)) => format!(
                "One end of a veth pair: what goes in here comes out in {}.",
                super::super::who::place(cluster, peer)
            ),
            None => "One end of a veth pair: what goes in here comes out at the other end.".to_owned(),
        },
        LinkKind::Bridge { .. } => bridge(&link.name).to_owned(),
        LinkKind::Vxlan(vxlan) => tunnel(&link.name, vxlan),
        LinkKind::Ipip(_) => "An IP-in-IP tunnel: packets are wrapped into IP packets to another host.".to_owned(),
        LinkKind::Dummy => match link.name.as_str() {
            "kube-ipvs0" => "A dummy device that kube-proxy's IPVS mode made: it carries nothing, and has every Service's address, so that the kernel takes packets to Services in, where IPVS finds them. It is down, as it should be.".to_owned(),
            "nodelocaldns" => "A dummy device that node-local-dns made: it has the addresses that pods ask for DNS, so that a cache on this node answers.".to_owned(),
            _ => "A dummy device: it has addresses, and swallows what is sent out of it.".to_owned(),
        },
        LinkKind::VlanDevice { id } => format!(
            "VLAN {id} on another device: what goes out of it gets that tag."
        ),
        LinkKind::Physical => "A network card, real or virtual: what goes out of it goes onto a wire.".to_owned(),
        LinkKind::Other(_) if is_fallback(link) && !link.up => {
            "The kernel made it when a tunnel's module was loaded, as in every namespace; nobody uses it.".to_owned()
        }
        LinkKind::Other(kind) => other(&link.name, kind),
    });
    let both = here.routes4.iter().chain(&here.routes6).flatten();
    let mut defaults = both.filter(|route| route.destination.prefix_len() == 0);
    let leads = |route: &crate::model::Route| {
        let mut hops = route.next_hops.iter();
        hops.any(|hop| hop.device.as_deref() == Some(&link.name))
    };
    if defaults.any(leads) {
        said.push(match in_pod {
            true => "The default route leads out of it: everything that the pod sends goes here."
                .to_owned(),
            false => "The default route leads out of it: the uplink of this node.".to_owned(),
        });
    }
    said
}

fn bridge(name: &str) -> &'static str {
    match name {
        "cni0" => {
            "The bridge of this node's pods, which the CNI bridge plugin made for flannel: each pod's veth is a port of it, and its own address is the pods' gateway."
        }
        "docker0" => {
            "docker's default bridge: containers without a network of their own are its ports. Pods are not."
        }
        name if name.starts_with("br-") => "A bridge; docker names those of its own networks so.",
        _ => "A bridge: frames go between its ports by hardware address.",
    }
}

fn tunnel(name: &str, vxlan: &Vxlan) -> String {
    let base = format!(
        "A vxlan tunnel (VNI {}, UDP port {}): frames sent out of it are wrapped into UDP packets to another node.",
        vxlan.vni, vxlan.port
    );
    match name.starts_with("flannel") {
        true => format!(
            "{base} flannel made it, and writes its neighbours, its forwarding entries and the routes to the other nodes' pods, one of each for every node."
        ),
        false => base,
    }
}

fn other(name: &str, kind: &str) -> String {
    match kind {
        "wireguard" if name.starts_with("flannel") => {
            "A WireGuard tunnel that flannel made: packets to other nodes' pods are encrypted and sent to them.".to_owned()
        }
        "wireguard" => "A WireGuard tunnel: packets are encrypted and sent to a peer.".to_owned(),
        "tun" if name.starts_with("flannel") => {
            "A tun device: flannel itself reads packets to other nodes' pods from it and sends them (backend udp).".to_owned()
        }
        "tun" => "A tun device: a program reads from it what is sent out of it.".to_owned(),
        kind => format!("A device of kind {kind}."),
    }
}

/// Why a device has its MTU, where that follows from others.
pub fn mtu_reason(cluster: &Cluster, netns: NetnsId, link: &Link) -> Option<String> {
    let LinkKind::Vxlan(vxlan) = &link.kind else {
        return None;
    };
    let here = cluster.netns(netns);
    let lower = match &vxlan.lower {
        Some(lower) => here.link(lower)?,
        None => here.link_by_index(link.peer_index?)?,
    };
    let needs = overhead(vxlan);
    let fits = lower.mtu.checked_sub(needs)?;
    Some(match link.mtu.cmp(&fits) {
        std::cmp::Ordering::Equal => {
            format!("{} has {}, and vxlan needs {needs}", lower.name, lower.mtu)
        }
        std::cmp::Ordering::Less => format!("{} would allow {fits}", lower.name),
        std::cmp::Ordering::Greater => {
            format!(
                "more than the {fits} that fit into {}: large packets are fragmented or lost",
                lower.name
            )
        }
    })
}

/// Bytes that vxlan puts around a frame's packet: inner Ethernet 14, vxlan 8, UDP 8, and IPv4 20 or IPv6 40 (RFC 7348).
pub fn overhead(vxlan: &Vxlan) -> u32 {
    match vxlan.local {
        Some(ip) if ip.is_ipv6() => 70,
        _ => 50,
    }
}
