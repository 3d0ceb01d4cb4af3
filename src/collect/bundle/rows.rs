//! Rows of a tool's output: what `-j` prints as an object. Text forms are brought into the same shape, so that there is
//! one way from a row to the model.

use std::fmt::Display;
use std::str::FromStr;

use serde_json::{Map, Value};

use crate::collect::report::excerpt;

/// One row.
pub struct Row {
    /// The line of the file where it begins, from 1.
    pub line: usize,
    /// The line as the tool printed it, of a text form.
    pub raw: Option<String>,
    /// Its fields, by the names that `-j` has for them.
    pub fields: Map<String, Value>,
}

impl Row {
    /// Its fields, to ask for by type.
    pub fn fields(&self) -> Fields<'_> {
        Fields(&self.fields)
    }
}

/// Fields of a row, or of an object within it.
#[derive(Clone, Copy)]
pub struct Fields<'a>(pub &'a Map<String, Value>);

/// What is wrong with a field, as a sentence.
pub type FieldResult<T> = Result<T, String>;

impl<'a> Fields<'a> {
    /// The value of a field; `None` when it is absent or null.
    pub fn value(self, key: &str) -> Option<&'a Value> {
        self.0.get(key).filter(|value| !value.is_null())
    }

    /// Whether iproute2 printed that field as a flag: present, null or true.
    pub fn flag(self, key: &str) -> bool {
        self.0
            .get(key)
            .is_some_and(|value| *value != Value::Bool(false))
    }

    /// A string.
    pub fn text(self, key: &str) -> FieldResult<Option<&'a str>> {
        match self.value(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(format!(
                "`{key}` is no text: {}",
                excerpt(&other.to_string())
            )),
        }
    }

    /// A string that must be there.
    pub fn required(self, key: &str) -> FieldResult<&'a str> {
        self.text(key)?.ok_or_else(|| format!("has no `{key}`"))
    }

    /// Something with a text form.
    pub fn parse<T: FromStr>(self, key: &str) -> FieldResult<Option<T>> {
        self.text(key)?.map(|text| parse_as(key, text)).transpose()
    }

    /// A number, as such or as text.
    pub fn number<T: TryFrom<i64>>(self, key: &str) -> FieldResult<Option<T>> {
        let number = match self.value(key) {
            None => return Ok(None),
            Some(Value::Number(number)) => number.as_i64(),
            Some(Value::String(text)) => text.parse().ok(),
            Some(_) => None,
        };
        let wrong = || format!("`{key}` is no fitting number: {}", self.shown(key));
        number
            .and_then(|number| T::try_from(number).ok())
            .ok_or_else(wrong)
            .map(Some)
    }

    /// A number in C's notation: `0x10`, `16`.
    pub fn hex(self, key: &str) -> FieldResult<Option<u32>> {
        let Some(value) = self.value(key) else {
            return Ok(None);
        };
        let number = match value {
            Value::String(text) => hex(text),
            other => other.as_u64().and_then(|number| u32::try_from(number).ok()),
        };
        number
            .ok_or_else(|| format!("`{key}` is no number: {}", self.shown(key)))
            .map(Some)
    }

    /// On or off: JSON's booleans, 0 and 1, `on` and `off`. Absent is `None`.
    pub fn switch(self, key: &str) -> Option<bool> {
        match self.value(key)? {
            Value::Bool(on) => Some(*on),
            Value::Number(number) => Some(number.as_i64()? != 0),
            Value::String(text) => Some(matches!(text.as_str(), "on" | "1" | "true")),
            _ => None,
        }
    }

    /// The strings of an array; absent is empty.
    pub fn words(self, key: &str) -> FieldResult<Vec<&'a str>> {
        match self.value(key) {
            None => Ok(Vec::new()),
            Some(Value::Array(words)) => Ok(words.iter().filter_map(Value::as_str).collect()),
            Some(_) => Err(format!("`{key}` is no list: {}", self.shown(key))),
        }
    }

    /// An object within.
    pub fn object(self, key: &str) -> Option<Fields<'a>> {
        self.value(key)?.as_object().map(Fields)
    }

    /// The objects of an array within; absent is empty.
    pub fn objects(self, key: &str) -> impl Iterator<Item = Fields<'a>> {
        let array = self.value(key).and_then(Value::as_array);
        array
            .into_iter()
            .flatten()
            .filter_map(|value| value.as_object().map(Fields))
    }

    fn shown(self, key: &str) -> String {
        self.value(key)
            .map_or_else(String::new, |value| excerpt(&value.to_string()))
    }
}

/// Parses the text of a field.
pub fn parse_as<T: FromStr>(key: impl Display, text: &str) -> FieldResult<T> {
    text.parse()
        .map_err(|_| format!("`{key}` makes no sense: {}", excerpt(text)))
}

/// `0x10` or `16`.
pub fn hex(text: &str) -> Option<u32> {
    match text.strip_prefix("0x") {
        Some(digits) => u32::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

/// A value as the tools' text has it: strings bare.
pub fn bare(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
