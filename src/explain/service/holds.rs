//! What a node holds for a Service, mode by mode.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};

use crate::explain::article::{Article, Item};
use crate::explain::chain::{self, Endpoint};
use crate::explain::chains::Chains;
use crate::explain::find::{Home, Site};
use crate::explain::matches::percent;
use crate::explain::{ipset, kinds, native, who, words};
use crate::model::iptables::{Ruleset, TableKind, Target, Wish};
use crate::model::kube_proxy::{
    NFT_TABLE, NftChainName, ProxyMode, ServiceChain, port_name, protocol_name,
};
use crate::model::{Cluster, Family, NetnsId, Service, ServicePort, SetPart, Takes};

/// Adds a section for each port; the chains that were needed and not read.
pub fn sections(
    cluster: &Cluster,
    host: NetnsId,
    service: &Service,
    modes: &[ProxyMode],
    article: &mut Article,
) -> BTreeSet<Wish> {
    let mut wishes = BTreeSet::new();
    for port in &service.ports {
        let label = format!("{}/{}", port.port, port.protocol);
        let mut items = Vec::new();
        for mode in modes {
            items.extend(match mode {
                ProxyMode::Iptables => iptables(cluster, host, service, port, &mut wishes),
                ProxyMode::Nftables => nftables(cluster, host, service, port),
                ProxyMode::Ipvs => ipvs(cluster, host, service, port),
            });
        }
        let nothing = items.is_empty() && !modes.is_empty() && wishes.is_empty();
        if nothing && !service.headless && service.external_name.is_none() {
            article.odd.push(format!(
                "{} holds nothing for port {label}",
                cluster.node_name(host)
            ));
        }
        article.section(
            format!("What {} holds for port {label}", cluster.node_name(host)),
            items,
        );
    }
    wishes
}

/// Chains that list Services; those of the filter table are only for Services without endpoints.
const LISTS: [(TableKind, &str); 5] = [
    (TableKind::Nat, "KUBE-SERVICES"),
    (TableKind::Nat, "KUBE-NODEPORTS"),
    (TableKind::Filter, "KUBE-SERVICES"),
    (TableKind::Filter, "KUBE-EXTERNAL-SERVICES"),
    (TableKind::Filter, "KUBE-PROXY-FIREWALL"),
];

fn iptables(
    cluster: &Cluster,
    host: NetnsId,
    service: &Service,
    port: &ServicePort,
    wishes: &mut BTreeSet<Wish>,
) -> Vec<Item> {
    let mut items = Vec::new();
    if protocol_name(port.protocol).is_none() {
        return items;
    }
    let name = port_name(service, port);
    let rulesets = cluster.netns(host).iptables.iter();
    for ruleset in rulesets.filter(|ruleset| has_services(ruleset)) {
        let chains = Chains::of(cluster, host, ruleset);
        let own = ServiceChain::ALL.map(|kind| kind.name(&name, port.protocol));
        for (table, list) in LISTS {
            let held = chains.chain(table, list);
            let Some(chain) = held.chain() else { continue };
            for rule in held.rules() {
                let leads =
                    matches!(&rule.target, Target::Jump(to) if own.iter().any(|own| **to == **own));
                let ends = matches!(rule.target, Target::Reject(_) | Target::Drop)
                    && ruleset
                        .comment(chain, rule)
                        .is_some_and(|comment| comment.split(' ').any(|word| word == name));
                if leads || ends {
                    let text = format!("rule {}: {}", rule.number, words::rule(rule));
                    let label = match table {
                        TableKind::Nat => list.to_owned(),
                        table => format!("{} {list}", table.name()),
                    };
                    items.push(Item::of(label, text).seen(
                        format!("iptables {} {list} rule {}", table.name(), rule.number),
                        ruleset.line(chain, rule),
                    ));
                }
            }
        }
        for name in &own {
            let Some(chain) = chains.chain(TableKind::Nat, name).chain() else {
                continue;
            };
            let what = brief(kinds::kind_of(name, TableKind::Nat));
            items.push(Item::of(
                name.as_str(),
                format!("{} rules{what}", chain.len()),
            ));
            let site = Site {
                netns: host,
                home: Home::Iptables(ruleset, TableKind::Nat),
                chain: &chain.name,
            };
            if !name.starts_with("KUBE-SVC-") && !name.starts_with("KUBE-SVL-") {
                continue;
            }
            if let Some((explained, more)) = chain::explain(cluster, &[site]) {
                items.extend(explained.endpoints.iter().map(leads));
                wishes.extend(more);
            }
        }
        wishes.extend(chains.into_wishes());
    }
    items
}

fn has_services(ruleset: &Ruleset) -> bool {
    let table = ruleset.table(TableKind::Nat);
    table.is_some_and(|table| table.chain("KUBE-SERVICES").is_some())
}

/// What a chain of a Service's port is for, in a few words.
fn brief(kind: Option<kinds::Kind>) -> &'static str {
    match kind.map(|kind| kind.id) {
        Some("service-cluster") => ": chooses among all endpoints",
        Some("service-local") => ": chooses among the endpoints on this node",
        Some("service-external") => ": takes what comes from outside",
        Some("service-firewall") => ": holds clients against the source ranges",
        Some("endpoint") => ": one endpoint",
        _ => "",
    }
}

/// `50 % to 10.42.1.6:80 (KUBE-SEP-...)`.
fn leads(endpoint: &Endpoint) -> Item {
    let to = match endpoint.ip.zip(endpoint.port) {
        Some((ip, port)) => SocketAddr::new(ip, port).to_string(),
        None => "nowhere".to_owned(),
    };
    let pod = endpoint
        .pod
        .as_ref()
        .map_or_else(String::new, |pod| format!("  pod {pod}"));
    let packets = endpoint
        .packets
        .map_or_else(String::new, |packets| format!(" [{packets}]"));
    let share = endpoint.probability.map_or_else(|| "?".to_owned(), percent);
    Item::of("", format!("{share:>6}  {to}{pod}{packets}"))
}

fn nftables(cluster: &Cluster, host: NetnsId, service: &Service, port: &ServicePort) -> Vec<Item> {
    let mut items = Vec::new();
    let is_its = |chain: &str| {
        NftChainName::parse(chain).is_some_and(|name| {
            (name.namespace, name.service, name.port)
                == (&*service.namespace, &*service.name, &*port.name)
                && name.protocol == port.protocol.to_string()
        })
    };
    let full = port_name(service, port);
    let tables = cluster
        .netns(host)
        .nftables
        .iter()
        .flat_map(|all| &all.tables);
    for table in tables.filter(|table| &*table.name == NFT_TABLE) {
        for set in &table.sets {
            for element in &set.elements {
                let leads = element.verdict().is_some_and(|verdict| match verdict {
                    crate::model::nftables::Verdict::Goto(to)
                    | crate::model::nftables::Verdict::Jump(to) => is_its(to),
                    _ => false,
                });
                let named = element.comment.as_deref() == Some(&full);
                if leads || named {
                    items.push(
                        Item::of(format!("map {}", set.name), set.print(element)).seen(
                            format!(
                                "nft list map {} {} {}",
                                table.family.name(),
                                table.name,
                                set.name
                            ),
                            set.print(element),
                        ),
                    );
                }
            }
        }
        for chain in table.chains.iter().filter(|chain| is_its(&chain.name)) {
            let kind = native::kinds::kind_of(table, chain);
            items.push(Item::of("chain", format!("{}{}", chain.name, brief(kind))));
            let site = Site {
                netns: host,
                home: Home::Native(table),
                chain: &chain.name,
            };
            let chooses = chain.name.starts_with("service-") || chain.name.starts_with("local-");
            if let Some((explained, _)) = chain::explain(cluster, &[site]).filter(|_| chooses) {
                items.extend(explained.endpoints.iter().map(leads));
            }
        }
    }
    items
}

fn ipvs(cluster: &Cluster, host: NetnsId, service: &Service, port: &ServicePort) -> Vec<Item> {
    let here = cluster.netns(host);
    let mut items = Vec::new();
    let addresses: BTreeSet<IpAddr> = who::addresses_of(service).map(|(ip, _)| ip).collect();
    let own = |ip: IpAddr| {
        here.addresses
            .iter()
            .flatten()
            .any(|one| one.ip == ip && one.device != "kube-ipvs0")
    };
    for server in here.virtual_servers.iter().flatten() {
        let Takes::Address { protocol, address } = server.takes else {
            continue;
        };
        let by_address = addresses.contains(&address.ip()) && address.port() == port.port;
        let by_node_port = port.node_port == Some(address.port()) && own(address.ip());
        if protocol != port.protocol || !(by_address || by_node_port) {
            continue;
        }
        items.push(
            Item::of("virtual server", format!("{address}, {}", server.scheduler))
                .seen("ipvsadm -Sn", server.raw.as_str()),
        );
        let total: u32 = server.servers.iter().map(|one| one.weight).sum();
        items.extend(server.servers.iter().map(|one| {
            let pod = who::pod(cluster, one.address.ip())
                .map_or_else(String::new, |pod| format!("  pod {pod}"));
            let share = f64::from(one.weight) / f64::from(total.max(1));
            let share = percent(share);
            Item::of(
                "",
                format!("{share:>6}  {}{pod} by weight {}", one.address, one.weight),
            )
            .seen("ipvsadm -Sn", one.raw.as_str())
        }));
        let held = here
            .addresses
            .iter()
            .flatten()
            .find(|one| one.ip == address.ip());
        if let Some(held) = held.filter(|held| held.device == "kube-ipvs0") {
            items.push(Item::of(
                "address",
                format!("{} on {}", held.ip, held.device),
            ));
        }
    }
    for set in here.ipsets.iter().flatten() {
        for element in &set.elements {
            let by_address = ipset::socket(element)
                .is_some_and(|at| addresses.contains(&at.ip()) && at.port() == port.port);
            let by_node_port = matches!(element.parts.as_slice(), [SetPart::Port { first, last, protocol }]
                if first == last && port.node_port == Some(*first)
                    && protocol.is_none_or(|of| of == port.protocol));
            // A bitmap of ports has no protocol: the set's name does.
            let of_protocol =
                !by_node_port || set.name.contains(&port.protocol.to_string().to_uppercase());
            if (by_address || by_node_port) && of_protocol && element_protocol(element, port) {
                items.push(
                    Item::of(
                        "ipset",
                        format!("{}: {}", set.name, ipset::words_of(element)),
                    )
                    .seen("ipset save", element.raw.as_str()),
                );
            }
        }
    }
    items
}

fn element_protocol(element: &crate::model::SetElement, port: &ServicePort) -> bool {
    element.parts.iter().all(|part| match part {
        SetPart::Port {
            protocol: Some(protocol),
            ..
        } => *protocol == port.protocol,
        _ => true,
    })
}

/// The families in which a Service has addresses.
pub fn families(service: &Service) -> Vec<Family> {
    let mut families: Vec<Family> = Vec::new();
    for ip in &service.cluster_ips {
        let family = Family::of(*ip);
        if !families.contains(&family) {
            families.push(family);
        }
    }
    families
}
