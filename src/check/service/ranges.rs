//! Source ranges of a load balancer's address. In iptables mode a chain lets them on, and the filter table drops who comes
//! out of it as he came in (kube-proxy since 1.25: kubernetes/kubernetes#110289); in nftables mode `firewall-check` drops
//! the others before anything is translated; in IPVS mode KUBE-PROXY-FIREWALL does, by sets.

use ipnet::IpNet;

use super::Case;
use super::intent::{join, show};
use super::programmed::Admission;
use crate::check::{Check, Report};
use crate::model::{Family, Severity};

/// The checks of this file.
pub const CHECKS: &[Check] = &[DIFFER];

const DIFFER: Check = Check {
    id: "source-ranges-differ",
    catalogue: &["F14"],
    severity: Severity::Error,
    docs: "The rules let other clients in by a load balancer's address than the Service's loadBalancerSourceRanges name.",
};

/// Compares the ranges with who is let in.
pub fn check(case: &Case<'_, '_>, report: &mut Report) {
    let intent = case.intent;
    let Some(ip) = intent
        .balanced_ips()
        .next()
        .filter(|_| intent.has_firewall())
    else {
        return;
    };
    let ranges = intent.service.source_ranges.iter();
    let ranges = ranges.filter(|range| Family::of(range.addr()) == intent.family);
    let wanted = IpNet::aggregate(&ranges.map(IpNet::trunc).collect());
    let (node, pieces) = (intent.node(), case.proxy.pieces());
    let names = |nets: &[&IpNet]| join(nets.iter().map(ToString::to_string));
    let (title, impact, facts) = match &case.programmed.admission {
        Admission::Unclear => return,
        Admission::Everybody(facts) => (
            format!(
                "the {} for {ip} of {} on {node} lets everybody in",
                case.proxy.piece(),
                intent.label()
            ),
            format!(
                "clients outside {} are served",
                names(&wanted.iter().collect::<Vec<_>>())
            ),
            facts,
        ),
        Admission::Only(nets, facts) => {
            let let_in = IpNet::aggregate(&nets.iter().copied().collect());
            let lacks = |all: &[IpNet], one: &IpNet| !all.iter().any(|net| net.contains(one));
            let shut_out: Vec<&IpNet> = wanted.iter().filter(|net| lacks(&let_in, net)).collect();
            // A node within the ranges may find the balancer's address as its own source.
            let is_own = |net: &IpNet| intent.balanced_ips().any(|ip| IpNet::from(ip) == *net);
            let strangers: Vec<&IpNet> = let_in
                .iter()
                .filter(|net| lacks(&wanted, net) && !is_own(net))
                .collect();
            let (title, impact) = match (shut_out.as_slice(), strangers.as_slice()) {
                ([], []) => return,
                ([], strangers) => (
                    "let in others than",
                    format!("clients from {} are served", names(strangers)),
                ),
                (shut_out, _) => (
                    "do not let in all of",
                    format!("clients from {} time out", names(shut_out)),
                ),
            };
            let title = format!(
                "the {pieces} for {} on {node} {title} its source ranges",
                intent.label()
            );
            (title, impact, facts)
        }
    };
    let mut finding = intent.finding(&DIFFER, title, impact);
    show(&mut finding, facts);
    report.findings.push(finding);
}
