//! `nft -j list ...`: objects of a ruleset, one by one (libnftables-json(5), nftables src/json.c).
//!
//! What a newer nft prints and is not known here is named and, where it does not decide over packets, passed over. A
//! statement or expression that is not known stays in its rule as one whose answer nobody knows.

mod expression;
mod set;
mod statement;

use serde_json::{Map, Value};

use super::ruleset::{
    BaseChain, Chain, ChainKind, NamedObject, Policy, Rule, Ruleset, Table, TableFamily,
};
use super::statement::{Limit, Quota, Statement};

type Object = Map<String, Value>;

/// Takes one object of the array `nftables` in; an object is `{KIND: {...}}`. What is not known and does no harm goes
/// into `notes`, an error is an object that is lost.
pub fn take_in(
    ruleset: &mut Ruleset,
    object: &Object,
    notes: &mut Vec<String>,
) -> Result<(), String> {
    for (kind, content) in object {
        let fields = content
            .as_object()
            .ok_or_else(|| format!("{kind} is no object"))?;
        match kind.as_str() {
            "metainfo" => {
                let version = fields.get("json_schema_version").and_then(Value::as_u64);
                if version.is_some_and(|version| version != 1) {
                    notes.push(format!(
                        "JSON schema version {} of nft is not known: read as version 1",
                        version.unwrap_or_default()
                    ));
                }
            }
            "table" => table(ruleset, fields, notes)?,
            "chain" => chain(table_of(ruleset, fields)?, fields, notes)?,
            "rule" => rule(table_of(ruleset, fields)?, fields, notes)?,
            "set" | "map" => {
                let family = text(fields, "family")?;
                let set = set::set(fields, notes)
                    .map_err(|why| format!("{kind} {family} {}: {why}", named(fields)))?;
                table_of(ruleset, fields)?.put_set(set);
            }
            "flowtable" => {
                let name = text(fields, "name")?.into();
                table_of(ruleset, fields)?.flowtables.push(name);
            }
            _ if fields.contains_key("table") && fields.contains_key("name") => {
                let known = [
                    "counter",
                    "quota",
                    "limit",
                    "ct helper",
                    "ct timeout",
                    "ct expectation",
                    "synproxy",
                    "secmark",
                    "tunnel",
                ];
                if !known.contains(&kind.as_str()) {
                    notes.push(format!("objects of the kind {kind:?} are not known"));
                }
                let object = NamedObject {
                    kind: kind.as_str().into(),
                    name: text(fields, "name")?.into(),
                    content: content_of(kind, fields),
                };
                table_of(ruleset, fields)?.objects.push(object);
            }
            _ => notes.push(format!("{kind:?} is not known, and passed over")),
        }
    }
    Ok(())
}

/// What an object is called in messages.
fn named(fields: &Object) -> String {
    let word = |key| fields.get(key).and_then(Value::as_str).unwrap_or("?");
    format!("{} {}", word("table"), word("name"))
}

fn content_of(kind: &str, fields: &Object) -> Option<Statement> {
    let number = |key| fields.get(key).and_then(Value::as_u64);
    let over = fields.get("inv").and_then(Value::as_bool).unwrap_or(false);
    match kind {
        "quota" => Some(Statement::Quota(Quota {
            over,
            bytes: number("bytes")?,
            used: number("used").unwrap_or(0),
        })),
        "limit" => Some(Statement::Limit(Limit {
            over,
            text: statement::limit_text(fields).into(),
        })),
        _ => None,
    }
}

fn table(ruleset: &mut Ruleset, fields: &Object, notes: &mut Vec<String>) -> Result<(), String> {
    mind_keys(
        "table",
        fields,
        &["family", "name", "handle", "flags", "comment"],
        notes,
    );
    let family = family(fields)?;
    let table = ruleset.table_mut(family, text(fields, "name")?);
    table.handle = handle(fields);
    table.flags = words(fields.get("flags"));
    Ok(())
}

fn chain(table: &mut Table, fields: &Object, notes: &mut Vec<String>) -> Result<(), String> {
    let known = [
        "family", "table", "name", "handle", "type", "hook", "prio", "policy", "dev", "comment",
        "flags",
    ];
    mind_keys("chain", fields, &known, notes);
    let family = table.family;
    let base = match fields.get("hook") {
        None => None,
        Some(_) => Some(base_chain(family, fields)?),
    };
    let chain: &mut Chain = table.chain_mut(text(fields, "name")?);
    chain.handle = handle(fields);
    chain.base = base;
    Ok(())
}

fn base_chain(family: TableFamily, fields: &Object) -> Result<BaseChain, String> {
    let name = text(fields, "name")?;
    let hook = text(fields, "hook")?;
    let kind = match fields.get("type").and_then(Value::as_str) {
        Some("filter") => ChainKind::Filter,
        Some("nat") => ChainKind::Nat,
        Some("route") => ChainKind::Route,
        other => return Err(format!("base chain {name:?} is of the type {other:?}")),
    };
    let priority = match fields.get("prio") {
        Some(Value::String(word)) => priority(family, hook, word),
        Some(number) => number
            .as_i64()
            .and_then(|number| i32::try_from(number).ok()),
        None => None,
    };
    let policy = match fields.get("policy").and_then(Value::as_str) {
        None | Some("accept") => Policy::Accept,
        Some("drop") => Policy::Drop,
        Some(other) => return Err(format!("chain {name:?} has the policy {other:?}")),
    };
    Ok(BaseChain {
        kind,
        hook: hook.into(),
        priority: priority.ok_or_else(|| format!("base chain {name:?} without a priority"))?,
        policy,
        devices: words(fields.get("dev")),
    })
}

/// `filter`, `dstnat - 10`, `-110`.
pub fn priority(family: TableFamily, hook: &str, written: &str) -> Option<i32> {
    let written = written.trim();
    if let Ok(number) = written.parse() {
        return Some(number);
    }
    let sign = written.find(['+', '-']).unwrap_or(written.len());
    let (name, offset) = written.split_at(sign);
    let base = BaseChain::priority_named(family, hook, name.trim())?;
    let offset: String = offset.chars().filter(|c| !c.is_whitespace()).collect();
    match offset.as_str() {
        "" => Some(base),
        offset => base.checked_add(offset.parse().ok()?),
    }
}

fn rule(table: &mut Table, fields: &Object, notes: &mut Vec<String>) -> Result<(), String> {
    let known = [
        "family", "table", "chain", "handle", "comment", "expr", "index",
    ];
    mind_keys("rule", fields, &known, notes);
    let chain = text(fields, "chain")?;
    let list = match fields.get("expr") {
        Some(Value::Array(list)) => list.as_slice(),
        None => &[],
        Some(_) => return Err(format!("a rule of {chain} has no list of statements")),
    };
    let statements = {
        let table = &*table;
        let types = |map: &str| table.types_of(map);
        list.iter()
            .map(|one| statement::statement(one, &types, notes))
            .collect()
    };
    let rule = Rule {
        number: 0,
        handle: handle(fields),
        comment: comment(fields),
        statements,
    };
    table.chain_mut(chain).push(rule);
    Ok(())
}

fn table_of<'r>(ruleset: &'r mut Ruleset, fields: &Object) -> Result<&'r mut Table, String> {
    let family = family(fields)?;
    Ok(ruleset.table_mut(family, text(fields, "table")?))
}

fn family(fields: &Object) -> Result<TableFamily, String> {
    let name = text(fields, "family")?;
    TableFamily::named(name).ok_or_else(|| format!("the family {name:?} is not known"))
}

fn handle(fields: &Object) -> Option<u64> {
    fields.get("handle").and_then(Value::as_u64)
}

fn comment(fields: &Object) -> Option<Box<str>> {
    fields
        .get("comment")
        .and_then(Value::as_str)
        .map(Into::into)
}

fn text<'o>(fields: &'o Object, key: &str) -> Result<&'o str, String> {
    fields
        .get(key)
        .and_then(Value::as_str)
        .ok_or_else(|| format!("has no {key:?}"))
}

/// One word, or a list of them.
fn words(value: Option<&Value>) -> Vec<Box<str>> {
    match value {
        Some(Value::String(word)) => vec![word.as_str().into()],
        Some(Value::Array(list)) => list
            .iter()
            .filter_map(|word| word.as_str().map(Into::into))
            .collect(),
        _ => Vec::new(),
    }
}

/// Names keys that a newer nft may have added.
fn mind_keys(kind: &str, fields: &Object, known: &[&str], notes: &mut Vec<String>) {
    for key in fields.keys().filter(|key| !known.contains(&key.as_str())) {
        let note = format!("{key:?} of a {kind} is not known, and passed over");
        if !notes.contains(&note) {
            notes.push(note);
        }
    }
}
