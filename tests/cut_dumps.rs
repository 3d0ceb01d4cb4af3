//! A ruleset that was cut short never makes a definite answer wrong: wherever node1's `iptables-save` breaks off, the trace
//! either says what it says of the whole dump (which the kernel confirmed: `ground_truth.rs`), or that it cannot be told.

mod captured;

use std::fs;
use std::path::Path;

use captured::{Folder, archive, files};
use kubenet::cli::endpoint::{self, Question};
use kubenet::collect::bundle;
use kubenet::model::trace::{Trace, Verdict};
use kubenet::walk;

fn traces(folder: &Path) -> Vec<Trace> {
    let cluster = bundle::load(&[folder.to_owned()]).expect("the bundle");
    let asked = [
        ("client-1", "nginx-test:80"),
        ("client-1", "10.43.60.1:80"),
        ("client-1", "10.42.2.6:80"),
        ("client-2", "10.42.1.7:8080"),
        ("node/node1", "10.43.10.5:80"),
        ("client-2", "192.168.205.3:30080"),
    ];
    asked
        .iter()
        .map(|(from, to)| {
            let question = Question::new(
                endpoint::parse(from).expect("FROM"),
                endpoint::parse(to).expect("TO"),
            );
            walk::trace(
                &cluster,
                &endpoint::resolve(&cluster, &question).expect("both ends"),
            )
        })
        .collect()
}

/// What a user acts on: how each path ends, where, and how likely it is.
fn ends(trace: &Trace) -> Vec<String> {
    let end = |path: &kubenet::model::trace::Path| {
        let to = path.destination.as_ref().map(|end| (end.ip, end.port));
        format!(
            "{:.9} {:?} {:?} {to:?} {:?}",
            path.probability, path.verdict, path.client_sees, path.source_seen
        )
    };
    trace.paths.iter().map(end).collect()
}

#[test]
fn a_dump_cut_anywhere_misleads_nobody() {
    let folder = Folder::new("cut", &files(&archive("iptables-nft-vxlan")));
    let file = folder.0.join("nodes/node1/host/iptables-save.txt");
    let whole = fs::read(&file).expect("readable");
    let truth: Vec<Vec<String>> = traces(&folder.0).iter().map(ends).collect();
    let mut definite = 0;
    // A step that is no multiple of anything in the file: cuts fall between lines, in words and in numbers.
    for length in (1..whole.len()).step_by(523) {
        let cut = String::from_utf8_lossy(&whole[..length]);
        if cut
            .lines()
            .last()
            .is_some_and(|line| line.starts_with("# Completed on"))
        {
            // Nothing about it shows that more tables followed.
            continue;
        }
        fs::write(&file, &whole[..length]).expect("written");
        for (trace, truth) in traces(&folder.0).iter().zip(&truth) {
            let unknown = trace
                .paths
                .iter()
                .any(|path| path.verdict == Verdict::Undetermined);
            let supposed = trace.paths.iter().any(|path| !path.assumptions.is_empty());
            if unknown || supposed {
                continue;
            }
            definite += 1;
            assert_eq!(
                &ends(trace),
                truth,
                "cut after {length} of {} bytes",
                whole.len()
            );
        }
    }
    assert!(definite > 0, "every cut made every answer unknown");
}
