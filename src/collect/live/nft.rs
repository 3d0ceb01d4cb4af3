//! Base chains of native nftables tables, and how many rules each has (`NFT_MSG_GETRULE`,
//! `include/uapi/linux/netfilter/nf_tables.h`).
//!
//! Asked of the kernel itself: `nft list ruleset` takes half a minute and a gigabyte on a large node, and all that is
//! wanted here is which chains stand on a packet's way, and how many rules are in each.

use std::io;

use super::kernel::Part;
use super::netlink::{Client, Dump};
use super::nft_chains::{
    Chain, IPTABLES, NETLINK_NETFILTER, NF_DROP, NFNL_SUBSYS_NFTABLES, chains,
};
use crate::model::iptables::{Backend, Ruleset};
use crate::model::{Family, NativeChain};

const NFT_MSG_GETRULE: u16 = 7;
const NFTA_RULE_TABLE: u16 = 1;
const NFTA_RULE_CHAIN: u16 = 2;

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
