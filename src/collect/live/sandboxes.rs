//! The pods' sandboxes as container runtimes keep them on disk: which pod a network namespace is of, known without the
//! Kubernetes API.
//!
//! A sandbox's OCI configuration (`config.json`, opencontainers/runtime-spec) names its pod in annotations, and its
//! network namespace by the file that the runtime pinned it to. containerd writes it into the bundle of its runtime v2
//! task (also k3s's and RKE2's), with the first process in `init.pid`; CRI-O into its run directory, with the process in
//! `pidfile`. A pod in its node's own network has no such namespace. Docker's are in [`super::docker`]. What the files do
//! not tell the runtimes themselves are asked ([`super::cri`]).

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::namespaces::Identity;
use super::{cri, docker};
use crate::model::{Holder, Runtime, Sandbox};

/// Where a runtime has a folder for each container, and what files of it are in that.
struct Place {
    runtime: Runtime,
    folder: &'static str,
    config: &'static str,
    pid: &'static str,
}

const PLACES: [Place; 3] = [
    Place {
        runtime: Runtime::Containerd,
        folder: "/run/containerd/io.containerd.runtime.v2.task/k8s.io",
        config: "config.json",
        pid: "init.pid",
    },
    Place {
        runtime: Runtime::K3s,
        folder: "/run/k3s/containerd/io.containerd.runtime.v2.task/k8s.io",
        config: "config.json",
        pid: "init.pid",
    },
    Place {
        runtime: Runtime::CriO,
        folder: "/run/containers/storage/overlay-containers",
        config: "userdata/config.json",
        pid: "userdata/pidfile",
    },
];
/// More than any configuration has to say.
const LIMIT: u64 = 4 << 20;

/// A sandbox, and which network namespace it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Kept {
    /// The sandbox, its place among the namespaces not filled in.
    pub sandbox: Sandbox,
    /// Its namespace, if it was found; the host's of a pod in its node's network.
    pub netns: Option<Identity>,
}

/// The sandboxes of a machine, and what is not known of them.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Those that have a network namespace or a process.
    pub kept: Vec<Kept>,
    /// The runtimes that told of all of theirs.
    pub runtimes: Vec<Runtime>,
    /// What may be missing, in words.
    pub holes: Vec<String>,
}

/// The sandboxes of this machine, whose absolute names begin at `root`: by files, and for what these do not tell by the
/// runtimes themselves, of which one more may be `named` by its endpoint.
pub(super) fn find(root: &Path, named: Option<&str>) -> Found {
    let mut kept = of_files(root);
    let told = cri::ask(root, named, &kept);
    let ready: HashMap<&str, bool> = told
        .ready
        .iter()
        .map(|(id, ready)| (id.as_str(), *ready))
        .collect();
    for one in &mut kept {
        one.sandbox.ready = ready.get(one.sandbox.id.as_str()).copied();
    }
    kept.extend(told.kept);
    Found {
        kept,
        runtimes: told.runtimes,
        holes: told.holes,
    }
}

/// The sandboxes that files tell of.
fn of_files(root: &Path) -> Vec<Kept> {
    let mut found = Vec::new();
    for place in &PLACES {
        // Other runtimes have none.
        let containers = fs::read_dir(within(root, place.folder))
            .into_iter()
            .flatten();
        let mut folders: Vec<PathBuf> = containers.flatten().map(|entry| entry.path()).collect();
        folders.sort();
        found.extend(
            folders
                .iter()
                .filter_map(|folder| read(root, place, folder)),
        );
    }
    found.extend(docker::find(root));
    found
}

/// The sandbox that a folder is of; `None` for other containers, and for what makes no sense.
fn read(root: &Path, place: &Place, folder: &Path) -> Option<Kept> {
    let config = read_json(&folder.join(place.config))?;
    let holder = pod(&config["annotations"])?;
    let pid = read_text(&folder.join(place.pid)).and_then(|text| text.trim().parse().ok());
    let of_process = pid.and_then(|pid| namespace_of(root, pid));
    let namespaces = config["linux"]["namespaces"].as_array()?;
    let own = namespaces.iter().find(|one| one["type"] == "network");
    let netns = match own.map(|own| own["path"].as_str()) {
        Some(Some(path)) => identity_of(&within(root, path))?,
        // Made together with the process, or the host's: in either case the process's.
        Some(None) | None => of_process?,
    };
    let sandbox = Sandbox {
        id: folder.file_name()?.to_str()?.to_owned(),
        runtime: place.runtime,
        holder,
        // A number that was left behind may be another process's now.
        pid: pid.filter(|_| of_process == Some(netns)),
        ready: None,
        netns: None,
    };
    Some(Kept {
        sandbox,
        netns: Some(netns),
    })
}

/// The pod whose sandbox it is: containerd's annotations (pkg/cri/annotations), or CRI-O's, which keeps the sandbox's
/// metadata as JSON in one.
fn pod(annotations: &Value) -> Option<Holder> {
    let text = |key: &str| annotations[key].as_str().map(str::to_owned);
    if text("io.kubernetes.cri.container-type").as_deref() == Some("sandbox") {
        return Some(Holder::Pod {
            namespace: text("io.kubernetes.cri.sandbox-namespace")?,
            name: text("io.kubernetes.cri.sandbox-name")?,
            uid: text("io.kubernetes.cri.sandbox-uid"),
        });
    }
    if text("io.kubernetes.cri-o.ContainerType").as_deref() == Some("sandbox") {
        let metadata: Value = serde_json::from_str(&text("io.kubernetes.cri-o.Metadata")?).ok()?;
        let part = |key: &str| metadata[key].as_str().map(str::to_owned);
        return Some(Holder::Pod {
            namespace: part("namespace")?,
            name: part("name")?,
            uid: part("uid"),
        });
    }
    None
}

/// An absolute name, on a machine whose absolute names begin at `root`.
pub(super) fn within(root: &Path, path: &str) -> PathBuf {
    root.join(path.trim_start_matches('/'))
}

/// Which namespace a file stands for.
pub(super) fn identity_of(path: &Path) -> Option<Identity> {
    let metadata = fs::metadata(path).ok()?;
    Some((metadata.dev(), metadata.ino()))
}

/// The network namespace of a process; `None` when there is no such process, or it may not be looked at.
pub(super) fn namespace_of(root: &Path, pid: u32) -> Option<Identity> {
    identity_of(&within(root, &format!("proc/{pid}/ns/net")))
}

/// A file of JSON; `None` when there is none, or it makes no sense.
pub(super) fn read_json(file: &Path) -> Option<Value> {
    serde_json::from_str(&read_text(file)?).ok()
}

pub(super) fn read_text(file: &Path) -> Option<String> {
    let mut text = String::new();
    let file = File::open(file).ok()?;
    file.take(LIMIT).read_to_string(&mut text).ok()?;
    Some(text)
}

#[cfg(test)]
mod tests;
