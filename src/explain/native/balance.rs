//! How a chain of kube-proxy's nftables mode spreads connections: `numgen random mod N` is looked up in a map that has
//! an endpoint, or an endpoint's chain, for each number (net/netfilter/nft_numgen.c).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::model::nftables::{
    Data, DataTypes, Datatype, Element, Expression, Interval, Nat, NatKind, Rule, Set, SetRef,
    Statement, Table, Verdict,
};

/// The part of new clients that go somewhere.
#[derive(Debug, Clone, PartialEq)]
pub struct Share<'c> {
    /// From 0 to 1.
    pub probability: f64,
    /// The endpoint's chain, where it has one.
    pub chain: Option<&'c str>,
    /// Where it is; `None` where that is not told.
    pub to: Option<SocketAddr>,
}

/// The choice that a chain's rules make, in order; empty where they make none.
pub fn shares<'c>(table: &'c Table, rules: &'c [Rule]) -> Vec<Share<'c>> {
    for statement in rules.iter().flat_map(|rule| &rule.statements) {
        match statement {
            Statement::Nat(Nat {
                kind: NatKind::Destination,
                address: Some(Expression::Map { key, set }),
                ..
            }) => {
                let set = resolve(table, set);
                return choice(key, set, |set, element| (None, address(set, element)));
            }
            Statement::Vmap { key, set } if matches!(key, Expression::Numgen { .. }) => {
                let set = resolve(table, set);
                return choice(key, set, |_, element| {
                    let chain = match element.verdict() {
                        Some(Verdict::Goto(chain) | Verdict::Jump(chain)) => Some(&**chain),
                        _ => None,
                    };
                    let rules = chain.and_then(|chain| table.chain(chain));
                    (chain, rules.and_then(|chain| destination(&chain.rules)))
                });
            }
            _ => {}
        }
    }
    Vec::new()
}

fn resolve<'c>(table: &'c Table, set: &'c SetRef) -> Option<&'c Set> {
    match set {
        SetRef::Named(name) => table.set(name),
        SetRef::Anonymous(set) => Some(set),
    }
}

fn choice<'c>(
    key: &Expression,
    set: Option<&'c Set>,
    leads: impl Fn(&'c Set, &'c Element) -> (Option<&'c str>, Option<SocketAddr>),
) -> Vec<Share<'c>> {
    let (
        Expression::Numgen {
            modulus, offset, ..
        },
        Some(set),
    ) = (key, set)
    else {
        return Vec::new();
    };
    let (modulus, offset) = (u128::from(*modulus), u128::from(*offset));
    let Some(last) = (offset + modulus).checked_sub(1) else {
        return Vec::new();
    };
    let elements = set.elements.iter();
    elements
        .filter_map(|element| {
            let numbers = element.key.first()?;
            let first = numbers.first.max(offset);
            let count = (numbers.last.min(last) + 1).saturating_sub(first);
            let (chain, to) = leads(set, element);
            Some(Share {
                probability: count as f64 / modulus as f64,
                chain,
                to,
            })
        })
        .collect()
}

/// The address and port that a map of `dnat` has.
pub fn address(set: &Set, element: &Element) -> Option<SocketAddr> {
    let (Some(Data::Values(values)), Some(DataTypes::Values(types))) = (&element.data, &set.data)
    else {
        return None;
    };
    match (values.as_slice(), types.as_slice()) {
        ([ip, port], [of_ip, _]) => socket(*of_ip, *ip, *port),
        _ => None,
    }
}

/// Where an endpoint's chain translates to.
pub fn destination(rules: &[Rule]) -> Option<SocketAddr> {
    let statements = rules.iter().flat_map(|rule| &rule.statements);
    let mut found = statements.filter_map(|statement| match statement {
        Statement::Nat(Nat {
            kind: NatKind::Destination,
            address: Some(Expression::Constant(of_ip, ip)),
            port: Some(Expression::Constant(_, port)),
            ..
        }) => socket(*of_ip, *ip, *port),
        _ => None,
    });
    found.next()
}

fn socket(of_ip: Datatype, ip: Interval, port: Interval) -> Option<SocketAddr> {
    let (ip, port) = (ip.value()?, port.value()?);
    let ip = match of_ip {
        Datatype::Ipv4 => IpAddr::V4(Ipv4Addr::from(u32::try_from(ip).ok()?)),
        Datatype::Ipv6 => IpAddr::V6(Ipv6Addr::from(ip)),
        _ => return None,
    };
    Some(SocketAddr::new(ip, u16::try_from(port).ok()?))
}
