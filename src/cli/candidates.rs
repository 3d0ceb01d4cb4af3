//! What a shell offers for FROM and TO at TAB, where the command line names a source that is quick to read.

use std::ffi::OsStr;

use clap_complete::engine::CompletionCandidate;

use super::endpoint::{self, node_names};
use super::{Global, source};
use crate::explain::find;
use crate::model::Cluster;

/// Names to trace from that begin with what is typed.
pub fn senders(typed: &OsStr) -> Vec<CompletionCandidate> {
    offer(typed, |cluster, namespace| {
        let mut names = pod_names(cluster, namespace);
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
    offer(typed, |cluster, namespace| {
        let mut names = service_names(cluster, namespace);
        names.extend(pod_names(cluster, namespace));
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
    offer(typed, pod_names)
}

/// Nodes whose names begin with what is typed.
pub fn nodes(typed: &OsStr) -> Vec<CompletionCandidate> {
    offer(typed, |cluster, _| node_names(cluster))
}

/// Services whose names begin with what is typed.
pub fn services(typed: &OsStr) -> Vec<CompletionCandidate> {
    offer(typed, service_names)
}

/// Names of chains that begin with what is typed: most are in capital letters, and typed in small ones.
pub fn chains(typed: &OsStr) -> Vec<CompletionCandidate> {
    let names = |cluster: &Cluster, _: &str| -> Vec<String> {
        find::names(cluster)
            .into_iter()
            .map(str::to_owned)
            .collect()
    };
    let as_typed = offer(typed, names);
    match as_typed.is_empty() {
        true => offer(&typed.to_ascii_uppercase(), names),
        false => as_typed,
    }
}

fn offer(typed: &OsStr, names: impl Fn(&Cluster, &str) -> Vec<String>) -> Vec<CompletionCandidate> {
    let words: Vec<String> = std::env::args()
        .skip_while(|word| word != "--")
        .skip(1)
        .collect();
    let (Some(typed), Some(global)) = (typed.to_str(), typed_source(&words)) else {
        return Vec::new();
    };
    let Ok(cluster) = source::open(&global) else {
        return Vec::new();
    };
    let namespace = global.namespace.as_deref().unwrap_or("default");
    let mut names = names(&cluster, namespace);
    names.retain(|name| name.starts_with(typed));
    names.sort();
    names.dedup();
    names.into_iter().map(CompletionCandidate::new).collect()
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

/// A name as one would type it: without the namespace that is meant anyhow.
fn short(namespace: &str, name: &str, current: &str) -> String {
    if namespace == current {
        name.to_owned()
    } else {
        format!("{namespace}/{name}")
    }
}

/// The source that the words typed so far name; the machine itself is not read for a TAB.
fn typed_source(words: &[String]) -> Option<Global> {
    let mut global = Global {
        quiet: true,
        ..Global::default()
    };
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match (word.as_str(), word.split_once('=')) {
            ("--demo", _) => global.demo = true,
            ("--lab", _) => global.lab = Some(None),
            ("--bundle", _) => global.bundle.extend(words.next().map(Into::into)),
            ("-n" | "--namespace", _) => global.namespace = words.next().cloned(),
            (_, Some(("--lab", name))) => global.lab = Some(Some(name.to_owned())),
            (_, Some(("--bundle", path))) => global.bundle.push(path.into()),
            (_, Some(("--namespace", name))) => global.namespace = Some(name.to_owned()),
            _ => {}
        }
    }
    (global.demo || global.lab.is_some() || !global.bundle.is_empty()).then_some(global)
}
