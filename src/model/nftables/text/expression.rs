//! Expressions.

use serde_json::{Value, json};

use super::element::{elements, value};
use super::words::{Word, Words};

/// Keys that are written without `meta`.
const META: [&str; 6] = ["iif", "oif", "iifname", "oifname", "iifgroup", "oifgroup"];

const PROTOCOLS: [&str; 17] = [
    "ip", "ip6", "tcp", "udp", "th", "icmp", "icmpv6", "sctp", "dccp", "udplite", "ether", "vlan",
    "arp", "ah", "esp", "comp", "igmp",
];

/// An expression: parts joined by dots, then perhaps looked up in a map.
pub(super) fn expression(rest: &mut Words<'_, '_>) -> Option<Value> {
    let mut parts = vec![computed(rest)?];
    while rest.skip(".") {
        parts.push(computed(rest)?);
    }
    let key = match parts.len() {
        1 => parts.pop()?,
        _ => json!({"concat": parts}),
    };
    match rest.skip("map") {
        true => Some(json!({"map": {"key": key, "data": set(rest, true)?}})),
        false => Some(key),
    }
}

/// `@name`, or `{ ... }`.
pub(super) fn set(rest: &mut Words<'_, '_>, is_map: bool) -> Option<Value> {
    match rest.plain()? {
        "{" => Some(json!({"set": elements(rest, is_map)?})),
        name if name.starts_with('@') => {
            rest.next();
            Some(json!(name))
        }
        _ => None,
    }
}

/// One part, with arithmetic on it.
fn computed(rest: &mut Words<'_, '_>) -> Option<Value> {
    let mut left = single(rest)?;
    while let Some(sign) = rest.plain() {
        let sign = match sign {
            "&" | "|" | "^" | "<<" | ">>" => sign,
            "and" => "&",
            "or" => "|",
            "xor" => "^",
            _ => break,
        };
        rest.next();
        let right = operand(rest)?;
        left = json!({sign: [left, right]});
    }
    Some(left)
}

/// What stands right of a sign: a constant, several flags in brackets, or an expression.
fn operand(rest: &mut Words<'_, '_>) -> Option<Value> {
    if rest.skip("(") {
        let mut flags = Vec::new();
        while !rest.skip(")") {
            match rest.take()? {
                "|" => {}
                flag => flags.push(flag),
            }
        }
        return Some(json!(flags));
    }
    let mut trial = *rest;
    match single(&mut trial) {
        Some(found) => {
            *rest = trial;
            Some(found)
        }
        None => value(rest),
    }
}

fn number(rest: &mut Words<'_, '_>, name: &str) -> Option<u128> {
    match rest.skip(name) {
        true => crate::model::nftables::datatype::number(rest.take()?),
        false => None,
    }
}

/// One thing that is looked at; nothing is read where it is none.
fn single(rest: &mut Words<'_, '_>) -> Option<Value> {
    let before = *rest;
    let found = known(rest);
    if found.is_none() {
        *rest = before;
    }
    found
}

fn known(rest: &mut Words<'_, '_>) -> Option<Value> {
    let word = rest.take()?;
    if META.contains(&word) {
        return Some(json!({"meta": {"key": word}}));
    }
    match word {
        "meta" => Some(json!({"meta": {"key": rest.take()?}})),
        "ct" => {
            let mut ct = json!({});
            if let Some(direction @ ("original" | "reply")) = rest.plain() {
                rest.next();
                ct["dir"] = json!(direction);
            }
            let mut key = rest.take()?.to_owned();
            if matches!(key.as_str(), "ip" | "ip6") {
                key = format!("{key} {}", rest.take()?);
            }
            ct["key"] = json!(key);
            Some(json!({"ct": ct}))
        }
        "fib" => {
            let mut flags = vec![rest.take()?];
            while rest.skip(".") {
                flags.push(rest.take()?);
            }
            Some(json!({"fib": {"flags": flags, "result": rest.take()?}}))
        }
        "numgen" => {
            let mode = rest.take()?;
            let modulus = number(rest, "mod")?;
            let offset = number(rest, "offset").unwrap_or(0);
            Some(
                json!({"numgen": {"mode": mode, "mod": small(modulus)?, "offset": small(offset)?}}),
            )
        }
        "symhash" => {
            let modulus = number(rest, "mod")?;
            let offset = number(rest, "offset").unwrap_or(0);
            Some(json!({"symhash": {"mod": small(modulus)?, "offset": small(offset)?}}))
        }
        "jhash" => {
            let key = expression(rest)?;
            let mut hash = json!({"expr": key, "mod": small(number(rest, "mod")?)?});
            for name in ["seed", "offset"] {
                if let Some(number) = number(rest, name) {
                    hash[name] = json!(small(number)?);
                }
            }
            Some(json!({"jhash": hash}))
        }
        "exthdr" => Some(json!({"exthdr": {"name": rest.take()?}})),
        "socket" => Some(json!({"socket": {"key": rest.take()?}})),
        "tcp" if rest.skip("option") => {
            let name = rest.take()?;
            let field = rest.take()?;
            Some(json!({"tcp option": {"name": name, "field": field}}))
        }
        protocol if PROTOCOLS.contains(&protocol) => {
            let mut field = rest.take()?.to_owned();
            // ARP has addresses of two kinds.
            if protocol == "arp" && matches!(field.as_str(), "saddr" | "daddr") {
                field = format!("{field} {}", rest.take()?);
            }
            Some(json!({"payload": {"protocol": protocol, "field": field}}))
        }
        raw if raw.starts_with('@') && rest.peek() == Some(Word::Plain(",")) => {
            let mut text = raw.to_owned();
            while rest.skip(",") {
                text.push_str(&format!(",{}", rest.take()?));
            }
            Some(json!({"payload": {"raw": text}}))
        }
        _ => None,
    }
}

fn small(number: u128) -> Option<u32> {
    u32::try_from(number).ok()
}
