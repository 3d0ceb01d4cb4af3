//! flannel's chains: FLANNEL-POSTRTG masquerades what leaves the cluster, FLANNEL-FWD accepts what pods forward.

use super::rules::Rules;
use crate::check::{Check, Report, tunnel};
use crate::explain::chains::Held;
use crate::model::iptables::TableKind;
use crate::model::{Netns, Severity};

pub(super) const MASQUERADE: Check = Check {
    id: "flannel-masquerade-missing",
    catalogue: &["E18", "B18"],
    severity: Severity::Error,
    docs: "flannel is told to masquerade (FLANNEL_IPMASQ=true), and its chain FLANNEL-POSTRTG is not there, not reached from nat \
           POSTROUTING, or has no MASQUERADE: what pods send out of the cluster keeps their own address, to which nothing \
           comes back. flannel with iptables puts it back within seconds where it runs.",
};

pub(super) const FORWARD: Check = Check {
    id: "flannel-forward-missing",
    catalogue: &["B02"],
    severity: Severity::Warning,
    docs: "flannel's chain FLANNEL-FWD, which accepts what pods forward, is not there or not reached, as it is on other nodes. \
           As long as the policy of FORWARD is ACCEPT that does no harm; when docker or a firewall sets it to DROP, pods \
           are cut off. flannel puts it back within seconds where it runs.",
};

impl Rules<'_, '_> {
    pub(super) fn flannel(&self, report: &mut Report) {
        let family = self.ruleset.family;
        let masks = self.node.subnet_env("FLANNEL_IPMASQ") == Some("true");
        let native = self.node.host.is_some_and(|(_, netns)| {
            let mut tables = netns.nftables.iter().flat_map(|rules| &rules.tables);
            tables.any(|table| table.name.starts_with("flannel-"))
        });
        let other = self.node.host.is_some_and(|(_, netns)| {
            netns.iptables.iter().any(|one| {
                one.family == family
                    && one.backend != self.ruleset.backend
                    && one
                        .table(TableKind::Nat)
                        .is_some_and(|table| table.chain("FLANNEL-POSTRTG").is_some())
            })
        });
        let Some(cidr) = self
            .node
            .flannel_network(family)
            .or_else(|| self.node.pod_cidr(family))
        else {
            return;
        };
        if native || other || !self.ruleset.has_rules() {
            return;
        }
        let chain = self.chains.chain(TableKind::Nat, "FLANNEL-POSTRTG");
        let known = masks || chain.chain().is_some();
        if !known {
            return;
        }
        let (node, tool) = (self.node.name, self.tool());
        let lost = "what pods send out of the cluster keeps their own address, to which nothing comes back";
        let jump = format!(
            "{tool} -t nat -A POSTROUTING -m comment --comment \"flanneld masq\" -j FLANNEL-POSTRTG"
        );
        if matches!(chain, Held::Absent) || self.lacks_masquerade(chain) {
            let title =
                format!("flannel's chain FLANNEL-POSTRTG of {tool} on {node} does not masquerade");
            let fix = vec![
                tunnel::restart_flannel(node),
                format!(
                    "# until then: {tool} -t nat -A POSTROUTING -s {cidr} ! -d {cidr} -j MASQUERADE"
                ),
            ];
            self.found(
                &MASQUERADE,
                title,
                lost,
                ("nat", "FLANNEL-POSTRTG"),
                fix,
                report,
            );
        } else if self.lacks_jump(TableKind::Nat, "POSTROUTING", "FLANNEL-POSTRTG") {
            let title =
                format!("no rule of {tool} nat POSTROUTING on {node} jumps to FLANNEL-POSTRTG");
            self.found(
                &MASQUERADE,
                title,
                lost,
                ("nat", "POSTROUTING"),
                vec![jump],
                report,
            );
        }
    }

    pub(super) fn forward(&self, netns: &Netns, report: &mut Report) {
        let family = self.ruleset.family;
        let Some(_) = self.node.pod_cidr(family) else {
            return;
        };
        let elsewhere = netns.iptables.iter().any(|one| {
            one.family == family
                && one.backend != self.ruleset.backend
                && one.has_rules()
                && one
                    .table(TableKind::Filter)
                    .is_some_and(|table| table.chain("FLANNEL-FWD").is_some())
        });
        let native = netns
            .nftables
            .iter()
            .flat_map(|rules| &rules.tables)
            .any(|table| table.name.starts_with("flannel-"));
        if elsewhere
            || native
            || !self.ruleset.has_rules()
            || self.ruleset.table(TableKind::Filter).is_none()
        {
            return;
        }
        if self.lacks_jump(TableKind::Filter, "FORWARD", "FLANNEL-FWD") {
            let (node, tool) = (self.node.name, self.tool());
            let title = format!("no rule of {tool} filter FORWARD on {node} jumps to FLANNEL-FWD");
            let fix = vec![tunnel::restart_flannel(node)];
            let impact = "pods are cut off when the policy of FORWARD becomes DROP";
            self.found(&FORWARD, title, impact, ("filter", "FORWARD"), fix, report);
        }
    }
}
