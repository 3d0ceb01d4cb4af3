//! An explanation as text: whose it is and what for, who comes, where it leads, what each rule does, what is odd.

use std::io::{self, Write};

use super::{Options, UNDER, elsewhere, item, list, more, place, raw, shown, title};
use crate::explain::chain::{Endpoint, Explanation};
use crate::explain::owner::{NamedBy, ServiceRef};
use crate::render::page::{Line, Page};
use crate::render::style::Role;

/// Writes the explanation of a chain.
pub fn chain(explained: &Explanation, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    let mut page = Page::new(out, options.layout);
    head(&mut page, explained)?;
    if !explained.referenced_by.is_empty() {
        title(&mut page, "Who comes here")?;
        let shown = shown(explained.referenced_by.len(), options);
        for from in &explained.referenced_by[..shown] {
            let place = format!("{} rule {}: ", from.chain, from.rule);
            item(
                &mut page,
                &Line::from(place.as_str()).text(from.text.as_str()),
            )?;
            if options.evidence {
                raw(&mut page, &from.raw)?;
            }
        }
        more(&mut page, explained.referenced_by.len() - shown)?;
    }
    if !explained.endpoints.is_empty() {
        let counts = explained.endpoints.iter().any(|one| one.packets.is_some());
        title(&mut page, &counted("Where connections go", counts))?;
        let shown = shown(explained.endpoints.len(), options);
        for endpoint in &explained.endpoints[..shown] {
            item(&mut page, &endpoint_line(endpoint))?;
        }
        more(&mut page, explained.endpoints.len() - shown)?;
    }
    let counts = explained.rules.iter().any(|rule| rule.packets.is_some());
    match explained.rules.is_empty() {
        true => title(&mut page, "No rules")?,
        false => title(&mut page, &counted("Its rules", counts))?,
    }
    let shown = shown(explained.rules.len(), options);
    for rule in &explained.rules[..shown] {
        let number = Line::from("  ").role(Role::Dim, format!("{:>2}  ", rule.n));
        let packets = count(rule.packets);
        let text = Line::from(rule.text.as_str()).role(Role::Dim, packets);
        page.hanging(&number, &Line::from(UNDER), &text)?;
        if let Some(why) = rule.why {
            let why = Line::new().role(Role::Dim, format!("({why})"));
            page.hanging(&Line::from(UNDER), &Line::from(UNDER), &why)?;
        }
        if options.evidence {
            raw(&mut page, &rule.raw)?;
        }
    }
    more(&mut page, explained.rules.len() - shown)?;
    list(&mut page, "Odd", &explained.odd)?;
    list(
        &mut page,
        "Not seen, and may hide something",
        &explained.not_seen,
    )?;
    also(&mut page, explained)
}

fn head(page: &mut Page<'_>, explained: &Explanation) -> io::Result<()> {
    let place = place(&explained.node, &explained.netns);
    let hook = explained.hook.iter().map(|hook| format!(", {hook}"));
    let policy = explained.policy.map(|policy| format!(", policy {policy}"));
    let base: String = hook.chain(policy).collect();
    let name = Line::new().role(Role::Name, explained.chain.as_str());
    page.line(&name.text(format!(
        "  table {} of {place} ({}){base}",
        explained.table, explained.family
    )))?;
    if let Some(service) = &explained.service {
        let by = named_by(&explained.named_by);
        page.line(&Line::from(
            format!("Service {}, as {by}.", whose(service)).as_str(),
        ))?;
    }
    match (explained.made_by, explained.purpose) {
        (Some(made_by), Some(purpose)) => {
            page.line(&Line::from(purpose).role(Role::Dim, format!(" (by {made_by})")))?;
        }
        _ => page.line(&Line::from(
            "No program is known that makes a chain of this name: what its rules say is all there is.",
        ))?,
    }
    match explained.masquerades.as_deref() {
        Some(when) => page.line(&Line::from(masqueraded(when).as_str())),
        None => Ok(()),
    }
}

fn masqueraded(when: &[String]) -> String {
    match when {
        [] => "Masqueraded: nothing.".to_owned(),
        _ => format!(
            "Masqueraded (the source becomes this node's address): {}.",
            when.join("; ")
        ),
    }
}

fn whose(service: &ServiceRef) -> String {
    let ServiceRef {
        namespace, name, ..
    } = service;
    let port = match (&service.port_name, service.port) {
        (Some(name), Some(port)) => format!(" port {name:?} ({port})"),
        (Some(name), None) => format!(" port {name:?}"),
        (None, Some(port)) => format!(" port {port}"),
        (None, None) => String::new(),
    };
    let protocol = service
        .proto
        .as_ref()
        .map_or_else(String::new, |proto| format!("/{proto}"));
    format!("{namespace}/{name}{port}{protocol}")
}

fn named_by(by: &[NamedBy]) -> String {
    let said = by.iter().map(|said| match said {
        NamedBy::Objects => "the API's objects",
        NamedBy::Comment => "the rules' comments",
        NamedBy::Name => "its name",
        NamedBy::Hash if by.contains(&NamedBy::Name) => "the hash in it",
        NamedBy::Hash => "the hash in its name",
    });
    let said: Vec<&str> = said.collect();
    match said.as_slice() {
        [only @ ("its name" | "the hash in its name")] => format!("{only} says"),
        [all @ .., last] if !all.is_empty() => format!("{} and {last} say", all.join(", ")),
        _ => format!("{} say", said.join(", ")),
    }
}

fn endpoint_line(endpoint: &Endpoint) -> Line {
    let share = endpoint
        .probability
        .map_or_else(|| "?".to_owned(), crate::render::text::share);
    let address = match (endpoint.ip, endpoint.port) {
        (Some(ip), Some(port)) => std::net::SocketAddr::new(ip, port).to_string(),
        _ => "nowhere".to_owned(),
    };
    let pod = endpoint
        .pod
        .as_ref()
        .map_or_else(String::new, |pod| format!("  pod {pod}"));
    let packets = count(endpoint.packets);
    Line::from(format!("{share:>6}  ").as_str())
        .role(Role::Name, address)
        .text(pod)
        .role(Role::Dim, packets)
}

/// A heading of lines with or without counters.
fn counted(heading: &str, counts: bool) -> String {
    let counted = if counts { " [packets counted]" } else { "" };
    format!("{heading}{counted}")
}

fn count(packets: Option<u64>) -> String {
    packets.map_or_else(String::new, |packets| format!(" [{packets}]"))
}

/// Where else there is a chain of that name: `nat of node1, node2; filter of master`.
fn also(page: &mut Page<'_>, explained: &Explanation) -> io::Result<()> {
    if explained.also.is_empty() {
        return Ok(());
    }
    let mut places: Vec<(String, Vec<String>)> = Vec::new();
    for other in &explained.also {
        let table = format!("{} ({})", other.table, other.family);
        let node = place(&other.node, &other.netns);
        match places.iter_mut().find(|(known, _)| *known == table) {
            Some((_, nodes)) => nodes.push(node),
            None => places.push((table, vec![node])),
        }
    }
    let places: Vec<String> = places
        .iter()
        .map(|(table, nodes)| format!("{table} of {}", nodes.join(", ")))
        .collect();
    elsewhere(page, &places.join("; "))
}
