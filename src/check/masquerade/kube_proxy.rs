//! kube-proxy's chains: KUBE-MARK-MASQ sets a bit of the mark, and KUBE-POSTROUTING masquerades what has it.

use super::rules::Rules;
use crate::check::{Check, Report, service};
use crate::model::Severity;
use crate::model::iptables::{Match, Rule, TableKind, Target};

pub(super) const POSTROUTING: Check = Check {
    id: "kube-postrouting-unreached",
    catalogue: &["F05", "E12"],
    severity: Severity::Error,
    docs: "kube-proxy's chain KUBE-POSTROUTING is there, and no rule of nat POSTROUTING jumps to it: what was marked for \
           masquerading is not masqueraded, and flannel's chain leaves marked packets alone. Clients outside that are sent \
           to an endpoint on another node get no answer.",
};

pub(super) const NO_MASQUERADE: Check = Check {
    id: "kube-postrouting-empty",
    catalogue: &["F05"],
    severity: Severity::Error,
    docs: "kube-proxy's chain KUBE-POSTROUTING has no MASQUERADE: what was marked for it keeps its source, and answers do not \
           come back by this node.",
};

pub(super) const MARK: Check = Check {
    id: "kube-mark-masq-broken",
    catalogue: &["F04", "F06", "E12"],
    severity: Severity::Error,
    docs: "kube-proxy's chain KUBE-MARK-MASQ is gone, empty, or sets another bit than KUBE-POSTROUTING looks for: nothing is \
           masqueraded for Services. A pod that is sent to itself by its own Service, and NodePorts on the loopback \
           address, break; clients outside are seen with their own address.",
};

pub(super) const KEEPS_MARK: Check = Check {
    id: "kube-postrouting-keeps-mark",
    catalogue: &["C18"],
    severity: Severity::Warning,
    docs: "kube-proxy's chain KUBE-POSTROUTING masquerades without taking the mark off first, as it did before Kubernetes 1.19: \
           the packet that a vxlan tunnel wraps around a marked one inherits the mark and is masqueraded again, which with \
           some network cards spoils its checksum. Upgrade kube-proxy.",
};

impl Rules<'_, '_> {
    pub(super) fn kube_proxy(&self, report: &mut Report) {
        let post = self.chains.chain(TableKind::Nat, "KUBE-POSTROUTING");
        let services = self.chains.chain(TableKind::Nat, "KUBE-SERVICES");
        if services.rules().is_empty() {
            return;
        }
        let (node, tool) = (self.node.name, self.tool());
        let lost = "what kube-proxy marked for masquerading keeps its source: answers to clients outside and to pods that meet themselves are lost";
        if post.chain().is_some()
            && self.lacks_jump(TableKind::Nat, "POSTROUTING", "KUBE-POSTROUTING")
        {
            let fix = vec![format!(
                "{tool} -t nat -I POSTROUTING -m comment --comment \"kubernetes postrouting rules\" -j KUBE-POSTROUTING"
            )];
            let title =
                format!("no rule of {tool} nat POSTROUTING on {node} jumps to KUBE-POSTROUTING");
            self.found(
                &POSTROUTING,
                title,
                lost,
                ("nat", "POSTROUTING"),
                fix,
                report,
            );
        } else if self.lacks_masquerade(post) {
            let title = format!("KUBE-POSTROUTING of {tool} on {node} does not masquerade");
            let fix = service::restart_proxy(node);
            self.found(
                &NO_MASQUERADE,
                title,
                lost,
                ("nat", "KUBE-POSTROUTING"),
                fix,
                report,
            );
        }
        if post.is_certain() && self.has_tunnel() && keeps_mark(post.rules()) {
            let title = format!("KUBE-POSTROUTING of {tool} on {node} leaves the mark on");
            let impact = "packets of the tunnel inherit the mark, and are masqueraded again";
            let fix = vec!["# upgrade kube-proxy to 1.19 or later".to_owned()];
            let chain = ("nat", "KUBE-POSTROUTING");
            self.found(&KEEPS_MARK, title, impact, chain, fix, report);
        }
        let mark = self.chains.chain(TableKind::Nat, "KUBE-MARK-MASQ");
        let marks = marked(mark.rules());
        let asked = asked(post.rules());
        let wrong = marks
            .zip(asked)
            .is_some_and(|(set, asked)| set & asked == 0);
        let sets = self
            .chains
            .ruleset
            .table(TableKind::Nat)
            .is_some_and(|table| {
                table.chains().iter().any(|chain| {
                    chain.name.starts_with("KUBE-SVC-") || chain.name.starts_with("KUBE-LOAD")
                })
            });
        if sets && mark.is_certain() && (marks.is_none() || wrong) {
            let title = match marks {
                None => format!("KUBE-MARK-MASQ of {tool} on {node} marks nothing"),
                Some(set) => format!(
                    "KUBE-MARK-MASQ of {tool} on {node} sets {set:#x}, which KUBE-POSTROUTING does not look for"
                ),
            };
            let bit = asked.unwrap_or(0x4000);
            let fix = vec![
                format!("{tool} -t nat -F KUBE-MARK-MASQ"),
                format!("{tool} -t nat -A KUBE-MARK-MASQ -j MARK --or-mark {bit:#x}"),
            ];
            self.found(&MARK, title, lost, ("nat", "KUBE-MARK-MASQ"), fix, report);
        }
    }
}

/// Whether a chain masquerades and never takes the mark off.
fn keeps_mark(rules: &[Rule]) -> bool {
    let has = |is: fn(&Target) -> bool| rules.iter().any(|rule| is(&rule.target));
    has(|target| matches!(target, Target::Masquerade { .. }))
        && !has(|target| matches!(target, Target::Mark { .. }))
}

/// The bits that a chain sets in the mark.
fn marked(rules: &[Rule]) -> Option<u32> {
    rules.iter().find_map(|rule| match rule.target {
        Target::Mark { value, .. } if value != 0 => Some(value),
        _ => None,
    })
}

/// The bits that a chain looks for in the mark.
fn asked(rules: &[Rule]) -> Option<u32> {
    let mut matches = rules.iter().flat_map(|rule| &rule.matches);
    matches.find_map(|one| match one {
        Match::Mark { mask, .. } => Some(*mask),
        _ => None,
    })
}
