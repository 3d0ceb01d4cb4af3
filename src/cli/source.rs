//! Opens what a command reads from: bundles, the built-in cluster, the practice cluster, or this machine.

use super::{Failure, Global, output};
use crate::collect::{bundle, lab, live};
use crate::model::Cluster;

/// The built-in cluster: a bundle which was captured from the practice cluster.
const DEMO: &[u8] = include_bytes!("../../assets/demo.tar.zst");

/// Reads the cluster that the global options name.
pub fn open(global: &Global) -> Result<Cluster, Failure> {
    let kube = match (&global.context, &global.kubeconfig) {
        (Some(_), _) => Some("--context"),
        (None, Some(_)) => Some("--kubeconfig"),
        (None, None) => None,
    };
    let chosen = named_sources(global);
    match (kube, chosen.as_slice()) {
        (_, [first, second, ..]) => {
            Err(Failure::new(format!("{first} and {second} are two different sources"))
                .hint("give one of --bundle, --demo and --lab"))
        }
        (Some(option), []) => Err(Failure::new(format!(
            "{option}: this release does not read the Kubernetes API"
        ))
        .hint(
            "leave it out to read this machine as it is (run on the node, as root), or give --bundle, --lab or --demo",
        )),
        (Some(option), [source]) => {
            output::note(global, &format!("{option} is not used: everything is read from {source}"));
            read(global)
        }
        (None, _) => read(global),
    }
}

fn named_sources(global: &Global) -> Vec<&'static str> {
    [
        (!global.bundle.is_empty(), "--bundle"),
        (global.demo, "--demo"),
        (global.lab.is_some(), "--lab"),
    ]
    .into_iter()
    .filter_map(|(given, name)| given.then_some(name))
    .collect()
}

fn read(global: &Global) -> Result<Cluster, Failure> {
    if global.demo {
        return bundle::load_bytes("the built-in cluster", DEMO)
            .map_err(|error| Failure::of(&error));
    }
    if let Some(name) = &global.lab {
        return lab::read_lab(name.as_deref()).map_err(|error| Failure::of(&error));
    }
    if !global.bundle.is_empty() {
        return bundle::load(&global.bundle).map_err(|error| Failure::of(&error));
    }
    live::read_machine(&live::LiveOptions::default()).map_err(|error| Failure::of(&error))
}
