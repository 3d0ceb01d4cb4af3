//! Puts sets and virtual servers into the namespace that this thread is in, with ipset(8) and ipvsadm(8).

use std::fs;
use std::path::Path;

use super::{SYSCTLS, Services, Sets};
use crate::lab::LabError;
use crate::lab::tool::{feed, tool};

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
    let mut command = tool("ipset");
    command.arg("restore");
    feed(command, &sets.to_restore(), "ipset")
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
    let mut command = tool("ipvsadm");
    command.arg("--restore");
    feed(command, &text, "ipvsadm")
}
