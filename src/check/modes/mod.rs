//! What kube-proxy's modes need besides the Services themselves, and what one mode left in the way of another.
//!
//! Each file is about one mode. On a node that runs another mode its checks are right by nature.

mod ipvs;
mod ipvs_sets;
mod mixed;
mod nftables;

use std::collections::HashSet;
use std::net::IpAddr;

use super::service::Catalog;
use super::{Check, Family, NodeView, Report, Scene};
use crate::model::kube_proxy::{IPVS_DEVICE, ProxyMode, ProxyState, proxy_state};
use crate::model::trace::Evidence;
use crate::model::{Cluster, Finding, Netns, ObjectKind, Protocol, Takes};

/// The checks of this family.
pub const FAMILY: Family = Family {
    about: "what kube-proxy's IPVS and nftables modes need, and what one mode left for another",
    checks: &[
        mixed::CHECKS,
        ipvs::CHECKS,
        ipvs_sets::CHECKS,
        nftables::CHECKS,
    ],
    look,
};

/// A node, and what is known of kube-proxy there.
struct OfNode<'s> {
    cluster: &'s Cluster,
    catalog: &'s Catalog<'s>,
    node: &'s NodeView<'s>,
    netns: &'s Netns,
    state: ProxyState,
    /// Where IPVS has virtual servers.
    servers: HashSet<(IpAddr, Protocol, u16)>,
}

fn look(scene: &Scene<'_>, report: &mut Report) {
    let catalog = Catalog::of(scene.cluster);
    for (node, _, netns) in scene.hosts() {
        let of_node = OfNode {
            cluster: scene.cluster,
            catalog: &catalog,
            node,
            netns,
            state: proxy_state(netns),
            servers: servers(netns),
        };
        mixed::look(scene, &of_node, report);
        ipvs::look(scene, &of_node, report);
        ipvs_sets::look(&of_node, report);
        nftables::look(&of_node, report);
    }
}

fn servers(netns: &Netns) -> HashSet<(IpAddr, Protocol, u16)> {
    let servers = netns.virtual_servers.iter().flatten();
    let taken = servers.filter_map(|server| match server.takes {
        Takes::Address { protocol, address } => Some((address.ip(), protocol, address.port())),
        Takes::Mark { .. } => None,
    });
    taken.collect()
}

impl OfNode<'_> {
    /// Whether that mode serves the node, which in ipvs mode its addresses tell where all virtual servers are gone.
    fn runs(&self, mode: ProxyMode) -> bool {
        let left = self.netns.virtual_servers.is_some()
            && self.netns.addresses_of(IPVS_DEVICE).next().is_some();
        match self.state.modes.as_slice() {
            [] => mode == ProxyMode::Ipvs && left,
            modes => modes.contains(&mode),
        }
    }

    /// Whether all Services and endpoints are known.
    fn knows_services(&self) -> bool {
        let needed = [ObjectKind::Service, ObjectKind::EndpointSlice];
        let incomplete = &self.cluster.objects.incomplete;
        !needed.iter().any(|kind| incomplete.contains(kind))
    }

    fn finding(&self, check: &Check, title: String, impact: impl Into<String>) -> Finding {
        check.finding(self.node.place(None), title, impact.into())
    }

    /// Judges some checks of a mode: they are right where another mode serves the node; where it cannot be told which, or
    /// something that they need was not read, they are skipped.
    fn judge_mode(
        &self,
        mode: ProxyMode,
        checks: &[Check],
        lacking: Option<&str>,
        report: &mut Report,
    ) -> bool {
        if self.state.modes.is_empty() && !self.state.unread.is_empty() && !self.runs(mode) {
            let why = format!("{} was not read", self.state.unread.join(" and "));
            report.skip_all(checks, self.node.name, &why);
            return false;
        }
        if !self.runs(mode) {
            for check in checks {
                report.judge(check, self.node.name, Vec::new());
            }
            return false;
        }
        if let Some(why) = lacking {
            report.skip_all(checks, self.node.name, why);
            return false;
        }
        true
    }
}

fn evidence(source: impl Into<String>, raw: impl Into<String>) -> Evidence {
    Evidence {
        source: source.into(),
        raw: raw.into(),
    }
}

/// Some of many, for a sentence: `a, b, c and 4 more`.
fn few<T: ToString>(all: &[T]) -> String {
    const FEW: usize = 3;
    let mut named: Vec<String> = all.iter().take(FEW).map(ToString::to_string).collect();
    let more = all.len().saturating_sub(FEW);
    if more > 0 {
        named.push(format!("{more} more"));
    }
    match named.as_slice() {
        [] => String::new(),
        [one] => one.clone(),
        [head @ .., last] => format!("{} and {last}", head.join(", ")),
    }
}
