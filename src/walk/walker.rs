//! The state of one walk, and how it ends.

use std::collections::BTreeSet;
use std::rc::Rc;

use super::Wishes;
use super::conntrack::{Connections, Direction};
use super::explore::Choices;
use super::icmp::IcmpError;
use super::ipvs;
use super::journey::{Journey, step};
use super::learn::Learned;
use super::netfilter::Lists;
use super::packet::Packet;
use super::refusal::{Denial, Refusal};
use super::supposing::Without;
use crate::model::trace::{Assumption, ClientSees, Evidence, StepKind, StoppedAt, Verdict};
use crate::model::{Cluster, NetnsId, Part};

/// One walk of one packet.
#[derive(Debug)]
pub(super) struct Walk<'c> {
    pub cluster: &'c Cluster,
    pub choices: Choices,
    pub journey: Journey,
    pub connections: Connections,
    /// What virtual servers took.
    pub virtual_connections: Vec<ipvs::Connection<'c>>,
    pub learned: Learned,
    /// Rules that are supposed not to be there.
    pub without: Rc<Without>,
    /// What rules of this walk noted in lists.
    pub lists: Lists,
    /// What was not read and may matter.
    pub not_seen: BTreeSet<String>,
    /// What the packet came to and was not read.
    pub wishes: Wishes,
    /// What was supposed on the way because it was not read, and makes no fork: the packet goes one way only.
    pub supposed: Vec<Assumption>,
    /// The packets that each host has forwarded: one that comes again comes until its TTL is used up.
    pub forwarded: Vec<(NetnsId, String)>,
    /// The flow's first packet as its sender sent it: an answer to anything else is not for the client.
    pub sent: Option<Direction>,
    /// The packet is a later one of a connection that stands.
    pub established: bool,
    /// Its sender chose its source port, so that it may belong to a connection that stands.
    pub port_given: bool,
    /// The device that a packet of neighbour discovery is for: of what is sent to a group, the copy that comes there is followed.
    pub sought: Option<(NetnsId, String)>,
    /// A TCPMSS rule was met, which limits how large segments are.
    pub clamped: bool,
    /// Devices crossed so far: a packet that a bridge loop never lets go is given up.
    pub crossings: usize,
}

/// How a walk ended well.
#[derive(Debug)]
pub(super) struct Delivery {
    pub packet: Packet,
    pub to: Recipient,
}

/// Who took the packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Recipient {
    /// A socket in this namespace.
    Socket(NetnsId),
    /// A host outside what was captured, by way of this device.
    Outside { netns: NetnsId, device: String },
}

impl Recipient {
    /// Where that is, or where it was last seen.
    pub fn netns(&self) -> NetnsId {
        match self {
            Self::Socket(netns) | Self::Outside { netns, .. } => *netns,
        }
    }
}

/// A walk's result: delivered, or stopped.
pub(super) type Fate = Result<Delivery, Stopped>;

/// How a walk ended badly, as written down.
#[derive(Debug, Clone)]
pub(super) struct Stopped {
    pub verdict: Verdict,
    pub client_sees: Option<ClientSees>,
    pub at: Box<StoppedAt>,
    /// What is sent back, by which the client learns of it.
    pub refusal: Option<Box<Refusal>>,
}

impl Stopped {
    /// A TCP connection that stands ends by a reset alone: ICMP errors are noted, and the data is sent again until it
    /// gives up (net/ipv4/tcp_ipv4.c, `tcp_v4_err`).
    pub fn seen_by_connection(mut self) -> Self {
        let refusal = self.refusal.as_ref();
        let reset = refusal.is_some_and(|refusal| refusal.denial.is_reset());
        if !reset && self.client_sees.is_some() {
            self.client_sees = Some(ClientSees::Timeout);
        }
        self
    }

    /// The same, but the client sees something else.
    pub fn seen_as(mut self, sees: ClientSees) -> Self {
        self.client_sees = self.client_sees.and(Some(sees));
        self
    }
}

/// An end, before it is written down by [`Walk::stop`].
#[derive(Debug, Clone)]
pub(super) struct Stop {
    pub netns: NetnsId,
    pub device: Option<String>,
    pub verdict: Verdict,
    pub client_sees: Option<ClientSees>,
    pub kind: StepKind,
    pub why: String,
    pub evidence: Option<Evidence>,
    /// What is sent back: what the program sees of an error depends on the protocol.
    pub answered: Option<Denial>,
    /// Dropped on the way out of the socket that sends it: the program sees EPERM, unless it is TCP, which tries again.
    pub at_output: bool,
}

impl Stop {
    /// Lost without a word.
    pub fn dropped(netns: NetnsId, why: impl Into<String>) -> Self {
        Self {
            netns,
            device: None,
            verdict: Verdict::Dropped,
            client_sees: Some(ClientSees::Timeout),
            kind: StepKind::Drop,
            why: why.into(),
            evidence: None,
            answered: None,
            at_output: false,
        }
    }

    /// The sender's own call fails: there is no route.
    pub fn unreachable(netns: NetnsId, why: impl Into<String>) -> Self {
        Self {
            verdict: Verdict::Unreachable,
            client_sees: Some(ClientSees::Unreachable),
            ..Self::dropped(netns, why)
        }
    }

    /// A host on the way answers with an ICMP error: there is no route, or nobody answers for the next hop.
    pub fn answered(netns: NetnsId, error: IcmpError, why: impl Into<String>) -> Self {
        Self {
            verdict: Verdict::Unreachable,
            answered: Some(Denial::Error(error)),
            ..Self::dropped(netns, why)
        }
    }

    /// The host answers that it does not take the packet.
    pub fn rejected(netns: NetnsId, denial: Denial, why: impl Into<String>) -> Self {
        Self {
            verdict: Verdict::Rejected,
            client_sees: Some(ClientSees::Refused),
            kind: StepKind::Reject,
            answered: Some(denial),
            ..Self::dropped(netns, why)
        }
    }

    /// What was read does not tell.
    pub fn unknown(netns: NetnsId, why: impl Into<String>) -> Self {
        Self {
            verdict: Verdict::Undetermined,
            client_sees: None,
            kind: StepKind::Unknown,
            ..Self::dropped(netns, why)
        }
    }

    /// At this device.
    pub fn at(mut self, device: &str) -> Self {
        self.device = Some(device.to_owned());
        self
    }

    /// Because of this fact.
    pub fn because(mut self, source: impl Into<String>, raw: &str) -> Self {
        self.evidence = Some(Evidence {
            source: source.into(),
            raw: raw.to_owned(),
        });
        self
    }
}

impl<'c> Walk<'c> {
    /// A walk that has not set out yet.
    pub fn new(cluster: &'c Cluster, choices: Choices) -> Self {
        Self {
            cluster,
            choices,
            journey: Journey::default(),
            connections: Connections::default(),
            virtual_connections: Vec::new(),
            not_seen: BTreeSet::new(),
            wishes: Wishes::default(),
            supposed: Vec::new(),
            learned: Learned::default(),
            without: Rc::default(),
            lists: Lists::default(),
            sent: None,
            forwarded: Vec::new(),
            established: false,
            port_given: false,
            sought: None,
            clamped: false,
            crossings: 0,
        }
    }

    /// Makes ready for another packet of the same connection.
    pub fn start_again(&mut self) {
        self.crossings = 0;
        self.forwarded.clear();
    }

    /// Writes an end down. What happens to a tunnel's outer packet is silence for the sender of the inner one, but where
    /// the tunnel hands errors on.
    pub fn stop(&mut self, packet: &Packet, stop: Stop) -> Stopped {
        let Stop {
            netns,
            device,
            mut verdict,
            mut client_sees,
            kind,
            why,
            evidence,
            answered,
            at_output,
        } = stop;
        let mut refusal = answered.map(|denial| {
            Box::new(Refusal {
                netns,
                denial,
                packet: packet.clone(),
            })
        });
        let inside = match answered {
            Some(Denial::Error(error)) => self.seen_inside(packet, error),
            _ => None,
        };
        if inside.is_some() {
            client_sees = inside;
        } else if packet.inner.is_some() && verdict != Verdict::Undetermined {
            verdict = Verdict::Dropped;
            client_sees = Some(ClientSees::Timeout);
            refusal = None;
        } else if at_output
            && packet.socket == Some(netns)
            && packet.protocol != crate::model::Protocol::Tcp
        {
            client_sees = Some(ClientSees::Prohibited);
            refusal = None;
        } else if let Some(Denial::Error(error)) = answered {
            client_sees = Some(self.seen_by_sender(netns, packet, error));
        }
        self.journey.enter(self.cluster, netns, None);
        let text = match answered {
            Some(Denial::Error(error)) if verdict == Verdict::Unreachable => {
                format!("{why}; the answer: {}", error.name())
            }
            _ => why.clone(),
        };
        let mut last = step(kind, text);
        last.evidence = evidence;
        self.journey.step(last);
        let at = StoppedAt {
            node: self.cluster.node_name(netns).to_owned(),
            netns: self.cluster.netns(netns).name.to_string(),
            device,
            step: self.journey.last_step(),
            why,
            on: None,
        };
        Stopped {
            verdict,
            client_sees,
            at: Box::new(at),
            refusal,
        }
    }

    /// Remembers something that was not read.
    pub fn not_seen(&mut self, what: String) {
        self.not_seen.insert(what);
    }

    /// Why nothing may be concluded from what a table does not show, if it was read only in part.
    pub fn only_in_part(&self, netns: NetnsId, part: Part) -> Option<String> {
        let incomplete = self.cluster.netns(netns).incomplete.contains(&part);
        incomplete.then(|| self.partly(netns, part))
    }

    /// The sentence about a table that was read only in part.
    pub fn partly(&self, netns: NetnsId, part: Part) -> String {
        let place = self.place_name(netns);
        format!("the {part} of {place} were read only in part: what decides here may be missing")
    }

    /// Ends the prediction where it would rest on the whole of a table that was read only in part.
    pub fn need_whole(
        &mut self,
        netns: NetnsId,
        part: Part,
        packet: &Packet,
    ) -> Result<(), Stopped> {
        match self.only_in_part(netns, part) {
            None => Ok(()),
            Some(why) => Err(self.stop(packet, Stop::unknown(netns, why))),
        }
    }

    /// The same for settings: those that were read are good, others may have been lost.
    pub fn need_settings(
        &mut self,
        netns: NetnsId,
        keys: &[String],
        packet: &Packet,
    ) -> Result<(), Stopped> {
        let lost = keys.iter().find(|key| self.sysctl(netns, key).is_none());
        let part = self.only_in_part(netns, Part::Sysctls);
        match (lost, part) {
            (Some(key), Some(why)) => {
                let why = format!("{why} ({key})");
                Err(self.stop(packet, Stop::unknown(netns, why)))
            }
            _ => Ok(()),
        }
    }

    /// `node1 / pod:default/web`, for messages.
    pub fn place_name(&self, netns: NetnsId) -> String {
        format!(
            "{} / {}",
            self.cluster.node_name(netns),
            self.cluster.netns(netns).name
        )
    }

    /// A setting that is a number; `None` when the settings were not read or do not have it.
    pub fn sysctl(&self, netns: NetnsId, key: &str) -> Option<i64> {
        self.cluster.netns(netns).sysctls.as_ref()?.number(key)
    }
}
