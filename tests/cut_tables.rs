//! A table that was cut short or garbled never makes a definite answer wrong: wherever a file of node1 or of a pod on it
//! breaks off, the trace either says what it says of the whole bundle (which the kernel confirmed: `ground_truth.rs`), or
//! that it cannot be told. (`cut_dumps.rs` does the same for `iptables-save`.)

mod captured;

use std::sync::atomic::{AtomicUsize, Ordering};

use captured::Files;
use kubenet::cli::endpoint::{self, Question};
use kubenet::collect::bundle;
use kubenet::model::trace::{Trace, Verdict};
use kubenet::walk;

const FOLDERS: [&str; 3] = [
    "nodes/node1/host/",
    "nodes/node1/pods/default_client-1/",
    "nodes/node1/pods/default_nginx-test-1/",
];

/// Places in each file at which it is cut, and garbled.
const CUTS: usize = 6;

const QUESTIONS: [(&str, &str); 7] = [
    ("client-1", "nginx-test:80"),
    ("client-1", "10.42.0.2:8080"),
    ("client-1", "10.42.1.6:81"),
    ("client-1", "10.42.1.250:80"),
    ("client-1", "1.1.1.1:53"),
    ("node/node1", "10.43.10.5:80"),
    ("client-2", "192.168.205.3:30080"),
];

/// Whether a file has a part in these answers. They are all read again for every cut: what has none is left out.
fn has_part(path: &str) -> bool {
    let file = path.rsplit('/').next().unwrap_or_default();
    if file.starts_with("conntrack") || file == "ip6tables-save.txt" {
        return false;
    }
    let broken = FOLDERS.iter().any(|folder| path.starts_with(folder));
    let asked = ["host", "client-", "nginx-test-", "five-", "k8s"];
    let about_links = ["links.json", "addrs.json", "routes4.json"].contains(&file);
    broken || (asked.iter().any(|part| path.contains(part)) && file != "nft.json") || about_links
}

fn fixture() -> Files {
    let mut files = captured::files(&captured::archive("iptables-nft-vxlan"));
    files.retain(|path, _| has_part(path));
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
fn broken(name: &str, whole: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut all = Vec::new();
    let evenly = (0..CUTS).map(|nth| 1 + nth * whole.len() / CUTS);
    let early = [40, 20].map(|part| 1 + whole.len() / part);
    for at in evenly.chain(early) {
        let cut = &whole[..at.min(whole.len())];
        // Nothing about a text that ends with a line shows that more followed.
        if name.ends_with(".json") || !cut.ends_with(b"\n") {
            all.push((format!("cut after {at} bytes"), cut.to_vec()));
        }
        let mut garbled = whole.to_vec();
        for byte in garbled
            .iter_mut()
            .skip(at + whole.len() / (2 * CUTS))
            .take(7)
        {
            if *byte != b'\n' {
                *byte = 0xff;
            }
        }
        if garbled != whole {
            all.push((format!("garbled after byte {at}"), garbled));
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
    // It is long, and what it says of a host with rules of iptables changes nothing.
    files.retain(|path, _| !path.ends_with("host/nft.json") || path == name);
    for (how, bytes) in broken(name, &files[name].clone()) {
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

/// An answer that cannot be given says which table is to blame.
#[test]
fn what_was_read_only_in_part_is_named() {
    let whole = fixture();
    let to = ("client-1", "10.42.0.2:8080");
    let cases = [
        (
            "nodes/node1/host/fdb.json",
            to,
            "forwarding databases of node1 / host",
        ),
        (
            "nodes/node1/host/neigh.json",
            to,
            "neighbours of node1 / host",
        ),
        (
            "nodes/node1/host/routes4.json",
            to,
            "IPv4 routes of node1 / host",
        ),
        (
            "nodes/node1/host/rules4.json",
            to,
            "IPv4 routing rules of node1 / host",
        ),
        (
            "nodes/node1/host/nft.json",
            to,
            "nftables chains of node1 / host",
        ),
        ("nodes/node1/host/sysctl.txt", to, "sysctls of node1 / host"),
        (
            "nodes/node1/pods/default_client-1/addrs.json",
            to,
            "addresses of node1 / pod:default/client-1",
        ),
        (
            "nodes/node1/pods/default_nginx-test-1/sockets.txt",
            ("client-1", "10.42.1.6:81"),
            "sockets of node1 / pod:default/nginx-test-1",
        ),
        (
            "nodes/node1/host/flannel-subnet.env",
            ("client-1", "1.1.1.1:53"),
            "flannel settings of node1 / host",
        ),
    ];
    for (file, question, table) in cases {
        let mut files = whole.clone();
        files.insert(
            file.to_owned(),
            whole[file][..whole[file].len() / 40].to_vec(),
        );
        let at = QUESTIONS.iter().position(|asked| *asked == question);
        let trace = traces(&files)
            .remove(at.expect("asked"))
            .expect("both ends");
        let why = &trace.paths[0].stopped_at.as_ref().expect("an end").why;
        assert!(
            why.contains(&format!("the {table} were read only in part")),
            "{file}: {why}"
        );
        assert_eq!(trace.paths[0].verdict, Verdict::Undetermined, "{file}");
    }
}
