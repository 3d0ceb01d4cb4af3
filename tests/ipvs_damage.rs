//! Dumps of a node in ipvs mode that are cut short, at odds with each other, or of what kubenet does not know: what is
//! missing is named, and the rest serves.

#![allow(clippy::unwrap_used)]

mod bundle_support;

use bundle_support::{Files, fixture, load};
use kubenet::cli::endpoint::{self, Question};
use kubenet::model::trace::{Path, Trace, Verdict};
use kubenet::walk;

const IPVS: &str = "nodes/node1/host/ipvs.txt";
const SETS: &str = "nodes/node1/host/ipset.txt";

/// All by node1's virtual servers: an address of the cluster and a NodePort, from a pod, the node, and outside of it.
const QUESTIONS: [(&str, &str); 5] = [
    ("client-1", "10.43.6.58:80"),
    ("client-1", "10.43.10.5:80"),
    ("client-1", "10.43.60.1:80"),
    ("node/node1", "10.43.10.3:80"),
    ("client-2", "192.168.205.3:30080"),
];

fn real() -> Files {
    let mut files = fixture("ipvs-rr-vxlan");
    // Not asked about here, and long: all is read again for every cut.
    let asked = [
        "/host/",
        "k8s/",
        "client-",
        "nginx-test-",
        "five-",
        "three-",
    ];
    let long = ["conntrack", "ip6tables"];
    let has = |path: &str, parts: &[&str]| parts.iter().any(|part| path.contains(part));
    files.retain(|path, _| has(path, &asked) && !has(path, &long));
    files
}

fn trace(files: &Files, (from, to): (&str, &str)) -> Trace {
    let cluster = load(files);
    let question = Question::new(endpoint::parse(from).unwrap(), endpoint::parse(to).unwrap());
    walk::trace(&cluster, &endpoint::resolve(&cluster, &question).unwrap())
}

fn is_definite(trace: &Trace) -> bool {
    let known = |path: &Path| path.verdict != Verdict::Undetermined && path.assumptions.is_empty();
    trace.paths.iter().all(known)
}

fn ends(trace: &Trace) -> Vec<String> {
    let end = |path: &Path| {
        let to = path.destination.as_ref().map(|end| (end.ip, end.port));
        let (share, verdict, sees) = (path.probability, path.verdict, path.client_sees);
        format!(
            "{share:.6} {verdict:?} {sees:?} {to:?} {:?}",
            path.source_seen
        )
    };
    trace.paths.iter().map(end).collect()
}

/// Everything that a trace says it does not know.
fn unknown(trace: &Trace) -> String {
    let mut all = trace.not_seen.clone();
    for path in &trace.paths {
        all.extend(path.stopped_at.iter().map(|at| at.why.clone()));
        all.extend(path.assumptions.iter().map(|one| one.unknown.clone()));
    }
    all.join("\n")
}

/// `lines` that pass the filter.
fn without(files: &Files, path: &str, gone: impl Fn(&str) -> bool) -> Files {
    let text = String::from_utf8(files[path].clone()).unwrap();
    let left: String = text
        .lines()
        .filter(|line| !gone(line))
        .map(|line| format!("{line}\n"))
        .collect();
    assert_ne!(left, text, "nothing is gone of {path}");
    let mut files = files.clone();
    files.insert(path.to_owned(), left.into_bytes());
    files
}

/// Of a dump that breaks off in its first line nothing is known: neither of Services' addresses nor of NodePorts.
#[test]
fn a_dump_that_breaks_off_at_once() {
    let mut files = real();
    files.insert(IPVS.to_owned(), b"-A -".to_vec());
    for question in QUESTIONS {
        let told = trace(&files, question);
        assert!(!is_definite(&told), "{question:?}: {:?}", ends(&told));
        assert!(unknown(&told).contains("IPVS"), "{}", unknown(&told));
    }
}

#[test]
fn a_set_that_a_rule_names_and_is_missing() {
    let files = real();
    let lost = without(&files, SETS, |line| line.contains(" KUBE-CLUSTER-IP "));
    let told = trace(&lost, QUESTIONS[0]);
    assert!(!is_definite(&told), "{told:?}");
    assert!(
        unknown(&told).contains("KUBE-CLUSTER-IP"),
        "{}",
        unknown(&told)
    );
    // What does not meet that set is told as before: pods have addresses of their own.
    let pod = ("client-1", "10.42.2.6:80");
    assert_eq!(ends(&trace(&lost, pod)), ends(&trace(&files, pod)));
}

#[test]
fn a_scheduler_that_nobody_knows() {
    let mut files = real();
    let text = String::from_utf8(files[IPVS].clone()).unwrap();
    let changed = text.replace("-t 10.43.6.58:80 -s rr", "-t 10.43.6.58:80 -s zeta");
    assert_ne!(changed, text);
    files.insert(IPVS.to_owned(), changed.into_bytes());
    let told = trace(&files, QUESTIONS[0]);
    assert!(!is_definite(&told));
    assert!(unknown(&told).contains("zeta"), "{}", unknown(&told));
    let other = trace(&files, QUESTIONS[1]);
    assert!(is_definite(&other) && other.paths.len() == 5, "{other:?}");
}
