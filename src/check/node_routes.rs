//! Whether a node's own programs may send to Services at all.
//!
//! A packet that is made on a node is routed before it is translated (`ip_route_output_flow` before NF_INET_LOCAL_OUT): where
//! no route leads to a cluster IP, the program is told "Network is unreachable", though kube-proxy's rules would have
//! sent it to an endpoint. Pods' packets come in by the bridge, and are translated before they are routed.

use std::net::IpAddr;

use super::{Check, Family, NodeView, Report, Scene};
use crate::model::trace::Evidence;
use crate::model::{self, Cluster, Finding, NetnsId, ObjectKind, Part, Severity};
use crate::walk::{self, RouteAnswer, RouteQuestion};

/// The checks of this family.
pub const FAMILY: Family = Family {
    about: "the nodes' own way to Services",
    checks: &[CHECKS],
    look,
};

const CHECKS: &[Check] = &[UNREACHABLE];

const UNREACHABLE: Check = Check {
    id: "services-without-route",
    catalogue: &["F23", "I04"],
    severity: Severity::Error,
    docs: "The node has no route for the addresses of Services, as it has no default route: its own programs and pods in its \
           network cannot connect to any (\"Network is unreachable\", at once), though kube-proxy would translate the \
           destination, because the kernel routes what is made here before it asks the rules. Pods with a network of their \
           own are not affected. Nodes without a way out need a default route all the same, or one for the network of \
           Services.",
};

fn look(scene: &Scene<'_>, report: &mut Report) {
    let objects = &scene.cluster.objects;
    for (node, host, _) in scene.hosts() {
        if objects.incomplete.contains(&ObjectKind::Service) {
            let why = "the Services were not read from the API";
            report.skip_all(CHECKS, node.name, why);
            continue;
        }
        report.judge(&UNREACHABLE, node.name, Vec::new());
        for family in [model::Family::V4, model::Family::V6] {
            let parts = [Part::Routes(family), Part::Rules(family)];
            if node.pod_cidr(family).is_none()
                || !parts.into_iter().all(|part| node.has_whole(part))
            {
                continue;
            }
            let ips = objects.services.iter().flat_map(|one| &one.cluster_ips);
            let ips: Vec<IpAddr> = ips
                .copied()
                .filter(|ip| model::Family::of(*ip) == family)
                .collect();
            let Some(&ip) = ips.first() else {
                continue;
            };
            if let Some(why) = refused(scene.cluster, host, ip) {
                let mut found = finding(node, family, ip, why);
                found.mentions = ips.iter().map(ToString::to_string).collect();
                report.judge(&UNREACHABLE, node.name, vec![found]);
            }
        }
    }
}

/// Why the kernel routes nothing there, where it does not.
fn refused(cluster: &Cluster, host: NetnsId, ip: IpAddr) -> Option<String> {
    let question = RouteQuestion::made_here(ip);
    let answers = walk::route(cluster, host, &question);
    match answers.as_slice() {
        [(_, RouteAnswer::Refused { why, .. })] => Some(why.clone()),
        _ => None,
    }
}

fn finding(node: &NodeView<'_>, family: model::Family, ip: IpAddr, why: String) -> Finding {
    let title = format!("{} has no route to Services, such as {ip}", node.name);
    let impact = "programs of the node itself, and pods in its network, reach no Service: \"Network is unreachable\"";
    let mut finding = UNREACHABLE.finding(node.place(None), title, impact.to_owned());
    let tool = match family {
        model::Family::V4 => "ip",
        model::Family::V6 => "ip -6",
    };
    finding.evidence.push(Evidence {
        source: format!("{tool} route get {ip}"),
        raw: why,
    });
    let wire = node.wire(family).map(|link| link.name.as_str());
    if let Some(device) = wire {
        finding.fix.push(format!(
            "{tool} route add default dev {device}  # or by the router"
        ));
    }
    finding
}
