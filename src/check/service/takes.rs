//! Which rules take packets for an address and port, whoever sends them.

use std::net::IpAddr;

use crate::model::iptables::{AddrType, Match, Negatable, Rule};

/// How much of the traffic for an address and port meets a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Takes {
    /// Nothing.
    Nothing,
    /// Some of it, or it cannot be told how much.
    Some,
    /// All of it.
    All,
}

/// How much of the traffic to a port meets a rule. Without an address: traffic to any address of the node.
pub fn takes(rule: &Rule, protocol: u8, ip: Option<IpAddr>, port: u16) -> Takes {
    let mut takes = Takes::All;
    let mut narrow = |answer: Takes| takes = takes.min(answer);
    match (rule.destination, ip) {
        (None, _) => {}
        (Some(net), Some(ip)) => narrow(holds(net.value.contains(&ip) != net.negate)),
        (Some(_), None) => narrow(Takes::Some),
    }
    if let Some(Negatable { negate, value }) = rule.protocol {
        narrow(holds((value == protocol) != negate));
    }
    if rule.source.is_some() || rule.in_interface.is_some() || rule.out_interface.is_some() {
        narrow(Takes::Some);
    }
    for one in &rule.matches {
        narrow(match one {
            Match::Ports {
                source: None,
                destination: Some(ports),
            } => holds((ports.value.first..=ports.value.last).contains(&port) != ports.negate),
            Match::Ports {
                source: None,
                destination: None,
            }
            | Match::Counting => Takes::All,
            Match::Addrtype {
                source: None,
                destination:
                    Some(Negatable {
                        negate: false,
                        value,
                    }),
                ..
            } if ip.is_none() && *value == local() => Takes::All,
            _ => Takes::Some,
        });
    }
    takes
}

fn holds(holds: bool) -> Takes {
    if holds { Takes::All } else { Takes::Nothing }
}

fn local() -> AddrType {
    AddrType(1 << 2)
}
