//! What is done with a lab that is to be broken: asked, broken, cured.

use std::fs::File;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use kubenet::check;
use kubenet::cli::endpoint::{self, Question};
use kubenet::collect;
use kubenet::lab::demo::{self, Choice};
use kubenet::lab::faults::{self, Fault};
use kubenet::lab::registry::LabState;
use kubenet::lab::spec::Spec;
use kubenet::model::trace::Trace;
use kubenet::model::{Cluster, Finding, Protocol};
use kubenet::walk;

use crate::lab_support::bench::{Lab, Scratch, kubenet};
use crate::lab_support::client::Call;

/// The lab that is built for a choice, without the pods that nothing is asked of here.
pub fn spec(choice: &Choice) -> Spec {
    let mut spec = demo::spec(choice);
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

/// Builds it.
pub fn up(name: &str, choice: &Choice) -> Lab {
    let scratch = Scratch::new(&format!("faults-{name}"));
    let file = scratch.write("spec.json", &serde_json::to_string(&spec(choice)).unwrap());
    Lab::up(
        &format!("faults-{name}"),
        &["--spec", file.to_str().unwrap()],
    )
}

pub fn read(lab: &Lab) -> Cluster {
    collect::lab::read_lab(Some(&lab.name)).expect("the lab can be read")
}

pub fn findings(lab: &Lab) -> Vec<Finding> {
    check::everything(&read(lab)).findings
}

pub fn named(findings: &[Finding]) -> Vec<String> {
    findings
        .iter()
        .map(|one| format!("{} ({})", one.id, one.title))
        .collect()
}

/// Whether a connection is answered. One that is lost is waited for, one that arrives is there at once.
pub fn connects(lab: &LabState, (from, to): (&str, SocketAddr)) -> bool {
    let namespace = File::open(lab.holder(from).unwrap().netns_path()).unwrap();
    let call = Call::new(Protocol::Tcp, to, Duration::from_millis(700));
    call.make(&namespace).is_ok()
}

/// The same after something was mended: a neighbour that was given up is asked again after a while.
pub fn connects_soon(lab: &LabState, victim: (&str, SocketAddr)) -> bool {
    let since = Instant::now();
    let mut passes = connects(lab, victim);
    while !passes && since.elapsed() < Duration::from_secs(4) {
        passes = connects(lab, victim);
    }
    passes
}

pub fn trace(cluster: &Cluster, (from, to): (&str, SocketAddr)) -> Trace {
    let to = endpoint::parse(&to.to_string()).unwrap();
    let question = Question::new(endpoint::parse(from).unwrap(), to);
    let flow = endpoint::resolve(cluster, &question).unwrap();
    let mut trace = walk::trace(cluster, &flow);
    trace.findings = check::of_trace(cluster, &trace).0;
    trace
}

/// Makes some faults; an error says which one cannot be made, and why. What this kernel lacks is skipped: `None`.
pub fn make(lab: &Lab, faults: &[&Fault]) -> Option<Result<(), String>> {
    for fault in faults {
        let made = kubenet(&["lab", "break", "--name", &lab.name, fault.id]);
        if !made.status.success() {
            let why = String::from_utf8_lossy(&made.stderr);
            if why.contains("not supported") {
                eprintln!("skipped: this kernel cannot do {}", fault.id);
                return None;
            }
            return Some(Err(format!("{} cannot be made: {why}", fault.id)));
        }
    }
    settle(faults);
    Some(Ok(()))
}

/// Word of a carrier that comes or goes takes up to a second (net/core/link_watch.c).
pub fn settle(faults: &[&Fault]) {
    let mut steps = faults.iter().flat_map(|fault| fault.steps);
    if steps.any(|(_, step)| step.contains("ip link") || step.contains("remake_tunnel")) {
        std::thread::sleep(Duration::from_millis(1100));
    }
}

/// Runs a cure as it is printed, where it is to be run. A lab has no kubelet that starts pods anew, and no firewalld: such
/// cures are not run.
pub fn cure(lab: &LabState, finding: &Finding) -> bool {
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

/// Makes a lab as it was.
pub fn heal(lab: &Lab) {
    let healed = kubenet(&["lab", "heal", "--name", &lab.name]);
    let why = String::from_utf8_lossy(&healed.stderr);
    assert!(healed.status.success(), "{why}");
}
