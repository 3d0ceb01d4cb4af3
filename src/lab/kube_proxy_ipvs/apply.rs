//! Puts sets and virtual servers into the namespace that this thread is in, with ipset(8) and ipvsadm(8).

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;

use super::{SYSCTLS, Services, Sets};
use crate::lab::LabError;
use crate::lab::iptables::tool;

/// There where the kernel has IPVS.
const IPVS: &str = "/proc/thread-self/net/ip_vs";

/// Makes sure that the kernel has IPVS, loading it where it is a module.
pub fn check_kernel() -> Result<(), LabError> {
    let is_there = || Path::new(IPVS).exists();
    if !is_there() {
        // Where there is no modprobe, the kernel has it or has not.
        let _ = tool("modprobe").args(["-q", "ip_vs"]).status();
    }
    match is_there() {
        true => Ok(()),
        false => Err(LabError::hinted(
            "build a lab in kube-proxy's ipvs mode",
            "this kernel has no ip_vs",
            "leave out `--proxy ipvs`, or use a kernel that has it",
        )),
    }
}

/// Makes the sets of one address family.
pub fn apply_sets(sets: &Sets) -> Result<(), LabError> {
    feed(
        "ipset",
        &["restore"],
        &sets.to_restore(),
        "`apt install ipset`",
    )
}

/// Makes settings and the virtual servers of a node.
pub fn apply_services(services: &[Services]) -> Result<(), LabError> {
    for (path, value) in SYSCTLS {
        let path = Path::new("/proc/sys").join(path);
        fs::write(&path, value).map_err(|error| LabError::file(path, error))?;
    }
    let mut text = String::new();
    for server in services.iter().flat_map(|all| &all.virtual_servers) {
        for line in std::iter::once(&server.raw).chain(server.servers.iter().map(|one| &one.raw)) {
            text.push_str(line);
            text.push('\n');
        }
    }
    feed("ipvsadm", &["--restore"], &text, "`apt install ipvsadm`")
}

/// Runs a program that reads what it shall do.
fn feed(program: &str, arguments: &[&str], text: &str, hint: &str) -> Result<(), LabError> {
    let cannot = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => {
            LabError::hinted(format!("run {program}"), "it is not installed", hint)
        }
        _ => LabError::step(format!("run {program}"), error),
    };
    let mut child = tool(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(cannot)?;
    // A program that stops reading says why on its standard error, which is read below.
    let written = child
        .stdin
        .take()
        .map(|mut input| input.write_all(text.as_bytes()));
    let output = child.wait_with_output().map_err(cannot)?;
    if output.status.success() && matches!(written, Some(Ok(()))) {
        return Ok(());
    }
    let why = String::from_utf8_lossy(&output.stderr);
    let step = format!("restore with {program} {}", arguments.join(" "));
    Err(LabError::step(step, why.trim()))
}
