//! Routes to other nodes' pods, and to a node's own.

use std::net::IpAddr;

use ipnet::IpNet;

use super::restart_flannel;
use crate::check::{Check, NodeView, Report, Scene};
use crate::model::trace::Evidence;
use crate::model::{
    Family, Finding, NextHop, Part, Route, RouteType, RoutingRule, RuleAction, Severity, Table,
};

/// The checks of this file.
pub const CHECKS: &[Check] = &[RULE, REFUSED, WRONG, DIFFERENT, SHADOWED, MISSING];

const RULE: Check = Check {
    id: "policy-rule-takes-pod-traffic",
    catalogue: &["I01"],
    severity: Severity::Error,
    docs: "A policy routing rule before that of table main sends packets for another node's pods to a table which routes them \
           elsewhere. VPNs (Tailscale, WireGuard), cloud images with several network cards and other network plugins add \
           such rules.",
};

const REFUSED: Check = Check {
    id: "pod-route-refuses",
    catalogue: &["I03"],
    severity: Severity::Error,
    docs: "A route of type blackhole, unreachable or prohibit covers another node's pods: what is sent to them is dropped, \
           silently or with an ICMP error. Calico leaves such routes behind when it is removed.",
};

const WRONG: Check = Check {
    id: "pod-route-wrong",
    catalogue: &["C02"],
    severity: Severity::Error,
    docs: "The route to another node's pods does not lead to that node: it is left from a time when another node had this \
           network, or something other than flannel wrote it, or it wins by its metric.",
};

const DIFFERENT: Check = Check {
    id: "pod-route-unusual",
    catalogue: &["C02", "A03"],
    severity: Severity::Warning,
    docs: "The route to another node's pods leads to that node, and not the way flannel sends: past the tunnel, or by another \
           device. That works as long as nothing checks where packets come from; with `rp_filter` = 1 the answers, which \
           come by the tunnel, are dropped.",
};

const SHADOWED: Check = Check {
    id: "pod-route-shadowed",
    catalogue: &["C02", "E21", "I05"],
    severity: Severity::Error,
    docs: "A route to a part of another node's pod network is more specific than flannel's and leads elsewhere: the pods with \
           those addresses cannot be reached. VPNs, docker networks and address plans that overlap bring such routes.",
};

const MISSING: Check = Check {
    id: "pod-route-missing",
    catalogue: &["C01", "D02", "C27", "D01"],
    severity: Severity::Error,
    docs: "There is no route to the pods of another node: what is sent to them leaves by the default route, or not at all. \
           flannel's vxlan backend writes a node's route once, when it starts or hears of the node; what removes it \
           later (NetworkManager, systemd-networkd, a restart of the network) removes it for good. Its host-gw backend \
           looks every ten seconds: there flannel does not run, or the other node is not on the same link.",
};

/// Looks at each node's route to each other's pods.
pub fn look(scene: &Scene<'_>, family: Family, report: &mut Report) {
    for (node, _, netns) in scene.hosts() {
        if node.pod_cidr(family).is_none() {
            continue;
        }
        if !node.has_whole(Part::Routes(family)) {
            report.skip_all(CHECKS, node.name, "its routes were not read");
            continue;
        }
        for check in CHECKS {
            report.judge(check, node.name, Vec::new());
        }
        let routes = netns.routes(family).unwrap_or_default();
        let tunnel = node.tunnel(family);
        // With the device, its routes went: one finding is enough.
        let lost = node.backend() == Some("vxlan") && !tunnel.is_some_and(|(link, _)| link.up);
        let bounced =
            tunnel.is_some_and(|(link, _)| super::device::is_bounced(scene, node, link, family));
        let mut ruled = false;
        for peer in scene.peers(node) {
            let Some(cidr) = peer.pod_cidr(family) else {
                continue;
            };
            if node.pod_cidr(family) == Some(cidr) {
                continue;
            }
            let way = Way {
                scene,
                node,
                peer,
                cidr,
                family,
            };
            // One rule takes what is for all nodes.
            if !ruled && let Some(finding) = way.rule() {
                ruled = true;
                report.judge(&RULE, node.name, vec![finding]);
            }
            let (check, finding) = match way.best(routes) {
                Some(route) => match way.judge(route) {
                    Some(found) => found,
                    None => {
                        let shadows = way.shadows(routes);
                        report.judge(&SHADOWED, node.name, shadows);
                        continue;
                    }
                },
                None if lost || bounced || !way.is_expected() => continue,
                None => (&MISSING, way.missing(routes)),
            };
            report.judge(check, node.name, vec![finding]);
        }
    }
}

/// The command that adds a route by a tunnel.
pub fn add_by_tunnel(cidr: IpNet, gateway: IpAddr, device: &str) -> String {
    let ip = match Family::of(gateway) {
        Family::V4 => "ip",
        Family::V6 => "ip -6",
    };
    format!("{ip} route replace {cidr} via {gateway} dev {device} onlink")
}

/// What names the ways to all other nodes.
pub fn words(scene: &Scene<'_>, node: &NodeView<'_>, family: Family) -> Vec<String> {
    let cidrs = scene.peers(node).filter_map(|peer| peer.pod_cidr(family));
    cidrs.flat_map(|cidr| pods_in(scene, cidr)).collect()
}

/// The addresses of pods in a network, as words.
fn pods_in(scene: &Scene<'_>, cidr: IpNet) -> Vec<String> {
    let held = scene
        .cluster
        .all_netns()
        .flat_map(|(_, netns)| netns.addresses.iter().flatten());
    let held = held.map(|address| address.ip);
    let known = scene
        .cluster
        .objects
        .pods
        .iter()
        .flat_map(|pod| pod.ips.iter().copied());
    let mut ips: Vec<IpAddr> = held.chain(known).filter(|ip| cidr.contains(ip)).collect();
    ips.sort();
    ips.dedup();
    ips.iter().map(ToString::to_string).collect()
}

/// The way from a node to another's pods.
struct Way<'a, 'c> {
    scene: &'a Scene<'c>,
    node: &'a NodeView<'c>,
    peer: &'a NodeView<'c>,
    cidr: IpNet,
    family: Family,
}

impl<'c> Way<'_, 'c> {
    /// The route of table main that is used for most of the network: the longest that covers all of it, of those the one
    /// with the lowest metric. A default route is none.
    fn best<'r>(&self, routes: &'r [Route]) -> Option<&'r Route> {
        routes
            .iter()
            .filter(|route| {
                route.table == Table::MAIN
                    && route.destination.prefix_len() > 0
                    && route.destination.contains(&self.cidr)
                    && route.source.is_none()
                    && route.tos == 0
            })
            .min_by_key(|route| (u8::MAX - route.destination.prefix_len(), route.metric))
    }

    /// Whether flannel would write a route: it does where it knows its backend, or has its device.
    fn is_expected(&self) -> bool {
        let tunnelled = self.node.tunnel(self.family).is_some();
        let known = matches!(self.node.backend(), Some("vxlan" | "host-gw"));
        let published = self.peer.object.is_none_or(|object| {
            object.flannel.is_empty() || self.peer.public_ip(self.family).is_some()
        });
        (tunnelled || known) && published
    }

    fn judge(&self, route: &Route) -> Option<(&'static Check, Finding)> {
        if route.kind.drops() {
            return Some((&REFUSED, self.refused(route)));
        }
        let [hop] = route.next_hops.as_slice() else {
            return None;
        };
        if self.is_flannels(hop) {
            return None;
        }
        if !self.is_expected() {
            return None;
        }
        let leads = hop
            .gateway
            .is_some_and(|gateway| self.peer.has_address(gateway));
        Some(match leads {
            true if self.may_be_direct() => return None,
            true => (&DIFFERENT, self.different(route)),
            false => (&WRONG, self.wrong(route)),
        })
    }

    /// By the tunnel, to the other node's end of it; or by a device of which nothing is known here (wireguard, ipip).
    fn is_flannels(&self, hop: &NextHop) -> bool {
        let device = hop.device.as_deref().unwrap_or_default();
        match self.node.tunnel(self.family) {
            Some((link, _)) if link.name == device => {
                hop.gateway.is_none() || hop.gateway == Some(self.cidr.network())
            }
            Some(_) => false,
            None => device.starts_with("flannel"),
        }
    }

    /// Whether packets may go to the other node as they are: host-gw, or vxlan with DirectRouting.
    fn may_be_direct(&self) -> bool {
        if self.node.backend() == Some("host-gw") || self.node.tunnel(self.family).is_none() {
            return true;
        }
        let config = self
            .node
            .host
            .and_then(|(_, netns)| netns.flannel.net_conf.as_deref());
        let config: Option<serde_json::Value> =
            config.and_then(|text| serde_json::from_str(text).ok());
        match config {
            Some(config) => config["Backend"]["DirectRouting"] == true,
            // Where every node does so, that is how it was set up.
            None => self.others_go_directly(),
        }
    }

    fn others_go_directly(&self) -> bool {
        let mut direct = 0;
        let mut all = 0;
        for (node, _, netns) in self.scene.hosts() {
            for peer in self.scene.peers(node) {
                let Some(cidr) = peer.pod_cidr(self.family) else {
                    continue;
                };
                let way = Way {
                    scene: self.scene,
                    node,
                    peer,
                    cidr,
                    family: self.family,
                };
                let Some(route) = way.best(netns.routes(self.family).unwrap_or_default()) else {
                    continue;
                };
                all += 1;
                let mut hops = route.next_hops.iter();
                if hops.any(|hop| hop.gateway.is_some_and(|ip| peer.has_address(ip))) {
                    direct += 1;
                }
            }
        }
        direct > 1 && direct * 3 >= all
    }

    fn finding(&self, check: &Check, device: Option<&str>, title: String) -> Finding {
        let (here, there) = (self.node.name, self.peer.name);
        let impact = format!("what {here} and its pods send to pods of {there} does not arrive");
        let mut finding = check.finding(self.node.place(device), title, impact);
        finding.mentions = pods_in(self.scene, self.cidr);
        finding.mentions.push(self.cidr.network().to_string());
        finding
    }

    fn show(&self, finding: &mut Finding, route: &Route) {
        finding.evidence.push(Evidence {
            source: format!("ip route show table {}", route.table),
            raw: route.raw.clone(),
        });
    }

    /// What flannel would write.
    fn mend(&self, finding: &mut Finding) {
        let gateway = self.cidr.network();
        let ip = match self.family {
            Family::V4 => "ip",
            Family::V6 => "ip -6",
        };
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

    fn refused(&self, route: &Route) -> Finding {
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

    fn wrong(&self, route: &Route) -> Finding {
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

    fn different(&self, route: &Route) -> Finding {
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

    fn missing(&self, routes: &[Route]) -> Finding {
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
    fn shadows(&self, routes: &[Route]) -> Vec<Finding> {
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

    /// A policy routing rule that takes packets away before table main is asked.
    fn rule(&self) -> Option<Finding> {
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
            let ip = match self.family {
                Family::V4 => "ip",
                Family::V6 => "ip -6",
            };
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

/// Where a route leads, in words.
fn by(route: &Route) -> String {
    let words: Vec<&str> = route.raw.split_ascii_whitespace().collect();
    let from = words.iter().position(|word| matches!(*word, "via" | "dev"));
    match from {
        Some(from) => words.get(from..).unwrap_or_default().join(" "),
        None => route.kind.name().to_owned(),
    }
}

fn device_of(route: &Route) -> Option<&str> {
    route.next_hops.first()?.device.as_deref()
}

fn delete(route: &Route) -> String {
    let ip = match Family::of(route.destination.addr()) {
        Family::V4 => "ip",
        Family::V6 => "ip -6",
    };
    let kind = match route.kind {
        RouteType::Unicast => String::new(),
        kind => format!("{} ", kind.name()),
    };
    let device = device_of(route).map_or(String::new(), |device| format!(" dev {device}"));
    let via = route.next_hops.first().and_then(|hop| hop.gateway);
    let via = via.map_or(String::new(), |ip| format!(" via {ip}"));
    let metric = match route.metric {
        0 | 1024 => String::new(),
        metric => format!(" metric {metric}"),
    };
    format!(
        "{ip} route del {kind}{}{via}{device}{metric}",
        route.destination
    )
}
