//! `kubenet man`: manual pages, generated from the arguments.

use std::path::PathBuf;

use clap::{Args, CommandFactory};

use super::{Cli, Failure, Global, Outcome, output};

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
        None => output::result(global, |out| {
            clap_mangen::Man::new(Cli::command()).render(out)
        })?,
        Some(dir) => std::fs::create_dir_all(dir)
            .and_then(|()| clap_mangen::generate_to(Cli::command(), dir))
            .map_err(|error| {
                Failure::because(
                    format!("cannot write manual pages to {}", dir.display()),
                    &error,
                )
            })?,
    }
    Ok(Outcome::Fine)
}
