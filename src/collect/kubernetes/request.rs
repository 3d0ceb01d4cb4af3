//! Requests of the Kubernetes API ("Kubernetes API Concepts"): which path and query ask for what, and which verb on
//! which resource RBAC has to allow for it.

use std::fmt;

use crate::model::ObjectKind;

/// The label that names a slice's Service (KEP-752).
const SERVICE_NAME: &str = "kubernetes.io/service-name";

/// One question to the API server. A list is asked for page by page.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Request {
    /// What is asked for.
    pub kind: ObjectKind,
    /// Only in that Kubernetes namespace.
    pub namespace: Option<String>,
    /// Which of them.
    pub which: Which,
}

/// Which objects of a kind.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Which {
    /// All of them.
    All,
    /// The one of that name.
    Named(String),
    /// Those with these labels: a label selector.
    Labelled(String),
    /// Those with that value in a field: a field selector.
    Where(String),
}

impl Request {
    /// All objects of a kind.
    pub fn all(kind: ObjectKind, namespace: Option<&str>) -> Self {
        Self {
            kind,
            namespace: namespace.map(str::to_owned),
            which: Which::All,
        }
    }

    /// One object.
    pub fn one(kind: ObjectKind, namespace: &str, name: &str) -> Self {
        Self {
            kind,
            namespace: Some(namespace.to_owned()),
            which: Which::Named(name.to_owned()),
        }
    }

    /// The EndpointSlices of a Service.
    pub fn slices_of(namespace: &str, service: &str) -> Self {
        Self::labelled(
            ObjectKind::EndpointSlice,
            namespace,
            format!("{SERVICE_NAME}={service}"),
        )
    }

    /// The pods of a node.
    pub fn pods_of(node: &str) -> Self {
        Self::with_field(ObjectKind::Pod, "spec.nodeName", node)
    }

    /// Those in a namespace which a label selector selects.
    pub fn labelled(kind: ObjectKind, namespace: &str, selector: String) -> Self {
        Self {
            kind,
            namespace: Some(namespace.to_owned()),
            which: Which::Labelled(selector),
        }
    }

    /// Those anywhere that have `value` in a field. Which fields can be asked for is fixed by the server
    /// (kubernetes/pkg/apis/core/v1/conversion.go).
    pub fn with_field(kind: ObjectKind, field: &str, value: &str) -> Self {
        Self {
            kind,
            namespace: None,
            which: Which::Where(format!("{field}={value}")),
        }
    }

    /// What RBAC has to allow.
    pub fn verb(&self) -> &'static str {
        match self.which {
            Which::Named(_) => "get",
            _ => "list",
        }
    }

    /// The resource as RBAC rules name it.
    pub fn resource(&self) -> &'static str {
        match self.kind {
            ObjectKind::Pod => "pods",
            ObjectKind::Service => "services",
            ObjectKind::EndpointSlice => "endpointslices.discovery.k8s.io",
            ObjectKind::Node => "nodes",
        }
    }

    /// Path and query. A list has at most `limit` objects a page, where one is given; `after` is the token that the page
    /// before it ended with.
    pub fn path(&self, limit: Option<u32>, after: Option<&str>) -> String {
        let (group, resource) = match self.kind {
            ObjectKind::Pod => ("/api/v1", "pods"),
            ObjectKind::Service => ("/api/v1", "services"),
            ObjectKind::EndpointSlice => ("/apis/discovery.k8s.io/v1", "endpointslices"),
            ObjectKind::Node => ("/api/v1", "nodes"),
        };
        let namespace = self
            .namespace
            .as_ref()
            .map_or_else(String::new, |name| format!("/namespaces/{}", encoded(name)));
        let path = format!("{group}{namespace}/{resource}");
        let selector = match &self.which {
            Which::Named(name) => return format!("{path}/{}", encoded(name)),
            Which::All => None,
            Which::Labelled(selector) => Some(("labelSelector", selector.clone())),
            Which::Where(selector) => Some(("fieldSelector", selector.clone())),
        };
        let limit = limit.map(|limit| ("limit", limit.to_string()));
        let after = after.map(|token| ("continue", token.to_owned()));
        let query: Vec<String> = [selector, limit, after]
            .into_iter()
            .flatten()
            .map(|(key, value)| format!("{key}={}", encoded(&value)))
            .collect();
        match query.is_empty() {
            true => path,
            false => format!("{path}?{}", query.join("&")),
        }
    }
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = self.resource().split('.').next().unwrap_or_default();
        f.write_str(kind)?;
        match &self.which {
            Which::All => {}
            Which::Named(name) => write!(f, " {name}")?,
            Which::Labelled(selector) | Which::Where(selector) => write!(f, " with {selector}")?,
        }
        match &self.namespace {
            Some(namespace) => write!(f, " in namespace {namespace}"),
            None => Ok(()),
        }
    }
}

/// RFC 3986: everything but unreserved characters is percent-encoded.
fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                encoded.push(char::from(byte));
            }
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Paths as `kubectl get -v=8` shows them.
    #[test]
    fn asks_as_kubectl_does() {
        let cases = [
            (
                Request::all(ObjectKind::Node, None),
                "/api/v1/nodes?limit=500",
            ),
            (
                Request::one(ObjectKind::Pod, "shop", "cart-1"),
                "/api/v1/namespaces/shop/pods/cart-1",
            ),
            (
                Request::slices_of("shop", "cart"),
                "/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices?labelSelector=kubernetes.io%2Fservice-name%3D\
                 cart&limit=500",
            ),
            (
                Request::with_field(ObjectKind::Pod, "spec.nodeName", "node1"),
                "/api/v1/pods?fieldSelector=spec.nodeName%3Dnode1&limit=500",
            ),
            (
                Request::one(ObjectKind::Service, "shop", "a/b?c"),
                "/api/v1/namespaces/shop/services/a%2Fb%3Fc",
            ),
        ];
        for (request, path) in cases {
            assert_eq!(request.path(Some(500), None), path);
        }
        let next = Request::all(ObjectKind::Pod, None).path(Some(2), Some("eyJ2Ijo+/=="));
        assert_eq!(next, "/api/v1/pods?limit=2&continue=eyJ2Ijo%2B%2F%3D%3D");
    }
}
