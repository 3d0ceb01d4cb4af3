//! What kube-proxy's nftables mode needs besides the maps of Services (`setupNFTables` in pkg/proxy/nftables/proxier.go):
//! the set of the node's addresses at which NodePorts answer, the set of cluster IPs by which clients outside are
//! masqueraded, the set of connections of pods to themselves, and the chain that masquerades.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{OfNode, evidence, few};
use crate::check::service::restart_proxy;
use crate::check::{Check, Report};
use crate::explain::native::leads_to;
use crate::model::kube_proxy::{NFT_TABLE, ProxyMode, Targets, is_served, protocol_name};
use crate::model::nftables::{Declared, Element, Nat, NatKind, Set, Statement, Table, TableFamily};
use crate::model::{Family, Finding, Part, Severity};

/// The checks of this file.
pub const CHECKS: &[Check] = &[
    MASQUERADE_MISSING,
    NODE_PORT_ADDRESSES,
    CLUSTER_IPS_LACK,
    HAIRPIN_LACKS,
];

const MASQUERADE_MISSING: Check = Check {
    id: "nftables-masquerade-missing",
    catalogue: &["F05", "H09"],
    severity: Severity::Error,
    docs: "In nftables mode kube-proxy's base chain nat-postrouting leads to the chain masquerading, which masquerades what \
           was marked. One of the two is gone: clients outside, and pods that meet themselves, get answers from an \
           address that they did not ask.",
};

const NODE_PORT_ADDRESSES: Check = Check {
    id: "nftables-node-port-addresses-foreign",
    catalogue: &["H04"],
    severity: Severity::Error,
    docs: "In nftables mode NodePorts answer at the addresses in the set nodeport-ips, by default the node's main ones as \
           they were when kube-proxy started, and at no other (not at 127.0.0.1 either). None of those is an address of \
           the node, which got another one since: no NodePort is served.",
};

const CLUSTER_IPS_LACK: Check = Check {
    id: "nftables-cluster-ips-lack",
    catalogue: &["H06"],
    severity: Severity::Warning,
    docs: "A Service's cluster IP is not in the set cluster-ips of kube-proxy's nftables mode: clients that are no pods are \
           not masqueraded on their way to it (since Kubernetes 1.31), and ports that the Service does not have are \
           dropped instead of refused.",
};

const HAIRPIN_LACKS: Check = Check {
    id: "nftables-hairpin-lacks",
    catalogue: &["E12"],
    severity: Severity::Warning,
    docs: "An endpoint on the node is not in the set hairpin-connections, by which packets of a pod to itself are \
           masqueraded: where its Service sends it to itself, the pod gets its own address as the source, and drops that. \
           kube-proxy lists the endpoints on the node and no others.",
};

/// Looks at each family's table.
pub fn look(of: &OfNode<'_>, report: &mut Report) {
    let lost = of.netns.incomplete.contains(&Part::NativeNft);
    let lacking = lost.then_some("not all of the nftables ruleset was read");
    if !of.judge_mode(ProxyMode::Nftables, CHECKS, lacking, report) {
        return;
    }
    let (node, knows) = (of.node.name, of.knows_services());
    let mut found: [Vec<Finding>; 4] = Default::default();
    for family in [Family::V4, Family::V6] {
        let kind = match family {
            Family::V4 => TableFamily::Ip,
            Family::V6 => TableFamily::Ip6,
        };
        let ruleset = of.netns.nftables.as_ref();
        let Some(table) = ruleset.and_then(|all| all.table(kind, NFT_TABLE)) else {
            continue;
        };
        found[0].extend(masquerade(of, table));
        found[1].extend(node_port_addresses(of, table, family));
        if knows {
            found[2].extend(cluster_ips(of, table, family));
            found[3].extend(hairpin(of, table, family));
        }
    }
    for (at, (check, found)) in CHECKS.iter().zip(found).enumerate() {
        if at >= 2 && !knows {
            let why = "the Services and EndpointSlices were not read from the API";
            report.skip_all(&[*check], node, why);
        } else {
            report.judge(check, node, found);
        }
    }
}

fn masquerade(of: &OfNode<'_>, table: &Table) -> Option<Finding> {
    let (family, node) = (table.family.name(), of.node.name);
    let masquerades = |statement: &Statement| {
        matches!(
            statement,
            Statement::Nat(Nat {
                kind: NatKind::Masquerade,
                ..
            })
        )
    };
    let base = table.chain("nat-postrouting");
    let chain = table.chain("masquerading");
    let whole = |chain: Option<&crate::model::nftables::Chain>| {
        chain.is_none_or(|chain| chain.declared == Declared::Whole)
    };
    if !whole(base) || !whole(chain) {
        return None;
    }
    let mut rules = base
        .filter(|chain| chain.base.is_some())
        .into_iter()
        .flat_map(|chain| &chain.rules);
    let led = rules.any(|rule| {
        let leads = leads_to(table, rule);
        leads.iter().any(|(to, _)| *to == "masquerading")
    });
    let mut rules = chain.into_iter().flat_map(|chain| &chain.rules);
    let done = rules.any(|rule| rule.statements.iter().any(masquerades));
    let (title, raw) = match (led, done) {
        (true, true) => return None,
        (false, _) => (
            format!(
                "nat-postrouting in table {family} {NFT_TABLE} of {node} does not lead to masquerading"
            ),
            "no rule `jump masquerading`",
        ),
        (true, false) => (
            format!(
                "chain masquerading in table {family} {NFT_TABLE} of {node} does not masquerade"
            ),
            "no rule with `masquerade`",
        ),
    };
    let mut finding = of.finding(
        &MASQUERADE_MISSING,
        title,
        "what kube-proxy marked for masquerading keeps its source: answers to clients outside and to pods that meet themselves are lost",
    );
    let name = if led {
        "masquerading"
    } else {
        "nat-postrouting"
    };
    finding
        .evidence
        .push(evidence(format!("nft {family} {NFT_TABLE} {name}"), raw));
    if !led && base.is_some_and(|chain| chain.base.is_some()) && done {
        finding.fix.push(format!(
            "nft add rule {family} {NFT_TABLE} nat-postrouting jump masquerading"
        ));
    } else {
        finding.fix = restart_proxy(node);
    }
    Some(finding)
}

fn node_port_addresses(of: &OfNode<'_>, table: &Table, family: Family) -> Option<Finding> {
    // Without the set, any local address answers.
    let set = whole_set(table, "nodeport-ips")?;
    let own = of.netns.addresses.as_ref()?;
    if of.netns.incomplete.contains(&Part::Addresses) {
        return None;
    }
    let wanted = of.cluster.objects.services.iter();
    let mut ports = wanted.flat_map(|service| &service.ports);
    let held: Vec<IpAddr> = set
        .elements
        .iter()
        .filter_map(|element| address(family, element, 0))
        .collect();
    let answers = own.iter().any(|one| held.contains(&one.ip));
    if answers || held.is_empty() || !ports.any(|port| port.node_port.is_some()) {
        return None;
    }
    let (name, node) = (table.family.name(), of.node.name);
    let mut finding = of.finding(
        &NODE_PORT_ADDRESSES,
        format!(
            "NodePorts of {node} answer at {}, no address of it",
            few(&held)
        ),
        format!("clients that connect to a NodePort of {node} are not served"),
    );
    finding.evidence.push(evidence(
        format!("nft {name} {NFT_TABLE} nodeport-ips"),
        few(&held),
    ));
    let main: Vec<IpAddr> = of.node.addresses(family).collect();
    let here: Vec<&IpAddr> = main
        .iter()
        .filter(|ip| own.iter().any(|one| one.ip == **ip))
        .collect();
    match here.is_empty() {
        true => finding.fix = restart_proxy(node),
        false => finding.fix.extend(
            here.iter()
                .map(|ip| format!("nft add element {name} {NFT_TABLE} nodeport-ips '{{ {ip} }}'")),
        ),
    }
    Some(finding)
}

fn cluster_ips(of: &OfNode<'_>, table: &Table, family: Family) -> Option<Finding> {
    let set = whole_set(table, "cluster-ips")?;
    let held: BTreeSet<IpAddr> = set
        .elements
        .iter()
        .filter_map(|element| address(family, element, 0))
        .collect();
    let services = of.cluster.objects.services.iter();
    let served = services.filter(|one| {
        let mut ports = one.ports.iter();
        is_served(one) && ports.any(|port| protocol_name(port.protocol).is_some())
    });
    let lacking: BTreeSet<IpAddr> = served
        .flat_map(|service| &service.cluster_ips)
        .copied()
        .filter(|ip| Family::of(*ip) == family && !held.contains(ip))
        .collect();
    let lacking: Vec<IpAddr> = lacking.into_iter().collect();
    if lacking.is_empty() {
        return None;
    }
    let name = table.family.name();
    let mut finding = of.finding(
        &CLUSTER_IPS_LACK,
        format!("set cluster-ips of {} lacks {}", of.node.name, few(&lacking)),
        "clients outside that connect to them may not be masqueraded, and other ports of them are dropped instead of refused",
    );
    finding.mentions = lacking.iter().map(ToString::to_string).collect();
    lack(
        &mut finding,
        of,
        name,
        set,
        lacking.iter().map(ToString::to_string),
    );
    Some(finding)
}

fn hairpin(of: &OfNode<'_>, table: &Table, family: Family) -> Option<Finding> {
    // Not in the layout of Kubernetes 1.30, in which the endpoints' chains mark such packets.
    let set = whole_set(table, "hairpin-connections")?;
    let held: BTreeSet<(IpAddr, u128, u16)> = set
        .elements
        .iter()
        .filter_map(|element| {
            let protocol = element.key.get(2)?.value()?;
            let port = u16::try_from(element.key.get(3)?.value()?).ok()?;
            Some((address(family, element, 0)?, protocol, port))
        })
        .collect();
    let node = of.node.object?;
    let mut lacking = BTreeSet::new();
    let services = of.cluster.objects.services.iter();
    for service in services.filter(|one| is_served(one)) {
        if !service
            .cluster_ips
            .iter()
            .any(|ip| Family::of(*ip) == family)
        {
            continue;
        }
        let slices = of.catalog.slices(&service.namespace, &service.name);
        let served = service
            .ports
            .iter()
            .filter(|port| protocol_name(port.protocol).is_some());
        for port in served {
            let slices = slices.iter().copied();
            let targets = Targets::among(slices, service, port, family, node);
            let number = u128::from(port.protocol.number(family));
            for target in targets.reachable.iter().filter(|target| target.local) {
                let at = target.address;
                if !held.contains(&(at.ip(), number, at.port())) {
                    lacking.insert((at, port.protocol));
                }
            }
        }
    }
    if lacking.is_empty() {
        return None;
    }
    let names: Vec<String> = lacking.iter().map(|(at, _)| at.to_string()).collect();
    let mut finding = of.finding(
        &HAIRPIN_LACKS,
        format!(
            "set hairpin-connections of {} lacks {}",
            of.node.name,
            few(&names)
        ),
        "such a pod does not reach itself through its Service",
    );
    finding.mentions.clone_from(&names);
    let entries = lacking.iter().map(|(at, protocol)| {
        let (ip, port) = (at.ip(), at.port());
        format!("{ip} . {ip} . {protocol} . {port}")
    });
    lack(&mut finding, of, table.family.name(), set, entries);
    Some(finding)
}

/// Evidence and cure of a set that lacks elements.
fn lack(
    finding: &mut Finding,
    of: &OfNode<'_>,
    family: &str,
    set: &Set,
    entries: impl Iterator<Item = String>,
) {
    /// With more, a restart of kube-proxy is the shorter cure.
    const MOST_COMMANDS: usize = 10;
    let entries: Vec<String> = entries.collect();
    let name = &set.name;
    for entry in entries.iter().take(MOST_COMMANDS) {
        finding.evidence.push(evidence(
            format!("nft {family} {NFT_TABLE} {name}"),
            format!("no element {entry}"),
        ));
        finding.fix.push(format!(
            "nft add element {family} {NFT_TABLE} {name} '{{ {entry} }}'"
        ));
    }
    if entries.len() > MOST_COMMANDS {
        finding.fix = restart_proxy(of.node.name);
    }
}

fn whole_set<'t>(table: &'t Table, name: &str) -> Option<&'t Set> {
    table.set(name).filter(|set| !set.incomplete)
}

/// The address that a part of an element's key is.
fn address(family: Family, element: &Element, part: usize) -> Option<IpAddr> {
    let value = element.key.get(part)?.value()?;
    Some(match family {
        Family::V4 => Ipv4Addr::from_bits(u32::try_from(value).ok()?).into(),
        Family::V6 => Ipv6Addr::from_bits(value).into(),
    })
}
