//! What a question is answered from: a cluster that was read as a whole, or machines that are read as far as a packet
//! gets.
//!
//! A live machine may have hundreds of namespaces, and a packet meets a few. There the walk is repeated with more read
//! each time, until it meets no namespace that was not read. Neither are all chains read where there are thousands: the
//! walk wishes for those that it comes to, and goes on when it has them.

use std::collections::BTreeSet;
use std::fs::File;

use super::api::Api;
use super::{Failure, Global, source};
use crate::check;
use crate::collect::kubernetes::Wanted;
use crate::collect::live::{LiveOptions, Machine};
use crate::model::iptables::Wish;
use crate::model::trace::{Path, Trace, Verdict};
use crate::model::{Cluster, Finding, Flow, NetnsId, NetnsName};
use crate::walk;

/// More times than this a walk is not repeated for chains that were not read: far more than chains lie one behind the
/// other on any packet's way.
const MOST_PASSES: usize = 200;

/// A source, opened.
pub enum Reading {
    /// Everything was read.
    Whole(Box<Cluster>),
    /// Machines, and which of their namespaces were read.
    Live {
        /// This machine, or those of the practice cluster.
        machine: Box<Machine>,
        /// What was read of it.
        read: BTreeSet<NetnsId>,
        /// The Kubernetes API beside it.
        api: Box<Api>,
    },
}

impl Reading {
    /// Opens what the global options name, with all objects that the Kubernetes API has beside a machine.
    pub fn open(global: &Global) -> Result<Self, Failure> {
        let mut reading = Self::survey(global)?;
        reading.read_all_objects(global);
        Ok(reading)
    }

    /// Opens what the global options name. Of machines only devices and addresses are read yet, and later what packets may
    /// meet: chains of large rulesets as they are asked for.
    pub fn survey(global: &Global) -> Result<Self, Failure> {
        Self::survey_with(global, Machine::on_demand)
    }

    /// Opens what the global options name, to read every rule and setting of the namespaces that will be asked for.
    pub fn survey_for_everything(global: &Global) -> Result<Self, Failure> {
        Self::survey_with(global, |machine| machine)
    }

    fn survey_with(global: &Global, prepare: fn(Machine) -> Machine) -> Result<Self, Failure> {
        let (machine, api) = if source::is_this_machine(global)? {
            let api = Api::find(global)?;
            let machine = Machine::survey(&LiveOptions::default());
            (machine.map_err(|error| Failure::of(&error))?, api)
        } else if let Some(lab) = source::open_lab(global)? {
            (lab, Api::default())
        } else {
            return source::open(global).map(|cluster| Self::Whole(Box::new(cluster)));
        };
        Ok(Self::Live {
            machine: Box::new(prepare(machine)),
            read: BTreeSet::new(),
            api: Box::new(api),
        })
    }

    /// The Kubernetes namespace of bare names.
    pub fn usual_namespace(&self, global: &Global) -> String {
        let usual = match self {
            Self::Whole(_) => Api::default().namespace().to_owned(),
            Self::Live { api, .. } => api.namespace().to_owned(),
        };
        global.namespace.clone().unwrap_or(usual)
    }

    /// Reads what is wanted of the Kubernetes API, where there is one beside the machine.
    pub fn read_objects(&mut self, wanted: &Wanted, global: &Global) {
        if let Self::Live { machine, api, .. } = self {
            api.add_to(machine, wanted, global);
        }
    }

    /// Reads whose the namespaces are, as far as the Kubernetes API knows.
    pub fn read_names(&mut self, global: &Global) {
        self.read_objects(&Wanted::names(), global);
    }

    /// Reads all objects that things are named by.
    pub fn read_all_objects(&mut self, global: &Global) {
        self.read_objects(&Wanted::everything(), global);
    }

    /// What was read so far.
    pub fn cluster(&self) -> &Cluster {
        match self {
            Self::Whole(cluster) => cluster,
            Self::Live { machine, .. } => machine.cluster(),
        }
    }

    /// Reads the rest of the hosts and of the namespace that a packet starts in.
    pub fn read_start(&mut self, start: NetnsId) {
        let is_host = |id: &NetnsId| self.cluster().netns(*id).name == NetnsName::Host;
        let hosts = self.cluster().all_netns().map(|(id, _)| id).filter(is_host);
        let wanted: BTreeSet<NetnsId> = hosts.chain([start]).collect();
        self.complete(wanted);
    }

    /// Reads the rest of the hosts.
    pub fn read_hosts(&mut self) {
        let is_host = |id: &NetnsId| self.cluster().netns(*id).name == NetnsName::Host;
        let hosts = self.cluster().all_netns().map(|(id, _)| id).filter(is_host);
        let wanted = hosts.collect();
        self.complete(wanted);
    }

    /// The namespace itself, to be entered; `None` of what is only a dump.
    pub fn namespace(&self, id: NetnsId) -> Option<&File> {
        match self {
            Self::Whole(_) => None,
            Self::Live { machine, .. } => machine.namespace(id),
        }
    }

    /// Reads the rest of these namespaces.
    pub fn read(&mut self, wanted: &[NetnsId]) {
        self.complete(wanted.iter().copied().collect());
    }

    /// Reads the chains of these names of the hosts, wherever they are not read yet.
    pub fn read_lists(&mut self, names: &[&str]) {
        let mut wishes = BTreeSet::new();
        for (netns, held) in self.cluster().all_netns() {
            for ruleset in &held.iptables {
                let chains = ruleset.chains();
                let unread =
                    chains.filter(|(_, chain)| !chain.is_read() && names.contains(&&*chain.name));
                wishes.extend(unread.map(|(table, chain)| Wish {
                    netns,
                    family: ruleset.family,
                    table,
                    chain: chain.name.to_string(),
                }));
            }
        }
        self.supply(&wishes);
    }

    /// Reads chains that were asked for; whether more is known now.
    pub fn supply(&mut self, wishes: &BTreeSet<Wish>) -> bool {
        match self {
            Self::Whole(_) => false,
            Self::Live { machine, .. } => machine.supply(wishes),
        }
    }

    fn complete(&mut self, mut wanted: BTreeSet<NetnsId>) {
        let Self::Live { machine, read, .. } = self else {
            return;
        };
        let missing: Vec<NetnsId> = wanted.difference(read).copied().collect();
        machine.complete(&missing);
        read.append(&mut wanted);
    }

    /// Traces a flow, with everything read that its packets come to, and says what is wrong with where it goes.
    pub fn trace(&mut self, flow: &Flow) -> Trace {
        let mut trace = self.follow(flow);
        trace.findings = self.findings_on_the_way(&trace);
        for finding in self.service_findings(flow) {
            let told = |one: &Finding| one.id == finding.id && one.title == finding.title;
            if !trace.findings.iter().any(told) {
                trace.findings.push(finding);
            }
        }
        if !flow.established {
            let stale = check::connections::of_flow(self.cluster(), flow, &trace.paths);
            trace.findings.extend(stale);
        }
        trace
    }

    /// Checks everything, until no chain is missing which can be read.
    pub fn check(&mut self) -> check::Report {
        if let Self::Live { machine, .. } = self {
            machine.complete_all();
        }
        for _ in 0..MOST_PASSES {
            let report = check::everything(self.cluster());
            if !self.supply(&report.wishes) {
                return report;
            }
        }
        check::everything(self.cluster())
    }

    /// What lies on the way of a trace that does not end well.
    fn findings_on_the_way(&mut self, trace: &Trace) -> Vec<Finding> {
        let ends_well = |path: &Path| path.verdict == Verdict::Delivered;
        if trace.paths.iter().all(ends_well) {
            return Vec::new();
        }
        for _ in 0..MOST_PASSES {
            let (findings, wishes) = check::of_trace(self.cluster(), trace);
            if !self.supply(&wishes) {
                return findings;
            }
        }
        Vec::new()
    }

    /// Compares the Service with what the node holds for it, until no chain is missing which can be read.
    fn service_findings(&mut self, flow: &Flow) -> Vec<Finding> {
        for _ in 0..MOST_PASSES {
            let report = check::service::of_flow(self.cluster(), flow);
            if report.wishes.is_empty() || !self.supply(&report.wishes) {
                return report.findings;
            }
        }
        Vec::new()
    }

    fn follow(&mut self, flow: &Flow) -> Trace {
        self.read_start(flow.start);
        loop {
            let (trace, mut wanted) = self.walk(flow);
            let Self::Live { machine, read, .. } = self else {
                return trace;
            };
            wanted.extend(met(machine.cluster(), &trace));
            wanted.retain(|id| !read.contains(id));
            if wanted.is_empty() {
                return trace;
            }
            self.complete(wanted);
        }
    }

    /// Walks until no chain is missing which can be read; with the namespaces that were asked something.
    fn walk(&mut self, flow: &Flow) -> (Trace, BTreeSet<NetnsId>) {
        if let Self::Live { machine, .. } = self {
            for _ in 0..MOST_PASSES {
                let (trace, wishes) = walk::trace_and_wishes(machine.cluster(), flow);
                if wishes.chains.is_empty() {
                    return (trace, wishes.namespaces);
                }
                if !machine.supply(&wishes.chains) {
                    break;
                }
            }
        }
        // Why chains could not be read is known only now.
        let (trace, wishes) = walk::trace_and_wishes(self.cluster(), flow);
        (trace, wishes.namespaces)
    }
}

/// The namespaces that a packet or those after it come to.
fn met(cluster: &Cluster, trace: &Trace) -> BTreeSet<NetnsId> {
    let hops = trace.paths.iter().flat_map(|path| path.legs().flatten());
    let places: BTreeSet<(&str, &str)> = hops
        .map(|hop| (hop.node.as_str(), hop.netns.as_str()))
        .collect();
    let named = |(id, netns): &(NetnsId, &crate::model::Netns)| {
        places.contains(&(cluster.node_name(*id), netns.name.to_string().as_str()))
    };
    cluster
        .all_netns()
        .filter(named)
        .map(|(id, _)| id)
        .collect()
}
