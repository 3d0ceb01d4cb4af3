//! The head of the page: who to whom, what happens in one sentence, what the client sees.

use std::io;

use super::words::{self, Fate};
use super::{Line, Page, Role, ends};
use crate::model::kube_proxy;
use crate::model::trace::{Leg, Path, Trace, Verdict};

/// Writes the head.
pub fn write(page: &mut Page<'_>, trace: &Trace) -> io::Result<()> {
    let arrow = page.glyphs().arrow;
    let from = Line::new().role(Role::Name, ends::sender(trace));
    let to = Line::new().role(Role::Name, ends::receiver(trace));
    let to = match &trace.kube_proxy {
        Some(proxy) if !proxy.modes.is_empty() => {
            let modes = kube_proxy::named(&proxy.modes, "+");
            to.role(Role::Dim, format!(" (kube-proxy: {modes})"))
        }
        _ => to,
    };
    let both = from.clone().text(format!("  {arrow}  ")).append(&to);
    if page.fits(&both) {
        page.line(&both)?;
    } else {
        page.line(&from)?;
        page.hanging(
            &Line::from(format!("  {arrow} ").as_str()),
            &Line::from("     "),
            &to,
        )?;
    }
    page.line(&conclusion(trace))?;
    let fates = fates(trace);
    let sees = |(fate, _, _): &(Fate, f64, Vec<&Path>)| words::sees(*fate, &trace.flow);
    let mut told: Vec<_> = fates.iter().filter_map(sees).collect();
    told.dedup();
    for sees in told {
        let who = match trace.client_sees {
            Some(_) => "The client sees ",
            None => "An unlucky client sees ",
        };
        page.line(&Line::new().role(Role::Dim, who).text(sees))?;
    }
    Ok(())
}

/// What happens, in one sentence.
fn conclusion(trace: &Trace) -> Line {
    let fates = fates(trace);
    let broken: Vec<_> = fates
        .iter()
        .filter(|(fate, _, _)| fate.verdict != Verdict::Delivered)
        .collect();
    let delivered = fates.len() - broken.len();
    if broken.is_empty() {
        return match trace.paths.is_empty() {
            true => Line::new().role(Role::Warn, "Nothing can be said: no path was found."),
            false => all_delivered(trace),
        };
    }
    if let ([(fate, _, paths)], 0) = (broken.as_slice(), delivered)
        && fate.verdict == Verdict::Undetermined
    {
        let line = Line::new().role(Role::Warn, "Whether it arrives cannot be told");
        return line
            .text(
                reason(paths)
                    .map(|why| format!(": {why}"))
                    .unwrap_or_default(),
            )
            .text(".");
    }
    let mut line = Line::new();
    for (at, (fate, probability, paths)) in broken.iter().enumerate() {
        let (part, number) = words::part(*probability, &trace.flow);
        let part = if at == 0 { part } else { uncapitalised(&part) };
        let verb = words::verb(*fate, number, &trace.flow);
        let separator = if at == 0 { "" } else { "; " };
        line = line
            .text(separator)
            .role(role(fate.verdict), format!("{part} {verb}"))
            .text(
                reason(paths)
                    .map(|why| format!(": {why}"))
                    .unwrap_or_default(),
            );
    }
    let line = line.text(if delivered > 0 {
        "; the rest arrives."
    } else {
        "."
    });
    let stopped = broken.iter().flat_map(|(_, _, paths)| paths);
    match stopped.filter_map(|path| comment(path)).next() {
        Some(comment) => line.text(format!(" The rule's own comment: \"{comment}\".")),
        None => line,
    }
}

fn all_delivered(trace: &Trace) -> Line {
    let mut reached: Vec<_> = trace
        .paths
        .iter()
        .map(|path| ends::endpoint(trace, path).0)
        .collect();
    reached.sort();
    reached.dedup();
    let followed = trace.paths.iter().all(|path| path.reply.is_some());
    let text = match (reached.len(), followed) {
        (0 | 1, true) => "Delivered, and answered".to_owned(),
        (0 | 1, false) => "Delivered (its reply was not followed)".to_owned(),
        (count, true) => format!("Delivered: {count} endpoints, all answer"),
        (count, false) => format!("Delivered: to {count} endpoints (replies were not followed)"),
    };
    let line = Line::new().role(Role::Good, text);
    let mut supposed = trace.paths.iter().flat_map(|path| &path.assumptions);
    match supposed.any(|assumption| !assumption.otherwise.is_empty()) {
        true => line
            .role(
                Role::Warn,
                ", if what had to be supposed is so (see the end)",
            )
            .text("."),
        false => line.text("."),
    }
}

/// Why: the first reason, and whether there are others.
fn reason(paths: &[&Path]) -> Option<String> {
    let mut whys: Vec<&str> = paths
        .iter()
        .filter_map(|path| path.stopped_at.as_ref())
        .map(|at| at.why.trim_end_matches('.'))
        .collect();
    whys.dedup();
    let all_on = |leg| {
        let on = |path: &&Path| {
            path.stopped_at
                .as_ref()
                .is_some_and(|at| at.on == Some(leg))
        };
        paths.iter().all(on)
    };
    let unknown = paths
        .iter()
        .all(|path| path.verdict == Verdict::Undetermined);
    let prefix = if all_on(Leg::Acknowledgement) {
        "from the third packet on, "
    } else if all_on(Leg::Data) {
        "from the first large packet on, "
    } else {
        match (all_on(Leg::Reply), unknown) {
            (true, true) => "on the way back, ",
            (true, false) => "the reply is lost: ",
            (false, _) => "",
        }
    };
    match whys.as_slice() {
        [] => None,
        [why] => Some(format!("{prefix}{why}")),
        [why, _] => Some(format!("{prefix}{why} (and another reason)")),
        [why, others @ ..] => Some(format!(
            "{prefix}{why} (and {} other reasons)",
            others.len()
        )),
    }
}

/// What the rule that stopped a packet says of itself: kube-proxy writes there what is wrong.
fn comment(path: &Path) -> Option<&str> {
    let stop = path.stopped_at.as_ref()?;
    let step = path
        .stopped_hops()
        .get(stop.step.0)?
        .steps
        .get(stop.step.1)?;
    let (_, comment) = step.evidence.as_ref()?.raw.split_once("--comment \"")?;
    comment.split_once('"').map(|(comment, _)| comment)
}

/// The fates that occur, each with its share of the traffic and its paths, the largest share first.
fn fates(trace: &Trace) -> Vec<(Fate, f64, Vec<&Path>)> {
    let mut fates: Vec<(Fate, f64, Vec<&Path>)> = Vec::new();
    for path in &trace.paths {
        let fate = words::fate(path);
        match fates.iter_mut().find(|(known, _, _)| *known == fate) {
            Some((_, probability, paths)) => {
                *probability += path.probability;
                paths.push(path);
            }
            None => fates.push((fate, path.probability, vec![path])),
        }
    }
    fates.sort_by(|a, b| b.1.total_cmp(&a.1));
    fates
}

/// The role of a fate.
pub fn role(verdict: Verdict) -> Role {
    match verdict {
        Verdict::Delivered => Role::Good,
        Verdict::Undetermined => Role::Warn,
        _ => Role::Bad,
    }
}

fn uncapitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .map(|first| first.to_lowercase().chain(letters).collect())
        .unwrap_or_default()
}
