//! The files which pods and nodes of a cluster see and which the lab's processes, that share one file system, do not:
//! what kubelet writes into a pod's `resolv.conf` (pkg/kubelet/network/dns/dns.go) and flannel onto a node.

use super::spec::Spec;

/// kubelet's `--cluster-domain`.
const DOMAIN: &str = "cluster.local";
/// The Service whose address kubelet is given as `--cluster-dns`.
const DNS: (&str, &str) = ("kube-system", "kube-dns");

/// `/etc/resolv.conf` of a pod with the policy `ClusterFirst`; `None` where the cluster has no DNS.
///
/// ```text
/// search default.svc.cluster.local svc.cluster.local cluster.local
/// nameserver 10.43.0.10
/// options ndots:5
/// ```
pub fn resolv_conf(spec: &Spec, namespace: &str) -> Option<String> {
    let dns = spec
        .objects
        .services
        .iter()
        .find(|service| (service.namespace.as_str(), service.name.as_str()) == DNS)?;
    let server = dns.cluster_ips.first()?;
    Some(format!(
        "search {namespace}.svc.{DOMAIN} svc.{DOMAIN} {DOMAIN}\nnameserver {server}\noptions ndots:5\n"
    ))
}
