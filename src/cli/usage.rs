//! Wrong usage in the form of every other failure: a sentence, and what was meant or what there is.
//!
//! clap says the same in up to six lines, of which some are far wider than a terminal.

use std::error::Error;

use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::Failure;
use super::endpoint::nearest;

/// What clap could not understand, as a failure with a hint.
pub fn failure(error: &clap::Error) -> Failure {
    let text = |kind| texts(error, kind).into_iter().next();
    let command = command(error);
    let sentence = match error.kind() {
        ErrorKind::InvalidSubcommand => text(ContextKind::InvalidSubcommand)
            .map(|word| format!("{command} has no command \"{word}\"")),
        ErrorKind::UnknownArgument => {
            text(ContextKind::InvalidArg).map(|word| match word.starts_with('-') {
                true => format!("{command} has no option {word}"),
                false => format!("{command} takes no \"{word}\" here"),
            })
        }
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => {
            text(ContextKind::InvalidArg).map(|argument| {
                let name = argument_name(&argument);
                match text(ContextKind::InvalidValue).as_deref() {
                    None | Some("") => format!("{name} wants a value"),
                    Some(value) => format!("{name} cannot be \"{value}\"{}", why(error)),
                }
            })
        }
        ErrorKind::MissingRequiredArgument => {
            let missing = texts(error, ContextKind::InvalidArg);
            let names: Vec<&str> = missing.iter().map(|name| name.as_str()).collect();
            Some(format!("{command} needs {}", names.join(" and ")))
        }
        _ => None,
    };
    let sentence = sentence.unwrap_or_else(|| first_line(error));
    Failure::new(sentence).hint(hint(error, &command))
}

/// What to do: the word that was meant, else what there is, else how the command is used.
fn hint(error: &clap::Error, command: &str) -> String {
    let valid = texts(error, ContextKind::ValidValue);
    let typed = texts(error, ContextKind::InvalidValue).concat();
    let mut meant: Vec<String> = [ContextKind::SuggestedSubcommand, ContextKind::SuggestedArg]
        .into_iter()
        .flat_map(|kind| texts(error, kind))
        .collect();
    let near = nearest(&typed, valid.iter().map(String::as_str));
    meant.extend(near.into_iter().map(str::to_owned));
    if !meant.is_empty() {
        return format!("did you mean {}?", meant.join(" or "));
    }
    if !valid.is_empty() {
        return format!("there are {}", valid.join(", "));
    }
    match usage(error) {
        Some(usage) => format!("usage: {usage} (`{command} --help` has more)"),
        None => format!("`{command} --help` lists commands and options"),
    }
}

/// Why a value is none, where its reader says so.
fn why(error: &clap::Error) -> String {
    error
        .source()
        .map_or(String::new(), |why| format!(": {why}"))
}

/// `--output <FORM>` by its option, `<WHAT>` by its name.
fn argument_name(argument: &str) -> &str {
    let name = argument.split([' ', '=', '[']).next().unwrap_or(argument);
    name.trim_matches(['<', '>'])
}

/// The command that was called, without its options: `kubenet lab up`.
fn command(error: &clap::Error) -> String {
    let usage = usage(error).unwrap_or_default();
    let words = usage.split_whitespace();
    let words: Vec<&str> = words
        .take_while(|word| !word.starts_with(['[', '<', '-']))
        .collect();
    match words.is_empty() {
        true => "kubenet".to_owned(),
        false => words.join(" "),
    }
}

/// The first line that clap has on usage.
fn usage(error: &clap::Error) -> Option<String> {
    let text = texts(error, ContextKind::Usage).into_iter().next()?;
    let line = text.lines().next()?.trim();
    Some(line.strip_prefix("Usage: ").unwrap_or(line).to_owned())
}

fn first_line(error: &clap::Error) -> String {
    let text = error.to_string();
    let line = text.lines().next().unwrap_or_default();
    line.strip_prefix("error: ").unwrap_or(line).to_owned()
}

/// What clap knows of one thing, without colours.
fn texts(error: &clap::Error, kind: ContextKind) -> Vec<String> {
    match error.get(kind) {
        Some(ContextValue::String(text)) => vec![text.clone()],
        Some(ContextValue::Strings(texts)) => texts.clone(),
        Some(ContextValue::StyledStr(text)) => vec![text.to_string()],
        Some(ContextValue::StyledStrs(texts)) => texts.iter().map(ToString::to_string).collect(),
        _ => Vec::new(),
    }
}
