//! A table that was cut short or garbled never makes a definite answer wrong: wherever a file of node1 or of a pod on it
//! breaks off, the trace either says what it says of the whole bundle (which the kernel confirmed: `ground_truth.rs`), or
//! that it cannot be told. (`cut_dumps.rs` does the same for `iptables-save`.)

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use kubenet::cli::endpoint::{self, Question};
use kubenet::collect::bundle;
use kubenet::model::trace::{Trace, Verdict};
use kubenet::walk;

type Files = BTreeMap<String, Vec<u8>>;

const FOLDERS: [&str; 3] = [
    "nodes/node1/host/",
    "nodes/node1/pods/default_client-1/",
    "nodes/node1/pods/default_nginx-test-1/",
];

/// Places in each file at which it is cut, and garbled.
const CUTS: usize = 8;

const QUESTIONS: [(&str, &str); 7] = [
    ("client-1", "nginx-test:80"),
    ("client-1", "10.42.0.2:8080"),
    ("client-1", "10.42.1.6:81"),
    ("client-1", "10.42.1.250:80"),
    ("client-1", "1.1.1.1:53"),
    ("node/node1", "10.43.10.5:80"),
    ("client-2", "192.168.205.3:30080"),
];

/// The files that have a part in these answers: what else is large is left out, as they are all read for every cut.
fn fixture() -> Files {
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures/clusters/iptables-nft-vxlan.tar.zst");
    let tar = zstd::decode_all(fs::File::open(file).expect("the fixture")).expect("zstd");
    let mut files = Files::new();
    for entry in tar::Archive::new(tar.as_slice()).entries().expect("tar") {
        let mut entry = entry.expect("an entry");
        let path = entry.path().expect("a path").to_string_lossy().into_owned();
        let path = path.trim_start_matches("./").trim_start_matches("bundle/");
        let has_part = !path.contains("conntrack")
            && !path.ends_with("ip6tables-save.txt")
            && (!path.ends_with("host/nft.json") || path.starts_with(FOLDERS[0]));
        if entry.header().entry_type().is_file() && has_part {
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).expect("readable");
            files.insert(path.to_owned(), bytes);
        }
    }
    files
}

/// What each question is answered; `None` where its ends cannot be found.
fn traces(files: &Files) -> Vec<Option<Trace>> {
    let mut tar = tar::Builder::new(Vec::new());
    for (path, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        tar.append_data(&mut header, path, bytes.as_slice())
            .expect("room");
    }
    let cluster = bundle::load_bytes("cut", &tar.into_inner().expect("tar")).expect("a bundle");
    let answer = |(from, to): &(&str, &str)| {
        let question = Question::new(
            endpoint::parse(from).expect("FROM"),
            endpoint::parse(to).expect("TO"),
        );
        let flow = endpoint::resolve(&cluster, &question).ok()?;
        Some(walk::trace(&cluster, &flow))
    };
    QUESTIONS.iter().map(answer).collect()
}

fn is_definite(trace: &Trace) -> bool {
    let known = |path: &kubenet::model::trace::Path| {
        path.verdict != Verdict::Undetermined && path.assumptions.is_empty()
    };
    trace.paths.iter().all(known)
}

/// What a user acts on: how each path ends, where, and how likely it is.
fn ends(trace: &Trace) -> Vec<String> {
    let end = |path: &kubenet::model::trace::Path| {
        let to = path.destination.as_ref().map(|end| (end.ip, end.port));
        let devices: Vec<&str> = path.devices.iter().map(|at| at.device.as_str()).collect();
        format!(
            "{:.9} {:?} {:?} {to:?} {:?} {}",
            path.probability,
            path.verdict,
            path.client_sees,
            path.source_seen,
            devices.join(" ")
        )
    };
    trace.paths.iter().map(end).collect()
}

/// The file broken in several places: cut short, and with bytes that are no text in the middle.
fn broken(name: &str, whole: &[u8], cuts: usize) -> Vec<(String, Vec<u8>)> {
    let mut all = Vec::new();
    for nth in 0..cuts {
        let at = 1 + nth * whole.len() / cuts;
        let cut = &whole[..at.min(whole.len())];
        // Nothing about a text that ends with a line shows that more followed.
        if name.ends_with(".json") || !cut.ends_with(b"\n") {
            all.push((format!("cut after {at} bytes"), cut.to_vec()));
        }
        let mut garbled = whole.to_vec();
        for byte in garbled.iter_mut().skip(at).take(7) {
            if *byte != b'\n' {
                *byte = 0xff;
            }
        }
        if garbled != whole {
            all.push((format!("garbled at byte {at}"), garbled));
        }
    }
    all
}

/// What came of breaking a file.
#[derive(Default)]
struct Outcome {
    definite: usize,
    wrong: Vec<String>,
}

fn break_file(files: &Files, name: &str, truth: &[Option<Trace>]) -> Outcome {
    let mut outcome = Outcome::default();
    let mut files = files.clone();
    for (how, bytes) in broken(name, &files[name].clone(), CUTS) {
        files.insert(name.to_owned(), bytes);
        for ((question, trace), truth) in QUESTIONS.iter().zip(traces(&files)).zip(truth) {
            // That an end cannot be found is no answer.
            let (Some(trace), Some(truth)) = (trace, truth) else {
                continue;
            };
            if !is_definite(&trace) {
                continue;
            }
            outcome.definite += 1;
            let (is, should) = (ends(&trace), ends(truth));
            if is != should {
                let wrong = format!("{name} {how}: {question:?}\n  {is:?}\n  {should:?}");
                outcome.wrong.push(wrong);
            }
        }
    }
    outcome
}

#[test]
fn a_table_cut_or_garbled_anywhere_misleads_nobody() {
    let files = fixture();
    let truth = traces(&files);
    assert!(truth.iter().flatten().all(is_definite));
    let names: Vec<&String> = files
        .keys()
        .filter(|path| FOLDERS.iter().any(|folder| path.starts_with(folder)))
        .filter(|path| !path.ends_with("tables-save.txt"))
        .collect();
    let next = AtomicUsize::new(0);
    let work = || {
        let mut all = Outcome::default();
        while let Some(name) = names.get(next.fetch_add(1, Ordering::Relaxed)) {
            let outcome = break_file(&files, name, &truth);
            all.definite += outcome.definite;
            all.wrong.extend(outcome.wrong);
        }
        all
    };
    let threads = std::thread::available_parallelism().map_or(1, |count| count.get());
    let outcomes: Vec<Outcome> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let results = workers.into_iter().map(|worker| worker.join());
        results.map(|outcome| outcome.expect("no panic")).collect()
    });
    let wrong: Vec<String> = outcomes
        .iter()
        .flat_map(|outcome| outcome.wrong.clone())
        .collect();
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    let definite: usize = outcomes.iter().map(|outcome| outcome.definite).sum();
    assert!(definite > 0, "every cut made every answer unknown");
}
