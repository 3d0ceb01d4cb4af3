//! Opens what a command reads from: bundles, the built-in cluster, the practice cluster, or this machine.

use super::api::Api;
use super::args::Demo;
use super::{Failure, Global, output};
use crate::collect::kubernetes::Wanted;
use crate::collect::live::Machine;
use crate::collect::{bundle, lab, live};
use crate::lab::LabError;
use crate::model::{Cluster, NetnsName};

/// The built-in clusters: bundles which were captured from the practice cluster.
const HEALTHY: &[u8] = include_bytes!("../../assets/demo.tar.zst");
const BROKEN: &[u8] = include_bytes!("../../assets/demo-broken.tar.zst");

/// How much of this machine a command needs, where that is the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// Nothing: it lists objects of the API.
    Nothing,
    /// Namespaces, their devices and addresses.
    Survey,
    /// That, and everything of the node's own namespace.
    Hosts,
    /// Everything.
    Everything,
}

/// Reads the cluster that the global options name: all of it, and if it is this machine, who its namespaces belong to.
pub fn open(global: &Global) -> Result<Cluster, Failure> {
    open_for(global, Depth::Everything, &Wanted::names())
}

/// Reads the cluster that the global options name. Of this machine and the Kubernetes API only so much as is asked for.
pub fn open_for(global: &Global, depth: Depth, wanted: &Wanted) -> Result<Cluster, Failure> {
    if is_this_machine(global)? {
        return open_machine(global, depth, wanted);
    }
    mention_what_is_not_used(global);
    if !global.bundle.is_empty() {
        return bundle::load(&global.bundle).map_err(|error| Failure::of(&error));
    }
    if let Some(demo) = global.demo {
        let packed = match demo {
            Demo::Healthy => HEALTHY,
            Demo::Broken => BROKEN,
        };
        return bundle::load_bytes("the built-in cluster", packed)
            .map_err(|error| Failure::of(&error));
    }
    lab::read_lab(lab_name(global)).map_err(no_lab)
}

fn open_machine(global: &Global, depth: Depth, wanted: &Wanted) -> Result<Cluster, Failure> {
    let api = Api::find(global)?;
    if depth == Depth::Nothing {
        let cluster = api.read(wanted, global)?;
        mention_gaps(&cluster, global);
        return Ok(cluster);
    }
    let mut machine =
        Machine::survey(&live::LiveOptions::default()).map_err(|error| Failure::of(&error))?;
    api.add_to(&mut machine, wanted, global);
    if depth != Depth::Everything {
        mention_gaps(machine.cluster(), global);
    }
    match depth {
        Depth::Nothing | Depth::Survey => {}
        Depth::Hosts => {
            let all = machine.cluster().all_netns();
            let hosts = all.filter(|(_, netns)| netns.name == NetnsName::Host);
            let hosts: Vec<_> = hosts.map(|(id, _)| id).collect();
            machine.complete(&hosts);
        }
        Depth::Everything => machine.complete_all(),
    }
    Ok(machine.into_cluster())
}

/// What may be missing from a list.
fn mention_gaps(cluster: &Cluster, global: &Global) {
    for gap in &cluster.gaps {
        output::note(global, &format!("not read: {gap}"));
    }
}

/// The practice cluster that the global options name, to be read as far as it is needed; `None` when they name none.
pub fn open_lab(global: &Global) -> Result<Option<live::Machine>, Failure> {
    if global.lab.is_none() {
        return Ok(None);
    }
    mention_what_is_not_used(global);
    lab::open_lab(lab_name(global)).map(Some).map_err(no_lab)
}

fn no_lab(error: LabError) -> Failure {
    let hint = match &error {
        LabError::Several(_) => Some("say which with --lab=NAME".to_owned()),
        other => other.hint(),
    };
    let failure = Failure::of(&error);
    match hint {
        Some(hint) => failure.or_hint(hint),
        None => failure,
    }
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

/// Whether no source is named; a failure when the options contradict each other.
pub fn is_this_machine(global: &Global) -> Result<bool, Failure> {
    match named(global).as_slice() {
        [first, second, ..] => Err(Failure::new(format!(
            "{first} and {second} are two different sources"
        ))
        .hint("give one of --bundle, --demo and --lab")),
        [_] => Ok(false),
        [] => Ok(true),
    }
}

fn named(global: &Global) -> Vec<&'static str> {
    [
        (!global.bundle.is_empty(), "--bundle"),
        (global.demo.is_some(), "--demo"),
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
