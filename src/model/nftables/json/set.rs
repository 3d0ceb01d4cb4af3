//! Sets, maps and their elements.

use serde_json::Value;

use super::expression::{Types, intervals, set_name};
use super::statement::{statement, verdict};
use super::{Object, comment, handle, mind_keys, text, words};
use crate::model::nftables::datatype::Datatype;
use crate::model::nftables::expression::Expression;
use crate::model::nftables::set::{Data, DataTypes, Element, Set, SetRef};

/// A set or map of a table.
pub(super) fn set(fields: &Object, notes: &mut Vec<String>) -> Result<Set, String> {
    let known = [
        "family",
        "table",
        "name",
        "handle",
        "type",
        "map",
        "flags",
        "timeout",
        "size",
        "comment",
        "elem",
        "policy",
        "gc-interval",
        "stmt",
        "auto-merge",
        "op",
    ];
    mind_keys("set", fields, &known, notes);
    let key = types_of(fields.get("type").ok_or("has no \"type\"")?);
    let data = fields.get("map").map(|map| match map.as_str() {
        Some("verdict") => DataTypes::Verdicts,
        Some(
            kind @ ("counter" | "quota" | "limit" | "ct helper" | "ct timeout" | "synproxy"
            | "secmark" | "ct expectation"),
        ) => DataTypes::Objects(kind.into()),
        _ => DataTypes::Values(types_of(map)),
    });
    let mut set = Set::anonymous(key, data, Vec::new());
    set.name = text(fields, "name")?.into();
    set.handle = handle(fields);
    set.flags = words(fields.get("flags"));
    set.timeout = fields.get("timeout").and_then(Value::as_u64);
    set.size = fields.get("size").and_then(Value::as_u64);
    set.comment = comment(fields);
    if let Some(Value::Array(list)) = fields.get("elem") {
        set.elements.reserve(list.len());
        for one in list {
            match element(one, &set.key, set.data.as_ref()) {
                Ok(element) => set.elements.push(element),
                Err(why) => {
                    set.incomplete = true;
                    let note = format!("an element of the set {} is not known: {why}", set.name);
                    notes.push(note);
                }
            }
        }
    }
    Ok(set)
}

/// `"ipv4_addr"`, a list of such, or `{"typeof": ...}`.
fn types_of(value: &Value) -> Vec<Datatype> {
    match value {
        Value::String(name) => name.split(" . ").map(Datatype::named).collect(),
        Value::Array(names) => names
            .iter()
            .map(|name| name.as_str().map_or(Datatype::Unknown, Datatype::named))
            .collect(),
        Value::Object(object) => match object.get("typeof") {
            Some(of) => {
                super::expression::expression(of, &[], &|_| Vec::new()).datatypes(&|_| Vec::new())
            }
            None => vec![Datatype::Unknown],
        },
        _ => vec![Datatype::Unknown],
    }
}

/// An element: `KEY`, `[KEY, DATA]`, with more in `{"elem": {"val": KEY, ...}}`.
fn element(value: &Value, key: &[Datatype], data: Option<&DataTypes>) -> Result<Element, String> {
    let (written, found) = match (value, data) {
        (Value::Array(pair), Some(data)) => match pair.as_slice() {
            [key, value] => (key, Some(data_of(value, data)?)),
            _ => return Err(format!("{value} is no element of a map")),
        },
        (_, Some(_)) => return Err(format!("{value} is no element of a map")),
        (key, None) => (key, None),
    };
    let more = written.as_object().and_then(|object| object.get("elem"));
    let more = more.and_then(Value::as_object);
    let plain = more.and_then(|more| more.get("val")).unwrap_or(written);
    let number = |key| more?.get(key)?.as_u64();
    let mut statements = Vec::new();
    for (kind, content) in more.into_iter().flatten() {
        if matches!(
            kind.as_str(),
            "counter" | "limit" | "quota" | "ct count" | "last"
        ) {
            let mut object = Object::new();
            object.insert(kind.clone(), content.clone());
            statements.push(statement(
                &Value::Object(object),
                &|_| Vec::new(),
                &mut Vec::new(),
            ));
        }
    }
    Ok(Element {
        key: intervals(plain, key)?,
        data: found,
        comment: more.and_then(comment),
        timeout: number("timeout"),
        expires: number("expires"),
        statements,
    })
}

fn data_of(value: &Value, types: &DataTypes) -> Result<Data, String> {
    match types {
        DataTypes::Verdicts => verdict(value)
            .map(Data::Verdict)
            .ok_or_else(|| format!("{value} is no verdict")),
        DataTypes::Values(types) => intervals(value, types).map(Data::Values),
        DataTypes::Objects(_) => value
            .as_str()
            .map(|name| Data::Object(name.into()))
            .ok_or_else(|| format!("{value} names no object")),
    }
}

/// What a rule looks a key up in: `@set`, or `{"set": [...]}`. `data` are the types of a map's values.
pub(super) fn looked_into(
    value: &Value,
    key: &Expression,
    data: &[Datatype],
    types: Types<'_>,
) -> Result<SetRef, String> {
    if let Some(named) = set_name(value) {
        return Ok(named);
    }
    let types = key.datatypes(types);
    written_out(value, &types, Some(DataTypes::Values(data.to_vec())))
}

/// A set that is written out in a rule.
pub(super) fn written_out(
    value: &Value,
    key: &[Datatype],
    data: Option<DataTypes>,
) -> Result<SetRef, String> {
    let list = value
        .as_object()
        .and_then(|object| object.get("set"))
        .ok_or_else(|| format!("{value} is no set"))?;
    // A set of one may be written without brackets.
    let list = list
        .as_array()
        .map_or(std::slice::from_ref(list), Vec::as_slice);
    let elements = list
        .iter()
        .map(|one| element(one, key, data.as_ref()))
        .collect::<Result<Vec<Element>, String>>()?;
    Ok(SetRef::Anonymous(Box::new(Set::anonymous(
        key.to_vec(),
        data,
        elements,
    ))))
}
