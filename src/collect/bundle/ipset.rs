//! ipsets: `ipset save` (ipset(8)).

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};

use ipnet::IpNet;

use super::conntrack::protocol;
use super::icmp;
use super::rows::{FieldResult, hex, parse_as};
use super::sysctl::lines;
use super::tables::ip_protocol;
use crate::collect::report::{Report, excerpt};
use crate::model::{IpSet, Protocol, SetElement, SetPart};

/// The sets of a file, in its order.
pub fn ipsets(text: &str, report: &mut Report) -> Vec<IpSet> {
    let mut sets: Vec<IpSet> = Vec::new();
    let mut index: HashMap<String, usize> = HashMap::new();
    let mut masks: HashMap<String, Option<u8>> = HashMap::new();
    for (line, text) in lines(text) {
        let mut words = text.split_ascii_whitespace();
        match (words.next(), words.next(), words.next()) {
            (Some("create"), Some(name), Some(kind)) => {
                let ipv6 = text.contains(" family inet6");
                let options: Vec<&str> = words.collect();
                let option = |wanted: &str| {
                    let at = options.iter().position(|word| *word == wanted)?;
                    options.get(at + 1).copied()
                };
                if option("bitmask").is_some() || option("markmask").is_some() {
                    report.gap(
                        line,
                        format!(
                            "a set whose elements are masked bit by bit: {}",
                            excerpt(text)
                        ),
                    );
                    continue;
                }
                let netmask = option("netmask").and_then(|length| length.parse().ok());
                masks.insert(name.to_owned(), netmask);
                let (name, kind) = (name.to_owned(), kind.to_owned());
                index.insert(name.clone(), sets.len());
                sets.push(IpSet {
                    name,
                    kind,
                    ipv6,
                    elements: Vec::new(),
                });
            }
            (Some("add"), Some(name), Some(element)) => {
                let Some(set) = index.get(name).and_then(|at| sets.get_mut(*at)) else {
                    report.gap(
                        line,
                        format!("an element of the set {name:?}, which was not created"),
                    );
                    continue;
                };
                let nomatch = words.any(|word| word == "nomatch");
                let netmask = masks.get(name).copied().flatten();
                let read = parts(&set.kind, element, netmask)
                    .map_err(|what| format!("{what}: {}", excerpt(text)));
                if let Some(parts) = report.keep(line, read) {
                    set.elements.push(SetElement {
                        parts,
                        nomatch,
                        raw: text.to_owned(),
                    });
                }
            }
            _ => report.gap(line, format!("no line of `ipset save`: {}", excerpt(text))),
        }
    }
    sets
}

/// The parts of an element, one for each dimension of the set's type.
///
/// With `netmask` its addresses stand for networks.
fn parts(kind: &str, element: &str, netmask: Option<u8>) -> FieldResult<Vec<SetPart>> {
    let (method, dimensions) = kind.split_once(':').ok_or("the set's type is not known")?;
    let dimensions: Vec<&str> = dimensions.split(',').collect();
    let texts: Vec<&str> = element.split(',').collect();
    // The second dimension of bitmap:ip,mac may be missing: any address.
    let enough = texts.len() == dimensions.len() || (kind == "bitmap:ip,mac" && texts.len() == 1);
    if !enough {
        return Err(format!("not the {} parts of {kind}", dimensions.len()));
    }
    dimensions
        .iter()
        .zip(texts)
        .map(
            |(dimension, text)| match (part(method, dimension, text)?, netmask) {
                (SetPart::Net(net), Some(length)) if dimension.starts_with("ip") => {
                    IpNet::new(net.addr(), length)
                        .map(SetPart::Net)
                        .map_err(|_| "the netmask is no length of a prefix".to_owned())
                }
                (part, _) => Ok(part),
            },
        )
        .collect()
}

fn part(method: &str, dimension: &str, text: &str) -> FieldResult<SetPart> {
    match dimension {
        "set" => Ok(SetPart::Set(text.to_owned())),
        "iface" => Ok(SetPart::Interface(text.to_owned())),
        "mac" => parse_as("the Ethernet address", text).map(SetPart::Mac),
        "mark" => hex(text)
            .map(SetPart::Mark)
            .ok_or_else(|| "no mark".to_owned()),
        "port" => port(text),
        "ip" | "net" if method == "bitmap" && text.contains('-') => {
            let (first, last) = text.split_once('-').unwrap_or((text, text));
            let first: Ipv4Addr = parse_as("the first address", first)?;
            Ok(SetPart::Range(first, parse_as("the last address", last)?))
        }
        "ip" | "net" if text.contains('/') => {
            parse_as::<IpNet>("the prefix", text).map(SetPart::Net)
        }
        "ip" | "net" => parse_as::<IpAddr>("the address", text).map(|ip| SetPart::Net(ip.into())),
        other => Err(format!("sets of {other:?} are not known")),
    }
}

/// `tcp:80`, `80`, `tcp:80-90`, `icmp:8/0`.
fn port(text: &str) -> FieldResult<SetPart> {
    let (name, ports) = match text.split_once(':') {
        Some((name, ports)) => (Some(name), ports),
        None => (None, text),
    };
    let named = |name: &str| {
        name.parse::<Protocol>()
            .ok()
            .or_else(|| ip_protocol(name).map(protocol))
    };
    let protocol = match name {
        None => None,
        Some(name) => Some(named(name).ok_or_else(|| format!("unknown protocol {name:?}"))?),
    };
    let of_icmp = match (ports.split_once('/'), name) {
        (Some((kind, code)), _) => Some((
            parse_as("the ICMP type", kind)?,
            parse_as("the ICMP code", code)?,
        )),
        (None, Some(name)) => icmp::type_and_code(name, ports),
        (None, None) => None,
    };
    if let Some((kind, code)) = of_icmp {
        let number = u16::from_be_bytes([kind, code]);
        return Ok(SetPart::Port {
            protocol,
            first: number,
            last: number,
        });
    }
    let (first, last) = ports.split_once('-').unwrap_or((ports, ports));
    let (first, last) = (parse_as("the port", first)?, parse_as("the port", last)?);
    Ok(SetPart::Port {
        protocol,
        first,
        last,
    })
}
