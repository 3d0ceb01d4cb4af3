//! The addresses of a Service, and its port on every node: each needs a rule that takes what is sent there
//! (`syncProxyRules` in pkg/proxy/iptables/proxier.go).

use std::net::IpAddr;

use super::frame::SERVICES;
use super::intent::Intent;
use super::takes::{Takes, takes};
use crate::check::{Check, Report};
use crate::explain::chains::Held;
use crate::model::iptables::{Rule, TableKind, Target};
use crate::model::kube_proxy::{ServiceChain, port_name, protocol_name};
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
    catalogue: &["F02"],
    severity: Severity::Error,
    docs: "The Service has a cluster IP, and no rule of the node takes packets for it: kube-proxy there did not take the \
           Service over, or the rule was removed. Such packets leave by the default route.",
};

const REFUSED: Check = Check {
    id: "service-refused",
    catalogue: &["F03", "F07"],
    severity: Severity::Error,
    docs: "The rules of the node refuse connections to a Service because it had no endpoint when they were written; by the \
           API it has some now. kube-proxy on the node does not follow the API.",
};

const FOREIGN: Check = Check {
    id: "service-chain-foreign",
    catalogue: &["F03", "F27"],
    severity: Severity::Error,
    docs: "A rule takes packets for an address and port of a Service to a chain that belongs to another port or Service, \
           or to nothing that is known. The name of a chain is a hash of Service, port and protocol, so whose it is can \
           be recomputed.",
};

const ADDRESS_MISSING: Check = Check {
    id: "service-address-missing",
    catalogue: &["F02"],
    severity: Severity::Error,
    docs: "An external IP or load balancer's IP of a Service is taken by no rule of the node, though the Service has \
           endpoints: clients that come to this node by that address are not served.",
};

const NODE_PORT_MISSING: Check = Check {
    id: "node-port-missing",
    catalogue: &["F02", "F22"],
    severity: Severity::Error,
    docs: "A Service has a NodePort, and no rule of the node takes packets for it, though the Service has endpoints: the \
           node itself answers them, mostly with a refusal.",
};

/// kube-proxy's chain of NodePorts.
pub const NODE_PORTS: &str = "KUBE-NODEPORTS";
/// What refuses clients from outside.
const EXTERNAL: &str = "KUBE-EXTERNAL-SERVICES";

/// Looks for the rules. Whether those of the cluster IP are there, so that it makes sense to look where they lead.
pub fn check(intent: &Intent<'_>, report: &mut Report) -> bool {
    let before = report.findings.len();
    for ip in intent.cluster_ips() {
        check_cluster_ip(intent, ip, report);
    }
    let programmed = report.findings.len() == before;
    if intent.targets.any {
        for (ip, what) in intent.external_ips() {
            check_external_ip(intent, ip, what, report);
        }
        check_node_port(intent, report);
    }
    programmed
}

fn check_cluster_ip(intent: &Intent<'_>, ip: IpAddr, report: &mut Report) {
    let held = intent.chains.chain(TableKind::Nat, SERVICES);
    let serves = intent.can_serve(intent.service.internal_local);
    match taker(intent, held, Some(ip), intent.port.port) {
        Taker::Jump(rule, chain) => {
            if intent.kind_of(chain).is_none() {
                report.findings.push(foreign(intent, held, rule, chain));
            }
        }
        Taker::Nobody => {
            let refused = intent.chains.chain(TableKind::Filter, SERVICES);
            let refusal = taker(intent, refused, Some(ip), intent.port.port);
            match refusal {
                Taker::Other(rule) if serves => {
                    let mut finding = intent.finding(
                        &REFUSED,
                        format!(
                            "{} refuses connections to {}, which has endpoints",
                            intent.node(),
                            intent.label()
                        ),
                        format!("no connection from {} to {ip} is made", intent.node()),
                    );
                    intent.show(&mut finding, TableKind::Filter, refused, rule);
                    report.findings.push(finding);
                }
                Taker::Nobody => report.findings.push(unprogrammed(intent, ip, serves)),
                Taker::Other(_) | Taker::Jump(..) | Taker::Unclear => {}
            }
        }
        Taker::Other(_) | Taker::Unclear => {}
    }
}

fn unprogrammed(intent: &Intent<'_>, ip: IpAddr, serves: bool) -> Finding {
    let node = intent.node();
    let mut finding = intent.finding(
        &UNPROGRAMMED,
        format!("no rule on {node} takes packets for {}", intent.label()),
        if serves {
            format!("packets from {node} to {ip} are not translated and leave by the default route")
        } else {
            format!("connections from {node} to {ip} should be refused at once, and leave by the default route instead")
        },
    );
    finding.evidence.push(Evidence {
        source: format!("iptables nat {SERVICES}"),
        raw: format!(
            "no rule for -d {ip} -p {} --dport {}, nor in filter {SERVICES}",
            intent.port.protocol, intent.port.port
        ),
    });
    finding
}

/// A rule leads to a chain that is none of this port's.
fn foreign(intent: &Intent<'_>, held: Held<'_>, rule: &Rule, chain: &str) -> Finding {
    let node = intent.node();
    let owner = owner(intent, chain);
    let objects = &intent.cluster.objects;
    let leads = match &owner {
        Some(owner) => format!("the chain of {owner}"),
        None if objects.incomplete.contains(&ObjectKind::Service) => {
            format!("{chain}, which is none of its own")
        }
        None => format!("{chain}, which no Service has by its name"),
    };
    let mut finding = intent.finding(
        &FOREIGN,
        format!("the rule for {} on {node} leads to {leads}", intent.label()),
        match owner {
            Some(owner) => format!("clients on {node} that ask for {} get {owner}", intent.name),
            None => format!(
                "clients on {node} that ask for {} get whatever is there",
                intent.name
            ),
        },
    );
    intent.show(&mut finding, TableKind::Nat, held, rule);
    let kind = ServiceChain::ALL
        .into_iter()
        .find(|kind| chain.starts_with(kind.prefix()));
    finding.evidence.push(Evidence {
        source: "the name that kube-proxy gives it".to_owned(),
        raw: intent.chain_name(kind.unwrap_or(ServiceChain::Cluster)),
    });
    finding
}

/// Whose chain it is, by its name.
fn owner(intent: &Intent<'_>, chain: &str) -> Option<String> {
    let services = intent.cluster.objects.services.iter();
    let mut ports =
        services.flat_map(|service| service.ports.iter().map(move |port| (service, port)));
    ports.find_map(|(service, port)| {
        protocol_name(port.protocol)?;
        let name = port_name(service, port);
        let mut kinds = ServiceChain::ALL.into_iter();
        kinds
            .any(|kind| kind.name(&name, port.protocol) == chain)
            .then_some(name)
    })
}

fn check_external_ip(intent: &Intent<'_>, ip: IpAddr, what: &str, report: &mut Report) {
    let held = intent.chains.chain(TableKind::Nat, SERVICES);
    match taker(intent, held, Some(ip), intent.port.port) {
        Taker::Jump(rule, chain) if intent.kind_of(chain).is_none() => {
            report.findings.push(foreign(intent, held, rule, chain));
        }
        Taker::Nobody => {
            let node = intent.node();
            let mut finding = intent.finding(
                &ADDRESS_MISSING,
                format!(
                    "no rule on {node} takes packets for the {what} {ip} of {}",
                    intent.label()
                ),
                format!("clients that reach {node} by {ip} are not served"),
            );
            finding.evidence.push(missing(
                SERVICES,
                &format!(
                    "no rule for -d {ip} -p {} --dport {}",
                    intent.port.protocol, intent.port.port
                ),
            ));
            refused_outside(intent, Some(ip), intent.port.port, &mut finding);
            report.findings.push(finding);
        }
        _ => {}
    }
}

fn check_node_port(intent: &Intent<'_>, report: &mut Report) {
    let Some(port) = intent.port.node_port else {
        return;
    };
    let node = intent.node();
    let not_served = format!("clients that connect to port {port} of {node} are not served");
    let services = intent.chains.chain(TableKind::Nat, SERVICES);
    let leads = |rule: &Rule| matches!(&rule.target, Target::Jump(to) if **to == *NODE_PORTS);
    if services.is_certain() && !services.rules().iter().any(leads) {
        let mut finding = intent.finding(
            &NODE_PORT_MISSING,
            format!("no rule of nat {SERVICES} on {node} jumps to {NODE_PORTS}"),
            not_served,
        );
        finding
            .evidence
            .push(missing(SERVICES, &format!("no rule with -j {NODE_PORTS}")));
        report.findings.push(finding);
        return;
    }
    let held = intent.chains.chain(TableKind::Nat, NODE_PORTS);
    match taker(intent, held, None, port) {
        Taker::Jump(rule, chain) if intent.kind_of(chain).is_none() => {
            report.findings.push(foreign(intent, held, rule, chain));
        }
        Taker::Nobody => {
            let mut finding = intent.finding(
                &NODE_PORT_MISSING,
                format!(
                    "no rule on {node} takes packets for NodePort {port} of {}",
                    intent.label()
                ),
                not_served,
            );
            finding.evidence.push(missing(
                NODE_PORTS,
                &format!("no rule for -p {} --dport {port}", intent.port.protocol),
            ));
            refused_outside(intent, None, port, &mut finding);
            report.findings.push(finding);
        }
        _ => {}
    }
}

/// Shows the rule that refuses clients from outside, if there is one.
fn refused_outside(intent: &Intent<'_>, ip: Option<IpAddr>, port: u16, finding: &mut Finding) {
    let held = intent.chains.chain(TableKind::Filter, EXTERNAL);
    if let Taker::Other(rule) = taker(intent, held, ip, port) {
        intent.show(finding, TableKind::Filter, held, rule);
    }
}

fn missing(chain: &str, what: &str) -> Evidence {
    Evidence {
        source: format!("iptables nat {chain}"),
        raw: what.to_owned(),
    }
}

/// What takes the packets for an address and port.
enum Taker<'r> {
    /// A rule that jumps to a chain.
    Jump(&'r Rule, &'r str),
    /// A rule that does something else.
    Other(&'r Rule),
    /// No rule.
    Nobody,
    /// It cannot be told.
    Unclear,
}

/// The first rule that takes all packets for an address and port; marks for masquerading come back.
fn taker<'r>(intent: &Intent<'_>, held: Held<'r>, ip: Option<IpAddr>, port: u16) -> Taker<'r> {
    const MARKS: [&str; 2] = ["KUBE-MARK-MASQ", "KUBE-MARK-DROP"];
    let mut some = false;
    for rule in held.rules() {
        if matches!(&rule.target, Target::Jump(to) if MARKS.contains(&&**to) || **to == *NODE_PORTS)
            || matches!(rule.target, Target::None)
        {
            continue;
        }
        match takes(rule, intent.protocol(), ip, port) {
            Takes::Nothing => {}
            Takes::Some => some = true,
            Takes::All => {
                return match &rule.target {
                    Target::Jump(to) => Taker::Jump(rule, to),
                    _ => Taker::Other(rule),
                };
            }
        }
    }
    if some || !held.is_certain() {
        Taker::Unclear
    } else {
        Taker::Nobody
    }
}
