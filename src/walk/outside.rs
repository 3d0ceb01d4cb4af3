//! Beyond what was captured: a packet that leaves by a real NIC for nobody that is known is delivered to the outside,
//! unless its destination belongs to the cluster; then it went the wrong way.

use super::journey::step;
use super::packet::Packet;
use super::walker::{Delivery, Fate, Recipient, Stop, Walk};
use crate::model::trace::StepKind;
use crate::model::{Family, NetnsId, Part};

impl Walk<'_> {
    /// The packet leaves what was captured: delivered to the outside, lost there, or not to be known.
    pub fn leave_sight(&mut self, netns: NetnsId, device: &str, packet: Packet) -> Fate {
        let objects = &self.cluster.objects;
        let destination = packet.destination;
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
