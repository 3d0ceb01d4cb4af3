//! Puts rules into the namespace that this thread is in, with iptables-restore(8) of either backend.

use std::path::Path;

use super::LabError;
use super::spec::IptablesBackend;
use super::tool::{feed, tool};
use crate::model::Family;

/// The program that restores rules of an address family into a backend.
pub fn program(backend: IptablesBackend, family: Family) -> &'static str {
    match (backend, family) {
        (IptablesBackend::Nft, Family::V4) => "iptables-nft-restore",
        (IptablesBackend::Nft, Family::V6) => "ip6tables-nft-restore",
        (IptablesBackend::Legacy, Family::V4) => "iptables-legacy-restore",
        (IptablesBackend::Legacy, Family::V6) => "ip6tables-legacy-restore",
    }
}

/// Restores a ruleset. The tools' lock is the lab's own file: the machine's concerns another namespace.
pub fn restore(
    backend: IptablesBackend,
    family: Family,
    text: &str,
    lock: &Path,
) -> Result<(), LabError> {
    let mut command = tool(program(backend, family));
    command.env("XTABLES_LOCKFILE", lock);
    feed(command, text, "iptables")
}
