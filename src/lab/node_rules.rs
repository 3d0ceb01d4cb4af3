//! All rules of a node, in the order in which its programs start. Here it is chosen which kube-proxy writes them.

use super::LabError;
use super::kube_proxy::{self, Settings};
use super::kube_proxy_ipvs::{self, Services};
use super::nft_table::NftTable;
use super::rules::Rules;
use super::spec::{LabNode, Proxy, Spec};
use super::{flannel, kube_proxy_nftables, kubelet, portmap};
use crate::model::Family;

/// The rules of iptables, of one address family on a node; empty when the cluster does not have that family. `nfacct` says whether the
/// kernel has the counters which kube-proxy uses when it can.
pub fn of(
    spec: &Spec,
    node: &LabNode<'_>,
    family: Family,
    nfacct: bool,
) -> Result<Rules, LabError> {
    let mut rules = Rules::default();
    let Some(stack) = node.stack(family) else {
        return Ok(rules);
    };
    // Where kube-proxy has a native table, flannel has one, too (`EnableNFTables`).
    if !matches!(spec.proxy, Proxy::Nftables(_)) {
        flannel::write(&mut rules, stack);
    }
    // In the cluster that the lab is held against, kubelet was there before kube-proxy in IPv4, and after it in IPv6.
    if family == Family::V4 {
        kubelet::write(&mut rules, family);
    }
    portmap::write(&mut rules, stack, &spec.pods_on(node.name())?);
    let cluster_cidr = stack.networks.cluster_cidr;
    match &spec.proxy {
        Proxy::Iptables => {
            let settings = Settings {
                cluster_cidr,
                nfacct,
            };
            kube_proxy::write(&mut rules, &spec.objects, node.object, settings);
        }
        Proxy::Ipvs(scheduler) => {
            let services = Services::of(spec, node, family, scheduler);
            kube_proxy_ipvs::write(&mut rules, &services.sets, cluster_cidr);
        }
        Proxy::Nftables(_) => {}
    }
    if family == Family::V6 {
        kubelet::write(&mut rules, family);
    }
    Ok(rules)
}

/// The native nftables tables of one address family on a node, in the order of their making.
pub fn native(spec: &Spec, node: &LabNode<'_>, family: Family) -> Vec<NftTable> {
    match (&spec.proxy, node.stack(family)) {
        (Proxy::Nftables(layout), Some(stack)) => {
            let of_proxy = kube_proxy_nftables::table(spec, node, family, *layout);
            std::iter::once(flannel::table(stack))
                .chain(of_proxy)
                .collect()
        }
        _ => Vec::new(),
    }
}
