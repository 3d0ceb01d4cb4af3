//! Reads a practice cluster: its nodes are namespaces of this machine, and its objects are in its own state file.

use super::live::Machine;
use crate::lab::spec::Spec;
use crate::lab::{LabError, files, flannel, registry};
use crate::model::{Cluster, FlannelConfig, Gap, NetnsName};

/// Everything about the lab of that name (without one: the only one, or the one named `kubenet`).
pub fn read_lab(name: Option<&str>) -> Result<Cluster, LabError> {
    let mut machine = open_lab(name)?;
    machine.complete_all();
    Ok(machine.into_cluster())
}

/// The lab's nodes, of whose namespaces only devices and addresses are read yet.
pub fn open_lab(name: Option<&str>) -> Result<Machine, LabError> {
    let mut lab = registry::find(name)?;
    // The number of a process that ended may be another's by now, whose namespace is none of the lab's.
    let (alive, gone) = lab
        .holders
        .drain(..)
        .partition(|holder| holder.process.is_alive());
    lab.holders = alive;
    let nodes: Vec<_> = lab
        .nodes()
        .into_iter()
        .map(|node| (node.name, node.namespaces))
        .collect();
    let mut machine = Machine::of_namespaces(&nodes, lab.objects().clone());
    machine.take_files(|node, netns| files_of(&lab.spec, node, netns));
    let gone: Vec<registry::Holder> = gone;
    machine.report(gone.into_iter().map(|holder| Gap {
        place: format!("lab {} {}", lab.name, holder.place.label()),
        line: None,
        what: format!(
            "process {}, which held its namespace, is gone",
            holder.process.pid
        ),
    }));
    Ok(machine)
}

/// What the cluster's kubelet and flannel would have written for that namespace.
fn files_of(spec: &Spec, node: &str, netns: &NetnsName) -> (Option<String>, FlannelConfig) {
    match (netns, spec.node(node)) {
        (NetnsName::Pod { namespace, .. }, _) => (
            files::resolv_conf(spec, namespace),
            FlannelConfig::default(),
        ),
        (NetnsName::Host, Ok(node)) => {
            let subnet_env = flannel::subnet_env(spec, &node);
            (
                None,
                FlannelConfig::of(&subnet_env, Some(flannel::net_conf(spec))),
            )
        }
        _ => (None, FlannelConfig::default()),
    }
}
