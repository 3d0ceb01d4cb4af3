//! Policy routing rules that take packets for pods away before table main is asked.

use ipnet::IpNet;

use super::commands::ip_program;
use super::pods_in;
use super::way::Way;
use crate::check::Check;
use crate::model::trace::Evidence;
use crate::model::{Finding, Route, RouteType, RoutingRule, RuleAction, Severity, Table};

pub(super) const RULE: Check = Check {
    id: "policy-rule-takes-pod-traffic",
    catalogue: &["I01"],
    severity: Severity::Error,
    docs: "A policy routing rule before that of table main sends packets for another node's pods to a table which routes them \
           elsewhere. VPNs (Tailscale, WireGuard), cloud images with several network cards and other network plugins add \
           such rules.",
};

impl Way<'_, '_> {
    /// A policy routing rule that takes packets away before table main is asked.
    pub(super) fn rule(&self) -> Option<Finding> {
        let (_, netns) = self.node.host?;
        let own = self.node.pod_cidr(self.family);
        let rules = netns.rules(self.family)?.iter();
        let before = rules.take_while(|rule| !is_main(rule));
        let takes = before.filter(|rule| {
            let overlaps = |net: &Option<IpNet>, with: Option<IpNet>| match (net, with) {
                (Some(net), Some(with)) => net.contains(&with) || with.contains(net),
                _ => true,
            };
            let plain =
                !rule.not && rule.not_understood.is_empty() && rule.tos == 0 && !rule.l3mdev;
            let all = rule.fwmark.is_none_or(|(mark, _)| mark == 0)
                && rule.oif.is_none()
                && rule.ip_protocol.is_none()
                && rule.source_port.is_none()
                && rule.destination_port.is_none()
                && rule.uid_range.is_none();
            // The pods' own bridge is where their packets come in.
            let incoming = rule.iif.as_deref().is_none_or(|iif| iif.starts_with("cni"));
            plain
                && all
                && incoming
                && overlaps(&rule.from, own)
                && overlaps(&rule.to, Some(self.cidr))
        });
        for rule in takes {
            let found = match rule.action {
                RuleAction::Lookup(Table::LOCAL) | RuleAction::Goto(_) | RuleAction::Nop => {
                    continue;
                }
                RuleAction::Lookup(table) => {
                    let routes = netns.routes(self.family).unwrap_or_default().iter();
                    let limit = rule.suppress_prefix_length;
                    let covers = |route: &&Route| {
                        route.table == table
                            && route.destination.contains(&self.cidr)
                            && route.kind != RouteType::Throw
                            && limit.is_none_or(|limit| {
                                u32::from(route.destination.prefix_len()) > limit
                            })
                    };
                    let route = routes
                        .filter(covers)
                        .max_by_key(|route| route.destination.prefix_len());
                    let Some(route) = route else { continue };
                    if route.next_hops.iter().any(|hop| {
                        self.is_flannels(hop)
                            || hop.gateway.is_some_and(|ip| self.peer.has_address(ip))
                    }) {
                        return None;
                    }
                    Some(route)
                }
                RuleAction::Blackhole | RuleAction::Unreachable | RuleAction::Prohibit => None,
            };
            let title = format!(
                "a routing rule of {} takes packets for pods of {} away from table main",
                self.node.name, self.peer.name
            );
            let mut finding = self.finding(&RULE, None, title);
            let ip = ip_program(self.family);
            finding.evidence.push(Evidence {
                source: format!("{ip} rule"),
                raw: rule.raw.clone(),
            });
            if let Some(route) = found {
                self.show(&mut finding, route);
            }
            // What comes for its own pods meets the rule as well.
            let cidrs = self
                .scene
                .nodes
                .iter()
                .filter_map(|node| node.pod_cidr(self.family));
            let before = rule.priority.saturating_sub(1);
            finding.fix.extend(
                cidrs.map(|cidr| format!("{ip} rule add to {cidr} lookup main pref {before}")),
            );
            finding
                .mentions
                .extend(own.into_iter().flat_map(|cidr| pods_in(self.scene, cidr)));
            return Some(finding);
        }
        None
    }
}

fn is_main(rule: &RoutingRule) -> bool {
    let plain =
        rule.from.is_none() && rule.to.is_none() && rule.iif.is_none() && rule.fwmark.is_none();
    plain
        && !rule.not
        && rule.suppress_prefix_length.is_none()
        && rule.action == RuleAction::Lookup(Table::MAIN)
}
