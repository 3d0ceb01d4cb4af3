//! Session affinity: a rule for each endpoint asks whether the client was sent there within the Service's time, and the
//! endpoint's chain notes whom it gets (`writeServiceToEndpointRules` in pkg/proxy/iptables/proxier.go, xt_recent).

use super::intent::Intent;
use crate::check::{Check, Report};
use crate::explain::balance::{Balance, notes_clients};
use crate::explain::chains::Held;
use crate::model::Severity;
use crate::model::iptables::TableKind;
use crate::model::kube_proxy::ServiceChain;

/// The checks of this file.
pub const CHECKS: &[Check] = &[DIFFERS];

const DIFFERS: Check = Check {
    id: "affinity-differs",
    catalogue: &["F15"],
    severity: Severity::Warning,
    docs: "The rules keep clients at one endpoint in another way than the Service says: not at all, though it has session \
           affinity; at all, though it has none; or for another time.",
};

/// Compares both chains of choice.
pub fn check(intent: &Intent<'_>, report: &mut Report) {
    for kind in [ServiceChain::Cluster, ServiceChain::Local] {
        let held = intent.chain(kind);
        let Held::Whole(_, rules) = held else {
            continue;
        };
        let balance = Balance::of(rules);
        if balance.shares.is_empty() || !balance.unclear.is_empty() {
            continue;
        }
        let node = intent.node();
        let (wanted, kept) = (intent.service.affinity_seconds, &balance.remembered);
        let forgotten = balance.shares.iter().filter(|one| {
            let chain = intent.chains.chain(TableKind::Nat, one.chain);
            let asked = kept.iter().any(|kept| kept.chain == one.chain);
            !asked || chain.is_certain() && !notes_clients(chain.rules())
        });
        let forgotten = forgotten.count();
        let other_time = kept.iter().find(|kept| kept.seconds != wanted);
        let (title, impact) = match (wanted, kept.as_slice()) {
            (None, []) => continue,
            (None, _) => (
                format!(
                    "the rules for {} on {node} keep clients, and it has no affinity",
                    intent.label()
                ),
                "clients stay at one endpoint, and the others get less".to_owned(),
            ),
            (Some(seconds), []) => (
                format!(
                    "the rules for {} on {node} do not keep clients for its {seconds} s",
                    intent.label()
                ),
                "each connection of a client may go to another endpoint".to_owned(),
            ),
            (Some(seconds), _) if other_time.is_some() => {
                let other = other_time.and_then(|kept| kept.seconds);
                let other = other.map_or_else(|| "ever".to_owned(), |other| format!("{other} s"));
                (
                    format!(
                        "the rules for {} on {node} keep clients for {other} instead of {seconds} s",
                        intent.label()
                    ),
                    "clients change endpoints sooner or later than they should".to_owned(),
                )
            }
            (Some(_), _) if forgotten > 0 => (
                format!(
                    "the rules for {} on {node} do not keep the clients of {forgotten} of its {} endpoints",
                    intent.label(),
                    balance.shares.len()
                ),
                "each connection of such a client may go to another endpoint".to_owned(),
            ),
            (Some(_), _) => continue,
        };
        let mut finding = intent.finding(&DIFFERS, title, impact);
        for rule in rules {
            intent.show(&mut finding, TableKind::Nat, held, rule);
        }
        report.findings.push(finding);
    }
}
