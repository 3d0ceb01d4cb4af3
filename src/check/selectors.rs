//! Services and the pods that their selectors choose.
//!
//! The endpoint slice controller takes every pod of the Service's namespace that has all labels of the selector
//! (pkg/controller/endpointslice); a Service without a selector has the endpoints that somebody writes.

use super::{Check, Family, Report, Scene};
use crate::model::trace::Evidence;
use crate::model::{Endpoint, Finding, ObjectKind, Objects, Place, Pod, Service, Severity};

/// The checks of this family.
pub const FAMILY: Family = Family {
    about: "Services and the pods that they choose",
    checks: &[CHECKS],
    look,
};

const CHECKS: &[Check] = &[NOTHING, NOT_READY];

const NOTHING: Check = Check {
    id: "service-selects-nothing",
    catalogue: &["F08", "F07"],
    severity: Severity::Warning,
    docs: "No pod of the namespace has the labels that the Service's selector asks for: it has no endpoint, and every \
           connection to it is refused at once (ICMP port unreachable; IPVS and externalTrafficPolicy Local differ). Either the \
           selector or the pods' labels were changed, or what runs such pods is scaled to nothing.",
};

const NOT_READY: Check = Check {
    id: "service-pods-not-ready",
    catalogue: &["F07"],
    severity: Severity::Warning,
    docs: "Pods have the labels that the Service's selector asks for, and none of them is an endpoint that may be used: not \
           ready, or being deleted and no longer serving. Every connection to the Service is refused at once. The pods' \
           readiness probes and events say why.",
};

fn look(scene: &Scene<'_>, report: &mut Report) {
    let objects = &scene.cluster.objects;
    let needed = [
        ObjectKind::Service,
        ObjectKind::Pod,
        ObjectKind::EndpointSlice,
    ];
    let unread = needed.iter().any(|kind| objects.incomplete.contains(kind));
    for (node, ..) in scene.hosts() {
        if unread {
            let why = "the Services, Pods and EndpointSlices were not read from the API";
            report.skip_all(CHECKS, node.name, why);
            continue;
        }
        for check in CHECKS {
            report.judge(check, node.name, Vec::new());
        }
    }
    if unread {
        return;
    }
    for service in &objects.services {
        if let Some(finding) = of_service(objects, service) {
            report.findings.push(finding);
        }
    }
}

fn of_service(objects: &Objects, service: &Service) -> Option<Finding> {
    let selector = service.selector.as_ref().filter(|all| !all.is_empty())?;
    if service.kind == "ExternalName" || endpoints(objects, service).any(may_be_used) {
        return None;
    }
    let chosen: Vec<&Pod> = objects
        .pods
        .iter()
        .filter(|pod| pod.namespace == service.namespace && !pod.has_ended())
        .filter(|pod| selector.iter().all(|label| pod.labels.contains(label)))
        .collect();
    let name = format!("{}/{}", service.namespace, service.name);
    let labels: Vec<String> = selector
        .iter()
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    let labels = labels.join(",");
    let place = Place {
        node: None,
        netns: None,
        device: None,
    };
    let impact = "connections to it are refused at once".to_owned();
    let chooses = Evidence {
        source: format!("Service {name}"),
        raw: format!("spec.selector: {labels}"),
    };
    let pods = format!(
        "kubectl -n {} get pods -l {labels} -o wide",
        service.namespace
    );
    let mut finding = if chosen.is_empty() {
        let title = format!("no pod has the labels that Service {name} asks for");
        let mut finding = NOTHING.finding(place, title, impact);
        finding.evidence = vec![chooses];
        finding.fix = vec![format!(
            "kubectl -n {} get pods --show-labels  # then: kubectl -n {} edit service {}",
            service.namespace, service.namespace, service.name
        )];
        finding
    } else {
        let title = format!(
            "none of the {} pods of Service {name} is ready",
            chosen.len()
        );
        let mut finding = NOT_READY.finding(place, title, impact);
        finding.evidence = vec![chooses, of_slices(objects, service)];
        finding.fix = vec![pods];
        finding
    };
    finding.mentions = service
        .cluster_ips
        .iter()
        .map(ToString::to_string)
        .collect();
    Some(finding)
}

fn endpoints<'o>(objects: &'o Objects, service: &'o Service) -> impl Iterator<Item = &'o Endpoint> {
    let slices = objects.endpoint_slices.iter();
    slices
        .filter(|slice| slice.namespace == service.namespace && slice.service == service.name)
        .flat_map(|slice| &slice.endpoints)
}

/// kube-proxy uses endpoints that end as long as they serve, where none is ready (KEP-1669).
fn may_be_used(endpoint: &Endpoint) -> bool {
    endpoint.ready || endpoint.serving
}

fn of_slices(objects: &Objects, service: &Service) -> Evidence {
    let lines: Vec<String> = endpoints(objects, service)
        .take(8)
        .map(|endpoint| {
            let address = endpoint.addresses.first().map(ToString::to_string);
            format!(
                "{} ready: {}, serving: {}",
                address.unwrap_or_default(),
                endpoint.ready,
                endpoint.serving
            )
        })
        .collect();
    Evidence {
        source: format!("EndpointSlices of {}/{}", service.namespace, service.name),
        raw: match lines.is_empty() {
            true => "no endpoint".to_owned(),
            false => lines.join("\n"),
        },
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::model::EndpointSlice;

    fn objects(label: &str, ready: Option<bool>) -> Objects {
        let pair = |value: &str| ("app".to_owned(), value.to_owned());
        let endpoint = ready.map(|ready| Endpoint {
            addresses: vec!["10.42.1.6".parse().unwrap()],
            ready,
            serving: ready,
            ..Endpoint::default()
        });
        Objects {
            pods: vec![Pod {
                namespace: "default".to_owned(),
                name: "web-1".to_owned(),
                labels: vec![pair(label)],
                ..Pod::default()
            }],
            services: vec![Service {
                namespace: "default".to_owned(),
                name: "web".to_owned(),
                cluster_ips: vec!["10.43.0.9".parse().unwrap()],
                selector: Some(vec![pair("web")]),
                ..Service::default()
            }],
            endpoint_slices: vec![EndpointSlice {
                namespace: "default".to_owned(),
                service: "web".to_owned(),
                endpoints: endpoint.into_iter().collect(),
                ..EndpointSlice::default()
            }],
            ..Objects::default()
        }
    }

    #[test]
    fn a_selector_is_held_against_labels_and_readiness() {
        let found = |label, ready| {
            let objects = objects(label, ready);
            of_service(&objects, &objects.services[0]).map(|finding| finding.id)
        };
        assert_eq!(found("web", Some(true)), None);
        assert_eq!(
            found("web", Some(false)).as_deref(),
            Some("service-pods-not-ready")
        );
        assert_eq!(
            found("shop", None).as_deref(),
            Some("service-selects-nothing")
        );
    }

    #[test]
    fn without_a_selector_or_with_one_of_no_labels_nothing_is_said() {
        let mut objects = objects("shop", None);
        for selector in [None, Some(Vec::new())] {
            objects.services[0].selector = selector;
            assert_eq!(of_service(&objects, &objects.services[0]), None);
        }
    }
}
