//! What a rule says of a packet, and does with it.

use super::datatype::Datatype;
use super::expression::Expression;
use super::set::{Element, Interval, SetRef};

/// A statement of a rule.
#[derive(Debug, Clone, PartialEq)]
pub enum Statement {
    /// `LEFT == RIGHT`.
    Match {
        /// How they are compared.
        comparison: Comparison,
        /// What the packet has.
        left: Expression,
        /// What it is compared with.
        right: Operand,
    },
    /// A verdict.
    Verdict(Verdict),
    /// `KEY vmap SET`: the verdict that the set has for the key.
    Vmap {
        /// What is looked up.
        key: Expression,
        /// Where.
        set: SetRef,
    },
    /// `TARGET set VALUE`.
    Assign {
        /// What is changed.
        target: Expression,
        /// To what.
        value: Expression,
    },
    /// `counter`, with packets and bytes.
    Counter(u64, u64),
    /// A named object is asked: `counter name "x"`, `ct helper set "x"`; of a map, by a key.
    Object {
        /// `counter`, `quota`, `limit`, `ct helper`, ...
        kind: Box<str>,
        /// The name, as a constant, or the map.
        name: ObjectName,
    },
    /// `limit rate ...`.
    Limit(Limit),
    /// `quota ...`.
    Quota(Quota),
    /// `ct count [over] N`.
    Connlimit {
        /// N.
        count: u64,
        /// Holds where there are more.
        over: bool,
    },
    /// `log`, with its options.
    Log(Box<str>),
    /// `notrack`.
    Notrack,
    /// `dnat`, `snat`, `masquerade`, `redirect`.
    Nat(Nat),
    /// `reject with TYPE CODE`; both empty where nft prints none.
    Reject {
        /// `icmp`, `icmpv6`, `icmpx`, `tcp reset`.
        kind: Box<str>,
        /// `port-unreachable`, ...
        code: Box<str>,
    },
    /// `add @set { ... }`, `update @set { ... }`, `delete @set { ... }`.
    Dynamic(Box<DynamicUpdate>),
    /// `flow add @table`.
    Offload(Box<str>),
    /// `queue`, with its options.
    Queue(Box<str>),
    /// A match or target of iptables, of which nft shows no more.
    Xt(Box<str>),
    /// Changes nothing about the packet's way, like `tcp option maxseg size set`.
    NoEffect(Box<str>),
    /// Anything else, by name and text.
    Other {
        /// `tproxy`, `synproxy`, ...
        name: Box<str>,
        /// As it was read.
        text: Box<str>,
    },
}

/// What an object is named by.
#[derive(Debug, Clone, PartialEq)]
pub enum ObjectName {
    /// Its name.
    Name(Box<str>),
    /// A key and the map that has the name for it.
    Map(Expression, SetRef),
}

/// Comparisons.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// `==`: equal, in the range, or in the set.
    Equal,
    /// `!=`.
    NotEqual,
    /// `<`.
    Less,
    /// `>`.
    Greater,
    /// `<=`.
    AtMost,
    /// `>=`.
    AtLeast,
    /// One of these bits is set (`in` in JSON, no sign in text).
    AnyBit,
    /// None of these bits is set (`!`).
    NoBit,
}

/// What is compared with.
#[derive(Debug, Clone, PartialEq)]
pub enum Operand {
    /// A constant or an interval for each part of a concatenation, with their types.
    Constant(Vec<Datatype>, Vec<Interval>),
    /// A set.
    Set(SetRef),
    /// A value that is not understood, as it was read.
    Unknown(Box<str>),
}

/// What becomes of the packet.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// The base chain ends and lets it go on.
    Accept,
    /// It ends.
    Drop,
    /// On with what follows.
    Continue,
    /// Back to the rule after the last jump.
    Return,
    /// Into another chain, and back.
    Jump(Box<str>),
    /// Into another chain, and not back.
    Goto(Box<str>),
    /// To a program.
    Queue,
}

/// `limit [rate] [over] N[bytes]/UNIT [burst M]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limit {
    /// Holds where there is more.
    pub over: bool,
    /// As it was read.
    pub text: Box<str>,
}

/// `quota [over] N used M`, in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quota {
    /// Holds where there was more.
    pub over: bool,
    /// How many bytes there may be.
    pub bytes: u64,
    /// How many there were.
    pub used: u64,
}

/// Which half of a connection is translated, and how its new end is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NatKind {
    /// `dnat`.
    Destination,
    /// `snat`.
    Source,
    /// `masquerade`: the source becomes the address of the device.
    Masquerade,
    /// `redirect`: the destination becomes this host.
    Redirect,
}

/// A translation.
#[derive(Debug, Clone, PartialEq)]
pub struct Nat {
    /// Which.
    pub kind: NatKind,
    /// `ip` or `ip6`, in tables of both.
    pub family: Option<Box<str>>,
    /// The address, or address and port where it is a map of both.
    pub address: Option<Expression>,
    /// The port.
    pub port: Option<Expression>,
    /// `random`, `fully-random`, `persistent`, `netmap`.
    pub flags: Vec<Box<str>>,
    /// `prefix`, `interval`, `concat`.
    pub type_flags: Vec<Box<str>>,
}

/// What is done with an element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UpdateKind {
    /// Put in, unless it is there.
    Add,
    /// Put in, or renewed.
    Update,
    /// Taken out.
    Delete,
}

/// A change of a set by a packet.
#[derive(Debug, Clone, PartialEq)]
pub struct DynamicUpdate {
    /// Which.
    pub kind: UpdateKind,
    /// The set's name.
    pub set: Box<str>,
    /// The element.
    pub key: Expression,
    /// What a map has for it.
    pub data: Option<Expression>,
    /// How long it stays, as it was read.
    pub timeout: Option<u64>,
    /// Statements of the element: they may end the rule.
    pub statements: Vec<Statement>,
}

impl Statement {
    /// Whether it only asks: nothing is different after it.
    pub fn only_asks(&self) -> bool {
        matches!(
            self,
            Self::Match { .. } | Self::Limit(_) | Self::Quota(_) | Self::Connlimit { .. }
        )
    }

    /// Whether the kernel tracks connections for its sake (`nf_ct_netns_get`); of what is not known that is supposed.
    pub fn needs_conntrack(&self) -> bool {
        match self {
            Self::Match { left, .. } => left.asks_conntrack(),
            Self::Vmap { key, .. } => key.asks_conntrack(),
            Self::Assign { target, value } => target.asks_conntrack() || value.asks_conntrack(),
            Self::Object { kind, name } => {
                let key = match name {
                    ObjectName::Name(_) => false,
                    ObjectName::Map(key, _) => key.asks_conntrack(),
                };
                key || !matches!(&**kind, "counter" | "quota" | "limit")
            }
            Self::Dynamic(update) => {
                update.key.asks_conntrack() || update.statements.iter().any(Self::needs_conntrack)
            }
            Self::Connlimit { .. }
            | Self::Nat(_)
            | Self::Offload(_)
            | Self::Xt(_)
            | Self::Other { .. } => true,
            Self::Verdict(_)
            | Self::Counter(..)
            | Self::Limit(_)
            | Self::Quota(_)
            | Self::Log(_)
            | Self::Notrack
            | Self::Reject { .. }
            | Self::Queue(_)
            | Self::NoEffect(_) => false,
        }
    }

    /// Whether it makes no difference to the packet's way.
    pub fn has_no_effect(&self) -> bool {
        match self {
            Self::Counter(..)
            | Self::Log(_)
            | Self::NoEffect(_)
            | Self::Offload(_)
            | Self::Verdict(Verdict::Continue) => true,
            Self::Object { kind, .. } => matches!(&**kind, "counter" | "ct helper" | "ct timeout"),
            other => other.only_asks(),
        }
    }
}

impl Element {
    /// The verdict of an element of a verdict map.
    pub fn verdict(&self) -> Option<&Verdict> {
        match &self.data {
            Some(super::set::Data::Verdict(verdict)) => Some(verdict),
            _ => None,
        }
    }
}
