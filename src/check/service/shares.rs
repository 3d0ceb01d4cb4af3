//! Whether each endpoint gets the same part of the connections: kube-proxy gives the i-th of n rules the probability
//! 1/(n-i), so that all are met alike (`writeServiceToEndpointRules` in pkg/proxy/iptables/proxier.go).

use super::endpoints::share;
use super::intent::Intent;
use crate::check::{Check, Report};
use crate::explain::balance::Balance;
use crate::explain::chains::Held;
use crate::model::Severity;
use crate::model::iptables::TableKind;
use crate::model::kube_proxy::ServiceChain;

/// The checks of this file.
pub const CHECKS: &[Check] = &[LOST, UNEVEN];

const LOST: Check = Check {
    id: "endpoint-share-lost",
    catalogue: &["F03"],
    severity: Severity::Error,
    docs: "Some connections to a Service meet the rule of no endpoint, because the last one of kube-proxy's rules, which \
           takes whatever the others leave, is gone or has a probability. They leave by the default route.",
};

const UNEVEN: Check = Check {
    id: "endpoint-share-uneven",
    catalogue: &["F03"],
    severity: Severity::Warning,
    docs: "By the rules' probabilities the endpoints of a Service get unequal parts of the connections. kube-proxy gives \
           all the same; a rule was changed, added or removed by something else.",
};

/// Shares that differ by less than this part of themselves are equal: the kernel keeps probabilities in 31 bits.
const TOLERANCE: f64 = 1e-4;

/// Adds up the probabilities of both chains of choice.
pub fn check(intent: &Intent<'_>, report: &mut Report) {
    for kind in [ServiceChain::Cluster, ServiceChain::Local] {
        let held = intent.chain(kind);
        let balance = Balance::of(held.rules());
        let Held::Whole(..) = held else { continue };
        if !balance.unclear.is_empty() || balance.shares.is_empty() {
            continue;
        }
        let node = intent.node();
        let even = 1.0 / balance.shares.len() as f64;
        let differs = |part: f64| (part - even).abs() > even * TOLERANCE;
        let mut finding = if balance.left > even * TOLERANCE {
            intent.finding(
                &LOST,
                format!(
                    "the rules for {} on {node} take only {} of the connections",
                    intent.label(),
                    share(1.0 - balance.left)
                ),
                format!(
                    "{} of the connections are not translated, and leave {node} by the default route",
                    share(balance.left)
                ),
            )
        } else if balance.shares.iter().any(|one| differs(one.probability)) {
            let parts = balance.shares.iter().map(|one| one.probability);
            let (least, most) = parts.fold((1.0_f64, 0.0_f64), |(least, most), part| {
                (least.min(part), most.max(part))
            });
            intent.finding(
                &UNEVEN,
                format!(
                    "the {} endpoints of {} get unequal parts on {node}",
                    balance.shares.len(),
                    intent.label()
                ),
                format!(
                    "parts from {} to {} of the connections instead of {} each",
                    share(least),
                    share(most),
                    share(even)
                ),
            )
        } else {
            continue;
        };
        for one in &balance.shares {
            intent.show(&mut finding, TableKind::Nat, held, one.rule);
        }
        report.findings.push(finding);
    }
}
