//! Faults that are made in a lab: the lab is healthy and nothing is found; a fault is made; a real connection shows the
//! symptom; `check` names the fault first; the trace of the same connection does not arrive and names it too; the cure
//! that is printed is run; and then connections pass and nothing is wrong.

#![allow(clippy::unwrap_used)]

mod lab_support;

use std::fs::File;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use kubenet::check;
use kubenet::cli::endpoint::{self, Question};
use kubenet::collect;
use kubenet::lab::demo::{self, Choice};
use kubenet::lab::faults::{self, FAULTS, Fault};
use kubenet::lab::registry::LabState;
use kubenet::lab::spec::Spec;
use kubenet::model::trace::{OverallVerdict, Trace};
use kubenet::model::{Cluster, Finding, Protocol, Severity};
use kubenet::walk;
use lab_support::bench::{Lab, Scratch, can_build, kubenet};
use lab_support::client::Call;

/// Faults of the whole list that are made one after another in one lab.
const LABS: usize = 4;

/// The lab that is built unless something else is asked for, without the pods that nothing is asked of here.
fn spec() -> Spec {
    let mut spec = demo::spec(&Choice::default());
    let asked = |name: &str| {
        ["client", "nginx-test", "single", "three"]
            .iter()
            .any(|one| name.starts_with(one))
    };
    let objects = &mut spec.objects;
    objects.pods.retain(|pod| asked(&pod.name));
    objects
        .services
        .retain(|service| asked(&service.name) || service.name == "kubernetes");
    objects
        .endpoint_slices
        .retain(|slice| asked(&slice.service) || slice.service == "kubernetes");
    spec
}

fn read(lab: &Lab) -> Cluster {
    collect::lab::read_lab(Some(&lab.name)).expect("the lab can be read")
}

fn findings(lab: &Lab) -> Vec<Finding> {
    check::everything(&read(lab)).findings
}

fn named(findings: &[Finding]) -> Vec<String> {
    findings
        .iter()
        .map(|one| format!("{} ({})", one.id, one.title))
        .collect()
}

/// Whether a connection is answered. One that is lost is waited for, one that arrives is there at once.
fn connects(lab: &LabState, (from, to): (&str, &str)) -> bool {
    let namespace = File::open(lab.holder(from).unwrap().netns_path()).unwrap();
    let call = Call::new(
        Protocol::Tcp,
        to.parse().unwrap(),
        Duration::from_millis(700),
    );
    call.make(&namespace).is_ok()
}

fn trace(cluster: &Cluster, (from, to): (&str, &str)) -> Trace {
    let question = Question::new(endpoint::parse(from).unwrap(), endpoint::parse(to).unwrap());
    let flow = endpoint::resolve(cluster, &question).unwrap();
    let mut trace = walk::trace(cluster, &flow);
    trace.findings = check::of_trace(cluster, &trace).0;
    trace
}

/// Runs a cure as it is printed, where it is to be run. A lab has no kubelet that starts pods anew, and no firewalld: such
/// cures are not run.
fn cure(lab: &LabState, finding: &Finding) -> bool {
    let node = finding.place.node.clone().unwrap_or_default();
    let place = match finding
        .place
        .netns
        .as_deref()
        .and_then(|name| name.strip_prefix("pod:"))
    {
        Some(pod) => pod.to_owned(),
        None => format!("node/{node}"),
    };
    let by_hand = |command: &&String| !command.starts_with('#');
    let foreign = ["kubectl", "systemctl", "firewall-cmd", "ufw"];
    let commands: Vec<&String> = finding.fix.iter().filter(by_hand).collect();
    if commands.is_empty()
        || commands
            .iter()
            .any(|one| foreign.iter().any(|tool| one.starts_with(tool)))
    {
        return false;
    }
    for command in commands {
        if faults::run(lab, &place, command).is_err() {
            return false;
        }
    }
    true
}

/// What is wrong about one fault in a lab that is healthy; leaves it healthy.
fn judge(lab: &Lab, fault: &Fault) -> Vec<String> {
    let mut wrong = Vec::new();
    let state = lab.state();
    if let Some(victim) = fault.victim
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
    let made = kubenet(&["lab", "break", "--name", &lab.name, fault.id]);
    if !made.status.success() {
        let why = String::from_utf8_lossy(&made.stderr);
        if why.contains("not supported") {
            eprintln!("skipped: this kernel cannot do {}", fault.id);
            return wrong;
        }
        return vec![format!("cannot be made: {why}")];
    }
    // Word of a carrier that comes or goes takes up to a second (net/core/link_watch.c).
    if fault.steps.iter().any(|(_, step)| step.contains("ip link")) {
        std::thread::sleep(Duration::from_millis(1100));
    }
    let cluster = read(lab);
    let found = check::everything(&cluster).findings;
    let expected = check::by_id(fault.id).unwrap();
    match found.first() {
        Some(first) if first.id == fault.id => assert_eq!(first.severity, expected.severity),
        _ => wrong.push(format!("the first finding is not it: {:?}", named(&found))),
    }
    if let Some(victim) = fault.victim {
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
        if let Some(victim) = fault.victim {
            let since = Instant::now();
            let mut passes = connects(&state, victim);
            // A neighbour that was given up is asked again after a while.
            while !passes && since.elapsed() < Duration::from_secs(4) {
                passes = connects(&state, victim);
            }
            if !passes {
                wrong.push(format!("not answered after the cure {:?}", of_it[0].fix));
            }
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
    let healed = kubenet(&["lab", "heal", "--name", &lab.name]);
    assert!(
        healed.status.success(),
        "{}",
        String::from_utf8_lossy(&healed.stderr)
    );
    wrong
}

#[test]
fn every_fault_is_named_first_and_its_cure_cures() {
    if !can_build() {
        return;
    }
    let only = std::env::var("KUBENET_FAULT").unwrap_or_default();
    let chosen: Vec<&Fault> = FAULTS
        .iter()
        .filter(|fault| fault.id.contains(&only))
        .collect();
    let scratch = Scratch::new("faults");
    let spec = scratch.write("spec.json", &serde_json::to_string(&spec()).unwrap());
    let next = AtomicUsize::new(0);
    let wrong = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for number in 0..LABS.min(chosen.len()) {
            let (next, wrong, chosen, spec) = (&next, &wrong, &chosen, &spec);
            scope.spawn(move || {
                let file = spec.to_str().unwrap();
                let lab = Lab::up(&format!("faults-{number}"), &["--spec", file]);
                while let Some(fault) = chosen.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let found = judge(&lab, fault);
                    if !found.is_empty() {
                        wrong.lock().unwrap().push(format!(
                            "{}:\n  {}",
                            fault.id,
                            found.join("\n  ")
                        ));
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(
        wrong.is_empty(),
        "{} of {}:\n{}",
        wrong.len(),
        chosen.len(),
        wrong.join("\n")
    );
}

#[test]
fn faults_are_called_as_the_checks_that_find_them() {
    for fault in FAULTS {
        assert!(check::by_id(fault.id).is_some(), "{}", fault.id);
        assert_eq!(
            FAULTS.iter().filter(|one| one.id == fault.id).count(),
            1,
            "{}",
            fault.id
        );
    }
    assert!(FAULTS.len() >= 40);
}
