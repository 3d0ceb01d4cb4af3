//! `kubenet completion`: static completion scripts. `COMPLETE=bash kubenet` prints one that knows pods and Services too,
//! and `kubectl_complete-kubenet` answers kubectl.

use std::ffi::OsString;
use std::io::{self, Write as _};

use clap::{Args, CommandFactory, ValueEnum};

use super::{Cli, Failure, Global, Outcome, output};

/// Arguments of `completion`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kubenet completion bash > /etc/bash_completion.d/kubenet
  kubenet completion zsh > \"${fpath[1]}/_kubenet\"
  source <(COMPLETE=bash kubenet)     completes names of pods and Services too

kubectl completes `kubectl kubenet` with the program under the name
kubectl_complete-kubenet, which `make install` links.")]
pub struct CompletionArgs {
    /// The shell.
    #[arg(value_enum)]
    pub shell: Shell,
}

/// Shells that scripts are written for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Shell {
    /// GNU bash.
    Bash,
    /// Z shell.
    Zsh,
    /// fish.
    Fish,
    /// Elvish.
    Elvish,
    /// PowerShell.
    Powershell,
}

/// Prints the script.
pub fn run(args: &CompletionArgs, global: &Global) -> Result<Outcome, Failure> {
    let script = script(args.shell);
    output::result(global, |out| out.write_all(&script))?;
    Ok(Outcome::Fine)
}

/// The completion script of a shell.
pub fn script(shell: Shell) -> Vec<u8> {
    let shell = match shell {
        Shell::Bash => clap_complete::Shell::Bash,
        Shell::Zsh => clap_complete::Shell::Zsh,
        Shell::Fish => clap_complete::Shell::Fish,
        Shell::Elvish => clap_complete::Shell::Elvish,
        Shell::Powershell => clap_complete::Shell::PowerShell,
    };
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "kubenet", &mut script);
    script
}

/// The name under which kubectl asks for completions of a plugin (kubectl's pkg/cmd/plugin/plugin_completion.go).
pub const KUBECTL_COMPLETE: &str = "kubectl_complete-kubenet";
/// What ends the answer: files are nothing to complete with (cobra's ShellCompDirectiveNoFileComp).
const NO_FILES: &str = ":4";

/// Answers kubectl: `arguments` are the words behind `kubectl kubenet`, the last one being typed. Each candidate is a line,
/// its description behind a tab.
pub fn for_kubectl(arguments: Vec<OsString>) -> io::Result<()> {
    let typed = arguments.len();
    let words = std::iter::once(OsString::from("kubenet")).chain(arguments);
    let here = std::env::current_dir().ok();
    let mut command = Cli::command();
    let found =
        clap_complete::engine::complete(&mut command, words.collect(), typed, here.as_deref())?;
    let mut out = io::stdout().lock();
    for candidate in found {
        let value = candidate.get_value().to_string_lossy();
        match candidate.get_help() {
            Some(help) => writeln!(out, "{value}\t{help}")?,
            None => writeln!(out, "{value}")?,
        }
    }
    writeln!(out, "{NO_FILES}")
}
