//! The step of a trace at which a packet stops: what the kernel does there, why that ends its way, and what its sender
//! sees.

use super::article::{Article, Item};
use super::step;
use crate::model::trace::{ClientSees, Leg, Path, Step, StepKind, StoppedAt, Trace, Verdict};

/// Explains why the packets of a trace do not arrive; of those that do nothing is said.
pub fn explain(trace: &Trace) -> Article {
    let name = |end: &crate::model::FlowEnd| {
        let ip = end.ip.map(|ip| ip.to_string());
        let named = end.name.as_ref().map(|name| match &end.namespace {
            Some(namespace) => format!("{} {namespace}/{name}", end.kind),
            None => format!("{} {name}", end.kind),
        });
        named.or(ip).unwrap_or_else(|| end.kind.clone())
    };
    let (from, to) = (name(&trace.flow.from), name(&trace.flow.to));
    let mut article = Article::new("drop", format!("{from} to {to}"));
    let mut seen: Vec<(&StoppedAt, Vec<usize>, f64)> = Vec::new();
    for (number, path) in trace.paths.iter().enumerate() {
        let Some(at) = &path.stopped_at else { continue };
        match seen
            .iter_mut()
            .find(|(known, ..)| known.why == at.why && known.node == at.node)
        {
            Some((_, numbers, share)) => {
                numbers.push(number);
                *share += path.probability;
            }
            None => seen.push((at, vec![number], path.probability)),
        }
    }
    // The sum of nothing is -0.
    let lost = seen.iter().fold(0.0, |lost, (_, _, share)| lost + share);
    article.fact("lost", lost);
    article.say(match seen.len() {
        0 => "Nothing stops: every packet that the trace followed arrives, and is answered."
            .to_owned(),
        _ => format!(
            "{} of the connections do not arrive.",
            super::matches::percent(lost)
        ),
    });
    for (at, numbers, share) in &seen {
        let first = numbers.first().and_then(|number| trace.paths.get(*number));
        let Some(path) = first else { continue };
        let numbers: Vec<String> = numbers
            .iter()
            .map(|number| (number + 1).to_string())
            .collect();
        let title = match trace.paths.len() {
            1 => "Where it stops".to_owned(),
            _ => format!(
                "Where branch {} stops ({})",
                numbers.join(", "),
                super::matches::percent(*share)
            ),
        };
        article.section(title, items(path, at));
    }
    for finding in &trace.findings {
        article.odd.push(finding.title.clone());
    }
    let mut mends: Vec<&str> = Vec::new();
    for fix in trace.findings.iter().flat_map(|finding| &finding.fix) {
        if !mends.contains(&fix.as_str()) {
            mends.push(fix);
        }
    }
    article.section(
        "What mends it",
        mends.into_iter().map(Item::command).collect(),
    );
    article.not_seen.clone_from(&trace.not_seen);
    article
}

fn items(path: &Path, at: &StoppedAt) -> Vec<Item> {
    let netns = match at.netns.as_str() {
        "host" => at.node.clone(),
        netns => format!("{} / {netns}", at.node),
    };
    let device = at.device.iter().map(|device| format!(", {device}"));
    let packet = match at.on {
        None => "the first packet",
        Some(Leg::Reply) => "the answer",
        Some(Leg::Data) => "data of TCP, in segments of that size",
        Some(Leg::Acknowledgement) => "the packet that ends TCP's handshake, and all data after it",
    };
    let mut items = vec![
        Item::of("where", format!("{netns}{}", device.collect::<String>())),
        Item::of("what", packet),
    ];
    let step = path
        .stopped_hops()
        .get(at.step.0)
        .and_then(|hop| hop.steps.get(at.step.1));
    let why = Item::of("stop", at.why.as_str());
    items.push(match step.and_then(|step| step.evidence.as_ref()) {
        Some(evidence) => why.seen(evidence.source.as_str(), evidence.raw.as_str()),
        None => why,
    });
    if let Some(step) = step {
        if let Some(evidence) = &step.evidence {
            items.extend(evidence.raw.lines().map(|line| Item::of("by", line)));
        }
        items.extend(
            step.evidence
                .as_ref()
                .and_then(step::why)
                .map(|why| Item::of("written", why)),
        );
        items.push(Item::of("means", meaning(step)));
    }
    items.push(Item::of("sender", sees(path)));
    items
}

/// What the kernel decides at such a step, and what it takes to pass it.
fn meaning(step: &Step) -> &'static str {
    match step.kind {
        StepKind::Route => {
            "the routing table was asked where packets to that address go: without a route, or with one that refuses, none is sent"
        }
        StepKind::Rule | StepKind::Drop | StepKind::Reject | StepKind::Hook => {
            "a rule or the policy of a chain decided; what a table drops no later table gets back"
        }
        StepKind::Neighbor => {
            "to send a frame the kernel needs the hardware address of the next hop, and nobody told it one"
        }
        StepKind::Fdb => {
            "a tunnel needs to know behind which endpoint a hardware address is; flannel writes that, and where it is not or wrong the frame is lost without a word"
        }
        StepKind::Bridge => {
            "the bridge decided which port the frame leaves by, or that it leaves by none"
        }
        StepKind::Conntrack => {
            "connection tracking decides whether a packet belongs to a connection that it knows"
        }
        StepKind::Encap | StepKind::Decap => {
            "the packet was put into another one, or taken out, and the far side has to be set up alike"
        }
        StepKind::Wire => "the frame left by a wire, and whoever is behind it has to take it",
        StepKind::Deliver => {
            "the packet arrived where it was sent to: now a program has to listen there"
        }
        StepKind::Ipvs => "a virtual server chose where the connection goes",
        StepKind::Dnat | StepKind::Snat => {
            "the address was translated, and from here on the packet goes to the new one"
        }
        StepKind::Unknown => "what was read does not tell how it goes on here",
        StepKind::Emit | StepKind::Veth | StepKind::Balance | StepKind::Mark => {
            "the packet's way ended here"
        }
    }
}

fn sees(path: &Path) -> &'static str {
    match (path.client_sees, path.verdict) {
        (Some(ClientSees::Timeout), _) => "sees nothing, until it gives up (ETIMEDOUT)",
        (Some(ClientSees::Refused), _) => "is told at once: connection refused (ECONNREFUSED)",
        (Some(ClientSees::Unreachable), _) => {
            "is told: no route to host (EHOSTUNREACH or ENETUNREACH)"
        }
        (Some(ClientSees::Prohibited), _) => "is told: not permitted (EACCES or EPERM)",
        (Some(ClientSees::TooBig), _) => "is told: message too long (EMSGSIZE)",
        (Some(ClientSees::Invalid), _) => "is told: invalid argument (EINVAL)",
        (None, Verdict::Undetermined) => "what it sees is not known",
        (None, _) => "sees no error",
    }
}
