//! Ports and addresses that two want.
//!
//! Translation comes before any socket is looked for, so a program that listens on a NodePort or host port is never
//! reached from outside the node by it, and the kernel says nothing when it binds the port.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::check::{Check, NodeView, Report, Scene};
use crate::model::trace::Evidence;
use crate::model::{
    Cluster, Finding, ObjectKind, Part, Place, Protocol, Service, ServicePort, Severity, Socket,
    SocketState,
};

pub(super) const HOST_PORT_TWICE: Check = Check {
    id: "host-port-taken",
    catalogue: &["E14"],
    severity: Severity::Error,
    docs: "Two pods of a node have the same host port, or a pod's host port is a Service's NodePort: whichever rule stands \
           first gets every connection. The scheduler keeps pods with the same host port apart, but not from NodePorts, \
           and not where a pod names its node itself. Give one of them another port.",
};

pub(super) const IN_USE: Check = Check {
    id: "node-port-in-use",
    catalogue: &["F22", "E14"],
    severity: Severity::Warning,
    docs: "A program of the node listens on a port that is a Service's NodePort: connections from elsewhere are translated \
           before any socket is looked for, so they reach the Service and never the program. kube-proxy before 1.27 held \
           its NodePorts open by sockets of its own; those are passed over where the socket's program is known, or where \
           all NodePorts have one.",
};

pub(super) const EXTERNAL_IP: Check = Check {
    id: "external-ip-taken",
    catalogue: &["F20"],
    severity: Severity::Error,
    docs: "A Service has an external IP that is somebody's already, with a port at which that one is asked: a pod's, another \
           Service's, the API server's, a name server's, or a node's with a program that listens. Every node translates \
           what its pods send there to the Service's endpoints, so the true owner is no more reached \
           (CVE-2020-8554 is this on purpose).",
};

pub(super) fn look(scene: &Scene<'_>, report: &mut Report) {
    let objects = &scene.cluster.objects;
    let unread = |kind| objects.incomplete.contains(&kind);
    for (node, _, netns) in scene.hosts() {
        if unread(ObjectKind::Service) {
            let why = "the Services were not read from the API";
            report.skip_all(&[HOST_PORT_TWICE, IN_USE, EXTERNAL_IP], node.name, why);
            continue;
        }
        report.judge(&HOST_PORT_TWICE, node.name, host_ports(scene.cluster, node));
        report.judge(&EXTERNAL_IP, node.name, Vec::new());
        match &netns.sockets {
            Some(sockets) if node.has_whole(Part::Sockets) => {
                report.judge(&IN_USE, node.name, in_use(scene.cluster, node, sockets));
            }
            _ => report.skip_all(&[IN_USE], node.name, "its sockets were not read"),
        }
    }
    if unread(ObjectKind::Service) {
        return;
    }
    for service in &objects.services {
        report.findings.extend(external_ips(scene, service));
    }
}

fn name(service: &Service) -> String {
    format!("{}/{}", service.namespace, service.name)
}

/// Every NodePort of the cluster that rules may lead to.
fn node_ports(cluster: &Cluster) -> impl Iterator<Item = (&Service, &ServicePort, u16)> {
    let services = cluster.objects.services.iter();
    services
        .filter(|service| !service.left_to_others)
        .flat_map(|service| service.ports.iter().map(move |port| (service, port)))
        .filter_map(|(service, port)| Some((service, port, port.node_port?)))
}

fn host_ports(cluster: &Cluster, node: &NodeView<'_>) -> Vec<Finding> {
    let mut owners: BTreeMap<(u16, String), Vec<String>> = BTreeMap::new();
    let pods = cluster.objects.pods.iter();
    let here = pods.filter(|pod| pod.node.as_deref() == Some(node.name) && !pod.has_ended());
    for pod in here.filter(|pod| !pod.host_network) {
        for port in &pod.ports {
            let Some(number) = port.host_port else {
                continue;
            };
            let key = (number, port.protocol.to_string());
            let owner = format!("pod {}/{}", pod.namespace, pod.name);
            let all = owners.entry(key).or_default();
            if !all.contains(&owner) {
                all.push(owner);
            }
        }
    }
    for (service, port, number) in node_ports(cluster) {
        let key = (number, port.protocol.to_string());
        if let Some(all) = owners.get_mut(&key) {
            all.push(format!("NodePort of Service {}", name(service)));
        }
    }
    let several = owners.into_iter().filter(|(_, all)| all.len() > 1);
    several
        .map(|((port, protocol), all)| {
            let title = format!(
                "port {port}/{protocol} of {} is wanted by {} at once",
                node.name,
                all.len()
            );
            let impact = "whichever rule stands first gets every connection".to_owned();
            let mut finding = HOST_PORT_TWICE.finding(node.place(None), title, impact);
            finding.evidence = all
                .into_iter()
                .map(|owner| Evidence {
                    source: owner,
                    raw: format!("{port}/{protocol}"),
                })
                .collect();
            finding.mentions = vec![format!("--dport {port}"), format!("dport {port}")];
            finding
        })
        .collect()
}

fn in_use(cluster: &Cluster, node: &NodeView<'_>, sockets: &[Socket]) -> Vec<Finding> {
    let holder = |protocol: Protocol, number: u16| {
        sockets.iter().find(|socket| {
            socket.protocol == protocol
                && socket.port == number
                && (socket.state == SocketState::Listen || protocol == Protocol::Udp)
                && !socket.address.is_some_and(|ip| ip.is_loopback())
        })
    };
    let all: Vec<_> = node_ports(cluster).collect();
    let held = |(_, port, number): &(&Service, &ServicePort, u16)| holder(port.protocol, *number);
    // As kube-proxy itself would hold them.
    let every_one = all.iter().all(|one| held(one).is_some());
    let foreign = |socket: &Socket| match socket.raw.contains("users:((") {
        true => !socket.raw.contains("\"kube-proxy\""),
        false => !every_one,
    };
    all.iter()
        .filter_map(|one| Some((one, held(one).filter(|socket| foreign(socket))?)))
        .map(|((service, port, number), socket)| {
            let title = format!(
                "a program of {} listens on {number}/{}, the NodePort of Service {}",
                node.name,
                port.protocol,
                name(service)
            );
            let impact = "from other machines it is not reached: the Service is".to_owned();
            let mut finding = IN_USE.finding(node.place(None), title, impact);
            finding.evidence = vec![
                Evidence {
                    source: "ss -lntup".to_owned(),
                    raw: socket.raw.clone(),
                },
                Evidence {
                    source: format!("Service {}", name(service)),
                    raw: format!("nodePort: {number}"),
                },
            ];
            finding.fix = vec![format!(
                "ss -lntup 'sport = :{number}'  # whose it is: move it to another port"
            )];
            finding.mentions = vec![format!(":{number}")];
            finding
        })
        .collect()
}

fn external_ips(scene: &Scene<'_>, service: &Service) -> Vec<Finding> {
    let mut found = Vec::new();
    for ip in &service.external_ips {
        for port in &service.ports {
            let Some(owner) = owner(scene, service, *ip, port) else {
                continue;
            };
            let place = Place {
                node: None,
                netns: None,
                device: None,
            };
            let title = format!(
                "Service {} has the external IP {ip} with port {}, which is {}",
                name(service),
                port.port,
                owner.source
            );
            let impact = format!(
                "what is sent to {ip} port {} goes to the Service's endpoints instead",
                port.port
            );
            let mut finding = EXTERNAL_IP.finding(place, title, impact);
            finding.evidence = vec![
                Evidence {
                    source: format!("Service {}", name(service)),
                    raw: format!("externalIPs: {ip}, port: {}/{}", port.port, port.protocol),
                },
                owner,
            ];
            finding.fix = vec![format!(
                "kubectl -n {} edit service {}  # remove {ip} from externalIPs",
                service.namespace, service.name
            )];
            finding.mentions = vec![ip.to_string()];
            found.push(finding);
        }
    }
    found
}

/// Whose an address is, where that one is asked at the port.
fn owner(scene: &Scene<'_>, service: &Service, ip: IpAddr, port: &ServicePort) -> Option<Evidence> {
    let objects = &scene.cluster.objects;
    let evidence = |source: String, raw: &str| {
        Some(Evidence {
            source,
            raw: raw.to_owned(),
        })
    };
    let asked = |other: &&Service| {
        let mut ports = other.ports.iter();
        other.cluster_ips.contains(&ip)
            && ports.any(|one| (one.port, one.protocol) == (port.port, port.protocol))
    };
    if let Some(other) = objects.services.iter().find(asked) {
        return evidence(
            format!("the cluster IP of Service {}", name(other)),
            &ip.to_string(),
        );
    }
    let mut pods = objects.pods.iter();
    if let Some(pod) =
        pods.find(|pod| !pod.host_network && !pod.has_ended() && pod.ips.contains(&ip))
    {
        let text = format!("the address of pod {}/{}", pod.namespace, pod.name);
        return evidence(text, &ip.to_string());
    }
    let is_api = |slice: &&crate::model::EndpointSlice| {
        let mut ends = slice.endpoints.iter();
        let mut ports = slice.ports.iter();
        (slice.namespace.as_str(), slice.service.as_str()) == ("default", "kubernetes")
            && ends.any(|end| end.addresses.contains(&ip))
            && ports.any(|(_, protocol, number)| (*number, *protocol) == (port.port, port.protocol))
    };
    let foreign = (service.namespace.as_str(), service.name.as_str()) != ("default", "kubernetes");
    if foreign && objects.endpoint_slices.iter().any(|slice| is_api(&slice)) {
        let text = "the API server".to_owned();
        return evidence(text, "EndpointSlice of default/kubernetes");
    }
    if port.port == 53 {
        let line = format!("nameserver {ip}");
        let asks = |text: &str| text.lines().any(|one| one.trim() == line);
        let mut all = scene.cluster.all_netns();
        let found = all.find(|(_, netns)| netns.resolv_conf.as_deref().is_some_and(asks));
        if let Some((id, netns)) = found {
            let place = format!("{} / {}", scene.cluster.node_name(id), netns.name);
            return evidence(format!("the name server of {place}"), &line);
        }
    }
    scene.hosts().find_map(|(node, _, netns)| {
        let on_device = netns.links.iter().flatten().any(|link| {
            link.name != "kube-ipvs0" && netns.addresses_of(&link.name).any(|one| one.ip == ip)
        });
        let sockets = netns.sockets.iter().flatten();
        let mut listening = sockets.filter(|socket| {
            let here = socket
                .address
                .is_none_or(|bound| bound == ip || bound.is_unspecified());
            here && socket.port == port.port && socket.protocol == port.protocol
        });
        let socket = listening.next().filter(|_| on_device)?;
        evidence(
            format!("{}'s own, where a program listens", node.name),
            &socket.raw,
        )
    })
}
