//! Tests by table. Expected values come from iptables-extensions(8), the sources of iptables' extensions and the
//! matching code of Linux (`net/netfilter/xt_*.c`).

mod demand;
mod dump;
mod general;
mod matches;
mod targets;

use super::{Backend, Match, Rule, Ruleset, Target};
use crate::model::{Family, Gap};

/// A ruleset out of a dump's text, and what was wrong with it.
fn read(text: &str) -> (Ruleset, Vec<Gap>) {
    let mut gaps = Vec::new();
    let ruleset = Ruleset::read(text.to_owned(), Family::V4, Backend::Nft, "dump", &mut gaps);
    (ruleset, gaps)
}

/// The only rule of a chain which has this text, and what could not be understood of it.
fn parse_as(family: Family, text: &str) -> (Rule, Vec<String>) {
    let dump = format!("*filter\n:IN - [0:0]\n:OTHER - [0:0]\n-A IN {text}\nCOMMIT\n");
    let mut gaps = Vec::new();
    let ruleset = Ruleset::read(dump, family, Backend::Nft, "dump", &mut gaps);
    let problems = ruleset.problems().into_iter().map(|gap| gap.what).collect();
    let (_, chain) = ruleset.chains().next().expect("the chain is declared");
    let [rule] = ruleset.rules(chain) else {
        panic!("one rule was written")
    };
    assert_eq!(rule.line, 4);
    (rule.clone(), problems)
}

/// An IPv4 rule that is understood.
fn parse(text: &str) -> Rule {
    let (rule, problems) = parse_as(Family::V4, text);
    assert_eq!(problems, Vec::<String>::new(), "{text}");
    rule
}

/// The only match of an IPv4 rule that is understood.
fn only_match(text: &str) -> Match {
    let rule = parse(text);
    let [found] = rule.matches.as_slice() else {
        panic!("{text}: {:?}", rule.matches)
    };
    found.clone()
}

/// The target of an IPv4 rule that is understood.
fn target(text: &str) -> Target {
    parse(text).target
}
