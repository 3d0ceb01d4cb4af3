//! The network namespaces of this machine (namespaces(7), ip-netns(8)), and how to look into one.
//!
//! A namespace is entered by a fresh thread which ends afterwards, so that nothing has to be restored and nobody
//! else is moved. An open file keeps a namespace alive: one that was found cannot vanish while it is read.

use std::collections::{BTreeMap, HashSet};
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::thread;

use nix::sched::{CloneFlags, setns};
use nix::sys::statfs::{FsType, fstatfs};

use super::sandboxes::{self, Sandbox};
use crate::model::NetnsName;

/// The file system that namespaces are files of (include/uapi/linux/magic.h).
const NSFS_MAGIC: FsType = FsType(0x6e73_6673);
/// Where namespaces are given names: iproute2 and the CNI plugins, Docker.
const NAMED: [&str; 2] = ["/run/netns", "/run/docker/netns"];

/// A namespace that can be entered.
#[derive(Debug)]
pub(super) struct Handle {
    /// What it is.
    pub name: NetnsName,
    /// Holds it open.
    pub file: File,
    /// A process in it, where one is known.
    pub pid: Option<u32>,
}

/// What was found, and what could not be looked at.
pub(super) struct Found {
    /// The host's namespace first.
    pub handles: Vec<Handle>,
    /// What may be missing, in words.
    pub holes: Vec<String>,
}

/// Finds every namespace that a process is in or that has a name.
pub(super) fn find() -> io::Result<Found> {
    let mut holes = Vec::new();
    let (host, host_pid) = match File::open("/proc/1/ns/net") {
        Ok(file) => (file, Some(1)),
        Err(error) => {
            holes.push(format!(
                "the namespace of process 1 cannot be opened ({error}): that of this process is taken for the host's \
                 (hint: run as root)"
            ));
            (File::open("/proc/self/ns/net")?, None)
        }
    };
    let mut seen = HashSet::from([identity(&host)?]);
    let mut handles = vec![Handle {
        name: NetnsName::Host,
        file: host,
        pid: host_pid,
    }];
    let (by_process, hidden) = of_processes();
    for folder in NAMED {
        for (name, file) in named(Path::new(folder), &mut holes) {
            let id = identity(&file)?;
            if seen.insert(id) {
                handles.push(Handle {
                    name: NetnsName::Named(name),
                    file,
                    pid: by_process.get(&id).copied(),
                });
            }
        }
    }
    let mut unnamed: Vec<(u32, Identity)> =
        by_process.into_iter().map(|(id, pid)| (pid, id)).collect();
    unnamed.sort_unstable();
    for (pid, id) in unnamed {
        // A process that ended meanwhile took its namespace with it, or left it to others of a higher number.
        let Ok(file) = File::open(format!("/proc/{pid}/ns/net")) else {
            continue;
        };
        if identity(&file)? == id && seen.insert(id) {
            handles.push(Handle {
                name: NetnsName::Named(format!("pid-{pid}")),
                file,
                pid: Some(pid),
            });
        }
    }
    name_pods(&mut handles, &sandboxes::find(Path::new("/")))?;
    if hidden > 0 {
        holes.push(format!(
            "pods may be missing: processes whose namespace cannot be seen: {hidden} (hint: run as root)"
        ));
    }
    Ok(Found { handles, holes })
}

/// Gives the namespaces of sandboxes the names of their pods. The host's stays the host's.
fn name_pods(handles: &mut [Handle], sandboxes: &[Sandbox]) -> io::Result<()> {
    let pods: BTreeMap<Identity, &NetnsName> = sandboxes
        .iter()
        .map(|sandbox| (sandbox.netns, &sandbox.pod))
        .collect();
    for handle in handles.iter_mut().filter(|one| one.name != NetnsName::Host) {
        if let Some(pod) = pods.get(&identity(&handle.file)?) {
            handle.name = (*pod).clone();
        }
    }
    Ok(())
}

/// Device and inode tell one namespace from another (namespaces(7)).
type Identity = (u64, u64);

fn identity(file: &File) -> io::Result<Identity> {
    file.metadata()
        .map(|metadata| (metadata.dev(), metadata.ino()))
}

/// The lowest process in each namespace, and how many processes may not be looked at.
fn of_processes() -> (BTreeMap<Identity, u32>, usize) {
    let (mut lowest, mut hidden) = (BTreeMap::new(), 0);
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    for pid in processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok()) {
        match fs::metadata(format!("/proc/{pid}/ns/net")) {
            Ok(metadata) => {
                let first = lowest
                    .entry((metadata.dev(), metadata.ino()))
                    .or_insert(pid);
                *first = pid.min(*first);
            }
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => hidden += 1,
            // It ended, or is a zombie.
            Err(_) => {}
        }
    }
    (lowest, hidden)
}

/// The namespaces that a folder names, by name.
fn named(folder: &Path, holes: &mut Vec<String>) -> Vec<(String, File)> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Vec::new(),
        Err(error) => {
            holes.push(format!(
                "{} cannot be read ({error}): pods may be missing (hint: run as root)",
                folder.display()
            ));
            return Vec::new();
        }
    };
    let mut named = Vec::new();
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        match File::open(entry.path()) {
            // A plain file is what is left of a name whose namespace is gone.
            Ok(file) if fstatfs(&file).is_ok_and(|found| found.filesystem_type() == NSFS_MAGIC) => {
                named.push((name, file));
            }
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => holes.push(format!(
                "{} cannot be opened: {error}",
                entry.path().display()
            )),
        }
    }
    named.sort_by(|(a, _), (b, _)| a.cmp(b));
    named
}

/// Does some work inside a namespace, on a thread of its own.
pub(super) fn inside<T: Send>(
    namespace: &File,
    work: impl FnOnce() -> T + Send,
) -> Result<T, String> {
    let visit = || {
        let here = File::open("/proc/thread-self/ns/net")
            .and_then(|file| identity(&file))
            .ok();
        // One's own needs no entering, and so no privilege.
        if here != identity(namespace).ok() {
            setns(namespace, CloneFlags::CLONE_NEWNET).map_err(|errno| {
                format!("cannot be entered ({errno}) (hint: run as root or with CAP_SYS_ADMIN)")
            })?;
        }
        Ok(work())
    };
    thread::scope(|scope| scope.spawn(visit).join())
        .unwrap_or_else(|_| Err("the reader failed, which is a fault of kubenet's".to_owned()))
}
