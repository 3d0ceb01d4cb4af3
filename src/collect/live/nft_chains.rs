//! The chains of nf_tables by name, policy and hook (`NFT_MSG_GETCHAIN`, `include/uapi/linux/netfilter/nf_tables.h`).
//!
//! The kernel is asked itself: of a large node it lists 50,000 chains in a fraction of a second.

use std::borrow::Cow;
use std::io;

use netlink_packet_core::NlasIterator;

use super::attributes::first;
use super::netlink::{Client, Dump};
use crate::model::Family;
use crate::model::iptables::{DeclaredTable, Policy, TableKind};

pub(super) const NETLINK_NETFILTER: isize = 12;
pub(super) const NFNL_SUBSYS_NFTABLES: u16 = 10 << 8;
pub(super) const NF_DROP: u32 = 0;
/// `struct nfgenmsg`.
const HEADER: usize = 4;
const NFT_MSG_GETTABLE: u16 = 1;
const NFT_MSG_GETCHAIN: u16 = 4;
const NFT_MSG_GETGEN: u16 = 16;
const NFTA_TABLE_NAME: u16 = 1;
const NFTA_CHAIN_TABLE: u16 = 1;
const NFTA_CHAIN_NAME: u16 = 3;
const NFTA_CHAIN_HOOK: u16 = 4;
const NFTA_CHAIN_POLICY: u16 = 5;
const NFTA_CHAIN_TYPE: u16 = 7;
const NFTA_CHAIN_COUNTERS: u16 = 8;
const NFTA_HOOK_HOOKNUM: u16 = 1;
const NFTA_HOOK_PRIORITY: u16 = 2;
const NFTA_HOOK_DEV: u16 = 3;
const NFTA_HOOK_DEVS: u16 = 4;
const NFTA_GEN_ID: u16 = 1;
const NFTA_COUNTER_BYTES: u16 = 1;
const NFTA_COUNTER_PACKETS: u16 = 2;

/// The tables that iptables-nft makes.
pub(super) const IPTABLES: [(&str, TableKind); 5] = [
    ("raw", TableKind::Raw),
    ("mangle", TableKind::Mangle),
    ("nat", TableKind::Nat),
    ("filter", TableKind::Filter),
    ("security", TableKind::Security),
];

/// A chain as the kernel tells it, in its message.
struct Told<'m> {
    table: Cow<'m, str>,
    name: Cow<'m, str>,
    kind: Option<Cow<'m, str>>,
    hook: Option<(u32, i32)>,
    devices: Vec<String>,
    policy: u32,
    counters: Option<(u64, u64)>,
}

/// A chain.
pub(super) struct Chain {
    pub table: String,
    pub name: String,
    /// Hook number and priority of a base chain.
    pub hook: Option<(u32, i32)>,
    /// The devices that a base chain of family netdev hangs at.
    pub devices: Vec<String>,
    pub policy: u32,
    /// Packets and bytes that the policy decided.
    pub counters: Option<(u64, u64)>,
}

impl From<Told<'_>> for Chain {
    fn from(told: Told<'_>) -> Self {
        Self {
            table: told.table.into_owned(),
            name: told.name.into_owned(),
            hook: told.hook,
            devices: told.devices,
            policy: told.policy,
            counters: told.counters,
        }
    }
}

/// Whether there is any table which iptables-nft may have made for this family: without one there is no rule of its.
/// The kernel must have nf_tables.
pub(super) fn has_iptables_tables(family: Family) -> io::Result<bool> {
    let mut client = Client::open(NETLINK_NETFILTER)?;
    let tables = tables(&mut client, number_of(family))?;
    // What was not understood may be one.
    Ok(!tables.holes.is_empty()
        || tables
            .entries
            .iter()
            .any(|(_, table)| IPTABLES.iter().any(|(name, _)| name == table)))
}

/// All tables of one family (0: of all), each with its family.
pub(super) fn tables(client: &mut Client, family: u8) -> io::Result<Dump<(u8, String)>> {
    client.dump_raw(
        NFNL_SUBSYS_NFTABLES | NFT_MSG_GETTABLE,
        &[family, 0, 0, 0],
        |_, body| table(body).ok_or_else(|| "a table".to_owned()),
    )
}

/// The tables of iptables-nft with all their chains, without the rules; `None` when they are not as iptables-nft makes
/// them, or not all could be understood. The kernel must have nf_tables.
pub(super) fn iptables_chains(family: Family) -> io::Result<Option<Vec<DeclaredTable>>> {
    let mut client = Client::open(NETLINK_NETFILTER)?;
    let kind = NFNL_SUBSYS_NFTABLES | NFT_MSG_GETCHAIN;
    let chains = client.dump_raw(kind, &[number_of(family), 0, 0, 0], |_, body| {
        told(body).map(place).ok_or_else(|| "a chain".to_owned())
    })?;
    let mut tables: Vec<DeclaredTable> = Vec::new();
    for place in chains.entries {
        let (kind, declared) = match place {
            Place::Elsewhere => continue,
            Place::Unlike => return Ok(None),
            Place::In(kind, name, policy) => (kind, (name, policy)),
        };
        match tables.iter_mut().find(|table| table.kind == kind) {
            Some(table) => table.chains.push(declared),
            None => tables.push(DeclaredTable {
                kind,
                chains: vec![declared],
            }),
        }
    }
    Ok(chains.holes.is_empty().then_some(tables))
}

/// Where a chain is. There may be a hundred thousand: no more is kept of each.
enum Place {
    /// In a table of another name.
    Elsewhere,
    /// In a table of iptables-nft, as that would not make it.
    Unlike,
    In(TableKind, String, Option<Policy>),
}

fn place(chain: Told<'_>) -> Place {
    match IPTABLES.iter().find(|(name, _)| *name == chain.table) {
        None => Place::Elsewhere,
        Some((_, kind)) if !may_be_of_iptables(*kind, &chain) => Place::Unlike,
        Some((_, kind)) => {
            let policy = chain.hook.map(|_| match chain.policy {
                NF_DROP => Policy::Drop,
                _ => Policy::Accept,
            });
            Place::In(*kind, chain.name.into_owned(), policy)
        }
    }
}

/// Whether a chain is a user's, or a base chain where iptables has it (iptables/nft.c, `xtables_ipv4`).
fn may_be_of_iptables(table: TableKind, chain: &Told<'_>) -> bool {
    const HOOKS: [&str; 5] = ["PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"];
    let Some((hook, priority)) = chain.hook else {
        return !HOOKS.contains(&&*chain.name);
    };
    let name = HOOKS.get(hook as usize).copied().unwrap_or_default();
    let (kind, its) = match (table, name) {
        (TableKind::Raw, _) => ("filter", -300),
        (TableKind::Mangle, "OUTPUT") => ("route", -150),
        (TableKind::Mangle, _) => ("filter", -150),
        (TableKind::Nat, "PREROUTING" | "OUTPUT") => ("nat", -100),
        (TableKind::Nat, _) => ("nat", 100),
        (TableKind::Filter, _) => ("filter", 0),
        (TableKind::Security, _) => ("filter", 50),
    };
    chain.name == name && priority == its && chain.kind.as_deref() == Some(kind)
}

/// The number of the last change of this namespace's rules. The kernel must have nf_tables.
pub(super) fn generation() -> io::Result<u32> {
    let mut client = Client::open(NETLINK_NETFILTER)?;
    let answer = client.ask_raw(NFNL_SUBSYS_NFTABLES | NFT_MSG_GETGEN, &[0; HEADER])?;
    let body = answer.as_deref().and_then(|body| body.get(HEADER..));
    let mut attributes = NlasIterator::new(body.unwrap_or_default()).map_while(Result::ok);
    attributes
        .find(|attribute| attribute.kind() == NFTA_GEN_ID)
        .and_then(|id| number(id.value()))
        .ok_or_else(|| io::Error::other("the kernel does not number the changes of its rules"))
}

/// All chains of one family (0: of all).
pub(super) fn chains(client: &mut Client, family: u8) -> io::Result<Dump<Chain>> {
    client.dump_raw(
        NFNL_SUBSYS_NFTABLES | NFT_MSG_GETCHAIN,
        &[family, 0, 0, 0],
        |_, body| {
            told(body)
                .map(Chain::from)
                .ok_or_else(|| "a chain".to_owned())
        },
    )
}

/// One chain of iptables-nft, if it is there as iptables-nft would make it.
pub(super) fn one(
    client: &mut Client,
    family: Family,
    table: TableKind,
    name: &str,
) -> io::Result<Option<Chain>> {
    let question = named(
        family,
        [(NFTA_CHAIN_TABLE, table.name()), (NFTA_CHAIN_NAME, name)],
    );
    let answer = client.ask_raw(NFNL_SUBSYS_NFTABLES | NFT_MSG_GETCHAIN, &question)?;
    let found = answer.as_deref().and_then(told);
    let found = found.filter(|chain| may_be_of_iptables(table, chain));
    Ok(found.map(Chain::from))
}

/// A question about what two names name.
pub(super) fn named(family: Family, names: [(u16, &str); 2]) -> Vec<u8> {
    let mut body = vec![number_of(family), 0, 0, 0];
    for (kind, name) in names {
        // A name that is too long for its length is too long for the kernel.
        let length = u16::try_from(HEADER + name.len() + 1).unwrap_or(u16::MAX);
        body.extend(length.to_ne_bytes());
        body.extend(kind.to_ne_bytes());
        body.extend(name.as_bytes());
        body.push(0);
        body.resize(body.len().next_multiple_of(4), 0);
    }
    body
}

/// Packets and bytes (`enum nft_counter_attributes`).
pub(super) fn counters(nested: &[u8]) -> Option<(u64, u64)> {
    let (mut packets, mut bytes) = (None, None);
    for attribute in NlasIterator::new(nested) {
        let attribute = attribute.ok()?;
        let number = attribute.value().try_into().ok().map(u64::from_be_bytes);
        match attribute.kind() {
            NFTA_COUNTER_BYTES => bytes = number,
            NFTA_COUNTER_PACKETS => packets = number,
            _ => {}
        }
    }
    Some((packets?, bytes?))
}

fn number_of(family: Family) -> u8 {
    match family {
        Family::V4 => 2,
        Family::V6 => 10,
    }
}

fn table(body: &[u8]) -> Option<(u8, String)> {
    let mut attributes = NlasIterator::new(body.get(HEADER..)?).map_while(Result::ok);
    let name = attributes.find(|attribute| attribute.kind() == NFTA_TABLE_NAME)?;
    Some((*body.first()?, text(name.value()).into_owned()))
}

fn told(body: &[u8]) -> Option<Told<'_>> {
    let mut chain = Told {
        table: Cow::default(),
        name: Cow::default(),
        kind: None,
        hook: None,
        devices: Vec::new(),
        policy: 1,
        counters: None,
    };
    let mut rest = body.get(HEADER..)?;
    while !rest.is_empty() {
        let (kind, value) = first(&mut rest)?;
        match kind {
            NFTA_CHAIN_TABLE => chain.table = text(value),
            NFTA_CHAIN_NAME => chain.name = text(value),
            NFTA_CHAIN_TYPE => chain.kind = Some(text(value)),
            NFTA_CHAIN_POLICY => chain.policy = number(value)?,
            NFTA_CHAIN_COUNTERS => chain.counters = Some(counters(value)?),
            NFTA_CHAIN_HOOK => {
                chain.hook = Some(hook(value)?);
                chain.devices = devices(value);
            }
            _ => {}
        }
    }
    Some(chain)
}

fn hook(nested: &[u8]) -> Option<(u32, i32)> {
    let (mut hook, mut priority) = (None, None);
    for attribute in NlasIterator::new(nested) {
        let attribute = attribute.ok()?;
        match attribute.kind() {
            NFTA_HOOK_HOOKNUM => hook = number(attribute.value()),
            NFTA_HOOK_PRIORITY => priority = number(attribute.value()).map(u32::cast_signed),
            _ => {}
        }
    }
    Some((hook?, priority?))
}

/// One device, or a list.
fn devices(nested: &[u8]) -> Vec<String> {
    let mut devices = Vec::new();
    for attribute in NlasIterator::new(nested).map_while(Result::ok) {
        match attribute.kind() {
            NFTA_HOOK_DEV => devices.push(text(attribute.value()).into_owned()),
            NFTA_HOOK_DEVS => {
                let names = NlasIterator::new(attribute.value()).map_while(Result::ok);
                devices.extend(names.map(|name| text(name.value()).into_owned()));
            }
            _ => {}
        }
    }
    devices
}

fn text(bytes: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(bytes.strip_suffix(&[0]).unwrap_or(bytes))
}

/// Numbers of netfilter's are in network byte order.
fn number(bytes: &[u8]) -> Option<u32> {
    bytes.try_into().ok().map(u32::from_be_bytes)
}
