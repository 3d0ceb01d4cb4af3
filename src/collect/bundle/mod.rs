//! Reads a bundle: a folder or tar of the outputs of standard tools (`ip -j`, `iptables-save`, ...), laid out by node
//! and network namespace.
//!
//! Whatever can be read is; everything else is said in [`Cluster::gaps`], by file and line. What is not there, or
//! blank, or makes no sense at all is `None` in the model, never empty.

mod addresses;
mod blocks;
mod bridge_text;
pub(in crate::collect) mod conntrack;
mod files;
mod filters;
mod icmp;
pub(super) mod ipset;
pub(super) mod ipvs;
pub(super) mod ipvs_connections;
pub(super) mod ipvs_proc;
mod json;
mod layout;
mod links;
mod namespace;
mod neighbors;
pub(super) mod nft;
mod peers;
mod ports;
mod routes;
mod rows;
mod rules;
mod sockets;
mod source;
mod sysctl;
mod tables;
mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::PathBuf;

use files::Files;
use layout::Place;
use source::{Limits, Source};

use super::objects::read_objects;
use super::report::Report;
use crate::model::{Cluster, Gap, NetnsName, Node, ObjectKind, Objects};

/// Why a bundle cannot be used at all.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// The file system, or the compression, says no.
    #[error(
        "cannot open the bundle {name}: {error}\nhint: give a directory, or a .tar, .tar.gz or .tar.zst of one"
    )]
    Open {
        /// The bundle as it was named.
        name: String,
        /// What the system says.
        error: io::Error,
    },
    /// A file of a kind that holds archives, but not one that is read.
    #[error(
        "{name} is packed in a way that is not read\nhint: unpack it, and give the directory or a .tar, .tar.gz or .tar.zst of it"
    )]
    Packed {
        /// The bundle as it was named.
        name: String,
    },
    /// A file without a single entry of a tar archive.
    #[error(
        "{name} is no tar archive{what}\nhint: a bundle is a directory, or a .tar, .tar.gz or .tar.zst of one"
    )]
    NoArchive {
        /// The bundle as it was named.
        name: String,
        /// What the archive's reader says.
        what: String,
    },
    /// There is nothing of a bundle in it.
    #[error(
        "there is no node in {name}\nhint: a bundle has files such as nodes/NODE/host/links.json (see `kubenet snapshot --script`)"
    )]
    NoNode {
        /// The bundle or bundles as they were named.
        name: String,
    },
}

/// Reads a cluster from bundles: one of all its nodes, or one a node.
pub fn load(paths: &[PathBuf]) -> Result<Cluster, BundleError> {
    let mut all = Source::default();
    for path in paths {
        add(
            &mut all,
            source::open(path, Limits::default())?,
            &path.display().to_string(),
        );
    }
    let names: Vec<String> = paths
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    cluster(all, &names.join(", "))
}

/// Reads a cluster from an archive in memory.
pub fn load_bytes(name: &str, bytes: &[u8]) -> Result<Cluster, BundleError> {
    cluster(source::archive(name, bytes, Limits::default())?, name)
}

/// Adds a source to those before it. Of a file that both have the first counts.
fn add(all: &mut Source, source: Source, name: &str) {
    all.gaps.extend(source.gaps);
    for (path, bytes) in source.files {
        match all.files.get(&path) {
            None => drop(all.files.insert(path, bytes)),
            Some(known) if *known == bytes => {}
            Some(_) => {
                let what = format!("stands differently in {name}, which is not used");
                all.gaps.push(Gap {
                    place: path,
                    line: None,
                    what,
                });
            }
        }
    }
}

/// The files of a namespace, by name.
type Folder = BTreeMap<String, Vec<u8>>;

fn cluster(source: Source, name: &str) -> Result<Cluster, BundleError> {
    let mut cluster = Cluster {
        gaps: source.gaps,
        ..Cluster::default()
    };
    cluster.objects = Objects::unread();
    let mut nodes: BTreeMap<String, BTreeMap<NetnsName, (String, Folder)>> = BTreeMap::new();
    for (path, bytes) in source.files {
        match layout::place(&path) {
            None => {}
            Some((Place::Objects, file)) if file == POLICIES || kind_in(file).is_some() => {
                let mut report = Report::new(&path, &mut cluster.gaps);
                let text = files::text_of(bytes, &mut report);
                read_objects(&text, &mut cluster.objects, &mut report);
                if let Some(kind) = kind_in(file).filter(|_| !report.has_lost()) {
                    cluster.objects.incomplete.remove(&kind);
                }
            }
            Some((Place::Objects, _)) => {}
            Some((Place::Namespace { node, name }, file)) => {
                let folder = path
                    .strip_suffix(file)
                    .unwrap_or(&path)
                    .trim_end_matches('/');
                let namespaces = nodes.entry(node).or_default();
                let (_, files) = namespaces
                    .entry(name)
                    .or_insert_with(|| (folder.to_owned(), Folder::new()));
                files.insert(file.to_owned(), bytes);
            }
        }
    }
    if nodes.is_empty() {
        return Err(BundleError::NoNode {
            name: name.to_owned(),
        });
    }
    for (name, namespaces) in nodes {
        let mut node = Node {
            name,
            netns: Vec::new(),
            sandboxes: Vec::new(),
            runtimes: Vec::new(),
        };
        for (name, (folder, files)) in namespaces {
            let files = Files {
                folder: &folder,
                files,
                gaps: &mut cluster.gaps,
                incomplete: BTreeSet::new(),
            };
            node.netns.push(namespace::read(name, files));
        }
        peers::find(&mut node);
        cluster.nodes.push(node);
    }
    Ok(cluster)
}

/// The files of Kubernetes objects.
const KINDS: [(&str, ObjectKind); 4] = [
    ("nodes.json", ObjectKind::Node),
    ("pods.json", ObjectKind::Pod),
    ("services.json", ObjectKind::Service),
    ("endpointslices.json", ObjectKind::EndpointSlice),
];
/// Read only to find what is wrong with it.
const POLICIES: &str = "networkpolicies.json";

/// The kind of objects that a file is there for.
fn kind_in(file: &str) -> Option<ObjectKind> {
    let mut kinds = KINDS.into_iter();
    kinds.find(|(name, _)| *name == file).map(|(_, kind)| kind)
}
