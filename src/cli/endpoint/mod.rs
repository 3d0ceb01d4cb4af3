//! From what the user named to the question that is asked of the kernels: FROM and TO to a [`Flow`].
//!
//! Pure: everything is looked up in the [`Cluster`] that was read. Nothing is guessed: what is ambiguous or unknown is a
//! failure which names the choices.

mod container;
mod established;
mod find;
mod nearest;
mod parse;
mod ports;
mod receiver;
mod role;
mod sender;
mod wanted;

use std::net::IpAddr;

pub use container::{FoundContainer, container, containers, unknown_container};
pub use established::follow;
pub use find::{FoundPod, global_addresses, node_addresses, node_names, pods};
pub use nearest::{hint, nearest};
pub use parse::{Endpoint, Port, parse, parse_port};
pub use wanted::wanted;

use super::Failure;
use crate::model::{Cluster, Family, Flow, NetnsName, Protocol};

/// Everything that the user said about the packet.
#[derive(Debug, Clone)]
pub struct Question {
    /// Who sends.
    pub from: Endpoint,
    /// What it is sent to.
    pub to: Endpoint,
    /// Kubernetes namespace of bare names.
    pub namespace: String,
    /// `--proto`.
    pub protocol: Option<Protocol>,
    /// `--port`.
    pub port: Option<Port>,
    /// `--ipv4`, `--ipv6`.
    pub family: Option<Family>,
    /// `--sport`.
    pub source_port: Option<u16>,
    /// `--established`.
    pub established: bool,
    /// `--size`.
    pub size: Option<u32>,
    /// `--mark`.
    pub mark: u32,
    /// `--via`: the node that a client outside the cluster sends to.
    pub via: Option<String>,
    /// Not `--no-reply`.
    pub reply: bool,
}

impl Question {
    /// A new TCP connection, nothing else said.
    pub fn new(from: Endpoint, to: Endpoint) -> Self {
        Self {
            from,
            to,
            namespace: "default".to_owned(),
            protocol: None,
            port: None,
            family: None,
            source_port: None,
            established: false,
            size: None,
            mark: 0,
            via: None,
            reply: true,
        }
    }
}

/// Looks up both ends. Of a headless Service it is the first endpoint.
pub fn resolve(cluster: &Cluster, question: &Question) -> Result<Flow, Failure> {
    let receiver = receiver::find(cluster, question)?;
    let sender = sender::find(cluster, question, &receiver)?;
    let destination = choose_address(&sender, &receiver, question.family)?;
    to(cluster, question, (&sender, &receiver), destination)
}

/// Looks up both ends: a flow to each endpoint of a headless Service, to everything else one.
pub fn resolve_each(cluster: &Cluster, question: &Question) -> Result<Vec<Flow>, Failure> {
    let receiver = receiver::find(cluster, question)?;
    let sender = sender::find(cluster, question, &receiver)?;
    let first = choose_address(&sender, &receiver, question.family)?;
    let others = receiver
        .addresses
        .iter()
        .copied()
        .filter(|ip| receiver.headless && *ip != first && Family::of(*ip) == Family::of(first));
    std::iter::once(first)
        .chain(others)
        .map(|ip| to(cluster, question, (&sender, &receiver), ip))
        .collect()
}

/// The flow to one address of the receiver.
fn to(
    cluster: &Cluster,
    question: &Question,
    (sender, receiver): (&sender::Sender, &receiver::Receiver),
    destination: IpAddr,
) -> Result<Flow, Failure> {
    let family = Family::of(destination);
    let (protocol, port) = receiver.protocol_and_port(question)?;
    let source_port = match (&question.from, question.source_port) {
        (_, Some(port)) => Some(port),
        (Endpoint::Address { port, .. }, None) => *port,
        _ => None,
    };

    let mut from = sender.end.clone();
    from.ip = sender.source.or_else(|| {
        sender
            .addresses
            .iter()
            .copied()
            .find(|ip| Family::of(*ip) == family)
    });
    let mut to = receiver.end.clone();
    to.ip = Some(destination);
    to.port = protocol.has_ports().then_some(port);
    let of_host = cluster.netns(sender.start).name == NetnsName::Host && !sender.external;
    let node = of_host.then(|| cluster.node_name(sender.start));
    to.role = role::role(cluster, node, (destination, protocol, port));
    Ok(Flow {
        start: sender.start,
        external_source: if sender.external { from.ip } else { None },
        from,
        to,
        protocol,
        destination,
        destination_port: port,
        source: sender.source,
        source_port,
        mark: question.mark,
        tos: 0,
        size: question.size.unwrap_or(default_size(protocol, family)),
        reply: question.reply,
        established: false,
    })
}

/// The receiver's first address of a family that the sender has too.
fn choose_address(
    sender: &sender::Sender,
    receiver: &receiver::Receiver,
    wanted: Option<Family>,
) -> Result<IpAddr, Failure> {
    let has = |ips: &[IpAddr], family| ips.iter().any(|ip| Family::of(*ip) == family);
    let sender_can = |family| sender.addresses.is_empty() || has(&sender.addresses, family);
    let fits = |ip: &&IpAddr| {
        let family = Family::of(**ip);
        wanted.is_none_or(|wanted| wanted == family) && sender_can(family)
    };
    if let Some(ip) = receiver.addresses.iter().find(fits) {
        return Ok(*ip);
    }
    let families = |ips: &[IpAddr]| match (has(ips, Family::V4), has(ips, Family::V6)) {
        (true, true) => "IPv4 and IPv6",
        (true, false) => "only IPv4",
        (false, true) => "only IPv6",
        (false, false) => "no address",
    };
    let mut sentence = format!(
        "no address family serves both ends: {} has {}, {} has {}",
        sender.label,
        families(&sender.addresses),
        receiver.label,
        families(&receiver.addresses)
    );
    if let Some(family) = wanted {
        let option = if family == Family::V4 {
            "--ipv4"
        } else {
            "--ipv6"
        };
        sentence = format!("{sentence}, and {option} was given");
    }
    Err(Failure::new(sentence))
}

/// The first packet of a connection as Linux programs send it: a SYN with its options, ping's echo, a small datagram.
fn default_size(protocol: Protocol, family: Family) -> u32 {
    let header = match family {
        Family::V4 => 20,
        Family::V6 => 40,
    };
    header
        + match protocol {
            Protocol::Tcp => 40,
            Protocol::Icmp => 64,
            _ => 40,
        }
}
