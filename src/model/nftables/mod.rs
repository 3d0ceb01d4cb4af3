//! Native nftables rulesets (nft(8), libnftables-json(5), net/netfilter/nf_tables_api.c).
//!
//! A ruleset is tables, each with chains, sets, maps and named objects of its own. Rules are statements, evaluated from
//! left to right until one says no or gives a verdict. The kernel compares plain numbers of a known width: addresses,
//! ports, marks and names of devices alike are kept as numbers here, and [`Datatype`] says how they are written.

mod datatype;
mod expression;
pub mod json;
mod print;
mod ruleset;
mod set;
mod statement;
pub mod text;

pub use datatype::{Datatype, ParsedValue};
pub use expression::{BinaryOperation, Expression};
pub use ruleset::{
    BaseChain, Chain, ChainKind, Declared, NamedObject, Policy, Rule, Ruleset, Table, TableFamily,
};
pub use set::{Data, DataTypes, Element, Found, Interval, Known, Set, SetRef};
pub use statement::{
    Comparison, DynamicUpdate, Limit, Nat, NatKind, ObjectName, Operand, Quota, Statement,
    UpdateKind, Verdict,
};
