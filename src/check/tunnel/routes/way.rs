//! The way from one node to another's pods: the route that is used, and whether it is one that flannel writes.

use ipnet::IpNet;

use super::{DIFFERENT, REFUSED, WRONG};
use crate::check::{Check, NodeView, Scene};
use crate::model::{Family, Finding, NextHop, Route, Table};

/// The way from a node to another's pods.
pub(super) struct Way<'a, 'c> {
    pub scene: &'a Scene<'c>,
    pub node: &'a NodeView<'c>,
    pub peer: &'a NodeView<'c>,
    pub cidr: IpNet,
    pub family: Family,
}

impl<'c> Way<'_, 'c> {
    /// The route of table main that is used for most of the network: the longest that covers all of it, of those the one
    /// with the lowest metric. A default route is none.
    pub fn best<'r>(&self, routes: &'r [Route]) -> Option<&'r Route> {
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
    pub fn is_expected(&self) -> bool {
        let tunnelled = self.node.tunnel(self.family).is_some();
        let known = matches!(self.node.backend(), Some("vxlan" | "host-gw"));
        let published = self.peer.object.is_none_or(|object| {
            object.flannel.is_empty() || self.peer.public_ip(self.family).is_some()
        });
        (tunnelled || known) && published
    }

    pub fn judge(&self, route: &Route) -> Option<(&'static Check, Finding)> {
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
    pub fn is_flannels(&self, hop: &NextHop) -> bool {
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
    pub fn may_be_direct(&self) -> bool {
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
}
