//! Which of its modes kube-proxy serves a node in, and the way into what it wrote: the jumps from the kernel's own chains,
//! which the iptables mode puts there once and then looks at only in its full syncs (`iptablesJumpChains` in
//! pkg/proxy/iptables/proxier.go), and the base chains of the nftables mode. The ipvs mode needs no such way: the Services'
//! addresses are the node's own, and IPVS hangs at the kernel's hooks itself.

use super::intent::restart_proxy;
use super::programmed::{Iptables, Ipvs, Nftables, Proxy, SERVICES};
use crate::check::Check;
use crate::explain::chains::{Chains, Held};
use crate::explain::native::leads_to;
use crate::model::iptables::{Match, Ruleset, TableKind, Target};
use crate::model::kube_proxy::{IPVS_DEVICE, NFT_TABLE, ProxyMode, proxy_state};
use crate::model::nftables::{Table, TableFamily};
use crate::model::trace::Evidence;
use crate::model::{Cluster, Family, Finding, Netns, NetnsId, NetnsName, Part, Place, Severity};

/// The checks of this file.
pub const CHECKS: &[Check] = &[ABSENT, UNREACHED];

const ABSENT: Check = Check {
    id: "kube-proxy-rules-absent",
    catalogue: &["F01", "H01"],
    severity: Severity::Error,
    docs: "The node has nothing of what kube-proxy writes, though other nodes of the cluster have: kube-proxy does not run \
           there, or something flushed the tables. Packets to Services keep their destination and leave by the default \
           route.",
};

const UNREACHED: Check = Check {
    id: "kube-services-unreached",
    catalogue: &["F01", "H01"],
    severity: Severity::Error,
    docs: "kube-proxy's chain of Services (KUBE-SERVICES; `services` in nftables mode) is there, and nothing leads to it \
           from where packets arrive or are sent: packets to Services keep their destination and leave by the default \
           route. In iptables mode kube-proxy puts the jumps back only in a full sync, once an hour or when its canary \
           chain is gone. In IPVS mode nothing has to lead there: IPVS itself takes the packets.",
};

/// What kube-proxy wrote on a node. `None` when that is certain not to be there, which is reported; an error when it
/// cannot be told. What is wrong with all of it alike is reported.
pub fn proxy<'c>(
    cluster: &'c Cluster,
    host: NetnsId,
    family: Family,
    findings: &mut Vec<Finding>,
) -> Result<Option<Proxy<'c>>, String> {
    let netns = cluster.netns(host);
    let state = proxy_state(netns);
    if let [_, _, ..] = state.modes.as_slice() {
        return Err(format!("rules of several modes serve the node: {state}"));
    }
    match mode(netns) {
        Some(ProxyMode::Nftables) => {
            if let Some(table) = native(netns, family) {
                let whole = !netns.incomplete.contains(&Part::NativeNft);
                findings.extend(natively_unreached(cluster, host, table, whole));
                let nftables = Nftables::of(table, whole);
                return Ok(Some(Proxy::Nftables(Box::new(nftables))));
            }
        }
        Some(ProxyMode::Ipvs) => {
            return Ok(Some(Proxy::Ipvs(Box::new(Ipvs::of(netns, family)))));
        }
        Some(ProxyMode::Iptables) | None => {
            let mut holding = rulesets(netns, family).filter(|ruleset| serves(ruleset));
            match (holding.next(), holding.next()) {
                (Some(only), None) => {
                    let iptables = Iptables::of(cluster, host, only);
                    findings.extend(unreached(cluster, host, &iptables.chains));
                    return Ok(Some(Proxy::Iptables(Box::new(iptables))));
                }
                (Some(_), Some(_)) => {
                    return Err("both iptables backends hold kube-proxy's chains".to_owned());
                }
                (None, _) => {}
            }
        }
    }
    let mut others = cluster
        .all_netns()
        .filter(|(id, netns)| *id != host && netns.name == NetnsName::Host);
    let elsewhere = others.find_map(|(id, netns)| Some((id, written(netns, family)?)));
    match elsewhere {
        Some((other, mode)) if lacks(cluster, host, family, mode) => {
            findings.push(absent(cluster, host, other, mode));
            Ok(None)
        }
        _ => Err("kube-proxy's rules are not among what was read".to_owned()),
    }
}

/// The mode that serves a node, where it is one; that of IPVS also where nothing is left of it but its addresses.
fn mode(netns: &Netns) -> Option<ProxyMode> {
    let state = proxy_state(netns);
    let left = netns.virtual_servers.is_some() && netns.addresses_of(IPVS_DEVICE).next().is_some();
    match state.modes.as_slice() {
        [] => left.then_some(ProxyMode::Ipvs),
        _ => state.mode(),
    }
}

/// The mode in which something is written on a node for an address family.
fn written(netns: &Netns, family: Family) -> Option<ProxyMode> {
    let mode = mode(netns)?;
    let has = match mode {
        ProxyMode::Iptables => rulesets(netns, family).any(serves),
        ProxyMode::Nftables => native(netns, family).is_some(),
        ProxyMode::Ipvs => {
            let mut servers = netns.virtual_servers.iter().flatten();
            servers.any(|server| server.family() == family)
        }
    };
    has.then_some(mode)
}

/// Whether it is certain that a node has nothing of a mode.
fn lacks(cluster: &Cluster, host: NetnsId, family: Family, mode: ProxyMode) -> bool {
    let netns = cluster.netns(host);
    match mode {
        ProxyMode::Iptables => {
            let whole = |ruleset: &Ruleset| {
                let chains = Chains::of(cluster, host, ruleset);
                matches!(chains.chain(TableKind::Nat, SERVICES), Held::Absent)
            };
            rulesets(netns, family).count() > 0 && rulesets(netns, family).all(whole)
        }
        ProxyMode::Nftables => {
            netns.nftables.is_some() && !netns.incomplete.contains(&Part::NativeNft)
        }
        ProxyMode::Ipvs => {
            netns.virtual_servers.is_some() && !netns.incomplete.contains(&Part::VirtualServers)
        }
    }
}

fn absent(cluster: &Cluster, host: NetnsId, other: NetnsId, mode: ProxyMode) -> Finding {
    let (node, other) = (cluster.node_name(host), cluster.node_name(other));
    let mut finding = ABSENT.finding(
        place(node),
        format!("{node} has none of kube-proxy's rules"),
        format!(
            "no packet from {node} to any Service is translated: it leaves with the Service's address as its destination"
        ),
    );
    let (source, raw) = match mode {
        ProxyMode::Iptables => (
            "iptables nat",
            format!("no chain {SERVICES}; {other} has one"),
        ),
        ProxyMode::Nftables => (
            "nft list tables",
            format!("no table {NFT_TABLE} that is asked; {other} has one"),
        ),
        ProxyMode::Ipvs => (
            "ipvsadm -Sn",
            format!("no virtual server; {other} has some"),
        ),
    };
    finding.evidence.push(Evidence {
        source: source.to_owned(),
        raw,
    });
    finding.fix = restart_proxy(node);
    finding
}

fn place(node: &str) -> Place {
    Place {
        node: Some(node.to_owned()),
        netns: Some("host".to_owned()),
        device: None,
    }
}

fn rulesets(netns: &Netns, family: Family) -> impl Iterator<Item = &Ruleset> + Clone {
    let all = netns.iptables.iter();
    all.filter(move |ruleset| ruleset.family == family)
}

/// kube-proxy's native table of a family.
fn native(netns: &Netns, family: Family) -> Option<&Table> {
    let of = match family {
        Family::V4 => TableFamily::Ip,
        Family::V6 => TableFamily::Ip6,
    };
    let table = netns.nftables.as_ref()?.table(of, NFT_TABLE)?;
    let used = !table.is_dormant() && table.chain("services").is_some();
    used.then_some(table)
}

/// Whether kube-proxy's iptables mode keeps its rules there: IPVS mode has a chain of that name as well, which looks
/// into sets.
fn serves(ruleset: &Ruleset) -> bool {
    let table = ruleset.table(TableKind::Nat);
    let Some(chain) = table.and_then(|table| table.chain(SERVICES)) else {
        return false;
    };
    let sets = |one: &Match| matches!(one, Match::Set { .. });
    let mut rules = ruleset.rules(chain).iter();
    !chain.is_empty() && !rules.any(|rule| rule.matches.iter().any(sets))
}

/// Looks for the jumps of the iptables mode.
fn unreached(cluster: &Cluster, host: NetnsId, chains: &Chains<'_>) -> Option<Finding> {
    let gone: Vec<&str> = ["PREROUTING", "OUTPUT"]
        .into_iter()
        .filter(|base| {
            let held = chains.chain(TableKind::Nat, base);
            let leads = |target: &Target| matches!(target, Target::Jump(to) if **to == *SERVICES);
            // Without the base chain nothing is ever translated there.
            held.is_certain() && !held.rules().iter().any(|rule| leads(&rule.target))
        })
        .collect();
    let node = cluster.node_name(host);
    let mut finding = not_led(
        node,
        &gone,
        &["PREROUTING", "OUTPUT"],
        format!(
            "no rule of nat {} on {node} jumps to {SERVICES}",
            gone.join(" or ")
        ),
    )?;
    for base in &gone {
        let held = chains.chain(TableKind::Nat, base);
        let rules = held.rules().iter().zip(std::iter::repeat(held.chain()));
        let lines: Vec<&str> = rules
            .filter_map(|(rule, chain)| Some(chains.ruleset.line(chain?, rule)))
            .collect();
        finding
            .evidence
            .push(lines_of(&format!("iptables nat {base}"), &lines));
        let tool = match chains.ruleset.family {
            Family::V4 => "iptables",
            Family::V6 => "ip6tables",
        };
        finding.fix.push(format!(
            "{tool} -t nat -I {base} -m comment --comment \"kubernetes service portals\" -j {SERVICES}"
        ));
    }
    or_restart(&mut finding, node);
    Some(finding)
}

/// Looks for the jumps of the nftables mode.
fn natively_unreached(
    cluster: &Cluster,
    host: NetnsId,
    table: &Table,
    whole: bool,
) -> Option<Finding> {
    const BASES: [&str; 2] = ["nat-prerouting", "nat-output"];
    let leads = |name: &&str| {
        let chain = table.chain(name).filter(|chain| chain.base.is_some());
        let mut rules = chain.into_iter().flat_map(|chain| &chain.rules);
        rules.any(|rule| {
            leads_to(table, rule)
                .iter()
                .any(|(to, _)| *to == "services")
        })
    };
    let gone: Vec<&str> = BASES.into_iter().filter(|base| !leads(base)).collect();
    let node = cluster.node_name(host);
    let (family, name) = (table.family.name(), &table.name);
    let title = format!(
        "no rule of {} in table {family} {name} of {node} leads to services",
        gone.join(" or ")
    );
    let mut finding = not_led(node, &gone, &BASES, title).filter(|_| whole)?;
    for base in &gone {
        let chain = table.chain(base);
        let lines: Vec<String> = chain
            .into_iter()
            .flat_map(|chain| &chain.rules)
            .map(ToString::to_string)
            .collect();
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        finding
            .evidence
            .push(lines_of(&format!("nft {family} {name} {base}"), &lines));
        if chain.is_some_and(|chain| chain.base.is_some()) {
            finding.fix.push(format!(
                "nft insert rule {family} {name} {base} jump services"
            ));
        }
    }
    or_restart(&mut finding, node);
    Some(finding)
}

/// What is found where bases do not lead to the Services; nothing where all do.
fn not_led(node: &str, gone: &[&str], bases: &[&str; 2], title: String) -> Option<Finding> {
    let who = match gone {
        [] => return None,
        [one] if *one == bases[0] => "pods and clients outside",
        [_] => "programs on the node itself",
        _ => "everybody",
    };
    Some(UNREACHED.finding(
        place(node),
        title,
        format!(
            "packets of {who} to Services are not translated on {node}: they leave with the Service's address as their destination"
        ),
    ))
}

fn lines_of(source: &str, lines: &[&str]) -> Evidence {
    Evidence {
        source: source.to_owned(),
        raw: match lines {
            [] => "no rule".to_owned(),
            lines => lines.join("\n"),
        },
    }
}

fn or_restart(finding: &mut Finding, node: &str) {
    let restart = restart_proxy(node).into_iter();
    match finding.fix.is_empty() {
        true => finding.fix.extend(restart),
        false => finding
            .fix
            .extend(restart.map(|command| format!("# or, which does the same: {command}"))),
    }
}
