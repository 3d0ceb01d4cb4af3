//! Target ports by name: a pod whose containers declare no port of that name is no endpoint for it
//! (`FindPort` in pkg/api/v1/pod/util.go).

use super::catalog::Catalog;
use super::intent::join;
use crate::check::{Check, Report};
use crate::model::kube_proxy::port_name;
use crate::model::trace::Evidence;
use crate::model::{ObjectKind, Place, Pod, PortRef, Service, ServicePort, Severity};

/// The checks of this file.
pub const CHECKS: &[Check] = &[UNNAMED];

const UNNAMED: Check = Check {
    id: "target-port-unnamed",
    catalogue: &["F09"],
    severity: Severity::Error,
    docs: "The target port of a Service is a name, and no container of the pods behind it declares a port of that name: \
           such pods are no endpoints for the port, and without any the Service refuses connections.",
};

/// Looks for the name in the pods behind the Service.
pub fn check(catalog: &Catalog<'_>, service: &Service, port: &ServicePort, report: &mut Report) {
    let objects = &catalog.cluster.objects;
    let PortRef::Name(wanted) = &port.target_port else {
        return;
    };
    if objects.incomplete.contains(&ObjectKind::Pod) {
        return;
    }
    let slices = catalog.slices(&service.namespace, &service.name).iter();
    let behind = slices
        .filter(|slice| {
            let mut ports = slice.ports.iter();
            !ports.any(|(name, protocol, _)| (name, protocol) == (&port.name, &port.protocol))
        })
        .flat_map(|slice| &slice.endpoints)
        .filter_map(|endpoint| endpoint.pod.as_ref());
    let without: Vec<&Pod> = behind
        .filter_map(|(namespace, name)| catalog.pod(namespace, name))
        // Containers need not declare ports; where they declare none, nothing tells what was read of them.
        .filter(|pod| !pod.ports.is_empty())
        .filter(|pod| {
            let mut ports = pod.ports.iter();
            !ports.any(|declared| declared.name == *wanted && declared.protocol == port.protocol)
        })
        .collect();
    let Some(first) = without.first() else { return };
    let name = port_name(service, port);
    let place = Place {
        node: None,
        netns: None,
        device: None,
    };
    let mut finding = UNNAMED.finding(
        place,
        format!(
            "{} of the pods behind {name} declare no {} port named {wanted:?}",
            without.len(),
            port.protocol
        ),
        "they get no connection through this port".to_owned(),
    );
    let declared = first.ports.iter().map(|port| {
        let name = if port.name.is_empty() {
            "no name"
        } else {
            &port.name
        };
        format!("{} {}/{}", name, port.port, port.protocol)
    });
    finding.evidence.push(Evidence {
        source: format!("pod {}/{}", first.namespace, first.name),
        raw: format!("declares {}", join(declared)),
    });
    finding.fix.push(format!(
        "kubectl -n {} edit service {}",
        service.namespace, service.name
    ));
    report.findings.push(finding);
}
