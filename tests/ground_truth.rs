//! Predictions held against real connections: every row of a captured cluster's `ground_truth.json` says what the
//! kernel did, and the trace of the same question must say the same.
//!
//! Compared are: the outcome and what the client saw, which endpoint answered and how often, the source address the
//! server saw, the devices crossed in order, and the rule that stopped it. No expected value is written here.

#[path = "judge/mod.rs"]
mod judge;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use kubenet::check;
use kubenet::cli::endpoint::{self, Question};
use kubenet::collect::bundle;
use kubenet::model::trace::{ClientSees, Direction, OverallVerdict, Path, Trace, Verdict};
use kubenet::model::{Cluster, NetnsName, Protocol, Socket, SocketState};
use kubenet::walk;
use serde::Deserialize;

#[derive(Debug, Deserialize)]
struct GroundTruth {
    rows: Vec<Row>,
    /// What was broken on purpose, by the ids of the catalogue.
    #[serde(default)]
    fault: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
struct Row {
    #[serde(default)]
    id: serde_json::Value,
    from: String,
    from_kind: String,
    #[serde(default)]
    from_ip: Vec<String>,
    #[serde(default)]
    via: Option<String>,
    #[serde(default)]
    from_namespace: Option<String>,
    proto: String,
    to: String,
    #[serde(default)]
    desc: String,
    outcome: String,
    #[serde(default)]
    errors: BTreeMap<String, u32>,
    #[serde(default)]
    endpoints: BTreeMap<String, u32>,
    #[serde(default)]
    source_seen: BTreeMap<String, u32>,
    #[serde(default)]
    paths: BTreeMap<String, Vec<Sighting>>,
    #[serde(default)]
    drop_reason: Option<Vec<String>>,
    /// Whether the fault changed what became of it.
    #[serde(default)]
    affected: bool,
    /// What came of it when the bundle was taken, where it was measured again in another state.
    #[serde(default)]
    first_run: Option<FirstRun>,
}

#[derive(Debug, Clone, Deserialize)]
struct FirstRun {
    outcome: String,
    errors: BTreeMap<String, u32>,
    /// `nothing listened on ADDRESS:PORT ...`: the listener was started for the row itself.
    why: String,
}

/// The first packet of a connection, seen at a device. Replies and errors may follow in the same list.
#[derive(Debug, Clone, Deserialize)]
struct Sighting {
    #[serde(default)]
    node: Option<String>,
    #[serde(default, rename = "if")]
    device: Option<String>,
    #[serde(default)]
    dir: Option<String>,
    #[serde(default)]
    pkt: Option<String>,
}

fn fixture(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures/clusters")
        .join(name)
}

fn load(name: &str) -> (Cluster, GroundTruth) {
    let cluster =
        bundle::load(&[fixture(&format!("{name}.tar.zst"))]).expect("the fixture's bundle");
    let packed = std::fs::File::open(fixture(&format!("{name}.ground_truth.json.zst")))
        .expect("its ground truth");
    let text = zstd::decode_all(packed).expect("zstd");
    (cluster, serde_json::from_slice(&text).expect("the rows"))
}

/// Who sends, as a user would say it.
fn from(row: &Row) -> String {
    match row.from_kind.as_str() {
        "node" => format!("node/{}", row.from),
        "external" => {
            let wants_v6 = row.to.starts_with('[');
            let ip = row
                .from_ip
                .iter()
                .find(|ip| ip.contains(':') == wants_v6)
                .expect("an address");
            format!("external:{ip}")
        }
        _ => format!(
            "pod/{}/{}",
            row.from_namespace.as_deref().unwrap_or("default"),
            row.from
        ),
    }
}

/// The node that a client outside sends to: the one that has the address, or its route leads to.
fn via(cluster: &Cluster, row: &Row) -> Option<String> {
    let to = row
        .to
        .rsplit_once(':')
        .map_or(row.to.as_str(), |(ip, _)| ip)
        .trim_matches(['[', ']']);
    let mut nodes = cluster
        .all_netns()
        .filter(|(_, netns)| netns.name == NetnsName::Host);
    let owner = nodes.find(|(_, netns)| to.parse().is_ok_and(|ip| netns.has_address(ip)));
    row.via
        .clone()
        .or_else(|| owner.map(|(id, _)| cluster.node_name(id).to_owned()))
}

fn ask(cluster: &Cluster, row: &Row) -> Trace {
    let question = Question {
        protocol: Some(row.proto.parse::<Protocol>().expect("protocol")),
        via: via(cluster, row).filter(|_| row.from_kind == "external"),
        ..Question::new(
            endpoint::parse(&from(row)).expect("FROM"),
            endpoint::parse(&row.to).expect("TO"),
        )
    };
    let flow = endpoint::resolve(cluster, &question).expect("both ends are known");
    walk::trace(cluster, &flow)
}

/// What is wrong with a prediction; nothing when it agrees.
fn disagreements(row: &Row, trace: &Trace) -> Vec<String> {
    let mut wrong = Vec::new();
    let total: f64 = trace.paths.iter().map(|path| path.probability).sum();
    if (total - 1.0).abs() > 1e-6 {
        wrong.push(format!("probabilities add up to {total}"));
    }
    if row.outcome == "delivered" {
        delivered(row, trace, &mut wrong);
    } else if row.outcome == "partial" {
        partial(row, trace, &mut wrong);
    } else {
        failed(row, trace, &mut wrong);
    }
    for (who, sightings) in &row.paths {
        devices(row, who, sightings, trace, &mut wrong);
    }
    wrong
}

fn delivered(row: &Row, trace: &Trace, wrong: &mut Vec<String>) {
    for path in trace
        .paths
        .iter()
        .filter(|path| path.verdict != Verdict::Delivered)
    {
        wrong.push(format!(
            "predicted {:?}: {:?}",
            path.verdict,
            path.stopped_at.as_ref().map(|at| &at.why)
        ));
    }
    // With affinity, the first choice stays: all connections went to one of the endpoints that are possible.
    let sticky = trace.paths.iter().any(|path| {
        path.assumptions
            .iter()
            .any(|a| a.unknown.contains("recent") || a.unknown.contains("list KUBE-SEP"))
    });
    // A client that could not tell who answered says so.
    if !row
        .endpoints
        .keys()
        .any(|who| who.starts_with("connected@"))
    {
        let answered = shares(trace, |path| {
            row.endpoints
                .keys()
                .find(|who| is_endpoint(path, who))
                .cloned()
                .or_else(|| Some(format!("{:?}", path.destination)))
        });
        wrong.extend(judge::compare_shares(
            "endpoint",
            &row.endpoints,
            &answered,
            sticky,
        ));
    }
    if !row.source_seen.is_empty() {
        let seen = shares(trace, |path| path.source_seen.map(|ip| ip.to_string()));
        wrong.extend(judge::compare_shares(
            "source",
            &row.source_seen,
            &seen,
            sticky,
        ));
    }
}

/// Probability of each outcome by some key.
fn shares(trace: &Trace, key: impl Fn(&Path) -> Option<String>) -> BTreeMap<String, f64> {
    let mut shares = BTreeMap::new();
    for path in &trace.paths {
        *shares.entry(key(path).unwrap_or_default()).or_insert(0.0) += path.probability;
    }
    shares
}

/// `pod@address:port`; the address is `[::]` where the server's socket does not say.
fn is_endpoint(path: &Path, who: &str) -> bool {
    let Some(end) = &path.destination else {
        return false;
    };
    let (name, at) = who.split_once('@').expect("pod@address:port");
    let (ip, port) = at.rsplit_once(':').expect("address:port");
    let ip = ip.trim_matches(['[', ']']);
    let port_fits = end.port.is_some_and(|known| known.to_string() == port);
    let ip_fits = ip == "::" || end.ip.is_some_and(|known| known.to_string() == ip);
    // Outside the cluster there are no names.
    let name_fits = end.kind == "external" || end.name.as_deref() == Some(name);
    port_fits && ip_fits && name_fits
}

/// Some connections were answered and others not: answers and failures against their shares.
fn partial(row: &Row, trace: &Trace, wrong: &mut Vec<String>) {
    // These dials gave up before the kernel gives up a neighbour: a host that does not answer is seen as silence.
    let silence = |sees: &str| matches!(sees, "TIMEOUT" | "read:TIMEOUT" | "EHOSTUNREACH");
    let mut counted = row.endpoints.clone();
    for (error, count) in &row.errors {
        let key = if silence(error) {
            "silence"
        } else {
            error.as_str()
        };
        *counted.entry(key.to_owned()).or_default() += count;
    }
    let predicted = shares(trace, |path| match path.client_sees {
        Some(ClientSees::Timeout | ClientSees::Unreachable) => Some("silence".to_owned()),
        Some(ClientSees::Refused) => Some("ECONNREFUSED".to_owned()),
        Some(other) => Some(format!("{other:?}")),
        None => row
            .endpoints
            .keys()
            .find(|who| is_endpoint(path, who))
            .cloned(),
    });
    wrong.extend(judge::compare_shares("answer", &counted, &predicted, false));
}

fn failed(row: &Row, trace: &Trace, wrong: &mut Vec<String>) {
    for path in &trace.paths {
        // The first dials gave up after half a second, before a neighbour that does not answer is given up by the
        // kernel; a later one waited long enough. So what is predicted must be among what was seen.
        let seen = match path.client_sees {
            Some(ClientSees::Timeout) => "TIMEOUT",
            Some(ClientSees::Refused) => "ECONNREFUSED",
            Some(ClientSees::Unreachable) => "EHOSTUNREACH",
            other => {
                let why = path.stopped_at.as_ref().map(|at| &at.why);
                wrong.push(format!(
                    "predicted {:?}/{other:?} ({why:?}), seen {:?}",
                    path.verdict, row.errors
                ));
                continue;
            }
        };
        if !row.errors.contains_key(seen) {
            let why = path.stopped_at.as_ref().map(|at| &at.why);
            wrong.push(format!("predicted {seen} ({why:?}), seen {:?}", row.errors));
        }
        for reason in row.drop_reason.iter().flatten() {
            let rule = reason.split_once(" -A ").map_or("", |(_, rule)| rule);
            let rule = rule.rsplit_once(" (+").map_or(rule, |(rule, _)| rule);
            let last = path.hops.last().and_then(|hop| hop.steps.last());
            let raw = last
                .and_then(|step| step.evidence.as_ref())
                .map_or("", |evidence| evidence.raw.as_str());
            if raw.strip_prefix("-A ") != Some(rule) {
                wrong.push(format!("stopped by {rule:?}, predicted {raw:?}"));
            }
        }
    }
}

/// The devices of nodes, in order.
///
/// A capture also shows what a single packet's path does not have: copies that a bridge floods to other pods, and
/// answers (from the first packet that travels against the first one). Whether a packet that br_netfilter redirects on
/// its bridge is seen leaving by the bridge depends on whether the neighbour's header was cached at that moment.
fn devices(row: &Row, who: &str, sightings: &[Sighting], trace: &Trace, wrong: &mut Vec<String>) {
    let source = sightings
        .first()
        .and_then(|first| first.pkt.as_deref())
        .and_then(client)
        .unwrap_or_default();
    let mut seen: Vec<(String, String, &str)> = Vec::new();
    for sighting in sightings {
        let (Some(node), Some(device), Some(dir)) =
            (&sighting.node, &sighting.device, &sighting.dir)
        else {
            continue;
        };
        let answer = sighting.pkt.as_deref().is_some_and(|packet| {
            packet.contains(&format!("> {source}")) || packet.contains("ICMP")
        });
        if answer {
            break;
        }
        // Hosts outside were not captured: a client there is no part of the prediction, nor is what a router there
        // does with a packet that it gets.
        if node.starts_with("ext") {
            if seen.is_empty() {
                continue;
            }
            break;
        }
        // What a host sends to itself is not compared.
        if device == "lo" {
            continue;
        }
        let dir = if dir == "Out" { "out" } else { "in" };
        let sighting = (node.clone(), device.clone(), dir);
        if seen.first() == Some(&sighting) {
            // The client tries again.
            break;
        }
        seen.push(sighting);
    }
    let fits = |path: &Path| {
        let predicted: Vec<(String, String, &str)> = path
            .devices
            .iter()
            .filter(|crossing| crossing.netns == "host" && crossing.device != "lo")
            .map(|crossing| {
                let dir = if crossing.dir == Direction::Out {
                    "out"
                } else {
                    "in"
                };
                (crossing.node.clone(), crossing.device.clone(), dir)
            })
            .collect();
        let mut at = 0;
        for device in &predicted {
            let optional = device.1 == "cni0" && device.2 == "out" && !seen.contains(device);
            match seen[at..].iter().position(|other| other == device) {
                // Between two devices of the prediction, only flooded copies to other ports may have been seen.
                Some(skipped)
                    if seen[at..at + skipped]
                        .iter()
                        .all(|(_, name, dir)| name.starts_with("veth") && *dir == "out") =>
                {
                    at += skipped + 1;
                }
                None if optional => {}
                _ => {
                    return Err(format!(
                        "devices of {who}: predicted {predicted:?}, seen {seen:?}"
                    ));
                }
            }
        }
        let flooded = seen[at..]
            .iter()
            .all(|(_, name, dir)| name.starts_with("veth") && *dir == "out");
        if flooded || seen.is_empty() {
            Ok(())
        } else {
            Err(format!(
                "devices of {who}: predicted {predicted:?}, seen {seen:?}"
            ))
        }
    };
    if seen.is_empty() {
        return;
    }
    let candidates: Vec<&Path> = match row.outcome.as_str() {
        "delivered" if !who.starts_with("connected@") => trace
            .paths
            .iter()
            .filter(|path| is_endpoint(path, who))
            .collect(),
        _ => trace.paths.iter().collect(),
    };
    // A connection whose answerer did not name itself, and a failed one, took one of the paths.
    // The API server's rows were captured without the translated packets: only the beginning is there.
    let partial_capture = who.starts_with("connected@");
    let results: Vec<Result<(), String>> = candidates.iter().map(|path| fits(path)).collect();
    if partial_capture || results.iter().any(Result::is_ok) {
        return;
    }
    wrong.extend(results.into_iter().filter_map(Result::err).take(1));
}

/// `10.42.1.3.54964` of `10.42.1.3.54964 > 10.43.6.58.80: Flags [S]`.
fn client(packet: &str) -> Option<String> {
    packet
        .split_once(" > ")
        .map(|(source, _)| source.to_owned())
}

/// What is wrong with the prediction for a row as it was measured first.
fn as_captured(cluster: &Cluster, row: &Row, first: &FirstRun) -> Vec<String> {
    let mut wrong = Vec::new();
    let then = Row {
        outcome: first.outcome.clone(),
        errors: first.errors.clone(),
        endpoints: BTreeMap::new(),
        ..row.clone()
    };
    failed(&then, &ask(cluster, row), &mut wrong);
    wrong
}

/// Starts the listener that a sentence says was missing.
fn listen(cluster: &mut Cluster, why: &str) {
    let missing: SocketAddr = why
        .split(' ')
        .find_map(|word| word.parse().ok())
        .expect("an address and port");
    let host = cluster
        .nodes
        .iter_mut()
        .flat_map(|node| &mut node.netns)
        .find(|netns| netns.name == NetnsName::Host && netns.has_address(missing.ip()))
        .expect("the node of that address");
    let listens =
        |socket: &Socket| socket.port == missing.port() && socket.protocol == Protocol::Tcp;
    let sockets = host.sockets.get_or_insert_default();
    if !sockets.iter().any(listens) {
        sockets.push(Socket {
            protocol: Protocol::Tcp,
            address: None,
            port: missing.port(),
            ..sockets
                .iter()
                .find(|one| one.state == SocketState::Listen)
                .expect("a listener")
                .clone()
        });
    }
}

/// How many rows there were, how many of them were answered definitely, and what was wrong with those.
struct Judged {
    rows: usize,
    undetermined: usize,
    report: String,
}

fn judge_fixture(name: &str) -> Judged {
    let (mut cluster, truth) = load(name);
    assert!(
        cluster.gaps.is_empty(),
        "the fixture is read whole: {:?}",
        cluster.gaps
    );
    let mut judged = Judged {
        rows: 0,
        undetermined: 0,
        report: String::new(),
    };
    let again = |row: &Row| Some((row.clone(), row.first_run.clone()?));
    let measured_again: Vec<(Row, FirstRun)> = truth.rows.iter().filter_map(again).collect();
    for (row, first) in &measured_again {
        for wrong in as_captured(&cluster, row, first) {
            let row = &row.id;
            judged
                .report
                .push_str(&format!("{name} row {row}, first run: {wrong}\n"));
        }
    }
    for (_, first) in &measured_again {
        listen(&mut cluster, &first.why);
    }
    for row in &truth.rows {
        if row
            .proto
            .parse::<Protocol>()
            .map_or(true, |protocol| !protocol.has_ports())
        {
            eprintln!(
                "{name}: not yet asked: row {} {} {}",
                row.id, row.proto, row.desc
            );
            continue;
        }
        judged.rows += 1;
        let trace = ask(&cluster, row);
        if trace.verdict == OverallVerdict::Undetermined {
            judged.undetermined += 1;
            let why = trace
                .paths
                .iter()
                .find_map(|path| path.stopped_at.as_ref())
                .map(|at| &at.why);
            eprintln!("{name}: undetermined: {} -> {}: {why:?}", row.from, row.to);
            continue;
        }
        let named = fault_named(&cluster, &truth, row, &trace);
        for wrong in disagreements(row, &trace).into_iter().chain(named) {
            judged.report.push_str(&format!(
                "{name} row {} ({} -> {} {}, {}): {wrong}\n",
                row.id, row.from, row.to, row.proto, row.desc
            ));
        }
    }
    judged
}

/// Where packets fail by the fault, that is the first thing that the trace names; what is wrong otherwise.
fn fault_named(cluster: &Cluster, truth: &GroundTruth, row: &Row, trace: &Trace) -> Option<String> {
    let fault = truth.fault.as_ref().filter(|_| row.affected)?;
    if row.outcome == "delivered" || trace.verdict == OverallVerdict::Delivered {
        return None;
    }
    let (findings, _) = check::of_trace(cluster, trace);
    let first = findings.first();
    let names = |first: &kubenet::model::Finding| {
        let mut ids = fault.split(',');
        ids.any(|id| first.catalogue.iter().any(|one| one == id))
    };
    (!first.is_some_and(names)).then(|| {
        let ids: Vec<&str> = findings.iter().map(|one| one.id.as_str()).collect();
        format!("the fault is {fault}, and the trace names {ids:?}")
    })
}

/// A cluster whose rows must all be answered, and as the kernel did.
fn every_row(name: &str, rows: usize) {
    let judged = judge_fixture(name);
    assert!(
        judged.report.is_empty(),
        "the kernel did otherwise:\n{}",
        judged.report
    );
    assert_eq!(
        (judged.rows, judged.undetermined),
        (rows, 0),
        "rows, and those not answered"
    );
}

#[test]
fn iptables_nft_over_vxlan() {
    every_row("iptables-nft-vxlan", 84);
}

#[test]
fn nftables_over_vxlan() {
    every_row("nftables-vxlan", 56);
}

/// Clusters in which one thing was broken on purpose.
#[test]
fn faults() {
    let names: Vec<String> = std::fs::read_dir(fixture("faults"))
        .expect("the faults")
        .filter_map(|entry| {
            let name = entry.ok()?.file_name().into_string().ok()?;
            name.strip_suffix(".tar.zst")
                .map(|name| format!("faults/{name}"))
        })
        .collect();
    assert!(!names.is_empty());
    let judged: Vec<Judged> = names.iter().map(|name| judge_fixture(name)).collect();
    let report: String = judged.iter().map(|judged| judged.report.as_str()).collect();
    assert!(report.is_empty(), "the kernel did otherwise:\n{report}");
}

#[test]
fn ipvs_over_vxlan() {
    every_row("ipvs-rr-vxlan", 56);
}
