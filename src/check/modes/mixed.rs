//! Remains of a mode that does not serve the node any more (cmd/kube-proxy/app/server_linux.go, `platformCleanup`: changing
//! between iptables and ipvs mode cleans nothing of the other).

use super::{OfNode, evidence};
use crate::check::{Check, Report, Scene};
use crate::model::Severity;
use crate::model::kube_proxy::{IPVS_DEVICE, NFT_TABLE, ProxyMode, proxy_state};
use crate::model::nftables::TableFamily;

/// The checks of this file.
pub const CHECKS: &[Check] = &[REMAINS];

const REMAINS: Check = Check {
    id: "kube-proxy-mode-remains",
    catalogue: &["F25", "H07"],
    severity: Severity::Warning,
    docs: "A mode of kube-proxy that does not serve the node any more left rules, addresses or virtual servers there. \
           Packets meet them beside those of the mode that runs: they translate to endpoints of the time when the mode was \
           changed, and addresses on kube-ipvs0 are the node's own. kube-proxy does not clean up between its iptables and \
           IPVS modes, and an nftables table stays where kube-proxy cannot reach it. `kube-proxy --cleanup` removes what \
           all modes wrote; the one that runs is restarted after it.",
};

/// Looks for remains.
pub fn look(scene: &Scene<'_>, of: &OfNode<'_>, report: &mut Report) {
    let (node, state) = (of.node.name, &of.state);
    if state.remains.is_empty() {
        if state.modes.is_empty() && !state.unread.is_empty() {
            let why = format!("{} was not read", state.unread.join(" and "));
            report.skip_all(CHECKS, node, &why);
        } else {
            report.judge(&REMAINS, node, Vec::new());
        }
        return;
    }
    let mut finding = of.finding(
        &REMAINS,
        format!("{node} has remains of another mode of kube-proxy"),
        "packets to Services may be translated as they were when the mode was changed",
    );
    for what in &state.remains {
        finding
            .evidence
            .push(evidence("what kube-proxy's modes left", what.as_str()));
    }
    let modes = others(scene, node);
    if let [mode] = modes.as_slice()
        && *mode != ProxyMode::Nftables
        && state.modes.contains(&ProxyMode::Nftables)
    {
        let tables = of.netns.nftables.iter().flat_map(|all| &all.tables);
        let families = tables
            .filter(|table| &*table.name == NFT_TABLE)
            .map(|table| table.family)
            .filter(|family| matches!(family, TableFamily::Ip | TableFamily::Ip6));
        finding.fix.extend(
            families.map(|family| format!("nft delete table {} {NFT_TABLE}", family.name())),
        );
    } else if !state.modes.contains(&ProxyMode::Ipvs)
        && of.servers.is_empty()
        && of.netns.link(IPVS_DEVICE).is_some()
    {
        finding.fix.push(format!("ip link del {IPVS_DEVICE}"));
    } else {
        finding.fix.push(format!(
            "# on {node}, with the image that kube-proxy runs there: kube-proxy --cleanup"
        ));
        finding
            .fix
            .extend(crate::check::service::restart_proxy(node));
    }
    report.judge(&REMAINS, node, vec![finding]);
}

/// The modes that serve the other nodes.
fn others(scene: &Scene<'_>, node: &str) -> Vec<ProxyMode> {
    let others = scene.hosts().filter(|(other, ..)| other.name != node);
    let mut modes: Vec<ProxyMode> = others
        .filter_map(|(_, _, netns)| proxy_state(netns).mode())
        .collect();
    modes.sort();
    modes.dedup();
    modes
}
