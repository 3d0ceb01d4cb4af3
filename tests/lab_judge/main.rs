//! The kernel as judge: in a practice cluster, real connections are made and what became of them is held against the
//! trace of the same question: outcome and what the client sees, who answered and how often, the source seen, and the
//! devices crossed on every node in order. Then things are broken, one at a time, and the same is asked again.
//!
//! Needs root; without it every test says so on stderr.

#[path = "../judge/mod.rs"]
mod judge;

mod dial;
mod practice;
mod sniff;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Mutex;
use std::time::Duration;

use dial::{Dialled, dial};
use kubenet::cli::endpoint::{self, Question};
use kubenet::collect;
use kubenet::model::trace::{Direction, Path, Trace, Verdict};
use kubenet::model::{Cluster, Protocol};
use kubenet::walk;
use practice::Practice;
use rstest::rstest;
use sniff::{Sniffer, is_question, is_syn};

/// Labs are built one after another: two cores make real time of everything else.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// Connections for each question that counts frequencies.
const CONNECTIONS: u32 = 200;

/// A question: from a pod or node to an address.
#[derive(Debug, Clone)]
struct Asked {
    from: String,
    protocol: Protocol,
    to: SocketAddr,
}

fn root() -> bool {
    if nix::unistd::geteuid().is_root() {
        return true;
    }
    eprintln!("skipped: the practice cluster needs root");
    false
}

fn trace(cluster: &Cluster, asked: &Asked) -> Trace {
    let question = Question {
        protocol: Some(asked.protocol),
        ..Question::new(
            endpoint::parse(&asked.from).expect("FROM"),
            endpoint::parse(&asked.to.to_string()).expect("TO"),
        )
    };
    walk::trace(
        cluster,
        &endpoint::resolve(cluster, &question).expect("both ends are known"),
    )
}

/// Every Service port of the lab from a pod and from the node of each node, and pods to each other.
fn questions(practice: &Practice) -> Vec<Asked> {
    let objects = practice.state.objects();
    let pods: Vec<_> = objects
        .pods
        .iter()
        .filter(|pod| !pod.host_network)
        .collect();
    let mut asked = Vec::new();
    let clients = objects.nodes.iter().filter_map(|node| {
        let client = pods
            .iter()
            .find(|pod| pod.node.as_deref() == Some(&node.name) && pod.name.contains("client"))?;
        Some(format!("{}/{}", client.namespace, client.name))
    });
    let nodes = objects
        .nodes
        .iter()
        .map(|node| format!("node/{}", node.name));
    let senders: Vec<String> = clients.chain(nodes).collect();
    for from in &senders {
        for service in &objects.services {
            for port in &service.ports {
                let Some(ip) = service.cluster_ips.first() else {
                    continue;
                };
                // The API server of a lab is no server of the lab's.
                let serves = objects
                    .endpoint_slices
                    .iter()
                    .filter(|slice| {
                        slice.namespace == service.namespace && slice.service == service.name
                    })
                    .flat_map(|slice| &slice.endpoints)
                    .all(|endpoint| endpoint.pod.is_some());
                if serves {
                    asked.push(Asked {
                        from: from.clone(),
                        protocol: port.protocol,
                        to: SocketAddr::new(*ip, port.port),
                    });
                }
            }
        }
    }
    // Pod to pod: on one node and across, each way, over TCP and UDP.
    let listening: Vec<(&str, SocketAddr, Protocol)> =
        pods.iter()
            .flat_map(|pod| {
                let slices = objects.endpoint_slices.iter().filter(|slice| {
                    slice.endpoints.iter().any(|end| {
                        end.pod.as_ref() == Some(&(pod.namespace.clone(), pod.name.clone()))
                    })
                });
                slices
                    .flat_map(|slice| &slice.ports)
                    .filter_map(|(_, protocol, port)| {
                        Some((
                            pod.node.as_deref()?,
                            SocketAddr::new(*pod.ips.first()?, *port),
                            *protocol,
                        ))
                    })
            })
            .collect();
    for from in &senders {
        for node in &objects.nodes {
            for protocol in [Protocol::Tcp, Protocol::Udp] {
                if let Some((_, to, _)) = listening
                    .iter()
                    .find(|(on, _, of)| *on == node.name && *of == protocol)
                {
                    asked.push(Asked {
                        from: from.clone(),
                        protocol,
                        to: *to,
                    });
                }
            }
        }
    }
    // Where nothing listens, and where nobody is.
    if let Some((_, to, _)) = listening.first() {
        for from in &senders {
            for protocol in [Protocol::Tcp, Protocol::Udp] {
                asked.push(Asked {
                    from: from.clone(),
                    protocol,
                    to: SocketAddr::new(to.ip(), 9),
                });
            }
            asked.push(Asked {
                from: from.clone(),
                protocol: Protocol::Tcp,
                to: SocketAddr::new(std::net::IpAddr::from([10, 42, 1, 199]), 80),
            });
        }
    }
    asked
}

fn label(from: &str) -> &str {
    from.strip_prefix("pod/").unwrap_or(from)
}

/// Asks the kernel and the walk, and lists where they differ.
fn compare(
    practice: &Practice,
    sniffer: &Sniffer,
    cluster: &Cluster,
    asked: &Asked,
    attempts: u32,
) -> Vec<String> {
    let trace = trace(cluster, asked);
    let namespace = practice.namespace(label(&asked.from));
    // A neighbour that does not answer is given up after three seconds.
    let fails = trace
        .paths
        .iter()
        .any(|path| path.verdict != Verdict::Delivered);
    let wait = Duration::from_millis(if fails { 3600 } else { 1000 });
    let balanced = trace.paths.len() > 1;
    let attempts = match (fails, balanced) {
        (true, false) => 1,
        (true, true) => 24,
        (false, false) => 10.min(attempts),
        (false, true) => attempts,
    };
    let seen = dial(&namespace, asked.protocol, asked.to, attempts, wait);
    let mut wrong = outcome(&trace, &seen, asked.protocol);
    if !fails {
        wrong.extend(devices(practice, sniffer, asked, &trace));
    }
    wrong
        .into_iter()
        .map(|line| format!("{asked:?}: {line}"))
        .collect()
}

fn end(path: &Path) -> String {
    match &path.destination {
        Some(end) => match (end.ip, end.port) {
            (Some(ip), Some(port)) => {
                format!(
                    "{}@{}",
                    end.name.as_deref().unwrap_or("?"),
                    SocketAddr::new(ip, port)
                )
            }
            _ => "nobody".to_owned(),
        },
        None => "nobody".to_owned(),
    }
}

fn outcome(trace: &Trace, seen: &Dialled, _protocol: Protocol) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut answers = BTreeMap::new();
    let mut sources = BTreeMap::new();
    for path in &trace.paths {
        let why = path.stopped_at.as_ref().map(|at| at.why.clone());
        match (path.verdict, path.client_sees) {
            (Verdict::Delivered, None) => {
                *answers.entry(end(path)).or_insert(0.0) += path.probability;
                let source = path
                    .source_seen
                    .map(|ip| ip.to_string())
                    .unwrap_or_default();
                *sources.entry(source).or_insert(0.0) += path.probability;
            }
            (_, Some(sees)) => {
                let word = serde_json::to_value(sees).expect("a word");
                *answers
                    .entry(word.as_str().unwrap_or_default().to_owned())
                    .or_insert(0.0) += path.probability;
            }
            (verdict, None) => wrong.push(format!("predicted {verdict:?}, {why:?}; seen {seen:?}")),
        }
    }
    let mut all = seen.endpoints.clone();
    all.extend(seen.failures.clone());
    wrong.extend(judge::compare_shares("answer", &all, &answers, false));
    if seen.failures.is_empty() {
        wrong.extend(judge::compare_shares(
            "source",
            &seen.sources,
            &sources,
            false,
        ));
    }
    if !wrong.is_empty() {
        let whys: Vec<_> = trace
            .paths
            .iter()
            .map(|path| (path.verdict, path.stopped_at.as_ref().map(|at| &at.why)))
            .collect();
        wrong.push(format!("  predicted in words: {whys:?}"));
    }
    wrong
}

/// The devices of the nodes in order, for one connection to each endpoint.
fn devices(practice: &Practice, sniffer: &Sniffer, asked: &Asked, trace: &Trace) -> Vec<String> {
    sniffer.forget();
    let wanted: fn(&[u8]) -> bool = if asked.protocol == Protocol::Tcp {
        is_syn
    } else {
        is_question
    };
    let namespace = practice.namespace(label(&asked.from));
    let mut wrong = Vec::new();
    let mut missing: Vec<&Path> = trace.paths.iter().collect();
    for _ in 0..60 {
        let seen = dial(
            &namespace,
            asked.protocol,
            asked.to,
            1,
            Duration::from_secs(1),
        );
        let crossed = sniffer.drain(wanted);
        let Some(who) = seen.endpoints.keys().next() else {
            wrong.push(format!("the connection that was watched failed: {seen:?}"));
            break;
        };
        let Some(at) = missing.iter().position(|path| end(path) == *who) else {
            continue;
        };
        let path = missing.remove(at);
        let predicted: Vec<sniff::Sighting> = path
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
        // A packet that br_netfilter redirects on its bridge is seen leaving by the bridge only when the neighbour's
        // header was not cached (br_nf_pre_routing_finish_bridge).
        let without_bridge: Vec<_> = predicted
            .iter()
            .filter(|(_, device, dir)| device != "cni0" || *dir != "out")
            .cloned()
            .collect();
        let redirected = predicted.len() == 3 && without_bridge.len() == 2;
        if crossed != predicted && !(redirected && crossed == without_bridge) {
            wrong.push(format!(
                "devices to {who}: predicted {predicted:?}, crossed {crossed:?}"
            ));
        }
        if missing.is_empty() {
            break;
        }
    }
    wrong
}

#[rstest]
fn healthy(#[values("vxlan", "host-gw")] backend: &str, #[values("nft", "legacy")] iptables: &str) {
    if !root() {
        return;
    }
    let _alone = ONE_AT_A_TIME
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner());
    let practice = Practice::up(backend, iptables);
    let cluster = collect::lab::read_lab(Some(&practice.name)).expect("the lab can be read");
    assert!(
        cluster.gaps.is_empty(),
        "everything is read: {:?}",
        cluster.gaps
    );
    let sniffer = Sniffer::new(&practice.nodes());
    let asked = questions(&practice);
    let wrong: Vec<String> = asked
        .iter()
        .flat_map(|asked| compare(&practice, &sniffer, &cluster, asked, CONNECTIONS))
        .collect();
    eprintln!("{backend} {iptables}: {} questions", asked.len());
    assert!(asked.len() >= 60, "only {} questions", asked.len());
    assert!(
        wrong.is_empty(),
        "the kernel did otherwise:\n{}",
        wrong.join("\n")
    );
}
