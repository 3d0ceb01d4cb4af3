//! `kubenet services`: the Services that packets can be traced to.

use clap::Args;
use serde_json::json;

use super::source::{self, Depth};
use super::{Failure, Global, Outcome, output};
use crate::collect::kubernetes::Wanted;
use crate::model::{Cluster, Service};

/// Arguments of `services`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kubenet --demo services
  kubenet --bundle dump.tar.gz services -n shop
  kubenet --demo services -o json")]
pub struct ServicesArgs {}

/// Lists them.
pub fn run(global: &Global) -> Result<Outcome, Failure> {
    let wanted = Wanted {
        services: true,
        endpoint_slices: true,
        namespace: global.namespace.clone(),
        ..Wanted::default()
    };
    let cluster = source::open_for(global, Depth::Nothing, &wanted)?;
    let mut found: Vec<&Service> = cluster
        .objects
        .services
        .iter()
        .filter(|service| {
            global
                .namespace
                .as_ref()
                .is_none_or(|namespace| service.namespace == *namespace)
        })
        .collect();
    found.sort_by(|a, b| (&a.namespace, &a.name).cmp(&(&b.namespace, &b.name)));
    if cluster.objects.services.is_empty() {
        output::note(global, "no Services were read: trace to their addresses");
    }
    let rows: Vec<Vec<String>> = found.iter().map(|service| row(&cluster, service)).collect();
    let document = json!({
        "schema": "kubenet.services/v1",
        "services": found.iter().map(|service| json!({
            "namespace": service.namespace,
            "name": service.name,
            "type": service.kind,
            "headless": service.headless,
            "cluster_ips": service.cluster_ips,
            "external_name": service.external_name,
            "ports": service.ports.iter().map(|port| json!({
                "name": port.name,
                "port": port.port,
                "proto": port.protocol,
                "node_port": port.node_port,
            })).collect::<Vec<_>>(),
            "ready_endpoints": ready_endpoints(&cluster, service),
        })).collect::<Vec<_>>(),
    });
    let headings = ["NAMESPACE", "NAME", "TYPE", "ADDRESSES", "PORTS", "READY"];
    output::list(global, &headings, &rows, &document)?;
    Ok(Outcome::Fine)
}

fn row(cluster: &Cluster, service: &Service) -> Vec<String> {
    let addresses = match (&service.external_name, service.headless) {
        (Some(name), _) => name.clone(),
        (None, true) => "headless".to_owned(),
        (None, false) => output::joined(&service.cluster_ips),
    };
    let ports: Vec<String> = service
        .ports
        .iter()
        .map(|port| match port.node_port {
            Some(node_port) => format!("{}:{node_port}/{}", port.port, port.protocol),
            None => format!("{}/{}", port.port, port.protocol),
        })
        .collect();
    vec![
        service.namespace.clone(),
        service.name.clone(),
        service.kind.clone(),
        addresses,
        output::joined(&ports),
        ready_endpoints(cluster, service).map_or_else(|| "-".to_owned(), |count| count.to_string()),
    ]
}

/// How many endpoints are ready; `None` when no EndpointSlice of it was read. A slice holds one address family, so the
/// family with more counts.
fn ready_endpoints(cluster: &Cluster, service: &Service) -> Option<usize> {
    let mut counts = [None, None];
    for slice in &cluster.objects.endpoint_slices {
        if slice.namespace != service.namespace || slice.service != service.name {
            continue;
        }
        let v6 = slice
            .endpoints
            .iter()
            .flat_map(|e| &e.addresses)
            .any(std::net::IpAddr::is_ipv6);
        let ready = slice
            .endpoints
            .iter()
            .filter(|endpoint| endpoint.ready)
            .count();
        let count = &mut counts[usize::from(v6)];
        *count = Some(count.unwrap_or(0) + ready);
    }
    counts.into_iter().flatten().max()
}
