//! One rule of native nftables as a ruleset of its own, as somebody typed it: `nft add rule ip kube-proxy services ...`, or
//! the rule alone, as `nft list` prints it.

use crate::model::Family;
use crate::model::nftables::{Rule, Ruleset, Statement, Table, TableFamily, json, text};

/// The table and the chain of a rule that was typed without.
const NOWHERE: &str = "typed";

/// A rule that was typed.
#[derive(Debug)]
pub struct Typed {
    ruleset: Ruleset,
    /// Where it was said to stand: the table as `FAMILY NAME`, and the chain.
    pub place: Option<(String, String)>,
    /// What of it makes no sense, in sentences.
    pub problems: Vec<String>,
}

impl Typed {
    /// Its table: with nothing in it but the rule.
    pub fn table(&self) -> Option<&Table> {
        self.ruleset.tables.first()
    }

    /// The rule.
    pub fn rule(&self) -> Option<&Rule> {
        self.table()?.chains.first()?.rules.first()
    }

    /// Whether a rule says the same; what it counted says nothing.
    pub fn is_the_same(&self, other: &Rule) -> bool {
        self.rule().is_some_and(|rule| said(rule).eq(said(other)))
    }
}

/// What a rule says, without what it counted.
fn said(rule: &Rule) -> impl Iterator<Item = String> {
    let all = rule.statements.iter();
    all.filter(|one| !matches!(one, Statement::Counter(..)))
        .map(ToString::to_string)
}

/// Reads it. `family`: of a rule whose table is not said.
pub fn read(typed: &str, family: Family) -> Result<Typed, String> {
    let line = typed.split_whitespace().collect::<Vec<_>>().join(" ");
    let (place, rule) = split(&line);
    let own = match family {
        Family::V4 => TableFamily::Ip,
        Family::V6 => TableFamily::Ip6,
    };
    let (table, chain) = match &place {
        Some((table, chain)) => (table.clone(), chain.as_str()),
        None => (format!("{} {NOWHERE}", own.name()), NOWHERE),
    };
    let dump = format!("table {table} {{\nchain {chain} {{\n{rule}\n}}\n}}\n");
    let mut typed_rule = Typed {
        ruleset: Ruleset::default(),
        place,
        problems: Vec::new(),
    };
    let mut problems = Vec::new();
    for (_, object) in text::objects(&dump, |_, what| problems.push(what)) {
        if let Err(why) = json::take_in(&mut typed_rule.ruleset, &object, &mut problems) {
            problems.push(why);
        }
    }
    typed_rule.problems = problems;
    let nonsense = || format!("{typed:?} is no rule of nft");
    let found = typed_rule.rule().ok_or_else(nonsense)?;
    let is_other = |one: &Statement| matches!(one, Statement::Other { .. });
    match found.statements.iter().all(is_other) {
        true => Err(nonsense()),
        false => Ok(typed_rule),
    }
}

/// The place that stands before a rule (nft(8), RULES), and the rest.
fn split(line: &str) -> (Option<(String, String)>, &str) {
    let rest = line.strip_prefix("nft ").unwrap_or(line);
    let verbs = ["add rule ", "insert rule ", "replace rule "];
    let Some(rest) = verbs.iter().find_map(|verb| rest.strip_prefix(verb)) else {
        return (None, rest);
    };
    let mut words = rest.splitn(2, ' ');
    let (family, rest) = match (words.next().and_then(TableFamily::named), words.next()) {
        (Some(family), Some(after)) => (family, after),
        _ => (TableFamily::Ip, rest),
    };
    let mut words = rest.splitn(3, ' ');
    let (Some(table), Some(chain)) = (words.next(), words.next()) else {
        return (None, rest);
    };
    let mut rule = words.next().unwrap_or_default();
    for key in ["position ", "index ", "handle "] {
        if let Some((_, after)) = rule.strip_prefix(key).and_then(|rest| rest.split_once(' ')) {
            rule = after;
        }
    }
    let place = (format!("{} {table}", family.name()), chain.to_owned());
    (Some(place), rule)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_place_may_be_said_before_the_rule() {
        let place = |table: &str, chain: &str| Some((table.to_owned(), chain.to_owned()));
        let cases = [
            ("tcp dport 80 accept", None, "tcp dport 80 accept"),
            (
                "nft add rule inet fw in tcp dport 80 drop",
                place("inet fw", "in"),
                "tcp dport 80 drop",
            ),
            ("add rule fw in drop", place("ip fw", "in"), "drop"),
            (
                "insert rule ip6 fw in position 7 drop",
                place("ip6 fw", "in"),
                "drop",
            ),
            ("add rule ip", None, "ip"),
        ];
        for (line, expected, rule) in cases {
            assert_eq!(split(line), (expected, rule), "{line}");
        }
    }

    #[test]
    fn what_is_no_rule_is_refused() {
        for typed in [
            "",
            "}",
            "hello world",
            "add rule",
            "add rule ip a b",
            "{ {",
            "\u{1b}[31m",
        ] {
            assert!(read(typed, Family::V4).is_err(), "{typed:?}");
        }
        let typed = read(
            "ip daddr 10.43.0.10 udp dport 53 counter packets 5 bytes 9 accept",
            Family::V4,
        )
        .unwrap();
        let again = read(
            "nft add rule ip t c ip daddr 10.43.0.10 udp dport 53 counter accept",
            Family::V4,
        )
        .unwrap();
        assert!(typed.is_the_same(again.rule().unwrap()));
        let other = read(
            "ip daddr 10.43.0.10 udp dport 54 counter accept",
            Family::V4,
        )
        .unwrap();
        assert!(!typed.is_the_same(other.rule().unwrap()));
    }
}
