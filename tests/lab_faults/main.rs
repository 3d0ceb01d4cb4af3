//! Faults that are made in a lab: the lab is healthy and nothing is found; a fault is made; a real connection shows the
//! symptom; `check` names the fault first; the trace of the same connection does not arrive and names it too; the cure
//! that is printed is run; and then connections pass and nothing is wrong. Two faults at once: both are named.
//!
//! `KUBENET_FAULT` chooses by a part of the name; `KUBENET_CASES` says how many pairs, `KUBENET_SEED` with which number they
//! begin.

#![allow(clippy::unwrap_used)]

#[path = "../lab_support/mod.rs"]
mod lab_support;

#[allow(dead_code)]
#[path = "../routing_kernel/chance.rs"]
mod chance;

mod bench;
mod pairs;
mod single;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use kubenet::check;
use kubenet::lab::demo::Choice;
use kubenet::lab::faults::{self, Fault, Need};
use kubenet::lab::kube_proxy_nftables::Layout;
use kubenet::lab::spec::Proxy;
use lab_support::bench::{Lab, can_build, has_ipvs};

/// Labs at once: they are waited for more than they work.
const LABS: usize = 4;

/// Asks every case of labs that are built alike, several at once, and fails with what is wrong about each.
fn all<Case: Sync>(
    name: &str,
    choice: &Choice,
    cases: &[Case],
    judge: impl Fn(&Lab, &Case) -> Option<String> + Sync,
) {
    let next = AtomicUsize::new(0);
    let wrong = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for number in 0..LABS.min(cases.len()) {
            let (next, wrong, judge) = (&next, &wrong, &judge);
            scope.spawn(move || {
                let lab = bench::up(&format!("{name}-{number}"), choice);
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    wrong.lock().unwrap().extend(judge(&lab, case));
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(
        wrong.is_empty(),
        "{} of {}:\n{}",
        wrong.len(),
        cases.len(),
        wrong.join("\n")
    );
}

/// A number from the environment.
fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// The faults that can be made in the lab of a choice.
fn possible(choice: &Choice) -> Vec<&'static Fault> {
    let spec = bench::spec(choice);
    faults::all()
        .filter(|fault| fault.lacks(&spec).is_none())
        .collect()
}

/// Those of them that are wanted.
fn chosen(choice: &Choice) -> Vec<&'static Fault> {
    let only = std::env::var("KUBENET_FAULT").unwrap_or_default();
    let mut faults = possible(choice);
    faults.retain(|fault| fault.id.contains(&only));
    assert!(!faults.is_empty(), "no fault is called like {only:?}");
    faults
}

#[test]
fn every_fault_is_named_first_and_its_cure_cures() {
    if !can_build() {
        return;
    }
    let choice = Choice::default();
    all("one", &choice, &chosen(&choice), |lab, fault| {
        let wrong = single::judge(lab, fault);
        (!wrong.is_empty()).then(|| format!("{}:\n  {}", fault.id, wrong.join("\n  ")))
    });
}

/// What only another mode of kube-proxy can lose.
fn of_mode(name: &str, proxy: Proxy, own: &[Need]) {
    let choice = Choice {
        proxy,
        ..Choice::default()
    };
    let mut faults = possible(&choice);
    faults.retain(|fault| fault.needs.iter().any(|need| own.contains(need)));
    assert!(faults.len() >= 3);
    all(name, &choice, &faults, |lab, fault| {
        let wrong = single::judge(lab, fault);
        (!wrong.is_empty()).then(|| format!("{}:\n  {}", fault.id, wrong.join("\n  ")))
    });
}

#[test]
fn every_fault_of_nftables_mode_is_named_first_and_its_cure_cures() {
    if can_build() {
        let own = [Need::Nftables, Need::HairpinSet];
        of_mode("nftables", Proxy::Nftables(Layout::V1_36), &own);
    }
}

#[test]
fn every_fault_of_ipvs_mode_is_named_first_and_its_cure_cures() {
    if can_build() && has_ipvs() {
        of_mode("ipvs", Proxy::Ipvs("rr".to_owned()), &[Need::Ipvs]);
    }
}

#[test]
fn both_of_two_faults_are_named() {
    if !can_build() {
        return;
    }
    let choice = Choice::default();
    let first = number("KUBENET_SEED").unwrap_or(1);
    let count = number("KUBENET_CASES").unwrap_or(12);
    let pairs = pairs::random(first, count, &chosen(&choice), &possible(&choice));
    let cured = AtomicUsize::new(0);
    all("two", &choice, &pairs, |lab, pair| {
        let judged = pairs::judge(lab, &pair.faults);
        cured.fetch_add(usize::from(judged.cured), Ordering::Relaxed);
        let [one, other] = pair.faults.map(|fault| fault.id);
        let what = format!("seed {}: {one} and {other}", pair.seed);
        (!judged.wrong.is_empty()).then(|| format!("{what}:\n  {}", judged.wrong.join("\n  ")))
    });
    let cured = cured.into_inner();
    eprintln!("{count} pairs of faults from seed {first}, {cured} of them cured as printed");
}

#[test]
fn faults_are_called_as_the_checks_that_find_them() {
    for fault in faults::all() {
        assert!(check::by_id(fault.id).is_some(), "{}", fault.id);
        assert_eq!(
            faults::all().filter(|one| one.id == fault.id).count(),
            1,
            "{}",
            fault.id
        );
    }
    assert!(faults::all().count() >= 40);
}
