//! Statements of a rule.

use serde_json::{Value, json};

use super::element::{plain, seconds, value, values};
use super::expression::{expression, set};
use super::words::{Word, Words};

/// The statements of a rule, and its comment. What is not understood, with all that follows, is one that nobody knows.
pub(super) fn statements(rest: &mut Words<'_, '_>) -> (Vec<Value>, Option<String>) {
    let mut found = Vec::new();
    let mut comment = None;
    if rest.are_too_deep() {
        found.push(json!({"a rule that is too long": rest.rest()}));
    }
    while !rest.is_empty() {
        if rest.plain() == Some("comment") {
            let mut trial = *rest;
            trial.next();
            if let Some(Word::Quoted(text)) = trial.next() {
                comment = Some(text.to_owned());
                *rest = trial;
                continue;
            }
        }
        let before = *rest;
        match statement(rest) {
            Some(statement) => found.push(statement),
            None => {
                *rest = before;
                let first = rest.plain().unwrap_or_default();
                found.push(json!({format!("{first} ..."): rest.rest()}));
            }
        }
    }
    (found, comment)
}

fn statement(rest: &mut Words<'_, '_>) -> Option<Value> {
    if let Some(verdict) = verdict(rest) {
        return Some(verdict);
    }
    let before = *rest;
    let word = rest.plain()?;
    rest.next();
    match word {
        "counter" if rest.skip("name") => return named("counter", rest),
        "counter" => return Some(json!({"counter": counter(rest)?})),
        "quota" if rest.skip("name") => return named("quota", rest),
        "quota" => {
            *rest = before;
            let fields: serde_json::Map<String, Value> = quota(rest)?
                .into_iter()
                .map(|(key, value)| (if key == "bytes" { "val" } else { key }.to_owned(), value))
                .collect();
            return Some(json!({"quota": fields}));
        }
        "limit" if rest.skip("name") => return named("limit", rest),
        "limit" => return limit(rest),
        "log" => return Some(json!({"log": log(rest)})),
        "notrack" => return Some(json!({"notrack": null})),
        "dnat" | "snat" | "masquerade" | "redirect" => return nat(word, rest),
        "reject" => {
            let mut reject = json!({});
            if rest.skip("with") {
                match rest.take()? {
                    "tcp" => {
                        rest.skip("reset");
                        reject["type"] = json!("tcp reset");
                    }
                    kind => {
                        reject["type"] = json!(kind);
                        reject["expr"] = json!(rest.take()?);
                    }
                }
            }
            return Some(json!({"reject": reject}));
        }
        "add" | "update" | "delete" => return dynamic(word, rest),
        "flow" => {
            rest.skip("add");
            return Some(json!({"flow": {"op": "add", "flowtable": rest.take()?}}));
        }
        "ct" => match rest.plain() {
            Some("count") => {
                rest.next();
                let over = rest.skip("over");
                let count: u64 = rest.take()?.parse().ok()?;
                return Some(json!({"ct count": {"val": count, "inv": over}}));
            }
            Some(kind @ ("helper" | "timeout" | "expectation")) => {
                let mut trial = *rest;
                trial.next();
                if trial.skip("set") {
                    let Word::Quoted(name) = trial.next()? else {
                        return None;
                    };
                    *rest = trial;
                    return Some(json!({format!("ct {kind}"): name}));
                }
            }
            _ => {}
        },
        _ => {}
    }
    *rest = before;
    compared(rest)
}

/// `accept`, `jump x`.
pub(super) fn verdict(rest: &mut Words<'_, '_>) -> Option<Value> {
    let word = rest.plain()?;
    match word {
        "accept" | "drop" | "continue" | "return" => {
            rest.next();
            Some(json!({word: null}))
        }
        "jump" | "goto" => {
            rest.next();
            Some(json!({word: {"target": rest.take()?}}))
        }
        "queue" => {
            let mut text = Vec::new();
            while let Some(word) = rest.plain().filter(|word| *word != "comment") {
                text.push(word);
                rest.next();
            }
            Some(json!({"queue": {"text": text.join(" ")}}))
        }
        _ => None,
    }
}

/// What stands behind `counter`.
pub(super) fn counter(rest: &mut Words<'_, '_>) -> Option<Value> {
    if !rest.skip("packets") {
        return Some(Value::Null);
    }
    let packets: u64 = rest.take()?.parse().ok()?;
    rest.skip("bytes");
    let bytes: u64 = rest.take()?.parse().ok()?;
    Some(json!({"packets": packets, "bytes": bytes}))
}

/// `counter name "x"`, `counter name KEY map @m`.
fn named(kind: &str, rest: &mut Words<'_, '_>) -> Option<Value> {
    match rest.peek()? {
        Word::Quoted(name) => {
            rest.next();
            Some(json!({kind: name}))
        }
        Word::Plain(_) => Some(json!({kind: expression(rest)?})),
    }
}

/// `quota over 25 mbytes used 5 kbytes`, also without its first word.
pub(super) fn quota(rest: &mut Words<'_, '_>) -> Option<Vec<(&'static str, Value)>> {
    rest.skip("quota");
    let over = rest.skip("over");
    rest.skip("until");
    let bytes = amount(rest)?;
    let mut fields = vec![("inv", json!(over)), ("bytes", json!(bytes))];
    if rest.skip("used") {
        fields.push(("used", json!(amount(rest)?)));
    }
    Some(fields)
}

fn amount(rest: &mut Words<'_, '_>) -> Option<u64> {
    let count: u64 = rest.take()?.parse().ok()?;
    let unit = match rest.take()? {
        "bytes" => 1,
        "kbytes" => 1 << 10,
        "mbytes" => 1 << 20,
        _ => return None,
    };
    count.checked_mul(unit)
}

fn limit(rest: &mut Words<'_, '_>) -> Option<Value> {
    rest.skip("rate");
    let over = rest.skip("over");
    let mut limit = json!({"inv": over});
    let mut rate = rest.take()?;
    let mut unit = "packets";
    // `10/second`, `10 mbytes/second`.
    let per = match rate.split_once('/') {
        Some((count, per)) => {
            rate = count;
            per
        }
        None => {
            let (of, per) = rest.take()?.split_once('/')?;
            unit = of;
            per
        }
    };
    limit["rate"] = json!(rate.parse::<u64>().ok()?);
    limit["per"] = json!(per);
    limit["rate_unit"] = json!(unit);
    if rest.skip("burst") {
        limit["burst"] = json!(rest.take()?.parse::<u64>().ok()?);
        limit["burst_unit"] = json!(rest.take()?);
    }
    Some(json!({"limit": limit}))
}

fn log(rest: &mut Words<'_, '_>) -> Value {
    let mut log = json!({});
    while let Some(key @ ("prefix" | "group" | "snaplen" | "queue-threshold" | "level" | "flags")) =
        rest.plain()
    {
        rest.next();
        match rest.next() {
            Some(Word::Quoted(text)) => log[key] = json!(text),
            Some(Word::Plain(word)) => {
                log[key] = word
                    .parse::<u64>()
                    .map_or(json!(word), |number| json!(number));
            }
            None => {}
        }
        while key == "flags" && rest.skip(",") {
            rest.next();
        }
    }
    log
}

/// `dnat ip to 10.0.0.1:80 random`.
fn nat(kind: &str, rest: &mut Words<'_, '_>) -> Option<Value> {
    let mut nat = json!({});
    if let Some(family @ ("ip" | "ip6")) = rest.plain() {
        rest.next();
        nat["family"] = json!(family);
    }
    let mut flags: Vec<&str> = Vec::new();
    if rest.skip("prefix") {
        nat["type_flags"] = json!("prefix");
        flags.push("netmap");
    }
    // `addr . port to`: the map has both.
    if rest.skip("addr") {
        rest.skip(".");
        rest.skip("port");
    }
    if rest.skip("to") {
        target(&mut nat, rest)?;
    }
    while let Some(flag @ ("random" | "fully-random" | "persistent")) = rest.plain() {
        rest.next();
        rest.skip(",");
        flags.push(flag);
    }
    if !flags.is_empty() {
        nat["flags"] = json!(flags);
    }
    Some(json!({kind: nat}))
}

fn target(nat: &mut Value, rest: &mut Words<'_, '_>) -> Option<()> {
    let mut trial = *rest;
    if let Some(found) = expression(&mut trial) {
        *rest = trial;
        nat["addr"] = found;
        return Some(());
    }
    let word = rest.take()?;
    let (address, port) = if let Some(inside) = word.strip_prefix('[') {
        let (address, port) = inside.split_once(']')?;
        (address, port.strip_prefix(':'))
    } else if word.matches(':').count() == 1 {
        let (address, port) = word.split_once(':')?;
        (address, Some(port))
    } else {
        (word, None)
    };
    if !address.is_empty() {
        nat["addr"] = plain(address);
    }
    match port {
        // `:tcp dport map { ... }`.
        Some(first) if !first.starts_with(|c: char| c.is_ascii_digit()) => {
            let whole = format!("{first} {}", rest.rest());
            let found = super::words::words(&whole);
            let mut again = Words::of(&found);
            nat["port"] = expression(&mut again)?;
        }
        Some(port) => nat["port"] = plain(port),
        None => {}
    }
    Some(())
}

/// `update @set { KEY timeout 10s STATEMENTS : DATA }`.
fn dynamic(operation: &str, rest: &mut Words<'_, '_>) -> Option<Value> {
    let name = rest.take()?;
    if !name.starts_with('@') || !rest.skip("{") {
        return None;
    }
    let key = expression(rest)?;
    let mut element = json!({"val": key});
    let mut has_more = false;
    if rest.skip("timeout") {
        element["timeout"] = json!(seconds(rest.take()?));
        has_more = true;
    }
    let mut dynamic = json!({"op": operation, "set": name});
    dynamic["elem"] = match has_more {
        true => json!({"elem": element}),
        false => key,
    };
    let mut inside = Vec::new();
    while !rest.skip("}") {
        if rest.skip(":") {
            dynamic["data"] = match expression(rest) {
                Some(found) => found,
                None => values(rest)?,
            };
            continue;
        }
        inside.push(statement(rest)?);
    }
    if !inside.is_empty() {
        dynamic["stmt"] = json!(inside);
    }
    Some(json!({"set": dynamic}))
}

/// An expression and what it is compared with, set to, or looked up in.
fn compared(rest: &mut Words<'_, '_>) -> Option<Value> {
    let left = expression(rest)?;
    if rest.skip("vmap") {
        return Some(json!({"vmap": {"key": left, "data": set(rest, true)?}}));
    }
    if rest.skip("set") {
        let mut trial = *rest;
        let value = match expression(&mut trial) {
            Some(found) => {
                *rest = trial;
                found
            }
            None => values(rest)?,
        };
        return Some(json!({"mangle": {"key": left, "value": value}}));
    }
    let sign = match rest.plain() {
        Some(sign @ ("==" | "!=" | "<" | ">" | "<=" | ">=" | "!")) => {
            rest.next();
            Some(sign)
        }
        _ => None,
    };
    let flags = has_flags(&left);
    let right = match rest.plain() {
        Some("{") => set(rest, false)?,
        Some("missing") => {
            rest.next();
            json!(false)
        }
        Some("exists") => {
            rest.next();
            json!(true)
        }
        _ => values(rest)?,
    };
    let mut right = right;
    // `established,new`, `established | related`.
    while flags && (rest.skip(",") || rest.skip("|")) {
        let more = value(rest)?;
        right = match right {
            Value::Array(mut list) => {
                list.push(more);
                Value::Array(list)
            }
            first => json!([first, more]),
        };
    }
    // `syn / syn,ack`: these of those.
    if flags && rest.skip("/") {
        let mut mask = vec![value(rest)?];
        while rest.skip(",") {
            mask.push(value(rest)?);
        }
        return Some(json!({"match": {"op": "==", "left": {"&": [left, mask]}, "right": right}}));
    }
    let is_set = right.is_object() && right.get("set").is_some();
    let named = right.as_str().is_some_and(|word| word.starts_with('@'));
    let masked = left.is_object() && left.get("&").is_some();
    let operator = match sign {
        Some(sign) => sign,
        None if flags && !is_set && !named && !masked => "in",
        None => "==",
    };
    Some(json!({"match": {"op": operator, "left": left, "right": right}}))
}

/// Whether an expression has several bits, each with a word.
fn has_flags(left: &Value) -> bool {
    let of = |path: &str| left.pointer(path).and_then(Value::as_str);
    matches!(of("/ct/key"), Some("state" | "status"))
        || of("/payload/protocol") == Some("tcp") && of("/payload/field") == Some("flags")
}
