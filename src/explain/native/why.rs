//! Why a native rule stands where it does (kube-proxy: pkg/proxy/nftables/proxier.go; flannel:
//! pkg/trafficmngr/nftables).

use super::leads_to;
use crate::explain::why::sentences as say;
use crate::model::nftables::{
    Comparison, Expression, Nat, NatKind, Rule, Statement, Table, UpdateKind, Verdict,
};

/// Why a rule stands in a chain of that kind; `None` when nothing is to be said beyond what it does.
pub fn of(kind: &str, table: &Table, rule: &Rule) -> Option<&'static str> {
    let leads = |begins: &str| {
        leads_to(table, rule)
            .iter()
            .any(|(to, _)| to.starts_with(begins))
    };
    match kind {
        "services" if marks(rule) => Some(say::MASQUERADE_OUTSIDE),
        "services" if leads("external-") && !leads("service-") => Some(say::NODE_PORTS_LAST),
        "service-cluster" | "service-local" => choice(rule, leads("mark-for-masquerade")),
        "service-external" => external(rule, &leads),
        "endpoint" => endpoint(rule, leads("mark-for-masquerade")),
        "postrouting" => postrouting(rule),
        "mark-masquerade" => Some("masquerading looks at this bit"),
        "service-firewall" => Some("the Service names who may use its load balancer's IP"),
        "cluster-ips" => Some(match verdict(rule) {
            Some(Verdict::Drop) => {
                "an address of the Services' network that no Service has: nobody would answer"
            }
            _ => "the address is a Service's, and none of its ports is this one",
        }),
        "flannel-forward" => Some(say::FLANNEL_FORWARD),
        "flannel-masquerade" => flannel(rule),
        _ => None,
    }
}

fn marks(rule: &Rule) -> bool {
    let mut statements = rule.statements.iter();
    statements.any(|one| matches!(one, Statement::Assign { .. }))
}

/// Whether a rule marks packets for masquerading, by itself or by the chain for that.
pub fn marks_for_masquerade(table: &Table, rule: &Rule) -> bool {
    let mut led = leads_to(table, rule).into_iter();
    led.any(|(to, _)| to == "mark-for-masquerade") || marks(rule)
}

/// Whether a rule masquerades packets that bear no mark: those of an endpoint to itself.
pub fn masquerades_unmarked(rule: &Rule) -> bool {
    masquerades(rule) && !marks(rule)
}

fn masquerades(rule: &Rule) -> bool {
    let mut statements = rule.statements.iter();
    statements.any(|one| matches!(one, Statement::Nat(nat) if nat.kind == NatKind::Masquerade))
}

fn verdict(rule: &Rule) -> Option<&Verdict> {
    rule.statements.iter().find_map(|one| match one {
        Statement::Verdict(verdict) => Some(verdict),
        _ => None,
    })
}

fn is_local_source(rule: &Rule) -> bool {
    rule.statements.iter().any(|one| {
        matches!(one, Statement::Match { left: Expression::Fib { flags, .. }, .. }
            if flags.iter().any(|flag| &**flag == "saddr"))
    })
}

fn asks_source(rule: &Rule) -> bool {
    rule.statements.iter().any(|one| {
        matches!(one, Statement::Match { left: Expression::Payload { field, .. }, .. }
            if &**field == "saddr")
    })
}

fn choice(rule: &Rule, to_mark: bool) -> Option<&'static str> {
    let statements = &rule.statements;
    let keeps = asks_source(rule) && matches!(verdict(rule), Some(Verdict::Goto(_)));
    if to_mark {
        Some(say::MASQUERADE_OUTSIDE)
    } else if keeps {
        Some(say::AFFINITY)
    } else if statements.iter().any(draws) {
        Some(
            "a number is drawn for each connection, and every endpoint has one: all get the same part",
        )
    } else {
        None
    }
}

/// Whether a number is drawn of which there are several.
fn draws(statement: &Statement) -> bool {
    let key = match statement {
        Statement::Vmap { key, .. } => key,
        Statement::Nat(Nat {
            address: Some(Expression::Map { key, .. }),
            ..
        }) => key,
        _ => return false,
    };
    matches!(key, Expression::Numgen { modulus: 2.., .. })
}

fn external(rule: &Rule, leads: &dyn Fn(&str) -> bool) -> Option<&'static str> {
    let local = is_local_source(rule);
    if marks(rule) || leads("mark-for-masquerade") {
        Some(if local {
            say::MASQUERADE_LOCAL
        } else {
            say::MASQUERADE_EXTERNAL
        })
    } else if leads("service-") && (local || asks_source(rule)) {
        Some(say::POLICY_LOCAL_INSIDE)
    } else if leads("service-") {
        Some(say::POLICY_CLUSTER)
    } else if leads("local-") {
        Some(say::POLICY_LOCAL)
    } else {
        None
    }
}

fn endpoint(rule: &Rule, to_mark: bool) -> Option<&'static str> {
    let mut statements = rule.statements.iter();
    if to_mark {
        return Some(say::HAIRPIN);
    }
    statements.find_map(|one| match one {
        Statement::Nat(_) => Some(say::DNAT),
        Statement::Dynamic(update) if update.kind != UpdateKind::Delete => {
            Some("session affinity: this client comes here again")
        }
        _ => None,
    })
}

fn postrouting(rule: &Rule) -> Option<&'static str> {
    if marks(rule) && masquerades(rule) {
        Some(
            "the answer has to come back to this node; the mark is taken off before, so that a tunnel's packet around this one is left alone",
        )
    } else if masquerades(rule) {
        Some(say::HAIRPIN)
    } else {
        None
    }
}

fn flannel(rule: &Rule) -> Option<&'static str> {
    let asked = |name: &str, wanted: Option<Comparison>| {
        rule.statements.iter().any(|one| {
            matches!(one, Statement::Match { comparison, left: Expression::Payload { field, .. }, .. }
                if &**field == name && wanted.is_none_or(|wanted| wanted == *comparison))
        })
    };
    let from_outside = asked("saddr", Some(Comparison::NotEqual));
    match (verdict(rule), masquerades(rule)) {
        (Some(Verdict::Return), _) if !asked("saddr", None) => Some(say::FLANNEL_MARKED),
        (Some(Verdict::Return), _) if from_outside => Some(say::FLANNEL_FROM_OUTSIDE),
        (Some(Verdict::Return), _) => Some(say::FLANNEL_WITHIN),
        (_, true) if from_outside => Some(say::FLANNEL_TO_PODS),
        (_, true) => Some(say::FLANNEL_TO_OUTSIDE),
        _ => None,
    }
}
