//! The lab's objects as `kubectl get ... -A -o json` prints them.

use std::net::IpAddr;

use serde_json::{Map, Value, json};

use super::flannel;
use super::spec::Spec;
use crate::model::{
    Endpoint, EndpointSlice, NodeObject, Objects, Pod, PortRef, Protocol, Service, ServicePort,
};

/// File names below `k8s/`, and what is in them.
pub fn files(spec: &Spec) -> [(&'static str, Value); 4] {
    let Objects {
        pods,
        services,
        endpoint_slices,
        nodes,
        incomplete: _,
        whole_nodes: _,
        whole_services: _,
    } = &spec.objects;
    [
        (
            "nodes.json",
            list(nodes.iter().map(|object| node(spec, object))),
        ),
        (
            "pods.json",
            list(pods.iter().map(|object| pod(&spec.objects, object))),
        ),
        ("services.json", list(services.iter().map(service))),
        (
            "endpointslices.json",
            list(endpoint_slices.iter().map(endpoint_slice)),
        ),
    ]
}

fn list(items: impl Iterator<Item = Value>) -> Value {
    json!({"apiVersion": "v1", "items": items.collect::<Vec<_>>(), "kind": "List", "metadata": {"resourceVersion": ""}})
}

fn node(spec: &Spec, object: &NodeObject) -> Value {
    let NodeObject {
        name,
        addresses,
        pod_cidrs,
        zone,
        flannel,
    } = object;
    let mut annotations: Vec<(String, String)> = flannel.clone();
    // A specification made from another cluster's objects need not know what flannel writes.
    if annotations.is_empty() {
        annotations = flannel::annotations(spec.backend, spec.vni, object);
    }
    let annotations: Map<_, _> = annotations
        .into_iter()
        .map(|(key, value)| (format!("flannel.alpha.coreos.com/{key}"), json!(value)))
        .collect();
    let mut labels = Map::new();
    labels.insert("kubernetes.io/hostname".to_owned(), json!(name));
    labels.insert("kubernetes.io/os".to_owned(), json!("linux"));
    if let Some(zone) = zone {
        labels.insert("topology.kubernetes.io/zone".to_owned(), json!(zone));
    }
    let mut status: Vec<_> = addresses
        .iter()
        .map(|address| json!({"address": address, "type": "InternalIP"}))
        .collect();
    status.push(json!({"address": name, "type": "Hostname"}));
    json!({
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"annotations": annotations, "labels": labels, "name": name},
        "spec": {"podCIDR": pod_cidrs.first(), "podCIDRs": pod_cidrs},
        "status": {
            "addresses": status,
            "conditions": [{"message": "Flannel is running on this node", "reason": "FlannelIsUp", "status": "False",
                "type": "NetworkUnavailable"}, {"reason": "KubeletReady", "status": "True", "type": "Ready"}]
        }
    })
}

fn pod(objects: &Objects, object: &Pod) -> Value {
    let Pod {
        namespace,
        name,
        node,
        ips,
        host_network,
        uid,
        phase,
        labels,
        ports: _,
    } = object;
    let host = objects
        .nodes
        .iter()
        .find(|one| Some(&one.name) == node.as_ref())
        .and_then(|node| node.addresses.first());
    let mut spec = json!({
        "containers": [{"name": "server", "ports": container_ports(objects, object)}],
        "nodeName": node,
    });
    if *host_network {
        spec["hostNetwork"] = json!(true);
    }
    let mut metadata = json!({"name": name, "namespace": namespace});
    if let Some(uid) = uid {
        metadata["uid"] = json!(uid);
    }
    if !labels.is_empty() {
        metadata["labels"] = self::labels(labels);
    }
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": metadata,
        "spec": spec,
        "status": {
            "conditions": [{"status": "True", "type": "Ready"}],
            "hostIP": host,
            "phase": phase,
            "podIP": ips.first(),
            "podIPs": ips.iter().map(|ip| json!({"ip": ip})).collect::<Vec<_>>()
        }
    })
}

/// The ports that a pod's containers declare, or where they declare none those that EndpointSlices name for it.
fn container_ports(objects: &Objects, pod: &Pod) -> Vec<Value> {
    let declared = pod.ports.iter().map(|port| {
        let mut shown = json!({"containerPort": port.port, "protocol": upper(port.protocol)});
        if !port.name.is_empty() {
            shown["name"] = json!(port.name);
        }
        if let Some(host_port) = port.host_port {
            shown["hostPort"] = json!(host_port);
        }
        shown
    });
    let mut ports: Vec<Value> = declared.collect();
    if !ports.is_empty() {
        return ports;
    }
    let identity = Some((pod.namespace.clone(), pod.name.clone()));
    for slice in &objects.endpoint_slices {
        if slice
            .endpoints
            .iter()
            .any(|endpoint| endpoint.pod == identity)
        {
            for (_, protocol, number) in &slice.ports {
                let port = json!({"containerPort": number, "protocol": upper(*protocol)});
                if !ports.contains(&port) {
                    ports.push(port);
                }
            }
        }
    }
    ports
}

fn service(object: &Service) -> Value {
    let mut spec = Map::new();
    let policy = |local: bool| json!(if local { "Local" } else { "Cluster" });
    let is_external_name = object.kind == "ExternalName";
    if object.headless {
        spec.insert("clusterIP".to_owned(), json!("None"));
        spec.insert("clusterIPs".to_owned(), json!(["None"]));
    } else if !is_external_name {
        spec.insert("clusterIP".to_owned(), json!(object.cluster_ips.first()));
        spec.insert("clusterIPs".to_owned(), json!(object.cluster_ips));
    }
    if !object.external_ips.is_empty() {
        spec.insert("externalIPs".to_owned(), json!(object.external_ips));
    }
    if let Some(name) = &object.external_name {
        spec.insert("externalName".to_owned(), json!(name));
    }
    if object.kind == "NodePort" || object.kind == "LoadBalancer" || !object.external_ips.is_empty()
    {
        spec.insert(
            "externalTrafficPolicy".to_owned(),
            policy(object.external_local),
        );
    }
    if let Some(selector) = &object.selector {
        spec.insert("selector".to_owned(), labels(selector));
    }
    if let Some(port) = object.health_check_node_port {
        spec.insert("healthCheckNodePort".to_owned(), json!(port));
    }
    if !is_external_name {
        spec.insert(
            "internalTrafficPolicy".to_owned(),
            policy(object.internal_local),
        );
    }
    if !object.source_ranges.is_empty() {
        spec.insert(
            "loadBalancerSourceRanges".to_owned(),
            json!(object.source_ranges),
        );
    }
    if !object.ports.is_empty() {
        spec.insert(
            "ports".to_owned(),
            object.ports.iter().map(service_port).collect(),
        );
    }
    match object.affinity_seconds {
        Some(seconds) => {
            spec.insert("sessionAffinity".to_owned(), json!("ClientIP"));
            spec.insert(
                "sessionAffinityConfig".to_owned(),
                json!({"clientIP": {"timeoutSeconds": seconds}}),
            );
        }
        None => {
            spec.insert("sessionAffinity".to_owned(), json!("None"));
        }
    }
    spec.insert("type".to_owned(), json!(object.kind));
    let ingress: Vec<_> = object
        .load_balancer_ips
        .iter()
        .map(|ip| {
            let mode = if object.load_balancer_proxy_ips.contains(ip) {
                "Proxy"
            } else {
                "VIP"
            };
            json!({"ip": ip, "ipMode": mode})
        })
        .collect();
    let balancer = if ingress.is_empty() {
        json!({})
    } else {
        json!({"ingress": ingress})
    };
    json!({
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": object.name, "namespace": object.namespace},
        "spec": spec,
        "status": {"loadBalancer": balancer}
    })
}

fn labels(labels: &[(String, String)]) -> Value {
    let all = labels.iter();
    all.map(|(key, value)| (key.clone(), json!(value)))
        .collect()
}

fn service_port(port: &ServicePort) -> Value {
    let mut entry = Map::new();
    if !port.name.is_empty() {
        entry.insert("name".to_owned(), json!(port.name));
    }
    if let Some(number) = port.node_port {
        entry.insert("nodePort".to_owned(), json!(number));
    }
    entry.insert("port".to_owned(), json!(port.port));
    entry.insert("protocol".to_owned(), upper(port.protocol));
    let target = match &port.target_port {
        PortRef::Number(number) => json!(number),
        PortRef::Name(name) => json!(name),
    };
    entry.insert("targetPort".to_owned(), target);
    Value::Object(entry)
}

fn endpoint_slice(object: &EndpointSlice) -> Value {
    let EndpointSlice {
        namespace,
        service,
        ports,
        endpoints,
    } = object;
    let v6 = endpoints
        .iter()
        .flat_map(|endpoint| &endpoint.addresses)
        .any(IpAddr::is_ipv6);
    let ports: Vec<_> = ports
        .iter()
        .map(|(name, protocol, number)| json!({"name": name, "port": number, "protocol": upper(*protocol)}))
        .collect();
    json!({
        "addressType": if v6 { "IPv6" } else { "IPv4" },
        "apiVersion": "discovery.k8s.io/v1",
        "endpoints": endpoints.iter().map(endpoint).collect::<Vec<_>>(),
        "kind": "EndpointSlice",
        "metadata": {
            "labels": {"kubernetes.io/service-name": service},
            "name": format!("{service}-{}", if v6 { "v6" } else { "v4" }),
            "namespace": namespace
        },
        "ports": ports
    })
}

fn endpoint(object: &Endpoint) -> Value {
    let Endpoint {
        addresses,
        ready,
        serving,
        terminating,
        node,
        pod,
        hint_zones,
        hint_nodes,
    } = object;
    let mut entry = json!({
        "addresses": addresses,
        "conditions": {"ready": ready, "serving": serving, "terminating": terminating},
    });
    for (key, hints) in [("forZones", hint_zones), ("forNodes", hint_nodes)] {
        if !hints.is_empty() {
            let names = hints.iter().map(|name| json!({"name": name}));
            entry["hints"][key] = names.collect();
        }
    }
    if let Some(node) = node {
        entry["nodeName"] = json!(node);
    }
    if let Some((namespace, name)) = pod {
        entry["targetRef"] = json!({"kind": "Pod", "name": name, "namespace": namespace});
    }
    entry
}

fn upper(protocol: Protocol) -> Value {
    json!(protocol.to_string().to_ascii_uppercase())
}
