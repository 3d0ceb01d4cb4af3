//! `kubenet trace`: what happens to a packet, step by step.

use clap::Args;
use clap_complete::engine::ArgValueCompleter;

use super::endpoint::{self, Port, Question};
use super::reading::Reading;
use super::{Failure, Global, Outcome, Output, answer, candidates, dns, output};
use crate::model::dns::Answer;
use crate::model::trace::{OverallVerdict, Trace, Verdict};
use crate::model::{Family, Protocol};
use crate::render::text;

/// Arguments of `trace`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kubenet --demo trace client nginx-test
  kubenet --demo trace client nginx-test -v
  kubenet --demo trace default/client svc/kube-system/kube-dns:dns
  kubenet --demo trace client headless             each endpoint of it
  kubenet --bundle dump.tar.zst trace client nginx-test.default --dns
  kubenet --bundle dump.tar.zst trace client udp.shop --sport 40000
  kubenet --bundle dump.tar.zst trace external node/node1:30080 -o json
  sudo kubenet trace 10.42.0.65 10.43.6.58:80

Exit status: 0 every branch is delivered and answered, 1 some or all are not,
3 what was read does not tell, 2 wrong usage or unreadable input.")]
pub struct TraceArgs {
    /// Who sends: NAME, NS/NAME, pod/NS/NAME, IP, node/NAME, docker:NAME, external[:IP]
    #[arg(value_name = "FROM", add = ArgValueCompleter::new(candidates::senders))]
    pub from: String,
    /// To whom: NAME, NS/NAME, svc/NS/NAME[:PORT], pod/NS/NAME:PORT, name.ns.svc.cluster.local[:PORT], IP:PORT, [IPv6]:PORT, node/NAME:PORT, docker:NAME:PORT
    #[arg(value_name = "TO", add = ArgValueCompleter::new(candidates::receivers))]
    pub to: String,
    /// tcp, udp, sctp, icmp or a number [default: the Service port's, else tcp]
    #[arg(long, value_name = "PROTO")]
    pub proto: Option<Protocol>,
    /// Destination port, by number or by the name that the Service gives it
    #[arg(long, value_name = "PORT", value_parser = endpoint::parse_port)]
    pub port: Option<Port>,
    /// Source port, with icmp the echo's identifier [default: one that the kernel picks]; a connection that stands
    /// with it is followed as its entry says
    #[arg(long, value_name = "PORT")]
    pub sport: Option<u16>,
    /// Ask about a later packet of a connection that stands (see the tables of connection tracking)
    #[arg(long)]
    pub established: bool,
    /// Trace the DNS queries of the program before: what its resolv.conf asks, over UDP and over TCP
    #[arg(long)]
    pub dns: bool,
    /// Bytes of the IP packet, for questions of MTU [default: a first packet's]
    #[arg(long, value_name = "BYTES", value_parser = clap::value_parser!(u32).range(20..=65535))]
    pub size: Option<u32>,
    /// Mark set by the sender (SO_MARK), decimal or 0x...
    #[arg(long, value_name = "MARK", value_parser = mark, default_value = "0")]
    pub mark: u32,
    /// Use IPv4 addresses
    #[arg(long, conflicts_with = "ipv6")]
    pub ipv4: bool,
    /// Use IPv6 addresses
    #[arg(long)]
    pub ipv6: bool,
    /// The node that a client outside the cluster sends to
    #[arg(long, value_name = "NODE")]
    pub via: Option<String>,
    /// Show only this branch, in full (1 is the first)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub branch: Option<u32>,
    /// Do not follow the reply
    #[arg(long)]
    pub no_reply: bool,
}

/// A mark as users write it, decimal or 0x...
pub(super) fn mark(text: &str) -> Result<u32, String> {
    let parsed = match text.strip_prefix("0x") {
        Some(digits) => u32::from_str_radix(digits, 16),
        None => text.parse(),
    };
    parsed.map_err(|_| format!("{text:?} is no mark of 32 bits"))
}

/// Traces and prints.
pub fn run(args: &TraceArgs, global: &Global) -> Result<Outcome, Failure> {
    let mut reading = Reading::survey(global)?;
    let question = question(args, reading.usual_namespace(global))?;
    reading.read_objects(&endpoint::wanted(&question, args.dns), global);
    let name = match args.dns {
        true => Some(dns::name(&args.to, &question.to, &question.namespace)?),
        false => None,
    };
    let mut trace = answer::answer(&question, name.as_deref(), &mut reading)?;
    let branch = args.branch.map(|number| number as usize - 1);
    if let Some(branch) = branch
        && branch >= trace.paths.len()
    {
        return Err(Failure::new(format!(
            "there is no branch {}: the trace has {}",
            branch + 1,
            trace.paths.len()
        )));
    }
    let options = text::Options {
        layout: output::layout(global),
        evidence: global.verbose || global.output == Output::Wide,
        all_branches: global.verbose,
        branch,
    };
    let outcome = outcome(&trace);
    if let Some(branch) = branch.filter(|_| !global.output.is_text()) {
        trace.paths = trace.paths.drain(..).skip(branch).take(1).collect();
    }
    output::answer(global, &trace, |out| text::trace(&trace, &options, out))?;
    Ok(outcome)
}

fn question(args: &TraceArgs, namespace: String) -> Result<Question, Failure> {
    Ok(Question {
        from: endpoint::parse(&args.from)?,
        to: endpoint::parse(&args.to)?,
        namespace,
        protocol: args.proto,
        port: args.port.clone(),
        family: match (args.ipv4, args.ipv6) {
            (true, _) => Some(Family::V4),
            (_, true) => Some(Family::V6),
            _ => None,
        },
        source_port: args.sport,
        established: args.established,
        size: args.size,
        mark: args.mark,
        via: args.via.clone(),
        reply: !args.no_reply,
    })
}

/// A failure that is certain outweighs what is not known; only then does the unknown count. What becomes of the name
/// counts as well: without its address there is no connection.
fn outcome(trace: &Trace) -> Outcome {
    let mut outcomes = vec![outcome_of_paths(trace)];
    if let Some(dns) = &trace.dns {
        outcomes.extend(dns.traces.iter().map(outcome_of_paths));
        outcomes.push(match dns.queries.last().map(|query| query.answer) {
            Some(Answer::Found) => Outcome::Fine,
            Some(Answer::Missing) if dns.is_certain() => Outcome::Broken,
            _ => Outcome::Unknown,
        });
    }
    let worst = [Outcome::Broken, Outcome::Unknown];
    worst
        .into_iter()
        .find(|bad| outcomes.contains(bad))
        .unwrap_or(Outcome::Fine)
}

fn outcome_of_paths(trace: &Trace) -> Outcome {
    let is = |verdict| trace.paths.iter().any(|path| path.verdict == verdict);
    let broken = [
        Verdict::Dropped,
        Verdict::Rejected,
        Verdict::Unreachable,
        Verdict::Looped,
    ];
    if trace.paths.is_empty() || trace.verdict == OverallVerdict::Undetermined {
        Outcome::Unknown
    } else if broken.into_iter().any(is) {
        Outcome::Broken
    } else if is(Verdict::Undetermined) {
        Outcome::Unknown
    } else {
        Outcome::Fine
    }
}
