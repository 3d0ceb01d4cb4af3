//! A chain of iptables, of either backend.

use std::collections::BTreeSet;

use super::{BEFORE_CHOICE, Endpoint, Explanation, Reference, RuleText, odd};
use crate::explain::balance::{self, Balance};
use crate::explain::chains::{Chains, Held};
use crate::explain::find::Site;
use crate::explain::kinds::{self, Kind};
use crate::explain::owner::{self, Clues};
use crate::explain::{why, words};
use crate::model::Cluster;
use crate::model::iptables::{Chain, Policy, Rule, Ruleset, TableKind, Target, Wish};

/// Explains a chain of that table, and the chains which had to be read for it and were not.
pub(super) fn explain(
    cluster: &Cluster,
    site: &Site<'_>,
    ruleset: &Ruleset,
    kind_of_table: TableKind,
) -> Option<(Explanation, BTreeSet<Wish>)> {
    let chains = Chains::of(cluster, site.netns, ruleset);
    let table = ruleset.table(kind_of_table)?;
    let chain = table.chain(site.chain)?;
    let held = chains.chain(kind_of_table, site.chain);
    let rules = held.rules();
    let asked = Asked {
        cluster,
        chains: &chains,
        table: kind_of_table,
        chain,
        rules,
    };
    let leading = asked.referrers();
    let comments = asked.comments(&leading);
    let clues = Clues {
        chain: site.chain,
        comments: &comments,
        destination: balance::destination(rules).map(|(_, to)| to),
    };
    let kind = kinds::kind_of(site.chain, kind_of_table);
    let mut explanation = Explanation::at(cluster, site, kind);
    if kind.is_some_and(|kind| SERVING.contains(&kind.id))
        && let Some((service, by)) = owner::of(cluster, &clues)
    {
        explanation.service = Some(service);
        explanation.named_by = by;
    }
    explanation.policy = chain.policy.map(|policy| match policy {
        Policy::Accept => "ACCEPT",
        Policy::Drop => "DROP",
    });
    explanation.referenced_by = leading
        .iter()
        .map(|(from, rule)| Reference {
            table: kind_of_table.name().to_owned(),
            chain: from.name.to_string(),
            rule: rule.number,
            text: words::condition(rule),
            raw: ruleset.line(from, rule).to_owned(),
        })
        .collect();
    explanation.endpoints = asked.endpoints(&leading);
    if kind.is_some_and(|kind| BEFORE_CHOICE.contains(&kind.id)) && held.is_certain() {
        explanation.masquerades = asked.masquerades();
    }
    explanation.rules = rules
        .iter()
        .map(|rule| asked.rule_text(kind, rule))
        .collect();

    let all = table.chains().iter();
    let unread = all.filter(|chain| !chain.is_read()).count();
    if unread > 0 {
        explanation.not_seen.push(format!(
            "{unread} other chains of table {} were not read: rules of them may lead here too",
            kind_of_table.name()
        ));
    }
    if !held.is_certain() {
        explanation.not_seen.push(format!(
            "{} holds not all of this chain, or not all of it was understood",
            ruleset.origin
        ));
    }
    let balance = held.is_certain().then(|| Balance::of(rules));
    explanation.odd = odd::of(cluster, &explanation, balance.as_ref(), unread == 0);
    Some((explanation, chains.into_wishes()))
}

/// The kinds of chains that belong to a Service's port.
const SERVING: [&str; 6] = [
    "service-cluster",
    "service-local",
    "service-external",
    "service-firewall",
    "service-external-local",
    "endpoint",
];

/// The chain that marks what is to be masqueraded.
const MARK: &str = "KUBE-MARK-MASQ";

/// Comments of so many rules are enough to tell whose a chain is.
const MOST_COMMENTS: usize = 20;

/// Whether a rule marks packets for masquerading.
fn marks(rule: &Rule) -> bool {
    matches!(&rule.target, Target::Jump(to) if &**to == MARK)
}

/// The chain that is explained.
struct Asked<'a, 'c> {
    cluster: &'a Cluster,
    chains: &'a Chains<'c>,
    table: TableKind,
    chain: &'c Chain,
    rules: &'c [Rule],
}

impl<'c> Asked<'_, 'c> {
    fn rule_text(&self, kind: Option<Kind>, rule: &Rule) -> RuleText {
        RuleText {
            n: rule.number,
            raw: self.chains.ruleset.line(self.chain, rule).to_owned(),
            text: words::rule(rule),
            why: kind.and_then(|kind| why::of(kind.id, rule)),
            packets: rule.counters.map(|counters| counters.packets),
        }
    }

    /// The rules of the same table that lead here. Those which kube-proxy lets lead here are asked for.
    fn referrers(&self) -> Vec<(&'c Chain, &'c Rule)> {
        let Some(table) = self.chains.ruleset.table(self.table) else {
            return Vec::new();
        };
        let hash = self.chain.name.rsplit('-').next().unwrap_or_default();
        let choosing = self.choosing_chains();
        let is_likely = |chain: &Chain| {
            let name = &*chain.name;
            chain.policy.is_some()
                || matches!(name, "KUBE-SERVICES" | "KUBE-NODEPORTS")
                || hash.len() == 16 && name.ends_with(hash)
                || choosing.iter().any(|chain| chain == name)
        };
        let mut found = Vec::new();
        for chain in table.chains() {
            if !chain.is_read() && !is_likely(chain) {
                continue;
            }
            let rules = self.chains.chain(self.table, &chain.name).rules();
            let leading = rules
                .iter()
                .filter(|rule| matches!(&rule.target, Target::Jump(to) if *to == self.chain.name));
            found.extend(leading.map(|rule| (chain, rule)));
        }
        found
    }

    /// Of an endpoint's chain, whose hash is its own: the chains that may choose it, where it is known whose it is. (In
    /// clusters of more than 1,000 endpoints kube-proxy writes no comments.)
    fn choosing_chains(&self) -> Vec<String> {
        if !self.chain.name.starts_with("KUBE-SEP-") {
            return Vec::new();
        }
        let clues = Clues {
            chain: &self.chain.name,
            comments: &self.comments(&[]),
            destination: balance::destination(self.rules).map(|(_, to)| to),
        };
        let owner = owner::of(self.cluster, &clues);
        owner.map_or_else(Vec::new, |(service, _)| owner::choosing_chains(&service))
    }

    fn comments(&self, leading: &[(&Chain, &Rule)]) -> Vec<String> {
        let own = self.rules.iter().map(|rule| (self.chain, rule));
        let all = own.chain(leading.iter().copied()).take(MOST_COMMENTS);
        all.filter_map(|(chain, rule)| self.chains.ruleset.comment(chain, rule))
            .map(|comment| comment.into_owned())
            .collect()
    }

    /// Where the chain sends connections: by its own choice, or by that of the chain that it leads to.
    fn endpoints(&self, leading: &[(&Chain, &Rule)]) -> Vec<Endpoint> {
        let name = &*self.chain.name;
        if let Some((_, to)) =
            balance::destination(self.rules).filter(|_| name.starts_with("KUBE-SEP-"))
        {
            let shares = leading.iter().filter_map(|(from, _)| {
                let of = Balance::of(self.chains.chain(self.table, &from.name).rules());
                let mut shares = of.shares.into_iter();
                shares.find(|share| share.chain == name)
            });
            let share = shares.map(|share| share.probability).next();
            let packets = leading
                .iter()
                .map(|(_, rule)| rule.counters.map(|of| of.packets));
            let table = self.chains.ruleset.table(self.table);
            let mut all = table.iter().flat_map(|table| table.chains());
            // Nobody sends anything there, unless it is somebody who was not read.
            let share = share.or_else(|| all.all(Chain::is_read).then_some(0.0));
            let one = Endpoint::new(self.cluster, Some(to), share, name, packets.sum());
            return vec![one];
        }
        let balance = Balance::of(self.choice());
        let kept = |chain: &str| {
            let kept = balance.remembered.iter();
            let kept = kept.filter(|one| one.chain == chain);
            kept.map(|one| one.rule.counters.map(|of| of.packets))
                .sum::<Option<u64>>()
        };
        let shares = balance.shares.iter();
        shares
            .map(|share| {
                let to = balance::destination(self.chains.chain(self.table, share.chain).rules());
                let to = to.map(|(_, to)| to);
                let own = share.rule.counters.map(|of| of.packets);
                let packets = own.zip(kept(share.chain)).map(|(own, kept)| own + kept);
                let part = Some(share.probability);
                Endpoint::new(self.cluster, to, part, share.chain, packets)
            })
            .collect()
    }

    /// Which connections are marked for KUBE-POSTROUTING to masquerade: by rules here, or in the chain of an endpoint that
    /// is its own client.
    fn masquerades(&self) -> Option<Vec<String>> {
        let own = self.rules.iter().filter(|rule| marks(rule));
        let own = own.map(words::condition).collect();
        let itself = self.marks_itself(self.rules, 0)?;
        Some(super::masquerades(own, itself))
    }

    /// Whether a chain of an endpoint marks what comes from the endpoint, of those that rules lead to, by way of at most
    /// two others. `None` where that was not read.
    fn marks_itself(&self, rules: &[Rule], depth: usize) -> Option<bool> {
        // All are looked at, so that all that is missing is asked for at once.
        let (mut found, mut known) = (false, true);
        for rule in rules {
            let Target::Jump(to) = &rule.target else {
                continue;
            };
            let is_endpoint = to.starts_with("KUBE-SEP-");
            if !is_endpoint && !to.starts_with("KUBE-SVC-") && !to.starts_with("KUBE-SVL-") {
                continue;
            }
            let next = match self.chains.chain(self.table, to) {
                Held::Whole(_, rules) => rules,
                Held::Part(..) | Held::Unknown => {
                    known = false;
                    continue;
                }
                Held::Absent => continue,
            };
            match is_endpoint {
                true => found |= next.iter().any(marks),
                false if depth < 2 => match self.marks_itself(next, depth + 1) {
                    Some(marks) => found |= marks,
                    None => known = false,
                },
                false => {}
            }
        }
        known.then_some(found)
    }

    /// The rules that choose among endpoints: those of the chain, or of the one that it leads to in the end.
    fn choice(&self) -> &'c [Rule] {
        let mut rules = self.rules;
        // KUBE-FW, KUBE-EXT, KUBE-SVC.
        for _ in 0..2 {
            let onward = rules.iter().rev().find_map(|rule| match &rule.target {
                Target::Jump(to) if to.starts_with("KUBE-EXT-") => Some(to),
                // With a condition they are for pods and the node itself, which policy Local lets use all endpoints.
                Target::Jump(to)
                    if (to.starts_with("KUBE-SVC-") || to.starts_with("KUBE-SVL-"))
                        && words::condition(rule) == words::EVERY =>
                {
                    Some(to)
                }
                _ => None,
            });
            let Some(next) = onward else { break };
            // A list of Services leads to many.
            if rules.len() > 8 {
                return &[];
            }
            rules = match self.chains.chain(self.table, next) {
                Held::Whole(_, rules) | Held::Part(_, rules) => rules,
                Held::Absent | Held::Unknown => return &[],
            };
        }
        rules
    }
}
