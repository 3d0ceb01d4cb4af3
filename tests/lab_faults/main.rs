//! Faults that are made in a lab: the lab is healthy and nothing is found; a fault is made; a real connection shows the
//! symptom; `check` names the fault first; the trace of the same connection does not arrive and names it too; the cure
//! that is printed is run; and then connections pass and nothing is wrong. Two faults at once: both are named.
//!
//! `KUBENET_FAULT` chooses by a part of the name, `KUBENET_KIND` by that of the kind of cluster; `KUBENET_CASES` says how many
//! pairs, and how many faults in every other kind of cluster, `KUBENET_SEED` with which number they begin.

#![allow(clippy::unwrap_used)]

#[path = "../lab_support/mod.rs"]
mod lab_support;

#[allow(dead_code)]
#[path = "../routing_kernel/chance.rs"]
mod chance;

mod bench;
mod kinds;
mod pairs;
mod single;

use std::sync::atomic::{AtomicUsize, Ordering};

use kubenet::check;
use kubenet::lab::demo::Choice;
use kubenet::lab::faults::{self, Fault, Need};
use kubenet::lab::kube_proxy_nftables::Layout;
use kubenet::lab::spec::Proxy;
use kubenet::model::trace::OverallVerdict;
use kubenet::model::{Family, Severity};
use lab_support::bench::{Lab, can_build, has_ipvs};

/// Labs at once: they are waited for more than they work.
const LABS: usize = 4;

/// Works with several labs at once: workers by number, each with what it has to say in the end.
fn side_by_side(workers: usize, work: impl Fn(usize) -> Vec<String> + Sync) -> Vec<String> {
    let work = &work;
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..workers)
            .map(|number| scope.spawn(move || work(number)))
            .collect();
        let said = workers
            .into_iter()
            .map(|worker| worker.join().expect("a worker panicked"));
        said.flatten().collect()
    })
}

/// Asks every case of labs that are built alike, several at once, and fails with what is wrong about each.
fn all<Case: Sync>(
    name: &str,
    choice: &Choice,
    cases: &[Case],
    judge: impl Fn(&Lab, &Case) -> Option<String> + Sync,
) {
    let next = AtomicUsize::new(0);
    let wrong = side_by_side(LABS.min(cases.len()), |number| {
        let lab = bench::up(&format!("{name}-{number}"), choice);
        let mut wrong = Vec::new();
        while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
            wrong.extend(judge(&lab, case));
        }
        wrong
    });
    fail_with(&wrong, cases.len());
}

fn fail_with(wrong: &[String], count: usize) {
    let what = wrong.join("\n");
    assert!(wrong.is_empty(), "{} of {count}:\n{what}", wrong.len());
}

/// What is wrong about one fault in a lab that is healthy, with its name.
fn judge_one(lab: &Lab, fault: &Fault) -> Option<String> {
    let wrong = single::judge(lab, fault);
    (!wrong.is_empty()).then(|| format!("{}:\n  {}", fault.id, wrong.join("\n  ")))
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
        judge_one(lab, fault)
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
    all(name, &choice, &faults, |lab, fault| judge_one(lab, fault));
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
fn faults_in_other_kinds_of_clusters_are_named_first_and_their_cures_cure() {
    if !can_build() {
        return;
    }
    let first = number("KUBENET_SEED").unwrap_or(1);
    let count = number("KUBENET_CASES").unwrap_or(4);
    let part_of = |name| std::env::var(name).unwrap_or_default();
    let (kind, fault) = (part_of("KUBENET_KIND"), part_of("KUBENET_FAULT"));
    let kinds = kinds::of(&kind, &fault, first, count as usize);
    let next = AtomicUsize::new(0);
    let wrong = side_by_side(LABS.min(kinds.len()), |_| {
        let mut wrong = Vec::new();
        while let Some(kind) = kinds.get(next.fetch_add(1, Ordering::Relaxed)) {
            let lab = bench::up(kind.name, &kind.choice);
            let judged = kind
                .faults
                .iter()
                .filter_map(|fault| judge_one(&lab, fault));
            wrong.extend(judged.map(|what| format!("{}: {what}", kind.name)));
        }
        wrong
    });
    fail_with(&wrong, kinds.iter().map(|kind| kind.faults.len()).sum());
}

/// IPv4 refuses to send from an address that is not the host's, IPv6 does not.
#[test]
fn a_tunnel_over_ipv6_sends_from_any_address() {
    if !can_build() {
        return;
    }
    let choice = Choice {
        families: vec![Family::V6],
        ..Choice::default()
    };
    let lab = bench::up("local6", &choice);
    let change = "ip link set flannel-v6.1 type vxlan id 1 local fd00:205::99";
    let changed = lab.run("node/node1", &["sh", "-ec", change]);
    assert!(changed.status.success(), "{changed:?}");
    let victim = ("client-1", "[fd00:42::4]:8080".parse().unwrap());
    assert!(bench::connects_soon(&lab.state(), victim));
    let trace = bench::trace(&bench::read(&lab), victim);
    assert_eq!(trace.verdict, OverallVerdict::Delivered);
    let found = bench::findings(&lab);
    let named: Vec<_> = found.iter().map(|one| (&*one.id, one.severity)).collect();
    assert_eq!(named, [("vxlan-local-address-foreign", Severity::Warning)]);
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
