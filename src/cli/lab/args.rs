//! The arguments of `kubenet lab`: clap's types, and nothing else.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use clap_complete::engine::ArgValueCompleter;

use crate::cli::candidates;
use crate::lab::demo::MOST_NODES;
use crate::lab::kube_proxy_ipvs::SCHEDULERS;
use crate::lab::registry::DEFAULT_NAME;

/// Arguments of `lab`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sudo kubenet lab up                          builds a cluster of three nodes
  sudo kubenet --lab trace client nginx-test   traces through it, live
  sudo kubenet lab run client -- nc -w1 10.43.6.58 80
  sudo kubenet lab down                        leaves nothing behind
  kubenet lab shell                            a place to do the same without root

Everything is in namespaces of its own; this machine's network is not touched.")]
pub struct LabArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: LabCommand,
}

/// What can be done with labs.
#[derive(Debug, Subcommand)]
pub enum LabCommand {
    /// Build a lab
    Up(UpArgs),
    /// Take a lab down, without a trace
    Down(DownArgs),
    /// List the labs that are up
    List(ListArgs),
    /// Make a fault, as it happens in life
    Break(BreakArgs),
    /// Mend everything: build the same lab anew
    Heal(HealArgs),
    /// Run a program in the network namespace of a pod or node
    Run(RunArgs),
    /// Open a shell in which labs can be built without root
    Shell(ShellArgs),
    /// Write a bundle of a lab, by the standard tools
    Capture(CaptureArgs),
    /// Hold a namespace: started by `up`, once for each
    #[command(hide = true)]
    Hold {
        /// The lab, for whoever lists processes.
        lab: String,
        /// The pod or node, likewise.
        place: String,
    },
    /// Be the first process of a `shell`
    #[command(hide = true)]
    Init {
        /// The program to run.
        #[arg(last = true)]
        command: Vec<OsString>,
    },
}

/// Arguments of `lab up`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sudo kubenet lab up
  sudo kubenet lab up --name direct --backend host-gw --iptables legacy
  sudo kubenet lab up --ip-family dual
  sudo kubenet lab up --proxy ipvs --scheduler sh
  sudo kubenet lab up --proxy nftables --proxy-version 1.30
  sudo kubenet lab up --nodes 5 --backend direct-routing

The cluster: nodes master 192.168.205.4, node1 .3, node2 .5; pods in 10.42.0.0/16,
Services in 10.43.0.0/16; in IPv6 nodes fd00:205::4 and so on, pods in
fd00:42::/56, Services in fd00:43::/112. With direct-routing every other node is
on a second network, 192.168.206.0/24, behind a router. Servers in the pods
answer with their pod's name, the client's address as they see it, and the
address they were reached by.")]
pub struct UpArgs {
    /// Name of the lab: several can stand side by side
    #[arg(long, default_value = DEFAULT_NAME)]
    pub name: String,
    /// How packets get from node to node
    #[arg(long, value_enum, default_value_t = BackendArg::Vxlan)]
    pub backend: BackendArg,
    /// Which of the kernel's two iptables holds the rules
    #[arg(long, value_enum, default_value_t = IptablesArg::Nft)]
    pub iptables: IptablesArg,
    /// What kube-proxy makes of Services
    #[arg(long, value_enum, default_value_t = ProxyArg::Iptables)]
    pub proxy: ProxyArg,
    /// How IPVS spreads connections, with `--proxy ipvs`
    #[arg(long, value_name = "NAME", default_value = "rr", value_parser = SCHEDULERS)]
    pub scheduler: String,
    /// Whose layout the table has, with `--proxy nftables`
    #[arg(long, value_enum, default_value_t = LayoutArg::V1_36)]
    pub proxy_version: LayoutArg,
    /// Address families of nodes, pods and Services
    #[arg(long, value_enum, default_value_t = IpFamilyArg::Ipv4)]
    pub ip_family: IpFamilyArg,
    /// How many nodes: 1 to 5
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..=i64::from(MOST_NODES)))]
    pub nodes: u8,
    /// Build what a file says (JSON), instead of the cluster described here
    #[arg(long, value_name = "FILE", hide = true, conflicts_with_all = ["backend", "iptables", "proxy", "scheduler", "proxy_version", "ip_family", "nodes"])]
    pub spec: Option<PathBuf>,
}

/// flannel's backends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum BackendArg {
    /// In a vxlan tunnel.
    Vxlan,
    /// As they are between nodes of one network, else in a vxlan tunnel.
    DirectRouting,
    /// As they are, with the other node as the gateway.
    HostGw,
}

/// Address families.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum IpFamilyArg {
    /// IPv4.
    Ipv4,
    /// IPv6.
    Ipv6,
    /// Both, IPv4 first.
    Dual,
}

/// The kernel's two iptables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum IptablesArg {
    /// nf_tables.
    Nft,
    /// x_tables.
    Legacy,
}

/// The modes of kube-proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ProxyArg {
    /// Chains of iptables.
    Iptables,
    /// Virtual servers of IPVS.
    Ipvs,
    /// A native nftables table; flannel has one, too.
    Nftables,
}

/// Versions of kube-proxy by which the layout of its table differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LayoutArg {
    /// Every endpoint has a chain.
    #[value(name = "1.30")]
    V1_30,
    /// A Service's chain translates by a map of its endpoints.
    #[value(name = "1.36")]
    V1_36,
}

/// Arguments of `lab down`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sudo kubenet lab down
  sudo kubenet lab down --name direct
  sudo kubenet lab down --all")]
pub struct DownArgs {
    /// Name of the lab; the only one when left out
    #[arg(long, conflicts_with = "all", add = ArgValueCompleter::new(candidates::labs))]
    pub name: Option<String>,
    /// Every lab
    #[arg(long)]
    pub all: bool,
}

/// Arguments of `lab list`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sudo kubenet lab list
  sudo kubenet lab list -o json")]
pub struct ListArgs {}

/// Arguments of `lab break`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kubenet lab break --list
  sudo kubenet lab break vxlan-fdb-missing
  sudo kubenet --lab check
  sudo kubenet --lab trace client 10.42.1.6:80
  sudo kubenet lab heal

A fault is called as the check that finds it.")]
pub struct BreakArgs {
    /// The fault
    #[arg(value_name = "FAULT", required_unless_present = "list", add = clap_complete::engine::ArgValueCompleter::new(faults))]
    pub fault: Option<String>,
    /// List the faults, and how they come about
    #[arg(long, conflicts_with = "fault")]
    pub list: bool,
    /// Name of the lab; the only one when left out
    #[arg(long)]
    pub name: Option<String>,
}

/// The faults that begin as what is typed.
fn faults(typed: &std::ffi::OsStr) -> Vec<clap_complete::engine::CompletionCandidate> {
    let typed = typed.to_string_lossy();
    let all = crate::lab::faults::all().map(|fault| fault.id);
    all.filter(|id| id.starts_with(&*typed))
        .map(clap_complete::engine::CompletionCandidate::new)
        .collect()
}

/// Arguments of `lab heal`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sudo kubenet lab heal")]
pub struct HealArgs {
    /// Name of the lab; the only one when left out
    #[arg(long)]
    pub name: Option<String>,
}

/// Arguments of `lab run`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sudo kubenet lab run client -- nc -w1 10.43.6.58 80
  sudo kubenet lab run kube-system/coredns-a -- ip addr
  sudo kubenet lab run node/master -- iptables-save -t nat
  sudo kubenet lab run ext -- ping -c1 192.168.205.4   the host outside the cluster

The exit status is the program's.")]
pub struct RunArgs {
    /// NAME or NAMESPACE/NAME of a pod, node/NAME, or ext
    pub place: String,
    /// The program and its arguments
    #[arg(last = true, required = true)]
    pub command: Vec<OsString>,
    /// Name of the lab; the only one when left out
    #[arg(long, add = ArgValueCompleter::new(candidates::labs))]
    pub name: Option<String>,
}

/// Arguments of `lab shell`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kubenet lab shell
  kubenet lab shell -- sh -c 'kubenet lab up && kubenet --lab trace client nginx-test'

Opens user, mount, network and process namespaces. All that was built inside ends
with the shell.")]
pub struct ShellArgs {
    /// The program to run instead of $SHELL
    #[arg(last = true)]
    pub command: Vec<OsString>,
}

/// Arguments of `lab capture`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sudo kubenet lab capture /tmp/dump
  kubenet --bundle /tmp/dump trace client nginx-test")]
pub struct CaptureArgs {
    /// The directory to write
    #[arg(value_name = "DIR")]
    pub directory: PathBuf,
    /// Name of the lab; the only one when left out
    #[arg(long, add = ArgValueCompleter::new(candidates::labs))]
    pub name: Option<String>,
}
