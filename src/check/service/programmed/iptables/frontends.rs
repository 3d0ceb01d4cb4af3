//! What takes the packets for an address of a Service, or for its NodePort.

use std::net::IpAddr;

use super::{Iptables, NODE_PORTS, SERVICES};
use crate::check::service::intent::Intent;
use crate::check::service::programmed::rule_index::RuleIndex;
use crate::check::service::programmed::{At, Taker};
use crate::check::service::takes::{Takes, takes};
use crate::model::iptables::{Rule, TableKind, Target};
use crate::model::trace::Evidence;

impl<'c> Iptables<'c> {
    pub(super) fn frontend(&self, intent: &Intent<'_>, at: At) -> Taker<'c> {
        let (index, port) = match at {
            At::NodePort(port) => {
                let services = self.services();
                if services.leading_to(NODE_PORTS).is_empty() {
                    return match services.held.is_certain() {
                        true => Taker::Nobody,
                        false => Taker::Unclear,
                    };
                }
                (self.node_ports(), port)
            }
            _ => (self.services(), intent.port.port),
        };
        match taker(intent, index, at.ip(), port) {
            First::Jump(rule, chain) => {
                let Some(fact) = self.fact(TableKind::Nat, index.held, rule) else {
                    return Taker::Unclear;
                };
                match intent.kind_of(chain) {
                    Some(kind) => Taker::Own(kind, fact),
                    None => Taker::Foreign(chain, fact),
                }
            }
            First::Nobody => self.refusal(intent, at, port),
            First::Other(_) | First::Unclear => Taker::Unclear,
        }
    }

    /// What the filter table does with packets that the nat table leaves alone.
    fn refusal(&self, intent: &Intent<'_>, at: At, port: u16) -> Taker<'c> {
        let inside = matches!(at, At::Cluster(_));
        let index = match inside {
            true => self.refused(),
            false => self.refused_outside(),
        };
        match taker(intent, index, at.ip(), port) {
            First::Other(rule) => self
                .fact(TableKind::Filter, index.held, rule)
                .map_or(Taker::Unclear, Taker::Refused),
            First::Nobody => Taker::Nobody,
            First::Jump(..) | First::Unclear if inside => Taker::Unclear,
            // Where clients from outside are not refused, they are not served either.
            First::Jump(..) | First::Unclear => Taker::Nobody,
        }
    }

    /// Where it was looked in vain.
    pub fn looked(&self, intent: &Intent<'_>, at: At) -> Evidence {
        let (protocol, port) = (intent.port.protocol, intent.port.port);
        let (chain, raw) = match at {
            At::NodePort(_) if self.services().leading_to(NODE_PORTS).is_empty() => {
                (SERVICES, format!("no rule with -j {NODE_PORTS}"))
            }
            At::NodePort(port) => (
                NODE_PORTS,
                format!("no rule for -p {protocol} --dport {port}"),
            ),
            At::Cluster(ip) => (
                SERVICES,
                format!(
                    "no rule for -d {ip} -p {protocol} --dport {port}, nor in filter {SERVICES}"
                ),
            ),
            At::External(ip) | At::Balanced(ip) => (
                SERVICES,
                format!("no rule for -d {ip} -p {protocol} --dport {port}"),
            ),
        };
        Evidence {
            source: format!("iptables nat {chain}"),
            raw,
        }
    }
}

/// What takes the packets for an address and port.
enum First<'c> {
    /// A rule that jumps to a chain.
    Jump(&'c Rule, &'c str),
    /// A rule that does something else.
    Other(&'c Rule),
    /// No rule.
    Nobody,
    /// It cannot be told.
    Unclear,
}

/// The first rule that takes all packets for an address and port; marks for masquerading come back.
fn taker<'c>(
    intent: &Intent<'_>,
    index: &RuleIndex<'c>,
    ip: Option<IpAddr>,
    port: u16,
) -> First<'c> {
    const MARKS: [&str; 2] = ["KUBE-MARK-MASQ", "KUBE-MARK-DROP"];
    let mut some = false;
    for rule in index.candidates(ip, port) {
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
                    Target::Jump(to) => First::Jump(rule, to),
                    _ => First::Other(rule),
                };
            }
        }
    }
    if some || !index.held.is_certain() {
        First::Unclear
    } else {
        First::Nobody
    }
}
