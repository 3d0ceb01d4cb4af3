//! `trace --dns`: what the program's resolver asks, and the way of its queries.

use std::net::IpAddr;

use super::Failure;
use super::endpoint::{self, Endpoint, Question};
use super::reading::Reading;
use crate::model::dns::{Dns, Resolver};
use crate::model::{Flow, NetnsName, Protocol};
use crate::walk::resolver;

/// The port of DNS.
const PORT: u16 = 53;

/// The name that a program would ask for, given what was typed as TO.
pub fn name(to: &str, endpoint: &Endpoint, namespace: &str) -> Result<String, Failure> {
    match endpoint {
        Endpoint::Service {
            namespace: given,
            name,
            ..
        }
        | Endpoint::Name {
            namespace: given,
            name,
            ..
        } => {
            let typed = to.split(':').next().unwrap_or(to);
            Ok(match (given, typed.contains('/'), typed.contains('.')) {
                // A name of DNS is asked as it is.
                (_, false, true) => typed.to_owned(),
                (None, false, false) => name.clone(),
                (given, ..) => format!("{name}.{}", given.as_deref().unwrap_or(namespace)),
            })
        }
        _ => Err(
            Failure::new(format!("{to} is no name that DNS is asked for"))
                .hint("with --dns, TO is a Service: NAME, NAME.NS or NAME.NS.svc.cluster.local"),
        ),
    }
}

/// Traces the queries for a name, as the sender of `flow` makes them.
pub fn trace(
    name: &str,
    question: &Question,
    flow: &Flow,
    reading: &mut Reading,
) -> Result<Dns, Failure> {
    if flow.external_source.is_some() {
        return Err(
            Failure::new("--dns asks how a program in the cluster finds a name")
                .hint("leave --dns out for a client outside, whose resolver is not known"),
        );
    }
    reading.read_start(flow.start);
    let cluster = reading.cluster();
    let place = format!(
        "{} / {}",
        cluster.node_name(flow.start),
        cluster.netns(flow.start).name
    );
    let netns = cluster.netns(flow.start);
    let of_host = netns.name == NetnsName::Host && flow.from.kind == "pod";
    let Some(text) = &netns.resolv_conf else {
        return Ok(Dns {
            name: name.to_owned(),
            missing: vec![format!(
                "{place}: resolv.conf was not read: which names are asked, and whom, is not known"
            )],
            ..Dns::default()
        });
    };
    let resolver = Resolver::read(text, place);
    let queries = resolver::queries(cluster, &resolver, name);
    let mut missing = Vec::new();
    if of_host {
        missing.push("it shares its node's namespace: shown is the node's resolv.conf, which its own need not be (dnsPolicy)".to_owned());
    }
    let mut traces = Vec::new();
    for server in &resolver.nameservers {
        for protocol in [Protocol::Udp, Protocol::Tcp] {
            let query = query(*server, protocol, question);
            match endpoint::resolve(reading.cluster(), &query) {
                Ok(flow) => traces.push(reading.trace(&flow)),
                // The C library goes on with the next server.
                Err(failure) => {
                    missing.push(format!("{server} is not asked: {}", failure.sentence()))
                }
            }
        }
    }
    missing.dedup();
    Ok(Dns {
        name: name.to_owned(),
        missing,
        resolver: Some(resolver),
        queries,
        traces,
    })
}

/// The packet of a query, from the sender that is asked about.
fn query(server: IpAddr, protocol: Protocol, question: &Question) -> Question {
    Question {
        protocol: Some(protocol),
        family: None,
        port: None,
        source_port: None,
        established: false,
        size: None,
        to: Endpoint::Address {
            ip: server,
            port: Some(PORT),
        },
        ..question.clone()
    }
}
