//! The answer to a question: the ends are looked up, the packet is walked, and where DNS is asked about, the way of its
//! queries before.

use super::endpoint::{self, Question};
use super::reading::Reading;
use super::{Failure, dns};
use crate::model::trace::{Step, StepKind, Trace};
use crate::model::{Cluster, Flow};
use crate::walk;

/// Answers it. `dns` is the name that the program asks for, where its queries are to be traced too.
pub fn answer(
    question: &Question,
    dns: Option<&str>,
    reading: &mut Reading,
) -> Result<Trace, Failure> {
    let mut flows = endpoint::resolve_each(reading.cluster(), question)?;
    if question.established {
        for flow in &mut flows {
            reading.read_start(flow.start);
            *flow = endpoint::follow(reading.cluster(), flow)?;
        }
    }
    let mut trace = trace_each(&flows, reading);
    if let (Some(name), Some(flow)) = (dns, flows.first()) {
        trace.dns = Some(dns::trace(name, question, flow, reading)?);
    }
    Ok(trace)
}

/// One trace of all flows: a client takes one of them, each as likely as the others.
fn trace_each(flows: &[Flow], reading: &mut Reading) -> Trace {
    let mut traces: Vec<Trace> = flows.iter().map(|flow| reading.trace(flow)).collect();
    let count = traces.len();
    let mut whole = traces.remove(0);
    if count == 1 {
        return whole;
    }
    let text = format!("DNS gives {count} addresses in any order: this one is tried first");
    let endpoints = endpoints(reading.cluster(), &whole);
    mark(&mut whole, &text);
    for mut other in traces {
        mark(&mut other, &text);
        whole.paths.append(&mut other.paths);
        whole.findings.append(&mut other.findings);
        whole.not_seen.append(&mut other.not_seen);
    }
    whole.not_seen.sort();
    whole.not_seen.dedup();
    for path in &mut whole.paths {
        path.probability /= count as f64;
    }
    whole.flow.to.ip = None;
    whole.flow.to.role = Some(format!("headless, {endpoints}"));
    (whole.verdict, whole.client_sees) = walk::overall(&whole.paths);
    whole
}

/// How many endpoints DNS leaves out.
fn endpoints(cluster: &Cluster, trace: &Trace) -> String {
    let to = &trace.flow.to;
    let slices = cluster.objects.endpoint_slices.iter().filter(|slice| {
        Some(&slice.namespace) == to.namespace.as_ref() && Some(&slice.service) == to.name.as_ref()
    });
    let family = to.ip.map(crate::model::Family::of);
    let of_family = |endpoint: &&crate::model::Endpoint| {
        endpoint
            .addresses
            .first()
            .map(|ip| crate::model::Family::of(*ip))
            == family
    };
    let all: Vec<_> = slices
        .flat_map(|slice| &slice.endpoints)
        .filter(of_family)
        .collect();
    let ready = all.iter().filter(|endpoint| endpoint.ready).count();
    format!("{ready} of {} endpoints ready", all.len())
}

/// Puts the choice of the address before everything else.
fn mark(trace: &mut Trace, text: &str) {
    for path in &mut trace.paths {
        let Some(hop) = path.hops.first_mut() else {
            continue;
        };
        let step = Step {
            kind: StepKind::Balance,
            text: text.to_owned(),
            evidence: None,
            change: None,
        };
        hop.steps.insert(0, step);
        if let Some(at) = &mut path.stopped_at
            && at.on.is_none()
            && at.step.0 == 0
        {
            at.step.1 += 1;
        }
    }
}
