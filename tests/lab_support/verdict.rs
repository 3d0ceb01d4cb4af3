//! What became of connections, held against what a trace predicted of them.

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::path::Path as FilePath;

use kubenet::model::trace::{Direction, Path, StepKind, Trace, Verdict};

use super::client::Dialled;
use super::shares;
use super::sniff::Sighting;

/// Kernels wait for neighbours and hold back errors, so that a network is not flooded. Here that costs only time.
pub fn hasten() {
    let net = FilePath::new("/proc/sys/net");
    let set = |name: &str, value: &str| {
        // Some settings are not a namespace's own in older kernels.
        let _ = fs::write(net.join(name), value);
    };
    set("ipv4/icmp_ratelimit", "0");
    set("ipv4/icmp_msgs_per_sec", "100000");
    set("ipv4/icmp_msgs_burst", "100000");
    set("ipv6/icmp/ratelimit", "0");
    for family in ["ipv4", "ipv6"] {
        let settings = fs::read_dir(net.join(family).join("neigh"));
        for device in settings.into_iter().flatten() {
            let device = device.expect("a device").file_name();
            let device = device.to_str().expect("its name");
            set(&format!("{family}/neigh/{device}/retrans_time_ms"), "200");
            // Entries that are in use are not to be asked after just now.
            set(
                &format!("{family}/neigh/{device}/delay_first_probe_time"),
                "60",
            );
        }
    }
}

/// Whether every path is delivered.
pub fn delivers(trace: &Trace) -> bool {
    let delivered = |path: &Path| path.verdict == Verdict::Delivered;
    trace.paths.iter().all(delivered)
}

/// Who takes the packet of a delivered path, as [`Dialled`] has it; `?` for hosts, whose servers are known to nobody.
pub fn end(path: &Path) -> String {
    let end = path.destination.as_ref();
    let pod = end.filter(|end| end.kind == "pod");
    let name = pod.and_then(|end| end.name.as_deref());
    match end.and_then(|end| Some(SocketAddr::new(end.ip?, end.port?))) {
        Some(address) => format!("{}@{address}", name.unwrap_or("?")),
        // No ports, so an echo.
        None => "echo".to_owned(),
    }
}

/// Whether a path ends outside of the cluster, where nobody can know what becomes of it.
pub fn is_outside(path: &Path) -> bool {
    let end = path.destination.as_ref();
    end.is_some_and(|end| end.kind == "external")
}

/// Outcome, who answers and how often, what the client sees, and the source seen: what differs. With `sticky` clients are
/// bound to what they met first.
pub fn compare(trace: &Trace, seen: &Dialled, sticky: bool) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut answers = BTreeMap::new();
    let mut sources = BTreeMap::new();
    for path in &trace.paths {
        match (path.verdict, path.client_sees) {
            (Verdict::Delivered, None) => {
                *answers.entry(end(path)).or_insert(0.0) += path.probability;
                let source = path.source_seen.map(|ip| ip.to_string());
                *sources.entry(source.unwrap_or_default()).or_insert(0.0) += path.probability;
            }
            (_, Some(sees)) => {
                let word = serde_json::to_value(sees).expect("a word");
                let word = word.as_str().unwrap_or_default().to_owned();
                *answers.entry(word).or_insert(0.0) += path.probability;
            }
            (verdict, None) => wrong.push(format!("predicted {verdict:?}; seen {seen:?}")),
        }
    }
    let mut all = seen.endpoints.clone();
    all.extend(seen.failures.clone());
    if trace.paths.len() > 1 && answers.contains_key("unreachable") {
        // Of many at once, not all are told (`ip_error`).
        if let Some(silent) = all.remove("timeout") {
            *all.entry("unreachable".to_owned()).or_default() += silent;
        }
        if let Some(silent) = answers.remove("timeout") {
            *answers.entry("unreachable".to_owned()).or_default() += silent;
        }
    }
    let all = all
        .into_iter()
        .map(|(who, count)| (name_on_hosts(who, &answers), count))
        .collect();
    wrong.extend(shares::compare("answer", &all, &answers, sticky));
    // Who echoes does not tell whom it saw.
    if seen.failures.is_empty() && !seen.sources.is_empty() {
        wrong.extend(shares::compare("source", &seen.sources, &sources, sticky));
    }
    if !wrong.is_empty() {
        let ends = trace.paths.iter().map(|path| {
            (
                path.verdict,
                path.stopped_at.as_ref().map(|at| (&at.on, &at.why)),
            )
        });
        wrong.push(format!(
            "  predicted in words: {:?}",
            ends.collect::<Vec<_>>()
        ));
    }
    wrong
}

/// Servers of hosts have names that no trace can know.
fn name_on_hosts(who: String, predicted: &BTreeMap<String, f64>) -> String {
    let nameless = who
        .split_once('@')
        .map(|(_, address)| format!("?@{address}"));
    nameless
        .filter(|nameless| predicted.contains_key(nameless))
        .unwrap_or(who)
}

/// The devices of nodes that a packet is predicted to cross.
pub fn crossings(path: &Path) -> Vec<Sighting> {
    let on_nodes = path
        .devices
        .iter()
        .filter(|crossing| crossing.netns == "host" && crossing.device != "lo");
    on_nodes
        .map(|crossing| {
            let dir = match crossing.dir {
                Direction::Out => "out",
                Direction::In => "in",
            };
            (crossing.node.clone(), crossing.device.clone(), dir)
        })
        .collect()
}

/// Whether what was crossed is what was predicted, as far as that is told.
pub fn fits(path: &Path, predicted: &[Sighting], crossed: &[Sighting]) -> bool {
    if predicted == crossed {
        return true;
    }
    // A packet that br_netfilter redirects on its bridge is seen leaving by the bridge only when the neighbour's header
    // was not cached (br_nf_pre_routing_finish_bridge).
    let mut predicted = predicted.to_vec();
    let redirected = predicted.windows(2).position(|pair| {
        pair[0].2 == "in" && pair[0].1 != "cni0" && pair[1].1 == "cni0" && pair[1].2 == "out"
    });
    if let Some(at) = redirected {
        predicted.remove(at + 1);
    }
    if predicted == crossed {
        return true;
    }
    // What is flooded is seen on other ways, too.
    let mut steps = path.hops.iter().flat_map(|hop| &hop.steps);
    let copied = steps.any(|step| match step.kind {
        StepKind::Bridge => step.text.contains("flooded"),
        StepKind::Fdb => step.text.contains("copies to"),
        _ => false,
    });
    let stopped = path.stopped_at.as_ref();
    // So does the nodes' switch with what is for a device that went down.
    let why = |word| stopped.is_some_and(|at| at.why.contains(word));
    let copied = copied || why("floods") || why("is down: dropped");
    let mut seen = crossed.iter();
    copied && predicted.iter().all(|one| seen.any(|other| other == one))
}
