//! What a live trace costs on a node with 160,000 rules, beside what the tools take to print them all.
//!
//! The two are timed in turn, in one run, as machines are noisy and ratios are less so. With iptables' nft backend the
//! trace lists the chains on its way, and may take a twentieth of `iptables-nft-save`; of the legacy backend the kernel
//! hands out whole tables only, so that copying one is most of what `iptables-legacy-save` does: eight tenths of it.
//! Needs root. The rules are in the namespaces of a practice cluster.

#![allow(clippy::unwrap_used)]

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

const KUBENET: &str = env!("CARGO_BIN_EXE_kubenet");
const ROUNDS: usize = 5;

/// A backend, the most of its save program's time that a trace may take, and how the programs are called.
const BACKENDS: [(&str, f64); 2] = [("nft", 1.0 / 20.0), ("legacy", 0.8)];

/// A practice cluster of one node, taken down in the end.
struct Lab(String);

impl Lab {
    fn up(backend: &str) -> Option<Self> {
        let lab = Self(format!("bench-{backend}"));
        let up = [
            "lab",
            "up",
            "--nodes",
            "1",
            "--iptables",
            backend,
            "--name",
            &lab.0,
        ];
        let output = Command::new(KUBENET).args(up).output().unwrap();
        if output.status.success() {
            return Some(lab);
        }
        println!(
            "skipped: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        );
        None
    }

    /// A program on the node.
    fn on_node(&self, program: &[&str]) -> Command {
        let mut command = Command::new(KUBENET);
        command
            .args(["lab", "run", "--name", &self.0, "node/master", "--"])
            .args(program);
        command
    }

    fn restore(&self, program: &str, rules: &str) {
        let mut child = self
            .on_node(&[program, "--noflush"])
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(rules.as_bytes())
            .unwrap();
        assert!(child.wait().unwrap().success(), "{program}");
    }

    fn trace(&self) -> Command {
        let mut command = Command::new(KUBENET);
        command.args([&format!("--lab={}", self.0), "trace", "client", "five:80"]);
        command
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        let _ = Command::new(KUBENET)
            .args(["lab", "down", "--name", &self.0])
            .output();
    }
}

/// The chains of 5,000 Services, and their rules in KUBE-SERVICES before those of the practice cluster: what a packet to
/// one of its own Services comes to in the end.
fn rules() -> String {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/scale/iptables-5000x10.txt.gz");
    let mut text = String::new();
    let packed = std::fs::File::open(path).unwrap();
    flate2::read::GzDecoder::new(packed)
        .read_to_string(&mut text)
        .unwrap();
    let nat = text.split("*nat\n").nth(1).unwrap();
    let nat = nat.split("COMMIT").next().unwrap();
    let of_services = |line: &&str| {
        let mut words = line.split([' ', ':']);
        words.any(|word| word.starts_with("KUBE-SVC-") || word.starts_with("KUBE-SEP-"))
    };
    let before = |line: &str| line.replace("-A KUBE-SERVICES ", "-I KUBE-SERVICES ");
    let mut rules = "*nat\n".to_owned();
    for line in nat.lines().filter(of_services).map(before) {
        rules.push_str(&line);
        rules.push('\n');
    }
    rules + "COMMIT\n"
}

fn timed(mut command: Command) -> Duration {
    let start = Instant::now();
    let output = command.stdin(Stdio::null()).output().unwrap();
    let took = start.elapsed();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    took
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

/// Whether the trace was quick enough.
fn compare(backend: &str, most: f64, rules: &str) -> Option<bool> {
    let lab = Lab::up(backend)?;
    lab.restore(&format!("iptables-{backend}-restore"), rules);
    let save = format!("iptables-{backend}-save");
    let (mut traces, mut saves) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        traces.push(timed(lab.trace()));
        saves.push(timed(lab.on_node(&[&save, "-c"])));
    }
    let (trace, save_time) = (median(traces), median(saves));
    let ratio = trace.as_secs_f64() / save_time.as_secs_f64();
    let verdict = if ratio <= most { "ok" } else { "TOO SLOW" };
    println!(
        "{save} {save_time:.2?}, trace {trace:.2?}: {ratio:.3} of it (at most {most:.2}) {verdict}"
    );
    Some(ratio <= most)
}

fn main() -> ExitCode {
    let rules = rules();
    let results = BACKENDS.map(|(backend, most)| compare(backend, most, &rules));
    if results.contains(&Some(false)) {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}
