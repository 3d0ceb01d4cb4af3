//! `kubenet explain`: what a thing is for, who comes to it, where it leads. One small file a thing.

mod chain;

use clap::{Args, Subcommand};

use super::{Failure, Global, Outcome, Output, endpoint, output};
use crate::model::Cluster;
use crate::render::explain::Options;

/// Arguments of `explain`.
#[derive(Debug, Args)]
#[command(arg_required_else_help = true)]
pub struct ExplainArgs {
    /// What to explain
    #[command(subcommand)]
    pub thing: Thing,
}

/// What can be explained.
#[derive(Debug, Subcommand)]
pub enum Thing {
    /// A chain: whose it is, who comes to it, what each rule does and why
    Chain(chain::ChainArgs),
}

/// Explains.
pub fn run(args: &ExplainArgs, global: &Global) -> Result<Outcome, Failure> {
    match &args.thing {
        Thing::Chain(args) => chain::run(args, global),
    }
}

fn options(global: &Global) -> Options {
    Options {
        layout: output::layout(global),
        evidence: global.verbose || global.output == Output::Wide,
    }
}

/// A failure when a node is named that nobody knows.
fn known_node(cluster: &Cluster, node: Option<&str>) -> Result<(), Failure> {
    let Some(node) = node else { return Ok(()) };
    let nodes = endpoint::node_names(cluster);
    if nodes.iter().any(|known| known == node) {
        return Ok(());
    }
    let hint = endpoint::hint(node, &nodes, "nodes");
    Err(Failure::new(format!("no node {node}")).hint(hint))
}
