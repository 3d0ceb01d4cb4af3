//! The addresses of a Service, and its port on every node: each needs something that takes what is sent there
//! (`syncProxyRules` in pkg/proxy/{iptables,nftables,ipvs}/proxier.go).

use std::net::IpAddr;

use super::Case;
use super::fact::Fact;
use super::intent::show;
use super::programmed::{At, Taker};
use crate::check::{Check, Report};
use crate::model::trace::Evidence;
use crate::model::{Finding, ObjectKind, Severity};

/// The checks of this file.
pub const CHECKS: &[Check] = &[
    UNPROGRAMMED,
    REFUSED,
    FOREIGN,
    ADDRESS_MISSING,
    NODE_PORT_MISSING,
];

const UNPROGRAMMED: Check = Check {
    id: "service-not-programmed",
    catalogue: &["F02", "G02"],
    severity: Severity::Error,
    docs: "The Service has a cluster IP, and nothing on the node takes packets for it (a rule, in nftables mode a map \
           element, in IPVS mode a virtual server): kube-proxy there did not take the Service over, or it was removed. \
           Such packets leave by the default route; in nftables mode they are dropped or refused, and in IPVS mode they \
           are for the node itself.",
};

const REFUSED: Check = Check {
    id: "service-refused",
    catalogue: &["F03", "F07"],
    severity: Severity::Error,
    docs: "The rules of the node refuse connections to a Service because it had no endpoint when they were written; by the \
           API it has some now. kube-proxy on the node does not follow the API. In IPVS mode there are no such rules: a \
           virtual server without real servers refuses, which is found as missing endpoints.",
};

const FOREIGN: Check = Check {
    id: "service-chain-foreign",
    catalogue: &["F03", "F27"],
    severity: Severity::Error,
    docs: "A rule or map element takes packets for an address and port of a Service to a chain that belongs to another port \
           or Service, or to nothing that is known. The name of a chain is a hash of Service, port and protocol, so whose \
           it is can be recomputed. In IPVS mode there are no chains: real servers that are another's are found as stale \
           endpoints.",
};

const ADDRESS_MISSING: Check = Check {
    id: "service-address-missing",
    catalogue: &["F02", "G02"],
    severity: Severity::Error,
    docs: "An external IP or load balancer's IP of a Service is taken by nothing on the node, though the Service has \
           endpoints: clients that come to this node by that address are not served.",
};

const NODE_PORT_MISSING: Check = Check {
    id: "node-port-missing",
    catalogue: &["F02", "F22", "G02"],
    severity: Severity::Error,
    docs: "A Service has a NodePort, and nothing on the node takes packets for it, though the Service has endpoints: the \
           node itself answers them, mostly with a refusal.",
};

/// Looks at who takes the packets. Whether somebody takes those for the cluster IP, so that it makes sense to look where
/// they are led.
pub fn check(case: &Case<'_, '_>, report: &mut Report) -> bool {
    let mut programmed = true;
    for (at, taker) in &case.programmed.frontends {
        let found = match at {
            At::Cluster(ip) => cluster_ip(case, *at, *ip, taker),
            _ if !case.intent.targets.any => None,
            _ => outside(case, *at, taker),
        };
        programmed &= found.is_none() || !matches!(at, At::Cluster(_));
        report.findings.extend(found);
    }
    programmed
}

fn cluster_ip(case: &Case<'_, '_>, at: At, ip: IpAddr, taker: &Taker<'_>) -> Option<Finding> {
    let intent = case.intent;
    let (node, serves) = (
        intent.node(),
        intent.can_serve(intent.service.internal_local),
    );
    match taker {
        Taker::Foreign(chain, fact) => Some(foreign(case, chain, *fact)),
        Taker::Refused(fact) if serves => {
            let mut finding = intent.finding(
                &REFUSED,
                format!(
                    "{node} refuses connections to {}, which has endpoints",
                    intent.label()
                ),
                format!("no connection from {node} to {ip} is made"),
            );
            show(&mut finding, &[*fact]);
            Some(finding)
        }
        Taker::Nobody => {
            let becomes = case.proxy.untaken(ip);
            let mut finding = intent.finding(
                &UNPROGRAMMED,
                format!(
                    "no {} on {node} takes packets for {}",
                    case.proxy.piece(),
                    intent.label()
                ),
                match serves {
                    true => format!("packets from {node} to {ip} {becomes}"),
                    false => format!(
                        "packets from {node} to {ip} should be refused at once, and {becomes}"
                    ),
                },
            );
            finding.evidence.push(case.proxy.looked(intent, at));
            Some(finding)
        }
        Taker::Own(..) | Taker::Refused(_) | Taker::Unclear => None,
    }
}

fn outside(case: &Case<'_, '_>, at: At, taker: &Taker<'_>) -> Option<Finding> {
    let intent = case.intent;
    let refusal = match taker {
        Taker::Foreign(chain, fact) => return Some(foreign(case, chain, *fact)),
        Taker::Refused(fact) => Some(*fact),
        Taker::Nobody => None,
        Taker::Own(..) | Taker::Unclear => return None,
    };
    let node = intent.node();
    let (check, what, impact) = match at {
        At::NodePort(port) => (
            &NODE_PORT_MISSING,
            format!("NodePort {port}"),
            format!("clients that connect to port {port} of {node} are not served"),
        ),
        At::Cluster(ip) | At::External(ip) | At::Balanced(ip) => (
            &ADDRESS_MISSING,
            match at {
                At::Balanced(_) => format!("the load balancer's IP {ip}"),
                _ => format!("the external IP {ip}"),
            },
            format!("clients that reach {node} by {ip} are not served"),
        ),
    };
    let title = format!(
        "no {} on {node} takes packets for {what} of {}",
        case.proxy.piece(),
        intent.label()
    );
    let mut finding = intent.finding(check, title, impact);
    finding.evidence.push(case.proxy.looked(intent, at));
    show(&mut finding, refusal.as_slice());
    Some(finding)
}

/// Something leads to a chain that is none of this port's.
fn foreign(case: &Case<'_, '_>, chain: &str, fact: Fact<'_>) -> Finding {
    let intent = case.intent;
    let node = intent.node();
    let owner = case.proxy.owner(intent, chain);
    let leads = match &owner {
        Some(owner) => format!("the chain of {owner}"),
        None if intent
            .cluster()
            .objects
            .incomplete
            .contains(&ObjectKind::Service) =>
        {
            format!("{chain}, which is none of its own")
        }
        None => format!("{chain}, which no Service has by its name"),
    };
    let mut finding = intent.finding(
        &FOREIGN,
        format!(
            "the {} for {} on {node} leads to {leads}",
            case.proxy.piece(),
            intent.label()
        ),
        match owner {
            Some(owner) => format!("clients on {node} that ask for {} get {owner}", intent.name),
            None => format!(
                "clients on {node} that ask for {} get whatever is there",
                intent.name
            ),
        },
    );
    show(&mut finding, &[fact]);
    finding
        .evidence
        .extend(case.proxy.own_name(intent, chain).map(|raw| Evidence {
            source: "the name that kube-proxy gives it".to_owned(),
            raw,
        }));
    finding
}
