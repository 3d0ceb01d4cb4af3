//! A path as rows: a heading for each stay in a namespace, a line for each step, the break, the reply.

use std::io;

use super::{Line, Options, Page, Role, ends};
use crate::model::trace::{
    Direction, Evidence, Hop, Leg, Path, Reply, Step, StepKind, Trace, Verdict,
};

/// A row of a path.
#[derive(Debug, Clone, PartialEq)]
pub enum Row<'a> {
    /// The packet is in a namespace now. Where it leaves to may differ between branches and is no part of it.
    Enter {
        /// The node.
        node: &'a str,
        /// The namespace.
        netns: &'a str,
        /// The device it came in by.
        input: Option<&'a str>,
    },
    /// The way of another packet begins.
    Begins(&'static str),
    /// A step.
    Step {
        /// What happened.
        step: &'a Step,
        /// More words for the same line.
        more: String,
        /// The end of the path, when it is a bad one.
        end: Option<Verdict>,
    },
    /// A remark of ours.
    Remark {
        /// The first column.
        label: &'static str,
        /// The text.
        text: String,
        /// The end of the path, when it is a bad one.
        end: Option<Verdict>,
    },
}

/// What stands left of a row.
#[derive(Debug, Clone)]
pub struct Margin {
    /// The lines that lead past this row to later branches.
    pub guide: String,
}

impl Margin {
    /// Nothing: the row is not in a branch.
    pub fn page() -> Self {
        Self {
            guide: String::new(),
        }
    }
}

/// Columns of the kind of a step.
const LABEL: usize = 10;

/// The rows of a path.
pub fn of<'a>(trace: &Trace, path: &'a Path, options: &Options) -> Vec<Row<'a>> {
    let stop = path.stopped_at.as_ref();
    let stop_on = |leg| stop.filter(|stop| stop.on == leg).map(|stop| stop.step);
    let mut rows = Vec::new();
    hops(&path.hops, stop_on(None), path, &mut rows);
    if let Some(reply) = &path.reply {
        let reply_stop = stop_on(Some(Leg::Reply));
        if reply_stop.is_some() || options.evidence {
            rows.push(Row::Begins("the way back:"));
            hops(&reply.hops, reply_stop, path, &mut rows);
        } else {
            rows.push(Row::Remark {
                label: "reply",
                text: way_back(trace, path, reply),
                end: None,
            });
        }
    }
    if let Some(acknowledgement) = &path.acknowledgement {
        let stop = stop_on(Some(Leg::Acknowledgement)).or(stop_on(Some(Leg::Data)));
        rows.push(Row::Begins("what the client sends next:"));
        hops(&acknowledgement.hops, stop, path, &mut rows);
    }
    let marked = rows
        .iter()
        .any(|row| matches!(row, Row::Step { end: Some(_), .. }));
    if let (Some(stop), false) = (stop, marked) {
        let label = match stop.on {
            Some(Leg::Reply) => "reply",
            Some(Leg::Acknowledgement | Leg::Data) | None => "stop",
        };
        rows.push(Row::Remark {
            label,
            text: stop.why.clone(),
            end: Some(path.verdict),
        });
    }
    rows
}

fn hops<'a>(hops: &'a [Hop], stop: Option<(usize, usize)>, path: &Path, rows: &mut Vec<Row<'a>>) {
    for (h, hop) in hops.iter().enumerate() {
        rows.push(Row::Enter {
            node: &hop.node,
            netns: &hop.netns,
            input: hop.input.as_deref(),
        });
        for (s, step) in hop.steps.iter().enumerate() {
            let end = (stop == Some((h, s))).then_some(path.verdict);
            rows.push(Row::Step {
                step,
                more: seen(step, path),
                end,
            });
        }
    }
}

/// The address that the receiver sees, with its delivery.
fn seen(step: &Step, path: &Path) -> String {
    match path.source_seen {
        Some(ip) if step.kind == StepKind::Deliver && !step.text.contains(&ip.to_string()) => {
            format!("; it sees {ip}")
        }
        _ => String::new(),
    }
}

/// The reply of a delivered path in a line.
fn way_back(trace: &Trace, path: &Path, reply: &Reply) -> String {
    let flipped = |direction| match direction {
        Direction::In => Direction::Out,
        Direction::Out => Direction::In,
    };
    let forth = path.devices.iter().rev();
    let same = path.devices.len() == reply.devices.len()
        && forth.zip(&reply.devices).all(|(there, back)| {
            (&there.node, &there.netns, &there.device, flipped(there.dir))
                == (&back.node, &back.netns, &back.device, back.dir)
        });
    let mut text = match same {
        true => "comes back the same way".to_owned(),
        false => {
            let mut nodes: Vec<&str> = reply.hops.iter().map(|hop| hop.node.as_str()).collect();
            nodes.dedup();
            format!(
                "comes back another way, by {} (-v shows it)",
                nodes.join(", ")
            )
        }
    };
    if let (Some(source), Some(ip)) = (ends::reply_source(path), trace.flow.to.ip) {
        let again = if source.contains(&ip.to_string()) {
            "again "
        } else {
            ""
        };
        text.push_str(&format!("; its source is {again}{source}"));
    }
    text
}

impl Row<'_> {
    /// Writes the row.
    pub fn write(&self, page: &mut Page<'_>, margin: &Margin, options: &Options) -> io::Result<()> {
        let guide = Line::new().role(Role::Dim, &margin.guide);
        match self {
            Row::Enter { node, netns, input } => {
                let mut heading =
                    Line::new().role(Role::Name, format!("{node} / {}", place(netns)));
                if let Some(device) = input {
                    heading = heading.role(Role::Dim, format!("  in by {device}"));
                }
                page.hanging(&guide, &guide.clone().text("    "), &heading)
            }
            Row::Begins(what) => page.hanging(&guide, &guide, &Line::new().role(Role::Dim, *what)),
            Row::Step { step, more, end } => {
                let (label, text) = label_of(step);
                let text = format!("{text}{more}");
                write_step(page, &guide, (label, &text), *end, end_role(step, *end))?;
                let evidence = step.evidence.as_ref().filter(|_| options.evidence);
                if let Some(why) = evidence.and_then(crate::explain::step::why) {
                    let under = guide.clone().text(" ".repeat(LABEL + 2));
                    let why = Line::new().role(Role::Dim, format!("({why})"));
                    page.hanging(&under, &under, &why)?;
                }
                let telling = end.is_some() || step.kind == StepKind::Unknown;
                match &step.evidence {
                    Some(evidence) if options.evidence || telling => write_evidence(
                        page,
                        &guide,
                        evidence,
                        !step.text.contains(&evidence.source),
                    ),
                    _ => Ok(()),
                }
            }
            Row::Remark { label, text, end } => write_step(
                page,
                &guide,
                (label, text),
                *end,
                end.map(super::summary::role),
            ),
        }
    }
}

fn end_role(step: &Step, end: Option<Verdict>) -> Option<Role> {
    match (end, step.kind) {
        (Some(verdict), _) => Some(super::summary::role(verdict)),
        (None, StepKind::Deliver) => Some(Role::Good),
        (None, StepKind::Unknown) => Some(Role::Warn),
        (None, _) => None,
    }
}

fn write_step(
    page: &mut Page<'_>,
    guide: &Line,
    (label, text): (&str, &str),
    end: Option<Verdict>,
    role: Option<Role>,
) -> io::Result<()> {
    let glyphs = page.glyphs();
    let mark = match end {
        None => " ",
        Some(Verdict::Undetermined) => glyphs.question,
        Some(_) => glyphs.cross,
    };
    let padded = format!("{label:<LABEL$}");
    let first = match role {
        Some(role) => guide.clone().role(role, format!("{mark} {padded}")),
        None => guide
            .clone()
            .text(format!("{mark} "))
            .role(Role::Dim, padded),
    };
    let rest = guide.clone().text(" ".repeat(LABEL + 2));
    // Only a break is coloured as a whole: it has to stand out.
    let text = match (role, end) {
        (Some(role), Some(_)) => Line::new().role(role, text),
        _ => Line::from(text),
    };
    page.hanging(&first, &rest, &text)
}

/// The source is left out where the step's own words name it.
fn write_evidence(
    page: &mut Page<'_>,
    guide: &Line,
    evidence: &Evidence,
    with_source: bool,
) -> io::Result<()> {
    let first = guide.clone().text(" ".repeat(LABEL + 2));
    let rest = guide.clone().text(" ".repeat(LABEL + 4));
    if with_source {
        let source = format!("[{}]", evidence.source);
        page.hanging(&first, &rest, &Line::new().role(Role::Dim, source))?;
    }
    for line in evidence.raw.lines() {
        page.hanging(&first, &rest, &Line::new().role(Role::Dim, line))?;
    }
    Ok(())
}

/// `pod default/client`, `host`, `namespace x`.
fn place(netns: &str) -> String {
    match netns.split_once(':') {
        Some(("pod", name)) => format!("pod {name}"),
        Some(("netns", name)) => format!("namespace {name}"),
        _ => netns.to_owned(),
    }
}

/// The first column, and the text beside it. A rule's table, with which its text begins, says more than `rule`.
fn label_of(step: &Step) -> (&'static str, &str) {
    if step.kind == StepKind::Rule
        && let Some((table, rest)) = step.text.split_once(' ')
        && let Some(table) = TABLES.iter().find(|name| **name == table)
    {
        return (table, rest);
    }
    (kind(step.kind), &step.text)
}

const TABLES: [&str; 6] = ["raw", "mangle", "nat", "filter", "security", "nft"];

fn kind(kind: StepKind) -> &'static str {
    match kind {
        StepKind::Emit => "send",
        StepKind::Route => "route",
        StepKind::Hook => "hook",
        StepKind::Rule => "rule",
        StepKind::Dnat => "dnat",
        StepKind::Snat => "snat",
        StepKind::Mark => "mark",
        StepKind::Conntrack => "conntrack",
        StepKind::Neighbor => "neighbor",
        StepKind::Bridge => "bridge",
        StepKind::Fdb => "fdb",
        StepKind::Veth => "veth",
        StepKind::Encap => "encap",
        StepKind::Decap => "decap",
        StepKind::Wire => "wire",
        StepKind::Ipvs => "ipvs",
        StepKind::Balance => "balance",
        StepKind::Deliver => "deliver",
        StepKind::Drop => "drop",
        StepKind::Reject => "reject",
        StepKind::Unknown => "unknown",
    }
}
