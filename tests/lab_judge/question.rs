//! What is asked of the kernel and of the walk alike.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use kubenet::cli::endpoint::{self, Question};
use kubenet::model::trace::Trace;
use kubenet::model::{Cluster, Objects, Pod, Protocol};
use kubenet::walk;

/// A connection: from a pod or node to an address.
#[derive(Debug, Clone)]
pub struct Asked {
    /// As a user says it: `client`, `node/node1`.
    pub from: String,
    pub protocol: Protocol,
    pub to: SocketAddr,
    /// Bytes of the IP packet, of UDP alone.
    pub size: Option<u32>,
    /// Whether what can be read of the nodes does not hold the answer.
    pub unknowable: bool,
}

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.from, self.protocol, self.to)?;
        self.size.map_or(Ok(()), |size| write!(f, " {size}"))
    }
}

impl Asked {
    /// `client tcp 10.42.1.7:8080`, and for UDP perhaps the bytes of the packet after it; `? ` before what is unknowable.
    pub fn read(text: &str) -> Self {
        let unknowable = text.starts_with("? ");
        let mut words = text.trim_start_matches("? ").split(' ');
        let mut next = || words.next().unwrap_or_else(|| panic!("{text:?} is short"));
        Self {
            from: next().to_owned(),
            protocol: next().parse().expect("a protocol"),
            to: next().parse().expect("an address and port"),
            size: words.next().map(|size| size.parse().expect("bytes")),
            unknowable,
        }
    }

    /// What the walk says to it.
    pub fn trace(&self, cluster: &Cluster) -> Trace {
        let question = Question {
            protocol: Some(self.protocol),
            size: self.size,
            ..Question::new(
                endpoint::parse(&self.from).expect("FROM"),
                endpoint::parse(&self.to.to_string()).expect("TO"),
            )
        };
        walk::trace(
            cluster,
            &endpoint::resolve(cluster, &question).expect("both ends are known"),
        )
    }
}

/// Every Service port from a pod and from the node of each node; pods on every node from the same, over TCP and UDP;
/// where nothing listens; and where nobody is.
pub fn all(objects: &Objects) -> Vec<Asked> {
    let pods: Vec<&Pod> = objects
        .pods
        .iter()
        .filter(|pod| !pod.host_network)
        .collect();
    let clients = pods.iter().filter(|pod| pod.name.contains("client"));
    let senders: Vec<String> = clients
        .map(|pod| format!("{}/{}", pod.namespace, pod.name))
        .chain(
            objects
                .nodes
                .iter()
                .map(|node| format!("node/{}", node.name)),
        )
        .collect();
    let mut wanted = services(objects);
    let listening = listening(objects, &pods);
    for node in &objects.nodes {
        for protocol in [Protocol::Tcp, Protocol::Udp] {
            let one = listening
                .iter()
                .find(|(on, of, _)| *on == node.name && *of == protocol);
            wanted.extend(one.map(|(_, protocol, to)| (*protocol, *to)));
        }
    }
    if let Some((_, _, to)) = listening.first() {
        let closed = SocketAddr::new(to.ip(), 9);
        let nobody = SocketAddr::new(IpAddr::from([10, 42, 1, 199]), 80);
        wanted.extend([
            (Protocol::Tcp, closed),
            (Protocol::Udp, closed),
            (Protocol::Tcp, nobody),
        ]);
    }
    let ask = |from: &String| {
        let from = from.clone();
        wanted.iter().map(move |(protocol, to)| Asked {
            from: from.clone(),
            protocol: *protocol,
            to: *to,
            size: None,
            unknowable: false,
        })
    };
    senders.iter().flat_map(ask).collect()
}

/// The Service ports that pods serve: the API server is none of the lab's.
fn services(objects: &Objects) -> Vec<(Protocol, SocketAddr)> {
    let served_by_pods = objects.services.iter().filter(|service| {
        let mut slices = objects
            .endpoint_slices
            .iter()
            .filter(|slice| slice.namespace == service.namespace && slice.service == service.name);
        slices.all(|slice| slice.endpoints.iter().all(|end| end.pod.is_some()))
    });
    served_by_pods
        .flat_map(|service| {
            let ports = service.ports.iter();
            ports.filter_map(|port| {
                let ip = *service.cluster_ips.first()?;
                Some((port.protocol, SocketAddr::new(ip, port.port)))
            })
        })
        .collect()
}

/// Where pods serve: node, protocol, address.
fn listening<'a>(objects: &'a Objects, pods: &[&'a Pod]) -> Vec<(&'a str, Protocol, SocketAddr)> {
    let served = |pod: &'a Pod| {
        let id = (pod.namespace.clone(), pod.name.clone());
        objects
            .endpoint_slices
            .iter()
            .filter(move |slice| {
                slice
                    .endpoints
                    .iter()
                    .any(|end| end.pod.as_ref() == Some(&id))
            })
            .flat_map(|slice| &slice.ports)
            .filter_map(|(_, protocol, port)| {
                let to = SocketAddr::new(*pod.ips.first()?, *port);
                Some((pod.node.as_deref()?, *protocol, to))
            })
    };
    pods.iter().flat_map(|pod| served(pod)).collect()
}
