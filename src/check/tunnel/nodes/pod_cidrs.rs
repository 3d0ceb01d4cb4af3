//! The networks of the nodes' pods: as the API has them, as flannel on the node wrote them down, and beside each other.

use super::{api, in_api};
use crate::check::tunnel::restart_flannel;
use crate::check::{Check, NodeView, Report, Scene};
use crate::model::trace::Evidence;
use crate::model::{Family, Finding, Severity};

pub(super) const MISSING: Check = Check {
    id: "pod-cidr-missing",
    catalogue: &["C21"],
    severity: Severity::Error,
    docs: "The Node has no pod CIDR: flannel on it waits, and its pods stay ContainerCreating. The controller manager gives \
           them out with `--allocate-node-cidrs=true --cluster-cidr=...` (kubeadm: podSubnet), as long as there are any.",
};

pub(super) const SAME: Check = Check {
    id: "pod-cidr-duplicate",
    catalogue: &["C19"],
    severity: Severity::Error,
    docs: "Two Nodes have the same pod CIDR, or one that lies in the other's: other nodes have a route to only one of them, \
           and pods have the same addresses. Delete one of the Nodes and register it anew; look for a second allocator.",
};

pub(super) const OUTSIDE: Check = Check {
    id: "pod-cidr-outside-network",
    catalogue: &["C20"],
    severity: Severity::Error,
    docs: "The Node's pod CIDR is not within flannel's Network: flannel refuses to start there, or takes its pods' packets for \
           those of strangers. Network in net-conf.json and the controller manager's --cluster-cidr have to agree.",
};

pub(super) const SUBNET_ENV: Check = Check {
    id: "subnet-env-differs",
    catalogue: &["E07"],
    severity: Severity::Error,
    docs: "The network in /run/flannel/subnet.env, from which the CNI plugin gives addresses to new pods, is not the Node's pod \
           CIDR: new pods get addresses which no other node routes here. The Node was registered anew, and flannel not \
           restarted.",
};

pub(super) fn missing(node: &NodeView<'_>) -> Finding {
    let mut finding = MISSING.finding(
        in_api(node),
        format!("Node {} has no pod CIDR", node.name),
        format!("no pod starts on {}", node.name),
    );
    finding.evidence = vec![api(node, "spec.podCIDRs: none")];
    finding.fix = vec![format!(
        "kubectl patch node {} -p '{{\"spec\":{{\"podCIDR\":\"CIDR\"}}}}'  # a free part of the cluster's",
        node.name
    )];
    finding
}

pub(super) fn same(scene: &Scene<'_>, family: Family, report: &mut Report) {
    let cidrs: Vec<_> = scene
        .nodes
        .iter()
        .filter_map(|node| Some((node, node.pod_cidr(family)?)))
        .collect();
    let mut sorted = cidrs;
    // A network that lies in another sorts right behind it or behind others that do.
    sorted.sort_by_key(|(node, cidr)| (cidr.network(), cidr.prefix_len(), node.name));
    for pair in sorted.windows(2) {
        let [(first, one), (second, two)] = pair else {
            continue;
        };
        if !one.contains(two) {
            continue;
        }
        let mut finding = SAME.finding(
            in_api(second),
            format!("Nodes {} and {} have the same pod CIDR {two}", first.name, second.name),
            "pods of the two have the same addresses, and other nodes reach only those of one of them".to_owned(),
        );
        finding.evidence = vec![
            api(first, &format!("spec.podCIDRs: {one}")),
            api(second, &format!("spec.podCIDRs: {two}")),
        ];
        finding.fix = vec![format!(
            "kubectl delete node {}  # it registers anew, with a network of its own",
            second.name
        )];
        finding.mentions = vec![two.to_string(), two.network().to_string()];
        report.judge(&SAME, second.name, vec![finding]);
    }
}

pub(super) fn outside(node: &NodeView<'_>, family: Family) -> Option<Finding> {
    let (network, cidr) = (node.flannel_network(family)?, node.pod_cidr(family)?);
    if network.contains(&cidr) {
        return None;
    }
    let mut finding = OUTSIDE.finding(
        node.place(None),
        format!("the pod CIDR {cidr} of {} is not within flannel's network {network}", node.name),
        "flannel refuses to start there, and its pods' packets are masqueraded where they should not be".to_owned(),
    );
    finding.evidence = vec![
        api(node, &format!("spec.podCIDRs: {cidr}")),
        Evidence {
            source: "/run/flannel/subnet.env".to_owned(),
            raw: format!("FLANNEL_NETWORK={network}"),
        },
    ];
    finding.fix = vec!["kubectl -n kube-flannel edit configmap kube-flannel-cfg  # Network: the cluster's pod CIDR".to_owned()];
    Some(finding)
}

pub(super) fn subnet_env(node: &NodeView<'_>, family: Family) -> Option<Finding> {
    let subnet = node.flannel_subnet(family)?;
    let cidr = node.pod_cidr(family)?;
    if subnet.trunc() == cidr {
        return None;
    }
    let mut finding = SUBNET_ENV.finding(
        node.place(None),
        format!(
            "/run/flannel/subnet.env of {} says {}, its pod CIDR is {cidr}",
            node.name,
            subnet.trunc()
        ),
        format!(
            "new pods of {} get addresses that other nodes do not route there",
            node.name
        ),
    );
    finding.evidence = vec![
        Evidence {
            source: "/run/flannel/subnet.env".to_owned(),
            raw: format!("FLANNEL_SUBNET={subnet}"),
        },
        api(node, &format!("spec.podCIDRs: {cidr}")),
    ];
    finding.fix = vec![
        "rm /run/flannel/subnet.env".to_owned(),
        restart_flannel(node.name),
    ];
    Some(finding)
}
