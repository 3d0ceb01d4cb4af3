//! Results as YAML documents: the same values as [`super::json`] writes.
//!
//! Text that a reader of YAML 1.1 or 1.2 would take for something else (`no`, `1e3`, `0x4000`, `null`, `12:30`) is quoted, and
//! characters that a screen would not show as they are (see [`super::sanitize`]) are escaped, which YAML can do in double
//! quotes only.

use std::fmt::Write as _;
use std::io::{self, Write};

use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};
use serde_json::Value;
use serde_saphyr::DoubleQuoted;

use super::sanitize::is_plain;

/// Writes one document, with a newline at its end.
pub fn document(value: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    let value = serde_json::to_value(value)?;
    // Lines stay whole: a line of evidence can be found with grep.
    let options = serde_saphyr::ser_options! { prefer_block_scalars: false };
    let text =
        serde_saphyr::to_string_with_options(&Quoted(&value), options).map_err(io::Error::other)?;
    let text = harmless(&text);
    out.write_all(text.trim_end_matches('\n').as_bytes())?;
    writeln!(out)
}

/// Escapes what a screen would not show; such text was put in double quotes.
fn harmless(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    for c in text.chars() {
        match u32::from(c) {
            _ if c == '\n' || is_plain(c, true) => clean.push(c),
            // Writing to a String cannot fail.
            code @ ..=0xffff => drop(write!(clean, "\\u{code:04x}")),
            code => drop(write!(clean, "\\U{code:08x}")),
        }
    }
    clean
}

/// A value whose text is in double quotes wherever it needs escapes. Keys are words of kubenet's own.
struct Quoted<'v>(&'v Value);

impl Serialize for Quoted<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::String(text) if !text.chars().all(|c| is_plain(c, true)) => {
                DoubleQuoted(text.as_str()).serialize(serializer)
            }
            Value::Array(items) => {
                let mut sequence = serializer.serialize_seq(Some(items.len()))?;
                for item in items {
                    sequence.serialize_element(&Quoted(item))?;
                }
                sequence.end()
            }
            Value::Object(entries) => {
                let mut map = serializer.serialize_map(Some(entries.len()))?;
                for (key, value) in entries {
                    map.serialize_entry(key, &Quoted(value))?;
                }
                map.end()
            }
            other => other.serialize(serializer),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;

    fn written(value: &Value) -> String {
        let mut out = Vec::new();
        document(value, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn text_stays_text_and_numbers_stay_numbers() {
        let words = [
            "no",
            "Yes",
            "on",
            "y",
            "null",
            "Null",
            "~",
            "",
            " ",
            "true",
            "1e3",
            "0x4000",
            "0o17",
            "017",
            "1_000",
            "12:30",
            "12:30:45",
            "10:20:30:40:50:11",
            "08:00:27:aa:00:03",
            "::",
            "::1",
            "fd00::6",
            "[::]:80",
            "1.5",
            ".5",
            "5.",
            "-",
            "- a",
            "-A INPUT -j DROP",
            "? a",
            ": a",
            "a: b",
            "a:",
            "a #b",
            "#a",
            "&a",
            "*",
            "*a",
            "!a",
            "|",
            ">",
            "%a",
            "@a",
            "`a",
            "'a'",
            "\"a\"",
            "{}",
            "[]",
            "a\\b",
            "<<",
            "=",
            "---",
            "...",
            "2026-11-23",
            "0.5",
            ".inf",
            "NaN",
            "-.inf",
            "+1",
            "0b1",
            "a\nb",
            "a\r\n",
            "\ta",
            "a ",
            " a",
            "\u{1b}[31m",
            "a\u{202e}b",
            "\u{feff}a",
            "\u{85}",
            "\u{2028}",
            "\u{e0001}",
            "für 東京",
            "\u{7f}",
            "--- a",
            "0",
            "-0",
            "1.e+3",
            "1E-9",
        ];
        let mut map = serde_json::Map::new();
        for word in words.into_iter().filter(|word| word.is_ascii()) {
            map.insert(word.to_owned(), json!([word, {word: word}]));
        }
        let value = json!({
            "text": words.as_slice(), "map": map, "nested": [[], {}, [[1], [{"a": []}]]],
            "numbers": [0, -1, 18_446_744_073_709_551_615_u64, 0.5, 1e-7, 1e300, 0.333_333_333_333_333_3, 100.0],
            "others": [null, true, false],
        });
        let text = written(&value);
        let read: Value = serde_saphyr::from_str(&text).unwrap();
        assert_eq!(read, value, "{text}");
        let shown = |c: char| c == '\n' || is_plain(c, true);
        assert!(text.chars().all(shown), "{text:?}");
    }

    #[test]
    fn a_document_looks_as_people_write_it() {
        let value = json!({"schema": "a/v1", "pods": [{"name": "web", "ips": ["10.42.0.2", "fd00::2"]}], "none": []});
        let expected =
            "schema: a/v1\npods:\n- name: web\n  ips:\n  - \"10.42.0.2\"\n  - fd00::2\nnone: []\n";
        assert_eq!(written(&value), expected);
    }
}
