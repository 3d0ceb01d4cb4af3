//! Virtual servers and sets that follow from Services (`syncProxyRules`, `syncService`, `syncEndpoint`).

use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;

use super::sets::Sets;
use crate::lab::spec::{LabNode, Spec, Stack, first_of};
use crate::model::kube_proxy::{Target, Targets, balanced_ips, is_served, protocol_name};
use crate::model::{
    Family, Forwarding, Persistence, Protocol, RealServer, Service, ServicePort, Takes,
    VirtualServer,
};

/// What one address family on a node has.
#[derive(Debug, Clone, Default)]
pub struct Services {
    /// The virtual servers.
    pub virtual_servers: Vec<VirtualServer>,
    /// The addresses on `kube-ipvs0`.
    pub addresses: Vec<IpAddr>,
    /// The ipsets.
    pub sets: Sets,
}

impl Services {
    /// Those of a node.
    pub fn of(spec: &Spec, node: &LabNode<'_>, family: Family, scheduler: &str) -> Self {
        let mut services = Self {
            sets: Sets::new(family),
            ..Self::default()
        };
        let Some(stack) = node.stack(family) else {
            return services;
        };
        let node_ips = node_ips(spec, stack);
        for service in spec.objects.services.iter().filter(|one| is_served(one)) {
            let Some(cluster_ip) = first_of(&service.cluster_ips, family) else {
                continue;
            };
            for port in &service.ports {
                if protocol_name(port.protocol).is_none() {
                    continue;
                }
                let port = Port {
                    service,
                    port,
                    targets: Targets::of(&spec.objects, service, port, family, node.object),
                    scheduler,
                    family,
                };
                port.add(&mut services, cluster_ip, &node_ips, stack.address);
            }
        }
        services.addresses.sort();
        services.addresses.dedup();
        for ip in &services.addresses {
            services.sets.add("IPVS-IPS", ip.to_string());
        }
        services
    }
}

/// The node's own addresses, but for loopback and `kube-ipvs0`: NodePorts answer on each.
fn node_ips(spec: &Spec, stack: &Stack<'_>) -> Vec<IpAddr> {
    let tunnel = spec
        .backend
        .has_tunnels()
        .then_some(stack.pod_cidr.network());
    [Some(stack.address), tunnel, Some(stack.bridge_address())]
        .into_iter()
        .flatten()
        .collect()
}

/// One port of a Service.
struct Port<'a> {
    service: &'a Service,
    port: &'a ServicePort,
    targets: Targets,
    scheduler: &'a str,
    family: Family,
}

impl Port<'_> {
    fn add(&self, services: &mut Services, cluster_ip: IpAddr, node_ips: &[IpAddr], node: IpAddr) {
        let sets = &mut services.sets;
        for target in self.targets.all.iter().filter(|target| target.local) {
            let ip = target.address.ip();
            sets.add(
                "LOOP-BACK",
                format!("{ip},{},{ip}", self.at(target.address.port())),
            );
        }
        let own = self.at(self.port.port);
        sets.add("CLUSTER-IP", format!("{cluster_ip},{own}"));
        let local = self.service.external_local;
        let mut bound = vec![(cluster_ip, self.service.internal_local)];
        let external = self.service.external_ips.iter().copied();
        for ip in external.filter(|ip| Family::of(*ip) == self.family) {
            let set = if local {
                "EXTERNAL-IP-LOCAL"
            } else {
                "EXTERNAL-IP"
            };
            sets.add(set, format!("{ip},{own}"));
            bound.push((ip, local));
        }
        for ip in balanced_ips(self.service, self.family) {
            let entry = format!("{ip},{own}");
            self.add_balanced(sets, ip, &entry, node);
            bound.push((ip, local));
        }
        for (ip, only_local) in bound {
            services.addresses.push(ip);
            let server = self.server(SocketAddr::new(ip, self.port.port), only_local);
            services.virtual_servers.push(server);
        }
        if let Some(node_port) = self.port.node_port {
            self.add_node_port(services, node_port, node_ips);
        }
        if let Some(health) = self.service.health_check_node_port {
            services
                .sets
                .add("HEALTH-CHECK-NODE-PORT", health.to_string());
        }
    }

    fn add_balanced(&self, sets: &mut Sets, ip: IpAddr, entry: &str, node: IpAddr) {
        sets.add("LOAD-BALANCER", entry.to_owned());
        if self.service.external_local {
            sets.add("LOAD-BALANCER-LOCAL", entry.to_owned());
        }
        let ranges = self.service.source_ranges.iter();
        let ranges: Vec<&IpNet> = ranges
            .filter(|net| Family::of(net.addr()) == self.family)
            .collect();
        // An ipset takes no network of everything; what allows it asks for no firewall (kubernetes #132722, 1.34). Before,
        // the entry failed, was logged, and nobody was let in.
        if ranges.is_empty() || ranges.iter().any(|range| range.prefix_len() == 0) {
            return;
        }
        sets.add("LOAD-BALANCER-FW", entry.to_owned());
        for range in &ranges {
            sets.add("LOAD-BALANCER-SOURCE-CIDR", format!("{entry},{range}"));
        }
        // A node that may connect may find itself with the balancer's address as its source.
        if ranges.iter().any(|range| range.contains(&node)) {
            sets.add("LOAD-BALANCER-SOURCE-IP", format!("{entry},{ip}"));
        }
    }

    fn add_node_port(&self, services: &mut Services, node_port: u16, node_ips: &[IpAddr]) {
        let local = self.service.external_local;
        for only_local in [false, true].into_iter().take(1 + usize::from(local)) {
            let infix = if only_local { "LOCAL-" } else { "" };
            match self.port.protocol {
                Protocol::Sctp => {
                    for ip in node_ips {
                        let set = format!("NODE-PORT-{infix}SCTP-HASH");
                        services
                            .sets
                            .add(&set, format!("{ip},{}", self.at(node_port)));
                    }
                }
                protocol => {
                    let name = if protocol == Protocol::Udp {
                        "UDP"
                    } else {
                        "TCP"
                    };
                    let set = format!("NODE-PORT-{infix}{name}");
                    services.sets.add(&set, node_port.to_string());
                }
            }
        }
        for ip in node_ips {
            let server = self.server(SocketAddr::new(*ip, node_port), local);
            services.virtual_servers.push(server);
        }
    }

    /// `tcp:80`, as sets have ports.
    fn at(&self, port: u16) -> String {
        format!("{}:{port}", self.port.protocol)
    }

    /// With a policy of Local, endpoints elsewhere serve where there is none here.
    fn server(&self, address: SocketAddr, only_local: bool) -> VirtualServer {
        let targets: &[Target] = match only_local && !self.targets.local.is_empty() {
            true => &self.targets.local,
            false => &self.targets.cluster,
        };
        let persistence = self.service.affinity_seconds.map(|seconds| Persistence {
            timeout: Some(seconds),
            prefix: if self.family == Family::V4 { 32 } else { 128 },
        });
        let mut server = VirtualServer {
            takes: Takes::Address {
                protocol: self.port.protocol,
                address,
            },
            scheduler: self.scheduler.to_owned(),
            scheduler_flags: Vec::new(),
            one_packet: false,
            persistence,
            servers: Vec::new(),
            in_kernel_order: false,
            raw: String::new(),
        };
        server.raw = server.saved();
        for target in targets {
            let mut real = RealServer {
                address: target.address,
                weight: 1,
                forwarding: Forwarding::Masquerading,
                upper_threshold: 0,
                lower_threshold: 0,
                connections: None,
                raw: String::new(),
            };
            real.raw = real.saved(&server);
            server.servers.push(real);
        }
        server
    }
}
