//! A lab as a bench: settled so that what it does shows quickly, and asked whether the walk told the truth.

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::path::Path as FilePath;
use std::time::Duration;

use kubenet::lab::namespace;
use kubenet::lab::registry::{LabState, Place};
use kubenet::model::trace::{Direction, Path, StepKind, Trace, Verdict};
use kubenet::model::{Cluster, Protocol};

use crate::judge::compare_shares;
use crate::lab_support::bench::Lab;
use crate::lab_support::client::{Call, Dialled, QUESTION, dial};
use crate::question::Asked;
use crate::sniff::{Sighting, Sniffer, is_question, is_syn};

/// Connections at once, where many are made.
const LANES: u32 = 60;

/// A lab to ask questions of.
pub struct Bench {
    pub lab: Lab,
    pub state: LabState,
}

impl Bench {
    /// Builds one.
    pub fn up(name: &str, arguments: &[&str]) -> Self {
        let lab = Lab::up(name, arguments);
        let state = lab.state();
        for holder in &state.holders {
            let netns = fs::File::open(holder.netns_path()).expect("its namespace");
            let is_pod = matches!(holder.place, Place::Pod { .. });
            namespace::run_in(&netns, "a namespace of the lab", || {
                hasten();
                if is_pod {
                    // It speaks up now and then by itself, from which bridges learn.
                    let _ = fs::write("/proc/sys/net/ipv6/conf/all/disable_ipv6", "1");
                }
                Ok(())
            })
            .expect("settings can be made");
        }
        Self { lab, state }
    }

    /// One connection for each question, whatever becomes of it: a cluster in use has full neighbour tables and fdbs.
    pub fn warm(&self, asked: &[Asked]) {
        std::thread::scope(|scope| {
            for one in asked {
                // Large ones leave path MTUs behind.
                let small = Asked {
                    size: None,
                    ..one.clone()
                };
                scope.spawn(move || self.dial(&small, 1, 1, Duration::from_secs(1)));
            }
        });
    }

    fn dial(&self, asked: &Asked, times: u32, lanes: u32, wait: Duration) -> Dialled {
        let place = asked.from.strip_prefix("pod/").unwrap_or(&asked.from);
        let holder = self.state.holder(place).expect("the lab has it");
        let netns = fs::File::open(holder.netns_path()).expect("its namespace");
        // IP and UDP headers come on top.
        let bytes = asked.size.map_or(QUESTION.len(), |size| size as usize - 28);
        let call = Call {
            protocol: asked.protocol,
            to: asked.to,
            bytes,
            wait,
        };
        dial(&netns, call, times, lanes)
    }

    /// Asks the kernel and the walk, and lists where they differ. At least `most` connections are made where they are counted.
    pub fn outcome(&self, cluster: &Cluster, asked: &Asked, most: u32) -> Vec<String> {
        let trace = asked.trace(cluster);
        let fails = !delivers(&trace);
        let balanced = trace.paths.len() > 1;
        // The rarest way is missed by all of them once in a million times.
        let rarest = trace
            .paths
            .iter()
            .map(|path| path.probability)
            .fold(1.0, f64::min);
        let enough = (14.0 / rarest).ceil() as u32;
        let times = match (balanced, fails) {
            (true, _) => most.max(enough),
            // Routers send few errors to one client, and path MTUs are remembered.
            (false, true) => 1,
            (false, false) if asked.size.is_some() => 1,
            (false, false) => 3,
        };
        // Where an answer is predicted, a busy machine may take its time with it.
        let wait = Duration::from_millis(if fails { 900 } else { 4000 });
        let lanes = if fails { LANES } else { 8 };
        let seen = self.dial(asked, times, lanes, wait);
        let mut wrong = compare(&trace, &seen);
        let undetermined = |path: &Path| path.verdict == Verdict::Undetermined;
        if asked.unknowable && !trace.paths.iter().any(undetermined) {
            wrong.push(format!("predicted without knowing; seen {seen:?}"));
        } else if asked.unknowable {
            wrong.clear();
        }
        label(asked, wrong)
    }

    /// Watches one connection to each endpoint, if all are predicted to arrive, and lists where its devices differ.
    pub fn devices(&self, sniffer: &Sniffer, cluster: &Cluster, asked: &Asked) -> Vec<String> {
        let trace = asked.trace(cluster);
        // Of what comes in pieces, not every piece says what it is.
        if !delivers(&trace) || asked.size.is_some() {
            return Vec::new();
        }
        let wanted: fn(&[u8]) -> bool = if asked.protocol == Protocol::Tcp {
            is_syn
        } else {
            is_question
        };
        let mut wrong = Vec::new();
        let mut missing: Vec<&Path> = trace.paths.iter().collect();
        let mut retries = 2;
        for _ in 0..60 {
            sniffer.forget();
            let seen = self.dial(asked, 1, 1, Duration::from_secs(4));
            let crossed = sniffer.drain(wanted);
            let Some(who) = seen.endpoints.keys().next() else {
                wrong.push(format!("the connection that was watched failed: {seen:?}"));
                break;
            };
            let Some(at) = missing.iter().position(|path| end(path) == *who) else {
                continue;
            };
            let path = missing[at];
            let predicted = crossings(path);
            let fits = fits(path, &predicted, &crossed);
            if !fits && retries > 0 {
                // A busy machine sends some packets twice; only what happens again is no chance.
                retries -= 1;
                continue;
            }
            missing.remove(at);
            if !fits {
                wrong.push(format!(
                    "devices to {who}: predicted {predicted:?}, crossed {crossed:?}"
                ));
            }
            if missing.is_empty() {
                break;
            }
        }
        label(asked, wrong)
    }
}

/// Kernels wait for neighbours and hold back errors, so that a network is not flooded. Here that costs only time.
fn hasten() {
    let ipv4 = FilePath::new("/proc/sys/net/ipv4");
    let set = |name: &str, value: &str| {
        // Some settings are not a namespace's own in older kernels.
        let _ = fs::write(ipv4.join(name), value);
    };
    set("icmp_ratelimit", "0");
    set("icmp_msgs_per_sec", "100000");
    set("icmp_msgs_burst", "100000");
    for device in fs::read_dir(ipv4.join("neigh")).expect("neighbours' settings") {
        let device = device.expect("a device").file_name();
        let device = device.to_str().expect("its name");
        set(&format!("neigh/{device}/retrans_time_ms"), "200");
        // Entries that are in use are not to be asked after just now.
        set(&format!("neigh/{device}/delay_first_probe_time"), "60");
    }
}

fn delivers(trace: &Trace) -> bool {
    let delivered = |path: &Path| path.verdict == Verdict::Delivered;
    trace.paths.iter().all(delivered)
}

fn label(asked: &Asked, wrong: Vec<String>) -> Vec<String> {
    let label = |line| format!("{asked}: {line}");
    wrong.into_iter().map(label).collect()
}

fn end(path: &Path) -> String {
    let end = path.destination.as_ref();
    let name = end.and_then(|end| end.name.as_deref());
    match end.and_then(|end| Some(SocketAddr::new(end.ip?, end.port?))) {
        Some(address) => format!("{}@{address}", name.unwrap_or("?")),
        None => "nobody".to_owned(),
    }
}

fn compare(trace: &Trace, seen: &Dialled) -> Vec<String> {
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
    wrong.extend(compare_shares("answer", &all, &answers, false));
    if seen.failures.is_empty() {
        wrong.extend(compare_shares("source", &seen.sources, &sources, false));
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

/// The devices of nodes that a packet is predicted to cross.
fn crossings(path: &Path) -> Vec<Sighting> {
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

fn fits(path: &Path, predicted: &[Sighting], crossed: &[Sighting]) -> bool {
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
    let mut seen = crossed.iter();
    copied && predicted.iter().all(|one| seen.any(|other| other == one))
}
