//! iptables rulesets: tables, chains and rules, kept as the text that `iptables-save` prints and parsed chain by chain.
//!
//! A node may hold 160,000 rules of which a packet meets a few dozen. So reading a dump only finds where each chain's
//! lines are ([`Ruleset::read`]); a chain's rules are parsed when they are first asked for ([`Chain::rules`]) and kept.
//! No text is copied: the evidence for a rule is its line of the dump.
//!
//! A live kernel need not even be asked for all of them: a [`Ruleset::on_demand`] knows its chains by name, and is
//! supplied with the rules of those that somebody asks for.

mod condition;
mod demand;
mod index;
mod parse;
mod rule;
mod ruleset;
mod target;
#[cfg(test)]
mod tests;

pub use condition::{AddrType, ConntrackMatch, Match, MultiportSide, RecentAction, SetDirection};
pub use demand::{DeclaredTable, Wish};
pub use rule::{Counters, Interface, Negatable, PortRange, Rule};
pub use ruleset::{Backend, Chain, Policy, Ruleset, TableKind, TableRules};
pub use target::{LogKind, NatRange, Target, Zone, ZoneDirections};
