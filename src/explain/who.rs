//! Who has an address: the pods of the API, and the namespaces that were read.

use std::net::IpAddr;

use crate::model::{Cluster, Pod};

/// The pod that has an address of its own, as `NAMESPACE/NAME`.
pub fn pod(cluster: &Cluster, ip: IpAddr) -> Option<String> {
    let mut pods = cluster.objects.pods.iter();
    let found = pods.find(|pod| !pod.host_network && pod.ips.contains(&ip) && !has_ended(pod));
    found.map(|pod| format!("{}/{}", pod.namespace, pod.name))
}

/// Whether a pod's containers are gone for good, so that its address may be another's.
pub fn has_ended(pod: &Pod) -> bool {
    matches!(pod.phase.as_deref(), Some("Succeeded" | "Failed"))
}
