//! The table that kube-proxy writes in its nftables mode, for one address family (pkg/proxy/nftables/proxier.go).
//!
//! Addresses and ports of Services are elements of maps, each of which leads to the chain of a Service's port. What cannot
//! be served is in maps that are asked by filters. Two layouts are known: that of Kubernetes 1.30, in which every endpoint
//! has a chain, and that of 1.36, in which a Service's chain translates by a map of its endpoints.

mod frame;

mod service;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::nft_table::NftTable;
use super::spec::{LabNode, Spec, first_of};
use crate::model::kube_proxy::{NFT_TABLE, Targets, is_served, protocol_name};
use crate::model::{Family, Objects};

use service::PortRules;

/// The bit that marks packets to be masqueraded, as nft prints it.
const MASQUERADE: &str = "0x00004000";

/// A way of laying out the table.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Layout {
    /// As Kubernetes 1.30 has it.
    #[serde(rename = "1.30")]
    V1_30,
    /// As Kubernetes 1.36 has it.
    #[default]
    #[serde(rename = "1.36")]
    V1_36,
}

impl Layout {
    /// The version of Kubernetes.
    pub fn version(self) -> &'static str {
        match self {
            Self::V1_30 => "1.30",
            Self::V1_36 => "1.36",
        }
    }
}

/// The table of one address family on a node; nothing when the cluster does not have that family.
pub fn table(spec: &Spec, node: &LabNode<'_>, family: Family, layout: Layout) -> Option<NftTable> {
    let stack = node.stack(family)?;
    let mut table = NftTable::new(family, NFT_TABLE);
    let frame = frame::Frame {
        layout,
        cluster_cidr: stack.networks.cluster_cidr,
        service_cidr: stack.networks.service_cidr,
        node: stack.address,
    };
    frame.write(&mut table);
    let unhinted;
    let objects = match layout {
        // Proxies of that time do not know the hints of `trafficDistribution`.
        Layout::V1_30 => {
            unhinted = without_hints(&spec.objects);
            &unhinted
        }
        Layout::V1_36 => &spec.objects,
    };
    for service in objects.services.iter().filter(|one| is_served(one)) {
        let Some(cluster_ip) = first_of(&service.cluster_ips, family) else {
            continue;
        };
        for port in &service.ports {
            let Some(protocol) = protocol_name(port.protocol) else {
                continue;
            };
            let port = PortRules {
                service,
                port,
                cluster_ip,
                protocol,
                targets: Targets::of(objects, service, port, family, node.object),
                family,
                layout,
                cluster_cidr: stack.networks.cluster_cidr,
                node: stack.address,
            };
            port.write(&mut table);
        }
    }
    Some(table)
}

fn without_hints(objects: &Objects) -> Objects {
    let mut objects = objects.clone();
    for slice in &mut objects.endpoint_slices {
        for endpoint in &mut slice.endpoints {
            endpoint.hint_zones.clear();
            endpoint.hint_nodes.clear();
        }
    }
    objects
}

/// A match on sources outside of the cluster's pods.
fn not_from_pods(table: &NftTable, cluster_cidr: IpNet) -> String {
    format!("{} saddr != {cluster_cidr}", table.ip())
}
