//! The rules that a trace names against those that the kernel says a packet met: `nft monitor trace` was running while
//! some connections of the captured cluster were made.
//!
//! What the kernel met and a trace does not name must be jumps and returns. The dumps were made later, when clients had
//! their affinity: that is taken out of them first.

#![allow(clippy::unwrap_used)]

#[path = "captured/mod.rs"]
mod captured;

use std::collections::{BTreeMap, BTreeSet};

use kubenet::cli::endpoint::{self, Question};
use kubenet::collect::bundle;
use kubenet::model::Cluster;
use kubenet::model::trace::Path;
use kubenet::walk;
use serde::Deserialize;

/// A line after `### WHO tcp TO`: what the client saw.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Outcome {
    servers: BTreeMap<String, u32>,
    locals: BTreeMap<String, u32>,
}

struct Flow {
    from: &'static str,
    via: Option<&'static str>,
    to: String,
    outcome: Outcome,
}

/// Who is who in the captured cluster. The address of a client outside is found where it is answered by its own name.
fn who(name: &str, to: &str) -> (&'static str, Option<&'static str>) {
    let node = if to.starts_with("192.168.205.5:") {
        "node2"
    } else {
        "node1"
    };
    match name {
        "cni-client-1" => ("pod/default/client-1", None),
        "cni-client-2" => ("pod/default/client-2", None),
        "cni-single-1" => ("pod/default/single-1", None),
        "r-node1" => ("node/node1", None),
        "r-ext" => ("external:192.168.205.1", Some(node)),
        // A host of the LAN which is not among the source ranges.
        "r-ext2" => ("external:192.168.205.99", Some(node)),
        other => panic!("{other} is nobody in that cluster"),
    }
}

fn flows(text: &str) -> Vec<Flow> {
    let mut lines = text.lines();
    let mut flows = Vec::new();
    while let Some(head) = lines.next() {
        let mut words = head.strip_prefix("### ").unwrap().split(' ');
        let (name, protocol, to) = (words.next().unwrap(), words.next(), words.next().unwrap());
        assert_eq!(protocol, Some("tcp"));
        let (from, via) = who(name, to);
        flows.push(Flow {
            from,
            via,
            to: to.to_owned(),
            outcome: serde_json::from_str(lines.next().unwrap()).unwrap(),
        });
    }
    flows
}

/// One packet as the kernel traced it at a node: what it looked like at first, and the rules it met.
#[derive(Debug, Default)]
struct Traced {
    source: String,
    source_port: String,
    destination: String,
    rules: Vec<(String, String)>,
}

/// Traces of a node by their ids. A packet has another id behind the routing decision.
fn traced(text: &str) -> Vec<Traced> {
    let mut order: Vec<String> = Vec::new();
    let mut found: BTreeMap<String, Traced> = BTreeMap::new();
    for line in text.lines() {
        let rest = line.strip_prefix("trace id ").unwrap();
        let (id, rest) = rest.split_once(' ').unwrap();
        if !found.contains_key(id) {
            order.push(id.to_owned());
        }
        let one = found.entry(id.to_owned()).or_default();
        // Tables of iptables-nft, whose rules nft prints in words of its own, and the one that asked for traces.
        let foreign = ["ip nat ", "ip filter ", "ip mangle ", "ip ktrace "];
        if let Some((_, packet)) = rest.split_once(" packet: ") {
            let word = |name: &str| {
                let (_, rest) = packet.split_once(&format!("{name} ")).unwrap();
                rest.split(' ').next().unwrap().to_owned()
            };
            if one.source.is_empty() {
                one.source = word("ip saddr");
                one.source_port = word("tcp sport");
                one.destination = format!("{}:{}", word("ip daddr"), word("tcp dport"));
            }
        } else if let Some((_, rule)) = rest.split_once(" rule ")
            && !foreign.iter().any(|table| rest.starts_with(table))
        {
            let (rule, verdict) = rule.rsplit_once(" (verdict ").unwrap();
            one.rules.push((
                rule.trim().to_owned(),
                verdict.trim_end_matches(')').to_owned(),
            ));
        }
    }
    order.iter().map(|id| found.remove(id).unwrap()).collect()
}

/// The rules that a path names at a node, each as nft prints it.
fn named(path: &Path, node: &str) -> Vec<String> {
    let steps = path
        .hops
        .iter()
        .filter(|hop| hop.node == node && hop.netns == "host")
        .flat_map(|hop| &hop.steps);
    let mut rules: Vec<String> = Vec::new();
    for evidence in steps.filter_map(|step| step.evidence.as_ref()) {
        if !evidence.source.starts_with("nft ") {
            continue;
        }
        for line in evidence
            .raw
            .lines()
            .filter(|line| !line.starts_with("  element "))
        {
            // The way to a rule is told from its beginning, and dice are named where they are thrown and where they lead.
            if !rules.iter().any(|known| known == line) {
                rules.push(line.to_owned());
            }
        }
    }
    rules
}

/// What is wrong with the rules named, if the packet met those.
fn disagreement(named: &[String], met: &[(String, String)]) -> Option<String> {
    let mut at = 0;
    for rule in named {
        match met[at..].iter().position(|(text, _)| text == rule) {
            Some(skipped) => {
                let passed = &met[at..at + skipped];
                if let Some((text, verdict)) = passed.iter().find(|(_, verdict)| !idle(verdict)) {
                    return Some(format!("not named: {text} ({verdict})"));
                }
                at += skipped + 1;
            }
            None => return Some(format!("named, and not met: {rule}")),
        }
    }
    let rest = met[at..].iter().find(|(_, verdict)| !idle(verdict));
    rest.map(|(text, verdict)| format!("not named: {text} ({verdict})"))
}

/// A jump may come back without anything having happened; where it did not, the last rule's step tells the way.
fn idle(verdict: &str) -> bool {
    verdict.starts_with("jump ") || verdict.starts_with("goto ") || verdict == "return"
}

fn ask(cluster: &Cluster, flow: &Flow) -> Vec<Path> {
    let question = Question {
        via: flow.via.map(str::to_owned),
        ..Question::new(
            endpoint::parse(flow.from).unwrap(),
            endpoint::parse(&flow.to).unwrap(),
        )
    };
    let flow = endpoint::resolve(cluster, &question).unwrap();
    walk::trace(cluster, &flow).paths
}

/// The ruleset without the clients that sets of kube-proxy's remember.
fn without_affinity(json: &[u8]) -> Vec<u8> {
    let mut ruleset: serde_json::Value = serde_json::from_slice(json).unwrap();
    for object in ruleset["nftables"].as_array_mut().unwrap() {
        let Some(set) = object.get_mut("set").and_then(|set| set.as_object_mut()) else {
            continue;
        };
        if set["name"].as_str().unwrap().starts_with("affinity-") {
            set.remove("elem");
        }
    }
    serde_json::to_vec(&ruleset).unwrap()
}

#[test]
fn traces_name_the_rules_that_the_kernel_met() {
    let archive = captured::archive("nftables-vxlan");
    let mut bundle = captured::files(&archive);
    for (path, bytes) in &mut bundle {
        if path.ends_with("host/nft.json") {
            *bytes = without_affinity(bytes);
        }
    }
    let folder = captured::Folder::new("nft-monitor", &bundle);
    let cluster = bundle::load(std::slice::from_ref(&folder.0)).unwrap();
    let files = captured::traces(&archive);
    let text = |name: &str| String::from_utf8(files[name].clone()).unwrap();
    let nodes = ["node1", "node2"].map(|node| (node, traced(&text(&format!("{node}.txt")))));
    let (mut compared, mut wrong) = (0, Vec::new());
    let mut used: BTreeSet<(&str, String)> = BTreeSet::new();
    for flow in flows(&text("flows.txt")) {
        let paths = ask(&cluster, &flow);
        let server = flow.outcome.servers.keys().next();
        let taken: Vec<&Path> = paths
            .iter()
            .filter(|path| {
                let end = path
                    .destination
                    .as_ref()
                    .and_then(|end| Some((end.ip?, end.port?)));
                let end = end.map(|(ip, port)| format!("@{ip}:{port}"));
                match (server, end) {
                    (Some(server), Some(end)) => server.ends_with(&end),
                    (server, end) => server.is_none() && end.is_none(),
                }
            })
            .collect();
        let [path] = taken.as_slice() else {
            wrong.push(format!(
                "{} -> {}: {} paths",
                flow.from,
                flow.to,
                taken.len()
            ));
            continue;
        };
        // Where the packet was seen as it was dialled is its first node.
        for (node, packets) in &nodes {
            let local = |ip: &String| {
                flow.outcome.locals.contains_key(ip) || flow.outcome.locals.is_empty()
            };
            let Some(first) = packets.iter().find(|one| {
                one.destination == flow.to
                    && local(&one.source)
                    && !used.contains(&(*node, one.source_port.clone()))
            }) else {
                continue;
            };
            used.insert((*node, first.source_port.clone()));
            let met: Vec<(String, String)> = packets
                .iter()
                .filter(|one| one.source_port == first.source_port)
                .flat_map(|one| one.rules.clone())
                .collect();
            compared += 1;
            if let Some(why) = disagreement(&named(path, node), &met) {
                let named = named(path, node).join("\n    ");
                wrong.push(format!(
                    "{} -> {} at {node}: {why}\n  named:\n    {named}\n  met: {met:#?}",
                    flow.from, flow.to
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(compared, 12, "connections found in the kernel's traces");
}
