//! Routes, and next hop objects.

use kubenet::model::Route;
use serde_json::Value;

use super::scene::routes;
use super::support::{allowed, host, lines, text};

/// A route's fields, as `ip -j route` would have them.
fn route_key(route: &Route) -> String {
    let mut hops: Vec<String> = route
        .next_hops
        .iter()
        .map(|hop| {
            format!(
                "{:?} {:?} {} {} {} {}",
                hop.gateway.map(|ip| ip.to_string()),
                hop.device,
                hop.weight,
                hop.onlink,
                hop.dead,
                hop.linkdown
            )
        })
        .collect();
    hops.sort();
    format!(
        "{} {} table {} metric {} tos {} scope {} src {:?} mtu {:?} {hops:?}",
        route.kind.name(),
        route.destination,
        route.table,
        route.metric,
        route.tos,
        route.scope.name(),
        route.preferred_source.map(|ip| ip.to_string()),
        route.mtu
    )
}

/// The same out of the JSON.
fn printed_key(route: &Value, v6: bool) -> String {
    let kind = text(route, "type").unwrap_or("unicast");
    let all = if v6 { "::/0" } else { "0.0.0.0/0" };
    let destination = match text(route, "dst").unwrap() {
        "default" => all.to_owned(),
        one if !one.contains('/') => format!("{one}/{}", if v6 { 128 } else { 32 }),
        prefix => prefix.to_owned(),
    };
    let hop = |hop: &Value| {
        let flag = |name: &str| {
            hop["flags"]
                .as_array()
                .is_some_and(|all| all.iter().any(|one| one == name))
        };
        let gateway = text(hop, "gateway")
            .or_else(|| text(&hop["via"], "host"))
            .map(str::to_owned);
        let device = text(hop, "dev").map(str::to_owned);
        let weight = hop["weight"].as_u64().unwrap_or(1);
        format!(
            "{gateway:?} {device:?} {weight} {} {} {}",
            flag("onlink"),
            flag("dead"),
            flag("linkdown")
        )
    };
    let leads_nowhere = matches!(kind, "blackhole" | "unreachable" | "prohibit" | "throw");
    let mut hops: Vec<String> = match route["nexthops"].as_array() {
        Some(hops) => hops.iter().map(hop).collect(),
        None if leads_nowhere => Vec::new(),
        None => vec![hop(route)],
    };
    hops.sort();
    let mtu = route["metrics"]
        .as_array()
        .and_then(|all| all.iter().find_map(|metric| metric["mtu"].as_u64()));
    let tos = text(route, "tos").map_or(0, |tos| {
        u8::from_str_radix(tos.trim_start_matches("0x"), 16).unwrap()
    });
    format!(
        "{kind} {destination} table {} metric {} tos {tos} scope {} src {:?} mtu {mtu:?} {hops:?}",
        text(route, "table").unwrap_or("main"),
        route["metric"].as_u64().unwrap_or_default(),
        text(route, "scope").unwrap_or("global"),
        text(route, "prefsrc").map(str::to_owned)
    )
}

#[test]
fn routes_of_every_table_and_type() {
    if !allowed() {
        return;
    }
    let made = routes();
    let cluster = made.read();
    let netns = host(&cluster);
    for (read, option) in [(&netns.routes4, "-4"), (&netns.routes6, "-6")] {
        let read = read.as_ref().unwrap();
        let printed = made.json(0, &format!("ip -j {option} route show table all"));
        let printed: Vec<String> = printed
            .iter()
            .map(|route| printed_key(route, option == "-6"))
            .collect();
        assert_eq!(read.iter().map(route_key).collect::<Vec<_>>(), printed);
        let lines = lines(&made.tool(0, &format!("ip {option} route show table all")));
        assert_eq!(
            read.iter()
                .map(|route| route.raw.clone())
                .collect::<Vec<_>>(),
            lines
        );
    }
    let nh = netns
        .routes4
        .iter()
        .flatten()
        .find(|route| route.destination.to_string() == "10.71.0.0/16")
        .unwrap();
    assert_eq!(
        nh.next_hops
            .iter()
            .map(|hop| hop.weight)
            .collect::<Vec<_>>(),
        [3, 1]
    );
    assert_eq!(cluster.gaps, []);
}

#[test]
fn next_hop_objects_are_looked_up_where_routes_tell_only_their_id() {
    if !allowed() {
        return;
    }
    let made = routes();
    let before = made.read();
    made.tool(0, "sysctl -w net.ipv4.nexthop_compat_mode=0");
    assert!(
        !made.tool(0, "ip route show 10.71.0.0/16").contains("via"),
        "the kernel still tells the next hops"
    );
    let after = made.read();
    let hops = |cluster: &kubenet::model::Cluster| -> Vec<_> {
        host(cluster)
            .routes4
            .iter()
            .flatten()
            .map(|route| (route.destination, route.next_hops.clone()))
            .collect()
    };
    assert_eq!(hops(&before), hops(&after));
    assert_eq!(after.gaps, []);
}
