//! The edge of the program: what the terminal can show, results to stdout, the rest to stderr.

use std::ffi::OsString;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use anstream::AutoStream;
use clap::error::ErrorKind;
use serde::Serialize;
use serde_json::Value;

use super::{Failure, Global, Output, usage};
use crate::render::page::{Line, Page};
use crate::render::style::Role;
use crate::render::{self, Layout, json, yaml};
use crate::show::{Cell, Column};

/// Columns that a table needs, however narrow the terminal.
const NARROWEST: usize = 40;
/// Columns of prose, however wide the terminal.
const PROSE: usize = 80;
/// Exit status of wrong usage and unreadable input.
const UNUSABLE: u8 = 2;

/// What the reader of stdout can be shown of prose.
pub fn layout(global: &Global) -> Layout {
    let terminal = io::stdout().is_terminal();
    Layout {
        width: if global.output == Output::Wide {
            terminal_width().map(|columns| columns.max(PROSE))
        } else {
            Some(PROSE)
        },
        unicode: terminal && locale_is_utf8(),
    }
}

/// What the reader of stdout can be shown of tables: they are as wide as the terminal, wide ones as they have to be.
fn table_layout(global: &Global) -> Layout {
    Layout {
        width: match global.output {
            Output::Wide => None,
            _ => terminal_width()
                .or(Some(PROSE))
                .map(|columns| columns.max(NARROWEST)),
        },
        ..layout(global)
    }
}

/// Lines end where the terminal does; where there is none, nothing says so.
fn terminal_width() -> Option<usize> {
    let (terminal_size::Width(columns), _) = terminal_size::terminal_size_of(io::stdout())?;
    Some(usize::from(columns))
}

/// The first of LC_ALL, LC_CTYPE and LANG that is set decides (locale(7)).
fn locale_is_utf8() -> bool {
    ["LC_ALL", "LC_CTYPE", "LANG"]
        .iter()
        .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
        .is_some_and(|value| {
            let value = value.to_ascii_lowercase();
            value.contains("utf-8") || value.contains("utf8")
        })
}

/// Writes a result to stdout, styled if the reader wants that.
pub fn result(
    global: &Global,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), Failure> {
    let stdout = AutoStream::new(io::stdout().lock(), global.color.into());
    let mut out = io::BufWriter::new(stdout);
    write(&mut out)?;
    out.flush()?;
    Ok(())
}

/// Writes an answer: a document for programs, or text for people.
pub fn answer(
    global: &Global,
    document: &impl Serialize,
    text: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), Failure> {
    result(global, |out| match global.output {
        Output::Json => json::document(document, out),
        Output::Yaml => yaml::document(document, out),
        Output::Text | Output::Wide => text(out),
    })
}

/// Writes a list: a document, or a table of these columns: where it is not wide, without those of wide ones and those that
/// say nothing. Of a row that ends early the rest is not known.
pub fn list(
    global: &Global,
    columns: &[Column],
    rows: &[Vec<Cell>],
    document: &Value,
) -> Result<(), Failure> {
    let wide = global.output == Output::Wide;
    let cell = |row: &[Cell], at: usize| row.get(at).cloned().unwrap_or(Cell::Absent);
    let is_told = |at: usize, column: &Column| {
        rows.is_empty() || rows.iter().any(|row| column.is_told(&cell(row, at)))
    };
    let shown: Vec<(usize, &Column)> = (0..)
        .zip(columns)
        .filter(|(at, column)| wide || !column.wide && is_told(*at, column))
        .collect();
    let headings: Vec<String> = shown.iter().map(|(_, column)| column.heading()).collect();
    let rows = rows
        .iter()
        .map(|row| shown.iter().map(|(at, _)| cell(row, *at).text()).collect());
    table(global, &headings, &rows.collect::<Vec<_>>(), document)
}

/// Writes a table as text, or the document in its place.
pub fn table(
    global: &Global,
    headings: &[String],
    rows: &[Vec<String>],
    document: &Value,
) -> Result<(), Failure> {
    let headings: Vec<&str> = headings.iter().map(String::as_str).collect();
    answer(global, document, |out| {
        render::table::table(&headings, rows, table_layout(global), out)
    })
}

/// Says something on stderr which is not the result.
pub fn note(global: &Global, text: &str) {
    if !global.quiet {
        say(global, Role::Dim, "note", text);
    }
}

/// Reports a failure; gives the exit status.
pub fn failure(failure: &Failure, global: &Global) -> ExitCode {
    let Failure::Said { sentence, hint } = failure else {
        return ExitCode::SUCCESS;
    };
    if let Some(document) = failure.to_json() {
        // The status tells of the failure even when stdout is closed.
        let _ = as_document(global.output, &document);
    }
    say(global, Role::Bad, "error", sentence);
    if let Some(hint) = hint {
        say(global, Role::Warn, "hint", hint);
    }
    ExitCode::from(UNUSABLE)
}

/// Reports what clap has to say: a wrong usage, or the help that was asked for.
pub fn usage_error(error: &clap::Error, arguments: &[OsString]) -> ExitCode {
    let asked_for =
        !error.use_stderr() || error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand;
    if !asked_for {
        let global = Global {
            output: wanted_form(arguments),
            ..Global::default()
        };
        return failure(&usage::failure(error), &global);
    }
    match error.print() {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => ExitCode::from(UNUSABLE),
        _ if error.use_stderr() => ExitCode::from(UNUSABLE),
        _ => ExitCode::SUCCESS,
    }
}

/// Writes a document where programs read the result.
fn as_document(form: Output, document: &Value) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match form {
        Output::Json => json::document(document, &mut out),
        Output::Yaml => yaml::document(document, &mut out),
        Output::Text | Output::Wide => Ok(()),
    }
}

/// The form that was asked for on a command line that could not be understood.
fn wanted_form(arguments: &[OsString]) -> Output {
    let words: Vec<&str> = arguments.iter().filter_map(|word| word.to_str()).collect();
    let asks_for = |form: &str| {
        let behind = |word: &&str| {
            let rest = word
                .strip_prefix("--output=")
                .or_else(|| word.strip_prefix("-o"));
            rest.is_some_and(|rest| rest.trim_start_matches('=') == form)
        };
        let after = |pair: &[&str]| matches!(pair, ["-o" | "--output", word] if *word == form);
        words.iter().any(behind) || words.windows(2).any(after)
    };
    match (asks_for("json"), asks_for("yaml")) {
        (true, _) => Output::Json,
        (false, true) => Output::Yaml,
        (false, false) => Output::Text,
    }
}

/// Lines are broken for a person only: who reads a file or a pipe finds each sentence in one.
fn say(global: &Global, role: Role, what: &str, text: &str) {
    let stderr = io::stderr();
    let terminal = stderr.is_terminal();
    let layout = Layout {
        width: terminal_size::terminal_size_of(&stderr)
            .map(|(terminal_size::Width(columns), _)| usize::from(columns).min(PROSE))
            .filter(|_| terminal),
        unicode: terminal && locale_is_utf8(),
    };
    let mut out = AutoStream::new(stderr.lock(), global.color.into());
    let first = Line::new().role(role, what).text(": ");
    let rest = Line::from(" ".repeat(what.len() + 2).as_str());
    // Nobody is left to hear of it when stderr is closed.
    let _ = Page::new(&mut out, layout).hanging(&first, &rest, &Line::from(text));
}

/// A cell of a table that lists things.
pub fn joined(items: &[impl std::fmt::Display]) -> Cell {
    Cell::List(items.iter().map(ToString::to_string).collect())
}
