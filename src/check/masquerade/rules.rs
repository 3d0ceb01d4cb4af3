//! One node's rules of one backend and family, as the checks here look at them.

use crate::check::backends;
use crate::check::{Check, NodeView, Report};
use crate::explain::chains::{Chains, Held};
use crate::model::iptables::{Rule, Ruleset, TableKind, Target};
use crate::model::trace::Evidence;

pub(super) struct Rules<'a, 'c> {
    pub node: &'a NodeView<'c>,
    pub chains: &'a Chains<'c>,
    pub ruleset: &'c Ruleset,
}

impl Rules<'_, '_> {
    pub(super) fn tool(&self) -> String {
        backends::tool(self.ruleset)
    }

    /// Whether a chain certainly has no rule that jumps to another.
    pub(super) fn lacks_jump(&self, table: TableKind, from: &str, to: &str) -> bool {
        let held = self.chains.chain(table, from);
        let jumps = |rule: &Rule| matches!(&rule.target, Target::Jump(name) if **name == *to);
        held.is_certain() && !held.rules().iter().any(jumps)
    }

    /// Whether a chain certainly has no MASQUERADE (or SNAT).
    pub(super) fn lacks_masquerade(&self, held: Held<'_>) -> bool {
        let masks =
            |rule: &Rule| matches!(rule.target, Target::Masquerade { .. } | Target::Snat(_));
        held.is_certain() && !held.rules().iter().any(masks)
    }

    pub(super) fn found(
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

    pub(super) fn has_tunnel(&self) -> bool {
        self.node.tunnel(self.ruleset.family).is_some()
    }
}
