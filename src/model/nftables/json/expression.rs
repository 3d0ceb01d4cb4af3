//! Expressions and constants.

use serde_json::Value;

use super::{Object, words};
use crate::model::nftables::datatype::Datatype;
use crate::model::nftables::expression::{BinaryOperation, Expression};
use crate::model::nftables::set::{Interval, SetRef};

/// Types of the values of a map, by its name.
pub(super) type Types<'t> = &'t dyn Fn(&str) -> Vec<Datatype>;

/// Deeper expressions than anybody writes.
const DEEPEST: usize = 32;

/// An expression; constants in it are of the types that stand beside it.
pub(super) fn expression(value: &Value, hint: &[Datatype], types: Types<'_>) -> Expression {
    nested(value, hint, types, 0)
}

fn nested(value: &Value, hint: &[Datatype], types: Types<'_>, depth: usize) -> Expression {
    let one = hint.first().copied().unwrap_or(Datatype::Unknown);
    known(value, hint, types, depth).unwrap_or_else(|| Expression::Other {
        name: name_of(value).into(),
        text: value.to_string().into(),
        datatype: match name_of(value) {
            "exthdr" | "socket" => Datatype::Integer,
            _ => one,
        },
    })
}

/// What an expression is called.
fn name_of(value: &Value) -> &str {
    match value {
        Value::Object(object) => object.keys().next().map_or("?", String::as_str),
        _ => "a value",
    }
}

fn known(value: &Value, hint: &[Datatype], types: Types<'_>, depth: usize) -> Option<Expression> {
    if depth > DEEPEST {
        return None;
    }
    let one = hint.first().copied().unwrap_or(Datatype::Unknown);
    let Value::Object(object) = value else {
        return Some(Expression::Constant(one, interval(value, one).ok()?));
    };
    let (kind, content) = object.iter().next().filter(|_| object.len() == 1)?;
    if let Some((_, operation)) = BinaryOperation::SIGNS.iter().find(|(sign, _)| sign == kind) {
        // nft 1.1 has lists of more than two.
        let parts = content.as_array()?;
        let (first, rest) = parts
            .split_first()
            .filter(|(_, rest)| !rest.is_empty() && rest.len() <= DEEPEST)?;
        let first = nested(first, hint, types, depth + 1);
        let of_first = match &first {
            Expression::Constant(..) => hint.to_vec(),
            other => other.datatypes(types),
        };
        return Some(rest.iter().fold(first, |left, right| Expression::Binary {
            operation: *operation,
            left: Box::new(left),
            right: Box::new(operand(*operation, right, &of_first, types, depth + 1)),
        }));
    }
    Some(match (kind.as_str(), content) {
        ("payload", Value::Object(fields)) => Expression::Payload {
            protocol: only(fields, &["protocol", "field"], "protocol")?,
            field: word(fields, "field")?,
        },
        ("meta", Value::Object(fields)) => Expression::Meta(only(fields, &["key"], "key")?),
        ("ct", Value::Object(fields)) => {
            let key = only(fields, &["key", "dir", "family"], "key")?;
            let (family, key) = match key.split_once(' ') {
                Some((family, key)) => (Some(family.into()), key.into()),
                None => (word(fields, "family"), key),
            };
            Expression::Ct {
                key,
                direction: word(fields, "dir"),
                family,
            }
        }
        ("fib", Value::Object(fields)) => Expression::Fib {
            result: only(fields, &["result", "flags"], "result")?,
            flags: words(fields.get("flags")),
        },
        ("numgen", Value::Object(fields)) => Expression::Numgen {
            random: &*only(fields, &["mode", "mod", "offset"], "mode")? == "random",
            modulus: number(fields, "mod")?,
            offset: number(fields, "offset").unwrap_or(0),
        },
        ("jhash", Value::Object(fields)) => Expression::Jhash {
            key: Box::new(nested(fields.get("expr")?, &[], types, depth + 1)),
            modulus: number(fields, "mod")?,
            seed: number(fields, "seed"),
            offset: number(fields, "offset").unwrap_or(0),
        },
        ("symhash", Value::Object(fields)) => Expression::Symhash {
            modulus: number(fields, "mod")?,
            offset: number(fields, "offset").unwrap_or(0),
        },
        ("concat", Value::Array(parts)) => Expression::Concat(
            parts
                .iter()
                .enumerate()
                .map(|(at, part)| {
                    let hint = hint.get(at).copied().unwrap_or(Datatype::Unknown);
                    nested(part, &[hint], types, depth + 1)
                })
                .collect(),
        ),
        ("map", Value::Object(fields)) => {
            let key = nested(fields.get("key")?, &[], types, depth + 1);
            let set = super::set::looked_into(fields.get("data")?, &key, hint, types).ok()?;
            Expression::Map {
                key: Box::new(key),
                set,
            }
        }
        ("range" | "prefix", _) => Expression::Constant(one, interval(value, one).ok()?),
        _ => return None,
    })
}

fn operand(
    operation: BinaryOperation,
    value: &Value,
    hint: &[Datatype],
    types: Types<'_>,
    depth: usize,
) -> Expression {
    // How far bits are shifted is a plain number.
    match operation {
        BinaryOperation::ShiftLeft | BinaryOperation::ShiftRight => {
            nested(value, &[Datatype::Integer], types, depth)
        }
        _ => nested(value, hint, types, depth),
    }
}

/// The word under a key of an object which has no keys but the known ones.
fn only(fields: &Object, known: &[&str], key: &str) -> Option<Box<str>> {
    let all_known = fields.keys().all(|key| known.contains(&key.as_str()));
    word(fields, key).filter(|_| all_known)
}

fn word(fields: &Object, key: &str) -> Option<Box<str>> {
    fields.get(key)?.as_str().map(Into::into)
}

fn number(fields: &Object, key: &str) -> Option<u32> {
    fields
        .get(key)?
        .as_u64()
        .and_then(|number| u32::try_from(number).ok())
}

/// A name of a set: `@set`.
pub(super) fn set_name(value: &Value) -> Option<SetRef> {
    let name = value.as_str()?.strip_prefix('@')?;
    Some(SetRef::Named(name.into()))
}

/// A constant for each part of a key; nothing for `*`, which is any key.
pub(super) fn intervals(value: &Value, types: &[Datatype]) -> Result<Vec<Interval>, String> {
    if value.as_str() == Some("*") && types != [Datatype::DeviceName] {
        return Ok(Vec::new());
    }
    let parts = value.as_object().and_then(|object| object.get("concat"));
    let Some(parts) = parts.and_then(Value::as_array) else {
        return Ok(vec![interval(
            value,
            types.first().copied().unwrap_or(Datatype::Unknown),
        )?]);
    };
    parts
        .iter()
        .enumerate()
        .map(|(at, part)| interval(part, types.get(at).copied().unwrap_or(Datatype::Unknown)))
        .collect()
}

/// A constant of one part.
pub(super) fn interval(value: &Value, datatype: Datatype) -> Result<Interval, String> {
    let wrong = || format!("{value} is no value of type {datatype:?}");
    match value {
        Value::Bool(there) => Ok(Interval::single(u128::from(*there))),
        Value::Number(number) => number
            .as_u64()
            .map(|number| Interval::single(number.into()))
            .ok_or_else(wrong),
        Value::String(word) => {
            let is_name = datatype == Datatype::DeviceName;
            match word
                .strip_suffix('*')
                .filter(|rest| is_name && !rest.ends_with('\\'))
            {
                Some(beginning) => {
                    let bits = u32::try_from(beginning.len() * 8).map_err(|_| wrong())?;
                    Ok(Interval::prefix(datatype.parse(beginning)?, bits, 128))
                }
                None if is_name => datatype
                    .parse(&word.replace("\\*", "*"))
                    .map(Interval::single),
                None => datatype.parse(word).map(Interval::single),
            }
        }
        // Several bits.
        Value::Array(words) => {
            let mut bits = 0;
            for word in words {
                bits |= interval(word, datatype)?.value().ok_or_else(wrong)?;
            }
            Ok(Interval::single(bits))
        }
        Value::Object(object) => {
            let (kind, content) = object
                .iter()
                .next()
                .filter(|_| object.len() == 1)
                .ok_or_else(wrong)?;
            match (kind.as_str(), content) {
                ("range", Value::Array(ends)) => match ends.as_slice() {
                    [first, last] => Ok(Interval {
                        first: interval(first, datatype)?.first,
                        last: interval(last, datatype)?.last,
                    }),
                    _ => Err(wrong()),
                },
                ("prefix", Value::Object(fields)) => {
                    let address = interval(fields.get("addr").ok_or_else(wrong)?, datatype)?;
                    let length = number(fields, "len").ok_or_else(wrong)?;
                    Ok(Interval::prefix(address.first, length, datatype.bits()))
                }
                ("|", words @ Value::Array(_)) => interval(words, datatype),
                _ => Err(wrong()),
            }
        }
        Value::Null => Err(wrong()),
    }
}
