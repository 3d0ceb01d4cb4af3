//! The runs of a walk, put together as the paths of a trace.
//!
//! Where the kernel balances, paths lie side by side with their shares. Where something was supposed, the ways are
//! compared: if all end alike it does not matter, and where only the steps between differ the default's are shown and
//! marked as supposed; if all deliver, the default is shown and the others named; else what
//! will happen cannot be said, and that is the path's verdict.

use std::net::IpAddr;

use super::explore::Tree;
use super::journey::{Journey, step};
use super::recipient::destination;
use super::run::Run;
use crate::model::Cluster;
use crate::model::trace::{
    Assumption, ClientSees, OverallVerdict, Path, Reply, StepKind, StoppedAt, Verdict,
};

/// All paths of a tree of runs; their probabilities add up to 1.
pub(super) fn fold(cluster: &Cluster, tree: Tree<Run>) -> Vec<Path> {
    match tree {
        Tree::Leaf(run) => vec![path(cluster, run)],
        Tree::Balance(branches) => branches
            .into_iter()
            .flat_map(|(share, branch)| {
                let mut paths = fold(cluster, branch);
                paths.iter_mut().for_each(|path| path.probability *= share);
                paths
            })
            .collect(),
        Tree::Unknown { what, options } => suppose(
            what,
            options
                .into_iter()
                .map(|(supposed, branch)| (supposed, fold(cluster, branch)))
                .collect(),
        ),
        Tree::TooMany => vec![Path {
            probability: 1.0,
            verdict: Verdict::Undetermined,
            client_sees: None,
            destination: None,
            source_seen: None,
            stopped_at: None,
            devices: Vec::new(),
            hops: Vec::new(),
            reply: None,
            acknowledgement: None,
            assumptions: vec![Assumption {
                unknown: "there are more ways than are walked".to_owned(),
                supposed: "nothing: these were left out".to_owned(),
                otherwise: Vec::new(),
            }],
        }],
    }
}

/// Ends are told apart by what a user would tell them apart by.
type End = (
    Verdict,
    Option<ClientSees>,
    Option<IpAddr>,
    Option<u16>,
    Option<IpAddr>,
);

fn end(path: &Path) -> End {
    let destination = path.destination.as_ref();
    (
        path.verdict,
        path.client_sees,
        destination.and_then(|end| end.ip),
        destination.and_then(|end| end.port),
        path.source_seen,
    )
}

fn alike(a: &[Path], b: &[Path]) -> bool {
    a.len() == b.len()
        && a.iter()
            .zip(b)
            .all(|(a, b)| end(a) == end(b) && (a.probability - b.probability).abs() < 1e-9)
}

/// Whether they lead there by the same steps, so that what is shown holds either way.
fn same_steps(a: &[Path], b: &[Path]) -> bool {
    a.iter().zip(b).all(|(a, b)| {
        a.hops == b.hops && a.reply == b.reply && a.acknowledgement == b.acknowledgement
    })
}

/// Puts together what happens under each supposition; the first is the default.
fn suppose(unknown: String, mut options: Vec<(String, Vec<Path>)>) -> Vec<Path> {
    if options.is_empty() {
        return Vec::new();
    }
    let (supposed, mut paths) = options.remove(0);
    if options.iter().all(|(_, others)| alike(&paths, others)) {
        if !options.iter().all(|(_, others)| same_steps(&paths, others)) {
            let assumption = Assumption {
                unknown,
                supposed,
                otherwise: Vec::new(),
            };
            paths
                .iter_mut()
                .for_each(|path| path.assumptions.insert(0, assumption.clone()));
        }
        return paths;
    }
    let otherwise: Vec<String> = options
        .iter()
        .map(|(supposed, others)| format!("if {supposed}: {}", summary(others)))
        .collect();
    let assumption = Assumption {
        unknown: unknown.clone(),
        supposed: supposed.clone(),
        otherwise,
    };
    let delivers = |paths: &[Path]| paths.iter().all(|path| path.verdict == Verdict::Delivered);
    if delivers(&paths) && options.iter().all(|(_, others)| delivers(others)) {
        paths
            .iter_mut()
            .for_each(|path| path.assumptions.insert(0, assumption.clone()));
        return paths;
    }
    // The ways part at the question: what lies before it is common to all and is shown, what follows is not known.
    let mut otherwise = vec![format!("if {supposed}: {}", summary(&paths))];
    otherwise.extend(assumption.otherwise);
    let mut ways = paths
        .into_iter()
        .chain(options.into_iter().flat_map(|(_, others)| others));
    let Some(mut common) = ways.next() else {
        return Vec::new();
    };
    for way in ways {
        keep_common(&mut common, &way);
    }
    let unknown_step = step(StepKind::Unknown, unknown.clone());
    if let Some(hop) = common.hops.last_mut() {
        hop.steps.push(unknown_step);
    }
    let last = common.hops.last();
    let stopped_at = StoppedAt {
        node: last.map(|hop| hop.node.clone()).unwrap_or_default(),
        netns: last.map(|hop| hop.netns.clone()).unwrap_or_default(),
        device: None,
        step: last.map_or((0, 0), |hop| {
            (common.hops.len() - 1, hop.steps.len().saturating_sub(1))
        }),
        why: unknown.clone(),
        on: None,
    };
    vec![Path {
        probability: 1.0,
        verdict: Verdict::Undetermined,
        client_sees: None,
        destination: None,
        source_seen: None,
        stopped_at: Some(stopped_at),
        devices: common.devices,
        hops: common.hops,
        reply: None,
        acknowledgement: None,
        assumptions: vec![Assumption {
            unknown,
            supposed,
            otherwise,
        }],
    }]
}

/// Shortens a path to what another has in common with it.
fn keep_common(path: &mut Path, other: &Path) {
    let devices = path
        .devices
        .iter()
        .zip(&other.devices)
        .take_while(|(a, b)| a == b)
        .count();
    path.devices.truncate(devices);
    let mut hops = 0;
    for (hop, theirs) in path.hops.iter_mut().zip(&other.hops) {
        if (&hop.node, &hop.netns, &hop.input) != (&theirs.node, &theirs.netns, &theirs.input) {
            break;
        }
        hops += 1;
        let steps = hop
            .steps
            .iter()
            .zip(&theirs.steps)
            .take_while(|(a, b)| a == b)
            .count();
        let same =
            steps == hop.steps.len() && steps == theirs.steps.len() && hop.output == theirs.output;
        if !same {
            hop.steps.truncate(steps);
            hop.output = None;
            break;
        }
    }
    path.hops.truncate(hops);
}

/// What becomes of the packet, in words.
fn summary(paths: &[Path]) -> String {
    let mut parts: Vec<String> = Vec::new();
    for path in paths {
        let to = path.destination.as_ref().and_then(|end| {
            let ip = end.ip?;
            Some(match end.port {
                Some(port) => std::net::SocketAddr::new(ip, port).to_string(),
                None => ip.to_string(),
            })
        });
        let part = match (path.verdict, to) {
            (Verdict::Delivered, Some(to)) => format!("delivered to {to}"),
            (verdict, _) => {
                let why = path
                    .stopped_at
                    .as_ref()
                    .map(|at| format!(" ({})", at.why))
                    .unwrap_or_default();
                format!("{}{why}", word(verdict))
            }
        };
        if !parts.contains(&part) {
            parts.push(part);
        }
    }
    if parts.len() > 4 {
        let more = parts.len() - 3;
        parts.truncate(3);
        parts.push(format!("{more} more"));
    }
    parts.join(" or ")
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Delivered => "delivered",
        Verdict::Dropped => "dropped",
        Verdict::Rejected => "rejected",
        Verdict::Unreachable => "unreachable",
        Verdict::Looped => "looped",
        Verdict::Undetermined => "undetermined",
    }
}

/// The verdict of all paths together, and what the client sees when they agree on it.
pub fn overall(paths: &[Path]) -> (OverallVerdict, Option<ClientSees>) {
    let Some(first) = paths.first() else {
        return (OverallVerdict::Undetermined, None);
    };
    let verdict = if paths.iter().all(|path| path.verdict == first.verdict) {
        first.verdict.into()
    } else {
        OverallVerdict::Partial
    };
    let sees = first.client_sees.filter(|_| {
        paths
            .iter()
            .all(|path| path.client_sees == first.client_sees)
    });
    (verdict, sees)
}

/// One run as a path of its own.
fn path(cluster: &Cluster, run: Run) -> Path {
    let mut path = Path {
        probability: 1.0,
        verdict: Verdict::Delivered,
        client_sees: None,
        destination: None,
        source_seen: None,
        stopped_at: None,
        devices: run.forth.devices,
        hops: run.forth.hops,
        reply: None,
        acknowledgement: None,
        assumptions: run.supposed,
    };
    match run.fate {
        Ok(delivery) => {
            path.destination = Some(destination(cluster, &delivery));
            path.source_seen = Some(delivery.packet.source);
        }
        Err(stopped) => {
            path.verdict = stopped.verdict;
            path.client_sees = stopped.client_sees;
            path.stopped_at = Some(*stopped.at);
        }
    }
    if let Some((answered, journey)) = run.back {
        let verdict = match answered {
            Ok(()) => Verdict::Delivered,
            Err(stopped) => {
                path.verdict = stopped.verdict;
                path.client_sees = stopped.client_sees;
                path.stopped_at = Some(*stopped.at);
                stopped.verdict
            }
        };
        path.reply = Some(leg(verdict, journey));
    }
    if let Some((stopped, journey)) = run.stuck {
        path.verdict = stopped.verdict;
        path.client_sees = stopped.client_sees;
        path.stopped_at = Some(*stopped.at);
        path.acknowledgement = Some(leg(path.verdict, journey));
    }
    path
}

fn leg(verdict: Verdict, journey: Journey) -> Reply {
    Reply {
        verdict,
        hops: journey.hops,
        devices: journey.devices,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::FlowEnd;
    use crate::model::trace::Hop;

    fn delivered(last: u8, probability: f64) -> Path {
        Path {
            probability,
            verdict: Verdict::Delivered,
            client_sees: None,
            destination: Some(FlowEnd {
                kind: "pod".to_owned(),
                namespace: None,
                name: None,
                node: None,
                ip: Some(IpAddr::from([10, 42, 1, last])),
                port: Some(80),
                role: None,
            }),
            source_seen: None,
            stopped_at: None,
            devices: Vec::new(),
            hops: Vec::new(),
            reply: None,
            acknowledgement: None,
            assumptions: Vec::new(),
        }
    }

    fn dropped() -> Path {
        Path {
            verdict: Verdict::Dropped,
            client_sees: Some(ClientSees::Timeout),
            destination: None,
            ..delivered(0, 1.0)
        }
    }

    fn hop(steps: &[&str]) -> Hop {
        let steps = steps.iter().map(|text| step(StepKind::Rule, *text));
        Hop {
            node: "n".to_owned(),
            netns: "host".to_owned(),
            input: None,
            output: None,
            steps: steps.collect(),
        }
    }

    fn options(first: Vec<Path>, second: Vec<Path>) -> Vec<(String, Vec<Path>)> {
        vec![
            ("it does not match".to_owned(), first),
            ("it matches".to_owned(), second),
        ]
    }

    #[test]
    fn what_makes_no_difference_is_not_mentioned() {
        let paths = suppose(
            "?".to_owned(),
            options(vec![delivered(6, 1.0)], vec![delivered(6, 1.0)]),
        );
        assert_eq!(paths, [delivered(6, 1.0)]);
    }

    #[test]
    fn steps_that_hang_on_it_are_marked_where_the_end_does_not() {
        let by = |rule: &str| Path {
            hops: vec![hop(&["common", rule])],
            ..delivered(6, 1.0)
        };
        let paths = suppose(
            "?".to_owned(),
            options(vec![by("accepted")], vec![by("returned")]),
        );
        let [path] = paths.as_slice() else {
            panic!("one path: {paths:?}")
        };
        assert_eq!(path.verdict, Verdict::Delivered);
        assert_eq!(path.assumptions[0].supposed, "it does not match");
        assert!(path.assumptions[0].otherwise.is_empty());
    }

    #[test]
    fn what_only_changes_who_answers_is_supposed_and_named() {
        let both = vec![delivered(6, 0.5), delivered(7, 0.5)];
        let paths = suppose("?".to_owned(), options(both, vec![delivered(6, 1.0)]));
        assert_eq!(paths.len(), 2);
        for path in &paths {
            assert_eq!(path.verdict, Verdict::Delivered);
            assert_eq!(
                path.assumptions[0].otherwise,
                ["if it matches: delivered to 10.42.1.6:80"]
            );
        }
    }

    #[test]
    fn what_decides_over_the_packet_makes_it_undetermined_from_there_on() {
        let arrives = Path {
            hops: vec![hop(&["common", "accepted"])],
            ..delivered(6, 1.0)
        };
        let lost = Path {
            hops: vec![hop(&["common", "dropped"])],
            ..dropped()
        };
        let paths = suppose("?".to_owned(), options(vec![arrives], vec![lost]));
        let [path] = paths.as_slice() else {
            panic!("one path: {paths:?}")
        };
        assert_eq!(
            (path.verdict, path.probability),
            (Verdict::Undetermined, 1.0)
        );
        assert_eq!(path.destination, None);
        assert_eq!(path.assumptions[0].otherwise.len(), 2);
        let texts: Vec<&str> = path.hops[0]
            .steps
            .iter()
            .map(|step| step.text.as_str())
            .collect();
        assert_eq!(texts, ["common", "?"]);
    }

    #[test]
    fn verdicts_that_differ_are_partial() {
        let paths = [delivered(6, 0.5), dropped()];
        assert_eq!(overall(&paths), (OverallVerdict::Partial, None));
        assert_eq!(
            overall(&paths[1..]),
            (OverallVerdict::Dropped, Some(ClientSees::Timeout))
        );
        assert_eq!(overall(&[]), (OverallVerdict::Undetermined, None));
    }
}
