//! What became of a packet: a trace is data with evidence, and every view of it is made from this.
//!
//! The serialised form is `kubenet.trace/v1`.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::dns::Dns;
use super::kube_proxy::ServedBy;
use super::{Finding, FlowEnd};

/// The answer to "what will the kernel do with this packet?".
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trace {
    /// Always `kubenet.trace/v1`.
    pub schema: String,
    /// The question.
    pub flow: FlowSummary,
    /// That of all paths when they agree, else `partial`.
    pub verdict: OverallVerdict,
    /// What the client sees, when all paths agree on it.
    pub client_sees: Option<ClientSees>,
    /// Every way the packet may go; their probabilities add up to 1.
    pub paths: Vec<Path>,
    /// What was found to be wrong on the way; empty until something looks for it.
    pub findings: Vec<Finding>,
    /// What was not read and may hide something.
    pub not_seen: Vec<String>,
    /// kube-proxy where the packet meets it first, when it is for a Service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kube_proxy: Option<ServedBy>,
    /// How the program finds the address before, where that was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dns: Option<Dns>,
}

/// The name of this form.
pub const TRACE_SCHEMA: &str = "kubenet.trace/v1";

/// The question, with names resolved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlowSummary {
    /// `tcp`, `udp`, `sctp`, `icmp` or a number.
    pub proto: String,
    /// The sender.
    pub from: FlowEnd,
    /// The destination as named.
    pub to: FlowEnd,
}

/// How a path ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// A socket takes it, and its answer comes back.
    Delivered,
    /// Lost silently.
    Dropped,
    /// Answered by an ICMP error or a reset.
    Rejected,
    /// No route, or the neighbour does not answer.
    Unreachable,
    /// Goes round until its TTL is used up.
    Looped,
    /// What was read does not tell.
    Undetermined,
}

/// [`Verdict`] of all paths together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OverallVerdict {
    /// See [`Verdict::Delivered`].
    Delivered,
    /// See [`Verdict::Dropped`].
    Dropped,
    /// See [`Verdict::Rejected`].
    Rejected,
    /// See [`Verdict::Unreachable`].
    Unreachable,
    /// See [`Verdict::Looped`].
    Looped,
    /// See [`Verdict::Undetermined`].
    Undetermined,
    /// The paths end differently.
    Partial,
}

impl From<Verdict> for OverallVerdict {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Delivered => Self::Delivered,
            Verdict::Dropped => Self::Dropped,
            Verdict::Rejected => Self::Rejected,
            Verdict::Unreachable => Self::Unreachable,
            Verdict::Looped => Self::Looped,
            Verdict::Undetermined => Self::Undetermined,
        }
    }
}

/// How the program that sent the packet learns of its fate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClientSees {
    /// Nothing, until it gives up.
    Timeout,
    /// ECONNREFUSED: RST or ICMP port unreachable; ENOPROTOOPT: ICMP protocol unreachable.
    Refused,
    /// EHOSTUNREACH, ENETUNREACH: no route, ICMP network or host unreachable, and every ICMP prohibition of IPv4.
    Unreachable,
    /// EACCES, EPERM: a local route that forbids, ICMPv6 prohibited, or a local DROP on output.
    Prohibited,
    /// EMSGSIZE.
    TooBig,
    /// EINVAL.
    Invalid,
}

/// One way the packet may go.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Path {
    /// How much of the traffic goes this way.
    pub probability: f64,
    /// How it ends.
    pub verdict: Verdict,
    /// What the client sees; `None` when the connection is made.
    pub client_sees: Option<ClientSees>,
    /// Where the packet ended, after translation; `None` when nowhere.
    pub destination: Option<FlowEnd>,
    /// The source address that the receiver sees.
    pub source_seen: Option<IpAddr>,
    /// Where and why it stopped.
    pub stopped_at: Option<StoppedAt>,
    /// Every device crossed, in order.
    pub devices: Vec<Crossing>,
    /// Its stays in namespaces.
    pub hops: Vec<Hop>,
    /// The way back; `None` when not asked for or not delivered.
    pub reply: Option<Reply>,
    /// TCP's third packet and all data after it, where that does not arrive as the first packet did: the connection is
    /// made and then hangs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acknowledgement: Option<Reply>,
    /// What had to be supposed, as it could not be known: each with the other ways the packet may go if it is not so.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub assumptions: Vec<Assumption>,
}

impl Path {
    /// The stays in namespaces of each packet that was followed, the first one's first.
    pub fn legs(&self) -> impl Iterator<Item = &[Hop]> {
        let later = [&self.reply, &self.acknowledgement];
        let later = later.into_iter().flatten().map(|leg| leg.hops.as_slice());
        std::iter::once(self.hops.as_slice()).chain(later)
    }

    /// The stays in namespaces of the packet that stopped.
    pub fn stopped_hops(&self) -> &[Hop] {
        let leg = match self.stopped_at.as_ref().and_then(|at| at.on) {
            None => return &self.hops,
            Some(Leg::Reply) => self.reply.as_ref(),
            Some(Leg::Acknowledgement | Leg::Data) => self.acknowledgement.as_ref(),
        };
        leg.map_or(&[], |leg| &leg.hops)
    }
}

/// Something that could not be known and was supposed in order to go on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Assumption {
    /// What is not known, and why.
    pub unknown: String,
    /// What was supposed for the path that carries this.
    pub supposed: String,
    /// What happens otherwise, in a sentence each (`if ...: delivered to ...`); empty where the packet ends the same and
    /// only steps on its way differ.
    pub otherwise: Vec<String>,
}

/// Where a packet stopped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoppedAt {
    /// The node.
    pub node: String,
    /// The namespace: `host`, `pod:NS/NAME`, `netns:NAME`.
    pub netns: String,
    /// The device, where one has a part in it.
    pub device: Option<String>,
    /// Index of the hop, index of the step in it.
    pub step: (usize, usize),
    /// Why, in a sentence.
    pub why: String,
    /// Which packet stopped, when it was not the first one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on: Option<Leg>,
}

/// A packet of the exchange after the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Leg {
    /// The answer: its steps are those of [`Path::reply`].
    Reply,
    /// What ends TCP's handshake: its steps are those of [`Path::acknowledgement`].
    Acknowledgement,
    /// Data of TCP that is larger than what made the connection; [`Path::acknowledgement`] holds its steps, too.
    Data,
}

/// A device on the way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Crossing {
    /// The node.
    pub node: String,
    /// The namespace.
    pub netns: String,
    /// The device.
    pub device: String,
    /// Into the namespace or out of it.
    pub dir: Direction,
}

/// Which way a device was crossed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// Received on it.
    In,
    /// Sent on it.
    Out,
}

/// A stay in one namespace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hop {
    /// The node.
    pub node: String,
    /// The namespace.
    pub netns: String,
    /// The device it came in by; `None` where it was made.
    #[serde(rename = "in")]
    pub input: Option<String>,
    /// The device it left by; `None` where it ended.
    #[serde(rename = "out")]
    pub output: Option<String>,
    /// What happened.
    pub steps: Vec<Step>,
}

/// One decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// What kind.
    pub kind: StepKind,
    /// What happened, in words.
    pub text: String,
    /// The fact it rests on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Evidence>,
    /// The packet as it was and as it became, where the step changed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<Change>,
}

/// A packet before and after, as `10.42.0.65 > 10.43.6.58:80/tcp`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Before.
    pub before: String,
    /// After.
    pub after: String,
}

/// A fact as its own tool prints it, and where it was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// `route table main`, `iptables nat KUBE-SERVICES rule 12`, `bridge fdb`.
    pub source: String,
    /// The text.
    pub raw: String,
}

/// Kinds of steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StepKind {
    /// A program sends.
    Emit,
    /// A routing decision.
    Route,
    /// A netfilter hook was passed.
    Hook,
    /// A rule was met.
    Rule,
    /// Destination translated.
    Dnat,
    /// Source translated.
    Snat,
    /// Mark set.
    Mark,
    /// Connection tracking.
    Conntrack,
    /// Neighbour resolved.
    Neighbor,
    /// Forwarded by a bridge.
    Bridge,
    /// Forwarding database looked up.
    Fdb,
    /// Through a veth pair.
    Veth,
    /// Wrapped into an outer packet.
    Encap,
    /// Unwrapped.
    Decap,
    /// Over a link between machines.
    Wire,
    /// IPVS.
    Ipvs,
    /// One of several taken.
    Balance,
    /// Taken by a socket.
    Deliver,
    /// Dropped.
    Drop,
    /// Rejected.
    Reject,
    /// Not known.
    Unknown,
}

/// The way of a packet after the first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reply {
    /// How it ends.
    pub verdict: Verdict,
    /// Its stays in namespaces.
    pub hops: Vec<Hop>,
    /// Every device crossed, in order.
    pub devices: Vec<Crossing>,
}
