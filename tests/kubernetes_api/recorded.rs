//! The objects of a real API server, as `kubectl get -o json` printed them, given back in the server's own form: typed
//! lists whose items do not repeat their kind, in pages, by selectors, one by one, or with a Status
//! ("Kubernetes API Concepts"; fields that can be selected: kubernetes/pkg/apis/core/v1/conversion.go).

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::captured;
use super::server::{Question, Reply};

pub struct Recorded {
    lists: BTreeMap<&'static str, Vec<Value>>,
}

const KINDS: [(&str, &str, &str); 4] = [
    ("nodes", "Node", "v1"),
    ("pods", "Pod", "v1"),
    ("services", "Service", "v1"),
    ("endpointslices", "EndpointSlice", "discovery.k8s.io/v1"),
];

pub fn status(code: u16, reason: &str, message: &str) -> Reply {
    let status = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": message, "reason": reason, "code": code});
    Reply::Json(code, status.to_string())
}

/// What a server says to who may not.
pub fn forbidden(resource: &str) -> Reply {
    status(
        403,
        "Forbidden",
        &format!(
            "{resource} is forbidden: User \"jane\" cannot list resource \"{resource}\" in API group \"\" at the cluster scope"
        ),
    )
}

impl Recorded {
    pub fn of(cluster: &str) -> Self {
        let files = captured::files(&captured::archive(cluster));
        let items = |resource: &str| {
            let text = &files[&format!("k8s/{resource}.json")];
            let list: Value = serde_json::from_slice(text).unwrap();
            list["items"].as_array().unwrap().clone()
        };
        Self {
            lists: KINDS
                .map(|(resource, ..)| (resource, items(resource)))
                .into(),
        }
    }

    pub fn items(&self, resource: &str) -> &[Value] {
        &self.lists[resource]
    }

    /// As the server answers that allows everything.
    pub fn answer(&self, question: &Question) -> Reply {
        assert_eq!(question.headers["authorization"], "Bearer secret-token");
        let path = question
            .path
            .strip_prefix("/api/v1/")
            .or_else(|| question.path.strip_prefix("/apis/discovery.k8s.io/v1/"))
            .unwrap_or_else(|| panic!("{}", question.path));
        let parts: Vec<&str> = path.split('/').collect();
        let (namespace, resource, name) = match parts.as_slice() {
            ["namespaces", namespace, resource] => (Some(*namespace), *resource, None),
            ["namespaces", namespace, resource, name] => (Some(*namespace), *resource, Some(*name)),
            [resource] => (None, *resource, None),
            other => panic!("{other:?}"),
        };
        let (_, kind, version) = KINDS.iter().find(|(known, ..)| *known == resource).unwrap();
        assert_eq!(
            question.path.starts_with("/apis/"),
            resource == "endpointslices"
        );
        let in_namespace = |item: &&Value| {
            namespace.is_none_or(|namespace| item["metadata"]["namespace"] == namespace)
        };
        let mut found: Vec<&Value> = self.lists[resource].iter().filter(in_namespace).collect();
        if let Some(name) = name {
            return match found.iter().find(|item| item["metadata"]["name"] == name) {
                Some(item) => Reply::Json(200, item.to_string()),
                None => status(404, "NotFound", &format!("{resource} \"{name}\" not found")),
            };
        }
        if let Some(selector) = question.query.get("labelSelector") {
            for pair in selector.split(',') {
                let (label, value) = pair.split_once('=').unwrap();
                found.retain(|item| item["metadata"]["labels"][label] == value);
            }
        }
        if let Some(selector) = question.query.get("fieldSelector") {
            let (field, value) = selector.split_once('=').unwrap();
            let (part, key) = field.split_once('.').unwrap();
            let known = ["spec.nodeName", "status.podIP", "spec.clusterIP"];
            if !known.contains(&field) {
                let message = format!("field label not supported: {field}");
                return status(400, "BadRequest", &message);
            }
            found.retain(|item| item[part][key] == value);
        }
        let start: usize = question.query.get("continue").map_or(0, |token| {
            token.strip_prefix("token/=").unwrap().parse().unwrap()
        });
        let limit = question.query.get("limit").map_or(usize::MAX, |limit| {
            limit.parse::<usize>().unwrap().min(self.page())
        });
        let rest = found.len() - start;
        let mut metadata = json!({"resourceVersion": "1234"});
        if rest > limit {
            metadata["continue"] = format!("token/={}", start + limit).into();
            metadata["remainingItemCount"] = (rest - limit).into();
        }
        let items: Vec<Value> = found[start..]
            .iter()
            .take(limit)
            .map(|item| {
                let mut item = (*item).clone();
                let fields = item.as_object_mut().unwrap();
                fields.remove("kind");
                fields.remove("apiVersion");
                item
            })
            .collect();
        let list = json!({"kind": format!("{kind}List"), "apiVersion": version,
            "metadata": metadata, "items": items});
        Reply::Json(200, list.to_string())
    }

    /// A server may give fewer objects than were asked for.
    fn page(&self) -> usize {
        7
    }
}
