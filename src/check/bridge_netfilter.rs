//! br_netfilter: whether what a bridge switches is shown to iptables, and so to connection tracking.
//!
//! Where it is not, the answer of a Service's endpoint on the client's own node goes from port to port without its
//! source being translated back (Documentation/networking/ip-sysctl.rst, `bridge-nf-call-iptables`; flannel refuses to
//! start without the module).

use super::{Check, Family, NodeView, Report, Scene, sysctls};
use crate::model::trace::Evidence;
use crate::model::{self, Finding, Link, LinkKind, Netns, Part, Severity};

/// The checks of this family.
pub const FAMILY: Family = Family {
    about: "frames that bridges show to iptables",
    checks: &[CHECKS],
    look,
};

const CHECKS: &[Check] = &[OFF];

const OFF: Check = Check {
    id: "bridge-nf-call-off",
    catalogue: &["A04"],
    severity: Severity::Error,
    docs: "Frames that the pods' bridge switches are not shown to iptables (br_netfilter is not loaded, or \
           `net.bridge.bridge-nf-call-iptables` is 0). A client and an endpoint on the same node then talk past \
           connection tracking: the endpoint's answer keeps its own source, and the client, which asked the Service's \
           address, does not know it. Connections to endpoints on other nodes work. One of the setting for all \
           bridges and the bridge's own is enough.",
};

fn look(scene: &Scene<'_>, report: &mut Report) {
    for (node, _, netns) in scene.hosts() {
        if !node.has_whole(Part::Sysctls) || !node.has_whole(Part::Links) {
            report.skip_all(CHECKS, node.name, "sysctls or devices were not read");
            continue;
        }
        let mut found = Vec::new();
        for bridge in pod_bridges(node, netns) {
            for family in [model::Family::V4, model::Family::V6] {
                found.extend(of_bridge(node, netns, bridge, family));
            }
        }
        report.judge(&OFF, node.name, found);
    }
}

/// The bridges to which pods are attached.
fn pod_bridges<'c>(node: &NodeView<'c>, netns: &'c Netns) -> impl Iterator<Item = &'c Link> {
    let node = *node;
    let links = netns.links.iter().flatten();
    links.filter(move |link| {
        let is_bridge = matches!(link.kind, LinkKind::Bridge { .. });
        let ports = netns.links.iter().flatten();
        let mut ports = ports.filter(|port| port.master.as_deref() == Some(link.name.as_str()));
        let of_pods = |ip| {
            let cidr = node.pod_cidr(model::Family::of(ip));
            cidr.is_some_and(|cidr| cidr.contains(&ip))
        };
        let addressed = netns
            .addresses_of(&link.name)
            .any(|address| of_pods(address.ip));
        is_bridge && ports.next().is_some() && (addressed || link.name == "cni0")
    })
}

fn of_bridge(
    node: &NodeView<'_>,
    netns: &Netns,
    bridge: &Link,
    family: model::Family,
) -> Option<Finding> {
    node.pod_cidr(family)?;
    let LinkKind::Bridge {
        nf_call_iptables,
        nf_call_ip6tables,
        ..
    } = bridge.kind
    else {
        return None;
    };
    let (own, key) = match family {
        model::Family::V4 => (nf_call_iptables, "net.bridge.bridge-nf-call-iptables"),
        model::Family::V6 => (nf_call_ip6tables, "net.bridge.bridge-nf-call-ip6tables"),
    };
    if own || sysctls::number(netns, key).is_some_and(|value| value != 0) {
        return None;
    }
    let loaded = netns.sysctls.as_ref()?.get(key).is_some();
    let mut finding = OFF.finding(
        node.place(None),
        format!(
            "{family} frames that {} on {} switches are not shown to iptables",
            bridge.name, node.name
        ),
        format!(
            "pods on {} cannot use Services whose endpoint is on {} too: the answer comes from the wrong address",
            node.name, node.name
        ),
    );
    finding
        .evidence
        .push(sysctls::shown(netns, key).unwrap_or(Evidence {
            source: "sysctl".to_owned(),
            raw: format!("{key}: there is none, br_netfilter is not loaded"),
        }));
    if !loaded {
        finding.fix.push("modprobe br_netfilter".to_owned());
    }
    finding.fix.push(sysctls::set(key, "1"));
    finding.mentions = vec![bridge.name.clone()];
    Some(finding)
}
