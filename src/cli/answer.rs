//! The answer to a question: the ends are looked up, and the packet is walked, in the cluster that was named.
//!
//! A live machine may have hundreds of namespaces, and a packet meets a few. There the walk is repeated with more read
//! each time, until it meets no namespace that was not read. Neither are all chains read where there are thousands: the
//! walk wishes for those that it comes to, and goes on when it has them.

use std::collections::BTreeSet;

use super::endpoint::{self, Question};
use super::{Failure, Global, source};
use crate::check;
use crate::collect::live::{LiveOptions, Machine};
use crate::model::trace::{Trace, Verdict};
use crate::model::{Cluster, Finding, Flow, NetnsId, NetnsName};
use crate::walk;

/// More times than this a walk is not repeated for chains that were not read: far more than chains lie one behind the
/// other on any packet's way.
const MOST_PASSES: usize = 200;

/// Answers it.
pub fn answer(question: &Question, global: &Global) -> Result<Trace, Failure> {
    if source::is_this_machine(global)? {
        return on_this_machine(question);
    }
    if let Some(lab) = source::open_lab(global)? {
        let mut lab = lab.with_rules_on_demand();
        lab.complete_all();
        let flow = endpoint::resolve(lab.cluster(), question)?;
        let mut trace = walk(&mut lab, &flow);
        trace.findings = diagnose(&mut lab, &flow);
        return Ok(trace);
    }
    let cluster = source::open(global)?;
    let flow = endpoint::resolve(&cluster, question)?;
    let mut trace = walk::trace(&cluster, &flow);
    trace.findings = check::service::of_flow(&cluster, &flow).findings;
    Ok(trace)
}

fn on_this_machine(question: &Question) -> Result<Trace, Failure> {
    let mut machine = Machine::survey(&LiveOptions::default())
        .map_err(|error| Failure::of(&error))?
        .with_rules_on_demand();
    let flow = endpoint::resolve(machine.cluster(), question)?;
    let is_host = |id: &NetnsId| machine.cluster().netns(*id).name == NetnsName::Host;
    let all: BTreeSet<NetnsId> = machine.cluster().all_netns().map(|(id, _)| id).collect();
    let mut wanted: BTreeSet<NetnsId> = all.iter().copied().filter(is_host).collect();
    wanted.insert(flow.start);
    let mut read = BTreeSet::new();
    loop {
        machine.complete(&wanted.iter().copied().collect::<Vec<_>>());
        read.append(&mut wanted);
        let trace = walk(&mut machine, &flow);
        wanted = met(machine.cluster(), &trace)
            .difference(&read)
            .copied()
            .collect();
        let unknown = trace
            .paths
            .iter()
            .any(|path| path.verdict == Verdict::Undetermined);
        if wanted.is_empty() && unknown {
            // Somewhere in what was left out may be what is missing.
            wanted = all.difference(&read).copied().collect();
        }
        if wanted.is_empty() {
            return Ok(trace);
        }
    }
}

/// Walks until no chain is missing which can be read.
fn walk(machine: &mut Machine, flow: &Flow) -> Trace {
    for _ in 0..MOST_PASSES {
        let (trace, wishes) = walk::trace_and_wishes(machine.cluster(), flow);
        if wishes.is_empty() {
            return trace;
        }
        if !machine.supply(&wishes) {
            break;
        }
    }
    // Why they could not be read is known only now.
    walk::trace(machine.cluster(), flow)
}

/// Compares the Service with what the node holds for it, until no chain is missing which can be read.
fn diagnose(machine: &mut Machine, flow: &Flow) -> Vec<Finding> {
    for _ in 0..MOST_PASSES {
        let report = check::service::of_flow(machine.cluster(), flow);
        let wishes = &report.wishes;
        if wishes.is_empty() || !machine.supply(wishes) {
            return report.findings;
        }
    }
    Vec::new()
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
