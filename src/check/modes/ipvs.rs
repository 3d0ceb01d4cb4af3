//! What kube-proxy's ipvs mode needs of a node: the Services' addresses on `kube-ipvs0`, which make packets the node's own
//! so that IPVS sees them (its hook is at LOCAL_IN, net/netfilter/ipvs/ip_vs_core.c), and settings of IPVS
//! (Documentation/networking/ipvs-sysctl.rst; `NewProxier` in pkg/proxy/ipvs/proxier.go).

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::{OfNode, evidence, few};
use crate::check::service::restart_proxy;
use crate::check::{Check, Report, Scene};
use crate::model::kube_proxy::{IPVS_DEVICE, ProxyMode, balanced_ips, is_served};
use crate::model::{Family, Finding, Part, Protocol, Severity, Takes};

/// The checks of this file.
pub const CHECKS: &[Check] = &[
    FOREIGN_ADDRESS,
    ADDRESS_MISSING,
    CONNTRACK_OFF,
    EXPIRE_OFF,
    STALE,
];

const FOREIGN_ADDRESS: Check = Check {
    id: "ipvs-address-of-a-node",
    catalogue: &["G12", "F20"],
    severity: Severity::Error,
    docs: "In IPVS mode every address of a Service is put on kube-ipvs0 of every node, and is the node's own from then on. An \
           external IP or load balancer's IP that is also the address of another node takes that node from the others: \
           what they send to it stays with them, its API server, kubelet and tunnel included.",
};

const ADDRESS_MISSING: Check = Check {
    id: "ipvs-address-missing",
    catalogue: &["G01"],
    severity: Severity::Error,
    docs: "IPVS has a virtual server for an address of a Service, and no device of the node has that address (kube-ipvs0 \
           should have it). Packets that arrive for it are not for the node, so that IPVS never sees them: they leave by \
           the default route. NetworkManager and systemd-networkd remove addresses and devices that they do not know. \
           That kube-ipvs0 is down is how it always is.",
};

const CONNTRACK_OFF: Check = Check {
    id: "ipvs-conntrack-off",
    catalogue: &["G06"],
    severity: Severity::Error,
    docs: "net.ipv4.vs.conntrack is 0, which is the kernel's default: netfilter does not see the connections of IPVS, and \
           nothing that IPVS sends on is masqueraded. Clients outside, the node itself, and pods that meet themselves get \
           answers from an address that they did not ask. kube-proxy sets it to 1 when it starts.",
};

const EXPIRE_OFF: Check = Check {
    id: "ipvs-expire-nodest-conn-off",
    catalogue: &["G05", "G17"],
    severity: Severity::Warning,
    docs: "net.ipv4.vs.expire_nodest_conn is 0, which is the kernel's default: packets of a connection whose real server was \
           removed are dropped silently until the connection's entry ends by itself (UDP: after five minutes without a \
           packet, which a client that tries again puts off for ever). kube-proxy sets it to 1 when it starts.",
};

const STALE: Check = Check {
    id: "ipvs-server-stale",
    catalogue: &["F03", "G12"],
    severity: Severity::Warning,
    docs: "kube-ipvs0 has an address that no Service has, or a virtual server takes a port there that no Service has: \
           kube-proxy on the node did not follow the API. The address is the node's own, so that nobody else who has it \
           is reached from there.",
};

/// Looks at addresses and settings.
pub fn look(scene: &Scene<'_>, of: &OfNode<'_>, report: &mut Report) {
    let incomplete = &of.netns.incomplete;
    let addresses = match &of.netns.addresses {
        None => Some("the node's addresses were not read"),
        Some(_) if incomplete.contains(&Part::Addresses) => {
            Some("not all of the node's addresses were read")
        }
        Some(_) => None,
    };
    let services = match of.knows_services() {
        true => addresses,
        false => Some("the Services and EndpointSlices were not read from the API"),
    };
    let node = of.node.name;
    if of.judge_mode(ProxyMode::Ipvs, &[FOREIGN_ADDRESS], addresses, report) {
        report.judge(&FOREIGN_ADDRESS, node, foreign(scene, of));
    }
    if of.judge_mode(ProxyMode::Ipvs, &[ADDRESS_MISSING], services, report) {
        report.judge(&ADDRESS_MISSING, node, missing(of).into_iter().collect());
    }
    if of.judge_mode(ProxyMode::Ipvs, &[STALE], services, report) {
        report.judge(&STALE, node, stale(of));
    }
    for (check, setting, impact) in [
        (
            &CONNTRACK_OFF,
            "net.ipv4.vs.conntrack",
            "clients outside, and the node itself, get no answer they know from Services",
        ),
        (
            &EXPIRE_OFF,
            "net.ipv4.vs.expire_nodest_conn",
            "connections whose endpoint ended hang, and with UDP clients go on to send there",
        ),
    ] {
        let sysctls = of.netns.sysctls.as_ref();
        let value = sysctls.and_then(|all| all.number(setting));
        let unread = format!("{setting} was not read");
        let lacking = value.is_none().then_some(unread.as_str());
        if !of.judge_mode(ProxyMode::Ipvs, &[*check], lacking, report) {
            continue;
        }
        let mut found = Vec::new();
        if value == Some(0) {
            let mut finding = of.finding(check, format!("{setting} is 0 on {node}"), impact);
            finding
                .evidence
                .push(evidence("sysctl", format!("{setting} = 0")));
            finding.fix.push(format!("sysctl -w {setting}=1"));
            found.push(finding);
        }
        report.judge(check, node, found);
    }
}

/// Addresses of nodes that kube-ipvs0 has.
fn foreign(scene: &Scene<'_>, of: &OfNode<'_>) -> Vec<Finding> {
    let node = of.node.name;
    let held = of.netns.addresses_of(IPVS_DEVICE);
    held.filter_map(|held| {
        let mut peers = scene.peers(of.node);
        let other = peers.find(|peer| peer.has_published(held.ip))?;
        let mut finding = of.finding(
            &FOREIGN_ADDRESS,
            format!(
                "{IPVS_DEVICE} of {node} has {}, the address of {}",
                held.ip, other.name
            ),
            format!(
                "what {node} and its pods send to {} stays on {node}",
                other.name
            ),
        );
        finding.mentions.push(held.ip.to_string());
        finding.evidence.push(evidence(
            format!("ip address show dev {IPVS_DEVICE}"),
            format!("{}/{}", held.ip, held.prefix_length),
        ));
        let services = of.cluster.objects.services.iter();
        let owner = services.filter(|service| is_served(service)).find(|one| {
            one.external_ips.contains(&held.ip) || one.load_balancer_ips.contains(&held.ip)
        });
        finding.fix.push(match owner {
            Some(owner) => format!(
                "kubectl -n {} edit service {}  # its external address {}",
                owner.namespace, owner.name, held.ip
            ),
            None => format!(
                "ip address del {}/{} dev {IPVS_DEVICE}",
                held.ip, held.prefix_length
            ),
        });
        Some(finding)
    })
    .collect()
}

/// Addresses of Services with a virtual server that no device has.
fn missing(of: &OfNode<'_>) -> Option<Finding> {
    let node = of.node.name;
    let held: BTreeSet<IpAddr> = of
        .netns
        .addresses
        .iter()
        .flatten()
        .map(|one| one.ip)
        .collect();
    let mut lacking: BTreeMap<IpAddr, &str> = BTreeMap::new();
    for server in of.netns.virtual_servers.iter().flatten() {
        if let Takes::Address { protocol, address } = server.takes
            && !held.contains(&address.ip())
            && of
                .catalog
                .has_address(address.ip(), address.port(), protocol)
        {
            lacking.insert(address.ip(), &server.raw);
        }
    }
    let ips: Vec<IpAddr> = lacking.keys().copied().collect();
    if ips.is_empty() {
        return None;
    }
    let gone = of.netns.links.is_some() && of.netns.link(IPVS_DEVICE).is_none();
    let title = match gone {
        true => format!("{node} has no device {IPVS_DEVICE}, and so no address of any Service"),
        false => format!("{IPVS_DEVICE} of {node} lacks {}", few(&ips)),
    };
    let mut finding = of.finding(
        &ADDRESS_MISSING,
        title,
        format!(
            "packets that come to {node} for them leave by the default route: IPVS never sees them"
        ),
    );
    finding.mentions = ips.iter().map(ToString::to_string).collect();
    for server in lacking.values().take(3) {
        finding.evidence.push(evidence("ipvsadm -Sn", *server));
    }
    let addresses: Vec<String> = of
        .netns
        .addresses_of(IPVS_DEVICE)
        .take(3)
        .map(|one| one.ip.to_string())
        .collect();
    finding.evidence.push(evidence(
        format!("ip address show dev {IPVS_DEVICE}"),
        match addresses.is_empty() {
            true => "no address".to_owned(),
            false => format!("{}, ..., and none of those", addresses.join(", ")),
        },
    ));
    /// With more, a restart is the shorter cure.
    const MOST_COMMANDS: usize = 10;
    if ips.len() <= MOST_COMMANDS {
        if gone {
            finding
                .fix
                .push(format!("ip link add {IPVS_DEVICE} type dummy"));
        }
        finding.fix.extend(ips.iter().map(|ip| {
            let length = if ip.is_ipv4() { 32 } else { 128 };
            format!("ip address add {ip}/{length} dev {IPVS_DEVICE}")
        }));
    } else {
        finding.fix = restart_proxy(node);
    }
    Some(finding)
}

/// Addresses and virtual servers on kube-ipvs0 that no Service has.
fn stale(of: &OfNode<'_>) -> Vec<Finding> {
    let node = of.node.name;
    let mut own: BTreeSet<IpAddr> = BTreeSet::new();
    for service in of
        .cluster
        .objects
        .services
        .iter()
        .filter(|one| is_served(one))
    {
        own.extend(&service.cluster_ips);
        own.extend(&service.external_ips);
        for family in [Family::V4, Family::V6] {
            own.extend(balanced_ips(service, family));
        }
    }
    let held: Vec<(IpAddr, u8)> = of
        .netns
        .addresses_of(IPVS_DEVICE)
        // The kernel's own, should somebody have taken the device up.
        .filter(|one| !matches!(one.ip, IpAddr::V6(ip) if ip.is_unicast_link_local()))
        .map(|one| (one.ip, one.prefix_length))
        .collect();
    let mut found = Vec::new();
    for (ip, length) in held.iter().filter(|(ip, _)| !own.contains(ip)) {
        let mut finding = of.finding(
            &STALE,
            format!("{IPVS_DEVICE} of {node} has {ip}, which no Service has"),
            format!("packets from {node} to {ip} end on {node}, whoever has that address"),
        );
        finding.mentions.push(ip.to_string());
        finding.evidence.push(evidence(
            format!("ip address show dev {IPVS_DEVICE}"),
            format!("{ip}/{length}"),
        ));
        finding
            .fix
            .push(format!("ip address del {ip}/{length} dev {IPVS_DEVICE}"));
        found.push(finding);
    }
    for server in of.netns.virtual_servers.iter().flatten() {
        let Takes::Address { protocol, address } = server.takes else {
            continue;
        };
        let ip = address.ip();
        let theirs = own.contains(&ip) && held.iter().any(|(one, _)| *one == ip);
        if !theirs || of.catalog.has_address(ip, address.port(), protocol) {
            continue;
        }
        let mut finding = of.finding(
            &STALE,
            format!("IPVS on {node} serves {address}/{protocol}, a port that no Service has there"),
            format!("clients of that port on {node} are still served"),
        );
        finding.mentions.push(address.to_string());
        finding
            .evidence
            .push(evidence("ipvsadm -Sn", server.raw.as_str()));
        let option = match protocol {
            Protocol::Udp => "-u",
            Protocol::Sctp => "--sctp-service",
            _ => "-t",
        };
        finding.fix.push(format!("ipvsadm -D {option} {address}"));
        found.push(finding);
    }
    found
}
