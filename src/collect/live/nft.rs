//! Native nftables tables, through `nft -j list table` (nft(8)).
//!
//! Which tables there are the kernel tells itself; those of iptables-nft are not asked for, as nft takes half a minute
//! and a gigabyte to print large ones. Native tables are read whole: kube-proxy's for 5,000 Services takes 1.3 s, one
//! chain of it 0.75 s, as nft lists the rules of all chains whichever is asked for, and a packet meets ten of them.
//!
//! nf_tables numbers its changes: tables that changed while they were read are read again.

use std::collections::BTreeSet;
use std::io;

use super::kernel::Part;
use super::netlink::{Client, Dump};
use super::nft_chains::{self, Chain, IPTABLES, NETLINK_NETFILTER};
use super::{command, read};
use crate::collect::bundle::nft::parse;
use crate::model::iptables::{Backend, Ruleset as Iptables};
use crate::model::nftables::{Ruleset, TableFamily};
use crate::model::{self, Family};

/// NFPROTO_*.
const FAMILIES: [(u8, TableFamily); 6] = [
    (1, TableFamily::Inet),
    (2, TableFamily::Ip),
    (3, TableFamily::Arp),
    (5, TableFamily::Netdev),
    (7, TableFamily::Bridge),
    (10, TableFamily::Ip6),
];

/// Readings before it is given up that the rules stay as they are.
const ATTEMPTS: usize = 3;

/// The native tables of this thread's namespace; `rulesets` are those of iptables.
pub(super) fn read(rulesets: &[Iptables], report: &mut read::Report) -> Result<Ruleset, String> {
    match Part::NfTables.is_there() {
        Some(true) => {}
        // What is not loaded has no chains.
        Some(false) => return Ok(empty()),
        None => {
            return Err("nftables: it cannot be told whether the kernel has nf_tables, and asking might load it: its \
                 rules were not read (hint: run as root)"
                .to_owned());
        }
    }
    let mut attempt = 0;
    loop {
        attempt += 1;
        let before = nft_chains::generation().ok();
        let native = native_chains(rulesets).map_err(|error| {
            let hint = match error.kind() {
                io::ErrorKind::PermissionDenied => " (hint: run as root)",
                _ => "",
            };
            format!("nftables: not read: {error}{hint}")
        })?;
        if native.entries.is_empty() && native.holes.is_empty() {
            return Ok(empty());
        }
        let mut trial = report.trial();
        let ruleset = tables(native, &mut trial);
        let unchanged = before.is_some() && nft_chains::generation().ok() == before;
        if unchanged || attempt == ATTEMPTS {
            if !unchanged {
                let why = "nftables: rules kept changing while they were read: tables may be of different moments \
                     (hint: ask again)";
                trial.add(why);
            }
            report.accept(trial);
            return Ok(ruleset);
        }
    }
}

fn empty() -> Ruleset {
    Ruleset {
        origin: "nft".to_owned(),
        tables: Vec::new(),
    }
}

/// The tables that have those chains.
fn tables(native: Dump<(TableFamily, Chain)>, report: &mut read::Report) -> Ruleset {
    let mut ruleset = empty();
    for hole in native.holes {
        report.lost(
            model::Part::NativeNft,
            format!("nftables: not understood: {hole}"),
        );
    }
    let Some(program) = command::find("nft") else {
        let why =
            "there is no nft program: native nftables rules were not read (hint: install nftables)";
        report.lost(model::Part::NativeNft, why.to_owned());
        return ruleset;
    };
    let tables: BTreeSet<(TableFamily, &str)> = native
        .entries
        .iter()
        .map(|(family, chain)| (*family, chain.table.as_str()))
        .collect();
    for (family, table) in tables {
        let arguments = ["-j", "list", "table", family.name(), table];
        match command::run(&program, &arguments) {
            Ok(text) => {
                let command = format!("nft {}", arguments.join(" "));
                report.parsed(model::Part::NativeNft, &command, |lines| {
                    parse(&text, &mut ruleset, lines)
                });
            }
            Err(why) => report.lost(model::Part::NativeNft, why),
        }
    }
    // The JSON of nft 1.0.6 does not say at which devices chains hang.
    for (family, chain) in native.entries {
        let table = ruleset.table_mut(family, &chain.table);
        if let Some(base) = &mut table.chain_mut(&chain.name).base
            && !chain.devices.is_empty()
        {
            base.devices = chain.devices.into_iter().map(Into::into).collect();
        }
    }
    ruleset
}

/// The chains which are not those of iptables-nft.
fn native_chains(rulesets: &[Iptables]) -> io::Result<Dump<(TableFamily, Chain)>> {
    let mut client = Client::open(NETLINK_NETFILTER)?;
    let tables = nft_chains::tables(&mut client, 0)?;
    let mut native = Dump {
        holes: tables.holes,
        ..Dump::default()
    };
    let mut families = BTreeSet::new();
    for (number, table) in tables.entries {
        match FAMILIES.iter().find(|(family, _)| *family == number) {
            None => native.holes.push(format!(
                "the table {table} is of the family {number}, which is not known"
            )),
            // Of iptables-nft's there may be tens of thousands: they are listed when another table is beside them.
            Some((_, family)) if !is_told_by_iptables(*family, &table, rulesets) => {
                families.insert((*family, number));
            }
            Some(_) => {}
        }
    }
    for (family, number) in families {
        let chains = nft_chains::chains(&mut client, number)?;
        native.holes.extend(chains.holes);
        let entries = chains.entries.into_iter();
        let natives = entries.filter(|chain| !is_of_iptables(family, chain, rulesets));
        native.entries.extend(natives.map(|chain| (family, chain)));
    }
    Ok(native)
}

/// Whether a chain is in a table that `iptables-nft-save` has told of, or would have if it could be run.
fn is_of_iptables(family: TableFamily, chain: &Chain, rulesets: &[Iptables]) -> bool {
    match as_of_iptables(family, &chain.table, rulesets) {
        Some(Some(told)) => told,
        // Base chains of iptables are in capitals; that they were not read is reported already.
        Some(None) => chain.name.bytes().all(|byte| byte.is_ascii_uppercase()),
        None => false,
    }
}

/// Whether `iptables-nft-save` has told what is in the table.
fn is_told_by_iptables(family: TableFamily, table: &str, rulesets: &[Iptables]) -> bool {
    as_of_iptables(family, table, rulesets) == Some(Some(true))
}

/// Whether the rules of a table that has the name of one of iptables were told of: `Some(None)` when those of no table of
/// its family were, `None` when it has another name.
fn as_of_iptables(family: TableFamily, table: &str, rulesets: &[Iptables]) -> Option<Option<bool>> {
    let family = match family {
        TableFamily::Ip => Family::V4,
        TableFamily::Ip6 => Family::V6,
        _ => return None,
    };
    let (_, kind) = IPTABLES.iter().find(|(name, _)| *name == table)?;
    let saved = rulesets
        .iter()
        .find(|ruleset| ruleset.family == family && ruleset.backend == Backend::Nft);
    Some(saved.map(|saved| saved.table(*kind).is_some()))
}
