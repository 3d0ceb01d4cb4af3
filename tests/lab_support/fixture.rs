//! The dump of a real cluster, and the lab specification that asks for the same cluster.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read as _;
use std::net::IpAddr;
use std::path::Path;

use kubenet::lab::spec::{Backend, IptablesBackend, Networks, Proxy, Spec};
use kubenet::model::{
    ContainerPort, Endpoint, EndpointSlice, NodeObject, Objects, Pod, PortRef, Protocol, Service,
    ServicePort,
};
use serde_json::Value;

/// The files of one bundle under tests/fixtures/clusters.
pub struct Fixture {
    files: BTreeMap<String, String>,
}

impl Fixture {
    /// Unpacks a bundle into memory.
    pub fn read(name: &str) -> Self {
        Self::open(
            &Path::new(env!("CARGO_MANIFEST_DIR"))
                .join(format!("tests/fixtures/clusters/{name}.tar.zst")),
        )
    }

    /// Unpacks any `.tar.zst` bundle.
    pub fn open(path: &Path) -> Self {
        let file = File::open(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let mut archive = tar::Archive::new(zstd::Decoder::new(file).unwrap());
        let mut files = BTreeMap::new();
        for entry in archive.entries().unwrap() {
            let mut entry = entry.unwrap();
            if !entry.header().entry_type().is_file() {
                continue;
            }
            let path = entry.path().unwrap().to_str().unwrap().to_owned();
            // Paths may begin with `./` or `bundle/`: what counts begins with `k8s/` or `nodes/`.
            let start = path
                .find("nodes/")
                .into_iter()
                .chain(path.find("k8s/"))
                .min();
            let mut text = String::new();
            entry.read_to_string(&mut text).unwrap();
            files.insert(path[start.unwrap_or(0)..].to_owned(), text);
        }
        Self { files }
    }

    /// Reads a bundle that is a directory.
    pub fn read_directory(path: &Path) -> Self {
        let mut files = BTreeMap::new();
        let mut left = vec![path.to_owned()];
        while let Some(next) = left.pop() {
            if next.is_dir() {
                left.extend(
                    std::fs::read_dir(&next)
                        .unwrap()
                        .map(|entry| entry.unwrap().path()),
                );
            } else {
                let name = next
                    .strip_prefix(path)
                    .unwrap()
                    .to_str()
                    .unwrap()
                    .to_owned();
                files.insert(name, std::fs::read_to_string(&next).unwrap());
            }
        }
        Self { files }
    }

    /// Names of all files.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }

    /// A file's text.
    pub fn text(&self, name: &str) -> String {
        self.files
            .get(name)
            .unwrap_or_else(|| panic!("the fixture has no {name}"))
            .clone()
    }

    /// A file's JSON.
    pub fn json(&self, name: &str) -> Value {
        serde_json::from_str(&self.text(name)).unwrap()
    }

    /// The lab that has the same nodes, pods and Services.
    pub fn spec(&self) -> Spec {
        Spec {
            backend: Backend::Vxlan,
            iptables: IptablesBackend::Nft,
            proxy: Proxy::Iptables,
            networks: vec![
                Networks {
                    lans: vec!["192.168.205.1/24".parse().unwrap()],
                    outside: "203.0.113.10".parse().unwrap(),
                    cluster_cidr: "10.42.0.0/16".parse().unwrap(),
                    service_cidr: "10.43.0.0/16".parse().unwrap(),
                },
                Networks {
                    lans: vec!["fd00:205::1/64".parse().unwrap()],
                    outside: "2001:db8::10".parse().unwrap(),
                    cluster_cidr: "fd00:42::/56".parse().unwrap(),
                    service_cidr: "fd00:43::/112".parse().unwrap(),
                },
            ],
            vni: 1,
            vxlan_port: 8472,
            objects: self.objects(),
        }
    }

    fn objects(&self) -> Objects {
        let items = |kind: &str| {
            self.json(&format!("k8s/{kind}.json"))["items"]
                .as_array()
                .unwrap()
                .clone()
        };
        Objects {
            nodes: items("nodes").iter().map(node).collect(),
            pods: items("pods").iter().map(pod).collect(),
            services: items("services").iter().map(service).collect(),
            endpoint_slices: items("endpointslices").iter().map(endpoint_slice).collect(),
            incomplete: BTreeSet::new(),
            whole_nodes: BTreeSet::new(),
            whole_services: BTreeSet::new(),
        }
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn ips(value: &Value) -> Vec<IpAddr> {
    list(value)
        .iter()
        .filter_map(|ip| ip.as_str()?.parse().ok())
        .collect()
}

fn port(value: &Value) -> Option<u16> {
    value.as_u64().map(|port| port.try_into().unwrap())
}

fn protocol(value: &Value) -> Protocol {
    value.as_str().unwrap_or("TCP").parse().unwrap()
}

fn node(object: &Value) -> NodeObject {
    NodeObject {
        name: text(&object["metadata"]["name"]),
        addresses: list(&object["status"]["addresses"])
            .iter()
            .filter(|address| address["type"] == "InternalIP")
            .map(|address| text(&address["address"]).parse().unwrap())
            .collect(),
        pod_cidrs: list(&object["spec"]["podCIDRs"])
            .iter()
            .map(|cidr| text(cidr).parse().unwrap())
            .collect(),
        zone: object["metadata"]["labels"]["topology.kubernetes.io/zone"]
            .as_str()
            .map(str::to_owned),
        flannel: Vec::new(),
    }
}

fn labels(value: &Value) -> Option<Vec<(String, String)>> {
    let all = value.as_object()?.iter();
    Some(all.map(|(key, value)| (key.clone(), text(value))).collect())
}

fn pod(object: &Value) -> Pod {
    Pod {
        namespace: text(&object["metadata"]["namespace"]),
        name: text(&object["metadata"]["name"]),
        node: object["spec"]["nodeName"].as_str().map(str::to_owned),
        ips: list(&object["status"]["podIPs"])
            .iter()
            .map(|ip| text(&ip["ip"]).parse().unwrap())
            .collect(),
        host_network: object["spec"]["hostNetwork"] == true,
        uid: object["metadata"]["uid"].as_str().map(str::to_owned),
        phase: object["status"]["phase"].as_str().map(str::to_owned),
        labels: labels(&object["metadata"]["labels"]).unwrap_or_default(),
        ports: list(&object["spec"]["containers"])
            .iter()
            .flat_map(|container| list(&container["ports"]))
            .map(|entry| ContainerPort {
                name: text(&entry["name"]),
                protocol: protocol(&entry["protocol"]),
                port: port(&entry["containerPort"]).unwrap(),
                host_port: port(&entry["hostPort"]),
            })
            .collect(),
    }
}

fn service(object: &Value) -> Service {
    let (spec, status) = (&object["spec"], &object["status"]);
    let ingress = list(&status["loadBalancer"]["ingress"]);
    let ingress_ips = |proxied: Option<bool>| {
        ingress
            .iter()
            .filter(|ingress| {
                proxied.is_none_or(|proxied| (ingress["ipMode"] == "Proxy") == proxied)
            })
            .filter_map(|ingress| ingress["ip"].as_str()?.parse().ok())
            .collect()
    };
    Service {
        namespace: text(&object["metadata"]["namespace"]),
        name: text(&object["metadata"]["name"]),
        kind: text(&spec["type"]),
        cluster_ips: ips(&spec["clusterIPs"]),
        headless: spec["clusterIP"] == "None",
        ports: list(&spec["ports"])
            .iter()
            .map(|entry| ServicePort {
                name: text(&entry["name"]),
                protocol: protocol(&entry["protocol"]),
                port: port(&entry["port"]).unwrap(),
                target_port: match &entry["targetPort"] {
                    Value::String(name) => PortRef::Name(name.clone()),
                    number => PortRef::Number(port(number).unwrap()),
                },
                node_port: port(&entry["nodePort"]),
            })
            .collect(),
        external_ips: ips(&spec["externalIPs"]),
        selector: labels(&spec["selector"]),
        load_balancer_ips: ingress_ips(None),
        load_balancer_proxy_ips: ingress_ips(Some(true)),
        source_ranges: list(&spec["loadBalancerSourceRanges"])
            .iter()
            .map(|net| text(net).parse().unwrap())
            .collect(),
        health_check_node_port: port(&spec["healthCheckNodePort"]),
        external_local: spec["externalTrafficPolicy"] == "Local",
        internal_local: spec["internalTrafficPolicy"] == "Local",
        affinity_seconds: (spec["sessionAffinity"] == "ClientIP").then(|| {
            spec["sessionAffinityConfig"]["clientIP"]["timeoutSeconds"]
                .as_u64()
                .unwrap() as u32
        }),
        external_name: spec["externalName"].as_str().map(str::to_owned),
        left_to_others: false,
    }
}

fn endpoint_slice(object: &Value) -> EndpointSlice {
    EndpointSlice {
        namespace: text(&object["metadata"]["namespace"]),
        service: text(&object["metadata"]["labels"]["kubernetes.io/service-name"]),
        ports: list(&object["ports"])
            .iter()
            .map(|entry| {
                (
                    text(&entry["name"]),
                    protocol(&entry["protocol"]),
                    port(&entry["port"]).unwrap(),
                )
            })
            .collect(),
        endpoints: list(&object["endpoints"])
            .iter()
            .map(|endpoint| {
                let conditions = &endpoint["conditions"];
                let ready = conditions["ready"].as_bool().unwrap_or(true);
                Endpoint {
                    addresses: ips(&endpoint["addresses"]),
                    ready,
                    serving: conditions["serving"].as_bool().unwrap_or(ready),
                    terminating: conditions["terminating"].as_bool().unwrap_or(false),
                    node: endpoint["nodeName"].as_str().map(str::to_owned),
                    pod: (endpoint["targetRef"]["kind"] == "Pod").then(|| {
                        (
                            text(&endpoint["targetRef"]["namespace"]),
                            text(&endpoint["targetRef"]["name"]),
                        )
                    }),
                    hint_zones: list(&endpoint["hints"]["forZones"])
                        .iter()
                        .map(|zone| text(&zone["name"]))
                        .collect(),
                    hint_nodes: Vec::new(),
                }
            })
            .collect(),
    }
}
