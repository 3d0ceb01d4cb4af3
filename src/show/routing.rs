//! Routes and policy routing rules.

use ipnet::IpNet;

use super::{Cell, Column, Place, Rows};
use crate::model::{Family, NextHop, Route, RouteType, RoutingRule, RuleAction};

pub(super) const ROUTES: &[Column] = &[
    Column::new("table"),
    Column::new("destination"),
    Column::usually("type", "unicast"),
    Column::new("via"),
    Column::new("device"),
    Column::usually("metric", "0"),
    Column::new("leads_to"),
    Column::wide("route"),
];

pub(super) const RULES: &[Column] = &[
    Column::new("family"),
    Column::new("priority"),
    Column::new("action"),
    Column::new("rule"),
];

/// Those of the table `local`, which the kernel keeps by itself, come last.
pub(super) fn routes(place: &Place<'_>) -> Rows {
    let (v4, v6) = (&place.netns.routes4, &place.netns.routes6);
    if v4.is_none() && v6.is_none() {
        return None;
    }
    let routes = v4.iter().chain(v6).flatten();
    let mut routes: Vec<&Route> = routes
        .filter(|route| place.all || !is_kernels_own(route))
        .collect();
    routes.sort_by_key(|route| {
        let local = route.table == crate::model::Table::LOCAL;
        (local, std::cmp::Reverse(route.table))
    });
    Some(
        routes
            .into_iter()
            .flat_map(|route| rows(place, route))
            .collect(),
    )
}

/// Whether the kernel keeps it by itself, for its own addresses and the link-local networks of IPv6.
fn is_kernels_own(route: &Route) -> bool {
    let link_local = match route.destination {
        IpNet::V4(_) => false,
        IpNet::V6(net) => net.network().is_unicast_link_local() || net.network().is_multicast(),
    };
    route.table == crate::model::Table::LOCAL || link_local
}

/// A row for each next hop.
fn rows(place: &Place<'_>, route: &Route) -> Vec<Vec<Cell>> {
    let row = |hop: Option<&NextHop>| {
        let via = hop.and_then(|hop| hop.gateway);
        let to = match (route.kind, via) {
            (RouteType::Unicast, Some(gateway)) => place
                .owners
                .network(route.destination)
                .or_else(|| place.owners.ip(gateway).map(str::to_owned)),
            (RouteType::Unicast, None) => place.owners.network(route.destination),
            _ => None,
        };
        let destination = match route.destination.prefix_len() {
            0 => "default".to_owned(),
            length if length == route.destination.max_prefix_len() => {
                route.destination.addr().to_string()
            }
            _ => route.destination.to_string(),
        };
        vec![
            route.table.to_string().into(),
            destination.into(),
            route.kind.name().into(),
            via.into(),
            hop.and_then(|hop| hop.device.clone()).into(),
            route.metric.into(),
            to.into(),
            route.raw.as_str().into(),
        ]
    };
    match route.next_hops.as_slice() {
        [] => vec![row(None)],
        hops => hops.iter().map(|hop| row(Some(hop))).collect(),
    }
}

pub(super) fn rules(place: &Place<'_>) -> Rows {
    let families = [Family::V4, Family::V6];
    if families
        .iter()
        .all(|family| place.netns.rules(*family).is_none())
    {
        return None;
    }
    let of = |family: Family| {
        let rules = place.netns.rules(family).unwrap_or_default();
        rules.iter().map(move |rule| rule_row(family, rule))
    };
    Some(families.into_iter().flat_map(of).collect())
}

fn rule_row(family: Family, rule: &RoutingRule) -> Vec<Cell> {
    let action = match rule.action {
        RuleAction::Lookup(_) if rule.l3mdev => "lookup the vrf's table".to_owned(),
        RuleAction::Lookup(table) => format!("lookup {table}"),
        RuleAction::Goto(priority) => format!("goto {priority}"),
        RuleAction::Nop => "nop".to_owned(),
        RuleAction::Blackhole => "blackhole".to_owned(),
        RuleAction::Unreachable => "unreachable".to_owned(),
        RuleAction::Prohibit => "prohibit".to_owned(),
    };
    vec![
        family.to_string().into(),
        rule.priority.into(),
        action.into(),
        rule.raw.as_str().into(),
    ]
}
