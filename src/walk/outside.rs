//! Beyond what was captured: a packet that leaves by a real NIC for nobody that is known is delivered to the outside,
//! unless its destination belongs to the cluster. A captured node in another network is reached over routers, which are
//! supposed to do their work; anything else went the wrong way.

use std::net::IpAddr;

use super::arp::subnets;
use super::journey::step;
use super::packet::Packet;
use super::walker::{Delivery, Fate, Recipient, Stop, Walk};
use crate::model::trace::{Assumption, StepKind};
use crate::model::{Family, NetnsId, NetnsName, Part};

impl Walk<'_> {
    /// The packet leaves what was captured: delivered to the outside, lost there, or not to be known.
    pub fn leave_sight(&mut self, netns: NetnsId, device: &str, packet: Packet) -> Fate {
        if let Some((node, end)) = self.beyond_routers(netns, device, packet.destination) {
            return self.be_routed((netns, device), (node, &end), packet);
        }
        let objects = &self.cluster.objects;
        let destination = packet.destination;
        if packet.source == destination {
            let why = format!("what {destination} makes of a packet from itself is not known");
            return Err(self.stop(&packet, Stop::unknown(netns, why).at(device)));
        }
        if packet.inner.is_some() {
            let captured = self
                .cluster
                .all_netns()
                .any(|(_, netns)| netns.has_address(destination));
            let why = match packet.destination_mac {
                Some(mac) if captured => {
                    format!("no captured device has the address {mac}, to which it goes")
                }
                _ => format!("the node at {destination} was not captured"),
            };
            return Err(self.stop(&packet, Stop::unknown(netns, why).at(device)));
        }
        let uncaptured_node = objects
            .nodes
            .iter()
            .find(|node| node.addresses.contains(&destination))
            .or_else(|| {
                let pod_node = objects
                    .nodes
                    .iter()
                    .find(|node| node.pod_cidrs.iter().any(|c| c.contains(&destination)))?;
                self.cluster
                    .host(&pod_node.name)
                    .is_none()
                    .then_some(pod_node)
            });
        if let Some(node) = uncaptured_node {
            let why = format!("it goes to node {}, which was not captured", node.name);
            return Err(self.stop(&packet, Stop::unknown(netns, why).at(device)));
        }
        if let Some(range) = self.cluster_range(netns, &packet) {
            let left = format!("{destination} lies in {range} but leaves the cluster by {device}");
            let stop = match self.owner(&packet) {
                // Some node could still serve it, if a router outside sends it back to one.
                Some(owner) => Stop::unknown(
                    netns,
                    format!(
                        "{left}: whether a router there sends it back, to {owner}, is not known"
                    ),
                ),
                None if !packet.protocol.has_ports() => Stop::dropped(
                    netns,
                    format!("{left}: nobody has it, and no Service answers without a port"),
                ),
                None => Stop::dropped(netns, format!("{left}: nobody has it")),
            };
            return Err(self.stop(&packet, stop.at(device)));
        }
        self.need_whole(netns, Part::Flannel, &packet)?;
        let place = self.place_name(netns);
        self.not_seen(format!(
            "beyond {device} of {place}: outside what was captured"
        ));
        self.journey.step(step(
            StepKind::Wire,
            format!("leaves by {device} as {packet}; what is beyond was not captured"),
        ));
        self.journey.leave(device);
        Ok(Delivery {
            packet,
            to: Recipient::Outside {
                netns,
                device: device.to_owned(),
            },
        })
    }

    /// The captured node that has an address which is not in the networks of the device, and its device there.
    fn beyond_routers(
        &self,
        netns: NetnsId,
        device: &str,
        destination: IpAddr,
    ) -> Option<(NetnsId, String)> {
        let here = self.cluster.netns(netns);
        if subnets(here, device).any(|net| net.contains(&destination)) {
            return None;
        }
        let mut hosts = self
            .cluster
            .all_netns()
            .filter(|(id, there)| *id != netns && there.name == NetnsName::Host);
        hosts.find_map(|(id, there)| {
            let addresses = there.addresses.as_deref().unwrap_or_default();
            let end = addresses.iter().find(|one| one.ip == destination)?;
            let subnet = subnets(there, &end.device).find(|net| net.contains(&destination))?;
            // An address by itself, such as a tunnel's, is on no link that routers could be on.
            (subnet.prefix_len() < subnet.max_prefix_len()).then(|| (id, end.device.clone()))
        })
    }

    /// Over routers to another node.
    fn be_routed(
        &mut self,
        (netns, device): (NetnsId, &str),
        (node, end): (NetnsId, &str),
        mut packet: Packet,
    ) -> Fate {
        let name = self.cluster.node_name(node);
        let supposed = Assumption {
            unknown: format!(
                "the routers between {} and {name}: they were not captured",
                self.cluster.node_name(netns)
            ),
            supposed: format!("they pass on what is for {name}"),
            otherwise: vec!["if they do not: lost, or refused by them".to_owned()],
        };
        let text = format!("{device} -> routers that were not captured -> {end} of {name}");
        self.journey.step(step(StepKind::Wire, text));
        if !self.supposed.contains(&supposed) {
            self.supposed.push(supposed);
        }
        let mac = self.cluster.netns(node).link(end).and_then(|link| link.mac);
        packet.destination_mac = mac;
        self.carry(netns, device, node, end, packet)
    }

    /// Who in the cluster would take a packet if it came to some node: a Service with endpoints, or a pod.
    fn owner(&self, packet: &Packet) -> Option<String> {
        let objects = &self.cluster.objects;
        let pod = objects
            .pods
            .iter()
            .find(|pod| pod.ips.contains(&packet.destination));
        if let Some(pod) = pod {
            return Some(format!("pod {}/{}", pod.namespace, pod.name));
        }
        let service = objects.services.iter().find(|service| {
            service.cluster_ips.contains(&packet.destination)
                && service.ports.iter().any(|port| {
                    port.protocol == packet.protocol
                        && packet.destination_port.number() == Some(port.port)
                })
        })?;
        let served = objects.endpoint_slices.iter().any(|slice| {
            slice.namespace == service.namespace
                && slice.service == service.name
                && !slice.endpoints.is_empty()
        });
        served.then(|| format!("Service {}/{}", service.namespace, service.name))
    }

    /// The range of the cluster that an address belongs to, in words, where one is known.
    fn cluster_range(&self, netns: NetnsId, packet: &Packet) -> Option<String> {
        let destination = packet.destination;
        let objects = &self.cluster.objects;
        let env = &self.cluster.netns(netns).flannel.subnet_env;
        let key = match packet.family() {
            Family::V4 => "FLANNEL_NETWORK",
            Family::V6 => "FLANNEL_IPV6_NETWORK",
        };
        let network = env
            .iter()
            .find(|(name, _)| name == key)
            .and_then(|(_, value)| value.parse::<ipnet::IpNet>().ok());
        if let Some(network) = network.filter(|network| network.contains(&destination)) {
            return Some(format!("the pod network {network}"));
        }
        let pods = objects.nodes.iter().flat_map(|node| &node.pod_cidrs);
        if let Some(network) = pods.copied().find(|network| network.contains(&destination)) {
            return Some(format!("the pod network {network}"));
        }
        let service = objects
            .services
            .iter()
            .find(|service| service.cluster_ips.contains(&destination));
        if let Some(service) = service {
            return Some(format!(
                "the Service range (it is the address of {}/{})",
                service.namespace, service.name
            ));
        }
        service_range(objects, destination)
            .map(|range| format!("what may be the Service range, {range}"))
    }
}

/// The widest range that begins with the address of `default/kubernetes`, which is always the first one of the Service
/// range, and holds every Service's: what is in it may be a Service's address.
fn service_range(
    objects: &crate::model::Objects,
    destination: std::net::IpAddr,
) -> Option<ipnet::IpNet> {
    let api = objects
        .services
        .iter()
        .find(|service| service.namespace == "default" && service.name == "kubernetes")?;
    let first = api
        .cluster_ips
        .iter()
        .find(|ip| ip.is_ipv4() == destination.is_ipv4())?;
    let std::net::IpAddr::V4(first) = first else {
        return None;
    };
    let base = u32::from(*first).checked_sub(1)?;
    let length = 32 - base.trailing_zeros().min(24);
    let range = ipnet::Ipv4Net::new(base.into(), u8::try_from(length).ok()?).ok()?;
    let range = ipnet::IpNet::V4(range);
    range.contains(&destination).then_some(range)
}
