//! Whom kube-proxy takes for a pod: its `clusterCIDR`, in the rules that masquerade all others' packets for a cluster IP
//! (`! -s CIDR ... -j KUBE-MARK-MASQ`, `syncProxyRules` in pkg/proxy/iptables/proxier.go).

use std::collections::BTreeSet;

use ipnet::IpNet;

use super::rules::Rules;
use crate::check::{Check, Report};
use crate::model::Severity;
use crate::model::iptables::{Rule, TableKind, Target};

pub(super) const CLUSTER_CIDR: Check = Check {
    id: "kube-proxy-cluster-cidr-wrong",
    catalogue: &["F24", "E19"],
    severity: Severity::Warning,
    docs: "kube-proxy masquerades what comes from outside its clusterCIDR to a cluster IP, and the node's own pods are outside \
           it: endpoints see them with the node's address, so that NetworkPolicies and logs by address of pods are wrong. \
           clusterCIDR in kube-proxy's configuration is not the network that pods get their addresses from.",
};

impl Rules<'_, '_> {
    pub(super) fn cluster_cidr(&self, report: &mut Report) {
        let (node, family) = (self.node.name, self.ruleset.family);
        let (Some(pods), Some(table)) = (
            self.node.pod_cidr(family),
            self.ruleset.table(TableKind::Nat),
        ) else {
            return;
        };
        let chains = table.chains().iter().map(|chain| &*chain.name);
        let chains = chains.filter(|name| name.starts_with("KUBE-SVC-"));
        let mut cidrs: BTreeSet<IpNet> = BTreeSet::new();
        let mut shown = None;
        for name in chains {
            let rules = self.chains.chain(TableKind::Nat, name).rules();
            for cidr in rules.iter().filter_map(pods_of) {
                cidrs.insert(cidr);
                shown = shown.or(Some((name, cidr)));
            }
        }
        let holds = |cidr: &IpNet| cidr.contains(&pods);
        let Some((chain, cidr)) = shown.filter(|_| !cidrs.iter().any(holds)) else {
            return;
        };
        let title =
            format!("kube-proxy on {node} takes {cidr} for pods, those of {node} are in {pods}");
        let impact =
            "their connections to Services are masqueraded: endpoints see the node's address";
        let right = self.node.flannel_network(family).unwrap_or(pods);
        let fix = vec![
            format!("kubectl -n kube-system edit configmap kube-proxy  # clusterCIDR: {right}"),
            "kubectl -n kube-system rollout restart daemonset kube-proxy".to_owned(),
        ];
        self.found(&CLUSTER_CIDR, title, impact, ("nat", chain), fix, report);
    }
}

/// Whom a rule spares that marks everybody else for masquerading.
fn pods_of(rule: &Rule) -> Option<IpNet> {
    let marks = matches!(&rule.target, Target::Jump(to) if **to == *"KUBE-MARK-MASQ");
    let source = rule.source.filter(|source| source.negate && marks);
    source.map(|source| source.value)
}
