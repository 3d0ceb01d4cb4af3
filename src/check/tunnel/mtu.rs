//! Sizes: what the pods' devices, the tunnel and the wires below let through.
//!
//! A vxlan header with UDP, IP and Ethernet takes 50 bytes over IPv4 (14 + 20 + 8 + 8), 70 over IPv6. flannel computes
//! the tunnel's MTU when it starts, the CNI plugin the pods' when they start; what changes later changes neither.

use crate::check::{Check, NodeView, Report, Scene};
use crate::model::trace::Evidence;
use crate::model::{Family, Finding, Link, NetnsName, Part, Severity};

/// The checks of this file.
pub const CHECKS: &[Check] = &[TUNNEL, PODS];

const TUNNEL: Check = Check {
    id: "tunnel-mtu-too-large",
    catalogue: &["C13", "A12"],
    severity: Severity::Error,
    docs: "The tunnel takes larger packets than fit, with their 50 bytes of headers (IPv6: 70), into what the wires between \
           the nodes take. Small packets pass; large ones are fragmented or dropped: transfers hang, TLS handshakes and \
           `kubectl logs` stop in the middle. The wire's MTU was lowered after flannel started, or is smaller on another \
           node.",
};

const PODS: Check = Check {
    id: "pod-mtu-too-large",
    catalogue: &["C13", "A12"],
    severity: Severity::Error,
    docs: "Pods may send larger packets than the tunnel to other nodes takes. TCP finds out by ICMP errors (path MTU \
           discovery), where nothing filters these; UDP and pings with DF set are lost. The CNI plugin gave the pods their \
           MTU when they started, from /run/flannel/subnet.env: restart them after it changed.",
};

/// Looks at each node.
pub fn look(scene: &Scene<'_>, report: &mut Report) {
    for (node, _, _) in scene.hosts() {
        if !node.has_whole(Part::Links) || !node.has_whole(Part::Addresses) {
            report.skip_all(CHECKS, node.name, "its devices or addresses were not read");
            continue;
        }
        let tunnels = [Family::V4, Family::V6]
            .into_iter()
            .filter_map(|family| tunnel(scene, node, family));
        report.judge(&TUNNEL, node.name, tunnels.collect());
        report.judge(&PODS, node.name, pods(scene, node).into_iter().collect());
    }
}

fn overhead(family: Family) -> u32 {
    match family {
        Family::V4 => 50,
        Family::V6 => 70,
    }
}

/// The device by which outer packets leave.
fn lower<'c>(node: &NodeView<'c>, family: Family) -> Option<&'c Link> {
    let (_, netns) = node.host?;
    let (_, vxlan) = node.tunnel(family)?;
    let by_address = |ip| {
        let mut held = netns.addresses.iter().flatten();
        let found = held.find(|address| address.ip == ip)?;
        netns.link(&found.device)
    };
    let named = vxlan.lower.as_deref().and_then(|name| netns.link(name));
    named.or_else(|| vxlan.local.and_then(by_address))
}

fn tunnel(scene: &Scene<'_>, node: &NodeView<'_>, family: Family) -> Option<Finding> {
    let (link, _) = node.tunnel(family)?;
    let own = lower(node, family).map(|below| (node, below));
    let others = scene
        .peers(node)
        .filter_map(|peer| Some((peer, lower(peer, family)?)));
    // Where another node's wire is smaller, that node's own tunnel is too large as well, unless it is the odd one.
    let (at, below) = own
        .into_iter()
        .chain(others)
        .min_by_key(|(_, below)| below.mtu)?;
    let fits = below.mtu.saturating_sub(overhead(family));
    if link.mtu <= fits {
        return None;
    }
    let name = &link.name;
    let mut finding = TUNNEL.finding(
        node.place(Some(name)),
        format!(
            "{name} of {} takes {} bytes, and {} of {} only {fits} with the tunnel's headers",
            node.name, link.mtu, below.name, at.name
        ),
        "large packets between nodes are lost, small ones arrive: transfers hang".to_owned(),
    );
    finding.evidence = vec![
        Evidence {
            source: format!("ip link show dev {name}"),
            raw: format!("mtu {}", link.mtu),
        },
        Evidence {
            source: format!("ip link show dev {} on {}", below.name, at.name),
            raw: format!("mtu {}", below.mtu),
        },
    ];
    finding.fix = vec![
        format!("ip link set {name} mtu {fits}"),
        super::restart_flannel(node.name),
    ];
    Some(finding)
}

/// The pods whose packets are larger than the tunnel's. Over IPv6 the kernel makes flannel's device 20 bytes smaller than
/// flannel asks for, and so than its pods: that is how flannel sets it up.
fn pods(scene: &Scene<'_>, node: &NodeView<'_>) -> Option<Finding> {
    let tunnel = |family| node.tunnel(family).map(|(link, _)| link);
    let (link, room) = match (tunnel(Family::V4), tunnel(Family::V6)) {
        (Some(link), _) => (link, link.mtu),
        (None, Some(link)) => (link, link.mtu + 20),
        (None, None) => return None,
    };
    let large = scene.pods(node).filter_map(|(_, netns, namespace, name)| {
        let mut links = netns.links.iter().flatten();
        let eth0 = links.find(|device| device.name == "eth0" && device.mtu > room)?;
        Some((format!("{namespace}/{name}"), eth0.mtu))
    });
    let large: Vec<(String, u32)> = large.collect();
    let (first, mtu) = large.first()?;
    let more = match large.len() - 1 {
        0 => String::new(),
        count => format!(" and {count} more pods"),
    };
    let mut finding = PODS.finding(
        node.place(Some(&link.name)),
        format!(
            "{first}{more} on {} may send {mtu} bytes, {} takes {}",
            node.name, link.name, link.mtu
        ),
        "large packets to pods of other nodes are lost, unless ICMP errors tell the sender"
            .to_owned(),
    );
    finding.evidence = vec![
        Evidence {
            source: format!("ip link show dev {}", link.name),
            raw: format!("mtu {}", link.mtu),
        },
        Evidence {
            source: format!("ip link show dev eth0 in pod {first}"),
            raw: format!("mtu {mtu}"),
        },
    ];
    let (namespace, name) = first.split_once('/').unwrap_or_default();
    finding.fix = vec![
        super::restart_flannel(node.name),
        format!(
            "kubectl -n {namespace} delete pod {name}  # and the other pods of {}",
            node.name
        ),
    ];
    debug_assert!(
        scene
            .pods(node)
            .all(|(_, netns, ..)| netns.name != NetnsName::Host)
    );
    Some(finding)
}
