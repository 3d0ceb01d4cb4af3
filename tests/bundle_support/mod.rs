//! What the tests of bundles share: archives made and taken apart without the code under test.

#![allow(dead_code)] // Each test file uses a part of it.
#![allow(clippy::unwrap_used)]

#[path = "../captured/mod.rs"]
pub mod captured;

pub use captured::Files;
use kubenet::model::{Cluster, Netns, NetnsName};

/// The files of a cluster's bundle, by their paths within it.
pub fn fixture(name: &str) -> Files {
    captured::files(&captured::archive(name))
}

/// A tar archive of these files, below a folder.
pub fn tar_of<'a>(root: &str, files: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (path, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        builder
            .append_data(&mut header, format!("{root}{path}"), bytes)
            .unwrap();
    }
    builder.into_inner().unwrap()
}

/// Reads a bundle of these files.
pub fn load(files: &Files) -> Cluster {
    let files = files
        .iter()
        .map(|(path, bytes)| (path.as_str(), bytes.as_slice()));
    kubenet::collect::bundle::load_bytes("test.tar", &tar_of("bundle/", files)).unwrap()
}

/// Reads a bundle of one node `n`, whose own namespace has these files.
pub fn load_host(files: &[(&str, &str)]) -> Cluster {
    let place =
        |(name, text): &(&str, &str)| (format!("nodes/n/host/{name}"), text.as_bytes().to_vec());
    load(&files.iter().map(place).collect())
}

/// The namespace at a folder of the bundle, such as `nodes/master/pods/default_client-m`.
pub fn namespace<'a>(cluster: &'a Cluster, folder: &str) -> &'a Netns {
    let parts: Vec<&str> = folder.split('/').collect();
    let name = match parts[2..] {
        ["host"] => NetnsName::Host,
        ["pods", pod] => {
            let (namespace, name) = pod.split_once('_').unwrap();
            NetnsName::Pod {
                namespace: namespace.to_owned(),
                name: name.to_owned(),
            }
        }
        ["netns", name] => NetnsName::Named(name.to_owned()),
        _ => panic!("{folder} is no namespace"),
    };
    let node = cluster.nodes.iter().find(|node| node.name == parts[1]);
    let found = node.and_then(|node| node.netns.iter().find(|netns| netns.name == name));
    found.unwrap_or_else(|| panic!("{folder} was not read"))
}

/// The own namespace of node `n`.
pub fn host(cluster: &Cluster) -> &Netns {
    namespace(cluster, "nodes/n/host")
}

/// The gaps, as they are shown.
pub fn gaps(cluster: &Cluster) -> Vec<String> {
    cluster.gaps.iter().map(ToString::to_string).collect()
}
