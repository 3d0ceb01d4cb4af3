//! A lab as a bench: settled so that what it does shows quickly, and asked whether the walk told the truth.

use std::fs;
use std::time::Duration;

use kubenet::lab::namespace;
use kubenet::lab::registry::{LabState, Place};
use kubenet::model::Cluster;
use kubenet::model::trace::{Path, Verdict};

use crate::lab_support::bench::Lab;
use crate::lab_support::client::{Call, Dialled, QUESTION, dial};
use crate::lab_support::shares::enough_for;
use crate::lab_support::sniff::{Sniffer, first_packet};
use crate::lab_support::verdict::{compare, crossings, delivers, end, fits, hasten};
use crate::question::Asked;

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
            bytes,
            ..Call::new(asked.protocol, asked.to, wait)
        };
        dial(&netns, call, times, lanes)
    }

    /// Asks the kernel and the walk, and lists where they differ. At least `most` connections are made where they are counted.
    pub fn outcome(&self, cluster: &Cluster, asked: &Asked, most: u32) -> Vec<String> {
        let trace = asked.trace(cluster);
        let fails = !delivers(&trace);
        let balanced = trace.paths.len() > 1;
        let rarest = trace
            .paths
            .iter()
            .map(|path| path.probability)
            .fold(1.0, f64::min);
        let enough = enough_for(rarest);
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
        let mut wrong = compare(&trace, &seen, false);
        let undetermined = |path: &Path| path.verdict == Verdict::Undetermined;
        if asked.unknowable && !trace.paths.iter().any(undetermined) {
            wrong.push(format!("predicted without knowing; seen {seen:?}"));
        } else if asked.unknowable {
            wrong.clear();
        }
        label(asked, wrong)
    }

    /// Makes one connection and tells where it is not what was predicted. Who takes one may decide who takes the next.
    pub fn next(&self, cluster: &Cluster, asked: &Asked) -> Vec<String> {
        let trace = asked.trace(cluster);
        let seen = self.dial(asked, 1, 1, Duration::from_secs(4));
        label(asked, compare(&trace, &seen, false))
    }

    /// Watches one connection to each endpoint, if all are predicted to arrive, and lists where its devices differ.
    pub fn devices(&self, sniffer: &Sniffer, cluster: &Cluster, asked: &Asked) -> Vec<String> {
        let trace = asked.trace(cluster);
        // Of what comes in pieces, not every piece says what it is.
        if !delivers(&trace) || asked.size.is_some() {
            return Vec::new();
        }
        let wanted = first_packet(asked.protocol);
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

fn label(asked: &Asked, wrong: Vec<String>) -> Vec<String> {
    let label = |line| format!("{asked}: {line}");
    wrong.into_iter().map(label).collect()
}
