//! How the program finds the address: the names it asks for, whom, and whether its queries arrive.

use std::io;

use super::{Line, Options, Page, Role, summary, ways};
use crate::model::dns::{Answer, Dns, Resolver};
use crate::model::trace::{OverallVerdict, Trace};

/// Writes it, before the trace of the connection itself.
pub fn write(page: &mut Page<'_>, dns: &Dns, trace: &Trace, options: &Options) -> io::Result<()> {
    page.line(&heading(dns))?;
    if let Some(resolver) = &dns.resolver {
        page.line(&Line::new().text(asks(resolver)))?;
    }
    for query in &dns.queries {
        let role = match query.answer {
            Answer::Found => Role::Good,
            Answer::Missing => Role::Dim,
            Answer::Unknown => Role::Warn,
        };
        let name = Line::from("  ").role(Role::Name, &query.name);
        page.line(&name)?;
        page.hanging(
            &Line::from("    "),
            &Line::from("    "),
            &Line::new().role(role, &query.text),
        )?;
    }
    for missing in &dns.missing {
        page.line(&Line::new().role(Role::Warn, missing))?;
    }
    if dns.resolver.is_some() && dns.found().is_none() {
        let text = match dns.is_certain() {
            true => "No such name: the program sees \"Name or service not known\" (EAI_NONAME).",
            false => "Whether one of these names has an address cannot be told.",
        };
        page.line(&Line::new().role(Role::Bad, text))?;
    }
    for query in &dns.traces {
        page.blank()?;
        summary::write(page, query)?;
        let arrives = query.verdict == OverallVerdict::Delivered;
        if !arrives || options.all_branches {
            ways(page, query, options)?;
        }
    }
    page.blank()?;
    let to = trace
        .flow
        .to
        .ip
        .map(|ip| format!(" to {ip}"))
        .unwrap_or_default();
    page.line(&Line::new().role(Role::Dim, format!("Then the connection{to}:")))?;
    Ok(())
}

fn heading(dns: &Dns) -> Line {
    let line = Line::from("DNS: a program asks for ").role(Role::Name, &dns.name);
    match dns.found() {
        Some(query) if query.name != dns.name => {
            line.text(", and gets ").role(Role::Name, &query.name)
        }
        _ => line,
    }
}

fn asks(resolver: &Resolver) -> String {
    let servers: Vec<String> = resolver
        .nameservers
        .iter()
        .map(ToString::to_string)
        .collect();
    format!(
        "resolv.conf of {}: asks {}; ndots {}, so these names in turn:",
        resolver.place,
        servers.join(", then "),
        resolver.ndots
    )
}
