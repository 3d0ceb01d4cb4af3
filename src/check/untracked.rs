//! Packets that connection tracking does not see.
//!
//! The raw table comes before connection tracking: what a rule of it marks with NOTRACK has no connection, so that no rule of
//! the nat table is asked for it (iptables-extensions(8), CT). A Service in iptables or nftables mode is such a rule.

use super::service::takes::{Takes, takes};
use super::{Check, Family, NodeView, Report, Scene, backends};
use crate::explain::chains::Chains;
use crate::model::iptables::{Rule, TableKind, Target};
use crate::model::{self, Finding, NetnsId, Severity};

/// The checks of this family.
pub const FAMILY: Family = Family {
    about: "packets without connection tracking",
    checks: &[CHECKS],
    look,
};

const CHECKS: &[Check] = &[SERVICES];

const SERVICES: Check = Check {
    id: "services-untracked",
    catalogue: &["F18"],
    severity: Severity::Error,
    docs: "A rule of iptables' raw table takes packets for a Service out of connection tracking (NOTRACK, `CT --notrack`): they \
           are not translated, and leave for the Service's own address, which nobody has. Rules for an address that the \
           node itself has are meant so (NodeLocal DNSCache), and are no finding; nor are rules in native nftables, which \
           a trace follows.",
};

/// The chains that a packet meets first: one that comes in, and one that is made here.
const CHAINS: [&str; 2] = ["PREROUTING", "OUTPUT"];

fn look(scene: &Scene<'_>, report: &mut Report) {
    for (node, host, netns) in scene.hosts() {
        if netns.iptables.is_empty() {
            report.skip_all(CHECKS, node.name, "its iptables rules were not read");
            continue;
        }
        report.judge(&SERVICES, node.name, Vec::new());
        // IPVS translates by itself, and kube-proxy leaves rules like these to it.
        let by_ipvs = netns.virtual_servers.iter().flatten().next().is_some();
        if by_ipvs {
            continue;
        }
        for ruleset in &netns.iptables {
            let chains = Chains::of(scene.cluster, host, ruleset);
            let found = CHAINS.iter().filter_map(|name| {
                let held = chains.chain(TableKind::Raw, name);
                let (rule, words) = untracked(scene, node, host, held.rules(), ruleset.family)?;
                let (first, here) = (words.first()?, node.name);
                let mut finding: Finding = SERVICES.finding(
                    node.place(None),
                    format!("a rule of raw {name} on {here} takes packets for Services, such as {first}, out of connection tracking"),
                    "they are not translated, and reach nobody".to_owned(),
                );
                let chain = held.chain()?;
                finding.evidence = vec![chains.evidence(TableKind::Raw, chain, rule)];
                let tool = backends::tool(ruleset);
                finding.fix = vec![format!("{tool} -t raw -D {name} {}", rule.number)];
                finding.mentions = words;
                Some(finding)
            });
            report.judge(&SERVICES, node.name, found.collect());
            report.wishes.extend(chains.into_wishes());
        }
    }
}

/// The first rule that takes all packets of pods for some Service's port, and the addresses of those Services.
fn untracked<'c>(
    scene: &Scene<'_>,
    node: &NodeView<'_>,
    host: NetnsId,
    rules: &'c [Rule],
    family: model::Family,
) -> Option<(&'c Rule, Vec<String>)> {
    let netns = scene.cluster.netns(host);
    let services = scene.cluster.objects.services.iter();
    let all = services.flat_map(|service| {
        let ips = service.cluster_ips.iter();
        ips.flat_map(|ip| service.ports.iter().map(move |port| (*ip, port)))
    });
    let ours = all.filter(|(ip, _)| model::Family::of(*ip) == family && !netns.has_address(*ip));
    let ours: Vec<_> = ours.collect();
    let (at, rule) = rules
        .iter()
        .enumerate()
        .find(|(_, rule)| matches!(rule.target, Target::Notrack))?;
    let pods = node.pod_cidr(family)?;
    let whoever = Rule {
        source: rule
            .source
            .filter(|source| source.negate || !source.value.contains(&pods)),
        ..rule.clone()
    };
    let meets = |rule: &Rule, (ip, port): &(std::net::IpAddr, &model::ServicePort)| {
        takes(rule, port.protocol.number(family), Some(*ip), port.port)
    };
    let reaches = |one: &(_, &_)| {
        let mut before = rules.iter().take(at);
        before.all(|rule| matches!(rule.target, Target::None) || meets(rule, one) == Takes::Nothing)
    };
    let taken = ours
        .iter()
        .filter(|one| meets(&whoever, one) == Takes::All && reaches(one));
    let mut words: Vec<String> = taken.map(|(ip, _)| ip.to_string()).collect();
    words.sort();
    words.dedup();
    (!words.is_empty()).then_some((rule, words))
}
