//! The ipsets of kube-proxy's ipvs mode, by which its few iptables rules go (pkg/proxy/ipvs/ipset.go): what is not in the
//! set of its kind is refused by KUBE-IPVS-FILTER, or not masqueraded.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;

use super::{OfNode, evidence, few};
use crate::check::{Check, Report};
use crate::model::kube_proxy::{ProxyMode, balanced_ips, is_served, protocol_name, set_name};
use crate::model::{Family, Finding, IpSet, Part, Protocol, SetElement, SetPart, Severity};

/// The checks of this file.
pub const CHECKS: &[Check] = &[SERVICE_LACKING, LOOP_BACK_LACKING];

const SERVICE_LACKING: Check = Check {
    id: "ipvs-set-lacks-service",
    catalogue: &["G07", "G11"],
    severity: Severity::Error,
    docs: "An address and port of a Service is not in the ipset of its kind (KUBE-CLUSTER-IP, KUBE-EXTERNAL-IP, \
           KUBE-EXTERNAL-IP-LOCAL, KUBE-LOAD-BALANCER): KUBE-IPVS-FILTER (since Kubernetes 1.26) refuses connections to it \
           before IPVS sees them, and clients that are no pods are not masqueraded. Sets have room for 65536 entries, and \
           whatever else flushes ipsets (a firewall's reload) takes kube-proxy's too.",
};

const LOOP_BACK_LACKING: Check = Check {
    id: "ipvs-loop-back-set-lacks",
    catalogue: &["G08"],
    severity: Severity::Warning,
    docs: "An endpoint on the node is not in the ipset KUBE-LOOP-BACK, by which packets of a pod to itself are masqueraded: \
           where its Service sends it to itself, it sees its own address as the client's and drops that, or answers past \
           IPVS. kube-proxy lists the endpoints on the node and no others.",
};

/// An entry that should be in a set.
type Wanted = (String, IpAddr, Protocol, u16);

/// Looks for every Service and local endpoint in the sets.
pub fn look(of: &OfNode<'_>, report: &mut Report) {
    let whole = of.netns.ipsets.is_some() && !of.netns.incomplete.contains(&Part::Ipsets);
    let lacking = match (of.knows_services(), whole) {
        (false, _) => Some("the Services and EndpointSlices were not read from the API"),
        (_, false) => Some("the ipsets were not read whole"),
        _ => None,
    };
    if !of.judge_mode(ProxyMode::Ipvs, CHECKS, lacking, report) {
        return;
    }
    let node = of.node.name;
    let services = lacking_in(of, services(of), false);
    let mut found = Vec::new();
    for (set, missing) in services {
        let names: Vec<SocketAddr> = missing
            .iter()
            .map(|one| SocketAddr::new(one.1, one.3))
            .collect();
        let mut finding = of.finding(
            &SERVICE_LACKING,
            format!("ipset {set} of {node} lacks {}", few(&names)),
            "connections to them are refused by KUBE-IPVS-FILTER, and clients outside the pods' network are not masqueraded",
        );
        finding.mentions = missing.iter().map(|one| one.1.to_string()).collect();
        fill(&mut finding, &set, &missing, false);
        found.push(finding);
    }
    report.judge(&SERVICE_LACKING, node, found);
    let mut found = Vec::new();
    for (set, missing) in lacking_in(of, endpoints(of), true) {
        let names: Vec<SocketAddr> = missing
            .iter()
            .map(|one| SocketAddr::new(one.1, one.3))
            .collect();
        let mut finding = of.finding(
            &LOOP_BACK_LACKING,
            format!("ipset {set} of {node} lacks {}", few(&names)),
            "such a pod does not reach itself through its Service",
        );
        finding.mentions = names.iter().map(ToString::to_string).collect();
        fill(&mut finding, &set, &missing, true);
        found.push(finding);
    }
    report.judge(&LOOP_BACK_LACKING, node, found);
}

/// Evidence and cure.
fn fill(finding: &mut Finding, set: &str, missing: &[Wanted], twice: bool) {
    /// With more, a restart of kube-proxy is the shorter cure.
    const MOST_COMMANDS: usize = 10;
    for (_, ip, protocol, port) in missing.iter().take(MOST_COMMANDS) {
        let more = if twice {
            format!(",{ip}")
        } else {
            String::new()
        };
        let entry = format!("{ip},{protocol}:{port}{more}");
        finding
            .evidence
            .push(evidence("ipset save", format!("no entry {entry} in {set}")));
        finding.fix.push(format!("ipset add {set} {entry}"));
    }
    if missing.len() > MOST_COMMANDS {
        let node = finding.place.node.clone().unwrap_or_default();
        finding.fix = crate::check::service::restart_proxy(&node);
    }
}

/// The addresses of Services with the sets that they should be in.
fn services(of: &OfNode<'_>) -> Vec<Wanted> {
    let mut wanted = Vec::new();
    let objects = &of.cluster.objects;
    for service in objects.services.iter().filter(|one| is_served(one)) {
        for port in &service.ports {
            if protocol_name(port.protocol).is_none() {
                continue;
            }
            let external = match service.external_local {
                true => "EXTERNAL-IP-LOCAL",
                false => "EXTERNAL-IP",
            };
            let balanced = [Family::V4, Family::V6].into_iter();
            let balanced = balanced.flat_map(|family| balanced_ips(service, family));
            let all = service
                .cluster_ips
                .iter()
                .map(|ip| ("CLUSTER-IP", *ip))
                .chain(service.external_ips.iter().map(|ip| (external, *ip)))
                .chain(balanced.map(|ip| ("LOAD-BALANCER", ip)));
            // What IPVS has no server for is not programmed at all, which is found there.
            let served = all.filter(|(_, ip)| serves(of, *ip, port.protocol, port.port));
            wanted
                .extend(served.map(|(set, ip)| {
                    (set_name(Family::of(ip), set), ip, port.protocol, port.port)
                }));
        }
    }
    wanted
}

fn serves(of: &OfNode<'_>, ip: IpAddr, protocol: Protocol, port: u16) -> bool {
    of.servers.contains(&(ip, protocol, port))
}

/// The endpoints on the node of Services with an address of their family.
fn endpoints(of: &OfNode<'_>) -> Vec<Wanted> {
    let mut wanted = BTreeSet::new();
    let services = of.cluster.objects.services.iter();
    for service in services.filter(|one| is_served(one)) {
        let slices = of.catalog.slices(&service.namespace, &service.name);
        for slice in slices {
            let here = slice
                .endpoints
                .iter()
                .filter(|one| one.node.as_deref() == Some(of.node.name) && one.ready);
            for ip in here.filter_map(|one| one.addresses.first()) {
                let family = Family::of(*ip);
                if !service
                    .cluster_ips
                    .iter()
                    .any(|one| Family::of(*one) == family)
                {
                    continue;
                }
                for (name, protocol, number) in &slice.ports {
                    let has = |port: &crate::model::ServicePort| {
                        (&port.name, &port.protocol) == (name, protocol)
                    };
                    if service.ports.iter().any(has) {
                        wanted.insert((set_name(family, "LOOP-BACK"), *ip, *protocol, *number));
                    }
                }
            }
        }
    }
    wanted.into_iter().collect()
}

/// What is wanted and not there, set by set. `twice`: entries have the address once more.
fn lacking_in(of: &OfNode<'_>, wanted: Vec<Wanted>, twice: bool) -> Vec<(String, Vec<Wanted>)> {
    let mut found: Vec<(String, Vec<Wanted>)> = Vec::new();
    let sets: BTreeSet<&String> = wanted.iter().map(|one| &one.0).collect();
    for name in sets {
        let sets = of.netns.ipsets.iter().flatten();
        let held: BTreeSet<(IpAddr, Protocol, u16)> = sets
            .filter(|set| set.name == *name)
            .flat_map(|set: &IpSet| &set.elements)
            .filter_map(|element| entry(element, twice))
            .collect();
        let missing: Vec<Wanted> = wanted
            .iter()
            .filter(|one| one.0 == *name && !held.contains(&(one.1, one.2, one.3)))
            .cloned()
            .collect();
        if !missing.is_empty() {
            found.push((name.clone(), missing));
        }
    }
    found
}

/// `IP,PROTOCOL:PORT`, and with `twice` the same address after it.
fn entry(element: &SetElement, twice: bool) -> Option<(IpAddr, Protocol, u16)> {
    let (net, port, rest) = match element.parts.as_slice() {
        [SetPart::Net(net), port, rest @ ..] => (net, port, rest),
        _ => return None,
    };
    let SetPart::Port {
        protocol: Some(protocol),
        first,
        last,
    } = port
    else {
        return None;
    };
    let ip = net.addr();
    let again = matches!(rest, [SetPart::Net(same)] if *same == IpNet::from(ip));
    (first == last && *net == IpNet::from(ip) && again == twice).then_some((ip, *protocol, *first))
}
