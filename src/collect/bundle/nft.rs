//! Native nftables rulesets, from `nft -j list ruleset` (libnftables-json(5)) or, where that is missing, from what
//! `nft list ruleset` prints.
//!
//! iptables-nft keeps its rules in nftables too, in tables of its own; nft cannot print what their matches mean, and
//! they are read from `iptables-save` instead.

use serde_json::Value;

use super::files::is_garbled;
use super::json;
use crate::collect::report::{Report, excerpt};
use crate::model::Family;
use crate::model::nftables::{
    Rule, Ruleset, Statement, Table, TableFamily, json as objects, text as plain,
};

/// What tells the tables of iptables-nft from native ones.
pub struct IptablesTables {
    /// For a family whose `iptables-save` was read: the tables in it.
    pub saved: Vec<(Family, Vec<String>)>,
}

/// The tables that iptables-nft makes, in families ip and ip6.
const IPTABLES_TABLES: [&str; 5] = ["raw", "mangle", "nat", "filter", "security"];

/// The base chains of iptables.
const IPTABLES_CHAINS: [&str; 5] = ["PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"];

/// What the file shows.
pub struct Nftables {
    /// Tables that are not those of iptables.
    pub native: Ruleset,
    /// Families in which a table bears the name of one of iptables.
    pub iptables_names: Vec<Family>,
}

/// Reads `nft.json`; `None` when it is none. `origin` is the file's name.
pub fn nftables(
    text: &str,
    origin: &str,
    iptables: &IptablesTables,
    report: &mut Report,
) -> Option<Nftables> {
    let mut ruleset = Ruleset {
        origin: origin.to_owned(),
        tables: Vec::new(),
    };
    parse(text, &mut ruleset, report).then(|| iptables.without(ruleset))
}

/// Takes in what `nft -j list ...` printed; false when it is nothing of that kind.
pub fn parse(text: &str, ruleset: &mut Ruleset, report: &mut Report) -> bool {
    let Some(elements) = json::elements(text, Some("nftables"), report) else {
        return false;
    };
    for (line, element) in elements {
        let mut notes = Vec::new();
        let read = match is_garbled(element) {
            true => Err("garbled".to_owned()),
            false => match serde_json::from_str::<Value>(element) {
                Ok(Value::Object(object)) => objects::take_in(ruleset, &object, &mut notes),
                Ok(_) => Err("no nftables object".to_owned()),
                Err(error) => Err(format!("no nftables object ({error})")),
            },
        };
        for note in notes {
            report.note(line, note);
        }
        if let Err(why) = read {
            let what = format!("{why}: {}", excerpt(element));
            match leave_a_hole(ruleset, element) {
                true => report.note(line, what),
                false => report.gap(line, what),
            }
        }
    }
    true
}

/// Reads `nft.txt`, what `nft list ruleset` prints; `None` when it is none.
pub fn nftables_text(
    text: &str,
    origin: &str,
    iptables: &IptablesTables,
    report: &mut Report,
) -> Option<Nftables> {
    let mut ruleset = Ruleset {
        origin: origin.to_owned(),
        tables: Vec::new(),
    };
    if text.trim().is_empty() {
        report.gap(None, "the file is empty");
        return None;
    }
    let read = plain::objects(text, |line, what| report.gap(line, what));
    if read.is_empty() {
        return None;
    }
    for (line, object) in read {
        let mut notes = Vec::new();
        let taken = objects::take_in(&mut ruleset, &object, &mut notes);
        notes.into_iter().for_each(|note| report.note(line, note));
        report.keep(line, taken);
    }
    Some(iptables.without(ruleset))
}

/// Where it can be told to which chain a rule belongs that makes no sense, there is a rule whose meaning is not known.
fn leave_a_hole(ruleset: &mut Ruleset, element: &str) -> bool {
    let hole = (|| {
        element.trim_start().strip_prefix("{\"rule\":")?;
        let family = TableFamily::named(word(element, "family")?)?;
        let (table, chain) = (word(element, "table")?, word(element, "chain")?);
        ruleset.table(family, table)?.chain(chain)?;
        Some((family, table, chain))
    })();
    let Some((family, table, chain)) = hole else {
        return false;
    };
    let rule = Rule {
        number: 0,
        handle: None,
        comment: None,
        statements: vec![Statement::Other {
            name: "a rule that could not be read".into(),
            text: excerpt(element).into(),
        }],
    };
    let table = ruleset.table_mut(family, table);
    table.chain_mut(chain).push(rule);
    true
}

/// The text under a key, in JSON that may be broken elsewhere.
fn word<'t>(json: &'t str, key: &str) -> Option<&'t str> {
    let (_, rest) = json.split_once(&format!("\"{key}\":"))?;
    let (word, _) = rest.trim_start().strip_prefix('"')?.split_once('"')?;
    Some(word)
}

/// The family of a table which bears the name of one of iptables.
fn iptables_name(table: &Table) -> Option<Family> {
    let family = match table.family {
        TableFamily::Ip => Family::V4,
        TableFamily::Ip6 => Family::V6,
        _ => return None,
    };
    IPTABLES_TABLES.contains(&&*table.name).then_some(family)
}

impl IptablesTables {
    /// What of a ruleset is native.
    pub fn without(&self, mut ruleset: Ruleset) -> Nftables {
        let iptables_names = ruleset.tables.iter().filter_map(iptables_name).collect();
        ruleset.tables.retain(|table| !self.owns(table));
        Nftables {
            native: ruleset,
            iptables_names,
        }
    }

    /// Whether a table is that of iptables-nft: it bears its name, and `iptables-save` printed it or, where that was not
    /// read, its rules or chains look like it.
    fn owns(&self, table: &Table) -> bool {
        let Some(family) = iptables_name(table) else {
            return false;
        };
        match self.saved.iter().find(|(saved, _)| *saved == family) {
            Some((_, tables)) => tables.iter().any(|name| **name == *table.name),
            None => table.chains.iter().any(|chain| {
                let is_base = chain.base.is_some() && IPTABLES_CHAINS.contains(&&*chain.name);
                let mut statements = chain.rules.iter().flat_map(|rule| &rule.statements);
                is_base || statements.any(|statement| matches!(statement, Statement::Xt(_)))
            }),
        }
    }
}
