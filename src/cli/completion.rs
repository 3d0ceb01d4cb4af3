//! `kubenet completion`: static completion scripts. `COMPLETE=bash kubenet` prints one that knows pods and Services too.

use clap::{Args, CommandFactory, ValueEnum};

use super::{Cli, Failure, Global, Outcome, output};

/// Arguments of `completion`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kubenet completion bash > /etc/bash_completion.d/kubenet
  kubenet completion zsh > \"${fpath[1]}/_kubenet\"
  source <(COMPLETE=bash kubenet)     completes names of pods and Services too")]
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
    };
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "kubenet", &mut script);
    script
}
