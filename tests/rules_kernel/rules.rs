//! Rulesets: each rule gets a number in its comment, by which its counter and its place in a trace are found again.

use std::collections::{BTreeMap, BTreeSet};

use kubenet::model::Family;
use kubenet::model::iptables::Backend;

use super::scene::{Place, Scene};

/// The text of some tables for one backend and family, without numbers.
#[derive(Debug, Clone)]
pub struct Ruleset {
    pub backend: Backend,
    pub family: Family,
    pub text: String,
}

impl Ruleset {
    pub fn new(backend: Backend, family: Family, text: &str) -> Self {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        Self {
            backend,
            family,
            text: lines.map(|line| format!("{line}\n")).collect(),
        }
    }
}

/// Rules that are in the router now.
pub struct Loaded {
    /// Every rule's line, by number.
    pub rules: BTreeMap<u32, String>,
    from: Vec<(Backend, Family)>,
}

/// Packets that each rule has met, by number.
pub type Counts = BTreeMap<u32, u64>;

const TABLES: [(&str, &[&str]); 5] = [
    ("raw", &["PREROUTING", "OUTPUT"]),
    (
        "mangle",
        &["PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"],
    ),
    ("nat", &["PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"]),
    ("filter", &["INPUT", "FORWARD", "OUTPUT"]),
    ("security", &["INPUT", "FORWARD", "OUTPUT"]),
];

fn program(backend: Backend, family: Family, does: &str) -> String {
    let family = match family {
        Family::V4 => "iptables",
        Family::V6 => "ip6tables",
    };
    let backend = match backend {
        Backend::Nft => "nft",
        Backend::Legacy => "legacy",
    };
    format!("{family}-{backend}-{does}")
}

/// Puts exactly these rules into the router: what was there before goes, where `before` names it.
pub fn load(
    scene: &Scene,
    rulesets: &[Ruleset],
    before: &mut BTreeSet<(bool, bool)>,
) -> Result<Loaded, String> {
    let mut rules = BTreeMap::new();
    let mut from = Vec::new();
    let key = |backend, family| (backend == Backend::Nft, family == Family::V4);
    for backend in [Backend::Nft, Backend::Legacy] {
        for family in [Family::V4, Family::V6] {
            let wanted = rulesets
                .iter()
                .find(|one| (one.backend, one.family) == (backend, family));
            if wanted.is_none() && !before.remove(&key(backend, family)) {
                continue;
            }
            let text = wanted.map_or("", |one| one.text.as_str());
            let mut whole = numbered(text, &mut rules);
            for (table, chains) in TABLES {
                if !text.lines().any(|line| line == format!("*{table}")) {
                    let chains: String = chains
                        .iter()
                        .map(|chain| format!(":{chain} ACCEPT [0:0]\n"))
                        .collect();
                    whole.push_str(&format!("*{table}\n{chains}COMMIT\n"));
                }
            }
            let restore = program(backend, family, "restore");
            scene
                .tool(Place::Router, &restore, &[], &whole)
                .map_err(|said| format!("{restore}: {said}\n{whole}"))?;
            if wanted.is_some() {
                before.insert(key(backend, family));
                from.push((backend, family));
            }
        }
    }
    Ok(Loaded { rules, from })
}

/// Gives every rule a comment with its number.
fn numbered(text: &str, rules: &mut BTreeMap<u32, String>) -> String {
    let mut whole = String::new();
    for line in text.lines() {
        let mut words = line.splitn(3, ' ');
        match (words.next(), words.next(), words.next()) {
            (Some("-A"), Some(chain), rest) => {
                let number = rules.len() as u32 + 1;
                rules.insert(number, line.to_owned());
                let rest = rest.unwrap_or("");
                whole.push_str(&format!(
                    "-A {chain} -m comment --comment rule{number} {rest}\n"
                ));
            }
            _ => whole.push_str(&format!("{line}\n")),
        }
    }
    whole
}

/// The numbers of the rules whose lines stand in a text.
pub fn numbers(text: &str) -> impl Iterator<Item = u32> + '_ {
    text.split_whitespace()
        .filter_map(|word| word.trim_matches('"').strip_prefix("rule")?.parse().ok())
}

impl Loaded {
    /// What the rules have met until now.
    pub fn counts(&self, scene: &Scene) -> Counts {
        let mut counts = Counts::new();
        for &(backend, family) in &self.from {
            let save = program(backend, family, "save");
            let text = scene.tool(Place::Router, &save, &["-c"], "").unwrap();
            for line in text.lines() {
                let packets = line
                    .strip_prefix('[')
                    .and_then(|rest| rest.split_once(':')?.0.parse::<u64>().ok());
                if let (Some(packets), Some(number)) = (packets, numbers(line).next()) {
                    counts.insert(number, packets);
                }
            }
        }
        counts
    }
}

/// What was added.
pub fn added(before: &Counts, after: &Counts) -> Counts {
    after
        .iter()
        .map(|(number, packets)| (*number, packets - before.get(number).copied().unwrap_or(0)))
        .filter(|(_, packets)| *packets > 0)
        .collect()
}

/// Whether a trace names a rule whenever a packet meets it: those that end something, translate, or change what is there
/// in any case.
pub fn always_named(rule: &str) -> bool {
    let Some((_, target)) = rule.split_once(" -j ") else {
        return false;
    };
    match target.split_whitespace().next() {
        Some(
            "ACCEPT" | "DROP" | "REJECT" | "DNAT" | "SNAT" | "MASQUERADE" | "REDIRECT" | "NETMAP",
        ) => true,
        Some("MARK" | "TOS") => target.contains("xor") || target.ends_with("/0x0"),
        _ => false,
    }
}
