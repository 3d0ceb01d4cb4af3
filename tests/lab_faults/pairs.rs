//! Two faults at once. Both are named, at once; then the printed cures are run, and connections pass and no error is left.
//!
//! Two faults of one pair change different things: of two that change the same thing, only the later one is there
//! ([`Fault::changes`]). That is the only reason for which a pair is not made.

use kubenet::lab::faults::Fault;
use kubenet::lab::registry::LabState;
use kubenet::model::{Finding, Severity};

use crate::bench::{connects_soon, cure, findings, heal, make, named};
use crate::chance::Chance;
use crate::lab_support::bench::Lab;

/// Two faults in the order in which they are made.
pub struct Pair {
    pub seed: u64,
    pub faults: [&'static Fault; 2],
}

/// What became of a pair.
pub struct Judged {
    /// What was otherwise than it should be.
    pub wrong: Vec<String>,
    /// The printed cures of both could be run here.
    pub cured: bool,
}

/// A pair for each seed, the first fault of it among those that are `wanted`.
pub fn random(
    first: u64,
    count: u64,
    wanted: &[&'static Fault],
    all: &[&'static Fault],
) -> Vec<Pair> {
    let of_seed = |seed| {
        let mut chance = Chance::new(seed);
        let one = wanted[chance.below(wanted.len())];
        let fits = |other: &&&'static Fault| can_be_together(one, other);
        let others: Vec<&'static Fault> = all.iter().filter(fits).copied().collect();
        let other = others[chance.below(others.len())];
        let faults = match chance.below(2) {
            0 => [one, other],
            _ => [other, one],
        };
        Pair { seed, faults }
    };
    (first..first + count).map(of_seed).collect()
}

fn can_be_together(one: &Fault, other: &Fault) -> bool {
    one.id != other.id
        && !one
            .changes
            .iter()
            .any(|thing| other.changes.contains(thing))
}

/// What is wrong about a pair in a lab that is healthy; leaves it healthy.
pub fn judge(lab: &Lab, pair: &[&'static Fault; 2]) -> Judged {
    let state = lab.state();
    let mut judged = Judged {
        wrong: Vec::new(),
        cured: false,
    };
    let before = findings(lab);
    if !before.is_empty() {
        let what = format!("found before anything is broken: {:?}", named(&before));
        judged.wrong.push(what);
    }
    match make(lab, pair) {
        None => {}
        Some(Err(why)) => judged.wrong.push(why),
        Some(Ok(())) => {
            let found = findings(lab);
            for fault in pair {
                if !found.iter().any(|finding| finding.id == fault.id) {
                    let what = format!("{} is not named: {:?}", fault.id, named(&found));
                    judged.wrong.push(what);
                }
            }
            judged.cured = cure_all(lab, &state, pair, found);
            if judged.cured {
                judged.wrong.extend(left(lab, &state, pair));
            }
        }
    }
    heal(lab);
    judged
}

/// Runs the printed cures as a person would: those of what is named first, and then it is seen what is left. `false` where
/// one cannot be run here.
fn cure_all(
    lab: &Lab,
    state: &LabState,
    pair: &[&'static Fault; 2],
    mut found: Vec<Finding>,
) -> bool {
    for _ in 0..2 * pair.len() {
        let of_pair = |finding: &&Finding| pair.iter().any(|fault| fault.id == finding.id);
        let Some(id) = found.iter().find(of_pair).map(|next| next.id.clone()) else {
            return true;
        };
        let mut same = found.iter().filter(|finding| finding.id == id);
        if !same.all(|finding| cure(state, finding)) {
            return false;
        }
        found = findings(lab);
    }
    true
}

/// What is still wrong after the cures.
fn left(lab: &Lab, state: &LabState, pair: &[&'static Fault; 2]) -> Vec<String> {
    let victims = pair.iter().filter_map(|fault| fault.victim_in(&state.spec));
    let mut wrong: Vec<String> = victims
        .filter(|victim| !connects_soon(state, *victim))
        .map(|victim| format!("{victim:?} is not answered after the cures"))
        .collect();
    let of_pair = |finding: &Finding| pair.iter().any(|fault| fault.id == finding.id);
    let bad = |finding: &&Finding| finding.severity == Severity::Error || of_pair(finding);
    let after: Vec<Finding> = findings(lab).iter().filter(bad).cloned().collect();
    if !after.is_empty() {
        wrong.push(format!("found after the cures: {:?}", named(&after)));
    }
    wrong
}
