//! Where things are in a bundle: paths → what stands there.

use std::path::{Component, Path};

use crate::model::NetnsName;

/// What a file of a bundle is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// Kubernetes objects.
    Objects,
    /// A network namespace of a node.
    Namespace {
        /// The node.
        node: String,
        /// The namespace.
        name: NetnsName,
    },
}

/// The folders at the root of a bundle.
const ROOT: [&str; 2] = ["nodes", "k8s"];

/// A file's path within its bundle, whose root may be the top of the archive or one folder down. `None` for files that
/// are no part of it; an error for paths that lead out of it.
pub fn inside(path: &Path) -> Result<Option<String>, String> {
    let mut parts = Vec::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::Normal(part) => parts.push(part.to_string_lossy()),
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => {
                return Err(format!(
                    "the path {:?} leads out of the bundle",
                    path.to_string_lossy()
                ));
            }
        }
    }
    let root = parts
        .iter()
        .take(2)
        .position(|part| ROOT.contains(&part.as_ref()));
    Ok(root
        .and_then(|root| parts.get(root..))
        .map(|parts| parts.join("/")))
}

/// What stands at a path within the bundle, and the file's name. `None` when a bundle has nothing there.
pub fn place(path: &str) -> Option<(Place, &str)> {
    let parts: Vec<&str> = path.split('/').collect();
    let (node, name, file) = match parts.as_slice() {
        ["k8s", file] => return Some((Place::Objects, file)),
        ["nodes", node, "host", file] => (node, NetnsName::Host, file),
        ["nodes", node, "pods", pod, file] => (node, pod_name(pod), file),
        ["nodes", node, "netns", name, file] => (node, NetnsName::Named((*name).to_owned()), file),
        _ => return None,
    };
    Some((
        Place::Namespace {
            node: (*node).to_owned(),
            name,
        },
        file,
    ))
}

/// `NS_POD`: a Kubernetes namespace has no underscore in its name. A folder without one is just a namespace's name.
fn pod_name(folder: &str) -> NetnsName {
    match folder.split_once('_') {
        Some((namespace, name)) if !namespace.is_empty() && !name.is_empty() => NetnsName::Pod {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        },
        _ => NetnsName::Named(folder.to_owned()),
    }
}
