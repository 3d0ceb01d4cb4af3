//! What is registered at a hook, by priority: the tables of both backends of iptables, native nftables chains, and what
//! the kernel registers itself (net/netfilter/core.c, `nf_hook_entries_grow`).

use super::{BaseChain, Hook, Slot};
use crate::model::iptables::{Backend, Policy, TableKind};
use crate::model::nftables::{ChainKind, Statement, TableFamily};
use crate::model::{Family, Netns};
use crate::walk::conntrack::Manipulation;
use crate::walk::nftables::NativeChain;

/// A chain that is asked at a hook.
#[derive(Debug, Clone, Copy)]
pub(super) enum Asked<'c> {
    Iptables(BaseChain<'c>),
    Native(NativeChain<'c>),
}

/// What comes at a priority.
#[derive(Debug)]
pub(super) enum Entry<'c> {
    /// Chains of one priority.
    Chains(Vec<Asked<'c>>),
    /// Something of the kernel's own.
    Slot(Slot),
}

impl<'c> Asked<'c> {
    pub(super) fn priority(&self) -> i32 {
        match self {
            Self::Iptables(base) => priority(base.table.kind, base.ruleset.backend),
            Self::Native(native) => native.base.priority,
        }
    }

    /// Whether it can make a difference to any packet.
    pub(super) fn matters(&self) -> bool {
        match self {
            Self::Iptables(base) => {
                !base.chain.is_empty()
                    || base.chain.policy == Some(Policy::Drop)
                    || base.table.may_lack_rules_of(base.chain)
            }
            Self::Native(native) => native.matters(),
        }
    }

    /// Whether what is made here is routed again when this chain has changed it.
    pub fn reroutes(&self) -> bool {
        match self {
            Self::Iptables(base) => base.table.kind == TableKind::Mangle,
            Self::Native(native) => native.base.kind == ChainKind::Route,
        }
    }

    pub(super) fn name(&self) -> String {
        match self {
            Self::Iptables(base) => {
                let kind = super::chain::table_name(base.table.kind);
                format!("{} {kind} {}", super::chain::tool(*base), base.chain.name)
            }
            Self::Native(native) => format!("nft {}", native.name()),
        }
    }
}

/// Priorities of iptables' tables; of `nat`, those of destination translation. iptables-nft has security at one of its own
/// (iptables/nft.c), behind the translation of sources.
fn priority(table: TableKind, backend: Backend) -> i32 {
    match (table, backend) {
        (TableKind::Raw, _) => -300,
        (TableKind::Mangle, _) => -150,
        (TableKind::Nat, _) => -100,
        (TableKind::Filter, _) => 0,
        (TableKind::Security, Backend::Legacy) => 50,
        (TableKind::Security, Backend::Nft) => 150,
    }
}

impl Slot {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Conntrack => "connection tracking",
            Self::Nat(_) => "address translation",
            Self::VirtualServer | Self::VirtualServerAnswer => "IPVS",
        }
    }

    fn priority(self, hook: Hook) -> i32 {
        match (self, hook) {
            (Self::Conntrack, _) => -200,
            (Self::Nat(Manipulation::Destination), _) => -100,
            (Self::Nat(Manipulation::Source), _) => 100,
            (Self::VirtualServerAnswer, Hook::Output) => -99,
            (Self::VirtualServer, Hook::Output) => -98,
            (Self::VirtualServerAnswer, Hook::Input) => 98,
            (Self::VirtualServer, _) => 99,
            (Self::VirtualServerAnswer, _) => 100,
        }
    }
}

/// Everything at a hook, by priority; the kernel's own before chains of the same one.
pub(super) fn entries(netns: &Netns, family: Family, hook: Hook) -> Vec<(i32, Entry<'_>)> {
    let mut entries: Vec<(i32, Entry<'_>)> = hook
        .slots()
        .iter()
        .map(|slot| (slot.priority(hook), Entry::Slot(*slot)))
        .collect();
    let tables = [
        TableKind::Raw,
        TableKind::Mangle,
        TableKind::Filter,
        TableKind::Security,
    ]
    .into_iter()
    .flat_map(|kind| iptables_chains(netns, family, hook, kind));
    let native = native_chains(netns, family, hook)
        .into_iter()
        .filter(|chain| chain.base.kind != ChainKind::Nat)
        .map(Asked::Native);
    for asked in tables.chain(native) {
        let at = asked.priority();
        let same = entries
            .iter_mut()
            .find_map(|(priority, entry)| match entry {
                Entry::Chains(chains) if *priority == at => Some(chains),
                _ => None,
            });
        match same {
            Some(chains) => chains.push(asked),
            None => {
                let behind = entries.partition_point(|(priority, _)| *priority <= at);
                entries.insert(behind, (at, Entry::Chains(vec![asked])));
            }
        }
    }
    entries
}

/// The nat chains of a hook, which are called by one hook of the kernel's, by their priorities.
pub(super) fn nat_chains(netns: &Netns, family: Family, hook: Hook) -> Vec<Vec<Asked<'_>>> {
    let mut chains = iptables_chains(netns, family, hook, TableKind::Nat);
    let native = match may_track(netns, family) {
        true => native_chains(netns, family, hook),
        false => Vec::new(),
    };
    chains.extend(
        native
            .into_iter()
            .filter(|chain| chain.base.kind == ChainKind::Nat)
            .map(Asked::Native),
    );
    let source = matches!(hook, Hook::Input | Hook::Postrouting);
    let priority = |asked: &Asked<'_>| match asked {
        Asked::Iptables(_) if source => 100,
        asked => asked.priority(),
    };
    chains.sort_by_key(priority);
    chains
        .chunk_by(|a, b| priority(a) == priority(b))
        .map(<[_]>::to_vec)
        .collect()
}

/// The base chains of a table at a hook, one for each backend that has it.
fn iptables_chains(netns: &Netns, family: Family, hook: Hook, kind: TableKind) -> Vec<Asked<'_>> {
    netns
        .iptables
        .iter()
        .filter(|ruleset| ruleset.family == family)
        .filter_map(|ruleset| {
            let table = ruleset.table(kind)?;
            let chain = table.chain(hook.chain())?;
            Some(Asked::Iptables(BaseChain {
                ruleset,
                table,
                chain,
            }))
        })
        .collect()
}

/// Native base chains at a hook, the table made last first.
fn native_chains(netns: &Netns, family: Family, hook: Hook) -> Vec<NativeChain<'_>> {
    let Some(ruleset) = &netns.nftables else {
        return Vec::new();
    };
    let its = match family {
        Family::V4 => TableFamily::Ip,
        Family::V6 => TableFamily::Ip6,
    };
    let mut chains: Vec<NativeChain<'_>> = ruleset
        .base_chains()
        .filter(|(table, _, base)| {
            (table.family == its || table.family == TableFamily::Inet)
                && base.hook.eq_ignore_ascii_case(hook.chain())
        })
        .map(|(table, chain, base)| NativeChain {
            ruleset,
            table,
            chain,
            base,
        })
        .collect();
    chains.reverse();
    chains
}

/// Whether connections are tracked here: the kernel does so for the sake of rules that ask for it, and a chain of type nat
/// alone is none. Without connections no nat chain is asked.
pub(super) fn may_track(netns: &Netns, family: Family) -> bool {
    let its = match family {
        Family::V4 => TableFamily::Ip,
        Family::V6 => TableFamily::Ip6,
    };
    let native = netns.nftables.iter().flat_map(|ruleset| &ruleset.tables);
    let mut rules = native
        .filter(|table| table.family == its || table.family == TableFamily::Inet)
        .flat_map(|table| &table.chains)
        .flat_map(|chain| &chain.rules);
    // What iptables and IPVS have may ask for it too.
    let others = netns.iptables.iter().any(|ruleset| {
        let mut chains = ruleset.chains();
        ruleset.family == family && chains.any(|(_, chain)| !chain.is_empty())
    });
    others
        || netns.virtual_servers.iter().flatten().next().is_some()
        || netns.conntrack.iter().flatten().next().is_some()
        || rules.any(|rule| rule.statements.iter().any(Statement::needs_conntrack))
}

/// Whether translation is registered at the hooks, which the first base chain of type nat does for all of them
/// (`nf_nat_register_fn`). Without one, not even connections that have a translation get it.
pub(in crate::walk) fn is_registered(netns: &Netns, family: Family) -> bool {
    let own = match family {
        Family::V4 => TableFamily::Ip,
        Family::V6 => TableFamily::Ip6,
    };
    let mut rulesets = netns.iptables.iter().filter(|rules| rules.family == family);
    let of_iptables = rulesets.any(|rules| {
        let chains = rules.table(TableKind::Nat).map(|table| table.chains());
        let mut chains = chains.unwrap_or_default().iter();
        rules.may_lack(TableKind::Nat) || chains.any(|chain| chain.policy.is_some())
    });
    let tables = netns.nftables.iter().flat_map(|rules| &rules.tables);
    let mut native = tables
        .filter(|table| [own, TableFamily::Inet].contains(&table.family))
        .flat_map(|table| &table.chains)
        .filter_map(|chain| chain.base.as_ref());
    of_iptables || native.any(|base| base.kind == ChainKind::Nat)
}
