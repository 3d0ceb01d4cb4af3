//! The rules of one chain of iptables-nft as the kernel tells them (`NFT_MSG_GETRULE`,
//! `include/uapi/linux/netfilter/nf_tables.h`), in the words of `iptables-nft -S CHAIN -v`.
//!
//! The kernel looks the chain up by its name and hands out its rules alone: a chain of three rules takes a tenth of a
//! millisecond, where the program takes three. The program is asked for every chain that has anything which is not known
//! here ([`rule`]).

mod rule;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

use std::io;

use super::netlink::Client;
use super::nft_chains::{self, NETLINK_NETFILTER, NF_DROP, NFNL_SUBSYS_NFTABLES};
use crate::model::Family;
use crate::model::iptables::TableKind;

const NFT_MSG_GETRULE: u16 = 7;
/// `struct nfgenmsg`.
const HEADER: usize = 4;

/// Asks for chains of this thread's namespace, whose kernel must have nf_tables.
pub(super) struct Rules(Client);

impl Rules {
    /// Opens a way to ask.
    pub fn open() -> io::Result<Self> {
        Client::open(NETLINK_NETFILTER).map(Self)
    }

    /// What `iptables-nft -t TABLE -S CHAIN -v` prints; `None` where only the program can tell.
    pub fn list(&mut self, family: Family, table: TableKind, chain: &str) -> Option<String> {
        let found = nft_chains::one(&mut self.0, family, table, chain).ok()??;
        let mut text = match found.hook {
            None => format!("-N {chain}\n"),
            Some(_) => {
                let policy = match found.policy {
                    NF_DROP => "DROP",
                    _ => "ACCEPT",
                };
                let (packets, bytes) = found.counters.unwrap_or_default();
                format!("-P {chain} {policy} -c {packets} {bytes}\n")
            }
        };
        let question = rule::question(family, table, chain);
        let kind = NFNL_SUBSYS_NFTABLES | NFT_MSG_GETRULE;
        let rules = self.0.dump_raw(kind, &question, |_, body| {
            body.get(HEADER..)
                .and_then(|attributes| rule::in_words(family, chain, attributes))
                .ok_or_else(String::new)
        });
        let rules = rules.ok().filter(|rules| rules.holes.is_empty())?;
        for rule in rules.entries {
            text.push_str(&rule);
            text.push('\n');
        }
        Some(text)
    }
}
