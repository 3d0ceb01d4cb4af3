//! Values, sets and their elements.

use std::net::IpAddr;

use serde_json::{Value, json};

use super::expression;
use super::statement::verdict;
use super::words::{Word, Words};

/// `ipv4_addr . inet_service`, or `ip saddr . tcp dport` behind `typeof`.
pub(super) fn types(kind: &str, found: &[Word<'_>]) -> Value {
    if kind == "typeof" {
        let mut rest = Words::of(found);
        let of = match rest.are_too_deep() {
            true => None,
            false => expression::expression(&mut rest),
        };
        return of.map_or(json!("unknown"), |of| json!({"typeof": of}));
    }
    let names: Vec<&str> = found
        .iter()
        .filter_map(|word| match word {
            Word::Plain(name) if *name != "." => Some(*name),
            _ => None,
        })
        .collect();
    match names.as_slice() {
        [one] => json!(one),
        all => json!(all),
    }
}

/// `{ A, B : C, ... }`.
pub(super) fn elements(rest: &mut Words<'_, '_>, is_map: bool) -> Option<Vec<Value>> {
    let mut list = Vec::new();
    if !rest.skip("{") {
        return None;
    }
    while !rest.skip("}") {
        list.push(element(rest, is_map)?);
        if !rest.skip(",") && rest.plain() != Some("}") {
            return None;
        }
    }
    Some(list)
}

fn element(rest: &mut Words<'_, '_>, is_map: bool) -> Option<Value> {
    let key = values(rest)?;
    let mut more = json!({"val": key});
    let mut has_more = false;
    loop {
        let (name, value) = match rest.plain() {
            Some(name @ ("timeout" | "expires")) => {
                rest.next();
                (name, json!(seconds(rest.take()?)))
            }
            Some("comment") => {
                rest.next();
                match rest.next()? {
                    Word::Quoted(comment) | Word::Plain(comment) => ("comment", json!(comment)),
                }
            }
            Some("counter") => {
                rest.next();
                ("counter", super::statement::counter(rest)?)
            }
            _ => break,
        };
        has_more = true;
        more[name] = value;
    }
    let key = match has_more {
        true => json!({"elem": more}),
        false => key,
    };
    match (is_map, rest.skip(":")) {
        (_, true) => {
            let data = match verdict(rest) {
                Some(verdict) => verdict,
                None => values(rest)?,
            };
            Some(json!([key, data]))
        }
        (true, false) => None,
        (false, false) => Some(key),
    }
}

/// A value, or a concatenation of several.
pub(super) fn values(rest: &mut Words<'_, '_>) -> Option<Value> {
    let mut parts = vec![value(rest)?];
    while rest.skip(".") {
        parts.push(value(rest)?);
    }
    match parts.len() {
        1 => parts.pop(),
        _ => Some(json!({"concat": parts})),
    }
}

/// A value, a range or a prefix.
pub(super) fn value(rest: &mut Words<'_, '_>) -> Option<Value> {
    match rest.next()? {
        Word::Quoted(text) => Some(json!(text)),
        Word::Plain(word) if ["{", "}", ",", ";", "(", ")"].contains(&word) => None,
        // "0x1f41 [invalid type]": older versions add this to what they cannot name.
        Word::Plain(word) => {
            if rest.plain() == Some("[invalid") {
                rest.next();
                rest.next();
            }
            Some(plain(word))
        }
    }
}

/// A value that is one word.
pub(super) fn plain(word: &str) -> Value {
    if let Some((address, length)) = word.split_once('/')
        && let (Ok(_), Ok(length)) = (address.parse::<IpAddr>(), length.parse::<u32>())
    {
        return json!({"prefix": {"addr": address, "len": length}});
    }
    if let Some((first, last)) = word.split_once('-')
        && is_number(first)
        && is_number(last)
    {
        return json!({"range": [first, last]});
    }
    json!(word)
}

fn is_number(word: &str) -> bool {
    crate::model::nftables::datatype::number(word).is_some() || word.parse::<IpAddr>().is_ok()
}

/// `1h30m`, `10s`, `500ms`.
pub(super) fn seconds(time: &str) -> Option<u64> {
    let mut total = 0u64;
    let mut digits = String::new();
    let mut rest = time.chars().peekable();
    while let Some(c) = rest.next() {
        if c.is_ascii_digit() {
            digits.push(c);
            continue;
        }
        let count: u64 = digits.parse().ok()?;
        digits.clear();
        let unit = match (c, rest.peek()) {
            ('m', Some('s')) => {
                rest.next();
                0
            }
            ('d', _) => 86_400,
            ('h', _) => 3_600,
            ('m', _) => 60,
            ('s', _) => 1,
            _ => return None,
        };
        total = total.checked_add(count.checked_mul(unit)?)?;
    }
    match digits.as_str() {
        "" => Some(total),
        digits => digits.parse().ok(),
    }
}
