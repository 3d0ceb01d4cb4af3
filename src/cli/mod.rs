//! The command line: arguments, one small file a subcommand, exit codes.
//!
//! Results go to stdout, everything else to stderr. Exit status: 0 and 1 as the command defines them, 2 for wrong usage
//! or unreadable input, 3 when a trace can say nothing definite. A reader who closes the pipe early is no failure.

mod answer;
mod api;
mod args;
mod candidates;
mod check;
mod completion;
mod dns;
pub mod endpoint;
mod exec;
mod explain;
mod failure;
mod lab;
mod man;
mod netns;
mod nodes;
mod output;
mod place;
mod pods;
mod reading;
mod services;
mod show;
mod source;
mod trace;
mod usage;

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches};

pub use args::{Cli, Command, Global, Output};
pub use failure::Failure;

/// The name under which kubectl finds the program as a plugin.
const PLUGIN: &str = "kubectl-kubenet";

/// What a command that did its work has to report to the shell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// 0.
    Fine,
    /// 1: the answer is that something is broken.
    Broken,
    /// 3: nothing definite can be said.
    Unknown,
    /// What a program that was run on the user's behalf reported.
    Program(u8),
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        Self::from(match outcome {
            Outcome::Fine => 0,
            Outcome::Broken => 1,
            Outcome::Unknown => 3,
            Outcome::Program(status) => status,
        })
    }
}

/// Runs the program with the arguments of the process.
pub fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    if let Some((program, words)) = arguments.split_first()
        && Path::new(program).ends_with(completion::KUBECTL_COMPLETE)
    {
        // A shell that asks for completions has no place for an error.
        let _ = completion::for_kubectl(words.to_vec());
        return ExitCode::SUCCESS;
    }
    clap_complete::CompleteEnv::with_factory(Cli::command).complete();
    let cli = match parse(&arguments) {
        Ok(cli) => cli,
        Err(error) => return output::usage_error(&error, &arguments),
    };
    match run(cli.command, &cli.global) {
        Ok(outcome) => outcome.into(),
        Err(failure) => output::failure(&failure, &cli.global),
    }
}

/// The command as clap knows it, by the name it was started under.
pub fn command(program: &OsStr) -> clap::Command {
    let name = Path::new(program).file_name();
    if name == Some(OsStr::new(PLUGIN)) {
        Cli::command().name(PLUGIN).bin_name("kubectl kubenet")
    } else {
        Cli::command()
    }
}

fn parse(arguments: &[OsString]) -> Result<Cli, clap::Error> {
    let program = arguments
        .first()
        .map_or(OsStr::new("kubenet"), OsString::as_os_str);
    let matches = command(program).try_get_matches_from(arguments)?;
    Cli::from_arg_matches(&matches)
}

fn run(command: Command, global: &Global) -> Result<Outcome, Failure> {
    match command {
        Command::Trace(args) => trace::run(&args, global),
        Command::Check(args) => check::run(&args, global),
        Command::Explain(args) => explain::run(&args, global),
        Command::Pods(_) => pods::run(global),
        Command::Services(_) => services::run(global),
        Command::Nodes(_) => nodes::run(global),
        Command::Netns(_) => netns::run(global),
        Command::Exec(args) => exec::run(&args, global),
        Command::Show(args) => show::run(&args, global),
        Command::Lab(args) => lab::run(args, global),
        Command::Completion(args) => completion::run(&args, global),
        Command::Man(args) => man::run(&args, global),
    }
}
