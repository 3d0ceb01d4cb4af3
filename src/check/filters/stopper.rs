//! What stopped a packet, by the step that its trace ends with.

use super::checks::*;
use crate::check::{Check, backends};
use crate::model::iptables::Backend;
use crate::model::trace::{Evidence, Path, StepKind};
use crate::model::{Cluster, Family, Finding, Place};

/// What stopped a packet; `outer` for one that is a tunnel's from the beginning.
pub(super) fn named(cluster: &Cluster, path: &Path, outer: bool) -> Option<Finding> {
    let stop = path.stopped_at.as_ref()?;
    let hops = path.stopped_hops();
    let hop = hops.get(stop.step.0)?;
    let step = hop.steps.get(stop.step.1)?;
    let place = Place {
        node: Some(stop.node.clone()),
        netns: Some(stop.netns.clone()),
        device: stop.device.clone(),
    };
    if let Some(rest) = stop.why.strip_prefix("rp_filter = ") {
        return Some(reverse_path(place, rest));
    }
    if !matches!(step.kind, StepKind::Drop | StepKind::Reject) {
        return None;
    }
    let evidence = step.evidence.as_ref()?;
    let rule = Stopper::read(evidence)?;
    let mut depth = u32::from(outer);
    let steps = hops.iter().take(stop.step.0 + 1).flat_map(|hop| &hop.steps);
    for step in steps {
        match step.kind {
            StepKind::Encap => depth += 1,
            StepKind::Decap => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    let texts: Vec<&str> = hop.steps.iter().map(|step| step.text.as_str()).collect();
    let hook = rule.hook(&texts);
    let other = rule.is_of_other_backend(cluster, &place);
    let check = rule.check(depth > 0, hook, other)?;
    Some(rule.finding(check, place, evidence, hook))
}

fn reverse_path(place: Place, rest: &str) -> Finding {
    let node = place.node.clone().unwrap_or_default();
    let device = place.device.clone().unwrap_or_default();
    let (value, why) = rest.split_once(' ').unwrap_or((rest, ""));
    let why = why.split_once(": ").map_or(why, |(_, why)| why);
    let title = format!("{node} drops what comes in by {device}: {why}");
    let mut finding =
        REVERSE_PATH.finding(place, title, "these packets are lost, silently".to_owned());
    let key = device.replace('.', "/");
    finding.evidence = vec![Evidence {
        source: "sysctl".to_owned(),
        raw: format!("net.ipv4.conf.{{all,{key}}}.rp_filter: {value} is the larger"),
    }];
    finding.fix = vec![
        "sysctl -w net.ipv4.conf.all.rp_filter=2".to_owned(),
        format!("sysctl -w net.ipv4.conf.{key}.rp_filter=2"),
    ];
    finding
}

/// A rule, or a policy, that stops a packet.
enum Stopper<'e> {
    /// `iptables filter FORWARD rule 3`.
    Iptables {
        tool: &'e str,
        table: &'e str,
        chain: &'e str,
        policy: bool,
    },
    /// `nft inet firewalld filter_FORWARD rule 3 (handle 12)`.
    Nft {
        family: &'e str,
        table: &'e str,
        chain: &'e str,
        handle: Option<&'e str>,
    },
}

impl<'e> Stopper<'e> {
    fn read(evidence: &'e Evidence) -> Option<Self> {
        let mut words = evidence.source.split(' ');
        let tool = words.next()?;
        if tool == "nft" {
            let (family, table, chain) = (words.next()?, words.next()?, words.next()?);
            let handle = evidence
                .source
                .split_once("(handle ")
                .and_then(|(_, rest)| rest.split(')').next());
            return Some(Self::Nft {
                family,
                table,
                chain,
                handle,
            });
        }
        if !tool.contains("tables") {
            return None;
        }
        match (words.next(), words.next()) {
            (Some(table), Some(chain)) => Some(Self::Iptables {
                tool,
                table,
                chain,
                policy: false,
            }),
            _ => {
                let rest = evidence.raw.strip_prefix('*')?;
                let (table, rest) = rest.split_once(" :")?;
                let (chain, _) = rest.split_once(' ')?;
                Some(Self::Iptables {
                    tool,
                    table,
                    chain,
                    policy: true,
                })
            }
        }
    }

    /// The hook at which it stands, by the names of chains that led there.
    fn hook(&self, texts: &[&str]) -> &'static str {
        const HOOKS: [&str; 5] = ["FORWARD", "INPUT", "OUTPUT", "PREROUTING", "POSTROUTING"];
        let chain = match self {
            Self::Iptables { chain, .. } | Self::Nft { chain, .. } => chain,
        };
        let own = HOOKS
            .into_iter()
            .find(|hook| chain.to_ascii_uppercase().contains(hook));
        own.unwrap_or_else(|| {
            let last = texts
                .iter()
                .rev()
                .find_map(|text| HOOKS.into_iter().find(|hook| text.contains(hook)));
            last.unwrap_or("FORWARD")
        })
    }

    /// Whether it is a rule of the iptables that has fewer rules, where both have some.
    fn is_of_other_backend(&self, cluster: &Cluster, place: &Place) -> bool {
        let Self::Iptables { tool, .. } = self else {
            return false;
        };
        let backend = match tool.ends_with("-legacy") {
            true => Backend::Legacy,
            false => Backend::Nft,
        };
        let family = match tool.starts_with("ip6") {
            true => Family::V6,
            false => Family::V4,
        };
        let mut all = cluster.all_netns();
        let here = all.find(|(id, netns)| {
            Some(cluster.node_name(*id)) == place.node.as_deref()
                && Some(netns.name.to_string()) == place.netns
        });
        let both = here.and_then(|(_, netns)| backends::both(netns, family));
        both.is_some_and(|both| both.smaller.backend == backend)
    }

    fn check(&self, outer: bool, hook: &str, other: bool) -> Option<&'static Check> {
        let chain = match self {
            Self::Iptables { chain, .. } | Self::Nft { chain, .. } => *chain,
        };
        let owners: [(&str, &Check); 6] = [
            ("ufw", &UFW),
            ("cali-", &CALICO),
            ("CILIUM", &CILIUM),
            ("WEAVE", &WEAVE),
            ("KUBE-ROUTER", &KUBE_ROUTER),
            ("KUBE-POD-FW", &KUBE_ROUTER),
        ];
        if let Some((_, check)) = owners.iter().find(|(prefix, _)| chain.starts_with(prefix)) {
            return Some(by_ref(check.id));
        }
        if chain.starts_with("KUBE-NWPLCY") {
            return Some(&KUBE_ROUTER);
        }
        if chain == "KUBE-FIREWALL" {
            return Some(&KUBE_FIREWALL);
        }
        if chain.starts_with("KUBE-") {
            // What kube-proxy refuses belongs to its Services.
            return None;
        }
        if let Self::Nft { table, .. } = self {
            return match *table {
                "kube-proxy" => None,
                "firewalld" => Some(&FIREWALLD),
                _ if outer => Some(&TUNNEL),
                _ => Some(&NFT),
            };
        }
        let Self::Iptables { table, policy, .. } = self else {
            return None;
        };
        if other && !policy {
            return Some(&LEGACY);
        }
        if outer {
            return Some(&TUNNEL);
        }
        if matches!(*table, "raw" | "mangle") {
            return Some(&RAW);
        }
        Some(match (hook, policy) {
            ("INPUT", _) => &INPUT,
            ("OUTPUT", _) => &OUTPUT,
            (_, true) => &POLICY,
            (_, false) => &FORWARD,
        })
    }

    fn finding(&self, check: &Check, place: Place, evidence: &Evidence, hook: &str) -> Finding {
        let node = place.node.clone().unwrap_or_default();
        let what = match self {
            Self::Iptables {
                tool,
                table,
                chain,
                policy: true,
            } => format!("the policy of {tool} {table} {chain}"),
            Self::Iptables {
                tool, table, chain, ..
            } => format!("a rule of {tool} {table} {chain}"),
            Self::Nft {
                family,
                table,
                chain,
                ..
            } => format!("the nftables chain {family} {table} {chain}"),
        };
        let whose = if check.id == TUNNEL.id {
            "the tunnel's packets"
        } else {
            "packets"
        };
        let mut finding = check.finding(
            place,
            format!("{what} on {node} stops {whose}"),
            "stopped are".to_owned(),
        );
        finding.evidence = vec![evidence.clone()];
        finding.fix = self.fix(check, evidence, hook);
        finding
    }

    fn fix(&self, check: &Check, evidence: &Evidence, _hook: &str) -> Vec<String> {
        match self {
            Self::Nft { .. } if check.id == FIREWALLD.id => vec![
                "systemctl disable --now firewalld  # or:".to_owned(),
                "firewall-cmd --permanent --zone=trusted --add-interface=cni0 --add-interface=flannel.1".to_owned(),
                "firewall-cmd --permanent --add-port=8472/udp && firewall-cmd --reload".to_owned(),
            ],
            Self::Nft { family, table, chain, handle: Some(handle) } => {
                vec![format!("nft delete rule {family} {table} {chain} handle {handle}")]
            }
            Self::Nft { family, table, chain, handle: None } => {
                vec![format!("nft chain {family} {table} {chain} '{{ policy accept; }}'")]
            }
            Self::Iptables { .. } if check.id == UFW.id => vec![
                "ufw default allow routed".to_owned(),
                "ufw allow in on cni0".to_owned(),
                "ufw allow 8472/udp".to_owned(),
            ],
            Self::Iptables { tool, table, chain, policy: true } => {
                vec![format!("{tool} -t {table} -P {chain} ACCEPT")]
            }
            Self::Iptables { tool, table, .. } => {
                let rule = evidence.raw.strip_prefix("-A ").unwrap_or(&evidence.raw);
                vec![format!("{tool} -t {table} -D {rule}")]
            }
        }
    }
}

fn by_ref(id: &str) -> &'static Check {
    CHECKS
        .iter()
        .find(|check| check.id == id)
        .unwrap_or(&FORWARD)
}
