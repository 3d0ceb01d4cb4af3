//! What is asked, and what the walk predicts.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use kubenet::model::trace::{ClientSees, Hop, Leg, Path, Trace, Verdict};
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
    /// The answer comes back too.
    pub answered: bool,
    pub client_sees: Option<ClientSees>,
    pub undetermined: bool,
    /// It is answered by a refusal.
    pub refused: bool,
    /// The answer does not come back.
    pub lost_on_reply: bool,
    pub why: String,
    /// How often each rule is named, forth and back: those with an effect of their own, and those that led to them.
    pub forth: Named,
    pub back: Named,
}

/// The rules that a trace names.
#[derive(Debug, Default)]
pub struct Named {
    pub effects: BTreeMap<u32, u64>,
    pub led: BTreeMap<u32, u64>,
}

pub fn trace(cluster: &Cluster, question: &Question) -> Trace {
    walk::trace(cluster, &question.flow())
}

pub fn predict(cluster: &Cluster, question: &Question) -> Vec<Predicted> {
    trace(cluster, question)
        .paths
        .iter()
        .map(predicted)
        .collect()
}

fn predicted(path: &Path) -> Predicted {
    let empty = Vec::new();
    let back = path.reply.as_ref().map_or(&empty, |reply| &reply.hops);
    let stopped_on = path.stopped_at.as_ref().and_then(|at| at.on);
    // The client's handshake is complete, the server's is not: it has no connection to accept.
    let half_open = stopped_on == Some(Leg::Acknowledgement);
    Predicted {
        probability: path.probability,
        arrives: (path.destination.as_ref().filter(|_| !half_open)).map(|end| (end.ip, end.port)),
        source: path.source_seen,
        answered: path.verdict == Verdict::Delivered
            || half_open && path.client_sees == Some(ClientSees::Timeout),
        client_sees: (path.client_sees).filter(|sees| !half_open || *sees != ClientSees::Timeout),
        undetermined: path.verdict == Verdict::Undetermined,
        refused: matches!(
            path.verdict,
            Verdict::Rejected | Verdict::Unreachable | Verdict::Looped
        ),
        lost_on_reply: stopped_on == Some(Leg::Reply),
        why: path
            .stopped_at
            .as_ref()
            .map_or(String::new(), |at| at.why.clone()),
        forth: named(&path.hops),
        back: named(back),
    }
}

fn named(hops: &[Hop]) -> Named {
    let mut named = Named::default();
    for step in hops
        .iter()
        .filter(|hop| hop.netns == "host")
        .flat_map(|hop| &hop.steps)
    {
        let Some(evidence) = &step.evidence else {
            continue;
        };
        let own = evidence.source.contains(" rule ");
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
