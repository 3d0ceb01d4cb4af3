//! The files of one folder of a bundle, each read once: as text, as lines, or as rows in JSON or text form.

use std::collections::{BTreeMap, BTreeSet};

use super::json;
use super::rows::Row;
use crate::collect::report::{Report, excerpt};
use crate::model::{Gap, Part};

/// Files that are still to be read.
pub struct Files<'a> {
    /// The folder's path within the bundle.
    pub folder: &'a str,
    /// Their bytes, by name.
    pub files: BTreeMap<String, Vec<u8>>,
    /// Where what cannot be read is told.
    pub gaps: &'a mut Vec<Gap>,
    /// Tables of which rows were lost.
    pub incomplete: BTreeSet<Part>,
}

impl Files<'_> {
    /// Whether the file is there, blank or not.
    pub fn has(&self, name: &str) -> bool {
        self.files.contains_key(name)
    }

    /// The path of a file, for the user.
    pub fn place(&self, name: &str) -> String {
        format!("{}/{name}", self.folder)
    }

    /// Whether the file is there and blank: either there was nothing to print, or the tool failed.
    pub fn is_blank(&self, name: &str) -> bool {
        self.files
            .get(name)
            .is_some_and(|bytes| bytes.trim_ascii().is_empty())
    }

    /// A file's place and text. A blank file is reported, and not read.
    pub fn text(&mut self, name: &str) -> Option<(String, String)> {
        let place = self.place(name);
        let blank = self.is_blank(name);
        let bytes = self.files.remove(name)?;
        let mut report = Report::new(&place, self.gaps);
        if blank {
            report.note(None, "the file is empty: taken as not read");
            return None;
        }
        let text = text_of(bytes, &mut report);
        drop(report);
        Some((place, text))
    }

    /// What `read` makes of a file of lines, which holds that table.
    pub fn file<T>(
        &mut self,
        name: &str,
        part: Part,
        read: impl Fn(&str, &mut Report) -> Option<T>,
    ) -> Option<T> {
        let (place, text) = self.text(name)?;
        let mut report = Report::new(&place, self.gaps);
        let table = read(whole_lines(&text, &mut report), &mut report);
        self.incomplete.extend(report.has_lost().then_some(part));
        table
    }

    /// A list from a file of lines.
    pub fn lines<T>(
        &mut self,
        name: &str,
        part: Part,
        read: impl Fn(&str, &mut Report) -> Vec<T>,
    ) -> Option<Vec<T>> {
        self.file(name, part, |text, report| {
            let list = read(text, report);
            report.settle(list)
        })
    }

    /// The rows of `NAME.json`, or where there are none to be had of `NAME.txt`, and the place of that file.
    pub fn rows(
        &mut self,
        name: &str,
        part: Part,
        in_text: impl Fn(&str, &mut Report) -> Vec<Row>,
    ) -> Option<(String, Vec<Row>)> {
        let mut lost = false;
        if let Some((place, text)) = self.text(&format!("{name}.json")) {
            let mut report = Report::new(&place, self.gaps);
            let rows = json::rows(&text, &mut report).and_then(|rows| report.settle(rows));
            lost = report.has_lost();
            drop(report);
            if let Some(rows) = rows {
                self.incomplete.extend(lost.then_some(part));
                return Some((place, rows));
            }
        }
        let Some((place, text)) = self.text(&format!("{name}.txt")) else {
            self.incomplete.extend(lost.then_some(part));
            return None;
        };
        let mut report = Report::new(&place, self.gaps);
        let rows = in_text(whole_lines(&text, &mut report), &mut report);
        let rows = report.settle(rows);
        self.incomplete.extend(report.has_lost().then_some(part));
        drop(report);
        Some((place, rows?))
    }

    /// A list from the rows of a file in either form.
    pub fn list<T>(
        &mut self,
        name: &str,
        part: Part,
        in_text: impl Fn(&str, &mut Report) -> Vec<Row>,
        read: impl Fn(&[Row], &mut Report) -> Vec<T>,
    ) -> Option<Vec<T>> {
        let (place, rows) = self.rows(name, part, in_text)?;
        let mut report = Report::new(&place, self.gaps);
        let list = read(&rows, &mut report);
        self.incomplete.extend(report.has_lost().then_some(part));
        report.settle(list)
    }
}

/// The lines that a tool finished: it ends each, so the last one of a text that does not end with one was cut short.
fn whole_lines<'a>(text: &'a str, report: &mut Report) -> &'a str {
    let (whole, rest) = text
        .rfind('\n')
        .map_or(("", text), |end| text.split_at(end + 1));
    let count = memchr::memchr_iter(b'\n', whole.as_bytes()).count();
    if !rest.is_empty() {
        let what = format!("cut short: the line does not end: {}", excerpt(rest));
        report.gap(count + 1, what);
    }
    for (at, line) in whole
        .lines()
        .enumerate()
        .filter(|(_, line)| is_garbled(line))
    {
        report.gap(at + 1, format!("garbled: {}", excerpt(line)));
    }
    whole
}

/// Whether bytes of a text were replaced, as they were none: then those beside them are not to be trusted.
pub fn is_garbled(text: &str) -> bool {
    text.contains(char::REPLACEMENT_CHARACTER)
}

/// The text of a file; bytes that are no UTF-8 are reported and replaced.
pub fn text_of(bytes: Vec<u8>, report: &mut Report) -> String {
    match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let valid = error.as_bytes().get(..error.utf8_error().valid_up_to());
            let lines = memchr::memchr_iter(b'\n', valid.unwrap_or_default()).count();
            report.gap(lines + 1, "holds bytes that are no text");
            String::from_utf8_lossy(error.as_bytes()).into_owned()
        }
    }
}
