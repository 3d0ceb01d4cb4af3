//! What is odd about a chain by itself. What differs from the API is for the checks.

use super::Explanation;
use crate::explain::balance::Balance;
use crate::explain::matches::percent;
use crate::model::{Cluster, ObjectKind};

/// What is odd, a sentence each without a full stop. `balance`: of the chain's rules, where all of them were read;
/// `all_read`: so were those of all other chains of the table.
pub(super) fn of(
    cluster: &Cluster,
    chain: &Explanation,
    balance: Option<&Balance<'_>>,
    all_read: bool,
) -> Vec<String> {
    let mut odd = Vec::new();
    let is_sign = matches!(chain.kind, Some("canary" | "hint"));
    if all_read
        && balance.is_some()
        && chain.policy.is_none()
        && chain.referenced_by.is_empty()
        && !is_sign
    {
        odd.push("no rule leads here: no packet ever comes".to_owned());
    }
    let chooses = matches!(chain.kind, Some("service-cluster" | "service-local"));
    if let Some(balance) = balance.filter(|_| chooses) {
        odd.extend(shares(balance));
        // Where clients are kept, a few of them may leave an endpoint without any.
        if balance.remembered.is_empty() {
            odd.extend(idle(chain));
        }
    }
    odd.extend(deleted(cluster, chain));
    odd
}

/// A Service that the API does not have.
pub(super) fn deleted(cluster: &Cluster, chain: &Explanation) -> Option<String> {
    let objects = &cluster.objects;
    let service = chain.service.as_ref()?;
    let known = !objects.services.is_empty() && !objects.incomplete.contains(&ObjectKind::Service);
    let mut services = objects.services.iter();
    let is_it = |one: &crate::model::Service| {
        one.namespace == service.namespace && one.name == service.name
    };
    (known && !services.any(is_it)).then(|| {
        format!(
            "the API has no Service {}/{}: it was deleted, and the rules stayed",
            service.namespace, service.name
        )
    })
}

/// Where the probabilities do not add up.
fn shares(balance: &Balance<'_>) -> Vec<String> {
    let mut odd = Vec::new();
    if !balance.unclear.is_empty() {
        let rules: Vec<String> = balance.unclear.iter().map(ToString::to_string).collect();
        odd.push(format!(
            "kube-proxy writes no such rule here: rule {}",
            rules.join(", ")
        ));
    }
    if balance.shares.is_empty() {
        odd.push("it leads to no endpoint".to_owned());
        return odd;
    }
    let even = 1.0 / balance.shares.len() as f64;
    let tolerance = even * 1e-4;
    if balance.left > tolerance {
        odd.push(format!(
            "{} of the connections meet no rule to an endpoint, and are not translated",
            percent(balance.left)
        ));
    } else if balance
        .shares
        .iter()
        .any(|share| (share.probability - even).abs() > tolerance)
    {
        odd.push(format!(
            "the endpoints get unequal parts, and kube-proxy gives each {}",
            percent(even)
        ));
    }
    odd
}

/// Endpoints that got nothing of so much that it is no chance.
fn idle(chain: &Explanation) -> Vec<String> {
    let total: Option<u64> = chain
        .endpoints
        .iter()
        .map(|endpoint| endpoint.packets)
        .sum();
    let Some(total) = total else {
        return Vec::new();
    };
    let idle = chain.endpoints.iter().filter_map(|endpoint| {
        let part = endpoint.probability?;
        let chance_of_none = (1.0 - part).powf(total as f64);
        (endpoint.packets == Some(0) && chance_of_none < 1e-6).then_some((endpoint, part))
    });
    idle.map(|(endpoint, part)| {
        format!(
            "{} got none of {total} connections, and should have got {}",
            endpoint.chain,
            percent(part)
        )
    })
    .collect()
}
