//! JSON as the tools print it: arrays of rows, read row by row, so that a row which is cut short or garbled costs only
//! itself.

use serde_json::{Map, Value};

use super::files::is_garbled;
use super::rows::Row;
use crate::collect::report::{Report, excerpt};

/// The rows of a JSON array of objects (`ip -j ...`). `None` when the text is no array at all.
pub fn rows(text: &str, report: &mut Report) -> Option<Vec<Row>> {
    let mut rows = Vec::new();
    for (line, element) in elements(text, None, report)? {
        if let Some(fields) = object(line, element, report) {
            rows.push(Row {
                line,
                raw: None,
                fields,
            });
        }
    }
    Some(rows)
}

/// Parses one element, which must be an object.
pub fn object(line: usize, element: &str, report: &mut Report) -> Option<Map<String, Value>> {
    if is_garbled(element) {
        report.gap(line, format!("garbled: {}", excerpt(element)));
        return None;
    }
    match serde_json::from_str(element) {
        Ok(Value::Object(fields)) => Some(fields),
        Ok(_) => {
            report.gap(line, format!("{} is no JSON object", excerpt(element)));
            None
        }
        Err(error) => {
            let what = format!("no valid JSON ({}): {}", reason(&error), excerpt(element));
            report.gap(line + error.line().saturating_sub(1), what);
            None
        }
    }
}

/// serde_json's words for an error, without the place: that counts within the element.
fn reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split(" at line").next().unwrap_or_default().to_owned()
}

/// The elements of an array with the line each begins at: of the array which the whole text is, or of the one under
/// `key` of the object which it is. What follows a cut is reported, and the elements before it are given.
pub fn elements<'a>(
    text: &'a str,
    key: Option<&str>,
    report: &mut Report,
) -> Option<Vec<(usize, &'a str)>> {
    if text.trim().is_empty() {
        report.gap(None, "the file is empty");
        return None;
    }
    let mut scanner = Scanner {
        text,
        at: 0,
        line: 1,
    };
    let found = match key {
        None => scanner.enter_array(),
        Some(key) => scanner.enter_array_of(key),
    };
    if !found {
        let what = match key {
            None => "begins with no JSON array".to_owned(),
            Some(key) => format!("has no JSON array {key:?}"),
        };
        report.gap(scanner.line, format!("{what}: {}", excerpt(text)));
        return None;
    }
    let mut elements = Vec::new();
    loop {
        match scanner.element() {
            Element::Whole(line, element) => elements.push((line, element)),
            Element::End => break,
            Element::Cut(line, element) => {
                let count = elements.len();
                let what = format!(
                    "cut short or garbled after {count} entries, which are used: {}",
                    excerpt(element)
                );
                report.gap(line, what);
                return Some(elements);
            }
        }
    }
    let rest = scanner.rest().trim();
    if key.is_none() && !rest.is_empty() {
        report.gap(
            scanner.line,
            format!("more follows the end of the array: {}", excerpt(rest)),
        );
    } else if key.is_some() && !rest.ends_with('}') {
        report.gap(scanner.line, "cut short after the last entry");
    }
    Some(elements)
}

/// Walks over JSON text by its brackets and strings alone.
struct Scanner<'a> {
    text: &'a str,
    at: usize,
    line: usize,
}

enum Element<'a> {
    /// The line it begins at, and its text.
    Whole(usize, &'a str),
    /// The array ends.
    End,
    /// The text ends or makes no sense within an element, which begins at that line.
    Cut(usize, &'a str),
}

impl<'a> Scanner<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn step(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        if byte == b'\n' {
            self.line += 1;
        }
        Some(byte)
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn skip_blanks(&mut self) {
        while self.peek().is_some_and(|byte| byte.is_ascii_whitespace()) {
            self.step();
        }
    }

    /// Steps over `[` and whether it was there.
    fn enter_array(&mut self) -> bool {
        self.skip_blanks();
        self.peek() == Some(b'[') && self.step().is_some()
    }

    /// Steps into the array which the object has under `key`.
    fn enter_array_of(&mut self, key: &str) -> bool {
        self.skip_blanks();
        if self.step() != Some(b'{') {
            return false;
        }
        let mut depth = 1;
        while let Some(byte) = self.peek() {
            match byte {
                b'"' => {
                    let start = self.at + 1;
                    if !self.skip_string() {
                        return false;
                    }
                    let name = self.text.get(start..self.at.saturating_sub(1));
                    if depth == 1 && name == Some(key) {
                        self.skip_blanks();
                        if self.peek() == Some(b':') {
                            self.step();
                            return self.enter_array();
                        }
                    }
                    continue;
                }
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                return false;
            }
            self.step();
        }
        false
    }

    /// Steps over a string, from quote to quote; false when it does not end.
    fn skip_string(&mut self) -> bool {
        self.step();
        while let Some(byte) = self.step() {
            match byte {
                b'"' => return true,
                b'\\' => {
                    self.step();
                }
                _ => {}
            }
        }
        false
    }

    fn element(&mut self) -> Element<'a> {
        self.skip_blanks();
        while self.peek() == Some(b',') {
            self.step();
            self.skip_blanks();
        }
        let (start, line) = (self.at, self.line);
        let mut depth = 0_usize;
        while let Some(byte) = self.peek() {
            match byte {
                b'"' => {
                    if !self.skip_string() {
                        break;
                    }
                    continue;
                }
                b'{' | b'[' => depth += 1,
                b',' if depth == 0 => return Element::Whole(line, self.since(start)),
                b']' if depth == 0 => {
                    let element = self.since(start).trim_end();
                    if element.is_empty() {
                        self.step();
                        return Element::End;
                    }
                    return Element::Whole(line, element);
                }
                b'}' if depth == 0 => break,
                b'}' | b']' => depth -= 1,
                _ => {}
            }
            self.step();
        }
        Element::Cut(line, self.text.get(start..).unwrap_or_default())
    }

    fn since(&self, start: usize) -> &'a str {
        self.text.get(start..self.at).unwrap_or_default()
    }
}
