//! What is said of a route that leads elsewhere, or that is not there, and what mends it.

use super::commands::{add_by_tunnel, delete, device_of, ip_program};
use super::way::Way;
use super::{DIFFERENT, MISSING, REFUSED, SHADOWED, WRONG, pods_in};
use crate::check::Check;
use crate::check::tunnel::restart_flannel;
use crate::model::trace::Evidence;
use crate::model::{Finding, Route, RouteType, Table};

impl Way<'_, '_> {
    pub(super) fn finding(&self, check: &Check, device: Option<&str>, title: String) -> Finding {
        let (here, there) = (self.node.name, self.peer.name);
        let impact = format!("what {here} and its pods send to pods of {there} does not arrive");
        let mut finding = check.finding(self.node.place(device), title, impact);
        finding.mentions = pods_in(self.scene, self.cidr);
        finding.mentions.push(self.cidr.network().to_string());
        finding
    }

    pub(super) fn show(&self, finding: &mut Finding, route: &Route) {
        finding.evidence.push(Evidence {
            source: format!("ip route show table {}", route.table),
            raw: route.raw.clone(),
        });
    }

    /// What flannel would write.
    fn mend(&self, finding: &mut Finding) {
        let gateway = self.cidr.network();
        let ip = ip_program(self.family);
        match (
            self.node.tunnel(self.family),
            self.peer.public_ip(self.family),
        ) {
            (Some((link, _)), _) if !self.may_be_direct() => {
                finding
                    .fix
                    .push(add_by_tunnel(self.cidr, gateway, &link.name));
            }
            (_, Some(to)) => finding
                .fix
                .push(format!("{ip} route replace {} via {to}", self.cidr)),
            _ => {}
        }
        let restart = restart_flannel(self.node.name);
        finding.fix.push(match finding.fix.is_empty() {
            true => restart,
            false => format!("# or, which does the same: {restart}"),
        });
    }

    pub(super) fn refused(&self, route: &Route) -> Finding {
        let title = format!(
            "{} refuses what is for pods of {}: a {} route covers {}",
            self.node.name,
            self.peer.name,
            route.kind.name(),
            self.cidr
        );
        let mut finding = self.finding(&REFUSED, None, title);
        self.show(&mut finding, route);
        finding.fix.push(delete(route));
        if route.destination == self.cidr {
            self.mend(&mut finding);
        }
        finding
    }

    pub(super) fn wrong(&self, route: &Route) -> Finding {
        let by = by(route);
        let title = format!(
            "the route of {} to pods of {} leads elsewhere: {by}",
            self.node.name, self.peer.name
        );
        let mut finding = self.finding(&WRONG, device_of(route), title);
        self.show(&mut finding, route);
        finding.fix.push(delete(route));
        self.mend(&mut finding);
        finding
    }

    pub(super) fn different(&self, route: &Route) -> Finding {
        let by = by(route);
        let title = format!(
            "the route of {} to pods of {} is not flannel's: {by}",
            self.node.name, self.peer.name
        );
        let mut finding = self.finding(&DIFFERENT, device_of(route), title);
        finding.impact = format!(
            "packets to pods of {} go past the tunnel: where rp_filter is 1, or the network between the nodes drops pods' addresses, they are lost",
            self.peer.name
        );
        self.show(&mut finding, route);
        self.mend(&mut finding);
        finding
    }

    pub(super) fn missing(&self, routes: &[Route]) -> Finding {
        let title = format!(
            "{} has no route to the pods of {} ({})",
            self.node.name, self.peer.name, self.cidr
        );
        let mut finding = self.finding(&MISSING, None, title);
        let default = routes
            .iter()
            .find(|route| route.table == Table::MAIN && route.destination.prefix_len() == 0);
        finding.evidence.push(Evidence {
            source: "ip route show table main".to_owned(),
            raw: default.map_or(
                format!("no route to {}, nor a default route", self.cidr),
                |route| {
                    format!(
                        "no route to {}; what is used instead: {}",
                        self.cidr, route.raw
                    )
                },
            ),
        });
        let vxlan = self.node.tunnel(self.family).is_some();
        finding.catalogue = vec![if vxlan { "C01" } else { "D02" }.to_owned()];
        self.mend(&mut finding);
        finding
    }

    /// More specific routes that lead elsewhere.
    pub(super) fn shadows(&self, routes: &[Route]) -> Vec<Finding> {
        let inside = routes.iter().filter(|route| {
            route.table == Table::MAIN
                && route.destination != self.cidr
                && self.cidr.contains(&route.destination)
        });
        let shadows =
            inside.filter(|route| {
                route.kind == RouteType::Unicast && !route.next_hops.iter().all(|hop| {
                    self.is_flannels(hop) || hop.gateway.is_some_and(|ip| self.peer.has_address(ip))
                    // The neighbour of the tunnel itself.
                    || route.destination.prefix_len() == self.cidr.max_prefix_len()
                        && route.destination.network() == self.cidr.network()
                }) || route.kind.drops()
            });
        shadows
            .map(|route| {
                let check = if route.kind.drops() {
                    &REFUSED
                } else {
                    &SHADOWED
                };
                let title = format!(
                    "a route of {} takes {} out of the network of {}'s pods: {}",
                    self.node.name,
                    route.destination,
                    self.peer.name,
                    by(route)
                );
                let mut finding = self.finding(check, device_of(route), title);
                finding.mentions = pods_in(self.scene, route.destination);
                self.show(&mut finding, route);
                finding.fix.push(delete(route));
                finding
            })
            .collect()
    }
}

/// Where a route leads, in words.
fn by(route: &Route) -> String {
    let words: Vec<&str> = route.raw.split_ascii_whitespace().collect();
    let from = words.iter().position(|word| matches!(*word, "via" | "dev"));
    match from {
        Some(from) => words.get(from..).unwrap_or_default().join(" "),
        None => route.kind.name().to_owned(),
    }
}
