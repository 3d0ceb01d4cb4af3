//! Where the entries of a table are, and which chain each belongs to (`net/ipv4/netfilter/ip_tables.c`, libiptc.c).
//!
//! The chains of hooks begin where the table's head says, and end with their policy. Any other chain begins behind an entry
//! whose target is ERROR, with the chain's name, and ends with a RETURN that nobody wrote.

use std::ops::Range;

use super::words::{Words, devices, net, protocol};
use super::{HEADER, INFO, NAME, matches, targets};
use crate::model::Family;
use crate::model::iptables::{DeclaredTable, Policy, TableKind};

/// The hooks in the order of their numbers (`enum nf_inet_hooks`).
const HOOKS: [&str; 5] = ["PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"];
/// `struct xt_entry_match` and `struct xt_entry_target` before their data: size, name, revision.
const EXTENSION: usize = 32;

/// A table's memory, and where its chains are.
#[derive(Debug)]
pub(in crate::collect::live) struct Table {
    family: Family,
    /// The entries, behind a head.
    memory: Vec<u8>,
    /// In the order of their places.
    chains: Vec<Chain>,
}

#[derive(Debug)]
struct Chain {
    /// Where its name is in the table's memory; of a hook it is known.
    name: Name,
    policy: Option<Policy>,
    /// Of the policy.
    counters: (u64, u64),
    /// Where its first rule is: jumps lead there.
    begin: usize,
    /// Where its last entry is, which is no rule.
    end: usize,
}

#[derive(Debug, Clone)]
enum Name {
    Hook(&'static str),
    /// Text, which was looked at.
    At(Range<usize>),
}

/// Where the fields of `struct ipt_entry` or `struct ip6t_entry` are.
struct Layout {
    address: usize,
    devices: usize,
    protocol: usize,
    flags: usize,
    offsets: usize,
    counters: usize,
    size: usize,
    /// `IPT_F_GOTO`, and the other flags, which ask for something.
    goto: u8,
}

const IPV4: Layout = Layout {
    address: 4,
    devices: 16,
    protocol: 80,
    flags: 82,
    offsets: 88,
    counters: 96,
    size: 112,
    goto: 0x02,
};
const IPV6: Layout = Layout {
    address: 16,
    devices: 64,
    protocol: 128,
    flags: 131,
    offsets: 140,
    counters: 152,
    size: 168,
    goto: 0x04,
};
/// `IPT_F_FRAG`.
const FRAGMENTS: u8 = 0x01;

/// An entry, in bounds.
struct Entry<'t> {
    at: usize,
    bytes: &'t [u8],
    target: usize,
}

/// An extension: its name, its revision, and its data.
pub(in crate::collect::live) struct Extension<'t> {
    pub name: &'t str,
    pub revision: u8,
    pub data: &'t [u8],
}

impl Table {
    /// Finds the chains; `None` where the entries are not as the kernel writes them. They are behind a head in `memory`.
    pub fn new(family: Family, info: &[u8], memory: Vec<u8>) -> Option<Self> {
        let mut table = Self {
            family,
            memory,
            chains: Vec::new(),
        };
        debug_assert_eq!(info.len(), INFO);
        let hooks = number(info, NAME)?;
        let mut heads: Vec<(usize, &'static str)> = Vec::new();
        for (at, hook) in (0..HOOKS.len())
            .zip(HOOKS)
            .filter(|(at, _)| hooks & 1 << at != 0)
        {
            heads.push((number(info, NAME + 4 + 4 * at)? as usize, hook));
        }
        let length = table.memory.len().checked_sub(HEADER)?;
        let mut chains: Vec<Chain> = Vec::new();
        let mut at = 0;
        while at < length {
            let entry = table.entry(at)?;
            let next = at + entry.bytes.len();
            if let Some((_, hook)) = heads.iter().find(|(head, _)| *head == at) {
                chains.push(Chain::new(Name::Hook(hook), at));
            } else if is_error(&entry) {
                let name = name_in(&entry)?;
                let name = HEADER + at + name.start..HEADER + at + name.end;
                chains.push(Chain::new(Name::At(name), next));
            }
            // Until another one comes it is the chain's last.
            chains.last_mut()?.end = at;
            at = next;
        }
        // The last entry is an error that ends the table, and no chain.
        chains.pop_if(|last| table.name(last) == "ERROR" && last.end < last.begin)?;
        for chain in chains
            .iter_mut()
            .filter(|chain| HOOKS.contains(&table.name(chain)))
        {
            let end = table.entry(chain.end)?;
            chain.policy = Some(match standard(&end)? {
                DROP => Policy::Drop,
                ACCEPT => Policy::Accept,
                _ => return None,
            });
            chain.counters = table.counters(&end)?;
        }
        table.chains = chains;
        Some(table)
    }

    /// The names of its chains.
    pub fn declared(&self, kind: TableKind) -> DeclaredTable {
        let chains = self.chains.iter();
        DeclaredTable {
            kind,
            chains: chains
                .map(|chain| (self.name(chain).to_owned(), chain.policy))
                .collect(),
        }
    }

    /// What `iptables-legacy -S CHAIN -v` prints; an error names what is not known here.
    pub fn list(&self, chain: &str) -> Result<String, String> {
        let unreadable = || format!("the rules of {chain}");
        let mut chains = self.chains.iter();
        let found = chains.find(|found| self.name_bytes(found) == chain.as_bytes());
        let found = found.ok_or_else(unreadable)?;
        let mut text = match found.policy {
            None => format!("-N {chain}\n"),
            Some(policy) => {
                let policy = match policy {
                    Policy::Accept => "ACCEPT",
                    Policy::Drop => "DROP",
                };
                let (packets, bytes) = found.counters;
                format!("-P {chain} {policy} -c {packets} {bytes}\n")
            }
        };
        let mut at = found.begin;
        while at < found.end {
            let entry = self.entry(at).ok_or_else(unreadable)?;
            text.push_str(&self.rule(chain, &entry)?);
            text.push('\n');
            at += entry.bytes.len();
        }
        Ok(text)
    }

    fn name(&self, chain: &Chain) -> &str {
        str::from_utf8(self.name_bytes(chain)).unwrap_or_default()
    }

    fn name_bytes(&self, chain: &Chain) -> &[u8] {
        match &chain.name {
            Name::Hook(hook) => hook.as_bytes(),
            Name::At(range) => self.memory.get(range.clone()).unwrap_or_default(),
        }
    }

    fn layout(&self) -> &'static Layout {
        match self.family {
            Family::V4 => &IPV4,
            Family::V6 => &IPV6,
        }
    }

    fn entry(&self, at: usize) -> Option<Entry<'_>> {
        let layout = self.layout();
        let rest = self.memory.get(HEADER + at..)?;
        let target = usize::from(short(rest, layout.offsets)?);
        let next = usize::from(short(rest, layout.offsets + 2)?);
        let is_sound = target >= layout.size && next >= target + EXTENSION;
        is_sound.then_some(Entry {
            at,
            bytes: rest.get(..next)?,
            target,
        })
    }

    fn counters(&self, entry: &Entry<'_>) -> Option<(u64, u64)> {
        let at = self.layout().counters;
        let long = |at: usize| {
            Some(u64::from_ne_bytes(
                entry.bytes.get(at..at + 8)?.try_into().ok()?,
            ))
        };
        Some((long(at)?, long(at + 8)?))
    }

    fn rule(&self, chain: &str, entry: &Entry<'_>) -> Result<String, String> {
        let unreadable = || format!("a rule of {chain}");
        let layout = self.layout();
        let mut words = Words::new(chain);
        let (flags, inverted) = (entry.bytes[layout.flags], entry.bytes[layout.flags + 1]);
        let width = layout.address;
        let bytes = |at: usize| {
            entry
                .bytes
                .get(at * width..(at + 1) * width)
                .ok_or_else(unreadable)
        };
        words.option(
            inverted & 0x08 != 0,
            "-s",
            net(self.family, bytes(0)?, bytes(2)?),
        );
        words.option(
            inverted & 0x10 != 0,
            "-d",
            net(self.family, bytes(1)?, bytes(3)?),
        );
        let names = entry
            .bytes
            .get(layout.devices..layout.devices + 64)
            .ok_or_else(unreadable)?;
        words.option(
            inverted & 0x01 != 0,
            "-i",
            devices(&names[..16], &names[32..48]),
        );
        words.option(
            inverted & 0x02 != 0,
            "-o",
            devices(&names[16..32], &names[48..]),
        );
        let number = short(entry.bytes, layout.protocol).ok_or_else(unreadable)?;
        words.option(inverted & 0x40 != 0, "-p", protocol(number));
        let others = flags & !layout.goto & !u8::from(self.family == Family::V6);
        match (self.family, others) {
            (_, 0) => {}
            (Family::V4, FRAGMENTS) => words.flag(inverted & 0x20 != 0, "-f"),
            _ => return Err(format!("a rule of {chain} with flags {flags:#x}")),
        }
        let mut at = layout.size;
        while at < entry.target {
            let (extension, size) = extension(entry, at).ok_or_else(unreadable)?;
            matches::print(self.family, &extension, &mut words)?;
            at += size;
        }
        let (packets, bytes) = self.counters(entry).ok_or_else(unreadable)?;
        words.push(&format!("-c {packets} {bytes}"));
        let (target, _) = extension(entry, entry.target).ok_or_else(unreadable)?;
        if target.name.is_empty() {
            let verdict = standard(entry).ok_or_else(unreadable)?;
            self.verdict(entry, verdict, flags & layout.goto != 0, &mut words)
                .ok_or_else(unreadable)?;
        } else {
            targets::print(self.family, &target, &mut words)?;
        }
        Ok(words.end())
    }

    /// A verdict is a number below zero, or the place of a chain; where it is the place of the next entry, there is none.
    fn verdict(
        &self,
        entry: &Entry<'_>,
        verdict: i32,
        goto: bool,
        words: &mut Words,
    ) -> Option<()> {
        let name = match verdict {
            ACCEPT => "ACCEPT",
            DROP => "DROP",
            QUEUE => "QUEUE",
            RETURN => "RETURN",
            _ => {
                let to = usize::try_from(verdict).ok()?;
                if to == entry.at + entry.bytes.len() {
                    return Some(());
                }
                let found = self.chains.binary_search_by_key(&to, |chain| chain.begin);
                self.name(self.chains.get(found.ok()?)?)
            }
        };
        words.push(&format!("{} {name}", if goto { "-g" } else { "-j" }));
        Some(())
    }
}

/// `-NF_DROP - 1` and its sisters (`include/uapi/linux/netfilter/x_tables.h`).
const DROP: i32 = -1;
const ACCEPT: i32 = -2;
const QUEUE: i32 = -4;
const RETURN: i32 = -5;

impl Chain {
    fn new(name: Name, begin: usize) -> Self {
        Self {
            name,
            policy: None,
            counters: (0, 0),
            begin,
            end: begin,
        }
    }
}

/// The extension at a place of an entry, and how long it is.
fn extension<'t>(entry: &Entry<'t>, at: usize) -> Option<(Extension<'t>, usize)> {
    let size = usize::from(short(entry.bytes, at)?);
    let bytes = entry.bytes.get(at..at + size)?;
    let extension = Extension {
        name: text(bytes.get(2..31)?)?,
        revision: *bytes.get(31)?,
        data: bytes.get(EXTENSION..)?,
    };
    Some((extension, size))
}

/// Whether a chain begins behind an entry: its target is ERROR. Every entry is asked, and most are not.
fn is_error(entry: &Entry<'_>) -> bool {
    entry.bytes.get(entry.target + 2..entry.target + 8) == Some(b"ERROR\0")
}

/// Where in such an entry the name of the chain is.
fn name_in(entry: &Entry<'_>) -> Option<Range<usize>> {
    let (target, _) = extension(entry, entry.target)?;
    let begin = entry.target + EXTENSION;
    Some(begin..begin + text(target.data)?.len())
}

/// The verdict of an entry whose target is the standard one, which has no name.
fn standard(entry: &Entry<'_>) -> Option<i32> {
    let (target, _) = extension(entry, entry.target)?;
    target
        .name
        .is_empty()
        .then(|| number(target.data, 0))
        .flatten()
        .map(u32::cast_signed)
}

/// A text that ends with a zero.
pub(super) fn text(bytes: &[u8]) -> Option<&str> {
    let end = bytes
        .iter()
        .position(|byte| *byte == 0)
        .unwrap_or(bytes.len());
    str::from_utf8(&bytes[..end]).ok()
}

/// A number of the machine's byte order.
pub(super) fn number(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

/// The same, of two bytes.
pub(super) fn short(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_ne_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}
