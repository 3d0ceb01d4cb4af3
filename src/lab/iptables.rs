//! Puts rules into the namespace that this thread is in, with iptables-restore(8) of either backend.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use super::LabError;
use super::spec::IptablesBackend;
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
    let program = program(backend, family);
    let missing = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => LabError::hinted(
            format!("run {program}"),
            "it is not installed",
            "`apt install iptables`",
        ),
        _ => LabError::step(format!("run {program}"), error),
    };
    let mut child = tool(program)
        .env("XTABLES_LOCKFILE", lock)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(missing)?;
    // A program that stops reading says why on its standard error, which is read below.
    let written = child
        .stdin
        .take()
        .map(|mut input| input.write_all(text.as_bytes()));
    let output = child.wait_with_output().map_err(missing)?;
    if output.status.success() && matches!(written, Some(Ok(()))) {
        return Ok(());
    }
    let why = String::from_utf8_lossy(&output.stderr);
    Err(LabError::step(
        format!("restore rules with {program}"),
        why.trim(),
    ))
}

/// A command looked for where administration tools are, too: users' PATH often lacks them.
pub fn tool(program: impl AsRef<std::ffi::OsStr>) -> Command {
    let path = std::env::var("PATH").unwrap_or_default();
    let mut command = Command::new(program);
    command.env("PATH", format!("{path}:/usr/sbin:/sbin:/usr/bin:/bin"));
    command
}
