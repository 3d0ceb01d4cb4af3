//! Who stands at the two ends of a path, as a person would call them.

use std::net::IpAddr;

use crate::model::FlowEnd;
use crate::model::trace::{Path, StepKind, Trace};

/// `pod default/client 10.42.0.65 on master`.
pub fn sender(trace: &Trace) -> String {
    let from = &trace.flow.from;
    let mut text = name(from);
    if let Some(ip) = from.ip {
        push(&mut text, &ip.to_string());
    }
    if let (Some(node), "pod" | "address" | "container") = (&from.node, from.kind.as_str()) {
        push(&mut text, &format!("on {node}"));
    }
    text
}

/// `Service default/nginx-test 10.43.6.58:80/tcp`.
pub fn receiver(trace: &Trace) -> String {
    let to = &trace.flow.to;
    let mut text = name(to);
    match (to.ip, to.port) {
        (Some(ip), port) => push(&mut text, &address(ip, port)),
        // Each of several addresses.
        (None, Some(port)) => text.push_str(&format!(":{port}")),
        (None, None) => {}
    }
    let role = to.role.as_ref().map(|role| format!(" ({role})"));
    format!("{text}/{}{}", trace.flow.proto, role.unwrap_or_default())
}

/// `10.42.1.6:80`, `pod default/nginx-test-1 on node1`.
pub fn endpoint(trace: &Trace, path: &Path) -> (String, String) {
    let end = path.destination.as_ref();
    let ip = end.and_then(|end| Some(address(end.ip?, end.port)));
    let ip = ip.or_else(|| translated(path)).or_else(|| {
        let to = &trace.flow.to;
        Some(address(to.ip?, to.port))
    });
    let mut who = end.map(name).unwrap_or_default();
    if let Some(end) = end
        && let Some(node) = &end.node
        && end.kind != "node"
    {
        push(&mut who, &format!("on {node}"));
    }
    (ip.unwrap_or_default(), who)
}

/// The destination after the last translation of a packet that arrived nowhere.
fn translated(path: &Path) -> Option<String> {
    let steps = path.hops.iter().flat_map(|hop| &hop.steps);
    let change = steps
        .filter(|step| matches!(step.kind, StepKind::Dnat | StepKind::Ipvs))
        .filter_map(|step| step.change.as_ref())
        .next_back()?;
    let (_, destination) = change.after.split_once(" > ")?;
    let end = destination.find(['/', ' ']).unwrap_or(destination.len());
    Some(destination[..end].to_owned())
}

/// The address a reply seems to come from, once the last translation is undone.
pub fn reply_source(path: &Path) -> Option<&str> {
    let steps = path.reply.as_ref()?.hops.iter().flat_map(|hop| &hop.steps);
    let change = steps
        .filter(|step| matches!(step.kind, StepKind::Snat | StepKind::Dnat | StepKind::Ipvs))
        .filter_map(|step| step.change.as_ref())
        .next_back()?;
    change.after.split_once(" > ").map(|(source, _)| source)
}

fn name(end: &FlowEnd) -> String {
    let kind = match end.kind.as_str() {
        "service" => "Service",
        "external" => "outside",
        "address" => "",
        kind => kind,
    };
    let mut text = kind.to_owned();
    match (&end.namespace, &end.name) {
        (Some(namespace), Some(name)) => push(&mut text, &format!("{namespace}/{name}")),
        (None, Some(name)) => push(&mut text, name),
        _ => {}
    }
    text
}

fn address(ip: IpAddr, port: Option<u16>) -> String {
    match (ip, port) {
        (ip, None) => ip.to_string(),
        (IpAddr::V4(ip), Some(port)) => format!("{ip}:{port}"),
        (IpAddr::V6(ip), Some(port)) => format!("[{ip}]:{port}"),
    }
}

fn push(text: &mut String, word: &str) {
    if !text.is_empty() {
        text.push(' ');
    }
    text.push_str(word);
}
