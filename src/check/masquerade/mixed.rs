//! Both of the kernel's iptables at once.

use crate::check::backends::{self, Both};
use crate::check::{Check, NodeView, Report};
use crate::model::iptables::Backend;
use crate::model::trace::Evidence;
use crate::model::{Family, Finding, Netns, Severity};

pub(super) const MIXED: Check = Check {
    id: "iptables-backends-mixed",
    catalogue: &["B11", "I19"],
    severity: Severity::Warning,
    docs: "Both of the kernel's iptables hold rules: the kernel asks both, a drop in either is final, and of two translations \
           the first wins, but each tool shows only its own. Use one of them (`update-alternatives --set iptables ...`), \
           and flush the other.",
};

pub(super) fn look(node: &NodeView<'_>, netns: &Netns, report: &mut Report) {
    for family in [Family::V4, Family::V6] {
        let Some(Both {
            nft,
            legacy,
            smaller,
        }) = backends::both(netns, family)
        else {
            continue;
        };
        let tool = match smaller.backend {
            Backend::Nft => "-nft",
            Backend::Legacy => "-legacy",
        };
        let base = if family == Family::V4 {
            "iptables"
        } else {
            "ip6tables"
        };
        let title = format!("both backends of {base} hold rules on {}", node.name);
        let impact = "each tool shows half of the rules that decide".to_owned();
        let mut finding: Finding = MIXED.finding(node.place(None), title, impact);
        finding.evidence = [(nft, "nft"), (legacy, "legacy")]
            .iter()
            .map(|(ruleset, name)| Evidence {
                source: format!("{base}-{name}-save"),
                raw: format!("{} rules", backends::rules(ruleset)),
            })
            .collect();
        for table in smaller.tables() {
            finding
                .fix
                .push(format!("{base}{tool} -t {} -F", table.kind.name()));
        }
        report.judge(&MIXED, node.name, vec![finding]);
    }
}
