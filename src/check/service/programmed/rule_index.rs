//! The rules of a chain by what they match and where they lead: kube-proxy's chains have a rule for each address of each
//! Service, and each is asked about each Service.

use std::collections::HashMap;
use std::net::IpAddr;

use crate::explain::chains::Held;
use crate::model::Family;
use crate::model::iptables::{Match, Negatable, Rule, Target};

/// The rules of one chain.
#[derive(Debug)]
pub struct RuleIndex<'c> {
    /// The chain.
    pub held: Held<'c>,
    /// By the one address and the one port that a rule is for, where it is for one.
    by_place: HashMap<(Option<IpAddr>, Option<u16>), Vec<usize>>,
    /// By the one port, whatever the address.
    by_port: HashMap<u16, Vec<usize>>,
    by_target: HashMap<&'c str, Vec<usize>>,
}

impl<'c> RuleIndex<'c> {
    /// That of a chain.
    pub fn of(held: Held<'c>) -> Self {
        let mut index = Self {
            held,
            by_place: HashMap::new(),
            by_port: HashMap::new(),
            by_target: HashMap::new(),
        };
        for (at, rule) in held.rules().iter().enumerate() {
            let (ip, port) = (single(rule.destination), port_of(rule));
            index.by_place.entry((ip, port)).or_default().push(at);
            if let Some(port) = port {
                index.by_port.entry(port).or_default().push(at);
            }
            if let Target::Jump(to) = &rule.target {
                index.by_target.entry(to).or_default().push(at);
            }
        }
        index
    }

    /// The rules that may match packets for an address and port, in their order; without an address: for the port at any.
    pub fn candidates(&self, ip: Option<IpAddr>, port: u16) -> Vec<&'c Rule> {
        let mut found: Vec<usize> = match ip {
            Some(ip) => [
                (Some(ip), Some(port)),
                (Some(ip), None),
                (None, Some(port)),
                (None, None),
            ]
            .iter()
            .filter_map(|key| self.by_place.get(key))
            .flatten()
            .copied()
            .collect(),
            None => {
                let any = self.by_place.get(&(None, None));
                let of_port = self.by_port.get(&port);
                any.into_iter().chain(of_port).flatten().copied().collect()
            }
        };
        found.sort_unstable();
        self.rules(&found)
    }

    /// The rules that jump to a chain.
    pub fn leading_to(&self, chain: &str) -> Vec<&'c Rule> {
        self.by_target
            .get(chain)
            .map_or_else(Vec::new, |found| self.rules(found))
    }

    fn rules(&self, at: &[usize]) -> Vec<&'c Rule> {
        let rules = self.held.rules();
        at.iter().filter_map(|at| rules.get(*at)).collect()
    }
}

/// The one address that a rule is for.
pub fn single(net: Option<Negatable<ipnet::IpNet>>) -> Option<IpAddr> {
    let Negatable { negate, value } = net?;
    let whole = match Family::of(value.addr()) {
        Family::V4 => 32,
        Family::V6 => 128,
    };
    (!negate && value.prefix_len() == whole).then(|| value.addr())
}

/// The one port that a rule is for.
pub fn port_of(rule: &Rule) -> Option<u16> {
    rule.matches.iter().find_map(|one| match one {
        Match::Ports {
            destination:
                Some(Negatable {
                    negate: false,
                    value,
                }),
            ..
        } if value.first == value.last => Some(value.first),
        _ => None,
    })
}
