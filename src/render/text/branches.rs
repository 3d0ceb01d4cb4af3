//! Several paths: what all share once, then a branch each; many that are alike are told together.

use std::io;

use super::rows::{self, Margin, Row};
use super::{Line, Options, Page, Role, ends, summary, words, write_rows};
use crate::model::trace::{Leg, Path, StepKind, Trace};

/// Up to this many branches are all told in full.
const FEW: usize = 4;
/// Of more, so many of each shape.
const EXAMPLES: usize = 2;

/// Writes all paths of a trace.
pub fn write(page: &mut Page<'_>, trace: &Trace, options: &Options) -> io::Result<()> {
    let rows: Vec<Vec<Row<'_>>> = trace
        .paths
        .iter()
        .map(|path| rows::of(trace, path, options))
        .collect();
    let shared = common(&rows);
    let Some(first) = rows.first() else {
        return Ok(());
    };
    page.blank()?;
    write_rows(page, &first[..shared], &Margin::page(), options)?;
    page.blank()?;

    let plan = plan(&trace.paths, options);
    for (at, branch) in plan.iter().enumerate() {
        let last = at + 1 == plan.len();
        let glyphs = page.glyphs();
        let head = if last { glyphs.last } else { glyphs.branch };
        let margin = Margin {
            guide: (if last { "   " } else { glyphs.bar }).to_owned(),
        };
        match branch {
            Branch::Told(number) => {
                let path = &trace.paths[*number];
                let (ip, who) = ends::endpoint(trace, path);
                let title = Line::new()
                    .role(Role::Dim, head)
                    .text(format!("{}  ", words::share(path.probability)))
                    .role(Role::Name, ip)
                    .text(if who.is_empty() {
                        who
                    } else {
                        format!("  {who}")
                    });
                write_title(page, &title, &margin, path, trace)?;
                write_rows(page, &rows[*number][shared..], &margin, options)?;
            }
            Branch::Alike(example, others) => {
                write_alike(page, head, &margin, trace, *example, others)?
            }
        }
    }
    Ok(())
}

fn write_title(
    page: &mut Page<'_>,
    title: &Line,
    margin: &Margin,
    path: &Path,
    trace: &Trace,
) -> io::Result<()> {
    let fate = words::fate(path);
    let label = Line::new().role(summary::role(fate.verdict), words::label(fate, &trace.flow));
    page.edges(
        title,
        &Line::new().role(Role::Dim, format!("{}    ", margin.guide)),
        &label,
    )
}

fn write_alike(
    page: &mut Page<'_>,
    head: &str,
    margin: &Margin,
    trace: &Trace,
    example: usize,
    others: &[usize],
) -> io::Result<()> {
    let paths: Vec<&Path> = others.iter().map(|number| &trace.paths[*number]).collect();
    let Some(first) = paths.first() else {
        return Ok(());
    };
    let even = paths
        .iter()
        .all(|path| (path.probability - first.probability).abs() < 1e-9);
    let shares = match even {
        true => format!("{} each", words::share(first.probability)),
        false => format!(
            "{} together",
            words::share(paths.iter().map(|path| path.probability).sum())
        ),
    };
    let (like, _) = ends::endpoint(trace, &trace.paths[example]);
    let title = Line::new()
        .role(Role::Dim, head)
        .text(format!("{shares}  {} more like {like}", paths.len()));
    write_title(page, &title, margin, first, trace)?;
    let list: Vec<String> = paths
        .iter()
        .map(|path| ends::endpoint(trace, path).0)
        .collect();
    let guide = Line::new().role(Role::Dim, format!("{}  ", margin.guide));
    page.hanging(
        &guide,
        &guide,
        &Line::new().role(Role::Dim, list.join("  ")),
    )
}

/// How many rows all paths begin with.
fn common(rows: &[Vec<Row<'_>>]) -> usize {
    let Some((first, others)) = rows.split_first() else {
        return 0;
    };
    let alike = |other: &Vec<Row<'_>>| first.iter().zip(other).take_while(|(a, b)| a == b).count();
    others.iter().map(alike).min().unwrap_or(first.len())
}

/// What is told of the branches.
#[derive(Debug, PartialEq, Eq)]
enum Branch {
    /// This path, in full.
    Told(usize),
    /// These paths, which are like the first one.
    Alike(usize, Vec<usize>),
}

fn plan(paths: &[Path], options: &Options) -> Vec<Branch> {
    if options.all_branches || paths.len() <= FEW {
        return (0..paths.len()).map(Branch::Told).collect();
    }
    let mut shapes: Vec<(Shape<'_>, Vec<usize>)> = Vec::new();
    for (number, path) in paths.iter().enumerate() {
        let shape = Shape::of(path);
        match shapes.iter_mut().find(|(known, _)| *known == shape) {
            Some((_, members)) => members.push(number),
            None => shapes.push((shape, vec![number])),
        }
    }
    let mut told = Vec::new();
    let mut alike = Vec::new();
    for (_, members) in &shapes {
        // One more in full takes no more room than saying that there is one more.
        let examples = if members.len() == EXAMPLES + 1 {
            members.len()
        } else {
            EXAMPLES
        };
        let (shown, others) = members.split_at(examples.min(members.len()));
        told.extend(shown.iter().copied().map(Branch::Told));
        if let (Some(example), false) = (shown.first(), others.is_empty()) {
            alike.push(Branch::Alike(*example, others.to_vec()));
        }
    }
    told.sort_by_key(|branch| match branch {
        Branch::Told(number) | Branch::Alike(number, _) => *number,
    });
    told.extend(alike);
    told
}

/// What makes two paths alike: the same kinds of places and steps to the same end, whatever the addresses.
#[derive(Debug, PartialEq)]
struct Shape<'a> {
    fate: words::Fate,
    ways: Vec<Vec<(bool, Vec<StepKind>)>>,
    /// A break is only like another one at the same place.
    stopped: Option<(&'a str, Option<&'a str>, Option<Leg>)>,
    assumptions: usize,
}

impl<'a> Shape<'a> {
    fn of(path: &'a Path) -> Self {
        let way = |hops: &[crate::model::trace::Hop]| {
            let kinds =
                |hop: &crate::model::trace::Hop| hop.steps.iter().map(|step| step.kind).collect();
            hops.iter()
                .map(|hop| (hop.netns == "host", kinds(hop)))
                .collect()
        };
        Self {
            fate: words::fate(path),
            ways: path.legs().map(way).collect(),
            stopped: path
                .stopped_at
                .as_ref()
                .map(|at| (at.node.as_str(), at.device.as_deref(), at.on)),
            assumptions: path.assumptions.len(),
        }
    }
}
