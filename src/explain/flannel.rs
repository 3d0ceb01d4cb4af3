//! What flannel tells the other nodes about each node, in annotations of the Node object (flannel, pkg/subnet/kube,
//! `flannel.alpha.coreos.com/*`).

use std::net::IpAddr;

use crate::model::{Cluster, Family, Mac, NodeObject};

/// A node as flannel announced it, in one family.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer<'c> {
    /// Its name.
    pub node: &'c str,
    /// `vxlan`, `host-gw`, ...
    pub backend: Option<&'c str>,
    /// Where tunnel packets for it are sent to.
    pub public_ip: Option<IpAddr>,
    /// The hardware address of its tunnel device.
    pub vtep_mac: Option<Mac>,
    /// The number of its vxlan.
    pub vni: Option<u64>,
    /// The network of its pods.
    pub pod_cidr: Option<ipnet::IpNet>,
}

/// Every node that flannel announced in that family.
pub fn peers(cluster: &Cluster, family: Family) -> Vec<Peer<'_>> {
    let nodes = cluster.objects.nodes.iter();
    nodes.filter_map(|node| peer(node, family)).collect()
}

fn peer(node: &NodeObject, family: Family) -> Option<Peer<'_>> {
    let get = |key: &str| {
        let mut all = node.flannel.iter();
        all.find(|(name, _)| name == key)
            .map(|(_, value)| value.as_str())
    };
    let (data, ip) = match family {
        Family::V4 => ("backend-data", "public-ip"),
        Family::V6 => ("backend-v6-data", "public-ipv6"),
    };
    let data = get(data).or_else(|| get(ip).map(|_| "null"))?;
    let data: serde_json::Value = serde_json::from_str(data).unwrap_or_default();
    let mut cidrs = node.pod_cidrs.iter().copied();
    Some(Peer {
        node: &node.name,
        backend: get("backend-type"),
        public_ip: get(ip).and_then(|text| text.parse().ok()),
        vtep_mac: data["VtepMAC"].as_str().and_then(|text| text.parse().ok()),
        vni: data["VNI"].as_u64(),
        pod_cidr: cidrs.find(|cidr| Family::of(cidr.addr()) == family),
    })
}
