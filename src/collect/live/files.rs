//! Files that say something about the network: flannel's own, and `resolv.conf` as a namespace's processes see it.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::AsFd;

use nix::fcntl::{OFlag, OpenHow, ResolveFlag, openat2};

use crate::model::FlannelConfig;

/// None of these files has more to say.
const LIMIT: u64 = 64 << 10;

/// `/etc/resolv.conf` in the file system of a process; `None` when it has none.
pub(super) fn resolv_conf(pid: u32) -> io::Result<Option<String>> {
    read(pid, "etc/resolv.conf")
}

/// Flannel's files on this node, in the file system of its first process.
pub(super) fn flannel() -> io::Result<FlannelConfig> {
    let subnet_env = read(1, "run/flannel/subnet.env")?.unwrap_or_default();
    let net_conf = read(1, "etc/kube-flannel/net-conf.json")?;
    Ok(FlannelConfig::of(&subnet_env, net_conf))
}

/// A file under a process's root. A link in a container leads to the container's own files, never to ours, and
/// something that is no plain file is not waited for.
fn read(pid: u32, path: &str) -> io::Result<Option<String>> {
    let root = match File::open(format!("/proc/{pid}/root")) {
        Ok(root) => root,
        // The process ended.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let how = OpenHow::new()
        .flags(OFlag::O_RDONLY | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC)
        .resolve(ResolveFlag::RESOLVE_IN_ROOT);
    let file = match openat2(root.as_fd(), path, how)
        .map(File::from)
        .map_err(io::Error::from)
    {
        Ok(file) => file,
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
            ) =>
        {
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    if !file.metadata()?.is_file() {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    file.take(LIMIT).read_to_end(&mut bytes)?;
    Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
}
