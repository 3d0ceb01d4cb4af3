//! No input makes the walk panic or run away: bundles in which rows are doubled, dropped and swapped, and words replaced
//! by hostile ones, are read and traced through.
//!
//! The mutations are deterministic; `KUBENET_CASES` says how many (default 150).

mod captured;

use std::time::{Duration, Instant};

use captured::Files;
use kubenet::cli::endpoint::{self, Question};
use kubenet::collect::bundle;
use kubenet::walk;

/// xorshift64*: good enough to vary, and the same everywhere.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % sides.max(1)
    }
}

fn fixture() -> Files {
    let mut files = captured::files(&captured::archive("iptables-nft-vxlan"));
    // Large, and of no part in a walk.
    files.retain(|path, _| !path.contains("conntrack"));
    files
}

fn pack(files: &Files) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, bytes) in files {
        let mut header = tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        builder
            .append_data(&mut header, name, bytes.as_slice())
            .expect("packed");
    }
    builder.into_inner().expect("packed")
}

/// Words that break assumptions.
const HOSTILE: &[&str] = &[
    "0",
    "-1",
    "4294967295",
    "18446744073709551616",
    "0.0.0.0/0",
    "::/0",
    "255.255.255.255",
    "::",
    "127.0.0.1",
    "lo",
    "cni0",
    "flannel.1",
    "eth0",
    "enp0s1",
    "\"\"",
    "null",
    "[]",
    "{}",
    "true",
    "00:00:00:00:00:00",
    "ff:ff:ff:ff:ff:ff",
    "10.42.1.1",
    "10.43.6.58",
    "KUBE-SERVICES",
    "PREROUTING",
    "RETURN",
    "DROP",
    "ACCEPT",
    "\u{1b}[2J",
];

fn mutate(text: &[u8], dice: &mut Dice) -> Vec<u8> {
    let text = String::from_utf8_lossy(text);
    let separators = |character: char| {
        matches!(
            character,
            ' ' | ',' | ':' | '"' | '\n' | '/' | '{' | '}' | '[' | ']'
        )
    };
    match dice.roll(4) {
        // A word becomes a hostile one, in a few places.
        0 | 1 => {
            let mut out = text.into_owned();
            for _ in 0..1 + dice.roll(4) {
                let words: Vec<(usize, usize)> = out
                    .split(separators)
                    .filter(|word| !word.is_empty())
                    .map(|word| (word.as_ptr() as usize - out.as_ptr() as usize, word.len()))
                    .collect();
                if words.is_empty() {
                    break;
                }
                let (start, length) = words[dice.roll(words.len())];
                out.replace_range(start..start + length, HOSTILE[dice.roll(HOSTILE.len())]);
            }
            out.into_bytes()
        }
        // Lines, or the rows of an array, are dropped, doubled or swapped.
        kind => {
            let separator = if text.starts_with('[') { "},{" } else { "\n" };
            let mut rows: Vec<&str> = text.split(separator).collect();
            let at = dice.roll(rows.len());
            let other = dice.roll(rows.len());
            match kind {
                2 => {
                    rows.remove(at);
                }
                _ => {
                    rows.swap(at, other);
                    rows.push(rows[at]);
                }
            }
            rows.join(separator).into_bytes()
        }
    }
}

#[test]
fn no_mutation_makes_the_walk_panic_or_run_away() {
    let whole = fixture();
    let names: Vec<&String> = whole
        .keys()
        .filter(|name| name.contains("node1") || name.contains("k8s"))
        .collect();
    let cases = std::env::var("KUBENET_CASES")
        .ok()
        .and_then(|cases| cases.parse().ok())
        .unwrap_or(150);
    let mut dice = Dice(0x6b75_6265_6e65_7401);
    for case in 0..cases {
        let mut files = whole.clone();
        for _ in 0..1 + dice.roll(3) {
            let name = names[dice.roll(names.len())];
            let mutated = mutate(&files[name], &mut dice);
            files.insert(name.clone(), mutated);
        }
        let Ok(cluster) = bundle::load_bytes("mutated", &pack(&files)) else {
            continue;
        };
        for (from, to) in [
            ("client-1", "10.43.6.58:80"),
            ("client-2", "10.42.1.7:8080"),
            ("node/node1", "10.43.10.5:80"),
        ] {
            let question = Question::new(
                endpoint::parse(from).expect("FROM"),
                endpoint::parse(to).expect("TO"),
            );
            let Ok(flow) = endpoint::resolve(&cluster, &question) else {
                continue;
            };
            let started = Instant::now();
            let trace = walk::trace(&cluster, &flow);
            let total: f64 = trace.paths.iter().map(|path| path.probability).sum();
            assert!(
                (total - 1.0).abs() < 1e-6,
                "case {case}: the shares add up to {total}"
            );
            assert!(
                started.elapsed() < Duration::from_secs(20),
                "case {case} runs away"
            );
        }
    }
}
