//! Connections in the tables of connection tracking that lead to endpoints which are gone.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::{Check, Family, Report, Scene};
use crate::model::trace::{Evidence, Path};
use crate::model::{
    Cluster, ConntrackEntry, Finding, Flow, NetnsId, ObjectKind, Place, Protocol, Severity,
};
use crate::walk::standing;

/// The checks of this family.
pub const FAMILY: Family = Family {
    about: "connections that outlived the rules which made them",
    checks: &[CHECKS],
    look,
};

const CHECKS: &[Check] = &[STALE];

const STALE: Check = Check {
    id: "conntrack-stale-endpoint",
    catalogue: &["F16", "F31"],
    severity: Severity::Error,
    docs: "An entry of connection tracking keeps its translation for as long as packets keep it alive, whatever becomes \
           of the rules: a UDP client that keeps its source port goes on sending to an endpoint that is gone, while \
           every new client is served. kube-proxy deletes such entries when an endpoint goes; where it could not, they \
           stay.",
};

/// So many entries are shown as evidence.
const SHOWN: usize = 3;

/// The connections of a new flow's sender that lead to where neither a new one would go nor anybody is.
pub fn of_flow(cluster: &Cluster, flow: &Flow, paths: &[Path]) -> Vec<Finding> {
    let known = addresses(cluster);
    let sure = owners_are_known(cluster);
    let reached: BTreeSet<IpAddr> = paths
        .iter()
        .filter_map(|path| path.destination.as_ref()?.ip)
        .collect();
    let mut by_end: Vec<(NetnsId, IpAddr, Vec<&ConntrackEntry>)> = Vec::new();
    for (place, entry) in standing(cluster, flow).connections {
        let end = entry.reply.source;
        let ended = matches!(
            entry.state.protocol_state.as_deref(),
            Some("TIME_WAIT" | "CLOSE")
        );
        // Only a translated connection can be led astray: the others go where the client sends.
        let untranslated = end == flow.destination;
        let lost = match untranslated {
            true => is_virtual(cluster, flow) && !entry.state.seen_reply,
            false => sure && !known.contains(&end),
        };
        if ended || !lost || reached.contains(&end) {
            continue;
        }
        match by_end
            .iter_mut()
            .find(|(at, to, _)| (*at, *to) == (place, end))
        {
            Some((.., entries)) => entries.push(entry),
            None => by_end.push((place, end, vec![entry])),
        }
    }
    by_end
        .into_iter()
        .map(|(place, end, entries)| {
            let asked = (flow.protocol, flow.destination);
            finding(cluster, asked, place, end, &entries)
        })
        .collect()
}

/// Whether everybody was read who may have an address.
fn owners_are_known(cluster: &Cluster) -> bool {
    let objects = &cluster.objects;
    let owners = [ObjectKind::Pod, ObjectKind::EndpointSlice];
    let whole = !owners.iter().any(|kind| objects.incomplete.contains(kind));
    whole && !objects.pods.is_empty()
}

/// Every entry of UDP that leads from a Service to where nobody is.
fn look(scene: &Scene<'_>, report: &mut Report) {
    let cluster = scene.cluster;
    let known = addresses(cluster);
    let services: BTreeSet<IpAddr> = cluster
        .objects
        .services
        .iter()
        .flat_map(|service| service.cluster_ips.iter().copied())
        .collect();
    for (node, place, netns) in scene.hosts() {
        let Some(entries) = &netns.conntrack else {
            report.skip_all(CHECKS, node.name, "its tracked connections were not read");
            continue;
        };
        if cluster.objects.services.is_empty() || !owners_are_known(cluster) {
            report.skip_all(
                CHECKS,
                node.name,
                "Services and pods were not read from the API",
            );
            continue;
        }
        let mut by_end: BTreeMap<(IpAddr, IpAddr), Vec<&ConntrackEntry>> = BTreeMap::new();
        for entry in entries {
            let (to, end) = (entry.original.destination, entry.reply.source);
            let stale = entry.original.protocol == Protocol::Udp
                && services.contains(&to)
                && end != to
                && !known.contains(&end);
            if stale {
                by_end.entry((to, end)).or_default().push(entry);
            }
        }
        let found = by_end.into_iter().map(|((to, end), entries)| {
            finding(cluster, (Protocol::Udp, to), place, end, &entries)
        });
        report.judge(&STALE, node.name, found.collect());
    }
}

/// Every address that somebody has, as far as was read: of namespaces, of pods, of endpoints, of nodes.
fn addresses(cluster: &Cluster) -> BTreeSet<IpAddr> {
    let objects = &cluster.objects;
    let held = cluster
        .all_netns()
        .flat_map(|(_, netns)| netns.addresses.iter().flatten().map(|address| address.ip));
    let pods = objects.pods.iter().flat_map(|pod| pod.ips.iter().copied());
    let nodes = objects
        .nodes
        .iter()
        .flat_map(|node| node.addresses.iter().copied());
    let endpoints = objects
        .endpoint_slices
        .iter()
        .flat_map(|slice| &slice.endpoints);
    let endpoints = endpoints.flat_map(|endpoint| endpoint.addresses.iter().copied());
    held.chain(pods).chain(nodes).chain(endpoints).collect()
}

/// Whether the destination is an address that nobody has: a Service's.
fn is_virtual(cluster: &Cluster, flow: &Flow) -> bool {
    let services = &cluster.objects.services;
    services
        .iter()
        .any(|service| service.cluster_ips.contains(&flow.destination))
}

fn finding(
    cluster: &Cluster,
    (protocol, to): (Protocol, IpAddr),
    place: NetnsId,
    end: IpAddr,
    entries: &[&ConntrackEntry],
) -> Finding {
    let node = cluster.node_name(place);
    let ports: BTreeSet<u16> = entries
        .iter()
        .map(|entry| entry.original.source_port)
        .collect();
    let named: Vec<String> = ports.iter().take(SHOWN).map(u16::to_string).collect();
    let more = match ports.len().saturating_sub(SHOWN) {
        0 => String::new(),
        count => format!(" and {count} more"),
    };
    let from = match protocol.has_ports() {
        true => format!(" (source port {}{more})", named.join(", ")),
        false => String::new(),
    };
    let whose = match end == to {
        true => "untranslated, to nobody".to_owned(),
        false => format!("to {end}, which nobody has any more"),
    };
    let connections = match entries.len() {
        1 => format!("an old connection to {to} goes"),
        count => format!("{count} old connections to {to} go"),
    };
    let lasts = match protocol {
        Protocol::Udp => "as long as the client goes on sending from the same port",
        _ => "until it gives up",
    };
    let place = Place {
        node: Some(node.to_owned()),
        netns: Some(cluster.netns(place).name.to_string()),
        device: None,
    };
    let title = format!("in {node}'s table {connections} on {whose}{from}");
    let impact = format!("what is sent by it is lost, {lasts}; new connections are not affected");
    let mut finding = STALE.finding(place, title, impact);
    finding.evidence = entries
        .iter()
        .take(SHOWN)
        .map(|entry| Evidence {
            source: "conntrack -L".to_owned(),
            raw: entry.raw.clone(),
        })
        .collect();
    finding.fix.push(format!(
        "conntrack -D -p {protocol} --orig-dst {to} --reply-src {end}"
    ));
    finding
}
