//! What is odd of sandboxes and of the network namespaces made for them: those that are left over, and those that are stuck.
//!
//! The kubelet asks for one sandbox at a time for each pod, and for the removal of the others before (SyncPod in
//! pkg/kubelet/kuberuntime). The runtime pins the sandbox's network namespace to a file and unpins it when the sandbox
//! stops; where it or the CNI plugin fails, one or the other stays, with its device, its address and its place in the
//! bridge.

use crate::model::{Cluster, Holder, Netns, NetnsId, NetnsName, Occupied, Pod, Sandbox};

/// What is odd of a sandbox.
pub fn trouble(cluster: &Cluster, node: usize, sandbox: &Sandbox) -> Vec<String> {
    let Holder::Pod {
        namespace,
        name,
        uid,
    } = &sandbox.holder
    else {
        return Vec::new();
    };
    let node = &cluster.nodes[node];
    let mut odd = Vec::new();
    let others = node.sandboxes.iter().filter(|other| other.id != sandbox.id);
    let of_same: Vec<&str> = others
        .filter(|other| is_of(other, namespace, name, uid.as_deref()))
        .map(|other| short(&other.id))
        .collect();
    if !of_same.is_empty() {
        odd.push(format!(
            "another sandbox of this pod: {}",
            of_same.join(", ")
        ));
    }
    let of_name = |pod: &&Pod| pod.namespace == *namespace && pod.name == *name;
    let pod = cluster.objects.pods.iter().find(of_name);
    match pod {
        Some(pod) if uid.is_some() && pod.uid.is_some() && pod.uid != *uid => {
            odd.push("stuck: of an earlier pod of this name".to_owned());
        }
        Some(pod) if pod.has_ended() => odd.push("stuck: its pod has ended".to_owned()),
        Some(_) => {}
        None if !cluster.objects.knows_pods_of(&node.name) => {}
        None => odd.push("stuck: the API knows no such pod on this node".to_owned()),
    }
    let netns = sandbox.netns.and_then(|place| node.netns.get(place));
    match netns {
        Some(_) if sandbox.ready == Some(false) => {
            odd.push("stuck: stopped, but it still holds its network".to_owned());
        }
        Some(netns) if netns.occupied == Occupied::Nobody => {
            odd.push("stuck: no process is seen in its namespace".to_owned());
        }
        None => odd.push("its namespace was not found".to_owned()),
        Some(_) => {}
    }
    odd
}

/// Whether it is a sandbox of that pod: of the same uid, where both are known.
fn is_of(sandbox: &Sandbox, namespace: &str, name: &str, uid: Option<&str>) -> bool {
    match &sandbox.holder {
        Holder::Pod {
            namespace: its_namespace,
            name: its_name,
            uid: its_uid,
        } => match (its_uid, uid) {
            (Some(one), Some(other)) => one == other,
            _ => its_namespace == namespace && its_name == name,
        },
        Holder::Container { .. } => false,
    }
}

/// An identifier as people write it.
pub fn short(id: &str) -> &str {
    id.get(..12).unwrap_or(id)
}

/// Why a namespace seems to be left over; `None` where it is used, or where a person may have made it.
pub fn left_over(cluster: &Cluster, id: NetnsId) -> Option<&'static str> {
    let netns = cluster.netns(id);
    let of_nobody = matches!(netns.name, NetnsName::Named(_))
        && netns.occupied == Occupied::Nobody
        && cluster.sandboxes(id).next().is_none();
    let made_by = runtime_of(netns).filter(|_| of_nobody)?;
    Some(match made_by {
        // Of a sandbox whose process has ended, containerd keeps no file.
        MadeBy::Kubernetes if cluster.nodes[id.node].runtimes.is_empty() => {
            "leaked or stuck: no process, and no runtime told whose it is"
        }
        MadeBy::Kubernetes | MadeBy::Docker => "leaked: no pod, no container and no process",
    })
}

/// Who made a namespace.
enum MadeBy {
    /// A runtime that speaks the Container Runtime Interface.
    Kubernetes,
    /// Docker.
    Docker,
}

/// Who made a namespace, if its name is one that runtimes give: `cni-UUID` (containerd's pkg/netns), a UUID (CRI-O), twelve
/// hexadecimal digits (Docker; its overlay networks have namespaces of other names, without a process).
fn runtime_of(netns: &Netns) -> Option<MadeBy> {
    let (folder, name) = netns.pinned.as_deref()?.rsplit_once('/')?;
    let is_hex = |text: &str| text.chars().all(|c| c.is_ascii_hexdigit());
    let is_uuid = || {
        let lengths = name.split('-').map(str::len);
        lengths.eq([8, 4, 4, 4, 12]) && name.split('-').all(is_hex)
    };
    match folder.ends_with("docker/netns") {
        true => (name.len() == 12 && is_hex(name)).then_some(MadeBy::Docker),
        false => (name.starts_with("cni-") || is_uuid()).then_some(MadeBy::Kubernetes),
    }
}
