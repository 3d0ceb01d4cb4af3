//! Dumps of a node in ipvs mode that are cut short, at odds with each other, or of what kubenet does not know: what is
//! missing is named, and the rest serves.

#![allow(clippy::unwrap_used)]

mod bundle_support;

use std::sync::atomic::{AtomicUsize, Ordering};

use bundle_support::{Files, fixture, load};
use kubenet::cli::endpoint::{self, Question};
use kubenet::model::Cluster;
use kubenet::model::trace::{Path, Trace, Verdict};
use kubenet::walk;

const IPVS: &str = "nodes/node1/host/ipvs.txt";
const SETS: &str = "nodes/node1/host/ipset.txt";
const CONNECTIONS: &str = "nodes/node1/host/ipvs-conns.txt";
/// Cuts that are judged at once.
const THREADS: usize = 4;

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

fn trace(files: &Files, question: (&str, &str)) -> Trace {
    ask(&load(files), question)
}

fn ask(cluster: &Cluster, (from, to): (&str, &str)) -> Trace {
    let question = Question::new(endpoint::parse(from).unwrap(), endpoint::parse(to).unwrap());
    walk::trace(cluster, &endpoint::resolve(cluster, &question).unwrap())
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

/// Cuts of a file: at every `STEP`th byte, which falls in the middle of lines, and behind the line before each.
fn cuts(text: &[u8]) -> Vec<usize> {
    const STEP: usize = 1009;
    let middle = (STEP..text.len()).step_by(STEP);
    let behind_line = |at: usize| text[..at].iter().rposition(|byte| *byte == b'\n');
    let behind = middle.clone().filter_map(behind_line).map(|at| at + 1);
    [0].into_iter().chain(behind).chain(middle).collect()
}

/// Wherever a dump of sets or virtual servers breaks off, an answer is what it is by the whole dump, or not definite. Where
/// it breaks off between two lines nothing shows that more followed: then only what is about the lost lines may differ.
#[test]
fn dumps_that_break_off_anywhere() {
    let files = real();
    let whole: Vec<_> = QUESTIONS
        .iter()
        .map(|question| trace(&files, *question))
        .collect();
    let mut places: Vec<(&str, usize)> = Vec::new();
    for path in [IPVS, SETS, CONNECTIONS] {
        places.extend(cuts(&files[path]).into_iter().map(|at| (path, at)));
    }
    assert!(places.len() > 30, "{} cuts", places.len());
    let (next, definite) = (AtomicUsize::new(0), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                while let Some((path, at)) = places.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let same = judge_cut(&files, path, *at, &whole);
                    definite.fetch_add(same, Ordering::Relaxed);
                }
            });
        }
    });
    assert!(
        definite.into_inner() > places.len(),
        "hardly an answer was definite"
    );
}

/// How many questions are answered for certain with a file cut there, all as by the whole one.
fn judge_cut(files: &Files, path: &str, at: usize, whole: &[Trace]) -> usize {
    let (left, lost) = files[path].split_at(at);
    let between_lines = left.last().is_none_or(|last| *last == b'\n');
    let mut cut = files.clone();
    cut.insert(path.to_owned(), left.to_vec());
    let cluster = load(&cut);
    if !between_lines {
        assert!(
            !cluster.gaps.is_empty(),
            "{path} cut after {at} bytes: nobody says so"
        );
    }
    let lost = String::from_utf8_lossy(lost);
    let mut definite = 0;
    for (question, truth) in QUESTIONS.iter().zip(whole) {
        let told = ask(&cluster, *question);
        if !is_definite(&told) {
            continue;
        }
        let (ip, port) = question.1.rsplit_once(':').unwrap();
        let is_about = lost.contains(&format!("{ip}:{port}"))
            || lost.contains(&format!("{ip},tcp:{port}"))
            || lost.contains(&format!(" {port}\n"));
        if between_lines && is_about {
            continue;
        }
        definite += 1;
        assert_eq!(
            ends(&told),
            ends(truth),
            "{question:?}: {path} cut after {at} bytes"
        );
    }
    definite
}
