//! A random cluster as a lab: built, asked, and taken down whatever happens.

use std::collections::HashMap;
use std::fs::File;
use std::path::Path as FilePath;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use kubenet::collect;
use kubenet::lab::registry::LabState;
use kubenet::lab::{build, namespace};
use kubenet::model::trace::{ClientSees, Path, Trace, Verdict};
use kubenet::model::{Cluster, Family, Protocol};

use crate::breakage::Breakage;
use crate::case::{Case, Flow, From};
use crate::lab_support::bench::PROGRAM;
use crate::lab_support::client::{Call, Dialled, dial};
use crate::lab_support::shares::enough_for;
use crate::lab_support::sniff::{Sighting, Sniffer, first_packet};
use crate::lab_support::verdict::{compare, crossings, delivers, end, fits, hasten, is_outside};

/// Connections at once, of one flow.
const LANES: u32 = 8;
/// How long an answer may take that is predicted to come.
const COMES: Duration = Duration::from_secs(4);
/// How long one is waited for that is not: neighbours that do not answer are asked three times, in 0.2 s each.
const STAYS_AWAY: Duration = Duration::from_millis(900);
/// A SYN is sent again after a second, and a refusal that came while the program held the socket is heard then.
const SECOND_SYN: Duration = Duration::from_millis(1300);
/// Routers tell a sender of some errors at once, then of one a second (`ip_error`).
const TOLD_AGAIN: Duration = Duration::from_secs(6);
/// How long a packet that is watched may take on its way.
const CROSSES: Duration = Duration::from_millis(250);
/// What differs must differ again so many times: machines that are busy lose time.
const AGAIN: usize = 2;

/// A lab.
pub struct Bench {
    state: LabState,
    places: HashMap<String, File>,
}

/// What was found about a flow.
#[derive(Debug, Default, Clone)]
pub struct Finding {
    pub wrong: Vec<String>,
    /// Whether the walk left open what happens.
    pub undetermined: Option<String>,
}

impl Bench {
    /// Builds it.
    pub fn up(case: &Case) -> Result<Self, String> {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("test-random-{}-{number}", std::process::id());
        let state = build::up(&name, case.spec.clone(), FilePath::new(PROGRAM))
            .map_err(|error| error.to_string())?;
        let places = state.holders.iter().map(|holder| {
            let file = File::open(holder.netns_path()).expect("its namespace");
            (holder.place.label(), file)
        });
        let bench = Self {
            places: places.collect(),
            state,
        };
        for (place, file) in &bench.places {
            namespace::run_in(file, place, || {
                hasten();
                Ok(())
            })
            .expect("settings can be made");
        }
        bench.set_up_outside(case);
        Ok(bench)
    }

    /// Clients outside send by the node that their packets' mark names; and nothing of the cluster's own ranges is passed
    /// on, as routers do that know nothing of them.
    fn set_up_outside(&self, case: &Case) {
        let mut script = String::new();
        for (index, node) in case.spec.nodes().unwrap().iter().enumerate() {
            for stack in &node.stacks {
                let (ip, table) = (ip_command(stack.family()), index + 1);
                script += &format!(
                    "{ip} rule add fwmark {table} lookup {table}; {ip} route add default via {} table {table}\n",
                    stack.address
                );
            }
        }
        for networks in &case.spec.networks {
            for range in [networks.cluster_cidr, networks.service_cidr] {
                let ip = ip_command(networks.family());
                script += &format!("{ip} route add blackhole {range}\n");
            }
        }
        let output = self.run("ext", &["sh", "-ec", &script]);
        assert!(output.status.success(), "{output:?}");
    }

    /// Breaks it. What there is nothing to break of, as an earlier thing broke that already, is as good as broken.
    pub fn break_it(&self, breakages: &[Breakage]) {
        for breakage in breakages {
            let command: Vec<_> = breakage.command.iter().map(String::as_str).collect();
            let output = self.run(&breakage.place, &command);
            if !output.status.success() {
                let why = String::from_utf8_lossy(&output.stderr);
                eprintln!("not broken: {breakage:?}: {}", why.trim());
            }
            if breakage.takes_a_while() {
                std::thread::sleep(Duration::from_millis(1100));
            }
        }
    }

    /// Runs a program in a place.
    pub fn run(&self, place: &str, command: &[&str]) -> std::process::Output {
        namespace::run_in(&self.places[place], place, || {
            let path = std::env::var("PATH").unwrap_or_default() + ":/usr/sbin:/sbin";
            Ok(Command::new(command[0])
                .args(&command[1..])
                .env("PATH", path)
                .output()
                .expect("it can be run"))
        })
        .expect("the namespace")
    }

    /// Reads it as `--lab` does.
    pub fn read(&self) -> Cluster {
        let cluster = collect::lab::read_lab(Some(&self.state.name)).expect("the lab can be read");
        assert_eq!(cluster.gaps, [], "everything is read");
        cluster
    }

    /// One connection for each flow, whatever becomes of it: a cluster in use has full neighbour tables.
    pub fn warm(&self, flows: &[Flow]) {
        std::thread::scope(|scope| {
            for flow in flows {
                let small = Flow {
                    size: None,
                    ..flow.clone()
                };
                scope.spawn(move || self.dial(&small, 1, 1, Duration::from_millis(600)));
            }
        });
    }

    fn dial(&self, flow: &Flow, times: u32, lanes: u32, wait: Duration) -> Dialled {
        let mut call = Call::new(flow.protocol, flow.to, wait);
        if let Some(size) = flow.size {
            let header = if flow.to.is_ipv4() { 20 } else { 40 };
            let header = match flow.protocol {
                // With its timestamps.
                Protocol::Tcp => header + 32,
                _ => header + 8,
            };
            call.bytes = size as usize - header;
        }
        if let From::Outside(ip, via) = &flow.from {
            let mut nodes = self.state.spec.objects.nodes.iter();
            let node = nodes.position(|node| node.name == *via).expect("a node");
            call.from = Some(*ip);
            call.mark = node as u32 + 1;
        }
        dial(&self.places[&flow.from.place()], call, times, lanes)
    }

    /// Asks kernel and walk about every flow.
    pub fn judge(&self, flows: &[Flow]) -> Vec<Finding> {
        let cluster = self.read();
        let traces: Vec<_> = flows.iter().map(|flow| flow.trace(&cluster)).collect();
        let mut findings: Vec<Finding> = std::thread::scope(|scope| {
            let threads: Vec<_> = flows
                .iter()
                .zip(&traces)
                .map(|(flow, trace)| scope.spawn(|| self.outcome(flow, trace)))
                .collect();
            threads
                .into_iter()
                .map(|thread| thread.join().expect("the asking thread"))
                .collect()
        });
        let sniffer = Sniffer::new(&self.state);
        for ((flow, trace), finding) in flows.iter().zip(&traces).zip(&mut findings) {
            let open = finding.undetermined.is_some() || is_unaskable(flow, trace);
            // Of what comes in pieces, not every piece says what it is; and what was too long is remembered.
            let open = open || flow.size.is_some();
            if finding.wrong.is_empty() && !open {
                finding.wrong = self.devices(&sniffer, flow, trace);
            }
        }
        findings
    }

    fn outcome(&self, flow: &Flow, trace: &Trace) -> Finding {
        let undetermined = trace
            .paths
            .iter()
            .find(|path| path.verdict == Verdict::Undetermined);
        if let Some(path) = undetermined {
            let why = path.stopped_at.as_ref().map(|at| at.why.clone());
            return Finding {
                undetermined: Some(why.unwrap_or_default()),
                ..Finding::default()
            };
        }
        // What hosts outside answer is theirs to say.
        let unknown = trace.paths.iter().any(is_outside)
            && (flow.size.is_some() || !self.is_served_outside(trace));
        if unknown || is_unaskable(flow, trace) {
            return Finding::default();
        }
        let rarest = trace
            .paths
            .iter()
            .map(|path| path.probability)
            .fold(1.0, f64::min);
        let fails = !delivers(trace);
        let times = match trace.paths.len() {
            // What is too long is remembered.
            _ if flow.size.is_some() => 1,
            // All are told the same.
            _ if trace.client_sees.is_some() => 1,
            1 => 2,
            _ => enough_for(rarest),
        };
        let mut told = trace.paths.iter().filter_map(|path| path.client_sees);
        let is_told = told.any(|sees| sees != ClientSees::Timeout);
        let wait = match fails {
            false => COMES,
            true if is_told => SECOND_SYN,
            true => STAYS_AWAY,
        };
        // A raw socket hears the errors of all others that ask the same host.
        let raw = !matches!(flow.protocol, Protocol::Tcp | Protocol::Udp);
        let lanes = match fails {
            true if raw => 1,
            true => times,
            false => LANES,
        };
        let mut wrong = Vec::new();
        for _ in 0..=AGAIN {
            let seen = self.dial(flow, times, lanes, wait);
            wrong = compare(trace, &seen, flow.sticky);
            if wrong.is_empty() {
                break;
            }
            if is_told && seen.failures.contains_key("timeout") {
                std::thread::sleep(TOLD_AGAIN);
            } else if flow.size.is_some() {
                break;
            }
        }
        Finding {
            wrong,
            undetermined: None,
        }
    }

    fn is_served_outside(&self, trace: &Trace) -> bool {
        let slices = &self.state.spec.objects.endpoint_slices;
        let outside = trace.paths.iter().filter(|path| is_outside(path));
        let mut ends = outside.filter_map(|path| path.destination.as_ref());
        ends.all(|end| {
            slices.iter().any(|slice| {
                let here = slice.endpoints.iter();
                let by_port = slice.ports.iter();
                here.flat_map(|endpoint| &endpoint.addresses)
                    .any(|ip| Some(*ip) == end.ip)
                    && by_port
                        .map(|(_, _, port)| *port)
                        .any(|port| end.port == Some(port))
            }) || end.port.is_none() && self.is_ours_outside(end.ip)
        })
    }

    /// Whether the host outside has an address, and so answers an echo.
    fn is_ours_outside(&self, ip: Option<std::net::IpAddr>) -> bool {
        let mut networks = self.state.spec.networks.iter();
        networks.any(|networks| {
            Some(networks.outside) == ip || networks.lans.iter().any(|lan| Some(lan.addr()) == ip)
        })
    }

    /// Watches one connection: the devices that its first packet crosses, up to where it stops.
    fn devices(&self, sniffer: &Sniffer, flow: &Flow, trace: &Trace) -> Vec<String> {
        let mut wrong = Vec::new();
        let wanted = first_packet(flow.protocol);
        for _ in 0..=AGAIN {
            sniffer.forget();
            let all_arrive = delivers(trace) && !trace.paths.iter().any(is_outside);
            let wait = if all_arrive { COMES } else { CROSSES };
            let seen = self.dial(flow, 1, 1, wait);
            let crossed = sniffer.drain(wanted);
            wrong = differences(trace, &seen, &crossed);
            if wrong.is_empty() {
                break;
            }
        }
        wrong
    }
}

/// What has no program here is seen to be refused only: SCTP, which the servers speak where the kernel does.
fn is_unaskable(flow: &Flow, trace: &Trace) -> bool {
    let answers =
        |path: &Path| path.verdict == Verdict::Delivered || is_outside(path) || stays_at_home(path);
    flow.protocol == Protocol::Sctp && trace.paths.iter().any(answers)
}

/// A path that never leaves the sender's namespace: there its raw socket itself takes what is sent.
fn stays_at_home(path: &Path) -> bool {
    let first = path.hops.first().map(|hop| (&hop.node, &hop.netns));
    let last = path.hops.last().map(|hop| (&hop.node, &hop.netns));
    first == last
}

fn ip_command(family: Family) -> &'static str {
    match family {
        Family::V4 => "ip",
        Family::V6 => "ip -6",
    }
}

/// No path fits that this connection may have taken.
fn differences(trace: &Trace, seen: &Dialled, crossed: &[Sighting]) -> Vec<String> {
    let who = seen.endpoints.keys().next();
    let address = |who: &str| who.split_once('@').map(|(_, address)| address.to_owned());
    let may_be = |path: &&Path| match (path.verdict, who) {
        (Verdict::Delivered, Some(who)) => address(&end(path)) == address(who),
        (Verdict::Delivered, None) => is_outside(path),
        (_, who) => who.is_none(),
    };
    let candidates: Vec<_> = trace.paths.iter().filter(may_be).collect();
    let fitting = candidates
        .iter()
        .any(|path| fits(path, &crossings(path), crossed));
    if fitting {
        return Vec::new();
    }
    let predicted: Vec<_> = candidates.iter().map(|path| crossings(path)).collect();
    let words: Vec<_> = trace
        .paths
        .iter()
        .map(|path| (path.verdict, &path.stopped_at))
        .collect();
    vec![format!(
        "devices of {who:?}: predicted {predicted:?}, crossed {crossed:?}; in words: {words:?}"
    )]
}

impl Drop for Bench {
    fn drop(&mut self) {
        // What cannot be taken down here is listed by `kubenet lab list`.
        let _ = build::down(&self.state.name);
    }
}
