//! Source translation: flannel's for what leaves the cluster, kube-proxy's for what would not come back otherwise.

use super::backends::{self, Both};
use super::{Check, Family, NodeView, Report, Scene};
use crate::explain::chains::{Chains, Held};
use crate::model::iptables::{Backend, Match, Rule, Ruleset, TableKind, Target};
use crate::model::trace::Evidence;
use crate::model::{self, Finding, Severity};

/// The checks of this family.
pub const FAMILY: Family = Family {
    about: "masquerading",
    checks: &[CHECKS],
    look,
};

const CHECKS: &[Check] = &[
    POSTROUTING,
    NO_MASQUERADE,
    MARK,
    FLANNEL,
    FORWARD,
    MIXED,
    KEEPS_MARK,
];

const POSTROUTING: Check = Check {
    id: "kube-postrouting-unreached",
    catalogue: &["F05", "E12"],
    severity: Severity::Error,
    docs: "kube-proxy's chain KUBE-POSTROUTING is there, and no rule of nat POSTROUTING jumps to it: what was marked for \
           masquerading is not masqueraded, and flannel's chain leaves marked packets alone. Clients outside that are sent \
           to an endpoint on another node get no answer.",
};

const NO_MASQUERADE: Check = Check {
    id: "kube-postrouting-empty",
    catalogue: &["F05"],
    severity: Severity::Error,
    docs: "kube-proxy's chain KUBE-POSTROUTING has no MASQUERADE: what was marked for it keeps its source, and answers do not \
           come back by this node.",
};

const MARK: Check = Check {
    id: "kube-mark-masq-broken",
    catalogue: &["F04", "F06", "E12"],
    severity: Severity::Error,
    docs: "kube-proxy's chain KUBE-MARK-MASQ is gone, empty, or sets another bit than KUBE-POSTROUTING looks for: nothing is \
           masqueraded for Services. A pod that is sent to itself by its own Service, and NodePorts on the loopback \
           address, break; clients outside are seen with their own address.",
};

const FLANNEL: Check = Check {
    id: "flannel-masquerade-missing",
    catalogue: &["E18", "B18"],
    severity: Severity::Error,
    docs: "flannel is told to masquerade (FLANNEL_IPMASQ=true), and its chain FLANNEL-POSTRTG is not there, not reached from nat \
           POSTROUTING, or has no MASQUERADE: what pods send out of the cluster keeps their own address, to which nothing \
           comes back. flannel with iptables puts it back within seconds where it runs.",
};

const FORWARD: Check = Check {
    id: "flannel-forward-missing",
    catalogue: &["B02"],
    severity: Severity::Warning,
    docs: "flannel's chain FLANNEL-FWD, which accepts what pods forward, is not there or not reached, as it is on other nodes. \
           As long as the policy of FORWARD is ACCEPT that does no harm; when docker or a firewall sets it to DROP, pods \
           are cut off. flannel puts it back within seconds where it runs.",
};

const MIXED: Check = Check {
    id: "iptables-backends-mixed",
    catalogue: &["B11", "I19"],
    severity: Severity::Warning,
    docs: "Both of the kernel's iptables hold rules: the kernel asks both, a drop in either is final, and of two translations \
           the first wins, but each tool shows only its own. Use one of them (`update-alternatives --set iptables ...`), \
           and flush the other.",
};

const KEEPS_MARK: Check = Check {
    id: "kube-postrouting-keeps-mark",
    catalogue: &["C18"],
    severity: Severity::Warning,
    docs: "kube-proxy's chain KUBE-POSTROUTING masquerades without taking the mark off first, as it did before Kubernetes 1.19: \
           the packet that a vxlan tunnel wraps around a marked one inherits the mark and is masqueraded again, which with \
           some network cards spoils its checksum. Upgrade kube-proxy.",
};

fn look(scene: &Scene<'_>, report: &mut Report) {
    let hosts: Vec<_> = scene.hosts().collect();
    let forwards = hosts.iter().filter(|(node, ..)| {
        let rulesets = node.host.iter().flat_map(|(_, netns)| &netns.iptables);
        rulesets.into_iter().any(|ruleset| {
            ruleset
                .table(TableKind::Filter)
                .is_some_and(|table| table.chain("FLANNEL-FWD").is_some())
        })
    });
    let usual = forwards.count() * 2 >= hosts.len() && hosts.len() > 1;
    for (node, host, netns) in hosts {
        if netns.iptables.is_empty() {
            report.skip_all(CHECKS, node.name, "its iptables rules were not read");
            continue;
        }
        for check in CHECKS {
            report.judge(check, node.name, Vec::new());
        }
        for ruleset in &netns.iptables {
            let chains = Chains::of(scene.cluster, host, ruleset);
            let one = Rules {
                node,
                chains: &chains,
                ruleset,
            };
            one.kube_proxy(report);
            one.flannel(report);
            if usual {
                one.forward(netns, report);
            }
            report.wishes.extend(chains.into_wishes());
        }
        mixed(node, netns, report);
    }
}

struct Rules<'a, 'c> {
    node: &'a NodeView<'c>,
    chains: &'a Chains<'c>,
    ruleset: &'c Ruleset,
}

impl Rules<'_, '_> {
    fn tool(&self) -> String {
        let family = match self.ruleset.family {
            model::Family::V4 => "iptables",
            model::Family::V6 => "ip6tables",
        };
        match self.ruleset.backend {
            Backend::Nft => family.to_owned(),
            Backend::Legacy => format!("{family}-legacy"),
        }
    }

    /// Whether a chain certainly has no rule that jumps to another.
    fn lacks_jump(&self, table: TableKind, from: &str, to: &str) -> bool {
        let held = self.chains.chain(table, from);
        let jumps = |rule: &Rule| matches!(&rule.target, Target::Jump(name) if **name == *to);
        held.is_certain() && !held.rules().iter().any(jumps)
    }

    /// Whether a chain certainly has no MASQUERADE (or SNAT).
    fn lacks_masquerade(&self, held: Held<'_>) -> bool {
        let masks =
            |rule: &Rule| matches!(rule.target, Target::Masquerade { .. } | Target::Snat(_));
        held.is_certain() && !held.rules().iter().any(masks)
    }

    fn found(
        &self,
        check: &Check,
        title: String,
        impact: &str,
        chain: (&str, &str),
        fix: Vec<String>,
        report: &mut Report,
    ) {
        let mut finding = check.finding(self.node.place(None), title, impact.to_owned());
        let table = if chain.0 == "filter" {
            TableKind::Filter
        } else {
            TableKind::Nat
        };
        let held = self.chains.chain(table, chain.1);
        let lines: Vec<&str> = held
            .chain()
            .map(|chain| {
                held.rules()
                    .iter()
                    .map(|rule| self.ruleset.line(chain, rule))
                    .collect()
            })
            .unwrap_or_default();
        let raw = match (held, lines.is_empty()) {
            (Held::Absent, _) => "no such chain".to_owned(),
            (_, true) => "no rule".to_owned(),
            (_, false) => lines.join("\n"),
        };
        finding.evidence.push(Evidence {
            source: format!("{} {} {}", self.tool(), chain.0, chain.1),
            raw,
        });
        finding.fix = fix;
        report.judge(check, self.node.name, vec![finding]);
    }

    fn has_tunnel(&self) -> bool {
        self.node.tunnel(self.ruleset.family).is_some()
    }

    fn kube_proxy(&self, report: &mut Report) {
        let post = self.chains.chain(TableKind::Nat, "KUBE-POSTROUTING");
        let services = self.chains.chain(TableKind::Nat, "KUBE-SERVICES");
        if services.rules().is_empty() {
            return;
        }
        let (node, tool) = (self.node.name, self.tool());
        let lost = "what kube-proxy marked for masquerading keeps its source: answers to clients outside and to pods that meet themselves are lost";
        if post.chain().is_some()
            && self.lacks_jump(TableKind::Nat, "POSTROUTING", "KUBE-POSTROUTING")
        {
            let fix = vec![format!(
                "{tool} -t nat -I POSTROUTING -m comment --comment \"kubernetes postrouting rules\" -j KUBE-POSTROUTING"
            )];
            let title =
                format!("no rule of {tool} nat POSTROUTING on {node} jumps to KUBE-POSTROUTING");
            self.found(
                &POSTROUTING,
                title,
                lost,
                ("nat", "POSTROUTING"),
                fix,
                report,
            );
        } else if self.lacks_masquerade(post) {
            let title = format!("KUBE-POSTROUTING of {tool} on {node} does not masquerade");
            let fix = super::service::restart_proxy(node);
            self.found(
                &NO_MASQUERADE,
                title,
                lost,
                ("nat", "KUBE-POSTROUTING"),
                fix,
                report,
            );
        }
        if post.is_certain() && self.has_tunnel() && keeps_mark(post.rules()) {
            let title = format!("KUBE-POSTROUTING of {tool} on {node} leaves the mark on");
            let impact = "packets of the tunnel inherit the mark, and are masqueraded again";
            let fix = vec!["# upgrade kube-proxy to 1.19 or later".to_owned()];
            let chain = ("nat", "KUBE-POSTROUTING");
            self.found(&KEEPS_MARK, title, impact, chain, fix, report);
        }
        let mark = self.chains.chain(TableKind::Nat, "KUBE-MARK-MASQ");
        let marks = marked(mark.rules());
        let asked = asked(post.rules());
        let wrong = marks
            .zip(asked)
            .is_some_and(|(set, asked)| set & asked == 0);
        let sets = self
            .chains
            .ruleset
            .table(TableKind::Nat)
            .is_some_and(|table| {
                table.chains().iter().any(|chain| {
                    chain.name.starts_with("KUBE-SVC-") || chain.name.starts_with("KUBE-LOAD")
                })
            });
        if sets && mark.is_certain() && (marks.is_none() || wrong) {
            let title = match marks {
                None => format!("KUBE-MARK-MASQ of {tool} on {node} marks nothing"),
                Some(set) => format!(
                    "KUBE-MARK-MASQ of {tool} on {node} sets {set:#x}, which KUBE-POSTROUTING does not look for"
                ),
            };
            let bit = asked.unwrap_or(0x4000);
            let fix = vec![
                format!("{tool} -t nat -F KUBE-MARK-MASQ"),
                format!("{tool} -t nat -A KUBE-MARK-MASQ -j MARK --or-mark {bit:#x}"),
            ];
            self.found(&MARK, title, lost, ("nat", "KUBE-MARK-MASQ"), fix, report);
        }
    }

    fn flannel(&self, report: &mut Report) {
        let family = self.ruleset.family;
        let masks = self.node.subnet_env("FLANNEL_IPMASQ") == Some("true");
        let native = self.node.host.is_some_and(|(_, netns)| {
            let mut tables = netns.nftables.iter().flat_map(|rules| &rules.tables);
            tables.any(|table| table.name.starts_with("flannel-"))
        });
        let other = self.node.host.is_some_and(|(_, netns)| {
            netns.iptables.iter().any(|one| {
                one.family == family
                    && one.backend != self.ruleset.backend
                    && one
                        .table(TableKind::Nat)
                        .is_some_and(|table| table.chain("FLANNEL-POSTRTG").is_some())
            })
        });
        let Some(cidr) = self
            .node
            .flannel_network(family)
            .or_else(|| self.node.pod_cidr(family))
        else {
            return;
        };
        if native || other || !self.ruleset.has_rules() {
            return;
        }
        let chain = self.chains.chain(TableKind::Nat, "FLANNEL-POSTRTG");
        let known = masks || chain.chain().is_some();
        if !known {
            return;
        }
        let (node, tool) = (self.node.name, self.tool());
        let lost = "what pods send out of the cluster keeps their own address, to which nothing comes back";
        let jump = format!(
            "{tool} -t nat -A POSTROUTING -m comment --comment \"flanneld masq\" -j FLANNEL-POSTRTG"
        );
        if matches!(chain, Held::Absent) || self.lacks_masquerade(chain) {
            let title =
                format!("flannel's chain FLANNEL-POSTRTG of {tool} on {node} does not masquerade");
            let fix = vec![
                super::tunnel::restart_flannel(node),
                format!(
                    "# until then: {tool} -t nat -A POSTROUTING -s {cidr} ! -d {cidr} -j MASQUERADE"
                ),
            ];
            self.found(
                &FLANNEL,
                title,
                lost,
                ("nat", "FLANNEL-POSTRTG"),
                fix,
                report,
            );
        } else if self.lacks_jump(TableKind::Nat, "POSTROUTING", "FLANNEL-POSTRTG") {
            let title =
                format!("no rule of {tool} nat POSTROUTING on {node} jumps to FLANNEL-POSTRTG");
            self.found(
                &FLANNEL,
                title,
                lost,
                ("nat", "POSTROUTING"),
                vec![jump],
                report,
            );
        }
    }

    fn forward(&self, netns: &model::Netns, report: &mut Report) {
        let family = self.ruleset.family;
        let Some(_) = self.node.pod_cidr(family) else {
            return;
        };
        let elsewhere = netns.iptables.iter().any(|one| {
            one.family == family
                && one.backend != self.ruleset.backend
                && one.has_rules()
                && one
                    .table(TableKind::Filter)
                    .is_some_and(|table| table.chain("FLANNEL-FWD").is_some())
        });
        let native = netns
            .nftables
            .iter()
            .flat_map(|rules| &rules.tables)
            .any(|table| table.name.starts_with("flannel-"));
        if elsewhere
            || native
            || !self.ruleset.has_rules()
            || self.ruleset.table(TableKind::Filter).is_none()
        {
            return;
        }
        if self.lacks_jump(TableKind::Filter, "FORWARD", "FLANNEL-FWD") {
            let (node, tool) = (self.node.name, self.tool());
            let title = format!("no rule of {tool} filter FORWARD on {node} jumps to FLANNEL-FWD");
            let fix = vec![super::tunnel::restart_flannel(node)];
            let impact = "pods are cut off when the policy of FORWARD becomes DROP";
            self.found(&FORWARD, title, impact, ("filter", "FORWARD"), fix, report);
        }
    }
}

/// Whether a chain masquerades and never takes the mark off.
fn keeps_mark(rules: &[Rule]) -> bool {
    let has = |is: fn(&Target) -> bool| rules.iter().any(|rule| is(&rule.target));
    has(|target| matches!(target, Target::Masquerade { .. }))
        && !has(|target| matches!(target, Target::Mark { .. }))
}

/// The bits that a chain sets in the mark.
fn marked(rules: &[Rule]) -> Option<u32> {
    rules.iter().find_map(|rule| match rule.target {
        Target::Mark { value, .. } if value != 0 => Some(value),
        _ => None,
    })
}

/// The bits that a chain looks for in the mark.
fn asked(rules: &[Rule]) -> Option<u32> {
    let mut matches = rules.iter().flat_map(|rule| &rule.matches);
    matches.find_map(|one| match one {
        Match::Mark { mask, .. } => Some(*mask),
        _ => None,
    })
}

fn mixed(node: &NodeView<'_>, netns: &model::Netns, report: &mut Report) {
    for family in [model::Family::V4, model::Family::V6] {
        let Some(Both {
            nft,
            legacy,
            smaller,
        }) = backends::both(netns, family)
        else {
            continue;
        };
        let tool = match smaller.backend {
            Backend::Nft => "-nft",
            Backend::Legacy => "-legacy",
        };
        let base = if family == model::Family::V4 {
            "iptables"
        } else {
            "ip6tables"
        };
        let title = format!("both backends of {base} hold rules on {}", node.name);
        let impact = "each tool shows half of the rules that decide".to_owned();
        let mut finding: Finding = MIXED.finding(node.place(None), title, impact);
        finding.evidence = [(nft, "nft"), (legacy, "legacy")]
            .iter()
            .map(|(ruleset, name)| Evidence {
                source: format!("{base}-{name}-save"),
                raw: format!("{} rules", backends::rules(ruleset)),
            })
            .collect();
        for table in smaller.tables() {
            finding
                .fix
                .push(format!("{base}{tool} -t {} -F", table.kind.name()));
        }
        report.judge(&MIXED, node.name, vec![finding]);
    }
}
