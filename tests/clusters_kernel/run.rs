//! Runs cases, several at once, and tells of what differed.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::bench::{Bench, Finding};
use crate::case::Case;
use crate::chance::Chance;
use crate::cluster::Mode;
use crate::lab_support::bench::{can_build, has_ipvs};
use crate::{breakage, cluster, flows, shrink};

/// Flows of each cluster.
const FLOWS: usize = 20;
/// Labs at once: they are waited for more than they work.
const BENCHES: usize = 6;
/// The largest share of flows that the walk may leave open, a few aside.
const OPEN: f64 = 0.03;
const A_FEW: usize = 5;

/// What is to be run.
pub struct Wish {
    pub name: &'static str,
    /// Clusters, unless `KUBENET_CASES` says otherwise.
    pub cases: u64,
    pub broken: bool,
    pub mode: Mode,
}

/// What was found in all cases.
#[derive(Default)]
struct Tally {
    asked: usize,
    undetermined: BTreeMap<String, usize>,
    wrong: Vec<(u64, Case, String)>,
}

/// Builds a cluster for each seed, and asks.
pub fn all(wish: &Wish) {
    if !can_build() || wish.mode == Mode::Ipvs && !has_ipvs() {
        return;
    }
    let number = |name: &str| std::env::var(name).ok()?.parse::<u64>().ok();
    let first = number("KUBENET_SEED").unwrap_or(1);
    let cases = number("KUBENET_CASES").unwrap_or(wish.cases);
    let next = AtomicU64::new(first);
    let tally = Mutex::new(Tally::default());
    std::thread::scope(|scope| {
        for _ in 0..BENCHES {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= first + cases {
                        break;
                    }
                    let case = random(seed, wish);
                    let findings = findings(&case);
                    count(&mut tally.lock().unwrap(), seed, &case, &findings);
                }
            });
        }
    });
    let tally = tally.into_inner().unwrap();
    let open: usize = tally.undetermined.values().sum();
    eprintln!(
        "{}: {cases} from seed {first}, {} flows, {open} of them left open",
        wish.name, tally.asked
    );
    for (why, times) in &tally.undetermined {
        eprintln!("  left open {times} times: {why}");
    }
    if let Some((seed, case, _)) = tally.wrong.first() {
        let small = shrink::smallest(case);
        let json = serde_json::to_string(&small).unwrap();
        eprintln!("the smallest form of what seed {seed} found:\n{json}");
    }
    let wrong: Vec<_> = tally
        .wrong
        .iter()
        .map(|(seed, _, text)| format!("seed {seed}: {text}"))
        .collect();
    assert!(
        wrong.is_empty(),
        "the kernel did otherwise:\n{}",
        wrong.join("\n")
    );
    assert!(
        open <= A_FEW + (OPEN * tally.asked as f64) as usize,
        "{open} of {} flows were left open",
        tally.asked
    );
}

/// The case of a seed.
fn random(seed: u64, wish: &Wish) -> Case {
    let mut chance = Chance::new(seed);
    let spec = cluster::random(&mut chance, wish.mode);
    let broken: Vec<_> = (0..usize::from(wish.broken))
        .map(|_| breakage::random(&mut chance, &spec))
        .collect();
    let mut flows: Vec<_> = (0..FLOWS)
        .map(|_| flows::random(&mut chance, &spec))
        .collect();
    flows::keep_apart(&mut flows);
    Case {
        spec,
        broken,
        flows,
    }
}

/// Builds a case and asks.
pub fn findings(case: &Case) -> Vec<Finding> {
    let bench = Bench::up(case).unwrap_or_else(|error| panic!("{error}"));
    bench.warm(&case.flows);
    bench.break_it(&case.broken);
    bench.judge(&case.flows)
}

fn count(tally: &mut Tally, seed: u64, case: &Case, findings: &[Finding]) {
    for (flow, finding) in case.flows.iter().zip(findings) {
        tally.asked += 1;
        if let Some(why) = &finding.undetermined {
            *tally.undetermined.entry(why.clone()).or_default() += 1;
        }
        if !finding.wrong.is_empty() {
            let alone = Case {
                flows: vec![flow.clone()],
                ..case.clone()
            };
            let broken: Vec<_> = case
                .broken
                .iter()
                .map(|one| format!("{}: {}", one.place, one.command.join(" ")))
                .collect();
            let text = format!("{} {flow}: {}", broken.join("; "), finding.wrong.join("; "));
            tally.wrong.push((seed, alone, text));
        }
    }
}

/// Asks again what once was wrong.
pub fn regressions() {
    if !can_build() {
        return;
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clusters_kernel/regressions");
    let mut wrong = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let case: Case = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        for (flow, finding) in case.flows.iter().zip(findings(&case)) {
            if !finding.wrong.is_empty() || finding.undetermined.is_some() {
                wrong.push(format!("{}: {flow}: {finding:?}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
