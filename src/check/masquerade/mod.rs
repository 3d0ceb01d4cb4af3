//! Source translation: flannel's for what leaves the cluster, kube-proxy's for what would not come back otherwise.

mod cluster_cidr;
mod flannel;
mod kube_proxy;
mod mixed;
mod rules;

use self::rules::Rules;
use super::{Check, Family, Report, Scene};
use crate::explain::chains::Chains;
use crate::model::iptables::TableKind;

/// The checks of this family.
pub const FAMILY: Family = Family {
    about: "masquerading",
    checks: &[CHECKS],
    look,
};

const CHECKS: &[Check] = &[
    kube_proxy::POSTROUTING,
    kube_proxy::NO_MASQUERADE,
    kube_proxy::MARK,
    flannel::MASQUERADE,
    flannel::FORWARD,
    mixed::MIXED,
    kube_proxy::KEEPS_MARK,
    cluster_cidr::CLUSTER_CIDR,
];

fn look(scene: &Scene<'_>, report: &mut Report) {
    let hosts: Vec<_> = scene.hosts().collect();
    let forwards = hosts.iter().filter(|(node, ..)| {
        let rulesets = node.host.iter().flat_map(|(_, netns)| &netns.iptables);
        rulesets.into_iter().any(|ruleset| {
            ruleset
                .table(TableKind::Filter)
                .is_some_and(|table| table.chain("FLANNEL-FWD").is_some())
        })
    });
    let usual = forwards.count() * 2 >= hosts.len() && hosts.len() > 1;
    for (node, host, netns) in hosts {
        if netns.iptables.is_empty() {
            report.skip_all(CHECKS, node.name, "its iptables rules were not read");
            continue;
        }
        for check in CHECKS {
            report.judge(check, node.name, Vec::new());
        }
        for ruleset in &netns.iptables {
            let chains = Chains::of(scene.cluster, host, ruleset);
            let one = Rules {
                node,
                chains: &chains,
                ruleset,
            };
            one.kube_proxy(report);
            one.cluster_cidr(report);
            one.flannel(report);
            if usual {
                one.forward(netns, report);
            }
            report.wishes.extend(chains.into_wishes());
        }
        mixed::look(node, netns, report);
    }
}
