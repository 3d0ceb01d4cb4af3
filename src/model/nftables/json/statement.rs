//! Statements.

use serde_json::Value;

use super::expression::{Types, expression, intervals, set_name};
use super::set::written_out;
use super::{Object, words};
use crate::model::nftables::datatype::Datatype;
use crate::model::nftables::expression::Expression;
use crate::model::nftables::set::{DataTypes, SetRef};
use crate::model::nftables::statement::{
    Comparison, DynamicUpdate, Limit, Nat, NatKind, ObjectName, Operand, Quota, Statement,
    UpdateKind, Verdict,
};

/// A statement; one that is not known stays as it was read, and is named in `notes`.
pub(super) fn statement(value: &Value, types: Types<'_>, notes: &mut Vec<String>) -> Statement {
    let (name, read) = match value {
        // `{"accept": null}` may be written as a word.
        Value::String(word) => (word.as_str(), plain(word, &Value::Null, types)),
        Value::Object(object) => match object.iter().next().filter(|_| object.len() == 1) {
            Some((kind, content)) => (kind.as_str(), plain(kind, content, types)),
            None => ("?", Err("it has not one key".to_owned())),
        },
        _ => ("?", Err("it is no object".to_owned())),
    };
    read.unwrap_or_else(|why| {
        let note = format!("the statement {name:?} is not known: {why}");
        if !notes.contains(&note) {
            notes.push(note);
        }
        // Text that was not understood is shown as it was.
        let text = value
            .as_object()
            .and_then(|object| object.values().next()?.as_str());
        Statement::Other {
            name: name.into(),
            text: text.map_or_else(|| value.to_string(), str::to_owned).into(),
        }
    })
}

fn plain(kind: &str, content: &Value, types: Types<'_>) -> Result<Statement, String> {
    let empty = Object::new();
    let fields = content.as_object().unwrap_or(&empty);
    let number = |key: &str| fields.get(key).and_then(Value::as_u64);
    let flag = |key: &str| fields.get(key).and_then(Value::as_bool).unwrap_or(false);
    let known = |keys: &[&str]| match fields.keys().find(|key| !keys.contains(&key.as_str())) {
        Some(key) => Err(format!("it has a key {key:?}")),
        None => Ok(()),
    };
    Ok(match kind {
        "match" => return compared(fields, types),
        "accept" | "drop" | "continue" | "return" | "jump" | "goto" => Statement::Verdict(
            verdict_of(kind, content).ok_or_else(|| format!("{content} is no target"))?,
        ),
        "vmap" => {
            known(&["key", "data"])?;
            let key = expression(fields.get("key").unwrap_or(&Value::Null), &[], types);
            let data = fields.get("data").unwrap_or(&Value::Null);
            let set = match set_name(data) {
                Some(named) => named,
                None => written_out(data, &key.datatypes(types), Some(DataTypes::Verdicts))?,
            };
            Statement::Vmap { key, set }
        }
        "mangle" => {
            known(&["key", "value"])?;
            let target = expression(fields.get("key").unwrap_or(&Value::Null), &[], types);
            let hint = target.datatypes(types);
            let value = fields.get("value").unwrap_or(&Value::Null);
            match &target {
                Expression::Other { name, .. } if &**name == "tcp option" => {
                    Statement::NoEffect(format!("tcp option set {value}").into())
                }
                _ => {
                    let value = expression(value, &hint, types);
                    Statement::Assign { target, value }
                }
            }
        }
        "counter" => match content {
            Value::Null => Statement::Counter(0, 0),
            Value::Object(_) if !fields.contains_key("map") => {
                Statement::Counter(number("packets").unwrap_or(0), number("bytes").unwrap_or(0))
            }
            named => object(kind, named, types)?,
        },
        "quota" => match content {
            Value::Object(_) if !fields.contains_key("map") => {
                known(&["val", "val_unit", "used", "used_unit", "inv"])?;
                let bytes = |value: &str, unit: &str| {
                    let unit = match fields.get(unit).and_then(Value::as_str) {
                        None | Some("bytes") => 1,
                        Some("kbytes") => 1 << 10,
                        Some("mbytes") => 1 << 20,
                        Some(_) => return None,
                    };
                    number(value)?.checked_mul(unit)
                };
                Statement::Quota(Quota {
                    over: flag("inv"),
                    bytes: bytes("val", "val_unit").ok_or("it has no size")?,
                    used: bytes("used", "used_unit").unwrap_or(0),
                })
            }
            named => object(kind, named, types)?,
        },
        "limit" => match content {
            Value::Object(_) if !fields.contains_key("map") => Statement::Limit(Limit {
                over: flag("inv"),
                text: limit_text(fields).into(),
            }),
            named => object(kind, named, types)?,
        },
        "ct helper" | "ct timeout" | "ct expectation" => object(kind, content, types)?,
        "ct count" => {
            known(&["val", "inv"])?;
            Statement::Connlimit {
                count: number("val").ok_or("it has no number")?,
                over: flag("inv"),
            }
        }
        "log" => Statement::Log(log_text(fields).into()),
        "last" => Statement::NoEffect("last".into()),
        "notrack" => Statement::Notrack,
        "dnat" | "snat" | "masquerade" | "redirect" => {
            known(&["family", "addr", "port", "flags", "type_flags"])?;
            Statement::Nat(nat(kind, fields, types))
        }
        "reject" => {
            known(&["type", "expr"])?;
            let word = |key: &str| fields.get(key).and_then(Value::as_str).unwrap_or("").into();
            Statement::Reject {
                kind: word("type"),
                code: word("expr"),
            }
        }
        "set" | "map" => {
            known(&["op", "elem", "data", "set", "map", "stmt"])?;
            Statement::Dynamic(Box::new(dynamic(fields, types)?))
        }
        "flow" => {
            let name = fields.get("flowtable").and_then(Value::as_str);
            let name = name.ok_or("it names no flowtable")?;
            Statement::Offload(name.trim_start_matches('@').into())
        }
        "queue" => Statement::Queue(queue_text(fields).into()),
        "xt" => {
            let word = |key: &str| fields.get(key).and_then(Value::as_str).unwrap_or("?");
            Statement::Xt(format!("{} {}", word("type"), word("name")).into())
        }
        _ => return Err("kubenet has no word for it".to_owned()),
    })
}

fn compared(fields: &Object, types: Types<'_>) -> Result<Statement, String> {
    let null = Value::Null;
    let left = expression(fields.get("left").unwrap_or(&null), &[], types);
    let written = fields.get("right").unwrap_or(&null);
    let mut hint = left.datatypes(types);
    let comparison = match fields.get("op").and_then(Value::as_str) {
        Some("==") => Comparison::Equal,
        Some("!=") => Comparison::NotEqual,
        Some("<") => Comparison::Less,
        Some(">") => Comparison::Greater,
        Some("<=") => Comparison::AtMost,
        Some(">=") => Comparison::AtLeast,
        Some("in") => Comparison::AnyBit,
        Some("!") => Comparison::NoBit,
        other => return Err(format!("the operator {other:?} is not known")),
    };
    if written.is_boolean() {
        hint = vec![Datatype::Presence];
    }
    let right = if let Some(named) = set_name(written) {
        Operand::Set(named)
    } else if written
        .as_object()
        .is_some_and(|object| object.contains_key("set"))
    {
        Operand::Set(written_out(written, &hint, None)?)
    } else {
        match (intervals(written, &hint), hint.first()) {
            (Ok(values), _) => Operand::Constant(hint.clone(), values),
            // What is compared is not understood, and the answer is not known.
            (Err(_), Some(Datatype::Unknown)) => Operand::Unknown(written.to_string().into()),
            (Err(why), _) => return Err(why),
        }
    };
    // Older versions say `in` of plain values and lists too.
    let flags = hint.first().is_some_and(|hint| hint.is_flags());
    let comparison = match (comparison, &right) {
        (Comparison::AnyBit, Operand::Set(_)) => Comparison::Equal,
        (Comparison::AnyBit, _) if !flags && !matches!(left, Expression::Other { .. }) => {
            Comparison::Equal
        }
        (comparison, _) => comparison,
    };
    Ok(Statement::Match {
        comparison,
        left,
        right,
    })
}

/// `{"goto": {"target": "x"}}`, `{"drop": null}`.
pub(super) fn verdict(value: &Value) -> Option<Verdict> {
    match value {
        Value::String(word) => verdict_of(word, &Value::Null),
        Value::Object(object) => {
            let (kind, content) = object.iter().next().filter(|_| object.len() == 1)?;
            verdict_of(kind, content)
        }
        _ => None,
    }
}

fn verdict_of(kind: &str, content: &Value) -> Option<Verdict> {
    let target = || Some(content.as_object()?.get("target")?.as_str()?.into());
    Some(match kind {
        "accept" => Verdict::Accept,
        "drop" => Verdict::Drop,
        "continue" => Verdict::Continue,
        "return" => Verdict::Return,
        "queue" => Verdict::Queue,
        "jump" => Verdict::Jump(target()?),
        "goto" => Verdict::Goto(target()?),
        _ => return None,
    })
}

/// A named object: `"c1"`, or `{"map": {"key": ..., "data": "@m"}}`.
fn object(kind: &str, content: &Value, types: Types<'_>) -> Result<Statement, String> {
    let name = match content {
        Value::String(name) => ObjectName::Name(name.as_str().into()),
        Value::Object(fields) => {
            let map = fields.get("map").and_then(Value::as_object);
            let map = map.ok_or("it names no object")?;
            let key = expression(map.get("key").unwrap_or(&Value::Null), &[], types);
            let data = map.get("data").unwrap_or(&Value::Null);
            let set = match set_name(data) {
                Some(named) => named,
                None => {
                    let objects = DataTypes::Objects(kind.into());
                    written_out(data, &key.datatypes(types), Some(objects))?
                }
            };
            ObjectName::Map(key, set)
        }
        _ => return Err("it names no object".to_owned()),
    };
    Ok(Statement::Object {
        kind: kind.into(),
        name,
    })
}

fn nat(kind: &str, fields: &Object, types: Types<'_>) -> Nat {
    let family = fields.get("family").and_then(Value::as_str);
    let address = match family {
        Some("ip6") => Datatype::Ipv6,
        Some(_) => Datatype::Ipv4,
        None => match fields.get("addr").and_then(first_word) {
            Some(word) if word.contains(':') => Datatype::Ipv6,
            _ => Datatype::Ipv4,
        },
    };
    Nat {
        kind: match kind {
            "dnat" => NatKind::Destination,
            "snat" => NatKind::Source,
            "masquerade" => NatKind::Masquerade,
            _ => NatKind::Redirect,
        },
        family: family.map(Into::into),
        address: fields
            .get("addr")
            .map(|value| expression(value, &[address, Datatype::Service], types)),
        port: fields
            .get("port")
            .map(|value| expression(value, &[Datatype::Service], types)),
        flags: words(fields.get("flags")),
        type_flags: words(fields.get("type_flags")),
    }
}

/// The first constant that is a word: where no family is named, its form tells it.
fn first_word(value: &Value) -> Option<&str> {
    match value {
        Value::String(word) => Some(word),
        Value::Array(list) => list.iter().rev().find_map(first_word),
        Value::Object(object) => match object.get("map").and_then(Value::as_object) {
            Some(map) => first_word(map.get("data")?),
            None => object.values().find_map(first_word),
        },
        _ => None,
    }
}

fn dynamic(fields: &Object, types: Types<'_>) -> Result<DynamicUpdate, String> {
    let kind = match fields.get("op").and_then(Value::as_str) {
        Some("add") => UpdateKind::Add,
        Some("update") => UpdateKind::Update,
        Some("delete") => UpdateKind::Delete,
        other => return Err(format!("the operation {other:?} is not known")),
    };
    let set = fields.get("set").or_else(|| fields.get("map"));
    let Some(SetRef::Named(set)) = set.and_then(set_name) else {
        return Err("it names no set".to_owned());
    };
    let element = fields.get("elem").ok_or("it has no element")?;
    let more = element.as_object().and_then(|object| object.get("elem"));
    let more = more.and_then(Value::as_object);
    let written = more.and_then(|more| more.get("val")).unwrap_or(element);
    let statements = match fields.get("stmt") {
        Some(Value::Array(list)) => list
            .iter()
            .map(|one| statement(one, types, &mut Vec::new()))
            .collect(),
        _ => Vec::new(),
    };
    Ok(DynamicUpdate {
        kind,
        key: expression(written, &[], types),
        data: fields
            .get("data")
            .map(|data| expression(data, &types(&set), types)),
        set,
        timeout: more.and_then(|more| more.get("timeout")?.as_u64()),
        statements,
    })
}

/// `rate over 400/minute burst 9 packets`.
pub(super) fn limit_text(fields: &Object) -> String {
    let word = |key: &str| fields.get(key).and_then(Value::as_str);
    let number = |key: &str| fields.get(key).and_then(Value::as_u64);
    let over = match fields.get("inv").and_then(Value::as_bool) {
        Some(true) => "over ",
        _ => "",
    };
    let unit = word("rate_unit").filter(|unit| *unit != "packets");
    let burst = match (number("burst"), word("burst_unit")) {
        // nft does not print the burst that it takes by itself.
        (Some(5), None | Some("packets")) => String::new(),
        (Some(burst), unit) if burst > 0 => {
            format!(" burst {burst} {}", unit.unwrap_or("packets"))
        }
        _ => String::new(),
    };
    format!(
        "rate {over}{}{}/{}{burst}",
        number("rate").unwrap_or(0),
        unit.map(|unit| format!(" {unit}")).unwrap_or_default(),
        word("per").unwrap_or("second"),
    )
}

fn log_text(fields: &Object) -> String {
    let mut text = "log".to_owned();
    if let Some(prefix) = fields.get("prefix").and_then(Value::as_str) {
        text.push_str(&format!(" prefix \"{prefix}\""));
    }
    for (key, word) in [
        ("group", "group"),
        ("snaplen", "snaplen"),
        ("queue-threshold", "queue-threshold"),
    ] {
        if let Some(number) = fields.get(key).and_then(Value::as_u64) {
            text.push_str(&format!(" {word} {number}"));
        }
    }
    if let Some(level) = fields.get("level").and_then(Value::as_str) {
        text.push_str(&format!(" level {level}"));
    }
    let flags = words(fields.get("flags"));
    if !flags.is_empty() {
        text.push_str(&format!(" flags {}", flags.join(",")));
    }
    text
}

fn queue_text(fields: &Object) -> String {
    if let Some(text) = fields.get("text").and_then(Value::as_str) {
        return text.to_owned();
    }
    let flags = words(fields.get("flags"));
    let flags = match flags.is_empty() {
        true => String::new(),
        false => format!(" flags {}", flags.join(",")),
    };
    match fields.get("num") {
        Some(Value::Number(number)) => format!("queue{flags} to {number}"),
        Some(other) => match intervals(other, &[Datatype::Integer]).ok().as_deref() {
            Some([range]) => format!("queue{flags} to {}-{}", range.first, range.last),
            _ => format!("queue{flags}"),
        },
        None => format!("queue{flags} to 0"),
    }
}
