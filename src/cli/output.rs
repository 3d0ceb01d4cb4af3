//! The edge of the program: what the terminal can show, results to stdout, the rest to stderr.

use std::ffi::OsString;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use anstream::AutoStream;

use super::{Failure, Global, Output};
use crate::render::sanitize::sanitize;
use crate::render::style::Role;
use crate::render::{Layout, json, table};

/// Exit status of wrong usage and unreadable input.
const UNUSABLE: u8 = 2;

/// What the reader of stdout can be shown.
pub fn layout(global: &Global) -> Layout {
    let terminal = io::stdout().is_terminal();
    Layout {
        width: if global.output == Output::Wide {
            terminal_width()
        } else {
            Some(80)
        },
        unicode: terminal && locale_is_utf8(),
    }
}

/// Wide lines end where the terminal does; nothing else limits them.
fn terminal_width() -> Option<usize> {
    let (terminal_size::Width(columns), _) = terminal_size::terminal_size_of(io::stdout())?;
    Some(usize::from(columns).max(80))
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

/// Writes a list: a table with these headings and rows, or the JSON document.
pub fn list(
    global: &Global,
    headings: &[&str],
    rows: &[Vec<String>],
    document: &serde_json::Value,
) -> Result<(), Failure> {
    result(global, |out| match global.output {
        Output::Json => json::document(document, out),
        Output::Text | Output::Wide => table::table(headings, rows, layout(global), out),
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
    if let (Output::Json, Some(document)) = (global.output, failure.to_json()) {
        // The status tells of the failure even when stdout is closed.
        let _ = json::document(&document, &mut io::stdout().lock());
    }
    say(global, Role::Bad, "error", sentence);
    if let Some(hint) = hint {
        say(global, Role::Warn, "hint", hint);
    }
    ExitCode::from(UNUSABLE)
}

/// Reports what clap has to say: a wrong usage, or the help that was asked for.
pub fn usage_error(error: &clap::Error, arguments: &[OsString]) -> ExitCode {
    if error.use_stderr() && wants_json(arguments) {
        let text = error.to_string();
        let sentence = text.lines().next().unwrap_or_default();
        let sentence = sentence.strip_prefix("error: ").unwrap_or(sentence);
        let failure = Failure::new(sentence).hint("kubenet --help lists commands and options");
        if let Some(document) = failure.to_json() {
            let _ = json::document(&document, &mut io::stdout().lock());
        }
    }
    match error.print() {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => ExitCode::from(UNUSABLE),
        _ if error.use_stderr() => ExitCode::from(UNUSABLE),
        _ => ExitCode::SUCCESS,
    }
}

/// Whether JSON was asked for on a command line that could not be understood.
fn wants_json(arguments: &[OsString]) -> bool {
    let words: Vec<&str> = arguments.iter().filter_map(|word| word.to_str()).collect();
    words
        .iter()
        .any(|word| matches!(*word, "-ojson" | "-o=json" | "--output=json"))
        || words
            .windows(2)
            .any(|pair| matches!(pair, ["-o" | "--output", "json"]))
}

fn say(global: &Global, role: Role, what: &str, text: &str) {
    let stderr = io::stderr();
    let unicode = stderr.is_terminal() && locale_is_utf8();
    let mut out = AutoStream::new(stderr.lock(), global.color.into());
    // Nobody is left to hear of it when stderr is closed.
    let _ = writeln!(
        out,
        "{}: {}",
        role.style().style(what),
        sanitize(text, unicode)
    );
}

/// A cell of a table that lists things; `-` for none.
pub fn joined(items: &[impl std::fmt::Display]) -> String {
    match items {
        [] => "-".to_owned(),
        _ => items
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(", "),
    }
}
