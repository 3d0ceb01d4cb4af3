//! iptables rulesets: tables, chains and rules, kept as the text that `iptables-save` prints and parsed chain by chain.
//!
//! A node may hold 160,000 rules of which a packet meets a few dozen. So reading a dump only finds where each chain's
//! lines are ([`Ruleset::read`]); a chain's rules are parsed when they are first asked for ([`Chain::rules`]) and kept.
//! No text is copied: the evidence for a rule is its line of the dump.

mod parse;
mod rule;
mod ruleset;

pub use rule::{
    AddrType, ConntrackMatch, Counters, Interface, LogKind, Match, MultiportSide, NatRange,
    Negatable, PortRange, Rule, SetDirection, Target,
};
pub use ruleset::{Backend, Chain, Policy, Ruleset, TableKind, TableRules};
