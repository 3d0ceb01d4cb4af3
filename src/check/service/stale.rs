//! Rules and map elements that still lead to a Service's chains from where it no longer is.

use super::Case;
use super::intent::show;
use super::programmed::Leading;
use crate::check::{Check, Report};
use crate::model::Severity;

/// The checks of this file.
pub const CHECKS: &[Check] = &[STALE];

const STALE: Check = Check {
    id: "service-rule-stale",
    catalogue: &["F03", "F27"],
    severity: Severity::Warning,
    docs: "A rule leads to a Service's chains from an address or port that the Service does not have (any more): an external \
           IP, load balancer's IP or NodePort that was taken back, while kube-proxy on the node did not follow. In IPVS mode \
           nothing tells whose a virtual server is; see ipvs-server-stale.",
};

/// Looks through what leads here.
pub fn check(case: &Case<'_, '_>, report: &mut Report) {
    let intent = case.intent;
    let protocol = intent.port.protocol;
    let mut told = Vec::new();
    for (from, fact) in &case.programmed.leading {
        // If it is another's address than the rule leads to, that is found there.
        let (is_somebodys, at) = match *from {
            Leading::Address(ip, Some(port)) => (
                intent.catalog.has_address(ip, port, protocol),
                format!("{ip} port {port}"),
            ),
            Leading::Address(ip, None) => (false, ip.to_string()),
            Leading::NodePort(port) => (
                intent.catalog.has_node_port(port, protocol),
                format!("NodePort {port}"),
            ),
        };
        if is_somebodys || told.contains(from) {
            continue;
        }
        told.push(*from);
        let mut finding = intent.finding(
            &STALE,
            format!(
                "a {} on {} leads from {at} to {}, which does not have it",
                case.proxy.piece(),
                intent.node(),
                intent.name
            ),
            format!("clients of {at} still get {}", intent.name),
        );
        show(&mut finding, &[*fact]);
        report.findings.push(finding);
    }
}
