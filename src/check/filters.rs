//! Rules that stop packets which every cluster has to carry: of docker, firewalld, ufw, other network plugins, and those
//! that somebody added.
//!
//! What a rule does to pods cannot be read off it alone: a drop anywhere is final, an ACCEPT only ends its own chain,
//! and both iptables and every table of nftables are asked. So packets are walked ([`super::probes`]), and the rule at
//! which one stops is named.

use std::collections::BTreeMap;

use super::probes;
use super::{Check, Family, Report, Scene};
use crate::model::trace::{Evidence, Path, StepKind, Trace};
use crate::model::{Finding, Place, Severity};

/// The checks of this family.
pub const FAMILY: Family = Family {
    about: "rules that stop packets",
    checks: &[CHECKS],
    look,
};

const CHECKS: &[Check] = &[
    LEGACY,
    TUNNEL,
    FIREWALLD,
    UFW,
    CALICO,
    CILIUM,
    WEAVE,
    KUBE_ROUTER,
    RAW,
    POLICY,
    FORWARD,
    INPUT,
    OUTPUT,
    NFT,
    REVERSE_PATH,
];

const LEGACY: Check = Check {
    id: "legacy-rules-drop",
    catalogue: &["B11"],
    severity: Severity::Error,
    docs: "A rule of iptables-legacy stops pods' packets on a node whose other rules are in iptables-nft (or the other way \
           round): the kernel asks both, and a drop in either is final, but `iptables -S` shows only one. Use one of them \
           (`update-alternatives --set iptables ...`), and flush the other.",
};

const TUNNEL: Check = Check {
    id: "tunnel-packets-filtered",
    catalogue: &["B07", "B09"],
    severity: Severity::Error,
    docs: "A rule of the node stops the outer packets of the tunnel (UDP, port 8472 of flannel's vxlan): those that arrive \
           pass INPUT, those that are sent OUTPUT, as any other packet of the node itself. All traffic between pods of \
           this node and others dies, while the nodes reach each other. Open the port between the nodes.",
};

const FIREWALLD: Check = Check {
    id: "firewalld-stops-pods",
    catalogue: &["B04"],
    severity: Severity::Error,
    docs: "firewalld stops pods' packets. It has chains of its own behind those of iptables, so that an ACCEPT in iptables \
           does not help, and rejects what is forwarded between zones that are not trusted. Stop it, or put cni0, \
           flannel.1 and the networks of pods and Services into the zone trusted and open 8472/udp.",
};

const UFW: Check = Check {
    id: "ufw-stops-pods",
    catalogue: &["B05"],
    severity: Severity::Error,
    docs: "ufw stops pods' packets: it denies what is routed (DEFAULT_FORWARD_POLICY=\"DROP\") and what comes in, unless it is \
           told otherwise. `ufw default allow routed`, `ufw allow in on cni0`, `ufw allow 8472/udp`; or disable it.",
};

const CALICO: Check = Check {
    id: "calico-rules-left",
    catalogue: &["B13", "B17"],
    severity: Severity::Error,
    docs: "A rule of Calico's stops pods' packets on a node whose network is flannel's: Calico was removed and its chains \
           stayed, or it runs for its policies only (Canal), and a policy says so.",
};

const CILIUM: Check = Check {
    id: "cilium-rules-left",
    catalogue: &["B14"],
    severity: Severity::Error,
    docs: "A rule of Cilium's stops pods' packets on a node whose network is flannel's: Cilium was removed and its chains \
           stayed. Its eBPF programs may have stayed too; a reboot removes them.",
};

const WEAVE: Check = Check {
    id: "weave-rules-left",
    catalogue: &["B15"],
    severity: Severity::Error,
    docs: "A rule of Weave's stops pods' packets on a node whose network is flannel's: Weave was removed and its chains \
           stayed (`weave reset` removes them).",
};

const KUBE_ROUTER: Check = Check {
    id: "network-policy-stops-pods",
    catalogue: &["B16", "B17"],
    severity: Severity::Warning,
    docs: "A rule of kube-router's network policies (k3s has them built in) stops packets between pods. That may be what a \
           NetworkPolicy says; or the chains stayed when the controller was switched off, and the pod's address is \
           another pod's now.",
};

const RAW: Check = Check {
    id: "raw-rule-stops-pods",
    catalogue: &["B10"],
    severity: Severity::Error,
    docs: "A rule in the table raw or mangle stops pods' packets, before connection tracking and any rule of the table filter. \
           docker 28 and newer drops there what is routed to its containers' addresses from elsewhere: where those \
           overlap with pods' or Services' networks, pods are hit.",
};

const POLICY: Check = Check {
    id: "forward-policy-drop",
    catalogue: &["B01", "B02", "A05"],
    severity: Severity::Error,
    docs: "The policy of the chain FORWARD is DROP, and no rule accepts pods' packets. docker sets it when it switches \
           forwarding on; flannel's chain FLANNEL-FWD, which accepts the pods' network, is missing or empty (flannel \
           puts it back within seconds where it runs). Packets between pods of one node meet the chain too, as bridges \
           show their frames to iptables.",
};

const FORWARD: Check = Check {
    id: "forward-rule-stops-pods",
    catalogue: &["B03", "A05"],
    severity: Severity::Error,
    docs: "A rule in FORWARD stops pods' packets before flannel's chain, which accepts them, is asked: flannel appends its \
           jump, and what stands before it wins. The final REJECT of RHEL's default rules, docker's isolation chains and \
           rules of administrators do that.",
};

const INPUT: Check = Check {
    id: "input-rule-stops-pods",
    catalogue: &["B06"],
    severity: Severity::Error,
    docs: "A rule in INPUT, or its policy, stops what pods send to the node itself: the kubelet, pods in the host's network, \
           an API server there, a DNS cache on the node. Traffic between pods is not affected.",
};

const OUTPUT: Check = Check {
    id: "output-rule-stops-node",
    catalogue: &["B09"],
    severity: Severity::Error,
    docs: "A rule in OUTPUT, or its policy, stops what the node itself sends to pods: probes of the kubelet fail, and the \
           node's programs reach no pod.",
};

const NFT: Check = Check {
    id: "nft-rule-stops-pods",
    catalogue: &["B19", "B20", "H03"],
    severity: Severity::Error,
    docs: "A rule of a native nftables table stops pods' packets. Every base chain of a hook is asked, in the order of their \
           priorities, and a drop in any of them is final, whatever iptables accepted before; `iptables -S` does not show \
           them.",
};

const REVERSE_PATH: Check = Check {
    id: "rp-filter-drops",
    catalogue: &["A03"],
    severity: Severity::Error,
    docs: "The reverse path filter drops pods' packets: they come in by another device than the one by which the node would \
           answer their source (rp_filter = 1), or there is no way back at all (2). The larger of the settings for `all` \
           and for the device counts. Either make the route back the same, or set rp_filter to 2 on both.",
};

fn look(scene: &Scene<'_>, report: &mut Report) {
    let probes = probes::all(scene, &mut report.wishes);
    let mut found: BTreeMap<(&str, String, String), (Finding, Vec<&str>)> = BTreeMap::new();
    for probe in &probes {
        for finding in probe.stopped().filter_map(named) {
            let node = finding.place.node.clone().unwrap_or_default();
            let raw = finding.evidence.first().map(|fact| fact.raw.clone());
            let id = super::by_id(&finding.id).map_or("", |check| check.id);
            let key = (id, node, raw.unwrap_or_default());
            let (_, whose) = found.entry(key).or_insert_with(|| (finding, Vec::new()));
            if !whose.contains(&probe.what.as_str()) {
                whose.push(&probe.what);
            }
        }
    }
    for (node, ..) in scene.hosts() {
        let walked = |probe: &&probes::Probe| {
            let mut hops = probe.trace.paths.iter().flat_map(|path| &path.hops);
            hops.any(|hop| hop.node == node.name)
        };
        if probes.iter().any(|probe| walked(&probe)) {
            for check in CHECKS {
                report.judge(check, node.name, Vec::new());
            }
        } else {
            report.skip_all(
                CHECKS,
                node.name,
                "no pod's namespace was read, from which a packet could be followed",
            );
        }
    }
    for ((id, node, _), (mut finding, whose)) in found {
        finding.impact = format!("{}: {}", finding.impact, some(&whose));
        if let Some(check) = super::by_id(id) {
            report.judge(check, &node, vec![finding]);
        }
    }
}

/// The first few of what is stopped.
fn some(whose: &[&str]) -> String {
    const FEW: usize = 3;
    let mut text = whose
        .iter()
        .take(FEW)
        .copied()
        .collect::<Vec<_>>()
        .join("; ");
    if whose.len() > FEW {
        text.push_str(&format!("; and {} more", whose.len() - FEW));
    }
    text
}

/// What stops the packets of a trace, where a rule or the reverse path filter does.
pub fn of_trace(trace: &Trace) -> Vec<Finding> {
    let mut found: Vec<Finding> = Vec::new();
    for finding in trace.paths.iter().filter_map(named) {
        let same = |one: &Finding| one.id == finding.id && one.evidence == finding.evidence;
        if !found.iter().any(same) {
            found.push(finding);
        }
    }
    found
}

/// What stopped a packet.
fn named(path: &Path) -> Option<Finding> {
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
    let mut depth = 0;
    let steps = hops.iter().take(stop.step.0 + 1).flat_map(|hop| &hop.steps);
    for step in steps {
        match step.kind {
            StepKind::Encap => depth += 1,
            StepKind::Decap => depth -= 1,
            _ => {}
        }
    }
    let texts: Vec<&str> = hop.steps.iter().map(|step| step.text.as_str()).collect();
    let hook = rule.hook(&texts);
    let check = rule.check(depth > 0, hook)?;
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

    fn check(&self, outer: bool, hook: &str) -> Option<&'static Check> {
        let (chain, legacy) = match self {
            Self::Iptables { chain, tool, .. } => (*chain, tool.ends_with("-legacy")),
            Self::Nft { chain, .. } => (*chain, false),
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
        if legacy && !policy {
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
