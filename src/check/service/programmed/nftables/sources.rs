//! Who may come, and what becomes of packets that nothing takes: the maps and chains that are asked before and after the
//! search for a Service (`firewall-check`, `cluster-ips-check`).

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv6Addr};

use ipnet::{IpNet, IpSubnets, Ipv4Subnets, Ipv6Subnets};

use super::{Looked, Nftables, address, key, led_to, number};
use crate::check::service::fact::Fact;
use crate::check::service::intent::Intent;
use crate::check::service::programmed::{Admission, At};
use crate::model::Family;
use crate::model::nftables::{
    Comparison, Expression, Interval, Operand, SetRef, Statement, Verdict,
};

impl<'c> Nftables<'c> {
    /// Who may come by the first load balancer's address.
    pub(super) fn admission(&self, intent: &Intent<'_>) -> Admission<'c> {
        let Some(ip) = intent.balanced_ips().next() else {
            return Admission::Unclear;
        };
        let key = key(intent, At::Balanced(ip));
        let (set, element) = match self.find("firewall-ips", &key) {
            Looked::Element(set, element) => (set, element),
            Looked::Nothing => return Admission::Everybody(Vec::new()),
            Looked::Unclear => return Admission::Unclear,
        };
        let chain = element
            .verdict()
            .and_then(led_to)
            .and_then(|name| self.chain(name));
        let Some(chain) = chain else {
            return Admission::Unclear;
        };
        let mut facts = vec![Fact::Element(self.table, set, element)];
        facts.extend(self.facts(chain));
        // `saddr != { ... } drop`
        let [rule] = chain.rules.as_slice() else {
            return match chain.rules.as_slice() {
                [] => Admission::Everybody(facts),
                _ => Admission::Unclear,
            };
        };
        let drops = rule
            .statements
            .iter()
            .any(|one| matches!(one, Statement::Verdict(Verdict::Drop)));
        let sources = rule.statements.iter().find_map(|one| match one {
            Statement::Match {
                comparison: Comparison::NotEqual,
                left: Expression::Payload { field, .. },
                right,
            } if &**field == "saddr" => self.intervals(right),
            _ => None,
        });
        let Some(sources) = sources.filter(|_| drops) else {
            return Admission::Unclear;
        };
        let nets = sources
            .into_iter()
            .flat_map(|interval| nets(intent.family, interval));
        let nets: BTreeSet<IpNet> = nets.collect();
        Admission::Only(nets, facts)
    }

    fn intervals(&self, operand: &Operand) -> Option<Vec<Interval>> {
        match operand {
            Operand::Constant(_, values) => Some(values.clone()),
            Operand::Set(set) => {
                let set = match set {
                    SetRef::Named(name) => self.table.set(name)?,
                    SetRef::Anonymous(set) => set,
                };
                let keys = set.elements.iter();
                Some(keys.filter_map(|one| one.key.first().copied()).collect())
            }
            Operand::Unknown(_) => None,
        }
    }

    /// What becomes of packets for an address of a Service that no element takes: `cluster-ips-check` holds them up.
    pub fn untaken(&self, ip: IpAddr) -> &'static str {
        let by_default = "are not translated and leave by the default route";
        let Some(check) = self.chain("cluster-ips-check") else {
            return by_default;
        };
        let value = Interval::single(number(ip));
        for rule in &check.rules {
            let meets = rule.statements.iter().any(|one| match one {
                Statement::Match {
                    comparison: Comparison::Equal,
                    left: Expression::Payload { field, .. },
                    right,
                } if &**field == "daddr" => self
                    .intervals(right)
                    .is_some_and(|all| all.iter().any(|one| one.contains(value))),
                _ => false,
            });
            let ends = rule.statements.iter().find_map(|one| match one {
                Statement::Reject { .. } => Some("are refused by cluster-ips-check"),
                Statement::Verdict(Verdict::Drop) => Some("are dropped by cluster-ips-check"),
                _ => None,
            });
            if let Some(ends) = ends.filter(|_| meets) {
                return ends;
            }
        }
        by_default
    }
}

/// The networks that make up an interval of addresses.
fn nets(family: Family, interval: Interval) -> IpSubnets {
    let ends = (
        address(family, interval.first),
        address(family, interval.last),
    );
    match ends {
        (IpAddr::V4(first), IpAddr::V4(last)) => IpSubnets::V4(Ipv4Subnets::new(first, last, 0)),
        (IpAddr::V6(first), IpAddr::V6(last)) => IpSubnets::V6(Ipv6Subnets::new(first, last, 0)),
        _ => IpSubnets::V6(Ipv6Subnets::new(
            Ipv6Addr::UNSPECIFIED,
            Ipv6Addr::UNSPECIFIED,
            0,
        )),
    }
}
