//! Whether each endpoint gets the same part of the connections: kube-proxy gives the i-th of n rules the probability
//! 1/(n-i), so that all are met alike (`writeServiceToEndpointRules` in pkg/proxy/iptables/proxier.go), in nftables mode
//! each one number of n, and in IPVS mode each the weight 1.

use super::Case;
use super::endpoint_findings::share;
use super::intent::show;
use crate::check::{Check, Report};
use crate::model::Severity;

/// The checks of this file.
pub const CHECKS: &[Check] = &[LOST, UNEVEN];

const LOST: Check = Check {
    id: "endpoint-share-lost",
    catalogue: &["F03"],
    severity: Severity::Error,
    docs: "Some connections to a Service meet the rule of no endpoint, because the last one of kube-proxy's rules, which \
           takes whatever the others leave, is gone or has a probability; in nftables mode because a number of the draw has \
           no endpoint. They leave by the default route. In IPVS mode that cannot be.",
};

const UNEVEN: Check = Check {
    id: "endpoint-share-uneven",
    catalogue: &["F03"],
    severity: Severity::Warning,
    docs: "By the rules' probabilities, or by the weights of IPVS's real servers, the endpoints of a Service get unequal \
           parts of the connections. kube-proxy gives all the same; something else changed, added or removed a rule or \
           weight.",
};

/// Shares that differ by less than this part of themselves are equal: the kernel keeps probabilities in 31 bits.
const TOLERANCE: f64 = 1e-4;

/// Adds up the parts of every choice.
pub fn check(case: &Case<'_, '_>, report: &mut Report) {
    let intent = case.intent;
    for choice in &case.programmed.choices {
        let taking: Vec<f64> = choice
            .members
            .iter()
            .filter(|member| !member.draining)
            .map(|member| member.part)
            .collect();
        if !choice.clear || taking.is_empty() {
            continue;
        }
        let (node, pieces) = (intent.node(), case.proxy.pieces());
        let even = 1.0 / taking.len() as f64;
        let differs = |part: &f64| (part - even).abs() > even * TOLERANCE;
        let mut finding = if choice.left > even * TOLERANCE {
            intent.finding(
                &LOST,
                format!(
                    "the {pieces} for {} on {node} take only {} of the connections",
                    intent.label(),
                    share(1.0 - choice.left)
                ),
                format!(
                    "{} of the connections are not translated, and leave {node} by the default route",
                    share(choice.left)
                ),
            )
        } else if taking.iter().any(differs) {
            let ends = taking
                .iter()
                .fold((1.0_f64, 0.0_f64), |(least, most), part| {
                    (least.min(*part), most.max(*part))
                });
            intent.finding(
                &UNEVEN,
                format!(
                    "the {} endpoints of {} get unequal parts on {node}",
                    taking.len(),
                    intent.label()
                ),
                format!(
                    "parts from {} to {} of the connections instead of {} each",
                    share(ends.0),
                    share(ends.1),
                    share(even)
                ),
            )
        } else {
            continue;
        };
        show(&mut finding, &choice.facts);
        report.findings.push(finding);
    }
}
