//! What a node takes for its own.
//!
//! A packet is delivered on the node itself where a lookup finds a route of type local. Those are in table local, one for
//! each address of a device, which a routing rule of priority 0 asks before all others (`fib_default_rules_init` in
//! net/ipv4/fib_rules.c).

use std::net::IpAddr;

use super::{Check, Family, NodeView, Report, Scene};
use crate::explain::who::is_link_local;
use crate::model::trace::Evidence;
use crate::model::{
    self, Finding, Netns, Part, Pod, Route, RoutingRule, RuleAction, Severity, Table,
};

/// The checks of this family.
pub const FAMILY: Family = Family {
    about: "what the nodes take for their own",
    checks: &[CHECKS],
    look,
};

const CHECKS: &[Check] = &[LOCAL_LATE, POD_ADDRESS];

const LOCAL_LATE: Check = Check {
    id: "local-table-late",
    catalogue: &["E24"],
    severity: Severity::Error,
    docs: "Table local is asked after a table that has routes for the node's own addresses, or not at all: the node sends on \
           what is meant for itself, packets of its tunnels and for its kubelet included. Its routing rule has priority 0; \
           scripts and network plugins that want rules of their own before it move it, and some do not put it back.",
};

const POD_ADDRESS: Check = Check {
    id: "pod-address-on-node",
    catalogue: &["I06"],
    severity: Severity::Error,
    docs: "A device of the node itself has the address of a pod: the node takes what is sent to the pod for its own, and the \
           pod never sees it. Somebody added it by hand, or keepalived and the like were given an address out of the \
           pods' network.",
};

fn look(scene: &Scene<'_>, report: &mut Report) {
    for (node, _, netns) in scene.hosts() {
        for family in [model::Family::V4, model::Family::V6] {
            let parts = [Part::Rules(family), Part::Routes(family), Part::Addresses];
            if !parts.into_iter().all(|part| node.has_whole(part)) {
                let why = "its routing rules, routes or addresses were not read";
                report.skip_all(&[LOCAL_LATE], node.name, why);
                continue;
            }
            let late = local_late(node, netns, family);
            report.judge(&LOCAL_LATE, node.name, late.into_iter().collect());
        }
        if node.has_whole(Part::Addresses) {
            report.judge(&POD_ADDRESS, node.name, pod_addresses(scene, node, netns));
        } else {
            report.skip_all(&[POD_ADDRESS], node.name, "its addresses were not read");
        }
    }
}

/// A rule without any condition, as the kernel's own three are.
fn is_for_all(rule: &RoutingRule) -> bool {
    let addresses = rule.from.is_none() && rule.to.is_none();
    let devices = rule.iif.is_none() && rule.oif.is_none() && !rule.l3mdev;
    let packet = rule.fwmark.is_none() && rule.tos == 0 && rule.ip_protocol.is_none();
    let ports = rule.source_port.is_none() && rule.destination_port.is_none();
    let rest = rule.uid_range.is_none() && rule.not_understood.is_empty() && !rule.not;
    addresses && devices && packet && ports && rest && rule.suppress_prefix_length.is_none()
}

fn local_late(node: &NodeView<'_>, netns: &Netns, family: model::Family) -> Option<Finding> {
    let rules = netns.rules(family)?;
    let routes = netns.routes(family)?;
    let asks_local = |rule: &&RoutingRule| rule.action == RuleAction::Lookup(Table::LOCAL);
    let before = rules.iter().take_while(|rule| !asks_local(rule));
    let own = node.wire(family)?;
    let mut held = netns.addresses_of(&own.name).map(|held| held.ip);
    let own = held.find(|ip| model::Family::of(*ip) == family && !is_link_local(*ip))?;
    let takes = |table: Table| {
        let mut routes = routes.iter();
        routes.find(|route: &&Route| route.table == table && route.destination.contains(&own))
    };
    let mut found = before
        .filter(|rule| is_for_all(rule))
        .filter_map(|rule| match rule.action {
            RuleAction::Lookup(table) => Some((rule, takes(table)?)),
            _ => None,
        });
    let (rule, route) = found.next()?;
    let here = node.name;
    let mut finding = LOCAL_LATE.finding(
        node.place(None),
        format!("{here} asks table local too late for its own addresses, such as {own}"),
        format!("what is meant for {here} itself, and for its tunnels, is sent on instead"),
    );
    let ip = match family {
        model::Family::V4 => "ip",
        model::Family::V6 => "ip -6",
    };
    let evidence = |source: String, raw: &str| Evidence {
        source,
        raw: raw.to_owned(),
    };
    finding.evidence = vec![
        evidence(format!("{ip} rule"), &rule.raw),
        evidence(format!("{ip} route show table {}", route.table), &route.raw),
    ];
    finding.fix = vec![format!("{ip} rule add pref 0 lookup local")];
    Some(finding)
}

fn pod_addresses(scene: &Scene<'_>, node: &NodeView<'_>, netns: &Netns) -> Vec<Finding> {
    let pods = scene.cluster.objects.pods.iter();
    let pods = pods.filter(|pod| !pod.host_network && !pod.has_ended());
    let ips = |pod: &'_ Pod| pod.ips.clone();
    let all = pods.flat_map(|pod| ips(pod).into_iter().map(move |ip| (pod, ip)));
    // Where the API does not say that a pod is in its node's network, its address does.
    let of_a_node = |ip: IpAddr| scene.nodes.iter().any(|node| node.has_published(ip));
    let held = netns.addresses.iter().flatten();
    let held: std::collections::BTreeMap<IpAddr, &model::Address> =
        held.map(|address| (address.ip, address)).collect();
    let taken = all.filter_map(|(pod, ip)| {
        let address = held.get(&ip).filter(|_| !of_a_node(ip))?;
        let (here, device) = (node.name, &address.device);
        let pod = format!("{}/{}", pod.namespace, pod.name);
        let mut finding = POD_ADDRESS.finding(
            node.place(Some(device)),
            format!("{device} of {here} has the address {ip} of pod {pod}"),
            format!("what {here} and its pods send to {pod} stays on {here}"),
        );
        let raw = format!("{ip}/{}", address.prefix_length);
        finding.evidence = vec![
            Evidence {
                source: format!("ip addr show dev {device}"),
                raw: raw.clone(),
            },
            Evidence {
                source: format!("Pod {pod}"),
                raw: format!("status.podIPs: {ip}"),
            },
        ];
        finding.fix = vec![format!("ip addr del {raw} dev {device}")];
        finding.mentions = vec![ip.to_string()];
        Some(finding)
    });
    taken.collect()
}
