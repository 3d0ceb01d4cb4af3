//! What a pod's eth0 has: an address of its node's pod CIDR, and a default route.

use super::{Pod, fact, gateway, is_link_local, object_of, recreate};
use crate::check::{Check, NodeView, Scene};
use crate::model::{self, Finding, Part, Place, Severity};

pub(super) const POD_ADDRESS: Check = Check {
    id: "pod-address-missing",
    catalogue: &["E02"],
    severity: Severity::Error,
    docs: "No device in the pod's network namespace has the address that the API says the pod has: nobody answers for it. \
           Recreate the pod.",
};

pub(super) const NO_DEFAULT: Check = Check {
    id: "pod-default-route-missing",
    catalogue: &["E01"],
    severity: Severity::Error,
    docs: "The pod has no default route: it reaches other pods where it has flannel's route for their network, and neither \
           Services nor anything outside (\"Network is unreachable\", at once). The CNI configuration lacks \
           isDefaultGateway, or something in the pod removed the route.",
};

pub(super) const OUTSIDE: Check = Check {
    id: "pod-address-outside-cidr",
    catalogue: &["E08"],
    severity: Severity::Error,
    docs: "A pod has an address outside its node's pod CIDR: other nodes route it elsewhere or nowhere. It was made by another \
           CNI configuration (the first file in /etc/cni/net.d by name wins), or before the node got its network.",
};

pub(super) fn addresses(
    scene: &Scene<'_>,
    node: &NodeView<'_>,
    pod: &Pod<'_>,
    inside: &Place,
    found: &mut Vec<(&Check, Finding)>,
) {
    if pod.netns.addresses.is_none() || pod.netns.incomplete.contains(&Part::Addresses) {
        return;
    }
    for ip in object_of(scene, pod)
        .into_iter()
        .flat_map(|object| &object.ips)
    {
        if pod.netns.has_address(*ip) {
            continue;
        }
        let title = format!(
            "pod {} on {} does not have its address {ip}",
            pod.name, node.name
        );
        let mut finding = POD_ADDRESS.finding(
            inside.clone(),
            title,
            format!("what is sent to {ip} is not answered"),
        );
        finding.evidence = vec![
            fact("ip addr in the pod", &format!("no {ip}")),
            fact(
                &format!("Pod {}", pod.name),
                &format!("status.podIPs: {ip}"),
            ),
        ];
        finding.fix = vec![recreate(&pod.name)];
        finding.mentions = vec![ip.to_string()];
        found.push((&POD_ADDRESS, finding));
    }
    for address in pod.netns.addresses_of("eth0") {
        let family = model::Family::of(address.ip);
        let Some(cidr) = node.pod_cidr(family) else {
            continue;
        };
        if is_link_local(address.ip) || cidr.contains(&address.ip) {
            continue;
        }
        let title = format!(
            "pod {} on {} has {}, outside the node's pod CIDR {cidr}",
            pod.name, node.name, address.ip
        );
        let impact = format!(
            "pods of other nodes do not reach {}, nor does it get their answers",
            address.ip
        );
        let mut finding = OUTSIDE.finding(inside.clone(), title, impact);
        finding.evidence = vec![
            fact(
                "ip addr in the pod",
                &format!("{}/{} dev eth0", address.ip, address.prefix_length),
            ),
            fact(
                &format!("Node {}", node.name),
                &format!("spec.podCIDRs: {cidr}"),
            ),
        ];
        finding.fix = vec![recreate(&pod.name)];
        finding.mentions = vec![address.ip.to_string()];
        found.push((&OUTSIDE, finding));
    }
}

pub(super) fn routes(
    node: &NodeView<'_>,
    pod: &Pod<'_>,
    inside: &Place,
    found: &mut Vec<(&Check, Finding)>,
) {
    for family in [model::Family::V4, model::Family::V6] {
        let mut held = pod.netns.addresses_of("eth0");
        let ours = held
            .any(|address| model::Family::of(address.ip) == family && !is_link_local(address.ip));
        let Some(routes) = pod.netns.routes(family).filter(|_| ours) else {
            continue;
        };
        let whole = !pod.netns.incomplete.contains(&Part::Routes(family));
        let is_default =
            |route: &model::Route| route.destination.prefix_len() == 0 && !route.kind.drops();
        if !whole || routes.iter().any(is_default) {
            continue;
        }
        let title = format!(
            "pod {} on {} has no {family} default route",
            pod.name, node.name
        );
        let impact =
            "it reaches no Service and nothing outside: \"Network is unreachable\"".to_owned();
        let mut finding = NO_DEFAULT.finding(inside.clone(), title, impact);
        finding.evidence = vec![fact(
            &format!("{family} routes in the pod"),
            "no default route",
        )];
        if let Some(gateway) = node.pod_cidr(family).and_then(gateway) {
            let ip = if family == model::Family::V4 {
                "ip"
            } else {
                "ip -6"
            };
            finding.fix = vec![format!(
                "{ip} route add default via {gateway} dev eth0  # in the pod; or recreate it"
            )];
        }
        found.push((&NO_DEFAULT, finding));
    }
}
