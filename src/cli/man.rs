//! `kubenet man`: manual pages, generated from the arguments.

use std::path::PathBuf;

use clap::{Args, CommandFactory};

use super::{Cli, Failure, Global, Outcome, output};
use crate::check;

/// Arguments of `man`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kubenet man | man -l -
  kubenet man /usr/local/share/man/man1")]
pub struct ManArgs {
    /// Write the pages of all commands into this folder
    #[arg(value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    pub dir: Option<PathBuf>,
}

/// Prints the page of the program, or writes all pages.
pub fn run(args: &ManArgs, global: &Global) -> Result<Outcome, Failure> {
    match &args.dir {
        None => output::result(global, |out| clap_mangen::Man::new(pages()).render(out))?,
        Some(dir) => std::fs::create_dir_all(dir)
            .and_then(|()| clap_mangen::generate_to(pages(), dir))
            .map_err(|error| {
                Failure::because(
                    format!("cannot write manual pages to {}", dir.display()),
                    &error,
                )
            })?,
    }
    Ok(Outcome::Fine)
}

/// The commands with what their pages say beyond their help.
fn pages() -> clap::Command {
    Cli::command().mut_subcommand("check", |command| {
        let help = command.get_after_help().map(ToString::to_string);
        let checks = check::all().map(|check| format!("{}\n{}", check.id, check.docs));
        let parts: Vec<String> = help.into_iter().chain(checks).collect();
        command.after_long_help(parts.join("\n\n"))
    })
}
