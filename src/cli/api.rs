//! The Kubernetes API beside a live machine: it names what the machine has, and says what was meant to be.
//!
//! Nobody has to ask for it: where there is a kubeconfig it is used, within a short time, and if that fails the machine is
//! read without. But only objects of the machine's own cluster are: administrators keep kubeconfigs of others too.

use super::{Failure, Global, output};
use crate::collect::kubernetes::{Access, AccessError, Here, Learnt, Options, Wanted};
use crate::collect::live::Machine;
use crate::model::{Cluster, Gap, NetnsName, ObjectKind};

/// Bare names are in this Kubernetes namespace where nothing else is said.
const USUAL_NAMESPACE: &str = "default";

/// The way to the API, if there is one.
#[derive(Debug, Default)]
pub struct Api {
    access: Option<Access>,
    /// Somebody asked for it.
    named: bool,
    /// Why there is none.
    gap: Option<Gap>,
}

impl Api {
    /// Finds the way. A failure only where somebody asked for it.
    pub fn find(global: &Global) -> Result<Self, Failure> {
        let options = Options {
            kubeconfig: global.kubeconfig.clone(),
            context: global.context.clone(),
        };
        let named = options.is_named();
        match Access::find(&options) {
            Ok(access) => Ok(Self {
                access,
                named,
                gap: None,
            }),
            Err(error) if named => Err(Failure::of(&error)),
            Err(error) => Ok(Self {
                access: None,
                named,
                gap: Some(unusable(&error)),
            }),
        }
    }

    /// The Kubernetes namespace of bare names: that of the context.
    pub fn namespace(&self) -> &str {
        let access = self.access.as_ref();
        access.map_or(USUAL_NAMESPACE, Access::namespace)
    }

    /// Reads objects alone. A failure when somebody asked for it and no question was answered.
    pub fn read(&self, wanted: &Wanted, global: &Global) -> Result<Cluster, Failure> {
        let mut cluster = Cluster {
            gaps: self.gap.clone().into_iter().collect(),
            ..Cluster::default()
        };
        if let Some(access) = &self.access {
            mention_place(access, global);
            let learnt = access.read(wanted, &Here::default());
            if let (true, false, Some(gap)) = (self.named, learnt.answered, learnt.gaps.first()) {
                return Err(Failure::with_hint(gap.to_string()).or_hint(
                    "leave out --context and --kubeconfig to go on without the Kubernetes API",
                ));
            }
            cluster.objects = learnt.objects;
            cluster.gaps.extend(learnt.gaps);
        }
        Ok(cluster)
    }

    /// Reads objects, and names the namespaces of a machine by them.
    pub fn add_to(&self, machine: &mut Machine, wanted: &Wanted, global: &Global) {
        machine.report(self.gap.clone());
        let Some(access) = &self.access else {
            return;
        };
        mention_place(access, global);
        let learnt = access.read(wanted, &here(machine.cluster()));
        let nodes_known = !learnt.objects.incomplete.contains(&ObjectKind::Node);
        if !self.named && nodes_known && learnt.node.is_none() {
            machine.report([Gap {
                place: "Kubernetes API".to_owned(),
                line: None,
                what: "this machine is none of the nodes of its cluster: it is not used (hint: --context names the \
                       cluster that is meant)"
                    .to_owned(),
            }]);
            return;
        }
        let Learnt {
            objects,
            gaps,
            node,
            ..
        } = learnt;
        if let Some(node) = &node {
            machine.take_name(node);
        }
        machine.take_objects(objects);
        machine.report(gaps);
    }
}

/// What tells this machine from others.
fn here(cluster: &Cluster) -> Here {
    let host = cluster.nodes.first();
    let own = host.and_then(|node| {
        let mut all = node.netns.iter();
        all.find(|netns| netns.name == NetnsName::Host)
    });
    Here {
        host_name: host.map(|node| node.name.clone()).unwrap_or_default(),
        addresses: own
            .map(super::endpoint::global_addresses)
            .unwrap_or_default(),
    }
}

fn unusable(error: &AccessError) -> Gap {
    Gap {
        place: "Kubernetes API".to_owned(),
        line: None,
        what: error.to_string(),
    }
}

/// A kubeconfig that kubectl would not have found by itself is named.
fn mention_place(access: &Access, global: &Global) {
    if let Some(place) = access.unusual_place() {
        output::note(
            global,
            &format!("the Kubernetes API is read as {place} says"),
        );
    }
}
