//! Makes a case in which something differs smaller as long as it differs: fewer nodes, pods, Services, endpoints, fields.

use std::time::{Duration, Instant};

use kubenet::lab::spec::Spec;

use crate::case::{Case, From};
use crate::run::findings;

/// No longer than this.
const PATIENCE: Duration = Duration::from_secs(60);

/// The smallest case that was found to differ still.
pub fn smallest(case: &Case) -> Case {
    let deadline = Instant::now() + PATIENCE;
    let mut best = case.clone();
    'smaller: while Instant::now() < deadline {
        for candidate in candidates(&best) {
            if Instant::now() > deadline {
                break;
            }
            if differs(&candidate) {
                best = candidate;
                continue 'smaller;
            }
        }
        break;
    }
    best
}

/// A case may become one that cannot be built, or asked: that is none.
fn differs(case: &Case) -> bool {
    let found = std::panic::catch_unwind(|| findings(case));
    found.is_ok_and(|all| all.iter().any(|finding| !finding.wrong.is_empty()))
}

/// Every case that is smaller by one thing, the largest things first.
fn candidates(case: &Case) -> Vec<Case> {
    let spec = &case.spec;
    let mut specs = Vec::new();
    let mut try_with = |change: &dyn Fn(&mut Spec)| {
        let mut smaller = spec.clone();
        change(&mut smaller);
        if smaller != *spec {
            specs.push(smaller);
        }
    };
    for node in &spec.objects.nodes {
        try_with(&|spec| remove_node(spec, &node.name));
    }
    for index in (0..spec.objects.services.len()).rev() {
        try_with(&|spec| remove_service(spec, index));
    }
    for index in (0..spec.objects.pods.len()).rev() {
        try_with(&|spec| {
            spec.objects.pods.remove(index);
        });
    }
    for slice in 0..spec.objects.endpoint_slices.len() {
        let endpoints = spec.objects.endpoint_slices[slice].endpoints.len();
        for index in (0..endpoints).rev() {
            try_with(&|spec| {
                spec.objects.endpoint_slices[slice].endpoints.remove(index);
            });
        }
    }
    if spec.networks.len() > 1 {
        for index in 0..spec.networks.len() {
            try_with(&|spec| {
                spec.networks.remove(index);
            });
        }
    }
    for index in 0..spec.objects.services.len() {
        let fields: [&dyn Fn(&mut kubenet::model::Service); 7] = [
            &|service| service.affinity_seconds = None,
            &|service| service.external_ips.clear(),
            &|service| service.load_balancer_ips.clear(),
            &|service| service.source_ranges.clear(),
            &|service| service.external_local = false,
            &|service| service.internal_local = false,
            &|service| service.health_check_node_port = None,
        ];
        for field in fields {
            try_with(&|spec| field(&mut spec.objects.services[index]));
        }
    }
    specs
        .into_iter()
        .map(|spec| Case {
            spec,
            ..case.clone()
        })
        .filter(is_whole)
        .collect()
}

fn remove_node(spec: &mut Spec, name: &str) {
    let objects = &mut spec.objects;
    objects.nodes.retain(|node| node.name != name);
    objects.pods.retain(|pod| pod.node.as_deref() != Some(name));
    for slice in &mut objects.endpoint_slices {
        slice
            .endpoints
            .retain(|endpoint| endpoint.node.as_deref() != Some(name));
    }
}

fn remove_service(spec: &mut Spec, index: usize) {
    let gone = spec.objects.services.remove(index);
    spec.objects
        .endpoint_slices
        .retain(|slice| (&slice.namespace, &slice.service) != (&gone.namespace, &gone.name));
}

/// Whether those who are asked are there still.
fn is_whole(case: &Case) -> bool {
    let objects = &case.spec.objects;
    let has_node = |name: &String| objects.nodes.iter().any(|node| node.name == *name);
    !objects.nodes.is_empty()
        && case.flows.iter().all(|flow| match &flow.from {
            From::Pod(pod, _) => objects
                .pods
                .iter()
                .any(|one| format!("{}/{}", one.namespace, one.name) == *pod),
            From::Node(node) | From::Outside(_, node) => has_node(node),
        })
}
