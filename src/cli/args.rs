//! The command line as typed: clap's types, and nothing else.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::engine::ArgValueCompleter;

use super::{
    candidates, check, completion, exec, explain, lab, man, netns, nodes, pods, services, show,
    trace,
};

/// Explains, step by step and with evidence, what the Linux kernel does with a packet in a Kubernetes cluster.
#[derive(Debug, Parser)]
#[command(
    name = "kubenet",
    version,
    term_width = 80,
    arg_required_else_help = true,
    subcommand_required = true,
    after_help = EXAMPLES
)]
pub struct Cli {
    /// Options of every command.
    #[command(flatten, next_help_heading = EVERYWHERE)]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

const EXAMPLES: &str = "\
Examples:
  kubenet --demo trace client nginx-test         the built-in cluster
  kubenet --bundle dump.tar.zst trace default/web svc/shop/cart:http
  kubenet --bundle node1/ --bundle node2/ services
  sudo kubenet trace 10.42.0.65 10.43.6.58:80    this machine, live

Exit status of check: 0 nothing of severity error found, 1 something was.
Exit status of trace: 0 every branch is delivered and answered, 1 some or all
are not, 3 what was read does not tell. Of every command: 2 wrong usage or
unreadable input.";

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Say what happens to a packet, step by step.
    Trace(trace::TraceArgs),
    /// Name what is broken, with evidence and the commands that mend it.
    Check(check::CheckArgs),
    /// Say what a thing is for, who comes to it, where it leads.
    Explain(explain::ExplainArgs),
    /// List pods to trace from and to.
    Pods(pods::PodsArgs),
    /// List Services to trace to.
    Services(services::ServicesArgs),
    /// List nodes.
    Nodes(nodes::NodesArgs),
    /// List network namespaces, and what was read of each.
    Netns(netns::NetnsArgs),
    /// Run a program of this machine in a pod's network.
    Exec(exec::ExecArgs),
    /// Show what a namespace holds, joined with names.
    Show(show::ShowArgs),
    /// Build and use the practice cluster.
    Lab(lab::LabArgs),
    /// Print a shell's completion script.
    Completion(completion::CompletionArgs),
    /// Print the manual page, or write the pages of all commands.
    Man(man::ManArgs),
}

/// Options of every command.
#[derive(Debug, Default, Args)]
pub struct Global {
    /// Read a bundle: a directory, .tar, .tar.gz or .tar.zst (repeat for one a node)
    #[arg(long, value_name = "PATH", global = true, help_heading = SOURCE, value_hint = clap::ValueHint::AnyPath)]
    pub bundle: Vec<PathBuf>,
    /// Use the built-in three-node cluster: needs no root, no cluster, no file; `--demo=broken` is one with a fault to
    /// find
    #[arg(
        long,
        value_enum,
        value_name = "STATE",
        global = true,
        help_heading = SOURCE,
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "healthy",
        hide_possible_values = true
    )]
    pub demo: Option<Demo>,
    /// Read the practice cluster (of that name, where several are up)
    #[arg(
        long,
        value_name = "NAME",
        global = true,
        help_heading = SOURCE,
        num_args = 0..=1,
        require_equals = true,
        add = ArgValueCompleter::new(candidates::labs)
    )]
    pub lab: Option<Option<String>>,
    /// A kubeconfig file [default: as kubectl finds it]
    #[arg(long, value_name = "FILE", global = true, help_heading = SOURCE)]
    pub kubeconfig: Option<PathBuf>,
    /// The context of the kubeconfig [default: its current one]
    #[arg(long, value_name = "NAME", global = true, help_heading = SOURCE)]
    pub context: Option<String>,
    /// Kubernetes namespace of bare names [default: the context's]
    #[arg(short, long, global = true, value_name = "NS")]
    pub namespace: Option<String>,
    /// Form of the result: text, wide (all columns and evidence, long lines
    /// whole), json or yaml
    #[arg(
        short,
        long,
        global = true,
        value_enum,
        value_name = "FORM",
        default_value_t,
        hide_possible_values = true
    )]
    pub output: Output,
    /// When to use colour: auto, always or never
    #[arg(
        long,
        global = true,
        value_enum,
        value_name = "WHEN",
        default_value_t,
        hide_possible_values = true
    )]
    pub color: Color,
    /// Only the result: no notes on stderr
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Show the raw evidence of every step, and every branch in full
    #[arg(short, long, global = true)]
    pub verbose: bool,
}

const EVERYWHERE: &str = "Options of every command";
const SOURCE: &str = "What to read (this machine, unless one is given)";

/// The built-in clusters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Demo {
    /// Everything arrives.
    Healthy,
    /// node2 has a new tunnel end, of which master's fdb does not know.
    Broken,
}

/// Forms of a result.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// For people, at most 80 columns.
    #[default]
    Text,
    /// For people with wide terminals, and for grep.
    Wide,
    /// For programs.
    Json,
    /// The same as YAML.
    Yaml,
}

impl Output {
    /// Whether people read it.
    pub fn is_text(self) -> bool {
        matches!(self, Self::Text | Self::Wide)
    }
}

/// When to use colour.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless NO_COLOR is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl From<Color> for anstream::ColorChoice {
    fn from(color: Color) -> Self {
        match color {
            Color::Auto => Self::Auto,
            Color::Always => Self::Always,
            Color::Never => Self::Never,
        }
    }
}
