//! What nf_tables holds, by name: base chains of native tables, and all chains of iptables-nft's (`NFT_MSG_GETCHAIN`,
//! `include/uapi/linux/netfilter/nf_tables.h`).
//!
//! Asked of the kernel itself: `nft list ruleset` takes half a minute and a gigabyte on a large node, and all that is
//! wanted here is which chains stand on a packet's way, and how many rules are in each.

use std::io;

use netlink_packet_core::NlasIterator;

use super::kernel::Part;
use super::netlink::{Client, Dump};
use crate::model::iptables::{Backend, DeclaredTable, Policy, Ruleset, TableKind};
use crate::model::{Family, NativeChain};

const NETLINK_NETFILTER: isize = 12;
const NFNL_SUBSYS_NFTABLES: u16 = 10 << 8;
const NFT_MSG_GETTABLE: u16 = 1;
const NFT_MSG_GETCHAIN: u16 = 4;
const NFT_MSG_GETRULE: u16 = 7;
const NFT_MSG_GETGEN: u16 = 16;
/// `struct nfgenmsg`.
const HEADER: usize = 4;
const NFTA_TABLE_NAME: u16 = 1;
const NFTA_CHAIN_TABLE: u16 = 1;
const NFTA_CHAIN_NAME: u16 = 3;
const NFTA_CHAIN_HOOK: u16 = 4;
const NFTA_CHAIN_POLICY: u16 = 5;
const NFTA_CHAIN_TYPE: u16 = 7;
const NFTA_HOOK_HOOKNUM: u16 = 1;
const NFTA_HOOK_PRIORITY: u16 = 2;
const NFTA_RULE_TABLE: u16 = 1;
const NFTA_RULE_CHAIN: u16 = 2;
const NFTA_GEN_ID: u16 = 1;
const NF_DROP: u32 = 0;

/// NFPROTO_*, with the names of their hooks by number.
const FAMILIES: [(u8, &str, &[&str]); 6] = [
    (
        1,
        "inet",
        &[
            "prerouting",
            "input",
            "forward",
            "output",
            "postrouting",
            "ingress",
        ],
    ),
    (
        2,
        "ip",
        &["prerouting", "input", "forward", "output", "postrouting"],
    ),
    (3, "arp", &["input", "output"]),
    (5, "netdev", &["ingress", "egress"]),
    (
        7,
        "bridge",
        &["prerouting", "input", "forward", "output", "postrouting"],
    ),
    (
        10,
        "ip6",
        &["prerouting", "input", "forward", "output", "postrouting"],
    ),
];

/// The tables that iptables-nft makes.
const IPTABLES: [(&str, TableKind); 5] = [
    ("raw", TableKind::Raw),
    ("mangle", TableKind::Mangle),
    ("nat", TableKind::Nat),
    ("filter", TableKind::Filter),
    ("security", TableKind::Security),
];

/// A chain as the kernel tells it.
struct Chain {
    family: u8,
    table: String,
    name: String,
    kind: Option<String>,
    /// Hook number and priority of a base chain.
    hook: Option<(u32, i32)>,
    policy: u32,
}

/// Base chains which hold rules or drop by policy, but those of iptables-nft, which `rulesets` has.
pub(super) fn read(rulesets: &[Ruleset]) -> io::Result<Dump<NativeChain>> {
    let mut native = Dump::default();
    match Part::NfTables.is_there() {
        Some(true) => {}
        // What is not loaded has no chains.
        Some(false) => return Ok(native),
        None => {
            return Err(io::Error::other(
                "it cannot be told whether the kernel has nf_tables, and asking might load it (hint: run as root)",
            ));
        }
    }
    let mut client = Client::open(NETLINK_NETFILTER)?;
    let chains = chains(&mut client, 0)?;
    native.holes = chains.holes;
    for chain in chains.entries {
        let Some((number, priority)) = chain.hook else {
            continue;
        };
        let Some((_, family, hooks)) = FAMILIES.iter().find(|(family, ..)| *family == chain.family)
        else {
            native.holes.push(format!(
                "the chain {} is of the family {}, which is not known",
                chain.name, chain.family
            ));
            continue;
        };
        if is_of_iptables(family, &chain, rulesets) {
            continue;
        }
        let rules = client.dump_raw(
            NFNL_SUBSYS_NFTABLES | NFT_MSG_GETRULE,
            &rules_of(&chain),
            |_, _| Ok(()),
        )?;
        native.holes.extend(rules.holes);
        let drops = chain.policy == NF_DROP;
        if rules.entries.is_empty() && !drops {
            continue;
        }
        let hook = hooks
            .get(number as usize)
            .map_or_else(|| format!("hook {number}"), |hook| (*hook).to_owned());
        native.entries.push(NativeChain {
            family: (*family).to_owned(),
            table: chain.table,
            chain: chain.name,
            kind: chain.kind.unwrap_or_default(),
            hook,
            priority,
            policy: if drops { "drop" } else { "accept" }.to_owned(),
            rules: rules.entries.len(),
        });
    }
    Ok(native)
}

/// Whether there is any table which iptables-nft may have made for this family: without one there is no rule of its.
/// The kernel must have nf_tables.
pub(super) fn has_iptables_tables(family: Family) -> io::Result<bool> {
    let mut client = Client::open(NETLINK_NETFILTER)?;
    let request = [number_of(family), 0, 0, 0];
    let tables = client.dump_raw(
        NFNL_SUBSYS_NFTABLES | NFT_MSG_GETTABLE,
        &request,
        |_, body| table_name(body).ok_or_else(|| "a table".to_owned()),
    )?;
    // What was not understood may be one.
    Ok(!tables.holes.is_empty()
        || tables
            .entries
            .iter()
            .any(|table| IPTABLES.iter().any(|(name, _)| name == table)))
}

/// The tables of iptables-nft with all their chains, without the rules; `None` when they are not as iptables-nft makes
/// them, or not all could be understood. The kernel must have nf_tables.
pub(super) fn iptables_chains(family: Family) -> io::Result<Option<Vec<DeclaredTable>>> {
    let mut client = Client::open(NETLINK_NETFILTER)?;
    let chains = chains(&mut client, number_of(family))?;
    let mut tables: Vec<DeclaredTable> = Vec::new();
    for chain in chains.entries {
        let Some((_, kind)) = IPTABLES.iter().find(|(name, _)| *name == chain.table) else {
            continue;
        };
        if !may_be_of_iptables(*kind, &chain) {
            return Ok(None);
        }
        let policy = chain.hook.map(|_| match chain.policy {
            NF_DROP => Policy::Drop,
            _ => Policy::Accept,
        });
        let declared = (chain.name, policy);
        match tables.iter_mut().find(|table| table.kind == *kind) {
            Some(table) => table.chains.push(declared),
            None => tables.push(DeclaredTable {
                kind: *kind,
                chains: vec![declared],
            }),
        }
    }
    Ok(chains.holes.is_empty().then_some(tables))
}

/// Whether a chain is a user's, or a base chain where iptables has it (iptables/nft.c, `xtables_ipv4`).
fn may_be_of_iptables(table: TableKind, chain: &Chain) -> bool {
    const HOOKS: [&str; 5] = ["PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"];
    let Some((hook, priority)) = chain.hook else {
        return !HOOKS.contains(&chain.name.as_str());
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
fn chains(client: &mut Client, family: u8) -> io::Result<Dump<Chain>> {
    client.dump_raw(
        NFNL_SUBSYS_NFTABLES | NFT_MSG_GETCHAIN,
        &[family, 0, 0, 0],
        |_, body| chain(body).ok_or_else(|| "a chain".to_owned()),
    )
}

fn number_of(family: Family) -> u8 {
    match family {
        Family::V4 => 2,
        Family::V6 => 10,
    }
}

fn table_name(body: &[u8]) -> Option<String> {
    let mut attributes = NlasIterator::new(body.get(HEADER..)?).map_while(Result::ok);
    let name = attributes.find(|attribute| attribute.kind() == NFTA_TABLE_NAME)?;
    Some(text(name.value()))
}

/// Whether `iptables-nft-save` has told what is in the chain's table, or would have if it could be run.
fn is_of_iptables(family: &str, chain: &Chain, rulesets: &[Ruleset]) -> bool {
    let family = match family {
        "ip" => Family::V4,
        "ip6" => Family::V6,
        _ => return false,
    };
    let Some((_, kind)) = IPTABLES.iter().find(|(name, _)| *name == chain.table) else {
        return false;
    };
    let saved = rulesets
        .iter()
        .find(|ruleset| ruleset.family == family && ruleset.backend == Backend::Nft);
    match saved {
        Some(saved) => saved.table(*kind).is_some(),
        // Base chains of iptables are in capitals; that they were not read is reported already.
        None => chain.name.bytes().all(|byte| byte.is_ascii_uppercase()),
    }
}

fn chain(body: &[u8]) -> Option<Chain> {
    let mut chain = Chain {
        family: *body.first()?,
        table: String::new(),
        name: String::new(),
        kind: None,
        hook: None,
        policy: 1,
    };
    for attribute in NlasIterator::new(body.get(HEADER..)?) {
        let attribute = attribute.ok()?;
        let value = attribute.value();
        match attribute.kind() {
            NFTA_CHAIN_TABLE => chain.table = text(value),
            NFTA_CHAIN_NAME => chain.name = text(value),
            NFTA_CHAIN_TYPE => chain.kind = Some(text(value)),
            NFTA_CHAIN_POLICY => chain.policy = number(value)?,
            NFTA_CHAIN_HOOK => chain.hook = Some(hook(value)?),
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

/// The request for the rules of one chain.
fn rules_of(chain: &Chain) -> Vec<u8> {
    let mut body = vec![chain.family, 0, 0, 0];
    for (kind, name) in [
        (NFTA_RULE_TABLE, &chain.table),
        (NFTA_RULE_CHAIN, &chain.name),
    ] {
        // A name of the kernel's is at most 255 bytes; with its header and final zero it fits.
        let length = u16::try_from(name.len() + 5).unwrap_or(u16::MAX);
        body.extend(length.to_ne_bytes());
        body.extend(kind.to_ne_bytes());
        body.extend(name.as_bytes());
        body.push(0);
        body.resize(body.len().next_multiple_of(4), 0);
    }
    body
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes.strip_suffix(&[0]).unwrap_or(bytes)).into_owned()
}

/// Numbers of netfilter's are in network byte order.
fn number(bytes: &[u8]) -> Option<u32> {
    bytes.try_into().ok().map(u32::from_be_bytes)
}
