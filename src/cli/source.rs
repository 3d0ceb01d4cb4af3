//! Opens what a command reads from: bundles, the built-in cluster, the practice cluster, or this machine.

use super::{Failure, Global, output};
use crate::collect::{bundle, lab, live};
use crate::model::Cluster;

/// The built-in cluster: a bundle which was captured from the practice cluster.
const DEMO: &[u8] = include_bytes!("../../assets/demo.tar.zst");

/// Reads the cluster that the global options name.
pub fn open(global: &Global) -> Result<Cluster, Failure> {
    if is_this_machine(global)? {
        return live::read_machine(&live::LiveOptions::default())
            .map_err(|error| Failure::of(&error));
    }
    mention_what_is_not_used(global);
    if !global.bundle.is_empty() {
        return bundle::load(&global.bundle).map_err(|error| Failure::of(&error));
    }
    if global.demo {
        return bundle::load_bytes("the built-in cluster", DEMO)
            .map_err(|error| Failure::of(&error));
    }
    lab::read_lab(lab_name(global)).map_err(|error| Failure::of(&error))
}

/// The practice cluster that the global options name, to be read as far as it is needed; `None` when they name none.
pub fn open_lab(global: &Global) -> Result<Option<live::Machine>, Failure> {
    if global.lab.is_none() {
        return Ok(None);
    }
    mention_what_is_not_used(global);
    lab::open_lab(lab_name(global))
        .map(Some)
        .map_err(|error| Failure::of(&error))
}

fn lab_name(global: &Global) -> Option<&str> {
    global.lab.as_ref().and_then(Option::as_deref)
}

fn mention_what_is_not_used(global: &Global) {
    if let Some((option, source)) = kubernetes_option(global).zip(named(global).first()) {
        output::note(
            global,
            &format!("{option} is not used: everything is read from {source}"),
        );
    }
}

/// Whether no source is named; a failure when the options contradict each other, or ask for what is not read.
pub fn is_this_machine(global: &Global) -> Result<bool, Failure> {
    match (named(global).as_slice(), kubernetes_option(global)) {
        ([first, second, ..], _) => {
            Err(Failure::new(format!("{first} and {second} are two different sources"))
                .hint("give one of --bundle, --demo and --lab"))
        }
        ([_], _) => Ok(false),
        ([], None) => Ok(true),
        ([], Some(option)) => Err(Failure::new(format!(
            "{option}: this release does not read the Kubernetes API"
        ))
        .hint(
            "leave it out to read this machine as it is (on the node, as root), or give --bundle, --lab or --demo",
        )),
    }
}

fn named(global: &Global) -> Vec<&'static str> {
    [
        (!global.bundle.is_empty(), "--bundle"),
        (global.demo, "--demo"),
        (global.lab.is_some(), "--lab"),
    ]
    .into_iter()
    .filter_map(|(given, name)| given.then_some(name))
    .collect()
}

fn kubernetes_option(global: &Global) -> Option<&'static str> {
    let context = global.context.as_ref().map(|_| "--context");
    context.or(global.kubeconfig.as_ref().map(|_| "--kubeconfig"))
}
