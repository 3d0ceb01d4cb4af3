//! Base chains of native nftables tables (`NFT_MSG_GETCHAIN`, `include/uapi/linux/netfilter/nf_tables.h`).
//!
//! Asked of the kernel itself: `nft list ruleset` takes half a minute and a gigabyte on a large node, and all that is
//! wanted here is which chains stand on a packet's way, and how many rules are in each.

use std::io;

use netlink_packet_core::NlasIterator;

use super::kernel::Part;
use super::netlink::{Client, Dump};
use crate::model::iptables::{Backend, Ruleset, TableKind};
use crate::model::{Family, NativeChain};

const NETLINK_NETFILTER: isize = 12;
const NFNL_SUBSYS_NFTABLES: u16 = 10 << 8;
const NFT_MSG_GETTABLE: u16 = 1;
const NFT_MSG_GETCHAIN: u16 = 4;
const NFT_MSG_GETRULE: u16 = 7;
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
    let chains = client.dump_raw(
        NFNL_SUBSYS_NFTABLES | NFT_MSG_GETCHAIN,
        &[0; HEADER],
        |_, body| chain(body).ok_or_else(|| "a chain".to_owned()),
    )?;
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
    let number = match family {
        Family::V4 => 2,
        Family::V6 => 10,
    };
    let request = [number, 0, 0, 0];
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
