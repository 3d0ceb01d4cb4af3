//! Native nftables: what chains are for, and what rules say, in words.

pub mod balance;
pub mod kinds;
pub mod why;
pub mod words;

use crate::model::nftables::{
    Data, Element, Expression, Rule, Set, SetRef, Statement, Table, Verdict,
};

/// How a rule leads to a chain.
#[derive(Debug, Clone, Copy)]
pub enum Lead<'c> {
    /// By its own verdict.
    Verdict,
    /// By an element of a map, in which the key is looked up.
    Element(&'c Expression, &'c Set, &'c Element),
}

/// The chains that a rule may lead to.
pub fn leads_to<'c>(table: &'c Table, rule: &'c Rule) -> Vec<(&'c str, Lead<'c>)> {
    let mut found = Vec::new();
    for statement in &rule.statements {
        match statement {
            Statement::Verdict(verdict) => {
                found.extend(chain_of(verdict).map(|to| (to, Lead::Verdict)));
            }
            Statement::Vmap { key, set } => {
                let set = match set {
                    SetRef::Named(name) => table.set(name),
                    SetRef::Anonymous(set) => Some(&**set),
                };
                if let Some(set) = set {
                    let elements = set.elements.iter();
                    found.extend(elements.filter_map(|element| match &element.data {
                        Some(Data::Verdict(verdict)) => {
                            Some((chain_of(verdict)?, Lead::Element(key, set, element)))
                        }
                        _ => None,
                    }));
                }
            }
            _ => {}
        }
    }
    found
}

fn chain_of(verdict: &Verdict) -> Option<&str> {
    match verdict {
        Verdict::Jump(chain) | Verdict::Goto(chain) => Some(chain),
        _ => None,
    }
}

/// Packets that a rule's counter counted.
pub fn packets(rule: &Rule) -> Option<u64> {
    rule.statements
        .iter()
        .find_map(|statement| match statement {
            Statement::Counter(packets, _) => Some(*packets),
            _ => None,
        })
}
