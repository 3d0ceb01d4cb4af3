//! One iptables rule: what it asks of a packet and what it does with it (iptables(8), iptables-extensions(8)).

use ipnet::IpNet;

use super::condition::Match;
use super::target::Target;

/// A condition that `!` may invert.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Negatable<T> {
    /// Whether `!` stood before it.
    pub negate: bool,
    /// What is asked.
    pub value: T,
}

/// An inclusive range of ports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PortRange {
    /// First.
    pub first: u16,
    /// Last.
    pub last: u16,
}

/// An interface name, or the beginning of one (`eth+`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interface {
    /// The name without the `+`.
    pub name: Box<str>,
    /// Whether any name that begins so will do.
    pub prefix: bool,
}

/// Packets and bytes that matched, `[packets:bytes]` of `iptables-save -c`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counters {
    /// Packets.
    pub packets: u64,
    /// Bytes.
    pub bytes: u64,
}

/// A rule of a chain.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// Its position in the chain, from 1.
    pub number: u32,
    /// Its line in the dump, from 1; 0 when it was read from the kernel.
    pub line: u32,
    /// `[packets:bytes]`, when the dump has counters.
    pub counters: Option<Counters>,
    /// `-s`.
    pub source: Option<Negatable<IpNet>>,
    /// `-d`.
    pub destination: Option<Negatable<IpNet>>,
    /// `-i`.
    pub in_interface: Option<Negatable<Interface>>,
    /// `-o`.
    pub out_interface: Option<Negatable<Interface>>,
    /// `-p`, as a protocol number; 0 (all) is `None`.
    pub protocol: Option<Negatable<u8>>,
    /// `-f`: second and further fragments.
    pub fragment: Option<bool>,
    /// Its matches, in order; comments left out.
    pub matches: Vec<Match>,
    /// What it does.
    pub target: Target,
    /// Whether `-g` instead of `-j` led to the chain of [`Target::Jump`].
    pub goto: bool,
}
