//! Session affinity: a rule for each endpoint asks whether the client was sent there within the Service's time, and the
//! endpoint's chain notes whom it gets (`writeServiceToEndpointRules` in pkg/proxy/iptables/proxier.go, xt_recent; in
//! nftables mode by sets with a timeout). In IPVS mode the virtual server is persistent.

use super::Case;
use super::intent::show;
use crate::check::{Check, Report};
use crate::model::Severity;

/// The checks of this file.
pub const CHECKS: &[Check] = &[DIFFERS];

const DIFFERS: Check = Check {
    id: "affinity-differs",
    catalogue: &["F15"],
    severity: Severity::Warning,
    docs: "The rules keep clients at one endpoint in another way than the Service says: not at all, though it has session \
           affinity; at all, though it has none; or for another time.",
};

/// Compares every choice.
pub fn check(case: &Case<'_, '_>, report: &mut Report) {
    let (intent, pieces) = (case.intent, case.proxy.pieces());
    for choice in &case.programmed.choices {
        if choice.members.is_empty() || !choice.clear {
            continue;
        }
        let node = intent.node();
        let wanted = intent.service.affinity_seconds;
        let other_time = choice.kept.iter().find(|seconds| **seconds != wanted);
        let (title, impact) = match (wanted, choice.kept.as_slice()) {
            (None, []) => continue,
            (None, _) => (
                format!(
                    "the {pieces} for {} on {node} keep clients, and it has no affinity",
                    intent.label()
                ),
                "clients stay at one endpoint, and the others get less".to_owned(),
            ),
            (Some(seconds), []) => (
                format!(
                    "the {pieces} for {} on {node} do not keep clients for its {seconds} s",
                    intent.label()
                ),
                "each connection of a client may go to another endpoint".to_owned(),
            ),
            (Some(seconds), _) if other_time.is_some() => {
                let other = other_time.copied().flatten();
                let other = other.map_or_else(|| "ever".to_owned(), |other| format!("{other} s"));
                (
                    format!(
                        "the {pieces} for {} on {node} keep clients for {other} instead of {seconds} s",
                        intent.label()
                    ),
                    "clients change endpoints sooner or later than they should".to_owned(),
                )
            }
            (Some(_), _) if choice.forgetful > 0 => (
                format!(
                    "the {pieces} for {} on {node} do not keep the clients of {} of its {} endpoints",
                    intent.label(),
                    choice.forgetful,
                    choice.members.len()
                ),
                "each connection of such a client may go to another endpoint".to_owned(),
            ),
            (Some(_), _) => continue,
        };
        let mut finding = intent.finding(&DIFFERS, title, impact);
        show(&mut finding, &choice.facts);
        report.findings.push(finding);
    }
}
