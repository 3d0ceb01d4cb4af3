//! One rule: which packets, what becomes of them, why it stands there, and what its chain and its target are for.

use super::article::{Article, Item};
use super::find::{Home, Site};
use super::nft_line::Typed;
use super::{kinds, line, native, why, words};
use crate::model::iptables::{Chain, Rule, Ruleset, TableKind, Target};
use crate::model::{Cluster, Family, nftables};

/// Explains the rule of that number in a chain; `None` when the chain was not read, or has fewer.
pub fn numbered(cluster: &Cluster, site: &Site<'_>, number: u32) -> Option<Article> {
    let name = format!("{} {} rule {number}", site.home.name(), site.chain);
    let mut article = Article::new("rule", name).in_netns(cluster, site.netns);
    match site.home {
        Home::Iptables(ruleset, table) => {
            let chain = ruleset.table(table)?.chain(site.chain)?;
            let rule = ruleset
                .rules(chain)
                .iter()
                .find(|rule| rule.number == number)?;
            of_iptables(ruleset, table, chain, rule, &mut article);
        }
        Home::Native(table) => {
            let chain = table.chain(site.chain)?;
            let rule = chain.rules.get((number as usize).checked_sub(1)?)?;
            of_nftables(table, chain, rule, &mut article);
        }
    }
    Some(article)
}

/// The rule whose line that is, on any node; the line as iptables-save prints it.
pub fn with_line<'c>(sites: &[Site<'c>], line: &str) -> Option<(Site<'c>, u32)> {
    let wanted = squeezed(line);
    sites.iter().find_map(|site| {
        let number = match site.home {
            Home::Iptables(ruleset, table) => {
                let chain = ruleset.table(table)?.chain(site.chain)?;
                let mut rules = ruleset.rules(chain).iter();
                rules
                    .find(|rule| squeezed(ruleset.line(chain, rule)) == wanted)?
                    .number
            }
            Home::Native(table) => {
                let mut rules = table.chain(site.chain)?.rules.iter();
                rules
                    .find(|rule| squeezed(&rule.to_string()) == wanted)?
                    .number as u32
            }
        };
        Some((*site, number))
    })
}

fn squeezed(line: &str) -> String {
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A rule of iptables that stands alone, as somebody typed it: `-A CHAIN ...`, `-t nat -A CHAIN ...`.
pub fn alone(typed: &str, family: Family) -> Result<Article, String> {
    let words: Vec<&str> = typed.split_whitespace().collect();
    let table = words
        .iter()
        .position(|word| matches!(*word, "-t" | "--table"))
        .and_then(|at| words.get(at + 1))
        .map(|name| {
            TableKind::from_name(name)
                .ok_or_else(|| format!("no table of iptables is called {name}"))
        })
        .transpose()?;
    let begin = typed
        .find("-A ")
        .or_else(|| typed.find("-I "))
        .ok_or_else(|| format!("{typed:?} is no rule as iptables-save prints it: -A CHAIN ..."))?;
    let rule = format!("-A {}", &typed[begin + 3..]);
    let chain = rule
        .split_whitespace()
        .nth(1)
        .unwrap_or_default()
        .to_owned();
    let translates = ["DNAT", "SNAT", "MASQUERADE", "REDIRECT", "NETMAP"];
    let guessed = match words.iter().any(|word| translates.contains(word)) {
        true => TableKind::Nat,
        false => TableKind::Filter,
    };
    let table = table.unwrap_or(guessed);
    let (ruleset, problems) = line::ruleset(table, &rule, family);
    let found = ruleset.table(table).and_then(|table| table.chain(&chain));
    let rule = found.and_then(|chain| Some((chain, ruleset.rules(chain).first()?)));
    let (chain, rule) = rule.ok_or_else(|| format!("{typed:?} holds no rule"))?;
    let mut article = Article::new("rule", format!("{} {}", table.name(), chain.name));
    article.say("As it was typed: no chain that was read has it.");
    of_iptables(&ruleset, table, chain, rule, &mut article);
    article.odd.extend(problems);
    Ok(article)
}

/// The rule that says what was typed, at the place that was named, else anywhere.
pub fn with_statements<'c>(sites: &[Site<'c>], typed: &Typed) -> Option<(Site<'c>, u32)> {
    sites.iter().find_map(|site| {
        let Home::Native(table) = site.home else {
            return None;
        };
        let named = typed.place.as_ref();
        if named.is_some_and(|(table, chain)| *table != site.home.name() || chain != site.chain) {
            return None;
        }
        let rules = table.chain(site.chain)?.rules.iter();
        let mut the_same = rules.filter(|rule| typed.is_the_same(rule));
        Some((*site, the_same.next()?.number as u32))
    })
}

/// A rule of nftables that stands alone, as somebody typed it; told as if it stood where it was said to, if there is such a
/// chain.
pub fn alone_native(sites: &[Site<'_>], typed: &Typed) -> Option<Article> {
    let rule = typed.rule()?;
    let named = typed.place.as_ref();
    let there = named.and_then(|(table, chain)| {
        let mut its = sites.iter().filter(|site| site.chain == chain);
        its.find(|site| site.home.name() == *table)
    });
    let chain = match there.map(|site| (site.home, site.chain)) {
        Some((Home::Native(table), chain)) => Some((table, table.chain(chain)?)),
        _ => None,
    };
    let name = named.map_or_else(
        || "nft".to_owned(),
        |(table, chain)| format!("{table} {chain}"),
    );
    let mut article = Article::new("rule", name);
    article.say("As it was typed: no chain that was read has it.");
    let own = || Some((typed.table()?, typed.table()?.chains.first()?));
    let (table, chain) = chain.or_else(own)?;
    of_nftables(table, chain, rule, &mut article);
    if named.is_none() {
        article.facts.clear();
    }
    article.odd.extend(typed.problems.iter().cloned());
    Some(article)
}

fn of_iptables(
    ruleset: &Ruleset,
    table: TableKind,
    chain: &Chain,
    rule: &Rule,
    article: &mut Article,
) {
    let kind = kinds::kind_of(&chain.name, table);
    let mut items = vec![
        Item::of("packets", words::condition(rule))
            .seen(ruleset.origin.as_str(), ruleset.line(chain, rule)),
        Item::of("then", words::action(rule)),
    ];
    items.extend(
        kind.and_then(|kind| why::of(kind.id, rule))
            .map(|why| Item::of("why", why)),
    );
    let comment = ruleset.comment(chain, rule);
    items.extend(comment.map(|comment| Item::of("comment", comment.into_owned())));
    items.extend(rule.counters.map(|counters| {
        Item::of(
            "counted",
            format!("{} packets, {} bytes", counters.packets, counters.bytes),
        )
    }));
    article.fact("table", table.name());
    article.fact("chain", &*chain.name);
    article.fact("rule", rule.number);
    article.section("What it does", items);
    let mut around = Vec::new();
    let said = |kind: Option<kinds::Kind>| match kind {
        Some(kind) => format!("{} (by {})", kind.purpose, kind.made_by),
        None => "no program is known here that makes a chain of this name".to_owned(),
    };
    around.push(Item::of(&*chain.name, said(kind)));
    if let Target::Jump(to) = &rule.target {
        around.push(Item::of(&**to, said(kinds::kind_of(to, table))));
    }
    article.section("Its chains", around);
}

fn of_nftables(
    table: &nftables::Table,
    chain: &nftables::Chain,
    rule: &nftables::Rule,
    article: &mut Article,
) {
    let kind = native::kinds::kind_of(table, chain);
    let mut items = vec![Item::new(native::words::rule(rule)).seen("nft list", rule.to_string())];
    items.extend(
        kind.and_then(|kind| native::why::of(kind.id, table, rule))
            .map(|why| Item::of("why", why)),
    );
    items.extend(
        rule.comment
            .as_ref()
            .map(|comment| Item::of("comment", &**comment)),
    );
    items
        .extend(native::packets(rule).map(|count| Item::of("counted", format!("{count} packets"))));
    article.fact("table", format!("{} {}", table.family.name(), table.name));
    article.fact("chain", &*chain.name);
    article.fact("rule", rule.number);
    article.section("What it does", items);
    let mut around = Vec::new();
    around.extend(kind.map(|kind| {
        Item::of(
            &*chain.name,
            format!("{} (by {})", kind.purpose, kind.made_by),
        )
    }));
    article.section("Its chain", around);
}
