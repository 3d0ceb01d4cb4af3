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

use super::sandboxes::{self, Kept};
use crate::model::{CONTAINER_PREFIX, Holder, NetnsName, NetworkMode, Occupied, Runtime, Sandbox};

/// The file system that namespaces are files of (include/uapi/linux/magic.h).
const NSFS_MAGIC: FsType = FsType(0x6e73_6673);
/// Where namespaces are given names: iproute2 and the CNI plugins, Docker.
const NAMED: [&str; 2] = ["/run/netns", "/run/docker/netns"];

/// Where crictl is told which runtime to ask.
const RUNTIME_ENDPOINT: &str = "CONTAINER_RUNTIME_ENDPOINT";

/// A namespace that can be entered.
#[derive(Debug)]
pub(super) struct Handle {
    /// What it is.
    pub name: NetnsName,
    /// Holds it open.
    pub file: File,
    /// The file that it is pinned to, where one is known.
    pub pinned: Option<String>,
    /// Whether a process is in it.
    pub occupied: Occupied,
}

/// What was found, and what could not be looked at.
pub(super) struct Found {
    /// The host's namespace first.
    pub handles: Vec<Handle>,
    /// The sandboxes of container runtimes.
    pub sandboxes: Vec<Sandbox>,
    /// The runtimes that told of all of theirs.
    pub runtimes: Vec<Runtime>,
    /// What may be missing, in words.
    pub holes: Vec<String>,
}

/// Finds every namespace that a process is in or that has a name.
pub(super) fn find() -> io::Result<Found> {
    let mut holes = Vec::new();
    let (host, occupied) = match File::open("/proc/1/ns/net") {
        Ok(file) => (file, Occupied::By(1)),
        Err(error) => {
            holes.push(format!(
                "the namespace of process 1 cannot be opened ({error}): that of this process is taken for the host's \
                 (hint: run as root)"
            ));
            (File::open("/proc/self/ns/net")?, Occupied::Unknown)
        }
    };
    let mut seen = HashSet::from([identity(&host)?]);
    let mut handles = vec![Handle {
        name: NetnsName::Host,
        file: host,
        pinned: None,
        occupied,
    }];
    let (by_process, hidden) = of_processes();
    for folder in NAMED {
        for (name, file) in named(Path::new(folder), &mut holes) {
            let id = identity(&file)?;
            if seen.insert(id) {
                let occupied = match by_process.get(&id) {
                    Some(pid) => Occupied::By(*pid),
                    None if hidden == 0 => Occupied::Nobody,
                    None => Occupied::Unknown,
                };
                handles.push(Handle {
                    pinned: Some(format!("{folder}/{name}")),
                    name: NetnsName::Named(name),
                    file,
                    occupied,
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
                pinned: None,
                occupied: Occupied::By(pid),
            });
        }
    }
    let endpoint = std::env::var(RUNTIME_ENDPOINT).ok();
    let told = sandboxes::find(Path::new("/"), endpoint.as_deref());
    holes.extend(told.holes);
    let sandboxes = placed(&handles, told.kept)?;
    name_holders(&mut handles, &sandboxes);
    if hidden > 0 {
        holes.push(format!(
            "pods may be missing: processes whose namespace cannot be seen: {hidden} (hint: run as root)"
        ));
    }
    Ok(Found {
        handles,
        sandboxes,
        runtimes: told.runtimes,
        holes,
    })
}

/// The sandboxes with their places among the namespaces filled in.
fn placed(handles: &[Handle], found: Vec<Kept>) -> io::Result<Vec<Sandbox>> {
    let mut places = BTreeMap::new();
    for (place, handle) in handles.iter().enumerate() {
        places.insert(identity(&handle.file)?, place);
    }
    let place = |kept: Kept| Sandbox {
        netns: kept.netns.and_then(|id| places.get(&id).copied()),
        ..kept.sandbox
    };
    Ok(found.into_iter().map(place).collect())
}

/// Gives namespaces the names of the pods and containers that they were made for. The host's stays the host's; of several
/// sandboxes of one pod the one that has a process names its namespace, if it is the only one.
fn name_holders(handles: &mut [Handle], sandboxes: &[Sandbox]) {
    // For each pod how many sandboxes it has, and how many of them have a process.
    let mut pods: BTreeMap<(&str, &str), (usize, usize)> = BTreeMap::new();
    for sandbox in sandboxes {
        if let Holder::Pod {
            namespace, name, ..
        } = &sandbox.holder
        {
            let (all, with_process) = pods.entry((namespace, name)).or_default();
            *all += 1;
            *with_process += usize::from(sandbox.pid.is_some());
        }
    }
    for sandbox in sandboxes {
        let name = match &sandbox.holder {
            Holder::Pod {
                namespace, name, ..
            } => match (pods.get(&(namespace, name)), sandbox.pid) {
                (Some((_, 1)), Some(_)) | (Some((1, _)), None) => NetnsName::Pod {
                    namespace: namespace.clone(),
                    name: name.clone(),
                },
                _ => continue,
            },
            // It uses what was made for the other one.
            Holder::Container {
                network: NetworkMode::Container(_),
                ..
            } => continue,
            Holder::Container { name, .. } => NetnsName::Named(format!("{CONTAINER_PREFIX}{name}")),
        };
        let place = sandbox.netns.and_then(|place| handles.get_mut(place));
        if let Some(handle) = place.filter(|one| one.name != NetnsName::Host) {
            handle.name = name;
        }
    }
}

/// Device and inode tell one namespace from another (namespaces(7)).
pub(super) type Identity = (u64, u64);

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
