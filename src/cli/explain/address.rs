//! `kubenet explain ip`, `mac`, `device` and `route`: addresses, and the devices that have them.

use std::net::IpAddr;

use clap::Args;
use clap_complete::engine::ArgValueCompleter;

use super::known_node;
use crate::cli::place::{self, Wanted};
use crate::cli::reading::Reading;
use crate::cli::{Failure, Global, candidates, endpoint};
use crate::explain::article::Article;
use crate::explain::{backends, device, ip, mac, route, who};
use crate::model::{Cluster, Mac, NetnsId, NetnsName};

/// Arguments of `explain ip`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kubenet --demo explain ip 10.42.1.6
  kubenet --demo explain ip 10.43.6.58
  sudo kubenet explain ip 192.168.205.4 -o json")]
pub struct IpArgs {
    /// The address
    #[arg(value_name = "IP")]
    pub ip: IpAddr,
}

/// Arguments of `explain mac`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kubenet --demo explain mac 7a:85:1d:d6:bf:f5
  sudo kubenet explain mac 52:54:00:12:34:56 -v")]
pub struct MacArgs {
    /// The hardware address
    #[arg(value_name = "MAC")]
    pub mac: Mac,
}

/// Arguments of `explain device`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kubenet --demo explain device flannel.1
  kubenet --demo explain device cni0 --on node1 -v
  kubenet --demo explain device eth0 --pod client
  sudo kubenet explain device kube-ipvs0 -o json")]
pub struct DeviceArgs {
    /// The device's name
    #[arg(value_name = "NAME", add = ArgValueCompleter::new(candidates::devices))]
    pub name: String,
    /// The node whose device it is [default: the first that has it]
    #[arg(long, value_name = "NODE", add = ArgValueCompleter::new(candidates::nodes))]
    pub on: Option<String>,
    /// The pod whose device it is
    #[arg(long, value_name = "POD", add = ArgValueCompleter::new(candidates::pods))]
    pub pod: Option<String>,
}

/// Arguments of `explain route`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kubenet --demo explain route 10.42.1.6
  kubenet --demo explain route 10.42.1.6 --from client
  sudo kubenet explain route 10.42.1.6 -v")]
pub struct RouteArgs {
    /// Where to
    #[arg(value_name = "IP")]
    pub ip: IpAddr,
    /// Only from this pod [default: from every node]
    #[arg(long, value_name = "POD", conflicts_with = "on", add = ArgValueCompleter::new(candidates::pods))]
    pub from: Option<String>,
    /// Only from this node
    #[arg(long, value_name = "NODE", add = ArgValueCompleter::new(candidates::nodes))]
    pub on: Option<String>,
}

/// Arguments of `explain backends`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kubenet --demo explain backends
  kubenet --bundle dump.tar.zst explain backends -o json")]
pub struct BackendsArgs {}

/// Explains an address.
pub fn ip(args: &IpArgs, reading: &mut Reading) -> Result<Article, Failure> {
    reading.read_hosts();
    Ok(ip::explain(reading.cluster(), args.ip))
}

/// Explains a hardware address.
pub fn mac(args: &MacArgs, reading: &mut Reading) -> Result<Article, Failure> {
    reading.read_hosts();
    Ok(mac::explain(reading.cluster(), args.mac))
}

/// Explains a device.
pub fn device(
    args: &DeviceArgs,
    global: &Global,
    reading: &mut Reading,
) -> Result<Article, Failure> {
    known_node(reading.cluster(), args.on.as_deref())?;
    reading.read_hosts();
    let mut places = device::places(reading.cluster(), &args.name);
    if let Some(typed) = &args.pod {
        let found = pod_netns(reading.cluster(), typed, global)?;
        reading.read(&found);
        places.retain(|place| found.contains(place));
    }
    let cluster = reading.cluster();
    if let Some(node) = &args.on {
        places.retain(|place| cluster.node_name(*place) == node);
    }
    let Some((first, others)) = places.split_first() else {
        return Err(no_device(cluster, args));
    };
    let article = device::explain(cluster, *first, &args.name);
    let mut article =
        article.ok_or_else(|| Failure::new(format!("device {} is gone", args.name)))?;
    // Every pod has an eth0 and a lo: which nodes have it is enough there.
    let hosts = others
        .iter()
        .filter(|id| cluster.netns(**id).name == NetnsName::Host);
    let pods = others.len() - hosts.clone().count();
    article.also = hosts.map(|id| who::place(cluster, *id)).collect();
    if pods > 0 {
        article
            .also
            .push(format!("{pods} namespaces of pods (--pod names one)"));
    }
    Ok(article)
}

fn no_device(cluster: &Cluster, args: &DeviceArgs) -> Failure {
    let wanted = |id: NetnsId| {
        args.on
            .as_deref()
            .is_none_or(|on| cluster.node_name(id) == on)
    };
    let all = cluster.all_netns().filter(|(id, _)| wanted(*id));
    let mut names: Vec<&str> = all
        .flat_map(|(_, netns)| netns.links.iter().flatten().map(|link| link.name.as_str()))
        .collect();
    names.sort_unstable();
    names.dedup();
    let failure = Failure::new(format!("no device {}", args.name));
    match (
        endpoint::nearest(&args.name, names.iter().copied()).as_slice(),
        names.len(),
    ) {
        (_, 0) => failure.hint("no links were read"),
        ([], count) => failure.hint(format!(
            "there are {count} names of devices, none like that"
        )),
        (near, _) => failure.hint(format!("did you mean {}?", near.join(" or "))),
    }
}

/// Explains routes.
pub fn route(args: &RouteArgs, global: &Global, reading: &mut Reading) -> Result<Article, Failure> {
    known_node(reading.cluster(), args.on.as_deref())?;
    reading.read_hosts();
    let from = match &args.from {
        Some(typed) => {
            let found = pod_netns(reading.cluster(), typed, global)?;
            reading.read(&found);
            found
        }
        None => {
            let cluster = reading.cluster();
            let wanted = |id: &NetnsId| {
                args.on
                    .as_deref()
                    .is_none_or(|on| cluster.node_name(*id) == on)
            };
            who::hosts(cluster).filter(wanted).collect()
        }
    };
    if from.is_empty() {
        return Err(Failure::new("no namespace of a node was read"));
    }
    Ok(route::explain(reading.cluster(), &from, args.ip))
}

/// Compares flannel's backends.
pub fn backends(reading: &mut Reading) -> Article {
    reading.read_hosts();
    backends::explain(reading.cluster())
}

/// The namespace of a pod as the user named it.
fn pod_netns(cluster: &Cluster, typed: &str, global: &Global) -> Result<Vec<NetnsId>, Failure> {
    let wanted = Wanted {
        pod: Some(typed),
        node: None,
        netns: None,
    };
    place::find(cluster, wanted, global)
}
