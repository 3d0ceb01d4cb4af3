//! One fault at a time.

use kubenet::check;
use kubenet::lab::faults::Fault;
use kubenet::model::trace::OverallVerdict;
use kubenet::model::{Finding, Severity};

use crate::bench::{connects, connects_soon, cure, findings, heal, make, named, read, trace};
use crate::lab_support::bench::Lab;

/// What is wrong about one fault in a lab that is healthy; leaves it healthy.
pub fn judge(lab: &Lab, fault: &Fault) -> Vec<String> {
    let mut wrong = Vec::new();
    let state = lab.state();
    let victim = fault.victim_in(&state.spec);
    if let Some(victim) = victim
        && !connects(&state, victim)
    {
        wrong.push("the connection is not made before anything is broken".to_owned());
    }
    let before = findings(lab);
    if !before.is_empty() {
        wrong.push(format!(
            "found before anything is broken: {:?}",
            named(&before)
        ));
    }
    match make(lab, &[fault]) {
        None => return wrong,
        Some(Err(why)) => return vec![why],
        Some(Ok(())) => {}
    }
    let cluster = read(lab);
    let found = check::everything(&cluster).findings;
    let expected = check::by_id(fault.id).unwrap();
    match found.first() {
        Some(first) if first.id == fault.id => assert_eq!(first.severity, expected.severity),
        _ => wrong.push(format!("the first finding is not it: {:?}", named(&found))),
    }
    if let Some(victim) = victim {
        if connects(&state, victim) {
            wrong.push(format!("{victim:?} is still answered"));
        }
        let trace = trace(&cluster, victim);
        if trace.verdict == OverallVerdict::Delivered {
            wrong.push("the trace is delivered".to_owned());
        }
        if trace.findings.first().map(|finding| finding.id.as_str()) != Some(fault.id) {
            wrong.push(format!("the trace names {:?}", named(&trace.findings)));
        }
    }
    let of_it: Vec<&Finding> = found
        .iter()
        .filter(|finding| finding.id == fault.id)
        .collect();
    let cured = !of_it.is_empty() && of_it.iter().all(|finding| cure(&state, finding));
    if cured {
        if let Some(victim) = victim
            && !connects_soon(&state, victim)
        {
            wrong.push(format!("not answered after the cure {:?}", of_it[0].fix));
        }
        let after = findings(lab);
        // The cure goes before a foreign rule, and leaves it.
        let leaves = fault.steps.iter().any(|(_, step)| step.contains("ip rule"));
        if wrong.is_empty() && after.is_empty() && !leaves {
            return wrong;
        }
        let worse =
            |finding: &&Finding| finding.severity == Severity::Error || finding.id == fault.id;
        let after: Vec<Finding> = after.iter().filter(worse).cloned().collect();
        if !after.is_empty() {
            wrong.push(format!(
                "found after the cure {:?}: {:?}",
                of_it[0].fix,
                named(&after)
            ));
        }
    }
    heal(lab);
    wrong
}
