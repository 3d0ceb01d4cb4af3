//! What is asked, and what the walk predicts.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use kubenet::model::trace::{ClientSees, Hop, Leg, Path, Step, StepKind, Trace, Verdict};
use kubenet::model::{Cluster, Family, Flow, FlowEnd, Protocol};
use kubenet::walk;

use super::scene::Place;

/// A packet to be sent.
#[derive(Debug, Clone, Copy)]
pub struct Question {
    pub from: Place,
    pub protocol: Protocol,
    pub source: SocketAddr,
    pub to: SocketAddr,
    pub mark: u32,
    pub tos: u8,
}

/// Bytes that a datagram or an echo request carries.
pub const PAYLOAD: usize = 20;

impl Question {
    pub fn family(&self) -> Family {
        Family::of(self.to.ip())
    }

    pub fn flow(&self) -> Flow {
        let end = |ip: IpAddr, port| FlowEnd {
            kind: "address".to_owned(),
            namespace: None,
            name: None,
            node: None,
            ip: Some(ip),
            port,
            role: None,
        };
        let header = match self.family() {
            Family::V4 => 20,
            Family::V6 => 40,
        };
        // A SYN has 20 bytes of options here: MSS, SACK, timestamps, window scale.
        let size = header
            + match self.protocol {
                Protocol::Tcp => 40,
                _ => 8 + PAYLOAD as u32,
            };
        Flow {
            start: self.from.id(),
            external_source: None,
            from: end(self.source.ip(), None),
            to: end(self.to.ip(), Some(self.to.port())),
            protocol: self.protocol,
            destination: self.to.ip(),
            destination_port: self.to.port(),
            source: Some(self.source.ip()),
            source_port: Some(self.source.port()),
            established: false,
            mark: self.mark,
            tos: self.tos,
            size,
            reply: true,
        }
    }
}

/// What is predicted for one way.
#[derive(Debug)]
pub struct Predicted {
    pub probability: f64,
    /// Where it arrives, whether the answer comes back or not.
    pub arrives: Option<(Option<IpAddr>, Option<u16>)>,
    pub source: Option<IpAddr>,
    /// The port it comes from, where that is known.
    pub source_port: Option<u16>,
    /// The answer comes back too.
    pub answered: bool,
    pub client_sees: Option<ClientSees>,
    pub undetermined: bool,
    /// It, or its answer, was not dropped by a rule but refused or lost in another way, of which somebody may be told
    /// by a packet that the trace does not follow.
    pub forth_refused: bool,
    pub back_refused: bool,
    /// The trace has a way back.
    pub comes_back: bool,
    pub why: String,
    /// What happens where something is not as was supposed.
    pub otherwise: Vec<String>,
    /// The steps hang on something that was supposed.
    pub steps_supposed: bool,
    /// How often each rule is named, forth and back: those with an effect of their own, and those that led to them.
    pub forth: Named,
    pub back: Named,
    /// What the trace says, a step a line.
    pub steps: Vec<String>,
}

/// The rules that a trace names.
#[derive(Debug, Clone, Default)]
pub struct Named {
    pub effects: BTreeMap<u32, u64>,
    pub led: BTreeMap<u32, u64>,
}

impl Named {
    /// Together with those of another way.
    pub fn with(mut self, other: &Self) -> Self {
        for (number, times) in &other.effects {
            *self.effects.entry(*number).or_insert(0) += times;
        }
        for (number, times) in &other.led {
            *self.led.entry(*number).or_insert(0) += times;
        }
        self
    }
}

pub fn trace(cluster: &Cluster, question: &Question) -> Trace {
    walk::trace(cluster, &question.flow())
}

pub fn predict(cluster: &Cluster, question: &Question) -> Vec<Predicted> {
    trace(cluster, question)
        .paths
        .iter()
        .map(|path| predicted(path, question))
        .collect()
}

fn predicted(path: &Path, question: &Question) -> Predicted {
    let empty = Vec::new();
    let back = path.reply.as_ref().map_or(&empty, |reply| &reply.hops);
    let stopped_on = path.stopped_at.as_ref().and_then(|at| at.on);
    // The client's handshake is complete, the server's is not: it has no connection to accept.
    let half_open = stopped_on == Some(Leg::Acknowledgement);
    Predicted {
        probability: path.probability,
        arrives: (path.destination.as_ref().filter(|_| !half_open)).map(|end| (end.ip, end.port)),
        source: path.source_seen,
        source_port: source_port(path, question),
        answered: path.verdict == Verdict::Delivered
            || half_open && path.client_sees == Some(ClientSees::Timeout),
        client_sees: (path.client_sees).filter(|sees| !half_open || *sees != ClientSees::Timeout),
        undetermined: path.verdict == Verdict::Undetermined,
        forth_refused: path.destination.is_none() && !dropped_by_rule(&path.hops),
        back_refused: path.verdict != Verdict::Delivered && !dropped_by_rule(back),
        comes_back: path.reply.is_some(),
        why: path
            .stopped_at
            .as_ref()
            .map_or(String::new(), |at| at.why.clone()),
        otherwise: path
            .assumptions
            .iter()
            .flat_map(|assumption| assumption.otherwise.clone())
            .collect(),
        steps_supposed: !path.assumptions.is_empty(),
        forth: named(&path.hops),
        back: named(back),
        steps: steps(path),
    }
}

fn steps(path: &Path) -> Vec<String> {
    let legs = [&path.reply, &path.acknowledgement];
    let later = legs.into_iter().flatten().map(|leg| &leg.hops);
    let hops = std::iter::once(&path.hops).chain(later).flatten();
    hops.flat_map(|hop| {
        let line = |step: &Step| format!("{}: {:?} {}", hop.netns, step.kind, step.text);
        hop.steps.iter().map(line)
    })
    .collect()
}

/// Whether the last thing that happened is that a rule or a policy dropped the packet.
fn dropped_by_rule(hops: &[Hop]) -> bool {
    let last = hops.last().and_then(|hop| hop.steps.last());
    last.is_some_and(|step| {
        let by_rule = step
            .evidence
            .as_ref()
            .is_some_and(|evidence| evidence.source.contains("tables"));
        step.kind == StepKind::Drop && by_rule
    })
}

/// The packet's source port after its last translation.
fn source_port(path: &Path, question: &Question) -> Option<u16> {
    let steps = path.hops.iter().flat_map(|hop| &hop.steps);
    match steps.filter_map(|step| step.change.as_ref()).next_back() {
        None => Some(question.source.port()),
        Some(change) => {
            let (source, _) = change.after.split_once(" > ")?;
            Some(source.parse::<SocketAddr>().ok()?.port())
        }
    }
}

fn named(hops: &[Hop]) -> Named {
    let mut named = Named::default();
    let mut before = None;
    for step in hops
        .iter()
        .filter(|hop| hop.netns == "host")
        .flat_map(|hop| &hop.steps)
    {
        let Some(evidence) = &step.evidence else {
            before = None;
            continue;
        };
        let own = evidence.source.contains(" rule ");
        // A rule that throws dice and then acts on them is named for both; one that is met twice does the same twice.
        let again = own
            && before.is_some_and(|(source, kind)| source == &evidence.source && kind != step.kind);
        before = Some((&evidence.source, step.kind));
        if again {
            continue;
        }
        for number in super::rules::numbers(&evidence.raw) {
            let of = if own {
                &mut named.effects
            } else {
                &mut named.led
            };
            *of.entry(number).or_insert(0) += 1;
        }
    }
    named
}
