//! What kube-proxy's modes cost on a node, by this node's own figures: how many rules the first packet of a connection
//! meets, and how many entries there are for each Service and endpoint.
//!
//! The mode in use is counted. For the others it is computed from the API's objects what kube-proxy would write
//! (pkg/proxy/iptables, ipvs and nftables, `syncProxyRules`).

use super::article::{Article, Item};
use super::who;
use crate::model::iptables::{Ruleset, TableKind, Target};
use crate::model::kube_proxy::{NFT_TABLE, ProxyMode, Targets, is_served, named, proxy_state};
use crate::model::{Cluster, Family, NetnsId, NodeObject, ObjectKind};

/// Compares the modes on a node, for IPv4.
pub fn explain(cluster: &Cluster, host: NetnsId) -> Article {
    let node = cluster.node_name(host);
    let mut article = Article::new("modes", "kube-proxy").in_netns(cluster, host);
    let state = proxy_state(cluster.netns(host));
    article.fact(
        "mode",
        match state.modes.as_slice() {
            [] => "unknown".to_owned(),
            modes => named(modes, "+"),
        },
    );
    article.say(match state.modes.as_slice() {
        [] => format!("In which mode kube-proxy serves {node} cannot be told from what was read."),
        modes => format!(
            "{node} is served in mode {}; what the others hold is computed from the API's objects.",
            named(modes, " and ")
        ),
    });
    let there = state.modes.iter();
    let there = there.flat_map(|mode| counted(cluster, host, *mode));
    article.section("What is there now", there.collect());
    let incomplete = &cluster.objects.incomplete;
    let known = [ObjectKind::Service, ObjectKind::EndpointSlice];
    if cluster.objects.services.is_empty() || known.iter().any(|kind| incomplete.contains(kind)) {
        article.not_seen.push("the Services and EndpointSlices were not read whole: what the modes would hold is not told".to_owned());
    } else {
        computed(&Load::of(cluster, host), &mut article);
    }
    article.say("Memory is not told: the kernel has no interface that says how much rules, sets or virtual servers take.");
    article
}

/// The Services as a node has to serve them.
struct Load {
    /// Ports of Services that have an endpoint.
    ports: usize,
    /// Addresses that lead to them: each with each port.
    addresses: usize,
    /// NodePorts.
    node_ports: usize,
    /// Endpoints, each port's by itself.
    endpoints: usize,
    /// The most endpoints that a port has.
    most: usize,
    /// Addresses of the node, at each of which IPVS has a virtual server for each NodePort.
    own: usize,
    /// Virtual servers of IPVS, those without endpoints too, and the real ones behind them.
    servers: (usize, usize),
}

impl Load {
    fn of(cluster: &Cluster, host: NetnsId) -> Self {
        let name = cluster.node_name(host);
        let unknown = NodeObject {
            name: name.to_owned(),
            ..NodeObject::default()
        };
        let node = cluster.objects.nodes.iter().find(|node| node.name == name);
        let node = node.unwrap_or(&unknown);
        let own = cluster.netns(host).addresses.iter().flatten();
        let own = own
            .filter(|one| one.ip.is_ipv4() && !one.ip.is_loopback() && one.device != "kube-ipvs0");
        let mut load = Self {
            ports: 0,
            addresses: 0,
            node_ports: 0,
            endpoints: 0,
            most: 0,
            own: own.count(),
            servers: (0, 0),
        };
        for service in cluster
            .objects
            .services
            .iter()
            .filter(|service| is_served(service))
        {
            let own = who::addresses_of(service).filter(|(ip, _)| ip.is_ipv4());
            let (inside, outside): (Vec<_>, Vec<_>) =
                own.partition(|(_, what)| *what == "cluster IP");
            let proxied = &service.load_balancer_proxy_ips;
            let outside = outside
                .iter()
                .filter(|(ip, _)| !proxied.contains(ip))
                .count();
            let inside = inside.len();
            for port in &service.ports {
                let targets = Targets::of(&cluster.objects, service, port, Family::V4, node);
                // IPVS mode takes the others where a policy asks for endpoints on this node and it has none.
                let of = |local: bool| match local && !targets.local.is_empty() {
                    true => &targets.local,
                    false => &targets.cluster,
                };
                let entries = outside + port.node_port.map_or(0, |_| load.own);
                load.servers.0 += inside + entries;
                load.servers.1 += inside * of(service.internal_local).len()
                    + entries * of(service.external_local).len();
                let endpoints = targets.reachable.len();
                if endpoints == 0 || inside + outside == 0 {
                    continue;
                }
                load.ports += 1;
                load.addresses += inside + outside;
                load.node_ports += usize::from(port.node_port.is_some());
                load.endpoints += endpoints;
                load.most = load.most.max(endpoints);
            }
        }
        load
    }
}

fn computed(load: &Load, article: &mut Article) {
    article.fact("service_ports", load.ports);
    article.fact("endpoints", load.endpoints);
    article.say(format!(
        "It serves {} ports of Services with {} endpoints (IPv4), at {} addresses and {} NodePorts.",
        load.ports, load.endpoints, load.addresses, load.node_ports
    ));
    let list = load.addresses + 1;
    let first = vec![
        Item::of(
            "iptables",
            format!(
                "about {} rules on average, {} at most: half of KUBE-SERVICES ({list} rules), then half of the endpoints' rules",
                list / 2 + average(load) / 2 + 4,
                list + load.most + 4
            ),
        )
        .because("a list is tried from its beginning: it grows with the Services"),
        Item::of("ipvs", "about 10 rules, then one lookup by a hash")
            .because("sets hold what grows, and the rules that look into them stay as many"),
        Item::of("nftables", "about 10 rules, then one lookup in a map and one number drawn")
            .because("maps hold what grows, and the rules stay as many"),
    ];
    article.section(
        "What the first packet of a connection meets (later ones: nothing, conntrack knows them)",
        first,
    );
    // One rule that leads there, one that marks, one for each endpoint; two in each endpoint's chain.
    let rules = load.addresses + load.ports + 3 * load.endpoints + 4 * load.node_ports;
    let chains = load.ports + load.endpoints + load.node_ports;
    let (servers, real) = load.servers;
    article.fact("virtual_servers", servers);
    article.fact("real_servers", real);
    let entries = vec![
        Item::of(
            "iptables",
            format!(
                "about {rules} rules in {chains} chains: two for each port, three for each endpoint"
            ),
        ),
        Item::of(
            "ipvs",
            format!(
                "{servers} virtual servers with {real} real ones: a NodePort has one at each of the node's {} addresses",
                load.own
            ),
        ),
        Item::of(
            "nftables",
            format!(
                "about {} map elements and {} chains of a rule or two: endpoints stand within the rule",
                load.addresses + load.node_ports,
                load.ports + load.node_ports
            ),
        ),
    ];
    article.section(
        "What it would hold, without affinity and source ranges",
        entries,
    );
}

/// Endpoints of a port, on average.
fn average(load: &Load) -> usize {
    load.endpoints.div_ceil(load.ports.max(1))
}

fn counted(cluster: &Cluster, host: NetnsId, mode: ProxyMode) -> Vec<Item> {
    let here = cluster.netns(host);
    match mode {
        ProxyMode::Iptables => {
            let rulesets = here.iptables.iter();
            rulesets
                .filter(|ruleset| ruleset.family == Family::V4)
                .flat_map(iptables)
                .collect()
        }
        ProxyMode::Nftables => {
            let tables = here.nftables.iter().flat_map(|all| &all.tables);
            let own = tables.filter(|table| &*table.name == NFT_TABLE);
            own.map(|table| {
                let rules: usize = table.chains.iter().map(|chain| chain.rules.len()).sum();
                let elements: usize = table.sets.iter().map(|set| set.elements.len()).sum();
                Item::of(
                    format!("{} {}", table.family.name(), table.name),
                    format!(
                        "{rules} rules in {} chains, {elements} elements in {} sets and maps",
                        table.chains.len(),
                        table.sets.len()
                    ),
                )
            })
            .collect()
        }
        ProxyMode::Ipvs => {
            let servers = here.virtual_servers.iter().flatten();
            let real: usize = servers.clone().map(|server| server.servers.len()).sum();
            let sets = here
                .ipsets
                .iter()
                .flatten()
                .filter(|set| set.name.starts_with("KUBE-"));
            let elements: usize = sets.clone().map(|set| set.elements.len()).sum();
            vec![
                Item::of(
                    "virtual servers",
                    format!("{}, with {real} real ones", servers.count()),
                ),
                Item::of(
                    "sets",
                    format!("{}, with {elements} elements", sets.count()),
                ),
            ]
        }
    }
}

fn iptables(ruleset: &Ruleset) -> Vec<Item> {
    let all = ruleset.chains().map(|(_, chain)| chain);
    let own: Vec<_> = all
        .filter(|chain| chain.name.starts_with("KUBE-"))
        .collect();
    let chains = own.len();
    if chains == 0 {
        return Vec::new();
    }
    let unread = own.iter().filter(|chain| !chain.is_read()).count();
    let rules: usize = own.iter().map(|chain| chain.len()).sum();
    let more = match unread {
        0 => String::new(),
        some => format!(" ({some} chains were not read: more)"),
    };
    let mut items = vec![Item::of(
        "kube-proxy's",
        format!("{rules} rules in {chains} chains{more}"),
    )];
    let table = ruleset.table(TableKind::Nat);
    let list = table.and_then(|table| table.chain("KUBE-SERVICES"));
    if let Some(list) = list.filter(|list| list.is_read()) {
        let leads = ruleset.rules(list).iter().filter(|rule| {
            matches!(&rule.target, Target::Jump(to) if to.starts_with("KUBE-SVC-") || to.starts_with("KUBE-SVL-"))
        });
        let places: Vec<u32> = leads.map(|rule| rule.number).collect();
        let sum: u32 = places.iter().sum();
        let average = f64::from(sum) / places.len().max(1) as f64;
        items.push(Item::of(
            "KUBE-SERVICES",
            format!(
                "{} rules; a cluster IP's is met at place {average:.0} on average, at {} at the latest",
                list.len(),
                places.iter().max().copied().unwrap_or(0)
            ),
        ));
    }
    items
}
