//! `kubenet services`: the Services that packets can be traced to.

use clap::Args;
use serde_json::{Value, json};

use super::source::{self, Depth};
use super::{Failure, Global, Outcome, output};
use crate::collect::kubernetes::Wanted;
use crate::model::{Cluster, PortRef, Service};
use crate::show::{Cell, Column};

/// Arguments of `services`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kubenet --demo services
  kubenet --bundle dump.tar.gz services -n shop
  kubenet --demo services -o wide
  kubenet --demo services -o yaml")]
pub struct ServicesArgs {}

const COLUMNS: &[Column] = &[
    Column::new("namespace"),
    Column::new("name"),
    Column::new("type"),
    Column::new("addresses"),
    Column::wide("from_outside"),
    Column::new("ports"),
    Column::wide("target_ports"),
    Column::wide("policies"),
    Column::wide("affinity"),
    Column::new("ready"),
];

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
    let rows: Vec<Vec<Cell>> = found.iter().map(|service| row(&cluster, service)).collect();
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
                "target_port": target(&port.target_port),
                "node_port": port.node_port,
            })).collect::<Vec<_>>(),
            "external_ips": service.external_ips,
            "load_balancer_ips": service.load_balancer_ips,
            "policies": policies(service),
            "affinity_seconds": service.affinity_seconds,
            "ready_endpoints": ready_endpoints(&cluster, service),
        })).collect::<Vec<_>>(),
    });
    output::list(global, COLUMNS, &rows, &document)?;
    Ok(Outcome::Fine)
}

fn row(cluster: &Cluster, service: &Service) -> Vec<Cell> {
    let addresses = match (&service.external_name, service.headless) {
        (Some(name), _) => name.clone().into(),
        (None, true) => "headless".into(),
        (None, false) => output::joined(&service.cluster_ips),
    };
    let outside = service
        .external_ips
        .iter()
        .chain(&service.load_balancer_ips);
    let targets = service
        .ports
        .iter()
        .map(|port| target(&port.target_port).to_string());
    let ports: Vec<String> = service
        .ports
        .iter()
        .map(|port| match port.node_port {
            Some(node_port) => format!("{}:{node_port}/{}", port.port, port.protocol),
            None => format!("{}/{}", port.port, port.protocol),
        })
        .collect();
    vec![
        service.namespace.as_str().into(),
        service.name.as_str().into(),
        service.kind.as_str().into(),
        addresses,
        output::joined(&outside.collect::<Vec<_>>()),
        output::joined(&ports),
        Cell::List(
            targets
                .map(|port| port.trim_matches('"').to_owned())
                .collect(),
        ),
        Cell::List(policies(service).into_iter().map(str::to_owned).collect()),
        service
            .affinity_seconds
            .map(|seconds| format!("{seconds} s"))
            .into(),
        ready_endpoints(cluster, service).into(),
    ]
}

/// The port of the pods, by number or name, as the Service has it.
fn target(port: &PortRef) -> Value {
    match port {
        PortRef::Number(number) => json!(number),
        PortRef::Name(name) => json!(name),
    }
}

/// Traffic policies other than `Cluster`.
fn policies(service: &Service) -> Vec<&'static str> {
    let local = [
        (service.internal_local, "internal Local"),
        (service.external_local, "external Local"),
    ];
    let of = local.into_iter();
    of.filter_map(|(is, name)| is.then_some(name)).collect()
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
