//! What was asked of the API so far, what came of it, and what has to be asked next.
//!
//! Some questions follow from answers: whose endpoints are wanted is known when the Service with that address is. So
//! [`Known::next`] is asked again until it has nothing to ask. It is pure; the asking is done elsewhere.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use serde_json::Value;

use super::learnt::{Here, Learnt};
use super::lists::Answer;
use super::refusal::Refusal;
use super::request::{Request, Which};
use super::wanted::{Named, Pods, Wanted};
use crate::collect::objects::{add_object, whole_items};
use crate::collect::report::{Report, excerpt};
use crate::model::{Gap, ObjectKind, Objects, Service};

/// Gaps are said to be here.
const PLACE: &str = "Kubernetes API";

/// What is known.
#[derive(Debug, Default)]
pub struct Known {
    objects: Objects,
    gaps: Vec<Gap>,
    /// What was asked, and whether all of it was answered.
    asked: BTreeMap<Request, bool>,
    forbidden: BTreeSet<Request>,
    /// Kinds of which this server does not select by some field.
    unselectable: BTreeSet<ObjectKind>,
    /// What was read already, by kind, namespace and name.
    seen: BTreeSet<(ObjectKind, String, String)>,
    /// The label selectors of Services, by namespace and name.
    selectors: BTreeMap<(String, String), String>,
    answered: bool,
}

impl Known {
    /// What to ask now. `usual` is the namespace to look into where not all may be looked into.
    pub fn next(&self, wanted: &Wanted, here: &Here, usual: &str) -> Vec<Request> {
        let mut requests = BTreeSet::new();
        let within = wanted.namespace.as_deref();
        if wanted.nodes {
            requests.insert(Request::all(ObjectKind::Node, None));
        }
        if wanted.pods == Pods::All {
            requests.insert(Request::all(ObjectKind::Pod, within));
        }
        // Which node this is, is known when the nodes are.
        let nodes = Request::all(ObjectKind::Node, None);
        if wanted.pods == Pods::OfNode && (!wanted.nodes || self.asked.contains_key(&nodes)) {
            let node = self.node(here).unwrap_or(here.host_name.as_str());
            requests.insert(Request::pods_of(node));
        }
        if wanted.services {
            requests.insert(Request::all(ObjectKind::Service, within));
        }
        if wanted.endpoint_slices {
            requests.insert(Request::all(ObjectKind::EndpointSlice, within));
        }
        for named in &wanted.named {
            self.about(named, &mut requests);
        }
        // Which fields can be selected by depends on the server's version: spec.clusterIP came late.
        requests.extend(
            self.unselectable
                .iter()
                .map(|kind| Request::all(*kind, None)),
        );
        // Who may not list everything may often list what is in a namespace.
        for request in &self.forbidden {
            if request.which == Which::All
                && request.namespace.is_none()
                && request.kind != ObjectKind::Node
            {
                requests.insert(Request::all(request.kind, Some(usual)));
            }
        }
        let asked_with: BTreeSet<Request> = requests
            .iter()
            .filter(|request| request.which == Which::All && !self.asked.contains_key(request))
            .cloned()
            .collect();
        requests.retain(|request| {
            let in_the_same = lists_with(request).any(|list| asked_with.contains(&list));
            !self.asked.contains_key(request) && !self.is_covered(request) && !in_the_same
        });
        requests.into_iter().collect()
    }

    /// What to ask about something that was named.
    fn about(&self, named: &Named, requests: &mut BTreeSet<Request>) {
        match named {
            Named::Pod(namespace, name) => {
                requests.insert(Request::one(ObjectKind::Pod, namespace, name));
            }
            Named::Service(namespace, name) => {
                requests.insert(Request::one(ObjectKind::Service, namespace, name));
                requests.insert(Request::slices_of(namespace, name));
                self.pods_behind(namespace, name, requests);
            }
            Named::Address(ip, port) => {
                let by_service =
                    Request::with_field(ObjectKind::Service, "spec.clusterIP", &ip.to_string());
                let by_pod = Request::with_field(ObjectKind::Pod, "status.podIP", &ip.to_string());
                let asked = [&by_service, &by_pod].map(|one| self.asked.contains_key(one));
                requests.extend([by_service, by_pod]);
                let is_its = |service: &&Service| has_address(service, *ip);
                let found = self.objects.services.iter().any(|one| is_its(&one));
                let of_pod = self
                    .objects
                    .pods
                    .iter()
                    .any(|pod| !pod.host_network && pod.ips.contains(ip));
                // Only the first cluster IP can be asked for, neither others nor external ones nor a NodePort's.
                if asked == [true, true] && !found && !of_pod {
                    requests.insert(Request::all(ObjectKind::Service, None));
                }
                self.endpoints_of(is_its, requests);
                if let (Some(port), false) = (port, found || of_pod) {
                    self.endpoints_of(|service| has_node_port(service, *port), requests);
                }
            }
            Named::NodePort(port) => {
                requests.insert(Request::all(ObjectKind::Service, None));
                self.endpoints_of(|service| has_node_port(service, *port), requests);
            }
        }
    }

    fn endpoints_of(&self, which: impl Fn(&&Service) -> bool, requests: &mut BTreeSet<Request>) {
        for service in self.objects.services.iter().filter(which) {
            requests.insert(Request::slices_of(&service.namespace, &service.name));
            self.pods_behind(&service.namespace, &service.name, requests);
        }
    }

    fn pods_behind(&self, namespace: &str, name: &str, requests: &mut BTreeSet<Request>) {
        let key = (namespace.to_owned(), name.to_owned());
        if let Some(selector) = self.selectors.get(&key) {
            let pods = Request::labelled(ObjectKind::Pod, namespace, selector.clone());
            requests.insert(pods);
        }
    }

    /// Whether what a request asks for was answered with all of its kind.
    fn is_covered(&self, request: &Request) -> bool {
        lists_with(request).any(|list| self.asked.get(&list) == Some(&true))
    }

    /// Takes in what a request brought.
    pub fn take(&mut self, request: Request, answer: Answer) {
        let mut whole = answer.is_whole();
        self.answered |= !answer.documents.is_empty() || answer.refusal == Some(Refusal::NotFound);
        let place = format!("{PLACE}, {request}");
        let mut items: Vec<Value> = Vec::new();
        for mut document in answer.documents {
            match document["items"].as_array_mut() {
                Some(list) => items.append(list),
                // A list without any.
                None if request.which == Which::All => {}
                None => items.push(document),
            }
        }
        let mut report = Report::new(&place, &mut self.gaps);
        if let Some((text, cut)) = answer.broken {
            report.gap(
                None,
                match cut {
                    Some(why) => format!("the answer broke off: {why}"),
                    None => format!("the answer is no JSON: {}", excerpt(&text)),
                },
            );
            items.append(&mut whole_items(&text));
        }
        for item in items {
            let metadata = &item["metadata"];
            let part = |key: &str| metadata[key].as_str().unwrap_or_default().to_owned();
            let (namespace, name) = (part("namespace"), part("name"));
            if request.kind == ObjectKind::Service {
                let key = (namespace.clone(), name.clone());
                self.selectors
                    .extend(selector(&item).map(|labels| (key, labels)));
            }
            if self.seen.insert((request.kind, namespace, name)) {
                add_object(
                    &item,
                    Some(kind_name(request.kind)),
                    &mut self.objects,
                    &mut report,
                );
            }
        }
        whole &= !report.has_lost();
        drop(report);
        match answer.refusal {
            // That there is none is an answer.
            Some(Refusal::NotFound) if matches!(request.which, Which::Named(_)) => whole = true,
            // All are asked for in their place.
            Some(Refusal::BadRequest(_)) if matches!(request.which, Which::Where(_)) => {
                self.unselectable.insert(request.kind);
            }
            Some(refusal) => {
                if matches!(refusal, Refusal::Forbidden(_)) {
                    self.forbidden.insert(request.clone());
                }
                let gap = Gap {
                    place: PLACE.to_owned(),
                    line: None,
                    what: refusal.about(&request),
                };
                if !self.gaps.contains(&gap) {
                    self.gaps.push(gap);
                }
            }
            None => {}
        }
        self.asked.insert(request, whole);
    }

    /// The Node object that is this machine: the only one with one of its addresses, else the one of its name.
    fn node(&self, here: &Here) -> Option<&str> {
        let nodes = &self.objects.nodes;
        let mut by_address = nodes
            .iter()
            .filter(|node| node.addresses.iter().any(|ip| here.addresses.contains(ip)));
        let by_name = || nodes.iter().find(|node| node.name == here.host_name);
        let found = match (by_address.next(), by_address.next()) {
            (Some(only), None) => Some(only),
            _ => by_name(),
        };
        found.map(|node| node.name.as_str())
    }

    /// All of it.
    pub fn finish(mut self, here: &Here) -> Learnt {
        let node = self.node(here).map(str::to_owned);
        let kinds = [
            ObjectKind::Pod,
            ObjectKind::Service,
            ObjectKind::EndpointSlice,
            ObjectKind::Node,
        ];
        let is_whole = |request: &Request| self.asked.get(request) == Some(&true);
        let incomplete: BTreeSet<ObjectKind> = kinds
            .into_iter()
            .filter(|kind| !is_whole(&Request::all(*kind, None)))
            .collect();
        let whole_nodes = node
            .iter()
            .filter(|node| is_whole(&Request::pods_of(node)))
            .cloned()
            .collect();
        let services = self.objects.services.iter();
        let whole_services = services
            .filter(|service| {
                let (namespace, name) = (service.namespace.as_str(), service.name.as_str());
                let slices = Request::slices_of(namespace, name);
                is_whole(&slices) || self.is_covered(&slices)
            })
            .map(|service| (service.namespace.clone(), service.name.clone()))
            .collect();
        let mut objects = std::mem::take(&mut self.objects);
        objects.incomplete = incomplete;
        objects.whole_nodes = whole_nodes;
        if objects.incomplete.contains(&ObjectKind::Service)
            || objects.incomplete.contains(&ObjectKind::EndpointSlice)
        {
            objects.whole_services = whole_services;
        }
        Learnt {
            objects,
            gaps: self.gaps,
            node,
            answered: self.answered,
        }
    }
}

fn has_address(service: &Service, ip: IpAddr) -> bool {
    let own = service.cluster_ips.iter().chain(&service.external_ips);
    own.chain(&service.load_balancer_ips).any(|one| *one == ip)
}

fn has_node_port(service: &Service, port: u16) -> bool {
    let mut ports = service.ports.iter();
    ports.any(|one| one.node_port == Some(port)) || service.health_check_node_port == Some(port)
}

/// The lists that hold what a request asks for.
fn lists_with(request: &Request) -> impl Iterator<Item = Request> {
    let within = request.namespace.as_deref();
    let lists = [
        Some(Request::all(request.kind, None)),
        within.map(|namespace| Request::all(request.kind, Some(namespace))),
    ];
    lists
        .into_iter()
        .flatten()
        .filter(move |list| list != request)
}

/// What a Service selects its pods by, which the model has no use for.
fn selector(service: &Value) -> Option<String> {
    let labels: Vec<String> = service["spec"]["selector"]
        .as_object()?
        .iter()
        .filter_map(|(label, value)| Some(format!("{label}={}", value.as_str()?)))
        .collect();
    (!labels.is_empty()).then(|| labels.join(","))
}

/// A kind as objects name it.
fn kind_name(kind: ObjectKind) -> &'static str {
    match kind {
        ObjectKind::Pod => "Pod",
        ObjectKind::Service => "Service",
        ObjectKind::EndpointSlice => "EndpointSlice",
        ObjectKind::Node => "Node",
    }
}
