//! What a shell offers at TAB: names of what is in the source that the command line names, where that is quick to read.

use std::ffi::OsStr;
use std::path::Path;
use std::sync::mpsc;
use std::time::Duration;

use clap_complete::engine::CompletionCandidate;

use super::Global;
use super::args::Demo;
use super::completion::KUBECTL_COMPLETE;
use super::endpoint::{self, node_names};
use super::reading::Reading;
use crate::explain::{find, ipset, virtual_server};
use crate::lab::registry;
use crate::model::{CONTAINER_PREFIX, Cluster, NetnsName};

/// How long a TAB may take. A build for debugging takes ten times as long for everything.
const PATIENCE: Duration = match cfg!(debug_assertions) {
    true => Duration::from_secs(5),
    false => Duration::from_millis(100),
};

/// Names to trace from that begin with what is typed.
pub fn senders(typed: &OsStr) -> Vec<CompletionCandidate> {
    offer(typed, |reading, namespace| {
        let cluster = reading.cluster();
        let mut names = pod_names(cluster, namespace);
        names.extend(container_names(cluster));
        names.extend(
            node_names(cluster)
                .iter()
                .map(|node| format!("node/{node}")),
        );
        names
    })
}

/// Names to trace to that begin with what is typed.
pub fn receivers(typed: &OsStr) -> Vec<CompletionCandidate> {
    offer(typed, |reading, namespace| {
        let cluster = reading.cluster();
        let mut names = service_names(cluster, namespace);
        names.extend(pod_names(cluster, namespace));
        names.extend(container_names(cluster));
        names.extend(
            node_names(cluster)
                .iter()
                .map(|node| format!("node/{node}")),
        );
        names
    })
}

/// Pods whose names begin with what is typed.
pub fn pods(typed: &OsStr) -> Vec<CompletionCandidate> {
    offer(typed, |reading, namespace| {
        let cluster = reading.cluster();
        let mut names = pod_names(cluster, namespace);
        names.extend(container_names(cluster));
        names
    })
}

/// Nodes whose names begin with what is typed.
pub fn nodes(typed: &OsStr) -> Vec<CompletionCandidate> {
    offer(typed, |reading, _| node_names(reading.cluster()))
}

/// Services whose names begin with what is typed.
pub fn services(typed: &OsStr) -> Vec<CompletionCandidate> {
    offer(typed, |reading, namespace| {
        service_names(reading.cluster(), namespace)
    })
}

/// Devices of nodes whose names begin with what is typed.
pub fn devices(typed: &OsStr) -> Vec<CompletionCandidate> {
    offer(typed, |reading, _| {
        let hosts = reading.cluster().all_netns().map(|(_, netns)| netns);
        let hosts = hosts.filter(|netns| netns.name == NetnsName::Host);
        let links = hosts.flat_map(|netns| netns.links.iter().flatten());
        links.map(|link| link.name.clone()).collect()
    })
}

/// Network namespaces that are no node's and no pod's, whose names begin with what is typed.
pub fn spaces(typed: &OsStr) -> Vec<CompletionCandidate> {
    offer(typed, |reading, _| {
        let names = reading.cluster().all_netns().map(|(_, netns)| &netns.name);
        let named = names.filter_map(|name| match name {
            NetnsName::Named(name) => Some(name.clone()),
            NetnsName::Host | NetnsName::Pod { .. } => None,
        });
        named.collect()
    })
}

/// Practice clusters whose names begin with what is typed.
pub fn labs(typed: &OsStr) -> Vec<CompletionCandidate> {
    let typed = typed.to_string_lossy();
    let names = registry::names().unwrap_or_default().into_iter();
    names
        .filter(|name| name.starts_with(&*typed))
        .map(CompletionCandidate::new)
        .collect()
}

/// Names of chains that begin with what is typed: most are in capital letters, and typed in small ones.
pub fn chains(typed: &OsStr) -> Vec<CompletionCandidate> {
    offer(typed, |reading, _| {
        reading.read_hosts();
        let names = find::names(reading.cluster()).into_iter();
        names.map(str::to_owned).collect()
    })
}

/// Names of ipsets that begin with what is typed.
pub fn ipsets(typed: &OsStr) -> Vec<CompletionCandidate> {
    offer(typed, |reading, _| {
        reading.read_hosts();
        let names = ipset::names(reading.cluster()).into_iter();
        names.map(str::to_owned).collect()
    })
}

/// Addresses of virtual servers that begin with what is typed.
pub fn virtual_servers(typed: &OsStr) -> Vec<CompletionCandidate> {
    offer(typed, |reading, _| {
        reading.read_hosts();
        virtual_server::names(reading.cluster())
    })
}

/// Reads the source that the words typed so far name, and offers what `names` finds there. A shell that waits is worse than
/// one that offers nothing: what takes too long is left out.
fn offer(typed: &OsStr, names: fn(&mut Reading, &str) -> Vec<String>) -> Vec<CompletionCandidate> {
    let Some(typed) = typed.to_str().map(str::to_lowercase) else {
        return Vec::new();
    };
    let names = within(PATIENCE, move || {
        let global = typed_source(&typed_words());
        let Ok(mut reading) = Reading::survey(&global) else {
            return Vec::new();
        };
        let namespace = global.namespace.as_deref().unwrap_or("default");
        let mut names = names(&mut reading, namespace);
        names.retain(|name| name.to_lowercase().starts_with(&typed));
        names.sort();
        names.dedup();
        names
    });
    names.into_iter().map(CompletionCandidate::new).collect()
}

/// What is found in that time; nothing when it takes longer.
fn within(patience: Duration, find: impl FnOnce() -> Vec<String> + Send + 'static) -> Vec<String> {
    let (found, wanted) = mpsc::channel();
    // Nobody may be waiting any more when it is found.
    std::thread::spawn(move || found.send(find()));
    wanted.recv_timeout(patience).unwrap_or_default()
}

/// The words of the command line that is being typed: shells give them behind `--`, kubectl as they are.
fn typed_words() -> Vec<String> {
    let mut words = std::env::args();
    let program = words.next().unwrap_or_default();
    if Path::new(&program).ends_with(KUBECTL_COMPLETE) {
        return words.collect();
    }
    words.skip_while(|word| word != "--").skip(1).collect()
}

fn service_names(cluster: &Cluster, namespace: &str) -> Vec<String> {
    let services = cluster.objects.services.iter();
    services
        .map(|service| short(&service.namespace, &service.name, namespace))
        .collect()
}

fn pod_names(cluster: &Cluster, namespace: &str) -> Vec<String> {
    endpoint::pods(cluster)
        .iter()
        .map(|pod| short(&pod.namespace, &pod.name, namespace))
        .collect()
}

fn container_names(cluster: &Cluster) -> Vec<String> {
    let all = endpoint::containers(cluster).into_iter();
    all.map(|one| format!("{CONTAINER_PREFIX}{}", one.name))
        .collect()
}

/// A name as one would type it: without the namespace that is meant anyhow.
fn short(namespace: &str, name: &str, current: &str) -> String {
    if namespace == current {
        name.to_owned()
    } else {
        format!("{namespace}/{name}")
    }
}

/// The source that the words typed so far name.
fn typed_source(words: &[String]) -> Global {
    let mut global = Global {
        quiet: true,
        ..Global::default()
    };
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match (word.as_str(), word.split_once('=')) {
            ("--demo", _) => global.demo = Some(Demo::Healthy),
            ("--demo=broken", _) => global.demo = Some(Demo::Broken),
            ("--lab", _) => global.lab = Some(None),
            ("--bundle", _) => global.bundle.extend(words.next().map(Into::into)),
            ("-n" | "--namespace", _) => global.namespace = words.next().cloned(),
            (_, Some(("--lab", name))) => global.lab = Some(Some(name.to_owned())),
            (_, Some(("--bundle", path))) => global.bundle.push(path.into()),
            (_, Some(("--namespace", name))) => global.namespace = Some(name.to_owned()),
            _ => {}
        }
    }
    global
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::within;

    #[test]
    fn what_takes_too_long_is_not_waited_for() {
        let start = Instant::now();
        let slow = || {
            std::thread::sleep(Duration::from_secs(60));
            vec!["late".to_owned()]
        };
        assert!(within(Duration::from_millis(10), slow).is_empty());
        assert!(start.elapsed() < Duration::from_secs(30));
        let quick = || vec!["there".to_owned()];
        assert_eq!(within(Duration::from_secs(30), quick), ["there"]);
    }
}
