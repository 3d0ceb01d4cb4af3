//! The endpoints of a Service beside those that a node chooses among.

use std::collections::HashSet;
use std::net::SocketAddr;

use super::Case;
pub use super::endpoint_findings::CHECKS;
use super::endpoint_findings::{self, empty, gone, stale, to, wrong_port, wrong_target};
use super::programmed::{Choice, Member, To};
use crate::check::Report;
use crate::model::kube_proxy::{Target, Targets};

/// Compares every choice.
pub fn check(case: &Case<'_, '_>, report: &mut Report) {
    for choice in &case.programmed.choices {
        check_choice(case, choice, report);
    }
}

fn check_choice(case: &Case<'_, '_>, choice: &Choice<'_>, report: &mut Report) {
    let intent = case.intent;
    let expected = match choice.local {
        true => &intent.targets.local,
        false => &intent.targets.cluster,
    };
    // Proxies with many endpoints let chains lie about for a while that nothing leads to.
    if expected.is_empty() && !choice.reached
        || !choice.clear
        || follows_no_hints(&intent.targets, choice)
    {
        return;
    }
    // Of an endpoint whose chain was not read nothing can be said, and so of none that might be it.
    let whole = !choice.members.iter().any(|one| one.to == To::Unknown);
    let led_to: HashSet<SocketAddr> = choice.members.iter().filter_map(to).collect();
    let wanted: HashSet<SocketAddr> = expected.iter().map(|target| target.address).collect();
    let mut missing: Vec<&Target> = expected
        .iter()
        .filter(|target| whole && !led_to.contains(&target.address))
        .collect();
    let mut extra: Vec<&Member<'_>> = choice
        .members
        .iter()
        .filter(|member| to(member).is_some_and(|to| !wanted.contains(&to)) && !member.draining)
        .collect();

    let renamed = pairs(&mut missing, &mut extra, |target, member| {
        to(member).is_some_and(|to| to.ip() == target.address.ip())
    });
    if !renamed.is_empty() {
        let found = wrong_port(case, &choice.name, &renamed);
        report.findings.push(found);
    }
    let named_after = |target: &Target, member: &Member<'_>| {
        let chain = member.chain;
        chain.is_some_and(|chain| intent.is_named_after(chain, target.address))
    };
    for (target, member) in pairs(&mut missing, &mut extra, named_after) {
        report.findings.push(wrong_target(intent, target, member));
    }
    let nowhere = choice.members.iter().filter(|one| one.to == To::Nowhere);
    for member in nowhere {
        let whose = pairs(&mut missing, &mut vec![member], named_after);
        let target = whose.first().map(|(target, _)| *target);
        report.findings.push(empty(intent, member, target));
    }
    let weightless: Vec<&Member<'_>> = choice
        .members
        .iter()
        .filter(|member| member.draining && to(member).is_some_and(|to| ready(expected, to)))
        .collect();
    if !weightless.is_empty() {
        let found = endpoint_findings::weightless(case, choice, &weightless);
        report.findings.push(found);
    }
    if !extra.is_empty() {
        report.findings.push(stale(case, &choice.name, &extra));
    }
    if !missing.is_empty() {
        report.findings.push(gone(case, choice, &missing));
    }
}

fn ready(expected: &[Target], at: SocketAddr) -> bool {
    let mut expected = expected.iter();
    expected.any(|target| target.address == at && target.ready)
}

/// Whether every ready endpoint is chosen among though hints prefer some: proxies that know no such hints are right so.
fn follows_no_hints(targets: &Targets, choice: &Choice<'_>) -> bool {
    let led_to: HashSet<SocketAddr> = choice.members.iter().filter_map(to).collect();
    let mut ready = targets.all.iter().filter(|target| target.ready);
    !choice.local
        && targets.hinted
        && ready.clone().count() == choice.members.len()
        && ready.all(|target| led_to.contains(&target.address))
}

/// Takes out of both lists those that belong together.
fn pairs<'t, 'm, 'c>(
    missing: &mut Vec<&'t Target>,
    extra: &mut Vec<&'m Member<'c>>,
    belong: impl Fn(&Target, &Member<'c>) -> bool,
) -> Vec<(&'t Target, &'m Member<'c>)> {
    let mut found = Vec::new();
    missing.retain(|target| {
        let at = extra.iter().position(|member| belong(target, member));
        if let Some(at) = at {
            found.push((*target, extra.remove(at)));
        }
        at.is_none()
    });
    found
}
