//! Reads this machine, changing nothing on it: netlink for what the kernel tells, /proc for settings and sockets,
//! the save programs of iptables, ipset and nft for what only they can put into words.
//!
//! Reading is in two steps, as a machine may have hundreds of pods and a packet meets two of them: [`Machine::survey`]
//! finds every namespace and whose addresses it has, [`Machine::complete`] reads the rest of those that matter. Where a
//! node has very many chains, a packet meets a few of them: [`Machine::supply`] reads those.

mod addresses;
mod attributes;
mod cgroups;
mod command;
mod conntrack;
mod cri;
mod demand;
mod docker;
mod fdb;
mod files;
mod ipsets;
mod iptables;
mod ipvs_netlink;
mod kernel;
mod links;
mod namespaces;
mod neighbors;
mod netlink;
mod next_hop_objects;
mod nft;
mod nft_chains;
mod nft_rules;
mod nsids;
mod proc_sockets;
mod read;
mod recent;
mod route_details;
mod routes;
mod rules;
mod sandboxes;
mod sctp_sockets;
mod sockets;
mod sysctls;
mod virtual_servers;
mod x_tables;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io;
use std::num::NonZero;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::thread;

use demand::Watch;
use namespaces::{Handle, inside};
use read::Report;

use crate::model::iptables::Wish;
use crate::model::{
    Cluster, FlannelConfig, Gap, Netns, NetnsId, NetnsName, Node, Objects, Occupied, Pod,
};

/// How to read this machine.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct LiveOptions {
    /// The name that Kubernetes has for this node; the host name when `None`.
    pub node: Option<String>,
}

/// This machine cannot be read at all.
#[derive(Debug, thiserror::Error)]
pub enum LiveError {
    /// Not even one's own namespace can be found.
    #[error(
        "the network namespaces of this machine cannot be found: {0} (hint: is /proc mounted?)"
    )]
    NoNamespaces(io::Error),
    /// The machine has no name.
    #[error("this machine's host name cannot be read: {0} (hint: give the node's name)")]
    NoName(nix::errno::Errno),
}

/// A machine (or several, in the practice cluster) whose namespaces are held open while they are read.
#[derive(Debug)]
pub struct Machine {
    cluster: Cluster,
    /// For each node the namespaces, in the order of the model's.
    handles: Vec<Vec<Handle>>,
    /// Whether chains of large rulesets are left for [`Machine::supply`], and settings that no packet meets left out.
    on_demand: bool,
    watches: BTreeMap<NetnsId, Watch>,
}

/// Everything about this machine.
pub fn read_machine(options: &LiveOptions) -> Result<Cluster, LiveError> {
    let mut machine = Machine::survey(options)?;
    machine.complete_all();
    Ok(machine.into_cluster())
}

/// Everything about given namespaces (files like `/proc/PID/ns/net`), by node.
pub fn read_namespaces(nodes: &[(String, Vec<(NetnsName, PathBuf)>)], objects: Objects) -> Cluster {
    let mut machine = Machine::of_namespaces(nodes, objects);
    machine.complete_all();
    machine.into_cluster()
}

impl Machine {
    /// Finds the namespaces of this machine and reads their devices and addresses.
    pub fn survey(options: &LiveOptions) -> Result<Self, LiveError> {
        let name = match &options.node {
            Some(name) => name.clone(),
            None => nix::unistd::gethostname()
                .map_err(LiveError::NoName)?
                .to_string_lossy()
                .into_owned(),
        };
        let found = namespaces::find().map_err(LiveError::NoNamespaces)?;
        let gaps = found
            .holes
            .into_iter()
            .map(|what| Gap {
                place: name.clone(),
                line: None,
                what,
            })
            .collect();
        let mut machine = Self::new(vec![(name, found.handles)], Objects::unread(), gaps);
        if let [node] = machine.cluster.nodes.as_mut_slice() {
            node.sandboxes = found.sandboxes;
            node.runtimes = found.runtimes;
        }
        machine.survey_all();
        Ok(machine)
    }

    /// Opens given namespaces, by node, and reads their devices and addresses.
    pub fn of_namespaces(nodes: &[(String, Vec<(NetnsName, PathBuf)>)], objects: Objects) -> Self {
        let mut gaps = Vec::new();
        let mut opened = Vec::new();
        for (node, namespaces) in nodes {
            let mut handles = Vec::new();
            for (name, path) in namespaces {
                match File::open(path) {
                    Ok(file) => handles.push(Handle {
                        name: name.clone(),
                        file,
                        pinned: None,
                        occupied: Occupied::Unknown,
                    }),
                    Err(error) => gaps.push(Gap {
                        place: format!("{node} {name}"),
                        line: None,
                        what: format!("{}: cannot be opened: {error}", path.display()),
                    }),
                }
            }
            opened.push((node.clone(), handles));
        }
        let mut machine = Self::new(opened, objects, gaps);
        machine.survey_all();
        machine
    }

    /// Takes in the name that Kubernetes has for this machine.
    pub fn take_name(&mut self, node: &str) {
        if let [only] = self.cluster.nodes.as_mut_slice() {
            node.clone_into(&mut only.name);
        }
    }

    /// Takes in the Kubernetes objects, and names the namespaces of pods by them, by the control group of their first process
    /// and by their addresses.
    pub fn take_objects(&mut self, objects: Objects) {
        for (node, handles) in self.cluster.nodes.iter_mut().zip(&mut self.handles) {
            let groups: Vec<Option<String>> = handles
                .iter()
                .map(|handle| handle.occupied.pid().and_then(cgroups::pod_uid))
                .collect();
            for pod in objects.pods.iter().filter(|pod| lives_on(pod, &node.name)) {
                let Some(place) = namespace_of(pod, &node.netns, &groups) else {
                    continue;
                };
                if let (Some(netns), Some(handle)) =
                    (node.netns.get_mut(place), handles.get_mut(place))
                {
                    netns.name = NetnsName::Pod {
                        namespace: pod.namespace.clone(),
                        name: pod.name.clone(),
                    };
                    handle.name = netns.name.clone();
                }
            }
        }
        self.cluster.objects = objects;
    }

    /// Takes in what the caller knows of files that no process of these namespaces has: by node and namespace the text of
    /// `resolv.conf`, and flannel's files.
    pub fn take_files(
        &mut self,
        files: impl Fn(&str, &NetnsName) -> (Option<String>, FlannelConfig),
    ) {
        for node in &mut self.cluster.nodes {
            for netns in &mut node.netns {
                (netns.resolv_conf, netns.flannel) = files(&node.name, &netns.name);
            }
        }
    }

    /// Takes in what the caller could not find of it.
    pub fn report(&mut self, gaps: impl IntoIterator<Item = Gap>) {
        self.cluster.gaps.extend(gaps);
    }

    /// What was read so far.
    pub fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    /// A namespace itself, to be entered (setns(2)).
    pub fn namespace(&self, id: NetnsId) -> Option<&File> {
        Some(&self.handles.get(id.node)?.get(id.netns)?.file)
    }

    /// What was read, for good.
    pub fn into_cluster(self) -> Cluster {
        self.cluster
    }

    /// Reads only what packets may meet: the rules of a large ruleset are left until [`Machine::supply`] is asked for
    /// them, and of devices the settings that matter are read ([`crate::model::OF_DEVICES`]).
    pub fn on_demand(mut self) -> Self {
        self.on_demand = true;
        self
    }

    /// Reads everything of these namespaces.
    pub fn complete(&mut self, wanted: &[NetnsId]) {
        let on_demand = self.on_demand;
        let watches = self.visit_each(wanted, |netns, handle, peers, report| {
            let mut watch = on_demand.then(Watch::default);
            read::everything(netns, handle, peers, watch.as_mut(), report);
            watch
        });
        let watched = |(id, watch): (NetnsId, Option<Watch>)| Some((id, watch?));
        self.watches.extend(watches.into_iter().filter_map(watched));
    }

    /// Reads everything of every namespace.
    pub fn complete_all(&mut self) {
        self.complete(&self.all());
    }

    /// Reads the chains that a walk asked for. Tells whether more is known now, so that walking again is worth while.
    pub fn supply(&mut self, wishes: &BTreeSet<Wish>) -> bool {
        let places: BTreeSet<NetnsId> = wishes.iter().map(|wish| wish.netns).collect();
        let mut more = false;
        for id in places {
            let Some(mut watch) = self.watches.remove(&id) else {
                continue;
            };
            let here: Vec<&Wish> = wishes.iter().filter(|wish| wish.netns == id).collect();
            self.visit(id, |netns, _, _, report| {
                more |= watch.supply(netns, &here, report);
            });
            self.watches.insert(id, watch);
        }
        more
    }

    fn new(nodes: Vec<(String, Vec<Handle>)>, objects: Objects, gaps: Vec<Gap>) -> Self {
        let mut machine = Self {
            cluster: Cluster {
                nodes: Vec::new(),
                objects,
                gaps,
            },
            handles: Vec::new(),
            on_demand: false,
            watches: BTreeMap::new(),
        };
        for (name, handles) in nodes {
            let netns = handles
                .iter()
                .map(|handle| Netns {
                    pinned: handle.pinned.clone(),
                    occupied: handle.occupied,
                    ..Netns::unread(handle.name.clone())
                })
                .collect();
            machine.cluster.nodes.push(Node {
                name,
                netns,
                sandboxes: Vec::new(),
                runtimes: Vec::new(),
            });
            machine.handles.push(handles);
        }
        machine
    }

    fn all(&self) -> Vec<NetnsId> {
        self.cluster.all_netns().map(|(id, _)| id).collect()
    }

    fn survey_all(&mut self) {
        self.visit_each(&self.all(), |netns, _, _, report| {
            read::survey(netns, report);
        });
    }

    /// Does some reading inside namespaces, in as many at a time as there are processors; `work` gets the namespaces of the
    /// same node. Tells what came of it where they could be entered, in the order of the model.
    fn visit_each<T: Send>(
        &mut self,
        wanted: &[NetnsId],
        work: impl Fn(&mut Netns, &Handle, &[Handle], &mut Report) -> T + Sync,
    ) -> Vec<(NetnsId, T)> {
        let mut visits = Vec::new();
        for (node, (held, handles)) in self.cluster.nodes.iter_mut().zip(&self.handles).enumerate()
        {
            for (netns, (space, handle)) in held.netns.iter_mut().zip(handles).enumerate() {
                let id = NetnsId { node, netns };
                if wanted.contains(&id) {
                    let report = Report::at(format!("{} {}", held.name, space.name));
                    visits.push((id, space, handle, handles, report, None));
                }
            }
        }
        let processors = thread::available_parallelism().map_or(1, NonZero::get);
        let left = Mutex::new(visits.iter_mut());
        let next = || left.lock().unwrap_or_else(PoisonError::into_inner).next();
        thread::scope(|scope| {
            for _ in 0..processors.min(wanted.len()) {
                scope.spawn(|| {
                    while let Some((_, space, handle, handles, report, result)) = next() {
                        match inside(&handle.file, || work(space, handle, handles, report)) {
                            Ok(done) => *result = Some(done),
                            Err(why) => report.add(why),
                        }
                    }
                });
            }
        });
        let mut results = Vec::new();
        for (id, .., mut report, result) in visits {
            // What the survey could not read is reported once.
            report.gaps.retain(|gap| !self.cluster.gaps.contains(gap));
            self.cluster.gaps.append(&mut report.gaps);
            results.extend(result.map(|result| (id, result)));
        }
        results
    }

    /// Does some reading inside a namespace; `work` gets the namespaces of the same node.
    fn visit(
        &mut self,
        id: NetnsId,
        work: impl FnOnce(&mut Netns, &Handle, &[Handle], &mut Report) + Send,
    ) {
        let Some(handles) = self.handles.get(id.node) else {
            return;
        };
        let Some(node) = self.cluster.nodes.get_mut(id.node) else {
            return;
        };
        let (Some(netns), Some(handle)) = (node.netns.get_mut(id.netns), handles.get(id.netns))
        else {
            return;
        };
        let mut report = Report::at(format!("{} {}", node.name, netns.name));
        if let Err(why) = inside(&handle.file, || work(netns, handle, handles, &mut report)) {
            report.add(why);
        }
        // What the survey could not read is reported once.
        report.gaps.retain(|gap| !self.cluster.gaps.contains(gap));
        self.cluster.gaps.append(&mut report.gaps);
    }
}

/// Which of a node's namespaces without a pod's name is a pod's: the only one with its addresses and its control group, or
/// else with either of them.
fn namespace_of(pod: &Pod, all: &[Netns], groups: &[Option<String>]) -> Option<usize> {
    let has_addresses = |netns: &Netns| pod.ips.iter().all(|ip| netns.has_address(*ip));
    let signs: Vec<(bool, bool)> = all
        .iter()
        .zip(groups)
        .map(|(netns, group)| {
            let unnamed = matches!(netns.name, NetnsName::Named(_));
            let by_group = group.is_some() && *group == pod.uid;
            (unnamed && by_group, unnamed && has_addresses(netns))
        })
        .collect();
    let only = |fits: fn(&(bool, bool)) -> bool| {
        let mut places = signs.iter().enumerate().filter(|(_, signs)| fits(signs));
        let first = places.next().map(|(place, _)| place);
        first.filter(|_| places.next().is_none())
    };
    only(|(group, addresses)| *group && *addresses)
        .or_else(|| only(|(_, addresses)| *addresses))
        .or_else(|| only(|(group, _)| *group))
}

/// Whether a pod has a namespace of its own on that node now.
fn lives_on(pod: &Pod, node: &str) -> bool {
    pod.node.as_deref() == Some(node)
        && !pod.host_network
        && !pod.has_ended()
        && !pod.ips.is_empty()
}
