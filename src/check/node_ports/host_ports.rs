//! Host ports as the CNI plugin portmap writes them (plugins/meta/portmap/portmap_iptables.go): `CNI-HOSTPORT-DNAT`, to which
//! PREROUTING and OUTPUT jump, leads to a chain `CNI-DN-...` for each pod, which translates. The plugin writes them when the pod
//! starts and nothing repairs them.

use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::check::{Check, NodeView, Report, Scene};
use crate::explain::chains::{Chains, Held};
use crate::model::iptables::{Match, Rule, TableKind, Target};
use crate::model::trace::Evidence;
use crate::model::{
    Cluster, ContainerPort, Family, Finding, Netns, NetnsId, ObjectKind, Pod, Protocol, Severity,
};

pub(super) const MISSING: Check = Check {
    id: "host-port-missing",
    catalogue: &["E13", "B18"],
    severity: Severity::Error,
    docs: "A pod declares a host port, and no rule of its node translates connections to that port: the node itself answers \
           them, mostly with a refusal. The CNI plugin portmap writes such rules once, when the pod starts; a firewall's \
           reload or a flush removes them for good, while kube-proxy writes its own anew. Recreate the pod.",
};

pub(super) const STALE: Check = Check {
    id: "host-port-stale",
    catalogue: &["E15"],
    severity: Severity::Error,
    docs: "A rule for a host port translates to an address that no pod of the node has: the pod is gone and its rules stayed. \
           Connections to that port of the node are lost, and where another pod has the same host port now, the older rule \
           wins. Delete the rule in CNI-HOSTPORT-DNAT and the chain it leads to.",
};

const CHECKS: &[Check] = &[MISSING, STALE];
const FRAME: &str = "CNI-HOSTPORT-DNAT";

/// What a rule of portmap's translates.
struct Entry<'c> {
    protocol: Option<u8>,
    port: u16,
    to: IpAddr,
    chain: &'c str,
    raw: &'c str,
    /// The rule of the frame that leads to its chain.
    led_by: &'c str,
}

pub(super) fn look(scene: &Scene<'_>, report: &mut Report) {
    let objects = &scene.cluster.objects;
    for (node, host, netns) in scene.hosts() {
        if objects.incomplete.contains(&ObjectKind::Pod) {
            report.skip_all(CHECKS, node.name, "the Pods were not read from the API");
            continue;
        }
        if let Some(other) = other_program(netns) {
            report.skip_all(CHECKS, node.name, &format!("{other} has the host ports"));
            continue;
        }
        if netns.iptables.is_empty() {
            report.skip_all(CHECKS, node.name, "its iptables rules were not read");
            continue;
        }
        for check in CHECKS {
            report.judge(check, node.name, Vec::new());
        }
        for family in [Family::V4, Family::V6] {
            of_family(scene.cluster, (node, host, netns), family, report);
        }
    }
}

/// Who else than portmap's iptables backend has host ports of a node.
fn other_program(netns: &Netns) -> Option<&'static str> {
    let mut native = netns.nftables.iter().flat_map(|rules| &rules.tables);
    if native.any(|table| &*table.name == "cni_hostport") {
        return Some("portmap's nftables backend");
    }
    let mut tables = netns
        .iptables
        .iter()
        .filter_map(|rules| rules.table(TableKind::Nat));
    tables
        .any(|table| table.chain("KUBE-HOSTPORTS").is_some())
        .then_some("the container runtime")
}

fn of_family(
    cluster: &Cluster,
    (node, host, netns): (&NodeView<'_>, NetnsId, &Netns),
    family: Family,
    report: &mut Report,
) {
    let wanted = wanted(cluster, node, family);
    let rulesets = netns.iptables.iter().filter(|one| one.family == family);
    let all: Vec<Chains<'_>> = rulesets
        .map(|ruleset| Chains::of(cluster, host, ruleset))
        .collect();
    if all.is_empty() {
        return;
    }
    let mut entries = Vec::new();
    let mut certain = true;
    let mut reached = wanted.is_empty();
    for chains in &all {
        certain &= read(chains, &mut entries);
        reached |= is_reached(chains);
    }
    if certain {
        let mut living = cluster.objects.pods.iter().filter(|pod| is_here(pod, node));
        for (pod, port, ip) in &wanted {
            let leads = |entry: &Entry<'_>| {
                entry.port == port.host_port.unwrap_or(0)
                    && is_of(entry.protocol, port.protocol)
                    && entry.to == *ip
            };
            if !reached || !entries.iter().any(leads) {
                let found = missing(node, pod, port, reached);
                report.judge(&MISSING, node.name, vec![found]);
            }
        }
        let ips: Vec<IpAddr> = living
            .by_ref()
            .flat_map(|pod| pod.ips.iter().copied())
            .collect();
        for entry in entries.iter().filter(|entry| !ips.contains(&entry.to)) {
            report.judge(&STALE, node.name, vec![stale(node, entry, family)]);
        }
    }
    for chains in all {
        report.wishes.extend(chains.into_wishes());
    }
}

fn is_here(pod: &Pod, node: &NodeView<'_>) -> bool {
    pod.node.as_deref() == Some(node.name) && !pod.has_ended()
}

/// The host ports of a node's pods: pod, port, and the pod's address.
fn wanted<'c>(
    cluster: &'c Cluster,
    node: &NodeView<'_>,
    family: Family,
) -> Vec<(&'c Pod, &'c ContainerPort, IpAddr)> {
    let pods = cluster.objects.pods.iter();
    let running = pods.filter(|pod| {
        is_here(pod, node) && !pod.host_network && pod.phase.as_deref() == Some("Running")
    });
    running
        .filter_map(|pod| {
            let mut ips = pod.ips.iter().copied();
            Some((pod, ips.find(|ip| Family::of(*ip) == family)?))
        })
        .flat_map(|(pod, ip)| {
            let ports = pod.ports.iter().filter(|port| port.host_port.is_some());
            ports.map(move |port| (pod, port, ip))
        })
        .collect()
}

/// Adds what portmap's chains translate; `false` where not all of them were read.
fn read<'c>(chains: &Chains<'c>, entries: &mut Vec<Entry<'c>>) -> bool {
    let frame = chains.chain(TableKind::Nat, FRAME);
    let mut certain = frame.is_certain();
    let Some(frame_chain) = frame.chain() else {
        return certain;
    };
    let mut seen = BTreeSet::new();
    for leading in frame.rules() {
        let Target::Jump(name) = &leading.target else {
            continue;
        };
        // A chain has a rule that leads to it for each protocol.
        if !seen.insert(name) {
            continue;
        }
        let of_pod = chains.chain(TableKind::Nat, name);
        certain &= of_pod.is_certain();
        let Some(chain) = of_pod.chain() else {
            continue;
        };
        for rule in of_pod.rules() {
            if let (Some((port, to)), protocol) = (translates(rule), &rule.protocol) {
                entries.push(Entry {
                    protocol: protocol.as_ref().map(|one| one.value),
                    port,
                    to,
                    chain: &chain.name,
                    raw: chains.ruleset.line(chain, rule),
                    led_by: chains.ruleset.line(frame_chain, leading),
                });
            }
        }
    }
    certain
}

/// The port and the address of a rule that translates one port.
fn translates(rule: &Rule) -> Option<(u16, IpAddr)> {
    let Target::Dnat(range) = &rule.target else {
        return None;
    };
    let port = rule.matches.iter().find_map(|one| match one {
        Match::Ports {
            destination: Some(port),
            ..
        } if !port.negate && port.value.first == port.value.last => Some(port.value.first),
        _ => None,
    })?;
    Some((port, range.addresses?.0))
}

fn is_of(number: Option<u8>, protocol: Protocol) -> bool {
    number.is_none_or(|number| number == protocol.number(Family::V4))
}

/// Whether PREROUTING jumps to portmap's frame, as far as is known.
fn is_reached(chains: &Chains<'_>) -> bool {
    let held = chains.chain(TableKind::Nat, "PREROUTING");
    let jumps = |rule: &Rule| matches!(&rule.target, Target::Jump(name) if **name == *FRAME);
    match held {
        Held::Unknown | Held::Part(..) => true,
        Held::Absent | Held::Whole(..) => held.rules().iter().any(jumps),
    }
}

fn missing(node: &NodeView<'_>, pod: &Pod, port: &ContainerPort, reached: bool) -> Finding {
    let number = port.host_port.unwrap_or(0);
    let name = format!("{}/{}", pod.namespace, pod.name);
    let title = format!(
        "no rule of {} leads host port {number}/{} to pod {name}",
        node.name, port.protocol
    );
    let impact = format!(
        "connections to port {number} of {} do not reach it",
        node.name
    );
    let mut finding = MISSING.finding(node.place(None), title, impact);
    finding.evidence = vec![
        Evidence {
            source: format!("Pod {name}"),
            raw: format!("hostPort: {number}, containerPort: {}", port.port),
        },
        Evidence {
            source: "iptables nat".to_owned(),
            raw: match reached {
                true => format!("no rule behind {FRAME} translates it"),
                false => format!("no rule of PREROUTING jumps to {FRAME}"),
            },
        },
    ];
    finding.fix = vec![format!(
        "kubectl -n {} delete pod {}",
        pod.namespace, pod.name
    )];
    finding
}

fn stale(node: &NodeView<'_>, entry: &Entry<'_>, family: Family) -> Finding {
    let title = format!(
        "host port {} of {} leads to {}, which no pod of it has",
        entry.port, node.name, entry.to
    );
    let impact = format!(
        "connections to port {} of {} are lost",
        entry.port, node.name
    );
    let mut finding = STALE.finding(node.place(None), title, impact);
    finding.evidence = vec![Evidence {
        source: format!("iptables nat {}", entry.chain),
        raw: entry.raw.to_owned(),
    }];
    let tool = match family {
        Family::V4 => "iptables",
        Family::V6 => "ip6tables",
    };
    let rule = entry.led_by.strip_prefix("-A ").unwrap_or(entry.led_by);
    finding.fix = vec![
        format!("{tool} -t nat -D {rule}"),
        format!("{tool} -t nat -F {}", entry.chain),
        format!("{tool} -t nat -X {}", entry.chain),
    ];
    finding.mentions = vec![entry.to.to_string()];
    finding
}
