//! Docker's containers as it keeps them on disk: sandboxes of pods where cri-dockerd made them, and others.
//!
//! For each container there is a folder with `config.v2.json` (moby, container/container.go: the container's state, its first
//! process among it, and in `NetworkSettings.SandboxKey` the file that its namespace is pinned to) and `hostconfig.json`, whose
//! `NetworkMode` is what `docker run --network` said; `NetworkSettings.Networks` has those that it was connected to since.
//! cri-dockerd marks sandboxes and the containers in them by labels (core/docker_service.go), and calls them
//! `k8s_CONTAINER_POD_NAMESPACE_UID_ATTEMPT` (core/naming.go).

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::sandboxes::{Kept, identity_of, namespace_of, read_json, within};
use crate::model::{Holder, NetworkMode, Runtime, Sandbox};

/// Where Docker keeps its data unless its configuration says otherwise.
const DATA_ROOT: &str = "/var/lib/docker";
const CONFIGURATION: &str = "/etc/docker/daemon.json";

/// The containers that run, on a machine whose absolute names begin at `root`.
pub(super) fn find(root: &Path) -> Vec<Kept> {
    let settings = read_json(&within(root, CONFIGURATION)).unwrap_or_default();
    let data = settings["data-root"].as_str().unwrap_or(DATA_ROOT);
    let folders = fs::read_dir(within(root, data).join("containers"));
    let mut folders: Vec<PathBuf> = folders
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .collect();
    folders.sort();
    let all: Vec<Container> = folders.iter().filter_map(|path| read(path)).collect();
    let names: BTreeMap<&str, &str> = all
        .iter()
        .map(|one| (one.id.as_str(), one.name.as_str()))
        .collect();
    all.iter()
        .filter_map(|one| one.kept(root, &names))
        .collect()
}

/// A container as its two files have it.
struct Container {
    id: String,
    name: String,
    /// The first process, while it runs.
    pid: Option<u32>,
    config: Value,
    network: String,
}

fn read(folder: &Path) -> Option<Container> {
    let config = read_json(&folder.join("config.v2.json"))?;
    let host = read_json(&folder.join("hostconfig.json")).unwrap_or_default();
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let running = config["State"]["Running"] == true;
    let pid = config["State"]["Pid"].as_u64();
    let pid = pid.and_then(|pid| u32::try_from(pid).ok());
    Some(Container {
        id: text(&config["ID"])?,
        name: text(&config["Name"])?.trim_start_matches('/').to_owned(),
        pid: pid.filter(|pid| running && *pid != 0),
        network: text(&host["NetworkMode"])?,
        config,
    })
}

impl Container {
    /// What is kept of it; `None` of what does not run, and of a pod's containers beside its sandbox.
    fn kept(&self, root: &Path, names: &BTreeMap<&str, &str>) -> Option<Kept> {
        let pod = self.pod();
        if pod.is_none() && self.label("io.kubernetes.docker.type").is_some() {
            return None;
        }
        // What the file names as its process may have ended when Docker did, and its number may be another's now.
        let of_process = self.pid.and_then(|pid| namespace_of(root, pid));
        let netns = match self.config["NetworkSettings"]["SandboxKey"].as_str() {
            Some(path) if !path.is_empty() => identity_of(&within(root, path))?,
            // In another container's.
            _ => of_process?,
        };
        let pid = self.pid.filter(|_| of_process == Some(netns));
        if pid.is_none() && pod.is_none() {
            return None;
        }
        let runtime = match pod {
            Some(_) => Runtime::CriDockerd,
            None => Runtime::Docker,
        };
        let sandbox = Sandbox {
            id: self.id.clone(),
            runtime,
            holder: pod.unwrap_or_else(|| Holder::Container {
                name: self.name.clone(),
                network: self.mode(names),
            }),
            pid,
            ready: None,
            netns: None,
        };
        Some(Kept {
            sandbox,
            netns: Some(netns),
        })
    }

    fn label(&self, key: &str) -> Option<&str> {
        self.config["Config"]["Labels"][key].as_str()
    }

    /// The pod whose sandbox it is.
    fn pod(&self) -> Option<Holder> {
        let label = |key| self.label(key).map(str::to_owned);
        (self.label("io.kubernetes.docker.type")? == "podsandbox").then_some(())?;
        let mut parts = self.name.split('_').skip(2).map(str::to_owned);
        // A label may be missing; then the name has it.
        let (name, namespace, uid) = (parts.next(), parts.next(), parts.next());
        Some(Holder::Pod {
            namespace: label("io.kubernetes.pod.namespace").or(namespace)?,
            name: label("io.kubernetes.pod.name").or(name)?,
            uid: label("io.kubernetes.pod.uid").or(uid),
        })
    }

    fn mode(&self, names: &BTreeMap<&str, &str>) -> NetworkMode {
        let networks = self.config["NetworkSettings"]["Networks"].as_object();
        let networks = networks.into_iter().flat_map(|all| all.keys().cloned());
        joined(self.first_mode(names), networks.collect())
    }

    /// What `docker run --network` said.
    fn first_mode(&self, names: &BTreeMap<&str, &str>) -> NetworkMode {
        match self.network.as_str() {
            // What Docker makes of it on Linux.
            "default" | "bridge" => NetworkMode::Bridge,
            "host" => NetworkMode::Host,
            "none" => NetworkMode::None,
            other => match other.strip_prefix("container:") {
                Some(id) => NetworkMode::Container(names.get(id).unwrap_or(&id).to_string()),
                None => NetworkMode::Network(other.to_owned()),
            },
        }
    }
}

/// The mode of a container that was started in one, and is connected to those networks now. A network may have been typed by
/// its identifier: then its name is among them.
fn joined(first: NetworkMode, mut networks: Vec<String>) -> NetworkMode {
    if !matches!(first, NetworkMode::Bridge | NetworkMode::Network(_)) {
        return first;
    }
    // A stable sort: the first one to the front.
    let typed = first.to_string();
    networks.sort_by_key(|name| *name != typed);
    match (first, networks.as_slice()) {
        (_, [_, _, ..]) => NetworkMode::Several(networks),
        (NetworkMode::Network(_), [only]) => NetworkMode::Network(only.clone()),
        (first, _) => first,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_are_those_that_a_container_is_connected_to() {
        let network = |name: &str| NetworkMode::Network(name.to_owned());
        let cases = [
            (NetworkMode::Bridge, vec!["bridge"], "bridge"),
            (NetworkMode::Bridge, vec![], "bridge"),
            (
                NetworkMode::Bridge,
                vec!["a", "bridge", "c"],
                "bridge, a, c",
            ),
            (network("b"), vec!["b"], "b"),
            (network("b"), vec!["a", "b"], "b, a"),
            (network("8b1f8a390952"), vec!["b"], "b"),
            (NetworkMode::Host, vec!["host"], "host"),
            (NetworkMode::None, vec!["none"], "none"),
            (
                NetworkMode::Container("web".to_owned()),
                vec![],
                "container:web",
            ),
        ];
        for (first, networks, expected) in cases {
            let networks = networks.into_iter().map(str::to_owned).collect();
            assert_eq!(joined(first, networks).to_string(), expected);
        }
    }
}
