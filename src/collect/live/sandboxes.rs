//! The pods' sandboxes as container runtimes keep them on disk: which pod a network namespace is of, known without the
//! Kubernetes API and without asking the runtime.
//!
//! A sandbox's OCI configuration (`config.json`, opencontainers/runtime-spec) names its pod in annotations, and its
//! network namespace by the file that the runtime pinned it to. containerd writes it into the bundle of its runtime v2
//! task (also k3s's and RKE2's), CRI-O into its run directory. A pod in its node's own network has no such file.

use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::model::NetnsName;

/// Where there is a folder for each container, and where its configuration is in that.
const PLACES: [(&str, &str); 3] = [
    (
        "run/containerd/io.containerd.runtime.v2.task/k8s.io",
        "config.json",
    ),
    (
        "run/k3s/containerd/io.containerd.runtime.v2.task/k8s.io",
        "config.json",
    ),
    (
        "run/containers/storage/overlay-containers",
        "userdata/config.json",
    ),
];
/// More than any configuration has to say.
const LIMIT: u64 = 4 << 20;

/// A pod's sandbox with a network namespace of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sandbox {
    /// The pod.
    pub pod: NetnsName,
    /// Device and inode of its network namespace.
    pub netns: (u64, u64),
}

/// The sandboxes of this machine, whose absolute names begin at `root`.
pub(super) fn find(root: &Path) -> Vec<Sandbox> {
    let mut found = Vec::new();
    for (folder, file) in PLACES {
        // Other runtimes have none.
        let containers = fs::read_dir(root.join(folder)).into_iter().flatten();
        for container in containers.flatten() {
            found.extend(read(root, &container.path().join(file)));
        }
    }
    found
}

/// The sandbox that a configuration is of; `None` for other containers, and for what makes no sense.
fn read(root: &Path, file: &Path) -> Option<Sandbox> {
    let mut text = String::new();
    File::open(file)
        .ok()?
        .take(LIMIT)
        .read_to_string(&mut text)
        .ok()?;
    let config: Value = serde_json::from_str(&text).ok()?;
    let (namespace, name) = pod(&config["annotations"])?;
    let namespaces = config["linux"]["namespaces"].as_array()?;
    let of_network = namespaces.iter().find(|one| one["type"] == "network")?;
    let pinned = within(root, of_network["path"].as_str()?);
    let metadata = fs::metadata(pinned).ok()?;
    Some(Sandbox {
        pod: NetnsName::Pod { namespace, name },
        netns: (metadata.dev(), metadata.ino()),
    })
}

/// Namespace and name of the pod whose sandbox it is: containerd's annotations (pkg/cri/annotations), or CRI-O's, which
/// keeps the sandbox's metadata as JSON in one.
fn pod(annotations: &Value) -> Option<(String, String)> {
    let text = |key: &str| annotations[key].as_str().map(str::to_owned);
    if text("io.kubernetes.cri.container-type").as_deref() == Some("sandbox") {
        return text("io.kubernetes.cri.sandbox-namespace")
            .zip(text("io.kubernetes.cri.sandbox-name"));
    }
    if text("io.kubernetes.cri-o.ContainerType").as_deref() == Some("sandbox") {
        let metadata: Value = serde_json::from_str(&text("io.kubernetes.cri-o.Metadata")?).ok()?;
        let part = |key: &str| metadata[key].as_str().map(str::to_owned);
        return part("namespace").zip(part("name"));
    }
    None
}

fn within(root: &Path, path: &str) -> PathBuf {
    root.join(path.trim_start_matches('/'))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;

    fn config(annotations: &Value, network: Option<&str>) -> String {
        let mut namespaces = vec![json!({"type": "pid"}), json!({"type": "mount"})];
        namespaces.extend(network.map(|path| json!({"type": "network", "path": path})));
        json!({"ociVersion": "1.1.0", "annotations": annotations, "linux": {"namespaces": namespaces}})
            .to_string()
    }

    fn containerd(kind: &str, name: &str) -> Value {
        json!({
            "io.kubernetes.cri.container-type": kind,
            "io.kubernetes.cri.sandbox-id": "b05389da37c6",
            "io.kubernetes.cri.sandbox-name": name,
            "io.kubernetes.cri.sandbox-namespace": "shop",
            "io.kubernetes.cri.sandbox-uid": "aaaa2b4a-f398-41c0-928b-049e1cc4ec40",
        })
    }

    #[test]
    fn sandboxes_of_every_runtime_are_found_and_nothing_else() {
        let root = std::env::temp_dir().join(format!("kubenet-sandboxes-{}", std::process::id()));
        let write = |path: &str, text: &str| {
            let file = root.join(path);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        };
        assert_eq!(find(&root), []);
        for name in ["cni-1", "cni-2", "cni-3"] {
            write(&format!("var/run/netns/{name}"), "");
        }
        let network = Some("/var/run/netns/cni-1");
        let tasks = "run/containerd/io.containerd.runtime.v2.task/k8s.io";
        let sandbox = config(&containerd("sandbox", "cart-1"), network);
        write(&format!("{tasks}/b05389da37c6/config.json"), &sandbox);
        // A container of the same pod, a pod in its node's network, a namespace that is gone, and rubbish.
        let others = [
            config(&containerd("container", "cart-1"), network),
            config(&containerd("sandbox", "exporter"), None),
            config(&containerd("sandbox", "gone"), Some("/var/run/netns/cni-9")),
            "{\"annotations\": 3}".to_owned(),
            "{".to_owned(),
            String::new(),
        ];
        for (number, text) in others.iter().enumerate() {
            write(&format!("{tasks}/other-{number}/config.json"), text);
        }
        let k3s = config(
            &containerd("sandbox", "cart-2"),
            Some("/var/run/netns/cni-2"),
        );
        write(
            "run/k3s/containerd/io.containerd.runtime.v2.task/k8s.io/c1/config.json",
            &k3s,
        );
        let metadata = r#"{"name":"cart-3","uid":"u3","namespace":"shop","attempt":1}"#;
        let annotations = json!({
            "io.kubernetes.cri-o.ContainerType": "sandbox",
            "io.kubernetes.cri-o.Metadata": metadata,
            "io.kubernetes.cri-o.HostNetwork": "false",
        });
        write(
            "run/containers/storage/overlay-containers/d1/userdata/config.json",
            &config(&annotations, Some("/var/run/netns/cni-3")),
        );
        let identity = |name: &str| {
            let metadata = fs::metadata(root.join("var/run/netns").join(name)).unwrap();
            (metadata.dev(), metadata.ino())
        };
        let expected: Vec<Sandbox> = (1..=3)
            .map(|number| Sandbox {
                pod: NetnsName::Pod {
                    namespace: "shop".to_owned(),
                    name: format!("cart-{number}"),
                },
                netns: identity(&format!("cni-{number}")),
            })
            .collect();
        assert_eq!(find(&root), expected);
        fs::remove_dir_all(&root).unwrap();
    }
}
