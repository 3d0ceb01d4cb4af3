//! Kubernetes objects as JSON (`kubectl get ... -o json`) → [`Objects`], reduced to what a packet's way depends on.

use std::net::IpAddr;
use std::str::FromStr;

use serde_json::Value;

use super::report::{Report, excerpt};
use crate::model::{
    ContainerPort, Endpoint, EndpointSlice, NodeObject, Objects, Pod, PortRef, Protocol, Service,
    ServicePort,
};

/// Seconds of ClientIP affinity where a Service names none.
const AFFINITY_SECONDS: u32 = 10_800;

/// Reads a List, one object, or several of either after one another, whatever their kinds are; kinds that no packet
/// depends on are passed over. Where the text is cut short, the whole objects before the cut are used.
pub fn read_objects(text: &str, objects: &mut Objects, report: &mut Report) {
    if text.trim().is_empty() {
        report.gap(None, "the file is empty");
        return;
    }
    let mut documents = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    loop {
        let start = documents.byte_offset();
        match documents.next() {
            None => break,
            Some(Ok(document)) => add_document(&document, objects, report),
            Some(Err(error)) => {
                report.gap(error.line(), format!("no valid JSON: {error}"));
                let rest = text.get(start..).unwrap_or_default();
                for item in whole_items(rest) {
                    add_object(&item, None, objects, report);
                }
                break;
            }
        }
    }
}

/// The items of a List up to where it is cut short.
pub(super) fn whole_items(text: &str) -> Vec<Value> {
    let after_key = text
        .split_once("\"items\"")
        .and_then(|(_, rest)| rest.split_once('['));
    let Some((_, mut rest)) = after_key else {
        return Vec::new();
    };
    let mut items = Vec::new();
    loop {
        let mut one = serde_json::Deserializer::from_str(rest).into_iter::<Value>();
        let Some(Ok(item)) = one.next() else {
            return items;
        };
        let used = one.byte_offset();
        items.push(item);
        rest = rest
            .get(used..)
            .unwrap_or_default()
            .trim_start()
            .trim_start_matches(',');
    }
}

fn add_document(document: &Value, objects: &mut Objects, report: &mut Report) {
    match document["items"].as_array() {
        // The items of a typed list (PodList) do not repeat its kind.
        Some(items) => {
            let kind = document["kind"]
                .as_str()
                .and_then(|kind| kind.strip_suffix("List"));
            for item in items {
                add_object(item, kind, objects, report);
            }
        }
        None => add_object(document, None, objects, report),
    }
}

/// Reads one object. `of_list` is its kind where it does not say itself.
pub(super) fn add_object(
    item: &Value,
    of_list: Option<&str>,
    objects: &mut Objects,
    report: &mut Report,
) {
    let kind = item["kind"].as_str().or(of_list).unwrap_or_default();
    let Some(name) = item["metadata"]["name"].as_str() else {
        report.gap(
            None,
            format!("an object without a name: {}", excerpt(&item.to_string())),
        );
        return;
    };
    let mut reader = Reader { kind, name, report };
    match kind {
        "Node" => objects.nodes.push(reader.node(item)),
        "Pod" => objects.pods.push(reader.pod(item)),
        "Service" => objects.services.push(reader.service(item)),
        "EndpointSlice" => objects.endpoint_slices.extend(reader.endpoint_slice(item)),
        "NetworkPolicy" => {}
        other => reader.report.gap(
            None,
            format!("{name}: objects of kind {other:?} are not used"),
        ),
    }
}

/// Reads one object, and says of which one a field makes no sense.
struct Reader<'a, 'b, 'c> {
    kind: &'a str,
    name: &'a str,
    report: &'b mut Report<'c>,
}

impl Reader<'_, '_, '_> {
    /// A field that has a text form.
    fn parse<T: FromStr>(&mut self, value: &Value) -> Option<T> {
        let text = value.as_str().filter(|text| !text.is_empty())?;
        let parsed = text.parse().ok();
        if parsed.is_none() {
            self.senseless(value);
        }
        parsed
    }

    /// Every element of a list which has a text form.
    fn all<'v, T: FromStr>(&mut self, values: impl IntoIterator<Item = &'v Value>) -> Vec<T> {
        values
            .into_iter()
            .filter_map(|value| self.parse(value))
            .collect()
    }

    fn port(&mut self, value: &Value) -> Option<u16> {
        let number = value.as_u64().filter(|number| *number != 0)?;
        let port = u16::try_from(number).ok();
        if port.is_none() {
            self.senseless(value);
        }
        port
    }

    fn protocol(&mut self, value: &Value) -> Protocol {
        match value {
            Value::Null => Protocol::Tcp,
            value => self.parse(value).unwrap_or(Protocol::Tcp),
        }
    }

    fn senseless(&mut self, value: &Value) {
        let what = format!(
            "{} {}: makes no sense: {}",
            self.kind,
            self.name,
            excerpt(&value.to_string())
        );
        self.report.gap(None, what);
    }

    fn node(&mut self, node: &Value) -> NodeObject {
        const FLANNEL: &str = "flannel.alpha.coreos.com/";
        let addresses = list(&node["status"]["addresses"])
            .filter(|address| {
                !matches!(
                    address["type"].as_str(),
                    Some("Hostname" | "InternalDNS" | "ExternalDNS")
                )
            })
            .map(|address| &address["address"]);
        let annotations = node["metadata"]["annotations"]
            .as_object()
            .into_iter()
            .flatten();
        NodeObject {
            name: self.name.to_owned(),
            addresses: self.all(addresses),
            pod_cidrs: self.all(several_or_one(
                &node["spec"]["podCIDRs"],
                &node["spec"]["podCIDR"],
            )),
            zone: text(&node["metadata"]["labels"]["topology.kubernetes.io/zone"]),
            flannel: annotations
                .filter_map(|(key, value)| {
                    Some((key.strip_prefix(FLANNEL)?.to_owned(), text(value)?))
                })
                .collect(),
        }
    }

    fn pod(&mut self, pod: &Value) -> Pod {
        let (spec, status) = (&pod["spec"], &pod["status"]);
        let several: Vec<&Value> = list(&status["podIPs"]).map(|entry| &entry["ip"]).collect();
        let ips = if several.is_empty() {
            vec![&status["podIP"]]
        } else {
            several
        };
        let declared = list(&spec["containers"]).flat_map(|container| list(&container["ports"]));
        let ports = declared.filter_map(|port| {
            Some(ContainerPort {
                name: text(&port["name"]).unwrap_or_default(),
                protocol: self.protocol(&port["protocol"]),
                port: self.port(&port["containerPort"])?,
                host_port: self.port(&port["hostPort"]),
            })
        });
        let ports = ports.collect();
        Pod {
            namespace: namespace(pod),
            name: self.name.to_owned(),
            node: text(&spec["nodeName"]),
            ips: self.all(ips),
            host_network: spec["hostNetwork"].as_bool().unwrap_or(false),
            uid: uid_on_node(&pod["metadata"]),
            phase: text(&status["phase"]),
            labels: labels(&pod["metadata"]["labels"]).unwrap_or_default(),
            ports,
        }
    }

    fn service(&mut self, service: &Value) -> Service {
        let spec = &service["spec"];
        let cluster_ips: Vec<&Value> =
            several_or_one(&spec["clusterIPs"], &spec["clusterIP"]).collect();
        let headless = cluster_ips.iter().any(|ip| ip.as_str() == Some("None"));
        let ingress = list(&service["status"]["loadBalancer"]["ingress"]).map(|entry| &entry["ip"]);
        let ports = list(&spec["ports"]).filter_map(|port| {
            let number = self.port(&port["port"])?;
            Some(ServicePort {
                name: text(&port["name"]).unwrap_or_default(),
                protocol: self.protocol(&port["protocol"]),
                port: number,
                target_port: match &port["targetPort"] {
                    Value::String(name) => PortRef::Name(name.clone()),
                    value => PortRef::Number(self.port(value).unwrap_or(number)),
                },
                node_port: self.port(&port["nodePort"]),
            })
        });
        let ports = ports.collect();
        let proxied = list(&service["status"]["loadBalancer"]["ingress"])
            .filter(|entry| entry["ipMode"].as_str() == Some("Proxy"))
            .map(|entry| &entry["ip"]);
        let timeout = &spec["sessionAffinityConfig"]["clientIP"]["timeoutSeconds"];
        let seconds = timeout
            .as_u64()
            .and_then(|seconds| u32::try_from(seconds).ok());
        let affinity = spec["sessionAffinity"].as_str() == Some("ClientIP");
        Service {
            namespace: namespace(service),
            name: self.name.to_owned(),
            kind: text(&spec["type"]).unwrap_or_else(|| "ClusterIP".to_owned()),
            cluster_ips: if headless {
                Vec::new()
            } else {
                self.all(cluster_ips)
            },
            headless,
            ports,
            external_ips: self.all(list(&spec["externalIPs"])),
            load_balancer_ips: self.all(ingress),
            load_balancer_proxy_ips: self.all(proxied),
            source_ranges: self.all(list(&spec["loadBalancerSourceRanges"])),
            health_check_node_port: self.port(&spec["healthCheckNodePort"]),
            external_local: spec["externalTrafficPolicy"].as_str() == Some("Local"),
            internal_local: spec["internalTrafficPolicy"].as_str() == Some("Local"),
            affinity_seconds: affinity.then(|| seconds.unwrap_or(AFFINITY_SECONDS)),
            external_name: text(&spec["externalName"]),
            selector: labels(&spec["selector"]),
            left_to_others: ["service-proxy-name", "headless"].iter().any(|label| {
                let label = format!("service.kubernetes.io/{label}");
                !service["metadata"]["labels"][label.as_str()].is_null()
            }),
        }
    }

    /// `None` for a slice that belongs to no Service.
    fn endpoint_slice(&mut self, slice: &Value) -> Option<EndpointSlice> {
        let service = text(&slice["metadata"]["labels"]["kubernetes.io/service-name"])?;
        let ports = list(&slice["ports"]).filter_map(|port| {
            let protocol = self.protocol(&port["protocol"]);
            Some((
                text(&port["name"]).unwrap_or_default(),
                protocol,
                self.port(&port["port"])?,
            ))
        });
        let ports = ports.collect();
        let of_pods = slice["addressType"].as_str() != Some("FQDN");
        let endpoints = list(&slice["endpoints"]).filter(|_| of_pods);
        Some(EndpointSlice {
            namespace: namespace(slice),
            service,
            ports,
            endpoints: endpoints.map(|endpoint| self.endpoint(endpoint)).collect(),
        })
    }

    fn endpoint(&mut self, endpoint: &Value) -> Endpoint {
        let conditions = &endpoint["conditions"];
        // The API says what a condition that is not given stands for.
        let ready = conditions["ready"].as_bool().unwrap_or(true);
        let target = &endpoint["targetRef"];
        let is_pod = target["kind"].as_str() == Some("Pod");
        let pod = text(&target["namespace"])
            .zip(text(&target["name"]))
            .filter(|_| is_pod);
        Endpoint {
            addresses: self.all::<IpAddr>(list(&endpoint["addresses"])),
            ready,
            serving: conditions["serving"].as_bool().unwrap_or(ready),
            terminating: conditions["terminating"].as_bool().unwrap_or(false),
            node: text(&endpoint["nodeName"]),
            pod,
            hint_zones: hints(&endpoint["hints"]["forZones"]),
            hint_nodes: hints(&endpoint["hints"]["forNodes"]),
        }
    }
}

/// The names of zones or nodes.
fn hints(values: &Value) -> Vec<String> {
    list(values)
        .filter_map(|value| text(&value["name"]))
        .collect()
}

/// Keys and values of texts.
fn labels(value: &Value) -> Option<Vec<(String, String)>> {
    let all = value.as_object()?.iter();
    Some(
        all.filter_map(|(key, value)| Some((key.clone(), text(value)?)))
            .collect(),
    )
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// A list, or where that is missing the older field with its first element.
fn several_or_one<'a>(several: &'a Value, one: &'a Value) -> impl Iterator<Item = &'a Value> {
    let alone = several.as_array().is_none_or(Vec::is_empty).then_some(one);
    list(several).chain(alone)
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

fn namespace(object: &Value) -> String {
    text(&object["metadata"]["namespace"]).unwrap_or_else(|| "default".to_owned())
}

/// The uid by which its node knows a pod. That of a static pod is not its object's, which only mirrors it and says so
/// (kubernetes/pkg/kubelet/pod/mirror_client.go).
fn uid_on_node(metadata: &Value) -> Option<String> {
    text(&metadata["annotations"]["kubernetes.io/config.mirror"]).or_else(|| text(&metadata["uid"]))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_uid_of_a_static_pod_is_the_kubelets() {
        let (of_object, of_kubelet) = (
            "0d8b4a49-4a5a-4ab0-9d3f-6cf7c1f0ae1c",
            "43ca9c4ab0a84d2bb3d5b0d0f93cd3a4",
        );
        let ordinary = json!({"name": "client", "uid": of_object, "annotations": {"a": "b"}});
        assert_eq!(uid_on_node(&ordinary).as_deref(), Some(of_object));
        let mirror = json!({
            "name": "kube-apiserver-master", "uid": of_object,
            "annotations": {
                "kubernetes.io/config.hash": of_kubelet, "kubernetes.io/config.mirror": of_kubelet,
                "kubernetes.io/config.source": "file",
            },
        });
        assert_eq!(uid_on_node(&mirror).as_deref(), Some(of_kubelet));
    }
}
