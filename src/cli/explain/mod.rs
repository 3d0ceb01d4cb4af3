//! `kubenet explain`: what a thing is for, who comes to it, where it leads. One small file a thing.

mod address;
mod chain;
mod rule;
mod service;

use clap::{Args, Subcommand};

use super::reading::Reading;
use super::{Failure, Global, Outcome, Output, endpoint, output};
use crate::explain::article::Article;
use crate::model::Cluster;
use crate::render::explain::{self, Options};

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
    /// An address: whose it is, and how each node gets there
    Ip(address::IpArgs),
    /// A hardware address: whose it is, and where frames to it go
    Mac(address::MacArgs),
    /// A network device: what it is for, how it is set up, who is behind it
    Device(address::DeviceArgs),
    /// Where packets to an address go, and why by that route
    Route(address::RouteArgs),
    /// A Service: everything that a node holds for it, and who uses it now
    Service(service::ServiceArgs),
    /// A port of the nodes: what it leads to
    #[command(name = "nodeport")]
    NodePort(service::NodePortArgs),
    /// An ipset: what it is for, what it has, which rules look into it
    Ipset(service::IpsetArgs),
    /// A virtual server of IPVS: whose it is, how it chooses, where it leads
    VirtualServer(service::VirtualServerArgs),
    /// A rule: which packets, what becomes of them, and why it is there
    Rule(rule::RuleArgs),
    /// A packet's mark: whose bits it has, which rules set and ask them
    Mark(rule::MarkArgs),
    /// Where packets from one to another stop, and what that means
    Drop(rule::DropArgs),
    /// What kube-proxy's modes cost on a node: rules met, entries held
    Modes(service::ModesArgs),
    /// flannel's vxlan and host-gw compared: headers, MTU, who shares a link
    Backends(address::BackendsArgs),
}

/// Explains.
pub fn run(args: &ExplainArgs, global: &Global) -> Result<Outcome, Failure> {
    let namespace = global.namespace.as_deref().unwrap_or("default");
    let write = |explain: &dyn Fn(&mut Reading) -> Result<Article, Failure>| write(global, explain);
    match &args.thing {
        Thing::Chain(args) => chain::run(args, global),
        Thing::Ip(args) => write(&|reading| address::ip(args, reading)),
        Thing::Mac(args) => write(&|reading| address::mac(args, reading)),
        Thing::Device(args) => write(&|reading| address::device(args, global, reading)),
        Thing::Route(args) => write(&|reading| address::route(args, global, reading)),
        Thing::Service(args) => write(&|reading| service::service(args, namespace, reading)),
        Thing::NodePort(args) => write(&|reading| service::node_port(args, reading)),
        Thing::Ipset(args) => write(&|reading| service::ipset(args, reading)),
        Thing::VirtualServer(args) => write(&|reading| service::virtual_server(args, reading)),
        Thing::Rule(args) => write(&|reading| rule::rule(args, reading)),
        Thing::Mark(args) => write(&|reading| rule::mark(args, reading)),
        Thing::Modes(args) => write(&|reading| service::modes(args, reading)),
        Thing::Backends(_) => write(&|reading| Ok(address::backends(reading))),
        Thing::Drop(args) => write(&|reading| rule::drop(args, namespace, reading)),
    }
}

/// Opens what is to be read, explains and prints.
fn write(
    global: &Global,
    explain: &dyn Fn(&mut Reading) -> Result<Article, Failure>,
) -> Result<Outcome, Failure> {
    let article = explain(&mut Reading::open(global)?)?;
    output::answer(global, &article, |out| {
        explain::article(&article, &options(global), out)
    })?;
    Ok(Outcome::Fine)
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
