//! `kubenet explain service`, `nodeport`, `ipset` and `virtual-server`: what kube-proxy left.

use std::net::SocketAddr;

use clap::Args;
use clap_complete::engine::ArgValueCompleter;

use super::known_node;
use crate::check;
use crate::cli::reading::Reading;
use crate::cli::{Failure, candidates, endpoint};
use crate::explain::article::Article;
use crate::explain::{ipset, modes, node_port, service, sweep, virtual_server, who};
use crate::model::{Cluster, NetnsId, Protocol, Service};

/// More times than this chains are not read anew.
const MOST_PASSES: usize = 50;

/// Arguments of `explain service`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kubenet --demo explain service nginx-test
  kubenet --demo explain service kube-system/kube-dns --on node1 -v
  kubenet --bundle dump.tar.zst explain service shop/lb -o json")]
pub struct ServiceArgs {
    /// The Service: NAME, NS/NAME or svc/NS/NAME
    #[arg(value_name = "SERVICE", add = ArgValueCompleter::new(candidates::services))]
    pub name: String,
    /// The node that holds it [default: the first that was read]
    #[arg(long, value_name = "NODE", add = ArgValueCompleter::new(candidates::nodes))]
    pub on: Option<String>,
}

/// Arguments of `explain nodeport`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kubenet --demo explain nodeport 30080
  sudo kubenet explain nodeport 30080/udp -v")]
pub struct NodePortArgs {
    /// The port, or PORT/PROTOCOL
    #[arg(value_name = "PORT", value_parser = port)]
    pub port: (u16, Option<Protocol>),
}

/// Arguments of `explain ipset`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kubenet --bundle dump.tar.zst explain ipset KUBE-CLUSTER-IP
  sudo kubenet explain ipset KUBE-NODE-PORT-TCP -v")]
pub struct IpsetArgs {
    /// The set's name
    #[arg(value_name = "NAME", add = ArgValueCompleter::new(candidates::ipsets))]
    pub name: String,
    /// The node whose set it is [default: the first that has it]
    #[arg(long, value_name = "NODE", add = ArgValueCompleter::new(candidates::nodes))]
    pub on: Option<String>,
}

/// Arguments of `explain virtual-server`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kubenet --bundle dump.tar.zst explain virtual-server 10.43.0.10:53/udp
  sudo kubenet explain virtual-server 10.43.6.58:80")]
pub struct VirtualServerArgs {
    /// IP:PORT, [IPv6]:PORT, or either with /PROTOCOL
    #[arg(value_name = "IP:PORT", value_parser = address, add = ArgValueCompleter::new(candidates::virtual_servers))]
    pub address: (SocketAddr, Option<Protocol>),
    /// The node whose virtual server it is [default: the first that has it]
    #[arg(long, value_name = "NODE", add = ArgValueCompleter::new(candidates::nodes))]
    pub on: Option<String>,
}

/// Arguments of `explain modes`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kubenet --demo explain modes
  sudo kubenet explain modes")]
pub struct ModesArgs {
    /// The node whose figures count [default: the first that was read]
    #[arg(long, value_name = "NODE", add = ArgValueCompleter::new(candidates::nodes))]
    pub on: Option<String>,
}

fn port(text: &str) -> Result<(u16, Option<Protocol>), String> {
    let (port, protocol) = with_protocol(text)?;
    let port = port
        .parse()
        .map_err(|_| format!("{port:?} is no port: a number up to 65535"))?;
    Ok((port, protocol))
}

fn address(text: &str) -> Result<(SocketAddr, Option<Protocol>), String> {
    let (address, protocol) = with_protocol(text)?;
    let address = address
        .parse()
        .map_err(|_| format!("{address:?} is no address with a port: IP:PORT or [IPv6]:PORT"))?;
    Ok((address, protocol))
}

fn with_protocol(text: &str) -> Result<(&str, Option<Protocol>), String> {
    match text.split_once('/') {
        Some((rest, protocol)) => Ok((rest, Some(protocol.parse()?))),
        None => Ok((text, None)),
    }
}

/// Explains a Service, with all chains read that have to be, and with what differs from the API.
pub fn service(
    args: &ServiceArgs,
    namespace: &str,
    reading: &mut Reading,
) -> Result<Article, Failure> {
    known_node(reading.cluster(), args.on.as_deref())?;
    reading.read_hosts();
    let cluster = reading.cluster();
    let host = host(cluster, args.on.as_deref())?;
    let name = service_name(cluster, &args.name, namespace)?;
    for _ in 0..MOST_PASSES {
        let cluster = reading.cluster();
        let service = find(cluster, &name).ok_or_else(|| Failure::new("the Service is gone"))?;
        let (article, mut wishes) = service::explain(cluster, host, service);
        let (differs, more) = differences(cluster, host, service);
        wishes.extend(more);
        if wishes.is_empty() || !reading.supply(&wishes) {
            return Ok(finished(article, differs, reading.cluster(), host));
        }
    }
    Err(Failure::new("the rules kept changing while they were read").hint("ask again"))
}

/// The node's own namespace; of none in particular the first.
fn host(cluster: &Cluster, node: Option<&str>) -> Result<NetnsId, Failure> {
    let found = match node {
        Some(node) => cluster.host(node),
        None => who::hosts(cluster).next(),
    };
    found.ok_or_else(|| Failure::new("the namespace of the node itself was not read"))
}

/// Compares kube-proxy's modes on a node.
pub fn modes(args: &ModesArgs, reading: &mut Reading) -> Result<Article, Failure> {
    known_node(reading.cluster(), args.on.as_deref())?;
    reading.read_hosts();
    reading.read_lists(&sweep::LISTS);
    let cluster = reading.cluster();
    let host = host(cluster, args.on.as_deref())?;
    let mut article = modes::explain(cluster, host);
    let others = who::hosts(cluster).filter(|other| *other != host);
    article.also = others
        .map(|other| cluster.node_name(other).to_owned())
        .collect();
    Ok(article)
}

fn finished(
    mut article: Article,
    differs: Vec<String>,
    cluster: &Cluster,
    host: NetnsId,
) -> Article {
    article.odd.extend(differs);
    let others = who::hosts(cluster).filter(|other| *other != host);
    article.also = others
        .map(|other| cluster.node_name(other).to_owned())
        .collect();
    article
}

/// What differs between the API and what the node holds, and the chains that are missing to tell.
fn differences(
    cluster: &Cluster,
    host: NetnsId,
    service: &Service,
) -> (
    Vec<String>,
    std::collections::BTreeSet<crate::model::iptables::Wish>,
) {
    let mut titles = Vec::new();
    let mut wishes = std::collections::BTreeSet::new();
    for port in &service.ports {
        for family in service::families(service) {
            let report = check::service::on_node(cluster, host, service, port, family);
            titles.extend(report.findings.into_iter().map(|finding| finding.title));
            wishes.extend(report.wishes);
        }
    }
    titles.dedup();
    (titles, wishes)
}

fn find<'c>(cluster: &'c Cluster, name: &str) -> Option<&'c Service> {
    let mut services = cluster.objects.services.iter();
    services.find(|service| format!("{}/{}", service.namespace, service.name) == name)
}

/// `NS/NAME` of what was typed.
fn service_name(cluster: &Cluster, typed: &str, namespace: &str) -> Result<String, Failure> {
    let plain = ["svc/", "service/"]
        .iter()
        .find_map(|prefix| typed.strip_prefix(prefix))
        .unwrap_or(typed);
    let wanted = match plain.contains('/') {
        true => plain.to_owned(),
        false => format!("{namespace}/{plain}"),
    };
    if find(cluster, &wanted).is_some() {
        return Ok(wanted);
    }
    let services = cluster.objects.services.iter();
    let names: Vec<String> = services
        .map(|service| format!("{}/{}", service.namespace, service.name))
        .collect();
    let failure = Failure::new(format!("no Service {wanted}"));
    Err(match names.is_empty() {
        true => failure.hint("no Services of the API were read; `kubenet explain chain` and `explain nodeport` work without them"),
        false => failure.hint(endpoint::hint(&wanted, &names, "services")),
    })
}

/// Explains a port of the nodes.
pub fn node_port(args: &NodePortArgs, reading: &mut Reading) -> Result<Article, Failure> {
    reading.read_hosts();
    reading.read_lists(&sweep::LISTS);
    let (port, protocol) = args.port;
    Ok(node_port::explain(reading.cluster(), port, protocol))
}

/// Explains an ipset.
pub fn ipset(args: &IpsetArgs, reading: &mut Reading) -> Result<Article, Failure> {
    known_node(reading.cluster(), args.on.as_deref())?;
    reading.read_hosts();
    let cluster = reading.cluster();
    let mut places = ipset::places(cluster, &args.name);
    if let Some(node) = &args.on {
        places.retain(|place| cluster.node_name(*place) == node);
    }
    let missing = || {
        let names = ipset::names(cluster);
        let failure = Failure::new(format!("no ipset {}", args.name));
        match (
            endpoint::nearest(&args.name, names.iter().copied()).as_slice(),
            names.len(),
        ) {
            (_, 0) => failure.hint("no ipsets were read: kube-proxy makes them in IPVS mode only"),
            ([], count) => failure.hint(format!("there are {count} sets, none of such a name")),
            (near, _) => failure.hint(format!("did you mean {}?", near.join(" or "))),
        }
    };
    let first = places.first().ok_or_else(missing)?;
    let mut article = ipset::explain(cluster, *first, &args.name).ok_or_else(missing)?;
    article.also = places
        .iter()
        .skip(1)
        .map(|place| who::place(cluster, *place))
        .collect();
    Ok(article)
}

/// Explains a virtual server.
pub fn virtual_server(args: &VirtualServerArgs, reading: &mut Reading) -> Result<Article, Failure> {
    known_node(reading.cluster(), args.on.as_deref())?;
    reading.read_hosts();
    let cluster = reading.cluster();
    let (address, protocol) = args.address;
    let mut found = virtual_server::at(cluster, address, protocol);
    if let Some(node) = &args.on {
        found.retain(|(place, _)| cluster.node_name(*place) == node);
    }
    let Some(((netns, server), others)) = found.split_first() else {
        let names = virtual_server::names(cluster);
        let failure = Failure::new(format!("no virtual server {address}"));
        let near = endpoint::nearest(&address.to_string(), names.iter().map(String::as_str));
        return Err(match (near.as_slice(), names.len()) {
            (_, 0) => failure
                .hint("no virtual servers were read: kube-proxy makes them in IPVS mode only"),
            ([], count) => failure.hint(format!("there are {count}, at other addresses and ports")),
            (near, _) => failure.hint(format!("did you mean {}?", near.join(" or "))),
        });
    };
    let mut article = virtual_server::explain(cluster, *netns, server);
    article.also = others
        .iter()
        .map(|(place, server)| format!("{} ({})", who::place(cluster, *place), server.takes))
        .collect();
    Ok(article)
}
